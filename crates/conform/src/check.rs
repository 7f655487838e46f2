//! Every case against anyone's server: what it can do, what it cannot, and what was not tried.

use std::collections::BTreeSet;
use std::fmt;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::net::{SocketAddr, TcpStream};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use crate::client::{Connection, Waited};
use crate::given::HELLO;
use crate::http::files::DIGITS;
use crate::script::{Action, Body, Field, Reply, Response, STRONG, Script, TAG, Value};
use crate::server::{STARTS, Server, Target, part};
use crate::{
    Case, Cause, Claim, Given, Level, Property, Protocol, Stranger, Verdict, http, limits, runner,
};

/// How many cases are played at once, each with a server of its own. Most of them wait most of the
/// time.
const AT_ONCE: usize = 12;

/// How many of those are played at once that are about a crowd, in the first round.
const CROWDS_AT_ONCE: usize = 3;

/// How many are at once in the last round. What is played there has failed before, and most of it
/// waits for what never comes.
const LAST_AT_ONCE: usize = 64;

/// The least and the most that a reply is waited for: twice the least where it decides.
const PATIENCE: [Duration; 2] = [Duration::from_secs(4), Duration::from_secs(30)];

/// How long it may take to answer what is asked to get to know it.
const PROBING: Duration = Duration::from_secs(4);

/// How many a server is given at once that all of them share.
const SHARED_AT_ONCE: usize = 8;

/// A server that takes longer to start is used again for another case, if it has passed the last.
const SLOW_START: Duration = Duration::from_millis(300);

/// How long the long computation should take.
const LONG: Duration = Duration::from_millis(400);

/// A server that computes the largest number faster than this has no long computation.
const QUICK: Duration = Duration::from_millis(50);

/// The least and the most that a stranger is sent as a number without end, in bytes: in some languages
/// each takes a microsecond, or more.
const ENDLESS: [usize; 2] = [1024 * 1024, 4 * 1024 * 1024];

/// How long a stranger may take to read that.
const READING: Duration = Duration::from_secs(1);

/// How large the page of a stranger may be: it is asked for again and again.
const PAGE: usize = 4 * 1024 * 1024;

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
    /// Whether transcripts show every byte.
    pub whole: bool,
}

/// What came of it.
#[derive(Debug, Clone)]
pub struct Report {
    /// In the order of the cases.
    pub outcomes: Vec<Outcome>,
    /// How long a reply was waited for before a case was said to fail.
    pub patience: Duration,
    /// Whether the server, which somebody else had started, was gone before all was tried.
    pub gone: bool,
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
    Fails(Story),
    /// It does not, and no standard demands that it does.
    Differs(Story),
    /// It was not tried, for this reason.
    NotTried(String),
}

/// How a case went that did not go as it should.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Story {
    /// What went wrong, in a line.
    pub what: String,
    /// What led to it, and when.
    pub transcript: String,
    /// What usually is the cause, in a sentence.
    pub cause: &'static str,
}

impl Report {
    /// Whether the server has a property: `None` if no case of it was tried, or if none failed and the
    /// server was gone before the last.
    pub fn has(&self, property: Property) -> Option<bool> {
        let of = |outcome: &&Outcome| outcome.case.property == property;
        let not_tried = |outcome: &Outcome| matches!(outcome.finding, Finding::NotTried(_));
        let counts = |outcome: &&Outcome| {
            !matches!(outcome.finding, Finding::NotTried(_) | Finding::Differs(_))
        };
        let mut tried = self.outcomes.iter().filter(of).filter(counts).peekable();
        tried.peek()?;
        let passes = tried.all(|outcome| outcome.finding == Finding::Passes);
        // It breaks no rule, and does not do what the rules would like to see.
        if passes && self.differs_mostly(property) {
            return None;
        }
        let is_unknown = passes && self.gone && self.outcomes.iter().filter(of).any(not_tried);
        (!is_unknown).then_some(passes)
    }
}

impl Report {
    /// Whether a server does otherwise in most of what it SHOULD do.
    pub fn differs_mostly(&self, property: Property) -> bool {
        let should = self.outcomes.iter().filter(|outcome| {
            let level = outcome.case.rule.map(|rule| rule.level);
            outcome.case.property == property && level == Some(Level::Should)
        });
        let count = |passes: bool| {
            let is = |outcome: &&Outcome| match outcome.finding {
                Finding::Passes => passes,
                Finding::Differs(_) => !passes,
                _ => false,
            };
            should.clone().filter(is).count()
        };
        count(false) > count(true)
    }
}

