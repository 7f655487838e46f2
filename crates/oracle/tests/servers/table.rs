//! The table in `crates/http-lite/DIFFERENCES.md`.

use std::fs;
use std::path::Path;

use libtest_mimic::Failed;

use crate::proxy::Kind;

pub struct Table {
    /// Of the columns.
    heading: Vec<String>,
    pub rows: Vec<Row>,
}

/// A request, and what becomes of it: see the top of the document.
pub struct Row {
    /// As it stands there.
    pub text: String,
    pub request: Vec<u8>,
    pub ours: String,
    pub nginx: String,
    pub haproxy: String,
    /// Why not all do the same.
    pub why: String,
}

impl Table {
    pub fn read() -> Result<Table, Failed> {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../http-lite/DIFFERENCES.md");
        let text = fs::read_to_string(&path).map_err(|e| format!("{}: {e}", path.display()))?;
        let heading = text.lines().find(|line| line.starts_with("| request"));
        let heading = cells(heading.ok_or("DIFFERENCES.md has no table")?);
        let rows = text.lines().filter(|line| line.starts_with("| `"));
        Ok(Table { heading, rows: rows.map(Row::parse).collect::<Result<_, _>>()? })
    }

    /// The version that the table is of.
    pub fn version(&self, kind: Kind) -> String {
        let name = format!("{kind} ");
        let column = self.heading.iter().find_map(|cell| cell.strip_prefix(&name));
        column.unwrap_or("of no version").to_string()
    }
}

impl Row {
    fn parse(text: &str) -> Result<Row, Failed> {
        let [request, ours, nginx, haproxy, why] = &cells(text)[..] else {
            return Err(format!("not five cells: {text}").into());
        };
        let or_ours = |cell: &String| if cell == "same" { ours } else { cell }.clone();
        Ok(Row {
            text: text.to_string(),
            request: bytes(request.trim_matches('`'))?,
            ours: ours.clone(),
            nginx: or_ours(nginx),
            haproxy: or_ours(haproxy),
            why: why.clone(),
        })
    }
}

fn cells(line: &str) -> Vec<String> {
    let line = line.trim().trim_start_matches('|').trim_end_matches('|');
    line.split('|').map(|cell| cell.trim().to_string()).collect()
}

/// What `\r`, `\n`, `\t`, `\xff` and `{a*100}` stand for, and all else for itself.
fn bytes(text: &str) -> Result<Vec<u8>, Failed> {
    let wrong = || Failed::from(format!("cannot be read: {text}"));
    let mut read = Vec::new();
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let (piece, length) = match c {
            '\\' => match rest.as_bytes().get(1).ok_or_else(wrong)? {
                b'r' => (vec![b'\r'], 2),
                b'n' => (vec![b'\n'], 2),
                b't' => (vec![b'\t'], 2),
                b'x' => {
                    let digits = rest.get(2..4).ok_or_else(wrong)?;
                    (vec![u8::from_str_radix(digits, 16).map_err(|_| wrong())?], 4)
                }
                _ => return Err(wrong()),
            },
            '{' => {
                let end = rest.find('}').ok_or_else(wrong)?;
                let (what, times) = rest[1..end].split_once('*').ok_or_else(wrong)?;
                (bytes(what)?.repeat(times.parse().map_err(|_| wrong())?), end + 1)
            }
            c => (rest.as_bytes()[..c.len_utf8()].to_vec(), c.len_utf8()),
        };
        read.extend(piece);
        rest = &rest[length..];
    }
    Ok(read)
}
