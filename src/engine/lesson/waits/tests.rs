//! Scenes of who waits for what.

use super::*;

/// A scene of processes that all hold all objects, told step by step.
struct Scene {
    waits: Waits,
    call: u32,
}

const MAIN: WorkerId = WorkerId(0);
const A: WorkerId = WorkerId(1);
const B: WorkerId = WorkerId(2);

fn scene(objects: &[(ObjectKind, Option<u32>, bool)]) -> Scene {
    let mut waits = Waits::default();
    waits.started(MAIN, "main", None);
    for (at, (kind, capacity, robust)) in (0..).zip(objects) {
        waits.made(MAIN, ObjectId(at), *kind, &format!("object {at}"), *capacity, *robust);
    }
    waits.started(A, "a", Some(MAIN));
    waits.started(B, "b", Some(MAIN));
    Scene { waits, call: 0 }
}

impl Scene {
    fn began(&mut self, worker: WorkerId, verb: Verb, object: Option<u32>, whom: Option<WorkerId>) -> u32 {
        self.call += 1;
        let object = object.map(ObjectId);
        self.waits.began(worker, &Began { call: self.call, verb, object, whom, line: 1 });
        self.call
    }

    fn waits_at(&mut self, worker: WorkerId, verb: Verb, object: u32) -> u32 {
        self.began(worker, verb, Some(object), None)
    }

    fn joins(&mut self, worker: WorkerId, whom: WorkerId) {
        self.began(worker, Verb::Join, None, Some(whom));
    }

    fn done(&mut self, worker: WorkerId, verb: Verb, object: u32, bytes: u32, call: Option<u32>) {
        self.call += 1;
        let done = Done {
            call: call.unwrap_or(self.call),
            verb,
            object: Some(ObjectId(object)),
            whom: None,
            line: 1,
            began_ns: 0,
            message: None,
            bytes: Some(bytes),
            depth: None,
            cell: None,
            end: End::Ok,
            value: None,
        };
        self.waits.done(worker, &done);
    }

    fn ends(&mut self, worker: WorkerId) {
        self.waits.ended(worker, Exit::Code(0));
    }

    /// By what was told alone.
    fn found(&self) -> Vec<Waiter> {
        self.waits.stuck(|_, is_there| !is_there)
    }

    fn stuck(&self) -> Vec<u32> {
        self.found().iter().map(|waiter| waiter.worker.0).collect()
    }

    /// When all but these are seen asleep.
    fn stuck_but(&self, awake: &[WorkerId]) -> Vec<u32> {
        self.waits.stuck(|worker, _| !awake.contains(&worker)).iter().map(|waiter| waiter.worker.0).collect()
    }
}

#[test]
fn a_consumer_without_a_sentinel_is_stuck_once_every_producer_has_gone() {
    let mut scene = scene(&[(ObjectKind::Queue, None, true)]);
    scene.waits_at(B, Verb::Get, 0);
    scene.joins(MAIN, A);
    assert_eq!(scene.stuck(), [0; 0], "a may still put");
    scene.ends(A);
    scene.joins(MAIN, B);
    assert_eq!(scene.stuck(), [0, 2]);
    let found = scene.found();
    assert!(found[1].why.contains("only main could put one, which waits for ever too"), "{}", found[1].why);
    assert_eq!((found[1].needs.as_slice(), scene.waits.all_stuck(&found)), ([MAIN].as_slice(), true));
    scene.done(MAIN, Verb::Put, 0, 20, None);
    assert_eq!(scene.stuck(), [0; 0], "a message is there");
}

#[test]
fn the_end_of_a_pipe_comes_once_nobody_holds_the_other_end() {
    let ends = [(ObjectKind::PipeEnd, None, true), (ObjectKind::PipeEnd, None, true)];
    let mut scene = scene(&ends);
    // a sends through 1 and b receives at 0; everybody holds both.
    scene.waits_at(B, Verb::Receive, 0);
    scene.ends(A);
    scene.joins(MAIN, B);
    assert_eq!(scene.stuck(), [0, 2], "main and b itself hold the sending end");
    assert!(scene.found()[1].why.contains("holds open itself"), "{}", scene.found()[1].why);
    scene.done(MAIN, Verb::Close, 1, 0, None);
    assert_eq!(scene.stuck(), [0, 2], "b itself holds it");
    scene.done(B, Verb::Close, 1, 0, None);
    assert_eq!(scene.stuck(), [0; 0], "the end of the file comes");
}

#[test]
fn joining_before_draining_is_stuck_beyond_what_a_pipe_holds() {
    for (bytes, stuck) in [(100, vec![]), (200_000, vec![0, 1])] {
        let mut scene = scene(&[(ObjectKind::Queue, None, true)]);
        scene.ends(B);
        scene.done(A, Verb::Put, 0, bytes, None);
        scene.waits_at(A, Verb::Flush, 0);
        scene.joins(MAIN, A);
        assert_eq!(scene.stuck(), stuck, "{bytes} bytes");
    }
}

#[test]
fn two_locks_in_opposite_order_are_a_cycle() {
    let mut scene = scene(&[(ObjectKind::Lock, None, true), (ObjectKind::Lock, None, true)]);
    scene.done(A, Verb::Acquire, 0, 0, None);
    scene.done(B, Verb::Acquire, 1, 0, None);
    scene.waits_at(A, Verb::Acquire, 1);
    assert_eq!(scene.stuck(), [0; 0]);
    scene.waits_at(B, Verb::Acquire, 0);
    assert_eq!(scene.stuck(), [1, 2], "main goes on");
    assert!(!scene.waits.all_stuck(&scene.found()));
    let found = scene.found();
    assert_eq!((found[0].needs.as_slice(), found[1].needs.as_slice()), ([B].as_slice(), [A].as_slice()));
    // A third that waits for one of them, in vain like them.
    scene.joins(MAIN, A);
    assert_eq!(scene.stuck(), [0, 1, 2]);
}

