//! Can the cases fail? A small server passes them all. Then it is broken in one way after the
//! other, and the case that is there for it must say so, and say why.
//!
//! The server is this very program, started again with `--flaw`. Beside it there are servers that do
//! what nobody expects, and two that are somebody's first.

mod caught;
mod fragile;
mod odd_servers;
mod strangers;

use std::env;
use std::process::ExitCode;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use caught::Caught::*;
use caught::{Caught, controls};
use conform::{
    Case, Cause, Check, Claim, Finding, PATIENCE, Program, Protocol, Story, TOOLS, Target, Tool,
    Verdict, cases, run,
};
use fragile::Flaw::{self, *};
use libtest_mimic::{Arguments, Completion, Failed, Trial};

/// How long a reply is waited for that a broken server will never send.
const NEVER: Duration = Duration::from_secs(5);

/// With whom a tool must not work, and what is said then.
const TOOL_CONTROLS: &[(Flaw, &str, &str)] = &[
    (NeverCloses, "curl-http1.0", "\"Connection: close\\r\\n\" is not in its place"),
    (OneRead, "curl-http1.1", "\"Hello, World!0;\" is not in its place"),
    (EverythingFound, "curl-head", "\"Content-Length: 100\\r\\n\" is not in its place"),
    (NoRanges, "curl-range", "\"HTTP/1.1 206 \" is not in its place"),
    (NoRanges, "curl-ranges", "\"HTTP/1.1 206 \" is not in its place"),
    (NoRanges, "curl-continue-at", "byte ranges"),
    (NeverUnmodified, "curl-etag", "\"304\" is not in its place"),
    (NeverContinues, "curl-expect", "is not in its place in \"HTTP/1.1 200"),
    (OneRead, "curl-chunked", "curl failed"),
    (NoLimit, "curl-refused", "\"HTTP/1.1 413 \" is not in its place"),
    (Reverses, "nc-pipelined", "is not in its place"),
];

fn main() -> ExitCode {
    let mut arguments = env::args().skip(1);
    if arguments.next().as_deref() == Some("--flaw") {
        return fragile::main(arguments);
    }
    let mut arguments = Arguments::from_args();
    // They wait more than they work.
    arguments.test_threads.get_or_insert(48);
    // Who waits longest begins first: servers that say nothing, and of the cases the last.
    let controls = trials().into_iter().rev();
    let trials = odd_servers::trials().into_iter().chain(strangers::trials()).chain(controls);
    libtest_mimic::run(&arguments, trials.collect()).exit_code()
}

fn trials() -> Vec<Trial> {
    let (all, mut trials) = (controls(), Vec::new());
    for case in cases() {
        let mut controls = all.iter().filter(|(_, name, _)| *name == case.name).peekable();
        assert!(controls.peek().is_some(), "nothing can fail the case {}", case.name);
        let impossible = &case.impossible_here();
        let add = |name: String, test: Box<dyn FnOnce() -> Result<(), Failed> + Send>| {
            let impossible = impossible.clone();
            Trial::ignorable_test(name, move || match impossible {
                Some(reason) => Ok(Completion::ignored_with(reason)),
                None => test().map(|()| Completion::Completed),
            })
        };
        trials.push(add(case.name.to_string(), Box::new(move || passes(&case))));
        trials.extend(controls.map(|&(flaw, _, caught)| {
            add(
                format!("{}, {flaw:?}", case.name),
                Box::new(move || is_caught(&case, flaw, caught)),
            )
        }));
    }
    for (_, name, _) in &all {
        assert!(cases().iter().any(|case| case.name == *name), "no case is called {name}");
    }
    trials.extend(TOOLS.iter().flat_map(tool_trials));
    trials.push(Trial::test("stop-refuses, StaysOpen, which nobody says", stays_open));
    trials.push(Trial::test("check", || check(Flawless, None)));
    trials.push(Trial::test("check, OneAtATime", || check(OneAtATime, Some("silent"))));
    trials.push(Trial::test("check, AddsTwo", || check(AddsTwo, Some("echo"))));
    trials
}

/// Also of a server that is said to refuse newcomers it is found out that it does so only when all others
/// have left.
fn stays_open() -> Result<(), Failed> {
    let case =
        cases().into_iter().find(|case| case.name == "stop-refuses").ok_or("no such case")?;
    match run(&case, &Target::Step(program(StaysOpen)), Claim::Passes, PATIENCE) {
        Verdict::Fails(Cause::LetIn { .. }) => Ok(()),
        verdict => Err(format!("the verdict is {verdict:?}").into()),
    }
}