impl Check {
    /// Plays all the cases. `seen` hears of each as soon as it is over.
    ///
    /// First they are played side by side, and what fails then is played again, when those are over
    /// that keep the machine busy, and with more patience. Only who fails again is said to fail.
    pub fn run(&self, seen: impl Fn(&Outcome) + Sync) -> Result<Report> {
        let pace = self.measure()?;
        let mut plays: Vec<Play> = self.cases.iter().map(|case| self.plan(case, &pace)).collect();
        // What waits longest begins first.
        plays.sort_by_key(|play| !play.waits_long);
        for n in 1..=pace.tries() {
            self.round(&mut plays, &pace, n == pace.tries(), &seen);
        }
        let gone = plays.iter().any(|play| play.gone);
        let place = |case: &Case| self.cases.iter().position(|other| other.name == case.name);
        let mut outcomes: Vec<Outcome> = plays.into_iter().map(|play| play.outcome).collect();
        outcomes.sort_by_key(|outcome| place(&outcome.case));
        Ok(Report { outcomes, patience: pace.patience(pace.tries()), gone })
    }

    /// Plays what was not decided yet: first those that can be side by side, then the others.
    fn round(
        &self,
        plays: &mut [Play],
        pace: &Pace,
        is_last: bool,
        seen: &(impl Fn(&Outcome) + Sync),
    ) {
        let open = plays.iter_mut().filter(|play| !play.decided);
        let (alone, beside): (Vec<_>, Vec<_>) = open.partition(|play| play.alone);
        // Who has a server of its own disturbs nobody else's.
        let parts = match self.target {
            Target::Running(_) => vec![(beside, pace.at_once), (alone, 1)],
            _ if !limits::has_room_for_crowds() => vec![(beside, pace.at_once), (alone, 1)],
            _ if is_last && pace.answers => {
                vec![(beside.into_iter().chain(alone).collect(), LAST_AT_ONCE)]
            }
            _ => vec![(beside, pace.at_once), (alone, CROWDS_AT_ONCE)],
        };
        for (plays, at_once) in parts {
            let plays = Mutex::new(plays.into_iter());
            thread::scope(|scope| {
                for _ in 0..at_once {
                    scope.spawn(|| {
                        while let Some(play) = next(&plays) {
                            self.play(play, pace);
                            if play.decided {
                                seen(&play.outcome);
                            }
                        }
                    });
                }
            });
        }
    }

    /// Plays a case once.
    fn play(&self, play: &mut Play, pace: &Pace) {
        let Outcome { case, finding, tries, took } = &mut play.outcome;
        if let Target::Running(addr) = self.target
            && let Err(error) = TcpStream::connect_timeout(&addr, pace.patience(1)).map(part)
        {
            // What has failed is not tried again, and so may be what ended it.
            if *tries == 0 {
                *finding = Finding::NotTried(format!("the server is gone: {error}"));
            }
            (play.decided, play.gone) = (true, true);
            return;
        }
        let start = Instant::now();
        *tries += 1;
        let patience = pace.patience(*tries);
        let server = || pace.server(&self.target, case.protocol, *tries, patience);
        let mut played = runner::play(case, &pace.given, server, Claim::Passes, patience);
        pace.keep(played.server.take());
        *took += start.elapsed();
        let (what, cause) = match &played.verdict {
            Verdict::Passes => {
                *finding = Finding::Passes;
                play.decided = true;
                return;
            }
            Verdict::Fails(cause) => (cause.to_string(), usual_design(cause)),
            Verdict::Broken(what) => (what.clone(), case.usual_mistake()),
        };
        let story = Story { what, cause, transcript: played.transcript(self.whole) };
        *finding = match pace.given.stranger.is_some() && !case.is_required() {
            true => Finding::Differs(story),
            false => Finding::Fails(story),
        };
        // Time has no part in how much memory there was.
        let is_sure = matches!(played.verdict, Verdict::Fails(Cause::Heavy { .. }));
        play.decided = is_sure || *tries == pace.tries();
    }

