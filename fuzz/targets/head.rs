//! The head of a request beside `httparse`. See `oracle::head`.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    if let Err(why) = oracle::head::check(data) {
        panic!("{why}");
    }
});
