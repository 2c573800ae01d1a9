//! Steps on other processes: starting them, waiting for their end, and bringing it about.

use super::{
    super::{
        report::Report,
        role::{Household, Person, ROLE},
        shared::Objects,
    },
    Flow, Interpreter, fail,
};
use crate::{
    event::Exit,
    ids::WorkerId,
    lesson::program::{Expression, Text},
    mp::{Package, Process, Starter},
};

/// The longest name of a process, in bytes.
const LONGEST_NAME: usize = 64;

impl Interpreter<'_> {
    pub(super) fn start(&mut self, role: &str, name: Option<&Text>, with: &[(String, Expression)]) -> Flow {
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

    pub(super) fn join(&mut self, name: &Text) -> Flow {
        let name = tried!(self.text(name));
        // The last of that name: an earlier one was joined before, or is meant by `join all`.
        let Some(at) = self.children.iter().rposition(|(child, _)| child.name == name) else {
            return fail(&format!("no process called {name} was started and not joined"));
        };
        let (child, process) = self.children.remove(at);
        tried!(join(self.household, child.worker, &process));
        Flow::Continue(())
    }

    pub(super) fn join_all(&mut self) {
        for (child, process) in self.children.drain(..) {
            let _nothing_to_reap = join(self.household, child.worker, &process);
        }
    }

    pub(super) fn kill(&mut self, name: &Text) -> Flow {
        let name = tried!(self.text(name));
        match self.children.iter().rfind(|(child, _)| child.name == name) {
            Some((_, process)) => tried!(process.kill()),
            None => return fail(&format!("no process called {name} was started and not joined")),
        }
        Flow::Continue(())
    }
}

/// Starts a process of this lesson, which has everything open that this one has. Its start and its end are told; before
/// the latter, `ended` is called, from a thread of its own.
pub(in crate::engine::lesson) fn start_process(
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
pub(in crate::engine::lesson) fn join(
    household: &Household,
    worker: WorkerId,
    process: &Process,
) -> std::io::Result<()> {
    let exit = process.join()?;
    household.voice.report(&Report::Exited { t_ns: household.voice.now_ns(), worker, exit });
    Ok(())
}

/// Children are this program again.
pub(in crate::engine::lesson) fn starter() -> Starter {
    Starter { args: vec!["role".into()], ..Starter::default() }
}
