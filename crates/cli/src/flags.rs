//! The flags that every step takes.

use std::fmt::Display;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::ensure;
use lexopt::{Arg, ValueExt};

/// What was asked for on the command line.
#[derive(Debug, PartialEq)]
pub(crate) struct Flags {
    addr: Option<String>,
    pub protocol: Protocol,
    pub workers: Option<NonZeroUsize>,
    pub public: Option<PathBuf>,
    pub grace: Duration,
    pub trace: Option<PathBuf>,
    pub trace_bytes: bool,
    pub help: bool,
    pub version: bool,
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Protocol {
    Frames,
    Http,
}

/// More workers than this is a slip of the finger.
const MAX_WORKERS: usize = 1024;

/// Where static files are looked for if nothing else is said.
const USUAL_PUBLIC: &str = "public";

impl Flags {
    pub fn parse(mut args: lexopt::Parser) -> Result<Flags, lexopt::Error> {
        let mut flags = Flags {
            addr: None,
            protocol: Protocol::Frames,
            workers: None,
            public: None,
            grace: Duration::from_secs(5),
            trace: None,
            trace_bytes: false,
            help: false,
            version: false,
        };
        while let Some(arg) = args.next()? {
            match arg {
                Arg::Long("addr") => flags.addr = Some(args.value()?.string()?),
                Arg::Long("protocol") => flags.protocol = value(&mut args, "--protocol", protocol)?,
                Arg::Long("workers") => {
                    flags.workers = Some(value(&mut args, "--workers", workers)?)
                }
                Arg::Long("public") => flags.public = Some(args.value()?.into()),
                Arg::Long("grace") => flags.grace = value(&mut args, "--grace", seconds)?,
                Arg::Long("trace") => flags.trace = Some(args.value()?.into()),
                Arg::Long("trace-bytes") => flags.trace_bytes = true,
                Arg::Short('h') | Arg::Long("help") => flags.help = true,
                Arg::Short('V') | Arg::Long("version") => flags.version = true,
                _ => return Err(arg.unexpected()),
            }
        }
        Ok(flags)
    }

    /// Where to listen.
    pub fn addr(&self) -> String {
        self.addr.clone().unwrap_or_else(|| self.protocol.default_addr().to_owned())
    }

    /// What is served, for whoever wants to serve it again: see `trace/lines.rs`.
    pub fn serves(&self, public: &Path) -> String {
        match self.protocol {
            Protocol::Frames => "frames".to_owned(),
            Protocol::Http => {
                format!("http \"{}\"", public.as_os_str().as_encoded_bytes().escape_ascii())
            }
        }
    }

    /// Where the static files are. A directory that was asked for must be there: to serve nothing
    /// from it would look like a mistake of the server. The usual one need not be.
    pub fn public_dir(&self) -> anyhow::Result<&Path> {
        let Some(dir) = &self.public else { return Ok(Path::new(USUAL_PUBLIC)) };
        ensure!(dir.exists(), "--public {}: there is no such directory", dir.display());
        ensure!(dir.is_dir(), "--public {}: this is not a directory", dir.display());
        Ok(dir)
    }
}

impl Protocol {
    fn default_addr(self) -> &'static str {
        match self {
            Protocol::Frames => "127.0.0.1:7878",
            Protocol::Http => "127.0.0.1:8080",
        }
    }
}

/// The value of a flag; if it is wrong, the error says which flag's it was.
fn value<T, E: Display>(
    args: &mut lexopt::Parser,
    flag: &str,
    parse: fn(&str) -> Result<T, E>,
) -> Result<T, lexopt::Error> {
    let text = args.value()?.string()?;
    parse(&text).map_err(|wrong| format!("{flag} {text}: {wrong}").into())
}

fn protocol(text: &str) -> Result<Protocol, &'static str> {
    match text {
        "frames" => Ok(Protocol::Frames),
        "http" => Ok(Protocol::Http),
        _ => Err("it takes `frames` or `http`"),
    }
}

