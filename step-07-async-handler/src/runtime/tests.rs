//! What the runtime promises, over real sockets and real threads.

use std::future::{pending, poll_fn};
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream as Client};
use std::sync::atomic::AtomicUsize;
use std::sync::mpsc;

use super::*;

fn runtime() -> Runtime {
    Runtime::new().unwrap()
}

/// Completes when it has been polled `n` times, and wakes itself in between.
async fn polls(n: usize, counter: Arc<AtomicUsize>) {
    poll_fn(|context| {
        if counter.fetch_add(1, Ordering::SeqCst) + 1 == n {
            return Poll::Ready(());
        }
        context.waker().wake_by_ref();
        context.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}

/// Completes when another thread says so.
async fn told(teller: mpsc::Receiver<()>) {
    let mut teller = Some(teller);
    let done = Arc::new(AtomicBool::new(false));
    poll_fn(|context| {
        if let Some(teller) = teller.take() {
            let (done, waker) = (Arc::clone(&done), context.waker().clone());
            thread::spawn(move || {
                let _ = teller.recv();
                done.store(true, Ordering::SeqCst);
                waker.wake();
            });
        }
        if done.load(Ordering::SeqCst) { Poll::Ready(()) } else { Poll::Pending }
    })
    .await;
}

fn listener() -> (TcpListener, SocketAddr) {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let addr = listener.local_addr().unwrap();
    (TcpListener::from_std(listener).unwrap(), addr)
}

async fn echo(mut stream: TcpStream) {
    let mut buffer = [0; 4096];
    loop {
        let n = stream.read(&mut buffer).await.unwrap();
        let mut rest = &buffer[..n];
        while !rest.is_empty() {
            let n = stream.write(rest).await.unwrap();
            rest = &rest[n..];
        }
        if n == 0 {
            return;
        }
    }
}

#[test]
fn block_on_returns_what_the_future_returns() {
    assert_eq!(runtime().block_on(async { 7 }), 7);
}

#[test]
fn a_future_that_wakes_itself_is_polled_again_and_once_for_many_wake_ups() {
    const ROUNDS: usize = 1000;
    let (counter, other) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    runtime().block_on(async {
        // It wakes itself twice in each poll, and has no end of its own.
        spawn(polls(usize::MAX, Arc::clone(&counter)));
        polls(ROUNDS, Arc::clone(&other)).await;
    });
    let polled = counter.load(Ordering::SeqCst);
    assert!((ROUNDS - 2..=ROUNDS + 2).contains(&polled), "{polled} polls in {ROUNDS} rounds");
}

#[test]
fn a_task_that_has_finished_is_gone() {
    let alive = Arc::new(());
    let weak = Arc::downgrade(&alive);
    let rounds = Arc::new(AtomicUsize::new(0));
    runtime().block_on(async {
        spawn(async move { drop(alive) });
        polls(3, Arc::clone(&rounds)).await;
        assert!(weak.upgrade().is_none());
    });
}

#[test]
fn a_socket_that_is_dropped_is_forgotten() {
    runtime().block_on(async {
        let shared = current().unwrap();
        let before = shared.sockets.len();
        let (listener, _) = listener();
        assert_eq!(shared.sockets.len(), before + 1);
        drop(listener);
        assert_eq!(shared.sockets.len(), before);
    });
}

#[test]
fn another_thread_can_wake_an_executor_that_waits() {
    let (tell, teller) = mpsc::channel();
    thread::spawn(move || tell.send(()));
    runtime().block_on(told(teller));
}

#[test]
fn another_thread_can_wake_a_task() {
    let (tell, teller) = mpsc::channel();
    let (finish, finished) = mpsc::channel();
    thread::spawn(move || tell.send(()));
    runtime().block_on(async {
        spawn(async move {
            told(teller).await;
            drop(finish);
        });
        told(finished).await;
    });
}

#[test]
fn a_panic_ends_one_task() {
    let (finish, finished) = mpsc::channel();
    runtime().block_on(async {
        spawn(async { panic!("on purpose") });
        spawn(async move { drop(finish) });
        told(finished).await;
    });
}

#[test]
fn a_task_that_never_finishes_is_dropped_with_its_runtime() {
    let alive = Arc::new(());
    let weak = Arc::downgrade(&alive);
    let mut runtime = runtime();
    // The client outlives the runtime, or the task would see the end of input.
    let mut silent = Vec::new();
    runtime.block_on(async {
        let (listener, addr) = listener();
        spawn(async move {
            // A connection that stays silent: its waker is with the socket, for ever.
            let (stream, _) = listener.accept().await.unwrap();
            let _alive = alive;
            echo(stream).await;
        });
        let mut client = Client::connect(addr).unwrap();
        let (answer, answered) = mpsc::channel();
        silent.push(client.try_clone().unwrap());
        thread::spawn(move || {
            client.write_all(b"x").unwrap();
            client.read_exact(&mut [0]).unwrap();
            drop::<mpsc::Sender<()>>(answer);
        });
        told(answered).await;
    });
    assert!(weak.upgrade().is_some());
    drop(runtime);
    assert!(weak.upgrade().is_none());
}

#[test]
fn sockets_without_a_runtime_are_an_error() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let error = TcpListener::from_std(listener).err().unwrap();
    assert_eq!(error.to_string(), "no runtime is running on this thread");
}

#[test]
fn many_clients_are_served_on_one_thread() {
    const CLIENTS: usize = 100;
    let (at, address) = mpsc::channel();
    let clients = thread::spawn(move || {
        let addr: SocketAddr = address.recv().unwrap();
        let mut clients: Vec<_> = (0..CLIENTS).map(|_| Client::connect(addr).unwrap()).collect();
        // Backwards, and in two pieces: nobody is served in the order of coming.
        for piece in [b"hello", b"again"] {
            for client in clients.iter_mut().rev() {
                client.write_all(piece).unwrap();
            }
            for client in &mut clients {
                let mut answer = [0; 5];
                client.read_exact(&mut answer).unwrap();
                assert_eq!(&answer, piece);
            }
        }
    });
    runtime().block_on(async move {
        let (listener, addr) = listener();
        at.send(addr).unwrap();
        for _ in 0..CLIENTS {
            let (stream, _) = listener.accept().await.unwrap();
            spawn(echo(stream));
        }
        let (finish, finished) = mpsc::channel::<()>();
        thread::spawn(move || {
            let _finish = finish;
            clients.join().unwrap();
        });
        told(finished).await;
    });
}

#[test]
fn a_stream_larger_than_any_buffer_passes_both_ways() {
    const SIZE: usize = 8 << 20;
    let (at, address) = mpsc::channel();
    let client = thread::spawn(move || {
        let addr: SocketAddr = address.recv().unwrap();
        let mut client = Client::connect(addr).unwrap();
        let mut writer = client.try_clone().unwrap();
        let sent = thread::spawn(move || {
            let bytes: Vec<u8> = (0..SIZE).map(|i| (i / 7) as u8).collect();
            writer.write_all(&bytes).unwrap();
            writer.shutdown(std::net::Shutdown::Write).unwrap();
            bytes
        });
        let mut answer = Vec::new();
        client.read_to_end(&mut answer).unwrap();
        assert!(answer == sent.join().unwrap(), "the echo differs");
    });
    runtime().block_on(async move {
        let (listener, addr) = listener();
        at.send(addr).unwrap();
        let (stream, _) = listener.accept().await.unwrap();
        echo(stream).await;
    });
    client.join().unwrap();
}

#[test]
fn a_client_who_is_always_ready_does_not_keep_the_thread() {
    let (at, address) = mpsc::channel();
    let greedy = thread::spawn(move || {
        let addr: SocketAddr = address.recv().unwrap();
        let mut client = Client::connect(addr).unwrap();
        // Until the server hangs up: there is always something to read.
        while client.write_all(&[0; 64 * 1024]).is_ok() {}
    });
    runtime().block_on(async move {
        let (listener, addr) = listener();
        at.send(addr).unwrap();
        let (mut stream, _) = listener.accept().await.unwrap();
        let turns = Arc::new(AtomicUsize::new(0));
        spawn(polls(1000, Arc::clone(&turns)));
        // One byte at a time: the next read is always ready, so only the budget ends a turn.
        let mut read = 0;
        while turns.load(Ordering::SeqCst) < 1000 {
            read += stream.read(&mut [0]).await.unwrap();
            assert!(read < 10_000_000, "the other task had no turn");
        }
    });
    greedy.join().unwrap();
}

#[test]
fn sleeping_holds_up_nobody() {
    let counter = Arc::new(AtomicUsize::new(0));
    runtime().block_on(async {
        spawn(pending());
        spawn(polls(10, Arc::clone(&counter)));
        sleep(Duration::from_millis(1)).await;
    });
    assert_eq!(counter.load(Ordering::SeqCst), 10);
}
