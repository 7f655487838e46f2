//! Every case against anyone's server: what it can do, what it cannot, and what was not tried.

use std::fmt;
use std::net::TcpStream;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use crate::client::{Connection, Waited};
use crate::http::files::DIGITS;
use crate::runner::{Played, play};
use crate::script::{Action, Body, Reply, Response, Script};
use crate::server::{STARTS, Server, Target};
use crate::{Case, Cause, Claim, Given, Property, Protocol, Stranger, Verdict, http};

/// How many cases are played at once, each with a server of its own. Most of them wait most of the
/// time.
const AT_ONCE: usize = 8;

/// The least and the most that a reply is waited for.
const PATIENCE: [Duration; 2] = [Duration::from_secs(5), Duration::from_secs(60)];

/// How long the long computation should take.
const LONG: Duration = Duration::from_millis(400);

/// A server that computes the largest number faster than this has no long computation.
const QUICK: Duration = Duration::from_millis(50);

/// What a stranger is sent as a number without end: in some languages a byte takes a microsecond.
const ENDLESS: usize = 4 * 1024 * 1024;

/// The length of the largest prime, in bits; and of the first that a stranger is asked for.
const BITS: [u32; 2] = [57, 24];

/// What is to be checked.
#[derive(Debug, Clone)]
pub struct Check {
    /// The server.
    pub target: Target,
    /// What it speaks.
    pub protocol: Protocol,
    /// Where random input comes from.
    pub seed: u64,
    /// A page that a stranger serves with HTTP.
    pub path: String,
    /// What is played.
    pub cases: Vec<Case>,
}

/// What came of it.
#[derive(Debug, Clone)]
pub struct Report {
    /// In the order of the cases.
    pub outcomes: Vec<Outcome>,
    /// How long a reply was waited for.
    pub patience: Duration,
}

/// What came of one case.
#[derive(Debug, Clone)]
pub struct Outcome {
    /// Which.
    pub case: Case,
    /// What was found.
    pub finding: Finding,
    /// How often it was played: what fails is tried again.
    pub tries: u32,
    /// How long that took.
    pub took: Duration,
}

/// What was found of a case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Finding {
    /// It passes.
    Passes,
    /// It does not.
    Fails {
        /// What went wrong, in a line.
        what: String,
        /// What led to it, and when.
        transcript: String,
        /// What usually is the cause, in a sentence.
        cause: &'static str,
    },
    /// It does not, as this line says, and no standard demands that it does.
    Differs(String),
    /// It was not tried, for this reason.
    NotTried(String),
}

impl Report {
    /// Whether the server has a property: `None` if no case of it was tried.
    pub fn has(&self, property: Property) -> Option<bool> {
        let of = |outcome: &&Outcome| outcome.case.property == property;
        let counts = |outcome: &&Outcome| {
            !matches!(outcome.finding, Finding::NotTried(_) | Finding::Differs(_))
        };
        let mut tried = self.outcomes.iter().filter(of).filter(counts).peekable();
        tried.peek()?;
        Some(tried.all(|outcome| outcome.finding == Finding::Passes))
    }
}

impl Check {
    /// Plays all the cases. `seen` hears of each as soon as it is over.
    pub fn run(&self, seen: impl Fn(&Outcome) + Sync) -> Result<Report> {
        let pace = self.measure()?;
        let next = AtomicUsize::new(0);
        let outcomes = Mutex::new(Vec::new());
        // A server that all cases share may serve one client at a time.
        let at_once = if let Target::Running(_) = self.target { 1 } else { AT_ONCE };
        thread::scope(|scope| {
            for _ in 0..at_once {
                scope.spawn(|| {
                    while let Some(case) = self.cases.get(next.fetch_add(1, Ordering::Relaxed)) {
                        let outcome = self.outcome(case, &pace);
                        seen(&outcome);
                        outcomes.lock().expect("no thread panics while it pushes").push(outcome);
                    }
                });
            }
        });
        let mut outcomes = outcomes.into_inner().expect("no thread panics while it pushes");
        let place = |name| self.cases.iter().position(|case| case.name == name);
        outcomes.sort_by_key(|outcome| place(outcome.case.name));
        Ok(Report { outcomes, patience: pace.patience })
    }

