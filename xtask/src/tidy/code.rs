//! What Rust code may not say. Comments and the contents of literals are not code.

use anyhow::{Context, Result};

use super::{Findings, Rust, Tree, Violation};
use crate::source::{self, Kind, Path, Token};

/// The crates that know protocols and nothing about who waits.
const PURE: [&str; 2] = ["crates/proto", "crates/http-lite"];

/// What a pure crate may depend on: itself, and crates that only compute.
const PURE_DEPENDENCIES: [&str; 3] = ["proto", "memchr", "itoa"];

/// All that a step may know of `proto`: what a connection wants, and how much to read at once.
const STEP_VOCABULARY: [&str; 5] = ["Session", "Want", "Job", "Done", "READ_SIZE"];

/// What knows the protocols; `cli` hands a step its sessions, so that it need not.
const PROTOCOL_CRATES: [&str; 2] = ["http-lite", "app"];

/// The steps that are about what only `unsafe` code can do.
const UNSAFE_STEPS: [&str; 2] = ["step-11-", "step-13-"];

/// No sockets, files, threads, clocks or terminals in the pure crates.
pub fn protocols_are_pure(tree: &Tree) -> Result<Findings> {
    let files = files_under(tree, |path| PURE.iter().any(|pure| inside(path, pure, "src")));
    let violations = each(&files, |program| {
        let named = source::paths(program).into_iter().filter_map(|path| {
            impure(&path).map(|what| (path.line, format!("`{}`: {what}", path.text())))
        });
        let printed = program.windows(2).filter(|pair| {
            const PRINTS: [&str; 5] = ["print", "println", "eprint", "eprintln", "dbg"];
            PRINTS.iter().any(|name| pair[0].is_word(name)) && pair[1].is('!')
        });
        let printed = printed.map(|pair| (pair[0].line, format!("`{}!` prints", pair[0].text)));
        named.chain(printed).collect()
    });
    let remedy = "a protocol is told what it needs: take it as an argument";
    Ok(Findings::new(files.len(), "files", with(violations, remedy)))
}

/// Why a pure crate may not name `path`.
fn impure(path: &Path) -> Option<&'static str> {
    match path.segments.as_slice() {
        ["std", "net", ..] => Some("a socket (an address is in `core::net`)"),
        ["std", "fs", ..] => Some("a file"),
        ["std", "thread", ..] => Some("a thread"),
        ["std", "process" | "env" | "os", ..] => Some("the system"),
        ["std", "time", "Duration", ..] => None,
        ["std", "time", ..] => Some("a clock"),
        ["std", "io", ..] | ["io", ..] => {
            const TERMINAL: [&str; 6] = ["stdin", "stdout", "stderr", "Stdin", "Stdout", "Stderr"];
            path.segments.iter().any(|name| TERMINAL.contains(name)).then_some("the terminal")
        }
        ["std"] | ["std", "*"] => Some("the whole of `std`, where the rest of this check is blind"),
        _ => None,
    }
}

/// The pure crates' manifests name only crates that compute.
pub fn protocols_depend_on_pure_crates(tree: &Tree) -> Result<Findings> {
    let mut violations = Vec::new();
    let mut count = 0;
    for pure in PURE {
        let path = format!("{pure}/Cargo.toml");
        let Some(file) = tree.file(&path) else { continue };
        count += 1;
        for name in dependencies(&file.text).with_context(|| format!("reading {path}"))? {
            if !PURE_DEPENDENCIES.contains(&name.as_str()) {
                violations.push(Violation::new(
                    &path,
                    line_of(&file.text, &name),
                    format!("depends on `{name}`, which is not known to be pure"),
                    "do without it, or add it to PURE_DEPENDENCIES in xtask/src/tidy/code.rs",
                ));
            }
        }
    }
    Ok(Findings::new(count, "manifests", violations))
}

