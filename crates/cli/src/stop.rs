//! How a server is told to stop: once, in whatever way it waits.
//!
//! A thread blocked in `accept` is woken by a connection, one blocked in `read` by a hook, an
//! event loop by its waker in a hook, a future by [`Stop::or`].

use std::future::poll_fn;
use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream};
use std::pin::pin;
use std::process;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::thread;
use std::time::{Duration, Instant};

use slab::Slab;

/// Signals that come so close together are one.
const ONE_SIGNAL: Duration = Duration::from_millis(200);

/// A handle on the one stop of this server. Each task that waits holds a clone of its own.
pub struct Stop {
    shared: Arc<Shared>,
    /// Where a future that waits with this handle is registered, and its waker.
    registered: Option<(usize, Waker)>,
}

struct Shared {
    requested: AtomicBool,
    waiting: Mutex<Waiting>,
}

/// Who must be told when the stop comes, and who when everybody is gone.
struct Waiting {
    hooks: Vec<Box<dyn Fn() + Send>>,
    wakers: Slab<Waker>,
    /// How many handles there are.
    handles: usize,
    drained: Option<Waker>,
}

impl Stop {
    /// A stop that nobody has asked for.
    pub(crate) fn new() -> Stop {
        let waiting = Waiting { hooks: Vec::new(), wakers: Slab::new(), handles: 1, drained: None };
        let shared = Shared { requested: AtomicBool::new(false), waiting: Mutex::new(waiting) };
        Stop { shared: Arc::new(shared), registered: None }
    }

    /// The stop that Ctrl-C and SIGTERM ask for, of a server that listens on `addr`.
    ///
    /// The second signal, or the end of the grace period, ends the process with code 1: something
    /// was cut off.
    pub(crate) fn on_signals(addr: SocketAddr, grace: Duration) -> anyhow::Result<Stop> {
        let stop = Stop::new();
        let shared = Arc::clone(&stop.shared);
        let mut asked_at: Option<Instant> = None;
        ctrlc::set_handler(move || {
            match asked_at {
                None => asked_at = Some(Instant::now()),
                // Ctrl-C goes to every process of a terminal, and some pass it on: not a second one.
                Some(at) if at.elapsed() < ONE_SIGNAL => return,
                Some(_) => {
                    eprintln!("stopped at once: what was not finished is cut");
                    process::exit(1);
                }
            }
            request(&shared);
            let watchdog = thread::Builder::new().spawn(move || {
                let deadline = Instant::now() + grace;
                wake_accept(addr, deadline);
                thread::sleep(deadline.saturating_duration_since(Instant::now()));
                eprintln!("{grace:?} are over: what was not finished is cut");
                process::exit(1);
            });
            if let Err(error) = watchdog {
                eprintln!("note: no thread for the grace period, signal again to cut: {error}");
                wake_accept(addr, Instant::now());
            }
        })?;
        Ok(stop)
    }

    /// Whether it is time to stop.
    pub fn requested(&self) -> bool {
        self.shared.requested.load(Ordering::Acquire)
    }

    /// Calls `hook` when the stop comes, on another thread; at once if it already came. It is kept
    /// either way: a waker that it owns must not be dropped before its wake-up was heard.
    pub fn on_request(&self, hook: impl Fn() + Send + 'static) {
        let mut waiting = self.shared.waiting();
        if self.requested() {
            hook();
        }
        waiting.hooks.push(Box::new(hook));
    }

    /// Waits for `future` or the stop, whichever comes first; `None` is the stop: a *select*, with
    /// the stop as its *cancellation*. What the future already has is preferred.
    ///
    /// Bytes may have arrived that the future has not heard of yet: [`arrived`](crate::arrived).
    pub async fn or<F: Future>(&mut self, future: F) -> Option<F::Output> {
        let mut future = pin!(future);
        poll_fn(|context| match future.as_mut().poll(context) {
            Poll::Ready(output) => Poll::Ready(Some(output)),
            Poll::Pending => self.poll_requested(context).map(|()| None),
        })
        .await
    }

    /// Waits until every other handle is dropped: until whoever held one has finished.
    pub async fn drained(&mut self) {
        poll_fn(|context| {
            let mut waiting = self.shared.waiting();
            if waiting.handles == 1 {
                return Poll::Ready(());
            }
            waiting.drained = Some(context.waker().clone());
            Poll::Pending
        })
        .await
    }

    /// Asks for the stop, as a signal would.
    #[cfg(test)]
    pub(crate) fn request(&self) {
        request(&self.shared);
    }

    fn poll_requested(&mut self, context: &mut Context<'_>) -> Poll<()> {
        // Registered once and for all as long as the task stays the same: waiting costs no lock.
        let known = |(_, waker): &(usize, Waker)| waker.will_wake(context.waker());
        if !self.registered.as_ref().is_some_and(known) {
            let mut waiting = self.shared.waiting();
            let waker = context.waker().clone();
            let key = match self.registered.take() {
                Some((key, _)) => {
                    waiting.wakers[key] = waker.clone();
                    key
                }
                None => waiting.wakers.insert(waker.clone()),
            };
            self.registered = Some((key, waker));
        }
        // Looked at after registering: a stop in between would otherwise wake nobody.
        if self.requested() { Poll::Ready(()) } else { Poll::Pending }
    }
}

