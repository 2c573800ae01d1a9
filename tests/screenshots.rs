//! Takes the pictures in `screenshots/` from the real window. Does nothing unless `POOLSCOPE_SCREENSHOTS` names the folder
//! to write to: `screenshots/take` sets it.
#![cfg(feature = "gui")]

mod support;

use std::path::PathBuf;

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
}
