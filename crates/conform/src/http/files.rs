//! Static files: as `public/` beside this crate has them, which every server is told to serve.

use super::*;

/// A file of a hundred bytes, without a line end that a checkout could change.
pub(crate) const DIGITS: &str = include_str!("../../public/digits.txt");

/// Its fields.
const FILE: &[Field] = &[
    field("Content-Type", "text/plain; charset=utf-8"),
    field("Content-Length", "100"),
    field("Accept-Ranges", "bytes"),
];

pub(super) const CASES: &[Case] = &[
    case(
        "http-file",
        Property::Messages,
        must("9110 §9.3.2"),
        "A file is served as it is, and HEAD says so.",
        |_| {
            let head = request("HEAD", "/digits.txt");
            let whole = alone(get("/digits.txt"), 200, FILE, text(DIGITS));
            [whole, alone(head, 200, FILE, Body::Withheld)].concat()
        },
    ),
    case(
        "http-no-way-out",
        Property::Messages,
        ours("9110 §17.3"),
        "No path leads out of the public directory, however it is written.",
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
        Property::Messages,
        must("9110 §15.5.6"),
        "A file can be read, and nothing else: a 405 says so.",
        |_| alone(request("DELETE", "/digits.txt"), 405, GET_ONLY, Body::Any),
    ),
    case(
        "http-not-modified",
        Property::Messages,
        must("9110 §13.1.2"),
        "Who has it already gets a 304, and no body.",
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
        Property::Messages,
        must("9110 §13.1.1"),
        "What is meant for another version is not done.",
        |_| {
            let same = alone(file("If-Match: *"), 200, FILE, text(DIGITS));
            [same, alone(file("If-Match: \"other\""), 412, &[], Body::Any)].concat()
        },
    ),
    case(
        "http-range",
        Property::Messages,
        may("9110 §14.2"),
        "A range is a 206, which says what part it is.",
        |_| {
            [
                range("bytes=3-5", field("Content-Range", "bytes 3-5/100"), "345"),
                range("bytes=-4", field("Content-Range", "bytes 96-99/100"), "6789"),
                range("bytes=90-", field("Content-Range", "bytes 90-99/100"), "0123456789"),
                range("bytes=98-1000", field("Content-Range", "bytes 98-99/100"), "89"),
                range("bytes=0-0", field("Content-Range", "bytes 0-0/100"), "0"),
            ]
            .concat()
        },
    ),
    case(
        "http-range-outside",
        Property::Messages,
        should("9110 §15.5.17"),
        "A range outside of the file is a 416, which says how long it is.",
        |_| {
            let length = field("Content-Range", "bytes */100");
            let ranges = ["bytes=100-", "bytes=18446744073709551615-", "bytes=-0"];
            let refused =
                |range| alone(file(&format!("Range: {range}")), 416, vec![length], Body::Any);
            ranges.into_iter().flat_map(refused).collect()
        },
    ),
    case(
        "http-range-ignored",
        Property::Messages,
        must("9110 §14.2"),
        "By an unknown unit, in another method than GET, or of another version: all of it is sent.",
        |_| {
            let fields = ["Range: lines=3-5", "Range: bytes=3-5\r\nIf-Range: \"other\""];
            let whole =
                fields.into_iter().flat_map(|field| alone(file(field), 200, FILE, text(DIGITS)));
            let head = file("Range: bytes=3-5").replace("GET", "HEAD");
            whole.chain(alone(head, 200, FILE, Body::Withheld)).collect()
        },
    ),
];

/// Asks for the file, with this field.
fn file(field: &str) -> String {
    format!("GET /digits.txt HTTP/1.1\r\nHost: test\r\n{field}\r\n\r\n")
}

/// This range is answered with these fields and this part.
fn range(range: &str, field: Field, part: &'static str) -> Script {
    alone(file(&format!("Range: {range}")), 206, vec![field], text(part))
}
