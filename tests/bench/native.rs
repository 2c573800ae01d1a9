//! rayon, in this process: the floor under what a pool of threads can cost.

use std::{
    hint::black_box,
    time::{Duration, Instant},
};

use poolscope::time::thread_cpu_ns;
use rayon::{ThreadPool, ThreadPoolBuilder};

use crate::rounds::Miss;

/// A pool that has run something, so that its threads are up.
fn warm(threads: u64) -> Result<ThreadPool, Miss> {
    let pool = ThreadPoolBuilder::new()
        .num_threads(threads as usize)
        .build()
        .map_err(|error| Miss::Failed(format!("rayon: {error}")))?;
    pool.broadcast(|_| ());
    Ok(pool)
}

fn scope_of(threads: u64, tasks: u64, task: impl Fn() + Sync) -> Result<Duration, Miss> {
    let pool = warm(threads)?;
    let task = &task;
    let began = Instant::now();
    pool.scope(|scope| {
        for _ in 0..tasks {
            scope.spawn(move |_| task());
        }
    });
    Ok(began.elapsed())
}

/// Nanoseconds a task, of tasks that do nothing.
pub(crate) fn dispatch(threads: u64, tasks: u64) -> Result<f64, Miss> {
    let wall = scope_of(threads, tasks, || black_box(()))?;
    Ok(wall.as_nanos() as f64 / tasks as f64)
}

/// Each task's nanoseconds from hand-over to answer, one thread, one task at a time.
pub(crate) fn round_trips(tasks: u64) -> Result<Vec<u64>, Miss> {
    let pool = warm(1)?;
    let each = |_| {
        let began = Instant::now();
        pool.install(|| black_box(()));
        began.elapsed().as_nanos() as u64
    };
    Ok((0..tasks).map(each).collect())
}

/// Wall time in nanoseconds of tasks that each use `size_ns` of CPU time.
pub(crate) fn spin(threads: u64, tasks: u64, size_ns: u64) -> Result<f64, Miss> {
    let wall = scope_of(threads, tasks, || {
        let end_ns = thread_cpu_ns() + size_ns;
        while thread_cpu_ns() < end_ns {}
    })?;
    Ok(wall.as_nanos() as f64)
}
