//! Writing a run to files.

use std::{fs, path::Path};

use super::{open, run_and_finish};
use crate::support::{self, folder, path, window::Window};

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

pub(super) fn export(window: &mut Window, format: &str, file: &Path) {
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

#[test]
fn a_folder_is_no_file_to_write_and_an_address_is_understood() {
    let Some(mut window) = open() else { return };
    let folder = folder();
    window.click("one process");
    run_and_finish(&mut window);
    export(&mut window, "Log CSV…", folder.path());
    window.wait_text(&format!("{} is a folder", folder.path().display()));
    let file = path(&folder, "a b.csv");
    window.fill("Path", &format!("file://{}", file.display()).replace(' ', "%20"));
    window.click("Save");
    window.wait_text(&format!("Saved {}", file.display()));
    assert!(fs::read_to_string(&file).expect("the table").starts_with("t_ns,worker,level,"));
}
