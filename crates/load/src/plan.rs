//! What is to be done: the flags, checked.

use std::net::SocketAddr;
use std::str::FromStr;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::Error;

/// The largest prime below 2^52. Trial division by odd numbers needs 33.5 million divisions for
/// it, which takes 50 to 200 ms on the processors of the last ten years: long enough to be seen
/// in every percentile, and short enough to happen several times in a second of measuring.
pub const LONG_PRIME: u64 = (1 << 52) - 47;

/// How many connections ask for primes in the mixed workload. Two, so that also a pool of four
/// has workers left.
pub const ASKERS: usize = 2;

/// Echo requests a second in the mixed workload, unless a rate is given. A server that stops for
/// two computations at a time, 200 ms, still lets 64 connections ask 320 times a second. Below
/// that its queue is stable, and the result says how long it stalls rather than for how long it was
/// measured.
pub const MIXED_RATE: f64 = 200.0;

/// How many connections say nothing in the hoard, unless told otherwise: more than any pool has
/// workers.
pub const SILENT: usize = 100;

/// How many connections ask in the hoard, unless told otherwise. It is about those beside them.
pub const BESIDE: usize = 8;

/// The largest prime below 2^35. Its check takes about 200 µs: so long that the generator, which needs
/// ten or so for a request, is not what is measured, and another core is soon worth having.
pub const SHORT_PRIME: u64 = (1 << 35) - 31;

/// How many connections ask for it. As many as a pool has workers, so that none has to wait for another
/// to leave.
const SPREAD: usize = 4;

/// How often it is asked for, unless a rate is given: more often than one core can answer.
pub const SPREAD_RATE: f64 = 6000.0;

/// How many requests are sent together in the pipeline workload, unless a depth is given: as many
/// as others use, so that figures compare.
pub const PIPELINE_DEPTH: usize = 16;

/// What is sent together is held eight times, so this bounds what the generator needs.
pub const PAYLOAD_LIMIT: usize = 4 << 20;

/// What the clients do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Workload {
    /// Small requests, each answered at once: what does a request cost?
    Echo,
    /// The same, many sent together and then all answers awaited: what does batching buy?
    Pipeline,
    /// Small requests at a fixed rate, while others ask for long primes: who waits for whom?
    Mixed,
    /// Small requests at a fixed rate, while many more are connected and silent: who starves?
    Hoard,
    /// A connection for each request: what does a connection cost?
    Storm,
    /// Short computations, more often than one core can do them: what does another core bring?
    Spread,
    /// One request each, then silence: what does an open connection cost?
    Crowd,
}

/// What the server speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Protocol {
    /// The project's own: a greeting, then `^bytes$`, and each byte comes back plus one.
    Frames,
    /// HTTP/1.1 with keep-alive: `GET /plain`.
    Http,
    /// No protocol: the same bytes come back, and there is no greeting.
    Raw,
}

impl Workload {
    /// All of them.
    pub const ALL: [Workload; 7] = [
        Workload::Echo,
        Workload::Pipeline,
        Workload::Mixed,
        Workload::Hoard,
        Workload::Storm,
        Workload::Spread,
        Workload::Crowd,
    ];

    /// The word used in flags and reports.
    pub fn name(self) -> &'static str {
        match self {
            Workload::Echo => "echo",
            Workload::Pipeline => "pipeline",
            Workload::Mixed => "mixed",
            Workload::Hoard => "hoard",
            Workload::Storm => "storm",
            Workload::Spread => "spread",
            Workload::Crowd => "crowd",
        }
    }
}

impl Protocol {
    /// The word used in flags and reports.
    pub fn name(self) -> &'static str {
        match self {
            Protocol::Frames => "frames",
            Protocol::Http => "http",
            Protocol::Raw => "raw",
        }
    }
}

impl FromStr for Workload {
    type Err = String;

    fn from_str(word: &str) -> Result<Workload, String> {
        let known = Workload::ALL.into_iter().find(|workload| workload.name() == word);
        known.ok_or_else(|| {
            let all = Workload::ALL.map(Workload::name).join(", ");
            format!("no workload is called `{word}`; there are {all}")
        })
    }
}

