//! Every state of the window in every size and theme: nothing overlaps, is cut or has no name, and every panel says
//! something. Where `POOLSCOPE_PICTURES` names a folder, pictures of all of them are put there, to be looked at.

use std::path::{Path, PathBuf};

use super::{
    looks::Looks,
    set_sleepers,
    support::{self, folder, path, window::Window},
};

const SIZES: [(u32, u32); 3] = [(1024, 640), (1600, 900), (2560, 1440)];
const THEMES: [&str; 2] = ["Light theme", "Dark theme"];
const TABS: [&str; 5] = ["Workers table", "Log", "Result", "Compare", "Runs"];
/// Texts that may be of any length, each cut only where there is no room for it, and then shown as a whole under the pointer.
const MAY_BE_CUT: [&str; 5] = ["#", "A: ", "B: ", "Lost: ", "lost: "];

/// A window in one state.
struct Sitter {
    window: Window,
    state: &'static str,
    /// What was found wrong in all its pictures.
    faults: Vec<String>,
}

impl Sitter {
    fn open(state: &'static str, files: &[PathBuf]) -> Option<Self> {
        if !super::has_display_or_says_so() {
            return None;
        }
        let files: Vec<&Path> = files.iter().map(PathBuf::as_path).collect();
        Some(Self { window: Window::open_with(SIZES[1], &files), state, faults: Vec::new() })
    }

    /// Looks at it in every size and theme, and at every tab in all but the largest, where each has room to spare.
    fn look(&mut self, tabs: &[&str]) {
        for size in SIZES {
            self.window.resize(size.0, size.1);
            for theme in THEMES {
                self.window.click(theme);
                self.look_at(size, theme);
            }
            for tab in tabs.iter().filter(|_| size != SIZES[2]) {
                self.window.click(tab);
                self.look_at(size, tab);
                let bar = self.window.find(tab).bounds.y1 as f32;
                let said = self.looks(size).said_below(bar);
                // The status bar speaks in every state.
                if said.len() <= 3 {
                    self.faults.push(format!("{size:?} {tab}: says only {said:?}"));
                }
            }
            self.window.click(tabs[0]);
        }
        assert!(self.faults.is_empty(), "{}:\n{}", self.state, self.faults.join("\n"));
    }

    fn look_at(&mut self, size: (u32, u32), view: &str) {
        let mut faults = Vec::new();
        // What has just been clicked is laid out in the frame after.
        let settled = |faults: &mut Vec<String>, window: &mut Window| {
            *faults = Looks::new(window.tree(), size).faults(&MAY_BE_CUT);
            faults.is_empty().then_some(())
        };
        for _ in 0..5 {
            if settled(&mut faults, &mut self.window).is_some() {
                break;
            }
            std::thread::sleep(std::time::Duration::from_millis(200));
        }
        if let Some(folder) = std::env::var_os("POOLSCOPE_PICTURES").map(PathBuf::from) {
            let view = view.split(' ').next().unwrap_or(view).to_lowercase();
            self.window.shot(&folder.join(format!("{}-{}-{view}.png", self.state, size.0)));
        }
        self.faults.extend(faults.into_iter().map(|fault| format!("{size:?} {view}: {fault}")));
    }

    fn looks(&mut self, size: (u32, u32)) -> Looks {
        Looks::new(self.window.tree(), size)
    }
}

/// Records a run into a file. Gives its exit code.
fn record(file: &Path, args: &[&str]) -> i32 {
    let args = [&["run", "--quiet", "-o", file.to_str().expect("UTF-8")], args].concat();
    support::run(&args).0
}

#[test]
fn before_any_run() {
    let Some(mut sitter) = Sitter::open("empty", &[]) else { return };
    sitter.look(&TABS);
}

#[test]
fn while_a_run_goes() {
    let Some(mut sitter) = Sitter::open("live", &[]) else { return };
    set_sleepers(&mut sitter.window, "4", "100000", 30);
    sitter.window.click("Run");
    sitter.window.wait_text("running task");
    sitter.look(&TABS);
    sitter.window.wait_text("Running");
}

#[test]
fn after_a_run() {
    let folder = folder();
    let file = path(&folder, "finished.pscope");
    let mandelbrot = ["--workload", "mandelbrot", "--tasks", "96", "--size", "400", "--workers", "4"];
    assert_eq!(record(&file, &mandelbrot), 0);
    let Some(mut sitter) = Sitter::open("finished", &[file]) else { return };
    sitter.window.wait_text("Finished");
    sitter.look(&TABS);
}

#[test]
fn after_a_run_that_was_lost() {
    let folder = folder();
    let file = path(&folder, "lost.pscope");
    let crash = ["--backend", "threads", "--workers", "4", "--workload", "sleep", "--size", "20000000"];
    assert_eq!(record(&file, &[&crash[..], &["--tasks", "64", "--fault", "segfault@32"]].concat()), 3);
    let Some(mut sitter) = Sitter::open("lost", &[file]) else { return };
    sitter.window.wait_text("Lost");
    sitter.look(&TABS);
}

#[test]
fn two_runs_compared() {
    let folder = folder();
    let files = ["processes", "threads"].map(|backend| {
        let file = path(&folder, &format!("{backend}.pscope"));
        let sleep = ["--workload", "sleep", "--size", "20000000", "--tasks", "120", "--workers", "4"];
        assert_eq!(record(&file, &[&["--backend", backend], &sleep[..]].concat()), 0);
        file
    });
    let Some(mut sitter) = Sitter::open("compared", &files) else { return };
    sitter.window.wait_text("Finished");
    sitter.window.click("Compare");
    sitter.window.wait_text("B: ");
    sitter.look(&["Compare"]);
}

#[test]
fn many_workers() {
    let folder = folder();
    let file = path(&folder, "crowd.pscope");
    let sleep = ["--backend", "threads", "--workload", "sleep", "--size", "5000000", "--tasks", "6000"];
    assert_eq!(record(&file, &[&sleep[..], &["--workers", "64"]].concat()), 0);
    let Some(mut sitter) = Sitter::open("crowd", &[file]) else { return };
    sitter.window.wait_text("Timeline: 64 workers");
    sitter.look(&TABS);
}

/// A tenth of a million, for an engine that is not optimised takes its time with each.
#[test]
fn very_many_tasks() {
    let folder = folder();
    let file = path(&folder, "many.pscope");
    let noop = ["--backend", "threads", "--workers", "4", "--workload", "noop", "--telemetry", "basic"];
    assert_eq!(record(&file, &[&noop[..], &["--tasks", "100000"]].concat()), 0);
    let Some(mut sitter) = Sitter::open("many", &[file]) else { return };
    sitter.window.wait_text("100\u{202f}000 tasks shown");
    sitter.look(&TABS);
}
