//! Frames beside a model. See `oracle::frames`.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    if let Err(why) = oracle::frames::check(data) {
        panic!("{why}");
    }
});
