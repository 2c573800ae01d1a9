use super::{
    super::{
        testing::{began, done, missing_sentinel, moved, object, process, run, told},
        words,
    },
    *,
};
use crate::{
    event::{
        Event, Level,
        lesson::{Done, Told},
    },
    store::testing::exited,
};

#[test]
fn processes_stand_in_the_order_of_starting_below_their_parents() {
    let mut events = process(0, 0, "main", None);
    events.extend(process(10, 1, "child", Some(0)));
    events.extend(process(20, 2, "grandchild", Some(1)));
    events.push(exited(60, 2, Exit::Signal(9), false));
    let model = Model::new(&run(events));
    let lanes: Vec<_> = model.lanes.iter().map(|lane| (&*lane.name, lane.level, lane.parent)).collect();
    assert_eq!(lanes, [("main", 0, None), ("child", 1, Some(0)), ("grandchild", 2, Some(1))]);
    assert_eq!(model.lanes[2].ended, Some((60, Exit::Signal(9))));
    assert_eq!((model.lanes[1].pid, model.lanes[1].ready_ns), (Some(1001), Some(15)));
}

#[test]
fn a_message_goes_from_who_put_it_to_who_took_it() {
    let model = Model::new(&missing_sentinel());
    let ways: Vec<_> = model.messages.iter().map(|m| (&*m.value, m.from, m.to)).collect();
    assert_eq!(ways, [("m1", (1, 30), Some((2, 40))), ("m2", (1, 32), Some((2, 46)))]);
    for (t_ns, there) in
        [(29, vec![]), (30, vec!["m1"]), (35, vec!["m1", "m2"]), (40, vec!["m2"]), (46, vec![])]
    {
        let values: Vec<_> = model.messages_in(0, t_ns).map(|message| &*message.value).collect();
        assert_eq!(values, there, "at {t_ns}");
    }
}

#[test]
fn a_message_that_was_taken_before_its_putting_was_over_is_one_too() {
    let mut events = process(0, 0, "main", None);
    events.push(object(1, 0, ObjectKind::Queue, "queue", &[]));
    events.extend(process(2, 1, "child", Some(0)));
    events.push(told(20, 1, Told::Done(moved(11, Verb::Get, 0, 5, 0))));
    events.push(told(25, 0, Told::Done(moved(10, Verb::Put, 0, 5, 0))));
    let model = Model::new(&run(events));
    assert_eq!((model.messages[0].from, model.messages[0].to), ((0, 10), Some((1, 20))));
    assert_eq!(words::sentence(&model, 10), "main puts m5 into queue");
    assert_eq!(model.messages_in(0, 25).count(), 0);
}

#[test]
fn an_operation_waits_if_it_took_long_or_another_process_ended_it() {
    let model = Model::new(&missing_sentinel());
    let looks = |lane: usize| -> Vec<(Doing, u64, Option<u64>)> {
        model.lanes[lane].marks.iter().map(|mark| (mark.doing, mark.from_ns, mark.to_ns)).collect()
    };
    assert_eq!(looks(0), [(Doing::Waits, 14, Some(300_055)), (Doing::Waits, 300_062, None)]);
    assert_eq!(
        looks(2),
        [
            (Doing::Waits, 25, Some(40)),
            (Doing::Prints, 42, Some(42)),
            (Doing::Does(Verb::Get), 46, Some(46)),
            (Doing::Waits, 300_060, None)
        ]
    );
}

#[test]
fn who_waits_for_ever_does_not_end_and_is_told_apart() {
    let model = Model::new(&missing_sentinel());
    assert_eq!(model.lanes[2].ended, None, "that it was ended later is no part of the story");
    let stuck = model.stuck.as_ref().expect("told");
    let waits: Vec<_> = stuck.waiting.iter().map(|waiting| (waiting.lane, waiting.needs.clone())).collect();
    assert_eq!(waits, [(0, vec![2]), (2, vec![0])]);
    assert!(model.stuck_at(0, 399_999).is_none() && model.stuck_at(0, 400_000).is_some());
    assert!(model.stuck_at(1, 400_000).is_none());
    assert_eq!(model.moments.last(), Some(&400_000));
}

