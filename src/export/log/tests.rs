use jiff::tz::{TimeZone, offset};

use super::*;
use crate::{
    event::{Event, Exit, Level},
    ids::WorkerId,
    spec::Backend,
    store::testing::*,
};

fn said(t_ns: u64, worker: Option<u32>, level: Level, text: &str) -> Event {
    Event::Log { t_ns, worker: worker.map(WorkerId), level, text: text.to_owned() }
}

/// The lines that a pattern makes of the given records, without those of the reducer.
fn lines(pattern: &str, zone: &TimeZone, records: impl IntoIterator<Item = Event>) -> Vec<String> {
    let mut store = store([
        run_started(spec(Backend::Processes, 4, 8)),
        spawned(0, 3, 0),
        exited(500, 3, Exit::Code(0), true),
        spawned(600, 3, 1),
    ]);
    store.log = crate::store::Chunked::default();
    for record in records {
        store.apply(record);
    }
    let mut bytes = Vec::new();
    write_log(&store, &LogPattern::parse(pattern).unwrap(), zone, &mut bytes).unwrap();
    String::from_utf8(bytes).unwrap().lines().map(str::to_owned).collect()
}

#[test]
fn presets_write_lines_to_the_letter() {
    let records =
        || [said(123_999_999, Some(3), Level::Warning, "hot"), said(124_000_000, None, Level::Info, "cold")];
    let expected = [
        ["2025-01-31 12:00:00,123-WARNING-hot", "2025-01-31 12:00:00,124-INFO-cold"],
        ["WARNING-hot", "INFO-cold"],
        ["poolscope - WARNING - hot", "poolscope - INFO - cold"],
        ["WARNING:poolscope:hot", "INFO:poolscope:cold"],
        ["[WARNING/Worker-3] hot", "[INFO/MainProcess] cold"],
    ];
    for (preset, expected) in LogPattern::PRESETS.iter().zip(expected) {
        assert_eq!(lines(preset.pattern, &TimeZone::UTC, records()), expected, "{}", preset.name);
    }
}

#[test]
fn the_default_is_the_first_preset() {
    assert_eq!(LogPattern::parse(LogPattern::DEFAULT), Ok(LogPattern::default()));
    assert_eq!(LogPattern::PRESETS[0].pattern, LogPattern::DEFAULT);
}

#[test]
fn times_are_those_of_the_zone() {
    let zone = TimeZone::fixed(offset(-5));
    let records = [said(0, None, Level::Info, "x"), said(3_600_000_000_000, None, Level::Info, "y")];
    assert_eq!(lines("%(asctime)s", &zone, records), ["2025-01-31 07:00:00,000", "2025-01-31 08:00:00,000"]);
    let never = lines("%(asctime)s", &zone, [said(u64::MAX, None, Level::Info, "x")]);
    assert!(never[0].starts_with("2554-"), "{never:?}");
}

#[test]
fn fields_name_the_process_of_the_time() {
    let pattern = "%(process)d %(processName)s %(threadName)s %(name)s";
    let records = [
        said(100, Some(3), Level::Info, ""),
        said(700, Some(3), Level::Info, ""),
        said(800, Some(1), Level::Info, ""),
        said(900, None, Level::Info, ""),
    ];
    assert_eq!(
        lines(pattern, &TimeZone::UTC, records),
        [
            "1003 Worker-3 worker-3 poolscope",
            "1103 Worker-3 worker-3 poolscope",
            "100 Worker-1 worker-1 poolscope",
            "100 MainProcess MainThread poolscope",
        ]
    );
}

#[test]
fn widths_fit_fields_into_columns() {
    for (pattern, line) in [
        ("%(levelname)-8s|", "INFO    |"),
        ("%(levelname)8s|", "    INFO|"),
        ("%(levelname)08s|", "    INFO|"),
        ("%(levelname).2s|", "IN|"),
        ("%(levelname)-4.2s|", "IN  |"),
        ("%(levelname)2s|", "INFO|"),
        ("%(process)06d|", "000100|"),
        ("%(process)-6d|", "100   |"),
        ("%(process)6s|", "   100|"),
        ("100%% %(message)s%%", "100% é%"),
        ("%(message)3s|", "  é|"),
        ("é\t%(message)s", "é\té"),
    ] {
        assert_eq!(lines(pattern, &TimeZone::UTC, [said(0, None, Level::Info, "é")]), [line], "{pattern}");
    }
}

#[test]
fn bad_patterns_say_what_is_wrong_and_what_is_known() {
    for (pattern, says) in [
        ("%(levelnam)s", "unknown field %(levelnam); known are %(asctime) %(levelname) %(message)"),
        ("%(lineno)d", "unknown field %(lineno)"),
        ("%()s", "unknown field %()"),
        ("50% %(message)s", "write %% for a percent sign"),
        ("%(message)s %", "write %% for a percent sign"),
        ("%(message", "write %% for a percent sign"),
        ("%(message)", "%(message) must end in a form such as %(message)s"),
        ("%(message)d", "%(message) must end in a form such as %(message)s"),
        ("%(process)x", "such as %(process)d"),
        ("%(process).3d", "such as %(process)d"),
        ("%(message)999s", "width 999 of %(message) is above 200"),
        ("%(message)99999999999999999999s", "is above 200"),
        ("%(message)s\nx", "'\\n' is not allowed"),
        ("plain", "shows nothing of a record"),
        ("", "shows nothing of a record"),
    ] {
        let error = LogPattern::parse(pattern).expect_err(pattern);
        assert!(error.contains(says), "{pattern}: {error}");
    }
}

#[test]
fn one_record_is_one_line_whatever_it_says() {
    let text = "a\nb\r\nc\td\u{1b}[31m\u{0}\u{85}\u{2028}e \\ é";
    assert_eq!(
        lines("%(message)s", &TimeZone::UTC, [said(0, None, Level::Info, text)]),
        [r"a\nb\r\nc\td\u{1b}[31m\u{0}\u{85}\u{2028}e \ é"]
    );
}

#[test]
fn records_are_in_order_of_time_and_equal_times_in_order_of_arrival() {
    let records = [
        said(9, None, Level::Info, "c"),
        said(5, None, Level::Info, "a"),
        said(9, None, Level::Info, "d"),
        said(7, None, Level::Info, "b"),
    ];
    assert_eq!(lines("%(message)s", &TimeZone::UTC, records), ["a", "b", "c", "d"]);
}

#[test]
fn a_run_that_never_started_still_has_a_log() {
    let mut store = RunStore::default();
    store.lost(5, None, "no such engine".to_owned());
    let mut bytes = Vec::new();
    write_log(&store, &LogPattern::default(), &TimeZone::UTC, &mut bytes).unwrap();
    let text = String::from_utf8(bytes).unwrap();
    assert!(text.starts_with("1970-01-01 00:00:00,000-ERROR-") && text.contains("no such engine"), "{text}");
}
