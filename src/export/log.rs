//! The log as text, one record a line, by a pattern as Python's `logging` takes.

use std::{
    fmt::Write as _,
    io::{self, Write},
};

use jiff::{Timestamp, tz::TimeZone};

use crate::{
    ids::WorkerId,
    spec::one_line,
    store::{LogLine, RunStore},
    time::NS_PER_MS,
};

/// A pattern under the name by which people choose it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LogPreset {
    pub name: &'static str,
    pub pattern: &'static str,
}

/// What a pattern can show of a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Field {
    Asctime,
    LevelName,
    Message,
    Name,
    Process,
    ProcessName,
    ThreadName,
}

impl Field {
    const ALL: [(&'static str, Self); 7] = [
        ("asctime", Self::Asctime),
        ("levelname", Self::LevelName),
        ("message", Self::Message),
        ("name", Self::Name),
        ("process", Self::Process),
        ("processName", Self::ProcessName),
        ("threadName", Self::ThreadName),
    ];
}

/// `%(field)-8s`: a field, and how it is fitted in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Slot {
    field: Field,
    left: bool,
    zeros: bool,
    width: usize,
    /// At most this many characters.
    limit: Option<usize>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Piece {
    Text(String),
    Slot(Slot),
}

/// A pattern that has been understood.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogPattern {
    pieces: Vec<Piece>,
}

impl LogPattern {
    pub const DEFAULT: &str = "%(asctime)s-%(levelname)s-%(message)s";

    pub const PRESETS: [LogPreset; 5] = [
        LogPreset { name: "time, level, message", pattern: Self::DEFAULT },
        LogPreset { name: "level, message", pattern: "%(levelname)s-%(message)s" },
        LogPreset { name: "name, level, message", pattern: "%(name)s - %(levelname)s - %(message)s" },
        LogPreset { name: "Python's default", pattern: "%(levelname)s:%(name)s:%(message)s" },
        LogPreset { name: "multiprocessing", pattern: "[%(levelname)s/%(processName)s] %(message)s" },
    ];

    /// The widest column a pattern may ask for.
    const MAX_WIDTH: usize = 200;

    /// # Errors
    /// In words for people: what is not understood, and what would be.
    pub fn parse(pattern: &str) -> Result<Self, String> {
        if let Some(odd) = pattern.chars().find(|&c| breaks_line(c) && c != '\t') {
            return Err(format!("log pattern: {odd:?} is not allowed, a record is one line"));
        }
        let mut pieces = Vec::new();
        let mut text = String::new();
        let mut rest = pattern;
        while let Some(at) = rest.find('%') {
            text.push_str(&rest[..at]);
            rest = &rest[at + 1..];
            if let Some(after) = rest.strip_prefix('%') {
                text.push('%');
                rest = after;
                continue;
            }
            let (slot, after) = parse_slot(rest)?;
            if !text.is_empty() {
                pieces.push(Piece::Text(std::mem::take(&mut text)));
            }
            pieces.push(Piece::Slot(slot));
            rest = after;
        }
        text.push_str(rest);
        if pieces.is_empty() {
            return Err(format!("log pattern {pattern:?} shows nothing of a record; {}", known()));
        }
        if !text.is_empty() {
            pieces.push(Piece::Text(text));
        }
        Ok(Self { pieces })
    }
}

impl Default for LogPattern {
    fn default() -> Self {
        let slot = |field| Piece::Slot(Slot { field, left: false, zeros: false, width: 0, limit: None });
        let dash = || Piece::Text("-".to_owned());
        Self {
            pieces: vec![slot(Field::Asctime), dash(), slot(Field::LevelName), dash(), slot(Field::Message)],
        }
    }
}

/// What follows a `%`: `(field)`, flags, width, limit, type. Returns the rest of the pattern too.
fn parse_slot(rest: &str) -> Result<(Slot, &str), String> {
    let (name, rest) = rest
        .strip_prefix('(')
        .and_then(|rest| rest.split_once(')'))
        .ok_or_else(|| format!("log pattern: write %% for a percent sign, or %(field)s; {}", known()))?;
    let field = Field::ALL
        .iter()
        .find(|(known, _)| *known == name)
        .map(|(_, field)| *field)
        .ok_or_else(|| format!("log pattern: unknown field %({name}); {}", known()))?;
    let unflagged = rest.trim_start_matches(['-', '0']);
    let flags = &rest[..rest.len() - unflagged.len()];
    let (width, rest) = parse_number(name, unflagged)?;
    let (limit, rest) = match rest.strip_prefix('.') {
        None => (None, rest),
        Some(rest) => {
            let (limit, rest) = parse_number(name, rest)?;
            (Some(limit.unwrap_or(0)), rest)
        }
    };
    let numeric = field == Field::Process;
    let rest = match rest.chars().next() {
        Some('s') => &rest[1..],
        Some('d') if numeric && limit.is_none() => &rest[1..],
        _ => {
            let forms =
                if numeric { format!("%({name})d, %({name})s") } else { format!("%({name})s, %({name})-8s") };
            return Err(format!("log pattern: %({name}) must end in a form such as {forms}"));
        }
    };
    let slot = Slot {
        field,
        left: flags.contains('-'),
        // Text is never filled up with zeros.
        zeros: numeric && flags.contains('0'),
        width: width.unwrap_or(0),
        limit,
    };
    Ok((slot, rest))
}

