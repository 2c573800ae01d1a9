//! Tables of what was sampled while a run went, and of its log. The names of a row's fields are its columns.

use serde::Serialize;

use super::harmless;
use crate::{
    event::Level,
    store::{LogLine, RunStore},
};

pub(super) const CORES: [&str; 6] = ["t_ns", "core", "user", "system", "iowait", "steal"];
pub(super) const WORKERS: [&str; 11] = [
    "t_ns",
    "worker",
    "pid",
    "cpu_cores",
    "cpu_ns",
    "rss_bytes",
    "pss_bytes",
    "state",
    "core",
    "voluntary_switches",
    "involuntary_switches",
];
pub(super) const QUEUE: [&str; 4] = ["t_ns", "queued", "in_flight", "done"];
pub(super) const LOG: [&str; 4] = ["t_ns", "worker", "level", "text"];

#[derive(Serialize)]
pub(super) struct CoreRow {
    t_ns: u64,
    core: usize,
    user: f32,
    system: f32,
    iowait: f32,
    steal: f32,
}

pub(super) fn cores(store: &RunStore) -> impl Iterator<Item = CoreRow> {
    store.cores.iter().flat_map(|sample| {
        sample.loads.iter().enumerate().map(|(core, load)| CoreRow {
            t_ns: sample.t_ns,
            core,
            user: load.user,
            system: load.system,
            iowait: load.iowait,
            steal: load.steal,
        })
    })
}

#[derive(Serialize)]
pub(super) struct WorkerRow {
    t_ns: u64,
    worker: Option<u32>,
    pid: Option<u32>,
    /// 1 is one core fully busy since the sample before.
    cpu_cores: f32,
    cpu_ns: u64,
    rss_bytes: u64,
    pss_bytes: Option<u64>,
    state: String,
    core: Option<u32>,
    voluntary_switches: u64,
    involuntary_switches: u64,
}

pub(super) fn workers(store: &RunStore) -> impl Iterator<Item = WorkerRow> {
    let engine_pid = store.info.as_ref().map(|info| info.engine_pid);
    store.processes.iter().map(move |point| {
        let sample = point.sample;
        WorkerRow {
            t_ns: point.t_ns,
            worker: point.worker.map(|worker| worker.0),
            pid: point.worker.map_or(engine_pid, |worker| store.pid_at(worker, point.t_ns)),
            cpu_cores: sample.cpu,
            cpu_ns: sample.cpu_ns,
            rss_bytes: sample.rss_bytes,
            pss_bytes: sample.pss_bytes,
            state: harmless(sample.state.into()),
            core: sample.core.map(|core| core.0),
            voluntary_switches: sample.voluntary_switches,
            involuntary_switches: sample.involuntary_switches,
        }
    })
}

#[derive(Serialize)]
pub(super) struct QueueRow {
    t_ns: u64,
    queued: u32,
    in_flight: u32,
    done: u32,
}

pub(super) fn queue(store: &RunStore) -> impl Iterator<Item = QueueRow> {
    store.queue.iter().map(|sample| QueueRow {
        t_ns: sample.t_ns,
        queued: sample.queued,
        in_flight: sample.in_flight,
        done: sample.done,
    })
}

#[derive(Serialize)]
pub(super) struct LogRow {
    t_ns: u64,
    worker: Option<u32>,
    level: Level,
    text: String,
}

pub(super) fn log(store: &RunStore) -> impl Iterator<Item = LogRow> {
    let mut lines: Vec<&LogLine> = store.log.iter().collect();
    lines.sort_by_key(|line| line.t_ns);
    lines.into_iter().map(|line| LogRow {
        t_ns: line.t_ns,
        worker: line.worker.map(|worker| worker.0),
        level: line.level,
        text: harmless(line.text.to_string()),
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{super::*, *};
    use crate::{
        event::{CoreLoad, Event, WorkerSample},
        ids::{CoreId, WorkerId},
        spec::Backend,
        store::testing::*,
    };

    fn sampled_run() -> RunStore {
        let sample = WorkerSample {
            cpu: 0.5,
            cpu_ns: 7,
            rss_bytes: 8,
            pss_bytes: Some(9),
            state: 'R',
            core: Some(CoreId(1)),
            voluntary_switches: 2,
            involuntary_switches: 3,
        };
        let load = CoreLoad { user: 0.25, system: 0.5, iowait: 0.0, steal: 0.125 };
        store([
            run_started(spec(Backend::Processes, 1, 2)),
            spawned(3, 0, 0),
            Event::Cores { t_ns: 10, loads: vec![load, CoreLoad::default()] },
            Event::Worker { t_ns: 11, worker: WorkerId(0), sample },
            Event::Engine { t_ns: 12, sample: WorkerSample { state: '=', ..WorkerSample::default() } },
            Event::Queue { t_ns: 13, queued: 4, in_flight: 5, done: 6 },
            Event::Log { t_ns: 15, worker: None, level: Level::Error, text: "=2+2\r\nx".to_owned() },
            Event::Log {
                t_ns: 14,
                worker: Some(WorkerId(0)),
                level: Level::Debug,
                text: "a,\"b\"".to_owned(),
            },
        ])
    }

    #[test]
    fn samples_are_written_to_the_letter() {
        let store = sampled_run();
        for (table, lines) in [
            (
                Table::Cores,
                "t_ns,core,user,system,iowait,steal\r\n10,0,0.25,0.5,0.0,0.125\r\n10,1,0.0,0.0,0.0,0.0\r\n",
            ),
            (
                Table::Workers,
                "t_ns,worker,pid,cpu_cores,cpu_ns,rss_bytes,pss_bytes,state,core,voluntary_switches,\
                involuntary_switches\r\n11,0,1000,0.5,7,8,9,R,1,2,3\r\n12,,100,0.0,0,0,,'=,,0,0\r\n",
            ),
            (Table::Queue, "t_ns,queued,in_flight,done\r\n13,4,5,6\r\n"),
            (
                Table::Log,
                "t_ns,worker,level,text\r\n0,,INFO,\"run started: processes × 1, square, 2 tasks\"\r\n\
                3,0,DEBUG,worker 0 was started (pid 1000)\r\n14,0,DEBUG,\"a,\"\"b\"\"\"\r\n\
                15,,ERROR,\"'=2+2\r\nx\"\r\n",
            ),
        ] {
            let mut bytes = Vec::new();
            write_csv(&store, table, &mut bytes).unwrap();
            assert_eq!(String::from_utf8(bytes).unwrap(), lines, "{table}");
        }
    }

    #[test]
    fn columns_are_the_fields_of_a_row() {
        fn names(row: impl Serialize) -> Vec<String> {
            let text = serde_json::to_string(&row).unwrap();
            let mut names: Vec<_> = json!(row).as_object().unwrap().keys().cloned().collect();
            names.sort_by_key(|name| text.find(&format!("\"{name}\":")));
            names
        }
        let store = sampled_run();
        assert_eq!(names(cores(&store).next().unwrap()), CORES);
        assert_eq!(names(workers(&store).next().unwrap()), WORKERS);
        assert_eq!(names(queue(&store).next().unwrap()), QUEUE);
        assert_eq!(names(log(&store).next().unwrap()), LOG);
    }
}
