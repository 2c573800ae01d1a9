//! Two runs side by side.

use std::{fs, time::Duration};

use super::{SIZE, open, set_sleepers};
use crate::support::{self, until, window::Window};

#[test]
fn both_backends_run_one_after_the_other_and_are_compared() {
    let Some(mut window) = open() else { return };
    set_sleepers(&mut window, "2", "10", 20);
    window.click("Run both");
    window.wait_text("A: processes × 2");
    window.wait_text("B: threads × 2");
    window.wait_text("Finished: 10 of 10 tasks ok");
    let [cpu, queue] = ["CPU plot of A and B", "Queue plot of A and B"].map(|name| window.find(name));
    assert!(queue.value.starts_with("axes up to 10 tasks and "), "{queue:?}");
    assert!(cpu.bounds.y1 <= queue.bounds.y0, "{cpu:?} {queue:?}");
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
fn two_runs_are_aligned_by_their_first_tasks_also_the_next_time() {
    let Some(mut window) = open() else { return };
    set_sleepers(&mut window, "2", "10", 20);
    window.click("Run both");
    window.wait_text("Finished: 10 of 10 tasks ok");
    window.wait_text("Time axis from start: 0 ns to ");
    window.click("Align by first task");
    // What was before the first task is left of zero.
    window.wait_text("Time axis from first task: −");
    until("it is written", Duration::from_secs(20), || {
        fs::read_to_string(window.memory()).ok().filter(|text| text.contains("first task"))
    });
    let mut window = window.reopen(SIZE);
    set_sleepers(&mut window, "2", "10", 20);
    window.click("Run both");
    window.wait_text("Time axis from first task: −");
    window.click("Align by start");
    window.wait_text("Time axis from start: 0 ns to ");
}

/// Records a run into the window's library under this name, as `run --keep` and *Rename* would.
fn keep(window: &Window, name: &str, backend: &str) {
    let file = window.library().join(format!("{name}.pscope"));
    let place = file.to_str().expect("UTF-8");
    let work = ["run", "--quiet", "-o", place, "--workload", "square", "--tasks", "9", "--workers", "1"];
    let (code, _, stderr) = support::run(&[&work[..], &["--backend", backend]].concat());
    assert_eq!(code, 0, "{stderr}");
    let label = poolscope::record::Label { name: name.to_owned(), ..Default::default() };
    poolscope::record::set_label(&file, &label).expect("it is written");
}

#[test]
fn several_runs_of_the_library_stand_in_one_table_with_a_base_of_choice() {
    let Some(mut window) = open() else { return };
    window.click("Runs");
    window.wait_text("No run is kept yet.");
    for (name, backend) in [("first", "threads"), ("second", "processes"), ("third", "threads")] {
        keep(&window, name, backend);
    }
    window.click("Choose first");
    assert!(window.find("Compare 1 run").disabled, "one is no comparison");
    window.click("Choose second");
    window.click("Choose third");
    window.click("Compare 3 runs");
    window.wait_text("3 runs of the library");
    for text in ["2 repeats", "second", "set: backend", "wall time"] {
        window.wait_text(text);
    }
    let is_base = |window: &mut Window, name: &str| window.find(&format!("Base: {name}")).on;
    assert!(is_base(&mut window, "threads") && !is_base(&mut window, "processes"));
    window.click("Base: processes");
    window.wait_for("another base", |widget| widget.label == "Base: processes" && widget.on);
    window.click("Close table");
    window.wait_text("Two runs are compared here.");
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
