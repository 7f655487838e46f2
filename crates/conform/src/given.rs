//! What a script is made with: what must not be the same for everybody, or somebody could know the
//! answers by heart.

use crate::script::{A, Action, Also, Body, Field, Last, Reply, Response, Script, Value};
use crate::server::MEMORY;
use crate::{Protocol, http};

/// What our own `/plain` says.
pub(crate) const HELLO: &str = "Hello, World!";

/// More than a server may need: if it keeps an endless number, it is found out.
const ENDLESS: usize = MEMORY as usize;

/// A seed, and numbers that fit the server's pace.
#[derive(Debug, Clone)]
pub struct Given {
    /// Where all that is random comes from.
    pub seed: u64,
    /// A prime whose check takes a quarter of a second or more: long enough that whoever is served
    /// meanwhile is surely first, short enough to wait for. On a machine that is busy it takes longer in
    /// the same proportion as everything else.
    pub long: u64,
    /// A prime whose check takes a quarter of that.
    pub shorter: u64,
    /// How many digits are a number without end.
    pub endless: usize,
    /// What is known of a server that speaks HTTP and is not ours: of it, no more is expected than the
    /// RFCs demand.
    pub stranger: Option<Stranger>,
}

/// An HTTP server that is not ours.
#[derive(Debug, Clone)]
pub struct Stranger {
    /// The path of a page that it serves, as in a request line.
    pub path: String,
    /// What came when it was asked for.
    pub body: Vec<u8>,
    /// Whether it gives back what is posted to `/echo`. Else, a request with a body asks for the page.
    pub echoes: bool,
}

impl Default for Given {
    /// What our own tests use: always the same.
    fn default() -> Given {
        Given {
            seed: 1,
            long: (1 << 56) - 5,
            shorter: (1 << 52) - 47,
            endless: ENDLESS,
            stranger: None,
        }
    }
}

impl Given {
    /// Random from this seed, with a long prime of so many bits (at least 12).
    pub fn new(seed: u64, bits: u32) -> Given {
        let mut random = Random::new(seed);
        // Four bits less are a quarter of the divisors.
        Given {
            seed,
            long: random.prime(bits),
            shorter: random.prime(bits - 4),
            endless: ENDLESS,
            stranger: None,
        }
    }

    /// What any server answers, whatever it fails: a request that comes in one piece.
    pub(crate) fn one_thing(&self, protocol: Protocol) -> (Vec<u8>, Reply) {
        let plain = || {
            let body = Body::Is(HELLO.as_bytes().into());
            vec![
                Action::Send(A, http::get("/plain").into_bytes().into()),
                Action::Expect(A, Reply::Http(Response::new(200, body))),
            ]
        };
        match (protocol, self.aim(plain()).as_slice()) {
            (Protocol::Http, [Action::Send(_, request), Action::Expect(_, reply)]) => {
                (request.to_vec(), reply.clone())
            }
            _ => (b"^abc$".to_vec(), Reply::Bytes(b"*bcd".to_vec())),
        }
    }

    /// A script for our site, as it is played against this server.
    pub(crate) fn aim(&self, script: Script) -> Script {
        let Some(stranger) = &self.stranger else {
            return script.into_iter().map(as_ours).collect();
        };
        let mut script: Script = script.into_iter().map(|action| stranger.aim(action)).collect();
        let mut is_old = false;
        for action in &mut script {
            if let Some(bytes) = action.bytes() {
                is_old = bytes.windows(10).any(|window| window == b" HTTP/1.0\r");
            } else if let Action::Expect(_, Reply::Http(response)) = action {
                // A server MUST NOT send an informational one to HTTP/1.0 (RFC 9110 §15.2).
                response.interim = !is_old;
            }
        }
        script
    }

    /// Numbers for one script: the same in each of its runs with this seed.
    pub(crate) fn random(&self) -> Random {
        Random::new(self.seed)
    }
}

