//! What may become of a program: every order in which its processes can take their steps is walked through, one step at a
//! time, as far as there is room for it.

use std::collections::{BTreeSet, HashSet};

use crate::program::{Guard, Message, Program, Step};

/// Programs with more states than this are not judged.
const MOST_STATES: usize = 12_000;

/// What the model says of a program.
#[derive(Debug, Default)]
pub(crate) struct Verdict {
    /// All that can happen was looked at; else nothing below counts.
    pub(crate) is_whole: bool,
    /// In some end, somebody waits for ever; in some end, nobody does.
    pub(crate) may_wait: bool,
    pub(crate) may_end: bool,
    /// For each process, how it may end; one that is never started does not.
    pub(crate) ends: Vec<BTreeSet<String>>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Phase {
    Never,
    At(usize),
    /// Waits for its children, and then will end with this code.
    Joins(i32),
    /// Waits until what it has put is written.
    Flushes(i32),
    /// With this code; without one, by a signal.
    Dead(Option<i32>),
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct One {
    phase: Phase,
    /// It waits already: at an event or a barrier that was at this count.
    since: Option<u8>,
    /// Somebody has ended it, which may take effect at any moment.
    doomed: bool,
    children: Vec<usize>,
    /// What it has put and not written, for each queue.
    unwritten: Vec<Vec<Message>>,
    /// Ends of pipes.
    open: Vec<bool>,
}

impl One {
    fn lives(&self) -> bool {
        !matches!(self.phase, Phase::Never | Phase::Dead(_))
    }
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
struct Queue {
    messages: Vec<Message>,
    /// As the bound counts them.
    length: usize,
    /// Who is in the middle of a large message, which is the last one.
    writer: Option<usize>,
    /// The writer of the last one died in the middle of it.
    torn: bool,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct State {
    all: Vec<One>,
    queues: Vec<Queue>,
    /// What can be received at each end.
    inboxes: Vec<u8>,
    /// Who holds how many, for each guard.
    held: Vec<Vec<u8>>,
    /// Whether it is set, and how often it was.
    events: Vec<(bool, u8)>,
    /// Who has come, and how often all have met.
    gates: Vec<(usize, u8)>,
}

/// How a step went that may have to wait.
enum Went {
    Well,
    Badly,
    /// It has come to where it waits.
    ToWait,
}

pub(crate) fn judge(program: &Program) -> Verdict {
    let mut verdict = Verdict { ends: vec![BTreeSet::new(); program.processes.len()], ..Verdict::default() };
    let first = State::first(program);
    let (mut seen, mut open) = (HashSet::from([first.clone()]), vec![first]);
    while let Some(state) = open.pop() {
        if seen.len() > MOST_STATES {
            return verdict;
        }
        let next = state.next(program);
        if next.is_empty() {
            let waits = state.all.iter().any(One::lives);
            verdict.may_wait |= waits;
            verdict.may_end |= !waits;
            for (one, ends) in state.all.iter().zip(&mut verdict.ends) {
                ends.extend(match one.phase {
                    Phase::Never => None,
                    Phase::Dead(None) => Some("SIGKILL".to_owned()),
                    Phase::Dead(Some(code)) => Some(format!("exit {code}")),
                    _ => Some("waits".to_owned()),
                });
            }
        }
        for state in next {
            if seen.insert(state.clone()) {
                open.push(state);
            }
        }
    }
    verdict.is_whole = true;
    verdict
}

/// Somebody is ended by another, or ends without waiting for others.
pub(crate) fn is_violent(program: &Program) -> bool {
    program
        .processes
        .iter()
        .flat_map(|process| &process.steps)
        .any(|step| matches!(step, Step::Kill(_) | Step::Die | Step::Exit(_)))
}

impl State {
    fn first(program: &Program) -> Self {
        let ends = 2 * program.pipes();
        let one = |at| One {
            phase: if at == 0 { Phase::At(0) } else { Phase::Never },
            since: None,
            doomed: false,
            children: Vec::new(),
            unwritten: vec![Vec::new(); program.bounds.len()],
            open: vec![true; ends],
        };
        let count = program.processes.len();
        Self {
            all: (0..count).map(one).collect(),
            queues: vec![Queue::default(); program.bounds.len()],
            inboxes: vec![0; ends],
            held: vec![vec![0; count]; program.guards.len()],
            events: vec![(false, 0); program.events],
            gates: vec![(0, 0); program.parties.len()],
        }
    }

    fn next(&self, program: &Program) -> Vec<Self> {
        let peaceful = !is_violent(program);
        let mut all = Vec::new();
        for at in (0..self.all.len()).filter(|&at| self.all[at].lives()) {
            // What nobody else can prevent or notice may as well happen first.
            let is_private = peaceful
                && match &self.all[at].phase {
                    Phase::At(step) => match program.processes[at].steps.get(*step) {
                        Some(Step::Start(_) | Step::Again(_) | Step::Fail) | None => true,
                        Some(Step::Put(queue, _)) => program.bounds[*queue].is_none(),
                        _ => false,
                    },
                    _ => false,
                };
            if let Some(next) = self.step(program, at) {
                if is_private {
                    return vec![next];
                }
                all.push(next);
            }
            all.extend((0..self.queues.len()).filter_map(|queue| self.write(at, queue)));
            if self.all[at].doomed {
                let mut next = self.clone();
                next.die(at, None);
                all.push(next);
            }
        }
        all
    }

    /// The first message that a process has put and not written goes into the pipe.
    fn write(&self, at: usize, queue: usize) -> Option<Self> {
        let message = *self.all[at].unwritten[queue].first()?;
        let into = &self.queues[queue];
        if into.writer.is_some() || into.torn && !into.messages.is_empty() {
            return None;
        }
        let mut next = self.clone();
        next.all[at].unwritten[queue].remove(0);
        let into = &mut next.queues[queue];
        into.torn = false;
        into.messages.push(message);
        into.writer = (message == Message::Large).then_some(at);
        Some(next)
    }

    fn die(&mut self, at: usize, code: Option<i32>) {
        let one = &mut self.all[at];
        one.phase = Phase::Dead(code);
        one.since = None;
        one.unwritten.iter_mut().for_each(Vec::clear);
        for child in one.children.split_off(0) {
            self.all[child].doomed = true;
        }
        for queue in self.queues.iter_mut().filter(|queue| queue.writer == Some(at)) {
            (queue.writer, queue.torn) = (None, true);
        }
    }

    /// One step of a process, if it can take one.
    fn step(&self, program: &Program, at: usize) -> Option<Self> {
        let mut next = self.clone();
        match self.all[at].phase {
            Phase::Joins(code) => {
                let all_ended = self.all[at].children.iter().all(|&child| !self.all[child].lives());
                next.all[at].phase = Phase::Flushes(code);
                all_ended.then_some(next)
            }
            Phase::Flushes(code) => {
                let is_written = self.all[at].unwritten.iter().all(Vec::is_empty)
                    && self.queues.iter().all(|queue| queue.writer != Some(at));
                next.die(at, Some(code));
                is_written.then_some(next)
            }
            Phase::At(step) => {
                let to = match program.processes[at].steps.get(step) {
                    None => Phase::Joins(0),
                    Some(step_to_take) => next.act(program, at, step, step_to_take)?,
                };
                if next.all[at].lives() {
                    next.all[at].phase = to;
                }
                Some(next)
            }
            Phase::Never | Phase::Dead(_) => None,
        }
    }

    /// Where it is afterwards; `None` where it has to wait.
    fn act(&mut self, program: &Program, at: usize, number: usize, step: &Step) -> Option<Phase> {
        let on = Phase::At(number + 1);
        let failed = Phase::Joins(1);
        match *step {
            Step::Start(child) => {
                self.all[child].phase = Phase::At(0);
                self.all[child].open = self.all[at].open.clone();
                self.all[at].children.push(child);
            }
            Step::Join(child) => {
                if !self.all[at].children.contains(&child) {
                    return Some(failed);
                }
                if self.all[child].lives() {
                    return None;
                }
                self.all[at].children.retain(|other| *other != child);
            }
            Step::JoinAll => {
                if self.all[at].children.iter().any(|&child| self.all[child].lives()) {
                    return None;
                }
                self.all[at].children.clear();
            }
            Step::Kill(child) => {
                if !self.all[at].children.contains(&child) {
                    return Some(failed);
                }
                self.all[child].doomed = true;
            }
            Step::Again(to) => return Some(Phase::At(to)),
            Step::Fail => return Some(failed),
            Step::Exit(code) => return Some(Phase::Flushes(code)),
            Step::Die => self.die(at, None),
            Step::Put(..) | Step::Get(..) | Step::Send(..) | Step::Receive(..) | Step::Close(_) => {
                return self.move_message(program, at, number, step);
            }
            _ => {
                return self.synchronise(program, at, step).map(|went| match went {
                    Went::Well => on,
                    Went::Badly => failed,
                    Went::ToWait => Phase::At(number),
                });
            }
        }
        Some(on)
    }

    fn move_message(&mut self, program: &Program, at: usize, number: usize, step: &Step) -> Option<Phase> {
        let on = Phase::At(number + 1);
        let failed = Phase::Joins(1);
        let is_open = |state: &Self, end: usize| state.all.iter().any(|one| one.lives() && one.open[end]);
        match *step {
            Step::Put(queue, message) => {
                if program.bounds[queue].is_some_and(|bound| self.queues[queue].length >= bound) {
                    return None;
                }
                self.queues[queue].length += 1;
                self.all[at].unwritten[queue].push(message);
            }
            Step::Get(queue, leave) => {
                let from = &mut self.queues[queue];
                if from.messages.is_empty() {
                    return None;
                }
                let message = from.messages.remove(0);
                from.length = from.length.saturating_sub(1);
                if message == Message::Large {
                    from.writer = None;
                }
                if from.torn && from.messages.is_empty() {
                    return Some(failed);
                }
                return Some(leave.filter(|_| message == Message::Nothing).map_or(on, Phase::At));
            }
            Step::Send(end) => {
                if !self.all[at].open[end] || !is_open(self, end ^ 1) {
                    return Some(failed);
                }
                self.inboxes[end ^ 1] += 1;
            }
            Step::Receive(end, leave) => {
                if !self.all[at].open[end] {
                    return Some(failed);
                }
                if self.inboxes[end] == 0 {
                    return (!is_open(self, end ^ 1)).then(|| leave.map_or(failed, Phase::At));
                }
                self.inboxes[end] -= 1;
            }
            Step::Close(end) => {
                if !self.all[at].open[end] {
                    return Some(failed);
                }
                self.all[at].open[end] = false;
            }
            _ => {}
        }
        Some(on)
    }

    /// `None` where it has to wait on.
    fn synchronise(&mut self, program: &Program, at: usize, step: &Step) -> Option<Went> {
        match *step {
            Step::Acquire(guard) => {
                let frees = !matches!(program.guards[guard], Guard::Lock { robust: false });
                for (one, held) in self.all.iter().zip(&mut self.held[guard]) {
                    if frees && !one.lives() {
                        *held = 0;
                    }
                }
                let most = if let Guard::Semaphore { permits } = program.guards[guard] { permits } else { 1 };
                let taken: usize = self.held[guard].iter().map(|held| usize::from(*held)).sum();
                if taken >= most {
                    return None;
                }
                self.held[guard][at] += 1;
            }
            Step::Release(guard) => {
                if matches!(program.guards[guard], Guard::Lock { robust: false }) {
                    let was_held = self.held[guard].iter().any(|held| *held > 0);
                    self.held[guard].fill(0);
                    return Some(if was_held { Went::Well } else { Went::Badly });
                }
                if self.held[guard][at] == 0 {
                    return Some(Went::Badly);
                }
                self.held[guard][at] -= 1;
            }
            Step::Set(event) => {
                let (is_set, count) = &mut self.events[event];
                *count += u8::from(!*is_set);
                *is_set = true;
            }
            Step::Clear(event) => self.events[event].0 = false,
            Step::Wait(event) => {
                let (is_set, count) = self.events[event];
                match self.all[at].since {
                    _ if is_set => {}
                    Some(since) if since != count => {}
                    Some(_) => return None,
                    None => {
                        self.all[at].since = Some(count);
                        return Some(Went::ToWait);
                    }
                }
                self.all[at].since = None;
            }
            Step::Meet(gate) => {
                let (arrived, meetings) = &mut self.gates[gate];
                match self.all[at].since {
                    Some(since) if since == *meetings => return None,
                    None if *arrived + 1 < program.parties[gate] => {
                        *arrived += 1;
                        self.all[at].since = Some(*meetings);
                        return Some(Went::ToWait);
                    }
                    None => (*arrived, *meetings) = (0, *meetings + 1),
                    Some(_) => {}
                }
                self.all[at].since = None;
            }
            _ => {}
        }
        Some(Went::Well)
    }
}
