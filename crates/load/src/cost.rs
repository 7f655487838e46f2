//! What a server costs: processor time, memory and threads of its processes. Linux only; elsewhere
//! there is no result, and the report says so.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// What a server's processes occupy at one moment.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Footprint {
    /// Resident memory in bytes (`VmRSS`). What the kernel holds is not in it.
    pub resident: u64,
    /// Threads.
    pub threads: u64,
    /// What the kernel holds for the processes and their threads, in bytes: page tables (`VmPTE`) and a
    /// stack of 16 KiB for each thread.
    pub kernel: u64,
    /// What the kernel holds in the buffers of all TCP sockets of this machine, in bytes
    /// (`/proc/net/sockstat`): also the clients', if they are here.
    pub sockets: u64,
}

/// How often threads lost their core.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Switches {
    /// Because they waited for something.
    pub voluntary: u64,
    /// Because others wanted it.
    pub involuntary: u64,
}

/// The processes and threads that a server has at one moment. To find them all takes milliseconds, more
/// with a thread for each connection; to read the clocks of the processes then takes next to nothing.
#[derive(Debug)]
pub struct Members {
    processes: Vec<u32>,
    /// Of each thread, by its number.
    switches: BTreeMap<u32, Switches>,
}

impl Members {
    /// Processor time spent so far, user and system, by all threads of these processes, those that
    /// have ended included; `None` where it cannot be read.
    pub fn processor_time(&self) -> Option<Duration> {
        self.processes.iter().map(|&pid| processor_time(pid)).sum()
    }

    /// Whether no process has come meanwhile, and none has gone and taken its figures with it.
    pub fn same_processes(&self, then: &Members) -> bool {
        self.processes == then.processes
    }

    /// Since then; `None` if threads have come or gone meanwhile.
    pub fn switches_since(&self, then: &Members) -> Option<Switches> {
        if !self.switches.keys().eq(then.switches.keys()) {
            return None;
        }
        let mut sum = Switches::default();
        for (now, then) in self.switches.values().zip(then.switches.values()) {
            sum.voluntary += now.voluntary.checked_sub(then.voluntary)?;
            sum.involuntary += now.involuntary.checked_sub(then.involuntary)?;
        }
        Some(sum)
    }
}

/// A server's processes: one, and those in the process group that it leads. They are listed anew
/// each time, as a server may start one for each connection.
#[derive(Debug)]
pub struct Server {
    leader: u32,
}

impl Server {
    /// The server whose first process is `pid`.
    pub fn new(pid: u32) -> Server {
        Server { leader: pid }
    }

    /// Processor time spent so far, user and system, by all threads, those that have ended
    /// included, of the processes that there are now; `None` where it cannot be read.
    pub fn processor_time(&self) -> Option<Duration> {
        let others = self.others().into_iter().filter_map(processor_time);
        Some(processor_time(self.leader)? + others.sum::<Duration>())
    }

    /// What the processes occupy now; `None` where it cannot be read.
    pub fn footprint(&self) -> Option<Footprint> {
        let mut sum = footprint(self.leader)?;
        for one in self.others().into_iter().filter_map(footprint) {
            sum.resident += one.resident;
            sum.threads += one.threads;
            sum.kernel += one.kernel;
        }
        Some(sum)
    }

    /// How many descriptors the processes have open now; `None` where it cannot be read.
    pub fn descriptors(&self) -> Option<u64> {
        let others = self.others().into_iter().filter_map(descriptors);
        Some(descriptors(self.leader)? + others.sum::<u64>())
    }

    /// The most memory that was ever resident, in bytes (`VmHWM`), added up over the processes that
    /// there are now; `None` where it cannot be read.
    pub fn peak(&self) -> Option<u64> {
        let others = self.others().into_iter().filter_map(peak);
        Some(peak(self.leader)? + others.sum::<u64>())
    }

    /// Who they are now, and how often their threads have lost their core so far; `None` where it
    /// cannot be read.
    pub fn members(&self) -> Option<Members> {
        let mut processes = self.others();
        processes.push(self.leader);
        processes.sort_unstable();
        let mut all = BTreeMap::new();
        for &pid in &processes {
            match switches(pid) {
                Some(threads) => all.extend(threads),
                None if pid == self.leader => return None,
                None => {}
            }
        }
        Some(Members { processes, switches: all })
    }

    /// The rest of the group. One that ends before it is looked at is simply gone.
    fn others(&self) -> Vec<u32> {
        group(self.leader).into_iter().filter(|&pid| pid != self.leader).collect()
    }
}

/// Processor time of this process so far, user and system.
pub fn own_processor_time() -> Option<Duration> {
    #[cfg(unix)]
    return nix::time::ClockId::CLOCK_PROCESS_CPUTIME_ID.now().ok().map(Duration::from);
    #[cfg(not(unix))]
    None
}

