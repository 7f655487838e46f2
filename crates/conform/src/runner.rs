//! Plays a script against a server, and finds out why when it does not go as written.

use std::collections::BTreeMap;
use std::fmt;
use std::io::ErrorKind;
use std::time::{Duration, Instant};

use crate::client::{Connection, End, TURN, Waited};
use crate::script::{Action, Client, FLOOD, Reply, Shown};
use crate::server::{EACH, MEMORY, Server, Target};
use crate::{Case, Given, Protocol, limits};

/// How long a reply may take before it counts as missing. It is never the reason of a verdict
/// that a design is at fault, only of the verdict that something is broken.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// How long a reply must be missing before the others are told to leave, to see whether they were
/// the cause, when the server is said to fail.
const PROBE: Duration = Duration::from_millis(500);

/// How long a report waits to see whether the server is about to end.
const LAST_BREATH: Duration = Duration::from_millis(300);

/// After this long without opening another descriptor, a server is said to open no more. Nothing is
/// judged by it: the script just goes on.
const IDLE: Duration = Duration::from_millis(600);

/// How long a stranger may listen to a client that it has left. nginx does for 30 seconds.
const PARTING: Duration = Duration::from_secs(40);

/// The receive buffer of a client that never reads: small, so that the server feels it soon.
const SMALL_WINDOW: usize = 4 * 1024;

/// How many lines of the script a report shows.
const SHOWN: usize = 12;

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
    let Played { verdict, transcript } = play(case, &Given::default(), target, claim, patience);
    match verdict {
        Verdict::Broken(what) => Verdict::Broken(format!("{what}\n{transcript}")),
        verdict => verdict,
    }
}

/// What came of a case, and what led to it.
pub(crate) struct Played {
    pub verdict: Verdict,
    /// The last that was done, and when, line by line.
    pub transcript: String,
}

/// The same, with other input.
pub(crate) fn play(
    case: &Case,
    given: &Given,
    target: &Target,
    claim: Claim,
    patience: Duration,
) -> Played {
    let script = case.script(given);
    let _turn = limits::turn(&script);
    let server = match Server::start(target, case.protocol, patience) {
        Ok(server) => server,
        Err(error) => {
            let verdict = Verdict::Broken(format!("the server did not start: {error:#}"));
            return Played { verdict, transcript: String::new() };
        }
    };
    let mut run = Run {
        server,
        given,
        protocol: case.protocol,
        claim,
        patience,
        clients: BTreeMap::new(),
        most: 0,
        start: Instant::now(),
        played: Vec::new(),
        stopping: false,
    };
    match run.play(&script) {
        Ok(()) => Played { verdict: Verdict::Passes, transcript: String::new() },
        Err(Failure::ByDesign(cause)) => {
            Played { verdict: Verdict::Fails(cause), transcript: run.transcript(Duration::ZERO) }
        }
        Err(Failure::Broken(what)) => {
            let transcript = run.transcript(LAST_BREATH);
            Played { verdict: Verdict::Broken(what), transcript }
        }
    }
}

/// A script that is being played.
struct Run<'a> {
    server: Server,
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
    played: Vec<String>,
    /// Whether the server was asked to stop.
    stopping: bool,
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
        for action in script {
            self.note(action);
            self.act(action)?;
        }
        self.note("the script ends");
        if self.stopping {
            return Ok(self.server.wait_for_end(self.patience)?);
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
            Action::Connect(client) => {
                let connection = self.open(None)?;
                self.clients.insert(*client, connection);
                self.most = self.most.max(self.clients.len());
            }
            Action::Send(client, bytes) => {
                if !self.client(*client).send(bytes, patience) {
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
            Action::Flood(client, bytes) => {
                let mut connection = self.open(Some(SMALL_WINDOW))?;
                let refused = connection.flood(bytes);
                self.clients.insert(*client, connection);
                // It may also read and forget, after it has left: then it needs no memory for them.
                let memory = self.server.peak_memory();
                if !refused && memory.is_none_or(|bytes| bytes > FLOOD as u64 / 4) {
                    return broken(format!("the server took all of {FLOOD} bytes: it keeps them"));
                }
            }
            Action::HalfClose(client) => self.client(*client).half_close(),
            Action::Closed(client) => drop(self.ended(*client)?),
            Action::ReplyOrEnd { client, reply, .. } => {
                match self.wait(*client, reply) {
                    Waited::Ended(_) if self.client(*client).seen.is_empty() => {}
                    waited => self.judge(*client, reply, waited)?,
                }
                self.clients.remove(client);
            }
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
            Action::Descriptors(n) => self.server.limit_descriptors(*n)?,
            Action::Exhausted => self.server.wait_for_descriptors(IDLE),
            Action::Light => {
                let (clients, bytes) = (self.clients.len(), self.server.peak_memory());
                if let Some(bytes) = bytes.filter(|&bytes| bytes > EACH * clients as u64) {
                    return Err(Failure::ByDesign(Cause::Heavy { clients, mib: bytes >> 20 }));
                }
            }
            Action::Stop => {
                self.stopping = true;
                self.server.ask_to_stop()?;
            }
        }
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
        match waited {
            Waited::Arrived => Ok(()),
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
        broken(format!("{client} got {got} in {:?}", self.patience))
    }

    /// The server left `client` in the middle of its script. If it leaves also someone who says one
    /// thing and then another, that is how it treats everyone. (To leave someone who says no more is
    /// another matter: many HTTP servers do so after a while.)
    fn explain_end(&mut self, client: Client, end: End) -> Result<(), Failure> {
        let got = Shown(&self.client(client).seen).to_string();
        let what = format!("{client} got {got}, and then the connection ended ({end})");
        if self.stopping {
            return broken(what);
        }
        self.clients.clear();
        self.note(format!("{client} was left ({end}), so a new client says two things"));
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

    /// Waits until the server ends the connection of `client`, in good order and without another
    /// byte. As far as the script is concerned, the client is gone then.
    fn ended(&mut self, client: Client) -> Result<Connection, Failure> {
        let patience = self.patience;
        let connection = self.client(client);
        let end = connection.wait_for_end(patience);
        if !connection.seen.is_empty() {
            let seen = Shown(&connection.seen);
            return broken(format!("{client} got {seen}, which nobody asked for"));
        }
        let stranger = self.given.stranger.is_some();
        match (end, self.clients.remove(&client)) {
            (Some(End::Closed), Some(connection)) => Ok(connection),
            // It has said all, and did not wait for the client to have heard it.
            (Some(End::Broken(ErrorKind::ConnectionReset)), Some(connection)) if stranger => {
                Ok(connection)
            }
            (Some(end), _) => broken(format!("the connection of {client} was not closed: {end}")),
            _ => broken(format!("the server does not end the connection of {client}")),
        }
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

    /// Remembers what is done now.
    fn note(&mut self, what: impl fmt::Display) {
        let ms = self.start.elapsed().as_millis();
        self.played.push(format!("{ms:>5} ms  {what}"));
    }

    /// What was done last, and what the server said of it.
    fn transcript(&mut self, breath: Duration) -> String {
        let mut transcript = String::new();
        let hidden = self.played.len().saturating_sub(SHOWN);
        if hidden > 0 {
            transcript += &format!("  … {hidden} steps before\n");
        }
        for line in &self.played[hidden..] {
            transcript += &format!("  {line}\n");
        }
        // Its connections break a moment before the process is over.
        if let Some(status) = self.server.ended_within(breath) {
            transcript += &format!("  the server has ended: {status}\n");
        }
        transcript + &self.server.last_words()
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
