#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| poolscope::engine::fuzz::hear(data));
