//! Files of which any bytes are other than they were: opening one gives a run or says what is wrong, in no time.

use std::{
    fs,
    path::Path,
    time::{Duration, Instant},
};

use poolscope::{
    analysis::{Observer, RunReport},
    record::{self, ReadError},
};

use crate::{
    support::{folder, path},
    tools::{mix, names, record, without_self},
};

const PAGE: usize = 4096;
/// Milliseconds are usual.
const LIMIT: Duration = Duration::from_secs(10);
/// Of tasks, retries, samples, logs, exits and uses of a lock, in a file of a few dozen pages.
const RICH: &str = "--backend processes --workers 2 --workload lock --size 2000000 --tasks 300 --chunk 1 \
                    --fault segfault@3,panic@5 --retries 1 --telemetry full";

/// A sound file's bytes.
fn sound(folder: &tempfile::TempDir) -> Vec<u8> {
    let file = path(folder, "sound.pscope");
    record(RICH, &file);
    let bytes = fs::read(&file).expect("it is there");
    assert!(bytes.len() > 16 * PAGE && bytes.len().is_multiple_of(PAGE), "{}", bytes.len());
    bytes
}

/// What became of it. A file that opens is told of in numbers as any other.
fn opened(file: &Path, what: &str) -> Option<record::RunFile> {
    let began = Instant::now();
    let found = record::read(file);
    let cover = record::brief(file);
    assert!(began.elapsed() < LIMIT, "{what}: {:?}", began.elapsed());
    match found {
        Ok(found) => {
            let report = RunReport::new(&found.store, Observer::default());
            let tasks = report.tasks;
            let parts =
                [tasks.ok, tasks.failed, tasks.crashed, tasks.timed_out, tasks.cancelled, tasks.not_run];
            assert_eq!(parts.iter().sum::<u32>(), tasks.total, "{what}");
            serde_json::to_string(&report).expect("it can be told");
            Some(found)
        }
        Err(error) => {
            assert!(!matches!(error, ReadError::Io { .. }), "{what}: {error}");
            assert!(error.to_string().contains("a.pscope"), "{what}: {error}");
            drop(cover);
            None
        }
    }
}

/// The most memory that this process has had, in bytes.
fn peak_bytes() -> u64 {
    let status = fs::read_to_string("/proc/self/status").expect("Linux");
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).expect("a peak");
    line.split_whitespace().next().and_then(|kib| kib.parse::<u64>().ok()).expect("a number") << 10
}

#[test]
fn cut_at_every_page() {
    let folder = folder();
    let (bytes, file) = (sound(&folder), path(&folder, "a.pscope"));
    let pages = bytes.len() / PAGE;
    for page in 0..pages {
        for cut in [page * PAGE, page * PAGE + 1, page * PAGE + PAGE / 2] {
            fs::write(&file, &bytes[..cut]).expect("it is written");
            if let Some(found) = opened(&file, &format!("cut at {cut}")) {
                assert!(found.gap.is_some(), "cut at {cut}: nothing is said");
            }
        }
    }
    fs::write(&file, &bytes).expect("it is written");
    assert_eq!(opened(&file, "whole").expect("a run").gap, None);
    assert_eq!(names(folder.path()), ["a.pscope", "sound.pscope"], "reading leaves nothing behind");
}

/// A download that broke off, or a disk that lost the end: what is there is shown, and that it is not all.
#[test]
fn what_is_left_of_a_file_that_was_cut_off_is_read() {
    let (folder, tasks) = (folder(), 20_000);
    let (whole, file) = (path(&folder, "whole.pscope"), path(&folder, "a.pscope"));
    record(&format!("--workers 2 --workload noop --tasks {tasks}"), &whole);
    let bytes = fs::read(&whole).expect("it is there");
    let mut kept = Vec::new();
    for cut in [bytes.len() - PAGE, bytes.len() * 3 / 4, bytes.len() / 4] {
        fs::write(&file, &bytes[..cut]).expect("it is written");
        let (run, complaint) = crate::tools::show(&file);
        assert_eq!((&run["tasks"]["total"], complaint.lines().count()), (&tasks.into(), 1), "{complaint}");
        assert!(complaint.contains("was cut off") && complaint.contains("table task"), "{complaint}");
        kept.push(run["tasks"]["ok"].as_u64().expect("a count"));
        assert_eq!(record::brief(&file).expect("a cover").tally.ok, tasks);
    }
    assert!(kept.is_sorted_by(|more, less| more > less && *less > 0), "{kept:?}");
    assert_eq!(fs::read(&file).expect("it is there").len(), bytes.len() / 4, "nothing is written to it");
    fs::write(&file, &bytes[..PAGE]).expect("it is written");
    let (code, _, complaint) = crate::support::run(&["show", file.to_str().expect("UTF-8")]);
    assert_eq!(code, 2);
    assert!(complaint.contains("is a run of Poolscope that was cut off"), "{complaint}");
    assert_eq!(names(folder.path()), ["a.pscope", "whole.pscope"], "reading leaves nothing behind");
}

