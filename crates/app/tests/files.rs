//! Static files, asked for without a socket. Where the files are is a new directory each time.

#![allow(clippy::unwrap_used, reason = "in a test, that is how it fails")]

use std::fs::{self, File};
use std::io::{Seek, SeekFrom, Write};
use std::path::Path;
use std::time::{Duration, SystemTime};

use proto::{Session, Want};
use tempfile::TempDir;

const TEXT: &str = "The quick brown fox jumps over the lazy dog.\n";

/// A public directory with a few files that have been there for a while, in a directory with
/// another that is not public.
fn public() -> TempDir {
    let place = tempfile::tempdir().unwrap();
    write(place.path(), "secret.txt", "secret");
    for (path, text) in [
        ("fox.txt", TEXT),
        ("about/index.html", "<h1>About</h1>"),
        ("about/pictures/who.svg", "<svg/>"),
        ("about/.hidden", "secret"),
        (".git/config", "secret"),
        ("a b é.TXT", "named"),
        ("%61.txt", "a percent sign"),
        ("empty", ""),
        ("data.json", "{}"),
    ] {
        write(&place.path().join("public"), path, text);
    }
    fs::create_dir(place.path().join("public/bare")).unwrap();
    place
}

fn write(directory: &Path, path: &str, text: &str) {
    let path = directory.join(path);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    let mut file = File::create(&path).unwrap();
    file.write_all(text.as_bytes()).unwrap();
    file.set_modified(an_hour_ago()).unwrap();
}

fn an_hour_ago() -> SystemTime {
    SystemTime::now() - Duration::from_secs(3600)
}

/// What came back.
struct Reply {
    /// The status line and the fields.
    head: String,
    body: Vec<u8>,
}

impl Reply {
    fn status(&self) -> &str {
        self.head.lines().next().unwrap().strip_prefix("HTTP/1.1 ").unwrap()
    }

    fn field(&self, name: &str) -> Option<&str> {
        let is_it = |line: &&str| line.split(':').next().unwrap().eq_ignore_ascii_case(name);
        let line = self.head.lines().skip(1).find(is_it)?;
        Some(line.split_once(':').unwrap().1.trim())
    }

    #[track_caller]
    fn has(&self, name: &str, value: &str) {
        assert_eq!(self.field(name), Some(value), "{}", self.head);
    }

    fn text(&self) -> &str {
        str::from_utf8(&self.body).unwrap()
    }
}

fn session(place: &TempDir) -> Session {
    let public = place.path().join("public");
    let site = app::site(&app::Config { step: "step-04-threadpool", public: &public });
    Session::new(Box::new(http_lite::Connection::new(site)))
}

/// Asks with this method and target, and these further lines.
fn ask(place: &TempDir, what: &str, lines: &[&str]) -> Reply {
    let lines: String = lines.iter().map(|line| format!("{line}\r\n")).collect();
    let request = format!("{what} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n{lines}\r\n");
    let reply = proto::converse(session(place), request.as_bytes(), 1000);
    let end = reply.windows(4).position(|window| window == b"\r\n\r\n").unwrap() + 4;
    let head = String::from_utf8(reply[..end].to_vec()).unwrap();
    Reply { head, body: reply[end..].to_vec() }
}

fn get(place: &TempDir, path: &str) -> Reply {
    ask(place, &format!("GET {path}"), &[])
}

#[test]
fn a_file_is_served_as_it_is() {
    let place = public();
    let reply = get(&place, "/fox.txt");
    assert_eq!((reply.status(), reply.text()), ("200 OK", TEXT));
    reply.has("Content-Type", "text/plain; charset=utf-8");
    reply.has("Content-Length", "45");
    reply.has("Accept-Ranges", "bytes");
    reply.has("X-Content-Type-Options", "nosniff");
    reply.has("Cache-Control", "no-cache");
    let modified = httpdate::parse_http_date(reply.field("Last-Modified").unwrap()).unwrap();
    let off = an_hour_ago().duration_since(modified).unwrap();
    assert!(off < Duration::from_secs(600), "{off:?}");

    let head = ask(&place, "HEAD /fox.txt", &[]);
    assert_eq!((head.status(), head.text()), ("200 OK", ""));
    for name in ["Content-Type", "Content-Length", "ETag", "Last-Modified", "Accept-Ranges"] {
        assert_eq!(head.field(name), reply.field(name), "{name}");
    }
}

