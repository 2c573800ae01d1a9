//! Fewer points for the same picture: at most a minimum and a maximum a pixel.

use std::ops::Range;

/// Points of a series for a plot `columns` pixels wide. `point` gives time and value of an index of `range`, in order of
/// time. Where several points fall on one column, its lowest and its highest stay, in their order.
pub(crate) fn extremes_per_column(
    range: Range<usize>,
    from_secs: f64,
    to_secs: f64,
    columns: usize,
    point: impl Fn(usize) -> Option<[f64; 2]>,
) -> Vec<[f64; 2]> {
    if range.len() <= columns * 2 {
        return range.filter_map(point).collect();
    }
    let column_secs = (to_secs - from_secs) / columns.max(1) as f64;
    let mut out: Vec<[f64; 2]> = Vec::with_capacity(columns * 2 + 4);
    let mut column: Option<Column> = None;
    for point in range.filter_map(point) {
        let at = ((point[0] - from_secs) / column_secs).floor() as i64;
        match &mut column {
            Some(open) if open.at == at => open.add(point),
            _ => {
                if let Some(full) = column.replace(Column { at, low: point, high: point }) {
                    full.emit(&mut out);
                }
            }
        }
    }
    if let Some(last) = column {
        last.emit(&mut out);
    }
    out
}

struct Column {
    at: i64,
    low: [f64; 2],
    high: [f64; 2],
}

impl Column {
    fn add(&mut self, point: [f64; 2]) {
        if point[1] < self.low[1] {
            self.low = point;
        }
        // A later point of equal height wins, so that a plateau keeps its length.
        if point[1] >= self.high[1] {
            self.high = point;
        }
    }

    fn emit(&self, out: &mut Vec<[f64; 2]>) {
        let (first, second) =
            if self.low[0] <= self.high[0] { (self.low, self.high) } else { (self.high, self.low) };
        out.push(first);
        if second[0] > first[0] {
            out.push(second);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wave(n: usize) -> Vec<[f64; 2]> {
        let mut state = 7_u64;
        (0..n)
            .map(|at| {
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                [at as f64 / n as f64, (state >> 40) as f64]
            })
            .collect()
    }

    #[test]
    fn extremes_survive_and_points_are_few() {
        let points = wave(50_000);
        let few = extremes_per_column(0..points.len(), 0.0, 1.0, 300, |at| points.get(at).copied());
        assert!(few.len() <= 602, "{}", few.len());
        assert!(few.windows(2).all(|pair| pair[0][0] < pair[1][0]), "in order of time");
        let extreme = |points: &[[f64; 2]]| {
            points.iter().fold((f64::MAX, f64::MIN), |(low, high), p| (low.min(p[1]), high.max(p[1])))
        };
        assert_eq!(extreme(&few), extreme(&points));
        for column in 0..300 {
            let of = |points: &[[f64; 2]]| {
                let inside: Vec<_> =
                    points.iter().copied().filter(|p| (p[0] * 300.0).floor() as i32 == column).collect();
                extreme(&inside)
            };
            assert_eq!(of(&few), of(&points), "column {column}");
        }
    }

    #[test]
    fn few_points_stay_as_they_are() {
        let points = wave(50);
        assert_eq!(extremes_per_column(0..50, 0.0, 1.0, 300, |at| points.get(at).copied()), points);
    }
}