    /// What fails is played again before it is said to fail: another program may have kept the
    /// machine busy.
    fn outcome(&self, case: &Case, pace: &Pace) -> Outcome {
        let start = Instant::now();
        let outcome =
            |finding, tries| Outcome { case: *case, finding, tries, took: start.elapsed() };
        if let Some(reason) = self.not_tried(case, pace) {
            return outcome(Finding::NotTried(reason), 0);
        }
        let most = if pace.answers { 2 } else { 1 };
        let mut tries = 0;
        loop {
            tries += 1;
            let played = play(case, &pace.given, &self.target, Claim::Passes, pace.patience);
            let Played { verdict, transcript } = played;
            let (what, cause) = match verdict {
                Verdict::Passes => return outcome(Finding::Passes, tries),
                Verdict::Fails(cause) => (cause.to_string(), usual_design(&cause)),
                Verdict::Broken(what) => {
                    (what, case.mistake.unwrap_or_else(|| usual_mistake(case.property)))
                }
            };
            if pace.given.stranger.is_some() && !case.is_required() {
                return outcome(Finding::Differs(what), tries);
            }
            if tries == most {
                return outcome(Finding::Fails { what, transcript, cause }, tries);
            }
        }
    }

    /// Why a case cannot be played, if it cannot.
    fn not_tried(&self, case: &Case, pace: &Pace) -> Option<String> {
        let script = case.script(&pace.given);
        if let Some(reason) = case.impossible_here() {
            return Some(reason);
        }
        if let Target::Running(addr) = self.target {
            if script.iter().any(|action| matches!(action, Action::Stop | Action::Descriptors(_))) {
                return Some("needs a server that it starts and stops itself: --cmd".into());
            }
            if let Err(error) = TcpStream::connect_timeout(&addr, pace.patience) {
                return Some(format!("the server is gone: {error}"));
            }
        }
        if pace.quick && overtakes_a_number(&script, pace.given.long) {
            return Some(
                "no number keeps this server busy for long enough to see who waits".into(),
            );
        }
        let needed = pace.missing.iter().find(|route| asks_for(&script, route))?;
        Some(format!("needs {}", needed.name))
    }

    /// Of our own servers it is known that they are quick.
    fn given(&self, bits: u32) -> Given {
        let given = Given::new(self.seed, bits);
        match self.target {
            Target::Step(_) => given,
            _ => Given { endless: ENDLESS, ..given },
        }
    }

    /// What must be known of a server before cases can be aimed at it.
    fn measure(&self) -> Result<Pace> {
        let mut pace = Pace {
            given: self.given(BITS[0]),
            patience: PATIENCE[1],
            answers: true,
            quick: false,
            missing: Vec::new(),
        };
        let server = Server::start(&self.target, self.protocol, STARTS)?;
        TcpStream::connect_timeout(&server.addr, STARTS)
            .with_context(|| format!("nobody listens on {} (is it running?)", server.addr))?;
        let probe = Probe { server, protocol: self.protocol };
        if self.protocol == Protocol::Http {
            pace.missing = ROUTES.iter().filter(|route| !probe.serves(route)).collect();
            if !matches!(self.target, Target::Step(_)) {
                let stranger = probe.stranger(&self.path, &pace.missing)?;
                // It was found out what stands for these.
                pace.missing.retain(|route| route.mark != PLAIN.mark && route.mark != ECHO.mark);
                pace.missing.extend(probe.mistakes_bodies(&stranger).then_some(&ECHO));
                pace.given.stranger = Some(stranger);
            }
        }
        let (request, reply) = pace.given.one_thing(self.protocol);
        let round_trip = probe.ask(&request, &reply);
        pace.answers = round_trip.is_some();
        let (bits, slowest) = probe.find_long(self.seed);
        pace.quick = slowest < QUICK;
        pace.given = Given { stranger: pace.given.stranger.take(), ..self.given(bits) };
        let needed = (round_trip.unwrap_or_default() * 1000).max(slowest * 15);
        pace.patience = needed.clamp(PATIENCE[0], PATIENCE[1]);
        Ok(pace)
    }
}

/// What was found out about a server.
struct Pace {
    given: Given,
    patience: Duration,
    /// Whether it answers at all.
    answers: bool,
    /// Whether there is nothing that it computes for long.
    quick: bool,
    /// What it does not serve of our site.
    missing: Vec<&'static Route>,
}

/// Something that our site serves, and how to find out whether another one does.
struct Route {
    name: &'static str,
    /// What is in a request for it, and in no other.
    mark: &'static str,
    request: &'static str,
    status: u16,
    /// `None`: any.
    body: Option<&'static str>,
}

