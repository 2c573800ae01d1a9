//! A spec: everything that defines a run. Immutable once a run has started.
//!
//! People (flags, TOML files, the window's form) fill a [`Draft`]; [`Draft::validate`] turns it into a [`Spec`] or into
//! *all* of its errors at once. Past that point nothing re-checks a range: a `Spec` is valid by construction. The same
//! types travel as JSON for people and as postcard between processes.

mod draft;
mod error;
mod file;
mod lesson;
mod line;
mod number;
mod presets;
mod text;
mod validate;
mod variants;

use serde::{Deserialize, Serialize};

pub use draft::Draft;
pub use error::{SpecError, one_line, quoted};
pub use file::{parse_toml, read_toml};
pub use lesson::LessonName;
pub use line::{experiment_line, portable_run_line, run_line};
pub use presets::{PRESETS, Preset};
pub use validate::default_workers;
pub use variants::{MAX_VARIANTS, Variant, name_variants};

use crate::{ids::TaskId, time::NS_PER_S};

/// The most tasks one run may have. A session keeps about 240 bytes for each.
pub const MAX_TASKS: u32 = 10_000_000;
/// The most workers one pool may have.
pub const MAX_WORKERS: u32 = 1024;

/// How workers exist.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Backend {
    /// One worker, one task after another.
    Serial,
    /// Threads of the engine.
    Threads,
    /// Processes of their own.
    Processes,
    /// Threads of the engine that take turns at one lock: a simulation of `CPython`'s global interpreter lock.
    Gil,
}

impl Backend {
    pub const ALL: [Self; 4] = [Self::Serial, Self::Threads, Self::Processes, Self::Gil];

    /// What it is called where a person reads of a run. A simulation is never shown without saying so.
    pub fn label(self) -> &'static str {
        match self {
            Self::Gil => "gil (simulated)",
            other => other.name(),
        }
    }

    /// What must be known of a backend that only imitates something else.
    pub fn simulation(self) -> Option<&'static str> {
        (self == Self::Gil).then_some("gil is a simulation of CPython's global interpreter lock")
    }
}

/// What a task does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    Noop,
    Square,
    Sleep,
    Spin,
    Primes,
    Hash,
    Matmul,
    Mandelbrot,
    Memory,
    Sort,
    File,
    Payload,
    Lock,
    Mixed,
    Fault,
    /// What the roles of a lesson do, see [`Spec::lesson`]. No pool runs it, and nobody chooses it in a form.
    Lesson,
}

impl Kind {
    /// Those that a pool can be given.
    pub const ALL: [Self; 15] = [
        Self::Noop,
        Self::Square,
        Self::Sleep,
        Self::Spin,
        Self::Primes,
        Self::Hash,
        Self::Matmul,
        Self::Mandelbrot,
        Self::Memory,
        Self::Sort,
        Self::File,
        Self::Payload,
        Self::Lock,
        Self::Mixed,
        Self::Fault,
    ];
}

/// How the cost of a task depends on its index. Every distribution multiplies the workload's size by a seeded factor.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Lengths {
    /// Every task the same.
    Fixed,
    /// Factors spread evenly over 1 ± `spread`, `0 < spread <= 1`.
    Uniform { spread: f64 },
    /// Pareto-distributed factors with mean 1 and tail index `alpha > 1`: many short tasks, a few long ones. A factor
    /// is capped at [`Lengths::SKEWED_CAP`], so that one draw cannot run for a day.
    Skewed { alpha: f64 },
    /// All tasks alike but one, which is `factor` times as long. `None` places it last, where it hurts most.
    Straggler { at: Option<u32>, factor: f64 },
}

impl Lengths {
    pub const SKEWED_CAP: f64 = 100.0;
}

/// Tasks handed to a worker together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Chunk {
    /// As `Pool.map` chooses: ceil(tasks / (4 x workers)).
    Auto,
    Fixed(u32),
}

/// Chunks that one worker may hold at a time, the one it runs included.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Prefetch {
    /// 1 while chunks are long, up to 64 once they prove very short.
    Auto,
    Fixed(u32),
}

/// How many tasks may wait in the pool's queue. With 0 a task is submitted at the moment when a worker can take it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum QueueBound {
    Unbounded,
    AtMost(u32),
}

/// What is measured around each task.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Telemetry {
    /// Start and end only.
    Off,
    /// And the thread's CPU time.
    Basic,
    /// And time waiting for a core, context switches, page faults, cores.
    Full,
    /// `Full` for tasks expected to take 50 µs or longer, else `Basic`.
    Auto,
}

/// How the engine and a worker process talk.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Transport {
    /// A UNIX stream pair, and up from each worker a ring in shared memory.
    Ring,
    /// The stream pair alone, both ways.
    Stream,
}

