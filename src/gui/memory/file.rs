//! The file itself: read with suspicion, and written so that nothing of another window's is lost.

use std::{
    fs::{self, File},
    io,
    path::Path,
    time::Duration,
};

use serde_json::{Map, Value};

use super::{super::recents::MOST_RECENT, Remembered};
use crate::export::write_atomically;

/// The part that is no value but a list to which windows add.
pub(super) const RECENTS: &str = "recents";
/// A file beyond this is none of ours.
const MOST_BYTES: u64 = 1 << 20;
/// Who writes holds the lock for a moment.
const TRIES: u32 = 200;
const PAUSE: Duration = Duration::from_millis(5);

/// What one window has changed.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Change {
    /// Parts with their new values.
    parts: Map<String, Value>,
    /// Specs that were run, newest first.
    run: Vec<Value>,
    /// Everything that the window remembers, for where there is no file any more.
    whole: Map<String, Value>,
}

impl Change {
    pub(super) fn is_empty(&self) -> bool {
        self.parts.is_empty() && self.run.is_empty()
    }

    /// From what was remembered to what is remembered now.
    pub(super) fn add(&mut self, before: &Map<String, Value>, now: Map<String, Value>) {
        let mut newer = Self::default();
        for (name, part) in now.iter().filter(|(name, part)| before.get(*name) != Some(part)) {
            if name == RECENTS {
                newer.run = added(list(before.get(RECENTS)), list(Some(part)));
            } else {
                newer.parts.insert(name.clone(), part.clone());
            }
        }
        newer.whole = now;
        self.follow(newer);
    }

    /// A later change of the same window comes upon this one.
    pub(super) fn follow(&mut self, newer: Self) {
        self.parts.extend(newer.parts);
        self.run = united(newer.run, &self.run);
        self.whole = newer.whole;
    }

    /// What the file holds with this change.
    fn applied_to(&self, file: Option<Map<String, Value>>) -> Map<String, Value> {
        let Some(mut parts) = file else {
            let mut parts = self.whole.clone();
            // Of a file that was put aside, also what only other versions know.
            parts.extend(self.parts.clone());
            return parts;
        };
        parts.extend(self.parts.clone());
        if !self.run.is_empty() {
            let recents = united(self.run.clone(), list(parts.get(RECENTS)));
            parts.insert(RECENTS.to_owned(), Value::Array(recents));
        }
        parts
    }
}