#[test]
fn the_name_says_the_type() {
    let place = public();
    for (path, media_type) in [
        ("/about/index.html", "text/html; charset=utf-8"),
        ("/about/", "text/html; charset=utf-8"),
        ("/about/pictures/who.svg", "image/svg+xml"),
        ("/a%20b%20%c3%a9.TXT?query=ignored", "text/plain; charset=utf-8"),
        ("/data.json", "application/json"),
        ("/empty", "application/octet-stream"),
    ] {
        let reply = get(&place, path);
        assert_eq!(reply.status(), "200 OK", "{path}");
        reply.has("Content-Type", media_type);
    }
}

#[test]
fn a_directory_is_its_index_page() {
    let place = public();
    let page = get(&place, "/about/");
    assert_eq!((page.status(), page.text()), ("200 OK", "<h1>About</h1>"));
    page.has("Content-Type", "text/html; charset=utf-8");
    for (path, location) in [("/about", "/about/"), ("/about?a=/b", "/about/?a=/b")] {
        let reply = get(&place, path);
        assert_eq!(reply.status(), "301 Moved Permanently", "{path}");
        reply.has("Location", location);
    }
    for path in ["/bare/", "/fox.txt/", "/about/index.html/", "/about/pictures/", "/nothing/"] {
        assert_eq!(get(&place, path).status(), "404 Not Found", "{path}");
    }
}

#[test]
fn nothing_leads_out_of_the_directory_or_to_what_is_hidden() {
    let place = public();
    let root = place.path().join("public").to_str().unwrap().to_owned();
    let absolute = format!("/{root}/fox.txt");
    for path in [
        "/../secret.txt",
        "/about/../../secret.txt",
        "/about/../fox.txt",
        "/%2e%2e/secret.txt",
        "/.%2E/secret.txt",
        "/%2e%2e%2fsecret.txt",
        "/..%2fsecret.txt",
        "/%252e%252e/secret.txt",
        "/%252e%252e%252fsecret.txt",
        "/..%5csecret.txt",
        "/..\\secret.txt",
        "/%c0%ae%c0%ae/secret.txt",
        "/%uff0e%uff0e/secret.txt",
        "//secret.txt",
        "//etc/passwd",
        "/%2fetc/passwd",
        "/about//index.html",
        &absolute,
        "/fox.txt%00",
        "/fox.txt%00.html",
        "/fox.txt%0d%0aSet-Cookie:%20a=b",
        "/fox.txt.",
        "/fox.txt%20",
        "/fox.txt::$DATA",
        "/C:/secret.txt",
        "/c%3a%5csecret.txt",
        "/NUL",
        "/.git/config",
        "/%2egit/config",
        "/about/.hidden",
        "/.",
        "/about/.",
    ] {
        for path in [path, &format!("{path}?a"), &format!("http://b{path}")] {
            let reply = get(&place, path);
            assert_eq!(reply.status(), "404 Not Found", "{path}: {}", reply.head);
            assert!(!reply.text().contains("secret"), "{path}");
        }
    }
    // Decoded once.
    assert_eq!(get(&place, "/%2561.txt").text(), "a percent sign");
    assert_eq!(get(&place, "/%61.txt").status(), "404 Not Found");
    assert_eq!(get(&place, "/%66ox.txt").text(), TEXT);
}

#[test]
fn a_name_that_no_file_can_have_is_not_found() {
    let place = public();
    let long = "a".repeat(5000);
    for path in [format!("/{long}"), format!("/fox.txt/{long}"), "/a/".repeat(2000)] {
        assert_eq!(get(&place, &path).status(), "404 Not Found");
    }
}

#[test]
fn there_need_not_be_a_directory() {
    let place = tempfile::tempdir().unwrap();
    assert_eq!(get(&place, "/fox.txt").status(), "404 Not Found");
    // And it may come later.
    write(&place.path().join("public"), "fox.txt", TEXT);
    assert_eq!(get(&place, "/fox.txt").status(), "200 OK");
}

#[test]
fn other_methods_are_told_which_there_are() {
    let place = public();
    for method in ["POST", "PUT", "DELETE", "PATCH"] {
        let reply = ask(&place, &format!("{method} /fox.txt"), &["Content-Length: 0"]);
        assert_eq!(reply.status(), "405 Method Not Allowed", "{method}");
        reply.has("Allow", "GET, HEAD, OPTIONS");
        let reply = ask(&place, &format!("{method} /nothing"), &["Content-Length: 0"]);
        assert_eq!(reply.status(), "404 Not Found", "{method}");
    }
    let reply = ask(&place, "OPTIONS /fox.txt", &[]);
    assert_eq!(reply.status(), "204 No Content");
    reply.has("Allow", "GET, HEAD, OPTIONS");
}