#[test]
fn a_lock_of_the_dead_goes_on_only_if_it_is_robust() {
    for (robust, stuck) in [(true, vec![]), (false, vec![0, 2])] {
        let mut scene = scene(&[(ObjectKind::Lock, None, robust)]);
        scene.done(A, Verb::Acquire, 0, 0, None);
        scene.ends(A);
        scene.waits_at(B, Verb::Acquire, 0);
        scene.joins(MAIN, B);
        assert_eq!(scene.stuck(), stuck, "robust {robust}");
    }
}

#[test]
fn semaphores_events_barriers_and_bounds_wait_for_whoever_is_left() {
    let objects = [
        (ObjectKind::Semaphore, Some(1), true),
        (ObjectKind::Event, None, true),
        (ObjectKind::Barrier, Some(3), true),
        (ObjectKind::Queue, Some(1), true),
    ];
    let mut scene = scene(&objects);
    let call = scene.waits_at(A, Verb::Acquire, 0);
    assert_eq!(scene.stuck(), [0; 0], "a permit is left");
    scene.done(A, Verb::Acquire, 0, 0, Some(call));
    scene.waits_at(A, Verb::Acquire, 0);
    scene.waits_at(B, Verb::Wait, 1);
    scene.ends(MAIN);
    assert_eq!(scene.stuck(), [1, 2]);
    let mut scene = self::scene(&objects);
    scene.waits_at(A, Verb::Meet, 2);
    scene.waits_at(B, Verb::Meet, 2);
    assert_eq!(scene.stuck(), [0; 0], "main may come");
    scene.joins(MAIN, A);
    assert_eq!(scene.stuck(), [0, 1, 2]);
    let mut scene = self::scene(&objects);
    scene.done(A, Verb::Put, 3, 8, None);
    scene.waits_at(A, Verb::Put, 3);
    scene.joins(B, A);
    assert_eq!(scene.stuck(), [0; 0], "main may get");
    scene.joins(MAIN, A);
    assert_eq!(scene.stuck(), [0, 1, 2]);
}

#[test]
fn who_sleeps_or_computes_is_not_stuck_and_neither_is_who_waits_for_him() {
    let mut scene = scene(&[(ObjectKind::Queue, None, true)]);
    scene.joins(MAIN, A);
    scene.waits_at(B, Verb::Get, 0);
    scene.began(A, Verb::Sleep, None, None);
    assert_eq!(scene.stuck(), [0; 0]);
}

#[test]
fn who_is_awake_keeps_those_from_being_found_who_wait_for_him() {
    let mut scene = scene(&[(ObjectKind::Queue, None, true)]);
    scene.joins(MAIN, B);
    scene.waits_at(A, Verb::Get, 0);
    scene.waits_at(B, Verb::Get, 0);
    assert_eq!(scene.stuck_but(&[]), [0, 1, 2]);
    // B has perhaps been stopped with a message in its hand.
    assert_eq!(scene.stuck_but(&[B]), [0; 0]);
}

#[test]
fn what_a_process_took_along_when_it_died_is_not_there() {
    let mut scene = scene(&[(ObjectKind::Queue, None, true)]);
    scene.done(A, Verb::Put, 0, 20, None);
    scene.waits_at(B, Verb::Get, 0);
    scene.joins(MAIN, B);
    scene.waits.ended(A, Exit::Signal(9));
    assert_eq!(scene.stuck(), [0; 0], "it was put, by what was told");
    assert_eq!(scene.stuck_but(&[]), [0, 2], "and never written");
}

#[test]
fn who_could_start_others_may_fill_a_barrier_alone() {
    let mut scene = scene(&[(ObjectKind::Barrier, Some(4), true)]);
    scene.waits_at(A, Verb::Meet, 0);
    scene.ends(B);
    scene.began(MAIN, Verb::Sleep, None, None);
    assert_eq!(scene.stuck_but(&[]), [0; 0]);
    scene.joins(MAIN, A);
    assert_eq!(scene.stuck_but(&[]), [0, 1]);
}

#[test]
fn a_lock_that_anybody_may_release_waits_for_anybody() {
    for (robust, stuck) in [(true, vec![0, 1]), (false, vec![])] {
        let mut scene = scene(&[(ObjectKind::Lock, None, robust)]);
        scene.done(MAIN, Verb::Acquire, 0, 0, None);
        scene.waits_at(A, Verb::Acquire, 0);
        scene.joins(MAIN, A);
        assert_eq!(scene.stuck(), stuck, "robust {robust}: b goes on");
    }
}

#[test]
fn a_message_longer_than_its_pipe_is_stuck_although_there_seems_to_be_room() {
    let ends = [(ObjectKind::PipeEnd, None, true), (ObjectKind::PipeEnd, None, true)];
    let mut scene = scene(&ends);
    scene.ends(B);
    scene.waits_at(A, Verb::Send, 1);
    scene.joins(MAIN, A);
    assert_eq!((scene.stuck(), scene.stuck_but(&[])), (vec![], vec![0, 1]));
}
