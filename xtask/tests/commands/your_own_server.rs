//! What `docs/your-own-server.md` shows is true: each of its commands is run, with the server as it
//! is at that place of the page, and says what the page says.
//!
//! Of what is shown, numbers may differ (the time, the seed, how many cases there are), and `…`
//! stands for any lines. That the machine was busy is not shown.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use libtest_mimic::{Completion, Failed, Trial};

const PAGE: &str = include_str!("../../../docs/your-own-server.md");

/// Where the finished servers are, from the root.
const SERVERS: &str = "docs/your-own-server";

/// How a line begins that tells of the machine and not of the server.
const BUSY: &str = "right only at the second try";

/// What a command may need that is not everywhere.
const TOOLS: [&str; 3] = ["cc", "node", "python3"];

pub fn trials() -> Vec<Trial> {
    let mut server = String::new();
    let mut trials = vec![
        Trial::test("bytes_are_shown_as_the_page_says", bytes_are_shown),
        Trial::test("what_is_not_said_is_missed", what_is_not_said_is_missed),
    ];
    for Block { language, line, text } in blocks() {
        match language {
            "python" => server = text,
            "diff" => server = patched(&server, &text),
            "console" => {
                let server = server.clone();
                trials.push(Trial::ignorable_test(format!("line_{line}"), move || {
                    transcript_is_true(line, &text, &server)
                }));
            }
            _ => {}
        }
    }
    trials.push(Trial::test("the_finished_server_is_the_file", move || {
        let file = fs::read_to_string(root().join(SERVERS).join("my-server.py"))?;
        if server == file { Ok(()) } else { Err("my-server.py and the page differ".into()) }
    }));
    trials
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("xtask lies in the workspace")
}

/// What stands between two fences.
struct Block {
    language: &'static str,
    /// Where it begins on the page.
    line: usize,
    text: String,
}

fn blocks() -> Vec<Block> {
    let mut lines = PAGE.lines().enumerate();
    let mut blocks = Vec::new();
    while let Some((at, line)) = lines.next() {
        if let Some(language) = line.strip_prefix("```") {
            let inside = lines.by_ref().take_while(|(_, line)| *line != "```");
            let text = inside.map(|(_, line)| format!("{line}\n")).collect();
            blocks.push(Block { language, line: at + 1, text });
        }
    }
    blocks
}

/// The program after a change of one place.
fn patched(program: &str, diff: &str) -> String {
    let side = |other: char| {
        let lines = diff.lines().filter(|line| !line.starts_with(other));
        lines.map(|line| format!("{}\n", &line[1..])).collect::<String>()
    };
    let (old, new) = (side('+'), side('-'));
    assert_eq!(program.matches(&old).count(), 1, "{old:?} in {program}");
    program.replace(&old, &new)
}

/// Runs the commands of a transcript where `my-server.py` is this server.
fn transcript_is_true(line: usize, text: &str, server: &str) -> Result<Completion, Failed> {
    if let Some(reason) = impossible_here(text) {
        return Ok(Completion::ignored_with(reason));
    }
    let place = Place::new(line)?;
    fs::write(place.0.join("my-server.py"), server)?;
    for transcript in text.split_terminator("$ ").skip(1) {
        let (command, shown) = transcript.split_once('\n').ok_or("a command without an end")?;
        let said = run(command, &place.0)?;
        if !agree(&lines(shown), &lines(&said)) {
            return Err(format!("line {line} of the page: `{command}` says\n{said}").into());
        }
    }
    Ok(Completion::Completed)
}

fn impossible_here(text: &str) -> Option<String> {
    if !cfg!(unix) {
        return Some("the page's commands are for a Unix shell".into());
    }
    let needed = TOOLS.into_iter().filter(|tool| text.contains(&format!("{tool} ")));
    let mut missing = needed.filter(|tool| Command::new(tool).arg("--version").output().is_err());
    missing.next().map(|tool| format!("{tool} is not here"))
}

/// What a command says, on stdout and stderr.
fn run(command: &str, place: &Path) -> Result<String, Failed> {
    let xtask = format!("'{}'", env!("CARGO_BIN_EXE_xtask"));
    let command = format!("{} 2>&1", command.replace("cargo xtask", &xtask));
    let output = Command::new("sh").args(["-c", &command]).current_dir(place).output()?;
    Ok(String::from_utf8(output.stdout)?)
}

/// What is compared: all lines, but for the one that says that the machine was busy. It may be long,
/// and then goes on in lines that are indented.
fn lines(text: &str) -> Vec<String> {
    let mut busy = false;
    let told = text.trim().lines().filter(|line| {
        busy = line.starts_with(BUSY) || busy && line.starts_with(' ');
        !busy
    });
    told.map(without_numbers).collect()
}

/// Numbers, and how much space is before them, differ from run to run.
fn without_numbers(line: &str) -> String {
    let mut plain = String::new();
    for c in line.split_whitespace().collect::<Vec<_>>().join(" ").chars() {
        match c {
            '0'..='9' | '.' if plain.ends_with('#') => {}
            '0'..='9' => plain.push('#'),
            _ => plain.push(c),
        }
    }
    plain
}

/// Whether this was said; `…` stands for any lines.
fn agree(shown: &[String], said: &[String]) -> bool {
    match shown.split_first() {
        None => said.is_empty(),
        Some((gap, rest)) if gap == "…" => (0..=said.len()).any(|n| agree(rest, &said[n..])),
        Some((line, rest)) => said.first() == Some(line) && agree(rest, &said[1..]),
    }
}

fn what_is_not_said_is_missed() -> Result<(), Failed> {
    let busy = format!("{BUSY}: a,\n  b\n");
    let said = lines(&format!("one\n\n  2 ms  two\n{busy}three of 3.5 s"));
    for (shown, agrees) in [
        ("one\n\n 17 ms  two\nthree of 4 s", true),
        ("…\n  2 ms  two\n…", true),
        ("one\n…\nthree of 3 s", true),
        ("one\n…\nthree of x s", false),
        ("one\n…\n  2 ms  two", false),
        ("  2 ms  two\n…", false),
        ("…\nthree of 3 s\none\n…", false),
        ("", false),
    ] {
        if agree(&lines(shown), &said) != agrees {
            return Err(format!("{shown:?}").into());
        }
    }
    Ok(())
}

/// The rows of the table name a byte, and how it is shown.
fn bytes_are_shown() -> Result<(), Failed> {
    let rows = PAGE.lines().filter_map(|line| {
        let mut cells = line.strip_prefix("| ")?.split(" | ");
        Some((cells.next()?.parse::<u8>().ok()?, cells.next()?.trim_matches('`')))
    });
    let mut named = 0;
    for (byte, shown) in rows {
        named += 1;
        if byte.escape_ascii().to_string() != shown {
            return Err(format!("{byte} is shown as {}", byte.escape_ascii()).into());
        }
    }
    if named == 10 { Ok(()) } else { Err(format!("the table has {named} rows").into()) }
}

/// A folder as the reader has it. It is gone when the test ends.
struct Place(PathBuf);

impl Place {
    fn new(line: usize) -> Result<Place, Failed> {
        let name = format!("your-own-server-{}-{line}", std::process::id());
        let place = Place(std::env::temp_dir().join(name));
        fs::create_dir_all(place.0.join(SERVERS))?;
        for file in fs::read_dir(root().join(SERVERS))? {
            let file = file?;
            fs::copy(file.path(), place.0.join(SERVERS).join(file.file_name()))?;
        }
        Ok(place)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        // What is left behind lies in the system's folder for temporary files.
        let _ = fs::remove_dir_all(&self.0);
    }
}
