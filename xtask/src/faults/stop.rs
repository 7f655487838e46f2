//! A server is told to stop while there is much to do, or more than it can finish.

use std::net::{SocketAddr, TcpStream};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use conform::Protocol;

use super::Outcome;
use super::client::{Client, Question};
use super::server::{GRACE, PATIENCE, Server, Signal, Subject};

/// How many clients ask.
const ASKING: usize = 64;

/// How many are there and say nothing.
const IDLE: usize = 8;

/// How many of them ask for something that takes a while. The fewer there are, the sooner does a
/// machine with few cores come to whoever hears the stop.
const WORKING: usize = 8;

/// A prime. Its check takes some hundredths of a second: all together, about a second of one core.
const WORK: u64 = (1 << 50) - 27;

/// The largest prime below 2^64: its check takes longer than anybody waits.
const ENDLESS: u64 = u64::MAX - 58;

/// How soon a listener is gone at once, on a machine that is not busy with other things. On one that
/// is, in less than half of the time that the answers take.
const AT_ONCE: Duration = Duration::from_millis(250);

/// Signals closer together than 200 ms count as one (Ctrl-C may come twice).
const NEXT_SIGNAL: Duration = Duration::from_millis(400);

/// How long a server is watched to see whether it works.
const LOOK: Duration = Duration::from_millis(50);

/// How long a server may take to end that has to cut what it does.
const CUTS: Duration = Duration::from_secs(3);

/// All have asked, some for long work. Then comes the stop.
pub fn under_load(subject: &Subject, protocol: Protocol) -> Result<Outcome> {
    let (asking, workers) = subject.side_by_side(ASKING);
    let idle = if asking == 1 { 0 } else { IDLE };
    let flags = [&["--grace", GRACE], workers].concat();
    let mut server = subject.start(protocol, &flags)?;
    let before = server.descriptors()?;
    let connect = |n| (0..n).map(|_| Client::connect(server.addr, protocol)).collect();
    let mut askers: Vec<Client> = Result::from_iter::<Vec<_>>(connect(asking))?;
    let mut silent: Vec<Client> = Result::from_iter::<Vec<_>>(connect(idle))?;
    server.has_accepted(asking + idle, &before)?;
    let questions = |n: usize| {
        let all = [Question::Prime(WORK), Question::Short];
        if n < WORKING { all.to_vec() } else { all[1..].to_vec() }
    };
    for (n, asker) in askers.iter_mut().enumerate() {
        asker.ask(&questions(n))?;
    }
    server.signal(Signal::Stop)?;
    let stopped = Instant::now();
    let addr = server.addr;
    let refusing = thread::spawn(move || refuses(addr));
    for (n, asker) in askers.iter_mut().enumerate() {
        let answers = questions(n).into_iter().try_for_each(|question| asker.answer(question));
        answers
            .and_then(|()| asker.end())
            .with_context(|| format!("client {} who asked", n + 1))?;
    }
    for client in &mut silent {
        client.end().context("a client who said nothing")?;
    }
    let answered = stopped.elapsed();
    let refused = refusing.join().map_err(|_| anyhow::anyhow!("the client panicked"))?;
    let refused = refused.context("the listener refuses nobody")?;
    ends(&mut server, true, PATIENCE)?;
    let all = if idle == 0 { "the client" } else { "all 64 clients" };
    if subject.fails("computes") {
        // Whoever keeps others waiting while it works keeps the stop waiting, too.
        return Ok(Outcome::by_design(format!(
            "{all} answered; new ones refused when its work is done; code 0"
        )));
    }
    ensure!(refused < AT_ONCE.max(answered / 2), "new clients were let in for {refused:.1?}");
    Ok(Outcome::holds(format!("{all} answered; new ones refused at once; code 0")))
}

/// A server is told to stop in the middle of what takes longer than anybody waits, and told again.
pub fn twice(subject: &Subject, protocol: Protocol) -> Result<Outcome> {
    let (mut server, _busy) = computing(subject, protocol, "60")?;
    server.signal(Signal::Stop)?;
    thread::sleep(NEXT_SIGNAL);
    server.still_runs().context("after the first signal")?;
    server.signal(Signal::Stop)?;
    ends(&mut server, false, CUTS)?;
    Ok(Outcome::holds("it ended at the second signal, and its code says that something was cut"))
}

/// The same, and there is no second time.
pub fn out_of_time(subject: &Subject, protocol: Protocol) -> Result<Outcome> {
    let (mut server, _busy) = computing(subject, protocol, "0.5")?;
    server.signal(Signal::Stop)?;
    let stopped = Instant::now();
    ends(&mut server, false, CUTS)?;
    ensure!(stopped.elapsed() >= Duration::from_millis(400), "it ended before its time");
    Ok(Outcome::holds("it ended when its time was over; its code says that something was cut"))
}

/// A server that works on something without end, and whoever waits for that.
fn computing(subject: &Subject, protocol: Protocol, grace: &str) -> Result<(Server, Client)> {
    let server = subject.start(protocol, &["--grace", grace])?;
    let before = server.descriptors()?;
    let mut client = Client::connect(server.addr, protocol)?;
    server.has_accepted(1, &before)?;
    client.ask(&[Question::Prime(ENDLESS)])?;
    // A server that waits uses nothing; one that works, its share of a core, however small that is.
    let deadline = Instant::now() + PATIENCE;
    while server.busy(LOOK)? < 0.02 {
        ensure!(Instant::now() < deadline, "it does not work on what it was asked");
    }
    Ok((server, client))
}

/// Waits until the server has ended: with code 0 if it could finish all, with another if not.
fn ends(server: &mut Server, finished: bool, patience: Duration) -> Result<()> {
    let (status, said) = server.end(patience)?;
    let right =
        if finished { status.success() } else { status.code().is_some_and(|code| code > 0) };
    ensure!(right, "it ended with {status}{said}");
    Ok(())
}

/// How long it takes until a newcomer is refused.
fn refuses(addr: SocketAddr) -> Option<Duration> {
    let start = Instant::now();
    while start.elapsed() < PATIENCE {
        if TcpStream::connect_timeout(&addr, PATIENCE).is_err() {
            return Some(start.elapsed());
        }
        thread::sleep(Duration::from_millis(5));
    }
    None
}
