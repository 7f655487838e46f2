use std::collections::BTreeMap;
use std::thread;

use clap::Parser;
use serde_json::Value;

use super::scenario::{Client, End};
use super::*;
use crate::Cli;
use crate::trace::{Event, What};

/// Two clients: one asks for a small prime, one is silent. It takes no time to speak of.
fn short() -> Scenario {
    let client = |name, questions| Client { name, does: "asks", comes: 0, acts: 0, questions };
    let clients = vec![client("A", vec![("^P7$", "prime\n")]), client("B", vec![])];
    Scenario { title: "One asks. One does not.", clients }
}

/// The steps in which somebody else computes.
const ELSEWHERE: [&str; 3] = ["06", "09", "10"];

#[test]
fn every_step_writes_a_trace_in_both_forms() {
    thread::scope(|scope| {
        for (step, program) in steps::all_built() {
            scope.spawn(move || {
                let (played, lines) = play(program, &short(), OsStr::new("trace")).unwrap();
                check_lines(step.number(), &played, &lines);
                let (played, json) = play(program, &short(), OsStr::new("trace.json")).unwrap();
                check_json(&step.name, &played, &json);
            });
        }
    });
}

fn check_lines(step: &str, played: &Played, lines: &str) {
    let trace = trace::parse(lines).unwrap();
    let of = |client: usize| -> Vec<&Event> {
        let opened = What::Opened(played.clients[client].addr);
        let opened = trace.events.iter().find(|event| event.what == opened).unwrap();
        trace.events.iter().filter(|event| event.client == opened.client).collect()
    };
    let place = |events: &[&Event], what| {
        events.iter().find(|event| event.what == what).map(|event| event.thread)
    };
    let asks = of(0);
    assert!(matches!(played.clients[0].asked[0].end, End::Answered(_)), "{step}");
    let sum = |bytes: fn(&What) -> u64| asks.iter().map(|event| bytes(&event.what)).sum::<u64>();
    assert_eq!(sum(|what| if let What::Received(n) = *what { n } else { 0 }), 4, "{step}: ^P7$");
    assert_eq!(sum(|what| if let What::Sent(n) = *what { n } else { 0 }), 7, "{step}: *prime");
    let (wanted, ran) = (place(&asks, What::WantsRun), place(&asks, What::JobStarted));
    assert!(ran.is_some() && ran == place(&asks, What::JobEnded), "{step}: {asks:?}");
    assert_eq!(ran != wanted, ELSEWHERE.contains(&step), "{step}: {asks:?}");
    for events in [&asks, &of(1)] {
        let last = events.last().unwrap().what;
        assert_eq!((last, place(events, What::Closed).is_some()), (What::Closed, true), "{step}");
    }
    assert_eq!(place(&of(1), What::WantsRun), None, "{step}: a silent client has no work");

    let panel = layout::lay_out(&short(), played, &trace);
    assert!(!panel.lanes.is_empty(), "{step}");
}

/// What the *Trace Event Format* demands of every event, and of those that belong together.
fn check_json(step: &str, played: &Played, json: &str) {
    let events: Vec<Value> = serde_json::from_str(json).unwrap();
    let mut open: BTreeMap<u64, Vec<u64>> = BTreeMap::new();
    let (mut clients, mut jobs) = (BTreeMap::new(), 0);
    for event in &events {
        let number = |key: &str| event[key].as_u64().unwrap_or_else(|| panic!("{key}: {event}"));
        let phase = event["ph"].as_str().unwrap();
        let (process, thread, client) = (number("pid"), number("tid"), &event["args"]["client"]);
        assert!(process > 0 && event["args"].is_object(), "{event}");
        if phase == "M" {
            assert!(["process_name", "thread_name"].contains(&event["name"].as_str().unwrap()));
            assert!(event["args"]["name"].is_string(), "{event}");
            continue;
        }
        number("ts");
        let client = client.as_u64().unwrap();
        match phase {
            "b" => drop(clients.insert(number("id"), event["args"]["peer"].as_str().unwrap())),
            "e" => assert!(clients.contains_key(&number("id")), "{event}"),
            "B" => open.entry(thread).or_default().push(client),
            "E" => {
                jobs += 1;
                assert_eq!(open.get_mut(&thread).and_then(Vec::pop), Some(client), "{event}");
            }
            "i" => assert!(event["s"] == "t" && event["name"].is_string(), "{event}"),
            _ => panic!("{event}"),
        }
    }
    assert_eq!(events[0]["args"]["name"], step);
    assert_eq!(jobs, 1, "{step}");
    assert!(open.values().all(Vec::is_empty), "{step}: a job began and did not end");
    for seen in &played.clients {
        let addr = seen.addr.to_string();
        assert!(clients.values().any(|peer| *peer == addr), "{step}: {addr} is not there");
    }
}

