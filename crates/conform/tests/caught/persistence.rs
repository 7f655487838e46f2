//! Who is caught by the cases of `src/http/persistence.rs`.

use super::*;

pub const CONTROLS: &[Control] = &[
    (Reverses, "http-pipelined", Broken("body \"composite")),
    (FirstOnly, "http-pipelined", Broken("A got nothing")),
    (NeverCloses, "http-close", Broken("Connection is not `close`")),
    (NeverCloses, "http-old", Broken("Connection is not `close`")),
    (SaysClose, "http-close", Broken("does not end the connection of A")),
    (ForgetsKeepAlive, "http-old-keep-alive", Broken("Connection is not `keep-alive`")),
    (LeavesAtEnd, "http-half-close", Broken("and then the connection ended (closed)")),
    (OneRead, "http-keep-alive", HungUp),
];
