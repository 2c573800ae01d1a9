//! A record of the ring: what happened to a task, in [`RECORD_WORDS`] words of 64 bits.
//!
//! Word 0 is `kind (bits 0..8) | end (8..12) | value (12..16) | value's length (16..24) | what was measured (24..32) |
//! task (32..64)`; the others depend on the kind and are set out in [`Record::encode`].

use super::Corrupt;
use crate::{
    engine::lock_log::LockRecord,
    event::{LockKind, Usage},
    ids::{CoreId, TaskId},
    workload::Value,
};

pub(in crate::engine) const RECORD_WORDS: usize = 12;
pub(in crate::engine) type RecordWords = [u64; RECORD_WORDS];

/// Results up to this many bytes travel in the record.
pub(in crate::engine) const INLINE_BYTES: usize = 32;
const INLINE_FROM: usize = 7;
/// Room for that and what tells its kind and length.
const PACKED_BYTES: usize = (RECORD_WORDS - INLINE_FROM) * size_of::<u64>();

const STARTED: u64 = 1;
const ENDED: u64 = 2;
const ENDED_IN_FRAME: u64 = 3;
const LOCK: u64 = 4;

const OK: u64 = 0;
const CANCELLED: u64 = 1;

const UNIT: u64 = 0;
const NUMBER: u64 = 1;
/// Any other value, as postcard writes it.
const PACKED: u64 = 2;

/// What a worker says of a task.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::engine) enum Record {
    Started {
        t_ns: u64,
        task: TaskId,
    },
    Ended {
        t_ns: u64,
        task: TaskId,
        /// False for a task that was cancelled.
        ok: bool,
        usage: Usage,
        value: Value,
    },
    /// It ended, and how it did is too long for a record: a frame that was sent before says it.
    EndedInFrame {
        task: TaskId,
    },
    /// It let go of a lock.
    Lock(LockRecord),
}

impl Record {
    /// The record as words, and how many of them count. `None` when its value is too long.
    pub(in crate::engine) fn encode(&self) -> Option<(RecordWords, usize)> {
        let mut words = [0; RECORD_WORDS];
        let used = match self {
            Self::Started { t_ns, task } => {
                words[0] = STARTED | u64::from(task.0) << 32;
                words[1] = *t_ns;
                2
            }
            Self::EndedInFrame { task } => {
                words[0] = ENDED_IN_FRAME | u64::from(task.0) << 32;
                1
            }
            Self::Lock(LockRecord { lock, task, asked_ns, got_ns, released_ns }) => {
                words[0] = LOCK | (*lock as u64) << 8 | u64::from(task.0) << 32;
                [words[1], words[2], words[3]] = [*asked_ns, *got_ns, *released_ns];
                4
            }
            Self::Ended { t_ns, task, ok, usage, value } => {
                return encode_ended(*t_ns, *task, *ok, usage, value);
            }
        };
        Some((words, used))
    }

    #[inline]
    pub(super) fn decode(words: &RecordWords) -> Result<Self, Corrupt> {
        let head = words[0];
        let task = TaskId((head >> 32) as u32);
        match head & 0xff {
            STARTED => Ok(Self::Started { t_ns: words[1], task }),
            ENDED_IN_FRAME => Ok(Self::EndedInFrame { task }),
            ENDED => Ok(Self::Ended {
                t_ns: words[1],
                task,
                ok: match head >> 8 & 0xf {
                    OK => true,
                    CANCELLED => false,
                    _ => return Err(Corrupt::Field("end")),
                },
                usage: decode_usage(head >> 24, words),
                value: decode_value(head >> 12 & 0xf, (head >> 16 & 0xff) as usize, words)?,
            }),
            LOCK => {
                let lock = LockKind::ALL.get((head >> 8 & 0xff) as usize);
                let lock = *lock.ok_or(Corrupt::Field("lock"))?;
                let [asked_ns, got_ns, released_ns] = [words[1], words[2], words[3]];
                Ok(Self::Lock(LockRecord { lock, task, asked_ns, got_ns, released_ns }))
            }
            kind => Err(Corrupt::Kind(kind)),
        }
    }
}

