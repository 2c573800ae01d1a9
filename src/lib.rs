//! Poolscope: a desktop laboratory for worker pools.
//!
//! A person sets a pool and a workload; an *engine* process runs it on real threads or real worker processes and tells
//! what happens as a stream of [`event::Event`]s; a *session* (window or command line) reduces that stream into a
//! [`store::RunStore`], which the views, the summaries and the exports read.
//!
//! Modules stand on floors, and import only downward:
//!
//! | floor | modules |
//! |---|---|
//! | 0 | [`time`], [`ids`], [`units`], `life`, `mapping` |
//! | 1 | [`spec`], [`event`], [`workload`], [`lesson`] |
//! | 2 | [`engine`], [`store`], [`record`], [`mp`] |
//! | 3 | [`analysis`], [`export`] |
//! | 4 | [`session`], [`library`], [`experiment`] |
//! | 5 | [`cli`], `gui` (a feature of that name) |
//!
//! A test scans the sources and holds these walls: `egui` only in `gui`, `rfd` only in `gui/dialogs`, `sysinfo` and
//! `/proc` only in the engine's sampler, `rusqlite` only in `record`, process spawning only in `session`,
//! `engine` and `mp`.

pub mod ids;
mod life;
mod mapping;
pub mod time;
pub mod units;

pub mod event;
pub mod lesson;
pub mod spec;
pub mod workload;

pub mod engine;
pub mod mp;
pub mod record;
pub mod store;

pub mod analysis;
pub mod export;

pub mod experiment;
pub mod library;
pub mod session;

pub mod cli;
#[cfg(feature = "gui")]
pub mod gui;