const PLAIN: Route = Route {
    name: "GET /plain",
    mark: "/plain",
    request: "GET /plain HTTP/1.1\r\nHost: test\r\n\r\n",
    status: 200,
    body: Some(crate::given::HELLO),
};

const ECHO: Route = Route {
    name: "POST /echo, or a page that can be asked for with a body",
    mark: "/echo",
    request: "POST /echo HTTP/1.1\r\nHost: test\r\nContent-Length: 3\r\n\r\nabc",
    status: 200,
    body: Some("abc"),
};

const ROUTES: &[Route] = &[
    PLAIN,
    ECHO,
    Route {
        name: "GET /prime/{n}",
        mark: "/prime/",
        request: "GET /prime/7 HTTP/1.1\r\nHost: test\r\n\r\n",
        status: 200,
        body: Some("prime\n"),
    },
    Route {
        name: "GET /sleep",
        mark: "/sleep",
        request: "GET /sleep?ms=1 HTTP/1.1\r\nHost: test\r\n\r\n",
        status: 200,
        body: Some("slept 1 ms\n"),
    },
    Route {
        name: "GET /panic",
        mark: "/panic",
        request: "GET /panic HTTP/1.1\r\nHost: test\r\n\r\n",
        status: 500,
        body: None,
    },
    Route {
        name: "GET /digits.txt, a file",
        mark: "/digits.txt",
        request: "GET /digits.txt HTTP/1.1\r\nHost: test\r\n\r\n",
        status: 200,
        body: Some(DIGITS),
    },
];

/// A server of which nothing is known.
struct Probe {
    server: Server,
    protocol: Protocol,
}

impl Probe {
    /// Asks something on a connection of its own, and says how long the answer took. `None`: it did
    /// not come, or was another.
    fn ask(&self, request: &[u8], reply: &Reply) -> Option<Duration> {
        let start = Instant::now();
        let mut client = Connection::open(self.server.addr, None, PATIENCE[0]).ok()?;
        let sent = client.send(request, PATIENCE[0]);
        let arrived = matches!(client.wait(reply, PATIENCE[0]), Waited::Arrived);
        (sent && arrived).then(|| start.elapsed())
    }

    fn serves(&self, route: &Route) -> bool {
        let body = route.body.map_or(Body::Any, |body| Body::Is(body.as_bytes().into()));
        let reply =
            Reply::Http(Response { until_close: true, ..Response::new(route.status, body) });
        self.ask(route.request.as_bytes(), &reply).is_some()
    }

    /// What can be asked of it instead of what it lacks of our site.
    fn stranger(&self, path: &str, missing: &[&Route]) -> Result<Stranger> {
        let lacks = |route: &Route| missing.iter().any(|missing| missing.mark == route.mark);
        let path = if lacks(&PLAIN) { path } else { PLAIN.mark };
        Ok(Stranger { path: path.into(), body: self.page(path)?, echoes: !lacks(&ECHO) })
    }

    /// Whether it refuses any request that may have a body, so that nothing is learned from those.
    fn mistakes_bodies(&self, stranger: &Stranger) -> bool {
        let request =
            format!("GET {} HTTP/1.1\r\nHost: test\r\nContent-Length: 3\r\n\r\nabc", stranger.path);
        let body = Body::Is(stranger.body.clone().into());
        let reply = Response { until_close: true, ..Response::new(200, body) };
        !stranger.echoes && self.ask(request.as_bytes(), &Reply::Http(reply)).is_none()
    }

    /// The page at this path, as it is now.
    fn page(&self, path: &str) -> Result<Vec<u8>> {
        let mut client = Connection::open(self.server.addr, None, PATIENCE[0])?;
        client.send(http::get(path).as_bytes(), PATIENCE[0]);
        let any = Response { until_close: true, ..Response::new(200, Body::Any) };
        let deadline = Instant::now() + PATIENCE[0];
        loop {
            client.read(PATIENCE[0]);
            match any.read(&client.seen, client.end.is_some()) {
                Ok(Some((_, body))) => return Ok(body.into_owned()),
                Ok(None) if client.end.is_none() && Instant::now() < deadline => {}
                Ok(None) => bail!("GET {path}: the answer does not come to its end"),
                Err(wrong) => bail!(
                    "GET {path}: {wrong}; expected a 200 with a body \
                     (another page? pass --path; another protocol? pass --protocol frames)"
                ),
            }
        }
    }

