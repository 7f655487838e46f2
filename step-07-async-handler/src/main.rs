//! Step 07.
fn main() {}
