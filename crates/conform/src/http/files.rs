//! Static files: as `public/` beside this crate has them, which every server is told to serve.
//!
//! What a client must know of a file to ask for it again, it learns from an answer before: see
//! [`TAG`], [`STRONG`] and [`DATE`].

use super::*;

/// A file of a hundred bytes, without a line end that a checkout could change.
pub(crate) const DIGITS: &str = include_str!("../../public/digits.txt");

/// Its fields.
const FILE: &[Field] = &[
    field("Content-Type", "text/plain; charset=utf-8"),
    field("Content-Length", "100"),
    field("Accept-Ranges", "bytes"),
];

/// A date before that of the file, whenever it was checked out.
const LONG_AGO: &str = "Sun, 06 Nov 1994 08:49:37 GMT";

/// A server may ignore that only a part is wanted; and one that sends a file again makes no mistake in
/// how it says that it does not.
const OR_ALL: Also = Also::These(&[200]);

pub(super) const CASES: &[Case] = &[
    case(
        "http-file",
        Property::Messages,
        ours("9110 §9.3.1"),
        "A file is served as it is.",
        |_| alone(get("/digits.txt"), 200, FILE, text(DIGITS)),
    ),
    case(
        "http-file-head",
        Property::Messages,
        must("9110 §9.3.2"),
        "HEAD says of a file what GET would, and sends nothing of it.",
        |_| {
            let head = "HEAD /digits.txt HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n";
            [connect(A), ask(A, head, 200, FILE, Body::Withheld), closed(A)].concat()
        },
    ),
    case(
        "http-file-type",
        Property::Messages,
        should("9110 §8.3"),
        "A response says what its bytes are: for a file, the end of its name tells.",
        |_| alone(get("/digits.txt"), 200, vec![any("Content-Type"), FILE[0]], text(DIGITS)),
    )
    .usually(
        "Usually a type is a parameter of whatever sends a page, and of a file nobody set it.",
    ),
    case(
        "http-file-methods",
        Property::Messages,
        must("9110 §15.5.6"),
        "A file can be read, and nothing else: a 405 says what can be done.",
        |_| {
            let post = "POST /digits.txt HTTP/1.1\r\nHost: test\r\nContent-Length: 0\r\n\r\n";
            let refused = or(Also::Final, response(405, GET_ONLY, Body::Any));
            [connect(A), send(A, post), expect(A, refused), leave(A)].concat()
        },
    ),
    case(
        "http-file-encoded",
        Property::Messages,
        should("9110 §4.2.3"),
        "`%64` is `d`: a name is the same name however it is written.",
        |_| {
            let names = ["/digits.txt", "/%64igits%2Etxt"];
            names.into_iter().flat_map(|name| alone(get(name), 200, FILE, text(DIGITS))).collect()
        },
    )
    .usually("Usually the path is looked up as it was sent."),
    case(
        "http-file-query",
        Property::Messages,
        ours("9110 §4.2.1"),
        "What follows the `?` is not a part of the file's name.",
        |_| alone(get("/digits.txt?v=1"), 200, FILE, text(DIGITS)),
    ),
    case(
        "http-no-way-out",
        Property::Messages,
        ours("9110 §17.3"),
        "No path leads out of the public directory.",
        |_| nowhere(&["/../Cargo.toml", "/./../Cargo.toml", "/x/../../Cargo.toml", "//etc/passwd"]),
    )
    .usually("Usually the path is joined to the directory as it was sent."),
    case(
        "http-no-way-out-encoded",
        Property::Messages,
        ours("9110 §17.3"),
        "What is checked is the name that will be opened, and not how it was written.",
        |_| nowhere(&["/%2e%2e/Cargo.toml", "/%2E%2E%2FCargo.toml", "/.%2e/Cargo.toml"]),
    )
    .usually("Usually `..` is looked for before the path is decoded."),
    case(
        "http-no-way-out-twice",
        Property::Messages,
        ours("9110 §17.3"),
        "A path is decoded once: what is still encoded then is a name.",
        |_| nowhere(&["/%252e%252e/Cargo.toml", "/%252e%252e%252fCargo.toml"]),
    )
    .usually("Usually two layers decode, each for itself, and the check stands between them."),
    case(
        "http-no-way-out-backslash",
        Property::Messages,
        ours("9110 §17.3"),
        "A backslash separates directories as well, on Windows.",
        |_| nowhere(&["/..%5cCargo.toml", "/..\\Cargo.toml"]),
    ),
    case(
        "http-no-nul",
        Property::Messages,
        ours("9110 §17.3"),
        "A NUL in a path is no end of it.",
        |_| nowhere(&["/digits.txt%00", "/digits.txt%00.html"]),
    )
    .usually("Usually the name is checked as a string with a length, and opened as one in C."),
    case(
        "http-etag",
        Property::Messages,
        should("9110 §8.8.3.1"),
        "A tag names this version of a file, so that it need not be sent twice.",
        |_| alone(get("/digits.txt"), 200, vec![any("ETag")], text(DIGITS)),
    ),
    case(
        "http-last-modified",
        Property::Messages,
        should("9110 §8.8.2.1"),
        "A file says since when it is as it is.",
        |_| {
            let since = vec![any("Last-Modified"), date("Last-Modified")];
            alone(get("/digits.txt"), 200, since, text(DIGITS))
        },
    ),
    case(
        "http-not-modified",
        Property::Messages,
        must("9110 §13.1.2"),
        "Who has this version already gets a 304, and no file.",
        |_| again(&format!("If-None-Match: {TAG}"), not_modified()),
    ),
    case(
        "http-not-modified-end",
        Property::Messages,
        must("9112 §6.3"),
        "A 304 ends with its head: what comes next is the next response.",
        |_| {
            let last = file("If-None-Match: *\r\nConnection: close");
            [connect(A), send(A, last), expect(A, or(OR_ALL, not_modified())), closed(A)].concat()
        },
    )
    .usually("Usually the body is sent with every status."),
    case(
        "http-not-modified-star",
        Property::Messages,
        must("9110 §13.1.2"),
        "`*` is any version.",
        |_| told("If-None-Match: *", not_modified()),
    ),
    case(
        "http-not-modified-list",
        Property::Messages,
        must("9110 §13.1.2"),
        "A client may have several versions, and name them all.",
        |_| again(&format!("If-None-Match: \"other\", {TAG}"), not_modified()),
    )
    .usually("Usually the field is compared as a whole."),
    case(
        "http-not-modified-weak",
        Property::Messages,
        must("9110 §13.1.2"),
        "For not sending a file again, a tag that is weakly the same will do.",
        |_| again(&format!("If-None-Match: W/{TAG}"), not_modified()),
    )
    .usually(
        "Usually tags are compared byte for byte, and a proxy that compresses has made it weak.",
    ),
    case(
        "http-modified",
        Property::Messages,
        must("9110 §13.1.2"),
        "Who has another version gets this one.",
        |_| told("If-None-Match: \"other\"", whole()),
    ),
    case(
        "http-not-modified-fields",
        Property::Messages,
        must("9110 §15.4.5"),
        "A 304 says which version it is about.",
        |_| {
            let tagged = response(304, vec![any("ETag")], Body::None);
            again(&format!("If-None-Match: {TAG}"), or(OR_ALL, tagged))
        },
    ),
    case(
        "http-not-modified-since",
        Property::Messages,
        should("9110 §13.1.3"),
        "Who has the file as it was on that day has it.",
        |_| again(&format!("If-Modified-Since: {DATE}"), not_modified()),
    ),
    case(
        "http-not-modified-later",
        Property::Messages,
        should("9110 §13.1.3"),
        "Since is a comparison: a later day than the file's will do.",
        |_| told("If-Modified-Since: Fri, 01 Jan 2100 00:00:00 GMT", not_modified()),
    )
    .usually("Usually the date is compared as text with the one that was sent."),
    case(
        "http-modified-since",
        Property::Messages,
        should("9110 §13.1.3"),
        "Who has the file of another day gets it.",
        |_| told(&format!("If-Modified-Since: {LONG_AGO}"), whole()),
    ),
    case(
        "http-date-garbage",
        Property::Messages,
        must("9110 §13.1.3"),
        "What is no date is no condition.",
        |_| told("If-Modified-Since: the day before yesterday", whole()),
    ),
    case(
        "http-date-forms",
        Property::Messages,
        must("9110 §5.6.7"),
        "A date has three forms, of which two are only read.",
        |_| {
            let forms = [LONG_AGO, "Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994"];
            let changed = |form| told(&format!("If-Unmodified-Since: {form}"), failed());
            forms.into_iter().flat_map(changed).collect()
        },
    ),
    case(
        "http-tag-before-date",
        Property::Messages,
        must("9110 §13.1.3"),
        "Of tag and date the tag counts: it says more.",
        |_| again(&format!("If-None-Match: \"other\"\r\nIf-Modified-Since: {DATE}"), whole()),
    )
    .usually("Usually each condition is looked at by itself."),
    case(
        "http-precondition",
        Property::Messages,
        must("9110 §13.1.1"),
        "What is meant for another version is not done.",
        |_| told("If-Match: \"other\"", failed()),
    ),
    case(
        "http-precondition-holds",
        Property::Messages,
        must("9110 §13.1.1"),
        "What is meant for this version is done.",
        |_| {
            let this = again(&format!("If-Match: \"other\", {STRONG}"), whole());
            [told("If-Match: *", whole()), this].concat()
        },
    ),
    case(
        "http-precondition-weak",
        Property::Messages,
        must("9110 §13.1.1"),
        "For doing something to a version, one that is only weakly the same is another.",
        |_| again(&format!("If-Match: W/{TAG}"), failed()),
    ),
    case(
        "http-unmodified-since",
        Property::Messages,
        must("9110 §13.1.4"),
        "A date is a precondition too.",
        |_| {
            let since = again(&format!("If-Unmodified-Since: {DATE}"), whole());
            [since, told(&format!("If-Unmodified-Since: {LONG_AGO}"), failed())].concat()
        },
    ),
    case(
        "http-match-before-date",
        Property::Messages,
        must("9110 §13.1.4"),
        "Where the tag is the same, it does not matter when the file was changed.",
        |_| again(&format!("If-Match: {STRONG}\r\nIf-Unmodified-Since: {LONG_AGO}"), whole()),
    )
    .usually("Usually each condition is looked at by itself."),
    case(
        "http-conditions-not-found",
        Property::Messages,
        must("9110 §13.2.1"),
        "Conditions are about what is there: without them it would be a 404, and with them too.",
        |_| {
            let conditions = ["If-Match: \"other\"", "If-Match: *", "If-None-Match: *"];
            let missing = conditions.map(|condition| {
                let request = file(condition).replace("/digits.txt", "/no/such/file");
                alone(request, 404, &[], Body::Whatever)
            });
            missing.concat()
        },
    ),
    case(
        "http-range",
        Property::Messages,
        should("9110 §14.2"),
        "Who wants a part gets it, and is told by a 206 that it is one.",
        |_| range("bytes=3-5", "bytes 3-5/100", "345"),
    ),
    case(
        "http-range-place",
        Property::Messages,
        must("9110 §15.3.7.1"),
        "A part says which one it is.",
        |_| {
            let part = response(206, vec![field("Content-Range", "bytes 3-5/100")], Body::Any);
            told("Range: bytes=3-5", or(OR_ALL, part))
        },
    ),
    case(
        "http-range-one-byte",
        Property::Messages,
        should("9110 §14.2"),
        "The last byte that is named is a part of the range.",
        |_| range("bytes=0-0", "bytes 0-0/100", "0"),
    )
    .usually(
        "Usually a range of HTTP is taken for one of the language, which ends before its end.",
    ),
    case(
        "http-range-suffix",
        Property::Messages,
        should("9110 §14.2"),
        "`-4` is the last four bytes, and not the first.",
        |_| range("bytes=-4", "bytes 96-99/100", "6789"),
    ),
    case(
        "http-range-open",
        Property::Messages,
        should("9110 §14.2"),
        "Without an end, a range is the rest: how a download goes on.",
        |_| range("bytes=90-", "bytes 90-99/100", "0123456789"),
    ),
    case(
        "http-range-cut",
        Property::Messages,
        should("9110 §14.2"),
        "A range may end behind the file: who asks does not know how long it is.",
        |_| range("bytes=98-1000", "bytes 98-99/100", "89"),
    ),
    case(
        "http-range-suffix-cut",
        Property::Messages,
        should("9110 §14.2"),
        "The last thousand of a hundred bytes are all of them.",
        |_| range("bytes=-1000", "bytes 0-99/100", DIGITS),
    ),
    case(
        "http-ranges",
        Property::Messages,
        ours("9110 §15.3.7.2"),
        "Several parts come in one body, each with a head of its own.",
        |_| {
            let kind = Value::Begins("multipart/byteranges; boundary=");
            let kind = Field { name: "Content-Type", value: kind };
            let none = Field { name: "Content-Range", value: Value::Absent };
            told("Range: bytes=0-1, -2", response(206, vec![kind, none], Body::Any))
        },
    ),
    case(
        "http-ranges-too-many",
        Property::Messages,
        ours("9110 §17.15"),
        "Who asks for the whole a hundred times gets it once.",
        |_| told(&format!("Range: bytes=0-{}", ",0-".repeat(99)), whole()),
    )
    .usually(
        "Usually each range is made into a part: a small request has brought servers down so.",
    ),
    case(
        "http-range-invalid",
        Property::Messages,
        may("9110 §14.2"),
        "A range that ends before it begins is none, and the whole is sent.",
        |_| told("Range: bytes=5-3", or(Also::Refusal, whole())),
    ),
    case(
        "http-range-unit",
        Property::Messages,
        must("9110 §14.2"),
        "Who counts in something that is not known here gets the whole.",
        |_| {
            // The same section has a 416 for a unit that is known and not supported for this file.
            told("Range: lines=3-5", or(Also::These(&[416]), whole()))
        },
    ),
    case(
        "http-range-head",
        Property::Messages,
        must("9110 §14.2"),
        "Only GET has ranges.",
        |_| {
            let head = file("Range: bytes=3-5").replace("GET", "HEAD");
            alone(head, 200, FILE, Body::Withheld)
        },
    ),
    case(
        "http-range-outside",
        Property::Messages,
        should("9110 §14.2"),
        "A range behind the end of the file is a 416.",
        |_| told("Range: bytes=100-", or(OR_ALL, response(416, &[], Body::Whatever))),
    ),
    case(
        "http-range-outside-length",
        Property::Messages,
        should("9110 §15.5.17"),
        "A 416 says how long the file is, so that the next question is a better one.",
        |_| {
            let length = vec![field("Content-Range", "bytes */100")];
            told("Range: bytes=100-", or(OR_ALL, response(416, length, Body::Whatever)))
        },
    ),
    case(
        "http-range-suffix-none",
        Property::Messages,
        should("9110 §14.2"),
        "The last 0 bytes are no part of anything.",
        |_| told("Range: bytes=-0", or(OR_ALL, response(416, &[], Body::Whatever))),
    ),
    case(
        "http-range-overflow",
        Property::Messages,
        must("9110 §14.1.2"),
        "A number that is too large is large, and not what remains of it in 64 bits.",
        |_| {
            // 2^64 and 3.
            let outside = or(OR_ALL, response(416, &[], Body::Whatever));
            told("Range: bytes=18446744073709551619-", or(Also::These(&[200, 400]), outside))
        },
    ),
    case(
        "http-range-not-modified",
        Property::Messages,
        must("9110 §13.2.2"),
        "Whoever has the file does not want a part of it: conditions come before ranges.",
        |_| again(&format!("If-None-Match: {TAG}\r\nRange: bytes=3-5"), not_modified()),
    ),
    case(
        "http-if-range",
        Property::Messages,
        should("9110 §13.1.5"),
        "A download goes on if the file is still the same.",
        |_| {
            let part = response(206, vec![field("Content-Range", "bytes 3-5/100")], text("345"));
            again(&format!("Range: bytes=3-5\r\nIf-Range: {TAG}"), or(OR_ALL, part))
        },
    ),
    case(
        "http-if-range-other",
        Property::Messages,
        must("9110 §13.1.5"),
        "If it is not, all of it comes: two halves of two files are no file.",
        |_| told("Range: bytes=3-5\r\nIf-Range: \"other\"", whole()),
    )
    .usually("Usually `If-Range` is not known, and whoever goes on puts two versions together."),
    case(
        "http-if-range-weak",
        Property::Messages,
        must("9110 §13.1.5"),
        "Versions that are weakly the same may differ in each byte.",
        |_| again(&format!("Range: bytes=3-5\r\nIf-Range: W/{TAG}"), whole()),
    ),
    case(
        "http-if-range-date",
        Property::Messages,
        must("9110 §13.1.5"),
        "Here a date must be exactly that of the file.",
        |_| told("Range: bytes=3-5\r\nIf-Range: Fri, 01 Jan 2100 00:00:00 GMT", whole()),
    )
    .usually("Usually it is compared as in `If-Unmodified-Since`: not later will do."),
];

