//! Experiments and verdicts in the window.

use eframe::egui::{Key, Modifiers};

use super::{Window, has_display_or_says_so, set_sleepers};

/// With room for everything of an experiment at once.
fn open_wide() -> Option<Window> {
    has_display_or_says_so().then(|| Window::open((2400, 1300)))
}

/// Two rounds without a look at the machine, so that a test takes seconds.
fn set_quick(window: &mut Window) {
    window.click("Experiment");
    for (field, text) in [("Repeats", "2"), ("Warm-up", "0"), ("Calm within", "0")] {
        window.fill(field, text);
    }
}

#[test]
fn one_click_answers_threads_or_processes_and_every_run_can_be_opened() {
    let Some(mut window) = open_wide() else { return };
    set_sleepers(&mut window, "2", "6", 10);
    set_quick(&mut window);
    window.click("Threads or processes?");
    window.wait_text("Finished: 2 variants, 4 runs of sleep, 6 tasks");
    window.wait_text("once ready: ");
    for words in ["threads, round 1: ", "processes, round 2: "] {
        window.wait_text(words);
    }
    // Each run is a file, and so is the experiment.
    let kept = window.experiments();
    assert_eq!(kept.len(), 1, "{kept:?}");
    let runs = std::fs::read_dir(&kept[0]).expect("its folder").flatten();
    let names: Vec<_> = runs.map(|file| file.file_name().to_string_lossy().into_owned()).collect();
    assert_eq!(names.iter().filter(|name| name.ends_with(".pscope")).count(), 4, "{names:?}");
    // The last run is shown already, as it was watched.
    let disc = window.wait_text("processes, round 1: ");
    window.click_at(disc.centre());
    window.wait_for("the run's title with its file", |widget| {
        widget.value.contains("sleep, 6 tasks · 00") && widget.value.ends_with(".pscope")
    });
    window.click("Experiment");
    window.click("Save report");
    window.wait_text("Saved ");
    let page = std::fs::read_to_string(kept[0].join("report.html")).expect("a page");
    assert!(page.contains("processes") && !page.contains("<script"), "{page}");
    window.click("Where the workers' time went");
    window.wait_text("threads, blocked: ");
}

#[test]
fn a_sweep_is_stopped_in_order_and_recommends_from_what_was_measured() {
    let Some(mut window) = open_wide() else { return };
    set_sleepers(&mut window, "2", "8", 20);
    set_quick(&mut window);
    window.fill("Backends", "threads");
    window.fill("Pool sizes", "1,4");
    window.fill("Repeats", "40");
    window.wait_text("2 variants, 80 runs");
    window.click("Start experiment");
    window.wait_text("Recommended for threads: 4 workers");
    assert!(window.find("Run").disabled, "nothing else runs beside an experiment");
    window.click("Stop the experiment");
    window.wait_text("Stopped after ");
    window.wait_for("Run again", |widget| widget.label == "Run" && !widget.disabled);
    window.click("Kept experiments");
    window.wait_text("-sleep-2-variants");
}

