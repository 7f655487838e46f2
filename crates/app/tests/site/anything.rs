//! Whatever is sent, it is answered, and it is never the server that failed.

use proptest::prelude::*;

use crate::client::{ask, converse, site};

/// What numbers are sent in.
static PARTS: [&str; 15] =
    ["number", "=", "&", "%", "+", "4", "{", "}", "[", "]", "\"", ":", ",", "-", "1e9"];

static TYPES: [&str; 3] = ["application/x-www-form-urlencoded", "application/json", "text/plain"];

/// What a program or a browser may send, and what comes near it.
fn body() -> impl Strategy<Value = Vec<u8>> {
    let near = prop::collection::vec(prop::sample::select(PARTS.as_slice()), 0..12);
    prop_oneof![
        near.prop_map(|parts| parts.concat().into_bytes()),
        prop::collection::vec(any::<u8>(), 0..64),
    ]
}

fn content_type() -> impl Strategy<Value = String> {
    prop_oneof![prop::sample::select(TYPES.as_slice()).prop_map(str::to_owned), "[ -~]{0,20}"]
}

proptest! {
    #[test]
    fn is_answered(
        body in body(),
        content_type in content_type(),
        accept in "[ -~]{0,30}|text/html|[a-z*]{1,5}/[a-z*]{1,5}(;q=[0-9.]{1,5})?",
        chunk in 1_usize..40,
    ) {
        let site = site();
        let game = ask(&site, "POST /guess", &[], "").field("Location").to_owned();
        let fields = [("Content-Type", content_type.as_str()), ("Accept", accept.as_str())];
        for target in [game.as_str(), "/guess", "/api/primes", "/api/stats", "/guess/0", "/"] {
            for method in ["GET", "POST"] {
                let line = format!("{method} {target}");
                let reply = converse(&site, &line, &fields, &body, chunk);
                prop_assert!(reply.status.starts_with(['2', '4']), "{line}: {reply:?}");
                prop_assert_eq!(reply.field("Content-Length"), reply.body.len().to_string());
            }
        }
    }
}
