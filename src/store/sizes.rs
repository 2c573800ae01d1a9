//! How many workers the pool was to have, from the run's start and after each resize.

use super::RunStore;
use crate::ids::WorkerId;

/// Resizes that a title names one by one.
const NAMED: usize = 3;

impl RunStore {
    /// Workers that the pool shall have now; 0 before the run has started.
    pub fn size(&self) -> u32 {
        self.sizes.last().map_or(0, |size| size.1)
    }

    /// When the pool was resized while the run went, and to how many workers.
    pub fn resizes(&self) -> &[(u64, u32)] {
        self.sizes.get(1..).unwrap_or_default()
    }

    /// Whether the pool has room for this worker now. Before the run has started nobody is ruled out.
    pub fn is_wanted(&self, worker: WorkerId) -> bool {
        self.sizes.last().is_none_or(|size| worker.0 < size.1)
    }

    /// From when to when the pool had room for this worker, in nanoseconds and in order; the last interval may be open,
    /// then it ends at [`u64::MAX`]. A worker that no size had room for, and who is there all the same, counts as wanted
    /// throughout.
    pub fn wanted_ns(&self, worker: WorkerId) -> Vec<(u64, u64)> {
        let mut wanted = Vec::new();
        let mut since_ns = None;
        for &(t_ns, workers) in &self.sizes {
            if worker.0 < workers {
                since_ns.get_or_insert(t_ns);
            } else if let Some(from_ns) = since_ns.take() {
                wanted.push((from_ns, t_ns));
            }
        }
        wanted.extend(since_ns.map(|from_ns| (from_ns, u64::MAX)));
        if wanted.is_empty() {
            wanted.push((0, u64::MAX));
        }
        wanted
    }

    /// What the spec says of the run, and that the pool did not stay as the spec says. `None` before the run has started.
    pub fn title(&self) -> Option<String> {
        let title = self.info.as_ref()?.spec.title();
        Some(match resized_words(self.resizes().iter().map(|size| size.1)) {
            Some(words) => format!("{title}, {words}"),
            None => title,
        })
    }
}

/// `resized to 4`; `None` for a pool that kept its size.
pub fn resized_words(sizes: impl ExactSizeIterator<Item = u32>) -> Option<String> {
    let times = sizes.len();
    let sizes: Vec<String> = sizes.skip(times.saturating_sub(NAMED)).map(|size| size.to_string()).collect();
    let last = sizes.last()?;
    Some(if times > NAMED {
        format!("resized {times} times, at last to {last}")
    } else {
        format!("resized to {}", sizes.join(", then "))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{event::Event, spec::Backend, store::testing::*};

    fn resized(sizes: &[(u64, u32)]) -> RunStore {
        let mut store = store([run_started(spec(Backend::Processes, 2, 4))]);
        for &(t_ns, workers) in sizes {
            store.apply(Event::Resized { t_ns, workers });
        }
        store
    }

    #[test]
    fn a_worker_is_wanted_while_there_is_room_for_it() {
        const OPEN: u64 = u64::MAX;
        let store = resized(&[(10, 4), (20, 1), (30, 3)]);
        let wanted: Vec<_> = (0..4).map(|worker| store.wanted_ns(WorkerId(worker))).collect();
        assert_eq!(
            wanted,
            [vec![(0, OPEN)], vec![(0, 20), (30, OPEN)], vec![(10, 20), (30, OPEN)], vec![(10, 20)]]
        );
        let now: Vec<_> = (0..4).map(|worker| store.is_wanted(WorkerId(worker))).collect();
        assert_eq!(now, [true, true, true, false]);
        assert_eq!(store.wanted_ns(WorkerId(9)), [(0, OPEN)], "nobody knows why it is there");
        assert_eq!(RunStore::default().wanted_ns(WorkerId(0)), [(0, OPEN)]);
    }

    #[test]
    fn a_title_says_that_the_pool_did_not_stay_as_it_was() {
        let title = |sizes: &[(u64, u32)]| resized(sizes).title().expect("it has started");
        assert_eq!(title(&[]), "processes × 2, square, 4 tasks");
        assert_eq!(title(&[(1, 4)]), "processes × 2, square, 4 tasks, resized to 4");
        assert_eq!(title(&[(1, 4), (2, 1)]), "processes × 2, square, 4 tasks, resized to 4, then 1");
        assert!(title(&[(1, 4), (2, 1), (3, 3), (4, 2)]).ends_with(", resized 4 times, at last to 2"));
        assert_eq!(RunStore::default().title(), None);
    }
}
