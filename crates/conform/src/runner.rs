//! Plays a script against a server, and finds out why when it does not go as written.

use std::collections::BTreeMap;
use std::fmt;
use std::io::ErrorKind;
use std::mem;
use std::thread;
use std::time::{Duration, Instant};

use crate::client::{Connection, End, TURN, Waited};
use crate::script::{Action, Client, FLOOD, Last, Reply, Shown};
use crate::server::{EACH, MEMORY, Server, Target};
use crate::{Case, GRACE, Given, NO_GRACE, Protocol, limits};

/// How long a reply may take before it counts as missing. It is never the reason of a verdict
/// that a design is at fault, only of the verdict that something is broken.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// How long a reply must be missing before the others are told to leave, to see whether they were
/// the cause, when the server is said to fail.
const PROBE: Duration = Duration::from_millis(500);

/// How soon nobody gets in any more after a stop: long before the server gives up all that it still does,
/// which would end that, too.
const SOON: Duration = Duration::from_secs(GRACE.as_secs() / 2);

/// How long a report waits to see whether the server is about to end.
const LAST_BREATH: Duration = Duration::from_millis(300);

/// After this long without opening another descriptor, a server is said to open no more. Nothing is
/// judged by it: the script just goes on.
const IDLE: Duration = Duration::from_millis(600);

/// The same of a server whose only client has just left.
const ALONE: Duration = Duration::from_millis(50);

/// How long a stranger may listen to a client that it has left. nginx does for 30 seconds.
const PARTING: Duration = Duration::from_secs(40);

/// The receive buffer of a client that never reads: small, so that the server feels it soon.
const SMALL_WINDOW: usize = 4 * 1024;

/// How many of the last steps of the script a report shows, and of the first ones of the client that
/// was failed.
const SHOWN: [usize; 2] = [12, 4];

/// The same, of a report that shows every byte.
const SHOWN_WHOLE: [usize; 2] = [200, 20];

/// How long it is tried to connect when the server is out of descriptors: if its backlog is full, the
/// kernel lets nobody in, which is no answer to anything.
const OUTSIDE: Duration = Duration::from_millis(600);

/// What a server is said to do with a case. It changes no verdict, only how long it takes to find.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Claim {
    /// It passes: a missing reply is waited for with patience.
    Passes,
    /// It fails by design: the cause of a missing reply is looked for early.
    Fails,
}

/// What came of a case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// Everything went as written.
    Passes,
    /// It did not, and the server's design was shown to be the cause.
    Fails(Cause),
    /// It did not, for no reason that could be shown: a report for people.
    Broken(String),
}

/// Why a server fails by design.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Cause {
    /// A client was not answered while others were there, and was when they had left.
    Held {
        /// Who waited.
        client: Client,
        /// For how many others to leave.
        others: usize,
    },
    /// A client got in after the stop, and no more when the others had left.
    LetIn {
        /// Who should have been refused.
        client: Client,
        /// How many others were still served.
        others: usize,
    },
    /// Somebody's short answer came only after the long one of somebody else.
    Behind {
        /// Who waited.
        client: Client,
        /// For whose answer.
        other: Client,
    },
    /// So many clients at once cost more memory than they may.
    Heavy {
        /// How many there were.
        clients: usize,
        /// The most memory that the server has needed, in MiB.
        mib: u64,
    },
    /// The server hung up on a client in the middle of a conversation, and does so with everyone
    /// after one read.
    HungUp {
        /// On whom.
        client: Client,
    },
}

/// Starts `target`, if it does not run already, and plays `case` against it.
pub fn run(case: &Case, target: &Target, claim: Claim, patience: Duration) -> Verdict {
    let start = || Server::start(target, case.protocol, case.grace(), patience);
    let played = play(case, &Given::default(), start, claim, patience);
    let transcript = played.transcript(false);
    match played.verdict {
        Verdict::Broken(what) => Verdict::Broken(format!("{what}\n{transcript}")),
        verdict => verdict,
    }
}

/// What came of a case, and what led to it.
pub(crate) struct Played {
    pub verdict: Verdict,
    /// What was done, in order.
    moments: Vec<Moment>,
    /// Who was not served as the script says.
    failed: Option<Client>,
    /// How the server ended, and what it said on stderr.
    last_words: String,
    /// As good as new, if it passed and was not asked to stop.
    pub server: Option<Server>,
}

/// Something that was done, or that came of it.
struct Moment {
    at: Duration,
    what: What,
}

