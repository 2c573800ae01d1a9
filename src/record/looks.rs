//! What a file is by its first bytes, before SQLite is asked.

use std::{fs::File, io::Read, path::Path};

use super::{open::beside, schema::APPLICATION_ID};

/// Of an SQLite database, this many bytes at its beginning tell what it is.
const HEADER_BYTES: usize = 100;
const MAGIC: &[u8; 16] = b"SQLite format 3\0";

/// The first bytes of an SQLite database.
pub(super) struct Header([u8; HEADER_BYTES]);

impl Header {
    /// `None` of what is no database. Only for a file that nobody in this process writes to: to close it would let go of
    /// the writer's locks.
    pub(super) fn read(path: &Path) -> Option<Self> {
        let mut bytes = [0; HEADER_BYTES];
        File::open(path).and_then(|mut file| file.read_exact(&mut bytes)).ok()?;
        bytes.starts_with(MAGIC).then_some(Self(bytes))
    }

    fn word(&self, at: usize) -> u32 {
        self.0[at..at + 4].iter().fold(0, |word, byte| word << 8 | u32::from(*byte))
    }

    /// It is a run of Poolscope, of any version, sound or not.
    pub(super) fn is_run(&self) -> bool {
        self.word(68) == APPLICATION_ID.cast_unsigned()
    }

    /// How long the file was when this was written; `None` where that is not known.
    pub(super) fn file_bytes(&self) -> Option<u64> {
        let page = match u16::from_be_bytes([self.0[16], self.0[17]]) {
            1 => 1 << 16,
            size => u64::from(size),
        };
        let is_known = self.word(24) == self.word(92);
        is_known.then(|| u64::from(self.word(28)) * page)
    }

    /// It was written with a log beside it.
    pub(super) fn has_log(&self) -> bool {
        self.0[18..20] == [2, 2]
    }
}

/// Whether a file is a run of Poolscope by its first bytes, sound or not. One with a log beside it that somebody may be
/// writing is taken for one unseen.
pub fn is_run(path: &Path) -> bool {
    beside(path, "-wal").exists() || Header::read(path).is_some_and(|header| header.is_run())
}