    /// How a case is to be played, or why it is not.
    fn plan(&self, case: &Case, pace: &Pace) -> Play {
        let script = case.script(&pace.given);
        let not_tried = self.not_tried(case, &script, pace);
        let decided = not_tried.is_some();
        // It is overwritten when the case is played.
        let finding = not_tried.map_or(Finding::Passes, Finding::NotTried);
        let outcome = Outcome { case: *case, finding, tries: 0, took: Duration::ZERO };
        let waits_long = script.iter().any(|action| matches!(action, Action::Cut(_)));
        let alone = limits::is_crowd(&script)
            || matches!(self.target, Target::Running(_))
                && !is_mere_talk(case)
                && !waits_long
                && pace.answers;
        Play { outcome, decided, gone: false, alone, waits_long }
    }

    /// Why a case cannot be played, if it cannot.
    fn not_tried(&self, case: &Case, script: &Script, pace: &Pace) -> Option<String> {
        if let Some(reason) = case.impossible_here() {
            return Some(reason);
        }
        let needs_its_own =
            |action: &Action| matches!(action, Action::Stop | Action::Descriptors(_));
        if matches!(self.target, Target::Running(_)) && script.iter().any(needs_its_own) {
            return Some("needs a server that it starts and stops itself: --cmd".into());
        }
        if let Some(needed) = pace.missing.iter().find(|route| route.is_asked_for_in(script)) {
            return Some(format!("needs {}", needed.name));
        }
        if pace.quick && overtakes_a_number(script, pace.given.long) {
            return Some(
                "no number keeps this server busy for long enough to see who waits".into(),
            );
        }
        // That it keeps a connection is asked by the cases of which it is the point.
        let is_the_point = case.property == Property::Persistence && !case.is_required();
        let one_each = pace.one_each && !is_the_point && asks_twice(script);
        one_each
            .then(|| "needs a connection for more than one request, which nobody must offer".into())
    }

    /// Whether any of the cases is another one when this is changed.
    fn depends_on(&self, change: fn(&mut Given)) -> bool {
        let given = Given::new(self.seed, BITS[0]);
        let mut changed = given.clone();
        change(&mut changed);
        // A shorter number is in proportion to the long one.
        changed.shorter = changed.long - given.long + given.shorter;
        let sent = |case: &Case, given: &Given| {
            let script = case.script(given);
            let bytes = script.iter().filter_map(Action::bytes);
            bytes.fold((0, DefaultHasher::new()), |(n, mut hasher), bytes| {
                // Of very many, it is enough how many they are.
                if bytes.len() < 64 * 1024 {
                    bytes.hash(&mut hasher);
                }
                (n + bytes.len(), hasher)
            })
        };
        self.cases.iter().any(|case| {
            let (before, after) = (sent(case, &given), sent(case, &changed));
            before.0 != after.0 || before.1.finish() != after.1.finish()
        })
    }

