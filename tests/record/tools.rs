//! Recorded runs in words, and their files through this program and through Python's own SQLite.

use std::{
    fs,
    path::Path,
    process::{Command, Stdio},
};

use rusqlite::{Connection, OpenFlags};
use serde_json::Value;

use crate::support::{self, Program, assert_oracle};

/// `run --json -o FILE`, with a spec as its flags.
pub(crate) fn start(flags: &str, file: &Path) -> Program {
    let file = file.to_str().expect("UTF-8");
    let args: Vec<&str> = ["run", "--json", "-o", file].into_iter().chain(flags.split_whitespace()).collect();
    support::start(&args)
}

/// Waits for the end: exit code, the run with the oracle checked, and stderr.
pub(crate) fn finish(program: Program) -> (i32, Value, String) {
    let output = support::wait(program);
    let complaint = String::from_utf8(output.stderr).expect("UTF-8");
    let run = serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {complaint}"));
    assert_oracle(&run);
    (output.status.code().expect("it ended by itself"), run, complaint)
}

pub(crate) fn record(flags: &str, file: &Path) -> (i32, Value, String) {
    finish(start(flags, file))
}

/// `show --json`: the run with the oracle checked if there is anything in the file, and stderr.
pub(crate) fn show(file: &Path) -> (Value, String) {
    let (code, stdout, stderr) = support::run(&["show", "--json", file.to_str().expect("UTF-8")]);
    assert_eq!(code, 0, "{}: {stderr}", file.display());
    let run: Value = serde_json::from_str(&stdout).expect("JSON");
    if !run["spec"].is_null() {
        assert_oracle(&run);
    }
    (run, stderr)
}

/// Without what depends on who looks.
pub(crate) fn without_self(mut run: Value) -> Value {
    run.as_object_mut().expect("an object").remove("self").expect("the observer's own cost");
    run
}

/// Names of all that a folder holds, in order.
pub(crate) fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).expect("a folder").flatten();
    let mut names: Vec<String> =
        entries.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    names
}

/// What Python's `sqlite3` answers: the first row of each query. `None` where there is no such Python.
pub(crate) fn python(file: &Path, queries: &[&str]) -> Option<Vec<Value>> {
    const SCRIPT: &str = "
import json, sqlite3, sys
if sqlite3.sqlite_version_info < (3, 37):
    sys.exit(77)
file = sqlite3.connect('file:' + sys.argv[1] + '?mode=ro', uri=True)
print(json.dumps([file.execute(query).fetchone() for query in sys.argv[2:]]))
";
    let output = Command::new("python3")
        .args(["-c", SCRIPT])
        .arg(file)
        .args(queries)
        .stdin(Stdio::null())
        .output()
        .ok()
        .filter(|output| output.status.code() != Some(77))?;
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    Some(serde_json::from_slice(&output.stdout).expect("JSON"))
}

/// One number that this program's own SQLite reads.
pub(crate) fn number(file: &Path, query: &str) -> i64 {
    look(file, query).expect("a number")
}

/// A number from a file that may not be there yet, nor its number in it.
pub(crate) fn look(file: &Path, query: &str) -> Option<i64> {
    let conn = Connection::open_with_flags(file, OpenFlags::SQLITE_OPEN_READ_ONLY).ok()?;
    conn.query_row(query, [], |row| row.get::<_, Option<i64>>(0)).ok()?
}

/// To change it.
pub(crate) fn open(file: &Path) -> Connection {
    Connection::open_with_flags(file, OpenFlags::SQLITE_OPEN_READ_WRITE).expect("it opens")
}

/// Dice that fall the same way every time: a number that follows from `x` and looks as if it did not.
pub(crate) fn mix(x: u64) -> u64 {
    let x = (x ^ x >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let x = (x ^ x >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
    x ^ x >> 31
}
