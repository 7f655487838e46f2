//! The event loop: one thread, edge-triggered readiness, no allocation per request.
//!
//! Every connection is in one of three places: waiting to be opened (in `opening`), free (in its
//! group's `free`), or with something under way, and then only the kernel knows when it goes on.
//! A turn of the loop does what is due, sleeps until the kernel has news or something falls due,
//! and lets every connection with news advance.

use std::collections::VecDeque;
use std::io::ErrorKind;
use std::mem;
use std::net::Ipv4Addr;
use std::rc::Rc;
use std::time::{Duration, Instant};

use mio::event::Event;
use mio::{Events, Interest, Poll, Token};

use crate::alarm::Alarm;
use crate::book::{Book, Errors};
use crate::connection::{self, Connection, Flight, Loss};
use crate::exchange::Script;
use crate::plan::{Plan, Workload};
use crate::schedule::Demand;
use crate::{Error, limits};

/// Connections are opened no faster than this, so that a backlog of 128, which is what a server
/// has that asks for no more, lasts for 16 ms of not accepting.
const OPEN_EVERY: Duration = Duration::from_micros(125);

/// How much of that may be made up for when the loop was busy otherwise.
const OPEN_BURST: Duration = Duration::from_millis(1);

/// And not while so many are waiting for the kernel at the other end: the backlog is full. What it
/// dropped is sent again after a second, and more of it would only be dropped as well.
const CONNECTING: usize = 64;

/// How long all may take to open beyond the time that the pace asks for.
const OPEN_LIMIT: Duration = Duration::from_secs(4);

/// A client that was hung up on waits before it tries again. So a server that closes after every
/// answer is not met with a storm, and attempts are bounded.
const REOPEN_AFTER: Duration = Duration::from_millis(100);

/// How long we wait for the last answers, which are no longer measured.
const LEAVE_LIMIT: Duration = Duration::from_millis(50);

/// Larger than any small reply, so that a short read is the rule.
const BUFFER: usize = 64 << 10;

/// Few enough that what falls due while they are handled is not a millisecond late.
const EVENTS: usize = 128;

const ALARM: Token = Token(usize::MAX - 1);

/// Connections that do the same, and share a book.
pub struct Group {
    pub book: Book,
    script: Rc<Script>,
    demand: Demand,
    /// Connected, with nothing to ask at the moment; who has rested longest is first. May also
    /// name some that were lost since.
    free: VecDeque<usize>,
    /// What fell due until then fell due while a connection was free, and waited for us.
    late_until: Option<Instant>,
}

/// One of the plan's connections, open or not.
struct Slot {
    group: usize,
    connection: Option<Connection>,
    /// When that was begun.
    since: Instant,
    /// Has been connected or lost once, so nobody waits for its opening any more.
    settled: bool,
    /// Requests answered, of all its connections.
    answered: usize,
    /// When the latest of them was.
    last_answer: Option<Instant>,
}

impl Slot {
    fn flight(&self) -> Option<Flight> {
        self.connection.as_ref().and_then(Connection::flight)
    }

    fn is_connected(&self) -> bool {
        self.connection.as_ref().is_some_and(Connection::is_connected)
    }

    /// Has had no answer since then, and does not simply have nothing to ask.
    fn is_starved(&self, since: Instant) -> bool {
        let answered = self.last_answer.is_some_and(|last| last >= since);
        let waits = self.flight().is_some_and(|flight| flight.sent < since);
        !answered && (waits || !self.is_connected())
    }
}

/// What has become of the connections.
pub struct Census {
    /// Open now.
    pub connected: usize,
    /// Open, and answered as often as they may ask.
    pub at_rest: usize,
}

/// All the clients.
pub struct Generator {
    /// The main group is the last; those who ask for primes, or for nothing, come before it, and connect
    /// first.
    pub groups: Vec<Group>,
    pub errors: Errors,
    /// Connections opened again after a loss.
    pub reopened: u64,
    plan: Plan,
    poll: Poll,
    alarm: Alarm,
    slots: Vec<Slot>,
    /// Free connections ask; before that they only gather.
    started: bool,
    /// How many slots are not settled.
    unsettled: usize,
    /// How many connections are neither open nor lost yet.
    connecting: usize,
    /// Which slots are to be opened, and not before when.
    opening: VecDeque<(Instant, usize)>,
    /// Not before this is the next one opened.
    next_open: Instant,
    /// The address to connect from.
    source: Ipv4Addr,
    buffer: Vec<u8>,
}

