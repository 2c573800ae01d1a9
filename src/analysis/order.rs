//! In which order an experiment runs its variants, so that no variant gains from its place.

use serde::{Deserialize, Serialize};

use super::random::Random;

/// One run of an experiment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Turn {
    /// Whether it only warms the machine up and is not counted.
    pub warmup: bool,
    /// From 0 on, of the warm-up rounds and of the others.
    pub round: u32,
    /// Below the number of variants.
    pub variant: usize,
}

/// Every variant once in each round: first the warm-up rounds, then the repeats. Equal arguments give equal orders.
///
/// Two variants run as A B, B A, B A, A B and so on, the sequence of Thue and Morse: after every second round each
/// was first as often as the other, and after every fourth a drift cancels out even if it gets faster or slower.
/// Which is A comes from the seed.
///
/// More variants follow a balanced Latin square (Williams, Australian Journal of Scientific Research A 2, 1949), with
/// names and rounds shuffled by the seed. As many rounds as there are variants put each in every place once, and
/// fewer put none in a place twice. For an even number each also follows every other one once; for an odd number that
/// takes two squares, of which the second is the mirror of the first.
pub fn order(variants: usize, repeats: u32, warmup: u32, seed: u64) -> Vec<Turn> {
    // From seeds of their own, so that the rounds which count do not depend on how many do not.
    let turns = |warmup: bool, count: u32| {
        let rounds = rounds(variants, count, &mut Random::new(seed ^ u64::from(warmup)));
        (0..).zip(rounds).flat_map(move |(round, order)| {
            order.into_iter().map(move |variant| Turn { warmup, round, variant })
        })
    };
    turns(true, warmup).chain(turns(false, repeats)).collect()
}

fn rounds(variants: usize, count: u32, random: &mut Random) -> Vec<Vec<usize>> {
    let mut names: Vec<usize> = (0..variants).collect();
    random.shuffle(&mut names);
    let places: Vec<Vec<usize>> = if variants == 2 {
        (0..count).map(|round| if round.count_ones() % 2 == 0 { vec![0, 1] } else { vec![1, 0] }).collect()
    } else {
        squares(variants, count as usize, random)
    };
    places.into_iter().map(|round| round.into_iter().map(|at| names[at]).collect()).collect()
}

/// Latin squares one after another, the rows of each in random order; every second one mirrored if their size is odd.
fn squares(size: usize, rows: usize, random: &mut Random) -> Vec<Vec<usize>> {
    let mut all: Vec<Vec<usize>> = Vec::new();
    let mut mirrored = false;
    while all.len() < rows && size > 0 {
        let mut square: Vec<Vec<usize>> = (0..size).map(|shift| williams(size, shift)).collect();
        if mirrored {
            for row in &mut square {
                row.reverse();
            }
        }
        mirrored = !mirrored && size % 2 == 1;
        random.shuffle(&mut square);
        // The row least like the last one comes first: nobody keeps a place across two squares, where that can be.
        let like_last = |row: &Vec<usize>| {
            all.last().map_or(0, |last| last.iter().zip(row).filter(|(before, now)| before == now).count())
        };
        if let Some(first) = (0..size).min_by_key(|&row| like_last(&square[row])) {
            square.swap(0, first);
        }
        square.truncate(rows - all.len());
        all.append(&mut square);
    }
    all
}

