//! Run files at the command line: what `export` and `show` do with them, and with what is none.

use std::{fs, os::unix::fs::symlink, path::Path};

use crate::{
    support::{self, folder, path},
    tools::{names, record},
};

const SMALL: &str = "--workers 2 --workload square --tasks 20";

fn run(args: &[&str], file: &Path, more: &[&str]) -> (i32, String, String) {
    let file = file.to_str().expect("UTF-8");
    support::run(&[args, &[file], more].concat())
}

#[test]
fn an_export_never_destroys_a_run() {
    let folder = folder();
    let (file, other) = (path(&folder, "a.pscope"), path(&folder, "b.pscope"));
    record(SMALL, &file);
    record(SMALL, &other);
    let (soft, hard) = (path(&folder, "soft.csv"), path(&folder, "hard.csv"));
    symlink(&file, &soft).expect("a link");
    fs::hard_link(&file, &hard).expect("a link");
    let before = [&file, &other].map(|file| fs::read(file).expect("there"));
    for target in [&file, &soft, &hard, &other] {
        let name = target.to_str().expect("UTF-8");
        let (code, stdout, complaint) = run(&["export"], &file, &["--format", "csv", "-o", name]);
        assert_eq!((code, stdout.as_str(), complaint.lines().count()), (2, "", 1), "{complaint}");
        assert!(complaint.contains(name) && complaint.contains("is a run of Poolscope"), "{complaint}");
        assert_eq!([&file, &other].map(|file| fs::read(file).expect("there")), before, "{name}");
    }
    assert_eq!(names(folder.path()), ["a.pscope", "b.pscope", "hard.csv", "soft.csv"]);
}

#[test]
fn an_export_that_cannot_be_written_is_a_bad_file() {
    let folder = folder();
    let file = path(&folder, "a.pscope");
    record(SMALL, &file);
    for target in ["/nonexistent/a.csv", "/dev/full"] {
        let (code, _, complaint) = run(&["export"], &file, &["--format", "csv", "-o", target]);
        assert_eq!((code, complaint.lines().count()), (2, 1), "{complaint}");
        assert!(complaint.contains(target), "{complaint}");
    }
}
