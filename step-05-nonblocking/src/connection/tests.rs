//! A turn, over a real socket, with a buffer so small that it is plain what each call did.

use std::net::{Shutdown, TcpListener, TcpStream as Client};

use proto::Frames;

use super::*;

/// A client, and the server's end of its connection, which is greeted already.
fn connection() -> (Client, Connection) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let mut client = Client::connect(listener.local_addr().unwrap()).unwrap();
    let (stream, peer) = listener.accept().unwrap();
    stream.set_nonblocking(true).unwrap();
    let session = Session::new(Box::new(Frames::new()));
    let mut connection = Connection { stream: TcpStream::from_std(stream), peer, session };
    assert!(matches!(turn(&mut connection, 64, false), Turn::Waits));
    client.read_exact(&mut [0]).unwrap();
    (client, connection)
}

fn turn(connection: &mut Connection, buffer: usize, drain: bool) -> Turn {
    connection.drive(&mut vec![0; buffer], drain, false).unwrap()
}

/// Waits until the kernel has brought `n` bytes.
fn arrived(connection: &Connection, n: usize) {
    let mut seen = vec![0; n];
    while connection.stream.peek(&mut seen).ok() != Some(n) {
        std::thread::yield_now();
    }
}

#[test]
fn a_client_who_is_always_ready_uses_up_its_budget() {
    let (mut client, mut connection) = connection();
    client.write_all(&[b' '; 2 * BUDGET]).unwrap();
    arrived(&connection, 2 * BUDGET);
    // One byte with each read: the turn ends although there is more.
    assert!(matches!(turn(&mut connection, 1, false), Turn::Ready));
    arrived(&connection, BUDGET);
    assert!(matches!(turn(&mut connection, 1, false), Turn::Ready));
    // And nothing is left over but the "later".
    assert!(matches!(turn(&mut connection, 1, false), Turn::Waits));
}

#[test]
fn the_end_behind_the_data_is_found_when_it_was_announced() {
    let (mut client, mut connection) = connection();
    client.write_all(b"^a$").unwrap();
    client.shutdown(Shutdown::Write).unwrap();
    arrived(&connection, 3);
    // A short read is taken for the last one: the end is left where it is…
    assert!(matches!(turn(&mut connection, 64, false), Turn::Waits));
    let mut answer = [0];
    client.read_exact(&mut answer).unwrap();
    assert_eq!(&answer, b"b");
    // …until somebody looks for it.
    while !matches!(turn(&mut connection, 64, true), Turn::Over) {
        std::thread::yield_now();
    }
}

#[test]
fn at_a_stop_what_has_arrived_is_answered_first() {
    let (mut client, mut connection) = connection();
    client.write_all(b"^abc$").unwrap();
    arrived(&connection, 5);
    let turn = connection.drive(&mut [0; 64], true, true).unwrap();
    assert!(matches!(turn, Turn::Over));
    drop(connection);
    let mut answer = String::new();
    client.read_to_string(&mut answer).unwrap();
    assert_eq!(answer, "bcd");
}

#[test]
fn a_client_who_does_not_read_makes_us_wait() {
    let (mut client, mut connection) = connection();
    client.set_nonblocking(true).unwrap();
    let stuck = (0..1_000_000).any(|_| {
        while client.write(&[b'^'; 64 * 1024]).is_ok() {}
        let waits = matches!(turn(&mut connection, 64 * 1024, true), Turn::Waits);
        waits && matches!(connection.session.want(), Want::Write(_))
    });
    assert!(stuck, "it goes on reading");
}