/// [`Record::Ended`] as words, without taking the value. `None` when the value is too long.
pub(in crate::engine) fn encode_ended(
    t_ns: u64,
    task: TaskId,
    ok: bool,
    usage: &Usage,
    value: &Value,
) -> Option<(RecordWords, usize)> {
    let mut words = [0; RECORD_WORDS];
    let end = if ok { OK } else { CANCELLED };
    words[1] = t_ns;
    let measured = encode_usage(usage, &mut words);
    let (tag, len) = encode_value(value, &mut words)?;
    words[0] = ENDED | end << 8 | tag << 12 | (len as u64) << 16 | measured << 24 | u64::from(task.0) << 32;
    Some((words, INLINE_FROM + len.div_ceil(8)))
}

/// Bits of what was measured, in the order of the words.
const CPU: u64 = 1;
const CORE_WAIT: u64 = 2;
const VOLUNTARY: u64 = 4;
const INVOLUNTARY: u64 = 8;
const MINOR: u64 = 16;
const MAJOR: u64 = 32;
const FIRST_CORE: u64 = 64;
const LAST_CORE: u64 = 128;

fn encode_usage(usage: &Usage, words: &mut RecordWords) -> u64 {
    let mut measured = 0;
    let mut put = |bit: u64, value: Option<u64>| {
        measured |= if value.is_some() { bit } else { 0 };
        value.unwrap_or(0)
    };
    words[2] = put(CPU, usage.cpu_ns);
    words[3] = put(CORE_WAIT, usage.core_wait_ns);
    words[4] = put(VOLUNTARY, usage.voluntary_switches.map(u64::from))
        | put(INVOLUNTARY, usage.involuntary_switches.map(u64::from)) << 32;
    words[5] =
        put(MINOR, usage.minor_faults.map(u64::from)) | put(MAJOR, usage.major_faults.map(u64::from)) << 32;
    words[6] = put(FIRST_CORE, usage.first_core.map(|core| u64::from(core.0)))
        | put(LAST_CORE, usage.last_core.map(|core| u64::from(core.0))) << 32;
    measured
}

fn decode_usage(measured: u64, words: &RecordWords) -> Usage {
    let get = |bit: u64, value: u64| (measured & bit != 0).then_some(value);
    let low = |bit: u64, at: usize| get(bit, words[at]).map(|word| word as u32);
    let high = |bit: u64, at: usize| get(bit, words[at] >> 32).map(|word| word as u32);
    Usage {
        cpu_ns: get(CPU, words[2]),
        core_wait_ns: get(CORE_WAIT, words[3]),
        voluntary_switches: low(VOLUNTARY, 4),
        involuntary_switches: high(INVOLUNTARY, 4),
        minor_faults: low(MINOR, 5),
        major_faults: high(MAJOR, 5),
        first_core: low(FIRST_CORE, 6).map(CoreId),
        last_core: high(LAST_CORE, 6).map(CoreId),
        ..Usage::default()
    }
}

fn encode_value(value: &Value, words: &mut RecordWords) -> Option<(u64, usize)> {
    match value {
        Value::Unit => Some((UNIT, 0)),
        Value::Number(number) => {
            words[INLINE_FROM] = *number;
            Some((NUMBER, 8))
        }
        other => {
            if other.len_bytes() > INLINE_BYTES as u64 {
                return None;
            }
            let mut bytes = [0; PACKED_BYTES];
            let len = postcard::to_slice(other, &mut bytes).ok()?.len();
            for (word, bytes) in words[INLINE_FROM..].iter_mut().zip(bytes.as_chunks::<8>().0) {
                *word = u64::from_le_bytes(*bytes);
            }
            Some((PACKED, len))
        }
    }
}

