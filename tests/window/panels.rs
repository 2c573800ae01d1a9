//! The window's commands and panels, driven as by somebody who has no pointer, or who arranges the window.

use std::{fs, time::Duration};

use eframe::egui::{Key, Modifiers};

use super::{
    SIZE, open,
    support::{self, folder, path, until, window::Window},
};

fn has(window: &mut Window, label: &str) -> bool {
    window.widgets().iter().any(|widget| widget.label == label)
}

/// Finds a command by these words and does it, by keys alone.
fn command(window: &mut Window, words: &str, name: &str) {
    window.key(Key::P, Modifiers::COMMAND);
    window.find("Search commands");
    window.type_text(words);
    window.find(name);
    window.key(Key::Enter, Modifiers::NONE);
    window.wait_gone("Search commands");
}

/// Writes what is in the focus anew.
fn retype(window: &mut Window, text: &str) {
    window.key(Key::A, Modifiers::COMMAND);
    window.type_text(text);
}

#[test]
fn a_preset_is_run_and_exported_by_keys_alone() {
    let Some(mut window) = open() else { return };
    let folder = folder();
    command(&mut window, "map square", "Preset: Pool(4).map square");
    window.wait_for("the preset", |widget| widget.label == "Tasks" && widget.value == "9");
    command(&mut window, "run", "Run both and compare");
    window.wait_text("Finished: 9 of 9 tasks ok");
    command(&mut window, "json exp", "Export Run JSON…");
    window.find("Path");
    let file = path(&folder, "run.json");
    retype(&mut window, file.to_str().expect("UTF-8"));
    window.key(Key::Enter, Modifiers::NONE);
    window.wait_text(&format!("Saved {}", file.display()));
    let run: serde_json::Value = serde_json::from_slice(&fs::read(&file).expect("the run")).expect("JSON");
    support::assert_oracle(&run);
    assert_eq!(run["tasks"]["ok"], 9);
    // Whoever does not find what to do gets out again.
    window.key(Key::P, Modifiers::COMMAND);
    window.find("Search commands");
    window.type_text("no such command");
    window.wait_text("No command has these words.");
    window.key(Key::Enter, Modifiers::NONE);
    window.key(Key::Escape, Modifiers::NONE);
    window.wait_gone("Search commands");
}

#[test]
fn the_arrows_choose_and_what_cannot_be_done_is_not() {
    let Some(mut window) = open() else { return };
    window.key(Key::P, Modifiers::COMMAND);
    window.find("Search commands");
    window.type_text("theme");
    for key in [Key::ArrowDown, Key::ArrowDown, Key::ArrowUp] {
        window.key(key, Modifiers::NONE);
    }
    window.key(Key::Enter, Modifiers::NONE);
    window.wait_gone("Search commands");
    window.key(Key::P, Modifiers::COMMAND);
    window.find("Search commands");
    window.type_text("stop");
    window.key(Key::Enter, Modifiers::NONE);
    std::thread::sleep(Duration::from_millis(300));
    assert!(has(&mut window, "Search commands"), "nothing goes that could be stopped");
}

#[test]
fn the_copied_line_runs_the_same_in_a_terminal() {
    let Some(mut window) = open() else { return };
    window.click("one straggler");
    window.fill("Tasks", "12");
    window.fill("Size", "1000000");
    window.key(Key::Escape, Modifiers::NONE);
    window.click("Copy as command line");
    let said = window.wait_text("Copied poolscope run ");
    let text = if said.label.is_empty() { said.value } else { said.label };
    let line = text.strip_prefix("Copied poolscope run ").expect("the line").to_owned();
    assert!(line.contains("--lengths straggler:20") && !line.contains("--seed"), "{line}");
    let (code, run) = support::run_json(&line.split(' ').collect::<Vec<_>>());
    assert_eq!((code, &run["tasks"]["ok"]), (0, &12.into()), "{line}");
    window.click("Run");
    window.wait_text("Finished: 12 of 12 tasks ok");
    let [kept] = &window.kept()[..] else { panic!("one run") };
    let (_, shown, _) = support::run(&["show", kept.to_str().expect("UTF-8"), "--json"]);
    let shown: serde_json::Value = serde_json::from_str(&shown).expect("JSON");
    assert_eq!(shown["spec"], run["spec"]);
}

#[test]
fn edits_are_undone_and_redone_and_what_was_run_is_recalled() {
    let Some(mut window) = open() else { return };
    let wait_tasks = |window: &mut Window, tasks: &str| {
        window.wait_for(tasks, |widget| widget.label == "Tasks" && widget.value == tasks);
    };
    window.fill("Tasks", "7");
    window.click("threads");
    window.click("Run");
    window.wait_text("Finished: 7 of 7 tasks ok");
    command(&mut window, "preset one process", "Preset: one process");
    wait_tasks(&mut window, "1");
    window.key(Key::Z, Modifiers::COMMAND);
    wait_tasks(&mut window, "7");
    window.key(Key::Z, Modifiers::COMMAND);
    window.key(Key::Z, Modifiers::COMMAND);
    wait_tasks(&mut window, "64");
    for _ in 0..3 {
        window.key(Key::Z, Modifiers { shift: true, ..Modifiers::COMMAND });
    }
    wait_tasks(&mut window, "1");
    until("it is written", Duration::from_secs(10), || {
        fs::read_to_string(window.memory()).ok().filter(|text| text.contains("threads"))
    });
    let mut window = window.reopen(SIZE);
    wait_tasks(&mut window, "64");
    window.click("Recent");
    let first = window.wait_for("the run", |widget| widget.label.starts_with("1. threads"));
    window.click(&first.label);
    wait_tasks(&mut window, "7");
}

