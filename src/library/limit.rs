//! How much room the library may take, and which runs and experiments give way.

use std::{fs, io, path::Path};

use serde::Deserialize;

use super::{Entry, ExperimentEntry};
use crate::{export::write_atomically, record, units};

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

pub(super) fn read(path: &Path) -> io::Result<Option<u64>> {
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

pub(super) fn write(path: &Path, limit: Option<u64>) -> io::Result<()> {
    let line = limit.map_or_else(String::new, |bytes| format!("limit_bytes = {bytes}\n"));
    write_atomically(path, |out| out.write_all(line.as_bytes()))
}

/// Something of the library that gives way. An experiment goes as a whole.
#[derive(Clone, Copy, Debug)]
pub enum Leaving<'a> {
    Run(&'a Entry),
    Experiment(&'a ExperimentEntry),
}

impl Leaving<'_> {
    pub fn path(&self) -> &Path {
        match self {
            Self::Run(entry) => &entry.path,
            Self::Experiment(entry) => &entry.path,
        }
    }

    pub fn bytes(&self) -> u64 {
        match self {
            Self::Run(entry) => entry.bytes,
            Self::Experiment(entry) => entry.bytes,
        }
    }

    fn unix_ns(&self) -> u64 {
        match self {
            Self::Run(entry) => entry.time_unix_ns(),
            Self::Experiment(entry) => entry.modified_unix_ns,
        }
    }

    /// Asked again in the moment before it goes. Experiments are asked by whoever removes them, in one step with that.
    pub(super) fn still_may_go(&self) -> bool {
        let Self::Run(entry) = self else { return true };
        record::brief(&entry.path)
            .is_ok_and(|brief| Leaving::Run(&Entry { brief: Ok(brief), ..(*entry).clone() }).may_go())
    }

    fn may_go(&self) -> bool {
        match self {
            Self::Run(entry) => !entry.is_pinned() && !entry.is_live() && entry.brief.is_ok(),
            Self::Experiment(entry) => !entry.is_live && !entry.is_open,
        }
    }
}

/// What would have to leave so that the rest takes at most `limit` bytes, oldest first. Takes both lists from newest to
/// oldest. The newest of each, runs that are pinned or cannot be read, experiments that some window shows, and what may be
/// live stay, even where that is too much.
pub fn giving_way<'a>(
    entries: &'a [Entry],
    experiments: &'a [ExperimentEntry],
    limit: u64,
) -> Vec<Leaving<'a>> {
    let all = || entries.iter().map(Leaving::Run).chain(experiments.iter().map(Leaving::Experiment));
    let mut bytes: u64 = all().map(|one| one.bytes()).sum();
    let runs = entries.iter().skip(1).map(Leaving::Run);
    let mut oldest_first: Vec<Leaving<'a>> =
        runs.chain(experiments.iter().skip(1).map(Leaving::Experiment)).filter(Leaving::may_go).collect();
    oldest_first.reverse();
    oldest_first.sort_by_key(Leaving::unix_ns);
    let mut leaving = Vec::new();
    for one in oldest_first {
        if bytes <= limit {
            break;
        }
        bytes -= one.bytes();
        leaving.push(one);
    }
    leaving
}

/// `the oldest run`, or `the 2 oldest runs and the oldest experiment`.
pub fn oldest(runs: usize, experiments: usize) -> String {
    let words = |count: usize, noun: &str| match count {
        0 => None,
        1 => Some(format!("the oldest {noun}")),
        more => Some(format!("the {} oldest {noun}s", units::count(more as u64))),
    };
    let both = [words(runs, "run"), words(experiments, "experiment")];
    both.into_iter().flatten().collect::<Vec<_>>().join(" and ")
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

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
            assert_eq!(names(&giving_way(&entries, &[], limit)), expected, "{limit} of {entries:?}");
        }
    }

    fn names(leaving: &[Leaving<'_>]) -> Vec<String> {
        leaving.iter().map(|one| one.path().file_name().unwrap().to_string_lossy().into_owned()).collect()
    }

    fn experiment(name: &str, modified_unix_ns: u64) -> ExperimentEntry {
        let path = PathBuf::from(format!("/experiments/{name}"));
        ExperimentEntry { path, bytes: 1000, modified_unix_ns, is_live: false, is_open: false }
    }

    #[test]
    fn runs_and_experiments_give_way_by_age_and_never_what_is_shown_or_goes_on() {
        let runs = ["5", "3", "1"].map(|time| entry(time, time.parse().unwrap(), |_| ()));
        let mut experiments = [experiment("x4", 4), experiment("x2", 2), experiment("x0", 0)];
        for (limit, expected) in [
            (3300, &[][..]),
            (3299, &["x0"]),
            (2299, &["x0", "1.pscope"]),
            (2199, &["x0", "1.pscope", "x2"]),
            (0, &["x0", "1.pscope", "x2", "3.pscope"]),
        ] {
            assert_eq!(names(&giving_way(&runs, &experiments, limit)), expected, "{limit}");
        }
        experiments[2].is_open = true;
        experiments[1].is_live = true;
        assert_eq!(names(&giving_way(&runs, &experiments, 0)), ["1.pscope", "3.pscope"]);
    }

    #[test]
    fn what_leaves_is_named() {
        for (runs, experiments, expected) in [
            (1, 0, "the oldest run"),
            (0, 2, "the 2 oldest experiments"),
            (2, 1, "the 2 oldest runs and the oldest experiment"),
        ] {
            assert_eq!(oldest(runs, experiments), expected);
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
