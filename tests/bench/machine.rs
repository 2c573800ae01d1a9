//! The machine that the figures belong to, and whether it is quiet.

use std::{fs, process::Command, thread, time::Duration};

use poolscope::units;
use serde_json::{Value, json};

use crate::{
    bench::{Bench, WORKERS},
    child::{self, Memory},
    load::{BUSY_SHARE, Usage},
    program,
};

/// A load of so much of the cores says that something has run lately.
const LOAD_SHARE: f64 = 0.5;
const LOOK: Duration = Duration::from_secs(1);

pub(crate) struct Machine {
    cpu: String,
    cores: u64,
    kernel: String,
    memory_bytes: u64,
    version: String,
    rustc: String,
    /// Over one, five and fifteen minutes.
    load: String,
    /// The share of all cores in use during a second before the first run.
    busy: Option<f64>,
    date: String,
}

impl Machine {
    /// Asks the program, the kernel and the compiler. Takes a second, in which this process does nothing.
    pub(crate) fn look() -> Self {
        let doctor = program::doctor().unwrap_or_default();
        let text = |path: &str| doctor.pointer(path).and_then(Value::as_str).unwrap_or("unknown").to_owned();
        let number = |path: &str| doctor.pointer(path).and_then(Value::as_u64).unwrap_or(0);
        let rustc = child::run(Command::new("rustc").arg("--version"), Memory::Unwatched);
        let load = fs::read_to_string("/proc/loadavg").unwrap_or_default();
        Self {
            cpu: text("/host/cpu"),
            cores: number("/host/cores"),
            kernel: text("/host/kernel"),
            memory_bytes: number("/host/memory_bytes"),
            version: text("/version"),
            rustc: rustc.map_or_else(|_none| "unknown".to_owned(), |ended| ended.stdout.trim().to_owned()),
            load: load.split_ascii_whitespace().take(3).collect::<Vec<_>>().join(", "),
            busy: others_share(),
            date: jiff::Zoned::now().strftime("%Y-%m-%d %H:%M %:z").to_string(),
        }
    }

    pub(crate) fn markdown(&self, rounds: u16, bench: &Bench) -> String {
        let busy = self.busy.map_or_else(|| "unknown".to_owned(), units::percent);
        let rows = [
            ("processor", format!("{}, {} cores", self.cpu, self.cores)),
            ("memory", units::bytes(self.memory_bytes)),
            ("kernel", self.kernel.clone()),
            ("program", format!("poolscope {}, {}", self.version, self.rustc)),
            ("Python", bench.python.version().to_owned()),
            ("load before", format!("{}; cores in use: {busy}", self.load)),
            ("date", self.date.clone()),
            ("rounds", format!("{rounds}; each cell is the median (lowest to highest)")),
        ];
        let mut lines = vec!["# Benchmarks of pools\n\n| | |\n|---|---|".to_owned()];
        lines.extend(rows.into_iter().map(|(name, text)| format!("| {name} | {text} |")));
        lines.extend(self.warnings().into_iter().map(|warning| format!("\n**Warning:** {warning}")));
        if bench.is_quick() {
            lines.push(
                "\n**Warning:** a quick look, with a tenth of the work: no figures to keep.".to_owned(),
            );
        }
        lines.join("\n")
    }

    fn warnings(&self) -> Vec<String> {
        let mut warnings = Vec::new();
        if self.cores < WORKERS {
            warnings.push(format!("{WORKERS} workers share {} core: nothing runs in parallel.", self.cores));
        }
        let load: f64 = self.load.split(',').next().and_then(|load| load.parse().ok()).unwrap_or(0.0);
        if let Some(busy) = self.busy.filter(|busy| *busy > BUSY_SHARE) {
            warnings.push(format!(
                "the machine is busy: something else uses {} of its cores. Trust the ratios more than the times.",
                units::percent(busy)
            ));
        } else if load > LOAD_SHARE * self.cores as f64 {
            warnings.push(format!(
                "the load average of the last minute is {load}. If that was not the build, the machine is busy."
            ));
        }
        warnings
    }

    pub(crate) fn json(&self, bench: &Bench) -> Value {
        json!({
            "cpu": self.cpu,
            "cores": self.cores,
            "memory_bytes": self.memory_bytes,
            "kernel": self.kernel,
            "version": self.version,
            "rustc": self.rustc,
            "python": bench.python.version(),
            "load": self.load,
            "busy": self.busy,
            "date": self.date,
        })
    }
}

fn others_share() -> Option<f64> {
    let before = Usage::now()?;
    thread::sleep(LOOK);
    Usage::now()?.others_since(before)
}