/// What a fault does to whoever runs it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum FaultKind {
    /// A Rust panic: the task fails, the worker goes on.
    Panic,
    /// `abort()`: SIGABRT.
    Abort,
    /// A write to an address that is not mapped: SIGSEGV.
    Segfault,
    /// A read of a mapped file beyond its end: SIGBUS.
    Bus,
    /// A division by zero that nobody checked for: SIGFPE.
    Fpe,
    /// An instruction that no processor knows: SIGILL.
    Ill,
    /// Recursion without an end, until the stack is used up: SIGABRT, after a line on stderr.
    Overflow,
    /// An allocation that cannot succeed: SIGABRT, after a line on stderr.
    Oom,
    /// `exit(0)` in the middle of a task.
    Exit,
    /// An endless loop that never looks at cancellation.
    Hang,
    /// The same, and SIGTERM is ignored.
    Stubborn,
    /// Memory taken and never given back; the task then goes on.
    Leak,
    /// A child process that would live for a minute, and that nobody waits for; the task then goes on.
    Children,
    /// A GiB of text on stdout; the task then goes on.
    Print,
}

impl FaultKind {
    pub const ALL: [Self; 14] = [
        Self::Panic,
        Self::Abort,
        Self::Segfault,
        Self::Bus,
        Self::Fpe,
        Self::Ill,
        Self::Overflow,
        Self::Oom,
        Self::Exit,
        Self::Hang,
        Self::Stubborn,
        Self::Leak,
        Self::Children,
        Self::Print,
    ];
}

/// One fault at one task: `segfault@5`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Fault {
    pub kind: FaultKind,
    pub task: u32,
}

/// A named number that one workload understands beside its size.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Param {
    pub name: String,
    pub value: f64,
}

/// Everything that defines a run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Spec {
    pub backend: Backend,
    /// 1 to [`MAX_WORKERS`]; 1 for `serial`.
    pub workers: u32,
    pub workload: Kind,
    /// For the workload `lesson`: whose program is run. For any other, a mark: the lesson that the run is a part of.
    #[serde(default)]
    pub lesson: Option<LessonName>,
    /// 1 to [`MAX_TASKS`].
    pub tasks: u32,
    /// The workload's main knob; its unit depends on the kind, see [`crate::workload::about`].
    pub size: u64,
    /// Every parameter the workload knows, given or by default, in the workload's own order.
    pub params: Vec<Param>,
    pub lengths: Lengths,
    pub chunk: Chunk,
    pub queue: QueueBound,
    pub prefetch: Prefetch,
    /// Seconds that one attempt of one task may take.
    pub timeout: Option<f64>,
    /// Attempts beyond the first for a task that failed, crashed or timed out.
    pub retries: u32,
    pub seed: u64,
    pub faults: Vec<Fault>,
    pub telemetry: Telemetry,
    pub transport: Transport,
}

impl Spec {
    /// Tasks in one chunk, with `auto` resolved.
    pub fn chunk_tasks(&self) -> u32 {
        match self.chunk {
            Chunk::Fixed(n) => n,
            Chunk::Auto => self.tasks.div_ceil(self.workers.saturating_mul(4)).max(1),
        }
    }

    pub fn timeout_ns(&self) -> Option<u64> {
        self.timeout.map(|secs| (secs * NS_PER_S as f64) as u64)
    }

    /// A workload parameter by name.
    ///
    /// # Panics
    /// If the workload has no such parameter: validation fills in every one, so asking for another is a bug.
    pub fn param(&self, name: &str) -> f64 {
        self.params
            .iter()
            .find(|param| param.name == name)
            .map_or_else(|| panic!("workload {} has no parameter {name}", self.workload), |param| param.value)
    }

    /// The fault that a task was given, if any.
    pub fn fault_at(&self, task: TaskId) -> Option<Fault> {
        self.faults.iter().find(|fault| fault.task == task.0).copied()
    }

    /// The lesson whose program is run; `None` for a pool, also where that is part of a lesson.
    pub fn program_of(&self) -> Option<&LessonName> {
        self.lesson.as_ref().filter(|_| self.workload == Kind::Lesson)
    }

    /// The same setup as a run of its own. Where a pool was part of a lesson, that changes nothing in what it does: such
    /// specs are compared, repeated and set up without it.
    #[must_use]
    pub fn unmarked(&self) -> Self {
        Self { lesson: self.program_of().cloned(), ..self.clone() }
    }

    /// The spec in a line: `processes × 4, primes, 64 tasks`, `lesson queue`, or `threads × 2, spin, 8 tasks (lesson gil)`.
    pub fn title(&self) -> String {
        if let Some(lesson) = self.program_of() {
            return format!("lesson {lesson}");
        }
        let plural = if self.tasks == 1 { "" } else { "s" };
        let mark = self.lesson.as_ref().map_or_else(String::new, |lesson| format!(" (lesson {lesson})"));
        format!(
            "{} × {}, {}, {} task{plural}{mark}",
            self.backend.label(),
            self.workers,
            self.workload,
            crate::units::count(u64::from(self.tasks))
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_simulation_is_never_named_without_saying_so() {
        for backend in Backend::ALL {
            assert_eq!(backend.simulation().is_some(), backend.label().contains("simulated"), "{backend}");
        }
        let draft =
            Draft { backend: Some("gil".to_owned()), workers: Some("2".to_owned()), ..Draft::default() };
        let spec = draft.validate().expect("valid");
        assert_eq!((spec.backend, spec.workers), (Backend::Gil, 2));
        assert_eq!(spec.title(), "gil (simulated) × 2, primes, 64 tasks");
    }
}
