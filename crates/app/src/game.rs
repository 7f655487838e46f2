//! The guessing game: its rules, and the games that are being played. The time and random numbers
//! come from outside.

use std::collections::{HashMap, VecDeque};
use std::fmt;
use std::time::{Duration, Instant};

use crate::error::Error;

/// The lowest number that can be the secret one.
pub const LOWEST: u64 = 1;

/// The highest. By halving what is left it is found in seven tries at most.
pub const HIGHEST: u64 = 100;

/// How many games are kept; the oldest is forgotten for the next. Together they need 1.5 MiB.
const MAX_GAMES: usize = 10_000;

/// How long a game is kept after its start.
const MAX_AGE: Duration = Duration::from_secs(60 * 60);

/// One game.
#[derive(Debug, Clone, Copy)]
pub struct Game {
    secret: u64,
    /// The lowest number that the secret can still be, as far as the player knows.
    pub from: u64,
    /// The highest.
    pub to: u64,
    /// How many guesses there were.
    pub tries: u64,
    /// Whether the last one was right.
    pub won: bool,
}

/// What a guess was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// The secret is higher.
    TooLow,
    /// The secret is lower.
    TooHigh,
    /// This is the secret.
    Correct,
}

impl Game {
    /// A game with a secret made of 64 random bits, which favour no number by more than 2⁻⁵⁷.
    pub fn new(random: u64) -> Game {
        let secret = LOWEST + random % (HIGHEST - LOWEST + 1);
        Game { secret, from: LOWEST, to: HIGHEST, tries: 0, won: false }
    }

    fn guess(&mut self, number: u64) -> Result<Verdict, Error> {
        if self.won {
            return Err(Error::GameOver);
        }
        if !(LOWEST..=HIGHEST).contains(&number) {
            return Err(Error::OutOfRange(number, LOWEST..=HIGHEST));
        }
        self.tries += 1;
        Ok(if number < self.secret {
            self.from = self.from.max(number + 1);
            Verdict::TooLow
        } else if number > self.secret {
            self.to = self.to.min(number - 1);
            Verdict::TooHigh
        } else {
            (self.from, self.to, self.won) = (number, number, true);
            Verdict::Correct
        })
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Verdict::TooLow => "too low",
            Verdict::TooHigh => "too high",
            Verdict::Correct => "correct",
        })
    }
}

/// What a game is found by. With 128 random bits in it, it cannot be guessed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Id(u128);

impl Id {
    /// An id of random bytes.
    pub fn new(random: [u8; 16]) -> Id {
        Id(u128::from_be_bytes(random))
    }

    /// Reads what `Display` wrote, and nothing else.
    pub fn parse(text: &str) -> Option<Id> {
        let id = Id(u128::from_str_radix(text, 16).ok()?);
        (id.to_string() == text).then_some(id)
    }
}

impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}

/// The games that are being played, bounded in number and in age.
#[derive(Default)]
pub struct Games {
    kept: HashMap<Id, Game>,
    /// When each began, the oldest first.
    began: VecDeque<(Instant, Id)>,
    started: u64,
    won: u64,
}

/// How many games there are, for whoever asks for statistics.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Counts {
    /// All that were ever started.
    pub started: u64,
    /// Those of them that ended with the right number.
    pub won: u64,
    /// Those that are kept.
    pub kept: usize,
}

impl Games {
    /// Adds a game that begins now.
    pub fn start(&mut self, id: Id, game: Game, now: Instant) {
        self.forget(now);
        if self.began.len() >= MAX_GAMES {
            self.forget_oldest();
        }
        self.kept.insert(id, game);
        self.began.push_back((now, id));
        self.started += 1;
    }

    /// The game as it stands.
    pub fn get(&mut self, id: Id, now: Instant) -> Result<Game, Error> {
        self.forget(now);
        self.kept.get(&id).copied().ok_or(Error::NoSuchGame)
    }

    /// One guess: the game after it, and what it was.
    pub fn guess(&mut self, id: Id, number: u64, now: Instant) -> Result<(Game, Verdict), Error> {
        self.forget(now);
        let game = self.kept.get_mut(&id).ok_or(Error::NoSuchGame)?;
        let verdict = game.guess(number)?;
        self.won += u64::from(verdict == Verdict::Correct);
        Ok((*game, verdict))
    }

    /// How many there are.
    pub fn counts(&mut self, now: Instant) -> Counts {
        self.forget(now);
        Counts { started: self.started, won: self.won, kept: self.kept.len() }
    }

    /// Forgets the games that are too old. Each is looked at once more than it is forgotten, so
    /// this costs nothing that starting it has not paid for.
    fn forget(&mut self, now: Instant) {
        while self.began.front().is_some_and(|(began, _)| now.duration_since(*began) >= MAX_AGE) {
            self.forget_oldest();
        }
    }

