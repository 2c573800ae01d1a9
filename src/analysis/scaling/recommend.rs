//! Which number of workers, and which chunk, to take.

use serde::Serialize;

use super::super::Sample;

/// What is this close to the best is as good as the best.
const CLOSE: f64 = 0.05;

/// The number of workers to take, and what that rests on.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct WorkersAdvice {
    pub workers: u32,
    /// The number that had the highest median.
    pub best: u32,
    /// The median of `workers` as a fraction of the best one.
    pub share_of_best: f64,
    /// Whether the intervals of `workers` and of `best` have values in common, so that the two may well be equal.
    /// `None` where they are the same number, or one has no interval.
    pub overlaps_best: Option<bool>,
    /// The next smaller number that was tested.
    pub fewer: Option<u32>,
    /// Whether its interval has values in common with that of `workers`: then it may do as well. `None` without
    /// intervals.
    pub overlaps_fewer: Option<bool>,
    pub tested_up_to: u32,
    /// Whether the largest of several tested numbers is the one to take: more may be better still.
    pub still_growing: bool,
}

/// The fewest workers whose median is within 5 % of the best median, of numbers of workers with their throughputs or
/// speedups. Medians alone decide, since noisy runs overlap all the way down to one worker; what the intervals say
/// stands beside it. `None` where nothing was measured, or no median is above 0.
pub fn recommend_workers(points: &[(u32, Sample)]) -> Option<WorkersAdvice> {
    let mut points: Vec<&(u32, Sample)> = points.iter().collect();
    points.sort_by_key(|point| point.0);
    // Of equal medians the first, which has the fewest workers.
    let highest = points.iter().map(|point| point.1.median).fold(0.0, f64::max);
    let (best, of_best) = points.iter().find(|point| point.1.median >= highest && highest > 0.0)?;
    let at = points.iter().position(|point| point.1.median >= (1.0 - CLOSE) * highest)?;
    let (workers, taken) = points[at];
    let fewer = points[..at].iter().rfind(|point| point.0 < *workers);
    let tested_up_to = points.last()?.0;
    Some(WorkersAdvice {
        workers: *workers,
        best: *best,
        share_of_best: taken.median / highest,
        overlaps_best: (workers != best).then(|| overlap(taken, of_best)).flatten(),
        fewer: fewer.map(|point| point.0),
        overlaps_fewer: fewer.and_then(|(_, of_fewer)| overlap(taken, of_fewer)),
        tested_up_to,
        still_growing: *workers == tested_up_to && fewer.is_some(),
    })
}

impl WorkersAdvice {
    /// `4 workers: 97 % of what 8 give, the best tested`.
    pub fn words(&self) -> String {
        let Self { workers, best, tested_up_to, .. } = self;
        let noun = if *workers == 1 { "worker" } else { "workers" };
        let mut words = vec![if workers == best {
            format!("{workers} {noun}: the best tested")
        } else {
            let percent = (self.share_of_best * 100.0).floor();
            format!("{workers} {noun}: {percent} % of what {best} give, the best tested")
        }];
        if let (Some(fewer), Some(true)) = (self.fewer, self.overlaps_fewer) {
            words.push(format!("{fewer} may do as well, as their ranges overlap"));
        }
        if self.still_growing {
            words.push(format!("more may be better: tested only up to {tested_up_to}"));
        } else if self.fewer.is_none() && tested_up_to == workers {
            words.push("no other number was tested".to_owned());
        }
        words.join("; ")
    }
}

/// The chunk to take, and what that rests on.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct ChunkAdvice {
    pub chunk: u32,
    /// The chunk that had the lowest median.
    pub best: u32,
    /// The median of `chunk` as a multiple of the lowest one.
    pub times_best: f64,
    /// From the smallest to the largest chunk around the best one that are within 5 % of it.
    pub low: u32,
    pub high: u32,
    /// As of [`WorkersAdvice`].
    pub overlaps_best: Option<bool>,
}

