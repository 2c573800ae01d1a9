//! Exports of more tasks than anybody reads.

use std::time::Instant;

use poolscope::{
    event::{Event, Outcome, Status},
    export::{Format, Plot, Table},
};

use crate::{
    made::{MS, add_samples, ended, spawn, started},
    programs::write,
    support::folder,
};

/// A million tasks: `cargo test --release --test exports -- --ignored --nocapture` says what each format takes.
#[test]
#[ignore = "takes a gigabyte of disk and a while"]
fn a_million_tasks_can_be_written() {
    let tasks = 1_000_000;
    let mut store = started("processes", 4, tasks);
    for worker in 0..4 {
        spawn(&mut store, 0, worker, 0);
    }
    for task in 0..tasks {
        let from = 10 * MS + u64::from(task / 4) * 11_000;
        let to = from + 9_000 + u64::from(task % 7) * 200;
        store.apply(Event::Ended(ended(task % 4, task, (from, to), Outcome::Ok)));
        if task % 40_000 == 0 {
            add_samples(&mut store, from, (tasks - task, task));
        }
    }
    store.apply(Event::RunEnded { t_ns: 3000 * MS, status: Status::Finished, reason: None });
    let folder = folder();
    let mut formats = vec![Format::Json, Format::Jsonl, Format::Trace, Format::Joblog, Format::Html];
    formats.extend(Table::ALL.map(Format::Csv));
    formats.extend(Plot::ALL.map(Format::Svg));
    for format in formats {
        let began = Instant::now();
        let size = std::fs::metadata(write(&store, &format, folder.path(), "million")).expect("a file").len();
        eprintln!("{format:?}: {:.3} MB in {:.2?}; peak {}", size as f64 / 1e6, began.elapsed(), peak());
        if matches!(format, Format::Svg(_)) {
            assert!(size < 1_000_000, "{format:?}: {size} bytes");
        }
    }
}

/// The most memory this process has had so far.
fn peak() -> String {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap_or("unknown").trim().to_owned()
}
