//! Numbers in memory that processes share.

use std::{
    io,
    sync::atomic::{AtomicI64, Ordering},
};

use super::{
    memory::Cells,
    package::{Parts, Share},
    trace::{Call, Done, End, ObjectId, Verb},
};

/// More would not be an array to share but a data set.
const MAX_LENGTH: usize = 1 << 24;

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("index {index} is outside an array of length {length}")]
pub struct OutsideError {
    pub index: usize,
    pub length: usize,
}

/// As many 64-bit numbers as it was made with. Each single access is atomic; two in a row are not.
///
/// ```
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use poolscope::mp::Array;
///
/// let array = Array::new(&[1, 2, 3])?;
/// array.fetch_add(0, 10)?;
/// assert_eq!(array.to_vec(), [11, 2, 3]);
/// assert_eq!((array.set_if(1, 2, 20)?, array.set_if(1, 2, 30)?), (true, false));
/// assert!(array.get(3).is_err());
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct Array {
    cells: Cells<AtomicI64>,
    length: usize,
    id: ObjectId,
}

impl Array {
    /// A copy of these numbers in new shared memory.
    pub fn new(values: &[i64]) -> io::Result<Self> {
        let length = values.len();
        if length > MAX_LENGTH {
            let why = format!("an array of {length} numbers; {MAX_LENGTH} are allowed");
            return Err(io::Error::new(io::ErrorKind::InvalidInput, why));
        }
        // Memory of no length cannot be had.
        let cells: Cells<AtomicI64> = Cells::create(length.max(1))?;
        for (cell, value) in cells.iter().zip(values) {
            cell.store(*value, Ordering::Relaxed);
        }
        Ok(Self { cells, length, id: ObjectId::next() })
    }

    pub fn id(&self) -> ObjectId {
        self.id
    }

    pub fn len(&self) -> usize {
        self.length
    }

    pub fn is_empty(&self) -> bool {
        self.length == 0
    }

    pub fn get(&self, index: usize) -> Result<i64, OutsideError> {
        self.access(Verb::Read, index, |cell| {
            let value = cell.load(Ordering::SeqCst);
            (value, value)
        })
    }

    pub fn set(&self, index: usize, value: i64) -> Result<(), OutsideError> {
        self.access(Verb::Write, index, |cell| {
            cell.store(value, Ordering::SeqCst);
            ((), value)
        })
    }

    /// Reads, computes, and writes back, as `+=` does on a shared number in Python: in two steps. What others write in
    /// between is lost. Returns what it wrote.
    pub fn read_modify_write(
        &self,
        index: usize,
        modify: impl FnOnce(i64) -> i64,
    ) -> Result<i64, OutsideError> {
        let value = modify(self.get(index)?);
        self.set(index, value)?;
        Ok(value)
    }

    /// Adds in one step, and returns what was there before.
    pub fn fetch_add(&self, index: usize, more: i64) -> Result<i64, OutsideError> {
        self.access(Verb::Write, index, |cell| {
            let before = cell.fetch_add(more, Ordering::SeqCst);
            (before, before.wrapping_add(more))
        })
    }

    /// Writes if the cell holds `expected`, in one step; whether it did.
    pub fn set_if(&self, index: usize, expected: i64, value: i64) -> Result<bool, OutsideError> {
        self.access(Verb::Write, index, |cell| {
            match cell.compare_exchange(expected, value, Ordering::SeqCst, Ordering::SeqCst) {
                Ok(_) => (true, value),
                Err(found) => (false, found),
            }
        })
    }

    /// All numbers, read one after the other.
    pub fn to_vec(&self) -> Vec<i64> {
        (0..self.length).map_while(|index| self.get(index).ok()).collect()
    }

    /// `work` returns its result, and what is in the cell now.
    fn access<T>(
        &self,
        verb: Verb,
        index: usize,
        work: impl FnOnce(&AtomicI64) -> (T, i64),
    ) -> Result<T, OutsideError> {
        let call = Call::quick(verb, Some(self.id), None);
        let Some(number) = self.cells.get(index).filter(|_| index < self.length) else {
            let error = OutsideError { index, length: self.length };
            call.done(|| End::Failed(error.to_string().into()), |_: &mut Done| {});
            return Err(error);
        };
        let (result, now) = work(number);
        call.done(|| End::Ok, |done| done.cell = Some((index as u32, now)));
        Ok(result)
    }
}

impl Share for Array {
    const KIND: &'static str = "array";

    fn parts(&self) -> io::Result<Parts> {
        Parts::new(&(self.length, self.id), [self.cells.file()?])
    }

    fn from_parts(mut parts: Parts) -> io::Result<Self> {
        let (length, id): (usize, _) = parts.state()?;
        let cells = Cells::open(parts.descriptor()?, length.max(1))?;
        Ok(Self { cells, length, id })
    }
}

/// One shared number.
#[derive(Debug)]
pub struct Value(Array);

impl Value {
    pub fn new(value: i64) -> io::Result<Self> {
        Array::new(&[value]).map(Self)
    }

    pub fn id(&self) -> ObjectId {
        self.0.id
    }

    pub fn get(&self) -> i64 {
        self.0.get(0).unwrap_or_default()
    }

    pub fn set(&self, value: i64) {
        // The one number is always there.
        let _inside = self.0.set(0, value);
    }

    /// In two steps, see [`Array::read_modify_write`].
    pub fn read_modify_write(&self, modify: impl FnOnce(i64) -> i64) -> i64 {
        self.0.read_modify_write(0, modify).unwrap_or_default()
    }

    pub fn fetch_add(&self, more: i64) -> i64 {
        self.0.fetch_add(0, more).unwrap_or_default()
    }
}

impl Share for Value {
    const KIND: &'static str = "shared value";

    fn parts(&self) -> io::Result<Parts> {
        self.0.parts()
    }

    fn from_parts(parts: Parts) -> io::Result<Self> {
        let array = Array::from_parts(parts)?;
        if array.len() == 1 { Ok(Self(array)) } else { Err(io::ErrorKind::InvalidData.into()) }
    }
}
