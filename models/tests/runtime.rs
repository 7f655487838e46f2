//! What the executor of step 07 promises: who is woken is polled, whoever wakes it and whenever.

// Of `core`, and so not loom's: what the assertions count is no part of what is checked.
use core::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::future::poll_fn;
use std::net::{Inbox, TcpListener, TcpStream};
use std::panic;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex};
use std::task::{Poll, Waker};
use std::thread;
use std::time::Duration;

use models::check;
use models::step_07::runtime::{self, Runtime};

/// What one thread tells another, and no more: the flag alone orders nothing. If the other sees
/// it, then because it was woken.
#[derive(Clone)]
struct Flag(Arc<AtomicBool>);

impl Flag {
    fn new() -> Flag {
        Flag(Arc::new(AtomicBool::new(false)))
    }

    fn raise(&self) {
        self.0.store(true, Relaxed);
    }

    fn is_up(&self) -> bool {
        self.0.load(Relaxed)
    }
}

/// Completes when `flags` are up. The first poll hands each to a thread that raises it and wakes.
async fn raised_by_threads<const N: usize>(flags: [Flag; N]) {
    let mut started = false;
    poll_fn(|context| {
        if !started {
            started = true;
            for flag in &flags {
                let (flag, waker) = (flag.clone(), context.waker().clone());
                thread::spawn(move || {
                    flag.raise();
                    waker.wake();
                });
            }
        }
        if flags.iter().all(Flag::is_up) { Poll::Ready(()) } else { Poll::Pending }
    })
    .await;
}

/// Completes in the `n`th poll, and asks for each.
async fn polls(n: usize) {
    let mut polled = 0;
    poll_fn(|context| {
        polled += 1;
        if polled == n {
            return Poll::Ready(());
        }
        context.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}

/// A task's end, for the main future to wait for.
#[derive(Clone)]
struct End {
    flag: Flag,
    waiting: Arc<Mutex<Option<Waker>>>,
}

impl End {
    fn new() -> End {
        End { flag: Flag::new(), waiting: Arc::default() }
    }

    fn reached(&self) {
        self.flag.raise();
        let waiting = self.waiting.lock().unwrap().take();
        if let Some(waker) = waiting {
            waker.wake();
        }
    }

    async fn wait(&self) {
        poll_fn(|context| {
            *self.waiting.lock().unwrap() = Some(context.waker().clone());
            if self.flag.is_up() { Poll::Ready(()) } else { Poll::Pending }
        })
        .await;
    }
}

fn block_on<T>(future: impl Future<Output = T>) -> T {
    Runtime::new().unwrap().block_on(future)
}

#[test]
fn a_thread_wakes_an_executor_that_waits() {
    check(|| block_on(raised_by_threads([Flag::new()])));
}

#[test]
fn two_threads_wake_the_same_executor() {
    check(|| block_on(raised_by_threads([Flag::new(), Flag::new()])));
}

#[test]
fn a_nap_ends() {
    check(|| block_on(runtime::sleep(Duration::from_secs(1))));
}

#[test]
fn a_thread_wakes_a_task() {
    check(|| {
        block_on(async {
            let end = End::new();
            let reached = end.clone();
            runtime::spawn(async move {
                raised_by_threads([Flag::new()]).await;
                reached.reached();
            });
            end.wait().await;
        });
    });
}

#[test]
fn two_threads_wake_the_same_task() {
    check(|| {
        block_on(async {
            let end = End::new();
            let reached = end.clone();
            runtime::spawn(async move {
                raised_by_threads([Flag::new(), Flag::new()]).await;
                reached.reached();
            });
            end.wait().await;
        });
    });
}

#[test]
fn two_threads_wake_two_tasks() {
    check(|| {
        block_on(async {
            let ends = [End::new(), End::new()];
            for end in ends.clone() {
                runtime::spawn(async move {
                    raised_by_threads([Flag::new()]).await;
                    end.reached();
                });
            }
            for end in &ends {
                end.wait().await;
            }
        });
    });
}

#[test]
fn a_task_that_is_woken_twice_is_polled_once() {
    check(|| {
        let polled = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&polled);
        block_on(async {
            runtime::spawn(poll_fn(move |context| {
                if count.fetch_add(1, Relaxed) == 0 {
                    context.waker().wake_by_ref();
                    context.waker().wake_by_ref();
                }
                Poll::Pending
            }));
            polls(4).await;
        });
        assert_eq!(polled.load(Relaxed), 2, "polls for the start and for the wake-ups");
    });
}

#[test]
fn a_panic_ends_one_task() {
    check(|| {
        block_on(async {
            let end = End::new();
            let reached = end.clone();
            runtime::spawn(async { panic::on_purpose() });
            runtime::spawn(async move {
                raised_by_threads([Flag::new()]).await;
                reached.reached();
            });
            end.wait().await;
        });
    });
}

/// The main future does not wait: the runtime goes, and somebody may still wake what was in it.
#[test]
fn a_runtime_that_is_gone_can_still_be_woken() {
    check(|| {
        block_on(async {
            runtime::spawn(raised_by_threads([Flag::new()]));
            polls(2).await;
        });
    });
}

#[test]
fn who_connects_is_accepted_and_who_sends_is_read() {
    check(|| {
        let clients = Inbox::new();
        let listener = TcpListener { clients: Arc::clone(&clients) };
        let client = thread::spawn(move || {
            let bytes = Inbox::new();
            clients.push(TcpStream { bytes: Arc::clone(&bytes) });
            bytes.push(7);
        });
        block_on(async {
            let listener = runtime::TcpListener::from_std(listener).unwrap();
            let (mut stream, _) = listener.accept().await.unwrap();
            let end = End::new();
            let reached = end.clone();
            runtime::spawn(async move {
                let mut buffer = [0; 2];
                assert_eq!(stream.read(&mut buffer).await.unwrap(), 1);
                assert_eq!(buffer, [7, 0]);
                reached.reached();
            });
            end.wait().await;
        });
        client.join().unwrap();
    });
}
