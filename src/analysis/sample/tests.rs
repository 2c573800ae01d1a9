use super::{super::random::Random, *};

/// A distribution to draw from, with its median and its mean.
struct Drawn {
    draw: fn(&mut Random) -> f64,
    median: f64,
    mean: f64,
}

const NORMAL: Drawn = Drawn { draw: |random| 10.0 + random.normal(), median: 10.0, mean: 10.0 };
/// As run times are: a least time, and an exponential tail.
const SKEWED: Drawn = Drawn {
    draw: |random| 1.0 - 0.3 * random.unit().ln(),
    median: 1.0 + 0.3 * std::f64::consts::LN_2,
    mean: 1.3,
};

fn draw(random: &mut Random, from: &Drawn, n: usize) -> Vec<f64> {
    (0..n).map(|_| (from.draw)(random)).collect()
}

fn sample(values: &[f64]) -> Sample {
    Sample::of(values).expect("values")
}

#[test]
fn known_sets_give_known_numbers() {
    let one = sample(&[7.0]);
    assert_eq!((one.median, one.mean, one.min, one.max), (7.0, 7.0, 7.0, 7.0));
    assert_eq!((one.median_interval, one.mean_interval, one.standard_deviation), (None, None, None));
    let four = sample(&[9.0, 1.0, 3.0, 7.0]);
    assert_eq!((four.n, four.median, four.mean, four.min, four.max), (4, 5.0, 5.0, 1.0, 9.0));
    assert_eq!(four.standard_deviation, Some((40.0_f64 / 3.0).sqrt()));
    assert_eq!(four.median_interval, Some(Interval { low: 1.0, high: 9.0, coverage: 0.875 }));
    let same = sample(&[4.0; 8]);
    assert_eq!(same.median_interval, Some(Interval { low: 4.0, high: 4.0, coverage: 0.95 }));
    assert_eq!((same.mean_interval, same.standard_deviation), (same.median_interval, Some(0.0)));
}

#[test]
fn what_is_no_sample_is_refused() {
    for values in [&[][..], &[f64::NAN], &[1.0, f64::INFINITY], &[f64::MAX, 1.0]] {
        assert_eq!(Sample::of(values), None, "{values:?}");
    }
    for values in [&[][..], &[f64::NAN], &[1.0, f64::INFINITY]] {
        assert_eq!(
            (Ratio::paired(values, values), Ratio::unpaired(values, &[1.0])),
            (None, None),
            "{values:?}"
        );
    }
    for bad in [0.0, -1.0, f64::NAN] {
        assert_eq!((Ratio::paired(&[1.0], &[bad]), Ratio::unpaired(&[bad], &[1.0])), (None, None));
    }
    assert_eq!(Ratio::paired(&[1.0, 2.0], &[1.0]), None);
    assert_eq!(Ratio::unpaired(&[1e300], &[1e-300]), None);
}

#[test]
fn order_does_not_matter_and_digits_stay() {
    let values = [5.1, 4.9, 5.3, 5.0, 5.2, 4.8, 5.05, 6.0];
    let mut reversed = values;
    reversed.reverse();
    assert_eq!(sample(&values), sample(&reversed));
    assert_eq!(sample(&values), sample(&values));
}

#[test]
fn intervals_hold_their_middle_and_lie_among_the_values() {
    let mut random = Random::new(5);
    for n in 2..30 {
        let values = draw(&mut random, &SKEWED, n);
        let sample = Sample::resampled(&values, 499).expect("values");
        for (interval, middle) in
            [(sample.median_interval, sample.median), (sample.mean_interval, sample.mean)]
        {
            let interval = interval.expect("an interval");
            assert!(interval.contains(middle), "{n}: {interval:?} {middle}");
            assert!(sample.min <= interval.low && interval.high <= sample.max, "{n}: {interval:?}");
        }
    }
}

/// Percents of experiments in which an interval of n values holds the true median, and the true mean.
fn coverage(from: &Drawn, n: usize) -> [f64; 2] {
    const EXPERIMENTS: usize = 400;
    let mut random = Random::new(n as u64);
    let mut held = [0; 2];
    for _ in 0..EXPERIMENTS {
        let sample = Sample::resampled(&draw(&mut random, from, n), 999).expect("values");
        held[0] += usize::from(sample.median_interval.is_some_and(|interval| interval.contains(from.median)));
        held[1] += usize::from(sample.mean_interval.is_some_and(|interval| interval.contains(from.mean)));
    }
    held.map(|held| 100.0 * held as f64 / EXPERIMENTS as f64)
}

#[test]
fn intervals_cover_the_truth_about_as_often_as_they_say() {
    for from in [&NORMAL, &SKEWED] {
        for (n, least, most) in
            [(2, 42.0, 58.0), (3, 68.0, 82.0), (5, 90.0, 97.0), (7, 93.0, 100.0), (10, 93.0, 99.5)]
        {
            let [median, mean] = coverage(from, n);
            assert!((least..=most).contains(&median), "the median of {n}: {median} %");
            // The skewed mean is what no interval of few values gets right.
            assert!((least - 10.0..=most + 1.0).contains(&mean), "the mean of {n}: {mean} %");
        }
    }
}

