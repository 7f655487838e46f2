//! http-lite