impl FromStr for Protocol {
    type Err = String;

    fn from_str(word: &str) -> Result<Protocol, String> {
        let all = [Protocol::Frames, Protocol::Http, Protocol::Raw];
        let known = all.into_iter().find(|protocol| protocol.name() == word);
        known.ok_or_else(|| format!("no protocol is called `{word}`: frames, http or raw"))
    }
}

/// What is asked for over HTTP, by all but those who ask for primes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    /// The target of the request, from its first slash on.
    pub path: String,
    /// What must come back, byte for byte.
    pub body: String,
}

impl Default for Page {
    /// The page that costs a server the least.
    fn default() -> Page {
        Page { path: "/plain".into(), body: "Hello, World!".into() }
    }
}

/// Everything that a run depends on.
#[derive(Debug, Clone)]
pub struct Plan {
    /// Where the server listens.
    pub target: SocketAddr,
    /// What the clients do.
    pub workload: Workload,
    /// What the server speaks.
    pub protocol: Protocol,
    /// How many connections ask (in `mixed`: those that echo).
    pub connections: usize,
    /// Requests a second over all connections; `None` is a closed loop.
    pub rate: Option<f64>,
    /// How long results are recorded.
    pub measured: Duration,
    /// How long the load runs before that.
    pub warm_up: Duration,
    /// Bytes inside a frame, or of a raw message. HTTP asks for a page, which has its own size.
    pub payload: usize,
    /// With HTTP: what is asked for.
    pub page: Page,
    /// In `pipeline`: how many requests are sent together; 1 in the others.
    pub depth: usize,
    /// In `mixed`: how many connections ask for primes.
    pub askers: usize,
    /// In `hoard`: how many connections say nothing.
    pub silent: usize,
    /// In `mixed` and `spread`: the prime that is asked for.
    pub prime: u64,
    /// The server's process, if its cost is wanted too.
    pub server: Option<u32>,
}

impl Plan {
    /// The defaults of a workload.
    pub fn new(target: SocketAddr, workload: Workload, protocol: Protocol) -> Plan {
        let (connections, rate, payload) = match workload {
            Workload::Echo | Workload::Pipeline => (64, None, 8),
            Workload::Mixed => (64, Some(MIXED_RATE), 8),
            Workload::Hoard => (BESIDE, Some(MIXED_RATE), 8),
            Workload::Storm => (64, None, 8),
            Workload::Spread => (SPREAD, Some(SPREAD_RATE), 8),
            Workload::Crowd => (1000, None, 16 << 10),
        };
        Plan {
            target,
            workload,
            protocol,
            connections,
            rate,
            measured: Duration::from_secs(5),
            warm_up: Duration::from_secs(1),
            payload,
            page: Page::default(),
            depth: if workload == Workload::Pipeline { PIPELINE_DEPTH } else { 1 },
            askers: if workload == Workload::Mixed { ASKERS } else { 0 },
            silent: if workload == Workload::Hoard { SILENT } else { 0 },
            prime: if workload == Workload::Spread { SHORT_PRIME } else { LONG_PRIME },
            server: None,
        }
    }

    /// All connections, those included that ask for primes or for nothing.
    pub fn sockets(&self) -> usize {
        self.connections + self.askers + self.silent
    }

    fn asks_for_primes(&self) -> bool {
        matches!(self.workload, Workload::Mixed | Workload::Spread)
    }

