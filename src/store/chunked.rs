//! A column that only grows and is cheap to clone: full chunks are shared, only the open one is copied.

use std::sync::Arc;

/// Items in one sealed chunk. A clone copies at most this many.
const CHUNK: usize = 512;

/// An append-only sequence. Cloning costs one pointer per sealed chunk and a copy of the open one.
#[derive(Clone, Debug)]
pub struct Chunked<T> {
    sealed: Vec<Arc<[T]>>,
    open: Vec<T>,
}

impl<T> Default for Chunked<T> {
    fn default() -> Self {
        Self { sealed: Vec::new(), open: Vec::new() }
    }
}

impl<T> Chunked<T> {
    pub fn push(&mut self, item: T) {
        self.open.push(item);
        if self.open.len() == CHUNK {
            self.sealed.push(std::mem::take(&mut self.open).into());
        }
    }

    pub fn len(&self) -> usize {
        self.sealed.len() * CHUNK + self.open.len()
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    pub fn get(&self, at: usize) -> Option<&T> {
        match self.sealed.get(at / CHUNK) {
            Some(chunk) => chunk.get(at % CHUNK),
            None => self.open.get(at - self.sealed.len() * CHUNK),
        }
    }

    pub fn last(&self) -> Option<&T> {
        self.open.last().or_else(|| self.sealed.last().and_then(|chunk| chunk.last()))
    }

    pub fn iter(&self) -> impl DoubleEndedIterator<Item = &T> + Clone {
        self.sealed.iter().flat_map(|chunk| chunk.iter()).chain(&self.open)
    }

    /// Items from `from` on, without walking over those before.
    pub fn iter_from(&self, from: usize) -> impl Iterator<Item = &T> {
        (from..self.len()).filter_map(|at| self.get(at))
    }

    /// The first `len` items, or all where there are fewer. Costs as much as a clone.
    #[must_use]
    pub fn prefix(&self, len: usize) -> Self
    where
        T: Clone,
    {
        let full = len / CHUNK;
        if let Some(cut) = self.sealed.get(full) {
            return Self { sealed: self.sealed[..full].to_vec(), open: cut[..len % CHUNK].to_vec() };
        }
        let open = len.saturating_sub(self.sealed.len() * CHUNK).min(self.open.len());
        Self { sealed: self.sealed.clone(), open: self.open[..open].to_vec() }
    }

    /// The first index for which `before` is false, where `before` holds for a prefix. As `slice::partition_point`.
    pub fn partition_point(&self, mut before: impl FnMut(&T) -> bool) -> usize {
        let (mut low, mut high) = (0, self.len());
        while low < high {
            let mid = usize::midpoint(low, high);
            if self.get(mid).is_some_and(&mut before) {
                low = mid + 1;
            } else {
                high = mid;
            }
        }
        low
    }
}

impl<T> FromIterator<T> for Chunked<T> {
    fn from_iter<I: IntoIterator<Item = T>>(items: I) -> Self {
        let mut column = Self::default();
        for item in items {
            column.push(item);
        }
        column
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn items_keep_their_order_across_chunks() {
        let n = CHUNK * 3 + 7;
        let column: Chunked<usize> = (0..n).collect();
        assert_eq!(column.len(), n);
        assert!(column.iter().copied().eq(0..n));
        assert_eq!(column.get(CHUNK), Some(&CHUNK));
        assert_eq!(column.get(n), None);
        assert_eq!(column.last(), Some(&(n - 1)));
        assert!(column.iter_from(n - 2).copied().eq(n - 2..n));
    }

    #[test]
    fn a_full_last_chunk_still_has_a_last_item() {
        let column: Chunked<usize> = (0..CHUNK).collect();
        assert_eq!(column.last(), Some(&(CHUNK - 1)));
        assert!(!column.is_empty());
    }

    #[test]
    fn partition_point_agrees_with_a_slice() {
        let items: Vec<usize> = (0..CHUNK * 2 + 3).collect();
        let column: Chunked<usize> = items.iter().copied().collect();
        for limit in [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, items.len(), items.len() + 5] {
            assert_eq!(
                column.partition_point(|&item| item < limit),
                items.partition_point(|&item| item < limit)
            );
        }
    }

    #[test]
    fn a_prefix_has_the_first_items() {
        let items: Vec<usize> = (0..CHUNK * 2 + 3).collect();
        let column: Chunked<usize> = items.iter().copied().collect();
        for len in [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 2 * CHUNK, 2 * CHUNK + 2, items.len(), items.len() + 5]
        {
            let mut prefix = column.prefix(len);
            let expected = &items[..len.min(items.len())];
            assert!(prefix.iter().eq(expected), "{len}");
            prefix.push(7);
            assert!(
                prefix.len() == expected.len() + 1 && prefix.last() == Some(&7),
                "it can grow from {len}"
            );
        }
    }

    #[test]
    fn a_clone_does_not_see_what_comes_later() {
        let mut column: Chunked<usize> = (0..=CHUNK).collect();
        let before = column.clone();
        column.push(9);
        assert_eq!(before.len(), CHUNK + 1);
        assert_eq!(column.len(), CHUNK + 2);
    }
}