#[test]
fn a_wait_is_for_ever_only_once_that_is_known() {
    let model = Model::new(&missing_sentinel());
    for (t_ns, label) in
        [(300_062, "join consumer"), (399_999, "join consumer"), (400_000, "join consumer for ever")]
    {
        assert_eq!(words::wait_labels(&model, 0, 1, t_ns)[0], label, "at {t_ns}");
    }
    assert_eq!(words::wait_labels(&model, 0, 0, 400_000)[0], "join producer", "it was over");
}

#[test]
fn every_moment_has_a_sentence() {
    let model = Model::new(&missing_sentinel());
    assert!(model.moments.windows(2).all(|pair| pair[0] < pair[1]), "{:?}", model.moments);
    for (t_ns, sentence) in [
        (10, "main starts producer"),
        (25, "consumer waits for a message in queue"),
        (30, "producer puts m1 into queue"),
        (40, "consumer gets m1 from queue"),
        (42, "consumer prints m1"),
        (50, "producer ends: exit 0"),
        (300_055, "main goes on: producer has ended"),
        (400_000, "nothing will happen any more: 2 of the processes wait for ever"),
    ] {
        assert_eq!(words::sentence(&model, t_ns), sentence);
    }
    assert!(model.moments.iter().all(|t_ns| !words::sentence(&model, *t_ns).is_empty()));
}

#[test]
fn lanes_say_how_they_stand_at_a_moment() {
    let model = Model::new(&missing_sentinel());
    for (lane, t_ns, state) in [
        (1, 5, "not started yet"),
        (1, 12, "is being started"),
        (1, 31, "runs"),
        (1, 50, "ended well (exit 0)"),
        (0, 20, "waits for producer to end"),
        (2, 400_000, "waits for ever for a message in queue"),
    ] {
        assert_eq!(words::lane_state(&model, lane, t_ns), state, "{lane} at {t_ns}");
    }
    assert_eq!(words::row_accessible(&model, 0, 35), "Queue queue: 2 messages, m1, m2");
}

#[test]
fn cells_and_locks_are_as_they_were_at_any_moment() {
    let mut events = process(0, 0, "main", None);
    events.push(object(1, 0, ObjectKind::Array, "numbers", &[2, 3]));
    events.push(object(1, 1, ObjectKind::Lock, "lock", &[]));
    events.extend(process(2, 1, "child", Some(0)));
    let write =
        |began_ns, cell, value| Done { cell: Some((cell, value)), ..done(began_ns, Verb::Write, Some(0)) };
    events.extend([
        told(10, 0, Told::Done(done(9, Verb::Acquire, Some(1)))),
        told(20, 1, Told::Done(write(19, 1, 9))),
        // The next holder was heard before the last one.
        told(30, 1, Told::Done(done(11, Verb::Acquire, Some(1)))),
        told(31, 0, Told::Done(done(29, Verb::Release, Some(1)))),
        told(40, 0, Told::Done(write(39, 7, 1))),
    ]);
    let model = Model::new(&run(events));
    let row = &model.rows[0];
    assert_eq!(row.cells_at(19), [(2, None), (3, None)]);
    assert_eq!(row.cells_at(40), [(2, None), (9, Some(1))], "a cell that is not there changes nothing");
    let holders: Vec<_> = [5, 10, 29, 30, 99].map(|t_ns| words::held(&model.rows[1], t_ns)).into();
    assert_eq!(holders, [None, Some(0), Some(0), Some(1), Some(1)]);
}

