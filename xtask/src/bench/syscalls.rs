//! What a request costs in system calls, as strace(1) counts them. It stops the server at each of them,
//! so this is a pass of its own, and no time is taken from it.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use load::{Protocol, Workload};

use super::cell::{Kind, Method, measure};
use super::child::Child;
use super::contender::Contender;
use super::interrupt;
use super::table::short;

/// How long strace may take to attach, or to sum up.
const PATIENCE: Duration = Duration::from_secs(10);

/// Who asks, and for how much.
const CONNECTIONS: usize = 64;
const PAYLOAD: usize = 8;

/// Calls that are made less often than once in so many requests are not named.
const SELDOM: f64 = 200.0;

/// Whether it can be done at all.
pub fn available() -> Result<()> {
    ensure!(cfg!(target_os = "linux"), "--syscalls needs Linux");
    let found = Command::new("strace").arg("-V").stdout(Stdio::null()).status();
    ensure!(
        found.is_ok_and(|status| status.success()),
        "--syscalls needs strace (Debian and Ubuntu: apt install strace)"
    );
    Ok(())
}

/// Each contender once, in the echo workload.
pub fn count(
    contenders: &[Contender],
    protocols: &[Protocol],
    method: &Method,
    load: &Path,
) -> Result<String> {
    let mut text = String::new();
    for &protocol in protocols {
        text += &format!(
            "\nsystem calls a request, echo, {} (in a pass of its own, under strace)\n",
            protocol.name()
        );
        for contender in contenders {
            let Some(speaks) = contender.speaks(Workload::Echo, protocol) else { continue };
            let calls = calls(contender, speaks, method, load);
            let said = match calls {
                Ok(Counted { requests, calls }) => per_request(requests, &calls),
                Err(error) => format!("{:#}", interrupt::unless_interrupted(error)?),
            };
            text += &format!("  {:20} {said}\n", short(&contender.name));
        }
    }
    Ok(text)
}

struct Counted {
    requests: u64,
    /// Names, and how often.
    calls: Vec<(String, u64)>,
}

fn calls(
    contender: &Contender,
    protocol: Protocol,
    method: &Method,
    load: &Path,
) -> Result<Counted> {
    let running = contender.start(protocol, method.pinning.server())?;
    let pid = running.child.id();
    let directory = tempfile::tempdir().context("a place for strace's summary")?;
    let summary = directory.path().join("summary");
    let mut command = Command::new("strace");
    command.args(["-f", "-c", "-U", "calls,name", "-p", &pid.to_string(), "-o"]).arg(&summary);
    let mut strace = Child::start(command.stderr(Stdio::piped()), None)?;
    let attached = interrupt::wait_for(PATIENCE, || {
        if let Some(status) = strace.ended() {
            anyhow::bail!("strace ended with {status}{}", strace.last_words());
        }
        Ok(is_traced(pid).then_some(()))
    })?;
    ensure!(attached.is_some(), "strace does not attach{}", strace.last_words());
    // What is sent before the measuring begins would be counted, and its requests not.
    let method = Method { warm_up: 0.0, ..method.clone() };
    let workload = Workload::Echo;
    let kind = Kind { workload, protocol, connections: CONNECTIONS, silent: 0, payload: PAYLOAD };
    let report = measure(&running, kind, &method, load)?;
    strace.interrupt()?;
    strace.wait(PATIENCE)?;
    let text = fs::read_to_string(&summary).context("reading strace's summary")?;
    Ok(Counted { requests: report.requests.answered, calls: parse(&text) })
}

/// Whether all threads of a process are (proc_pid_status(5)).
fn is_traced(pid: u32) -> bool {
    let Ok(tasks) = fs::read_dir(format!("/proc/{pid}/task")) else { return false };
    tasks.flatten().all(|task| {
        let status = fs::read_to_string(task.path().join("status")).unwrap_or_default();
        status.lines().any(|line| line.starts_with("TracerPid:") && !line.ends_with("\t0"))
    })
}

/// Two columns, lines of dashes, and a total.
fn parse(summary: &str) -> Vec<(String, u64)> {
    let line = |line: &str| {
        let (calls, name) = line.trim().split_once(char::is_whitespace)?;
        let name = name.trim();
        (name != "total").then_some((name.to_string(), calls.parse().ok()?))
    };
    summary.lines().filter_map(line).collect()
}

/// `2.31: read 1.00, write 1.00, epoll_wait 0.31`.
fn per_request(requests: u64, calls: &[(String, u64)]) -> String {
    if requests == 0 {
        return "nobody was answered".into();
    }
    let each = |calls: u64| calls as f64 / requests as f64;
    let mut often: Vec<&(String, u64)> =
        calls.iter().filter(|(_, calls)| each(*calls) * SELDOM >= 1.0).collect();
    often.sort_by_key(|(_, calls)| std::cmp::Reverse(*calls));
    let names: Vec<String> =
        often.iter().map(|(name, calls)| format!("{name} {:.2}", each(*calls))).collect();
    let all: u64 = calls.iter().map(|(_, calls)| calls).sum();
    format!("{:5.2}: {}", each(all), names.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_summary_is_names_and_numbers() {
        let text = "    calls syscall\n--------- ----------------\n     1000 write\n      999 read\n       \
                    3 accept4\n--------- ----------------\n     2002 total\n";
        let calls = parse(text);
        assert_eq!(calls.len(), 3);
        assert_eq!(calls[0], ("write".into(), 1000));
        assert_eq!(per_request(1000, &calls), " 2.00: write 1.00, read 1.00");
        assert_eq!(per_request(0, &calls), "nobody was answered");
    }
}
