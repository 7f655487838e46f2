//! Step 05.
fn main() {}
