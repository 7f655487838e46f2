//! The phases of a run.

use std::time::{Duration, Instant};

use crate::cost::{self, Members, Server};
use crate::generator::Generator;
use crate::report::{Cost, Crowd, Report};
use crate::{Error, Plan};

/// How long a crowd may take to be served once all have been opened.
const CROWD_LIMIT: Duration = Duration::from_secs(20);

/// Who has served nobody new in a crowd for so long will not: longer than TCP waits before it asks a
/// full backlog for the second time.
const NO_MORE: Duration = Duration::from_secs(4);

/// How long the load goes on after a look at the server, and as long again as that took: the generator
/// is deaf meanwhile, and what it has held up is through by then.
const SETTLE: Duration = Duration::from_millis(10);

/// Runs any workload but `crowd`, and tells what was seen. Takes the time to open the connections, the
/// warm-up, and the time to measure, whatever the server does.
pub fn measure(plan: &Plan) -> Result<Report, Error> {
    let server = plan.server.map(Server::new);
    let look = || server.as_ref().and_then(Server::members);
    let mut generator = Generator::new(plan)?;
    generator.open_all()?;
    generator.start(Instant::now());
    generator.run_until(Instant::now() + plan.warm_up, |_| false)?;

    let (then, before) = settle(plan, &mut generator, look)?;
    let began = Spent::now(then.as_ref());
    generator.run_until(began.at + plan.measured, |_| false)?;
    let ended = Spent::now(then.as_ref());
    generator.close_books(ended.at);
    let now = look();
    // Before the connections are closed: what they cost is part of it.
    let footprint = server.as_ref().and_then(Server::footprint);

    let members = now.as_ref().zip(then.as_ref());
    let same = members.is_some_and(|(now, then)| now.same_processes(then));
    let since = |now: Option<Duration>, then| Some(now? - then?);
    let cost = Cost {
        own: since(ended.own, began.own),
        own_wait: since(ended.own_wait, began.own_wait),
        server: since(ended.server, began.server).filter(|_| same),
        footprint,
        switches: members.and_then(|(now, then)| now.switches_since(then)),
        answered_before: before,
    };
    let report = Report::new(plan, &generator, began.at..ended.at, cost);
    generator.leave()?;
    Ok(report)
}

/// Looks at the server and waits until nothing of what that has held up is left; then the books begin.
/// Also tells how many requests have been answered in between. Without a warm-up all is counted from
/// the first request on, so there is nothing to wait for.
fn settle<T>(
    plan: &Plan,
    generator: &mut Generator,
    look: impl FnOnce() -> Option<T>,
) -> Result<(Option<T>, u64), Error> {
    let (began, answered) = (Instant::now(), generator.answered());
    let seen = look();
    let looked = Instant::now();
    if seen.is_some() && !plan.warm_up.is_zero() {
        generator.run_until(looked + SETTLE + (looked - began), |_| false)?;
    }
    let meanwhile = generator.answered() - answered;
    generator.clear_books();
    Ok((seen, meanwhile))
}

/// Opens the connections, lets each ask once, and calls `at_rest` when all have been answered (or
/// when those that have not will not be). They stay open until
/// `at_rest` returns; what it returns is the result.
pub fn crowd<T>(plan: &Plan, at_rest: impl FnOnce(&Crowd) -> T) -> Result<T, Error> {
    let mut generator = Generator::new(plan)?;
    generator.start(Instant::now());
    generator.open_all()?;
    let everybody = plan.connections;
    let start = Instant::now();
    let (mut most, mut since) = (0, start);
    generator.run_until(start + CROWD_LIMIT, |generator| {
        let at_rest = generator.census().at_rest;
        if at_rest > most {
            (most, since) = (at_rest, Instant::now());
        }
        at_rest == everybody || since.elapsed() >= NO_MORE
    })?;
    Ok(at_rest(&Crowd {
        connections: everybody,
        at_rest: generator.census().at_rest,
        errors: generator.errors,
    }))
}

/// Processor time at one moment.
struct Spent {
    at: Instant,
    own: Option<Duration>,
    own_wait: Option<Duration>,
    server: Option<Duration>,
}

impl Spent {
    fn now(server: Option<&Members>) -> Spent {
        Spent {
            at: Instant::now(),
            own: cost::own_processor_time(),
            own_wait: cost::own_wait(),
            server: server.and_then(Members::processor_time),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};
    use std::net::TcpListener;
    use std::sync::mpsc;
    use std::thread;

    use super::*;
    use crate::{Protocol, Workload};

    #[test]
    fn what_a_look_at_the_server_holds_up_is_not_in_the_books() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let plan = Plan {
            connections: 1,
            warm_up: Duration::from_millis(1),
            ..Plan::new(listener.local_addr().unwrap(), Workload::Echo, Protocol::Raw)
        };
        // It answers once, while we look, and then never again.
        let (look, looked) = mpsc::channel();
        let (answer, answered) = mpsc::channel();
        let server = thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let mut buffer = [0; 8];
            stream.read_exact(&mut buffer).unwrap();
            looked.recv().unwrap();
            stream.write_all(&buffer).unwrap();
            answer.send(()).unwrap();
            stream.read_to_end(&mut Vec::new())
        });
        let mut generator = Generator::new(&plan).unwrap();
        generator.open_all().unwrap();
        generator.start(Instant::now());
        let look = || {
            look.send(()).unwrap();
            answered.recv().ok()
        };
        let (_, before) = settle(&plan, &mut generator, look).unwrap();
        generator.run_until(Instant::now() + SETTLE, |_| false).unwrap();
        assert_eq!((before, generator.answered()), (1, 0));
        drop(generator);
        server.join().unwrap().unwrap();
    }
}
