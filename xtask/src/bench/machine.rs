//! What the figures were taken on. A figure without its machine says nothing.

use std::fs;
use std::process::Command;
use std::time::SystemTime;

use serde::{Deserialize, Serialize};

use crate::steps;

/// The machine, and the state of the sources.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Machine {
    /// The processor, as it names itself.
    pub cpu: String,
    /// How many cores this process may use.
    pub cores: usize,
    /// Operating system and version of its kernel.
    pub kernel: String,
    /// When, as in HTTP: `Sun, 06 Nov 1994 08:49:37 GMT`.
    pub date: String,
    /// The commit that was measured; with `-dirty` if files were changed since.
    pub git_revision: String,
    /// Always `release`.
    pub build_profile: String,
    /// How many descriptors a process may have, servers included.
    pub nofile: u64,
    /// How TCP decides how much to send.
    pub congestion_control: String,
    /// Who ran on which core.
    pub pinning: String,
}

impl Machine {
    /// Looks around.
    pub fn describe(nofile: u64, pinning: String) -> Machine {
        let kernel = read("/proc/sys/kernel/osrelease");
        Machine {
            cpu: cpu(),
            cores: std::thread::available_parallelism().map_or(1, usize::from),
            kernel: format!("{} {kernel}", std::env::consts::OS),
            date: httpdate::fmt_http_date(SystemTime::now()),
            git_revision: revision(),
            build_profile: "release".into(),
            nofile,
            congestion_control: read("/proc/sys/net/ipv4/tcp_congestion_control"),
            pinning,
        }
    }
}

fn read(path: &str) -> String {
    fs::read_to_string(path).map_or("unknown".into(), |text| text.trim().to_string())
}

fn cpu() -> String {
    let info = read("/proc/cpuinfo");
    let model = info.lines().find(|line| line.starts_with("model name"));
    let name = model.and_then(|line| line.split_once(": ")).map(|(_, name)| name.to_string());
    name.unwrap_or_else(|| std::env::consts::ARCH.into())
}

fn revision() -> String {
    let git = |arguments: &[&str]| {
        let output =
            Command::new("git").current_dir(steps::root()).args(arguments).output().ok()?;
        output.status.success().then(|| String::from_utf8_lossy(&output.stdout).trim().to_string())
    };
    git(&["describe", "--always", "--dirty", "--abbrev=12", "--exclude=*"])
        .unwrap_or_else(|| "unknown".into())
}