/// Starts whose ends are among the lost rows are no failures.
#[test]
fn damage_is_told_in_words_and_invents_no_failures() {
    let folder = folder();
    let file = path(&folder, "a.pscope");
    let flags = "--workers 2 --workload sleep --size 2000000 --tasks 1000 --chunk 1";
    record(flags, &file);
    let conn = crate::tools::open(&file);
    let started: i64 = conn
        .query_row("SELECT count(*) FROM event WHERE kind = 'started'", [], |row| row.get(0))
        .expect("a count");
    assert!(started > 4, "starts are written where a task runs while others are written: {started}");
    let root: usize = conn
        .query_row("SELECT rootpage FROM sqlite_schema WHERE name = 'task'", [], |row| row.get::<_, u32>(0))
        .expect("a page") as usize;
    drop(conn);
    let mut bytes = fs::read(&file).expect("it is there");
    // The root of a table with more than a page of rows has the numbers of its children, the second of which is lost.
    let word =
        |at: usize| u32::from_be_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]]) as usize;
    let root = (root - 1) * PAGE;
    assert_eq!(bytes[root], 5, "an inner page");
    let cell = usize::from(u16::from_be_bytes([bytes[root + 14], bytes[root + 15]]));
    let child = word(root + cell);
    bytes[(child - 1) * PAGE..child * PAGE].fill(0);
    fs::write(&file, &bytes).expect("it is written");
    let (run, complaint) = crate::tools::show(&file);
    assert!(complaint.contains("damaged: rows of the table task are missing"), "{complaint}");
    assert!(!complaint.contains("Tree") && !complaint.contains("\\n"), "{complaint}");
    assert!(run["tasks"]["ok"].as_u64() > Some(0), "{run}");
    let found = record::read(&file).expect("it opens");
    let failed =
        found.store.spans().filter(|(_, span)| span.outcome != poolscope::event::Outcome::Ok).count();
    assert_eq!(
        (failed, &run["tasks"]["failed"], &run["first_failure"]),
        (0, &0.into(), &serde_json::Value::Null)
    );
}

#[test]
fn flipped_in_every_page() {
    let folder = folder();
    let (bytes, file) = (sound(&folder), path(&folder, "a.pscope"));
    let before = peak_bytes();
    let (mut read, mut told) = (0, 0);
    for page in 0..bytes.len() / PAGE {
        for round in 0..12_u64 {
            let mut changed = bytes.clone();
            for flip in 0..=round % 4 {
                let dice = mix((page as u64) << 32 | round << 8 | flip);
                // What tells what is where stands at a page's beginning, so that half of the flips go there.
                let at = if round % 2 == 0 { dice as usize % 64 } else { dice as usize % PAGE };
                changed[page * PAGE + at] ^= (dice >> 40) as u8 | 1;
            }
            fs::write(&file, &changed).expect("it is written");
            if let Some(found) = opened(&file, &format!("page {page}, round {round}")) {
                read += 1;
                told += u32::from(found.gap.is_some());
            }
        }
    }
    assert!(read > 50 && told > 10, "{read} were read, of {told} something was said");
    assert!(peak_bytes() - before < 256 << 20, "{} bytes more", peak_bytes() - before);
}

#[test]
fn pages_in_each_others_places() {
    let folder = folder();
    let (bytes, file) = (sound(&folder), path(&folder, "a.pscope"));
    let pages = bytes.len() / PAGE;
    for round in 0..150_u64 {
        let (from, to) = (mix(round + 1) as usize % pages, mix(!round) as usize % pages);
        let mut changed = bytes.clone();
        changed.copy_within(from * PAGE..(from + 1) * PAGE, to * PAGE);
        fs::write(&file, &changed).expect("it is written");
        opened(&file, &format!("page {from} over {to}"));
    }
}

#[test]
fn every_byte_of_the_header() {
    let folder = folder();
    let (bytes, file) = (sound(&folder), path(&folder, "a.pscope"));
    for at in 0..108 {
        for value in [0, 1, 0x7f, 0xff] {
            let mut changed = bytes.clone();
            changed[at] = value;
            fs::write(&file, &changed).expect("it is written");
            opened(&file, &format!("byte {at} is {value}"));
        }
    }
}

/// A file that was cut off has a log beside it, of which any bytes may be damaged as well.
#[test]
fn damaged_logs_beside_a_file() {
    let folder = folder();
    let (bytes, file) = (sound(&folder), path(&folder, "a.pscope"));
    let source = path(&folder, "live.pscope");
    fs::write(&source, &bytes).expect("it is written");
    let conn = rusqlite::Connection::open(&source).expect("it opens");
    conn.execute_batch(
        "PRAGMA journal_mode = wal; UPDATE task SET end_ns = end_ns + 1; DELETE FROM log WHERE seq > 9",
    )
    .expect("it is written");
    let live = fs::read(&source).expect("it is there");
    let log = fs::read(path(&folder, "live.pscope-wal")).expect("it is there");
    for round in 0..100_u64 {
        let mut changed = log.clone();
        match round {
            0 => {}
            1..50 => {
                let at = mix(round + 1) as usize % changed.len();
                changed[at] ^= 0x55;
            }
            _ => changed.truncate(mix(round + 1) as usize % log.len()),
        }
        for ending in ["", "-wal", "-shm"] {
            let _none_of_the_last = fs::remove_file(path(&folder, &format!("a.pscope{ending}")));
        }
        fs::write(&file, &live).expect("it is written");
        fs::write(path(&folder, "a.pscope-wal"), &changed).expect("it is written");
        opened(&file, &format!("log, round {round}")).expect("the file itself is sound");
    }
}

