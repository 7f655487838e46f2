//! What is served.

use std::panic::catch_unwind;
use std::process;
use std::thread;
use std::time::Duration;

use super::rules::Head;
use super::{Answer, Flaw, files};

const PAGE: &str = "text/html; charset=utf-8";
const TEXT: &str = "text/plain; charset=utf-8";
const GET_ONLY: &str = "GET, HEAD, OPTIONS";
const POST_ONLY: &str = "POST, OPTIONS";

/// A status, the fields that the connection does not add, and a body.
pub type Reply = (u16, Vec<(&'static str, String)>, Vec<u8>);

/// Answers a request.
pub fn answer(head: &Head, body: Vec<u8>, flaw: Flaw) -> Answer {
    let kept = head.wants("keep-alive", flaw);
    let said = head.wants("close", flaw) && !(kept && flaw == Flaw::KeepAliveWins);
    let close = said || (head.is_old() && !(kept && flaw != Flaw::ForgetsKeepAlive));
    let target = match head.authority(flaw) {
        Some(host) => head.target.split_once(host).map_or("/", |(_, target)| target),
        None => &head.target,
    };
    let path = match flaw {
        Flaw::QueryInPath => target,
        _ => target.split('?').next().unwrap_or_default(),
    };
    let found = files::find(path, flaw);
    let (status, fields, body) = match (head.method.as_str(), allowed(path)) {
        _ if flaw == Flaw::EverythingFound => route(target, flaw),
        _ if head.field("upgrade").is_some() && flaw == Flaw::Upgrades => {
            (101, vec![("Upgrade", "h2c".to_string())], Vec::new())
        }
        ("TRACE", _) => (200, Vec::new(), body),
        ("OPTIONS", _) if path == "*" && flaw == Flaw::KnowsNoServer => {
            (404, page(), b"nothing".to_vec())
        }
        ("OPTIONS", _) if flaw == Flaw::NoOptions => (404, page(), b"nothing".to_vec()),
        ("OPTIONS", allow) => (204, vec![("Allow", allow.to_string())], Vec::new()),
        ("POST", POST_ONLY) => (200, Vec::new(), body),
        ("POST", GET_ONLY) if flaw == Flaw::TakesFiles => {
            (200, Vec::new(), b"thank you\n".to_vec())
        }
        ("POST" | "DELETE", _) if path.starts_with("/no/") => route(target, flaw),
        ("POST" | "DELETE", allow) | ("GET" | "HEAD", allow @ POST_ONLY) => {
            let allow = if flaw == Flaw::NoAllow { "" } else { allow };
            (405, vec![("Allow", allow.to_string())], b"not here\n".to_vec())
        }
        _ => match (found, files::condition(head, flaw)) {
            (Some(file), _) => files::answer(head, &file, flaw),
            (None, Some(status)) if flaw == Flaw::ConditionsFirst => {
                (status, Vec::new(), Vec::new())
            }
            _ => route(if flaw == Flaw::QueryInPath { path } else { target }, flaw),
        },
    };
    let mut answer = Answer { status, fields, body, with_body: true, old: head.is_old(), close };
    answer.close |= status == 500 || (status == 404 && flaw == Flaw::LeavesAtErrors);
    if head.method == "HEAD" {
        answer.with_body =
            flaw == Flaw::HeadHasBody || (flaw == Flaw::HeadErrorHasBody && status >= 400);
        if flaw == Flaw::HeadIsEmpty {
            answer.body.clear();
        }
    }
    answer
}

fn allowed(path: &str) -> &'static str {
    match path {
        "/echo" => POST_ONLY,
        _ => GET_ONLY,
    }
}

fn page() -> Vec<(&'static str, String)> {
    vec![("Content-Type", PAGE.into())]
}

fn route(target: &str, flaw: Flaw) -> Reply {
    let typed = |status, content_type: &str, body: &str| {
        let mut fields = vec![("Content-Type", content_type.into())];
        fields.retain(|_| flaw != Flaw::NoTypes);
        (status, fields, body.as_bytes().to_vec())
    };
    let plain = if flaw == Flaw::LongPlain { "Hello, World!\n" } else { "Hello, World!" };
    let (path, query) = match flaw {
        Flaw::QueryInPath => (target, ""),
        _ => target.split_once('?').unwrap_or((target, "")),
    };
    let path = if flaw == Flaw::NoDecoding { path.into() } else { files::decode(path) };
    match path.split('/').collect::<Vec<_>>()[..] {
        _ if flaw == Flaw::EverythingFound => typed(200, "text/plain", plain),
        ["", ""] => typed(200, PAGE, "<!doctype html><title>A page</title>"),
        ["", "plain"] => typed(200, "text/plain", plain),
        ["", "prime", n] => {
            let prime = proto::is_prime(n.parse().unwrap_or(0)) && flaw != Flaw::AllComposite;
            typed(200, TEXT, if prime { "prime\n" } else { "composite\n" })
        }
        ["", "sleep"] => {
            let ms = query.trim_start_matches("ms=").parse().unwrap_or(0);
            thread::sleep(Duration::from_millis(ms));
            typed(200, TEXT, &format!("slept {ms} ms\n"))
        }
        ["", "panic"] => {
            let handler = || panic!("somebody asked for it");
            if catch_unwind(handler).is_err() && flaw == Flaw::DiesOfPanics {
                process::exit(101);
            }
            typed(500, TEXT, "it panicked\n")
        }
        _ => typed(404, PAGE, "<!doctype html><title>Nothing here</title>"),
    }
}
