//! Who is caught by the cases of `src/http/messages.rs`.

use super::*;

pub const CONTROLS: &[Control] = &[
    (EverythingFound, "http-page", Broken("Content-Type is not")),
    (LongPlain, "http-plain", Broken("Content-Length is not `13`")),
    (WrongLength, "http-page", Broken("A got only")),
    (HeadHasBody, "http-head", Broken("which is no response")),
    (EverythingFound, "http-not-found", Broken("status 200")),
    (AllComposite, "http-prime", Broken("body \"composite")),
    (NoAllow, "http-not-allowed", Broken("Allow is not")),
    (EverythingFound, "http-not-allowed", Broken("status 200")),
    (NoOptions, "http-options", Broken("status 404")),
    (OnlyPaths, "http-absolute", Broken("status 400")),
    (MindsEmptyLines, "http-empty-line", Broken("status 400")),
];
