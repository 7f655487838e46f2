//! Step 06.
fn main() {}
