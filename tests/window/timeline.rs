//! The timeline's own: choosing, walking, finding, marking, and the way back to a view.

use eframe::egui::{Key, Modifiers, accesskit, pos2};

use super::{
    SIZE, open,
    support::{
        folder, path, run,
        window::{Window, has_display},
    },
};

/// A window with a run of two workers: 40 tasks of 5 ms, of which number 7 fails.
fn with_run() -> Option<(Window, tempfile::TempDir)> {
    if !has_display() {
        drop(open()?);
    }
    let folder = folder();
    let file = path(&folder, "a.pscope");
    let words = "run --backend processes --workers 2 --workload sleep --size 5000000 --tasks 40 --chunk 1 \
                 --fault panic@7 -o";
    let mut args: Vec<&str> = words.split_whitespace().collect();
    args.push(file.to_str().expect("a plain path"));
    let (code, out, error) = run(&args);
    assert_eq!(code, 1, "one task has failed: {out}{error}");
    let mut window = Window::open_with(SIZE, &[&file]);
    window.wait_text("Finished: 39 of 40 tasks ok, 1 failed");
    Some((window, folder))
}

/// Where the lane of a worker is, halfway along the time axis.
fn middle_of_lane(window: &mut Window, worker: u32) -> eframe::egui::Pos2 {
    let y = window.wait_text(&format!("worker {worker} lane")).centre().y;
    let accesskit::Rect { x0, x1, .. } = window.wait_text("Overview of the run").bounds;
    pos2(f64::midpoint(x0, x1) as f32, y)
}

#[test]
fn what_is_looked_for_is_found_and_chosen_again_and_again() {
    let Some((mut window, _folder)) = with_run() else { return };
    window.key(Key::F, Modifiers::COMMAND);
    window.type_text("failed");
    window.key(Key::Enter, Modifiers::NONE);
    window.wait_text("Chosen task");
    window.wait_text("task 7");
    window.click("After");
    window.wait_gone("task 7");
    window.click("Find in the timeline");
    window.key(Key::A, Modifiers::COMMAND);
    window.type_text("12");
    window.key(Key::Enter, Modifiers::NONE);
    window.wait_text("task 12");
}

#[test]
fn a_task_is_chosen_by_a_click_walked_from_by_keys_and_zoomed_to() {
    let Some((mut window, _folder)) = with_run() else { return };
    let whole = window.wait_text("Overview of the run").label;
    let at = middle_of_lane(&mut window, 0);
    window.click_at(at);
    window.wait_text("Chosen task");
    let task_of = |window: &mut Window| {
        let is_task = |text: &str| text.strip_prefix("task ").is_some_and(|n| n.parse::<u32>().is_ok());
        window.wait_for("the chosen task", |widget| is_task(&widget.value)).value
    };
    // What the pointer is over tells of a task too.
    window.hover(pos2(400.0, 2.0));
    let first = task_of(&mut window);
    window.key(Key::ArrowRight, Modifiers::NONE);
    window.wait_gone(&first);
    window.key(Key::ArrowLeft, Modifiers::NONE);
    window.wait_text(&first);
    window.key(Key::ArrowDown, Modifiers::NONE);
    window.wait_text("worker 1, pid ");
    window.click("Zoom to it");
    let zoomed = |widget: &super::support::window::Widget| {
        widget.label.starts_with("Overview of the run") && widget.label != whole
    };
    window.wait_for("a part of the run in view", zoomed);
    window.key(Key::ArrowLeft, Modifiers::ALT);
    window.wait_for("the whole run in view", |widget| widget.label == whole);
    window.key(Key::ArrowRight, Modifiers::ALT);
    window.wait_for("the part again", zoomed);
}

#[test]
fn a_range_is_marked_by_keys_and_told_of() {
    let Some((mut window, _folder)) = with_run() else { return };
    window.key(Key::OpenBracket, Modifiers::NONE);
    window.wait_text("Marked range");
    window.wait_text("39 ok, 1 failed");
    // From the middle on only: fewer.
    let at = middle_of_lane(&mut window, 1);
    window.hover(at);
    window.key(Key::OpenBracket, Modifiers::NONE);
    window.wait_gone("39 ok, 1 failed");
    window.wait_text("workers busy");
}