    /// What must be known of a server before cases can be aimed at it.
    fn measure(&self) -> Result<Pace> {
        let server = Server::start(&self.target, self.protocol, STARTS)?;
        TcpStream::connect_timeout(&server.addr, STARTS)
            .map(part)
            .with_context(|| format!("nobody listens on {} (is it running?)", server.addr))?;
        let reusable = server.started_in > SLOW_START;
        let mut pace = Pace {
            given: Given::new(self.seed, BITS[0]),
            needed: Duration::ZERO,
            answers: true,
            at_once: AT_ONCE,
            quick: false,
            one_each: false,
            missing: Vec::new(),
            idle: reusable.then(Mutex::default),
        };
        let probe = Probe { addr: server.addr, protocol: self.protocol };
        if self.protocol == Protocol::Http {
            let is_stranger = !matches!(self.target, Target::Step(_));
            let stranger = is_stranger.then(|| probe.stranger(&self.path)).transpose()?;
            pace.missing = probe.missing();
            if let Some(mut stranger) = stranger {
                stranger.echoes = !pace.missing.iter().any(|route| route.mark == ECHO.mark);
                // It was found out what stands for these.
                pace.missing.retain(|route| route.mark != PLAIN.mark && route.mark != ECHO.mark);
                pace.missing.extend(probe.mistakes_bodies(&stranger).then_some(&ECHO));
                pace.given.stranger = Some(stranger);
            }
        }
        let (request, reply) = pace.given.one_thing(self.protocol);
        // What does not greet is asked nothing else: every case would wait for that.
        let greeting = Reply::Bytes(b"*".to_vec());
        let greets = || self.protocol == Protocol::Http || probe.ask(b"", &greeting).is_some();
        // Whether it answers at all decides a lot; a busy machine should not.
        let answers = || if greets() { probe.ask(&request, &reply) } else { None };
        let Some(round_trip) = (0..2).find_map(|_| answers()) else {
            pace.answers = false;
            return Ok(pace);
        };
        if matches!(self.target, Target::Running(_)) {
            pace.at_once = probe.serves_at_once(&request, &reply);
        }
        pace.one_each = self.protocol == Protocol::Http && !probe.serves_twice(&request, &reply);
        // Only what somebody will ask for is looked for: it takes a while.
        let (bits, slowest) = match self.depends_on(|given| given.long += 2) {
            true => probe.find_long(self.seed),
            false => (BITS[1], Duration::ZERO),
        };
        pace.quick = slowest < QUICK;
        pace.given = Given {
            stranger: pace.given.stranger.take(),
            // Of our own servers it is known that they are quick.
            endless: match self.target {
                Target::Step(_) => pace.given.endless,
                _ if !self.depends_on(|given| given.endless /= 2) => ENDLESS[0],
                _ => probe.find_endless(),
            },
            ..Given::new(self.seed, bits)
        };
        pace.needed = (round_trip * 100).max(slowest * 6);
        Ok(pace)
    }
}

/// A case, and what is known of it so far.
struct Play {
    outcome: Outcome,
    /// Whether that is the last word.
    decided: bool,
    /// Whether there was no server any more when it was to be played.
    gone: bool,
    /// Whether nothing else is played meanwhile.
    alone: bool,
    /// Whether it waits longer than all others.
    waits_long: bool,
}

/// The next of those who wait for it.
fn next<T>(all: &Mutex<impl Iterator<Item = T>>) -> Option<T> {
    all.lock().unwrap_or_else(PoisonError::into_inner).next()
}

/// What was found out about a server.
struct Pace {
    given: Given,
    /// How long a reply may take, if nothing is wrong and the machine is not busy.
    needed: Duration,
    /// Whether it answers at all.
    answers: bool,
    /// How many cases it is given at once.
    at_once: usize,
    /// Whether there is nothing that it computes for long.
    quick: bool,
    /// Whether it closes each connection after one request.
    one_each: bool,
    /// What it does not serve of our site.
    missing: Vec<&'static Route>,
    /// Servers that have passed a case, if it takes long to start one.
    idle: Option<Mutex<Vec<Server>>>,
}

impl Pace {
    /// How often a case is played that fails: twice, unless nothing is ever answered.
    fn tries(&self) -> u32 {
        if self.answers { 2 } else { 1 }
    }

    /// How long a reply is waited for in this try.
    fn patience(&self, n: u32) -> Duration {
        let [least, most] = PATIENCE;
        (self.needed * n).clamp(least * n, most)
    }

    /// A server to play with. What fails is believed only of a new one.
    fn server(
        &self,
        target: &Target,
        protocol: Protocol,
        n: u32,
        patience: Duration,
    ) -> Result<Server> {
        let idle = self.idle.as_ref().filter(|_| n == 1);
        let idle = idle.and_then(|idle| idle.lock().unwrap_or_else(PoisonError::into_inner).pop());
        idle.map_or_else(|| Server::start(target, protocol, patience), Ok)
    }

    /// Keeps a server for another case, if that is worth it.
    fn keep(&self, server: Option<Server>) {
        if let (Some(idle), Some(server)) = (&self.idle, server) {
            idle.lock().unwrap_or_else(PoisonError::into_inner).push(server);
        }
    }
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
    /// A field that must be there.
    field: Option<Field>,
}

const PLAIN: Route = Route {
    name: "GET /plain",
    mark: "/plain",
    request: "GET /plain HTTP/1.1\r\nHost: test\r\n\r\n",
    status: 200,
    body: Some(HELLO),
    field: None,
};

