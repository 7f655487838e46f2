//! Every case against anyone's server: what it can do, what it cannot, and what was not tried.

mod probe;

use std::collections::BTreeSet;
use std::fmt;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::net::TcpStream;
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};

use crate::script::{Action, Reply, Script};
use crate::server::{STARTS, Server, Target, part};
use crate::{Case, Cause, Claim, GRACE, Given, Level, Property, Protocol, Verdict, limits, runner};
use probe::{BITS, ECHO, ENDLESS, PLAIN, Probe, Route};

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

/// A server that takes longer to start is used again for another case, if it has passed the last.
const SLOW_START: Duration = Duration::from_millis(300);

/// A server that computes the largest number faster than this has no long computation.
const QUICK: Duration = Duration::from_millis(50);

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
            _ if is_last => {
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
        let server = || pace.server(&self.target, case, *tries, patience);
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
        let needs_its_own = |action: &Action| {
            matches!(
                action,
                Action::Stop | Action::Pause | Action::Accepted | Action::Descriptors(_)
            )
        };
        if matches!(self.target, Target::Running(_)) && script.iter().any(needs_its_own) {
            return Some("needs a server that it starts and stops itself: --cmd".into());
        }
        let grace = |action: &Action| matches!(action, Action::StopInVain);
        if !matches!(self.target, Target::Step(_)) && script.iter().any(grace) {
            return Some("needs the flag --grace of our steps".into());
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
        let server = Server::start(&self.target, self.protocol, GRACE, STARTS)?;
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
    fn server(&self, target: &Target, case: &Case, n: u32, patience: Duration) -> Result<Server> {
        let grace = case.grace();
        let idle = self.idle.as_ref().filter(|_| n == 1 && grace == GRACE);
        let idle = idle.and_then(|idle| idle.lock().unwrap_or_else(PoisonError::into_inner).pop());
        idle.map_or_else(|| Server::start(target, case.protocol, grace, patience), Ok)
    }

    /// Keeps a server for another case, if that is worth it.
    fn keep(&self, server: Option<Server>) {
        if let (Some(idle), Some(server)) = (&self.idle, server) {
            idle.lock().unwrap_or_else(PoisonError::into_inner).push(server);
        }
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
        Cause::LetIn { .. } => {
            "Usually whoever accepts clients also serves them, and hears of the stop when that is done."
        }
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