fn list(part: Option<&Value>) -> &[Value] {
    part.and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

/// The newer ones, and behind them the others, each once.
fn united(mut newer: Vec<Value>, others: &[Value]) -> Vec<Value> {
    for other in others {
        if !newer.contains(other) {
            newer.push(other.clone());
        }
    }
    newer.truncate(MOST_RECENT);
    newer
}

/// What came to the front of a list: as few as explain how it looks now.
fn added(before: &[Value], now: &[Value]) -> Vec<Value> {
    let explains = |count: &usize| united(now[..*count].to_vec(), before) == now;
    let count = (0..=now.len()).find(explains).unwrap_or(now.len());
    now[..count].to_vec()
}

/// What is remembered, and what must be written again because the file made no sense in part and was put aside.
pub(super) fn read(path: &Path) -> (Remembered, Change) {
    let Ok(metadata) = fs::metadata(path) else { return Default::default() };
    let text = if metadata.len() <= MOST_BYTES { fs::read_to_string(path).ok() } else { None };
    let Some(mut parts) = text.and_then(|text| serde_json::from_str::<Map<String, Value>>(&text).ok()) else {
        put_aside(path);
        return Default::default();
    };
    let remembered = Remembered::take_from(&mut parts);
    let whole = remembered.write();
    if !parts.keys().any(|name| whole.contains_key(name)) {
        return (remembered, Change::default());
    }
    put_aside(path);
    parts.extend(whole.clone());
    (remembered, Change { parts, run: Vec::new(), whole })
}

/// Keeps a file that makes no sense. Where it cannot be kept, it cannot be written over either.
fn put_aside(path: &Path) {
    let mut beside = path.as_os_str().to_owned();
    beside.push(".old");
    let _ = fs::rename(path, beside);
}

/// Writes a change into what other windows have left there.
pub(super) fn write(path: &Path, change: &Change) -> io::Result<()> {
    let folder = path.parent().unwrap_or(Path::new("."));
    fs::create_dir_all(folder)?;
    // Until this is dropped no other window reads what is about to be replaced.
    let _held = hold(folder);
    let file = match fs::metadata(path) {
        Ok(metadata) if metadata.len() <= MOST_BYTES => fs::read_to_string(path).ok(),
        _ => None,
    };
    let parts = file.and_then(|text| serde_json::from_str(&text).ok());
    if parts.is_none() {
        put_aside(path);
    }
    let text = format!("{}\n", Value::Object(change.applied_to(parts)));
    write_atomically(path, |out| out.write_all(text.as_bytes()))
}

/// The folder, locked against other windows that write there. Where it cannot be, they rely on being quick.
fn hold(folder: &Path) -> Option<File> {
    let folder = File::open(folder).ok()?;
    for _ in 0..TRIES {
        match folder.try_lock() {
            Ok(()) => return Some(folder),
            Err(fs::TryLockError::WouldBlock) => std::thread::sleep(PAUSE),
            Err(fs::TryLockError::Error(_)) => return None,
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::gui::memory::FILE;

    fn values(numbers: &[u32]) -> Vec<Value> {
        numbers.iter().map(|number| json!(number)).collect()
    }

    #[test]
    fn what_came_to_the_front_is_found_also_where_it_was_there_before() {
        for (before, now, expected) in [
            (&[][..], &[1][..], &[1][..]),
            (&[1, 2, 3], &[1, 2, 3], &[]),
            (&[1, 2, 3], &[4, 1, 2, 3], &[4]),
            (&[1, 2, 3], &[3, 1, 2], &[3]),
            (&[1, 2, 3], &[5, 2, 1, 3], &[5, 2]),
            (&[1, 2, 3, 4, 5, 6, 7, 8, 9, 10], &[11, 1, 2, 3, 4, 5, 6, 7, 8, 9], &[11]),
        ] {
            assert_eq!(added(&values(before), &values(now)), values(expected), "{before:?} to {now:?}");
        }
    }

    #[test]
    fn parts_that_are_missing_or_new_are_no_fault() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(FILE);
        assert_eq!(read(&path), Default::default());
        fs::write(&path, r#"{"from a later version": [1]}"#).unwrap();
        assert_eq!(read(&path), Default::default());
        assert!(path.exists());
    }

    #[test]
    fn a_file_that_makes_no_sense_is_kept_beside_and_what_makes_sense_in_it_is_used() {
        let sound = json!({ "setup": false, "theme": "dark", "other": 1 });
        let with = |name: &str, part: Value| {
            let mut parts = sound.clone();
            parts[name] = part;
            parts.to_string()
        };
        for (text, expected) in [
            (String::new(), None),
            ("{".to_owned(), None),
            ("[1, 2]".to_owned(), None),
            ("[".repeat(100_000), None),
            (" ".repeat(MOST_BYTES as usize + 1), None),
            (with("recents", json!(7)), Some(json!({ "setup": false, "theme": "dark", "other": 1 }))),
            (with("layout", json!(5)), Some(json!({ "setup": false, "theme": "dark", "other": 1 }))),
            (with("setup", json!("yes")), Some(json!({ "setup": true, "theme": "dark", "other": 1 }))),
            (with("theme", json!("blue")), Some(json!({ "setup": false, "theme": "system", "other": 1 }))),
            (with("theme", json!(1)), Some(json!({ "setup": false, "theme": "system", "other": 1 }))),
        ] {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join(FILE);
            fs::write(&path, &text).unwrap();
            let (remembered, change) = read(&path);
            assert_eq!(fs::read_to_string(folder.path().join("window.json.old")).unwrap(), text);
            let Some(expected) = expected else {
                assert_eq!((remembered, change), Default::default(), "{text:.40}");
                continue;
            };
            write(&path, &change).unwrap();
            assert_eq!(read(&path), (remembered, Change::default()), "{text:.40}");
            let written: Value = serde_json::from_str(&fs::read_to_string(&path).unwrap()).unwrap();
            for (name, part) in expected.as_object().unwrap() {
                assert_eq!(written.get(name), Some(part), "{text:.40}: {name}");
            }
            assert_eq!(written["recents"], json!([]), "{text:.40}");
        }
    }
}
