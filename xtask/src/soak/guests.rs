//! The clients of a soak: who comes, in which manner, and how each leaves.

use std::net::SocketAddr;
use std::thread;
use std::time::Duration;

use conform::{Property, Protocol, Random};

use super::book::{Book, Phase, Tally};
use super::conversation::{Conversation, Over, Room};
use super::question::Question;

/// How many clients there are at any time.
pub const CLIENTS: usize = 24;

/// How many of them take their time, where the server bears that.
const LOITERERS: usize = 6;

/// How many, where each of them keeps a worker: fewer than a step has workers.
const LOITERERS_FOR_WORKERS: usize = 2;

/// The longest request that is called large.
const LARGE: u64 = 256 * 1024;

/// How much a client asks that never reads, at most. A server stops reading before: there is little room
/// for its answers.
const NEVER_READ: usize = 16 * 1024 * 1024;

/// How much of it goes at a time.
const PIECE: usize = 64 * 1024;

/// What a server bears by its design.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Able {
    /// A conversation: more than one request, in any pieces.
    pub converses: bool,
    /// How many clients may take their time without keeping all others waiting.
    pub loiterers: usize,
}

impl Able {
    /// What is left when these cases fail by design.
    pub fn without(fails: &[String]) -> Able {
        let has = |property| {
            let of_it = conform::cases().into_iter().filter(|case| case.property == property);
            of_it.into_iter().all(|case| !fails.iter().any(|name| name == case.name))
        };
        Able {
            converses: has(Property::Remembers),
            loiterers: match (has(Property::Silent), has(Property::Silents)) {
                (false, _) => 0,
                (true, false) => LOITERERS_FOR_WORKERS,
                (true, true) => LOITERERS,
            },
        }
    }

    /// What is left out, for the report.
    pub fn left_out(self) -> Option<String> {
        let mut left_out = Vec::new();
        if !self.converses {
            left_out.push("conversations of more than one small request in one piece".to_owned());
        }
        match self.loiterers {
            0 => left_out.push("clients that take their time".into()),
            LOITERERS => {}
            n => left_out.push(format!("more than {n} clients at once that take their time")),
        }
        (!left_out.is_empty()).then(|| left_out.join(", and "))
    }
}

/// Whom the guests visit.
#[derive(Debug, Clone, Copy)]
pub struct Host {
    pub address: SocketAddr,
    pub protocol: Protocol,
    pub able: Able,
}

impl Host {
    /// Guests come and go while `meanwhile` runs, which says how it ends; when all have left, what they
    /// have seen.
    pub fn entertain<T>(
        &self,
        random: &mut Random,
        meanwhile: impl FnOnce(&Book) -> T,
    ) -> (Tally, T) {
        let book = Book::open();
        let result = thread::scope(|scope| {
            for place in 0..CLIENTS {
                let (seed, book) = (random.next(), &book);
                scope.spawn(move || self.fill(place, Random::new(seed), book));
            }
            let result = meanwhile(&book);
            // Whatever has happened, nobody stays.
            if book.is(Phase::Open) {
                book.enter(Phase::Leaving);
            }
            result
        });
        let tally = book.tally().clone();
        (tally, result)
    }

    /// One guest after the other.
    fn fill(&self, place: usize, mut random: Random, book: &Book) {
        while book.is(Phase::Open) {
            // How it ended is written down.
            let _ = if place < self.able.loiterers {
                self.loiter(&mut random, book)
            } else {
                self.visit(&mut random, book)
            };
            thread::sleep(Duration::from_millis(random.next() % 20));
        }
    }

    /// A guest that comes, does one thing, and leaves.
    fn visit(&self, random: &mut Random, book: &Book) -> Result<(), Over> {
        match random.next() % 12 {
            0 | 1 => self.vanish(random, book, true),
            2 => self.vanish(random, book, false),
            3 => self.talk_nonsense(random, book),
            4 => self.ask_one(Question::prime(self.protocol), book, Conversation::leave),
            5 => {
                let question = Question::small(self.protocol, random);
                self.ask_one(question, book, Conversation::leave)
            }
            _ if !self.able.converses => {
                let question = Question::small(self.protocol, random);
                self.ask_one(question, book, drop)
            }
            6 => {
                let length = random.next() % LARGE;
                let question = Question::echo(self.protocol, random, length as usize);
                self.ask_one(question, book, Conversation::leave)
            }
            7 | 8 => {
                let depth = 2 + random.next() as usize % 60;
                let question = Question::pipeline(self.protocol, random, depth);
                self.ask_one(question, book, Conversation::leave)
            }
            _ => self.converse(random, book),
        }
    }

