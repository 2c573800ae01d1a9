//! A random program: what its processes do, step by step, for the model; and the same as the text of a lesson.

use std::fmt::Write as _;

use crate::dice::Dice;

/// What is put into queues and sent through pipes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Message {
    Number,
    /// The sign to stop.
    Nothing,
    /// More than a pipe holds.
    Large,
}

/// A step as far as it concerns others. Steps that nobody else notices stand in the text alone.
#[derive(Clone, Debug)]
pub(crate) enum Step {
    Start(usize),
    Join(usize),
    JoinAll,
    Kill(usize),
    Put(usize, Message),
    /// And leaves the loop, which ends at this step, if it is [`Message::Nothing`].
    Get(usize, Option<usize>),
    Send(usize),
    /// At the end of the pipe it goes on at this step, if there is one.
    Receive(usize, Option<usize>),
    Close(usize),
    Acquire(usize),
    Release(usize),
    Set(usize),
    Clear(usize),
    Wait(usize),
    Meet(usize),
    /// Back to this step.
    Again(usize),
    Fail,
    Exit(i32),
    Die,
}

#[derive(Debug, Default)]
pub(crate) struct Process {
    pub(crate) parent: Option<usize>,
    pub(crate) steps: Vec<Step>,
    text: String,
    /// Its steps are of the role of this process.
    twin_of: Option<usize>,
}

/// Locks and semaphores.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Guard {
    Lock { robust: bool },
    Semaphore { permits: usize },
}

/// Ends of pipes are numbered through: 2n and 2n + 1 are the two of a pipe.
#[derive(Debug, Default)]
pub(crate) struct Program {
    pub(crate) processes: Vec<Process>,
    pub(crate) bounds: Vec<Option<usize>>,
    duplex: Vec<bool>,
    pub(crate) guards: Vec<Guard>,
    pub(crate) events: usize,
    pub(crate) parties: Vec<usize>,
    /// Who receives at an end: two at the same end would take each other's halves.
    receivers: Vec<usize>,
    has_twins: bool,
    /// Whatever somebody waits for, main brings about in the end.
    is_careful: bool,
    /// What is waited for by those written so far.
    owed: Vec<(String, Step)>,
}

impl Program {
    pub(crate) fn random(dice: &mut Dice) -> Self {
        let mut program = Self { has_twins: dice.once_in(4), is_careful: dice.once_in(2), ..Self::default() };
        let count = 2 + dice.below(3);
        for at in 0..count {
            let parent =
                if at == 0 { None } else { Some(if at > 2 && dice.once_in(3) { at - 1 } else { 0 }) };
            program.processes.push(Process { parent, ..Process::default() });
        }
        for _ in 0..dice.below(3) {
            program.bounds.push(dice.once_in(2).then(|| 1 + dice.below(2)));
        }
        for _ in 0..dice.below(2) {
            program.duplex.push(dice.once_in(2));
            program.receivers.extend([dice.below(count), dice.below(count)]);
        }
        for _ in 0..dice.below(3) {
            program.guards.push(match dice.below(3) {
                0 => Guard::Semaphore { permits: 1 + dice.below(2) },
                at => Guard::Lock { robust: at == 1 },
            });
        }
        program.events = dice.below(2);
        for _ in 0..dice.below(2) {
            program.parties.push(2 + dice.below(2));
        }
        // Main last: it brings what the others wait for.
        for at in (1..count).chain([0]) {
            if program.is_twin(at) {
                program.processes[at].twin_of = Some(1);
                let steps = program.processes[1].steps.clone();
                program.processes[at].steps = steps;
            } else {
                Writer {
                    program: &mut program,
                    dice,
                    at,
                    steps: Vec::new(),
                    text: String::new(),
                    held: Vec::new(),
                }
                .write();
            }
        }
        program
    }

    /// It does as the process 1 does. Neither starts any other.
    fn is_twin(&self, at: usize) -> bool {
        self.has_twins
            && at > 1
            && self.processes[at].parent == Some(0)
            && !self.starts(1)
            && !self.starts(at)
    }

    fn starts(&self, process: usize) -> bool {
        self.processes.iter().any(|child| child.parent == Some(process))
    }

    pub(crate) fn pipes(&self) -> usize {
        self.duplex.len()
    }

