//! What a lane shows: bars of attempts that are wide enough, and columns of all others merged.

pub(super) use crate::store::AttemptState as State;
use crate::store::{Lane, Span};

/// Attempts that are too short to be seen one by one.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Merged {
    pub(super) from_ns: u64,
    pub(super) to_ns: u64,
    /// Attempts that began here.
    pub(super) count: u32,
    /// Share of the time in which one ran, 0 to 1.
    pub(super) busy: f64,
    pub(super) worst: State,
}

/// Everything a lane shows of its attempts.
#[derive(Debug, Default)]
pub(super) struct Cells {
    pub(super) bars: Vec<Span>,
    pub(super) merged: Vec<Merged>,
}

impl Cells {
    pub(super) fn len(&self) -> usize {
        self.bars.len() + self.merged.len()
    }
}

#[derive(Clone, Copy, Default)]
struct Column {
    count: u32,
    busy_ns: u64,
    worst: State,
}

/// Busy shares that differ by less than this are drawn as one.
const SHARE_STEP: f64 = 0.05;

/// Divides a lane from 0 to `end_ns` into so many columns. An attempt at least as long as a column is a bar; there are
/// at most as many of them as columns. Neighbours that look the same are one.
pub(super) fn cells(lane: &Lane, end_ns: u64, columns: usize) -> Cells {
    let mut table = vec![Column::default(); columns.max(1)];
    let column_ns = end_ns as f64 / table.len() as f64;
    let last = table.len() - 1;
    let edge = |at: usize| (at as f64 * column_ns) as u64;
    let mut bars = Vec::new();
    for span in lane.spans.iter() {
        if span.run_ns() as f64 >= column_ns {
            bars.push(span);
            continue;
        }
        let at = ((span.start_ns as f64 / column_ns) as usize).min(last);
        let column = &mut table[at];
        column.count += 1;
        column.worst = column.worst.max(State::of(&span.outcome));
        // Shorter than a column, it reaches into the next one at most.
        let border_ns = edge(at + 1).clamp(span.start_ns, span.end_ns);
        column.busy_ns += border_ns - span.start_ns;
        table[(at + 1).min(last)].busy_ns += span.end_ns - border_ns;
    }
    let mut merged: Vec<Merged> = Vec::new();
    for (at, column) in table.iter().enumerate() {
        if column.count == 0 && column.busy_ns == 0 {
            continue;
        }
        let (from_ns, to_ns) = (edge(at), edge(at + 1));
        let busy = (column.busy_ns as f64 / column_ns).min(1.0);
        match merged.last_mut() {
            Some(before)
                if before.to_ns == from_ns
                    && before.worst == column.worst
                    && (before.busy - busy).abs() < SHARE_STEP =>
            {
                let (old, new) = ((before.to_ns - before.from_ns) as f64, (to_ns - from_ns) as f64);
                before.busy = (before.busy * old + busy * new) / (old + new).max(1.0);
                before.count += column.count;
                before.to_ns = to_ns;
            }
            _ => merged.push(Merged { from_ns, to_ns, count: column.count, busy, worst: column.worst }),
        }
    }
    Cells { bars, merged }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        event::{Ended, Outcome},
        spec::Backend,
        store::testing::*,
    };

    fn lane(spans: &[(u64, u64, Outcome)]) -> Lane {
        let mut run = store([run_started(spec(Backend::Processes, 1, 9_000_000))]);
        for (task, (start_ns, end_ns, outcome)) in (0..).zip(spans.iter().cloned()) {
            run.apply(done(Ended { start_ns, ..ended(end_ns, 0, task, outcome) }));
        }
        run.lanes.swap_remove(0)
    }

    #[test]
    fn long_attempts_are_bars_and_short_ones_columns() {
        let lane = lane(&[
            (0, 30, Outcome::Ok),
            (30, 32, Outcome::Ok),
            (33, 36, Outcome::TimedOut),
            (38, 42, Outcome::Ok),
            (90, 100, Outcome::Ok),
        ]);
        let cells = cells(&lane, 100, 10);
        assert_eq!(cells.bars.iter().map(|span| span.task.0).collect::<Vec<_>>(), [0, 4]);
        assert_eq!(
            cells.merged,
            [
                Merged { from_ns: 30, to_ns: 40, count: 3, busy: 0.7, worst: State::TimedOut },
                Merged { from_ns: 40, to_ns: 50, count: 0, busy: 0.2, worst: State::Ok },
            ]
        );
    }

    #[test]
    fn no_attempt_and_no_nanosecond_is_lost_whatever_the_columns() {
        for seed in 0..100 {
            let run = store(random_run(seed));
            for columns in [1, 7, 1000] {
                for lane in &run.lanes {
                    let cells = cells(lane, run.now_ns, columns);
                    let count: u64 = cells.merged.iter().map(|cell| u64::from(cell.count)).sum();
                    assert_eq!(count as usize + cells.bars.len(), lane.spans.len(), "seed {seed}");
                    assert!(cells.bars.len() <= columns && cells.merged.len() <= columns);
                    let bars: u64 = cells.bars.iter().map(Span::run_ns).sum();
                    let columns_ns: f64 =
                        cells.merged.iter().map(|cell| cell.busy * (cell.to_ns - cell.from_ns) as f64).sum();
                    let all: u64 = lane.spans.iter().map(|span| span.run_ns()).sum();
                    // Edges are whole nanoseconds.
                    let dust = cells.merged.len() as f64 * 1.5 + 1.0;
                    assert!((bars as f64 + columns_ns - all as f64).abs() <= dust, "seed {seed}, {columns}");
                }
            }
        }
    }
}
