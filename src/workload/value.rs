//! What a task returns, and what is kept of it.

use serde::{Deserialize, Serialize};

use super::{bytes, mix};
use crate::ids::TaskId;

/// What a task returns.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Value {
    /// Nothing, as `noop` does.
    #[default]
    Unit,
    /// A number: the square, the count of primes, the nanoseconds slept.
    Number(u64),
    /// Bytes to be read as a hash.
    Digest(Vec<u8>),
    /// One row of a picture, a shade from 0 to 255 a pixel.
    Row(Vec<u8>),
    /// Bytes for their own sake, as `payload` moves them. An engine hands them on [`Value::settled`].
    #[serde(with = "in_one_piece")]
    Bytes(Vec<u8>),
    /// What is kept of [`Value::Bytes`]: how many there were, and a hash of them.
    Moved { len: u64, hash: u64 },
}

impl Value {
    /// A hash of this value at its index. The checksum of a run is the wrapping sum over all tasks, so that it does not
    /// depend on the order in which they end.
    pub fn digest(&self, task: TaskId) -> u64 {
        let (tag, bytes): (u64, &[u8]) = match self {
            Self::Unit => (1, &[]),
            Self::Number(n) => return mix(mix(mix(2) ^ *n).wrapping_add(u64::from(task.0))),
            Self::Digest(bytes) => (3, bytes),
            Self::Row(bytes) => (4, bytes),
            Self::Bytes(bytes) => return moved_digest(bytes.len() as u64, hash_of(bytes), task),
            Self::Moved { len, hash } => return moved_digest(*len, *hash, task),
        };
        let folded = bytes.chunks(8).fold(mix(mix(tag) ^ bytes.len() as u64), |hash, chunk| {
            let mut word = [0; 8];
            word[..chunk.len()].copy_from_slice(chunk);
            mix(hash ^ u64::from_le_bytes(word))
        });
        mix(folded.wrapping_add(u64::from(task.0)))
    }

    /// Bytes that this value itself takes, for the account of what was moved and of what waits.
    pub fn len_bytes(&self) -> u64 {
        match self {
            Self::Unit => 0,
            Self::Number(_) => 8,
            Self::Digest(bytes) | Self::Row(bytes) | Self::Bytes(bytes) => bytes.len() as u64,
            Self::Moved { .. } => 16,
        }
    }

    /// The value as a run keeps it. Bytes have done their work once they have arrived: a few thousand tasks' worth would
    /// fill any memory, and nobody looks at them. The digest stays the same.
    #[must_use]
    pub fn settled(self) -> Self {
        match self {
            Self::Bytes(bytes) => Self::Moved { len: bytes.len() as u64, hash: hash_of(&bytes) },
            other => other,
        }
    }
}

fn hash_of(bytes: &[u8]) -> u64 {
    bytes::hash(0, bytes)
}

fn moved_digest(len: u64, hash: u64, task: TaskId) -> u64 {
    mix(mix(mix(mix(5) ^ len) ^ hash).wrapping_add(u64::from(task.0)))
}

/// Bytes as one piece instead of one after the other. In postcard both look the same, but this one is a copy of memory,
/// as it must be where moving bytes is what is measured.
mod in_one_piece {
    use std::fmt;

    use serde::{
        Deserializer, Serializer,
        de::{SeqAccess, Visitor},
    };

    pub(super) fn serialize<S: Serializer>(bytes: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_bytes(bytes)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<u8>, D::Error> {
        deserializer.deserialize_byte_buf(Bytes)
    }

    struct Bytes;

    impl<'de> Visitor<'de> for Bytes {
        type Value = Vec<u8>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("bytes")
        }

        fn visit_bytes<E>(self, bytes: &[u8]) -> Result<Vec<u8>, E> {
            Ok(bytes.to_vec())
        }

        fn visit_byte_buf<E>(self, bytes: Vec<u8>) -> Result<Vec<u8>, E> {
            Ok(bytes)
        }

        /// How formats without bytes, such as JSON, hold them. No announced length is believed.
        fn visit_seq<A: SeqAccess<'de>>(self, mut sequence: A) -> Result<Vec<u8>, A::Error> {
            let mut bytes = Vec::new();
            while let Some(byte) = sequence.next_element()? {
                bytes.push(byte);
            }
            Ok(bytes)
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn values() -> Vec<Value> {
        vec![
            Value::Unit,
            Value::Number(0),
            Value::Number(1),
            Value::Digest(vec![]),
            Value::Digest(vec![0]),
            Value::Digest(vec![0, 0]),
            Value::Row(vec![0]),
            Value::Bytes(vec![]),
            Value::Bytes(vec![0]),
            Value::Bytes(vec![0; 1000]),
            Value::Bytes((0..=255).collect()),
        ]
    }

    #[test]
    fn digests_tell_values_and_places_apart() {
        let values = values();
        let digests: BTreeSet<u64> =
            values.iter().flat_map(|value| (0..3).map(|task| value.digest(TaskId(task)))).collect();
        assert_eq!(digests.len(), values.len() * 3);
    }

    #[test]
    fn a_settled_value_is_small_and_has_the_digest_of_what_it_was() {
        for value in values() {
            let settled = value.clone().settled();
            assert!(settled.len_bytes() <= 16);
            for task in 0..3 {
                assert_eq!(settled.digest(TaskId(task)), value.digest(TaskId(task)), "{value:?}");
            }
            assert_eq!(settled.clone().settled(), settled);
            match (&value, &settled) {
                (Value::Bytes(bytes), Value::Moved { len, .. }) => assert_eq!(*len, bytes.len() as u64),
                (Value::Bytes(_), other) => panic!("{other:?}"),
                _ => assert_eq!(settled, value),
            }
        }
    }

    #[test]
    fn values_travel_as_postcard_and_as_json() {
        for value in values().into_iter().chain([Value::Moved { len: 7, hash: u64::MAX }]) {
            let packed = postcard::to_stdvec(&value).expect("packs");
            assert_eq!(postcard::from_bytes::<Value>(&packed), Ok(value.clone()));
            let text = serde_json::to_string(&value).expect("a text");
            assert_eq!(serde_json::from_str::<Value>(&text).expect("a value"), value);
        }
    }
}
