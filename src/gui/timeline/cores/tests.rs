//! What is read of a run into tracks, and what is drawn of them.

use std::{collections::HashMap, time::Duration};

use super::{
    index::{CoreIndex, CoreTracks, parts},
    layout::{Row, What, bar_at, lay_out},
    track::{Entry, Part},
};
use crate::{
    event::{Outcome, Usage},
    gui::{plots::TimeScale, timeline::model::tests::span},
    ids::{CoreId, WorkerId},
    store::{Lane, RunStore, Span, testing::Random},
};

const LONG: Duration = Duration::from_mins(10);

fn on(task: u32, times: (u64, u64), cores: Option<(u32, u32)>) -> Span {
    let usage = Usage {
        cpu_ns: Some((times.1 - times.0) / 2),
        first_core: cores.map(|cores| CoreId(cores.0)),
        last_core: cores.map(|cores| CoreId(cores.1)),
        ..Usage::default()
    };
    Span { usage, ..span(task, times.0, times.1, Outcome::Ok) }
}

fn with_lanes(lanes: impl Iterator<Item = Lane>) -> RunStore {
    let mut store = RunStore::default();
    store.lanes = lanes.collect();
    store
}

fn store(lanes: Vec<Vec<Span>>) -> RunStore {
    let lane = |spans: Vec<Span>| Lane { spans: spans.into_iter().collect(), ..Lane::default() };
    with_lanes(lanes.into_iter().map(lane))
}

fn random_store(random: &mut Random, workers: u64, tasks: u32) -> RunStore {
    let mut lanes = vec![(0, Vec::new()); workers as usize];
    for task in 0..tasks {
        let (free_ns, spans): &mut (u64, Vec<Span>) = &mut lanes[random.below(workers) as usize];
        let start_ns = *free_ns + random.below(3) * random.below(2000);
        let run_ns = match random.below(10) {
            0 => random.below(500_000),
            1 => 0,
            _ => random.below(3000),
        };
        let first = random.below(3) as u32;
        let last = if random.below(5) == 0 { random.below(3) as u32 } else { first };
        let cores = (random.below(20) > 0).then_some((first, last));
        let mut span = on(task, (start_ns, start_ns + run_ns), cores);
        if random.below(15) == 0 {
            span.outcome = Outcome::TimedOut;
        }
        *free_ns = span.end_ns;
        spans.push(span);
    }
    store(lanes.into_iter().map(|(_, spans)| spans).collect())
}

fn index_of(store: &RunStore) -> CoreIndex {
    let mut index = CoreIndex::default();
    index.update(store, LONG);
    assert_eq!(index.progress(), None);
    index
}

fn entries(core: &CoreTracks) -> Vec<Entry> {
    core.tracks.iter().flat_map(|track| (0..track.len()).filter_map(|at| track.get(at))).collect()
}

/// Every attempt's parts are on their cores, once, and no track has two at a time.
fn check_index(store: &RunStore, index: &CoreIndex) {
    let mut there = HashMap::new();
    for (core, tracks) in index.cores.iter().enumerate() {
        for track in &tracks.tracks {
            let times: Vec<_> =
                (0..track.len()).map(|at| track.get(at).unwrap().times(&store.lanes).unwrap()).collect();
            assert!(times.windows(2).all(|pair| pair[0].1 <= pair[1].0), "core {core}: {times:?}");
        }
        for entry in entries(tracks) {
            let key = (entry.worker(), entry.at(), core, format!("{:?}", entry.part()));
            *there.entry(key).or_insert(0) += 1;
        }
    }
    let mut unknown = 0;
    let mut expected = HashMap::new();
    for (place, span) in store.placed_spans() {
        let (Some(first), Some(last)) = (span.usage.first_core, span.usage.last_core) else {
            unknown += 1;
            continue;
        };
        let mut expect = |core: CoreId, part: Part| {
            let key = (place.worker, place.at as usize, core.0 as usize, format!("{part:?}"));
            expected.insert(key, 1);
        };
        if first == last {
            expect(first, Part::Whole);
        } else {
            expect(first, Part::Began);
            expect(last, Part::Ended);
        }
    }
    assert_eq!(index.unknown, unknown);
    assert_eq!(there, expected);
}

