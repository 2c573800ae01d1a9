//! Does what a role's program says, step by step, with the real primitives.

use std::{ops::ControlFlow, time::Duration};

use super::{
    pool,
    report::Report,
    role::{Household, Person, ROLE},
    shared::{Object, Objects},
    voice::moves,
};
use crate::{
    event::{Exit, lesson::Verb},
    ids::WorkerId,
    lesson::{
        Value,
        program::{Act, Condition, Expression, Names, Step, Text, Whom},
    },
    mp::{self, Acquired, Package, Process, RecvError, Starter},
};

/// The longest sleep of a step.
const LONGEST_SLEEP_SECS: f64 = 60.0;

/// The longest name of a process, in bytes.
const LONGEST_NAME: usize = 64;

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

/// The value, or the step's end.
macro_rules! tried {
    ($result:expr) => {
        match $result {
            Ok(value) => value,
            Err(why) => return fail(&why),
        }
    };
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
            Act::Start { role, name, with } => self.start(role, name.as_ref(), with),
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

    fn move_message(&mut self, act: &Act) -> Flow {
        let voice = &self.household.voice;
        match act {
            Act::Put { on, value } => {
                let value = tried!(self.value(value));
                let bytes = tried!(postcard::to_stdvec(&value));
                let Some(Object::Queue(queue)) = self.objects.get(on) else { return missing(on) };
                moves(&value);
                tried!(queue.put(&bytes));
                voice.settle(None);
            }
            Act::Get { on, into } => {
                let Some(Object::Queue(queue)) = self.objects.get(on) else { return missing(on) };
                let bytes = tried!(queue.get());
                let value: Value = tried!(postcard::from_bytes(&bytes));
                voice.settle(Some(value.to_string()));
                self.names.insert(into.clone(), value);
            }
            Act::Send { on, value } => {
                let value = tried!(self.value(value));
                let bytes = tried!(postcard::to_stdvec(&value));
                let Some(Object::End(Some(end))) = self.objects.get(on) else { return closed(on) };
                moves(&value);
                tried!(end.send(&bytes));
                voice.settle(None);
            }
            Act::Receive { on, into, or_stop } => {
                let Some(Object::End(Some(end))) = self.objects.get(on) else { return closed(on) };
                let bytes = match end.recv() {
                    Err(RecvError::Eof) if *or_stop => {
                        voice.settle(None);
                        return Flow::Break(Leave::Loop);
                    }
                    received => tried!(received),
                };
                let value: Value = tried!(postcard::from_bytes(&bytes));
                voice.settle(Some(value.to_string()));
                self.names.insert(into.clone(), value);
            }
            Act::Close(on) => {
                let Some(Object::End(end)) = self.objects.get(on) else { return missing(on) };
                let Some(end) = end.take() else { return closed(on) };
                end.close();
            }
            _ => {}
        }
        Flow::Continue(())
    }

    fn use_memory(&mut self, act: &Act) -> Flow {
        match act {
            Act::Read { on, index, into } => {
                let at = tried!(self.index(index));
                let value = match self.objects.get(on) {
                    Some(Object::Array(array)) => tried!(array.get(at)),
                    Some(Object::Value(value)) if at == 0 => value.get(),
                    _ => return missing(on),
                };
                self.names.insert(into.clone(), Value::Int(value));
            }
            Act::ReadAll { on, into } => {
                let value = match self.objects.get(on) {
                    Some(Object::Array(array)) => {
                        Value::List(array.to_vec().into_iter().map(Value::Int).collect())
                    }
                    Some(Object::Value(value)) => Value::Int(value.get()),
                    _ => return missing(on),
                };
                self.names.insert(into.clone(), value);
            }
            Act::Write { on, index, value } => {
                let at = tried!(self.index(index));
                let number = tried!(self.whole(value));
                match self.objects.get(on) {
                    Some(Object::Array(array)) => tried!(array.set(at, number)),
                    Some(Object::Value(value)) if at == 0 => value.set(number),
                    _ => return missing(on),
                }
            }
            Act::Add { on, index, by, times } => {
                let (at, by, times) =
                    (tried!(self.index(index)), tried!(self.whole(by)), tried!(self.whole(times)));
                for _ in 0..times {
                    match self.objects.get(on) {
                        Some(Object::Array(array)) => {
                            tried!(array.read_modify_write(at, |value| value.wrapping_add(by)));
                        }
                        Some(Object::Value(value)) if at == 0 => {
                            value.read_modify_write(|value| value.wrapping_add(by));
                        }
                        _ => return missing(on),
                    }
                }
            }
            _ => {}
        }
        self.household.voice.settle(None);
        Flow::Continue(())
    }

    fn whole(&self, expression: &Expression) -> Result<i64, String> {
        match self.value(expression)? {
            Value::Int(number) => Ok(number),
            other => Err(format!("a whole number is wanted, and not {}", other.kind())),
        }
    }

    fn index(&self, expression: &Expression) -> Result<usize, String> {
        let number = self.whole(expression)?;
        usize::try_from(number).map_err(|_| format!("{number} is no place in an array"))
    }

    fn synchronise(&mut self, act: &Act, on: &str) -> Flow {
        let Some(object) = self.objects.get(on) else { return missing(on) };
        match (act, object) {
            (Act::Acquire(_), Object::Lock(lock)) => {
                if let Acquired::AfterDeath { pid } = lock.acquire() {
                    let text = format!(
                        "{on} was held by process {pid}, which has died; it goes on to {}",
                        self.household.person.name
                    );
                    self.household.voice.logs(crate::event::Level::Warning, text);
                }
            }
            (Act::Acquire(_), Object::Semaphore(semaphore)) => {
                let _permit_of_a_dead_holder_is_as_good = semaphore.acquire();
            }
            (Act::Release(_), Object::Lock(lock)) => tried!(lock.release()),
            (Act::Release(_), Object::Semaphore(semaphore)) => tried!(semaphore.release()),
            (Act::Set(_), Object::Event(event)) => event.set(),
            (Act::Clear(_), Object::Event(event)) => event.clear(),
            (Act::Wait(_), Object::Event(event)) => event.wait(),
            (Act::Meet(_), Object::Barrier(barrier)) => {
                tried!(barrier.wait());
            }
            _ => return missing(on),
        }
        self.household.voice.settle(None);
        Flow::Continue(())
    }

    fn start(&mut self, role: &str, name: Option<&Text>, with: &[(String, Expression)]) -> Flow {
        let name = match name {
            Some(text) => tried!(self.text(text)),
            None => role.to_owned(),
        };
        if name.is_empty() || name.len() > LONGEST_NAME {
            return fail(&format!("a process's name has 1 to {LONGEST_NAME} bytes, and not {}", name.len()));
        }
        let mut arguments = Vec::new();
        for (parameter, value) in with {
            arguments.push((parameter.clone(), tried!(self.value(value))));
        }
        let worker = tried!(self.household.next_worker());
        let task = self.household.next_tasks(1);
        let child = Person {
            role: role.to_owned(),
            name,
            worker,
            task: Some(task),
            arguments,
            ..self.household.person.clone()
        };
        let package = tried!(self.household.package(&child));
        let process = tried!(start_process(self.household, ROLE, &child, package, &self.objects, |_exit| {}));
        self.children.push((child, process));
        Flow::Continue(())
    }

    fn join(&mut self, name: &Text) -> Flow {
        let name = tried!(self.text(name));
        // The last of that name: an earlier one was joined before, or is meant by `join all`.
        let Some(at) = self.children.iter().rposition(|(child, _)| child.name == name) else {
            return fail(&format!("no process called {name} was started and not joined"));
        };
        let (child, process) = self.children.remove(at);
        tried!(join(self.household, child.worker, &process));
        Flow::Continue(())
    }

    fn join_all(&mut self) {
        for (child, process) in self.children.drain(..) {
            let _nothing_to_reap = join(self.household, child.worker, &process);
        }
    }

    fn kill(&mut self, name: &Text) -> Flow {
        let name = tried!(self.text(name));
        match self.children.iter().rfind(|(child, _)| child.name == name) {
            Some((_, process)) => tried!(process.kill()),
            None => return fail(&format!("no process called {name} was started and not joined")),
        }
        Flow::Continue(())
    }
}

