//! The engine's side of a lesson, from the start of `main` to the end of the last process.

mod command;
mod hear;
mod limit;
mod stuck;
mod tell;

use std::{
    collections::BTreeMap,
    io,
    os::fd::OwnedFd,
    time::{Duration, Instant},
};

use crossbeam_channel::{Receiver, Sender, bounded, never, select_biased};
use rustix::event::{PollFd, PollFlags, Timespec, poll};

use self::{limit::Limit, stuck::SETTLE};
use super::{
    super::{emitter::Emitter, log_limit::LogLimit, pool::FromSession, sampler::Sampler},
    interpret::starter,
    report::{Heard, Inbox, channel},
    role::{Person, ROLE, first_package, program},
    waits::Waits,
};
use crate::{
    event::{
        Event, Exit, Level, Status,
        lesson::{Told, Waiter},
    },
    ids::{TaskId, WorkerId},
    mp::Process,
    spec::LessonName,
    time::RunClock,
};

/// Reports that wait for the engine; beyond, their processes wait.
const REPORTS_CAPACITY: usize = 1 << 12;
/// After everything was told to end, the last report is waited for as long as this.
const END_WITHIN: Duration = Duration::from_secs(2);
const MAIN: WorkerId = WorkerId(0);

/// A process as the engine knows it.
#[derive(Debug, Default)]
struct Known {
    /// From itself.
    pidfd: Option<OwnedFd>,
    pid: u32,
    parent: Option<WorkerId>,
    /// Since when it has been asleep at every look, while nobody said anything.
    asleep: Option<Instant>,
    /// What it runs: the task, when it entered the queue, and when it began.
    running: Option<(TaskId, u64, u64)>,
    exit: Option<Exit>,
    /// The engine has ended it.
    ended_by_us: bool,
    /// CPU time that it had used by then: afterwards nobody can tell.
    cpu_ns: Option<u64>,
    /// Of what it logs and prints.
    logged: LogLimit,
}

impl Known {
    /// It has not ended. What was read just before of the process of its id was therefore read of it, and of nobody who got
    /// the id after it.
    fn is_there(&self) -> bool {
        self.pidfd.as_ref().is_none_or(|pidfd| {
            let mut ended = [PollFd::new(pidfd, PollFlags::IN)];
            poll(&mut ended, Some(&Timespec::default())) == Ok(0)
        })
    }
}

/// Why a lesson is being ended before it has ended by itself.
enum Cut {
    Stopped,
    /// Nobody can go on.
    Stuck(String),
}

struct Conductor {
    clock: RunClock,
    emitter: Emitter,
    sampler: Sampler,
    waits: Waits,
    known: BTreeMap<WorkerId, Known>,
    main: Process,
    /// Messages in all queues, for the plot of the queue.
    depths: BTreeMap<u32, u32>,
    done: u32,
    limit: Limit,
    /// Of what is said of reports that cannot be read.
    unread: LogLimit,
    /// `None` once every process has gone that could report.
    inbox: Option<Inbox>,
    /// The processes that are known to wait for ever, and since when.
    stuck: Vec<Waiter>,
    stuck_at: Option<Instant>,
    cut: Option<Cut>,
    cut_at: Option<Instant>,
    heard: Instant,
}

/// Runs the lesson to its end and says how it ended.
pub(in crate::engine) fn conduct(
    name: &LessonName,
    text: Option<&str>,
    clock: RunClock,
    mut emitter: Emitter,
    commands: &Receiver<FromSession>,
) -> (Status, Option<String>) {
    if let Err(why) = program(name, text) {
        return (Status::Failed, Some(why));
    }
    let person = Person {
        lesson: name.clone(),
        role: "main".to_owned(),
        name: "main".to_owned(),
        worker: MAIN,
        task: Some(TaskId(0)),
        arguments: Vec::new(),
        clock,
    };
    tell_role(&mut emitter, clock.now_ns(), MAIN, &person, None);
    emitter.flush();
    match start(&person, text, &emitter) {
        Ok((main, inbox, reports, exits, sampler)) => {
            let mut waits = Waits::default();
            waits.started(MAIN, "main", None);
            let conductor = Conductor {
                clock,
                emitter,
                sampler,
                waits,
                known: BTreeMap::from([(MAIN, Known::default())]),
                main,
                depths: BTreeMap::new(),
                done: 0,
                limit: Limit::default(),
                unread: LogLimit::default(),
                inbox: Some(inbox),
                stuck: Vec::new(),
                stuck_at: None,
                cut: None,
                cut_at: None,
                heard: Instant::now(),
            };
            conductor.run(reports, &exits, commands)
        }
        Err(error) => (Status::Failed, Some(format!("main could not be started: {error}"))),
    }
}