/// Our servers do exactly what a script says.
fn as_ours(action: Action) -> Action {
    match action {
        Action::ReplyOrEnd { client, reply, ours } => match ours {
            Last::Reply => as_ours(Action::Expect(client, reply)),
            Last::End => Action::Closed(client),
        },
        Action::Expect(client, reply) => Action::Expect(client, exactly(reply)),
        Action::EndsWith(client, replies) => {
            Action::EndsWith(client, replies.into_iter().map(exactly).collect())
        }
        action => action,
    }
}

fn exactly(reply: Reply) -> Reply {
    match reply {
        Reply::Http(response) => {
            Reply::Http(Response { also: Also::Nothing, interim: false, ..response })
        }
        reply => reply,
    }
}

impl Stranger {
    /// An action for our site, aimed at this server.
    fn aim(&self, action: Action) -> Action {
        match action {
            Action::Send(client, bytes) => Action::Send(client, self.request(&bytes).into()),
            Action::SendAhead(client, bytes) => {
                Action::SendAhead(client, self.request(&bytes).into())
            }
            Action::Slices(client, bytes, size) => {
                Action::Slices(client, self.request(&bytes).into(), size)
            }
            Action::Flood(client, bytes) => Action::Flood(client, self.request(&bytes)),
            Action::Expect(client, reply) => Action::Expect(client, self.reply(reply)),
            Action::ReplyOrEnd { client, reply, ours } => {
                Action::ReplyOrEnd { client, reply: self.reply(reply), ours }
            }
            Action::EndsWith(client, replies) => {
                let replies = replies.into_iter().map(|reply| self.reply(reply)).collect();
                Action::EndsWith(client, replies)
            }
            Action::Overtake { first, second } => Action::Overtake {
                first: (first.0, self.reply(first.1)),
                second: (second.0, self.reply(second.1)),
            },
            action => action,
        }
    }

    /// A request for our site, for the page of this one instead.
    fn request(&self, bytes: &[u8]) -> Vec<u8> {
        let page = replace(bytes, b"/plain", self.path.as_bytes());
        if self.echoes {
            return page;
        }
        // A GET may have a body, which means nothing (RFC 9110 §9.3.1) but ends somewhere.
        let get = format!("GET {} HTTP/1.", self.path);
        replace(&page, b"POST /echo HTTP/1.", get.as_bytes())
    }

    /// What is expected of our site, expected of this one. The types and lengths of its pages, and what
    /// can be done with them, are its own affair.
    fn reply(&self, reply: Reply) -> Reply {
        let Reply::Http(mut response) = reply else { return reply };
        response.until_close = true;
        response.body = match response.body {
            Body::Is(body) if *body == *HELLO.as_bytes() => Body::Is(self.body.clone().into()),
            Body::Echo(_) if !self.echoes => Body::Is(self.body.clone().into()),
            // An empty page is a page.
            Body::Any => Body::Whatever,
            body => body,
        };
        response.fields = response.fields.iter().filter_map(of_a_stranger).collect();
        Reply::Http(response)
    }
}

/// What is expected of a field of a server that is not ours.
fn of_a_stranger(field: &Field) -> Option<Field> {
    let Field { name, value } = *field;
    match (name, value) {
        ("Content-Type" | "Content-Length" | "Accept-Ranges", Value::Is(_)) => None,
        // That a connection is closed is waited for; HTTP/1.0 need not announce it.
        ("Connection", Value::Is(_)) => None,
        ("Allow", Value::Is(_)) => Some(Field { name, value: Value::Any }),
        _ => Some(*field),
    }
}

fn replace(bytes: &[u8], old: &[u8], new: &[u8]) -> Vec<u8> {
    let (mut replaced, mut rest) = (Vec::new(), bytes);
    while let Some(at) = rest.windows(old.len()).position(|window| window == old) {
        replaced.extend_from_slice(&rest[..at]);
        replaced.extend_from_slice(new);
        rest = &rest[at + old.len()..];
    }
    replaced.extend_from_slice(rest);
    replaced
}

