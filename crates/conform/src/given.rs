//! What a script is made with: what must not be the same for everybody, or somebody could know the
//! answers by heart.

use crate::script::{Action, Body, Reply, Response, Script};
use crate::server::MEMORY;
use crate::{Property, Protocol, http};

/// What our own `/plain` says.
pub(crate) const HELLO: &str = "Hello, World!";

/// More than a server may need: if it keeps an endless number, it is found out.
const ENDLESS: usize = MEMORY as usize;

/// A seed, and numbers that fit the server's pace.
#[derive(Debug, Clone)]
pub struct Given {
    /// Where all that is random comes from.
    pub seed: u64,
    /// A prime whose check takes half a second or more: long enough that whoever is served
    /// meanwhile is surely first, short enough to wait for.
    pub long: u64,
    /// A prime whose check takes a quarter of that.
    pub shorter: u64,
    /// How many digits are a number without end.
    pub endless: usize,
    /// A page of the server, if it speaks HTTP and does not serve our site.
    pub page: Option<Page>,
}

/// What a stranger serves.
#[derive(Debug, Clone)]
pub struct Page {
    /// Its path, as in a request line.
    pub path: String,
    /// What came when it was asked for.
    pub body: Vec<u8>,
    /// Whether it also takes what is posted to it.
    pub takes_posts: bool,
}

impl Default for Given {
    /// What our own tests use: always the same.
    fn default() -> Given {
        Given {
            seed: 1,
            long: (1 << 57) - 13,
            shorter: (1 << 53) - 111,
            endless: ENDLESS,
            page: None,
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
            page: None,
        }
    }

    /// What any server answers, whatever it fails: a request that comes in one piece.
    pub(crate) fn one_thing(&self, protocol: Protocol) -> (Vec<u8>, Reply) {
        match (protocol, &self.page) {
            (Protocol::Frames, _) => (b"^abc$".to_vec(), Reply::Bytes(b"*bcd".to_vec())),
            (Protocol::Http, None) => {
                let body = Body::Is(HELLO.as_bytes().into());
                (
                    http::get("/plain").into_bytes(),
                    Reply::Http(Response { status: 200, fields: &[], body }),
                )
            }
            (Protocol::Http, Some(page)) => {
                let body = Body::Is(page.body.clone().into());
                (
                    http::get(&page.path).into_bytes(),
                    Reply::Http(Response { status: 200, fields: &[], body }),
                )
            }
        }
    }

    /// A script for our site, aimed at a server that has another page instead of `/plain`. Where only
    /// a refusal is expected, what is posted is posted to that page as well.
    pub(crate) fn aim(&self, mut script: Script, property: Property) -> Script {
        let Some(page) = &self.page else { return script };
        for action in &mut script {
            match action {
                Action::Send(_, bytes) => {
                    let mut aimed = replace(bytes, b"/plain", page.path.as_bytes());
                    if property == Property::Refusals && page.takes_posts {
                        aimed = replace(&aimed, b"/echo", page.path.as_bytes());
                    }
                    *bytes = aimed.into();
                }
                Action::Flood(_, bytes) => *bytes = replace(bytes, b"/plain", page.path.as_bytes()),
                Action::Expect(_, reply) => page.replace_ours(reply),
                Action::Overtake { first, second } => {
                    page.replace_ours(&mut first.1);
                    page.replace_ours(&mut second.1);
                }
                _ => {}
            }
        }
        script
    }

    /// Numbers for one script: the same in each of its runs with this seed.
    pub(crate) fn random(&self) -> Random {
        Random::new(self.seed)
    }
}

impl Page {
    /// What is expected of our page, expected of this one. Its type, and what can be done
    /// with it, is its own affair.
    fn replace_ours(&self, reply: &mut Reply) {
        let Reply::Http(response) = reply else { return };
        if matches!(&response.body, Body::Is(body) if body[..] == *HELLO.as_bytes()) {
            response.body = Body::Is(self.body.clone().into());
        }
        // That a connection is closed is waited for; HTTP/1.0 need not announce it.
        let own = ["Content-Type", "Content-Length", "Allow"];
        let is_own = |&(name, value): &(&str, &str)| own.contains(&name) || value == "close";
        if response.fields.iter().any(is_own) {
            response.fields = &[];
        }
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
pub(crate) struct Random {
    state: u64,
}

impl Random {
    pub(crate) fn new(seed: u64) -> Random {
        Random { state: seed }
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.state;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// So many letters from `b` to `y`: none is special to a protocol, nor is what follows it.
    pub(crate) fn letters(&mut self, n: usize) -> String {
        (0..n).map(|_| char::from(b'b' + (self.next() % 24) as u8)).collect()
    }

    /// So many bytes of any kind.
    pub(crate) fn bytes(&mut self, n: usize) -> Vec<u8> {
        (0..n).map(|_| self.next() as u8).collect()
    }

    /// A prime a little below 2^bits, of which there are at least 8.
    pub(crate) fn prime(&mut self, bits: u32) -> u64 {
        let below = (1 << bits) - self.next() % (1 << (bits - 6));
        (2..below).rev().find(|&n| is_prime(n)).expect("2 is a prime")
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
