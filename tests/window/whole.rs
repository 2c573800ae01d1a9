//! The window as a whole: keys, errors, names, what it costs and what it leaves behind.

use std::{
    fs,
    time::{Duration, Instant},
};

use eframe::egui::{Key, Modifiers, accesskit::Role};

use super::{open, run_and_finish, set_sleepers};
use crate::support::{self, assert_nothing_left, folder, path, window::Window};

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

pub(super) const CONTROLS: [Role; 7] = [
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