/// The stop comes: everybody who waits is told.
fn request(shared: &Shared) {
    let waiting = shared.waiting();
    shared.requested.store(true, Ordering::Release);
    waiting.hooks.iter().for_each(|hook| hook());
    waiting.wakers.iter().for_each(|(_, waker)| waker.wake_by_ref());
}

/// A thread that is blocked in `accept` wakes up for a client like any other: for us.
///
/// A blocked `accept` holds on to the descriptor that it will need: where that was the last one, we
/// get none until a client has left.
fn wake_accept(mut addr: SocketAddr, deadline: Instant) {
    if addr.ip().is_unspecified() {
        addr.set_ip(match addr {
            SocketAddr::V4(_) => Ipv4Addr::LOCALHOST.into(),
            SocketAddr::V6(_) => Ipv6Addr::LOCALHOST.into(),
        });
    }
    while let Err(error) = TcpStream::connect_timeout(&addr, Duration::from_secs(1)) {
        // Refused: the listener is gone, and nobody waits for it.
        if error.kind() == io::ErrorKind::ConnectionRefused || Instant::now() >= deadline {
            return;
        }
        thread::sleep(Duration::from_millis(10));
    }
}

impl Shared {
    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Clone for Stop {
    fn clone(&self) -> Stop {
        self.shared.waiting().handles += 1;
        Stop { shared: Arc::clone(&self.shared), registered: None }
    }
}

impl Drop for Stop {
    fn drop(&mut self) {
        let mut waiting = self.shared.waiting();
        if let Some((key, _)) = self.registered.take() {
            waiting.wakers.remove(key);
        }
        waiting.handles -= 1;
        let drained = if waiting.handles == 1 { waiting.drained.take() } else { None };
        // Whoever wakes up may look at this stop: not under its lock.
        drop(waiting);
        if let Some(waker) = drained {
            waker.wake();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicUsize;
    use std::task::Wake;

    use super::*;

    #[derive(Default)]
    struct Counter(AtomicUsize);

    impl Wake for Counter {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::SeqCst);
        }
    }

    impl Counter {
        fn count(&self) -> usize {
            self.0.load(Ordering::SeqCst)
        }
    }

    fn poll<F: Future>(future: std::pin::Pin<&mut F>, counter: &Arc<Counter>) -> Poll<F::Output> {
        future.poll(&mut Context::from_waker(&Waker::from(Arc::clone(counter))))
    }

    #[test]
    fn a_hook_is_called_at_the_stop_or_at_once_after_it() {
        let stop = Stop::new();
        let counter = Arc::new(Counter::default());
        let hook = || {
            let counter = Arc::clone(&counter);
            move || counter.wake_by_ref()
        };
        stop.on_request(hook());
        assert_eq!(counter.count(), 0);
        stop.request();
        assert_eq!(counter.count(), 1);
        stop.on_request(hook());
        assert_eq!(counter.count(), 2);
    }

    #[test]
    fn a_hook_lives_as_long_as_the_stop() {
        let stop = Stop::new();
        let owned = Arc::new(());
        for requested in [false, true] {
            if requested {
                stop.request();
            }
            let owned = Arc::clone(&owned);
            stop.on_request(move || assert!(Arc::strong_count(&owned) > 1));
        }
        assert_eq!(Arc::strong_count(&owned), 3);
    }

    #[test]
    fn what_is_ready_is_preferred_to_the_stop() {
        let mut stop = Stop::new();
        stop.request();
        let counter = Arc::new(Counter::default());
        assert_eq!(poll(pin!(stop.or(std::future::ready(7))), &counter), Poll::Ready(Some(7)));
        let pending = std::future::pending::<()>();
        assert_eq!(poll(pin!(stop.or(pending)), &counter), Poll::Ready(None));
    }

    #[test]
    fn a_stop_wakes_who_waits_and_not_who_left() {
        let stop = Stop::new();
        let (mut waits, mut leaves) = (stop.clone(), stop.clone());
        let (counter, other) = (Arc::new(Counter::default()), Arc::new(Counter::default()));
        let mut waiting = pin!(waits.or(std::future::pending::<()>()));
        assert!(poll(waiting.as_mut(), &counter).is_pending());
        assert!(poll(pin!(leaves.or(std::future::pending::<()>())), &other).is_pending());
        drop(leaves);
        stop.request();
        assert_eq!((counter.count(), other.count()), (1, 0));
        assert_eq!(poll(waiting, &counter), Poll::Ready(None));
    }

    #[test]
    fn a_task_that_moved_is_woken_where_it_is() {
        let mut stop = Stop::new();
        let shared = Arc::clone(&stop.shared);
        let (first, second) = (Arc::new(Counter::default()), Arc::new(Counter::default()));
        let mut waiting = pin!(stop.or(std::future::pending::<()>()));
        assert!(poll(waiting.as_mut(), &first).is_pending());
        assert!(poll(waiting.as_mut(), &second).is_pending());
        request(&shared);
        assert_eq!((first.count(), second.count()), (0, 1));
    }

    #[test]
    fn drained_when_the_other_handles_are_gone() {
        let mut stop = Stop::new();
        let others = [stop.clone(), stop.clone()];
        let counter = Arc::new(Counter::default());
        let mut drained = pin!(stop.drained());
        assert!(poll(drained.as_mut(), &counter).is_pending());
        for (i, other) in others.into_iter().enumerate() {
            assert_eq!(counter.count(), 0, "{i} are gone");
            drop(other);
        }
        assert_eq!(counter.count(), 1);
        assert!(poll(drained, &counter).is_ready());
    }
}
