//! How busy several lanes were, column by column: sums from their pyramids, so that the cost follows the columns.

use crate::store::{Lane, Piece};

/// A stretch of time over several lanes.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Column {
    /// Run time of all lanes within it, in nanoseconds.
    pub(super) busy_ns: u64,
    pub(super) not_ok: u32,
}

/// So many columns of equal length. An attempt counts as not ok where it begins, and one that runs is busy until then.
pub(super) fn columns_of<'a>(
    lanes: impl IntoIterator<Item = &'a Lane>,
    (from_ns, to_ns): (u64, u64),
    until_ns: u64,
    count: usize,
) -> Vec<Column> {
    let mut columns = vec![Column::default(); count.max(1)];
    let column_ns = (to_ns.saturating_sub(from_ns) / columns.len() as u64).max(1);
    let last = columns.len() - 1;
    for lane in lanes {
        for Piece { range, node } in lane.spans.pieces(lane.visible(from_ns, to_ns), column_ns) {
            if node.start_ns >= to_ns {
                break;
            }
            let first = ((node.start_ns.saturating_sub(from_ns) / column_ns) as usize).min(last);
            // What is told where it begins was told in a column before these.
            if node.start_ns >= from_ns {
                columns[first].not_ok += node.not_ok;
            }
            if range.len() > 1 {
                columns[first].busy_ns += if node.start_ns >= from_ns { node.busy_ns } else { 0 };
                continue;
            }
            add_busy(&mut columns, first, (from_ns, column_ns), (node.start_ns, node.end_ns));
        }
        if let Some(open) = lane.running.filter(|open| open.start_ns < to_ns.min(until_ns)) {
            let first = ((open.start_ns.saturating_sub(from_ns) / column_ns) as usize).min(last);
            add_busy(&mut columns, first, (from_ns, column_ns), (open.start_ns, to_ns.min(until_ns)));
        }
    }
    columns
}

/// One that is long reaches over many.
fn add_busy(
    columns: &mut [Column],
    first: usize,
    (from_ns, column_ns): (u64, u64),
    (start_ns, end_ns): (u64, u64),
) {
    for (at, column) in columns.iter_mut().enumerate().skip(first) {
        let left_ns = from_ns + at as u64 * column_ns;
        if left_ns >= end_ns {
            break;
        }
        column.busy_ns += end_ns.min(left_ns + column_ns).saturating_sub(start_ns.max(left_ns));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{event::Outcome, gui::timeline::model::tests::span};

    #[test]
    fn columns_hold_all_run_time_and_all_that_went_wrong() {
        let mut random = 7_u64;
        let mut below = |limit: u64| {
            random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            (random >> 33) % limit
        };
        let mut lanes = vec![Lane::default(); 3];
        let (mut busy_ns, mut failed, mut end_ns) = (0, 0, 0);
        for lane in &mut lanes {
            let mut t_ns = 0;
            for task in 0..3000 {
                t_ns += below(300);
                let run_ns = if below(100) == 0 { below(50_000) } else { below(400) };
                let outcome = if below(40) == 0 { Outcome::TimedOut } else { Outcome::Ok };
                failed += u32::from(outcome != Outcome::Ok);
                lane.spans.push(span(task, t_ns, t_ns + run_ns, outcome));
                (t_ns, busy_ns) = (t_ns + run_ns, busy_ns + run_ns);
            }
            end_ns = end_ns.max(t_ns);
        }
        for count in [1, 7, 640] {
            let limit_ns = (end_ns / count as u64 + 1) * count as u64;
            let columns = columns_of(&lanes, (0, limit_ns), 0, count);
            assert_eq!(columns.len(), count);
            assert_eq!(columns.iter().map(|column| column.busy_ns).sum::<u64>(), busy_ns, "{count}");
            assert_eq!(columns.iter().map(|column| column.not_ok).sum::<u32>(), failed, "{count}");
        }
    }

    #[test]
    fn a_long_task_is_busy_all_along() {
        let lane = Lane { spans: [span(0, 250, 850, Outcome::Ok)].into_iter().collect(), ..Lane::default() };
        let busy: Vec<_> =
            columns_of(&[lane], (0, 1000), 0, 10).iter().map(|column| column.busy_ns).collect();
        assert_eq!(busy, [0, 0, 50, 100, 100, 100, 100, 100, 50, 0]);
    }
}
