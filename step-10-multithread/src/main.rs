//! Step 10.
fn main() {}
