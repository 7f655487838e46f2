//! The steps, in order. Generated from their manifests by `cargo xtask tidy --write`.

use super::Step;

#[rustfmt::skip]
pub const STEPS: &[Step] = &[
    Step {
        name: "step-01-sequential",
        previous: None,
        idea: "one client, one read, one answer",
        waits: "the one thread: one read, one answer, close",
        state: "its stack, for an instant",
        wrong: "one read is not one message, and the next client waits",
    },
    Step {
        name: "step-02-stateful",
        previous: Some("step-01-sequential"),
        idea: "a conversation with a memory",
        waits: "the one thread, for one client, as long as it talks",
        state: "a `Session`",
        wrong: "a silent client stops the world",
    },
    Step {
        name: "step-03-threads",
        previous: Some("step-02-stateful"),
        idea: "a thread per client",
        waits: "a thread per client",
        state: "each thread's stack",
        wrong: "ten thousand clients are ten thousand threads",
    },
    Step {
        name: "step-04-threadpool",
        previous: Some("step-03-threads"),
        idea: "a fixed number of workers",
        waits: "N workers, behind a bounded queue",
        state: "the workers' stacks",
        wrong: "N silent clients starve everyone else",
    },
    Step {
        name: "step-05-nonblocking",
        previous: Some("step-02-stateful"),
        idea: "one thread for all sockets at once",
        waits: "one thread, for all sockets at once",
        state: "a map from token to connection",
        wrong: "one computation stops the world",
    },
    Step {
        name: "step-06-separation",
        previous: Some("step-05-nonblocking"),
        idea: "the loop waits, workers compute",
        waits: "the loop; workers only compute",
        state: "the connection, which moves to the worker and back",
        wrong: "the control flow is inside out",
    },
    Step {
        name: "step-07-async-handler",
        previous: Some("step-05-nonblocking"),
        idea: "an async fn on an executor of our own",
        waits: "an executor and a reactor written here",
        state: "the future",
        wrong: "no timers, one thread, no ecosystem",
    },
    Step {
        name: "step-08-tokio",
        previous: Some("step-07-async-handler"),
        idea: "the same handler on Tokio",
        waits: "Tokio, on the current thread",
        state: "Tokio's task",
        wrong: "a computation stops the world again",
    },
    Step {
        name: "step-09-spawn-blocking",
        previous: Some("step-08-tokio"),
        idea: "work that blocks goes elsewhere",
        waits: "Tokio; a pool of its own computes",
        state: "Tokio's task",
        wrong: "one core does all the waiting",
    },
    Step {
        name: "step-10-multithread",
        previous: Some("step-09-spawn-blocking"),
        idea: "a runtime on every core",
        waits: "Tokio's work-stealing runtime",
        state: "tasks that migrate between threads",
        wrong: "a crash takes everyone along",
    },
];
