//! The real window, driven by the labels of its widgets. Without a display these tests say that they were skipped; where
//! `POOLSCOPE_REQUIRE_WINDOW` is set, a missing display fails them.
#![cfg(feature = "gui")]

mod comparing;
mod experiments;
mod exporting;
mod form;
mod keeping;
mod lessons;
mod looks;
mod panels;
mod pictures;
mod replaying;
mod running;
#[path = "../support/mod.rs"]
mod support;
mod timeline;
mod whole;

use std::io::Write as _;

use support::window::{Window, has_display};

const SIZE: (u32, u32) = (1280, 800);

/// Opens the window, or says that there is none and gives `None`.
fn open() -> Option<Window> {
    has_display_or_says_so().then(|| Window::open(SIZE))
}

fn has_display_or_says_so() -> bool {
    let has = has_display();
    if !has {
        // Past the test runner, which hides what passing tests print.
        writeln!(std::io::stderr(), "skipped: there is no display for a window").expect("stderr");
    }
    has
}

/// A pool of so many sleepers, one task a chunk.
fn set_sleepers(window: &mut Window, workers: &str, tasks: &str, millis: u64) {
    window.fill("Workers", workers);
    window.click("Workload");
    window.click("sleep");
    window.fill("Size", &(millis * 1_000_000).to_string());
    window.fill("Tasks", tasks);
    window.fill("Chunk", "1");
}

fn run_and_finish(window: &mut Window) {
    window.click("Run");
    window.wait_text("Finished: ");
}
