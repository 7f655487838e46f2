//! The processes that were started here, and what the system says of them. None outlives us.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Child;
use std::sync::{Mutex, PoisonError};

/// Everything that runs, so that it can be ended from the outside too.
static RUNNING: Mutex<BTreeSet<(u32, Family)>> = Mutex::new(BTreeSet::new());

/// Whether a process is the first of a group of its own (Unix).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Family {
    /// It belongs to ours, as a step does, which starts no others.
    Ours,
    /// Whatever it starts belongs to it, and ends with it.
    Own,
}

/// A process, which ends with its handle.
pub(crate) struct Process {
    pub child: Child,
    family: Family,
}

impl Process {
    pub fn new(child: Child, family: Family) -> Process {
        running(|all| all.insert((child.id(), family)));
        Process { child, family }
    }

    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// It, and whatever it has started, as far as the system says.
    pub fn members(&self) -> Vec<u32> {
        let id = self.id();
        match self.family {
            Family::Ours => vec![id],
            Family::Own => {
                let of_it = |&member: &u32| member == id || group(member) == Some(id);
                processes().filter(of_it).collect()
            }
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // First whatever it has started. The number of a group is nobody else's as long as somebody is in
        // it; that of a process only until it was waited for, which its handle knows.
        if self.family == Family::Own {
            end(self.id(), self.family);
        }
        // These fail only when it has ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
        running(|all| all.remove(&(self.id(), self.family)));
    }
}

/// Ends every server that was started here. For a program that is about to end before its time.
pub fn end_servers() {
    running(|all| all.iter().for_each(|&(id, family)| end(id, family)));
}

fn running<T>(change: impl FnOnce(&mut BTreeSet<(u32, Family)>) -> T) -> T {
    change(&mut RUNNING.lock().unwrap_or_else(PoisonError::into_inner))
}

#[cfg(unix)]
fn end(id: u32, family: Family) {
    use nix::sys::signal::{Signal, kill, killpg};
    use nix::unistd::Pid;
    let Ok(id) = i32::try_from(id) else { return };
    // It fails when nobody is left.
    let _ = match family {
        Family::Ours => kill(Pid::from_raw(id), Signal::SIGKILL),
        Family::Own => killpg(Pid::from_raw(id), Signal::SIGKILL),
    };
}

/// Here a process is ended by its handle alone.
#[cfg(not(unix))]
fn end(_: u32, _: Family) {}

/// Every process of this system, where it says (Linux).
fn processes() -> impl Iterator<Item = u32> {
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
    entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok())
}

/// The group of a process.
fn group(id: u32) -> Option<u32> {
    stat(id, 2)?.parse().ok()
}

/// Whether every thread of a process was stopped and has not gone on.
pub(crate) fn is_paused(id: u32) -> bool {
    let is_stopped = |thread: fs::DirEntry| {
        // One that has ended meanwhile has no state.
        field(&thread.path().join("stat"), 0).is_none_or(|state| state == "T")
    };
    fs::read_dir(format!("/proc/{id}/task")).is_ok_and(|threads| threads.flatten().all(is_stopped))
}

/// What the system says of a process (Linux: `proc_pid_stat(5)`): its state, its parent, its group, …
fn stat(id: u32, nth: usize) -> Option<String> {
    field(format!("/proc/{id}/stat").as_ref(), nth)
}

/// A field of such a file.
fn field(path: &Path, nth: usize) -> Option<String> {
    let stat = fs::read_to_string(path).ok()?;
    // The name stands between brackets and may hold anything; the state follows it.
    stat.rsplit_once(')')?.1.split_whitespace().nth(nth).map(String::from)
}

/// How many descriptors a process has open (Linux: `proc_pid_fd(5)`).
pub(crate) fn descriptors(id: u32) -> usize {
    fs::read_dir(format!("/proc/{id}/fd")).map_or(0, Iterator::count)
}

/// The most memory that was ever resident, in bytes (Linux: `proc_pid_status(5)`).
pub(crate) fn peak_memory(id: u32) -> Option<u64> {
    let status = fs::read_to_string(format!("/proc/{id}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim().strip_suffix(" kB")?.parse::<u64>().ok().map(|kib| kib * 1024)
}

/// The TCP ports that a process listens on (Linux: `proc_pid_net(5)`).
pub(crate) fn listens(id: u32) -> Vec<String> {
    let links = fs::read_dir(format!("/proc/{id}/fd")).into_iter().flatten().flatten();
    let sockets: BTreeSet<String> = links
        .filter_map(|link| {
            let target = fs::read_link(link.path()).ok()?;
            let inode = target.to_str()?.strip_prefix("socket:[")?.strip_suffix(']')?;
            Some(inode.to_owned())
        })
        .collect();
    let tables = ["tcp", "tcp6"].map(|name| fs::read_to_string(format!("/proc/{id}/net/{name}")));
    tables.iter().flatten().flat_map(|table| listening(table, &sockets)).collect()
}

/// The ports of these sockets that listen, in a table of `/proc/net/tcp`.
fn listening(table: &str, sockets: &BTreeSet<String>) -> Vec<String> {
    let port = |line: &str| {
        let cells: Vec<&str> = line.split_whitespace().collect();
        let (local, state, inode) = (*cells.get(1)?, *cells.get(3)?, *cells.get(9)?);
        let port = u16::from_str_radix(local.rsplit_once(':')?.1, 16).ok()?;
        (state == "0A" && sockets.contains(inode)).then(|| format!("port {port}"))
    };
    table.lines().skip(1).filter_map(port).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_of_sockets_says_who_listens() {
        let table = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n   \
            0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 77 1 0 100 0 0 10 0\n   \
            1: 0100007F:1F91 0100007F:C350 01 00000000:00000000 00:00000000 00000000     0        0 78 1 0 100 0 0 10 0\n   \
            2: 0100007F:1F92 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 79 1 0 100 0 0 10 0\n";
        let sockets = ["77", "78"].map(String::from).into();
        assert_eq!(listening(table, &sockets), ["port 8080"]);
    }
}
