//! A run as one JSON object: the report of `run --json`, with every attempt (`task_list`) and the log beside it.

use std::io::{self, Write};

use serde::{Serialize, Serializer};

use super::tasks;
use crate::{
    analysis::{Observer, RunReport},
    event::Level,
    store::RunStore,
};

/// Writes the object, indented, with a line break at its end. Attempts and log lines are written as they are made.
pub fn write_json(store: &RunStore, observer: Observer, out: &mut dyn Write) -> io::Result<()> {
    let document =
        Document { report: RunReport::new(store, observer), task_list: TaskList(store), log: Log(store) };
    serde_json::to_writer_pretty(&mut *out, &document)?;
    writeln!(out)
}

#[derive(Serialize)]
struct Document<'a> {
    #[serde(flatten)]
    report: RunReport,
    task_list: TaskList<'a>,
    log: Log<'a>,
}

struct TaskList<'a>(&'a RunStore);

impl Serialize for TaskList<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(tasks::rows(self.0))
    }
}

struct Log<'a>(&'a RunStore);

#[derive(Serialize)]
struct Line<'a> {
    t_ns: u64,
    worker: Option<u32>,
    level: Level,
    text: &'a str,
}

impl Serialize for Log<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.log.iter().map(|line| Line {
            t_ns: line.t_ns,
            worker: line.worker.map(|worker| worker.0),
            level: line.level,
            text: &line.text,
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        event::{Event, Outcome},
        ids::WorkerId,
        spec::Backend,
        store::testing::*,
    };

    #[test]
    fn the_report_stands_beside_its_tasks_and_its_log() {
        let store = store([
            run_started(spec(Backend::Processes, 1, 2)),
            ok(5, 0, 1),
            done(ended(9, 0, 0, Outcome::Failed("=\"no\"\n".into()))),
            Event::Log {
                t_ns: 10,
                worker: Some(WorkerId(0)),
                level: Level::Info,
                text: "a\u{1}b".to_owned(),
            },
            finished(11),
        ]);
        let mut bytes = Vec::new();
        write_json(&store, Observer::default(), &mut bytes).unwrap();
        assert_eq!(bytes.last(), Some(&b'\n'));
        let json: serde_json::Value = serde_json::from_slice(&bytes).unwrap();
        let report = serde_json::to_value(RunReport::new(&store, Observer::default())).unwrap();
        for (field, value) in report.as_object().unwrap() {
            assert_eq!(&json[field], value, "{field}");
        }
        assert_eq!(json["task_list"][0]["detail"], "=\"no\"\n");
        assert_eq!(
            (&json["task_list"][1]["value"], &json["task_list"][1]["cpu_ns"]),
            (&"4".into(), &().into())
        );
        let line = &json["log"][2];
        assert_eq!(line, &serde_json::json!({"t_ns": 10, "worker": 0, "level": "INFO", "text": "a\u{1}b"}));
    }
}
