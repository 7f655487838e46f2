use std::fs;
use std::path::PathBuf;
use std::process;

use proto::{Frames, Session, converse};

use super::*;

/// A file of one test, removed with it.
struct Place(PathBuf);

impl Place {
    fn new(name: &str) -> Place {
        Place(std::env::temp_dir().join(format!("cli-trace-{}-{name}", process::id())))
    }

    /// What is left of a trace in which two clients say something, the second with a job.
    fn traced(&self, serves: Option<&str>) -> String {
        let trace = Trace::create(&self.0, "step", serves.map(str::to_owned)).unwrap();
        let trace = Arc::new(trace);
        for (port, said) in [(1, b"^ab$".as_slice()), (2, b"^P7$")] {
            let peer = SocketAddr::from(([127, 0, 0, 1], port));
            let session = Session::new(Box::new(Frames::new()));
            converse(session.observed(peer, trace.witness(peer)), said, 100);
        }
        drop(trace);
        fs::read_to_string(&self.0).unwrap()
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.0);
    }
}

#[test]
fn everything_is_written_when_the_last_witness_is_gone() {
    let text = Place::new("lines").traced(None);
    let lines: Vec<Vec<&str>> = text.lines().map(|line| line.split(' ').collect()).collect();
    assert_eq!(lines[0][..3], ["trace", "1", "step"]);
    assert_eq!(lines[1], ["thread", "0", thread::current().name().unwrap()]);
    let events: Vec<String> = lines[2..].iter().map(|line| line[1..].join(" ")).collect();
    assert_eq!(
        events,
        [
            "0 1 opened 127.0.0.1:1",
            "0 1 wants-write 1",
            "0 1 sent 1",
            "0 1 wants-read",
            "0 1 received 4",
            "0 1 wants-write 2",
            "0 1 sent 2",
            "0 1 wants-read",
            "0 1 received 0",
            "0 1 wants-close",
            "0 1 closed",
            "0 2 opened 127.0.0.1:2",
            "0 2 wants-write 1",
            "0 2 sent 1",
            "0 2 wants-read",
            "0 2 received 4",
            "0 2 wants-run",
            "0 2 job-started",
            "0 2 job-ended",
            "0 2 done",
            "0 2 wants-write 6",
            "0 2 sent 6",
            "0 2 wants-read",
            "0 2 received 0",
            "0 2 wants-close",
            "0 2 closed",
        ]
    );
    let times: Vec<u64> = lines[2..].iter().map(|line| line[0].parse().unwrap()).collect();
    assert!(times.is_sorted(), "{times:?}");
}

#[test]
fn the_ending_of_the_name_chooses_the_form() {
    let text = Place::new("chrome.JSON").traced(None);
    assert!(
        text.starts_with("[\n{\"name\":\"process_name\"") && text.ends_with("}\n]\n"),
        "{text}"
    );
}

#[test]
fn a_queue_that_is_full_loses_records_and_the_trace_says_how_many() {
    let place = Place::new("lost");
    let mut file = BufWriter::new(File::create(&place.0).unwrap());
    let (queue, records) = mpsc::sync_channel(2);
    let trace = Trace {
        start: Instant::now(),
        clients: AtomicU64::new(0),
        lost: Arc::default(),
        waiting: None,
        queue: Some(queue),
        writer: None,
    };
    (0..5).for_each(|_| trace.tell(1, What::Closed, &[]));
    let lost = Arc::clone(&trace.lost);
    drop(trace);
    write(&records, &mut Lines, &mut file, &lost).unwrap();
    let text = fs::read_to_string(&place.0).unwrap();
    assert_eq!(text.lines().count(), 4, "a thread, two records and the number: {text}");
    assert!(text.ends_with("\nlost 3\n"), "{text}");
}

#[test]
fn with_bytes_it_says_what_is_served_and_what_was_said() {
    let text = Place::new("bytes").traced(Some("frames"));
    assert_eq!(text.lines().nth(1), Some("serves frames"));
    let said = text.lines().filter(|line| line.ends_with('"'));
    let said: Vec<&str> = said.map(|line| line.splitn(4, ' ').last().unwrap()).collect();
    assert_eq!(
        said,
        [
            r#"sent 1 "*""#,
            r#"received 4 "^ab$""#,
            r#"sent 2 "bc""#,
            r#"received 0 """#,
            r#"sent 1 "*""#,
            r#"received 4 "^P7$""#,
            r#"sent 6 "prime\n""#,
            r#"received 0 """#,
        ]
    );
    let json = Place::new("bytes.json").traced(Some("frames"));
    assert!(json.contains(r#""args":{"client":2,"bytes":6,"said":"prime\\n"}"#), "{json}");
}

#[test]
fn bytes_that_would_be_too_many_are_lost_until_others_are_written() {
    let (queue, records) = mpsc::sync_channel(100);
    let trace = Trace {
        start: Instant::now(),
        clients: AtomicU64::new(0),
        lost: Arc::default(),
        waiting: Some(Arc::default()),
        queue: Some(queue),
        writer: None,
    };
    let half = vec![0; QUEUE_BYTES / 2];
    let sent = || What::Session(Event::Sent(half.len()));
    (0..3).for_each(|_| trace.tell(1, sent(), &half));
    let waiting = || trace.waiting.as_ref().unwrap().load(Ordering::Relaxed);
    assert_eq!((trace.lost.load(Ordering::Relaxed), waiting()), (1, QUEUE_BYTES));
    // What has no bytes finds room all the same.
    trace.tell(1, What::Session(Event::WantsWrite(half.len())), &[]);
    drop(records.recv().unwrap());
    trace.tell(1, sent(), &half);
    assert_eq!((trace.lost.load(Ordering::Relaxed), waiting()), (1, QUEUE_BYTES));
    assert_eq!(records.try_iter().count(), 3);
    assert_eq!(waiting(), 0);
}

#[test]
fn a_file_that_cannot_be_written_is_named() {
    let path = Path::new("no/such/place/t.json");
    let error = format!("{:#}", Trace::create(path, "step", None).err().unwrap());
    let path = path.display();
    assert!(error.starts_with(&format!("--trace {path}: cannot be written: ")), "{error}");
}