/// Asks for the file, with this field.
fn file(field: &str) -> String {
    format!("GET /digits.txt HTTP/1.1\r\nHost: test\r\n{field}\r\n\r\n")
}

/// The field is there.
fn any(name: &'static str) -> Field {
    Field { name, value: Value::Any }
}

/// If the field is there, it is a date.
fn date(name: &'static str) -> Field {
    Field { name, value: Value::Date }
}

fn whole() -> Response {
    response(200, FILE, text(DIGITS))
}

fn not_modified() -> Response {
    response(304, &[], Body::None)
}

/// A precondition has failed. To say so by a 412 is allowed and not demanded.
fn failed() -> Response {
    or(Also::Refusal, response(412, &[], Body::Whatever))
}

/// A client comes, asks for the file with this field, and leaves.
fn told(field: &str, response: Response) -> Script {
    [connect(A), send(A, file(field)), expect(A, response), leave(A)].concat()
}

/// A client gets the file; then somebody asks for it again, who knows what the first was told.
fn again(field: &str, response: Response) -> Script {
    let first = [connect(A), send(A, get("/digits.txt")), expect(A, whole()), leave(A)];
    [first.concat(), told(field, response)].concat()
}

/// This range is this part of the file.
fn range(range: &str, place: &'static str, part: &'static str) -> Script {
    let part = response(206, vec![field("Content-Range", place)], text(part));
    told(&format!("Range: {range}"), or(OR_ALL, part))
}

/// Nothing is at any of these paths, no more than where there is surely no file.
fn nowhere(paths: &[&str]) -> Script {
    let nothing = || or(Also::Refusal, response(404, &[], Body::Whatever));
    let asked = |path: &&str| [connect(A), send(A, get(path)), expect(A, nothing()), leave(A)];
    ["/no/such/file"].iter().chain(paths).flat_map(asked).flatten().collect()
}