    fn forget_oldest(&mut self) {
        if let Some((_, id)) = self.began.pop_front() {
            self.kept.remove(&id);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An id, by number.
    fn id(n: usize) -> Id {
        Id(n as u128)
    }

    #[test]
    fn a_guess_is_too_low_too_high_or_correct() {
        let mut game = Game::new(41);
        for (number, verdict, from, to) in [
            (50, Verdict::TooHigh, 1, 49),
            (25, Verdict::TooLow, 26, 49),
            // What is known already narrows nothing, and counts all the same.
            (10, Verdict::TooLow, 26, 49),
            (99, Verdict::TooHigh, 26, 49),
            (42, Verdict::Correct, 42, 42),
        ] {
            assert_eq!(game.guess(number).unwrap(), verdict, "{number}");
            assert_eq!((game.from, game.to), (from, to), "{number}");
        }
        assert_eq!((game.tries, game.won), (5, true));
        assert!(matches!(game.guess(42), Err(Error::GameOver)));
        assert_eq!(game.tries, 5);
    }

    #[test]
    fn what_cannot_be_the_number_is_no_try() {
        let mut game = Game::new(0);
        for number in [0, 101, u64::MAX] {
            assert!(matches!(game.guess(number), Err(Error::OutOfRange(..))), "{number}");
        }
        assert_eq!(game.tries, 0);
    }

    #[test]
    fn every_secret_is_possible_and_is_found_in_seven_tries() {
        let secrets = (0..100).map(|random| Game::new(random).secret);
        assert!(secrets.eq(LOWEST..=HIGHEST));
        assert!((LOWEST..=HIGHEST).contains(&Game::new(u64::MAX).secret));
        for random in 0..100 {
            let mut game = Game::new(random);
            while game.guess((game.from + game.to) / 2).unwrap() != Verdict::Correct {}
            assert!(game.tries <= 7, "{}: {}", game.secret, game.tries);
        }
    }

    #[test]
    fn an_id_is_32_digits() {
        let id = Id::new([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15]);
        assert_eq!(id.to_string(), "000102030405060708090a0b0c0d0e0f");
        assert_eq!(Id::parse("000102030405060708090a0b0c0d0e0f"), Some(id));
        for no_id in [
            "",
            "102030405060708090a0b0c0d0e0f",
            "+00102030405060708090a0b0c0d0e0f",
            "000102030405060708090A0B0C0D0E0F",
            "0000102030405060708090a0b0c0d0e0f",
            "000102030405060708090a0b0c0d0e0g",
        ] {
            assert_eq!(Id::parse(no_id), None, "{no_id}");
        }
    }

    #[test]
    fn a_game_is_forgotten_when_it_is_too_old() {
        let start = Instant::now();
        let mut games = Games::default();
        games.start(id(1), Game::new(1), start);
        games.start(id(2), Game::new(2), start + MAX_AGE / 2);
        let last = start + MAX_AGE - Duration::from_nanos(1);
        assert!(games.get(id(1), last).is_ok());
        // A guess does not make it younger.
        assert!(games.guess(id(1), 50, last).is_ok());
        let later = start + MAX_AGE;
        assert!(matches!(games.get(id(1), later), Err(Error::NoSuchGame)));
        assert!(matches!(games.guess(id(1), 50, later), Err(Error::NoSuchGame)));
        assert!(games.get(id(2), later).is_ok());
        assert_eq!(games.counts(later), Counts { started: 2, won: 0, kept: 1 });
        assert_eq!(games.counts(start + MAX_AGE * 2).kept, 0);
        assert_eq!(games.began.len(), 0);
    }

    #[test]
    fn of_too_many_games_the_oldest_is_forgotten() {
        let now = Instant::now();
        let mut games = Games::default();
        for n in 0..MAX_GAMES + 3 {
            games.start(id(n), Game::new(n as u64), now);
        }
        assert_eq!(games.counts(now).kept, MAX_GAMES);
        assert_eq!(games.began.len(), MAX_GAMES);
        for n in 0..3 {
            assert!(matches!(games.get(id(n), now), Err(Error::NoSuchGame)), "{n}");
        }
        for n in [3, MAX_GAMES + 2] {
            assert!(games.get(id(n), now).is_ok(), "{n}");
        }
    }

    #[test]
    fn games_are_counted() {
        let now = Instant::now();
        let mut games = Games::default();
        games.start(id(1), Game::new(41), now);
        games.start(id(2), Game::new(41), now);
        for number in [1, 42, 42] {
            let _ = games.guess(id(1), number, now);
        }
        assert_eq!(games.counts(now), Counts { started: 2, won: 1, kept: 2 });
    }
}