/// How long this thread was ready to run so far and had no core, as others had it
/// (Documentation/scheduler/sched-stats.rst, second field). Linux only.
pub fn own_wait() -> Option<Duration> {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").ok()?;
    Some(Duration::from_nanos(text.split_whitespace().nth(1)?.parse().ok()?))
}

// A process has a clock that runs when it does: to the nanosecond, where /proc counts hundredths
// of a second (clock_getcpuclockid(3)).
#[cfg(target_os = "linux")]
fn processor_time(pid: u32) -> Option<Duration> {
    let clock = nix::time::clock_getcpuclockid(nix::unistd::Pid::from_raw(pid as i32)).ok()?;
    clock.now().ok().map(Duration::from)
}

#[cfg(target_os = "linux")]
fn footprint(pid: u32) -> Option<Footprint> {
    const KERNEL_STACK: u64 = 16 << 10;
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let threads = field(&status, "Threads:")?;
    Some(Footprint {
        resident: field(&status, "VmRSS:")? * 1024,
        threads,
        kernel: field(&status, "VmPTE:")? * 1024 + threads * KERNEL_STACK,
        sockets: sockets().unwrap_or(0),
    })
}

#[cfg(target_os = "linux")]
fn descriptors(pid: u32) -> Option<u64> {
    let open = std::fs::read_dir(format!("/proc/{pid}/fd")).ok()?.count();
    u64::try_from(open).ok()
}

#[cfg(target_os = "linux")]
fn peak(pid: u32) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    Some(field(&status, "VmHWM:")? * 1024)
}

/// The number behind this name in a file of `/proc`.
#[cfg(target_os = "linux")]
fn field(text: &str, name: &str) -> Option<u64> {
    let line = text.lines().find_map(|line| line.strip_prefix(name))?;
    line.split_whitespace().next()?.parse().ok()
}

/// `TCP: inuse 5 orphan 0 tw 0 alloc 7 mem 2`, in pages.
#[cfg(target_os = "linux")]
fn sockets() -> Option<u64> {
    let text = std::fs::read_to_string("/proc/net/sockstat").ok()?;
    let tcp = text.lines().find_map(|line| line.strip_prefix("TCP:"))?;
    let pages: u64 = tcp.rsplit_once("mem ")?.1.trim().parse().ok()?;
    let page = nix::unistd::sysconf(nix::unistd::SysconfVar::PAGE_SIZE).ok()??;
    Some(pages * u64::try_from(page).ok()?)
}

/// Of each thread, by its number.
#[cfg(target_os = "linux")]
fn switches(pid: u32) -> Option<BTreeMap<u32, Switches>> {
    let mut all = BTreeMap::new();
    for task in std::fs::read_dir(format!("/proc/{pid}/task")).ok()?.flatten() {
        let number = task.file_name().to_str()?.parse().ok()?;
        // A thread may end while we look.
        let Ok(status) = std::fs::read_to_string(task.path().join("status")) else { continue };
        let count = |name| field(&status, name).unwrap_or(0);
        let voluntary = count("voluntary_ctxt_switches:");
        let involuntary = count("nonvoluntary_ctxt_switches:");
        all.insert(number, Switches { voluntary, involuntary });
    }
    Some(all)
}

/// The processes of the group that `leader` leads (proc_pid_stat(5), field 5).
#[cfg(target_os = "linux")]
fn group(leader: u32) -> Vec<u32> {
    let Ok(entries) = std::fs::read_dir("/proc") else { return Vec::new() };
    let pids = entries.flatten().filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    let in_group = |pid: &u32| {
        let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
        // The name in field 2 may hold anything, also spaces and brackets.
        let after_name = stat.rsplit_once(')').map_or("", |(_, rest)| rest);
        after_name.split_whitespace().nth(2) == Some(leader.to_string().as_str())
    };
    pids.filter(in_group).collect()
}

#[cfg(not(target_os = "linux"))]
fn processor_time(_: u32) -> Option<Duration> {
    None
}

#[cfg(not(target_os = "linux"))]
fn footprint(_: u32) -> Option<Footprint> {
    None
}

#[cfg(not(target_os = "linux"))]
fn descriptors(_: u32) -> Option<u64> {
    None
}

#[cfg(not(target_os = "linux"))]
fn peak(_: u32) -> Option<u64> {
    None
}

#[cfg(not(target_os = "linux"))]
fn switches(_: u32) -> Option<BTreeMap<u32, Switches>> {
    None
}

