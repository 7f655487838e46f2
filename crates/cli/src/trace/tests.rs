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
    fn traced(&self) -> String {
        let trace = Arc::new(Trace::create(&self.0, "step").unwrap());
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
    let text = Place::new("lines").traced();
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
    let text = Place::new("chrome.JSON").traced();
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
        queue: Some(queue),
        writer: None,
    };
    (0..5).for_each(|_| trace.tell(1, What::Closed));
    let lost = Arc::clone(&trace.lost);
    drop(trace);
    write(&records, &mut Lines, &mut file, &lost).unwrap();
    let text = fs::read_to_string(&place.0).unwrap();
    assert_eq!(text.lines().count(), 4, "a thread, two records and the number: {text}");
    assert!(text.ends_with("\nlost 3\n"), "{text}");
}

#[test]
fn a_file_that_cannot_be_written_is_named() {
    let path = Path::new("no/such/place/t.json");
    let error = format!("{:#}", Trace::create(path, "step").err().unwrap());
    let path = path.display();
    assert!(error.starts_with(&format!("--trace {path}: cannot be written: ")), "{error}");
}