#[test]
fn every_attempt_is_on_its_core_once_however_it_is_read() {
    let mut random = Random::new(11);
    for round in 0..30 {
        let store = random_store(&mut random, 1 + round % 7, 700);
        let whole = index_of(&store);
        check_index(&store, &whole);
        // In slices that end as soon as the clock is looked at.
        let mut sliced = CoreIndex::default();
        let mut progress = 0.0;
        for _ in 0..100 {
            sliced.update(&store, Duration::ZERO);
            let Some(now) = sliced.progress() else { break };
            assert!(now > progress, "each slice goes on");
            progress = now;
        }
        assert_eq!(sliced.progress(), None);
        check_index(&store, &sliced);
        // And while the run grows, lane by lane at different speeds.
        let mut growing = CoreIndex::default();
        for part in 1..=5 {
            let cut = |(at, lane): (usize, &Lane)| Lane {
                spans: lane.spans.prefix(lane.spans.len() * (part + at % 2).min(5) / 5),
                ..Lane::default()
            };
            growing.update(&with_lanes(store.lanes.iter().enumerate().map(cut)), LONG);
        }
        check_index(&store, &growing);
    }
}

#[test]
fn one_at_a_time_needs_one_track_and_sharing_needs_more() {
    let alone = store(vec![
        vec![on(0, (0, 10), Some((0, 0))), on(1, (20, 30), Some((0, 0)))],
        vec![on(2, (10, 20), Some((0, 0))), on(3, (30, 40), Some((0, 0)))],
    ]);
    assert_eq!(index_of(&alone).cores[0].tracks.len(), 1);
    let shared = store(vec![
        vec![on(0, (0, 10), Some((1, 1))), on(1, (10, 20), Some((1, 1)))],
        vec![on(2, (5, 15), Some((1, 1)))],
    ]);
    let index = index_of(&shared);
    assert_eq!(index.cores.iter().map(|core| core.tracks.len()).collect::<Vec<_>>(), [0, 2]);
}

#[test]
fn what_moved_counts_on_both_cores_and_what_crashed_on_none() {
    let store = store(vec![vec![
        on(0, (0, 100), Some((0, 1))),
        on(1, (100, 200), Some((1, 1))),
        on(2, (200, 300), None),
        // No machine has this core; a file may say so all the same.
        on(3, (300, 400), Some((u32::MAX, 0))),
    ]]);
    let index = index_of(&store);
    let told: Vec<_> = index.cores.iter().map(|core| (core.began, core.left, core.came)).collect();
    assert_eq!(told, [(1, 1, 0), (1, 0, 1)]);
    assert_eq!((index.moved, index.unknown), (1, 2));
    let times = |core: usize| entries(&index.cores[core])[0].times(&store.lanes);
    assert_eq!((times(0), times(1)), (Some((0, 50)), Some((50, 100))));
    assert!(!index.knows_nothing());
    assert!(index_of(&self::store(vec![vec![on(0, (0, 1), None)]])).knows_nothing());
}

#[test]
fn an_earlier_moment_and_another_run_start_the_index_anew() {
    let mut random = Random::new(3);
    let late = random_store(&mut random, 3, 600);
    let mut index = index_of(&late);
    let lanes = late.lanes.iter().map(|lane| Lane { spans: lane.spans.prefix(40), ..Lane::default() });
    let early = with_lanes(lanes);
    index.update(&early, LONG);
    check_index(&early, &index);
    index.update(&late, LONG);
    check_index(&late, &index);
}

#[test]
fn memory_stays_within_sixteen_bytes_for_an_attempt_that_did_not_move() {
    let spans = (0..20_000).map(|at| {
        let start_ns = u64::from(at) * 100;
        on(at, (start_ns, start_ns + 90), Some((0, 0)))
    });
    let index = index_of(&store(vec![spans.collect()]));
    let bytes: usize = index.cores[0].tracks.iter().map(super::track::Track::bytes).sum();
    assert!(bytes <= 20_000 * 16, "{} bytes an attempt", bytes as f64 / 20_000.0);
}

fn scale(from_ns: u64, to_ns: u64, width: f32) -> TimeScale {
    TimeScale {
        from_secs: from_ns as f64 / 1e9,
        to_secs: to_ns as f64 / 1e9,
        left: 92.0,
        right: 92.0 + width,
    }
}

fn drawn(rows: &[Row]) -> usize {
    let attempts = |what: &What| match what {
        What::Single { .. } => 1,
        What::Merged { attempts, .. } => *attempts,
    };
    rows.iter().flat_map(|row| &row.bars).map(|bar| attempts(&bar.what)).sum()
}