    /// Says what makes no sense, before anything is opened.
    pub fn check(&self) -> Result<(), Error> {
        let wrong = |text: String| Err(Error::Plan(text));
        if self.connections == 0 {
            return wrong("no connections: pass --connections 1 or more".into());
        }
        if self.rate.is_some_and(|rate| !(rate > 0.0 && rate <= 10e6)) {
            return wrong("the rate must be above 0 and at most 10000000 requests a second".into());
        }
        if self.measured.is_zero() {
            return wrong("nothing would be measured: pass --seconds 1 or more".into());
        }
        if self.payload == 0 || self.payload > PAYLOAD_LIMIT {
            return wrong(format!("the payload must be 1 to {PAYLOAD_LIMIT} bytes"));
        }
        let printable = |byte: u8| byte.is_ascii_graphic();
        if !self.page.path.starts_with('/') || !self.page.path.bytes().all(printable) {
            return wrong(format!("`{}` is no path such as /plain", self.page.path));
        }
        if self.page != Page::default() && self.protocol != Protocol::Http {
            return wrong("only HTTP has a path and a body: pass --protocol http".into());
        }
        let deepest = PAYLOAD_LIMIT / self.payload;
        if self.depth == 0 || self.depth > deepest {
            return wrong(format!("the depth must be 1 to {deepest} requests with this payload"));
        }
        if self.workload != Workload::Pipeline && self.depth > 1 {
            return wrong("only a pipeline has a depth: pass --workload pipeline".into());
        }
        if self.workload == Workload::Pipeline && self.rate.is_some() {
            return wrong("a pipeline asks when all is answered: it has no rate".into());
        }
        let name = self.workload.name();
        if self.asks_for_primes() && self.protocol == Protocol::Raw {
            return wrong(format!("a raw echo knows no primes: `{name}` needs frames or http"));
        }
        if matches!(self.workload, Workload::Mixed | Workload::Hoard | Workload::Spread)
            && self.rate.is_none()
        {
            return wrong(format!("`{name}` is an open loop: it needs a rate"));
        }
        if self.workload != Workload::Hoard && self.silent > 0 {
            return wrong("only a hoard has silent connections: pass --workload hoard".into());
        }
        if self.workload == Workload::Storm && self.rate.is_some() {
            return wrong("a storm connects as fast as it is answered: it has no rate".into());
        }
        if self.workload == Workload::Crowd && self.rate.is_some() {
            return wrong("a crowd asks once and rests: it has no rate".into());
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_long_prime_is_prime() {
        assert!(proto::is_prime(LONG_PRIME));
        assert!((LONG_PRIME + 1..1 << 52).all(|n| !proto::is_prime(n)), "and the largest");
        assert!(proto::is_prime(SHORT_PRIME));
        assert!((SHORT_PRIME + 1..1 << 35).all(|n| !proto::is_prime(n)), "and the largest");
    }

    #[test]
    fn what_makes_no_sense_is_said() {
        let target = SocketAddr::from(([127, 0, 0, 1], 1));
        let plan = |workload, protocol| Plan::new(target, workload, protocol);
        assert!(plan(Workload::Mixed, Protocol::Raw).check().is_err());
        assert!(plan(Workload::Mixed, Protocol::Http).check().is_ok());
        let never = Plan { rate: Some(0.0), ..plan(Workload::Echo, Protocol::Frames) };
        assert!(never.check().is_err());
        let never_deep = Plan { depth: 0, ..plan(Workload::Pipeline, Protocol::Http) };
        assert!(never_deep.check().is_err());
        let vast = Plan { payload: 1 << 20, ..plan(Workload::Pipeline, Protocol::Frames) };
        assert!(vast.check().is_err());
        assert!(plan(Workload::Spread, Protocol::Raw).check().is_err());
        assert!(plan(Workload::Hoard, Protocol::Raw).check().is_ok());
        let quiet = Plan { silent: 5, ..plan(Workload::Echo, Protocol::Http) };
        assert!(quiet.check().is_err());
        let stormy = Plan { rate: Some(5.0), ..plan(Workload::Storm, Protocol::Http) };
        assert!(stormy.check().is_err());
        let timed = Plan { rate: Some(5.0), ..plan(Workload::Pipeline, Protocol::Http) };
        assert!(timed.check().is_err());
        let page = |path: &str| Page { path: path.into(), body: String::new() };
        let framed = Plan { page: page("/sleep"), ..plan(Workload::Echo, Protocol::Frames) };
        assert!(framed.check().is_err());
        let split = Plan { page: page("/a b"), ..plan(Workload::Echo, Protocol::Http) };
        assert!(split.check().is_err());
        let nan = Plan { rate: Some(f64::NAN), ..plan(Workload::Echo, Protocol::Frames) };
        assert!(nan.check().is_err());
    }
}
