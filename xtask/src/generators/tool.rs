//! The generators that can ask at a fixed rate: how each is called, and how each says what it saw.

use std::collections::BTreeMap;
use std::fs;
use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, ensure};
use load::Report;
use load::plan::Page;
use serde::Deserialize;

use super::{CONNECTIONS, WARM_UP};

/// One of them.
pub struct Tool {
    /// Also the program's.
    pub name: &'static str,
    /// The flag that prints its version.
    pub version: &'static str,
    /// Whether a request that has to wait for a connection is timed from when it was due.
    pub from_due: bool,
    command: fn(&Ask, &mut Command),
    /// What it says, from its output and from the file that it may have written.
    read: fn(&str, &Path) -> Result<Figures>,
}

/// What is wanted of a generator.
pub struct Ask<'a> {
    pub target: SocketAddr,
    pub page: &'a Page,
    /// Requests a second.
    pub rate: u64,
    /// How long it measures.
    pub seconds: u64,
    /// A file that it may write.
    pub log: &'a Path,
}

/// What a generator says. Times are in seconds.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Figures {
    /// Requests answered, a second.
    pub per_second: f64,
    pub p50: f64,
    pub p90: f64,
    pub p99: f64,
    pub mean: f64,
    /// Share of the time in which it was ready to run and others had its core, if it says so.
    pub waited: Option<f64>,
    /// It says that it sent late, or was at its limit.
    pub saturated: bool,
}

/// Ours.
pub const LOAD: Tool = Tool {
    name: "load",
    version: "--help",
    from_due: true,
    command: |ask, command| {
        command.args([&ask.target.to_string(), "--protocol", "http", "--json"]);
        command.args(["--path", &ask.page.path, "--body", &ask.page.body]);
        command.args(["--connections", &CONNECTIONS.to_string()]);
        command.args(["--rate", &ask.rate.to_string(), "--seconds", &ask.seconds.to_string()]);
        command.args(["--warmup", &WARM_UP.to_string()]);
    },
    read: |said, _| {
        let report: Report = serde_json::from_str(said).context("reading its report")?;
        ensure!(report.errors.total() == 0, "it lost connections: {:?}", report.errors);
        let times = &report.requests.response;
        Ok(Figures {
            per_second: report.requests.per_second,
            p50: times.p50.nanos as f64 / 1e9,
            p90: times.p90.nanos as f64 / 1e9,
            p99: times.p99.nanos as f64 / 1e9,
            mean: times.mean() / 1e9,
            waited: report.generator.waited,
            saturated: report.generator.saturated,
        })
    },
};

/// The others.
pub const OTHERS: [Tool; 3] = [
    Tool {
        name: "oha",
        version: "--version",
        from_due: true,
        command: |ask, command| {
            command.args(["--no-tui", "--output-format", "json", "--latency-correction"]);
            command.args(["-c", &CONNECTIONS.to_string(), "-q", &ask.rate.to_string()]);
            command.args(["-z", &format!("{}s", WARM_UP + ask.seconds), &url(ask)]);
        },
        read: |said, _| oha(said),
    },
    Tool {
        name: "wrk2",
        version: "-v",
        from_due: true,
        command: |ask, command| {
            // It tunes itself for ten seconds and five milliseconds for each connection, and forgets
            // what it saw until then.
            let seconds = 11 + ask.seconds;
            command.args(["-t1", &format!("-c{CONNECTIONS}"), &format!("-d{seconds}s")]);
            command.args([&format!("-R{}", ask.rate), "--latency", &url(ask)]);
        },
        read: |said, _| wrk2(said),
    },
    Tool {
        name: "h2load",
        version: "--version",
        from_due: false,
        command: |ask, command| {
            command.args(["--h1", "-t1", &format!("-c{CONNECTIONS}")]);
            // A rate for each connection.
            command.arg(format!("--rps={}", ask.rate as f64 / CONNECTIONS as f64));
            command.args(["-D", &ask.seconds.to_string()]);
            command.arg(format!("--warm-up-time={WARM_UP}"));
            command.arg("--log-file").arg(ask.log).arg(url(ask));
        },
        read: |said, log| h2load(said, &fs::read_to_string(log).context("reading its log")?),
    },
];

impl Tool {
    /// How it is called for this, being found as `program`.
    pub fn command(&self, program: &Path, ask: &Ask) -> Command {
        let mut command = Command::new(program);
        (self.command)(ask, &mut command);
        command
    }

    /// What it says in the end.
    pub fn read(&self, said: &str, log: &Path) -> Result<Figures> {
        (self.read)(said, log).with_context(|| format!("{} said: {said}", self.name))
    }
}

fn url(ask: &Ask) -> String {
    format!("http://{}{}", ask.target, ask.page.path)
}

/// What oha writes as JSON, as far as it is wanted here.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Oha {
    summary: OhaSummary,
    latency_percentiles: BTreeMap<String, f64>,
    status_code_distribution: BTreeMap<String, u64>,
    error_distribution: BTreeMap<String, u64>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct OhaSummary {
    average: f64,
    requests_per_sec: f64,
}

fn oha(said: &str) -> Result<Figures> {
    let Oha { summary, latency_percentiles, status_code_distribution, error_distribution } =
        serde_json::from_str(said)?;
    // What is under way at the end it leaves out, and says so here.
    let at_the_end = |error: &String| error.contains("deadline");
    let wrong = error_distribution.keys().find(|error| !at_the_end(error));
    ensure!(wrong.is_none(), "it says: {}", wrong.map_or("", String::as_str));
    ensure!(status_code_distribution.keys().eq(["200"]), "not every answer was a 200");
    let percentile = |name: &str| latency_percentiles.get(name).copied().context("a percentile");
    Ok(Figures {
        per_second: summary.requests_per_sec,
        p50: percentile("p50")?,
        p90: percentile("p90")?,
        p99: percentile("p99")?,
        mean: summary.average,
        waited: None,
        saturated: false,
    })
}