#[test]
fn a_client_that_has_it_already_is_told_so() {
    let place = public();
    let first = get(&place, "/fox.txt");
    let (etag, date) = (first.field("ETag").unwrap(), first.field("Last-Modified").unwrap());
    assert!(etag.starts_with('"'), "after an hour it is strong: {etag}");
    for (lines, status) in [
        ([format!("If-None-Match: {etag}")], "304 Not Modified"),
        ([format!("If-None-Match: \"x\", W/{etag}")], "304 Not Modified"),
        ([format!("If-Modified-Since: {date}")], "304 Not Modified"),
        (["If-None-Match: \"x\"".to_owned()], "200 OK"),
        ([format!("If-Match: {etag}")], "200 OK"),
        (["If-Match: \"x\"".to_owned()], "412 Precondition Failed"),
        (
            ["If-Unmodified-Since: Sun, 06 Nov 1994 08:49:37 GMT".to_owned()],
            "412 Precondition Failed",
        ),
    ] {
        for method in ["GET", "HEAD"] {
            let reply =
                ask(&place, &format!("{method} /fox.txt"), &lines.each_ref().map(|l| &l[..]));
            assert_eq!(reply.status(), status, "{method} {lines:?}");
            if status.starts_with("304") {
                // What a 200 would have had for the client's copy (RFC 9110 §15.4.5).
                reply.has("ETag", etag);
                reply.has("Cache-Control", "no-cache");
                assert_eq!(reply.text(), "");
                assert_eq!(reply.field("Content-Length"), None);
            }
        }
    }
    // What is not there has no conditions.
    let reply = ask(&place, "GET /nothing", &["If-Match: \"x\""]);
    assert_eq!(reply.status(), "404 Not Found");
}

#[test]
fn a_file_that_changes_changes_its_tag_and_a_new_one_is_weak() {
    let place = public();
    let old = get(&place, "/fox.txt").field("ETag").unwrap().to_owned();
    fs::write(place.path().join("public/fox.txt"), TEXT.replace("fox", "cat")).unwrap();
    let reply = ask(&place, "GET /fox.txt", &[&format!("If-None-Match: {old}")]);
    assert_eq!(reply.status(), "200 OK");
    let new = reply.field("ETag").unwrap();
    assert!(new.starts_with("W/\"") && new != format!("W/{old}"), "{old} {new}");
    let lines = ["Range: bytes=4-6".to_owned(), format!("If-Range: {new}")];
    let reply = ask(&place, "GET /fox.txt", &lines.each_ref().map(|line| &line[..]));
    assert_eq!(reply.status(), "200 OK", "a weak tag joins no parts");
}

#[test]
fn one_range_is_a_part() {
    let place = public();
    for (range, part, content_range) in [
        ("bytes=4-8", "quick", "bytes 4-8/45"),
        ("bytes=40-", "dog.\n", "bytes 40-44/45"),
        ("bytes=-5", "dog.\n", "bytes 40-44/45"),
        ("bytes=0-99", TEXT, "bytes 0-44/45"),
        ("bytes=99-,4-8", "quick", "bytes 4-8/45"),
    ] {
        let reply = ask(&place, "GET /fox.txt", &[&format!("Range: {range}")]);
        assert_eq!((reply.status(), reply.text()), ("206 Partial Content", part), "{range}");
        reply.has("Content-Range", content_range);
        reply.has("Content-Length", &part.len().to_string());
        reply.has("Content-Type", "text/plain; charset=utf-8");
        assert!(reply.field("ETag").is_some() && reply.field("Last-Modified").is_some());
    }
}

#[test]
fn a_range_that_means_nothing_is_refused_or_ignored() {
    let place = public();
    let reply = ask(&place, "GET /fox.txt", &["Range: bytes=45-"]);
    assert_eq!(reply.status(), "416 Range Not Satisfiable");
    reply.has("Content-Range", "bytes */45");
    for lines in [
        &["Range: lines=1-2"][..],
        &["Range: bytes=8-4"],
        &["Range: bytes=1-2", "Range: bytes=3-4"],
        &["Range: bytes=0-,0-,0-"],
        &["Range: bytes=4-8", "If-Range: \"x\""],
    ] {
        let reply = ask(&place, "GET /fox.txt", lines);
        assert_eq!((reply.status(), reply.text()), ("200 OK", TEXT), "{lines:?}");
        assert_eq!(reply.field("Content-Range"), None);
    }
    let reply = ask(&place, "HEAD /fox.txt", &["Range: bytes=4-8"]);
    assert_eq!(reply.status(), "200 OK", "ranges are for GET (RFC 9110 §14.2)");
    reply.has("Content-Length", "45");
}

