//! The same requests for `http-lite`, nginx and HAProxy: each does what the table in
//! `crates/http-lite/DIFFERENCES.md` says. That table is the data of this test, so it is current,
//! and a difference that is not in it fails.
//!
//! The two servers are proxies here: what they pass on shows how they understood a request.

mod backend;
mod outcome;
mod proxy;
mod table;

use std::process::ExitCode;
use std::sync::Mutex;
use std::thread;

use libtest_mimic::{Arguments, Completion, Failed, Trial};

use crate::proxy::{Kind, Proxy};
use crate::table::{Row, Table};

fn main() -> ExitCode {
    let trial =
        |name: &str, run: fn() -> Result<Completion, Failed>| Trial::ignorable_test(name, run);
    let trials = vec![
        trial("http-lite", || compare(|row| &row.ours, |row| outcome::ours(&row.request))),
        trial("nginx", || proxied(Kind::Nginx, |row| &row.nginx)),
        trial("haproxy", || proxied(Kind::HaProxy, |row| &row.haproxy)),
        trial("every difference is explained", explained),
    ];
    libtest_mimic::run(&Arguments::from_args(), trials).exit_code()
}

/// Starts a server, if it is here, and aims every request of the table at it.
fn proxied(kind: Kind, cell: fn(&Row) -> &String) -> Result<Completion, Failed> {
    let wanted = Table::read()?.version(kind);
    match kind.version() {
        None => return Ok(Completion::ignored_with(format!("{kind} is not installed"))),
        Some(version) if version != wanted => {
            let why = format!("the table is of {kind} {wanted}, and this is {version}");
            return Ok(Completion::ignored_with(why));
        }
        Some(_) => {}
    }
    let proxy = Proxy::start(kind, backend::start()?)?;
    compare(cell, |row| outcome::theirs(proxy.addr, &row.request))
}

/// How many requests are tried at once: where a server waits, so do we.
const AT_ONCE: usize = 8;

/// Whether what becomes of each request is what the table says.
fn compare(
    cell: fn(&Row) -> &String,
    outcome: impl Fn(&Row) -> Result<String, Failed> + Sync,
) -> Result<Completion, Failed> {
    let rows = Mutex::new(Table::read()?.rows.into_iter());
    let next = || rows.lock().expect("taking a row does not panic").next();
    let compare_all = || -> Result<String, Failed> {
        let mut wrong = String::new();
        while let Some(row) = next() {
            let (real, table) = (outcome(&row)?, cell(&row));
            // Of a server whose parts race with each other, the table has both outcomes.
            if table.split(" or ").all(|outcome| outcome != real) {
                wrong += &format!("{}\n    table: {table}\n    real:  {real}\n", row.text);
            }
        }
        Ok(wrong)
    };
    let wrong: Result<String, Failed> = thread::scope(|scope| {
        let threads: Vec<_> = (0..AT_ONCE).map(|_| scope.spawn(compare_all)).collect();
        threads.into_iter().map(|thread| thread.join().expect("comparing does not panic")).collect()
    });
    match wrong?.as_str() {
        "" => Ok(Completion::Completed),
        wrong => Err(wrong.into()),
    }
}

/// A row says why, if and only if there is something to explain.
fn explained() -> Result<Completion, Failed> {
    let alike = |row: &Row| row.nginx == row.ours && row.haproxy == row.ours;
    let rows = Table::read()?.rows;
    let wrong: Vec<_> = rows.iter().filter(|row| alike(row) != row.why.is_empty()).collect();
    match wrong.as_slice() {
        [] => Ok(Completion::Completed),
        [row, ..] => {
            Err(format!("a difference without a reason, or the reverse: {}", row.text).into())
        }
    }
}