/// No step knows what the bytes mean: it takes from `proto` only what a connection wants, looks at
/// no byte and has no dependency that would do so for it.
pub fn steps_only_wait(tree: &Tree) -> Result<Findings> {
    let files = files_under(tree, |path| {
        is_step(path) && (inside(path, "", "src") || inside(path, "", "examples"))
    });
    let mut violations = with(
        each(&files, |program| {
            let named = source::paths(program).into_iter().filter_map(|path| {
                match path.segments.as_slice() {
                    ["proto", name, ..] if STEP_VOCABULARY.contains(name) => None,
                    ["proto", ..] | ["http_lite" | "app", _, ..] => {
                        Some((path.line, format!("`{}` is part of a protocol", path.text())))
                    }
                    _ => None,
                }
            });
            let spoken = program
                .iter()
                .filter(|token| speaks(token))
                .map(|token| (token.line, format!("{} looks into the bytes", token.text)));
            named.chain(spoken).collect()
        }),
        "a step only waits: move this to crates/proto or crates/http-lite",
    );
    for file in tree.files.iter().filter(|file| is_step(&file.path) && is_manifest(&file.path)) {
        for name in dependencies(&file.text).with_context(|| format!("reading {}", file.path))? {
            if PROTOCOL_CRATES.contains(&name.as_str()) {
                violations.push(Violation::new(
                    &file.path,
                    line_of(&file.text, &name),
                    format!("depends on `{name}`, which knows a protocol"),
                    "take the session from `cli`",
                ));
            }
        }
    }
    Ok(Findings::new(files.len(), "files", violations))
}

/// Is this a literal that only makes sense to whoever knows the protocol?
fn speaks(token: &Token) -> bool {
    match token.kind {
        Kind::Bytes => true,
        Kind::Char => token.text == "'^'" || token.text == "'$'",
        Kind::Text => token.text.contains("HTTP/") || token.text.contains(r"\r\n"),
        _ => false,
    }
}

/// `unwrap` says neither what was expected nor why; a message or `?` does.
pub fn no_unwrap(tree: &Tree) -> Result<Findings> {
    let files = files_under(tree, |_| true);
    let violations = each(&files, |program| {
        let unwraps = program.windows(3).filter(|call| {
            let name = call[1].is_word("unwrap") || call[1].is_word("unwrap_err");
            let receiver = call[0].is('.') || call[0].is(':');
            name && receiver && !call[2].is(':')
        });
        unwraps.map(|call| (call[1].line, format!("`{}` outside a test", call[1].text))).collect()
    });
    let remedy = "write `?`, or `expect(\"why it cannot happen\")`";
    Ok(Findings::new(files.len(), "files", with(violations, remedy)))
}

/// `expect` has a text, and that text is a reason: more than one word.
pub fn expect_says_why(tree: &Tree) -> Result<Findings> {
    let files = files_under(tree, |_| true);
    let violations = each(&files, |program| {
        let expects = program.windows(5).filter(|call| {
            // `self.expect(…)` is a method of one's own.
            let on_a_result = !call[0].is_word("self") && call[1].is('.');
            let is_call = on_a_result && call[2].is_word("expect") && call[3].is('(');
            let text = call[4].text.trim_matches(|c| "r#\"".contains(c));
            is_call && (call[4].kind != Kind::Text || text.split_whitespace().count() < 2)
        });
        expects.map(|call| (call[2].line, "`expect` without a reason".to_owned())).collect()
    });
    let remedy = "say in a string why it cannot happen";
    Ok(Findings::new(files.len(), "files", with(violations, remedy)))
}

/// No stubs, and nothing left over from looking for a mistake.
pub fn nothing_is_unfinished(tree: &Tree) -> Result<Findings> {
    let files = files_under(tree, |_| true);
    let violations = each(&files, |program| {
        const STUBS: [&str; 3] = ["todo", "unimplemented", "dbg"];
        program
            .windows(2)
            .filter(|pair| STUBS.iter().any(|stub| pair[0].is_word(stub)) && pair[1].is('!'))
            .map(|pair| (pair[0].line, format!("`{}!`", pair[0].text)))
            .collect()
    });
    Ok(Findings::new(files.len(), "files", with(violations, "finish it, or take it out")))
}