#[cfg(not(target_os = "linux"))]
fn group(_: u32) -> Vec<u32> {
    Vec::new()
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use std::io::{BufRead, BufReader, Write};
    use std::process::{Command, Stdio};

    use super::*;

    #[test]
    fn a_process_is_seen_to_work() {
        let me = Server::new(std::process::id());
        let before = me.processor_time().unwrap();
        // One division after the other: this cannot take no time.
        assert!(proto::is_prime((1 << 40) - 87));
        assert!(me.processor_time().unwrap() > before);
        let footprint = me.footprint().unwrap();
        assert!(footprint.resident > 100 << 10 && footprint.threads >= 1, "{footprint:?}");
        assert!(footprint.kernel >= footprint.threads * (16 << 10), "{footprint:?}");
        assert!(me.peak().unwrap() >= footprint.resident, "{footprint:?}");
    }

    #[test]
    fn what_is_opened_is_counted() {
        // Another process, as other tests open and close in this one.
        let script = "echo up; read a; exec 3</dev/null; echo more; read b";
        let mut child = Command::new("sh")
            .args(["-c", script])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut input = child.stdin.take().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let server = Server::new(child.id());
        let mut open = Vec::new();
        for word in ["up", "more"] {
            assert_eq!(lines.next().unwrap().unwrap(), word);
            open.push(server.descriptors().unwrap());
            input.write_all(b"\n").unwrap();
        }
        child.wait().unwrap();
        assert_eq!(open[1], open[0] + 1);
    }

    #[test]
    fn a_thread_that_waits_gives_up_its_core() {
        // A process of its own, as threads of other tests come and go in this one.
        let mut child =
            Command::new("cat").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let mut input = child.stdin.take().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let server = Server::new(child.id());
        let mut look = || {
            input.write_all(b"more\n").unwrap();
            lines.next().unwrap().unwrap();
            server.members().unwrap()
        };
        let before = look();
        // It may have found the next line without waiting: then it is looked at again.
        assert!((0..1000).any(|_| look().switches_since(&before).unwrap().voluntary > 0));
        drop(input);
        child.wait().unwrap();
    }

    #[test]
    fn what_came_or_went_meanwhile_has_no_figures() {
        let members = |processes: &[u32], threads: &[(u32, u64)]| Members {
            processes: processes.into(),
            switches: threads
                .iter()
                .map(|&(number, voluntary)| (number, Switches { voluntary, involuntary: 1 }))
                .collect(),
        };
        let then = members(&[7, 8], &[(7, 10), (8, 20)]);
        let waits = |now: &Members| now.switches_since(&then).map(|since| since.voluntary);
        let same = members(&[7, 8], &[(7, 15), (8, 21)]);
        assert_eq!((same.same_processes(&then), waits(&same)), (true, Some(6)));
        // One has ended after much work, and another does more than that: the sum has grown.
        let another = members(&[7, 9], &[(7, 15), (9, 500)]);
        assert_eq!((another.same_processes(&then), waits(&another)), (false, None));
        let fewer = members(&[7], &[(7, 900)]);
        assert_eq!((fewer.same_processes(&then), waits(&fewer)), (false, None));
    }

    #[test]
    fn a_process_that_is_gone_has_no_figures() {
        let mut child = Command::new("true").spawn().unwrap();
        child.wait().unwrap();
        let gone = Server::new(child.id());
        assert_eq!(gone.processor_time(), None);
        assert_eq!(gone.footprint(), None);
        assert_eq!((gone.descriptors(), gone.peak()), (None, None));
        assert!(gone.members().is_none());
    }

    #[test]
    fn a_process_that_is_started_later_counts_until_it_is_gone() {
        use std::os::unix::process::CommandExt;

        // Asked for it, the leader starts a process; told to, it ends that one again.
        let script =
            "echo up; read a; sleep 60 & echo more; read b; kill $!; wait; echo less; read c";
        let mut leader = Command::new("sh")
            .args(["-c", script])
            .process_group(0)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut input = leader.stdin.take().unwrap();
        let mut lines = BufReader::new(leader.stdout.take().unwrap()).lines();
        let server = Server::new(leader.id());
        let (mut threads, mut members) = (Vec::new(), Vec::new());
        for word in ["up", "more", "less"] {
            assert_eq!(lines.next().unwrap().unwrap(), word);
            assert!(server.processor_time().is_some());
            members.push(server.members().unwrap());
            threads.push(server.footprint().unwrap().threads);
            input.write_all(b"\n").unwrap();
        }
        leader.wait().unwrap();
        assert_eq!(threads, [1, 2, 1]);
        assert!(!members[1].same_processes(&members[0]) && members[2].same_processes(&members[0]));
        assert!(members[1].switches_since(&members[0]).is_none());
    }
}
