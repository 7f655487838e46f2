//! The generator against servers that are right, and against servers that are broken: each
//! control is broken in one way, and must show up as just that.

#![expect(clippy::unwrap_used, reason = "a test may")]

mod servers;

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use load::{Error, Plan, Protocol, Report, Workload};
use servers::{converse, frames, greet, http, plain, serve};

fn plan(target: SocketAddr, protocol: Protocol) -> Plan {
    Plan {
        connections: 4,
        warm_up: Duration::ZERO,
        measured: Duration::from_millis(300),
        ..Plan::new(target, Workload::Echo, protocol)
    }
}

/// How many fall due in 50 ms: so long may lie between the first due time and the start of measuring, on
/// a busy machine.
fn a_moment(rate: f64) -> u64 {
    (rate * 0.05) as u64
}

fn measure(plan: &Plan) -> Report {
    load::measure(plan).unwrap()
}

#[test]
fn a_right_server_is_found_right() {
    let report = measure(&plan(frames(), Protocol::Frames));
    assert!(report.requests.answered > 0, "{report}");
    assert_eq!((report.errors.total(), report.starved, report.connected), (0, 0, 4), "{report}");
    // In a closed loop there is one request per connection, so no more can be cut off at the end.
    assert!(report.requests.censored <= 4, "{report}");
    let recorded: u64 = report.requests.response.histogram.iter().map(|(_, n)| n).sum();
    assert_eq!(recorded, report.requests.answered + report.requests.censored);
    assert_eq!(report.requests.lost, 0, "{report}");
}

#[test]
fn a_payload_larger_than_any_buffer_comes_back_while_it_is_sent() {
    let large = Plan { payload: 3 << 20, connections: 2, ..plan(frames(), Protocol::Frames) };
    let large = Plan { measured: Duration::from_secs(2), ..large };
    let report = measure(&large);
    assert!(report.requests.answered > 0, "{report}");
    assert_eq!(report.errors.total(), 0, "{report}");
}

#[test]
fn an_open_loop_asks_as_often_as_it_says() {
    let open = Plan { rate: Some(500.0), ..plan(frames(), Protocol::Frames) };
    let report = measure(&Plan { measured: Duration::from_secs(1), ..open });
    // All that fell due are accounted for: answered, or still under way.
    let total = report.requests.answered + report.requests.censored;
    assert!(total.abs_diff((500.0 * report.seconds) as u64) <= a_moment(500.0), "{report}");
    assert_eq!(report.errors.total(), 0, "{report}");
}

#[test]
fn one_wrong_byte_is_found() {
    let wrong = serve(|_, stream| {
        let mut answer = greet(&stream);
        let mut requests = 0;
        converse(stream, move |bytes| {
            requests += 1;
            let mut reply = answer(bytes);
            if requests == 3 {
                reply[4] ^= 1;
            }
            reply
        });
    });
    let report = measure(&plan(wrong, Protocol::Frames));
    // Two right answers each; who is lost for the third comes again after a pause.
    assert!(report.errors.wrong >= 4, "{report}");
    assert_eq!(report.errors.total(), report.errors.wrong, "{report}");
    assert!(report.requests.answered >= 8, "{report}");
    assert!(report.requests.answered <= 2 * (4 + report.reopened), "{report}");
}

#[test]
fn a_wrong_greeting_is_found() {
    let rude = serve(|_, mut stream| {
        let _ = stream.write_all(b"!");
        converse(stream, |bytes| bytes.to_vec());
    });
    let report = measure(&plan(rude, Protocol::Frames));
    assert!(report.errors.wrong >= 4, "{report}");
    assert_eq!(report.requests.answered, 0, "{report}");
}

#[test]
fn a_reply_that_belongs_to_the_request_before_is_found() {
    let stale = serve(|_, stream| {
        let mut answer = greet(&stream);
        let mut first = None;
        converse(stream, move |bytes| {
            let reply = answer(bytes);
            first.get_or_insert(reply).clone()
        });
    });
    let report = measure(&plan(stale, Protocol::Frames));
    assert!(report.errors.wrong >= 4, "{report}");
    assert!(report.requests.answered <= 4 + report.reopened, "{report}");
}

#[test]
fn a_server_that_closes_after_each_answer_is_written_down_as_that() {
    let closing = serve(|_, mut stream| {
        let mut answer = greet(&stream);
        let mut buffer = [0; 100];
        if let Ok(n) = stream.read(&mut buffer) {
            let _ = stream.write_all(&answer(&buffer[..n]));
        }
    });
    let report = measure(&plan(closing, Protocol::Frames));
    assert!(report.requests.answered >= 4, "{report}");
    // The next request may already be on its way; then the kernel resets instead.
    let lost = report.errors.closed + report.errors.reset;
    assert!(lost >= 4 && lost == report.errors.total(), "{report}");
    assert_eq!(report.starved, 0, "{report}");
    // No storm: each connection comes again only after a pause.
    assert!(report.reopened <= 4 * (1 + (10.0 * report.seconds) as u64), "{report}");
}

