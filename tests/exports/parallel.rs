//! What GNU parallel does with a job log.

use std::process::Command;

use poolscope::export::Format;

use crate::{
    made::eventful,
    programs::{has, output, write},
    support::folder,
};

/// `--resume` skips what is in the log, `--resume-failed` does what went wrong again.
#[test]
fn gnu_parallel_resumes_from_the_job_log() {
    if !has("parallel", &["--version"]) {
        return;
    }
    let (folder, store) = (folder(), eventful());
    let log = write(&store, &Format::Joblog, folder.path(), "run");
    let parallel = |how: &str| {
        let copy = folder.path().join(format!("copy{how}"));
        std::fs::copy(&log, &copy).expect("a copy");
        let mut command = Command::new("parallel");
        command.env("HOME", folder.path()).args(["--will-cite", "-j1", "-k", how, "--joblog"]).arg(&copy);
        let tasks = (1..=202).map(|seq: u32| seq.to_string());
        output(command.args(["echo", ":::"]).args(tasks))
    };
    assert_eq!(parallel("--resume"), "201\n202\n", "all others have ended");
    assert_eq!(parallel("--resume-failed"), "18\n61\n91\n102\n151\n201\n202\n");
}
