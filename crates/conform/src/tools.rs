//! Clients that everybody has, against a server: `curl` and `nc`, where they are installed.

use std::fs;
use std::io::Write;
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;

use anyhow::{Context, Result, anyhow, bail, ensure};

use crate::http::files::DIGITS;
use crate::http::get;
use crate::script::Shown;
use crate::server::Server;
use crate::{GRACE, PATIENCE, Program, Protocol, Target};

/// How long a tool may take, in seconds.
const SECONDS: &str = "60";

/// What is sent up. More than one read, and no two places look alike.
const UPLOAD: usize = 100_000;

/// More than any server here keeps.
const TOO_LARGE: usize = 4 * 1024 * 1024;

/// Something that a tool does with a server.
#[derive(Debug, Clone, Copy)]
pub struct Tool {
    /// Short and stable. It begins with the name of the tool.
    pub name: &'static str,
    /// The case that asks for the same: a server that fails it by design fails this as well.
    pub like: &'static str,
    /// Does it, in an empty directory of its own.
    check: fn(SocketAddr, &Path) -> Result<()>,
}

/// All that is tried.
pub const TOOLS: &[Tool] = &[
    tool("curl-http1.0", "http-old", |addr, _| {
        let printed = curl(addr, "/plain", &["--http1.0", "--include"], "")?;
        consists_of(&printed, &["HTTP/1.1 200 ", "Connection: close\r\n", "\r\nHello, World!"])
    }),
    tool("curl-http1.1", "http-keep-alive", |addr, _| {
        // The second request needs no connection of its own.
        let first = url(addr, "/prime/7");
        let printed = curl(addr, "/plain", &["--write-out", "%{num_connects};", &first], "")?;
        consists_of(&printed, &["prime\n1;", "Hello, World!0;"])
    }),
    tool("curl-head", "http-file", |addr, _| {
        let printed = curl(addr, "/digits.txt", &["--head"], "")?;
        consists_of(&printed, &["HTTP/1.1 200 ", "Content-Length: 100\r\n", "\r\n"])
    }),
    tool("curl-range", "http-range", |addr, _| {
        let printed = curl(addr, "/digits.txt", &["--range", "-2", "--include"], "")?;
        let range = "Content-Range: bytes 98-99/100\r\n";
        consists_of(&printed, &["HTTP/1.1 206 ", range, "\r\n\r\n89"])
    }),
    tool("curl-ranges", "http-range", |addr, _| {
        let printed = curl(addr, "/digits.txt", &["--range", "0-1,3-5", "--include"], "")?;
        let (first, second) = ("bytes 0-1/100\r\n\r\n01\r\n--", "bytes 3-5/100\r\n\r\n345\r\n--");
        let parts = "Content-Type: multipart/byteranges; boundary=";
        consists_of(&printed, &["HTTP/1.1 206 ", parts, first, second, "--\r\n"])
    }),
    tool("curl-continue-at", "http-range", |addr, directory| {
        let path = directory.join("digits.txt");
        fs::write(&path, &DIGITS[..40])?;
        curl(addr, "/digits.txt", &["--continue-at", "-", "--output", name(&path)?], "")?;
        consists_of(&fs::read_to_string(path)?, &[DIGITS])
    }),
    tool("curl-etag", "http-not-modified", |addr, directory| {
        let etag = directory.join("etag");
        let printed = curl(addr, "/digits.txt", &["--etag-save", name(&etag)?], "")?;
        consists_of(&printed, &[DIGITS])?;
        let compare = ["--etag-compare", name(&etag)?, "--write-out", "%{http_code}"];
        consists_of(&curl(addr, "/digits.txt", &compare, "")?, &["304"])
    }),
    tool("curl-expect", "http-continue", |addr, directory| {
        let path = directory.join("upload");
        fs::write(&path, upload(UPLOAD))?;
        let file = ["--request", "POST", "--upload-file", name(&path)?, "--include"];
        let args = [&file[..], &["--header", "Expect: 100-continue"]].concat();
        let printed = curl(addr, "/echo", &args, "")?;
        let answer = ["HTTP/1.1 100 ", "\r\n\r\nHTTP/1.1 200 ", "\r\n\r\n", &upload(UPLOAD)];
        consists_of(&printed, &answer)
    }),
    tool("curl-chunked", "http-chunk-slices", |addr, _| {
        let stdin = ["--request", "POST", "--upload-file", "-"];
        consists_of(&curl(addr, "/echo", &stdin, &upload(UPLOAD))?, &[&upload(UPLOAD)])
    }),
    tool("curl-refused", "http-refused-upload", |addr, _| {
        let stdin = ["--data-binary", "@-", "--header", "Expect:", "--include"];
        let printed = curl(addr, "/echo", &stdin, &upload(TOO_LARGE))?;
        consists_of(&printed, &["HTTP/1.1 413 ", "Connection: close\r\n", "\r\n", "\n"])
    }),
    tool("nc-pipelined", "http-pipelined", |addr, _| {
        let last = get("/prime/9").replace("\r\n\r\n", "\r\nConnection: close\r\n\r\n");
        let input = [get("/prime/7"), get("/plain"), last].concat();
        let (host, port) = (addr.ip().to_string(), addr.port().to_string());
        let printed = run("nc", &["-w", SECONDS, &host, &port], &input)?;
        let (first, second) =
            ("\r\n\r\nprime\nHTTP/1.1 200 ", "\r\n\r\nHello, World!HTTP/1.1 200 ");
        consists_of(&printed, &["HTTP/1.1 200 ", first, second, "\r\n\r\ncomposite\n"])
    }),
];