#[test]
fn a_page_has_all_it_needs_in_itself() {
    let scratch = crate::scratch::Scratch::new("timeline-page");
    let step = scratch.step("step-04-page", None);
    let panel = Panel { title: "One. Two.", lanes: Vec::new(), rows: Vec::new() };
    let page = page::page(&[(&step, vec![panel])]);
    assert!(page.contains("<h2>04 idea of step-04-page</h2>") && page.contains("One."), "{page}");
    for unfilled in ["{style}", "{script}", "{signs}", "{articles}", "{span}"] {
        assert!(!page.contains(unfilled), "{unfilled}");
    }
    assert!(!page.contains("http"), "it asks the network for something");
}

#[test]
fn what_to_draw_must_be_said_and_known() {
    let parse = |args: &[&str]| {
        let args = ["xtask", "timeline"].iter().chain(args);
        Cli::try_parse_from(args).map(|_| ()).map_err(|error| error.to_string())
    };
    parse(&["04", "my-step"]).unwrap();
    parse(&["--all", "--out", "pictures"]).unwrap();
    assert!(parse(&[]).unwrap_err().contains("STEP"));
    assert!(parse(&["--all", "04"]).unwrap_err().contains("--all"));
    let args = |name: &str| Args { step: vec![name.into()], all: false, out: "no".into() };
    assert!(run(args("99")).unwrap_err().to_string().contains("no step is called `99`"));
}

#[test]
#[cfg(unix)]
fn what_is_no_server_is_said_to_be_none() {
    let error = play(Path::new("echo"), &short(), OsStr::new("t")).err().unwrap().to_string();
    assert!(error.contains("did not say where it listens, but `--addr 127.0.0.1:0"), "{error}");
}

/// The pictures that are kept in the repository: what the manifests say, they show.
#[test]
fn the_kept_pictures_show_whom_each_step_lets_wait() {
    for step in steps::all().unwrap() {
        let path = steps::root().join(format!("docs/timeline/{}.svg", step.name));
        let picture = fs::read_to_string(&path).unwrap();
        let again = "draw it again: cargo xtask timeline --all";
        assert!(
            picture.contains(&format!("<title id=\"title\">{}: ", draw::heading(&step))),
            "{again}"
        );
        let (_, said) = picture.split_once("<desc id=\"desc\">").unwrap();
        let (said, _) = said.split_once("</desc>").unwrap();
        let (computes, silence) = said.split_once(scenario::all()[1].title).unwrap();
        let fails = |case: &str| step.fails.iter().any(|fails| fails == case);
        let name = &step.name;
        assert_eq!(computes.contains("B was answered after"), fails("computes"), "{name}; {again}");
        let starves = fails("more-silent-than-workers");
        assert_eq!(silence.contains("A was answered after"), starves, "{name}; {again}");
        let hangs_up = fails("many-frames");
        assert_eq!(silence.contains("then hung up on"), hangs_up, "{name}; {again}");
    }
}
