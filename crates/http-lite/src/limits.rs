//! Every limit of this crate, and the status that a request over it gets.
//!
//! What a connection holds of a request is at most [`MAX_HEAD`], [`MAX_BODY`], one read, and of
//! chunks a line that has not ended ([`MAX_CHUNK_EXTENSIONS`], [`MAX_TRAILERS`]): in vectors that
//! grow by doubling, so with room for twice as much.

/// The longest request line, with its CRLF: over it, 414.
///
/// 8 KiB: RFC 9112 §3 asks for at least 8,000 bytes, and Apache stops at 8,190. So the longest
/// target of a `GET` has 8,177 bytes.
pub const MAX_REQUEST_LINE: usize = 8 * 1024;

/// The longest head, to the empty line that ends it and with any that came before it: over it, 431.
///
/// 16 KiB, as in HAProxy: a browser sends 1 KiB or so, and cookies may add 4 KiB or two.
pub const MAX_HEAD: usize = 16 * 1024;

/// The most fields in a head: over it, 431.
///
/// 100, as in hyper (HAProxy: 101): a browser sends about 15, and proxies add a few.
pub const MAX_FIELDS: usize = 100;

/// The longest body: over it, 413.
///
/// 1 MiB, nginx's default. Nothing is reserved for a length that was only declared.
pub const MAX_BODY: u64 = 1024 * 1024;

/// The most bytes of extensions in all chunks of a body: over it, 400.
///
/// 16 KiB, as in Go: nobody uses them, except to make a server read without an end
/// (CVE-2023-39326).
pub const MAX_CHUNK_EXTENSIONS: usize = 16 * 1024;

/// The most bytes of trailers after a chunked body, with the empty line that ends them: over it, 431.
///
/// 16 KiB: as much as the fields of the head.
pub const MAX_TRAILERS: usize = 16 * 1024;