/// `unsafe` stands only in the steps about it, and each block and `impl` says below `// SAFETY:`
/// what makes it sound. Tests are no exception.
pub fn unsafe_is_rare_and_explained(tree: &Tree) -> Result<Findings> {
    let files = tree.rust();
    let mut violations = Vec::new();
    for file in &files {
        let allowed = UNSAFE_STEPS.iter().any(|step| file.path.starts_with(step));
        for (at, token) in file.tokens.iter().enumerate() {
            if !token.is_word("unsafe") {
                continue;
            }
            let next = file.tokens.get(at + 1);
            let asserts = next.is_some_and(|next| next.is('{') || next.is_word("impl"));
            if !allowed {
                violations.push(Violation::new(
                    file.path,
                    token.line,
                    "`unsafe` in code that is not about it",
                    "find a safe way, or a crate that has one",
                ));
            } else if asserts && !is_explained(&file.tokens[..at]) {
                violations.push(Violation::new(
                    file.path,
                    token.line,
                    "`unsafe` without a reason",
                    "write `// SAFETY:` above it: which invariant makes it sound, and who keeps it",
                ));
            }
        }
    }
    Ok(Findings::new(files.len(), "files", violations))
}

/// Does a `SAFETY:` comment with something behind it stand in the statement that `before` ends in,
/// or right above it?
fn is_explained(before: &[Token]) -> bool {
    let statement =
        before.iter().rev().take_while(|token| !(token.is(';') || token.is('{') || token.is('}')));
    let mut comments = statement.filter(|token| token.kind == Kind::Comment);
    comments.any(|comment| {
        let reason = comment.text.split_once("SAFETY:").map_or("", |(_, reason)| reason);
        reason.contains(char::is_alphabetic)
    })
}

fn is_step(path: &str) -> bool {
    path.starts_with("step-")
}

fn is_manifest(path: &str) -> bool {
    path.ends_with("/Cargo.toml")
}

/// Does `path` lie in the folder `folder` of the package at `package`? An empty package is any
/// folder at the root.
fn inside(path: &str, package: &str, folder: &str) -> bool {
    let rest = match package {
        "" => path.split_once('/').map(|(_, rest)| rest),
        _ => path.strip_prefix(package).and_then(|rest| rest.strip_prefix('/')),
    };
    rest.and_then(|rest| rest.strip_prefix(folder)).is_some_and(|rest| rest.starts_with('/'))
}

/// The Rust files that hold part of a program and that `wanted` is true of.
fn files_under(tree: &Tree, wanted: impl Fn(&str) -> bool) -> Vec<Rust<'_>> {
    let is_wanted = |file: &Rust| !file.program.is_empty() && wanted(file.path);
    tree.rust().into_iter().filter(is_wanted).collect()
}

/// A finding that lacks its remedy: file, line, what.
type Place<'a> = (&'a str, usize, String);

/// What `look` finds in each file's program, as lines and what is wrong there.
fn each<'a>(
    files: &[Rust<'a>],
    look: impl Fn(&[Token<'a>]) -> Vec<(usize, String)>,
) -> Vec<Place<'a>> {
    let places = |file: &Rust<'a>| {
        let path = file.path;
        look(&file.program).into_iter().map(move |(line, what)| (path, line, what))
    };
    files.iter().flat_map(places).collect()
}

fn with(places: Vec<Place>, remedy: &str) -> Vec<Violation> {
    places.into_iter().map(|(path, line, what)| Violation::new(path, line, what, remedy)).collect()
}

/// What a manifest needs to build the program, by name: not what only its tests need.
fn dependencies(manifest: &str) -> Result<Vec<String>> {
    let manifest: toml::Table = manifest.parse()?;
    let targets = manifest.get("target").and_then(toml::Value::as_table);
    let platforms = targets.into_iter().flat_map(toml::Table::values).filter_map(|t| t.as_table());
    let names = |table: &toml::Table| -> Vec<String> {
        ["dependencies", "build-dependencies"]
            .iter()
            .filter_map(|kind| table.get(*kind)?.as_table())
            .flat_map(|dependencies| dependencies.keys().cloned())
            .collect()
    };
    Ok(platforms.chain([&manifest]).flat_map(names).collect())
}

