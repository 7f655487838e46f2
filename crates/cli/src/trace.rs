//! `--trace FILE`: who did what for which client, on which thread, and when.
//!
//! Whoever does something leaves a record in a queue, and a thread of ours writes it down. So a slow
//! disk stops no server: while the queue is full, records are lost, and the trace says how many.
//! With `--trace-bytes` a record has a copy of what was received or sent; otherwise nobody copies.
//!
//! The trace ends when the last session has, and so with the server. One that is cut (by a second
//! signal, or at the end of the grace period) leaves it without its last lines.

mod chrome;
mod lines;

use std::collections::HashMap;
use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::mpsc::{self, Receiver, SyncSender, TryRecvError, TrySendError};
use std::thread::{self, JoinHandle, Thread, ThreadId};
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result};
use proto::{Event, Observer};

use chrome::Chrome;
use lines::Lines;

/// How many records may wait to be written: about 5 MiB, and at a million events a second time
/// enough for a disk that hesitates for 60 ms.
const QUEUE: usize = 64 * 1024;

/// How many bytes that were received or sent may wait with them. 16 MiB: a thousand reads of the
/// largest size, and less than the connections of a server under load may hold themselves.
const QUEUE_BYTES: usize = 16 * 1024 * 1024;

/// A trace that is being written. It is complete when this is dropped.
pub(crate) struct Trace {
    start: Instant,
    /// How many clients have come.
    clients: AtomicU64,
    /// How many records found no room in the queue.
    lost: Arc<AtomicU64>,
    /// How many bytes wait to be written. `None`: they are not recorded.
    waiting: Option<Arc<AtomicUsize>>,
    /// `None`: there will be no more. Only `drop` takes it away.
    queue: Option<SyncSender<Record>>,
    writer: Option<JoinHandle<()>>,
}

/// Something happened.
struct Record {
    /// Microseconds since the trace began.
    time: u64,
    /// Where.
    thread: Thread,
    /// For whom: clients are counted as they come, from 1.
    client: u64,
    what: What,
    /// The bytes that were received or sent, if they are recorded.
    said: Option<Said>,
}

/// A copy of bytes that were received or sent. It counts as waiting for as long as it is there.
struct Said {
    bytes: Box<[u8]>,
    waiting: Arc<AtomicUsize>,
}

enum What {
    /// The client was accepted.
    Opened(SocketAddr),
    /// Its session was asked or told something.
    Session(Event),
    /// Its session is gone.
    Closed,
}

/// How a trace begins.
struct Head<'a> {
    step: &'a str,
    began: SystemTime,
    /// What is served, if the bytes are recorded: whoever replays them serves the same.
    serves: Option<String>,
}

/// A way to write a trace down.
trait Form: Send {
    /// Before all else: of what the trace is, and when it began.
    fn begin(&mut self, file: &mut dyn Write, head: &Head<'_>) -> io::Result<()>;
    /// A thread does something for the first time.
    fn thread(&mut self, file: &mut dyn Write, thread: usize, name: &str) -> io::Result<()>;
    /// Something happened on a thread that was introduced.
    fn record(&mut self, file: &mut dyn Write, thread: usize, record: &Record) -> io::Result<()>;
    /// After all else: how many records were lost.
    fn end(&mut self, file: &mut dyn Write, lost: u64) -> io::Result<()>;
}

impl Trace {
    /// Begins a trace of `step` in the file at `path`; with bytes if it is told what is served.
    pub fn create(path: &Path, step: &str, serves: Option<String>) -> Result<Trace> {
        let file = File::create(path)
            .with_context(|| format!("--trace {}: cannot be written", path.display()))?;
        let mut file = BufWriter::new(file);
        let mut form: Box<dyn Form> = match path.extension() {
            Some(json) if json.eq_ignore_ascii_case("json") => Box::new(Chrome),
            _ => Box::new(Lines),
        };
        let (start, began) = (Instant::now(), SystemTime::now());
        let waiting = serves.is_some().then(Arc::default);
        form.begin(&mut file, &Head { step, began, serves })?;
        let (queue, records) = mpsc::sync_channel(QUEUE);
        let lost = Arc::new(AtomicU64::new(0));
        let counted = Arc::clone(&lost);
        let write = move || {
            if let Err(error) = write(&records, &mut *form, &mut file, &counted) {
                eprintln!("note: the trace ends here, it cannot be written: {error}");
            }
        };
        let writer = thread::Builder::new().name("trace".into()).spawn(write)?;
        let clients = AtomicU64::new(0);
        Ok(Trace { start, clients, lost, waiting, queue: Some(queue), writer: Some(writer) })
    }

    /// Whoever watches the session of the next client.
    pub fn witness(self: &Arc<Trace>, peer: SocketAddr) -> Arc<dyn Observer> {
        let client = self.clients.fetch_add(1, Ordering::Relaxed) + 1;
        self.tell(client, What::Opened(peer), &[]);
        Arc::new(Witness { trace: Arc::clone(self), client })
    }

