//! What each workload is, in words and ranges: the one table behind validation, `--help` and the window's form.

use crate::{spec::Kind, time::NS_PER_MS};

/// A day, the longest that one task may be asked to take.
const DAY_NS: u64 = 86_400 * 1_000 * NS_PER_MS;
/// Enough tasks to see a pool at work, few enough to tell them apart.
const TASKS: u32 = 64;
/// Bytes of a mebibyte.
const MIB: u64 = 1 << 20;
/// Rows of a picture that is shown at four to three.
const PICTURE_ROWS: u32 = 480;

/// One workload.
#[derive(Debug)]
pub struct About {
    pub kind: Kind,
    pub summary: &'static str,
    /// What the size is called; empty where the workload ignores it.
    pub size_name: &'static str,
    /// The unit of the size, empty for a plain number.
    pub size_unit: &'static str,
    pub size_default: u64,
    pub size_min: u64,
    pub size_max: u64,
    /// A sensible number of tasks: for a picture, its rows.
    pub tasks_default: u32,
    pub params: &'static [ParamAbout],
}

/// One parameter of a workload.
#[derive(Debug)]
pub struct ParamAbout {
    pub name: &'static str,
    pub summary: &'static str,
    pub default: f64,
    pub min: f64,
    pub max: f64,
    /// Only whole numbers make sense.
    pub whole: bool,
}

const NOOP: About = About {
    kind: Kind::Noop,
    summary: "nothing at all: what is left is the cost of the pool itself",
    size_name: "",
    size_unit: "",
    size_default: 0,
    size_min: 0,
    size_max: u64::MAX,
    tasks_default: TASKS,
    params: &[],
};

const LESSON: About =
    About { kind: Kind::Lesson, summary: "what a lesson's roles do", tasks_default: 1, ..NOOP };

const SQUARE: About =
    About { kind: Kind::Square, summary: "the square of the task's number, counted from 1", ..NOOP };

const SLEEP: About = About {
    kind: Kind::Sleep,
    summary: "waits without using the CPU, as for a disk or a network",
    size_name: "duration",
    size_unit: "ns",
    size_default: 10 * NS_PER_MS,
    size_min: 0,
    size_max: DAY_NS,
    tasks_default: TASKS,
    params: &[],
};

const SPIN: About = About {
    kind: Kind::Spin,
    summary: "busy until the worker has used so much CPU time",
    size_name: "CPU time",
    size_default: 5 * NS_PER_MS,
    ..SLEEP
};

const MIXED: About = About {
    kind: Kind::Mixed,
    summary: "a CPU part, then a waiting part",
    size_name: "duration",
    size_default: 10 * NS_PER_MS,
    params: &[ParamAbout {
        name: "wait",
        summary: "the share of the duration that is spent waiting",
        default: 0.5,
        min: 0.0,
        max: 1.0,
        whole: false,
    }],
    ..SLEEP
};

const PRIMES: About = About {
    kind: Kind::Primes,
    summary: "counts the primes up to a bound with a segmented sieve",
    size_name: "upper bound",
    size_unit: "",
    size_default: 10_000_000,
    size_min: 0,
    size_max: 1_000_000_000,
    tasks_default: TASKS,
    params: &[],
};

const HASH: About = About {
    kind: Kind::Hash,
    summary: "a chain of SHA-256 hashes",
    size_name: "rounds",
    size_unit: "",
    size_default: 50_000,
    size_min: 0,
    size_max: 1_000_000_000_000,
    tasks_default: TASKS,
    params: &[],
};

const MATMUL: About = About {
    kind: Kind::Matmul,
    summary: "multiplies two square matrices of doubles; memory: 24 bytes an element of one, at most 403 MB",
    size_name: "side",
    size_default: 384,
    size_max: 4096,
    ..PRIMES
};

