//! What is said of a server that is asked at a fixed rate.
//!
//! Where a server takes its time, or stands still, that is what everybody must find. Where it answers
//! in microseconds, much of what is found is the generator's own: how it paces itself, and how soon it
//! wakes up. So each is asked of both.

use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use load::report::DISTURBED;
use load::units::{count, time};
use load::{Protocol, plan::Page};

use super::tool::{Ask, Figures, LOAD, Tool};
use super::{Bench, CONNECTIONS, with_spread};
use crate::bench::child::Child;
use crate::bench::contender::Running;
use crate::bench::interrupt;
use crate::bench::progress::Progress;
use crate::bench::stats::{Summary, summary};

/// Figures that differ by more do not agree.
const AGREED: f64 = 0.1;

/// How often a server stands still that does so.
const EVERY: Duration = Duration::from_secs(1);

/// What a generator may take beyond its time; wrk2 also measures for eleven seconds before.
const SLACK: Duration = Duration::from_secs(25);

/// What a server is asked, and how often.
struct Setting {
    /// What the server does.
    server: &'static str,
    path: &'static str,
    body: &'static str,
    /// Requests a second.
    rate: u64,
    /// For so long it stands still in every second.
    stall: Duration,
}

const SETTINGS: [Setting; 4] = [
    Setting {
        server: "sleeps for 20 ms",
        path: "/sleep?ms=20",
        body: "slept 20 ms\n",
        rate: 1000,
        stall: Duration::ZERO,
    },
    Setting {
        server: "stands still for 300 ms in every second",
        path: "/plain",
        body: "Hello, World!",
        rate: 2000,
        stall: Duration::from_millis(300),
    },
    Setting {
        server: "answers at once",
        path: "/plain",
        body: "Hello, World!",
        rate: 2000,
        stall: Duration::ZERO,
    },
    Setting {
        server: "answers at once",
        path: "/plain",
        body: "Hello, World!",
        rate: 10_000,
        stall: Duration::ZERO,
    },
];

impl Setting {
    /// Only who counts from when a request was due can see a server stand still.
    fn can_be_asked_by(&self, tool: &Tool) -> bool {
        tool.from_due || self.stall.is_zero()
    }
}

/// The figures that are compared.
const COLUMNS: [fn(&Figures) -> f64; 4] =
    [|one| one.p50, |one| one.p90, |one| one.p99, |one| one.mean];

/// How many cells a round has at most, with so many generators beside ours.
pub fn cells(others: usize) -> usize {
    SETTINGS.len() * (1 + others)
}

/// The table of all settings and all generators.
pub fn compare(bench: &Bench, others: &[&Tool], progress: &mut Progress) -> Result<String> {
    let mut text = format!(
        "{CONNECTIONS} connections to one of our steps ({}), which\n\n\
         | | requests/s | asked by | answered/s | p50 | p90 | p99 | mean |\n\
         |---|--:|---|--:|--:|--:|--:|--:|\n",
        super::STEP
    );
    let mut waited: f64 = 0.0;
    let folder = tempfile::tempdir().context("a folder for what generators write")?;
    let log = folder.path().join("requests.log");
    for setting in &SETTINGS {
        let asked: Vec<&Tool> = [&LOAD]
            .into_iter()
            .chain(others.iter().copied().filter(|tool| setting.can_be_asked_by(tool)))
            .collect();
        let mut rounds: Vec<Vec<Figures>> = vec![Vec::new(); asked.len()];
        for _ in 0..bench.rounds {
            for (tool, rounds) in asked.iter().zip(&mut rounds) {
                let place = format!("{}, {}/s, {}", setting.server, setting.rate, tool.name);
                progress.begin(&place);
                let figures = round(bench, setting, tool, &log).with_context(|| place.clone())?;
                progress.end(&place, &format!("p50 {}", seconds(figures.p50)));
                waited = waited.max(figures.waited.unwrap_or(0.0));
                rounds.push(figures);
            }
        }
        for (tool, rounds_of_it) in asked.iter().zip(&rounds) {
            text += &row(setting, tool, rounds_of_it, &rounds[0])?;
        }
    }
    writeln!(text, "\n{}", disturbance(waited))?;
    text += "\nIn brackets: how far the figure is from ours, round by round; **bold** if by more than 10 %.\n";
    Ok(text)
}

/// How much of our generator's core others had, in its worst round. Nobody watches that in the rounds of
/// the other generators.
fn disturbance(waited: f64) -> String {
    let percent = waited * 100.0;
    let advice = match waited > DISTURBED {
        true => " These figures are about them, too: end what else runs, and repeat this.",
        false => "",
    };
    format!(
        "Others had the core of `load` for at most {percent:.1} % of a round of its own here.{advice}"
    )
}

/// One generator: its figures, and how they differ from ours.
fn row(setting: &Setting, tool: &Tool, rounds: &[Figures], ours: &[Figures]) -> Result<String> {
    let mut row = format!("| {} | {} | `{}`", setting.server, count(setting.rate), tool.name);
    let limited = rounds.iter().filter(|one| one.saturated).count();
    if limited > 0 {
        write!(row, " (late or at its limit in {limited} of {} rounds)", rounds.len())?;
    }
    row += " |";
    let answered = summary(rounds.iter().map(|one| one.per_second)).context("no rounds")?;
    write!(row, " {} |", count(answered.median.round() as u64))?;
    for figure in COLUMNS {
        let value = summary(rounds.iter().map(figure)).context("no rounds")?;
        if tool.name == LOAD.name {
            write!(row, " {} |", with_spread(value, seconds))?;
            continue;
        }
        let pairs = rounds.iter().zip(ours);
        let away = pairs.map(|(theirs, ours)| figure(theirs) / figure(ours) - 1.0);
        let away = summary(away).context("no rounds")?;
        write!(row, " {} ({}) |", seconds(value.median), distance(away))?;
    }
    Ok(row + "\n")
}

