//! Holds the walls of the house: which module may name which library, and that imports go down only.

use std::{
    fs,
    path::{Path, PathBuf},
};

const SOURCES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/src");

/// Modules by floor, lowest first. A module may use its own floor and those below.
const FLOORS: [&[&str]; 6] = [
    &["time", "ids", "units", "life", "mapping"],
    &["spec", "event", "workload", "lesson"],
    &["engine", "record", "store", "mp"],
    &["analysis", "export"],
    &["session", "library", "experiment"],
    &["cli", "gui"],
];

fn files(folder: &Path, into: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("a folder").flatten() {
        let path = entry.path();
        if path.is_dir() {
            files(&path, into);
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            into.push(path);
        }
    }
}

/// Every source file: its path below `src`, and its code without comments and unit tests.
fn sources() -> Vec<(String, String)> {
    let mut paths = Vec::new();
    files(Path::new(SOURCES), &mut paths);
    assert!(paths.len() > 30, "only {} sources were found", paths.len());
    paths
        .into_iter()
        .filter(|path| !path.ends_with("tests.rs"))
        .map(|path| {
            let name = path.strip_prefix(SOURCES).expect("below src").to_string_lossy().into_owned();
            let text = fs::read_to_string(&path).expect("UTF-8");
            let code = text
                .split("\n#[cfg(test)]\nmod tests {")
                .next()
                .unwrap_or_default()
                .lines()
                .filter(|line| !line.trim_start().starts_with("//"))
                .collect::<Vec<_>>()
                .join("\n");
            (name, code)
        })
        .collect()
}

fn module(file: &str) -> &str {
    file.split('/').next().unwrap_or(file).trim_end_matches(".rs")
}

fn floor(module: &str) -> Option<usize> {
    FLOORS.iter().position(|floor| floor.contains(&module))
}

#[test]
fn imports_go_down_only() {
    for (file, code) in sources() {
        let Some(own) = floor(module(&file)) else {
            assert!(["main.rs", "lib.rs"].contains(&file.as_str()), "{file} stands on no floor");
            continue;
        };
        for (index, names) in FLOORS.iter().enumerate().skip(own + 1) {
            for name in *names {
                assert!(
                    !code.contains(&format!("crate::{name}::")) && !code.contains(&format!("    {name}::")),
                    "{file} (floor {own}) uses {name} (floor {index})"
                );
            }
        }
    }
}

#[test]
fn libraries_stay_behind_their_walls() {
    /// What is named, and where alone it may be.
    const WALLS: [(&str, &[&str]); 13] = [
        ("egui::", &["gui/"]),
        ("eframe::", &["gui/"]),
        ("egui_plot::", &["gui/"]),
        ("rfd::", &["gui/dialogs.rs"]),
        ("sysinfo::", &["engine/sampler/"]),
        ("rusqlite::", &["record/"]),
        ("directories::", &["library/"]),
        ("trash::", &["library/"]),
        ("\"/proc/stat", &["engine/sampler/"]),
        // Somebody may set the clock on the wall in the middle of a run. No duration may come from it.
        ("SystemTime", &["time.rs"]),
        // The fault `children` leaves a child behind: that a task does so, and not its engine, is the fault.
        ("process::Command", &["engine/", "session", "workload/fault.rs", "mp/process.rs"]),
        ("println!", &["cli/", "main.rs"]),
        ("Color32::from_rgb", &["gui/theme/"]),
    ];
    for (file, code) in sources() {
        for (name, allowed) in WALLS {
            assert!(
                !code.contains(name) || allowed.iter().any(|prefix| file.starts_with(prefix)),
                "{file} names {name}, which belongs to {allowed:?}"
            );
        }
    }
}

#[test]
fn unsafe_code_is_in_the_files_that_say_so() {
    let is_unsafe = |code: &str| code.contains("unsafe {") || code.contains("unsafe impl");
    let mut with_unsafe: Vec<String> =
        sources().into_iter().filter(|(_, code)| is_unsafe(code)).map(|(file, _)| file).collect();
    with_unsafe.sort();
    assert_eq!(
        with_unsafe,
        [
            "engine/ring/region.rs",
            "engine/sampler/readings.rs",
            "engine/sampler/switches.rs",
            "mapping.rs",
            "workload/fault.rs"
        ]
    );
}

#[test]
fn the_top_of_the_tree_is_tidy() {
    let allowed = [
        "Cargo.toml",
        "Cargo.lock",
        "README.md",
        "LICENSE-MIT",
        "LICENSE-APACHE",
        "src",
        "assets",
        "tests",
        "screenshots",
        "target",
    ];
    for entry in fs::read_dir(env!("CARGO_MANIFEST_DIR")).expect("the package").flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        assert!(
            name.starts_with('.') || allowed.contains(&name.as_str()),
            "{name} does not belong at the top"
        );
    }
}