/// A row of Williams' square: 0, 1, n - 1, 2, n - 2 … with a number added, modulo n. Neighbours in it differ by every
/// number once where n is even.
fn williams(size: usize, shift: usize) -> Vec<usize> {
    let zigzag = |place: usize| if place % 2 == 1 { place.div_ceil(2) } else { size - place / 2 };
    (0..size).map(|place| (zigzag(place) + shift) % size).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    /// The variants of each round that counts.
    fn counted(variants: usize, repeats: u32, seed: u64) -> Vec<Vec<usize>> {
        let turns = order(variants, repeats, 0, seed);
        (0..repeats)
            .map(|round| turns.iter().filter(|turn| turn.round == round).map(|turn| turn.variant).collect())
            .collect()
    }

    /// How often each variant stands in each place.
    fn places(rounds: &[Vec<usize>]) -> BTreeMap<(usize, usize), u32> {
        let mut places = BTreeMap::new();
        for (place, &variant) in rounds.iter().flat_map(|round| round.iter().enumerate()) {
            *places.entry((place, variant)).or_insert(0) += 1;
        }
        places
    }

    #[test]
    fn every_variant_runs_once_a_round() {
        for variants in 0..10 {
            for (repeats, warmup) in [(0, 0), (1, 0), (3, 1), (7, 2), (25, 0)] {
                let turns = order(variants, repeats, warmup, 4);
                let in_order: Vec<(bool, u32)> =
                    turns.iter().map(|turn| (!turn.warmup, turn.round)).collect();
                assert!(in_order.is_sorted());
                let mut runs: Vec<_> =
                    turns.iter().map(|turn| (!turn.warmup, turn.round, turn.variant)).collect();
                runs.sort_unstable();
                let rounds =
                    (0..warmup).map(|round| (false, round)).chain((0..repeats).map(|round| (true, round)));
                let all: Vec<_> = rounds
                    .flat_map(|(counts, round)| (0..variants).map(move |variant| (counts, round, variant)))
                    .collect();
                assert_eq!(runs, all);
            }
        }
    }

    #[test]
    fn two_variants_take_turns_at_being_first() {
        let a = counted(2, 1, 1)[0][0];
        let firsts: Vec<bool> = counted(2, 8, 1).iter().map(|round| round[0] == a).collect();
        assert_eq!(firsts, [true, false, false, true, false, true, true, false]);
        for repeats in 1..40 {
            let times = |variant| counted(2, repeats, 1).iter().filter(|round| round[0] == variant).count();
            assert!(times(0).abs_diff(times(1)) <= 1);
        }
        // The times of runs at 0, 1, 2 …, and their squares, are the same in sum after four rounds.
        let sums = |power: u32| {
            let of = |name| {
                let at = (0_usize..).zip(order(2, 4, 0, 1)).filter(move |(_, turn)| turn.variant == name);
                at.map(|(at, _)| at.pow(power)).sum::<usize>()
            };
            [of(0), of(1)]
        };
        assert_eq!((sums(1), sums(2)), ([14, 14], [70, 70]));
    }

    #[test]
    fn places_are_shared_out() {
        for variants in 3..12 {
            for repeats in 1..30 {
                let rounds = counted(variants, repeats, 9);
                let all = places(&rounds);
                let (squares, rest) = (repeats / variants as u32, repeats % variants as u32);
                let allowed = squares..=squares + u32::from(rest > 0);
                assert!(all.values().all(|times| allowed.contains(times)), "{variants} {repeats}: {all:?}");
                // Of three, an order and a mirrored one always have one place in common.
                let kept =
                    rounds.windows(2).flat_map(|two| two[0].iter().zip(&two[1])).filter(|(a, b)| a == b);
                assert!(variants == 3 || kept.count() <= repeats as usize / variants, "{variants} {repeats}");
            }
        }
    }

    #[test]
    fn variants_follow_each_other_equally_often() {
        for variants in 3..10 {
            let rounds = if variants % 2 == 0 { variants } else { 2 * variants };
            let mut followed = BTreeMap::new();
            for round in counted(variants, rounds as u32, 2) {
                for pair in round.windows(2) {
                    *followed.entry((pair[0], pair[1])).or_insert(0) += 1;
                }
            }
            assert_eq!(followed.len(), variants * (variants - 1));
            assert!(followed.values().all(|&times| times == rounds / variants), "{variants}: {followed:?}");
        }
    }

    #[test]
    fn the_seed_decides_and_warming_up_changes_nothing() {
        assert_eq!(order(5, 7, 2, 3), order(5, 7, 2, 3));
        let orders: Vec<_> = (0..20).map(|seed| order(5, 5, 0, seed)).collect();
        assert!(orders.iter().any(|of_seed| *of_seed != orders[0]));
        assert!((0..20).map(|seed| counted(2, 1, seed)[0][0]).any(|first| first != counted(2, 1, 0)[0][0]));
        let warmed: Vec<Turn> = order(5, 7, 3, 6).into_iter().filter(|turn| !turn.warmup).collect();
        assert_eq!(warmed, order(5, 7, 0, 6));
    }
}
