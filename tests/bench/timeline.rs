//! What a frame of the timeline costs a processor, from a thousand tasks to ten million, and what a task costs in memory.
//!
//! ```text
//! cargo bench --bench timeline                     10^3 to 10^7 tasks
//! cargo bench --bench timeline -- 1000000          this many
//! cargo bench --bench timeline -- plot.svg         and a plot of how the cost grows
//! ```
//!
//! The run is made by the reducer that live runs go through, event by event. The view then moves over it at five zooms,
//! as a hand would drag it, and each frame is timed from the run to triangles; only the graphics card is left out.

#![expect(clippy::print_stdout, reason = "a benchmark prints its figures")]

mod growth;

use std::{fs, hint::black_box, path::Path, time::Instant};

use poolscope::{
    event::{Ended, Event, Outcome, RunInfo, Usage},
    gui::{FrameCost, TimelineProbe},
    ids::{CoreId, TaskId, WorkerId},
    spec::{Draft, Telemetry},
    store::RunStore,
};

const LANES: u32 = 256;
/// The whole window, and the timeline's place in it at first.
const SIZES: [[f32; 2]; 2] = [[1600.0, 900.0], [1280.0, 290.0]];
/// The workers share so many cores, far more of them than there are rows for.
const CORES: u32 = 2;
/// A frame that takes longer is still reading.
const READING_MS: f64 = 10.0;
/// What is in view.
const ZOOMS: [&str; 5] = ["all", "1/10", "1/100", "1/10 000", "20 tasks"];
/// Frames at each zoom, of which the first few are not counted: egui lays out its texts in them.
const FRAMES: u64 = 60;
const WARM_UP: usize = 5;
/// What a task takes on average, with the time to the next.
const TASK_NS: u64 = 56_000;
/// A live run is handed to the window so often.
const PUBLISH_EVERY: u32 = 50_000;

struct Random(u64);

impl Random {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % limit
    }
}

/// What it took to make a run.
struct Made {
    store: RunStore,
    /// Attempts a second, with their starts and ends.
    rate: f64,
    /// Of handing the run to the window, milliseconds: in the middle and at most.
    publish_ms: (f64, f64),
}

/// Tasks of 1 to 100 µs, a thousandth of which takes a hundred times as long and a ten-thousandth of which fails.
fn run(tasks: u32) -> Made {
    let lanes = LANES.min(tasks.div_ceil(16));
    let draft =
        Draft { tasks: Some(tasks.to_string()), workers: Some(lanes.to_string()), ..Draft::default() };
    let spec = draft.validate().expect("a valid spec");
    let mut store = RunStore::default();
    store.apply(Event::RunStarted(Box::new(RunInfo {
        spec,
        host: poolscope::event::Host::default(),
        clock: poolscope::time::RunClock { origin_ns: 0, unix_ns: 0 },
        engine_pid: 1,
        telemetry: Telemetry::Full,
        telemetry_cost_ns: None,
    })));
    let mut random = Random(1);
    let mut free_ns = vec![2_000_000_u64; lanes as usize];
    for (worker, ready_ns) in (0..lanes).zip(&free_ns) {
        let worker = WorkerId(worker);
        store.apply(Event::WorkerSpawned {
            t_ns: 0,
            worker,
            pid: 2 + worker.0,
            tid: 2 + worker.0,
            restart: 0,
        });
        store.apply(Event::WorkerReady { t_ns: *ready_ns, worker });
    }
    let (mut copies, mut publishes) = (None, Vec::new());
    let began = Instant::now();
    for task in 0..tasks {
        let worker = WorkerId(task % lanes);
        let (started, ended) = attempt(&mut random, task, worker, &mut free_ns[worker.index()]);
        store.apply(started);
        store.apply(Event::Ended(ended));
        if task % PUBLISH_EVERY == PUBLISH_EVERY - 1 {
            let at = Instant::now();
            copies = Some(store.clone());
            publishes.push(at.elapsed().as_secs_f64() * 1e3);
        }
    }
    let rate = f64::from(tasks) / began.elapsed().as_secs_f64();
    drop(black_box(copies));
    let end_ns = store.last_end_ns;
    store.apply(Event::RunEnded { t_ns: end_ns, status: poolscope::event::Status::Finished, reason: None });
    Made { store, rate, publish_ms: middle_and_most(publishes) }
}

fn attempt(random: &mut Random, task: u32, worker: WorkerId, free_ns: &mut u64) -> (Event, Ended) {
    let (task, attempt) = (TaskId(task), 0);
    let start_ns = *free_ns + 200 + random.below(2000);
    let long = if random.below(1000) == 0 { 100 } else { 1 };
    let run_ns = (1000 + random.below(99_000)) * long;
    let outcome = if random.below(10_000) == 0 { Outcome::Failed("no".into()) } else { Outcome::Ok };
    let (enqueued_ns, dispatched_ns) = (1_000_000, start_ns - start_ns % 100_000);
    let end_ns = start_ns + run_ns;
    *free_ns = end_ns;
    let usage = Usage {
        cpu_ns: Some(run_ns - random.below(900)),
        core_wait_ns: Some(random.below(2) * random.below(40_000)),
        voluntary_switches: Some(0),
        involuntary_switches: Some(random.below(2) as u32),
        minor_faults: Some(0),
        major_faults: Some(0),
        first_core: Some(CoreId(worker.0 % CORES)),
        last_core: Some(CoreId(worker.0 % CORES)),
        ..Usage::default()
    };
    let started = Event::Started { t_ns: start_ns, worker, task, attempt, enqueued_ns, dispatched_ns };
    let received_ns = end_ns - end_ns % 50_000 + 60_000;
    let value = poolscope::workload::Value::Unit;
    let times = (enqueued_ns, dispatched_ns, start_ns, end_ns, received_ns);
    let (enqueued_ns, dispatched_ns, start_ns, t_ns, received_ns) = times;
    let last = true;
    let ended = Ended {
        enqueued_ns,
        dispatched_ns,
        start_ns,
        t_ns,
        received_ns,
        worker,
        task,
        attempt,
        outcome,
        last,
        usage,
        value,
    };
    (started, ended)
}

