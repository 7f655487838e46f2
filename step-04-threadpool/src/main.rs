//! Step 04.
fn main() {}