impl Generator {
    /// Everything but the connections.
    pub fn new(plan: &Plan) -> Result<Generator, Error> {
        plan.check()?;
        limits::make_room(plan.sockets())?;
        let poll = Poll::new().map_err(|error| Error::Io("waiting for readiness", error))?;
        let alarm = Alarm::new(&poll, ALARM).map_err(|error| Error::Io("a timer", error))?;
        let now = Instant::now();
        let mut groups = Vec::new();
        let mut slots = Vec::new();
        let mut add = |script, connections, demand| {
            let group = groups.len();
            let slot = |_| Slot {
                group,
                connection: None,
                since: now,
                settled: false,
                answered: 0,
                last_answer: None,
            };
            slots.extend((0..connections).map(slot));
            groups.push(Group {
                book: Book::new(),
                script: Rc::new(script),
                demand,
                free: VecDeque::with_capacity(connections),
                late_until: None,
            });
        };
        let prime = || Script::prime(plan.protocol, plan.prime);
        let echo = || Script::echo(plan.protocol, plan.payload, &plan.page, plan.depth);
        match plan.workload {
            Workload::Mixed => add(prime(), plan.askers, Demand::Closed),
            Workload::Hoard => add(echo(), plan.silent, Demand::Never),
            _ => {}
        }
        let main = if plan.workload == Workload::Spread { prime() } else { echo() };
        add(main, plan.connections, Demand::Closed);
        Ok(Generator {
            groups,
            errors: Errors::default(),
            reopened: 0,
            plan: plan.clone(),
            poll,
            alarm,
            started: false,
            unsettled: slots.len(),
            connecting: 0,
            opening: (0..slots.len()).map(|slot| (now, slot)).collect(),
            slots,
            next_open: now,
            source: Ipv4Addr::LOCALHOST,
            buffer: vec![0; BUFFER],
        })
    }

    /// Opens every connection, one after the other; gives up on those that take too long.
    pub fn open_all(&mut self) -> Result<(), Error> {
        let limit = Instant::now() + OPEN_EVERY * self.slots.len() as u32 + OPEN_LIMIT;
        self.run_until(limit, |generator| generator.unsettled == 0)?;
        if self.errors.refused > 0 && self.census().connected == 0 {
            return Err(Error::Refused(self.plan.target));
        }
        for index in 0..self.slots.len() {
            if !self.slots[index].settled {
                self.lose(index, Loss::Timeout, Instant::now());
            }
        }
        Ok(())
    }

    /// From now on, requests are due.
    pub fn start(&mut self, now: Instant) {
        self.started = true;
        self.slots.iter_mut().for_each(|slot| slot.since = now);
        if let Some(rate) = self.plan.rate
            && let Some(main) = self.groups.last_mut()
        {
            main.demand = Demand::open(now, rate);
        }
        for group in 0..self.groups.len() {
            for index in mem::take(&mut self.groups[group].free) {
                if self.is_free(index) {
                    self.release(index, Instant::now());
                }
            }
        }
    }

    /// The loop: until `end`, or until `done`.
    pub fn run_until(
        &mut self,
        end: Instant,
        mut done: impl FnMut(&Generator) -> bool,
    ) -> Result<(), Error> {
        let mut events = Events::with_capacity(EVENTS);
        loop {
            let now = Instant::now();
            if now >= end || done(self) {
                return Ok(());
            }
            self.open_due(now)?;
            self.ask_due(now);
            let wake = self.next_due().map_or(end, |due| due.min(end));
            let waiting = |error| Error::Io("waiting for readiness", error);
            let at_most = self.alarm.set(wake, now).map_err(waiting)?;
            match self.poll.poll(&mut events, Some(at_most)) {
                // A signal came in between, for example after SIGSTOP and SIGCONT.
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                result => result.map_err(waiting)?,
            }
            for event in events.iter().filter(|event| event.token() != ALARM) {
                self.advance(event);
            }
        }
    }

    /// One connection has news.
    fn advance(&mut self, event: &Event) {
        let index = event.token().0;
        let slot = &mut self.slots[index];
        let Some(connection) = &mut slot.connection else { return };
        let was_connected = connection.is_connected();
        let turn = connection.ready(event, &mut self.buffer);
        let opened = connection.is_connected() && !was_connected;
        if !opened && turn.answered.is_none() && turn.lost.is_none() {
            return;
        }
        // The one look at the clock: when these requests ended, and when the next are sent.
        let now = Instant::now();
        self.connecting -= usize::from(opened);
        if let Some(flight) = turn.answered {
            slot.answered += flight.requests;
            slot.last_answer = Some(now);
            self.groups[slot.group].book.answered(flight, now);
        }
        match turn.lost {
            Some(loss) => self.lose(index, loss, now),
            None => {
                self.settle(index);
                if turn.answered.is_some() && self.leaves(index) {
                    self.renew(index, now);
                } else if self.is_free(index) {
                    self.release(index, now);
                }
            }
        }
    }

