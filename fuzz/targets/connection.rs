//! An HTTP connection beside naive readers of what is asked and what is said. See
//! `oracle::connection`.

#![no_main]

use oracle::connection::{check, ignore_panics_on_purpose, most_held, pass_through};

libfuzzer_sys::fuzz_target!(
    init: ignore_panics_on_purpose(),
    |data: &[u8]| {
        if let Err(why) = check(data) {
            panic!("{why}");
        }
        let held = allocation_counter::measure(|| pass_through(data)).bytes_max;
        let most = most_held(data);
        assert!(held <= most, "{held} bytes are held, {most} may be");
    }
);