/// A tool works with the server without a flaw, and not with the one that is its control.
fn tool_trials(tool: &'static Tool) -> [Trial; 2] {
    let control = TOOL_CONTROLS.iter().find(|(_, name, _)| *name == tool.name);
    let (flaw, name, words) = *control.unwrap_or_else(|| panic!("nothing can fail {}", tool.name));
    let trial = |name, flaw| {
        let test = move || {
            if let Some(reason) = tool.missing_here() {
                return Ok(Completion::ignored_with(reason));
            }
            match tool.run(&program(flaw)).map_err(|error| error.to_string()) {
                Ok(()) if flaw == Flawless => Ok(Completion::Completed),
                Ok(()) => Err("it works all the same".into()),
                Err(error) if flaw != Flawless && error.contains(words) => {
                    Ok(Completion::Completed)
                }
                Err(error) => Err(error.into()),
            }
        };
        Trial::ignorable_test(name, test)
    };
    [trial(name.into(), Flawless), trial(format!("{name}, {flaw:?}"), flaw)]
}

/// A server of which nothing is known but how it is started: what can it not do?
fn check(flaw: Flaw, failing: Option<&str>) -> Result<(), Failed> {
    let program = env::current_exe()?;
    let command = format!("{} --flaw {flaw:?} --addr 127.0.0.1:{{port}} frames", program.display());
    let wanted = |case: &Case| ["greeting", "echo", "silent", "computes"].contains(&case.name);
    let check = Check {
        target: Target::Command(command),
        protocol: Protocol::Frames,
        seed: 1,
        path: "/".into(),
        cases: cases().into_iter().filter(wanted).collect(),
        whole: false,
    };
    let seen = AtomicUsize::new(0);
    let report = check.run(|_| {
        seen.fetch_add(1, Ordering::Relaxed);
    })?;
    assert_eq!((report.outcomes.len(), seen.into_inner()), (4, 4));
    for outcome in &report.outcomes {
        let Case { name, property, .. } = outcome.case;
        match &outcome.finding {
            Finding::Passes => assert!(Some(name) != failing && outcome.tries > 0, "{name}"),
            Finding::Fails(Story { what, transcript, .. }) => {
                assert!(what.contains("answered only") || what.contains("got"), "{name}: {what}");
                assert!(transcript.contains(" ms  A connects"), "{name}: {transcript}");
                // Who serves one after the other, or says something else, fails other cases as well.
                assert!(failing.is_some() && report.has(property) == Some(false), "{name}");
            }
            Finding::Differs(story) => panic!("{name}: frames have no MAY: {story:?}"),
            Finding::NotTried(reason) => assert!(reason.contains("busy"), "{name}: {reason}"),
        }
    }
    Ok(())
}

fn program(flaw: Flaw) -> Program {
    let path = env::current_exe().expect("a running program has a path");
    Program { path, flags: vec!["--flaw".into(), format!("{flaw:?}").into()] }
}

fn passes(case: &Case) -> Result<(), Failed> {
    match run(case, &Target::Step(program(Flawless)), Claim::Passes, PATIENCE) {
        Verdict::Passes => Ok(()),
        verdict => Err(format!("the server without a flaw: {verdict:?}").into()),
    }
}

fn is_caught(case: &Case, flaw: Flaw, caught: Caught) -> Result<(), Failed> {
    let (claim, patience) = match caught {
        Broken(_) => (Claim::Passes, NEVER),
        Held(_) | LetIn(_) | Behind | Heavy | HungUp => (Claim::Fails, PATIENCE),
    };
    match (run(case, &Target::Step(program(flaw)), claim, patience), caught) {
        (Verdict::Broken(report), Broken(words)) if report.contains(words) => Ok(()),
        (Verdict::Fails(Cause::Held { others, .. }), Held(n)) if others == n => Ok(()),
        (Verdict::Fails(Cause::LetIn { others, .. }), LetIn(n)) if others == n => Ok(()),
        (Verdict::Fails(Cause::Behind { .. }), Behind) => Ok(()),
        (Verdict::Fails(Cause::Heavy { .. }), Heavy) => Ok(()),
        (Verdict::Fails(Cause::HungUp { .. }), HungUp) => Ok(()),
        (Verdict::Broken(report), _) => Err(format!("another reason:\n{report}").into()),
        (verdict, _) => Err(format!("the verdict is {verdict:?}").into()),
    }
}