#[test]
fn a_request_that_is_lost_with_its_connection_counts_as_long_as_it_waited() {
    const SITS: Duration = Duration::from_millis(50);
    let tired = serve(|_, mut stream| {
        let mut answer = greet(&stream);
        let mut buffer = [0; 100];
        for _ in 1..20 {
            let Ok(n @ 1..) = stream.read(&mut buffer) else { return };
            if stream.write_all(&answer(&buffer[..n])).is_err() {
                return;
            }
        }
        // The twentieth is read, sat on, and never answered.
        let _ = stream.read(&mut buffer);
        std::thread::sleep(SITS);
    });
    let open = Plan { rate: Some(200.0), ..plan(tired, Protocol::Frames) };
    let report = measure(&Plan { measured: Duration::from_secs(1), ..open });
    let requests = &report.requests;
    assert!(requests.lost > 0 && requests.lost <= report.errors.total(), "{report}");
    let total = requests.answered + requests.censored + requests.lost;
    assert!(total.abs_diff((200.0 * report.seconds) as u64) <= a_moment(200.0), "{report}");
    for latency in [&requests.response, &requests.service] {
        assert!(latency.p99.at_least && latency.p99.nanos > 45_000_000, "{report}");
    }
}

#[test]
fn silence_is_written_down_and_not_left_out() {
    let silent = serve(|_, stream| {
        let _greeted = greet(&stream);
        converse(stream, |_| Vec::new());
    });
    let report = measure(&plan(silent, Protocol::Frames));
    assert_eq!((report.requests.answered, report.requests.censored), (0, 4), "{report}");
    assert_eq!((report.starved, report.errors.total()), (4, 0), "{report}");
    let half = report.requests.response.p50;
    assert!(half.at_least && half.nanos > 290_000_000, "{report}");

    let open = Plan { rate: Some(100.0), ..plan(silent, Protocol::Frames) };
    let report = measure(&open);
    // Four are under way; the others fell due and found nobody free.
    assert_eq!(report.requests.answered, 0, "{report}");
    let due = (100.0 * report.seconds) as u64;
    assert!(report.requests.censored.abs_diff(due) <= 10, "{report}");
    assert_eq!(report.requests.service.histogram.iter().map(|(_, n)| n).sum::<u64>(), 4);
}

#[test]
fn a_server_that_serves_one_client_starves_the_others() {
    let one_at_a_time = Arc::new(Mutex::new(()));
    let sequential = serve(move |_, stream| {
        let _turn = one_at_a_time.lock();
        let answer = greet(&stream);
        converse(stream, answer);
    });
    let report = measure(&plan(sequential, Protocol::Frames));
    assert!(report.requests.answered > 0, "{report}");
    assert_eq!(report.starved, 3, "{report}");
    assert_eq!(report.requests.censored, 3 + 1, "{report}");
    assert!(report.to_string().contains("starved: 1 of 4 connections served"), "{report}");
}

#[cfg(target_os = "linux")]
#[test]
fn a_connection_that_nobody_accepts_is_not_served() {
    // The kernel opens as many as the backlog holds; the others try until the end.
    let socket = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None).unwrap();
    socket.bind(&SocketAddr::from(([127, 0, 0, 1], 0)).into()).unwrap();
    socket.listen(2).unwrap();
    let listener = TcpListener::from(socket);
    let target = listener.local_addr().unwrap();
    let report = measure(&Plan { connections: 10, ..plan(target, Protocol::Frames) });
    assert_eq!((report.requests.answered, report.starved), (0, 10), "{report}");
    assert!(report.to_string().contains("starved: 0 of 10 connections served"), "{report}");
}

#[test]
fn who_was_answered_once_and_never_again_is_not_served() {
    let forgetful = serve(|number, mut stream| {
        let mut answer = greet(&stream);
        let mut buffer = [0; 100];
        if number < 4
            && let Ok(n) = stream.read(&mut buffer)
        {
            let _ = stream.write_all(&answer(&buffer[..n]));
        }
    });
    let report = measure(&plan(forgetful, Protocol::Frames));
    assert_eq!(report.requests.answered, 4, "{report}");
    assert!(report.reopened > 0, "they did come again: {report}");
    assert_eq!(report.starved, 4, "{report}");
}