/// An experiment of two serial runs as `compare` keeps it, made in a folder of its own.
fn record_experiment(folder: &std::path::Path) -> std::path::PathBuf {
    let args = ["compare", "--keep", "--quiet", "--workload", "noop", "--tasks", "2,3", "--repeats", "1"];
    let rest = ["--warmup", "0", "--calm", "0", "--backend", "serial"];
    let output = std::process::Command::new(env!("CARGO_BIN_EXE_poolscope"))
        .args(args)
        .args(rest)
        .env("XDG_DATA_HOME", folder)
        .output()
        .expect("it runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    // The newest of those that are there.
    let kept = std::fs::read_dir(folder.join("poolscope/experiments")).expect("experiments").flatten();
    kept.map(|kept| kept.path()).max().expect("one")
}

/// The folder of data of the window's person.
fn data(window: &Window) -> std::path::PathBuf {
    window.library().ancestors().nth(2).expect("a folder of data").to_owned()
}

const KEPT: &str = "noop, 2 tasks: tasks 2, tasks 3";

#[test]
fn a_kept_experiment_tells_what_it_was_and_is_opened_and_deleted() {
    let Some(mut window) = crate::open() else { return };
    window.click("Runs");
    window.click("List of experiments");
    window.wait_text("No experiment is kept yet.");
    let folder = record_experiment(&data(&window));
    window.click(KEPT);
    for text in ["2 of 2 runs made; finished", "cores usable", " on disk", "Began "] {
        window.wait_text(text);
    }
    window.wait_text("What was measured says nothing for sure.");
    window.click("Open");
    window.wait_text("Finished: 2 variants, 2 runs of noop");
    window.click("Runs");
    window.click("Delete…");
    window.wait_text("Delete this experiment?");
    window.wait_text("with its 2 runs");
    window.click("Cancel");
    assert!(folder.exists());
    window.click("Delete…");
    window.click("Move to trash");
    window.wait_text("Moved ");
    window.wait_text("No experiment is kept yet.");
    assert!(!folder.exists());
    window.click("Experiment");
    window.wait_text("Press one of the questions");
    window.click("Runs");
    window.click("List of runs");
    window.wait_text("No run is kept yet.");
}

#[test]
fn experiments_give_way_to_the_limit_as_a_whole_and_never_the_one_that_is_open() {
    let Some(mut window) = crate::open() else { return };
    // Two do not fit, and the older one of three is open.
    let kept: Vec<_> = [(), (), ()]
        .iter()
        .map(|()| {
            let folder = record_experiment(&data(&window));
            let run = std::fs::read_dir(&folder).expect("its folder").flatten().map(|file| file.path());
            let run = run.filter(|path| path.extension().is_some_and(|ending| ending == "pscope")).min();
            let file = std::fs::OpenOptions::new().write(true).open(run.expect("a run"));
            file.and_then(|file| file.set_len(45_000_000)).expect("longer");
            // Their names tell seconds.
            std::thread::sleep(std::time::Duration::from_millis(1100));
            folder
        })
        .collect();
    window.key(Key::O, Modifiers::COMMAND);
    window.fill("Path to open", kept[0].join("experiment.pscopex").to_str().expect("UTF-8"));
    window.click("Open file");
    window.wait_text("Finished: 2 variants, 2 runs of noop");
    window.click("Runs");
    window.click("List of experiments");
    window.wait_text("3 experiments · 135 MB");
    window.click("Limit of room");
    window.click("at most 100 MB");
    window.wait_text("the oldest experiment must give way: 45.");
    window.click("Move to trash");
    window.wait_text("Moved the oldest experiment to the trash");
    window.wait_text("2 experiments · 90");
    assert_eq!(kept.iter().map(|folder| folder.exists()).collect::<Vec<_>>(), [true, false, true]);
}

#[test]
fn a_large_experiment_is_read_beside_the_window_and_a_bad_one_is_told_of() {
    if !has_display_or_says_so() {
        return;
    }
    let folder = crate::support::folder();
    let good = record_experiment(folder.path()).join("experiment.pscopex");
    // Blanks behind it mean nothing, and take time to read.
    let mut text = std::fs::read(&good).expect("it is there");
    text.resize(60_000_000, b' ');
    std::fs::write(&good, text).expect("longer");
    let mut window = Window::open_with((1600, 1000), &[&good]);
    window.wait_text("Finished: 2 variants, 2 runs of noop");
    window.wait_gone("Opening ");
    let bad = folder.path().join("bad.pscopex");
    std::fs::write(&bad, "{}").expect("written");
    window.key(Key::O, Modifiers::COMMAND);
    window.fill("Path to open", bad.to_str().expect("UTF-8"));
    window.click("Open file");
    window.wait_text("bad.pscopex: not an experiment of Poolscope");
    window.wait_gone("Opening ");
    window.wait_text("Finished: 2 variants, 2 runs of noop, 2 tasks");
}

#[test]
fn in_a_small_window_what_is_varied_is_at_hand_beside_the_results() {
    if !has_display_or_says_so() {
        return;
    }
    let mut window = Window::open((1024, 640));
    set_sleepers(&mut window, "2", "6", 10);
    window.click("Experiment");
    window.wait_text("2 variants, 12 runs");
    let start = window.find("Start experiment").bounds;
    let repeats = window.find("Repeats").centre();
    window.scroll(repeats, -400.0);
    assert_eq!(window.find("Start experiment").bounds, start, "it scrolls with nothing");
    window.scroll(repeats, 400.0);
    set_quick(&mut window);
    window.click("Start experiment");
    window.wait_text("Finished: 2 variants, 4 runs");
    window.wait_text("backends threads,processes; 2 repeats after 0 warm-up: 2 variants, 4 runs");
    window.wait_gone("Pool sizes");
    window.click("Edit the experiment");
    window.fill("Repeats", "1");
    window.wait_text("2 variants, 2 runs");
    window.click("Start experiment");
    window.wait_text("Finished: 2 variants, 2 runs");
    window.wait_gone("Pool sizes");
}

#[test]
fn an_experiment_begins_with_a_view_of_its_own() {
    let Some(mut window) = open_wide() else { return };
    // Longer than the shortest view of a run that has just begun.
    set_sleepers(&mut window, "2", "40", 10);
    crate::run_and_finish(&mut window);
    let lane = window.wait_text("worker 1 lane").bounds;
    window.wait_text("40 tasks shown");
    window.scroll(eframe::egui::pos2(lane.x1 as f32 + 200.0, lane.y0 as f32 + 4.0), 1200.0);
    window.wait_gone("40 tasks shown");
    set_quick(&mut window);
    window.click("Threads or processes?");
    window.wait_text("Finished: 2 variants, 4 runs");
    window.wait_text("40 tasks shown");
}

#[test]
fn what_cannot_be_varied_says_what_is_allowed() {
    let Some(mut window) = open_wide() else { return };
    window.click("Experiment");
    window.fill("Pool sizes", "0..3");
    window.wait_text("allowed: 1 to 1024");
    assert!(window.find("Start experiment").disabled);
    window.click("Pool sizes");
    window.key(Key::A, Modifiers::COMMAND);
    window.key(Key::Backspace, Modifiers::NONE);
    window.fill("Backends", "threads");
    window.wait_text("give a field several values");
    window.fill("Repeats", "0");
    window.fill("Backends", "threads,gil");
    window.wait_text("allowed: 1 to 1000");
}

#[test]
fn the_verdict_names_the_cause_and_shows_it_in_the_timeline() {
    let Some(mut window) = open_wide() else { return };
    // Two workers and one task that is as long as all others together.
    set_sleepers(&mut window, "2", "12", 20);
    window.click("Lengths");
    window.click("straggler");
    window.fill("Factor", "30");
    window.click("Run");
    window.wait_text("Finished: 12 of 12 tasks ok");
    window.click("Verdict");
    window.wait_text("One long task at the end");
    window.wait_text("all workers, tail: ");
    window.click("Show one long task at the end");
    window.wait_text("In the timeline: tail");
    window.wait_text("task 11");
    // It stands over something, and both ways put it away.
    window.find("Close the chosen task");
    window.key(Key::Escape, Modifiers::NONE);
    window.wait_gone("Chosen task");
    window.click("Show one long task at the end");
    window.wait_text("Chosen task");
    window.click("Close the chosen task");
    window.wait_gone("Chosen task");
    window.click("Show no part in the timeline");
    window.wait_gone("In the timeline: tail");
    window.click("Set up what tests one long task at the end");
    window.wait_text("Set up: ");
    // What changed is marked, with what it was, until it is undone.
    let marked = window.wait_text(", changed: was ");
    window.key(Key::Z, Modifiers::COMMAND);
    window.wait_gone(", changed: was ");
    assert!(!marked.value.is_empty() || !marked.label.is_empty());
    window.key(Key::Z, Modifiers::COMMAND | Modifiers::SHIFT);
    window.wait_text(", changed: was ");
    window.click("Run");
    window.wait_gone(", changed: was ");
}
