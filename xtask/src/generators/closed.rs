//! What a request costs a generator that asks again as soon as it is answered.

use std::fmt::Write as _;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use load::Report;
use load::cost::Server;
use load::units::{count, three_digits};

use super::{Bench, CONNECTIONS, WARM_UP, with_spread};
use crate::bench::child::Child;
use crate::bench::contender::Running;
use crate::bench::interrupt;
use crate::bench::progress::Progress;
use crate::bench::stats::summary;

/// How long a generator goes on when all is measured, in seconds.
const MARGIN: u64 = 1;

/// Whoever used more than this share of its core was the limit.
const FULL: f64 = 0.95;

/// How requests are sent.
struct Shape {
    name: &'static str,
    /// What ours calls it.
    workload: &'static str,
    /// What wrk needs for it.
    script: Option<&'static str>,
}

const SHAPES: [Shape; 2] = [
    Shape { name: "keep-alive", workload: "echo", script: None },
    Shape { name: "16 deep", workload: "pipeline", script: Some("bench/generators/pipeline.lua") },
];

/// Who sends them; ours comes first.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Who {
    Load,
    Wrk,
}

/// How many cells a round has.
pub fn cells() -> usize {
    SHAPES.len() * 2
}

/// What was seen of one generator in one round.
struct Round {
    /// Requests that nginx has answered, a second.
    per_second: f64,
    /// Processor time a request, in microseconds.
    own: f64,
    nginx: f64,
    /// Share of its core.
    own_busy: f64,
    nginx_busy: f64,
}

/// A figure of a round, and how it is shown.
type Column = (fn(&Round) -> f64, fn(f64) -> String);

const COLUMNS: [Column; 5] = [
    (|round| round.per_second, |value| count(value as u64)),
    (|round| round.own, |value| format!("{} µs", three_digits(value))),
    (|round| round.own_busy * 100.0, |value| format!("{value:.0} %")),
    (|round| round.nginx, |value| format!("{} µs", three_digits(value))),
    (|round| round.nginx_busy * 100.0, |value| format!("{value:.0} %")),
];

/// The table of both generators and both shapes.
pub fn compare(bench: &Bench, progress: &mut Progress) -> Result<String> {
    let mut text = format!(
        "{CONNECTIONS} connections to one nginx worker.\n\n\
         | sent | by | requests/s | its CPU a request | its core | nginx's CPU a request | nginx's core |\n\
         |---|---|--:|--:|--:|--:|--:|\n"
    );
    for shape in &SHAPES {
        let mut rounds = [Vec::new(), Vec::new()];
        for _ in 0..bench.rounds {
            for (who, rounds) in [Who::Load, Who::Wrk].into_iter().zip(&mut rounds) {
                let place = format!("{} {}", shape.name, who.name());
                progress.begin(&place);
                let round = round(bench, shape, who).with_context(|| place.clone())?;
                progress.end(&place, &format!("{} requests/s", count(round.per_second as u64)));
                rounds.push(round);
            }
        }
        text += &rows(shape, &rounds)?;
    }
    Ok(text)
}

/// Both generators, and how they compare.
fn rows(shape: &Shape, rounds: &[Vec<Round>; 2]) -> Result<String> {
    let [load, wrk] = rounds;
    let mut text = String::new();
    for (who, rounds) in [(Who::Load, load), (Who::Wrk, wrk)] {
        write!(text, "| {} | `{}` |", shape.name, who.name())?;
        for (figure, shown) in COLUMNS {
            let summary = summary(rounds.iter().map(figure)).context("no rounds")?;
            write!(text, " {} |", with_spread(summary, shown))?;
        }
        text += "\n";
    }
    write!(text, "| | `load`/`wrk` |")?;
    // How full a core was is no cost, and has no ratio.
    for ((figure, _), compares) in COLUMNS.into_iter().zip([true, true, false, true, false]) {
        let ratios = load.iter().zip(wrk).map(|(load, wrk)| figure(load) / figure(wrk));
        let ratio = summary(ratios).context("no rounds")?;
        let shown = if compares { with_spread(ratio, three_digits) } else { String::new() };
        write!(text, " {shown} |")?;
    }
    writeln!(text, "\n| | the limit | {} | | | | |", limit(rounds))?;
    Ok(text)
}

