//! Can the cases fail? A small server passes them all. Then it is broken in one way after the
//! other, and the case that is there for it must say so, and say why.
//!
//! The server is this very program, started again with `--flaw`.

mod fragile;

use std::env;
use std::process::ExitCode;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use conform::{
    Case, Cause, Check, Claim, Finding, PATIENCE, Program, Protocol, TOOLS, Target, Tool, Verdict,
    cases, run,
};
use fragile::Flaw::{self, *};
use libtest_mimic::{Arguments, Completion, Failed, Trial};

/// How long a reply is waited for that a broken server will never send.
const NEVER: Duration = Duration::from_secs(5);

/// Who is to be caught by which case, and how.
const CONTROLS: &[(Flaw, &str, Caught)] = &[
    (Mute, "greeting", Broken("did not say `listening on ADDR`")),
    (NoGreeting, "greeting", Broken("A got nothing")),
    (AddsTwo, "echo", Broken("A got \"")),
    (Text, "every-byte", Broken("from byte 126 on")),
    (AnswersEmpty, "empty-frame", Broken("A got \"\\n")),
    (AnswersNoise, "noise", Broken("which nobody asked for")),
    (CaretRestarts, "caret", Broken("A got \"b")),
    (OneIsPrime, "numbers", Broken("A got \"prime")),
    (U32, "numbers", Broken("A got \"error: over")),
    (FirstOnly, "coalesced", Broken("A got only \"bc\"")),
    (StaysAtEnd, "half-close", Broken("does not end the connection of A")),
    (LeavesAtEnd, "half-close", Broken("and then the connection ended (closed)")),
    (EchoesAtEnd, "as-bytes-arrive", Broken("A got nothing")),
    (OneRead, "as-bytes-arrive", HungUp),
    (OneRead, "many-frames", HungUp),
    (TenFrames, "many-frames", Broken("and then the connection ended (closed)")),
    (OneRead, "single-bytes", HungUp),
    (Forgets, "single-bytes", Broken("A got nothing")),
    (Forgets, "every-split", Broken("A got")),
    (ErrorsEnd, "no-digits", Broken("and then the connection ended (closed)")),
    (LateErrors, "not-a-digit", Broken("A got nothing")),
    (Wraps, "too-large", Broken("A got nothing")),
    (HoardsDigits, "endless-digits", Broken("MiB of memory")),
    (KeepsDigits, "endless-digits", Broken("A got \"error: over")),
    (SmallFrames, "large-frame", Broken("and then the connection ended")),
    (Text, "garbage", Broken("A got \"???")),
    (OneAtATime, "silent", Held(1)),
    (OneMemory, "several", Broken("got")),
    (OneAtATime, "several", Held(1)),
    (OneAtATime, "never-reads", Held(1)),
    (Hoards, "never-reads", Broken("it keeps them")),
    (OneAtATime, "stop-asked", Held(1)),
    (StopsAtOnce, "stop-asked", Broken("the connection")),
    (FourWorkers, "more-silent-than-workers", Held(4)),
    (FourWorkers, "thousand", Held(4)),
    (HundredClients, "thousand", Broken("and then the connection ended")),
    (FourWorkers, "ten-thousand", Held(4)),
    (Generous, "ten-thousand", Heavy),
    (HundredClients, "ten-thousand", Broken("and then the connection ended")),
    (OneLoop, "computes", Behind),
    (OneAtATime, "computes", Behind),
    (DiesOfClients, "reset-fresh", Broken("the server has ended")),
    (DiesOfClients, "reset-mid-frame", Broken("the server has ended")),
    (DiesOfClients, "reset-unread", Broken("the server has ended")),
    (DiesOfClients, "reset-computing", Broken("the server has ended")),
    (DiesOfAccept, "descriptors", Broken("the server has ended")),
    (DiesOfSignal, "stop-idle", Broken("signal: 15")),
    (TalksTooMuch, "stop-idle", Broken("a second line on stdout: `and glad")),
    (WaitsForClients, "stop-silent", Broken("does not end the connection of A")),
    (StopsAtOnce, "stop-computing", Broken("A got \"\", and then the connection ended")),
    (EverythingFound, "http-page", Broken("Content-Type is not")),
    (LongPlain, "http-plain", Broken("Content-Length is not `13`")),
    (WrongLength, "http-page", Broken("A got only")),
    (HeadHasBody, "http-head", Broken("which is no response")),
    (EverythingFound, "http-not-found", Broken("status 200")),
    (AllComposite, "http-prime", Broken("body \"composite")),
    (Reverses, "http-pipelined", Broken("body \"composite")),
    (FirstOnly, "http-pipelined", Broken("A got nothing")),
    (NeverCloses, "http-close", Broken("Connection is not `close`")),
    (NeverCloses, "http-old", Broken("Connection is not `close`")),
    (SaysClose, "http-close", Broken("does not end the connection of A")),
    (BelievesAll, "http-bad-request", Broken("status 200")),
    (AnyHost, "http-host", Broken("status 200")),
    (TakesSpaces, "http-space-before-colon", Broken("status 200")),
    (TakesFolds, "http-folded", Broken("status 200")),
    (TakesControls, "http-control", Broken("status 200")),
    (TakesLf, "http-bare-lf", Broken("status 200")),
    (LooseLengths, "http-length", Broken("status 200")),
    (FirstLength, "http-lengths", Broken("status 200")),
    (LengthAndChunks, "http-length-and-chunks", Broken("status 200")),
    (AnyLastCoding, "http-last-coding", Broken("status 200")),
    (AnyCoding, "http-unknown-coding", Broken("status 200")),
    (OldCoding, "http-old-coding", Broken("status 200")),
    (LooseSizes, "http-chunk-size", Broken("status 200")),
    (WrapsSizes, "http-chunk-size", Broken("status 200")),
    (SkipsChunkEnds, "http-chunk-end", Broken("status 200")),
    (TakesSpaces, "http-bad-trailer", Broken("status 200")),
    (AnyMethod, "http-method", Broken("status 200")),
    (AnyVersion, "http-version", Broken("status 200")),
    (NeedsNoLength, "http-length-required", Broken("status 200")),
    (NoLimit, "http-too-large", Broken("A got nothing")),
    (CountsNoChunks, "http-too-large", Broken("A got nothing")),
    (LongLines, "http-long-target", Broken("status 431")),
    (ShortLines, "http-long-target", Broken("status 414")),
    (ManyFields, "http-many-fields", Broken("status 200")),
    (AnyExpectation, "http-expectation", Broken("status 200")),
    (NoAllow, "http-not-allowed", Broken("Allow is not")),
    (EverythingFound, "http-not-allowed", Broken("status 200")),
    (LosesBytes, "http-echo", Broken("body \"")),
    (MindsExtensions, "http-echo-chunked", Broken("status 400")),
    (MergesTrailers, "http-trailers", Broken("and then the connection ended")),
    (IgnoresBodies, "http-next-request", Broken("body \"")),
    (NoOptions, "http-options", Broken("status 404")),
    (OnlyPaths, "http-absolute", Broken("status 400")),
    (MindsEmptyLines, "http-empty-line", Broken("status 400")),
    (ForgetsKeepAlive, "http-old-keep-alive", Broken("Connection is not `keep-alive`")),
    (Forgets, "http-body-slices", Broken("A got")),
    (Forgets, "http-chunk-slices", Broken("A got")),
    (LosesBytes, "http-large-body", Broken("body \"")),
    (NeverContinues, "http-continue", Broken("A got nothing")),
    (AlwaysContinues, "http-continue", Broken("status 100")),
    (EverythingFound, "http-file", Broken("Content-Type is not")),
    (WayOut, "http-no-way-out", Broken("status 200")),
    (DeletesFiles, "http-file-methods", Broken("status 200")),
    (NeverUnmodified, "http-not-modified", Broken("status 200")),
    (BodyWith304, "http-not-modified", Broken("which is no response")),
    (IgnoresIfMatch, "http-precondition", Broken("status 200")),
    (NoRanges, "http-range", Broken("status 200")),
    (LongRanges, "http-range", Broken("Content-Range is not")),
    (AnyRange, "http-range-outside", Broken("status 200")),
    (AnyUnit, "http-range-ignored", Broken("status 206")),
    (SlamsTheDoor, "http-refused-upload", Broken("the connection")),
    (BelievesAll, "http-refused-upload", Broken("status 405")),
    (LeavesAtEnd, "http-half-close", Broken("and then the connection ended (closed)")),
    (OneRead, "http-keep-alive", HungUp),
    (OneRead, "http-single-bytes", HungUp),
    (Forgets, "http-single-bytes", Broken("A got")),
    (NoLimit, "http-large-head", Broken("status 200")),
    (SlamsTheDoor, "http-large-head", Broken("the connection")),
    (OneRead, "http-large-head", HungUp),
    (OneAtATime, "http-silent", Held(2)),
    (OneAtATime, "http-never-reads", Held(1)),
    (Hoards, "http-never-reads", Broken("it keeps them")),
    (OneLoop, "http-computes", Behind),
    (OneLoop, "http-sleeps", Behind),
    (NeverHangsUp, "http-never-leaves", Broken("listens to A for ever")),
    (OneAtATime, "http-never-leaves", Held(1)),
    (DiesOfPanics, "http-panic", Broken("the server has ended")),
    (FourWorkers, "http-more-silent-than-workers", Held(16)),
    (DiesOfClients, "http-reset", Broken("the server has ended")),
    (DiesOfSignal, "http-stop-idle", Broken("signal: 15")),
    (WaitsForClients, "http-stop-silent", Broken("does not end the connection of A")),
    (StopsAtOnce, "http-stop-computing", Broken("A got \"\", and then the connection ended")),
];

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

