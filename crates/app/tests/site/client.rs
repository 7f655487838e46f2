//! A client that needs no socket.

use std::path::Path;
use std::sync::Arc;

use http_lite::{App, Connection};
use proto::Session;

/// A site of its own, with the project's own files.
pub fn site() -> Arc<dyn App> {
    let public = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../public"));
    app::site(&app::Config { step: "step-04-threadpool", public })
}

/// What came back.
#[derive(Debug, PartialEq)]
pub struct Reply {
    pub status: String,
    /// Without the status line.
    fields: Vec<(String, String)>,
    pub body: String,
}

impl Reply {
    /// The value of the one field of this name; `""` if there is none.
    #[track_caller]
    pub fn field(&self, name: &str) -> &str {
        let mut found = self.fields.iter().filter(|field| field.0.eq_ignore_ascii_case(name));
        let value = found.next().map_or("", |field| field.1.as_str());
        assert_eq!(found.next(), None, "{name} is there twice");
        value
    }

    /// The body as JSON.
    #[track_caller]
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }
}

/// One request and its reply. The body may be anything.
pub fn ask(
    site: &Arc<dyn App>,
    line: &str,
    fields: &[(&str, &str)],
    body: impl AsRef<[u8]>,
) -> Reply {
    converse(site, line, fields, body.as_ref(), usize::MAX)
}

/// The same, in pieces of this many bytes.
pub fn converse(
    site: &Arc<dyn App>,
    line: &str,
    fields: &[(&str, &str)],
    body: &[u8],
    chunk: usize,
) -> Reply {
    let mut request = format!("{line} HTTP/1.1\r\nHost: a.example\r\nConnection: close\r\n");
    for (name, value) in fields {
        request += &format!("{name}: {value}\r\n");
    }
    if !body.is_empty() {
        request += &format!("Content-Length: {}\r\n", body.len());
    }
    let request = [request.as_bytes(), b"\r\n", body].concat();
    let session = Session::new(Box::new(Connection::new(Arc::clone(site))));
    let reply = proto::converse(session, &request, chunk.min(request.len()));
    let reply = String::from_utf8(reply).expect("all that the site says here is text");
    let (head, body) = reply.split_once("\r\n\r\n").expect("a reply has a head");
    let (status, fields) = head.split_once("\r\n").expect("a head has fields");
    let field = |line: &str| {
        let (name, value) = line.split_once(": ").expect("a field has a name");
        (name.to_owned(), value.to_owned())
    };
    Reply {
        status: status.strip_prefix("HTTP/1.1 ").expect("it is HTTP/1.1").to_owned(),
        fields: fields.split("\r\n").map(field).collect(),
        body: body.to_owned(),
    }
}

/// What is wrong, as RFC 9457 says it.
#[track_caller]
pub fn assert_problem(reply: &Reply, status: &str, detail: &str) {
    assert_eq!(reply.status, status, "{reply:?}");
    assert_eq!(reply.field("Content-Type"), "application/problem+json");
    let (code, title) = status.split_once(' ').expect("a status has a reason");
    let expected = serde_json::json!({
        "type": "about:blank",
        "title": title,
        "status": code.parse::<u16>().expect("a status is a number"),
        "detail": detail,
    });
    assert_eq!(reply.json(), expected);
}
