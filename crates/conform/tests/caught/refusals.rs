//! Who is caught by the cases of `src/http/refusals.rs`.

use super::*;

pub const CONTROLS: &[Control] = &[
    (BelievesAll, "http-bad-request", Broken("status 200")),
    (AnyHost, "http-host", Broken("status 200")),
    (TakesSpaces, "http-space-before-colon", Broken("status 200")),
    (TakesFolds, "http-folded", Broken("status 200")),
    (TakesControls, "http-control", Broken("status 200")),
    (TakesLf, "http-bare-lf", Broken("status 200")),
    (AnyMethod, "http-method", Broken("status 200")),
    (AnyVersion, "http-version", Broken("status 200")),
    (LongLines, "http-long-target", Broken("status 431")),
    (ShortLines, "http-long-target", Broken("status 414")),
    (ManyFields, "http-many-fields", Broken("status 200")),
    (AnyExpectation, "http-expectation", Broken("status 200")),
    (NoLimit, "http-large-head", Broken("status 200")),
    (SlamsTheDoor, "http-large-head", Broken("the connection")),
    (OneRead, "http-large-head", HungUp),
];