#[test]
fn a_pipe_is_one_row_and_children_have_the_ends_that_their_parents_had() {
    let mut events = process(0, 0, "main", None);
    events.push(object(1, 0, ObjectKind::PipeEnd, "receiving", &[]));
    events.push(object(1, 1, ObjectKind::PipeEnd, "sending", &[]));
    events.extend(process(2, 1, "sender", Some(0)));
    events.extend([
        told(10, 1, Told::Done(done(9, Verb::Close, Some(0)))),
        told(20, 0, Told::Done(done(19, Verb::Close, Some(1)))),
    ]);
    events.extend(process(30, 2, "late", Some(0)));
    events.push(exited(50, 1, Exit::Code(0), true));
    let model = Model::new(&run(events));
    assert_eq!((model.rows.len(), &*model.rows[0].name), (1, "receiving – sending"));
    for (end, t_ns, lanes) in [
        (0, 8, vec![0, 1]),
        (0, 9, vec![0]),
        (0, 30, vec![0, 2]),
        (1, 9, vec![0, 1]),
        (1, 30, vec![1]),
        (1, 50, vec![]),
    ] {
        assert_eq!(model.holders(ObjectId(end), t_ns), lanes, "end {end} at {t_ns}");
    }
}

#[test]
fn what_the_end_of_a_process_cut_short_was_not_done() {
    let mut events = process(0, 0, "main", None);
    events.extend(process(2, 1, "child", Some(0)));
    events.push(began(10, 1, Verb::Sleep, None, None));
    events.push(exited(90, 1, Exit::Signal(9), false));
    let model = Model::new(&run(events));
    assert_eq!(model.lanes[1].marks[0].to_ns, Some(90));
    assert_eq!(words::sentence(&model, 90), "child ends: SIGKILL");
}

#[test]
fn a_run_that_is_no_lesson_has_an_empty_stage() {
    assert!(Model::new(&run([])).is_empty());
}

#[test]
fn whoever_was_joined_had_ended_before() {
    let mut events = process(0, 0, "main", None);
    events.extend(process(2, 1, "child", Some(0)));
    events.push(began(10, 0, Verb::Join, None, Some(1)));
    events.push(told(300_000, 0, Told::Done(Done { whom: Some(WorkerId(1)), ..done(10, Verb::Join, None) })));
    events.push(exited(300_090, 1, Exit::Code(3), true));
    let model = Model::new(&run(events));
    assert_eq!(model.lanes[1].ended, Some((300_000, Exit::Code(3))));
    assert_eq!(words::sentence(&model, 300_000), "child ends: exit 3; main goes on: child has ended");
}

#[test]
fn an_end_is_closed_before_anybody_is_told_of_it() {
    let mut events = process(0, 0, "main", None);
    events.push(object(1, 0, ObjectKind::PipeEnd, "receiving", &[]));
    events.push(object(1, 1, ObjectKind::PipeEnd, "sending", &[]));
    events.extend(process(2, 1, "receiver", Some(0)));
    events.push(told(20, 1, Told::Done(Done { end: End::Eof, ..done(15, Verb::Receive, Some(0)) })));
    events.push(told(25, 0, Told::Done(done(18, Verb::Close, Some(1)))));
    let model = Model::new(&run(events));
    assert_eq!(words::sentence(&model, 18), "main closes its sending end");
    assert!(words::sentence(&model, 20).contains("no more messages"));
}

#[test]
fn what_a_process_logs_is_a_mark_and_a_moment_of_its_own() {
    let mut events = process(0, 0, "main", None);
    let logged = |t_ns, worker: Option<u32>, text: &str| Event::Log {
        t_ns,
        worker: worker.map(WorkerId),
        level: Level::Info,
        text: text.to_owned(),
    };
    events.extend([
        told(10, 0, Told::Printed { line: 1, text: "before".into() }),
        told(30, 0, Told::Printed { line: 3, text: "after".into() }),
        // Heard late.
        logged(20, Some(0), "I am main"),
        logged(25, None, "of the engine"),
    ]);
    let model = Model::new(&run(events));
    let marks: Vec<_> =
        model.lanes[0].marks.iter().map(|mark| words::mark_labels(&model, mark).remove(0)).collect();
    assert_eq!(marks, ["print before", "log I am main", "print after"]);
    assert_eq!(model.moments, [0, 5, 10, 20, 30]);
    assert_eq!(words::sentence(&model, 20), "main logs: I am main");
}