enum What {
    Action(Action),
    Note(String),
    /// What has come for a client, and was not what it waits for; and how that ended.
    Came(Client, Vec<u8>, String),
}

/// The same, with other input and a server that `start` has started.
pub(crate) fn play(
    case: &Case,
    given: &Given,
    start: impl FnOnce() -> anyhow::Result<Server>,
    claim: Claim,
    patience: Duration,
) -> Played {
    let script = case.script(given);
    let _turn = limits::turn(&script);
    let mut played = Played {
        verdict: Verdict::Passes,
        moments: Vec::new(),
        failed: None,
        last_words: String::new(),
        server: None,
    };
    let server = match start() {
        Ok(server) => server,
        Err(error) => {
            played.verdict = Verdict::Broken(format!("the server did not start: {error:#}"));
            return played;
        }
    };
    let mut run = Run {
        server,
        idle_descriptors: 0,
        given,
        protocol: case.protocol,
        claim,
        patience,
        clients: BTreeMap::new(),
        most: 0,
        start: Instant::now(),
        played: Vec::new(),
        failed: None,
        room: Room::Enough,
        reply: Vec::new(),
        stop: Stop::Not,
    };
    let breath = match run.play(&script) {
        Ok(()) => {
            played.server = (run.stop == Stop::Not).then_some(run.server);
            return played;
        }
        Err(Failure::ByDesign(cause)) => {
            played.verdict = Verdict::Fails(cause);
            Duration::ZERO
        }
        Err(Failure::Broken(what)) => {
            played.verdict = Verdict::Broken(what);
            LAST_BREATH
        }
    };
    played.last_words = run.last_words(breath);
    Played { moments: run.played, failed: run.failed, ..played }
}

impl Played {
    /// What led to the verdict, and when: the last steps, and before them how the conversation of the
    /// client began that was failed. `whole`: all of it, with every byte.
    pub fn transcript(&self, whole: bool) -> String {
        let [last, first] = if whole { SHOWN_WHOLE } else { SHOWN };
        let tail = self.moments.len().saturating_sub(last);
        let its = |moment: &Moment| self.failed.is_some() && moment.what.client() == self.failed;
        let came = |moment: &Moment| its(moment) && moment.what.is_connect();
        let from = self.moments[..tail].iter().rposition(came).unwrap_or(tail);
        let its_first = (from..tail).filter(|&i| its(&self.moments[i])).take(first);
        let mut transcript = String::new();
        let mut next = 0;
        for i in its_first.chain(tail..self.moments.len()) {
            if i > next {
                transcript += &format!("  … {} steps\n", i - next);
            }
            next = i + 1;
            let Moment { at, what } = &self.moments[i];
            let what = if whole { format!("{what:#}") } else { format!("{what}") };
            transcript += &format!("  {:>5} ms  {what}\n", at.as_millis());
        }
        transcript + &self.last_words
    }
}

impl What {
    /// Who does it, or to whom it happens.
    fn client(&self) -> Option<Client> {
        match self {
            What::Action(action) => action.client(),
            What::Came(client, ..) => Some(*client),
            What::Note(_) => None,
        }
    }

    fn is_connect(&self) -> bool {
        matches!(self, What::Action(Action::Connect(_) | Action::Flood(..)))
    }
}

impl fmt::Display for What {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            What::Action(action) => action.fmt(f),
            What::Note(note) => f.write_str(note),
            What::Came(client, bytes, end) if bytes.is_empty() => {
                write!(f, "{client} has got nothing{end}")
            }
            What::Came(client, bytes, end) => {
                write!(f, "{client} has got ")?;
                Shown(bytes).fmt(f)?;
                f.write_str(end)
            }
        }
    }
}

/// A script that is being played.
struct Run<'a> {
    server: Server,
    /// How many descriptors it has open when nobody is there, where the script asks for that.
    idle_descriptors: usize,
    given: &'a Given,
    protocol: Protocol,
    claim: Claim,
    patience: Duration,
    /// Those who are connected, as far as the script is concerned.
    clients: BTreeMap<Client, Connection>,
    /// How many of them there were at most.
    most: usize,
    /// When the script began.
    start: Instant,
    /// What it did so far, for the report.
    played: Vec<Moment>,
    /// Who was not served as it says.
    failed: Option<Client>,
    /// Whether everybody who comes gets in.
    room: Room,
    /// The last reply that was expected and has come, to whomever.
    reply: Vec<u8>,
    stop: Stop,
}

