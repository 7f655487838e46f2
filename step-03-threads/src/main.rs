//! Step 03.
fn main() {}
