//! Names of run files: when, what, how many.

use jiff::{Timestamp, tz::TimeZone};

use super::EXTENSION;
use crate::spec::Spec;

/// `20261122-221655-primes-processes-4`, in local time.
pub(super) fn stem(spec: &Spec, unix_ns: u64, zone: &TimeZone) -> String {
    if let Some(lesson) = spec.program_of() {
        return format!("{}-lesson-{}", moment(unix_ns, zone), lesson.to_string().replace('/', "-"));
    }
    format!("{}-{}-{}-{}", moment(unix_ns, zone), spec.workload, spec.backend, spec.workers)
}

/// `20261122-221655`
pub(super) fn moment(unix_ns: u64, zone: &TimeZone) -> String {
    let time = Timestamp::from_nanosecond(i128::from(unix_ns)).unwrap_or(Timestamp::UNIX_EPOCH);
    time.to_zoned(zone.clone()).strftime("%Y%m%d-%H%M%S").to_string()
}

/// The stem with the ending of run files, and with a number from 2 on where that is taken.
pub(super) fn unique(stem: &str, taken: impl Fn(&str) -> bool) -> String {
    let mut name = format!("{stem}.{EXTENSION}");
    let mut number = 1_u64;
    while taken(&name) {
        number += 1;
        name = format!("{stem}-{number}.{EXTENSION}");
    }
    name
}

#[cfg(test)]
mod tests {
    use jiff::tz::Offset;

    use super::*;
    use crate::spec::Draft;

    #[test]
    fn a_name_tells_local_time_and_what_ran() {
        let draft = Draft {
            workload: Some("primes".into()),
            backend: Some("processes".into()),
            workers: Some("4".into()),
            ..Draft::default()
        };
        let spec = draft.validate().unwrap();
        let unix_ns = 1_795_385_815_000_000_000;
        assert_eq!(stem(&spec, unix_ns, &TimeZone::UTC), "20261122-221655-primes-processes-4");
        let zone = TimeZone::fixed(Offset::from_hours(2).unwrap());
        assert_eq!(stem(&spec, unix_ns, &zone), "20261123-001655-primes-processes-4");
    }

    #[test]
    fn a_taken_name_gets_the_next_free_number() {
        for (taken, expected) in [
            (&[][..], "a.pscope"),
            (&["a.pscope"], "a-2.pscope"),
            (&["a.pscope", "a-2.pscope", "a-4.pscope"], "a-3.pscope"),
        ] {
            assert_eq!(unique("a", |name| taken.contains(&name)), expected);
        }
    }
}