/// The chunk in the middle of those that are as good as the best one, of chunks with their wall times.
///
/// Time lies over chunk as in a valley: small chunks cost more dispatch, large ones leave workers idle at the end.
/// Where the floor is flat, within 5 % of the lowest median, the tested chunk nearest to its middle on a logarithmic
/// scale is the one furthest from both walls, so that it also serves a workload that is somewhat different. Of two
/// that are as near it is the smaller, as one run shows the cost of dispatch better than it shows bad luck with the
/// last chunk.
///
/// `None` where nothing was measured, or no median is above 0.
pub fn recommend_chunk(points: &[(u32, Sample)]) -> Option<ChunkAdvice> {
    let mut points: Vec<&(u32, Sample)> = points.iter().filter(|point| point.1.median > 0.0).collect();
    points.sort_by_key(|point| point.0);
    let (at, (best, of_best)) =
        points.iter().enumerate().min_by(|a, b| a.1.1.median.total_cmp(&b.1.1.median))?;
    let close = |point: &&&(u32, Sample)| point.1.median <= (1.0 + CLOSE) * of_best.median;
    let below = points[..at].iter().rev().take_while(close).count();
    let above = points[at + 1..].iter().take_while(close).count();
    let floor = &points[at - below..=at + above];
    let (low, high) = (floor.first()?.0, floor.last()?.0);
    // The distance from the middle of the logarithms, twice: |2 ln c - ln low - ln high|, as a ratio.
    let from_middle = |chunk: u32| {
        let (square, ends) = (f64::from(chunk).powi(2), f64::from(low) * f64::from(high));
        if square < ends { ends / square } else { square / ends }
    };
    let (chunk, taken) = floor.iter().min_by(|a, b| from_middle(a.0).total_cmp(&from_middle(b.0)))?;
    Some(ChunkAdvice {
        chunk: *chunk,
        best: *best,
        times_best: taken.median / of_best.median,
        low,
        high,
        overlaps_best: (chunk != best).then(|| overlap(taken, of_best)).flatten(),
    })
}

impl ChunkAdvice {
    /// `chunk 8: the middle of 2 to 32, which all take within 5 % of the least time`.
    pub fn words(&self) -> String {
        let Self { chunk, low, high, .. } = self;
        if low == high {
            format!("chunk {chunk}: the chunks tested beside it take over 5 % longer")
        } else {
            format!(
                "chunk {chunk}: in the middle of {low} to {high}, which all take within 5 % of the least time"
            )
        }
    }
}