#[test]
fn the_same_tasks_are_laid_out_by_core_and_by_worker_again() {
    let Some((mut window, _folder)) = with_run() else { return };
    window.wait_text("worker 1 lane");
    window.key(Key::C, Modifiers::NONE);
    window.wait_text("Timeline by core: ");
    let title = window.wait_text("Timeline by core: ").label;
    assert!(title.contains("40 tasks"), "each task tells of its core: {title}");
    window.wait_text("core 0 lane: ");
    window.wait_gone("worker 1 lane");
    // What is found is chosen on its core as well.
    window.key(Key::F, Modifiers::COMMAND);
    window.type_text("12");
    window.key(Key::Enter, Modifiers::NONE);
    window.wait_text("Chosen task");
    window.wait_text("task 12");
    window.key(Key::Escape, Modifiers::NONE);
    window.click("Lanes of workers");
    window.wait_text("worker 1 lane");
    window.wait_gone("core 0 lane");
}

/// Spins until it is dropped.
struct Spinner(std::process::Child);

impl Spinner {
    fn start() -> Self {
        let spin = std::process::Command::new("sh").args(["-c", "while :; do :; done"]).spawn();
        Self(spin.expect("a shell"))
    }
}

impl Drop for Spinner {
    fn drop(&mut self) {
        let _gone_already = self.0.kill();
        let _reaped = self.0.wait();
    }
}

#[test]
fn what_other_programs_do_is_seen_on_the_cores() {
    if !has_display() {
        drop(open());
        return;
    }
    let folder = folder();
    let file = path(&folder, "beside.pscope");
    let spinners: Vec<Spinner> =
        (0..std::thread::available_parallelism().map_or(2, usize::from)).map(|_| Spinner::start()).collect();
    let words = "run --backend threads --workers 1 --workload sleep --size 50000000 --tasks 24 --chunk 1 \
                 --telemetry full -o";
    let mut args: Vec<&str> = words.split_whitespace().collect();
    args.push(file.to_str().expect("a plain path"));
    let (code, out, error) = run(&args);
    drop(spinners);
    assert_eq!(code, 0, "{out}{error}");
    let mut window = Window::open_with(SIZE, &[&file]);
    window.wait_text("Finished: 24 of 24 tasks ok");
    window.key(Key::C, Modifiers::NONE);
    window.wait_text("core 0 lane: ");
    window.wait_text(", other programs had ");
}

/// A window with a run of 20 threads.
fn with_many() -> Option<(Window, tempfile::TempDir)> {
    if !has_display() {
        drop(open()?);
    }
    let folder = folder();
    let file = path(&folder, "many.pscope");
    let words = "run --backend threads --workers 20 --workload sleep --size 2000000 --tasks 80 --chunk 1 \
                 --telemetry basic -o";
    let mut args: Vec<&str> = words.split_whitespace().collect();
    args.push(file.to_str().expect("a plain path"));
    let (code, out, error) = run(&args);
    assert_eq!(code, 0, "{out}{error}");
    let mut window = Window::open_with(SIZE, &[&file]);
    window.wait_text("Finished: 80 of 80 tasks ok");
    Some((window, folder))
}

/// By how its name begins.
fn click_group(window: &mut Window, name: &str) {
    let at = window.wait_text(name).centre();
    window.click_at(at);
}

#[test]
fn groups_of_lanes_are_collapsed_and_opened_by_hand_and_by_what_is_found_in_them() {
    let Some((mut window, _folder)) = with_many() else { return };
    window.wait_text("worker 0 lane");
    click_group(&mut window, "workers 0 to 15, expanded");
    window.wait_text("workers 0 to 15, collapsed, ");
    window.wait_gone("worker 0 lane");
    // The rest has room now.
    window.wait_text("worker 17 lane");
    click_group(&mut window, "workers 0 to 15, collapsed");
    window.wait_text("worker 0 lane");
    click_group(&mut window, "workers 0 to 15, expanded");
    window.wait_gone("worker 0 lane");
    window.key(Key::F, Modifiers::COMMAND);
    window.type_text("worker 3");
    window.key(Key::Enter, Modifiers::NONE);
    window.wait_text("workers 0 to 15, expanded");
    window.wait_text("worker 3 lane");
    // Its telemetry tells of no core, and the window says what to do.
    window.key(Key::Escape, Modifiers::NONE);
    window.click("Lanes of cores");
    window.wait_text("Run it again with telemetry full");
}
