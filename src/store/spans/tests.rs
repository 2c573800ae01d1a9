use super::*;
use crate::{
    event::{Exit, Outcome, Usage},
    ids::{CoreId, TaskId},
};

struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        self.0 >> 20
    }

    fn below(&mut self, limit: u64) -> u64 {
        self.next() % limit
    }

    /// Of any size: mostly small, sometimes as large as can be.
    fn number(&mut self) -> u64 {
        match self.below(40) {
            0 => u64::MAX - self.below(3),
            1 => {
                let bits = self.below(40);
                self.next() << bits
            }
            _ => {
                let bits = 1 + self.below(30);
                self.below(1 << bits)
            }
        }
    }

    fn option(&mut self, one_in: u64) -> Option<u64> {
        (self.below(one_in) > 0).then(|| self.number())
    }
}

fn outcome(random: &mut Random) -> Outcome {
    match random.below(30) {
        0 => Outcome::Failed("it went wrong".into()),
        1 => Outcome::Crashed(Exit::Signal(11)),
        2 => Outcome::TimedOut,
        3 => Outcome::Cancelled,
        _ => Outcome::Ok,
    }
}

fn usage(random: &mut Random, plain: bool) -> Usage {
    if plain {
        return Usage { cpu_ns: Some(random.below(5000)), ..Usage::default() };
    }
    let narrow = |number: Option<u64>| number.map(|number| number as u32);
    Usage {
        cpu_ns: random.option(9),
        core_wait_ns: random.option(3),
        voluntary_switches: narrow(random.option(3)),
        involuntary_switches: narrow(random.option(3)),
        minor_faults: narrow(random.option(2)),
        major_faults: narrow(random.option(2)),
        first_core: narrow(random.option(4)).map(CoreId),
        last_core: narrow(random.option(4)).map(CoreId),
        bytes_in: random.number() as u32,
        bytes_out: random.below(2) as u32,
    }
}

/// In order and never over each other, as the reducer makes them; everything else as it pleases.
fn spans(random: &mut Random, n: usize) -> Vec<Span> {
    let mut t_ns = random.below(1000);
    let plain = random.below(2) == 0;
    (0..n)
        .map(|at| {
            t_ns += random.below(3) * random.below(2000);
            let start_ns = t_ns;
            t_ns += match random.below(100) {
                0 => random.below(20_000_000_000),
                1..30 => 0,
                _ => random.below(3000),
            };
            Span {
                task: TaskId(if plain { at as u32 } else { random.number() as u32 }),
                attempt: if random.below(50) == 0 { random.number() as u32 } else { 0 },
                outcome: outcome(random),
                enqueued_ns: if plain { 0 } else { random.number() },
                dispatched_ns: if plain { start_ns.saturating_sub(700) } else { random.number() },
                start_ns,
                end_ns: t_ns,
                received_ns: if plain { t_ns + 900 } else { random.number() },
                usage: usage(random, plain),
            }
        })
        .collect()
}

/// Lengths around the borders of chunks and groups.
const LENGTHS: [usize; 10] = [
    0,
    1,
    chunk::LEN - 1,
    chunk::LEN,
    chunk::LEN + 1,
    5000,
    GROUP * chunk::LEN,
    GROUP * chunk::LEN + 1,
    (GROUP + 1) * chunk::LEN + 7,
    70_000,
];

#[test]
fn what_is_packed_comes_out_as_it_was() {
    let mut random = Random(1);
    for n in LENGTHS {
        let all = spans(&mut random, n);
        let column: Spans = all.iter().cloned().collect();
        assert_eq!((column.len(), column.is_empty()), (n, n == 0));
        assert!(column.iter().eq(all.iter().cloned()), "{n}");
        assert_eq!((column.get(0).as_ref(), column.last()), (all.first(), all.last()));
        for _ in 0..200 {
            let at = random.below(n as u64 + 3) as usize;
            assert_eq!(column.get(at).as_ref(), all.get(at), "{at} of {n}");
            assert_eq!(column.times(at), all.get(at).map(|span| (span.start_ns, span.end_ns)));
        }
        let (mut reader, mut at) = (column.reader(), 0);
        while at < n + 2 {
            assert_eq!(reader.get(at).as_ref(), all.get(at), "{at} of {n}");
            at += random.below(40) as usize;
        }
        for from in [0, 1, n / 3, n.saturating_sub(1), n, n + 1] {
            let rest = all.get(from..).unwrap_or_default();
            assert!(column.iter_from(from).take(1500).eq(rest.iter().take(1500).cloned()), "{from} of {n}");
        }
    }
}