fn decode_value(tag: u64, len: usize, words: &RecordWords) -> Result<Value, Corrupt> {
    match tag {
        UNIT => Ok(Value::Unit),
        NUMBER => Ok(Value::Number(words[INLINE_FROM])),
        PACKED => {
            let mut bytes = [0; PACKED_BYTES];
            for (bytes, word) in bytes.as_chunks_mut::<8>().0.iter_mut().zip(&words[INLINE_FROM..]) {
                *bytes = word.to_le_bytes();
            }
            let packed = bytes.get(..len).ok_or(Corrupt::Field("length"))?;
            match postcard::take_from_bytes(packed) {
                Ok((value, [])) => Ok(value),
                _ => Err(Corrupt::Field("value")),
            }
        }
        _ => Err(Corrupt::Field("kind of value")),
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    fn full_usage() -> Usage {
        Usage {
            cpu_ns: Some(u64::MAX),
            core_wait_ns: Some(0),
            voluntary_switches: Some(u32::MAX),
            involuntary_switches: Some(1),
            minor_faults: Some(2),
            major_faults: Some(u32::MAX),
            first_core: Some(CoreId(3)),
            last_core: Some(CoreId(4)),
            ..Usage::default()
        }
    }

    fn records() -> Vec<Record> {
        let ended =
            |usage, value| Record::Ended { t_ns: u64::MAX, task: TaskId(u32::MAX), ok: true, usage, value };
        vec![
            Record::Started { t_ns: 1, task: TaskId(0) },
            Record::EndedInFrame { task: TaskId(9) },
            Record::Lock(LockRecord {
                lock: LockKind::ALL[1],
                task: TaskId(2),
                asked_ns: 1,
                got_ns: u64::MAX,
                released_ns: 0,
            }),
            ended(Usage::default(), Value::Unit),
            ended(full_usage(), Value::Number(u64::MAX)),
            ended(Usage { cpu_ns: Some(5), ..Usage::default() }, Value::Digest(vec![7; INLINE_BYTES])),
            Record::Ended {
                t_ns: 0,
                task: TaskId(1),
                ok: false,
                usage: full_usage(),
                value: Value::Row(Vec::new()),
            },
        ]
    }

    #[test]
    fn records_come_back_as_they_were() {
        for record in records() {
            let (mut words, used) = record.encode().expect("short enough");
            words[used..].fill(u64::MAX);
            assert_eq!(Record::decode(&words), Ok(record));
        }
    }

    #[test]
    fn whatever_was_measured_comes_back_and_nothing_else() {
        let full = full_usage();
        for measured in 0..256_u32 {
            let has = |bit: u32| measured & (1 << bit) != 0;
            let usage = Usage {
                cpu_ns: full.cpu_ns.filter(|_| has(0)),
                core_wait_ns: full.core_wait_ns.filter(|_| has(1)),
                voluntary_switches: full.voluntary_switches.filter(|_| has(2)),
                involuntary_switches: full.involuntary_switches.filter(|_| has(3)),
                minor_faults: full.minor_faults.filter(|_| has(4)),
                major_faults: full.major_faults.filter(|_| has(5)),
                first_core: full.first_core.filter(|_| has(6)),
                last_core: full.last_core.filter(|_| has(7)),
                ..Usage::default()
            };
            let record = Record::Ended { t_ns: 1, task: TaskId(2), ok: true, usage, value: Value::Number(3) };
            let (words, _) = record.encode().expect("short enough");
            assert_eq!(Record::decode(&words), Ok(record));
        }
    }

    #[test]
    fn a_value_that_is_too_long_is_refused() {
        for len in [INLINE_BYTES + 1, 1 << 20] {
            let record = Record::Ended {
                t_ns: 0,
                task: TaskId(1),
                ok: true,
                usage: Usage::default(),
                value: Value::Digest(vec![0; len]),
            };
            assert_eq!(record.encode(), None, "{len} bytes");
        }
    }

    #[test]
    fn any_changed_bit_gives_a_record_or_an_error_and_never_a_panic() {
        for record in records() {
            let (words, _) = record.encode().expect("short enough");
            for word in 0..RECORD_WORDS {
                for bit in 0..64 {
                    let mut broken = words;
                    broken[word] ^= 1 << bit;
                    if let Ok(read) = Record::decode(&broken) {
                        assert!(read.encode().is_some(), "{read:?} was read and cannot be written");
                    }
                }
            }
        }
    }
}