/// Whose core was full, with each of both.
fn limit([load, wrk]: &[Vec<Round>; 2]) -> String {
    let full = |rounds: &[Round], busy: fn(&Round) -> f64| {
        summary(rounds.iter().map(busy)).is_some_and(|busy| busy.median > FULL)
    };
    let limit = |who: Who, rounds: &[Round]| {
        let nginx = full(rounds, |round| round.nginx_busy);
        match (nginx, full(rounds, |round| round.own_busy)) {
            (true, true) => format!("nginx and `{}`", who.name()),
            (true, false) => "nginx".into(),
            (false, true) => format!("`{}`", who.name()),
            (false, false) => "nobody's core was full".into(),
        }
    };
    let (with_load, with_wrk) = (limit(Who::Load, load), limit(Who::Wrk, wrk));
    match with_load == with_wrk {
        true => with_load,
        false => format!("with `load`: {with_load}; with `wrk`: {with_wrk}"),
    }
}

/// Both are started for this, and end with it.
fn round(bench: &Bench, shape: &Shape, who: Who) -> Result<Round> {
    let server = bench.nginx.start(load::Protocol::Http, bench.pinning.server())?;
    let total = WARM_UP + bench.seconds + MARGIN;
    let mut command = who.command(bench, shape, server.address, total);
    let mut generator = Child::start(command.stderr(Stdio::piped()), bench.pinning.generator())?;
    let mut watch = |seconds| {
        let early = interrupt::wait_for(Duration::from_secs(seconds), || Ok(generator.ended()))?;
        match early {
            Some(status) => bail!("it ended with {status}{}", generator.last_words()),
            None => Moment::now(&server, &generator),
        }
    };
    let before = watch(WARM_UP)?;
    let after = watch(bench.seconds)?;
    who.check(&mut generator, Duration::from_secs(10 + MARGIN))?;
    Ok(after.since(&before))
}

impl Who {
    fn name(self) -> &'static str {
        match self {
            Who::Load => "load",
            Who::Wrk => "wrk",
        }
    }

    fn command(self, bench: &Bench, shape: &Shape, target: SocketAddr, seconds: u64) -> Command {
        match self {
            Who::Load => {
                let mut command = Command::new(&bench.load);
                command.args([&target.to_string(), "--protocol", "http", "--json"]);
                command.args(["--workload", shape.workload, "--warmup", "0"]);
                command.args(["--connections", &CONNECTIONS.to_string()]);
                command.args(["--seconds", &seconds.to_string()]);
                command
            }
            Who::Wrk => {
                let mut command = Command::new("wrk");
                command.args(["-t1", &format!("-c{CONNECTIONS}"), &format!("-d{seconds}s")]);
                command.args(shape.script.into_iter().flat_map(|script| ["-s", script]));
                command.arg(format!("http://{target}/plain"));
                command
            }
        }
    }

    /// Waits for its end, and for it to say that nothing went wrong.
    fn check(self, generator: &mut Child, patience: Duration) -> Result<()> {
        let mut said = String::new();
        while let Some(line) = generator.line(patience)? {
            said += &line;
            said += "\n";
        }
        ensure!(generator.wait(patience)?.success(), "it failed{}", generator.last_words());
        match self {
            Who::Load => {
                let report: Report = serde_json::from_str(&said).context("reading its report")?;
                ensure!(report.errors.total() == 0, "it lost connections: {:?}", report.errors);
            }
            Who::Wrk => {
                let wrong = said
                    .lines()
                    .find(|line| line.contains("Socket errors") || line.contains("Non-2xx"));
                ensure!(wrong.is_none(), "it says: {}", wrong.unwrap_or_default().trim());
            }
        }
        Ok(())
    }
}

/// What all have done until now.
struct Moment {
    at: Instant,
    answered: u64,
    own: Duration,
    nginx: Duration,
}