    /// This connection is free: it takes the request that has waited longest, or rests.
    fn release(&mut self, index: usize, now: Instant) {
        let rests = self.rests(&self.slots[index]);
        let group = &mut self.groups[self.slots[index].group];
        let due = if self.started && !rests { group.demand.claim(now) } else { None };
        // A client that comes for one request has waited since it set out.
        let storm = self.plan.workload == Workload::Storm;
        let due = due.map(|due| if storm { self.slots[index].since } else { due });
        match due {
            Some(due) => {
                // The wait that was ours; since then it has been the server's.
                if let Some(until) = group.late_until.filter(|&until| due <= until) {
                    group.book.sent(due, until);
                }
                self.ask(index, due, now);
            }
            None => group.free.push_back(index),
        }
    }

    /// Requests have fallen due: those who are free ask. If nobody is, they wait; `release` takes
    /// them up.
    fn ask_due(&mut self, now: Instant) {
        if !self.started {
            return;
        }
        for group in 0..self.groups.len() {
            let somebody_was_free = self.first_free(group).is_some();
            while let Some(index) = self.first_free(group)
                && let Some(_) = self.groups[group].demand.next_due().filter(|&due| due <= now)
                && let Some(due) = self.groups[group].demand.claim(now)
            {
                let now = Instant::now();
                self.groups[group].free.pop_front();
                self.groups[group].book.sent(due, now);
                self.ask(index, due, now);
            }
            // More had fallen due than there are connections: `release` sends them, late like these.
            let due = self.groups[group].demand.next_due();
            if somebody_was_free && due.is_some_and(|due| due <= now) {
                self.groups[group].late_until = Some(now);
            }
        }
    }

    fn ask(&mut self, index: usize, due: Instant, now: Instant) {
        if let Some(connection) = &mut self.slots[index].connection
            && let Err(loss) = connection.ask(due, now)
        {
            self.lose(index, loss, now);
        }
    }

    /// Who has rested longest in this group; forgets those that were lost.
    fn first_free(&mut self, group: usize) -> Option<usize> {
        while let Some(&index) = self.groups[group].free.front() {
            if self.is_free(index) {
                return Some(index);
            }
            self.groups[group].free.pop_front();
        }
        None
    }

    fn is_free(&self, index: usize) -> bool {
        self.slots[index].connection.as_ref().is_some_and(Connection::is_free)
    }

    /// In a crowd, everybody asks once.
    fn rests(&self, slot: &Slot) -> bool {
        self.plan.workload == Workload::Crowd && slot.answered > 0
    }

    /// In a storm, everybody leaves when it is answered.
    fn leaves(&self, index: usize) -> bool {
        self.plan.workload == Workload::Storm && self.started && self.is_free(index)
    }

    /// Leaves in good order, and comes back at once.
    fn renew(&mut self, index: usize, now: Instant) {
        self.slots[index].connection = None;
        self.slots[index].settled = false;
        self.unsettled += 1;
        self.opening.push_back((now, index));
    }

    /// Opens the connections whose time has come.
    fn open_due(&mut self, now: Instant) -> Result<(), Error> {
        while let Some(&(due, index)) = self.opening.front()
            && self.opens_at(due) <= now
            && self.connecting < CONNECTING
        {
            self.opening.pop_front();
            self.next_open = self.next_open.max(now - OPEN_BURST) + OPEN_EVERY;
            self.open(index, now)?;
        }
        Ok(())
    }

    /// A storm has no pace but that at which it is answered.
    fn opens_at(&self, due: Instant) -> Instant {
        match self.plan.workload {
            Workload::Storm if self.started => due,
            _ => due.max(self.next_open),
        }
    }

    fn open(&mut self, index: usize, now: Instant) -> Result<(), Error> {
        let slot = &mut self.slots[index];
        slot.since = now;
        self.reopened += u64::from(slot.settled);
        let script = &self.groups[slot.group].script;
        let chosen = self.source.max(connection::source(self.plan.target, index));
        let mut source = chosen;
        let opened = connection::open(self.plan.target, &mut source);
        if source != chosen {
            self.source = source;
        }
        match opened {
            Ok(stream) => {
                let connection = slot.connection.insert(Connection::new(stream, script, index));
                self.connecting += 1;
                let both = Interest::READABLE | Interest::WRITABLE;
                let registry = self.poll.registry();
                registry
                    .register(&mut connection.stream, Token(index), both)
                    .map_err(|error| Error::Io("registering a connection", error))
            }
            Err(error) => {
                self.lose(index, connection::loss(&error), now);
                Ok(())
            }
        }
    }