const ECHO: Route = Route {
    name: "POST /echo, or a page that can be asked for with a body",
    mark: "/echo",
    request: "POST /echo HTTP/1.1\r\nHost: test\r\nContent-Length: 3\r\n\r\nabc",
    status: 200,
    body: Some("abc"),
    field: None,
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
        field: None,
    },
    Route {
        name: "GET /sleep",
        mark: "/sleep",
        request: "GET /sleep?ms=1 HTTP/1.1\r\nHost: test\r\n\r\n",
        status: 200,
        body: Some("slept 1 ms\n"),
        field: None,
    },
    Route {
        name: "GET /panic",
        mark: "/panic",
        request: "GET /panic HTTP/1.1\r\nHost: test\r\n\r\n",
        status: 500,
        body: None,
        field: None,
    },
    Route {
        name: "GET /digits.txt, a file",
        mark: "/digits.txt",
        request: "GET /digits.txt HTTP/1.1\r\nHost: test\r\n\r\n",
        status: 200,
        body: Some(DIGITS),
        field: None,
    },
    Route {
        name: "an ETag of /digits.txt",
        mark: TAG,
        request: "GET /digits.txt HTTP/1.1\r\nHost: test\r\n\r\n",
        status: 200,
        body: None,
        field: Some(Field { name: "ETag", value: Value::Any }),
    },
    Route {
        name: "an ETag of /digits.txt that is not a weak one",
        mark: STRONG,
        request: "GET /digits.txt HTTP/1.1\r\nHost: test\r\n\r\n",
        status: 200,
        body: None,
        field: Some(Field { name: "ETag", value: Value::Begins("\"") }),
    },
    Route {
        name: "a Last-Modified of /digits.txt",
        // Of If-Modified-Since as well as of If-Unmodified-Since.
        mark: "odified-Since",
        request: "GET /digits.txt HTTP/1.1\r\nHost: test\r\n\r\n",
        status: 200,
        body: None,
        field: Some(Field { name: "Last-Modified", value: Value::Any }),
    },
    Route {
        name: "a 412 for a file that was changed since",
        // Of a form of a date that only one case sends.
        mark: "06-Nov-94",
        request: "GET /digits.txt HTTP/1.1\r\nHost: test\r\n\
                  If-Unmodified-Since: Sun, 06 Nov 1994 08:49:37 GMT\r\n\r\n",
        status: 412,
        body: None,
        field: None,
    },
    Route {
        name: "a 404 for /no/such/file",
        mark: "/no/such/file",
        request: "GET /no/such/file HTTP/1.1\r\nHost: test\r\n\r\n",
        status: 404,
        body: None,
        field: None,
    },
];

/// A server of which nothing is known.
struct Probe {
    addr: SocketAddr,
    protocol: Protocol,
}

impl Probe {
    /// Asks something on a connection of its own, and says how long the answer took. `None`: it did
    /// not come, or was another.
    fn ask(&self, request: &[u8], reply: &Reply) -> Option<Duration> {
        let start = Instant::now();
        let mut client = Connection::open(self.addr, None, PROBING).ok()?;
        let sent = client.send(request, PROBING);
        let arrived = matches!(client.wait(reply, PROBING), Waited::Arrived);
        (sent && arrived).then(|| start.elapsed())
    }

    /// How many cases it can be given at once: many, if somebody is served while so many others are
    /// connected and say nothing.
    fn serves_at_once(&self, request: &[u8], reply: &Reply) -> usize {
        let others = (0..SHARED_AT_ONCE).map(|_| Connection::open(self.addr, None, PROBING));
        let others: Vec<_> = others.flatten().collect();
        match others.len() == SHARED_AT_ONCE && self.ask(request, reply).is_some() {
            true => SHARED_AT_ONCE,
            false => 1,
        }
    }

    /// Whether it answers two requests on one connection, one after the other.
    fn serves_twice(&self, request: &[u8], reply: &Reply) -> bool {
        let Ok(mut client) = Connection::open(self.addr, None, PROBING) else {
            return false;
        };
        (0..2).all(|_| {
            client.send(request, PROBING)
                && matches!(client.wait(reply, PROBING), Waited::Arrived)
                && client.end.is_none()
        })
    }

    fn serves(&self, route: &Route) -> bool {
        let body = route.body.map_or(Body::Whatever, |body| Body::Is(body.as_bytes().into()));
        let reply = Response {
            fields: route.field.into_iter().collect(),
            until_close: true,
            ..Response::new(route.status, body)
        };
        self.ask(route.request.as_bytes(), &Reply::Http(reply)).is_some()
    }