#[test]
fn resets_are_told_from_closing() {
    let resetting = serve(|_, mut stream| {
        let mut answer = greet(&stream);
        let mut buffer = [0; 2];
        // To close with something unread is to reset (RFC 1122, 4.2.2.13).
        if let Ok(n) = stream.read(&mut buffer) {
            answer(&buffer[..n]);
        }
    });
    let report = measure(&plan(resetting, Protocol::Frames));
    assert!(report.errors.reset >= 4, "{report}");
    assert_eq!(report.errors.total(), report.errors.reset, "{report}");
    assert_eq!(report.requests.answered, 0, "{report}");
}

#[test]
fn nobody_there_is_said() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let target = listener.local_addr().unwrap();
    drop(listener);
    let error = load::measure(&plan(target, Protocol::Frames)).unwrap_err();
    assert!(matches!(error, Error::Refused(_)), "{error}");
}

#[test]
fn http_is_checked() {
    const RIGHT: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 13\r\n\r\nHello, World!";
    let report = measure(&plan(http(RIGHT), Protocol::Http));
    assert!(report.requests.answered > 0, "{report}");
    assert_eq!(report.errors.total(), 0, "{report}");

    const BROKEN: &[u8] = b"HTTP/1.1 500 No\r\nContent-Length: 13\r\n\r\nHello, World!";
    let report = measure(&plan(http(BROKEN), Protocol::Http));
    assert_eq!(report.requests.answered, 0, "{report}");
    assert!(report.errors.wrong >= 4, "{report}");
}

fn pipeline(target: SocketAddr, protocol: Protocol) -> Plan {
    Plan { workload: Workload::Pipeline, depth: 16, ..plan(target, protocol) }
}

#[test]
fn a_pipeline_that_is_answered_rightly_is_found_right() {
    for plan in [
        pipeline(frames(), Protocol::Frames),
        pipeline(plain(|_| ()), Protocol::Http),
        Plan { depth: 1000, ..pipeline(plain(|_| ()), Protocol::Http) },
    ] {
        let report = measure(&plan);
        let requests = &report.requests;
        assert!(requests.answered > plan.depth as u64, "{report}");
        assert_eq!((report.errors.total(), report.starved), (0, 0), "{report}");
        assert!(requests.censored <= 4 * plan.depth as u64, "{report}");
        let recorded: u64 = requests.response.histogram.iter().map(|(_, n)| n).sum();
        assert_eq!(recorded, requests.answered + requests.censored);
    }
}

#[test]
fn one_wrong_reply_in_a_pipeline_is_found() {
    const WRONG: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 13\r\n\r\nHello, Wurld!";
    for place in [0, 6, 14] {
        let wrong = plain(move |replies| replies[place] = WRONG);
        let report = measure(&pipeline(wrong, Protocol::Http));
        assert!(report.errors.wrong >= 4, "{report}");
        assert_eq!(report.errors.total(), report.errors.wrong, "{report}");
        assert!(report.requests.answered <= place as u64 * report.errors.wrong, "{report}");
    }
}

#[test]
fn replies_out_of_order_are_found() {
    let swapping = plain(|replies| replies.swap(7, 8));
    let backwards = plain(|replies| replies.reverse());
    for target in [swapping, backwards] {
        let report = measure(&pipeline(target, Protocol::Http));
        assert!(report.errors.wrong >= 4, "{report}");
        assert_eq!(report.requests.answered, 0, "{report}");
    }
    let swapping = serve(|_, stream| {
        let mut answer = greet(&stream);
        converse(stream, move |bytes| {
            let mut reply = answer(bytes);
            // The payload has 8 bytes: the second and the third reply.
            reply[8..24].rotate_left(8);
            reply
        });
    });
    let report = measure(&pipeline(swapping, Protocol::Frames));
    assert!(report.errors.wrong >= 4, "{report}");
    assert_eq!(report.requests.answered, 0, "{report}");
}

#[test]
fn a_reply_too_few_is_waited_for_and_one_too_many_is_wrong() {
    let forgetful = plain(|replies| replies.truncate(15));
    let report = measure(&pipeline(forgetful, Protocol::Http));
    let requests = &report.requests;
    assert_eq!((requests.answered, requests.censored), (4 * 15, 4), "{report}");
    assert_eq!((report.starved, report.errors.total()), (4, 0), "{report}");

    let generous = plain(|replies| replies.push(replies[0]));
    let report = measure(&pipeline(generous, Protocol::Http));
    assert!(report.errors.wrong >= 4, "{report}");
    assert_eq!(report.requests.answered, 0, "{report}");
}

#[test]
fn a_raw_echo_needs_no_greeting() {
    let raw = serve(|_, stream| converse(stream, |bytes| bytes.to_vec()));
    let report = measure(&plan(raw, Protocol::Raw));
    assert!(report.requests.answered > 0, "{report}");
    assert_eq!(report.errors.total(), 0, "{report}");
}