type Started = (Process, Inbox, Receiver<io::Result<Heard>>, Receiver<Exit>, Sampler);

fn start(person: &Person, text: Option<&str>, emitter: &Emitter) -> io::Result<Started> {
    let (reports, inbox) = channel()?;
    let (sender, receiver) = bounded(REPORTS_CAPACITY);
    let reader = inbox.clone();
    std::thread::Builder::new().name("reports".to_owned()).spawn(move || read(&reader, &sender))?;
    let main = starter().start(ROLE, first_package(person, text, &reports)?).map_err(io::Error::other)?;
    // From now on only the lesson's processes hold the socket, so that its end is theirs.
    drop(reports);
    let (tell_exit, exits) = bounded(1);
    main.watch(move |exit| {
        let _nobody_listens = tell_exit.send(exit);
    })?;
    let sampler = Sampler::start(person.clock, emitter.clone())?;
    Ok((main, inbox, receiver, exits, sampler))
}

fn read(inbox: &Inbox, sender: &Sender<io::Result<Heard>>) {
    loop {
        match inbox.next() {
            Ok(Some(report)) => {
                if sender.send(Ok(report)).is_err() {
                    return;
                }
            }
            Ok(None) => return,
            Err(error) => {
                let broken = error.kind() != io::ErrorKind::InvalidData;
                if sender.send(Err(error)).is_err() || broken {
                    return;
                }
            }
        }
    }
}

fn tell_role(emitter: &mut Emitter, t_ns: u64, worker: WorkerId, person: &Person, parent: Option<WorkerId>) {
    let told = Told::Role {
        name: person.name.as_str().into(),
        role: person.role.as_str().into(),
        parent,
        task: person.task,
    };
    emitter.emit(&Event::Lesson { t_ns, worker: Some(worker), told: Box::new(told) });
}

impl Conductor {
    fn run(
        mut self,
        mut reports: Receiver<io::Result<Heard>>,
        exits: &Receiver<Exit>,
        commands: &Receiver<FromSession>,
    ) -> (Status, Option<String>) {
        let (mut exits, mut commands) = (exits.clone(), commands.clone());
        let mut told_all = false;
        // Told of once everything has been heard: what `main` said last may be on its way still.
        let mut main_exit = None;
        while !told_all || main_exit.is_none() {
            select_biased! {
                recv(reports) -> report => if let Ok(report) = report {
                    self.take(report);
                } else {
                    told_all = true;
                    self.inbox = None;
                    reports = never();
                },
                recv(exits) -> exit => {
                    main_exit = exit.ok().map(|exit| (self.clock.now_ns(), exit));
                    // The others die with it.
                    self.cut_at.get_or_insert_with(Instant::now);
                    exits = never();
                },
                recv(commands) -> command => match command {
                    Ok(command) => self.command(&command),
                    Err(_) => commands = never(),
                },
                default(SETTLE) => {}
            }
            if reports.is_empty() {
                self.emitter.flush();
                self.look_for_stuck();
            }
            if reports.is_empty() && self.cut_at.is_some_and(|at| at.elapsed() > END_WITHIN) {
                break;
            }
        }
        if let Some((t_ns, exit)) = main_exit {
            self.exited(t_ns, MAIN, exit);
        }
        self.finish()
    }

    fn finish(mut self) -> (Status, Option<String>) {
        // Those whose parent was gone before they were: the kernel ended them with it.
        let left: Vec<WorkerId> =
            self.known.iter().filter(|(_, known)| known.exit.is_none()).map(|(worker, _)| *worker).collect();
        for worker in left {
            self.exited(self.clock.now_ns(), worker, Exit::Signal(9));
        }
        self.tell_standing();
        self.sample_queue(self.clock.now_ns());
        for (worker, text) in self.left_out() {
            let t_ns = self.clock.now_ns();
            self.emitter.emit(&Event::Log { t_ns, worker, level: Level::Warning, text });
        }
        self.sampler.finish();
        self.emitter.flush();
        match self.cut {
            None => (Status::Finished, None),
            Some(Cut::Stopped) => (Status::Interrupted, Some("stopped".to_owned())),
            Some(Cut::Stuck(text)) => (Status::Interrupted, Some(text)),
        }
    }
}
