//! Who is caught by the cases of `src/http/framing.rs`.

use super::*;

pub const CONTROLS: &[Control] = &[
    (LooseLengths, "http-length", Broken("status 200")),
    (FirstLength, "http-lengths", Broken("status 200")),
    (LengthAndChunks, "http-length-and-chunks", Broken("status 200")),
    (AnyLastCoding, "http-last-coding", Broken("status 200")),
    (AnyCoding, "http-unknown-coding", Broken("status 200")),
    (OldCoding, "http-old-coding", Broken("status 200")),
    (LooseSizes, "http-chunk-size", Broken("status 200")),
    (WrapsSizes, "http-chunk-size", Broken("status 200")),
    (SkipsChunkEnds, "http-chunk-end", Broken("status 200")),
    (TakesSpaces, "http-bad-trailer", Broken("status 200")),
    (NeedsNoLength, "http-length-required", Broken("status 200")),
    (NoLimit, "http-too-large", Broken("A got nothing")),
    (CountsNoChunks, "http-too-large", Broken("A got nothing")),
    (SlamsTheDoor, "http-refused-upload", Broken("the connection")),
    (BelievesAll, "http-refused-upload", Broken("status 405")),
];
