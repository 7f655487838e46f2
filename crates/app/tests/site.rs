//! The site, asked without a socket.

use proto::Session;

/// What the site replies to these bytes, delivered in pieces of `chunk`.
fn ask(request: &str, chunk: usize) -> String {
    let session = Session::new(Box::new(http_lite::Connection::new(app::site())));
    let reply = proto::converse(session, request.as_bytes(), chunk);
    String::from_utf8(reply).expect("all the site says is text")
}

#[test]
fn plain_is_thirteen_bytes_of_text() {
    for chunk in [1, 2, 3, 7, 100] {
        let reply = ask("GET /plain HTTP/1.1\r\nHost: a\r\n\r\n", chunk);
        let (head, body) = reply.split_once("\r\n\r\n").unwrap();
        assert!(head.starts_with("HTTP/1.1 200 OK\r\nDate: "), "{head}");
        assert!(head.contains("\r\nContent-Type: text/plain\r\nContent-Length: 13"), "{head}");
        assert_eq!(body, "Hello, World!");
    }
}
