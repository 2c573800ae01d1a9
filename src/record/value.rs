//! Results, exits and outcomes as they stand in a table, and back.

use rusqlite::types::{ToSqlOutput, Value as Sql, ValueRef};

use crate::{
    event::{Exit, Outcome},
    workload::Value,
};

/// A result: a number as it is (beyond the largest of SQLite's as its negative with the same bits), a hash in hexadecimal
/// digits, bytes moved by their count and hash, a row of shades as a blob.
pub(super) fn result_to_sql(value: &Value) -> ToSqlOutput<'_> {
    match value {
        Value::Unit => ToSqlOutput::Owned(Sql::Null),
        Value::Number(number) => ToSqlOutput::Owned(Sql::Integer(number.cast_signed())),
        Value::Digest(bytes) => ToSqlOutput::Owned(Sql::Text(hex(bytes))),
        Value::Row(bytes) => ToSqlOutput::Borrowed(ValueRef::Blob(bytes)),
        Value::Bytes(_) => result_to_owned(&value.clone().settled()),
        Value::Moved { .. } => result_to_owned(value),
    }
}

fn result_to_owned(value: &Value) -> ToSqlOutput<'static> {
    match value {
        Value::Moved { len, hash } => ToSqlOutput::Owned(Sql::Text(format!("{len}{MOVED}{hash:016x}"))),
        _ => ToSqlOutput::Owned(Sql::Null),
    }
}

/// Between the count of bytes and their hash.
const MOVED: &str = " bytes, hash ";

/// `None` for what no result looks like.
pub(super) fn result_from_sql(sql: ValueRef<'_>) -> Option<Value> {
    Some(match sql {
        ValueRef::Null => Value::Unit,
        ValueRef::Integer(number) => Value::Number(number.cast_unsigned()),
        ValueRef::Blob(bytes) => Value::Row(bytes.to_vec()),
        ValueRef::Text(text) => {
            let text = std::str::from_utf8(text).ok()?;
            match text.split_once(MOVED) {
                Some((len, hash)) => {
                    Value::Moved { len: len.parse().ok()?, hash: u64::from_str_radix(hash, 16).ok()? }
                }
                None => Value::Digest(unhex(text)?),
            }
        }
        ValueRef::Real(_) => return None,
    })
}

fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::with_capacity(2 * bytes.len()), |mut text, byte| {
        let _a_string_takes_everything = write!(text, "{byte:02x}");
        text
    })
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    let (pairs, []) = text.as_bytes().as_chunks::<2>() else { return None };
    let digit = |byte: u8| char::from(byte).to_digit(16).map(|digit| digit as u8);
    pairs.iter().map(|[high, low]| Some(digit(*high)? << 4 | digit(*low)?)).collect()
}

/// As Python's `exitcode`: a signal is negative.
pub(super) fn exit_to_sql(exit: Exit) -> i64 {
    match exit {
        Exit::Code(code) => i64::from(code),
        Exit::Signal(signal) => -i64::from(signal),
    }
}

pub(super) fn exit_from_sql(exit: i64) -> Option<Exit> {
    let exit = i32::try_from(exit).ok()?;
    Some(if exit < 0 { Exit::Signal(exit.checked_neg()?) } else { Exit::Code(exit) })
}

/// The columns `status`, `exit` and `message`.
pub(super) fn outcome_to_sql(outcome: &Outcome) -> (&'static str, Option<i64>, Option<&str>) {
    match outcome {
        Outcome::Ok => ("ok", None, None),
        Outcome::Failed(message) => ("failed", None, Some(message)),
        Outcome::Crashed(exit) => ("crashed", Some(exit_to_sql(*exit)), None),
        Outcome::TimedOut => ("timed_out", None, None),
        Outcome::Cancelled => ("cancelled", None, None),
    }
}

pub(super) fn outcome_from_sql(status: &str, exit: Option<i64>, message: Option<&str>) -> Option<Outcome> {
    Some(match status {
        "ok" => Outcome::Ok,
        "failed" => Outcome::Failed(message.unwrap_or_default().into()),
        "crashed" => Outcome::Crashed(exit_from_sql(exit?)?),
        "timed_out" => Outcome::TimedOut,
        "cancelled" => Outcome::Cancelled,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn as_ref<'a>(sql: &'a ToSqlOutput<'a>) -> ValueRef<'a> {
        match sql {
            ToSqlOutput::Borrowed(value) => *value,
            ToSqlOutput::Owned(value) => value.into(),
            _ => panic!("a value"),
        }
    }

    #[test]
    fn results_come_back_as_they_were() {
        for value in [
            Value::Unit,
            Value::Number(0),
            Value::Number(u64::MAX),
            Value::Digest(vec![]),
            Value::Digest(vec![0, 0x7f, 0xff]),
            Value::Row(vec![]),
            Value::Row(vec![1, 2, 3]),
            Value::Moved { len: 1 << 40, hash: u64::MAX },
            Value::Moved { len: 0, hash: 0 },
        ] {
            assert_eq!(result_from_sql(as_ref(&result_to_sql(&value))), Some(value));
        }
        let bytes = Value::Bytes(vec![7; 99]);
        assert_eq!(result_from_sql(as_ref(&result_to_sql(&bytes))), Some(bytes.settled()));
    }

    #[test]
    fn what_no_result_looks_like_is_refused() {
        for sql in [
            ValueRef::Real(1.5),
            ValueRef::Text(b"abc"),
            ValueRef::Text(b"zz"),
            ValueRef::Text(&[0xff, 0xfe]),
            ValueRef::Text(b"many bytes, hash 00"),
            ValueRef::Text(b"9 bytes, hash x"),
        ] {
            assert_eq!(result_from_sql(sql), None, "{sql:?}");
        }
    }

    #[test]
    fn outcomes_come_back_as_they_were() {
        for outcome in [
            Outcome::Ok,
            Outcome::Failed("it's \"odd\"\n".into()),
            Outcome::Failed("".into()),
            Outcome::Crashed(Exit::Code(0)),
            Outcome::Crashed(Exit::Code(255)),
            Outcome::Crashed(Exit::Signal(11)),
            Outcome::TimedOut,
            Outcome::Cancelled,
        ] {
            let (status, exit, message) = outcome_to_sql(&outcome);
            assert_eq!(outcome_from_sql(status, exit, message), Some(outcome));
        }
        for (status, exit) in [("", None), ("crashed", None), ("crashed", Some(i64::MIN)), ("OK", None)] {
            assert_eq!(outcome_from_sql(status, exit, None), None, "{status} {exit:?}");
        }
        assert_eq!(outcome_from_sql("crashed", Some(i64::from(i32::MIN)), None), None);
    }
}
