//! How much room the library may take, and which runs give way.

use std::{fs, io};

use serde::Deserialize;

use super::Entry;
use crate::export::write_atomically;

/// Limits that a person can choose from, in bytes.
pub const LIMITS: [u64; 4] = [100_000_000, 1_000_000_000, 10_000_000_000, 100_000_000_000];
/// A settings file beyond this is none of ours.
const MOST_BYTES: u64 = 64 << 10;

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Settings {
    /// Absent for no limit.
    limit_bytes: Option<u64>,
}

pub(super) fn read(path: &std::path::Path) -> io::Result<Option<u64>> {
    match fs::metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Ok(metadata) if metadata.len() > MOST_BYTES => {
            return Err(io::Error::other("it is too long for settings"));
        }
        other => other?,
    };
    let settings: Settings = toml::from_str(&fs::read_to_string(path)?).map_err(io::Error::other)?;
    Ok(settings.limit_bytes)
}

pub(super) fn write(path: &std::path::Path, limit: Option<u64>) -> io::Result<()> {
    let line = limit.map_or_else(String::new, |bytes| format!("limit_bytes = {bytes}\n"));
    write_atomically(path, |out| out.write_all(line.as_bytes()))
}

/// The runs that would have to leave so that the rest takes at most `limit` bytes, oldest first. Takes entries from newest to oldest.
/// The newest, pinned ones, those that may be live and those that cannot be read stay, even where that is too much.
pub fn giving_way(entries: &[Entry], limit: u64) -> Vec<&Entry> {
    let mut bytes: u64 = entries.iter().map(|entry| entry.bytes).sum();
    let mut leaving = Vec::new();
    for entry in entries.iter().skip(1).rev() {
        if bytes <= limit {
            break;
        }
        if !entry.is_pinned() && !entry.is_live() && entry.brief.is_ok() {
            bytes -= entry.bytes;
            leaving.push(entry);
        }
    }
    leaving
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::library::tests::entry;

    #[test]
    fn the_oldest_gives_way_and_never_the_newest_a_pinned_or_a_live_one() {
        // Newest first, each of 100 bytes.
        let plain = |name: &str| entry(name, 1, |_| ());
        let pinned = |name: &str| entry(name, 1, |brief| brief.label.pinned = true);
        let live =
            |name: &str| entry(name, 1, |brief| (brief.status, brief.is_recorded) = ("running".into(), true));
        let cut_off = |name: &str| entry(name, 1, |brief| brief.status = "running".into());
        let mut unreadable = plain("u");
        unreadable.brief = Err("why".to_owned());
        for (entries, limit, expected) in [
            (vec![plain("c"), plain("b"), plain("a")], 300, &[][..]),
            (vec![plain("c"), plain("b"), plain("a")], 299, &["a"]),
            (vec![plain("c"), plain("b"), plain("a")], 0, &["a", "b"]),
            (vec![plain("c"), plain("b"), pinned("a")], 200, &["b"]),
            (vec![plain("c"), plain("b"), live("a")], 200, &["b"]),
            (vec![plain("c"), plain("b"), cut_off("a")], 200, &["a"]),
            (vec![plain("c"), plain("b"), unreadable], 200, &["b"]),
            (vec![plain("a")], 0, &[]),
            (vec![], 0, &[]),
        ] {
            let expected: Vec<String> = expected.iter().map(|name| format!("{name}.pscope")).collect();
            let leaving: Vec<String> =
                giving_way(&entries, limit).into_iter().map(Entry::file_name).collect();
            assert_eq!(leaving, expected, "{limit} of {entries:?}");
        }
    }

    #[test]
    fn the_limit_is_off_until_it_is_written_and_reads_back() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("library.toml");
        assert_eq!(read(&path).unwrap(), None);
        for limit in [Some(0), Some(u64::from(u32::MAX) * 5), None] {
            write(&path, limit).unwrap();
            assert_eq!(read(&path).unwrap(), limit);
        }
        fs::write(&path, "limit_bytes = -1").unwrap();
        assert!(read(&path).is_err());
    }
}
