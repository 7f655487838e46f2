//! Who is caught by the cases of `src/http/bodies.rs`.

use super::*;

pub const CONTROLS: &[Control] = &[
    (LosesBytes, "http-echo", Broken("body \"")),
    (MindsExtensions, "http-echo-chunked", Broken("status 400")),
    (MergesTrailers, "http-trailers", Broken("and then the connection ended")),
    (IgnoresBodies, "http-next-request", Broken("body \"")),
    (Forgets, "http-body-slices", Broken("A got")),
    (Forgets, "http-chunk-slices", Broken("A got")),
    (LosesBytes, "http-large-body", Broken("body \"")),
    (NeverContinues, "http-continue", Broken("A got nothing")),
    (AlwaysContinues, "http-continue", Broken("status 100")),
];
