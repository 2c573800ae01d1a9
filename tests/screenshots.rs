//! Takes the pictures in `screenshots/` from the real window. Does nothing unless `POOLSCOPE_SCREENSHOTS` names the folder
//! to write to: `screenshots/take` sets it.
#![cfg(feature = "gui")]

mod support;

use std::path::PathBuf;

use eframe::egui::{Key, Modifiers};
use support::window::Window;

struct Camera {
    window: Window,
    folder: PathBuf,
}

impl Camera {
    fn shot(&mut self, name: &str) {
        self.window.shot(&self.folder.join(format!("{name}.png")));
    }

    fn mandelbrot(&mut self) {
        self.window.click("mandelbrot, 4 processes");
        self.window.click("Run");
        self.window.wait_text("running task");
        std::thread::sleep(std::time::Duration::from_millis(1500));
    }
}

impl Camera {
    /// More workers than cores, with a task chosen from among theirs.
    fn crowd(&mut self) {
        let window = &mut self.window;
        window.click("Workload");
        window.click("spin");
        for (field, text) in [("Workers", "6"), ("Size", "4000000"), ("Tasks", "240"), ("Faults", "")] {
            window.fill(field, text);
        }
        window.click("Lengths");
        window.click("skewed");
        window.click("Telemetry");
        window.click("full");
        window.click("Run");
        window.wait_text("running task");
        window.wait_text("Finished: 240 of 240");
        window.click("Workers table");
        let lane = window.wait_text("worker 3 lane").centre();
        window.click_at(eframe::egui::pos2(760.0, lane.y));
        window.wait_text("Chosen task");
        window.hover(eframe::egui::pos2(640.0, 3.0));
    }
}

impl Camera {
    /// How many workers to take, in a window with room for the answer.
    fn sweep(&mut self) {
        let window = &mut self.window;
        window.resize(1600, 1000);
        for (field, text) in [("Workers", "2"), ("Size", "2000000"), ("Tasks", "120")] {
            window.fill(field, text);
        }
        window.click("Lengths");
        window.click("fixed");
        window.click("Experiment");
        window.fill("Repeats", "7");
        window.fill("Calm within", "1");
        window.click("How many workers?");
        window.wait_text("Finished: 4 variants, 32 runs");
        window.wait_text("Recommended for processes");
        window.hover(eframe::egui::pos2(640.0, 3.0));
    }
}

impl Camera {
    /// A lesson that went well, and one whose processes wait for ever.
    fn lessons(&mut self) {
        let window = &mut self.window;
        window.resize(1600, 900);
        window.click("Lessons");
        window.click("Open lesson 3. A pool of four");
        window.click("Four, as many as there are workers");
        window.click("No: only the list is in order");
        window.click("Run");
        window.wait_text("You were right in 2 of 2");
        window.hover(eframe::egui::pos2(640.0, 3.0));
        self.shot("lesson");
        let window = &mut self.window;
        window.click("All lessons");
        window.click("Open lesson 5. Producer and consumer: The sentinel is missing");
        window.click("It waits for ever");
        window.click("Run");
        window.wait_text("You were right in 1 of 1");
        window.hover(eframe::egui::pos2(640.0, 3.0));
        self.shot("stuck");
        self.window.click("All lessons");
        self.shot("lessons");
        self.window.click("Back to the lab");
    }
}

#[test]
fn take_them() {
    let Some(folder) = std::env::var_os("POOLSCOPE_SCREENSHOTS").map(PathBuf::from) else {
        eprintln!("skipped: POOLSCOPE_SCREENSHOTS is not set");
        return;
    };
    let window = Window::open((1280, 800));
    let mut camera = Camera { window, folder };

    camera.window.click("Dark theme");
    camera.shot("start");

    camera.mandelbrot();
    camera.shot("live");
    camera.window.wait_text("Finished");

    camera.window.click("Light theme");
    camera.window.click("Run both");
    camera.window.wait_text("B: threads × 4");
    camera.window.wait_text("Finished");
    camera.shot("compare");

    camera.window.click("Presets");
    camera.window.click("threads that crash");
    camera.window.click("Workers table");
    camera.window.click("Run");
    camera.window.wait_text("Lost");
    camera.window.click("Log");
    camera.shot("lost");

    camera.window.click("Dark theme");
    camera.window.click("processes");
    camera.window.click("Run");
    camera.window.wait_text("Finished");
    camera.shot("survived");

    camera.crowd();
    camera.shot("crowded");

    camera.window.click("Verdict");
    camera.window.wait_text("More workers than cores");
    camera.window.click("Show more workers than cores");
    camera.window.wait_text("In the timeline: waiting for core");
    // One that was chosen before covers what is lit.
    camera.window.key(Key::Escape, Modifiers::NONE);
    camera.window.wait_gone("Chosen task");
    camera.shot("verdict");

    camera.window.click("Runs");
    camera.window.click("Replay");
    camera.window.wait_text("Replay at ");
    std::thread::sleep(std::time::Duration::from_secs(4));
    camera.window.click("Pause replay");
    camera.shot("runs");

    camera.sweep();
    camera.shot("experiment");

    camera.window.click("Light theme");
    camera.lessons();
}
