//! The engine's side of a lesson, from the start of `main` to the end of the last process.

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
use rustix::process::{Pid, PidfdFlags, Signal, pidfd_open, pidfd_send_signal};

use self::{limit::Limit, stuck::SETTLE};
use super::{
    super::{
        emitter::Emitter,
        log_limit::{Line, LogLimit},
        pool::FromSession,
        sampler::{Sampler, Target, cpu_of},
    },
    interpret::starter,
    report::{Inbox, Report, channel},
    role::{Person, ROLE, first_package, program},
    waits::Waits,
};
use crate::{
    event::{
        Command, Ended, Event, Exit, Level, Outcome, Status, Usage,
        lesson::{Told, Verb, Waiter},
    },
    ids::{TaskId, WorkerId},
    lesson::program::MAX_PROCESSES,
    mp::Process,
    spec::LessonName,
    time::RunClock,
    workload::Value,
};

/// Reports that wait for the engine; beyond, their processes wait.
const REPORTS_CAPACITY: usize = 1 << 12;
/// After everything was told to end, the last report is waited for as long as this.
const END_WITHIN: Duration = Duration::from_secs(2);
const MAIN: WorkerId = WorkerId(0);

/// A process as the engine knows it.
#[derive(Debug, Default)]
struct Known {
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
    clock: RunClock,
    mut emitter: Emitter,
    commands: &Receiver<FromSession>,
) -> (Status, Option<String>) {
    if program(name).is_none() {
        return (Status::Failed, Some(format!("there is no lesson {name} whose processes could be started")));
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
    match start(&person, &emitter) {
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

type Started = (Process, Inbox, Receiver<io::Result<Report>>, Receiver<Exit>, Sampler);

fn start(person: &Person, emitter: &Emitter) -> io::Result<Started> {
    let (reports, inbox) = channel()?;
    let (sender, receiver) = bounded(REPORTS_CAPACITY);
    let reader = inbox.clone();
    std::thread::Builder::new().name("reports".to_owned()).spawn(move || read(&reader, &sender))?;
    let main = starter().start(ROLE, first_package(person, &reports)?).map_err(io::Error::other)?;
    // From now on only the lesson's processes hold the socket, so that its end is theirs.
    drop(reports);
    let (tell_exit, exits) = bounded(1);
    main.watch(move |exit| {
        let _nobody_listens = tell_exit.send(exit);
    })?;
    let sampler = Sampler::start(person.clock, emitter.clone())?;
    Ok((main, inbox, receiver, exits, sampler))
}

fn read(inbox: &Inbox, sender: &Sender<io::Result<Report>>) {
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
        mut reports: Receiver<io::Result<Report>>,
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

    fn command(&mut self, command: &FromSession) {
        match command {
            FromSession::Command(Command::Stop | Command::Cancel) => {
                self.emitter.emit(&Event::Stopping { t_ns: self.clock.now_ns() });
                self.cut(Cut::Stopped);
            }
            FromSession::Gone => self.cut(Cut::Stopped),
            FromSession::Command(Command::KillWorker { worker, signal }) => self.signal(*worker, *signal),
            FromSession::Command(Command::Pause | Command::Resume | Command::Resize(_)) => {
                self.log(Level::Warning, "a lesson is neither paused nor resized".to_owned());
            }
            FromSession::Command(Command::Start(_)) => {}
        }
    }

    fn signal(&mut self, worker: WorkerId, number: i32) {
        let signal = Signal::from_named_raw(number);
        let pidfd = self.known.get(&worker).and_then(|known| known.pidfd.as_ref());
        match (pidfd, signal) {
            (Some(pidfd), Some(signal)) => {
                let _already_gone = pidfd_send_signal(pidfd, signal);
            }
            _ => self.log(Level::Warning, format!("{worker} has no process to send signal {number} to")),
        }
    }

    /// Ends every process: the others die with `main`, each with the one that started it.
    fn cut(&mut self, why: Cut) {
        if self.cut.is_some() {
            return;
        }
        self.cut = Some(why);
        self.cut_at = Some(Instant::now());
        for known in self.known.values_mut().filter(|known| known.exit.is_none()) {
            known.ended_by_us = true;
            known.cpu_ns = cpu_of(known.pid);
        }
        // Each by itself too: who dies lets go of what others wait for, and these must not go on with it.
        for pidfd in self.known.values().filter_map(|known| known.pidfd.as_ref()) {
            let _already_gone = pidfd_send_signal(pidfd, Signal::KILL);
        }
        let _already_gone = self.main.kill();
    }

    fn take(&mut self, report: io::Result<Report>) {
        self.heard = Instant::now();
        self.known.values_mut().for_each(|known| known.asleep = None);
        // What somebody does between the death of another and his own is no part of the lesson.
        let is_late = matches!(
            report,
            Ok(Report::Told { .. } | Report::Log { .. } | Report::Started { .. } | Report::Ended { .. })
        );
        if self.cut.is_some() && is_late {
            return;
        }
        match report {
            Err(error) => {
                let text = format!("a report could not be read: {error}");
                if self.unread.take(text.len()) == Line::Kept {
                    self.log(Level::Warning, text);
                }
            }
            // No process of ours has such a number.
            Ok(Report::Starting { worker, .. }) if worker.0 >= MAX_PROCESSES => {}
            Ok(Report::Starting { t_ns, worker, name, role, parent, task }) => {
                self.waits.started(worker, &name, Some(parent));
                self.known.insert(worker, Known { parent: Some(parent), ..Known::default() });
                let told = Told::Role { name, role, parent: Some(parent), task };
                self.tell(t_ns, worker, told);
            }
            Ok(Report::NotStarted { worker }) => {
                self.waits.ended(worker, Exit::Code(-1));
                self.known.remove(&worker);
            }
            Ok(Report::Ready { t_ns, worker, pid }) => self.ready(t_ns, worker, pid),
            Ok(Report::Told { t_ns, worker, told, robust }) => self.told(t_ns, worker, told, robust),
            Ok(Report::Log { t_ns, worker, level, text }) => {
                if self.has_room(worker, text.len()) {
                    self.emitter.emit(&Event::Log { t_ns, worker: Some(worker), level, text });
                }
            }
            Ok(Report::Started { t_ns, worker, task, enqueued_ns }) => {
                if let Some(known) = self.known.get_mut(&worker) {
                    known.running = Some((task, enqueued_ns, t_ns));
                    let dispatched_ns = t_ns;
                    self.emitter.emit(&Event::Started {
                        t_ns,
                        worker,
                        task,
                        attempt: 0,
                        enqueued_ns,
                        dispatched_ns,
                    });
                }
            }
            Ok(Report::Ended { t_ns, worker, outcome, cpu_ns, .. }) => {
                self.ended(t_ns, worker, outcome, Some(cpu_ns));
            }
            Ok(Report::Exited { t_ns, worker, exit }) => {
                self.exited(t_ns, worker, exit);
                self.orphaned(t_ns, worker);
            }
        }
    }

    fn ready(&mut self, t_ns: u64, worker: WorkerId, pid: u32) {
        let Some(known) = self.known.get_mut(&worker) else { return };
        known.pid = pid;
        // A process that has ended meanwhile is not reaped before its parent has told of it, so that the id is its own.
        known.pidfd = i32::try_from(pid)
            .ok()
            .and_then(Pid::from_raw)
            .and_then(|pid| pidfd_open(pid, PidfdFlags::empty()).ok());
        self.emitter.emit(&Event::WorkerSpawned { t_ns, worker, pid, tid: pid, restart: 0 });
        self.emitter.emit(&Event::WorkerReady { t_ns, worker });
        if worker == MAIN {
            self.emitter.emit(&Event::PoolReady { t_ns });
        }
        self.sampler.watch(Target { worker, pid, tid: pid });
    }

    fn told(&mut self, t_ns: u64, worker: WorkerId, told: Told, robust: bool) {
        match &told {
            Told::Object { object, kind, name, capacity, .. } => {
                self.waits.made(worker, *object, *kind, name, *capacity, robust);
            }
            Told::Began(began) => self.waits.began(worker, began),
            Told::Done(done) => {
                self.waits.done(worker, done);
                if let (Verb::Put | Verb::Get, Some(object), Some(depth)) =
                    (done.verb, done.object, done.depth)
                {
                    self.depths.insert(object.0, depth);
                    if !self.limit.is_reached() {
                        self.sample_queue(t_ns);
                    }
                }
            }
            Told::Printed { text, .. } if !self.has_room(worker, text.len()) => return,
            _ => {}
        }
        self.tell(t_ns, worker, told);
    }

    fn sample_queue(&mut self, t_ns: u64) {
        let in_flight = self.known.values().filter(|known| known.running.is_some()).count() as u32;
        let queued = self.depths.values().fold(0_u32, |sum, depth| sum.saturating_add(*depth));
        self.emitter.emit(&Event::Queue { t_ns, queued, in_flight, done: self.done });
    }

    fn ended(&mut self, t_ns: u64, worker: WorkerId, outcome: Outcome, cpu_ns: Option<u64>) {
        let running = self.known.get_mut(&worker).and_then(|known| known.running.take());
        let Some((task, enqueued_ns, start_ns)) = running else { return };
        self.done += 1;
        self.emitter.emit(&Event::Ended(Ended {
            enqueued_ns,
            dispatched_ns: start_ns,
            start_ns,
            t_ns,
            received_ns: self.clock.now_ns().max(t_ns),
            worker,
            task,
            attempt: 0,
            outcome,
            last: true,
            usage: Usage { cpu_ns, ..Usage::default() },
            value: Value::Unit,
        }));
    }

    fn exited(&mut self, t_ns: u64, worker: WorkerId, exit: Exit) {
        self.waits.ended(worker, exit);
        self.sampler.forget(worker);
        let Some(known) = self.known.get_mut(&worker).filter(|known| known.exit.is_none()) else { return };
        known.exit = Some(exit);
        let by_us = known.ended_by_us;
        let cpu_ns = known.cpu_ns;
        let outcome = if by_us { Outcome::Cancelled } else { Outcome::Crashed(exit) };
        self.ended(t_ns, worker, outcome, cpu_ns);
        let expected = by_us || exit == Exit::Code(0);
        self.emitter.emit(&Event::WorkerExited { t_ns, worker, exit, expected });
    }

    /// The kernel ends the children of a process with it, and nobody is left to tell of them. Those that ended before it,
    /// it has told of.
    fn orphaned(&mut self, t_ns: u64, parent: WorkerId) {
        let is_left = |known: &Known| known.parent == Some(parent) && known.exit.is_none();
        let left: Vec<WorkerId> =
            self.known.iter().filter(|(_, known)| is_left(known)).map(|(worker, _)| *worker).collect();
        for worker in left {
            self.exited(t_ns, worker, Exit::Signal(9));
            self.orphaned(t_ns, worker);
        }
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
