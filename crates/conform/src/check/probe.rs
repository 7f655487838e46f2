//! What must be found out about a server of which nothing is known, before cases can be aimed at it.

use std::net::SocketAddr;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Result, bail};

use crate::client::{Connection, Waited};
use crate::given::HELLO;
use crate::http::files::DIGITS;
use crate::script::{Action, Body, Field, Reply, Response, STRONG, Script, TAG, Value};
use crate::{Given, Protocol, Stranger, http};

/// How long it may take to answer what is asked to get to know it.
const PROBING: Duration = Duration::from_secs(4);

/// How many a server is given at once that all of them share.
const SHARED_AT_ONCE: usize = 8;

/// How long the long computation should take.
const LONG: Duration = Duration::from_millis(400);

/// The least and the most that a stranger is sent as a number without end, in bytes: in some languages
/// each takes a microsecond, or more.
pub(super) const ENDLESS: [usize; 2] = [1024 * 1024, 4 * 1024 * 1024];

/// How long a stranger may take to read that.
const READING: Duration = Duration::from_secs(1);

/// How large the page of a stranger may be: it is asked for again and again.
const PAGE: usize = 4 * 1024 * 1024;

/// The length of the largest prime, in bits; and of the first that a stranger is asked for.
pub(super) const BITS: [u32; 2] = [57, 24];

/// Something that our site serves, and how to find out whether another one does.
pub(super) struct Route {
    pub name: &'static str,
    /// What is in a request for it, and in no other.
    pub mark: &'static str,
    request: &'static str,
    status: u16,
    /// `None`: any.
    body: Option<&'static str>,
    /// A field that must be there.
    field: Option<Field>,
}

pub(super) const PLAIN: Route = Route {
    name: "GET /plain",
    mark: "/plain",
    request: "GET /plain HTTP/1.1\r\nHost: test\r\n\r\n",
    status: 200,
    body: Some(HELLO),
    field: None,
};

pub(super) const ECHO: Route = Route {
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
pub(super) struct Probe {
    pub addr: SocketAddr,
    pub protocol: Protocol,
}

impl Probe {
    /// Asks something on a connection of its own, and says how long the answer took. `None`: it did
    /// not come, or was another.
    pub fn ask(&self, request: &[u8], reply: &Reply) -> Option<Duration> {
        let start = Instant::now();
        let mut client = Connection::open(self.addr, None, PROBING).ok()?;
        let sent = client.send(request, PROBING);
        let arrived = matches!(client.wait(reply, PROBING), Waited::Arrived);
        (sent && arrived).then(|| start.elapsed())
    }

    /// How many cases it can be given at once: many, if somebody is served while so many others are
    /// connected and say nothing.
    pub fn serves_at_once(&self, request: &[u8], reply: &Reply) -> usize {
        let others = (0..SHARED_AT_ONCE).map(|_| Connection::open(self.addr, None, PROBING));
        let others: Vec<_> = others.flatten().collect();
        match others.len() == SHARED_AT_ONCE && self.ask(request, reply).is_some() {
            true => SHARED_AT_ONCE,
            false => 1,
        }
    }

    /// Whether it answers two requests on one connection, one after the other.
    pub fn serves_twice(&self, request: &[u8], reply: &Reply) -> bool {
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
    pub fn missing(&self) -> Vec<&'static Route> {
        thread::scope(|scope| {
            let asked = ROUTES.iter().map(|route| (route, scope.spawn(|| self.serves(route))));
            let asked: Vec<_> = asked.collect();
            let lacks = |asked: thread::ScopedJoinHandle<bool>| !asked.join().unwrap_or(false);
            asked.into_iter().filter_map(|(route, asked)| lacks(asked).then_some(route)).collect()
        })
    }

    /// What can be asked of it instead of our page. Whether it echoes is not known yet.
    pub fn stranger(&self, path: &str) -> Result<Stranger> {
        if let Ok(body) = self.page(PLAIN.mark)
            && body == HELLO.as_bytes()
        {
            return Ok(Stranger { path: PLAIN.mark.into(), body, echoes: false });
        }
        Ok(Stranger { path: path.into(), body: self.page(path)?, echoes: false })
    }

    /// Whether it refuses any request that may have a body, so that nothing is learned from those.
    pub fn mistakes_bodies(&self, stranger: &Stranger) -> bool {
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
    pub fn find_long(&self, seed: u64) -> (u32, Duration) {
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
    pub fn find_endless(&self) -> usize {
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
    pub fn is_asked_for_in(&self, script: &Script) -> bool {
        let mark = self.mark.as_bytes();
        script
            .iter()
            .filter_map(Action::bytes)
            .any(|bytes| bytes.windows(mark.len()).any(|window| window == mark))
    }
}
