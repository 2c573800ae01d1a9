#![no_main]

use poolscope::analysis::{Observer, RunReport};

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    if let Some(file) = poolscope::record::fuzz::runfile(data) {
        let report = RunReport::new(&file.store, Observer::default());
        serde_json::to_string(&report).expect("it can be told");
    }
});