impl Moment {
    fn now(server: &Running, generator: &Child) -> Result<Moment> {
        let spent = |pid| {
            let time = Server::new(pid).processor_time();
            time.context("what a process has spent can be read on Linux only")
        };
        let answered = answered(server.address)?;
        Ok(Moment {
            at: Instant::now(),
            answered,
            own: spent(generator.id())?,
            nginx: spent(server.child.id())?,
        })
    }

    fn since(&self, before: &Moment) -> Round {
        let seconds = (self.at - before.at).as_secs_f64();
        let requests = (self.answered - before.answered) as f64;
        let own = self.own.saturating_sub(before.own).as_secs_f64();
        let nginx = self.nginx.saturating_sub(before.nginx).as_secs_f64();
        Round {
            per_second: requests / seconds,
            own: own * 1e6 / requests,
            nginx: nginx * 1e6 / requests,
            own_busy: own / seconds,
            nginx_busy: nginx / seconds,
        }
    }
}

/// How many requests nginx has answered so far, in its own words.
fn answered(nginx: SocketAddr) -> Result<u64> {
    const PATIENCE: Duration = Duration::from_secs(5);
    let ask = || {
        let mut stream = TcpStream::connect_timeout(&nginx, PATIENCE)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.write_all(b"GET /status HTTP/1.0\r\n\r\n")?;
        let mut reply = String::new();
        stream.read_to_string(&mut reply)?;
        std::io::Result::Ok(reply)
    };
    let reply = ask().context("asking nginx for its status")?;
    requests(&reply).with_context(|| format!("nginx has no such status: {reply}"))
}

/// The third number below `server accepts handled requests` (ngx_http_stub_status_module).
fn requests(status: &str) -> Option<u64> {
    let mut lines = status.lines();
    lines.find(|line| line.starts_with("server accepts handled requests"))?;
    lines.next()?.split_whitespace().nth(2)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nginx_tells_how_many_it_has_answered() {
        let status = "HTTP/1.1 200 OK\r\nServer: nginx\r\n\r\nActive connections: 65 \n\
                      server accepts handled requests\n 66 66 12345 \n\
                      Reading: 0 Writing: 1 Waiting: 64 \n";
        assert_eq!(requests(status), Some(12345));
        assert_eq!(requests("HTTP/1.1 404 Not Found\r\n\r\n"), None);
    }

    #[test]
    fn whose_core_is_full_is_the_limit() {
        let round = |own_busy, nginx_busy| {
            vec![Round { per_second: 1e5, own: 5.0, nginx: 10.0, own_busy, nginx_busy }]
        };
        assert_eq!(limit(&[round(0.5, 0.99), round(0.8, 1.0)]), "nginx");
        let differs = |load, wrk| format!("with `load`: {load}; with `wrk`: {wrk}");
        let nobody = "nobody's core was full";
        assert_eq!(
            limit(&[round(0.5, 0.99), round(0.99, 0.99)]),
            differs("nginx", "nginx and `wrk`")
        );
        assert_eq!(limit(&[round(0.99, 0.8), round(0.7, 0.99)]), differs("`load`", "nginx"));
        assert_eq!(limit(&[round(0.5, 0.99), round(0.7, 0.8)]), differs("nginx", nobody));
        assert_eq!(limit(&[round(0.5, 0.5), round(0.6, 0.5)]), "nobody's core was full");
    }

    #[test]
    fn what_was_spent_is_told_for_each_request() {
        let at = Instant::now();
        let moment = |seconds, answered, own, nginx| Moment {
            at: at + Duration::from_secs(seconds),
            answered,
            own: Duration::from_millis(own),
            nginx: Duration::from_millis(nginx),
        };
        let round = moment(3, 201_000, 1100, 2500).since(&moment(1, 1000, 100, 500));
        assert_eq!((round.per_second, round.own, round.nginx), (100_000.0, 5.0, 10.0));
        assert_eq!((round.own_busy, round.nginx_busy), (0.5, 1.0));
    }
}
