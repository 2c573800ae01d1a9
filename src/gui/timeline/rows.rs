//! Which rows the timeline of workers has: lanes, and groups of lanes that can be collapsed. Without pixels.

use std::fmt::Write as _;

use crate::{
    spec::Backend,
    store::{RunStore, WorkerState},
    units,
};

/// Above this many workers, lanes are gathered in blocks of so many consecutive workers.
const BLOCK: usize = 16;
/// More blocks than this are collapsed at first.
const MOST_OPEN_BLOCKS: usize = 4;
/// And a group of more retired workers than this.
const MOST_OPEN_RETIRED: usize = 3;

/// What a group is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Group {
    /// The threads of the engine, or the worker processes.
    Pool,
    /// The workers from sixteen times this number on.
    Block(usize),
    Retired,
}

/// A row of lanes that belong together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Header {
    pub(crate) group: Group,
    /// `engine, pid 4711, 4 threads`
    pub(crate) name: String,
    /// Where there is little room: `0 to 15`
    pub(crate) short: String,
    /// `16 workers`
    pub(crate) count: String,
    pub(crate) open: bool,
    pub(crate) lanes: Vec<usize>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Row {
    Header(Header),
    /// By its place among the run's lanes.
    Lane(usize),
}

/// What a person has opened and collapsed, where that differs from what is so at first.
#[derive(Clone, Debug, Default)]
pub(crate) struct Toggled(Vec<(Group, bool)>);

impl Toggled {
    pub(crate) fn set(&mut self, group: Group, open: bool) {
        self.0.retain(|(other, _)| *other != group);
        self.0.push((group, open));
    }

    fn is_open(&self, group: Group, at_first: bool) -> bool {
        self.0.iter().find(|(other, _)| *other == group).map_or(at_first, |(_, open)| *open)
    }
}

/// Where every group is open, and which groups hold a lane.
pub(crate) fn groups_of(store: &RunStore, lane: usize) -> Vec<Group> {
    let is_in = |header: &Header| header.lanes.contains(&lane);
    let all = Plan::of(store);
    all.headers().into_iter().filter(is_in).map(|header| header.group).collect()
}

/// From top to bottom. `room` is whether a row may be spent on saying what the lanes are, where that alone is its use.
pub(crate) fn rows(store: &RunStore, toggled: &Toggled, room: bool) -> Vec<Row> {
    let plan = Plan::of(store);
    let mut rows = Vec::new();
    let mut open = true;
    if let Some(pool) =
        plan.pool.as_ref().filter(|_| room || !plan.blocks.is_empty() || plan.retired.is_some())
    {
        let header = plan.header(pool, toggled);
        open = header.open;
        rows.push(Row::Header(header));
    }
    if open && plan.blocks.is_empty() {
        rows.extend(plan.present.iter().copied().map(Row::Lane));
    }
    let blocks = if open { plan.blocks.as_slice() } else { &[] };
    for group in blocks.iter().chain(&plan.retired) {
        let header = plan.header(group, toggled);
        let lanes = if header.open { header.lanes.clone() } else { Vec::new() };
        rows.push(Row::Header(header));
        rows.extend(lanes.into_iter().map(Row::Lane));
    }
    rows
}

/// All groups of a run, those that are not shown included.
struct Plan {
    present: Vec<usize>,
    pool: Option<Header>,
    blocks: Vec<Header>,
    retired: Option<Header>,
}

impl Plan {
    fn of(store: &RunStore) -> Self {
        let is_retired = |lane: &usize| {
            store.workers.get(*lane).is_some_and(|worker| worker.state == WorkerState::Retired)
        };
        let (retired, present): (Vec<usize>, Vec<usize>) = (0..store.lanes.len()).partition(is_retired);
        let backend = store.info.as_ref().map(|info| info.spec.backend);
        let blocks = if present.len() > BLOCK { blocks(&present) } else { Vec::new() };
        // What a group of processes has to say are their lanes; one thread is the engine itself.
        let in_engine = backend.is_some_and(|backend| backend != Backend::Processes);
        let has_pool = if in_engine { present.len() > 1 } else { !retired.is_empty() && !present.is_empty() };
        let pool = has_pool.then(|| pool(store, in_engine, &present));
        let retired = (!retired.is_empty()).then(|| {
            let many = retired.len();
            Header {
                group: Group::Retired,
                name: format!("retired ({})", units::count(many as u64)),
                short: format!("retired ({})", units::count(many as u64)),
                count: some(many, "worker"),
                open: many <= MOST_OPEN_RETIRED,
                lanes: retired,
            }
        });
        Self { present, pool, blocks, retired }
    }

    fn headers(self) -> Vec<Header> {
        self.pool.into_iter().chain(self.blocks).chain(self.retired).collect()
    }

    fn header(&self, header: &Header, toggled: &Toggled) -> Header {
        let few = !matches!(header.group, Group::Block(_)) || self.blocks.len() <= MOST_OPEN_BLOCKS;
        Header { open: toggled.is_open(header.group, header.open && few), ..header.clone() }
    }
}

fn pool(store: &RunStore, in_engine: bool, present: &[usize]) -> Header {
    let count = some(present.len(), if in_engine { "thread" } else { "process" });
    let (mut name, short) = if in_engine {
        ("engine".to_owned(), "engine".to_owned())
    } else {
        ("worker processes".to_owned(), "processes".to_owned())
    };
    let pid = store.info.as_ref().map_or(0, |info| info.engine_pid);
    if in_engine && pid != 0 {
        _ = write!(name, ", pid {pid}");
    }
    if in_engine {
        _ = write!(name, ", {count}");
    }
    Header { group: Group::Pool, name, short, count, open: true, lanes: present.to_vec() }
}