/// CPU milliseconds until a view by core has read the run, a slice a frame: then a frame of next to nothing costs little.
fn read(probe: &mut TimelineProbe, store: &RunStore) -> f64 {
    let mut sum_ms = 0.0;
    loop {
        let cost = probe.frame(store, 0, 1000);
        let ms = cost.paint_ns as f64 / 1e6;
        sum_ms += ms;
        if ms < READING_MS {
            return sum_ms;
        }
    }
}

fn middle_and_most(mut figures: Vec<f64>) -> (f64, f64) {
    figures.sort_by(f64::total_cmp);
    let middle = figures.get(figures.len() / 2).copied().unwrap_or(f64::NAN);
    (middle, figures.last().copied().unwrap_or(f64::NAN))
}

/// CPU milliseconds of a frame, in the middle and at most, and triangles in the middle, while a view of this width moves over
/// the run.
fn frames(probe: &mut TimelineProbe, store: &RunStore, width_ns: u64) -> ((f64, f64), usize) {
    let room_ns = store.now_ns.saturating_sub(width_ns);
    let mut costs: Vec<FrameCost> = Vec::new();
    for frame in 0..FRAMES {
        // In steps of a hundredth of the view from a third of the run on: to the right, and back.
        let step = width_ns / 100 * if frame < FRAMES / 2 { frame } else { FRAMES - frame };
        let from_ns = (room_ns / 3 + step).min(room_ns);
        costs.push(probe.frame(store, from_ns, from_ns + width_ns));
    }
    let counted = &costs[WARM_UP..];
    let ms = counted.iter().map(|cost| (cost.paint_ns + cost.tessellate_ns) as f64 / 1e6).collect();
    let mut triangles: Vec<_> = counted.iter().map(|cost| cost.triangles).collect();
    triangles.sort_unstable();
    (middle_and_most(ms), triangles[triangles.len() / 2])
}

fn cpu() -> String {
    let info = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = info.lines().find_map(|line| line.strip_prefix("model name")).unwrap_or(": unknown");
    model.trim_start_matches(['\t', ' ', ':']).to_owned()
}

fn main() {
    let chosen: Vec<u32> = std::env::args().skip(1).filter_map(|word| word.parse().ok()).collect();
    let sizes = if chosen.is_empty() { vec![1000, 10_000, 100_000, 1_000_000, 10_000_000] } else { chosen };
    let plot = std::env::args()
        .skip(1)
        .find(|word| Path::new(word).extension().is_some_and(|ending| ending == "svg"));
    let mut rows: Vec<growth::Row> = Vec::new();
    let load = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    println!("{}, one core of it; load {}", cpu(), load.trim());
    println!("CPU ms of a frame in the middle of {FRAMES} (at most), at most {LANES} lanes");
    for tasks in sizes {
        let Made { store, rate, publish_ms } = run(tasks);
        let bytes: usize = store.lanes.iter().map(|lane| lane.spans.bytes()).sum();
        let publish = if publish_ms.0.is_nan() {
            "never handed to the window in between".to_owned()
        } else {
            format!("handed to the window in {:.2} ms ({:.2})", publish_ms.0, publish_ms.1)
        };
        println!(
            "\n{tasks} tasks: {:.1} bytes a task; taken in at {:.2} M/s, {publish}",
            bytes as f64 / f64::from(tasks),
            rate / 1e6,
        );
        let widths = [1, 10, 100, 10_000].map(|part| (store.now_ns / part).max(1000));
        println!("{:>12}{}", "", ZOOMS.map(|name| format!("{name:>22}")).concat());
        let views = SIZES.map(|size| (size, false)).into_iter().chain(SIZES.map(|size| (size, true)));
        for (place, (size, by_core)) in views.enumerate() {
            let mut probe = TimelineProbe::new(size);
            if by_core {
                probe = probe.by_core();
                let read_ms = read(&mut probe, &store);
                println!("by core, of {CORES}: read in {read_ms:.0} ms of frames");
            }
            let mut row = (tasks, [0.0; ZOOMS.len()]);
            let cells = widths.into_iter().chain([20 * TASK_NS]).enumerate().map(|(zoom, width_ns)| {
                let ((middle, most), triangles) = frames(&mut probe, &store, width_ns);
                row.1[zoom] = middle;
                format!("{:>22}", format!("{middle:.2} ({most:.2}) {:>4} k", triangles / 1000))
            });
            let cells: String = cells.collect();
            if place == 1 {
                rows.push(row);
            }
            println!("{:>12}{cells}", format!("{} x {}", size[0], size[1]));
        }
    }
    if let Some(path) = plot {
        let title = "CPU time of a frame of the timeline, in its place in a window of 1600 x 900";
        let svg = growth::svg(&rows, ZOOMS, title).expect("two sizes or more");
        fs::write(&path, svg).expect("a place to write to");
        println!("\nwritten: {path}");
    }
}
