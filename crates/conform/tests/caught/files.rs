//! Who is caught by the cases of `src/http/files.rs`.

use super::*;

pub const CONTROLS: &[Control] = &[
    (EverythingFound, "http-file", Broken("Content-Type is not")),
    (WayOut, "http-no-way-out", Broken("status 200")),
    (DeletesFiles, "http-file-methods", Broken("status 200")),
    (NeverUnmodified, "http-not-modified", Broken("status 200")),
    (BodyWith304, "http-not-modified", Broken("which is no response")),
    (IgnoresIfMatch, "http-precondition", Broken("status 200")),
    (NoRanges, "http-range", Broken("status 200")),
    (LongRanges, "http-range", Broken("Content-Range is not")),
    (AnyRange, "http-range-outside", Broken("status 200")),
    (AnyUnit, "http-range-ignored", Broken("status 206")),
];