fn workers(text: &str) -> Result<NonZeroUsize, String> {
    match text.parse::<NonZeroUsize>() {
        Ok(n) if n.get() <= MAX_WORKERS => Ok(n),
        _ => Err(format!("it takes a number from 1 to {MAX_WORKERS}")),
    }
}

fn seconds(text: &str) -> Result<Duration, &'static str> {
    text.parse()
        .ok()
        .and_then(|seconds| Duration::try_from_secs_f64(seconds).ok())
        .ok_or("it takes a number of seconds, such as 5 or 0.5")
}

/// The text of `--help`.
pub(crate) fn help(step: &str, workers: Option<NonZeroUsize>) -> String {
    let workers = match workers {
        Some(default) => format!("how many workers (default {default})"),
        None => "means nothing in this step".to_owned(),
    };
    format!(
        "\
{step}: a small server that shows one way to wait

Usage: {step} [FLAGS]

  --addr HOST:PORT        where to listen; port 0 takes a free one
                          (default 127.0.0.1:7878 for frames, 127.0.0.1:8080 for http)
  --protocol frames|http  what to speak (default frames)
  --workers N             {workers}
  --grace SECONDS         how long a stop may take before the rest is cut (default 5)
  --public DIR            what to serve as files, with http (default {USUAL_PUBLIC})
  --trace FILE            record who did what for whom, and when: for Perfetto if FILE ends in
                          .json, otherwise a line for each event
  --trace-bytes           record with it all that was received and sent, passwords included, for
                          `cargo xtask replay FILE`
  --help, --version

When it is ready it prints one line, `listening on HOST:PORT`. Ctrl-C and SIGTERM stop it: what
has arrived is answered first. A second one stops it at once.
"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(args: &[&str]) -> Result<Flags, String> {
        let args = std::iter::once("step").chain(args.iter().copied());
        Flags::parse(lexopt::Parser::from_iter(args)).map_err(|error| error.to_string())
    }

    #[test]
    fn the_address_follows_the_protocol() {
        assert_eq!(parse(&[]).unwrap().addr(), "127.0.0.1:7878");
        assert_eq!(parse(&["--protocol", "http"]).unwrap().addr(), "127.0.0.1:8080");
        let both = parse(&["--addr=127.0.0.1:0", "--protocol=http"]).unwrap();
        assert_eq!((both.addr().as_str(), both.protocol), ("127.0.0.1:0", Protocol::Http));
    }

    #[test]
    fn every_flag_is_read() {
        let flags =
            parse(&["--workers", "7", "--grace", "0.5", "--trace", "t", "-h", "-V"]).unwrap();
        assert!(!flags.trace_bytes && parse(&["--trace-bytes"]).unwrap().trace_bytes);
        assert_eq!(flags.workers, NonZeroUsize::new(7));
        assert_eq!(flags.grace, Duration::from_millis(500));
        assert_eq!(flags.trace.as_deref(), Some(Path::new("t")));
        assert!(flags.help && flags.version);
    }

    #[test]
    fn a_wrong_flag_is_named() {
        for (args, said) in [
            (&["--port", "80"][..], "--port"),
            (&["7878"], "7878"),
            (&["--workers"], "--workers"),
            (&["--workers", "0"], "--workers 0: it takes a number from 1 to 1024"),
            (&["--workers", "many"], "from 1 to 1024"),
            (&["--grace", "-1"], "number of seconds"),
            (&["--protocol", "smtp"], "`frames` or `http`"),
        ] {
            let error = parse(args).unwrap_err();
            assert!(error.contains(said), "{args:?}: {error}");
        }
    }

    #[test]
    fn a_directory_that_is_asked_for_must_be_there() {
        assert_eq!(parse(&[]).unwrap().public_dir().unwrap(), Path::new("public"));
        assert_eq!(parse(&["--public", "src"]).unwrap().public_dir().unwrap(), Path::new("src"));
        for (dir, wrong) in [
            ("no/such/place", "there is no such directory"),
            ("Cargo.toml", "this is not a directory"),
        ] {
            let error = parse(&["--public", dir]).unwrap().public_dir().unwrap_err();
            assert_eq!(error.to_string(), format!("--public {dir}: {wrong}"));
        }
    }
}