fn blocks(present: &[usize]) -> Vec<Header> {
    let of_one = present.chunk_by(|a, b| a / BLOCK == b / BLOCK);
    let header = |lanes: &[usize]| {
        let (first, last) = (lanes.first()?, lanes.last()?);
        let (name, short) = if first == last {
            (format!("worker {first}"), format!("worker {first}"))
        } else {
            (format!("workers {first} to {last}"), format!("{first} to {last}"))
        };
        let (group, count) = (Group::Block(first / BLOCK), some(lanes.len(), "worker"));
        Some(Header { group, name, short, count, open: true, lanes: lanes.to_vec() })
    };
    of_one.filter_map(header).collect()
}

fn some(n: usize, noun: &str) -> String {
    let plural = match (n, noun.ends_with('s')) {
        (1, _) => "",
        (_, true) => "es",
        (_, false) => "s",
    };
    format!("{} {noun}{plural}", units::count(n as u64))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        event::{Event, Exit},
        store::testing::*,
    };

    /// A run of this backend with so many workers, of which those from `left` on were let go.
    fn run(backend: Backend, workers: u32, left: u32) -> RunStore {
        let mut events = vec![run_started(spec(backend, workers, 4))];
        events.extend((0..workers).map(|worker| spawned(0, worker, 0)));
        if left < workers {
            events.push(Event::Resized { t_ns: 5, workers: left });
            events.extend((left..workers).map(|worker| exited(6, worker, Exit::Code(0), true)));
        }
        store(events)
    }

    /// Rows in words, lanes that follow each other as one.
    fn told(store: &RunStore, toggled: &Toggled, room: bool) -> Vec<String> {
        let mut told: Vec<String> = Vec::new();
        let mut lanes: Option<(usize, usize)> = None;
        let flush = |lanes: &mut Option<(usize, usize)>, told: &mut Vec<String>| {
            if let Some((from, to)) = lanes.take() {
                told.push(format!("{from}..={to}"));
            }
        };
        for row in rows(store, toggled, room) {
            match (row, &mut lanes) {
                (Row::Lane(at), Some((_, to))) if *to + 1 == at => *to = at,
                (Row::Lane(at), _) => {
                    flush(&mut lanes, &mut told);
                    lanes = Some((at, at));
                }
                (Row::Header(header), _) => {
                    flush(&mut lanes, &mut told);
                    told.push(format!("{} {}", if header.open { "-" } else { "+" }, header.name));
                }
            }
        }
        flush(&mut lanes, &mut told);
        told
    }

    #[test]
    fn few_workers_have_no_headers_but_such_as_say_something() {
        let at_first = Toggled::default();
        for (backend, workers, left, room, expected) in [
            (Backend::Serial, 1, 1, true, vec!["0..=0"]),
            (Backend::Threads, 4, 4, true, vec!["- engine, pid 100, 4 threads", "0..=3"]),
            (Backend::Threads, 4, 4, false, vec!["0..=3"]),
            (Backend::Gil, 2, 2, true, vec!["- engine, pid 100, 2 threads", "0..=1"]),
            (Backend::Processes, 16, 16, true, vec!["0..=15"]),
            (Backend::Processes, 4, 2, false, vec!["- worker processes", "0..=1", "- retired (2)", "2..=3"]),
            (Backend::Processes, 9, 2, true, vec!["- worker processes", "0..=1", "+ retired (7)"]),
        ] {
            let store = run(backend, workers, left);
            assert_eq!(told(&store, &at_first, room), expected, "{backend:?} {workers} {left}");
        }
        assert_eq!(told(&RunStore::default(), &at_first, true), Vec::<String>::new());
    }

    #[test]
    fn many_workers_are_blocks_of_sixteen_and_very_many_collapsed_ones() {
        let at_first = Toggled::default();
        assert_eq!(
            told(&run(Backend::Processes, 20, 20), &at_first, false),
            ["- workers 0 to 15", "0..=15", "- workers 16 to 19", "16..=19"]
        );
        assert_eq!(
            told(&run(Backend::Threads, 17, 17), &at_first, false),
            ["- engine, pid 100, 17 threads", "- workers 0 to 15", "0..=15", "- worker 16", "16..=16"]
        );
        let many = told(&run(Backend::Processes, 256, 256), &at_first, true);
        assert_eq!(many.len(), 16);
        assert_eq!((&*many[0], &*many[15]), ("+ workers 0 to 15", "+ workers 240 to 255"));
        assert_eq!(told(&run(Backend::Processes, 64, 64), &at_first, true).len(), 8, "four open blocks");
    }

    #[test]
    fn what_a_person_opens_and_collapses_stays_so() {
        let store = run(Backend::Processes, 64, 40);
        let mut toggled = Toggled::default();
        toggled.set(Group::Block(0), false);
        toggled.set(Group::Retired, true);
        let expected = [
            "- worker processes",
            "+ workers 0 to 15",
            "- workers 16 to 31",
            "16..=31",
            "- workers 32 to 39",
            "32..=39",
            "- retired (24)",
            "40..=63",
        ];
        assert_eq!(told(&store, &toggled, false), expected);
        toggled.set(Group::Pool, false);
        assert_eq!(told(&store, &toggled, false), ["+ worker processes", "- retired (24)", "40..=63"]);
        assert_eq!(groups_of(&store, 17), [Group::Pool, Group::Block(1)]);
        assert_eq!(groups_of(&store, 50), [Group::Retired]);
    }

    #[test]
    fn a_replaced_worker_keeps_its_row() {
        let mut store = run(Backend::Processes, 3, 3);
        for event in [exited(7, 1, Exit::Signal(9), false), spawned(8, 1, 1)] {
            store.apply(event);
            assert_eq!(told(&store, &Toggled::default(), true), ["0..=2"]);
        }
    }
}