/// Whether the server was asked to stop.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Stop {
    Not,
    Asked,
    /// It was, and has ended as it should.
    Ended,
}

/// Whether a server that has few descriptors lets somebody in.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Room {
    /// It has enough of them.
    Enough,
    /// It may have none left.
    Little,
    /// It has none, and its backlog is full.
    None,
}

/// Why a script did not come to its end.
enum Failure {
    ByDesign(Cause),
    Broken(String),
}

fn broken<T>(what: impl Into<String>) -> Result<T, Failure> {
    Err(Failure::Broken(what.into()))
}

impl Run<'_> {
    fn play(&mut self, script: &[Action]) -> Result<(), Failure> {
        if script.iter().any(|action| matches!(action, Action::Accepted)) {
            self.one_comes_and_goes()?;
            self.idle_descriptors = self.server.descriptors();
        }
        for action in script {
            let action = action.repeating(&self.reply).or_else(broken)?;
            self.remember(What::Action(action.clone().into_owned()));
            self.act(&action)?;
        }
        self.note("the script ends");
        match self.stop {
            Stop::Asked => return Ok(self.server.wait_for_end(self.patience)?),
            Stop::Ended => return Ok(()),
            Stop::Not => {}
        }
        self.everybody_leaves()?;
        self.a_new_client_is_served()?;
        match self.server.peak_memory() {
            Some(bytes) if bytes > MEMORY.max(EACH * self.most as u64) => {
                broken(format!("the server needed {} MiB of memory", bytes >> 20))
            }
            _ => Ok(()),
        }
    }

    fn act(&mut self, action: &Action) -> Result<(), Failure> {
        let patience = self.patience;
        match action {
            Action::Connect(client) => self.connect(*client)?,
            Action::Send(client, bytes) => {
                if !self.client(*client).send(bytes, patience) {
                    return broken("the server neither takes more nor sends anything");
                }
            }
            Action::SendAhead(client, bytes) => {
                if !self.client(*client).send_ahead(bytes, patience) {
                    return broken("the server neither takes more nor sends anything");
                }
            }
            Action::Slices(client, bytes, size) => {
                let mut slices = bytes.chunks(*size);
                if !slices.all(|slice| self.client(*client).send(slice, patience)) {
                    return broken("the server neither takes more nor sends anything");
                }
            }
            Action::Expect(client, reply) => {
                let waited = self.wait(*client, reply);
                self.judge(*client, reply, waited)?;
            }
            Action::Overtake { first, second } => self.overtake(first, second)?,
            Action::Flood(client, bytes) => self.flood(*client, bytes)?,
            Action::HalfClose(client) => self.client(*client).half_close(),
            Action::Closed(client) => drop(self.ended(*client)?),
            Action::ReplyOrEnd { client, reply, ours } => {
                match self.wait(*client, reply) {
                    // A part of it is no reply: it was given up.
                    Waited::Ended(_) => {}
                    waited => self.judge(*client, reply, waited)?,
                }
                if *ours == Last::End {
                    self.clients.remove(client);
                }
            }
            Action::EndsWith(client, replies) => self.ends_with(*client, replies)?,
            Action::Cut(client) => {
                let stranger = self.given.stranger.is_some();
                let patience = if stranger { patience.max(PARTING) } else { patience };
                if !self.ended(*client)?.send_until_cut(patience) {
                    return broken(format!("the server listens to {client} for ever"));
                }
            }
            Action::Leave(client) => drop(self.clients.remove(client)),
            Action::Reset(client) => {
                if let Some(connection) = self.clients.remove(client) {
                    connection.reset().or_else(|error| broken(format!("no reset: {error}")))?;
                }
            }
            Action::Descriptors(n) => {
                self.server.limit_descriptors(*n)?;
                self.room = Room::Little;
            }
            Action::Exhausted => {
                self.server.wait_for_descriptors(IDLE);
                self.room = Room::Enough;
            }
            Action::Light => {
                let (clients, bytes) = (self.clients.len(), self.server.peak_memory());
                if let Some(bytes) = bytes.filter(|&bytes| bytes > EACH * clients as u64) {
                    return Err(Failure::ByDesign(Cause::Heavy { clients, mib: bytes >> 20 }));
                }
            }
            Action::Accepted => self.accepted()?,
            Action::Pause => self.server.pause(patience)?,
            Action::Stop => {
                self.stop = Stop::Asked;
                self.server.ask_to_stop()?;
            }
            Action::StopAgain => {
                self.server.stop_again(patience)?;
                self.stop = Stop::Ended;
            }
            Action::StopInVain => {
                self.server.stop_in_vain(NO_GRACE, patience)?;
                self.stop = Stop::Ended;
            }
            Action::Refused(client) => self.refused(*client)?,
        }
        Ok(())
    }

    /// A server may say that it listens before it has opened all that it will ever need. When a client
    /// was served, it has.
    fn one_comes_and_goes(&mut self) -> Result<(), Failure> {
        let mut first = self.open(None)?;
        self.say_one_thing(&mut first);
        first.half_close();
        first.wait_for_end(self.patience);
        self.server.wait_for_descriptors(ALONE);
        Ok(())
    }

    fn accepted(&self) -> Result<(), Failure> {
        let (wanted, deadline) =
            (self.idle_descriptors + self.clients.len(), Instant::now() + self.patience);
        while self.server.descriptors() < wanted {
            if Instant::now() > deadline {
                return broken(format!("not everybody is accepted in {}", seconds(self.patience)));
            }
            thread::sleep(TURN);
        }
        Ok(())
    }

    /// Nobody gets in. If somebody does, and nobody when all others have left, they were the cause.
    fn refused(&mut self, client: Client) -> Result<(), Failure> {
        let others = self.clients.len();
        let probing = others > 0 && self.claim == Claim::Fails;
        if self.is_closed(if probing { PROBE } else { self.patience.min(SOON) }) {
            return Ok(());
        }
        self.clients.clear();
        self.note(format!("{client} gets in, so everybody else leaves"));
        if others > 0 && self.is_closed(self.patience) {
            return Err(Failure::ByDesign(Cause::LetIn { client, others }));
        }
        broken(format!("{client} gets in, although the server was asked to stop"))
    }

    /// Whether nobody gets in any more, at the latest after `patience`.
    fn is_closed(&self, patience: Duration) -> bool {
        let deadline = Instant::now() + patience;
        loop {
            match Connection::open(self.server.addr, None, patience) {
                Err(error) if error.kind() == ErrorKind::ConnectionRefused => return true,
                _ if Instant::now() > deadline => return false,
                _ => thread::sleep(TURN),
            }
        }
    }

    /// Everybody gets in, except where the server has no descriptors left: then somebody is outside,
    /// and so is everybody after him.
    fn connect(&mut self, client: Client) -> Result<(), Failure> {
        if self.room != Room::Enough && !self.clients.is_empty() {
            let addr = self.server.addr;
            let there_is = self.room == Room::Little;
            let Some(connection) =
                there_is.then(|| Connection::open(addr, None, OUTSIDE).ok()).flatten()
            else {
                self.room = Room::None;
                self.note(format!("{client} stays outside: the backlog is full"));
                return Ok(());
            };
            self.clients.insert(client, connection);
            return Ok(());
        }
        let connection = self.open(None);
        self.failed = connection.is_err().then_some(client);
        let connection = connection?;
        self.clients.insert(client, connection);
        self.most = self.most.max(self.clients.len());
        Ok(())
    }

    /// The server may take what it forgets: then it needs no memory for it, and, where nobody can look
    /// into its memory, it does not answer when it is read from at last.
    fn flood(&mut self, client: Client, bytes: &[u8]) -> Result<(), Failure> {
        let mut connection = self.open(Some(SMALL_WINDOW))?;
        let refused = connection.flood(bytes);
        if !refused {
            let kept = match self.server.peak_memory() {
                Some(memory) => memory > FLOOD as u64 / 4,
                None => connection.drain(self.patience, FLOOD / 2) >= FLOOD / 2,
            };
            if kept {
                let taken = FLOOD >> 20;
                return broken(format!("the server took all of {taken} MiB: it keeps them"));
            }
            self.note(format!("the server took all, and keeps nothing of it for {client}"));
        }
        self.clients.insert(client, connection);
        Ok(())
    }

    fn open(&self, window: Option<usize>) -> Result<Connection, Failure> {
        Connection::open(self.server.addr, window, self.patience)
            .or_else(|error| broken(format!("cannot connect: {error} (a full listen backlog?)")))
    }

    fn client(&mut self, client: Client) -> &mut Connection {
        self.clients.get_mut(&client).expect("a script names only clients that are connected")
    }

    fn wait(&mut self, client: Client, reply: &Reply) -> Waited {
        let others = self.clients.len() > 1;
        let probing = others && self.claim == Claim::Fails;
        let patience = if probing { PROBE } else { self.patience };
        self.client(client).wait(reply, patience)
    }

    /// What it means that `waited` came of waiting for `reply`.
    fn judge(&mut self, client: Client, reply: &Reply, waited: Waited) -> Result<(), Failure> {
        self.came(client, &waited);
        match waited {
            Waited::Arrived => {
                self.reply = mem::take(&mut self.client(client).reply);
                Ok(())
            }
            Waited::Wrong(what) => broken(format!("{client} got {what}")),
            Waited::Ended(end) => self.explain_end(client, end),
            Waited::Silence => self.explain_silence(client, reply),
        }
    }

    /// `client` was not answered. If it is when everybody else has left, they were the cause.
    fn explain_silence(&mut self, client: Client, reply: &Reply) -> Result<(), Failure> {
        let others = self.clients.len() - 1;
        if others > 0 {
            self.clients.retain(|&other, _| other == client);
            self.note(format!("{client} got no answer, so everybody else leaves"));
            let patience = self.patience;
            if let Waited::Arrived = self.client(client).wait(reply, patience) {
                return Err(Failure::ByDesign(Cause::Held { client, others }));
            }
        }
        let seen = &self.client(client).seen;
        let got = if seen.is_empty() { "nothing".into() } else { format!("only {}", Shown(seen)) };
        broken(format!("{client} got {got} in {}", seconds(self.patience)))
    }

    /// The server left `client` in the middle of its script. If it leaves also someone who says one
    /// thing and then another, that is how it treats everyone. (To leave someone who says no more is
    /// another matter: many HTTP servers do so after a while.)
    fn explain_end(&mut self, client: Client, end: End) -> Result<(), Failure> {
        let got = Shown(&self.client(client).seen).to_string();
        let what = format!("{client} got {got}, and then the connection ended ({end})");
        if self.stop != Stop::Not {
            return broken(what);
        }
        self.clients.clear();
        self.note(format!("{client} was left ({end}); is another client left, too?"));
        if let Ok(mut stranger) = self.open(None)
            && let Waited::Arrived = self.say_one_thing(&mut stranger)
            && let Waited::Ended(_) = self.say_one_thing(&mut stranger)
        {
            return Err(Failure::ByDesign(Cause::HungUp { client }));
        }
        broken(what)
    }

    fn overtake(
        &mut self,
        (client, mine): &(Client, Reply),
        (other, theirs): &(Client, Reply),
    ) -> Result<(), Failure> {
        let deadline = Instant::now() + self.patience;
        while Instant::now() < deadline {
            self.client(*client).read(TURN);
            self.client(*other).read(TURN);
            // Theirs is looked at first: when both have come meanwhile, nothing was overtaken.
            match self.client(*other).look(theirs) {
                None => {}
                Some(Waited::Arrived) => return self.explain_order(*client, mine, *other),
                Some(waited) => return self.judge(*other, theirs, waited),
            }
            match self.client(*client).look(mine) {
                None => {}
                Some(Waited::Arrived) => {
                    let patience = self.patience;
                    let waited = self.client(*other).wait(theirs, patience);
                    return self.judge(*other, theirs, waited);
                }
                Some(waited) => return self.judge(*client, mine, waited),
            }
        }
        self.explain_silence(*client, mine)
    }

    /// `other` has its answer, although `client` should have been first. If now `client` gets its
    /// own, it was behind the other.
    fn explain_order(
        &mut self,
        client: Client,
        reply: &Reply,
        other: Client,
    ) -> Result<(), Failure> {
        self.note(format!("{other} was answered first, and leaves"));
        self.clients.remove(&other);
        let patience = self.patience;
        match self.client(client).wait(reply, patience) {
            Waited::Arrived => Err(Failure::ByDesign(Cause::Behind { client, other })),
            waited => self.judge(client, reply, waited),
        }
    }

    fn ends_with(&mut self, client: Client, replies: &[Reply]) -> Result<(), Failure> {
        let stranger = self.given.stranger.is_some();
        let most = if stranger { replies.len() } else { 1 };
        for reply in &replies[..most] {
            match self.wait(client, reply) {
                Waited::Ended(_) if stranger => {
                    self.clients.remove(&client);
                    return Ok(());
                }
                waited => self.judge(client, reply, waited)?,
            }
        }
        self.ended(client).map(drop)
    }

    /// Waits until the server ends the connection of `client`, in good order and without another
    /// byte. As far as the script is concerned, the client is gone then.
    fn ended(&mut self, client: Client) -> Result<Connection, Failure> {
        let patience = self.patience;
        let stranger = self.given.stranger.is_some();
        let connection = self.client(client);
        let end = connection.wait_for_end(patience);
        let what = match end {
            _ if !connection.seen.is_empty() => {
                format!("{client} got {}, which nobody asked for", Shown(&connection.seen))
            }
            // It has said all, and did not wait for the client to have heard it.
            Some(End::Broken(ErrorKind::ConnectionReset)) if stranger => return self.gone(client),
            Some(End::Closed) => return self.gone(client),
            Some(end) => format!("the connection of {client} was not closed: {end}"),
            None => format!("the server does not end the connection of {client}"),
        };
        self.came(client, &end.map_or(Waited::Silence, Waited::Ended));
        broken(what)
    }

    /// Takes a client from those who are there.
    fn gone(&mut self, client: Client) -> Result<Connection, Failure> {
        Ok(self.clients.remove(&client).expect("a script names only clients that are connected"))
    }

    /// Whoever is still there says goodbye, and must get the end of the stream and not one byte
    /// more.
    fn everybody_leaves(&mut self) -> Result<(), Failure> {
        self.clients.retain(|_, connection| !connection.flooded);
        // What half a request is worth to a stranger's HTTP server is its own affair.
        if self.given.stranger.is_some() {
            self.clients.clear();
        }
        self.clients.values_mut().for_each(Connection::half_close);
        let here: Vec<Client> = self.clients.keys().copied().collect();
        here.into_iter().try_for_each(|client| self.ended(client).map(drop))
    }

    /// No script ends a server.
    fn a_new_client_is_served(&mut self) -> Result<(), Failure> {
        self.failed = None;
        self.note("a new client says one thing");
        let mut stranger = self.open(None)?;
        match self.say_one_thing(&mut stranger) {
            Waited::Arrived => Ok(()),
            Waited::Wrong(what) => broken(format!("a new client got {what}")),
            _ => broken("a new client is not served"),
        }
    }

    /// What every server answers, whatever it fails: a request in one piece, from a new client.
    fn say_one_thing(&self, stranger: &mut Connection) -> Waited {
        let (request, reply) = self.given.one_thing(self.protocol);
        if !stranger.send(&request, self.patience) {
            return Waited::Silence;
        }
        stranger.wait(&reply, self.patience)
    }

    /// Remembers something that is no action of the script.
    fn note(&mut self, what: impl fmt::Display) {
        self.remember(What::Note(what.to_string()));
    }

    fn remember(&mut self, what: What) {
        self.played.push(Moment { at: self.start.elapsed(), what });
    }

    /// Remembers what a client has got that waits for something else.
    fn came(&mut self, client: Client, waited: &Waited) {
        let end = match waited {
            Waited::Arrived => return,
            Waited::Wrong(_) => ", which is not it".into(),
            Waited::Ended(end) => format!(", and the connection has ended ({end})"),
            Waited::Silence => " until now".into(),
        };
        self.failed = Some(client);
        let seen = self.client(client).seen.clone();
        self.remember(What::Came(client, seen, end));
    }

    /// How the server has ended, if it has, and what it said of it.
    fn last_words(&mut self, breath: Duration) -> String {
        // Its connections break a moment before the process is over.
        let ended = self.server.ended_within(breath);
        let ended =
            ended.map_or_else(String::new, |status| format!("  the server has ended: {status}\n"));
        ended + &self.server.last_words()
    }
}

/// For a report, in which a tenth of a second matters to nobody.
fn seconds(duration: Duration) -> String {
    match duration.as_secs_f32() {
        s if s < 1.0 => format!("{} ms", duration.as_millis()),
        s => format!("{s:.0} s"),
    }
}

impl From<anyhow::Error> for Failure {
    fn from(error: anyhow::Error) -> Failure {
        Failure::Broken(format!("{error:#}"))
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Cause::Held { client, others: 1 } => {
                write!(f, "{client} was answered only when the other client had left")
            }
            Cause::Held { client, others } => {
                write!(f, "{client} was answered only when the other {others} had left")
            }
            Cause::LetIn { client, others } => {
                write!(f, "{client} got in after the stop, until the other {others} had left")
            }
            Cause::Behind { client, other } => {
                write!(f, "{client} was answered only after {other}, who had asked for more")
            }
            Cause::Heavy { clients, mib } => {
                write!(f, "{clients} clients at once cost the server {mib} MiB of memory")
            }
            Cause::HungUp { client } => {
                write!(f, "the server hung up on {client}, as it does on everyone after one read")
            }
        }
    }
}
