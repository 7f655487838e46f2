use std::net::SocketAddr;

use super::super::draw;
use super::super::scenario;
use super::super::trace;
use super::*;
use crate::scratch::Scratch;

fn addr(port: u16) -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], port))
}

/// Lays out what a server wrote of clients A, B and C with the ports 1, 2 and 3, and what became of
/// the one question of each. Times are milliseconds.
fn panel(wrote: &str, asked: &[Asked]) -> Panel {
    let client = |&name| Client { name, does: "asks", comes: 0, acts: 0, questions: Vec::new() };
    let clients = ["A", "B", "C"][..asked.len()].iter().map(client).collect();
    let seen = |(port, asked): (u16, &Asked)| Seen {
        addr: addr(port),
        came: ms(10),
        left: asked.end.at() + ms(50),
        asked: vec![*asked],
    };
    let played = Played { began: 0, clients: (1..).zip(asked).map(seen).collect() };
    lay_out(&Scenario { title: "One. Two.", clients }, &played, &trace(wrote))
}

fn trace(wrote: &str) -> Trace {
    let line = |line: &str| match line.trim().split_once(' ') {
        Some(("thread", _)) | None => format!("{}\n", line.trim()),
        Some((time, rest)) => format!("{}000 {rest}\n", time),
    };
    trace::parse(&format!("trace 1 step 0\n{}", wrote.lines().map(line).collect::<String>()))
        .unwrap()
}

fn ms(milliseconds: u64) -> u64 {
    milliseconds * 1000
}

fn answered(at: u64, end: u64) -> Asked {
    Asked { at: ms(at), end: End::Answered(ms(end)) }
}

/// Bars as they are thought of: `A waits 10-300`.
fn told(lane: &Lane) -> Vec<Vec<String>> {
    let tell = |bar: &Bar| {
        let does = match bar.kind {
            Kind::Works if bar.from == bar.to => {
                return format!("{} at {}", bar.client, bar.from / 1000);
            }
            Kind::Waits => "waits",
            Kind::Works if bar.is_moment() => "moves",
            Kind::Works => "works",
            Kind::Queued => "queued",
        };
        format!("{} {does} {}-{}", bar.client, bar.from / 1000, bar.to / 1000)
    };
    lane.rows.iter().map(|row| row.iter().map(tell).collect()).collect()
}

fn labels(panel: &Panel) -> Vec<&str> {
    panel.lanes.iter().map(|lane| lane.label.as_str()).collect()
}

/// One thread for all, and A's computation on it.
const ONE_THREAD: &str = "thread 0 main
    10 0 1 opened 127.0.0.1:1
    10 0 1 wants-write 1
    10 0 1 sent 1
    10 0 1 wants-read
    20 0 2 opened 127.0.0.1:2
    20 0 2 wants-write 1
    20 0 2 sent 1
    20 0 2 wants-read
    300 0 1 received 9
    300 0 1 wants-run
    300 0 1 job-started
    1300 0 1 job-ended
    1300 0 1 done
    1300 0 1 wants-write 6
    1300 0 1 sent 6
    1300 0 1 wants-read
    1301 0 2 received 6
    1301 0 2 wants-write 4
    1301 0 2 sent 4
    1301 0 2 wants-read
    1400 0 1 received 0
    1400 0 1 wants-close
    1400 0 1 closed
    1401 0 2 received 0
    1401 0 2 wants-close
    1401 0 2 closed";

#[test]
fn one_thread_waits_for_all_and_all_wait_for_its_work() {
    let panel = panel(ONE_THREAD, &[answered(300, 1300), answered(550, 1301)]);
    assert_eq!(labels(&panel), ["main"]);
    assert_eq!(
        told(&panel.lanes[0]),
        [
            vec!["A at 10", "A waits 10-300", "A works 300-1300", "A waits 1300-1400", "A at 1400"],
            // Its question lies there while the thread works for A.
            vec!["B at 20", "B waits 20-1301", "B at 1301", "B waits 1301-1401", "B at 1401"],
        ]
    );
    assert_eq!(panel.rows[0].says(), "A was answered after 1.00 s.");
    assert_eq!(panel.rows[1].says(), "B was answered after 0.75 s.");
}

