//! A run that has ended, played again.

use eframe::egui::{Key, Modifiers, accesskit};

use super::{open, run_and_finish, set_sleepers};

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
fn space_plays_and_pauses_a_replay_which_tells_no_checksum_before_its_end() {
    let Some(mut window) = open() else { return };
    set_sleepers(&mut window, "2", "20", 50);
    run_and_finish(&mut window);
    window.click("Replay");
    window.wait_text("Space play or pause the replay");
    window.key(Key::Space, Modifiers::NONE);
    window.find("Play replay");
    window.click("Result");
    window.wait_text("known only at the end of the run");
    window.key(Key::Space, Modifiers::NONE);
    window.find("Pause replay");
    assert!(window.find("Stop").disabled, "no run was started");
    window.wait_text("Finished: 20 of 20 tasks ok");
    window.wait_gone("known only at the end of the run");
}
