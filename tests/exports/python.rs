//! What Python's own libraries read.

use std::{
    path::PathBuf,
    process::{Command, Stdio},
    sync::Arc,
};

use poolscope::{
    event::Status,
    export::{Format, Table},
    session::Launcher,
    spec::Draft,
    store::Phase,
};

use crate::{
    made::{HOSTILE, eventful},
    programs::{has, output, python, write},
    support::folder,
};

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
        // Each of these two kills a worker twice: four deaths, of which three workers alone could not die.
        ("processes", "segfault@3,segfault@23,panic@9"),
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
        // Each worker shows, one that had no task by its start. Whether a death costs another one depends on whether tasks
        // still wait when it is noticed.
        let lives: Vec<_> = store.lanes.iter().flat_map(|lane| &lane.lives).collect();
        let died = lives.iter().filter(|life| life.exit.is_some() && !life.expected).count();
        let processes = if backend == "processes" {
            assert_eq!(died, 4, "{backend}");
            assert!((4..=7).contains(&lives.len()), "{backend}: {} workers, the engine aside", lives.len());
            lives.len() + 1
        } else {
            assert_eq!(died, 0, "{backend}");
            1
        };
        let numbers: Vec<usize> = said.split_whitespace().filter_map(|word| word.parse().ok()).collect();
        assert_eq!(numbers[..2], [attempts; 2], "{backend}");
        assert_eq!(numbers[2], processes, "{backend}");
        for format in [Format::Html, Format::Joblog, Format::Jsonl, Format::Csv(Table::Tasks)] {
            write(&store, &format, folder.path(), backend);
        }
    }
}
