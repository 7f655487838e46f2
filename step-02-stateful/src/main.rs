//! Step 02.
fn main() {}
