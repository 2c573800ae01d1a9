//! What a run has told and its recorder has not written yet: in memory up to a limit, beyond that on disk.

use std::{
    collections::VecDeque,
    fs::File,
    io::{self, Read, Seek, SeekFrom, Write},
    path::PathBuf,
    sync::{Condvar, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use serde::{Deserialize, Serialize};

use crate::event::{Event, Exit};

/// Bytes that wait in memory.
const MEMORY_LIMIT: usize = 32 << 20;
/// Bytes read back from disk at a time, at least one item.
const READ_AT_A_TIME: usize = 4 << 20;

/// One thing that a run told.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) enum Item {
    /// Part of the engine's stream, as it came.
    Bytes(#[serde(with = "serde_bytes")] Vec<u8>),
    /// What the session itself noticed.
    Event(Event),
    Lost {
        t_ns: u64,
        exit: Option<Exit>,
        reason: String,
    },
}

impl Item {
    fn len(&self) -> usize {
        match self {
            Self::Bytes(bytes) => bytes.len(),
            Self::Event(_) | Self::Lost { .. } => 256,
        }
    }
}

/// Gave the next items, or says that there will be none.
#[derive(Debug, PartialEq)]
pub(super) enum Next {
    Items(Vec<Item>),
    /// Nothing within the time.
    Nothing,
    End,
}

/// A queue between two threads. The one that puts never waits for the one that takes.
pub(super) struct Backlog {
    inner: Mutex<Inner>,
    news: Condvar,
    /// Where to put what does not fit into memory.
    folder: PathBuf,
    limit: usize,
}

#[derive(Default)]
struct Inner {
    waiting: VecDeque<Item>,
    bytes: usize,
    /// What came after everything in `waiting`.
    spool: Option<Spool>,
    ended: bool,
    /// The disk took no more: what came after this is lost.
    fault: Option<String>,
}

/// Items in a file without a name, each led by its length.
struct Spool {
    file: File,
    read_at: u64,
    write_at: u64,
}

impl Backlog {
    pub(super) fn new(folder: PathBuf) -> Self {
        Self::with_limit(folder, MEMORY_LIMIT)
    }

    fn with_limit(folder: PathBuf, limit: usize) -> Self {
        Self { inner: Mutex::default(), news: Condvar::new(), folder, limit }
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn put(&self, item: Item) {
        let mut inner = self.lock();
        if inner.fault.is_some() {
            return;
        }
        if inner.spool.is_none() && inner.bytes + item.len() <= self.limit {
            inner.bytes += item.len();
            inner.waiting.push_back(item);
        } else if let Err(error) = self.spool(&mut inner, &item) {
            inner.fault = Some(format!("what waited to be written found no room: {error}"));
        }
        self.news.notify_one();
    }

    fn spool(&self, inner: &mut Inner, item: &Item) -> io::Result<()> {
        let bytes = postcard::to_allocvec(item).map_err(io::Error::other)?;
        let spool = match &mut inner.spool {
            Some(spool) => spool,
            empty => {
                empty.insert(Spool { file: tempfile::tempfile_in(&self.folder)?, read_at: 0, write_at: 0 })
            }
        };
        let length = u32::try_from(bytes.len()).map_err(io::Error::other)?;
        spool.file.seek(SeekFrom::Start(spool.write_at))?;
        spool.file.write_all(&length.to_le_bytes())?;
        spool.file.write_all(&bytes)?;
        spool.write_at += 4 + u64::from(length);
        Ok(())
    }

    /// Nothing more will be put.
    pub(super) fn end(&self) {
        self.lock().ended = true;
        self.news.notify_one();
    }

    /// Everything that waits in memory, or the next part of what waits on disk; waits for something at most `limit`.
    pub(super) fn take(&self, limit: Duration) -> Next {
        let mut inner = self.lock();
        if inner.waiting.is_empty() && inner.spool.is_none() && !inner.ended {
            inner = self.news.wait_timeout(inner, limit).unwrap_or_else(PoisonError::into_inner).0;
        }
        if !inner.waiting.is_empty() {
            inner.bytes = 0;
            return Next::Items(std::mem::take(&mut inner.waiting).into());
        }
        let Some(spool) = &mut inner.spool else {
            return if inner.ended { Next::End } else { Next::Nothing };
        };
        let read = spool.read();
        if spool.read_at == spool.write_at {
            inner.spool = None;
        }
        match read {
            Ok(items) => Next::Items(items),
            Err(error) => {
                inner.fault.get_or_insert_with(|| format!("what waited on disk cannot be read: {error}"));
                inner.spool = None;
                Next::Nothing
            }
        }
    }

    /// Forgets what waits, and takes nothing more.
    pub(super) fn give_up(&self, why: &str) {
        let mut inner = self.lock();
        if inner.ended && inner.waiting.is_empty() && inner.spool.is_none() {
            return;
        }
        inner.fault.get_or_insert_with(|| why.to_owned());
        inner.waiting.clear();
        inner.spool = None;
        self.news.notify_one();
    }

    /// Why something is missing.
    pub(super) fn fault(&self) -> Option<String> {
        self.lock().fault.clone()
    }
}

impl Spool {
    fn read(&mut self) -> io::Result<Vec<Item>> {
        let (mut items, mut bytes) = (Vec::new(), Vec::new());
        let end = self.read_at + READ_AT_A_TIME as u64;
        self.file.seek(SeekFrom::Start(self.read_at))?;
        while self.read_at < self.write_at.min(end) {
            let mut length = [0; 4];
            self.file.read_exact(&mut length)?;
            bytes.resize(u32::from_le_bytes(length) as usize, 0);
            self.file.read_exact(&mut bytes)?;
            self.read_at += 4 + bytes.len() as u64;
            items.push(postcard::from_bytes(&bytes).map_err(io::Error::other)?);
        }
        Ok(items)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bytes(n: u8) -> Item {
        Item::Bytes(vec![n; 100])
    }

    #[test]
    fn items_come_out_in_order_whether_they_fit_into_memory_or_not() {
        for limit in [0, 250, 1 << 20] {
            let backlog = Backlog::with_limit(std::env::temp_dir(), limit);
            let mut expected = 0;
            let mut taken = Vec::new();
            for round in 0..20_u8 {
                for n in 0..5 {
                    backlog.put(bytes(round * 5 + n));
                }
                backlog.put(Item::Lost { t_ns: u64::from(round), exit: None, reason: "x".to_owned() });
                expected += 6;
                if round % 3 == 0
                    && let Next::Items(items) = backlog.take(Duration::ZERO)
                {
                    taken.extend(items);
                }
            }
            backlog.end();
            loop {
                match backlog.take(Duration::ZERO) {
                    Next::Items(items) => taken.extend(items),
                    Next::Nothing => panic!("it ends"),
                    Next::End => break,
                }
            }
            assert_eq!(taken.len(), expected);
            let order: Vec<_> = taken
                .iter()
                .filter_map(|item| match item {
                    Item::Bytes(bytes) => Some(bytes[0]),
                    _ => None,
                })
                .collect();
            assert_eq!(order, (0..100).collect::<Vec<_>>(), "limit {limit}");
            assert_eq!(backlog.fault(), None);
        }
    }

    #[test]
    fn a_disk_that_takes_nothing_is_told_of() {
        let backlog = Backlog::with_limit("/nonexistent".into(), 0);
        backlog.put(bytes(1));
        assert!(backlog.fault().is_some_and(|fault| fault.contains("no room")));
        backlog.end();
        assert_eq!(backlog.take(Duration::ZERO), Next::End);
    }

    #[test]
    fn nothing_is_waited_for_no_longer_than_asked() {
        let backlog = Backlog::new(std::env::temp_dir());
        assert_eq!(backlog.take(Duration::from_millis(1)), Next::Nothing);
    }
}