#[test]
fn a_panel_is_closed_and_opened_and_the_next_window_knows() {
    let Some(mut window) = open() else { return };
    window.click("one process");
    window.click("Run");
    window.wait_text("Finished: 1 of 1 tasks ok");
    window.find("Queue plot");
    window.click("Close Queue");
    window.wait_gone("Queue plot");
    command(&mut window, "close log", "Close the panel Log");
    until("the tab is gone", Duration::from_secs(10), || (!has(&mut window, "Log")).then_some(()));
    window.click("View");
    window.click("Queue panel");
    window.find("Queue plot");
    window.key(Key::Escape, Modifiers::NONE);
    window.key(Key::B, Modifiers::COMMAND);
    window.wait_gone("Telemetry");
    until("it is written", Duration::from_secs(10), || {
        let text = fs::read_to_string(window.memory()).ok()?;
        (text.contains("\"closed\":[\"log\"]") && text.contains("\"setup\":false")).then_some(())
    });
    let mut window = window.reopen(SIZE);
    window.find("Workers table");
    assert!(!has(&mut window, "Log") && !has(&mut window, "Telemetry"));
    command(&mut window, "reset layout", "Reset layout");
    window.find("Log");
    window.find("Telemetry");
}

#[test]
fn of_two_windows_neither_undoes_what_was_changed_in_the_other() {
    let Some(mut first) = open() else { return };
    let mut second = first.open_beside(SIZE);
    let remembers = |window: &Window, text: &str| {
        until(&format!("{text} is written"), Duration::from_secs(20), || {
            fs::read_to_string(window.memory()).ok().filter(|memory| memory.contains(text))
        })
    };
    first.click("Light theme");
    first.click("one process");
    first.click("Run");
    first.wait_text("Finished: 1 of 1 tasks ok");
    remembers(&first, "\"theme\":\"light\"");
    command(&mut second, "close log", "Close the panel Log");
    let memory = remembers(&second, "\"closed\":[\"log\"]");
    assert!(memory.contains("\"theme\":\"light\""), "{memory}");
    drop(first);
    let mut third = second.reopen(SIZE);
    third.wait_for("the theme", |widget| widget.label == "Light theme" && widget.on);
    assert!(!has(&mut third, "Log"));
    third.click("Recent");
    third.wait_for("the run", |widget| widget.label.starts_with("1. processes"));
}

#[test]
fn a_panel_is_dragged_out_of_its_tabs_and_stays_where_it_was_put() {
    let Some(mut window) = open() else { return };
    window.click("one process");
    window.click("Run");
    window.wait_text("Finished: 1 of 1 tasks ok");
    let before = window.find("CPU per core plot").bounds;
    let tab = window.find("Log").bounds;
    let timeline =
        window.wait_for("the lanes", |widget| widget.label.starts_with("Timeline: 1 worker")).bounds;
    let from = eframe::egui::pos2(tab.x0 as f32 + 8.0, tab.y0 as f32 + 8.0);
    let to = eframe::egui::pos2(timeline.x1 as f32 - 20.0, f64::midpoint(timeline.y0, timeline.y1) as f32);
    window.drag(from, to);
    window.find("Close Log");
    let lanes = window.wait_for("narrower lanes", |widget| {
        widget.label.starts_with("Timeline: 1 worker") && widget.bounds.x1 < timeline.x1 - 100.0
    });
    let plot = window.find("CPU per core plot").bounds;
    assert!((plot.x0 - before.x0).abs() < 0.5 && (plot.x0 - lanes.bounds.x0).abs() < 0.5, "one left edge");
    until("it is written", Duration::from_secs(10), || {
        fs::read_to_string(window.memory()).ok().filter(|text| text.contains("columns"))
    });
    let mut window = window.reopen(SIZE);
    // Nothing was run in this window, and what says so has the place of the plots.
    window.find("Close Log");
    window.find("mandelbrot, 4 processes");
}

#[test]
fn a_file_that_makes_no_sense_is_kept_and_the_window_opens_all_the_same() {
    let Some(window) = open() else { return };
    let (memory, text) = (window.memory(), "{\"layout\": {\"arrangement\": {\"rows\": []}, \"closed\": []}}");
    fs::write(&memory, text).expect("written");
    let mut window = window.reopen(SIZE);
    window.find("Workers table");
    assert_eq!(fs::read_to_string(memory.with_extension("json.old")).expect("kept"), text);
}

/// At the least size that is promised, nothing of the form and of the first page is out of reach.
#[test]
fn everything_can_be_scrolled_to_in_a_small_window() {
    let Some(window) = open() else { return };
    let mut window = window.reopen((1024, 640));
    for (label, over) in [("Telemetry", "Seed"), ("bound by memory", "one process")] {
        until(&format!("{label} is in view"), Duration::from_secs(30), || {
            let anchor = window.find(over).centre();
            let target = window.find(label).centre();
            if target.y < 600.0 && target.y > 40.0 {
                return Some(());
            }
            let pointer = eframe::egui::pos2(anchor.x, 300.0);
            window.scroll(pointer, -200.0);
            None
        });
    }
}