/// The distribution is given as ` 50.000%    1.23ms`, the mean below it in milliseconds as
/// `#[Mean    =        1.204, StdDeviation   =        0.583]`.
fn wrk2(said: &str) -> Result<Figures> {
    let wrong =
        said.lines().find(|line| line.contains("Socket errors") || line.contains("Non-2xx"));
    ensure!(wrong.is_none(), "it says: {}", wrong.unwrap_or_default().trim());
    let after = |name: &str| said.lines().find_map(|line| line.trim().strip_prefix(name));
    let percentile = |name| {
        let time = after(name).with_context(|| format!("no {name}"))?.trim();
        let unit = time.find(char::is_alphabetic).context("a time without a unit")?;
        let scale = match &time[unit..] {
            "us" => 1e-6,
            "ms" => 1e-3,
            "s" => 1.0,
            other => anyhow::bail!("an unknown unit: {other}"),
        };
        Ok(time[..unit].parse::<f64>()? * scale)
    };
    let mean =
        after("#[Mean").and_then(|rest| rest.trim_start_matches([' ', '=']).split(',').next());
    let per_second = after("Requests/sec:").context("no rate")?;
    Ok(Figures {
        per_second: per_second.trim().parse()?,
        p50: percentile("50.000%")?,
        p90: percentile("90.000%")?,
        p99: percentile("99.000%")?,
        mean: mean.context("no mean")?.trim().parse::<f64>()? / 1e3,
        waited: None,
        saturated: false,
    })
}

/// `finished in 5.06s, 718.25 req/s, …`; and for each request a line with when it was sent, the status
/// and how many microseconds it took.
fn h2load(said: &str, log: &str) -> Result<Figures> {
    let finished = said.lines().find(|line| line.starts_with("finished in"));
    let per_second =
        finished.and_then(|line| line.split(' ').nth(3)).context("no rate")?.parse()?;
    let mut times = Vec::new();
    for line in log.lines() {
        let [_, status, micros] = line.split('\t').collect::<Vec<_>>()[..] else {
            anyhow::bail!("a line of its log is not of three fields: {line}")
        };
        ensure!(status == "200", "an answer was not a 200 but {status}");
        times.push(micros.parse::<u64>()? as f64 / 1e6);
    }
    ensure!(!times.is_empty(), "it has written down no request");
    times.sort_by(f64::total_cmp);
    // The time that so many in a hundred do not exceed.
    let percentile = |percent: usize| times[(times.len() * percent).div_ceil(100).max(1) - 1];
    Ok(Figures {
        per_second,
        p50: percentile(50),
        p90: percentile(90),
        p99: percentile(99),
        mean: times.iter().sum::<f64>() / times.len() as f64,
        waited: None,
        saturated: false,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn oha_is_read() {
        let said = |status, error| {
            format!(
                r#"{{"summary": {{"average": 0.02, "requestsPerSec": 999.5, "total": 5.0}},
                    "latencyPercentiles": {{"p50": 0.01, "p90": 0.03, "p99": 0.04, "p99.9": 0.1}},
                    "statusCodeDistribution": {{"{status}": 4990}},
                    "errorDistribution": {{"{error}": 10}}}}"#
            )
        };
        let (p50, p90, p99, mean) = (0.01, 0.03, 0.04, 0.02);
        let figures =
            Figures { per_second: 999.5, p50, p90, p99, mean, waited: None, saturated: false };
        assert_eq!(oha(&said(200, "aborted due to deadline")).unwrap(), figures);
        assert!(oha(&said(503, "aborted due to deadline")).is_err());
        assert!(oha(&said(200, "connection closed")).is_err());
    }

    #[test]
    fn wrk2_is_read() {
        let said = "  Thread Stats   Avg      Stdev     Max   +/- Stdev\n\
                    \u{20}   Latency     1.20ms  583.00us   4.01ms   70.00%\n\
                    \u{20} Latency Distribution (HdrHistogram - Recorded Latency)\n\
                    \u{20}50.000%  950.00us\n 75.000%    1.40ms\n 90.000%    2.00ms\n\
                    \u{20}99.000%    1.01s\n 99.900%    1.20s\n\n\
                    #[Mean    =        1.204, StdDeviation   =        0.583]\n\
                    \u{20} 10000 requests in 5.00s, 1.40MB read\nRequests/sec:   1999.20\n";
        let figures = wrk2(said).unwrap();
        assert_eq!((figures.per_second, figures.p90, figures.p99), (1999.2, 0.002, 1.01));
        assert!((figures.p50 - 950e-6).abs() < 1e-9 && (figures.mean - 1.204e-3).abs() < 1e-9);
        let wrong = format!("{said}  Non-2xx or 3xx responses: 7\n");
        assert!(wrk2(&wrong).is_err());
    }

    #[test]
    fn h2load_is_read() {
        let said = "progress: 100% done\nfinished in 5.06s, 718.25 req/s, 90.48KB/s\n";
        let log: String = (1..=100).rev().map(|i| format!("17952814\t200\t{i}000\n")).collect();
        let figures = h2load(said, &log).unwrap();
        assert_eq!((figures.per_second, figures.p50), (718.25, 0.05));
        assert_eq!((figures.p90, figures.p99), (0.09, 0.099));
        assert!((figures.mean - 0.0505).abs() < 1e-9);
        assert!(h2load(said, "1\t-1\t5\n").is_err());
        assert!(h2load(said, "").is_err());
    }
}
