//! When workers' time went into one part.

use super::{
    Part,
    sweep::{Pool, Sink, Sweep},
};
use crate::{ids::WorkerId, store::RunStore};

/// Of one worker not more than so many are kept; beyond, neighbours become one.
const MOST: usize = 1 << 16;

/// Intervals of one worker, in order, none over another: from and to, in nanoseconds.
pub type Intervals = Vec<(u64, u64)>;

/// When each worker's time went into this part, by its place. A part that is measured in tasks as a sum (of which it is not
/// known when in the task it was) gives the attempts that it was measured in, whole. Where one worker has more than 65,536
/// intervals, those that are closest together are told as one.
pub fn intervals(store: &RunStore, part: Part) -> Vec<Intervals> {
    let Some(pool) = Pool::of(store) else { return Vec::new() };
    let workers = (0..).map(WorkerId).zip(&store.lanes);
    let of_lane = |(worker, lane)| {
        Sweep::run(&pool, lane, store.wanted_ns(worker), Collector { part, found: Vec::new(), apart_ns: 0 })
            .found
    };
    workers.map(of_lane).collect()
}

struct Collector {
    part: Part,
    found: Intervals,
    /// What is no further apart is one.
    apart_ns: u64,
}

impl Collector {
    fn add(&mut self, from_ns: u64, to_ns: u64) {
        if to_ns <= from_ns {
            return;
        }
        match self.found.last_mut() {
            Some(last) if from_ns <= last.1.saturating_add(self.apart_ns) => last.1 = last.1.max(to_ns),
            _ => self.found.push((from_ns, to_ns)),
        }
        while self.found.len() > MOST {
            // Twice what would leave a half of them, were they spread evenly.
            let whole_ns = to_ns.saturating_sub(self.found.first().map_or(0, |first| first.0));
            self.apart_ns = (self.apart_ns * 2).max(whole_ns / MOST as u64).max(1);
            let all = std::mem::take(&mut self.found);
            for (from_ns, to_ns) in all {
                match self.found.last_mut() {
                    Some(last) if from_ns <= last.1.saturating_add(self.apart_ns) => last.1 = to_ns,
                    _ => self.found.push((from_ns, to_ns)),
                }
            }
        }
    }
}

impl Sink for Collector {
    fn idle(&mut self, part: Part, from_ns: u64, to_ns: u64) {
        if part == self.part {
            self.add(from_ns, to_ns);
        }
    }

    fn within(&mut self, part: Part, from_ns: u64, to_ns: u64, ns: u64) {
        if part == self.part && ns > 0 {
            self.add(from_ns, to_ns);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{analysis::WorkerTime, store::testing::*};

    /// Idle parts are told to the nanosecond, those measured in tasks by attempts that are long enough for them.
    #[test]
    fn intervals_sum_up_to_the_part() {
        let mut told = 0;
        for seed in 0..150 {
            let run = store(random_run(seed));
            let Some(time) = WorkerTime::new(&run) else { continue };
            for part in Part::ALL {
                let of_part = intervals(&run, part);
                assert_eq!(of_part.len(), run.lanes.len());
                for (found, parts) in of_part.iter().zip(time.per_worker()) {
                    assert!(
                        found.windows(2).all(|pair| pair[0].1 < pair[1].0),
                        "in order and apart: {found:?}"
                    );
                    let sum: u64 = found.iter().map(|(from, to)| to - from).sum();
                    let ns = parts[part as usize];
                    let in_tasks =
                        matches!(part, Part::Useful | Part::WaitingForCore | Part::Lock | Part::Blocked);
                    assert!(
                        if in_tasks { sum >= ns } else { sum == ns },
                        "seed {seed}, {part:?}: {sum} of {ns}"
                    );
                    told += usize::from(ns > 0);
                }
            }
        }
        assert!(told > 500, "only {told} parts were looked at");
    }

    #[test]
    fn very_many_become_fewer_and_lose_nothing() {
        let mut collector = Collector { part: Part::Dispatch, found: Vec::new(), apart_ns: 0 };
        let count = 300_000;
        for at in 0..count {
            collector.idle(Part::Dispatch, at * 10, at * 10 + 3);
            collector.idle(Part::Tail, at * 10 + 5, at * 10 + 6);
        }
        let found = &collector.found;
        assert!(found.len() <= MOST && !found.is_empty(), "{}", found.len());
        assert_eq!((found[0].0, found[found.len() - 1].1), (0, (count - 1) * 10 + 3));
        assert!(found.windows(2).all(|pair| pair[0].1 < pair[1].0));
        let sum: u64 = found.iter().map(|(from, to)| to - from).sum();
        assert!(sum >= count * 3);
    }
}