fn missing(name: &str) -> Flow {
    fail(&format!("there is no {name} that this could be done with"))
}

fn closed(name: &str) -> Flow {
    fail(&format!("{name} is closed here"))
}

/// Starts a process of this lesson, which has everything open that this one has. Its start and its end are told; before
/// the latter, `ended` is called, from a thread of its own.
pub(super) fn start_process(
    household: &Household,
    entry: &str,
    child: &Person,
    mut package: Package,
    objects: &Objects,
    ended: impl FnOnce(Exit) + Send + 'static,
) -> Result<Process, String> {
    let voice = household.voice.clone();
    objects.give(&mut package).map_err(|error| error.to_string())?;
    let worker = child.worker;
    voice.report(&Report::Starting {
        t_ns: voice.now_ns(),
        worker,
        name: child.name.as_str().into(),
        role: child.role.as_str().into(),
        parent: voice.worker(),
        task: child.task,
    });
    let process = starter().start(entry, package).map_err(|error| {
        voice.report(&Report::NotStarted { worker });
        error.to_string()
    })?;
    voice.has_child(process.pid(), worker);
    let tell = move |exit| {
        ended(exit);
        voice.report(&Report::Exited { t_ns: voice.now_ns(), worker, exit });
    };
    if let Err(error) = process.watch(tell) {
        // Nobody would hear of its end.
        let _already_gone = process.kill();
        let _nothing_to_reap = join(household, worker, &process);
        return Err(error.to_string());
    }
    Ok(process)
}

/// Waits for the end of a child, and tells of it: its watch may come too late for a parent that ends at once.
pub(super) fn join(household: &Household, worker: WorkerId, process: &Process) -> std::io::Result<()> {
    let exit = process.join()?;
    household.voice.report(&Report::Exited { t_ns: household.voice.now_ns(), worker, exit });
    Ok(())
}

/// Children are this program again.
pub(super) fn starter() -> Starter {
    Starter { args: vec!["role".into()], ..Starter::default() }
}
