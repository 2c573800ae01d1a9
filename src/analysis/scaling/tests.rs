use super::{super::random::Random, *};

/// Throughput of SPEC SDM91 on a Sun `SPARCcenter` 2000 by the number of users, and ray-geometry intersections a
/// second on an SGI Origin 2000 by the number of processors: data sets `specsdm91` and `raytracer` of the R package
/// usl 3.0.3, which took them from Gunther, Guerrilla Capacity Planning, 2007.
const SPECSDM91: [(u32, f64); 7] =
    [(1, 64.9), (18, 995.9), (36, 1652.4), (72, 1853.2), (108, 1828.9), (144, 1775.0), (216, 1702.2)];
const RAYTRACER: [(u32, f64); 11] = [
    (1, 20.0),
    (4, 78.0),
    (8, 130.0),
    (12, 170.0),
    (16, 190.0),
    (20, 200.0),
    (24, 210.0),
    (28, 230.0),
    (32, 260.0),
    (48, 280.0),
    (64, 310.0),
];

/// Whether they differ by at most so much of the second; both zero is equal.
fn near(value: f64, expected: f64, fraction: f64) -> bool {
    (value - expected).abs() <= fraction * expected.abs()
}

#[test]
fn published_coefficients_are_met() {
    // Printed by the vignette of usl 3.0.3 for all points, and by its test `confint` for the first six of
    // `raytracer`. The package makes the same sum of squares least, by nlsr's `nlxb`, with the same lower bounds.
    let cases = [
        (&SPECSDM91[..], [0.027_728_5, 0.000_104_4, 89.995_238_4], Some(82.8)),
        (&RAYTRACER, [0.057_771, 0.0, 21.848_843], Some(9.34)),
        (&RAYTRACER[..6], [0.02444, 0.00163, 20.85605], None),
    ];
    for (points, [alpha, beta, gamma], deviation) in cases {
        let fit = UslFit::of(points).expect("a fit");
        assert!(near(fit.alpha, alpha, 0.001) && near(fit.gamma, gamma, 0.0001), "{fit:?}");
        assert!(near(fit.beta, beta, 0.003), "{fit:?}");
        let of_fit = fit.fitness.residual_deviation.expect("more points than coefficients");
        assert!(deviation.is_none_or(|deviation| near(of_fit, deviation, 0.001)), "{of_fit}");
        assert!(fit.fitness.r_squared.is_some_and(|share| share > 0.97), "{fit:?}");
    }
    // Its test `peak.scalability`, and the residuals that its test `residuals` prints.
    let fit = UslFit::of(&SPECSDM91).expect("a fit");
    assert!(fit.peak.is_some_and(|peak| near(peak, 96.51956, 1e-4)));
    let published = [-25.10, -81.66, 111.09, 3.05, -49.99, -46.60, 56.00];
    let off =
        fit.fitness.residuals.iter().zip(published).map(|(residual, of_them)| (residual - of_them).abs());
    assert!(off.fold(0.0, f64::max) < 0.006, "{:?}", fit.fitness.residuals);
    assert_eq!(UslFit::of(&RAYTRACER).map(|fit| fit.peak), Ok(None));
}

#[test]
fn exact_points_give_their_coefficients_back() {
    let sizes = [1, 2, 3, 4, 6, 8, 16, 64];
    for alpha in [0.0, 0.01, 0.2, 0.9, 1.0] {
        for beta in [0.0, 1e-5, 0.002, 0.1, 2.0] {
            for gamma in [1e-6, 1.0, 1e9] {
                let law = |n: u32| {
                    let n = f64::from(n);
                    gamma * n / (1.0 + alpha * (n - 1.0) + beta * n * (n - 1.0))
                };
                for count in [3, 5, 8] {
                    let points: Vec<(u32, f64)> = sizes[..count].iter().map(|&n| (n, law(n))).collect();
                    let fit = UslFit::of(&points).expect("a fit");
                    let close =
                        |value: f64, expected: f64| (value - expected).abs() < 1e-6 * expected.max(1.0);
                    assert!(
                        close(fit.alpha, alpha) && close(fit.beta, beta) && near(fit.gamma, gamma, 1e-6),
                        "{alpha} {beta} {gamma} of {count}: {fit:?}"
                    );
                    assert_eq!(fit.fitness.residual_deviation.is_some(), count > 3);
                    assert!(near(fit.throughput(128.0), law(128), 1e-3));
                }
            }
        }
    }
    for serial in [0.0, 1e-4, 0.05, 0.5, 1.0] {
        let points = sizes.map(|n| (n, 1.0 / (serial + (1.0 - serial) / f64::from(n))));
        let fit = AmdahlFit::of(&points).expect("a fit");
        assert!((fit.serial - serial).abs() < 1e-6, "{serial}: {fit:?}");
        assert_eq!(fit.limit.is_some(), fit.serial > 0.0);
        assert!(near(fit.speedup(8.0), points[5].1, 1e-6) && fit.fitness.residual_sum < 1e-9);
    }
}

