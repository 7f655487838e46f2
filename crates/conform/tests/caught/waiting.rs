//! Who is caught by the cases of `src/http/waiting.rs`.

use super::*;

pub const CONTROLS: &[Control] = &[
    (OneRead, "http-single-bytes", HungUp),
    (Forgets, "http-single-bytes", Broken("A got")),
    (OneAtATime, "http-silent", Held(2)),
    (OneAtATime, "http-never-reads", Held(1)),
    (Hoards, "http-never-reads", Broken("it keeps them")),
    (OneLoop, "http-computes", Behind),
    (OneLoop, "http-sleeps", Behind),
    (NeverHangsUp, "http-never-leaves", Broken("listens to A for ever")),
    (OneAtATime, "http-never-leaves", Held(1)),
    (DiesOfPanics, "http-panic", Broken("the server has ended")),
    (FourWorkers, "http-more-silent-than-workers", Held(16)),
    (DiesOfClients, "http-reset", Broken("the server has ended")),
    (DiesOfSignal, "http-stop-idle", Broken("signal: 15")),
    (WaitsForClients, "http-stop-silent", Broken("does not end the connection of A")),
    (StopsAtOnce, "http-stop-computing", Broken("A got \"\", and then the connection ended")),
];
