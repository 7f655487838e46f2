//! One core for the server and another for the generator, so that neither disturbs the other and
//! figures compare.

use std::io;
use std::process::{Child, Command};

/// A processor, by the kernel's number.
pub type Core = usize;

/// Who runs where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Pinning {
    /// The server has one core, whatever its number of threads; the generator has another.
    Cores { server: Core, generator: Core },
    /// Everybody runs anywhere, for this reason.
    None(&'static str),
}

impl Pinning {
    /// The first core that we may use, and the first that does not share its circuits.
    pub fn choose(wanted: bool) -> Pinning {
        if !wanted {
            return Pinning::None("--no-pin");
        }
        match allowed().as_slice() {
            [] => Pinning::None("this system cannot do it"),
            [_] => Pinning::None("there is one core only"),
            [server, others @ ..] => {
                let siblings = siblings(*server);
                let apart = others.iter().find(|core| !siblings.contains(core));
                Pinning::Cores { server: *server, generator: *apart.unwrap_or(&others[0]) }
            }
        }
    }

    /// Where the server runs.
    pub fn server(&self) -> Option<Core> {
        match self {
            Pinning::Cores { server, .. } => Some(*server),
            Pinning::None(_) => None,
        }
    }

    /// Where the generator runs.
    pub fn generator(&self) -> Option<Core> {
        match self {
            Pinning::Cores { generator, .. } => Some(*generator),
            Pinning::None(_) => None,
        }
    }

    /// For the footer.
    pub fn describe(&self) -> String {
        match self {
            Pinning::Cores { server, generator } => pinned(*server, *generator, &siblings(*server)),
            Pinning::None(reason) => format!("nothing pinned ({reason})"),
        }
    }
}

fn pinned(server: Core, generator: Core, siblings: &[Core]) -> String {
    let shared = if siblings.contains(&generator) {
        ", which is another thread of the same physical core, so that each slows the other down"
    } else {
        ""
    };
    format!(
        "server pinned to core {server}, generator to core {generator}{shared}; what another core \
         brings, only `spread` can show, where nobody is pinned"
    )
}

/// Starts a process on `core`. It inherits what this thread may use at that moment, so there is no
/// instant at which it, or a thread that it starts, runs elsewhere.
pub fn spawn(command: &mut Command, core: Option<Core>) -> io::Result<Child> {
    #[cfg(target_os = "linux")]
    if let Some(core) = core {
        use nix::sched::{CpuSet, sched_getaffinity, sched_setaffinity};
        use nix::unistd::Pid;

        let this_thread = Pid::from_raw(0);
        let before = sched_getaffinity(this_thread)?;
        let mut only = CpuSet::new();
        only.set(core)?;
        sched_setaffinity(this_thread, &only)?;
        let child = command.spawn();
        sched_setaffinity(this_thread, &before)?;
        return child;
    }
    #[cfg(not(target_os = "linux"))]
    let _ = core;
    command.spawn()
}

/// The cores that this process may use.
fn allowed() -> Vec<Core> {
    #[cfg(target_os = "linux")]
    {
        use nix::sched::{CpuSet, sched_getaffinity};
        let set =
            sched_getaffinity(nix::unistd::Pid::from_raw(0)).unwrap_or_else(|_| CpuSet::new());
        (0..CpuSet::count()).filter(|&core| set.is_set(core).unwrap_or(false)).collect()
    }
    #[cfg(not(target_os = "linux"))]
    Vec::new()
}

/// The threads of the same physical core: `0,4` or `0-1`.
fn siblings(core: Core) -> Vec<Core> {
    let path = format!("/sys/devices/system/cpu/cpu{core}/topology/thread_siblings_list");
    let list = std::fs::read_to_string(path).unwrap_or_default();
    list.trim().split(',').flat_map(range).collect()
}

fn range(text: &str) -> std::ops::Range<Core> {
    let (first, last) = text.split_once('-').unwrap_or((text, text));
    match (first.parse::<Core>(), last.parse::<Core>()) {
        (Ok(first), Ok(last)) => first..last + 1,
        _ => 0..0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_of_cores_are_read() {
        assert_eq!(range("3").collect::<Vec<_>>(), [3]);
        assert_eq!(range("0-2").collect::<Vec<_>>(), [0, 1, 2]);
        assert_eq!(range("").count(), 0);
    }

    #[test]
    fn two_threads_of_one_core_are_told_as_that() {
        assert!(pinned(0, 1, &[0, 1]).contains("same physical core"));
        assert!(!pinned(0, 1, &[0, 2]).contains("same physical core"));
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_pinned_process_sees_one_core_and_we_keep_ours() {
        let before = allowed();
        let core = before[before.len() - 1];
        let mut command = Command::new("grep");
        command.args(["Cpus_allowed_list", "/proc/self/status"]);
        let child = spawn(command.stdout(std::process::Stdio::piped()), Some(core)).unwrap();
        let output = String::from_utf8(child.wait_with_output().unwrap().stdout).unwrap();
        assert_eq!(output.split_whitespace().last(), Some(core.to_string().as_str()));
        assert_eq!(allowed(), before);
    }
}
