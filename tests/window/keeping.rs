//! Runs that are kept: the library, its questions, and files that are opened.

use std::fs;

use eframe::egui::{Key, Modifiers};

use super::{SIZE, exporting::export, open, run_and_finish};
use crate::support::{self, folder, path, window::Window};

/// Selects the only run of the library that has this name.
fn select_kept(window: &mut Window, name: &str) {
    window.click("Runs");
    window.click(name);
}

#[test]
fn a_run_is_kept_named_pinned_saved_and_deleted() {
    let Some(mut window) = open() else { return };
    window.click("Runs");
    window.wait_text("No run is kept yet.");
    window.fill("Workers", "2");
    window.fill("Tasks", "6");
    window.click("threads");
    run_and_finish(&mut window);
    let [kept] = &window.kept()[..] else { panic!("one run: {:?}", window.kept()) };
    select_kept(&mut window, "threads × 2, primes, 6 tasks");
    window.wait_text("6 / 6");
    window.click("Rename…");
    window.fill("Run name", "baseline");
    window.fill("Run note", "before the change");
    window.click("Save");
    window.find("baseline");
    window.wait_text("before the change");
    window.click("Pin");
    window.find("baseline, pinned");
    let folder = folder();
    let copy = path(&folder, "copy.pscope");
    export(&mut window, "Save run as…", &copy);
    window.wait_text(&format!("Saved {}", copy.display()));
    assert_eq!(fs::read(&copy).expect("a copy"), fs::read(kept).expect("the run"));
    window.fill("Search runs", "nobody has this");
    window.wait_text("No run passes the search.");
    window.fill("Search runs", "baseline change");
    window.find("baseline, pinned");
    window.click("Delete…");
    window.wait_text("Delete this run?");
    window.click("Cancel");
    assert!(kept.exists());
    window.click("Delete…");
    window.click("Move to trash");
    window.wait_text("Moved ");
    window.wait_text("No run is kept yet.");
    assert!(window.kept().is_empty());
}

#[test]
fn files_are_opened_by_argument_and_by_name_and_compared_with_a_new_run() {
    if open().is_none() {
        return;
    }
    let folder = folder();
    let (first, second) = (path(&folder, "first.pscope"), path(&folder, "second.pscope"));
    for (file, backend) in [(&first, "threads"), (&second, "serial")] {
        let file = file.to_str().expect("UTF-8");
        let args = ["run", "--quiet", "-o", file, "--workload", "square", "--tasks", "9", "--workers"];
        let (code, _, stderr) = support::run(&[&args[..], &["1", "--backend", backend]].concat());
        assert_eq!(code, 0, "{stderr}");
    }
    let mut window = Window::open_with(SIZE, &[&first]);
    window.wait_text("#1 threads × 1, square, 9 tasks · first.pscope");
    window.wait_text("Finished: 9 of 9 tasks ok");
    window.wait_for("its lane", |widget| widget.value.starts_with("worker 0 lane"));
    let csv = path(&folder, "tasks.csv");
    export(&mut window, "Tasks CSV…", &csv);
    window.wait_text(&format!("Saved {}", csv.display()));
    window.key(Key::O, Modifiers::COMMAND);
    window.fill("Path to open", second.to_str().expect("UTF-8"));
    window.click("Open file");
    window.wait_text("#2 serial × 1, square, 9 tasks · second.pscope");
    window.click("Compare");
    window.wait_text("A: threads × 1");
    window.wait_text("B: serial");
    assert!(window.kept().is_empty(), "what was opened from elsewhere stays there");
    window.key(Key::O, Modifiers::COMMAND);
    window.fill("Path to open", csv.to_str().expect("UTF-8"));
    window.click("Open file");
    window.wait_text("is no run of Poolscope");
    window.click("Dismiss");
    window.wait_gone("is no run of Poolscope");
}

#[test]
fn a_run_that_cannot_be_recorded_goes_on_and_the_window_says_why() {
    let Some(mut window) = open() else { return };
    window.click("Runs");
    window.wait_text("No run is kept yet.");
    window.lose_library();
    window.fill("Tasks", "6");
    run_and_finish(&mut window);
    window.wait_text("This run is not recorded: ");
}