    /// Looks for a prime that keeps the server busy, but not for ever: its bits, and how long it took.
    fn find_long(&self, seed: u64) -> (u32, Duration) {
        let mut slowest = Duration::ZERO;
        let mut found = BITS[1];
        for bits in (BITS[1]..=BITS[0]).step_by(2) {
            let given = Given::new(seed, bits);
            let (request, reply) = question(self.protocol, given.long);
            let Some(took) = self.ask(&request, &reply) else { break };
            (found, slowest) = (bits, took);
            if took >= LONG {
                break;
            }
        }
        (found, slowest)
    }
}

/// Whether this is a prime, and the answer.
fn question(protocol: Protocol, prime: u64) -> (Vec<u8>, Reply) {
    match protocol {
        Protocol::Frames => {
            (format!("^P{prime}$").into_bytes(), Reply::Bytes(b"*prime\n".to_vec()))
        }
        Protocol::Http => {
            let body = Body::Is(b"prime\n".into());
            let reply = Response { until_close: true, ..Response::new(200, body) };
            (http::get(&format!("/prime/{prime}")).into_bytes(), Reply::Http(reply))
        }
    }
}

fn asks_for(script: &Script, route: &Route) -> bool {
    let mut all: Vec<u8> = Vec::new();
    for action in script {
        match action {
            Action::Send(_, bytes) | Action::Slices(_, bytes, _) => all.extend_from_slice(bytes),
            Action::Flood(_, bytes) => all.extend_from_slice(bytes),
            _ => {}
        }
    }
    all.windows(route.mark.len()).any(|window| window == route.mark.as_bytes())
}

fn overtakes_a_number(script: &Script, number: u64) -> bool {
    let number = number.to_string();
    script.iter().any(|action| matches!(action, Action::Overtake { .. }))
        && script.iter().any(|action| {
            matches!(action, Action::Send(_, bytes)
                if bytes.windows(number.len()).any(|window| window == number.as_bytes()))
        })
}

/// How a server usually comes to fail like this, by design.
fn usual_design(cause: &Cause) -> &'static str {
    match cause {
        Cause::Held { others: 1 | 2, .. } => {
            "Usually one thread serves one client after the other, and waits in `read` for one that \
             says nothing."
        }
        Cause::Held { .. } => {
            "Usually everyone who is connected holds a worker, and there are only so many."
        }
        Cause::Behind { .. } => {
            "Usually the one thread that waits for all the sockets also computes."
        }
        Cause::Heavy { .. } => "Usually each client has a thread, or a large buffer of its own.",
        Cause::HungUp { .. } => {
            "Usually one `read` is taken for one message, and the connection closed behind it."
        }
    }
}

/// What usually is wrong when a case of this property fails.
fn usual_mistake(property: Property) -> &'static str {
    match property {
        Property::Speaks | Property::Messages => {
            "Usually bytes are treated as text or lines: decoded, trimmed, or split."
        }
        Property::Refusals => "Usually a parser guesses what was meant where it should refuse.",
        Property::Remembers => {
            "Usually one `read` is taken for one message: what has come so far is forgotten when the \
             next piece comes."
        }
        Property::Persistence => {
            "Usually what was read behind the first request is thrown away, or nobody decides when \
             the connection is over."
        }
        Property::Bodies => "Usually one `read` is taken for the whole body.",
        Property::Slow => "Usually nothing ends, or bounds, what one slow client may take.",
        Property::Silent => "Usually somebody waits for one client and for nobody else meanwhile.",
        Property::Silents => "Usually everyone who is connected holds a worker.",
        Property::Rude => {
            "Usually an error of one connection is not caught where it belongs, and ends the server."
        }
        Property::Compute => "Usually the thread that waits for all the sockets also computes.",
        Property::Thousand | Property::TenThousand => {
            "Usually a limit: of descriptors (`ulimit -n`), of threads, of the listen backlog, or of \
             `select`, which knows 1024 descriptors."
        }
        Property::Stop => {
            "Usually SIGTERM ends the process at once, with code 143 and with answers unsent."
        }
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Target::Step(program) => write!(f, "{}", program.path.display()),
            Target::Command(command) => f.write_str(command),
            Target::Running(addr) => write!(f, "{addr}"),
        }
    }
}