    fn come<'a>(&self, book: &'a Book) -> Result<Conversation<'a>, Over> {
        Conversation::begin(self.address, self.protocol, book, Room::Enough)
    }

    fn ask_one<'a>(
        &self,
        question: Question,
        book: &'a Book,
        leave: fn(Conversation<'a>),
    ) -> Result<(), Over> {
        let mut conversation = self.come(book)?;
        conversation.ask(&question, question.bytes.len(), Duration::ZERO)?;
        leave(conversation);
        Ok(())
    }

    /// A few questions, some in pieces; the last perhaps with the word that it is the last.
    fn converse(&self, random: &mut Random, book: &Book) -> Result<(), Over> {
        let mut conversation = self.come(book)?;
        if random.next().is_multiple_of(2) {
            conversation.greet()?;
        }
        for _ in 0..1 + random.next() % 6 {
            let question = Question::small(self.protocol, random);
            let piece = 1 + random.next() as usize % question.bytes.len();
            conversation.ask(&question, piece, Duration::ZERO)?;
        }
        conversation.leave();
        Ok(())
    }

    /// Leaves without a word, in any state: by a reset, or as one whose process was killed, whose sockets
    /// are closed with whatever was in them unread.
    fn vanish(&self, random: &mut Random, book: &Book, by_reset: bool) -> Result<(), Over> {
        let mut conversation = self.come(book)?;
        let small = Question::small(self.protocol, random).bytes;
        match random.next() % 6 {
            0 => {}
            1 if self.able.converses => conversation.greet()?,
            2 => conversation.throw(&small[..small.len() / 2]),
            3 => conversation.throw(&small),
            4 => conversation.throw(&Question::prime(self.protocol).bytes),
            _ => {
                conversation.throw(&small);
                conversation.half_close();
            }
        }
        if by_reset {
            conversation.vanish();
        }
        Ok(())
    }

    /// Bytes that mean nothing, or something nobody meant.
    fn talk_nonsense(&self, random: &mut Random, book: &Book) -> Result<(), Over> {
        let conversation = self.come(book)?;
        let length = random.next() as usize % 4096;
        conversation.throw(&random.bytes(length));
        conversation.leave();
        Ok(())
    }

    /// A guest that takes its time.
    fn loiter(&self, random: &mut Random, book: &Book) -> Result<(), Over> {
        let time = Duration::from_millis(50 + random.next() % 1000);
        let kind = random.next() % 4;
        if kind == 3 {
            return self.ask_without_end(random, book, time);
        }
        let mut conversation = self.come(book)?;
        match kind {
            0 => conversation.stay(time),
            1 => {
                let small = Question::small(self.protocol, random).bytes;
                conversation.throw(&small[..small.len() / 2]);
                conversation.stay(time);
            }
            _ => {
                let question = Question::small(self.protocol, random);
                conversation.ask(&question, 1, Duration::from_millis(1 + random.next() % 10))?;
            }
        }
        if random.next().is_multiple_of(2) {
            conversation.leave();
        }
        Ok(())
    }

    /// Asks without end, never reads, and is killed.
    fn ask_without_end(
        &self,
        random: &mut Random,
        book: &Book,
        time: Duration,
    ) -> Result<(), Over> {
        let conversation = Conversation::begin(self.address, self.protocol, book, Room::Little)?;
        let question = Question::echo(self.protocol, random, 100).bytes;
        let piece = question.repeat(PIECE / question.len());
        conversation.flood(&piece, NEVER_READ);
        conversation.stay(time);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_fails_by_design_is_left_out() {
        let able = |fails: &[&str]| {
            Able::without(&fails.iter().map(ToString::to_string).collect::<Vec<_>>())
        };
        let all = able(&["computes", "ten-thousand"]);
        assert_eq!((all, all.left_out()), (Able { converses: true, loiterers: LOITERERS }, None));
        assert_eq!(able(&["more-silent-than-workers"]).loiterers, LOITERERS_FOR_WORKERS);
        assert_eq!(able(&["silent", "more-silent-than-workers"]).loiterers, 0);
        let one_read = able(&["single-bytes", "silent"]);
        assert!(!one_read.converses);
        assert!(one_read.left_out().unwrap().contains(", and clients that take their time"));
    }
}
