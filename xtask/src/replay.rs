//! Has the conversations of a trace again, and compares what is answered with what was.
//!
//! A session is pure: told the same in the same order, it wants the same. A trace with bytes
//! holds all that the sessions of a server were told, so no socket takes part, and no thread.

mod conversation;
mod service;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};

use crate::trace::{self, Serves, Trace, What};
use conversation::{Conversation, Verdict};
use service::Service;

/// Flags of this command.
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  cargo run -p step-06-separation -- --protocol http --trace t --trace-bytes    # talk to it, stop it
  cargo xtask replay t

Each conversation gets a session of its own, which is told what the one in the trace was told: the same
bytes in the same pieces, and as much of its answers sent at a time. Its jobs are run, each in its turn,
so what slept sleeps again. It says where an answer differs from the recorded one, and then ends with 1.

Of a date only is compared that it is one. The files are those that are there now, /api/stats counts
the seconds of this run, and what is drawn by lot differs: a game's address and its number, and what
stands between several ranges of a file. All conversations share one site, and are had in the order of
the trace. Lines of clients who do not matter can be deleted from it.")]
pub struct Args {
    /// What `--trace FILE --trace-bytes` wrote
    #[arg(value_name = "TRACE")]
    trace: PathBuf,
    /// Where the files are that an HTTP server served, if not where the trace says
    #[arg(long, value_name = "DIR")]
    public: Option<PathBuf>,
}

pub fn run(args: Args) -> Result<()> {
    let path = args.trace.display();
    let text = fs::read(&args.trace).with_context(|| format!("reading {path}"))?;
    let mut trace = read(&String::from_utf8_lossy(&text)).with_context(|| path.to_string())?;
    if let (Some(Serves::Http(recorded)), Some(public)) = (&mut trace.serves, args.public) {
        *recorded = public;
    }
    let conversations = replay(&trace).with_context(|| path.to_string())?;
    ensure!(!conversations.is_empty(), "{path}: there is no conversation in it");
    let mut different = 0;
    for conversation in &conversations {
        let verdict = conversation.verdict();
        println!("{conversation}  {verdict}");
        different += usize::from(verdict != Verdict::Same);
    }
    if different == 0 {
        return Ok(());
    }
    if let Some(Serves::Http(public)) = &trace.serves {
        depends_on_the_world(public);
    }
    bail!("{different} of {} conversations differ", conversations.len())
}

/// The trace, as far as it goes: where a server was cut, its last line may be.
fn read(text: &str) -> Result<Trace> {
    ensure!(
        !text.starts_with('['),
        "this trace is for Perfetto; `--trace FILE` writes one that can be replayed if FILE does not \
         end in .json"
    );
    let end = text.rfind('\n').map_or(0, |at| at + 1);
    if end < text.len() {
        eprintln!("note: the trace ends in the middle of a line, which is left out");
    }
    trace::parse(&text[..end])
}

/// Has all conversations again, in the order in which they were had.
fn replay(trace: &Trace) -> Result<Vec<Conversation>> {
    let serves = trace.serves.as_ref().context(
        "this trace does not hold what was said; `--trace-bytes` beside `--trace` records that",
    )?;
    let service = Service::new(&trace.step, serves);
    let mut conversations: BTreeMap<u64, Conversation> = BTreeMap::new();
    for event in &trace.events {
        let client = event.client;
        if let What::Opened(peer) = event.what {
            conversations.insert(client, Conversation::new(client, peer, service.session()));
            continue;
        }
        let conversation = conversations.get_mut(&client);
        let conversation = conversation.with_context(|| format!("client {client} never came"))?;
        conversation.take(event).with_context(|| format!("client {client}, {} µs", event.time))?;
    }
    Ok(conversations.into_values().collect())
}

fn depends_on_the_world(public: &Path) {
    eprintln!(
        "note: not all that an HTTP server says follows from what it is told: there are the files in {} \
         as they are now, how long it has run, and what it draws by lot (see --help)",
        public.display()
    );
}
