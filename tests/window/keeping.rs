//! Runs that are kept: the library, its questions, and files that are opened.

use std::{fs, time::Duration};

use eframe::egui::{Key, Modifiers};

use super::{SIZE, exporting::export, open, run_and_finish};
use crate::support::{self, folder, path, until, window::Window};

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
    let label = poolscope::record::Label { name: "my proof".to_owned(), ..Default::default() };
    poolscope::record::set_label(&first, &label).expect("it is written");
    let mut window = Window::open_with(SIZE, &[&first]);
    window.wait_text("#1 threads × 1, square, 9 tasks · first.pscope");
    window.click("Use spec");
    window.wait_text("The form holds the spec of run #1");
    assert_eq!(window.find("Tasks").value, "9");
    window.wait_text("Finished: 9 of 9 tasks ok");
    window.wait_for("its lane", |widget| widget.value.starts_with("worker 0 lane"));
    let csv = path(&folder, "tasks.csv");
    export(&mut window, "Tasks CSV…", &csv);
    window.wait_text(&format!("Saved {}", csv.display()));
    let page = path(&folder, "page.html");
    export(&mut window, "Report HTML…", &page);
    window.wait_text(&format!("Saved {}", page.display()));
    assert!(fs::read_to_string(&page).is_ok_and(|page| page.contains("my proof")), "its name is on it");
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

/// Records a run of so many tasks into the window's library, as `run --keep` would.
fn keep_run(window: &Window, name: &str, tasks: &str) -> std::path::PathBuf {
    let file = window.library().join(name);
    let place = file.to_str().expect("UTF-8");
    let args = ["run", "--quiet", "-o", place, "--workload", "square", "--tasks", tasks];
    let (code, _, stderr) = support::run(&[&args[..], &["--backend", "serial"]].concat());
    assert_eq!(code, 0, "{stderr}");
    file
}

#[test]
fn the_list_sees_what_others_keep_and_sorts_by_its_heads() {
    let Some(mut window) = open() else { return };
    window.click("Runs");
    window.wait_text("No run is kept yet.");
    let first = keep_run(&window, "first.pscope", "3");
    window.find("serial × 1, square, 3 tasks");
    keep_run(&window, "second.pscope", "4000");
    window.find("serial × 1, square, 4\u{202f}000 tasks");
    let above = |window: &mut Window| {
        let [few, many] = ["serial × 1, square, 3 tasks", "serial × 1, square, 4\u{202f}000 tasks"]
            .map(|name| window.find(name).bounds.y0);
        few < many
    };
    assert!(!above(&mut window), "the newest first");
    window.click("Sort by size");
    assert!(!above(&mut window), "the largest first");
    window.click("Sort by size");
    until("the smallest is first", Duration::from_secs(20), || above(&mut window).then_some(()));
    fs::write(&first, "nothing").expect("written");
    window.find("first.pscope");
    window.resize(1024, 640);
    window.click("first.pscope");
    window.wait_text("is no run of Poolscope");
}

#[test]
fn a_limit_asks_before_any_run_gives_way() {
    let Some(mut window) = open() else { return };
    for (name, tasks) in [("a.pscope", "3"), ("b.pscope", "4")] {
        let file = keep_run(&window, name, tasks);
        // As if it were so long a run; what stands behind the pages of the file means nothing.
        fs::OpenOptions::new()
            .write(true)
            .open(file)
            .and_then(|file| file.set_len(80_000_000))
            .expect("longer");
    }
    window.click("Runs");
    window.find("serial × 1, square, 4 tasks");
    window.click("Limit of room");
    window.click("at most 100 MB");
    window.wait_text("the oldest run must give way: 80.0 MB");
    window.click("Cancel");
    assert_eq!(window.kept().len(), 2);
    window.click("Limit of room");
    window.click("at most 100 MB");
    window.click("Move to trash");
    window.wait_text("Moved the oldest run to the trash");
    let [left] = &window.kept()[..] else { panic!("one run: {:?}", window.kept()) };
    assert!(left.ends_with("b.pscope"), "{left:?}");
}

#[test]
fn what_is_typed_into_a_question_is_lost_by_no_click_and_saved_by_enter() {
    let Some(mut window) = open() else { return };
    keep_run(&window, "a.pscope", "3");
    select_kept(&mut window, "serial × 1, square, 3 tasks");
    window.click("Rename…");
    window.find("Run name");
    window.type_text("base");
    window.click_at(eframe::egui::pos2(30.0, 300.0));
    window.key(Key::Space, Modifiers::NONE);
    assert_eq!(window.find("Run name").value, "base");
    window.click("Run name");
    window.key(Key::End, Modifiers::NONE);
    window.type_text("line");
    window.key(Key::Enter, Modifiers::NONE);
    window.find("baseline");
    window.wait_gone("Name and note");
    window.click("Note…");
    window.find("Run note");
    window.type_text("before");
    window.key(Key::Enter, Modifiers::NONE);
    window.type_text("after");
    window.key(Key::Enter, Modifiers::COMMAND);
    // In one line, as the list shows it.
    window.wait_text("before after");
    window.wait_gone("Name and note");
    window.click("Rename…");
    window.find("Run name");
    window.key(Key::Escape, Modifiers::NONE);
    window.wait_gone("Name and note");
    assert!(window.find("Stop").disabled, "no key reached the window behind");
}