/// What a case must say of a broken server.
#[derive(Clone, Copy)]
enum Caught {
    /// That it is broken; this is somewhere in the report.
    Broken(&'static str),
    /// That it fails by design: a client waits for so many others to leave.
    Held(usize),
    /// That it fails by design: one answer waits for another.
    Behind,
    /// That it fails by design: many clients cost too much memory.
    Heavy,
    /// That it fails by design: it hangs up after one read.
    HungUp,
}
use Caught::*;

fn main() -> ExitCode {
    let mut arguments = env::args().skip(1);
    if arguments.next().as_deref() == Some("--flaw") {
        return fragile::main(arguments);
    }
    let mut arguments = Arguments::from_args();
    // They wait more than they work.
    arguments.test_threads.get_or_insert(16);
    libtest_mimic::run(&arguments, trials()).exit_code()
}

fn trials() -> Vec<Trial> {
    let mut trials = Vec::new();
    for case in cases() {
        let mut controls = CONTROLS.iter().filter(|(_, name, _)| *name == case.name).peekable();
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
    for (_, name, _) in CONTROLS {
        assert!(cases().iter().any(|case| case.name == *name), "no case is called {name}");
    }
    trials.extend(TOOLS.iter().flat_map(tool_trials));
    trials.push(Trial::test("check", || check(Flawless, None)));
    trials.push(Trial::test("check, OneAtATime", || check(OneAtATime, Some("silent"))));
    trials.push(Trial::test("check, AddsTwo", || check(AddsTwo, Some("echo"))));
    trials
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
            Finding::Fails { what, transcript, .. } => {
                assert!(what.contains("answered only") || what.contains("got"), "{name}: {what}");
                assert!(transcript.contains(" ms  A connects"), "{name}: {transcript}");
                // Who serves one after the other, or says something else, fails other cases as well.
                assert!(failing.is_some() && report.has(property) == Some(false), "{name}");
            }
            Finding::Differs(what) => panic!("{name}: frames have no MAY: {what}"),
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
        Held(_) | Behind | Heavy | HungUp => (Claim::Fails, PATIENCE),
    };
    match (run(case, &Target::Step(program(flaw)), claim, patience), caught) {
        (Verdict::Broken(report), Broken(words)) if report.contains(words) => Ok(()),
        (Verdict::Fails(Cause::Held { others, .. }), Held(n)) if others == n => Ok(()),
        (Verdict::Fails(Cause::Behind { .. }), Behind) => Ok(()),
        (Verdict::Fails(Cause::Heavy { .. }), Heavy) => Ok(()),
        (Verdict::Fails(Cause::HungUp { .. }), HungUp) => Ok(()),
        (Verdict::Broken(report), _) => Err(format!("another reason:\n{report}").into()),
        (verdict, _) => Err(format!("the verdict is {verdict:?}").into()),
    }
}