#[test]
fn a_download_goes_on_where_it_stopped() {
    let place = public();
    let first = get(&place, "/fox.txt");
    for name in ["ETag", "Last-Modified"] {
        let lines =
            ["Range: bytes=40-".to_owned(), format!("If-Range: {}", first.field(name).unwrap())];
        let reply = ask(&place, "GET /fox.txt", &lines.each_ref().map(|line| &line[..]));
        assert_eq!((reply.status(), reply.text()), ("206 Partial Content", "dog.\n"), "{name}");
    }
}

#[test]
fn several_ranges_are_a_multipart() {
    let place = public();
    let reply = ask(&place, "GET /fox.txt", &["Range: bytes=4-8, -5, 0-2"]);
    assert_eq!(reply.status(), "206 Partial Content");
    reply.has("Content-Length", &reply.body.len().to_string());
    assert_eq!(reply.field("Content-Range"), None, "each part has its own (RFC 9110 §15.3.7.2)");
    let media_type = reply.field("Content-Type").unwrap();
    let boundary = media_type.strip_prefix("multipart/byteranges; boundary=").unwrap();
    let part = |range, text| {
        format!(
            "--{boundary}\r\nContent-Type: text/plain; charset=utf-8\r\n\
             Content-Range: bytes {range}/45\r\n\r\n{text}\r\n"
        )
    };
    let expected = [part("4-8", "quick"), part("40-44", "dog.\n"), part("0-2", "The")].concat();
    assert_eq!(reply.text(), format!("{expected}--{boundary}--\r\n"));
    let other = ask(&place, "GET /fox.txt", &["Range: bytes=4-8, -5, 0-2"]);
    assert_ne!(other.field("Content-Type"), Some(media_type), "nobody can guess it");
}

#[test]
fn an_empty_file_is_whole() {
    let place = public();
    let reply = get(&place, "/empty");
    assert_eq!((reply.status(), reply.text()), ("200 OK", ""));
    reply.has("Content-Length", "0");
    assert_eq!(ask(&place, "GET /empty", &["Range: bytes=-1"]).status(), "200 OK");
    assert_eq!(
        ask(&place, "GET /empty", &["Range: bytes=0-"]).status(),
        "416 Range Not Satisfiable"
    );
}

#[cfg(unix)]
#[test]
fn links_are_followed_while_they_stay_inside() {
    use std::os::unix::fs::symlink;
    let place = public();
    let public = place.path().join("public");
    symlink("fox.txt", public.join("inside.txt")).unwrap();
    symlink("../public/about", public.join("back")).unwrap();
    symlink("../secret.txt", public.join("outside.txt")).unwrap();
    symlink("..", public.join("up")).unwrap();
    symlink("/", public.join("everything")).unwrap();
    symlink(".git/config", public.join("config.txt")).unwrap();
    symlink("nowhere", public.join("broken.txt")).unwrap();
    symlink("outside.txt", public.join("about/pictures/index.html")).unwrap();
    symlink("fox.txt", public.join("inside.css")).unwrap();
    assert_eq!(get(&place, "/inside.txt").text(), TEXT);
    get(&place, "/inside.css").has("Content-Type", "text/css; charset=utf-8");
    assert_eq!(get(&place, "/back/").text(), "<h1>About</h1>");
    for path in [
        "/outside.txt",
        "/up/secret.txt",
        "/up/public/../secret.txt",
        "/everything/etc/passwd",
        "/config.txt",
        "/broken.txt",
        "/about/pictures/",
    ] {
        let reply = get(&place, path);
        assert_eq!(reply.status(), "404 Not Found", "{path}");
    }
    // The directory itself may be one.
    fs::rename(&public, place.path().join("version-1")).unwrap();
    symlink("version-1", &public).unwrap();
    assert_eq!(get(&place, "/fox.txt").text(), TEXT);
    assert_eq!(get(&place, "/outside.txt").status(), "404 Not Found");
}