/// Random numbers that a seed repeats (SplitMix64: Steele, Lea and Flood 2014).
#[derive(Debug)]
pub struct Random {
    state: u64,
}

impl Random {
    /// The first number is yet to come.
    pub fn new(seed: u64) -> Random {
        Random { state: seed }
    }

    /// The next number.
    #[expect(
        clippy::should_implement_trait,
        reason = "it never ends: an Option would be one too many"
    )]
    pub fn next(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.state;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// So many letters from `b` to `y`: none is special to a protocol, nor is what follows it.
    pub fn letters(&mut self, n: usize) -> String {
        (0..n).map(|_| char::from(b'b' + (self.next() % 24) as u8)).collect()
    }

    /// So many bytes of any kind.
    pub fn bytes(&mut self, n: usize) -> Vec<u8> {
        (0..n).map(|_| self.next() as u8).collect()
    }

    /// A prime a little below 2^bits, of which there are at least 8.
    pub fn prime(&mut self, bits: u32) -> u64 {
        let below = (1 << bits) - self.next() % (1 << (bits - 6));
        (2..below).rev().find(|&n| is_prime(n)).expect("2 is a prime")
    }

    /// A composite of about 40 bits that Fermat's test with base 2 takes for a prime: p(2p − 1), which
    /// is one for half of all p where both factors are prime.
    pub(crate) fn pseudoprime(&mut self) -> u64 {
        loop {
            let p = self.prime(20);
            let n = p * (2 * p - 1);
            if is_prime(2 * p - 1) && power(2, n - 1, n) == 1 {
                return n;
            }
        }
    }
}

/// Miller and Rabin's test; with these bases it is right for every u64 (Sorenson and Webster 2015).
pub(crate) fn is_prime(n: u64) -> bool {
    const BASES: [u64; 12] = [2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37];
    if let Some(small) = BASES.iter().find(|&&base| n.is_multiple_of(base)) {
        return n == *small;
    }
    if n < 2 {
        return false;
    }
    let twos = (n - 1).trailing_zeros();
    BASES.iter().all(|&base| {
        let mut power = power(base, (n - 1) >> twos, n);
        let mut found = power == 1 || power == n - 1;
        for _ in 1..twos {
            power = multiply(power, power, n);
            found |= power == n - 1;
        }
        found
    })
}

fn power(mut base: u64, mut exponent: u64, modulus: u64) -> u64 {
    let mut result = 1;
    while exponent > 0 {
        if exponent % 2 == 1 {
            result = multiply(result, base, modulus);
        }
        base = multiply(base, base, modulus);
        exponent /= 2;
    }
    result
}

fn multiply(a: u64, b: u64, modulus: u64) -> u64 {
    (u128::from(a) * u128::from(b) % u128::from(modulus)) as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn primes_are_those_that_division_finds() {
        for n in 0..20_000 {
            assert_eq!(is_prime(n), proto::is_prime(n), "{n}");
        }
        let Given { long, shorter, .. } = Given::default();
        assert!(is_prime(long) && is_prime(shorter) && is_prime(u64::MAX - 58));
        assert!(!is_prime(u64::MAX) && !is_prime(long - 2));
        // Strong pseudoprimes to the first bases.
        assert!(!is_prime(3_215_031_751) && !is_prime(3_825_123_056_546_413_051));
        assert!(!is_prime(Random::new(1).pseudoprime()));
    }

    #[test]
    fn a_seed_repeats_itself_and_another_does_not() {
        let Given { long, shorter, .. } = Given::new(7, 57);
        assert_eq!((long, shorter), (Given::new(7, 57).long, Given::new(7, 57).shorter));
        assert_ne!(long, Given::new(8, 57).long);
        assert!(long > 1 << 56 && long < 1 << 57 && shorter > 1 << 52 && shorter < 1 << 53);
        assert!(Given::new(7, 12).shorter > 200);
    }
}