const fn tool(
    name: &'static str,
    like: &'static str,
    check: fn(SocketAddr, &Path) -> Result<()>,
) -> Tool {
    Tool { name, like, check }
}

impl Tool {
    /// Why it cannot be tried here, if it cannot.
    pub fn missing_here(&self) -> Option<String> {
        let program = self.name.split('-').next().unwrap_or_default();
        // Each of them says something about itself, whatever its flag for that is.
        let found = Command::new(program).arg("-h").output().is_ok();
        (!found).then(|| format!("{program} is not here"))
    }

    /// Tries it with a server of its own.
    pub fn run(&self, program: &Program) -> Result<()> {
        let directory = tempfile::tempdir()?;
        let server =
            Server::start(&Target::Step(program.clone()), Protocol::Http, GRACE, PATIENCE)?;
        let result = (self.check)(server.addr, directory.path());
        result.map_err(|error| anyhow!("{error:#}{}", server.last_words()))
    }
}

/// Runs `curl` with these further flags; the URL comes last.
fn curl(addr: SocketAddr, path: &str, flags: &[&str], input: &str) -> Result<String> {
    // Whatever this user or this network wants of `curl`: here there is a loopback interface.
    let ours = ["--disable", "--noproxy", "*", "--max-time", SECONDS, "--silent", "--show-error"];
    run("curl", &[&ours, flags, &[&url(addr, path)]].concat(), input)
}

fn url(addr: SocketAddr, path: &str) -> String {
    format!("http://{addr}{path}")
}

/// Runs a tool, which must succeed, and returns what it prints.
fn run(program: &str, args: &[&str], input: &str) -> Result<String> {
    let mut tool = Command::new(program);
    tool.args(args).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = tool.spawn().with_context(|| format!("starting {program}"))?;
    let stdin = child.stdin.take();
    let output = thread::scope(|scope| {
        // It fails when the tool has heard enough.
        scope.spawn(|| stdin.map(|mut stdin| stdin.write_all(input.as_bytes())));
        child.wait_with_output()
    })?;
    let (printed, complaint) = (output.stdout, String::from_utf8_lossy(&output.stderr));
    ensure!(
        output.status.success(),
        "{program} failed ({}): {complaint}\nIt printed {}",
        output.status,
        Shown(&printed)
    );
    Ok(String::from_utf8_lossy(&printed).into_owned())
}

/// Fails unless a text has these parts in this order, the first at its start and the last at its end.
fn consists_of(text: &str, parts: &[&str]) -> Result<()> {
    let mut rest = text;
    for (i, part) in parts.iter().enumerate() {
        let at = if i + 1 == parts.len() { rest.rfind(part) } else { rest.find(part) };
        let at = at.filter(|&at| i > 0 || at == 0);
        let Some(at) = at else {
            let (part, text) = (Shown(part.as_bytes()), Shown(text.as_bytes()));
            bail!("{part} is not in its place in {text}");
        };
        rest = &rest[at + part.len()..];
    }
    ensure!(rest.is_empty(), "after the end there is {}", Shown(rest.as_bytes()));
    Ok(())
}

/// A path, as an argument.
fn name(path: &Path) -> Result<&str> {
    path.to_str().with_context(|| format!("{} is no text", path.display()))
}

/// At least so many bytes of text of which no two places look alike.
fn upload(length: usize) -> String {
    let mut text = String::new();
    for n in 0.. {
        if text.len() >= length {
            break;
        }
        text += &format!("{n}\n");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tool_is_like_a_case() {
        for tool in TOOLS {
            let known = crate::cases().iter().any(|case| case.name == tool.like);
            assert!(known, "{}: no case is called {}", tool.name, tool.like);
        }
    }

    #[test]
    fn parts_are_looked_for_in_their_places() {
        for (parts, found) in [
            (&["abcabc"][..], true),
            (&["abc", "abc"], true),
            (&["a", "b", "c"], true),
            (&["", "bc", ""], true),
            (&["abc"], false),
            (&["b", "c"], false),
            (&["a", "b"], false),
            (&["abca", "abc"], false),
            (&["a", "d", "c"], false),
        ] {
            assert_eq!(consists_of("abcabc", parts).is_ok(), found, "{parts:?}");
        }
    }
}
