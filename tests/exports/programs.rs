//! Other programs, where this machine has them.

use std::{
    io::Write as _,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use poolscope::{
    analysis::Observer,
    export::{Format, export},
    record::Label,
    store::RunStore,
};

pub(super) fn write(store: &RunStore, format: &Format, folder: &Path, name: &str) -> PathBuf {
    let path = folder.join(format!("{name}.{}", format.extension()));
    export(store, Observer::default(), &Label::default(), format, &path).expect("it can be written");
    path
}

/// Whether a program can be run at all; says so where it cannot.
pub(super) fn has(program: &str, args: &[&str]) -> bool {
    let there = Command::new(program)
        .args(args)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success());
    if !there {
        // The tests' harness keeps what is printed to itself; this is to be seen.
        let _ = writeln!(std::io::stderr(), "skipped: {program} is not on this machine");
    }
    there
}

/// Runs a program to its end: what it printed. Fails where the program does.
pub(super) fn output(command: &mut Command) -> String {
    let output = command.stdin(Stdio::null()).output().expect("it runs");
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?}: {stderr}");
    String::from_utf8(output.stdout).expect("UTF-8")
}

pub(super) fn python(script: &str, path: &Path) -> String {
    output(Command::new("python3").arg("-c").arg(script).arg(path))
}
