//! Does what a role's program says, step by step, with the real primitives.

/// The value, or the step's end.
macro_rules! tried {
    ($result:expr) => {
        match $result {
            Ok(value) => value,
            Err(why) => return fail(&why),
        }
    };
}

mod children;
mod memory;
mod messages;
mod waiting;

use std::{ops::ControlFlow, time::Duration};

pub(super) use self::children::{join, start_process, starter};
use super::{
    pool,
    role::{Household, Person},
    shared::Objects,
};
use crate::{
    event::lesson::Verb,
    lesson::{
        Value,
        program::{Act, Condition, Expression, Names, Step, Text, Whom},
    },
    mp::{self, Process},
};

/// The longest sleep of a step.
const LONGEST_SLEEP_SECS: f64 = 60.0;

/// Why the steps do not simply go on.
pub(super) enum Leave {
    /// The innermost loop is left.
    Loop,
    /// The role returns this.
    Return(Value),
    /// The process ends at once.
    Exit(i32),
    Failed(String),
}

type Flow = ControlFlow<Leave>;

/// One process at work.
pub(super) struct Interpreter<'h> {
    pub(super) household: &'h Household,
    pub(super) objects: Objects,
    pub(super) names: Names,
    /// Started and not joined, in the order of starting.
    children: Vec<(Person, Process)>,
}

pub(super) fn fail(why: &impl ToString) -> Flow {
    Flow::Break(Leave::Failed(why.to_string()))
}

impl<'h> Interpreter<'h> {
    pub(super) fn new(household: &'h Household, objects: Objects) -> Self {
        let person = &household.person;
        let mut names: Names = person.arguments.iter().cloned().collect();
        names.insert("pid".to_owned(), Value::Int(std::process::id().into()));
        names.insert("name".to_owned(), Value::Text(person.name.clone()));
        Self { household, objects, names, children: Vec::new() }
    }

    /// Runs the whole role and gives its exit code.
    ///
    /// # Errors
    /// What an uncaught exception would say.
    pub(super) fn run(mut self) -> Result<i32, String> {
        let role = &self.household.person.role;
        let steps = self.household.program.role(role).map(|role| role.steps.as_slice());
        let end = match self.steps(steps.ok_or_else(|| format!("there is no role {role}"))?) {
            Flow::Break(Leave::Exit(code)) => return Ok(code),
            Flow::Break(Leave::Failed(why)) => Err(why),
            Flow::Continue(()) | Flow::Break(Leave::Loop | Leave::Return(_)) => Ok(0),
        };
        // Also a program that failed waits for its children, as Python does.
        self.join_all();
        mp::flush_all();
        end
    }

    /// Runs one role as a function: in this process, with its parameter, and gives what it returns.
    pub(super) fn call(&mut self, role: &str, argument: Value) -> Result<Value, Leave> {
        let Some(role) = self.household.program.role(role) else {
            return Err(Leave::Failed(format!("there is no role {role}")));
        };
        if let Some(parameter) = role.parameters.first() {
            self.names.insert(parameter.clone(), argument);
        }
        match self.steps(&role.steps) {
            Flow::Continue(()) | Flow::Break(Leave::Loop) => Ok(Value::None),
            Flow::Break(Leave::Return(value)) => Ok(value),
            Flow::Break(leave) => Err(leave),
        }
    }

    fn steps(&mut self, steps: &[Step]) -> Flow {
        for step in steps {
            self.household.voice.at_line(step.line);
            self.step(&step.act)?;
        }
        Flow::Continue(())
    }