#[cfg(unix)]
#[test]
fn what_is_no_file_is_not_opened() {
    use std::os::unix::net::UnixListener;
    let place = public();
    let public = place.path().join("public");
    let fifo = public.join("fifo");
    let made = std::process::Command::new("mkfifo").arg(&fifo).status().unwrap();
    assert!(made.success());
    let _listener = UnixListener::bind(public.join("socket")).unwrap();
    // Nobody writes to the FIFO: to read from it, or only to open it, would wait for ever.
    for path in ["/fifo", "/socket"] {
        assert_eq!(get(&place, path).status(), "404 Not Found", "{path}");
    }
}

/// Holds a conversation without keeping what is said: how many bytes that was, the longest
/// write, and how it began.
fn measure(place: &TempDir, request: &str, mut between: impl FnMut(u64)) -> (u64, usize, String) {
    let mut session = session(place);
    session.received(request.as_bytes());
    session.received(&[]);
    let (mut total, mut longest, mut start) = (0, 0, Vec::new());
    loop {
        match session.want() {
            Want::Read => panic!("the input has ended"),
            Want::Write(bytes) => {
                let n = bytes.len();
                if total == 0 {
                    start.extend_from_slice(&bytes[..n.min(1000)]);
                }
                total += n as u64;
                longest = longest.max(n);
                session.sent(n);
                between(total);
            }
            Want::Run(job) => session.done(job.run()),
            Want::Close => break,
        }
    }
    (total, longest, String::from_utf8_lossy(&start).into_owned())
}

/// The most that may ever wait to be sent: a piece, and a head.
const MOST: usize = 64 * 1024 + 1024;

#[test]
fn a_large_file_needs_little_memory() {
    const LENGTH: u64 = 6 << 30;
    let place = public();
    let path = place.path().join("public/large.bin");
    let mut file = File::create(&path).unwrap();
    file.set_len(LENGTH).unwrap();
    file.seek(SeekFrom::Start(5 << 30)).unwrap();
    file.write_all(b"a needle").unwrap();

    let request = |range: &str| format!("GET /large.bin HTTP/1.1\r\nHost: a\r\n{range}\r\n");
    // From a place that 32 bits cannot count to, to the end: a gigabyte.
    let (total, longest, start) = measure(&place, &request("Range: bytes=5368709120-\r\n"), |_| {});
    assert!(start.starts_with("HTTP/1.1 206 "), "{start}");
    assert!(start.contains("\r\nContent-Range: bytes 5368709120-6442450943/6442450944\r\n"));
    let (head, body) = start.split_once("\r\n\r\n").unwrap();
    assert!(body.starts_with("a needle"), "{body}");
    assert_eq!(total, (1 << 30) + head.len() as u64 + 4);
    assert!(longest <= MOST, "{longest}");

    let (_, longest, start) = measure(&place, &request("Range: bytes=5-6,-70000\r\n"), |_| {});
    assert!(start.contains("multipart/byteranges"), "{start}");
    assert!(longest <= MOST, "{longest}");
}

#[test]
fn a_file_that_shrinks_ends_the_connection_early() {
    let place = public();
    let path = place.path().join("public/shrinks.bin");
    File::create(&path).unwrap().set_len(1 << 20).unwrap();
    let request =
        "GET /shrinks.bin HTTP/1.1\r\nHost: a\r\n\r\nGET /fox.txt HTTP/1.1\r\nHost: a\r\n\r\n";
    let shrink = |total| {
        if total < 100_000 {
            File::options().write(true).open(&path).unwrap().set_len(300_000).unwrap();
        }
    };
    let (total, _, start) = measure(&place, request, shrink);
    assert!(start.contains("\r\nContent-Length: 1048576\r\n"), "{start}");
    // What was read before it was noticed, and nothing after it: no other reply.
    assert!((200_000..=300_000 + 1024).contains(&total), "{total}");
}

#[test]
fn a_file_that_grows_is_sent_as_it_was_announced() {
    let place = public();
    let path = place.path().join("public/grows.bin");
    File::create(&path).unwrap().set_len(100_000).unwrap();
    let grow = |_| File::options().write(true).open(&path).unwrap().set_len(1 << 20).unwrap();
    let (total, _, start) = measure(&place, "GET /grows.bin HTTP/1.1\r\nHost: a\r\n\r\n", grow);
    let (head, _) = start.split_once("\r\n\r\n").unwrap();
    assert_eq!(total, 100_000 + head.len() as u64 + 4);
}
