//! The phases of a run.

use std::time::{Duration, Instant};

use crate::cost::{self, Server, Switches};
use crate::generator::Generator;
use crate::report::{Cost, Crowd, Report};
use crate::{Error, Plan};

/// How long a crowd may take to be served once all have been opened.
const CROWD_LIMIT: Duration = Duration::from_secs(20);

/// Runs the `echo`, `pipeline` or `mixed` workload, and tells what was seen. Takes the time to open the
/// connections, the warm-up, and the time to measure, whatever the server does.
pub fn measure(plan: &Plan) -> Result<Report, Error> {
    let server = plan.server.map(Server::new);
    let mut generator = Generator::new(plan)?;
    generator.open_all()?;
    generator.start(Instant::now());
    generator.run_until(Instant::now() + plan.warm_up, |_| false)?;

    generator.clear_books();
    let before = Spent::now(server.as_ref());
    generator.run_until(before.at + plan.measured, |_| false)?;
    let after = Spent::now(server.as_ref());
    // Before the connections are closed: what they cost is part of it.
    let footprint = server.as_ref().and_then(Server::footprint);
    generator.close_books(after.at);

    let elapsed = after.at - before.at;
    let cost = Cost {
        own: after.own.zip(before.own).map(|(after, before)| after - before),
        own_wait: after.own_wait.zip(before.own_wait).map(|(after, before)| after - before),
        // Less than before: a process has ended and taken its figures with it.
        server: after.server.zip(before.server).and_then(|(now, then)| now.checked_sub(then)),
        footprint,
        switches: after.switches.zip(before.switches).and_then(|(now, then)| now.since(then)),
    };
    let report = Report::new(plan, &generator, elapsed, cost);
    generator.leave()?;
    Ok(report)
}

/// Opens the connections, lets each ask once, and calls `at_rest` when all have been answered (or
/// when those that have not will not be). They stay open until
/// `at_rest` returns; what it returns is the result.
pub fn crowd<T>(plan: &Plan, at_rest: impl FnOnce(&Crowd) -> T) -> Result<T, Error> {
    let mut generator = Generator::new(plan)?;
    generator.start(Instant::now());
    generator.open_all()?;
    let everybody = plan.connections;
    generator.run_until(Instant::now() + CROWD_LIMIT, |g| g.census().at_rest == everybody)?;
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
    switches: Option<Switches>,
}

impl Spent {
    fn now(server: Option<&Server>) -> Spent {
        Spent {
            at: Instant::now(),
            own: cost::own_processor_time(),
            own_wait: cost::own_wait(),
            server: server.and_then(Server::processor_time),
            switches: server.and_then(Server::switches),
        }
    }
}