#[test]
fn two_samples_of_one_distribution_are_rarely_told_apart() {
    const EXPERIMENTS: usize = 400;
    for from in [&NORMAL, &SKEWED] {
        for (n, m, least, most) in [
            (2, 2, 59.0, 74.0),
            (3, 3, 86.0, 94.0),
            (4, 4, 94.0, 99.5),
            (5, 5, 93.0, 99.5),
            (7, 10, 92.0, 99.0),
        ] {
            let mut random = Random::new((n * m) as u64);
            let held = (0..EXPERIMENTS).filter(|_| {
                let (top, bottom) = (draw(&mut random, from, n), draw(&mut random, from, m));
                let ratio = Ratio::unpaired_resampled(&top, &bottom, 499);
                ratio.and_then(|ratio| ratio.interval).is_some_and(|interval| interval.contains(1.0))
            });
            let held = 100.0 * held.count() as f64 / EXPERIMENTS as f64;
            assert!((least..=most).contains(&held), "{n} and {m}: {held} %");
        }
    }
}

#[test]
fn ratios_of_few_values_are_known() {
    let ratio = Ratio::unpaired(&[2.0, 4.0, 6.0], &[2.0, 1.0]).expect("a ratio");
    assert!((ratio.value - 4.0 / 1.5).abs() < 1e-12);
    // 2 * 2! 3! / 5! of such pairs of samples lie apart.
    let interval = ratio.interval.expect("an interval");
    assert_eq!((interval.low, interval.high), (1.0, 6.0));
    assert!((interval.coverage - 0.8).abs() < 1e-12);
    assert_eq!((ratio.n, ratio.paired), (2, false));
    let inverse = ratio.inverse().interval.expect("an interval");
    assert_eq!((inverse.low, inverse.high), (1.0 / 6.0, 1.0));
    assert_eq!(Ratio::unpaired(&[3.0], &[1.0, 2.0]).expect("a ratio").interval, None);
}

#[test]
fn rounds_that_match_are_paired() {
    // The machine gets slower and slower; within each round, the ratio is 2.
    let drifting =
        |factor: f64| (0..7).map(|round| (round, factor * 1.3_f64.powi(round as i32))).collect::<Vec<_>>();
    let (mut top, bottom) = (drifting(2.0), drifting(1.0));
    top.reverse();
    let paired = Ratio::of(&top, &bottom).expect("a ratio");
    let interval = paired.interval.expect("an interval");
    assert!(paired.paired && (paired.value - 2.0).abs() < 1e-12 && interval.high - interval.low < 1e-12);
    // A round that one of them lacks is left out.
    let most = Ratio::of(&top[1..], &bottom).expect("a ratio");
    assert!(most.paired && most.n == 6 && (most.value - 2.0).abs() < 1e-12);
    // Without many of the rounds nothing cancels.
    let unpaired = Ratio::of(&top[3..], &bottom).expect("a ratio");
    assert!(!unpaired.paired && unpaired.interval.is_some_and(|interval| interval.contains(1.0)));
    // A round measured twice has no partner for one of them.
    let twice: Vec<(u32, f64)> = bottom.iter().map(|&(round, value)| (round.min(5), value)).collect();
    assert!(Ratio::of(&twice, &twice).is_some_and(|ratio| !ratio.paired));
    assert_eq!(Ratio::of(&[], &[]), None);
}

#[test]
fn paired_ratios_turn_round_and_know_no_unit() {
    let mut random = Random::new(8);
    for n in 1..12 {
        let (top, bottom) = (draw(&mut random, &SKEWED, n), draw(&mut random, &SKEWED, n));
        let ratio = Ratio::paired(&top, &bottom).expect("a ratio");
        let turned = Ratio::paired(&bottom, &top).expect("a ratio").inverse();
        let thousandfold = |values: &[f64]| values.iter().map(|value| value * 1000.0).collect::<Vec<_>>();
        let scaled = Ratio::paired(&thousandfold(&top), &thousandfold(&bottom)).expect("a ratio");
        assert!((ratio.value / turned.value - 1.0).abs() < 1e-12);
        assert!((ratio.value / scaled.value - 1.0).abs() < 1e-12);
        assert_eq!(ratio.interval.is_some(), n > 1);
    }
}

#[test]
fn a_sample_is_json_with_its_interval() {
    let json = |values| serde_json::to_value(sample(values)).expect("JSON");
    let two = json(&[1.0, 3.0]);
    assert_eq!(
        (&two["median"], &two["low"], &two["high"], &two["coverage"]),
        (&2.0.into(), &1.0.into(), &3.0.into(), &0.5.into())
    );
    assert_eq!((&two["n"], &two["mean"], &two["min"]), (&2.into(), &2.0.into(), &1.0.into()));
    assert!(json(&[1.0])["low"].is_null() && json(&[1.0])["coverage"].is_null());
}