/// The first line that begins with `word`, from 1; 0 when there is none.
fn line_of(text: &str, word: &str) -> usize {
    text.lines().position(|line| line.starts_with(word)).map_or(0, |at| at + 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::tests::places;

    type Check = fn(&Tree) -> Result<Findings>;

    /// Each of `bad` is found when it stands alone at `path`, and none of `good` is.
    fn tells(check: Check, path: &str, bad: &[&str], good: &[&str]) {
        for text in bad {
            let found = places(check, &[(path, text)]);
            assert_eq!(found, [format!("{path}:1")], "not caught: {text}");
        }
        for text in good {
            assert_eq!(places(check, &[(path, text)]), [""; 0], "caught: {text}");
        }
    }

    #[test]
    fn what_a_protocol_may_not_touch() {
        let bad = [
            "use std::net::TcpStream;",
            "use std::{io, net::{SocketAddr}};",
            "::std::fs::read(path)",
            "std::thread::spawn(f)",
            "use std::time::{Duration, Instant};",
            "use std::time;",
            "use std::time::*;",
            "std::env::var(name)",
            "io::stdin().read(buffer)",
            "use std::io::{self, Stdout};",
            "use std as s;",
            "use std::*;",
            "println!(\"{n}\")",
        ];
        let good = [
            "use core::net::SocketAddr;",
            "use std::time::Duration;",
            "use std::io::{self, Write};",
            "use std::sync::Arc;",
            "// std::net::TcpStream\nfn f() {}",
            "/// use std::fs;\nfn f() {}",
            "f(\"std::thread\")",
            "#[cfg(test)] mod tests { use std::thread; }\nfn f() {}",
            "fn println() {}",
        ];
        tells(protocols_are_pure, "crates/proto/src/lib.rs", &bad, &good);
        tells(protocols_are_pure, "crates/http-lite/src/deep/er.rs", &bad[..1], &good[..1]);
        let elsewhere = [("crates/proto/tests/a.rs", bad[0]), ("crates/proto/src/lib.rs", good[0])];
        assert_eq!(places(protocols_are_pure, &elsewhere), [""; 0]);
    }

    #[test]
    fn what_a_protocol_may_not_depend_on() {
        let path = "crates/http-lite/Cargo.toml";
        let check = protocols_depend_on_pure_crates;
        for bad in [
            "[dependencies]\nmio.workspace = true",
            "[build-dependencies]\ntokio = '1'",
            "[target.'cfg(unix)'.dependencies]\nlibc = '1'",
        ] {
            assert_eq!(places(check, &[(path, bad)]), [format!("{path}:2")], "{bad}");
        }
        for good in [
            "[dependencies]\nproto.workspace = true\nmemchr = '2'",
            "[dev-dependencies]\ntokio = '1'",
        ] {
            assert_eq!(places(check, &[(path, good)]), [""; 0], "{good}");
        }
    }

    #[test]
    fn what_a_step_may_not_know() {
        let bad = [
            "use proto::Frames;",
            "use proto::{Session, limits::LONGEST};",
            "use proto::*;",
            "use proto as p;",
            "proto::frames::parse(bytes)",
            "use http_lite::Request;",
            "app::pages()",
            "if bytes[0] == b'^' {}",
            "bytes.ends_with(b\"$\")",
            "'$' as u8",
            "write(\"HTTP/1.1 200\")",
            "write(\"a\\r\\n\")",
        ];
        let good = [
            "use proto::{Done, Job, READ_SIZE, Session, Want};",
            "match session.want() { proto::Want::Close => {} }",
            "// proto::Frames, b'^'\nfn f() {}",
            "println!(\"listening on {app}\")",
            "let app = 1;",
            "'&'",
        ];
        tells(steps_only_wait, "step-04-threadpool/src/lib.rs", &bad, &good);
        tells(steps_only_wait, "step-05-nonblocking/examples/sweep.rs", &bad[..1], &good[..1]);
        let elsewhere = [("crates/cli/src/lib.rs", bad[0]), ("step-01-a/src/main.rs", good[0])];
        assert_eq!(places(steps_only_wait, &elsewhere), [""; 0]);
        let step = ("step-01-a/src/main.rs", good[0]);
        let manifest = ("step-01-a/Cargo.toml", "[dependencies]\ncli = '1'\napp = '1'\n");
        assert_eq!(places(steps_only_wait, &[step, manifest]), ["step-01-a/Cargo.toml:3"]);
    }

    #[test]
    fn where_unwrap_may_not_stand() {
        let bad =
            ["a.unwrap();", "a . // why\n unwrap ();", "a.map(Option::unwrap);", "a.unwrap_err();"];
        let good = [
            "a.unwrap_or(b);",
            "a.unwrap_or_default();",
            "fn unwrap() {}",
            "// a.unwrap()\nf();",
            "f(\"a.unwrap()\");",
            "f();\n#[cfg(test)]\nmod tests { fn g() { a.unwrap() } }",
        ];
        let path = "crates/cli/src/lib.rs";
        tells(no_unwrap, path, &[bad[0], bad[2], bad[3]], &good);
        assert_eq!(places(no_unwrap, &[(path, bad[1])]), [format!("{path}:2")]);
        let example = "step-05-nonblocking/examples/sweep.rs";
        tells(no_unwrap, example, &bad[..1], &good);
        let tests = [("a/tests/b.rs", bad[0]), ("a/benches/b.rs", bad[0]), (path, good[0])];
        assert_eq!(places(no_unwrap, &tests), [""; 0]);
    }

    #[test]
    fn what_expect_must_say() {
        let bad = [
            "self.0.expect(\"\")",
            "a().expect(\"\")",
            "a.expect(\" \")",
            "a.expect(\"lock\")",
            "a.expect(&text)",
        ];
        let good = [
            "a.expect(\"no worker panics with the lock held\")",
            "#[expect(unused)]\nfn f() {}",
            "a.expect_err(\"\")",
            "self.expect(field)",
            "#[test]\nfn f() { a.expect(\"lock\") }\nfn g() {}",
        ];
        tells(expect_says_why, "xtask/src/main.rs", &bad, &good);
    }

    #[test]
    fn what_is_unfinished() {
        let bad = ["todo!()", "unimplemented!(\"later\")", "dbg!(a)"];
        let good = ["fn todo() {}", "// todo!()\nf()", "unreachable!(\"a reason\")"];
        tells(nothing_is_unfinished, "crates/load/src/lib.rs", &bad, &good);
    }

    #[test]
    fn where_unsafe_may_stand_and_how() {
        let explained = [
            "// SAFETY: the ring keeps the buffer.\nunsafe { f() }",
            "// SAFETY: kept by\n// the loop.\nlet a =\n    unsafe { f() };",
            "g(/* SAFETY: pinned */ unsafe { f() })",
            "// SAFETY: it owns its buffer\nunsafe impl Send for A {}",
            "unsafe fn f() {}",
            "#![allow(unsafe_code)]",
            "// unsafe { }\nf(\"unsafe { }\")",
        ];
        let bare = [
            "unsafe { f() }",
            "/* SAFETY: */ unsafe { f() }",
            "/* SAFETY: of a() only */ a(); unsafe { f() }",
            "/* it is fine */ unsafe impl Send for A {}",
        ];
        let check = unsafe_is_rare_and_explained;
        tells(check, "step-13-io-uring/src/main.rs", &bare, &explained);
        tells(check, "step-11-prefork/src/main.rs", &bare, &explained);
        let elsewhere = ["unsafe fn f() {}", "/* SAFETY: all is well */ unsafe { f() }", bare[0]];
        tells(check, "crates/cli/src/lib.rs", &elsewhere, &explained[5..]);
        tells(check, "crates/cli/tests/a.rs", &elsewhere, &explained[5..]);
        tells(check, "step-12-thread-per-core/src/main.rs", &elsewhere, &explained[5..]);
    }
}