    /// As a file.
    pub(crate) fn text(&self) -> String {
        let mut text = String::from(
            "name = \"random\"\ntitle = \"t\"\ngoal = \"g\"\nabout = \"a\"\nbefore = [\"a\", \"b\", \"c\"]\nlook = []\n\
             next = []\n",
        );
        for (kind, names, more) in self.shared() {
            if names.iter().any(|name| self.uses(name)) {
                let named = match names.as_slice() {
                    [name] => format!("name = \"{name}\""),
                    ends => format!("ends = {ends:?}"),
                };
                let _to_memory = writeln!(text, "[[shared]]\nkind = \"{kind}\"\n{named}\n{more}");
            }
        }
        for (at, process) in self.processes.iter().enumerate().filter(|(_, one)| one.twin_of.is_none()) {
            let name = if at == 0 { "main".to_owned() } else { format!("role{at}") };
            let _to_memory =
                writeln!(text, "[[role]]\nname = \"{name}\"\nsteps = \"\"\"\n{}\"\"\"", process.text);
        }
        for (name, steps) in FUNCTIONS.iter().filter(|(name, _)| self.uses(&format!("map {name}"))) {
            let _to_memory =
                writeln!(text, "[[role]]\nname = \"{name}\"\ntakes = [\"x\"]\nsteps = \"\"\"\n{steps}\"\"\"");
        }
        text
    }

    /// What is not used is refused.
    fn uses(&self, name: &str) -> bool {
        self.processes.iter().any(|process| process.text.contains(name))
    }

    /// Kind, names, and what else there is to say.
    fn shared(&self) -> Vec<(&'static str, Vec<String>, String)> {
        let mut all = Vec::new();
        for (at, bound) in self.bounds.iter().enumerate() {
            let bound = bound.map_or_else(String::new, |bound| format!("bound = {bound}"));
            all.push(("queue", vec![format!("queue{at}")], bound));
        }
        for (at, duplex) in self.duplex.iter().enumerate() {
            let ends = vec![format!("end{}", 2 * at), format!("end{}", 2 * at + 1)];
            all.push(("pipe", ends, format!("duplex = {duplex}")));
        }
        for (at, guard) in self.guards.iter().enumerate() {
            let (kind, more) = match guard {
                Guard::Lock { robust } => ("lock", format!("robust = {robust}")),
                Guard::Semaphore { permits } => ("semaphore", format!("permits = {permits}")),
            };
            all.push((kind, vec![format!("guard{at}")], more));
        }
        all.extend((0..self.events).map(|at| ("event", vec![format!("event{at}")], String::new())));
        for (at, parties) in self.parties.iter().enumerate() {
            all.push(("barrier", vec![format!("gate{at}")], format!("parties = {parties}")));
        }
        all.push(("array", vec!["cells".to_owned()], "cells = [1, 2, 3]".to_owned()));
        all.push(("value", vec!["sum".to_owned()], String::new()));
        all
    }
}

/// What pools apply.
const FUNCTIONS: [(&str, &str); 2] =
    [("double", "sleep 0.002\nreturn x * 2\n"), ("dies", "if x is 2:\n    die\nreturn x\n")];

/// Writes the steps of one process.
struct Writer<'p> {
    program: &'p mut Program,
    dice: &'p mut Dice,
    at: usize,
    steps: Vec<Step>,
    text: String,
    /// Guards that it has acquired and not released.
    held: Vec<usize>,
}

