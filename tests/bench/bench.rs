//! What every section needs: the program, the Python beside it, and how much work is enough.

use std::path::Path;

use crate::{program, python::Python};

/// Workers of every pool, unless a section says otherwise.
pub(crate) const WORKERS: u64 = 2;

/// One kind of pool of this program: how tables call it, and the flags that choose it.
#[derive(Clone, Copy)]
pub(crate) struct Pool {
    backend: &'static str,
    transport: &'static str,
    pub(crate) flags: &'static str,
}

impl Pool {
    /// `processes (ring, basic)`: its name, and what else tells a row from others.
    pub(crate) fn row(self, traits: &[&str]) -> String {
        let traits: Vec<&str> =
            [&[self.transport], traits].concat().into_iter().filter(|name| !name.is_empty()).collect();
        if traits.is_empty() {
            self.backend.to_owned()
        } else {
            format!("{} ({})", self.backend, traits.join(", "))
        }
    }
}

pub(crate) const RING: Pool =
    Pool { backend: "processes", transport: "ring", flags: "--backend processes --transport ring" };
pub(crate) const STREAM: Pool =
    Pool { backend: "processes", transport: "stream", flags: "--backend processes --transport stream" };
pub(crate) const THREADS: Pool = Pool { backend: "threads", transport: "", flags: "--backend threads" };

pub(crate) struct Bench {
    pub(crate) python: Python,
    /// Worker processes over the best transport that this build has.
    pub(crate) processes: Pool,
    quick: bool,
}

impl Bench {
    pub(crate) fn new(python: &Path, quick: bool) -> Self {
        let has_ring = program::run(&format!("{} --workload noop --tasks 1 --workers 1", RING.flags)).is_ok();
        Self { python: Python::find(python), processes: if has_ring { RING } else { STREAM }, quick }
    }

    /// So many tasks or seconds, or a tenth of them when only a quick look is wanted.
    pub(crate) fn amount(&self, whole: f64) -> f64 {
        if self.quick { whole / 10.0 } else { whole }
    }

    pub(crate) fn tasks(&self, whole: u64) -> u64 {
        self.amount(whole as f64) as u64
    }

    pub(crate) fn is_quick(&self) -> bool {
        self.quick
    }
}