    fn tell(&self, client: u64, what: What, bytes: &[u8]) {
        let time = self.start.elapsed().as_micros().try_into().unwrap_or(u64::MAX);
        let said = match &self.waiting {
            Some(waiting) if what.passes_bytes() => match Said::new(bytes, waiting) {
                None => return self.lose(),
                said => said,
            },
            _ => None,
        };
        let record = Record { time, thread: thread::current(), client, what, said };
        // Where the writer has given up, it has said why.
        if let Some(Err(TrySendError::Full(_))) =
            self.queue.as_ref().map(|queue| queue.try_send(record))
        {
            self.lose();
        }
    }

    fn lose(&self) {
        self.lost.fetch_add(1, Ordering::Relaxed);
    }
}

impl Drop for Trace {
    fn drop(&mut self) {
        // A closed queue still gives out what is in it, and only then its end.
        drop(self.queue.take());
        if let Some(writer) = self.writer.take() {
            // It fails only if the writer panicked, and then there is no more to write.
            let _ = writer.join();
        }
    }
}

impl Said {
    /// `None`: too many wait already.
    fn new(bytes: &[u8], waiting: &Arc<AtomicUsize>) -> Option<Said> {
        let more = |waiting: usize| Some(waiting + bytes.len()).filter(|&n| n <= QUEUE_BYTES);
        waiting.fetch_update(Ordering::Relaxed, Ordering::Relaxed, more).ok()?;
        Some(Said { bytes: bytes.into(), waiting: Arc::clone(waiting) })
    }
}

impl Drop for Said {
    fn drop(&mut self) {
        self.waiting.fetch_sub(self.bytes.len(), Ordering::Relaxed);
    }
}

/// Watches the session of one client, and is dropped with it.
struct Witness {
    trace: Arc<Trace>,
    client: u64,
}

impl Observer for Witness {
    fn saw(&self, _: SocketAddr, event: Event, bytes: &[u8]) {
        self.trace.tell(self.client, What::Session(event), bytes);
    }
}

impl Drop for Witness {
    fn drop(&mut self) {
        self.trace.tell(self.client, What::Closed, &[]);
    }
}

/// Writes down all records there will be.
fn write(
    records: &Receiver<Record>,
    form: &mut dyn Form,
    file: &mut BufWriter<File>,
    lost: &AtomicU64,
) -> io::Result<()> {
    let mut threads: HashMap<ThreadId, usize> = HashMap::new();
    while let Some(record) = next(records, file)? {
        let known = threads.len();
        let thread = *threads.entry(record.thread.id()).or_insert(known);
        if thread == known {
            form.thread(file, thread, record.thread.name().unwrap_or("unnamed"))?;
        }
        form.record(file, thread, &record)?;
    }
    let lost = lost.load(Ordering::Relaxed);
    if lost > 0 {
        eprintln!("note: the disk was too slow for {lost} events, which are not in the trace");
    }
    form.end(file, lost)?;
    file.flush()
}

/// The next record; `None` after the last. Nobody else waits for what this waits for, so there is
/// time to hand over what was written: whoever looks into the file sees all that has happened.
fn next(records: &Receiver<Record>, file: &mut BufWriter<File>) -> io::Result<Option<Record>> {
    match records.try_recv() {
        Ok(record) => Ok(Some(record)),
        Err(TryRecvError::Disconnected) => Ok(None),
        Err(TryRecvError::Empty) => {
            file.flush()?;
            Ok(records.recv().ok())
        }
    }
}

impl What {
    /// Its name, in every form.
    fn name(&self) -> &'static str {
        match self {
            What::Opened(_) => "opened",
            What::Closed => "closed",
            What::Session(event) => match event {
                Event::WantsRead => "wants-read",
                Event::WantsWrite(_) => "wants-write",
                Event::WantsRun => "wants-run",
                Event::WantsClose => "wants-close",
                Event::Received(_) => "received",
                Event::Sent(_) => "sent",
                Event::JobStarted => "job-started",
                Event::JobEnded => "job-ended",
                Event::Done => "done",
                Event::Expired => "expired",
            },
        }
    }

    /// How many bytes it is about, if it is about bytes.
    fn bytes(&self) -> Option<usize> {
        match *self {
            What::Session(Event::WantsWrite(n) | Event::Received(n) | Event::Sent(n)) => Some(n),
            _ => None,
        }
    }

    /// It comes with the bytes themselves.
    fn passes_bytes(&self) -> bool {
        matches!(self, What::Session(Event::Received(_) | Event::Sent(_)))
    }
}

/// Microseconds since 1970.
fn since_1970(time: SystemTime) -> u128 {
    time.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_micros())
}

#[cfg(test)]
mod tests;