    fn step(&mut self, act: &Act) -> Flow {
        match act {
            Act::Put { .. } | Act::Get { .. } | Act::Send { .. } | Act::Receive { .. } | Act::Close(_) => {
                self.move_message(act)
            }
            Act::Read { .. } | Act::ReadAll { .. } | Act::Write { .. } | Act::Add { .. } => {
                self.use_memory(act)
            }
            Act::Acquire(on)
            | Act::Release(on)
            | Act::Set(on)
            | Act::Clear(on)
            | Act::Wait(on)
            | Act::Meet(on) => self.synchronise(act, on),
            Act::Start { role, name, with } => {
                self.household.voice.stands();
                self.start(role, name.as_ref(), with)
            }
            Act::Join(Whom::All) => {
                self.join_all();
                Flow::Continue(())
            }
            Act::Join(Whom::One(name)) => self.join(name),
            Act::Kill(name) => self.kill(name),
            Act::Map { function, over, workers, into } => {
                let (over, workers) = (tried!(self.value(over)), tried!(self.value(workers)));
                let mapped = tried!(pool::map(self, function, over, workers));
                self.names.insert(into.clone(), mapped);
                Flow::Continue(())
            }
            _ => self.plain(act),
        }
    }

    /// Steps that concern this process alone.
    fn plain(&mut self, act: &Act) -> Flow {
        match act {
            Act::Print(text) => {
                let text = tried!(self.text(text));
                self.household.voice.prints(text);
            }
            Act::Log(level, text) => {
                let text = tried!(self.text(text));
                self.household.voice.stands();
                self.household.voice.logs(*level, text);
            }
            Act::Sleep(seconds) => {
                let seconds = match tried!(self.value(seconds)) {
                    Value::Int(seconds) => seconds as f64,
                    Value::Float(seconds) => seconds,
                    other => return fail(&format!("sleep takes seconds, and not {}", other.kind())),
                };
                if !(0.0..=LONGEST_SLEEP_SECS).contains(&seconds) {
                    return fail(&format!("sleep {seconds}: allowed are 0 to {LONGEST_SLEEP_SECS} seconds"));
                }
                let pause = Duration::from_secs_f64(seconds);
                self.household.voice.during(Verb::Sleep, || std::thread::sleep(pause));
            }
            Act::Let { name, value } => {
                let value = tried!(self.value(value));
                self.names.insert(name.clone(), value);
            }
            Act::For { name, over, steps } => return self.each(name, over, steps),
            Act::Forever(steps) => loop {
                match self.steps(steps) {
                    Flow::Continue(()) => {}
                    Flow::Break(Leave::Loop) => break,
                    leave @ Flow::Break(_) => return leave,
                }
            },
            Act::If(condition, steps) => {
                if tried!(self.holds(condition)) {
                    return self.steps(steps);
                }
            }
            Act::StopIf(condition) => {
                if tried!(self.holds(condition)) {
                    return Flow::Break(Leave::Loop);
                }
            }
            Act::Return(value) => return Flow::Break(Leave::Return(tried!(self.value(value)))),
            Act::Exit(code) => {
                return match tried!(self.value(code)) {
                    Value::Int(code @ 0..=255) => Flow::Break(Leave::Exit(code as i32)),
                    other => fail(&format!("exit {other}: allowed are 0 to 255")),
                };
            }
            Act::Die => {
                // Everything that was told before is with the engine already.
                let _does_not_return =
                    rustix::process::kill_process(rustix::process::getpid(), rustix::process::Signal::KILL);
            }
            other => return fail(&format!("{other:?} is not known here")),
        }
        Flow::Continue(())
    }

    fn each(&mut self, name: &str, over: &Expression, steps: &[Step]) -> Flow {
        let Value::List(items) = tried!(self.value(over)) else {
            return fail(&"for takes a list");
        };
        for item in items {
            self.names.insert(name.to_owned(), item);
            match self.steps(steps) {
                Flow::Continue(()) => {}
                Flow::Break(Leave::Loop) => break,
                leave @ Flow::Break(_) => return leave,
            }
        }
        Flow::Continue(())
    }

    fn value(&self, expression: &Expression) -> Result<Value, String> {
        expression.value(&self.names)
    }

    fn text(&self, text: &Text) -> Result<String, String> {
        text.value(&self.names)
    }

    fn holds(&self, condition: &Condition) -> Result<bool, String> {
        Ok((self.value(&condition.left)? == self.value(&condition.right)?) != condition.negated)
    }
}

fn missing(name: &str) -> Flow {
    fail(&format!("there is no {name} that this could be done with"))
}

fn closed(name: &str) -> Flow {
    fail(&format!("{name} is closed here"))
}