#[test]
fn every_attempt_in_view_is_drawn_or_counted_once_on_each_core_that_it_was_on() {
    let mut random = Random::new(23);
    for round in 0..120 {
        let (workers, tasks) = (1 + random.below(12), random.below(4000) as u32);
        let store = random_store(&mut random, workers, tasks);
        let index = index_of(&store);
        let end_ns = store.spans().map(|(_, span)| span.end_ns).max().unwrap_or(0) + 1;
        let from_ns = random.below(end_ns);
        let scale = scale(from_ns, from_ns + 100 + random.below(end_ns), 50.0 + random.below(1500) as f32);
        let view = crate::gui::timeline::layout::view_ns(&scale);
        for core in &index.cores {
            let touches = |entry: &Entry| {
                let (start_ns, end_ns) = entry.times(&store.lanes).unwrap();
                end_ns >= view.0 && start_ns <= view.1
            };
            let all = entries(core);
            let expected: Vec<&Entry> = all.iter().filter(|entry| touches(entry)).collect();
            let moved = expected.iter().filter(|entry| entry.part() != Part::Whole).count();
            for most_rows in [1, 2, 8] {
                let rows = lay_out(core, &store.lanes, &scale, most_rows);
                assert!(rows.len() <= most_rows, "round {round}");
                assert_eq!(drawn(&rows), expected.len(), "round {round}, {most_rows} rows");
                check_bars(&rows, &scale);
                let told: usize = rows.iter().flat_map(|row| &row.bars).map(moved_of).sum();
                assert_eq!(told, moved, "round {round}, {most_rows} rows");
            }
        }
    }
}

fn moved_of(bar: &super::Bar) -> usize {
    match &bar.what {
        What::Single { entry, .. } => usize::from(entry.part() != Part::Whole),
        What::Merged { attempts: 0, .. } => 0,
        What::Merged { sum, .. } => sum.moved as usize,
    }
}

/// Inside the scale, none over another, and not more than the pixels can show.
fn check_bars(rows: &[Row], scale: &TimeScale) {
    for row in rows {
        assert!(row.bars.len() <= scale.width() as usize * 2 + 4);
        for bar in &row.bars {
            assert!(bar.left >= scale.left && bar.right <= scale.right + 0.01 && bar.right >= bar.left);
        }
        for pair in row.bars.windows(2) {
            assert!(pair[0].right <= pair[1].left + 1e-2, "{pair:?}");
        }
    }
}

#[test]
fn merged_bars_tell_whose_they_are_only_where_one_worker_has_half_of_the_time() {
    let turn = |worker: u64, every: u64| {
        let spans = (0..30_000_u64).filter(move |at| at % every == worker);
        spans.map(|at| on(at as u32, (at * 100, at * 100 + 80), Some((0, 0)))).collect::<Vec<_>>()
    };
    let leaders = |store: &RunStore| -> Vec<Option<WorkerId>> {
        let index = index_of(store);
        let rows = lay_out(&index.cores[0], &store.lanes, &scale(0, 3_000_000, 60.0), 8);
        let bars = rows[0].bars.iter();
        bars.map(|bar| match &bar.what {
            What::Merged { sum, busy, .. } => {
                assert!((busy - 0.8).abs() < 0.05, "{busy}");
                sum.leader()
            }
            What::Single { .. } => panic!("{bar:?}"),
        })
        .collect()
    };
    let three = leaders(&store((0..3).map(|worker| turn(worker, 3)).collect()));
    assert!(three.len() > 20 && three.iter().all(Option::is_none), "{three:?}");
    let one = leaders(&store(vec![Vec::new(), turn(0, 1)]));
    assert!(one.iter().all(|leader| *leader == Some(WorkerId(1))), "{one:?}");
}

#[test]
fn the_pointer_finds_a_bar_and_the_bar_its_attempt() {
    let store = store(vec![vec![on(0, (0, 400_000), Some((0, 0))), on(1, (600_000, 900_000), Some((0, 1)))]]);
    let index = index_of(&store);
    let rows = lay_out(&index.cores[0], &store.lanes, &scale(0, 1_000_000, 1000.0), 8);
    let found = |x: f32| bar_at(&rows[0].bars, 92.0 + x, 3.0).map(|bar| bar.what.clone());
    let Some(What::Single { entry, .. }) = found(100.0) else { panic!("{rows:?}") };
    assert_eq!((entry.worker(), entry.at()), (WorkerId(0), 0));
    assert_eq!(index.cores[0].find(&store.lanes, entry), Some((0, 0)));
    assert_eq!(found(500.0), None);
    // The half of what moved on.
    assert!(matches!(found(740.0), Some(What::Single { entry, .. }) if entry.part() == Part::Began));
    assert_eq!(found(760.0), None);
    let found = parts(&store.lanes, 0, 1);
    assert_eq!(
        found.iter().map(|(core, entry)| (*core, entry.part())).collect::<Vec<_>>(),
        [(0, Part::Began), (1, Part::Ended)]
    );
}
