use super::{super::testing::missing_sentinel, *};

fn ruler(model: &Model, mode: Mode, from_secs: f64, to_secs: f64) -> Ruler<'_> {
    let scale = TimeScale { from_secs, to_secs, left: 100.0, right: 900.0 };
    Ruler { mode, moments: &model.moments, scale }
}

#[test]
fn by_order_all_moments_stand_at_the_same_distance_and_come_back_from_their_places() {
    let model = Model::new(&missing_sentinel());
    let (from, to) = whole(Mode::Order, &model, 400_000, false);
    let ruler = ruler(&model, Mode::Order, from, to);
    let xs: Vec<f32> = model.moments.iter().map(|t_ns| ruler.x(*t_ns)).collect();
    let step = xs[1] - xs[0];
    assert!(xs.windows(2).all(|pair| (pair[1] - pair[0] - step).abs() < 0.01), "{xs:?}");
    assert!(xs[0] > 100.0 && *xs.last().expect("some") < 900.0);
    for (x, t_ns) in xs.iter().zip(&model.moments) {
        for aside in [-0.4, 0.0, 0.4] {
            assert_eq!(ruler.moment_at(x + step * aside), Some(*t_ns));
        }
    }
    // What lies between two moments stands between them.
    let between = ruler.x(u64::midpoint(model.moments[3], model.moments[4]));
    assert!(xs[3] <= between && between < xs[4]);
}

#[test]
fn in_time_places_are_to_scale_and_moments_are_found_below_the_pointer() {
    let model = Model::new(&missing_sentinel());
    let ruler = ruler(&model, Mode::Time, 0.0, 0.000_4);
    assert!((ruler.x(200_000) - 500.0).abs() < 0.01);
    assert_eq!(ruler.moment_at(899.9), Some(400_000));
    assert_eq!(ruler.moment_at(600.0), Some(50), "nothing has happened since");
    assert_eq!(ruler.moment_at(-50.0), Some(0));
}

#[test]
fn a_growing_run_moves_its_axis_seldom_and_always_has_room() {
    let model = Model::new(&missing_sentinel());
    let mut edges: Vec<f64> = Vec::new();
    for now_ns in (0..3_000).map(|at| at * 1_000_000) {
        let (_, to) = whole(Mode::Time, &model, now_ns, true);
        assert!(to >= time::secs(now_ns), "{to} at {now_ns}");
        edges.push(to);
    }
    edges.dedup();
    assert!(edges.len() < 12, "{edges:?}");
}

#[test]
fn a_view_stays_within_what_there_is() {
    for (window, expected) in [
        ((-5.0, 5.0), (0.0, 10.0)),
        ((35.0, 45.0), (30.0, 40.0)),
        ((10.0, 10.0), (10.0, 12.0)),
        ((-100.0, 100.0), (0.0, 40.0)),
    ] {
        assert_eq!(within(Mode::Order, window, (0.0, 40.0)), expected, "{window:?}");
    }
    // A run of one moment has less than the shortest view.
    assert_eq!(within(Mode::Order, (0.0, 1.0), (0.0, 1.5)), (0.0, 1.5));
}

#[test]
fn lanes_and_rows_follow_one_another_and_grow_where_there_is_room() {
    let model = Model::new(&missing_sentinel());
    let mut last = 0.0;
    for room in [0.0, 150.0, 250.0, 400.0, 2000.0] {
        let places = places(&model, room);
        let all: Vec<_> = places.lanes.iter().chain(&places.rows).collect();
        assert!(all.windows(2).all(|pair| pair[0].end <= pair[1].start), "{places:?}");
        assert!(all.iter().all(|place| place.end - place.start >= ROW) && all[3].end <= places.height);
        assert!(places.height >= last, "{room}");
        assert!(places.height <= room.max(places.lanes.len() as f32 * LANE.0 + ROW + BOXES + GAP * 2.0));
        last = places.height;
    }
}

#[test]
fn a_lane_is_cut_into_stretches_without_gaps() {
    let model = Model::new(&missing_sentinel());
    let (from, to) = whole(Mode::Order, &model, 400_000, false);
    let ruler = ruler(&model, Mode::Order, from, to);
    let looks = |lane: usize, for_ever: bool| -> Vec<Look> {
        let pieces = pieces(&model.lanes[lane], &ruler, 400_000, for_ever);
        assert!(pieces.windows(2).all(|pair| (pair[0].right - pair[1].left).abs() < 0.01), "{pieces:?}");
        let last = pieces.last().expect("some").right;
        assert!(!for_ever || (last - 900.0).abs() < 0.01, "what waits for ever goes on to the edge: {last}");
        pieces.iter().map(|piece| piece.look).collect()
    };
    assert_eq!(looks(0, true), [Look::Starting, Look::Running, Look::Waiting, Look::Running, Look::Waiting]);
    assert_eq!(looks(1, false), [Look::Starting, Look::Running]);
    assert_eq!(looks(2, true), [Look::Starting, Look::Running, Look::Waiting, Look::Running, Look::Waiting]);
}

#[test]
fn what_is_too_close_to_be_told_apart_is_counted() {
    let model = Model::new(&missing_sentinel());
    let count = |mode, to| {
        let spots = spots(&model.lanes[2], &ruler(&model, mode, 0.0, to), 400_000);
        spots.iter().map(|spot| spot.count).collect::<Vec<_>>()
    };
    assert_eq!(count(Mode::Order, 20.0), [1, 1]);
    assert_eq!(count(Mode::Time, 1.0), [2]);
    // Nor do a hundred thousand waits make a hundred thousand stretches.
    let mut lane = model.lanes[1].clone();
    let wait = model.lanes[2].marks[0].clone();
    lane.ended = None;
    lane.marks = (0..100_000)
        .map(|at| Mark { from_ns: 1000 + at * 10, to_ns: Some(1005 + at * 10), ..wait.clone() })
        .collect();
    let pieces = pieces(&lane, &ruler(&model, Mode::Time, 0.0, 0.001_1), 1_100_000, false);
    assert!((2..1700).contains(&pieces.len()), "{}", pieces.len());
}

#[test]
fn only_what_lasts_for_ever_reaches_the_edge() {
    let model = Model::new(&missing_sentinel());
    let ruler = ruler(&model, Mode::Time, 0.0, 0.000_8);
    assert!((reach(&ruler, 400_000, false) - 500.0).abs() < 0.01);
    assert!((reach(&ruler, 400_000, true) - 900.0).abs() < 0.01);
    // What ends out of view on the right does so in both cases.
    assert!(reach(&ruler, 900_000, true) > 900.0);
}