#[test]
fn others_overtake_where_each_has_a_thread() {
    let panel = panel(
        "thread 0 worker-3
         10 0 1 opened 127.0.0.1:1
         10 0 1 wants-read
         thread 1 worker-0
         20 1 2 opened 127.0.0.1:2
         20 1 2 wants-read
         300 0 1 received 9
         300 0 1 wants-run
         300 0 1 job-started
         550 1 2 received 6
         550 1 2 wants-write 4
         550 1 2 sent 4
         550 1 2 wants-read
         700 1 2 received 0
         700 1 2 wants-close
         700 1 2 closed
         1300 0 1 job-ended
         1300 0 1 done
         1300 0 1 closed",
        &[answered(300, 1300), answered(550, 550)],
    );
    // Numbered as they come in: which of them did is chance.
    assert_eq!(labels(&panel), ["worker 1", "worker 2"]);
    assert_eq!(told(&panel.lanes[0]), [["A at 10", "A waits 10-300", "A works 300-1300"]]);
    let turns = told(&panel.lanes[1]);
    assert_eq!(turns, [["B at 20", "B waits 20-550", "B at 550", "B waits 550-700", "B at 700"]]);
    assert_eq!(panel.lanes[1].rows[0][2].says, ["received 6 bytes", "sent 4 bytes"]);
    assert_eq!(panel.rows[1].says(), "B was answered at once.");
}

#[test]
fn a_silent_client_is_thin_all_the_time() {
    let panel = panel(
        "thread 0 unnamed
         10 0 1 opened 127.0.0.1:1
         10 0 1 wants-write 1
         10 0 1 sent 1
         10 0 1 wants-read
         1200 0 1 received 0
         1200 0 1 wants-close
         1201 0 1 closed",
        &[answered(0, 0)],
    );
    assert_eq!(labels(&panel), ["thread 1"]);
    assert_eq!(told(&panel.lanes[0]), [["A at 10", "A waits 10-1200", "A moves 1200-1201"]]);
    assert!(!draw::interactive("", &panel).contains("class=\"works"));
}

#[test]
fn who_waits_for_a_thread_is_in_a_queue_and_a_hand_over_is_none() {
    let panel = panel(
        "thread 0 main
         10 0 1 opened 127.0.0.1:1
         thread 1 worker
         12 1 1 wants-read
         20 0 2 opened 127.0.0.1:2
         900 1 1 received 0
         900 1 1 closed
         900 1 2 wants-read
         990 1 2 closed",
        &[answered(0, 0), answered(0, 900)],
    );
    assert_eq!(labels(&panel), ["main", "worker 1"]);
    assert_eq!(told(&panel.lanes[0]), [["B queued 20-900"]]);
    assert_eq!(panel.lanes[0].rows[0][0].says, ["accepted, in the queue for a thread"]);
}

/// A computation that another thread does; `home` is the thread that hears of its end.
fn elsewhere(home: usize) -> Vec<Vec<Vec<String>>> {
    let wrote = format!(
        "thread 0 main
         thread 1 worker
         10 0 1 opened 127.0.0.1:1
         10 0 1 wants-read
         300 0 1 received 9
         300 0 1 wants-run
         300 1 1 job-started
         1300 1 1 job-ended
         1300 {home} 1 done
         1300 0 1 wants-read
         1400 0 1 closed"
    );
    panel(&wrote, &[answered(300, 1300)]).lanes.iter().map(told).collect()
}

#[test]
fn who_stays_at_home_waits_there_for_its_job() {
    let [main, worker] = &elsewhere(0)[..] else { panic!("there are two lanes") };
    assert_eq!(
        main.concat()[2..],
        ["A at 300", "A waits 300-1300", "A at 1300", "A waits 1300-1400"]
    );
    assert_eq!(worker.concat(), ["A works 300-1300"]);
}

#[test]
fn who_moves_with_its_job_is_not_at_home() {
    let [main, worker] = &elsewhere(1)[..] else { panic!("there are two lanes") };
    assert_eq!(main.concat(), ["A at 10", "A waits 10-300", "A at 300", "A waits 1300-1400"]);
    assert_eq!(worker.concat(), ["A works 300-1300"]);
}

