//! A server that is installed, started as a proxy.

use std::fmt;
use std::fs;
use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use libtest_mimic::Failed;

/// How long a server may take to start.
const PATIENCE: Duration = Duration::from_secs(20);

#[derive(Clone, Copy)]
pub enum Kind {
    Nginx,
    HaProxy,
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Kind::Nginx => "nginx",
            Kind::HaProxy => "HAProxy",
        })
    }
}

impl Kind {
    /// The version that is installed, as far as its second number; `None` if none is.
    pub fn version(self) -> Option<String> {
        let output = Command::new(self.program()).arg("-v").output().ok()?;
        // `nginx version: nginx/1.22.1`, `HAProxy version 2.6.12-1+deb12u4 2026/10/17 - …`
        let said = [output.stdout, output.stderr].concat();
        let said = String::from_utf8_lossy(&said).into_owned();
        let version =
            said.split([' ', '/']).find(|word| word.starts_with(|c: char| c.is_ascii_digit()))?;
        Some(version.split('.').take(2).collect::<Vec<_>>().join("."))
    }

    fn program(self) -> &'static str {
        match self {
            Kind::Nginx => "nginx",
            Kind::HaProxy => "haproxy",
        }
    }

    fn command(self, directory: &Path) -> Command {
        let mut command = Command::new(self.program());
        match self {
            Kind::Nginx => command.args(["-e", "stderr", "-c", "server.conf", "-p"]).arg(directory),
            Kind::HaProxy => command.args(["-db", "-f", "server.conf"]),
        };
        command.current_dir(directory).stdin(Stdio::null());
        command
    }

    /// One that listens on `port`, passes every request to `backend`, and is left as it comes
    /// otherwise; but a body is to be whole first, so that what is wrong with it is answered.
    fn configuration(self, port: u16, backend: SocketAddr) -> String {
        match self {
            Kind::Nginx => format!(
                "daemon off;
                 master_process off;
                 pid pid;
                 error_log stderr crit;
                 events {{ worker_connections 64; }}
                 http {{
                     access_log off;
                     client_body_temp_path body;
                     proxy_temp_path proxy;
                     fastcgi_temp_path fastcgi;
                     uwsgi_temp_path uwsgi;
                     scgi_temp_path scgi;
                     server {{
                         listen 127.0.0.1:{port};
                         location / {{
                             proxy_pass http://{backend};
                             proxy_http_version 1.1;
                             proxy_ignore_client_abort on;
                         }}
                     }}
                 }}"
            ),
            Kind::HaProxy => format!(
                "global
                     nbthread 1
                 defaults
                     mode http
                     option http-buffer-request
                     timeout client 60s
                     timeout connect 60s
                     timeout server 60s
                 frontend clients
                     bind 127.0.0.1:{port}
                     default_backend behind
                 backend behind
                     server one {backend}\n"
            ),
        }
    }
}

/// A server that runs. It ends when this is dropped.
pub struct Proxy {
    pub addr: SocketAddr,
    child: Child,
    /// Its own, for what it writes.
    directory: PathBuf,
}

impl Proxy {
    pub fn start(kind: Kind, backend: SocketAddr) -> Result<Proxy, Failed> {
        let name = format!("oracle-{}-{}", std::process::id(), kind.program());
        let directory = std::env::temp_dir().join(name);
        fs::create_dir_all(&directory)?;
        let addr = free_address()?;
        fs::write(directory.join("server.conf"), kind.configuration(addr.port(), backend))?;
        let child = kind.command(&directory).spawn()?;
        let mut proxy = Proxy { addr, child, directory };
        let start = Instant::now();
        while TcpStream::connect(addr).is_err() {
            if let Some(status) = proxy.child.try_wait()? {
                return Err(format!("{kind} does not start: {status}").into());
            }
            if start.elapsed() > PATIENCE {
                return Err(format!("{kind} does not accept a connection on {addr}").into());
            }
            thread::sleep(Duration::from_millis(10));
        }
        Ok(proxy)
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        // What cannot be ended has ended, and what is left lies in the system's folder for that.
        let _ = self.child.kill();
        let _ = self.child.wait();
        let _ = fs::remove_dir_all(&self.directory);
    }
}

/// Neither of the two can be told to choose a port, and say which.
fn free_address() -> io::Result<SocketAddr> {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()
}
