//! Step 01.
fn main() {}