    /// What it does not serve of our site. Some servers take long to say no.
    fn missing(&self) -> Vec<&'static Route> {
        thread::scope(|scope| {
            let asked = ROUTES.iter().map(|route| (route, scope.spawn(|| self.serves(route))));
            let asked: Vec<_> = asked.collect();
            let lacks = |asked: thread::ScopedJoinHandle<bool>| !asked.join().unwrap_or(false);
            asked.into_iter().filter_map(|(route, asked)| lacks(asked).then_some(route)).collect()
        })
    }

    /// What can be asked of it instead of our page. Whether it echoes is not known yet.
    fn stranger(&self, path: &str) -> Result<Stranger> {
        if let Ok(body) = self.page(PLAIN.mark)
            && body == HELLO.as_bytes()
        {
            return Ok(Stranger { path: PLAIN.mark.into(), body, echoes: false });
        }
        Ok(Stranger { path: path.into(), body: self.page(path)?, echoes: false })
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
        let mut client = Connection::open(self.addr, None, PROBING)?;
        client.send(http::get(path).as_bytes(), PROBING);
        let any = Response { until_close: true, ..Response::new(200, Body::Any) };
        let deadline = Instant::now() + PROBING;
        loop {
            client.read(PROBING);
            match any.read(&client.seen, client.end.is_some()) {
                Ok(Some((_, body))) => return Ok(body.into_owned()),
                Ok(None) if client.seen.len() > PAGE => {
                    bail!("GET {path}: more than {} MiB; pass --path of a smaller page", PAGE >> 20)
                }
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

    /// How many digits it reads in a while.
    fn find_endless(&self) -> usize {
        let [least, most] = ENDLESS;
        let part = least / 8;
        let number = [b"^P".as_slice(), &vec![b'0'; part], b"7$"].concat();
        let reply = Reply::Bytes(b"*prime\n".to_vec());
        let took = self.ask(&number, &reply).unwrap_or(READING);
        let parts = READING.as_secs_f64() / took.as_secs_f64();
        ((part as f64 * parts) as usize).clamp(least, most)
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

impl Route {
    fn is_asked_for_in(&self, script: &Script) -> bool {
        let mark = self.mark.as_bytes();
        script
            .iter()
            .filter_map(Action::bytes)
            .any(|bytes| bytes.windows(mark.len()).any(|window| window == mark))
    }
}

/// Whether a case only talks, and keeps no server busy, nor others waiting.
fn is_mere_talk(case: &Case) -> bool {
    use Property::{Bodies, Messages, Persistence, Refusals, Remembers, Speaks};
    matches!(case.property, Speaks | Messages | Refusals | Remembers | Persistence | Bodies)
}

/// Whether somebody expects a second response on a connection, after one that was the last word of a
/// request.
fn asks_twice(script: &Script) -> bool {
    let mut answered = BTreeSet::new();
    script.iter().any(|action| match action {
        Action::Connect(client) => {
            answered.remove(client);
            false
        }
        Action::Expect(client, Reply::Http(response)) if response.status >= 200 => {
            !answered.insert(*client)
        }
        _ => false,
    })
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

impl Case {
    /// What usually is wrong with a server that fails it, in a sentence.
    pub fn usual_mistake(&self) -> &'static str {
        self.mistake.unwrap_or_else(|| self.property.mistake())
    }

    /// What a verdict depends on besides what is said: how long something takes, or how much memory.
    pub fn depends_on(&self) -> Option<&'static str> {
        self.script(&Given::default()).iter().find_map(|action| match action {
            Action::Overtake { .. } => Some("time: whose answer comes first"),
            Action::Cut(_) => Some("time: when the server has had enough"),
            Action::Flood(..) => Some("time: when the server takes no more"),
            Action::Light => Some("memory, as the system counts it"),
            _ => None,
        })
    }
}

impl Property {
    /// What usually is wrong with a server that lacks it, in a sentence.
    pub fn mistake(self) -> &'static str {
        match self {
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
            Property::Silent => {
                "Usually somebody waits for one client and for nobody else meanwhile."
            }
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
                "Usually SIGTERM ends the process at once, with code 143 and with answers unsent; or `main` \
             returns while threads or tasks still work."
            }
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
