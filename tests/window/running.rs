//! A pool is set, run, watched, resized, paused and killed.

use std::time::Duration;

use eframe::egui::{Key, Modifiers};

use super::{open, run_and_finish, set_sleepers};
use crate::support::{self, processes, until, window::Window};

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
