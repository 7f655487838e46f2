//! Static files: as `public/` beside this crate has them, which every server is told to serve.

use super::{GET_ONLY, PLAIN, alone, answer, ask, get, request, text};
use crate::script::{A, Body, Script, closed, connect, half_close};
use crate::{Case, Given, Property, Protocol};

/// A file of a hundred bytes, without a line end that a checkout could change.
pub(crate) const DIGITS: &str = include_str!("../../public/digits.txt");

/// Its fields.
const FILE: &[(&str, &str)] = &[
    ("Content-Type", "text/plain; charset=utf-8"),
    ("Content-Length", "100"),
    ("Accept-Ranges", "bytes"),
];

pub(super) const CASES: &[Case] = &[
    case(
        "http-file",
        "A file is served as it is, and HEAD says so (9110 §9.3.2: SHOULD).",
        |_| {
            let head = request("HEAD", "/digits.txt");
            let whole = alone(get("/digits.txt"), 200, FILE, text(DIGITS));
            [whole, alone(head, 200, FILE, Body::Withheld)].concat()
        },
    ),
    case(
        "http-no-way-out",
        "No path leads out of the public directory (9110 §17.3), however it is written.",
        |_| {
            let paths = [
                "/../Cargo.toml",
                "/./../Cargo.toml",
                "/%2e%2e/Cargo.toml",
                "/%2E%2E%2FCargo.toml",
                "/%252e%252e/Cargo.toml",
                "/..%5cCargo.toml",
                "//etc/passwd",
                "/digits.txt%00",
            ];
            paths.into_iter().flat_map(|path| alone(get(path), 404, &[], Body::Any)).collect()
        },
    ),
    case(
        "http-file-methods",
        "A file can be read, and nothing else: a 405 says so (9110 §15.5.6: MUST).",
        |_| alone(request("DELETE", "/digits.txt"), 405, GET_ONLY, Body::Any),
    ),
    case(
        "http-not-modified",
        "Who has it already gets a 304, and no body (9110 §13.1.2, §15.4.5: MUST).",
        |_| {
            let both = file("If-None-Match: *") + &get("/plain");
            let unmodified = ask(A, both, 304, &[], Body::None);
            let plain = answer(A, 200, PLAIN, text("Hello, World!"));
            let other = alone(file("If-None-Match: \"other\""), 200, FILE, text(DIGITS));
            [connect(A), unmodified, plain, half_close(A), closed(A), other].concat()
        },
    ),
    case(
        "http-precondition",
        "What is meant for another version is not done (9110 §13.1.1: MUST NOT): a 412 (MAY).",
        |_| {
            let same = alone(file("If-Match: *"), 200, FILE, text(DIGITS));
            [same, alone(file("If-Match: \"other\""), 412, &[], Body::Any)].concat()
        },
    ),
    case(
        "http-range",
        "A range is a 206, which says what part it is (9110 §14.2: MAY, §15.3.7.1: MUST).",
        |_| {
            [
                range("bytes=3-5", &[("Content-Range", "bytes 3-5/100")], "345"),
                range("bytes=-4", &[("Content-Range", "bytes 96-99/100")], "6789"),
                range("bytes=90-", &[("Content-Range", "bytes 90-99/100")], "0123456789"),
                range("bytes=98-1000", &[("Content-Range", "bytes 98-99/100")], "89"),
                range("bytes=0-0", &[("Content-Range", "bytes 0-0/100")], "0"),
            ]
            .concat()
        },
    ),
    case(
        "http-range-outside",
        "A range outside of the file is a 416, which says how long it is (9110 §15.5.17: SHOULD).",
        |_| {
            let length = &[("Content-Range", "bytes */100")];
            let ranges = ["bytes=100-", "bytes=18446744073709551615-", "bytes=-0"];
            let refused = |range| alone(file(&format!("Range: {range}")), 416, length, Body::Any);
            ranges.into_iter().flat_map(refused).collect()
        },
    ),
    case(
        "http-range-ignored",
        "An unknown unit (9110 §14.2: MUST), another method than GET (MUST), or another version of \
         the file (§13.1.5: MUST): all of it is sent.",
        |_| {
            let fields = ["Range: lines=3-5", "Range: bytes=3-5\r\nIf-Range: \"other\""];
            let whole =
                fields.into_iter().flat_map(|field| alone(file(field), 200, FILE, text(DIGITS)));
            let head = file("Range: bytes=3-5").replace("GET", "HEAD");
            whole.chain(alone(head, 200, FILE, Body::Withheld)).collect()
        },
    ),
];

const fn case(name: &'static str, lesson: &'static str, script: fn(&Given) -> Script) -> Case {
    Case { name, protocol: Protocol::Http, property: Property::Messages, lesson, script }
}

/// Asks for the file, with this field.
fn file(field: &str) -> String {
    format!("GET /digits.txt HTTP/1.1\r\nHost: test\r\n{field}\r\n\r\n")
}

/// This range is answered with these fields and this part.
fn range(
    range: &str,
    fields: &'static [(&'static str, &'static str)],
    part: &'static str,
) -> Script {
    alone(file(&format!("Range: {range}")), 206, fields, text(part))
}