const MANDELBROT: About = About {
    kind: Kind::Mandelbrot,
    summary: "one row of the Mandelbrot set a task; rows differ in cost and fill a picture",
    size_name: "width",
    size_unit: "px",
    size_default: 640,
    size_min: 1,
    size_max: 16_384,
    tasks_default: PICTURE_ROWS,
    params: &[
        ParamAbout {
            name: "iterations",
            summary: "after so many steps a point counts as inside",
            default: 5000.0,
            min: 1.0,
            max: 100_000.0,
            whole: true,
        },
        ParamAbout {
            name: "x",
            summary: "real part of the picture's centre",
            default: -0.5,
            min: -4.0,
            max: 4.0,
            whole: false,
        },
        ParamAbout {
            name: "y",
            summary: "imaginary part of the picture's centre",
            default: 0.0,
            min: -4.0,
            max: 4.0,
            whole: false,
        },
        ParamAbout {
            name: "span",
            summary: "width of the picture in the complex plane",
            default: 3.0,
            min: 1e-13,
            max: 100.0,
            whole: false,
        },
    ],
};

const MEMORY: About = About {
    kind: Kind::Memory,
    summary: "streams through a buffer larger than the caches; every worker holds its own",
    size_name: "buffer",
    size_unit: "bytes",
    size_default: 64 * MIB,
    size_min: 0,
    size_max: 1024 * MIB,
    tasks_default: TASKS,
    params: &[ParamAbout {
        name: "passes",
        summary: "how often every word of the buffer is read, changed and written back",
        default: 2.0,
        min: 1.0,
        max: 100_000.0,
        whole: true,
    }],
};

const SORT: About = About {
    kind: Kind::Sort,
    summary: "sorts random 64-bit numbers; memory: 16 bytes each, at most 960 MB",
    size_name: "numbers",
    size_default: 500_000,
    size_max: 60_000_000,
    ..PRIMES
};

const FILE: About = About {
    kind: Kind::File,
    summary: "writes a file in the temporary directory, reads it back and removes it",
    size_name: "length",
    size_unit: "bytes",
    size_default: 4 * MIB,
    params: &[ParamAbout {
        name: "fsync",
        summary: "1 waits until the file is on the disk, 0 leaves it to the kernel",
        default: 1.0,
        min: 0.0,
        max: 1.0,
        whole: true,
    }],
    ..MEMORY
};

const PAYLOAD: About = About {
    kind: Kind::Payload,
    summary: "gets so many bytes and returns as many: the cost of moving data",
    size_name: "data",
    size_unit: "bytes",
    size_default: 4 * MIB,
    size_max: 64 * MIB,
    params: &[],
    ..MEMORY
};

const LOCK: About = About {
    kind: Kind::Lock,
    summary: "busy like spin, partly inside of one lock that all workers share",
    size_name: "CPU time",
    size_default: 5 * NS_PER_MS,
    params: &[
        ParamAbout {
            name: "hold",
            summary: "the share of the CPU time that is spent inside of the lock",
            default: 0.5,
            min: 0.0,
            max: 1.0,
            whole: false,
        },
        ParamAbout {
            name: "rounds",
            summary: "how often a task takes the lock",
            default: 10.0,
            min: 1.0,
            max: 10_000.0,
            whole: true,
        },
    ],
    ..SLEEP
};

const FAULT: About = About {
    kind: Kind::Fault,
    summary: "spins, and goes wrong half-way in the tasks that have a fault",
    size_name: "CPU time",
    size_default: 5 * NS_PER_MS,
    ..SLEEP
};

/// Everything there is to know of a workload before it runs.
pub fn about(kind: Kind) -> &'static About {
    match kind {
        Kind::Noop => &NOOP,
        Kind::Square => &SQUARE,
        Kind::Sleep => &SLEEP,
        Kind::Spin => &SPIN,
        Kind::Primes => &PRIMES,
        Kind::Hash => &HASH,
        Kind::Matmul => &MATMUL,
        Kind::Mandelbrot => &MANDELBROT,
        Kind::Memory => &MEMORY,
        Kind::Sort => &SORT,
        Kind::File => &FILE,
        Kind::Payload => &PAYLOAD,
        Kind::Lock => &LOCK,
        Kind::Mixed => &MIXED,
        Kind::Fault => &FAULT,
        Kind::Lesson => &LESSON,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_workload_is_described_with_defaults_in_range() {
        for kind in Kind::ALL {
            let known = about(kind);
            assert_eq!(known.kind, kind);
            assert!(!known.summary.is_empty(), "{kind}");
            assert!((known.size_min..=known.size_max).contains(&known.size_default), "{kind}");
            for param in known.params {
                assert!((param.min..=param.max).contains(&param.default), "{kind} {}", param.name);
                assert!(!param.whole || param.default.fract() == 0.0, "{kind} {}", param.name);
            }
        }
    }
}
