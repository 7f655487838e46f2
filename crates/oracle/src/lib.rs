//! What must hold of the protocols, whatever a client sends.
//!
//! An oracle is a function of any bytes: it gives them to a protocol, and compares what comes of
//! it with what another says that was written independently: a model, or another parser.
//!
//! | oracle | asks | and compares it with |
//! |---|---|---|
//! | [`head`] | `http_lite::parse` | `httparse`, and why we are stricter |
//! | [`connection`] | an HTTP connection with an application | itself in other pieces; a naive reader of requests, and one of responses |
//! | [`frames`] | `Frames` | a model that looks at the whole input at once |
//!
//! Three things use them. `cargo xtask fuzz` lets libFuzzer think of inputs. `tests/corpus.rs` repeats
//! those in `fuzz/corpus`, with a plain `cargo test`. And `tests/controls.rs` shows that they would
//! find something: each is aimed at protocols with a fault, and must notice.
//!
//! `tests/servers` compares in another way: nginx and HAProxy get the same requests as `http-lite`,
//! and what they do is in `crates/http-lite/DIFFERENCES.md`.

pub mod connection;
pub mod frames;
pub mod head;
mod talk;
