//! What every step shares and none is about: its flags, its listener, how it is told to stop, how
//! it leaves a client, and the one place that reports a lost one.
//!
//! A step that waits in threads takes its clients from [`Server::clients`]. One that waits in an
//! event loop takes [`Server::listener`], [`Server::service`] and [`Server::stop`] apart.

mod clients;
mod flags;
mod goodbye;
mod listener;
mod sockets;
mod stop;
mod trace;

use std::io::{self, Write};
use std::net::{SocketAddr, TcpListener};
use std::num::NonZeroUsize;
use std::process;
use std::sync::Arc;

use proto::{Frames, Session};

pub use clients::{Client, Clients};
pub use goodbye::goodbye;
pub use sockets::{accept_pause, arrived, later, report};
pub use stop::Stop;

use flags::{Flags, Protocol};
use trace::Trace;

/// A server that listens: what a step is given to serve with.
pub struct Server {
    /// Listens already: clients that come now wait in its backlog.
    pub listener: TcpListener,
    /// Makes a session for each client.
    pub service: Service,
    /// Told when it is time to stop.
    pub stop: Stop,
    /// `--workers`, or the step's default.
    pub workers: NonZeroUsize,
}

/// What is served, to every client the same.
pub struct Service {
    /// What an HTTP connection serves; `None`: this server speaks frames.
    app: Option<Arc<dyn http_lite::App>>,
    /// `None`: nobody asked what happens to whom.
    trace: Option<Arc<Trace>>,
}

/// Reads the flags, listens, says so in one line on stdout, and from then on hears Ctrl-C and
/// SIGTERM. `workers` is the step's default for `--workers`; `None`: it has no use for them.
///
/// `--help` and `--version` are answered here, and the process ends. So it does, with one line that
/// says why, where it cannot start.
pub fn start(step: &str, workers: Option<NonZeroUsize>) -> Server {
    let flags = match Flags::parse(lexopt::Parser::from_env()) {
        Ok(flags) => flags,
        Err(error) => {
            eprintln!("error: {error} (--help lists what there is)");
            process::exit(2);
        }
    };
    if flags.help {
        print!("{}", flags::help(step, workers));
        process::exit(0);
    }
    if flags.version {
        println!("{step} {}", env!("CARGO_PKG_VERSION"));
        process::exit(0);
    }
    try_start(step, workers, &flags).unwrap_or_else(|error| {
        eprintln!("error: {error:#}");
        process::exit(1);
    })
}

fn try_start(step: &str, workers: Option<NonZeroUsize>, flags: &Flags) -> anyhow::Result<Server> {
    if flags.workers.is_some() && workers.is_none() {
        eprintln!("note: --workers means nothing in {step}");
    }
    if flags.public.is_some() && flags.protocol == Protocol::Frames {
        eprintln!("note: --public means nothing without --protocol http");
    }
    if flags.trace_bytes && flags.trace.is_none() {
        eprintln!("note: --trace-bytes means nothing without --trace FILE");
    }
    let site = app::Config { step, public: flags.public_dir()? };
    raise_descriptor_limit();
    let listener = listener::listen(&flags.addr())?;
    let addr = listener.local_addr()?;
    let serves = flags.trace_bytes.then(|| flags.serves(site.public));
    let trace = flags.trace.as_deref().map(|path| Trace::create(path, step, serves)).transpose()?;
    let app = (flags.protocol == Protocol::Http).then(|| app::site(&site));
    let stop = Stop::on_signals(addr, flags.grace)?;
    // Whoever started us may have stopped listening to what we say; we serve all the same.
    let _ = writeln!(io::stdout(), "listening on {addr}");
    Ok(Server {
        listener,
        service: Service { app, trace: trace.map(Arc::new) },
        stop,
        workers: flags.workers.or(workers).unwrap_or(NonZeroUsize::MIN),
    })
}

impl Server {
    /// The clients, one after the other, for a step that blocks: waits for the next one, and ends
    /// when the server is told to stop.
    pub fn clients(self) -> Clients {
        Clients::new(self)
    }
}

impl Service {
    /// A conversation with `peer` that has not begun.
    pub fn session(&self, peer: SocketAddr) -> Session {
        let session = Session::new(match &self.app {
            Some(app) => Box::new(http_lite::Connection::new(Arc::clone(app))),
            None => Box::new(Frames::new()),
        });
        match &self.trace {
            Some(trace) => session.observed(peer, trace.witness(peer)),
            None => session,
        }
    }
}

/// Ten thousand connections need ten thousand descriptors; the usual soft limit is 1,024.
fn raise_descriptor_limit() {
    #[cfg(unix)]
    if let Err(error) = rlimit::increase_nofile_limit(u64::MAX) {
        eprintln!("note: the limit of open files stays as it is: {error}");
    }
}