#[test]
fn both_clocks_are_brought_together_and_strangers_left_out() {
    let mut wrote = trace(
        "thread 0 main
         10 0 1 opened 127.0.0.1:9
         20 0 2 opened 127.0.0.1:1
         20 0 2 wants-read
         99 0 2 closed",
    );
    wrote.began = 1_007_000;
    let client = Client { name: "A", does: "asks", comes: 0, acts: 0, questions: Vec::new() };
    let seen = Seen { addr: addr(1), came: 0, left: 0, asked: Vec::new() };
    let played = Played { began: 1_002_000, clients: vec![seen] };
    let panel = lay_out(&Scenario { title: "", clients: vec![client] }, &played, &wrote);
    assert_eq!(
        panel.lanes.iter().flat_map(told).collect::<Vec<_>>(),
        [["A at 25", "A waits 25-104"]]
    );
    assert_eq!(panel.rows[0].says(), "");
}

#[test]
fn a_step_that_does_nothing_yet_has_no_lanes_and_lost_clients() {
    let asked = Asked { at: ms(300), end: End::HungUp(ms(400)) };
    let panel = panel("", &[asked, Asked { at: ms(300), end: End::GaveUp(ms(1300)) }]);
    assert!(panel.lanes.is_empty());
    assert_eq!(panel.rows[0].says(), "A was hung up on after 0.10 s.");
    assert_eq!(panel.rows[1].says(), "B was not answered in 1.00 s.");
}

#[test]
fn a_run_that_differs_by_less_than_a_grain_is_the_same_picture() {
    let step = Scratch::new("timeline-picture").step("step-05-less & <more>", None);
    let draw = |panel: Panel| draw::picture(&step, &[panel]);
    let asked = [answered(300, 1300), answered(550, 1301)];
    let picture = draw(panel(ONE_THREAD, &asked));
    let noisy =
        ONE_THREAD.replace(" 1300 ", " 1312 ").replace("1301", "1317").replace("1400", "1406");
    assert_eq!(draw(panel(&noisy, &asked)), picture);
    let slower = ONE_THREAD.replace(" 1300 ", " 1350 ").replace("1301", "1351");
    assert_ne!(draw(panel(&slower, &asked)), picture);
    assert!(picture.contains("less &amp; &lt;more&gt;") && !picture.contains("<more>"));
    assert!(picture.contains("<desc id=\"desc\">One. Two. A was answered after 1.00 s. B was "));
    assert_eq!(open_elements(&picture), [""; 0]);
}

#[test]
fn what_takes_longer_than_the_picture_is_cut_and_the_picture_says_so() {
    let late = ONE_THREAD.replace(" 1300 ", " 2300 ").replace("1301", "2301").replace("140", "240");
    let step = Scratch::new("timeline-late").step("step-05-late", None);
    for (wrote, end, goes_on) in [(ONE_THREAD, 1300, false), (&late, 2300, true)] {
        let panel = panel(wrote, &[answered(300, end), answered(550, end + 1)]);
        let picture = draw::picture(&step, &[panel]);
        assert_eq!(picture.contains("and goes on →"), goes_on, "{picture}");
    }
}

#[test]
fn the_scenarios_are_over_before_the_picture_ends() {
    for scenario in scenario::all() {
        assert!(scenario.clients.iter().all(|client| ms(client.acts) < SPAN), "{}", scenario.title);
    }
}

/// The elements of an XML text that are not closed, or closed by another.
fn open_elements(xml: &str) -> Vec<&str> {
    let mut open: Vec<&str> = Vec::new();
    for tag in xml.split('<').skip(1) {
        let (tag, _) = tag.split_once('>').unwrap();
        let name = tag.split([' ', '/']).find(|name| !name.is_empty()).unwrap();
        if !tag.starts_with('/') && !tag.ends_with('/') {
            open.push(name);
        } else if tag.starts_with('/') && open.pop() != Some(name) {
            return vec![name];
        }
    }
    open
}
