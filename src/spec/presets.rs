//! Specs to begin with: the first programs that people write with a pool, and experiments worth a look.

use super::Draft;

/// A named draft.
#[derive(Debug)]
pub struct Preset {
    pub name: &'static str,
    pub about: &'static str,
    /// Field and value, as on the command line; `param.NAME` for a parameter.
    fields: &'static [(Field, &'static str)],
    params: &'static [(&'static str, &'static str)],
}

#[derive(Clone, Copy, Debug)]
enum Field {
    Backend,
    Workers,
    Workload,
    Tasks,
    Size,
    Lengths,
    Chunk,
    Fault,
}

use Field::{Backend, Chunk, Fault, Lengths, Size, Tasks, Workers, Workload};

impl Preset {
    /// What the preset says; everything else is left to the defaults.
    pub fn draft(&self) -> Draft {
        let mut draft = Draft::default();
        for (field, value) in self.fields {
            let place = match *field {
                Backend => &mut draft.backend,
                Workers => &mut draft.workers,
                Workload => &mut draft.workload,
                Tasks => &mut draft.tasks,
                Size => &mut draft.size,
                Lengths => &mut draft.lengths,
                Chunk => &mut draft.chunk,
                Fault => &mut draft.fault,
            };
            *place = Some((*value).to_owned());
        }
        draft.params = self.params.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect();
        draft
    }
}

/// Every preset, the plainest first.
pub const PRESETS: &[Preset] = &[
    Preset {
        name: "one process",
        about: "Start one process, let it do one thing, wait for it.",
        fields: &[(Backend, "processes"), (Workers, "1"), (Workload, "square"), (Tasks, "1")],
        params: &[],
    },
    Preset {
        name: "Pool(4).map square",
        about: "Four processes square nine numbers. Whoever is ready first may do them all: starting takes longer than squaring.",
        fields: &[(Backend, "processes"), (Workers, "4"), (Workload, "square"), (Tasks, "9")],
        params: &[],
    },
    Preset {
        name: "four processes print a number",
        about: "Four processes each wait a while of their own, and that is their number. In which order they end, nobody promises.",
        fields: &[
            (Backend, "processes"),
            (Workers, "4"),
            (Workload, "sleep"),
            (Tasks, "4"),
            (Size, "100_000_000"),
            (Lengths, "uniform"),
            (Chunk, "1"),
        ],
        params: &[],
    },
    Preset {
        name: "sleep and square, 5 processes",
        about: "Five processes wait a second each: together about a second, not five.",
        fields: &[
            (Backend, "processes"),
            (Workers, "5"),
            (Workload, "sleep"),
            (Tasks, "5"),
            (Size, "1_000_000_000"),
            (Chunk, "1"),
        ],
        params: &[],
    },
    Preset {
        name: "mandelbrot, 4 processes",
        about: "Rows that differ in cost fill a picture; the middle ones take longest.",
        fields: &[
            (Backend, "processes"),
            (Workers, "4"),
            (Workload, "mandelbrot"),
            (Tasks, "320"),
            (Size, "480"),
        ],
        params: &[("span", "3.6"), ("iterations", "50000")],
    },
    Preset {
        name: "threads under a GIL",
        about: "Four threads compute, one at a time: a simulation of CPython's global interpreter lock.",
        fields: &[(Backend, "gil"), (Workers, "4"), (Workload, "spin"), (Tasks, "64"), (Size, "20_000_000")],
        params: &[],
    },
    Preset {
        name: "threads that crash",
        about: "A segfault in one thread takes all of them down. Try it with processes.",
        fields: &[(Backend, "threads"), (Workers, "4"), (Workload, "fault"), (Fault, "segfault@32")],
        params: &[],
    },
    Preset {
        name: "one straggler",
        about: "The last task is twenty times as long, and all other workers wait for it.",
        fields: &[
            (Backend, "processes"),
            (Workers, "4"),
            (Workload, "spin"),
            (Size, "20_000_000"),
            (Lengths, "straggler:20"),
        ],
        params: &[],
    },
    Preset {
        name: "one lock for all",
        about: "Nine tenths of the work need the same lock: four workers get little more done than one.",
        fields: &[(Backend, "processes"), (Workers, "4"), (Workload, "lock")],
        params: &[("hold", "0.9")],
    },
    Preset {
        name: "bound by memory",
        about: "Every worker streams through memory. Add workers until more of them are no faster.",
        fields: &[(Backend, "threads"), (Workers, "2"), (Workload, "memory")],
        params: &[("passes", "4")],
    },
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_preset_is_valid_and_says_something_of_its_own() {
        for (at, preset) in PRESETS.iter().enumerate() {
            let spec =
                preset.draft().validate().unwrap_or_else(|errors| panic!("{}: {errors:?}", preset.name));
            assert!(!preset.about.is_empty(), "{}", preset.name);
            for other in &PRESETS[..at] {
                assert_ne!(preset.name, other.name);
                assert_ne!(Ok(&spec), other.draft().validate().as_ref(), "{}", preset.name);
            }
        }
    }

    #[test]
    fn a_pool_of_four_squares_one_to_nine() {
        let preset = PRESETS.iter().find(|preset| preset.name == "Pool(4).map square").expect("there");
        let spec = preset.draft().validate().expect("valid");
        assert_eq!(spec.title(), "processes × 4, square, 9 tasks");
    }
}