fn overlap(a: &Sample, b: &Sample) -> Option<bool> {
    Some(a.median_interval?.overlaps(&b.median_interval?))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Three values about each median, so far apart as a fraction of it.
    fn points(medians: &[(u32, f64)], spread: f64) -> Vec<(u32, Sample)> {
        let sample = |median: f64| {
            Sample::of(&[median * (1.0 - spread), median, median * (1.0 + spread)]).expect("values")
        };
        medians.iter().map(|&(at, median)| (at, sample(median))).collect()
    }

    #[test]
    fn the_fewest_workers_near_the_best_are_taken() {
        let cases: [(&[(u32, f64)], &str); 8] = [
            (&[(1, 1.0), (2, 1.9), (4, 3.7), (8, 3.8)], "4 workers: 97 % of what 8 give, the best tested"),
            (&[(8, 3.0), (4, 3.8), (2, 1.9), (1, 1.0)], "4 workers: the best tested"),
            (
                &[(1, 1.0), (2, 2.0), (4, 3.9)],
                "4 workers: the best tested; more may be better: tested only up to 4",
            ),
            (&[(1, 1.0), (2, 0.9), (4, 0.7)], "1 worker: the best tested"),
            (&[(1, 0.97), (2, 1.0), (4, 0.5)], "1 worker: 97 % of what 2 give, the best tested"),
            (&[(2, 5.0), (4, 5.0)], "2 workers: the best tested"),
            (&[(3, 5.0)], "3 workers: the best tested; no other number was tested"),
            (&[(1, 0.0), (2, 5.0)], "2 workers: the best tested; more may be better: tested only up to 2"),
        ];
        for (medians, words) in cases {
            let advice = recommend_workers(&points(medians, 0.01)).expect("advice");
            assert_eq!(advice.words(), words, "{medians:?}");
        }
    }

    #[test]
    fn what_intervals_say_stands_beside_the_advice() {
        let medians = [(1, 1.0), (2, 1.9), (3, 3.4), (4, 3.7), (8, 3.8)];
        let exact = recommend_workers(&points(&medians, 0.01)).expect("advice");
        assert_eq!((exact.workers, exact.best, exact.fewer), (4, 8, Some(3)));
        assert_eq!((exact.overlaps_best, exact.overlaps_fewer), (Some(false), Some(false)));
        let noisy = recommend_workers(&points(&medians, 0.1)).expect("advice");
        assert_eq!((noisy.workers, noisy.overlaps_best, noisy.overlaps_fewer), (4, Some(true), Some(true)));
        assert!(noisy.words().ends_with("; 3 may do as well, as their ranges overlap"));
        let once =
            [(1, 2.0), (2, 4.0)].map(|(workers, value)| (workers, Sample::of(&[value]).expect("a value")));
        assert_eq!(recommend_workers(&once).expect("advice").overlaps_fewer, None);
    }

    #[test]
    fn the_unit_of_throughput_does_not_matter() {
        for factor in [1e-9, 1e-3, 1e9] {
            let medians = [(1, 1.0), (2, 1.9), (4, 3.7), (8, 3.8)].map(|(at, median)| (at, median * factor));
            assert_eq!(recommend_workers(&points(&medians, 0.01)).map(|advice| advice.workers), Some(4));
        }
    }

    #[test]
    fn the_chunk_in_the_middle_of_the_floor_is_taken() {
        /// Medians, and the chunk, the best chunk and the floor they give.
        type Case<'a> = (&'a [(u32, f64)], [u32; 4]);
        let cases: [Case; 7] = [
            (&[(1, 9.0), (2, 5.1), (4, 5.0), (8, 5.0), (16, 5.1), (32, 5.2), (64, 8.0)], [8, 4, 2, 32]),
            // Two in the middle: the smaller.
            (&[(1, 9.0), (2, 5.0), (4, 5.0), (64, 9.0)], [2, 2, 2, 4]),
            // What is as good beyond a wall does not belong to the floor.
            (&[(1, 5.1), (2, 9.0), (4, 5.0), (8, 9.0)], [4; 4]),
            (&[(64, 4.0), (1, 9.0), (8, 5.0)], [64; 4]),
            (&[(7, 3.0)], [7; 4]),
            (&[(1, 3.0), (10, 3.0), (100, 3.0)], [10, 1, 1, 100]),
            (&[(1, 0.0), (2, 3.0)], [2; 4]),
        ];
        for (medians, expected) in cases {
            let advice = recommend_chunk(&points(medians, 0.01)).expect("advice");
            assert_eq!([advice.chunk, advice.best, advice.low, advice.high], expected, "{medians:?}");
            assert!((1.0..=1.05).contains(&advice.times_best));
        }
        let words =
            recommend_chunk(&points(&[(2, 3.0), (8, 3.0), (32, 3.0)], 0.01)).map(|advice| advice.words());
        let expected = "chunk 8: in the middle of 2 to 32, which all take within 5 % of the least time";
        assert_eq!(words.as_deref(), Some(expected));
    }

    #[test]
    fn nothing_measured_gives_no_advice() {
        assert_eq!((recommend_workers(&[]), recommend_chunk(&[])), (None, None));
        let zero = points(&[(1, 0.0), (2, 0.0)], 0.0);
        assert_eq!((recommend_workers(&zero), recommend_chunk(&zero)), (None, None));
    }
}