impl Writer<'_> {
    fn write(mut self) {
        let children: Vec<usize> = (0..self.program.processes.len())
            .filter(|&at| self.program.processes[at].parent == Some(self.at))
            .collect();
        let mut waiting = children.clone();
        let mut running: Vec<usize> = Vec::new();
        for _ in 0..2 + self.dice.below(4) {
            if !waiting.is_empty() && self.dice.once_in(2) {
                running.push(self.start(waiting.remove(0)));
            } else {
                self.step("", 0);
            }
        }
        for child in waiting {
            running.push(self.start(child));
        }
        if self.at == 0 {
            for (line, step) in std::mem::take(&mut self.program.owed) {
                self.one("", &line, step);
            }
        }
        while let Some(child) = running.pop().filter(|_| !self.dice.once_in(4)) {
            match self.dice.below(8) {
                _ if self.program.is_careful => {}
                0 => self.one("", &format!("kill p{child}"), Step::Kill(child)),
                1 => self.step("", 0),
                _ => {}
            }
            self.one("", &format!("join p{child}"), Step::Join(child));
        }
        match self.dice.below(30) {
            _ if self.program.is_careful => {}
            0 => self.one("", "die", Step::Die),
            1 => self.one("", "exit 3", Step::Exit(3)),
            2 => self.one("", "read cells[9] -> v", Step::Fail),
            3 => self.one("", "join all", Step::JoinAll),
            _ => {}
        }
        while let Some(guard) = self.held.pop() {
            if self.program.is_careful || !self.dice.once_in(5) {
                self.one("", &format!("release guard{guard}"), Step::Release(guard));
            }
        }
        let process = &mut self.program.processes[self.at];
        (process.steps, process.text) = (self.steps, self.text);
    }

    fn start(&mut self, child: usize) -> usize {
        let role = if self.program.is_twin(child) { 1 } else { child };
        self.one("", &format!("start role{role} as \"p{child}\""), Step::Start(child));
        child
    }

    fn one(&mut self, indent: &str, line: &str, step: Step) {
        let lets_go_on =
            matches!(step, Step::Put(..) | Step::Send(_) | Step::Set(_) | Step::Release(_) | Step::Meet(_));
        // Long enough for those who wait for it to be asked whether they wait for ever.
        if lets_go_on && self.dice.once_in(5) {
            self.say(indent, "sleep 0.4");
        }
        self.say(indent, line);
        self.steps.push(step);
    }

    fn say(&mut self, indent: &str, line: &str) {
        let _to_memory = writeln!(self.text, "{indent}{line}");
    }

    fn message(&mut self) -> (Message, &'static str) {
        match self.dice.below(12) {
            0 => (Message::Large, "\"x\" * 200000"),
            1..=4 => (Message::Nothing, "none"),
            _ => (Message::Number, "7"),
        }
    }

    /// Any step. Into queues below `lowest` nothing is put, so that no two loops feed each other for ever.
    fn step(&mut self, indent: &str, lowest: usize) {
        let (queues, ends) = (self.program.bounds.len(), self.program.receivers.len());
        let (guards, events, gates) =
            (self.program.guards.len(), self.program.events, self.program.parties.len());
        if self.program.is_careful {
            return self.careful(indent);
        }
        match self.dice.below(14) {
            0 | 1 if queues > lowest => {
                let (message, text) = self.message();
                let queue = lowest + self.dice.below(queues - lowest);
                self.one(indent, &format!("put queue{queue} {text}"), Step::Put(queue, message));
            }
            2 if queues > 0 => {
                let queue = self.dice.below(queues);
                self.one(indent, &format!("get queue{queue} -> x"), Step::Get(queue, None));
            }
            3 if queues > 0 && indent.is_empty() => self.consume(),
            4 | 5 if ends > 0 && indent.is_empty() => self.pipe(),
            6 | 7 if guards > 0 => self.guard(indent),
            8 if events > 0 => {
                let event = self.dice.below(events);
                match self.dice.below(5) {
                    0 | 1 => self.one(indent, &format!("wait for event{event}"), Step::Wait(event)),
                    2 => self.one(indent, &format!("clear event{event}"), Step::Clear(event)),
                    _ => self.one(indent, &format!("set event{event}"), Step::Set(event)),
                }
            }
            9 if gates > 0 => {
                let gate = self.dice.below(gates);
                self.one(indent, &format!("meet gate{gate}"), Step::Meet(gate));
            }
            10 if indent.is_empty() => {
                let (times, from) = (1 + self.dice.below(3), self.steps.len());
                self.say("", &format!("for n in 1..{times}:"));
                self.step("    ", lowest);
                let body: Vec<Step> = self.steps.drain(from..).collect();
                (0..times).for_each(|_| self.steps.extend(body.iter().cloned()));
            }
            11 if indent.is_empty() => match self.dice.below(6) {
                0 => self.one("", "map dies over 1..3 with 2 workers -> out", Step::Fail),
                1 => self.say("", "map double over 1..4 with 2 workers -> out"),
                _ => self.alone(indent),
            },
            _ => self.alone(indent),
        }
    }

    /// A step that nobody waits at for ever, unless all get in each other's way.
    fn careful(&mut self, indent: &str) {
        let (queues, ends) = (self.program.bounds.len(), self.program.receivers.len());
        // Main waits for nobody; and what a twin waits for, another waits for too.
        let may_wait = self.at > 0 && indent.is_empty();
        let times = if self.program.has_twins { 3 } else { 1 };
        let mut owe = |line: String, step: Step| {
            (0..times).for_each(|_| self.program.owed.push((line.clone(), step.clone())));
        };
        match self.dice.below(8) {
            0 | 1 if may_wait && queues > 0 => {
                let queue = self.dice.below(queues);
                owe(format!("put queue{queue} 7"), Step::Put(queue, Message::Number));
                self.one("", &format!("get queue{queue} -> x"), Step::Get(queue, None));
            }
            2 if may_wait && self.program.events > 0 => {
                owe("set event0".to_owned(), Step::Set(0));
                self.one("", "wait for event0", Step::Wait(0));
            }
            3 if may_wait && ends > 0 && self.program.receivers[0] == self.at && !self.program.has_twins => {
                owe("send end1 7".to_owned(), Step::Send(1));
                self.one("", "receive end0 -> x", Step::Receive(0, None));
            }
            4 | 5 if self.held.is_empty() && !self.program.guards.is_empty() => self.guard(indent),
            6 if indent.is_empty() => {
                self.say("", "for n in 1..2:");
                self.alone("    ");
            }
            _ => self.alone(indent),
        }
    }

    /// What concerns nobody else.
    fn alone(&mut self, indent: &str) {
        let line = match self.dice.below(6) {
            0 => "sleep 0.003",
            1 => "print \"{pid}\"",
            2 => "add sum by 1 times 3",
            3 => "read cells -> all",
            4 => "write cells[1] = 5",
            _ => "log \"here\"",
        };
        self.say(indent, line);
    }

    fn guard(&mut self, indent: &str) {
        let guard = self.dice.below(self.program.guards.len());
        // Now and then it is let go of by somebody who does not hold it.
        if self.held.contains(&guard) || !self.program.is_careful && self.dice.once_in(12) {
            self.held.retain(|held| *held != guard);
            self.one(indent, &format!("release guard{guard}"), Step::Release(guard));
        } else {
            self.held.push(guard);
            self.one(indent, &format!("acquire guard{guard}"), Step::Acquire(guard));
        }
    }

    fn pipe(&mut self) {
        let ends = self.program.receivers.len();
        let end = self.dice.below(ends);
        let receives = self.program.duplex[end / 2] || end.is_multiple_of(2);
        let sends = self.program.duplex[end / 2] || !end.is_multiple_of(2);
        match self.dice.below(4) {
            0 => self.one("", &format!("close end{end}"), Step::Close(end)),
            1 if receives && self.program.receivers[end] == self.at && !self.program.has_twins => {
                self.say("", "forever:");
                let from = self.steps.len();
                self.one("    ", &format!("receive end{end} -> x or stop"), Step::Receive(end, None));
                self.alone("    ");
                self.again(from);
            }
            2 if receives && self.program.receivers[end] == self.at && !self.program.has_twins => {
                self.one("", &format!("receive end{end} -> x"), Step::Receive(end, None));
            }
            _ if sends => self.one("", &format!("send end{end} 7"), Step::Send(end)),
            _ => {}
        }
    }

    /// A loop that gets until it is told to stop.
    fn consume(&mut self) {
        let queue = self.dice.below(self.program.bounds.len());
        self.say("", "forever:");
        let from = self.steps.len();
        self.one("    ", &format!("get queue{queue} -> x"), Step::Get(queue, None));
        self.say("    ", "stop if x is none");
        self.step("    ", queue + 1);
        self.again(from);
    }

    /// Ends a loop, whose first step leaves it.
    fn again(&mut self, from: usize) {
        self.steps.push(Step::Again(from));
        let after = self.steps.len();
        if let Step::Get(_, stop) | Step::Receive(_, stop) = &mut self.steps[from] {
            *stop = Some(after);
        }
    }
}