#[test]
fn a_prefix_is_as_if_the_rest_had_never_come() {
    let mut random = Random(2);
    let all = spans(&mut random, (GROUP + 2) * chunk::LEN + 9);
    let column: Spans = all.iter().cloned().collect();
    for len in [
        0,
        1,
        chunk::LEN - 1,
        chunk::LEN,
        chunk::LEN + 1,
        2 * chunk::LEN,
        GROUP * chunk::LEN,
        GROUP * chunk::LEN + 1,
        (GROUP + 1) * chunk::LEN,
        all.len(),
        all.len() + 5,
    ] {
        let mut prefix = column.prefix(len);
        let mut expected = all[..len.min(all.len())].to_vec();
        assert!(prefix.iter().eq(expected.iter().cloned()), "{len}");
        assert_eq!(prefix.last(), expected.last(), "{len}");
        assert_eq!(prefix.totals(), column.counts(0..len), "{len}");
        let more = spans(&mut random, 600);
        expected.extend(more.iter().cloned());
        for span in more {
            prefix.push(span);
        }
        assert!(prefix.iter().eq(expected), "it can grow from {len}");
    }
}

#[test]
fn pieces_hold_every_span_once_and_sum_up_what_they_hold() {
    let mut random = Random(3);
    for n in LENGTHS {
        let all = spans(&mut random, n);
        let column: Spans = all.iter().cloned().collect();
        for round in 0..30 {
            let from = random.below(n as u64 + 1) as usize;
            let to = from + random.below((n - from) as u64 + 1) as usize;
            let limit_ns = if round == 0 { u64::MAX } else { 1 << random.below(36) };
            let mut at = from;
            let mut pieces = 0;
            for Piece { range, node } in column.pieces(from..to, limit_ns) {
                assert_eq!(range.start, at);
                at = range.end;
                pieces += 1;
                let held = &all[range.clone()];
                let sum = held.iter().map(Node::from).reduce(|sum, next| sum.and(&next)).unwrap();
                assert_eq!(node, sum, "{range:?} of {n}");
                assert!(range.len() == 1 || node.width_ns() < limit_ns, "{range:?} of {n}");
            }
            assert_eq!(at, to, "of {n}");
            if limit_ns == u64::MAX {
                // At either end a few of each step, the open chunk one by one, and the groups.
                assert!(
                    pieces < 2 * (8 + 24) + chunk::LEN + GROUP + n / (GROUP * chunk::LEN),
                    "{pieces} for {n}"
                );
            }
        }
    }
}

#[test]
fn counts_and_busy_time_are_those_of_the_range() {
    let mut random = Random(4);
    let all = spans(&mut random, 40_000);
    let column: Spans = all.iter().cloned().collect();
    for _ in 0..100 {
        let from = random.below(40_000) as usize;
        let to = from + random.below((40_000 - from) as u64) as usize;
        let mut counts = StateCounts::default();
        all[from..to].iter().for_each(|span| counts[AttemptState::of(&span.outcome) as usize] += 1);
        assert_eq!(column.counts(from..to), counts);
        assert_eq!(column.busy_ns(from..to), all[from..to].iter().map(Span::run_ns).sum::<u64>());
    }
    assert_eq!(column.totals(), column.counts(0..40_000));
    let before = |t_ns: u64| column.partition_point(|start_ns, _| start_ns < t_ns);
    for at in (0..40_000).step_by(997) {
        let t_ns = all[at].start_ns;
        assert_eq!(before(t_ns), all.partition_point(|span| span.start_ns < t_ns));
    }
}

#[test]
fn a_clone_does_not_see_what_comes_later() {
    let all = spans(&mut Random(5), 2000);
    let mut column: Spans = all[..600].iter().cloned().collect();
    let before = column.clone();
    all[600..].iter().for_each(|span| column.push(span.clone()));
    assert!(before.iter().eq(all[..600].iter().cloned()));
    assert!(column.iter().eq(all));
}

/// As a pool leaves them: the queue is filled at once, tasks are handed over in chunks, ends are told in heaps.
fn usual(n: u32, full: bool) -> Spans {
    let mut random = Random(6);
    let mut t_ns = 2_000_000;
    (0..n)
        .map(|task| {
            let start_ns = t_ns + 200 + random.below(300);
            t_ns = start_ns + 10_000 + random.below(5000);
            let usage = Usage { cpu_ns: Some(t_ns - start_ns - random.below(100)), ..Usage::default() };
            let full = full.then(|| Usage {
                core_wait_ns: Some(random.below(20_000)),
                voluntary_switches: Some(0),
                involuntary_switches: Some(random.below(2) as u32),
                minor_faults: Some(random.below(3) as u32),
                major_faults: Some(0),
                first_core: Some(CoreId(1)),
                last_core: Some(CoreId(1)),
                ..usage
            });
            Span {
                task: TaskId(task * 2 + random.below(2) as u32),
                attempt: 0,
                outcome: Outcome::Ok,
                enqueued_ns: 1_000_000 + u64::from(task) * 70,
                dispatched_ns: start_ns - start_ns % 200_000,
                start_ns,
                end_ns: t_ns,
                received_ns: t_ns - t_ns % 100_000 + 130_000,
                usage: full.unwrap_or(usage),
            }
        })
        .collect()
}

#[test]
fn a_usual_span_takes_less_than_48_bytes() {
    for full in [false, true] {
        let bytes = usual(300_000, full).bytes() as f64 / 300_000.0;
        assert!(bytes > 10.0 && bytes < 48.0, "full {full}: {bytes} bytes a span");
    }
}