#[test]
fn the_program_says_it_in_a_line() {
    let folder = folder();
    let (bytes, file) = (sound(&folder), path(&folder, "a.pscope"));
    let show = |bytes: &[u8]| {
        fs::write(&file, bytes).expect("it is written");
        crate::support::run(&["show", "--json", file.to_str().expect("UTF-8")])
    };
    for bad in [&bytes[..0], &bytes[..PAGE], b"hello"] {
        let (code, stdout, complaint) = show(bad);
        assert_eq!((code, stdout.as_str(), complaint.lines().count()), (2, "", 1), "{complaint}");
        assert!(complaint.starts_with("poolscope: ") && complaint.contains("a.pscope"), "{complaint}");
    }
    // One that lacks some rows still tells of the others, and that they lack.
    let (_, whole, _) = show(&bytes);
    let conn = crate::tools::open(&file);
    conn.execute_batch("UPDATE task SET status = 'odd' WHERE task = 7").expect("it is changed");
    drop(conn);
    let (code, told, complaint) = crate::support::run(&["show", "--json", file.to_str().expect("UTF-8")]);
    assert_eq!((code, complaint.lines().count()), (0, 1));
    assert!(complaint.contains("is incomplete") && complaint.contains("task"), "{complaint}");
    let count = |text: &str| {
        let run: serde_json::Value = serde_json::from_str(text).expect("JSON");
        without_self(run)["tasks"]["ok"].as_u64().expect("a count")
    };
    assert_eq!(count(&told) + 1, count(&whole));
}

/// Pages that stand in each other's trees a thousand times over: walking them all would take for ever.
#[test]
fn trees_that_share_their_pages() {
    const DEPTH: usize = 12;
    const CHILDREN: usize = 300;
    let folder = folder();
    let (bytes, file) = (sound(&folder), path(&folder, "a.pscope"));
    let conn = rusqlite::Connection::open(path(&folder, "sound.pscope")).expect("it opens");
    let root = |table: &str| -> usize {
        let query = "SELECT rootpage FROM sqlite_schema WHERE name = ?";
        conn.query_row(query, [table], |row| row.get::<_, u32>(0)).expect("it is there") as usize
    };
    let roots = [
        1,
        root("run"),
        root("spec"),
        root("host"),
        root("label"),
        root("task"),
        root("log"),
        root("worker"),
    ];
    for (root, empty) in roots.into_iter().flat_map(|root| [(root, true), (root, false)]) {
        let mut changed = bytes.clone();
        let pages = changed.len() / PAGE;
        // What the root was goes to the end of the new tree, or an empty leaf does.
        let mut leaf = changed[(root - 1) * PAGE..root * PAGE].to_vec();
        if root == 1 || empty {
            leaf.fill(0);
            leaf[0] = 13;
            leaf[5..7].copy_from_slice(&(PAGE as u16).to_be_bytes());
        }
        changed.resize((pages + DEPTH) * PAGE, 0);
        for level in 0..DEPTH {
            let page = if level == 0 { root } else { pages + level };
            let child = (pages + level + 1) as u32;
            let top = if page == 1 { 100 } else { 0 };
            let page = &mut changed[(page - 1) * PAGE..page * PAGE];
            page[top..].fill(0);
            page[top] = 5;
            page[top + 3..top + 5].copy_from_slice(&(CHILDREN as u16).to_be_bytes());
            page[top + 8..top + 12].copy_from_slice(&child.to_be_bytes());
            for cell in 0..CHILDREN {
                let at = PAGE - 6 * (cell + 1);
                page[at..at + 4].copy_from_slice(&child.to_be_bytes());
                page[at + 4] = 0x81;
                page[at + 5] = (cell % 128) as u8;
                let pointer = top + 12 + 2 * cell;
                page[pointer..pointer + 2].copy_from_slice(&(at as u16).to_be_bytes());
            }
            let content = (PAGE - 6 * CHILDREN) as u16;
            page[top + 5..top + 7].copy_from_slice(&content.to_be_bytes());
        }
        let end = changed.len() - PAGE;
        changed[end..].copy_from_slice(&leaf);
        let size = (changed.len() / PAGE) as u32;
        changed[28..32].copy_from_slice(&size.to_be_bytes());
        fs::write(&file, &changed).expect("it is written");
        opened(&file, &format!("the tree at page {root}, empty: {empty}"));
    }
}