    /// This connection is gone, and so is what it had under way.
    fn lose(&mut self, index: usize, loss: Loss, now: Instant) {
        self.errors.count(loss);
        self.settle(index);
        let slot = &mut self.slots[index];
        if let Some(flight) = slot.flight() {
            self.groups[slot.group].book.lost(flight, now);
        }
        let lost = slot.connection.take();
        self.connecting -= usize::from(lost.is_some_and(|lost| !lost.is_connected()));
        if self.plan.workload == Workload::Crowd {
            slot.answered = 0;
        }
        self.opening.push_back((now + REOPEN_AFTER, index));
    }

    fn settle(&mut self, index: usize) {
        let slot = &mut self.slots[index];
        if !mem::replace(&mut slot.settled, true) {
            self.unsettled -= 1;
        }
    }

    /// When the loop must wake up although the kernel has no news. A request that is due while
    /// nobody is free is no reason: there is nothing to be done about it.
    fn next_due(&mut self) -> Option<Instant> {
        let opening = self.opening.front().filter(|_| self.connecting < CONNECTING);
        let mut next = opening.map(|&(due, _)| self.opens_at(due));
        for group in 0..self.groups.len() {
            if self.started
                && self.first_free(group).is_some()
                && let Some(due) = self.groups[group].demand.next_due()
            {
                next = Some(next.map_or(due, |next| next.min(due)));
            }
        }
        next
    }

    /// The warm-up is over.
    pub fn clear_books(&mut self) {
        for group in &mut self.groups {
            group.book.clear();
        }
    }

    /// The measuring is over: what has not ended is written down as it stands.
    pub fn close_books(&mut self, end: Instant) {
        for slot in &self.slots {
            if let Some(flight) = slot.flight() {
                self.groups[slot.group].book.unanswered(flight, end);
            }
        }
        for group in &mut self.groups {
            while group.demand.next_due().is_some_and(|due| due <= end)
                && let Some(due) = group.demand.claim(end)
            {
                group.book.unsent(due, end);
            }
        }
    }

    /// Leaves in good order: takes the answers that are on their way, and asks no more. To close
    /// with an answer unread is to reset, and the server would have to call that an error.
    pub fn leave(&mut self) -> Result<(), Error> {
        self.started = false;
        self.run_until(Instant::now() + LEAVE_LIMIT, |generator| {
            generator.slots.iter().all(|slot| slot.flight().is_none())
        })
    }

    /// Requests answered since the books began.
    pub fn answered(&self) -> u64 {
        self.groups.iter().map(|group| group.book.answered).sum()
    }

    /// Counts the connections.
    pub fn census(&self) -> Census {
        let mut census = Census { connected: 0, at_rest: 0 };
        for slot in &self.slots {
            let connected = slot.is_connected();
            census.connected += usize::from(connected);
            census.at_rest += usize::from(connected && self.rests(slot));
        }
        census
    }

    /// How many of the main group nobody serves: they have had no answer since then, and not for
    /// want of asking.
    pub fn starved(&self, since: Instant) -> usize {
        let main = self.groups.len() - 1;
        let main = self.slots.iter().filter(|slot| slot.group == main);
        main.filter(|slot| slot.is_starved(since)).count()
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};
    use std::net::TcpListener;
    use std::thread;

    use super::*;
    use crate::plan::Protocol;

    #[test]
    fn a_stall_of_our_own_is_lag_for_all_that_fell_due_meanwhile() {
        const STALL: Duration = Duration::from_millis(100);
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let target = listener.local_addr().unwrap();
        let echo = thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let mut buffer = [0; 64];
            while let Ok(n @ 1..) = stream.read(&mut buffer) {
                stream.write_all(&buffer[..n]).unwrap();
            }
        });
        let plan = Plan {
            connections: 1,
            rate: Some(1000.0),
            ..Plan::new(target, Workload::Echo, Protocol::Raw)
        };
        let mut generator = Generator::new(&plan).unwrap();
        generator.open_all().unwrap();
        // Nothing is due yet, so the connection rests while we sleep past a hundred due times.
        let start = Instant::now() + STALL;
        generator.start(start);
        thread::sleep(2 * STALL);
        let limit = start + Duration::from_secs(10);
        generator.run_until(limit, |generator| generator.groups[0].book.answered > 100).unwrap();
        let late = Duration::from_millis(10).as_nanos() as u64;
        let lag = &generator.groups[0].book.lag;
        assert!(lag.count_between(late, u64::MAX) >= 80, "{}", lag.len());
        drop(generator);
        echo.join().unwrap();
    }
}
