//! The real window, driven by the labels of its widgets. Without a display these tests say that they were skipped; where
//! `POOLSCOPE_REQUIRE_WINDOW` is set, a missing display fails them.
#![cfg(feature = "gui")]

mod support;

use std::{
    fs,
    io::Write as _,
    path::Path,
    time::{Duration, Instant},
};

use eframe::egui::{
    Key, Modifiers,
    accesskit::{self, Role},
};
use support::{
    assert_nothing_left, folder, path, processes, until,
    window::{Window, has_display},
};

const SIZE: (u32, u32) = (1280, 800);

/// Opens the window, or says that there is none and gives `None`.
fn open() -> Option<Window> {
    if !has_display() {
        // Past the test runner, which hides what passing tests print.
        writeln!(std::io::stderr(), "skipped: there is no display for a window").expect("stderr");
        return None;
    }
    Some(Window::open(SIZE))
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

#[test]
fn a_pool_is_set_and_run_and_its_lanes_are_seen_live() {
    let Some(mut window) = open() else { return };
    set_sleepers(&mut window, "4", "120", 150);
    window.click("Run");
    for worker in 0..4 {
        let lane = format!("worker {worker} lane");
        window.wait_for(&lane, |widget| {
            widget.value.starts_with(&lane) && widget.value.contains("running task")
        });
    }
    window.wait_for("four workers at work", |widget| widget.label.starts_with("Timeline: 4 workers"));
    assert_eq!(processes(&window.mark, Some("worker")).len(), 4, "they are real processes");
    window.wait_text("Finished: 120 of 120 tasks ok");
    let progress = window.find("Progress");
    assert_eq!(progress.value.replace('\u{202f}', ""), "120 / 120");
    window.find("CPU per core plot");
    window.find("Queue plot");
}

#[test]
fn a_worker_is_killed_by_its_button_and_replaced() {
    let Some(mut window) = open() else { return };
    set_sleepers(&mut window, "2", "40", 200);
    window.click("Run");
    let before = support::workers(&window.mark, 2);
    window.wait_text("running task");
    window.click("Kill worker 0");
    let after = until("another process took the place", Duration::from_secs(20), || {
        let now = processes(&window.mark, Some("worker"));
        (now.len() == 2 && now != before).then_some(now)
    });
    assert!(after.contains(&before[1]) && !after.contains(&before[0]), "{before:?} {after:?}");
    window.wait_text("Finished: 39 of 40 tasks ok, 1 crashed");
}

#[test]
fn both_backends_run_one_after_the_other_and_are_compared() {
    let Some(mut window) = open() else { return };
    set_sleepers(&mut window, "2", "10", 20);
    window.click("Run both");
    window.wait_text("A: processes × 2");
    window.wait_text("B: threads × 2");
    window.wait_text("Finished: 10 of 10 tasks ok");
    for row in ["wall time", "time until ready", "CPU time", "peak memory", "throughput", "context switches"]
    {
        window.wait_text(row);
    }
    // Which of the two took longer to start is the machine's affair.
    window.wait_for("a difference in words", |widget| {
        [" longer to start", "about the same"].iter().any(|words| widget.value.contains(words))
    });
}

#[test]
fn a_simulation_is_said_to_be_one_before_and_after_it_ran() {
    let Some(mut window) = open() else { return };
    window.click("threads under a GIL");
    window
        .wait_text("Threads that take turns at one lock: a simulation of CPython's global interpreter lock.");
    window.fill("Tasks", "8");
    run_and_finish(&mut window);
    window.wait_text("gil (simulated) × 4, spin, 8 tasks");
    window.click("Log");
    window.wait_text("gil is a simulation of CPython's global interpreter lock");
}

#[test]
fn every_format_is_exported_and_reads_back() {
    let Some(mut window) = open() else { return };
    let folder = folder();
    window.click("Pool(4).map square");
    run_and_finish(&mut window);
    for (format, name) in [
        ("Log…", "run.log"),
        ("Tasks CSV…", "tasks.csv"),
        ("Run JSON…", "run.json"),
        ("Timeline PNG…", "timeline.png"),
        ("Plots PNG…", "plots.png"),
    ] {
        let file = path(&folder, name);
        export(&mut window, format, &file);
        window.wait_text(&format!("Saved {}", file.display()));
    }
    let log = fs::read_to_string(path(&folder, "run.log")).expect("the log");
    assert!(
        log.lines().count() >= 9
            && log.lines().all(|line| line.contains("-INFO-") || line.contains("-DEBUG-")),
        "{log}"
    );
    let mut tasks = csv::Reader::from_path(path(&folder, "tasks.csv")).expect("the table");
    assert_eq!(
        tasks
            .records()
            .filter(|row| row.as_ref().is_ok_and(|row| row.iter().any(|cell| cell == "ok")))
            .count(),
        9
    );
    let run: serde_json::Value =
        serde_json::from_slice(&fs::read(path(&folder, "run.json")).expect("the run")).expect("JSON");
    support::assert_oracle(&run);
    assert_eq!(run["tasks"]["ok"], 9);
    for name in ["timeline.png", "plots.png"] {
        let file = fs::File::open(path(&folder, name)).expect("the picture");
        let mut picture = png::Decoder::new(std::io::BufReader::new(file)).read_info().expect("a PNG");
        let mut pixels = vec![0; picture.output_buffer_size().expect("a size")];
        picture.next_frame(&mut pixels).expect("pixels");
        assert!(picture.info().width > 300 && picture.info().height > 60, "{:?}", picture.info());
        assert!(pixels.iter().any(|byte| *byte != pixels[0]), "{name} shows nothing");
    }
}

fn export(window: &mut Window, format: &str, file: &Path) {
    window.click("Export");
    window.click(format);
    window.fill("Path", file.to_str().expect("UTF-8"));
    window.click("Save");
}

#[test]
fn an_export_that_fails_says_why_and_leaves_the_old_file_whole() {
    let Some(mut window) = open() else { return };
    let folder = folder();
    window.click("one process");
    run_and_finish(&mut window);
    for format in ["Timeline PNG…", "Run JSON…"] {
        let missing = path(&folder, "missing/run");
        export(&mut window, format, &missing);
        window.wait_text(&format!("The export failed: cannot write {}", missing.display()));
        // The window is still there, and so is the path, to be mended.
        assert_eq!(window.find("Path").value, missing.to_str().expect("UTF-8"));
        let mended = path(&folder, if format.starts_with("Run") { "run.json" } else { "timeline.png" });
        window.fill("Path", mended.to_str().expect("UTF-8"));
        window.click("Save");
        window.wait_text(&format!("Saved {}", mended.display()));
        window.wait_gone("The export failed");
        assert!(fs::metadata(&mended).expect("written").len() > 100);
    }
    // An existing file is replaced only when asked to.
    let kept = path(&folder, "kept.json");
    fs::write(&kept, "mine").expect("written");
    export(&mut window, "Run JSON…", &kept);
    window.find("Replace");
    window.click("Cancel");
    assert_eq!(fs::read_to_string(&kept).expect("still there"), "mine");
}

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
fn a_run_that_has_ended_is_played_again() {
    let Some(mut window) = open() else { return };
    set_sleepers(&mut window, "2", "40", 100);
    run_and_finish(&mut window);
    window.click("Replay");
    window.click("Pause replay");
    window.wait_text("Replay at ");
    let progress = window.find("Progress").value;
    assert_ne!(progress, "40 / 40", "not all of it yet");
    // To the very end by the slider, and the run stands as it ended.
    let slider = window.find("Moment of the replay");
    let accesskit::Rect { x1, y0, y1, .. } = slider.bounds;
    window.click_at(eframe::egui::pos2(x1 as f32 - 2.0, f64::midpoint(y0, y1) as f32));
    window.wait_text("Finished: 40 of 40 tasks ok");
    window.click("Play replay");
    window.wait_text("running task");
    window.click("Replay");
    window.wait_gone("Replay at ");
    window.wait_text("Finished: 40 of 40 tasks ok");
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

#[test]
fn an_invalid_field_says_what_is_allowed_and_run_waits() {
    let Some(mut window) = open() else { return };
    window.fill("Workers", "0");
    window.wait_text("1 to 1024");
    assert!(window.find("Run").disabled);
    window.fill("Workers", "2");
    window.wait_for("Run enabled", |widget| widget.label == "Run" && !widget.disabled);
}

/// The hints beside and below fields come and go with what is typed; whoever types must not lose the field by it.
#[test]
fn a_field_keeps_the_focus_while_what_is_typed_turns_valid_and_invalid() {
    let Some(mut window) = open() else { return };
    for (label, text) in [("Seed", "47"), ("Retries", "3"), ("Size", "123"), ("Prefetch", "12")] {
        window.click(label);
        window.key(Key::A, Modifiers::COMMAND);
        window.key(Key::Backspace, Modifiers::NONE);
        for letter in text.chars() {
            window.type_text(&letter.to_string());
        }
        assert_eq!(window.find(label).value, text, "{label}");
    }
}

#[test]
fn the_window_outlives_a_crash_of_its_engine() {
    let Some(mut window) = open() else { return };
    window.click("threads that crash");
    window.click("Run");
    window.wait_text("Lost: the engine died: SIGSEGV");
    window.click("processes");
    window.click("Run");
    window.wait_text("Finished: 63 of 64 tasks ok, 1 crashed");
}

#[test]
fn keys_run_and_stop_and_quitting_asks_first() {
    let Some(mut window) = open() else { return };
    set_sleepers(&mut window, "2", "500", 50);
    // Keys belong to a text field while it has the focus.
    window.key(Key::Escape, Modifiers::NONE);
    window.key(Key::Space, Modifiers::NONE);
    window.wait_text("running task");
    window.key(Key::Q, Modifiers::COMMAND);
    window.wait_text("Stop it and quit?");
    window.click("Keep running");
    window.wait_gone("Stop it and quit?");
    window.key(Key::Space, Modifiers::NONE);
    window.wait_text("Interrupted");
}

#[test]
fn a_run_is_paused_and_resumed() {
    let Some(mut window) = open() else { return };
    set_sleepers(&mut window, "2", "60", 50);
    window.click("Run");
    window.wait_text("running task");
    window.click("Pause");
    window.wait_text("Paused");
    // What runs may end, and then nothing moves.
    std::thread::sleep(Duration::from_millis(500));
    let before = window.find("Progress").value;
    std::thread::sleep(Duration::from_millis(500));
    assert_eq!(window.find("Progress").value, before);
    window.click("Resume");
    window.wait_text("Finished: 60 of 60 tasks ok");
}

#[test]
fn a_running_pool_is_resized_by_buttons_keys_and_typing() {
    let Some(mut window) = open() else { return };
    set_sleepers(&mut window, "2", "900", 100);
    window.click("Run");
    window.wait_text("running task");
    let wait_size = |window: &mut Window, size: u32| {
        let value = format!("Workers now: {size}");
        window.wait_for(&value, |widget| widget.label == "Workers now" && widget.value == value);
    };
    wait_size(&mut window, 2);
    window.click("More workers");
    window.click("More workers");
    wait_size(&mut window, 4);
    for worker in 0..4 {
        let lane = format!("worker {worker} lane");
        window.wait_for(&lane, |widget| {
            widget.value.starts_with(&lane) && widget.value.contains("running task")
        });
    }
    support::workers(&window.mark, 4);
    window.key(Key::Minus, Modifiers::NONE);
    wait_size(&mut window, 3);
    window.click("Fewer workers");
    window.click("Fewer workers");
    wait_size(&mut window, 1);
    assert!(window.find("Fewer workers").disabled, "a pool without workers is none");
    for worker in 1..4 {
        let lane = format!("worker {worker} lane");
        window.wait_for(&lane, |widget| widget.value.starts_with(&lane) && widget.value.ends_with("retired"));
    }
    support::workers(&window.mark, 1);
    assert_eq!(window.find("Workers").value, "2", "the form is for the next run");
    window.click("Workers now");
    window.key(Key::A, Modifiers::COMMAND);
    window.type_text("24");
    window.key(Key::Enter, Modifiers::NONE);
    wait_size(&mut window, 24);
    window.wait_text("Finished: 900 of 900 tasks ok");
    window.wait_text("processes × 2, sleep, 900 tasks, resized 6 times, at last to 24");
    window.click("serial");
    window.click("Run");
    window.wait_text("running task");
    assert!(window.widgets().iter().all(|widget| widget.label != "Workers now"), "one is what serial is");
}

#[test]
fn nothing_outlives_a_killed_window() {
    let Some(mut window) = open() else { return };
    set_sleepers(&mut window, "3", "500", 50);
    window.click("Run");
    support::workers(&window.mark, 3);
    window.kill();
}

/// The bound is very wide: an idle window measured well under 1 % of a core, a repainting one takes half a core.
#[test]
fn an_idle_window_does_nothing() {
    let Some(mut window) = open() else { return };
    window.click("one process");
    run_and_finish(&mut window);
    std::thread::sleep(Duration::from_secs(2));
    let cpu_ticks = |pid: u32| -> u64 {
        let stat = fs::read_to_string(format!("/proc/{pid}/stat")).expect("it lives");
        let fields: Vec<&str> = stat.rsplit(')').next().expect("fields").split_ascii_whitespace().collect();
        fields[11].parse::<u64>().expect("utime") + fields[12].parse::<u64>().expect("stime")
    };
    let (began, before) = (Instant::now(), cpu_ticks(window.pid()));
    std::thread::sleep(Duration::from_secs(3));
    let share = (cpu_ticks(window.pid()) - before) as f64 / 100.0 / began.elapsed().as_secs_f64();
    assert!(share < 0.10, "{:.1} % of a core", share * 100.0);
    let mark = window.mark.clone();
    drop(window);
    assert_nothing_left(&mark);
}

#[test]
fn every_control_has_a_name_for_those_who_do_not_see_it() {
    let Some(mut window) = open() else { return };
    window.click("Pool(4).map square");
    run_and_finish(&mut window);
    for tab in ["Workers table", "Log", "Result", "Compare", "Runs"] {
        window.click(tab);
        let nameless: Vec<_> = window
            .widgets()
            .into_iter()
            .filter(|widget| CONTROLS.contains(&widget.role) && widget.label.trim().is_empty())
            .collect();
        assert!(nameless.is_empty(), "{tab}: {nameless:?}");
    }
}

const CONTROLS: [Role; 7] = [
    Role::Button,
    Role::CheckBox,
    Role::ComboBox,
    Role::RadioButton,
    Role::Slider,
    Role::SpinButton,
    Role::TextInput,
];

#[test]
fn errors_stand_in_their_order_and_are_dismissed_one_by_one() {
    let Some(mut window) = open() else { return };
    let folder = folder();
    let names = ["first.pscope", "second.pscope"];
    for name in names {
        window.key(Key::O, Modifiers::COMMAND);
        window.fill("Path to open", path(&folder, name).to_str().expect("UTF-8"));
        window.click("Open file");
        window.wait_text(name);
    }
    window.wait_text("2 errors, oldest first");
    let [first, second] = names.map(|name| {
        window.wait_for(name, |widget| widget.role == Role::Label && widget.value.contains(name)).bounds.y0
    });
    assert!(first < second, "{first} {second}");
    window.find("Copy error 2");
    window.click("Dismiss");
    window.wait_gone("first.pscope");
    window.wait_text("second.pscope");
    window.click("Dismiss");
    window.wait_gone("second.pscope");
}

#[test]
fn runs_that_are_timed_are_watched_quietly_unless_somebody_wants_to_look() {
    let Some(mut window) = open() else { return };
    window.find("Quiet");
    set_sleepers(&mut window, "2", "30", 200);
    window.click("Run both");
    window.wait_text("Quiet (timing)");
    window.click("Quiet (timing)");
    window.wait_for("as often as before", |widget| widget.label == "Quiet");
    window.click("Stop");
    window.wait_text("Interrupted: ");
    window.find("Quiet");
}

#[test]
fn nothing_in_the_toolbar_moves_when_a_run_starts_and_ends() {
    let Some(mut window) = open() else { return };
    set_sleepers(&mut window, "2", "20", 50);
    run_and_finish(&mut window);
    let places = |window: &mut Window| {
        ["Run", "Stop", "Fewer workers", "More workers", "Progress", "Export", "Log"]
            .map(|label| window.find(label).bounds)
    };
    let before = places(&mut window);
    window.fill("Tasks", "60");
    window.click("Run");
    window.wait_text("running task");
    assert_eq!(places(&mut window), before, "while it runs");
    window.wait_text("Finished: 60 of 60 tasks ok");
    assert_eq!(places(&mut window), before, "after it");
}
