//! Step 08.
fn main() {}