#[test]
fn fits_are_no_worse_than_anything_near_them() {
    let mut random = Random::new(11);
    for _ in 0..20 {
        let points: Vec<(u32, f64)> = [1, 2, 4, 8, 12, 16]
            .map(|n| (n, 7.0 * f64::from(n).powf(0.6) * (1.0 + 0.05 * random.normal())))
            .to_vec();
        let fit = UslFit::of(&points).expect("a fit");
        let sum = |alpha: f64, beta: f64, gamma: f64| {
            let other = UslFit { alpha, beta, gamma, ..fit.clone() };
            Fitness::of(&points, 3, |workers| other.throughput(workers)).residual_sum
        };
        for (step_a, step_b, step_g) in
            [(1e-4, 0.0, 0.0), (0.0, 1e-5, 0.0), (0.0, 0.0, 1e-3), (1e-4, -1e-5, 1e-3)]
        {
            for sign in [-1.0, 1.0] {
                let (alpha, beta) = (fit.alpha + sign * step_a, fit.beta + sign * step_b);
                let allowed = (0.0..=1.0).contains(&alpha) && beta >= 0.0;
                let beside = sum(alpha, beta, fit.gamma + sign * step_g);
                assert!(!allowed || beside >= fit.fitness.residual_sum, "{fit:?}");
            }
        }
        let one = points[0].1;
        let speedups: Vec<(u32, f64)> = points.iter().map(|&(n, value)| (n, value / one)).collect();
        let amdahl = AmdahlFit::of(&speedups).expect("a fit");
        for serial in (0..=1000).map(|step| f64::from(step) / 1000.0) {
            let other = AmdahlFit { serial, ..amdahl.clone() };
            let beside = Fitness::of(&speedups, 1, |workers| other.speedup(workers)).residual_sum;
            assert!(beside >= amdahl.fitness.residual_sum, "{serial}: {amdahl:?}");
        }
    }
}

#[test]
fn the_unit_of_throughput_does_not_matter() {
    let fit = UslFit::of(&SPECSDM91).expect("a fit");
    for factor in [1e-12, 1e-3, 1e12] {
        let points = SPECSDM91.map(|(n, value)| (n, value * factor));
        let scaled = UslFit::of(&points).expect("a fit");
        assert!(near(scaled.alpha, fit.alpha, 1e-6) && near(scaled.beta, fit.beta, 1e-6));
        assert!(near(scaled.gamma, fit.gamma * factor, 1e-6));
        let shares = (scaled.fitness.r_squared.expect("spread"), fit.fitness.r_squared.expect("spread"));
        assert!(near(shares.0, shares.1, 1e-6));
    }
}

#[test]
fn odd_points_give_finite_fits() {
    let cases: [&[(u32, f64)]; 7] = [
        &[(1, 5.0), (2, 5.0), (4, 5.0)],
        &[(1, 5.0), (2, 4.0), (4, 1.0), (8, 0.1)],
        &[(1, 1.0), (2, 4.0), (3, 9.0), (4, 16.0)],
        &[(1, 1.0), (2, 1e-9), (3, 1.0)],
        &[(5, 1.0), (6, 1.0), (1024, 1e6)],
        &[(1, 1e-100), (2, 1e-100), (u32::MAX, 1e100)],
        &[(1, 1.0), (1, 2.0), (2, 2.0), (2, 3.0), (4, 3.0), (4, 5.0)],
    ];
    for points in cases {
        let usl = UslFit::of(points).expect("a fit");
        let amdahl = AmdahlFit::of(points).expect("a fit");
        assert!(
            [usl.alpha, usl.beta, usl.gamma, amdahl.serial].iter().all(|value| value.is_finite()),
            "{points:?}"
        );
        assert!((0.0..=1.0).contains(&usl.alpha) && usl.beta >= 0.0 && usl.gamma > 0.0, "{usl:?}");
        assert!((0.0..=1.0).contains(&amdahl.serial));
        assert!(usl.peak.is_none_or(|peak| peak.is_finite() && peak >= 1.0), "{usl:?}");
        for fitness in [&usl.fitness, &amdahl.fitness] {
            assert!(fitness.residual_sum.is_finite() && fitness.r_squared.is_none_or(f64::is_finite));
        }
    }
    let equal = UslFit::of(cases[0]).expect("a fit");
    assert_eq!((equal.fitness.r_squared, equal.peak), (None, None));
    assert!(near(equal.alpha, 1.0, 1e-6) && near(equal.gamma, 5.0, 1e-6), "{equal:?}");
}

#[test]
fn points_that_fit_no_law_are_named() {
    let cases: [(&[(u32, f64)], &str); 5] = [
        (&[], "different numbers of workers: 0 is not allowed; allowed: 3 and more"),
        (
            &[(4, 1.0), (4, 2.0), (8, 2.0)],
            "different numbers of workers: 2 is not allowed; allowed: 3 and more",
        ),
        (
            &[(1, 1.0), (2, 0.0), (3, 2.0)],
            "value at 2 workers: 0 is not allowed; allowed: a finite number above 0",
        ),
        (&[(1, f64::NAN)], "value at 1 workers: NaN is not allowed; allowed: a finite number above 0"),
        (&[(0, 1.0)], "workers: 0 is not allowed; allowed: 1 and more"),
    ];
    for (points, message) in cases {
        assert_eq!(UslFit::of(points).map_err(|error| error.to_string()), Err(message.to_owned()));
    }
    assert_eq!(AmdahlFit::of(&[(4, 1.0)]), Err(FitError::TooFew { given: 1, needed: 2 }));
}