fn parse_number<'a>(name: &str, text: &'a str) -> Result<(Option<usize>, &'a str), String> {
    let rest = text.trim_start_matches(|c: char| c.is_ascii_digit());
    let digits = &text[..text.len() - rest.len()];
    if digits.is_empty() {
        return Ok((None, rest));
    }
    match digits.parse() {
        Ok(number) if number <= LogPattern::MAX_WIDTH => Ok((Some(number), rest)),
        _ => Err(format!("log pattern: width {digits} of %({name}) is above {}", LogPattern::MAX_WIDTH)),
    }
}

fn known() -> String {
    let names = Field::ALL.map(|(name, _)| format!("%({name})"));
    format!("known are {}", names.join(" "))
}

/// Writes all records in order of time, each on one line: characters that would break or disturb a line are written as
/// escapes such as `\n`. Times are those of the given zone.
pub fn write_log(
    store: &RunStore,
    pattern: &LogPattern,
    zone: &TimeZone,
    out: &mut dyn Write,
) -> io::Result<()> {
    write_records(store, store.log.iter().collect(), pattern, zone, out)
}

/// The same with what the processes of a lesson logged themselves and nothing else, as Python's `logging` would have
/// written it to their file: by the logger `root`, from `MainProcess` and `Process-1` and so on.
pub fn write_lesson_log(
    store: &RunStore,
    pattern: &LogPattern,
    zone: &TimeZone,
    out: &mut dyn Write,
) -> io::Result<()> {
    write_records(store, store.lesson.logged.iter().collect(), pattern, zone, out)
}

fn write_records(
    store: &RunStore,
    mut records: Vec<&LogLine>,
    pattern: &LogPattern,
    zone: &TimeZone,
    out: &mut dyn Write,
) -> io::Result<()> {
    records.sort_by_key(|record| record.t_ns);
    let mut line = String::new();
    for record in records {
        line.clear();
        for piece in &pattern.pieces {
            match piece {
                Piece::Text(text) => line.push_str(text),
                Piece::Slot(slot) => {
                    push_fitted(&mut line, *slot, &field_text(store, record, slot.field, zone));
                }
            }
        }
        line.push('\n');
        out.write_all(line.as_bytes())?;
    }
    Ok(())
}

fn push_fitted(line: &mut String, slot: Slot, text: &str) {
    let shown: String = text.chars().take(slot.limit.unwrap_or(usize::MAX)).collect();
    let width = slot.width;
    // Writing to a String cannot fail.
    let _ = match slot {
        Slot { left: true, .. } => write!(line, "{shown:<width$}"),
        Slot { zeros: true, .. } => write!(line, "{shown:0>width$}"),
        Slot { .. } => write!(line, "{shown:>width$}"),
    };
}

fn field_text(store: &RunStore, record: &LogLine, field: Field, zone: &TimeZone) -> String {
    let in_lesson = !store.lesson.is_empty();
    let engine_pid = || store.info.as_ref().map_or(0, |info| info.engine_pid);
    match (field, record.worker) {
        (Field::Asctime, _) => asctime(store, record.t_ns, zone),
        (Field::LevelName, _) => record.level.to_string(),
        (Field::Message, _) => one_line(&record.text),
        (Field::Name, Some(_)) if in_lesson => "root".to_owned(),
        (Field::Name, _) => "poolscope".to_owned(),
        (Field::Process, Some(worker)) => {
            store.pid_at(worker, record.t_ns).unwrap_or_else(engine_pid).to_string()
        }
        (Field::Process, None) => engine_pid().to_string(),
        (Field::ProcessName, Some(WorkerId(0))) if in_lesson => "MainProcess".to_owned(),
        (Field::ProcessName, Some(worker)) if in_lesson => format!("Process-{}", worker.0),
        (Field::ThreadName, Some(_)) if in_lesson => "MainThread".to_owned(),
        (Field::ProcessName, Some(worker)) => format!("Worker-{}", worker.0),
        (Field::ProcessName, None) => "MainProcess".to_owned(),
        (Field::ThreadName, Some(worker)) => format!("worker-{}", worker.0),
        (Field::ThreadName, None) => "MainThread".to_owned(),
    }
}

/// `2025-01-31 12:00:00,123`, with milliseconds cut off, not rounded.
fn asctime(store: &RunStore, t_ns: u64, zone: &TimeZone) -> String {
    let unix_ns = store.info.as_ref().map_or(t_ns, |info| info.clock.unix_at(t_ns));
    let time = Timestamp::from_nanosecond(i128::from(unix_ns)).unwrap_or(Timestamp::MAX);
    let millis = u64::from(time.subsec_nanosecond().unsigned_abs()) / NS_PER_MS;
    format!("{},{millis:03}", time.to_zoned(zone.clone()).strftime("%Y-%m-%d %H:%M:%S"))
}

fn breaks_line(c: char) -> bool {
    c.is_control() || matches!(c, '\u{2028}' | '\u{2029}')
}

#[cfg(test)]
mod tests;
