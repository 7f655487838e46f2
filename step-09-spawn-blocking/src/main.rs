//! Step 09.
fn main() {}
