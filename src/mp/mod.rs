//! Processes and what they share: the primitives of Python's `multiprocessing`, made of the operating system's own means.
//!
//! A child is this same program, started again. It finds the entry that it is to run by its name, and is given a
//! [`Package`]: values, which are copied, and objects, which are the same in both processes from then on.
//!
//! ```standalone_crate
//! use poolscope::{event::Exit, mp::{self, Given, Package, Process, Queue}};
//!
//! fn square(given: Given) -> i32 {
//!     let (Ok(n), Ok(queue)) = (given.value::<i64>("n"), given.queue("queue")) else { return 1 };
//!     queue.put(&(n * n).to_le_bytes()).map_or(1, |()| 0)
//! }
//!
//! fn main() -> Result<(), Box<dyn std::error::Error>> {
//!     mp::run_if_child(&[("square", square)]);
//!
//!     let queue = Queue::new()?;
//!     let mut package = Package::new();
//!     package.value("n", &12)?.object("queue", &queue)?;
//!     let child = Process::start("square", package)?;
//!     assert_eq!(queue.get()?, 144_i64.to_le_bytes());
//!     assert_eq!(child.join()?, Exit::Code(0));
//!     Ok(())
//! }
//! ```
//!
//! | here | is | when a process is killed |
//! |---|---|---|
//! | [`Process`] | this program again, a socket that carries the package, a pidfd | its children are killed too |
//! | [`pipe()`] | a pipe, or a pair of sockets | its ends close; a message it had begun is [`RecvError::Torn`] |
//! | [`Queue`] | a pipe, a lock around each end, a thread that writes | a message it had begun is torn; what it had not begun is lost |
//! | [`Lock`] | a futex that names its holder | [`Lock::new`]: the next is told; [`Lock::fragile`]: held for ever |
//! | [`Semaphore`] | a futex, and a table of who holds how many | [`Semaphore::new`]: its permits come back; [`Semaphore::fragile`]: lost |
//! | [`Event`], [`Barrier`] | a futex | they stay as they are; a barrier may wait for it in vain |
//! | [`Array`], [`Value`] | atomic numbers in a memory file | they stay as they are |
//!
//! All memory is in sealed memory files. Nothing has a name in the file system, so that nothing stays behind. As after a
//! `fork`, an end of a pipe counts as open in every process that was given it, whether it uses it or not.
//!
//! [`trace`] tells an observer of every operation. Linux alone has all that this needs.

mod array;
mod barrier;
mod event;
mod handover;
mod life;
mod lock;
mod memory;
mod package;
mod pipe;
mod process;
mod queue;
mod semaphore;
pub mod trace;

use std::io::Write as _;

use rustix::fs::{Mode, OFlags};

pub use array::{Array, OutsideError, Value};
pub use barrier::{Barrier, BrokenError};
pub use event::Event;
pub use lock::{Acquired, Lock, NotHeldError};
pub use package::{Given, GivenError, Package, PackageError, Parts, Share};
pub use pipe::{Connection, MAX_MESSAGE, RecvError, SendError, pipe};
pub use process::{Process, StartError, Starter};
pub use queue::{Queue, flush_all};
pub use semaphore::Semaphore;
pub use trace::ObjectId;

/// What a child does: with what it was given, until it returns its exit code.
pub type Entry = fn(Given) -> i32;

/// The one argument of a child that [`Starter::default`] starts.
const CHILD_ARGUMENT: &str = "--mp-child";

/// Exit codes of a child that never came to run its entry, and of one whose entry panicked, as of any other program.
pub const NO_PACKAGE: i32 = 120;
pub const NO_ENTRY: i32 = 121;
const PANICKED: i32 = 101;

/// Runs the entry and ends, in a process that [`Process::start`] started; returns at once in any other. To be called first
/// thing in `main`.
pub fn run_if_child(entries: &[(&str, Entry)]) {
    if std::env::args_os().nth(1).is_some_and(|argument| argument == CHILD_ARGUMENT) {
        std::process::exit(run_child(entries));
    }
}

/// The program of a child: takes the package from stdin, which is empty from then on, runs the entry, writes out what its
/// queues still hold, and gives the exit code. For programs that a [`Starter`] of their own leads here.
///
/// Writing out is where a process hangs that ends while nobody reads what it has put into a queue.
pub fn run_child(entries: &[(&str, Entry)]) -> i32 {
    if !crate::life::die_with_parent() {
        return NO_PACKAGE;
    }
    let (name, given) = match take() {
        Ok(taken) => taken,
        Err(error) => return complain(NO_PACKAGE, &format!("the package cannot be taken: {error}")),
    };
    let Some((_, entry)) = entries.iter().find(|(entry, _)| *entry == name) else {
        return complain(NO_ENTRY, &format!("this program has no entry called `{name}`"));
    };
    crate::life::name_process(&name);
    // The hook has told of it already.
    let code = std::panic::catch_unwind(|| entry(given)).unwrap_or(PANICKED);
    flush_all();
    code
}

fn take() -> std::io::Result<(String, Given)> {
    let taken = Given::take(rustix::stdio::stdin())?;
    let nothing = rustix::fs::open("/dev/null", OFlags::RDONLY | OFlags::CLOEXEC, Mode::empty())?;
    rustix::stdio::dup2_stdin(nothing)?;
    Ok(taken)
}

fn complain(code: i32, why: &str) -> i32 {
    let _nobody_hears = writeln!(std::io::stderr(), "poolscope child: {why}");
    code
}