#[test]
fn the_mixed_workload_shows_who_stalls() {
    // Whoever computes holds the lock, and whoever echoes needs it: one thread, in effect.
    let world = Arc::new(Mutex::new(()));
    let stalling = serve(move |_, stream: TcpStream| {
        let mut answer = greet(&stream);
        let world = Arc::clone(&world);
        converse(stream, move |bytes| {
            let _alone = world.lock();
            if bytes.starts_with(b"^P") {
                assert!(proto::is_prime(load::plan::LONG_PRIME));
            }
            answer(bytes)
        });
    });
    let mixed = |target| Plan {
        connections: 8,
        rate: Some(200.0),
        warm_up: Duration::ZERO,
        measured: Duration::from_millis(1500),
        ..Plan::new(target, Workload::Mixed, Protocol::Frames)
    };
    let stalled = measure(&mixed(stalling));
    let primes = stalled.primes.as_ref().unwrap();
    assert!(primes.answered > 0, "{stalled}");
    assert_eq!(stalled.errors.total(), 0, "{stalled}");
    // Echoes waited for computations: the slowest at least for most of the fastest of those.
    let fastest = primes.service.histogram[0].0;
    assert!(stalled.requests.response.max.nanos > fastest / 2, "{stalled}");
}

#[test]
fn a_crowd_asks_once_and_rests() {
    let crowd = Plan { connections: 50, ..Plan::new(frames(), Workload::Crowd, Protocol::Frames) };
    let result = load::crowd(&crowd, |crowd| *crowd).unwrap();
    assert_eq!((result.at_rest, result.errors.total()), (50, 0));
}

#[test]
fn a_storm_has_a_connection_for_each_request() {
    let came = Arc::new(AtomicU64::new(0));
    let counter = Arc::clone(&came);
    let counting = serve(move |_, stream| {
        counter.fetch_add(1, Ordering::SeqCst);
        converse(stream.try_clone().unwrap(), greet(&stream));
    });
    let storm = Plan {
        connections: 4,
        warm_up: Duration::ZERO,
        measured: Duration::from_millis(300),
        ..Plan::new(counting, Workload::Storm, Protocol::Frames)
    };
    let report = measure(&storm);
    assert!(report.requests.answered > 4, "{report}");
    // Nobody asked twice: whoever was answered had come for that. The last may still be on their way.
    let came = came.load(Ordering::SeqCst);
    assert!(came >= report.requests.answered, "{came} came: {report}");
    assert!(came <= report.requests.answered + 2 * 4, "{came} came: {report}");
    assert_eq!((report.errors.total(), report.reopened), (0, 0), "{report}");
}

#[test]
fn a_hoard_is_silent_and_starves_who_serves_them_in_turn() {
    let hoard = |target| Plan {
        connections: 2,
        silent: 3,
        warm_up: Duration::ZERO,
        measured: Duration::from_secs(1),
        ..Plan::new(target, Workload::Hoard, Protocol::Frames)
    };
    let report = measure(&hoard(frames()));
    assert_eq!((report.connected, report.silent, report.starved), (5, 3, 0), "{report}");
    let expected = (load::plan::MIXED_RATE * report.seconds) as u64;
    let fell_due = report.requests.answered + report.requests.censored;
    assert!(fell_due.abs_diff(expected) <= a_moment(load::plan::MIXED_RATE), "{report}");
    assert_eq!(report.errors.total(), 0, "{report}");

    let turn = Arc::new(Mutex::new(()));
    let one_at_a_time = serve(move |_, stream| {
        let _turn = turn.lock();
        converse(stream.try_clone().unwrap(), greet(&stream));
    });
    let starved = measure(&hoard(one_at_a_time));
    assert_eq!((starved.requests.answered, starved.starved), (0, 2), "{starved}");
    assert!(starved.requests.response.p50.at_least, "{starved}");
}

#[test]
fn a_spread_asks_for_primes_at_its_rate() {
    let spread = Plan {
        rate: Some(100.0),
        warm_up: Duration::ZERO,
        measured: Duration::from_secs(1),
        ..Plan::new(frames(), Workload::Spread, Protocol::Frames)
    };
    let report = measure(&spread);
    assert!(report.requests.answered > 0 && report.primes.is_none(), "{report}");
    let total = report.requests.answered + report.requests.censored;
    assert!(total.abs_diff((100.0 * report.seconds) as u64) <= a_moment(100.0), "{report}");
    assert_eq!(report.errors.total(), 0, "{report}");
}

#[test]
fn more_connections_than_descriptors_are_refused_before_the_first() {
    let plan = Plan { connections: 1 << 40, ..plan(frames(), Protocol::Frames) };
    let error = load::measure(&plan).unwrap_err().to_string();
    assert!(error.contains("--connections") && error.contains("ulimit"), "{error}");
}
