//! What a run survives: the fault matrix, on every transport that the program knows.
//!
//! The oracle, for each: every task ends in exactly one way, none is ok twice, the parts sum to the whole, and no process
//! of the run is left. It is held by `support::run_json`, `tools::finish` and `live::Live`.
//!
//! | # | fault | held by |
//! |---|---|---|
//! | 1 | SIGKILL a worker mid-task | `kills` |
//! | 2 | SIGKILL an idle worker, or one with unstarted tasks | `kills` |
//! | 3 | SIGKILL, SIGSTOP before a worker is ready | `starts` |
//! | 4, 5 | SIGKILL between any two steps of telling about a task | `steps` |
//! | 6 | a worker scribbles over its ring | `steps` |
//! | 7, 8, 9, 11 | signals, panics, `exit(0)`, stack and allocation | `crashes` |
//! | 10 | out of memory | `limits`, where `POOLSCOPE_TEST_CGROUP` names a group |
//! | 12, 13 | endless loops; a timeout or a stop that races an end | `timeouts` |
//! | 14 | a task that kills every worker | `crashes` |
//! | 15, 16, 17 | no worker can be started, or not so many | `starts` |
//! | 18 | grandchildren | `timeouts` |
//! | 19 | SIGKILL of session or engine | `sessions`; what is in the run file then, `tests/record/kills.rs` |
//! | 20 | signals to the command line | `stops` |
//! | 21, 22 | SIGSTOP of a worker, of the engine | `kills` |
//! | 23, 24, 26 | a GiB of output, large payloads, a million tasks | `limits` |
//! | 25 | nonsense on a stream | `nonsense`; every byte in the unit tests of `engine/wire` |
//! | 27 | disk full, an older file | `tests/record/place.rs`; for exports the unit tests of `export/atomic` |
//! | 28 | damaged and hostile run files | `tests/record/damage.rs`, `hostile.rs`; the fuzz target `runfile` |
//! | 29 | the wall clock jumps | the unit tests of `time`; `walls` keeps all others from reading that clock |
//! | 30 | the display goes away | `sessions` for a window that cannot open, `tests/window` for one that is killed |
//! | 31 | impossible specs | `tests/run.rs`, and the unit tests of `spec` |
//!
//! `storm` does 1 to 3 at random moments, many times over; `--ignored` adds its long version.

mod crashes;
mod kills;
mod limits;
mod live;
mod nonsense;
mod sessions;
mod starts;
mod steps;
mod stops;
mod storm;
#[path = "../support/mod.rs"]
mod support;
mod timeouts;
mod tools;
