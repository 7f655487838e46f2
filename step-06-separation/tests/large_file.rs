//! A file that is larger than any memory, served by a process of its own.
//!
//! All steps serve files with the same code, `app`; here it is tried with one of them.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, reason = "in a test, that is how it fails")]

use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};

/// 64 GiB, of which the disk has none.
const LENGTH: u64 = 64 << 30;

/// The most memory that the server may ever have had, in KiB: it and nine clients need a quarter.
const MEMORY: u64 = 24 * 1024;

struct Server(Child);

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Server {
    /// The most that was ever resident, in KiB (proc_pid_status(5)).
    fn peak_memory(&self) -> u64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.0.id())).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
        line.trim().strip_suffix(" kB").unwrap().parse().unwrap()
    }
}

#[test]
fn memory_does_not_grow_with_the_file() {
    let public = tempfile::tempdir().unwrap();
    File::create(public.path().join("large.bin")).unwrap().set_len(LENGTH).unwrap();
    let child = Command::new(env!("CARGO_BIN_EXE_step-06-separation"))
        .args(["--addr", "127.0.0.1:0", "--protocol", "http", "--public"])
        .arg(public.path())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut server = Server(child);
    let mut line = String::new();
    BufReader::new(server.0.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let addr = line.trim().rsplit(' ').next().unwrap();
    let ask = |range: &str| {
        let mut client = TcpStream::connect(addr).unwrap();
        let lines = "Host: a\r\nConnection: close\r\n";
        write!(client, "GET /large.bin HTTP/1.1\r\n{lines}{range}\r\n").unwrap();
        BufReader::new(client)
    };

    // These ask for all of it, read a little, and then no more: what nobody takes is not read.
    let _slow: Vec<_> = (0..8)
        .map(|_| {
            let mut client = ask("");
            io::copy(&mut client.by_ref().take(32 << 20), &mut io::sink()).unwrap();
            client
        })
        .collect();
    // And one reads a whole gigabyte meanwhile, from the end.
    let mut client = ask("Range: bytes=-1073741824\r\n");
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        assert_ne!(client.read_line(&mut head).unwrap(), 0, "{head}");
    }
    assert!(head.starts_with("HTTP/1.1 206 "), "{head}");
    assert_eq!(io::copy(&mut client, &mut io::sink()).unwrap(), 1 << 30);
    let peak = server.peak_memory();
    assert!(peak <= MEMORY, "{peak} KiB");
    println!("peak memory: {peak} KiB");
}