/// `+3 %, −1 to +5`; bold if it is far.
fn distance(away: Summary) -> String {
    let percent = |share: f64| format!("{:+.0}", share * 100.0).replace('-', "−");
    let range = match away.rounds {
        1 => String::new(),
        _ => format!(", {} to {}", percent(away.low), percent(away.high)),
    };
    let text = format!("{} %{range}", percent(away.median));
    if away.median.abs() > AGREED { format!("**{text}**") } else { text }
}

fn seconds(seconds: f64) -> String {
    time(Duration::from_secs_f64(seconds))
}

/// Both are started for this, and end with it.
fn round(bench: &Bench, setting: &Setting, tool: &Tool, log: &Path) -> Result<Figures> {
    let server = bench.step.start(Protocol::Http, bench.pinning.server())?;
    let page = Page { path: setting.path.into(), body: setting.body.into() };
    let ask = Ask {
        target: server.address,
        page: &page,
        rate: setting.rate,
        seconds: bench.seconds,
        log,
    };
    let program =
        if tool.name == LOAD.name { bench.load.clone() } else { PathBuf::from(tool.name) };
    let mut command = tool.command(&program, &ask);
    let core = bench.pinning.generator();
    let mut generator = Child::start(command.stderr(Stdio::piped()), core)?;
    let patience = Duration::from_secs(bench.seconds) + SLACK;
    let status = if setting.stall.is_zero() {
        generator.wait(patience)?
    } else {
        stalling(&server, setting.stall, &mut generator, patience)?
    };
    ensure!(status.success(), "it failed with {status}{}", generator.last_words());
    let mut said = String::new();
    while let Some(line) = generator.line(patience)? {
        said += &line;
        said += "\n";
    }
    tool.read(&said, log)
}

/// Stops the server in every second, until the generator has ended.
fn stalling(
    server: &Running,
    stall: Duration,
    generator: &mut Child,
    patience: Duration,
) -> Result<ExitStatus> {
    let start = Instant::now();
    let mut next = start + EVERY;
    loop {
        interrupt::check()?;
        if let Some(status) = generator.ended() {
            return Ok(status);
        }
        ensure!(start.elapsed() < patience, "it did not end in {} s", patience.as_secs());
        thread::sleep((next - stall).saturating_duration_since(Instant::now()));
        signal(server, Signal::Stop)?;
        thread::sleep(next.saturating_duration_since(Instant::now()));
        signal(server, Signal::Continue)?;
        next += EVERY;
    }
}

/// What a process can be told without its doing.
enum Signal {
    Stop,
    Continue,
}

#[cfg(unix)]
fn signal(server: &Running, signal: Signal) -> Result<()> {
    use nix::sys::signal::{Signal::SIGCONT, Signal::SIGSTOP, kill};
    use nix::unistd::Pid;

    let pid = Pid::from_raw(server.child.id().try_into().context("an id that is not one")?);
    let signal = match signal {
        Signal::Stop => SIGSTOP,
        Signal::Continue => SIGCONT,
    };
    kill(pid, signal).context("stopping the server for an instant")
}

#[cfg(not(unix))]
fn signal(_: &Running, _: Signal) -> Result<()> {
    anyhow::bail!("a process cannot be stopped here")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn figures(p50: f64) -> Figures {
        Figures {
            per_second: 999.6,
            p50,
            p90: 2.0 * p50,
            p99: 3.0 * p50,
            mean: p50,
            waited: Some(p50),
            saturated: false,
        }
    }

    #[test]
    fn what_is_far_from_ours_is_bold() {
        let ours = [figures(0.020), figures(0.030), figures(0.040)];
        let near = [figures(0.021), figures(0.030), figures(0.040)];
        let far = [figures(0.024), figures(0.036), figures(0.032)];
        let row =
            |rounds: &[Figures]| row(&SETTINGS[0], &super::super::tool::OTHERS[0], rounds, &ours);
        let near = row(&near).unwrap();
        assert!(near.contains("| `oha` | 1,000 | 30.0 ms (+0 %, +0 to +5) |"), "{near}");
        assert!(!near.contains("**"), "{near}");
        let far = row(&far).unwrap();
        assert!(far.contains("| 32.0 ms (**+20 %, −20 to +20**) |"), "{far}");
    }

    #[test]
    fn a_machine_that_was_not_quiet_is_told() {
        assert!(disturbance(0.01).ends_with("at most 1.0 % of a round of its own here."));
        assert!(
            disturbance(0.5).contains("50.0 % of a round of its own here. These figures are about")
        );
    }

    #[test]
    fn a_generator_that_was_late_itself_is_marked() {
        let ours = [Figures { saturated: true, ..figures(0.02) }, figures(0.02)];
        let row = row(&SETTINGS[0], &LOAD, &ours, &ours).unwrap();
        assert!(row.contains("| `load` (late or at its limit in 1 of 2 rounds) |"), "{row}");
    }

    #[test]
    fn who_does_not_count_from_the_due_time_is_not_asked_about_stalls() {
        let blind = |tool: &Tool| SETTINGS.iter().any(|setting| !setting.can_be_asked_by(tool));
        assert!(!blind(&LOAD));
        let others: Vec<_> = super::super::tool::OTHERS.iter().filter(|tool| blind(tool)).collect();
        assert_eq!(others.iter().map(|tool| tool.name).collect::<Vec<_>>(), ["h2load"]);
    }
}
