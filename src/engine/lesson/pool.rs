//! `map`: a pool of processes, made of two queues, as Python's `Pool` is.
//!
//! Items go down one queue and results come up the other. Each worker claims the item that it has taken before it begins it,
//! in memory that the parent sees: so the parent can say what a worker that died was at, and put another in its place.
//! Python's pool does neither, and waits for ever.
//!
//! A worker that dies without a claim may have taken an item all the same. The parent then hands down once more whatever is
//! claimed by nobody. What thus comes twice is claimed once, and passed over by whoever gets it second.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use serde::{Deserialize, Serialize};

use super::{
    interpret::{Interpreter, Leave, join, start_process},
    role::{Household, POOL_WORKER, Person},
    shared::{Object, Objects},
    voice::moves,
};
use crate::{
    event::{Exit, Level, Outcome},
    ids::TaskId,
    lesson::{
        Value,
        program::{Function, MAX_PROCESSES},
    },
    mp::{self, Array, Given, Process, Queue, RecvError, Share},
};

/// A queue from which nothing comes for so long is empty.
const DRAIN: Duration = Duration::from_millis(50);

/// An item on its way down.
#[derive(Debug, Serialize, Deserialize)]
struct Item {
    /// Its place in the list.
    index: u32,
    value: Value,
    put_ns: u64,
}

/// What comes up.
#[derive(Debug, Serialize, Deserialize)]
enum Answer {
    Done {
        index: u32,
        result: Result<Value, String>,
    },
    /// A worker has died; from the parent's own watch.
    Died {
        place: u32,
        exit: Exit,
    },
}

/// What a worker is told beside what every process is.
#[derive(Debug, Serialize, Deserialize)]
struct Place {
    /// Names of the queues.
    items: String,
    answers: String,
    /// The task of the first item.
    first_task: TaskId,
}

/// A pool while it maps.
struct Pool<'i, 'h> {
    interpreter: &'i mut Interpreter<'h>,
    role: String,
    items_name: String,
    answers_name: String,
    /// A second handle, for those who do not have the objects.
    answers: Queue,
    /// For each item the number of the worker that has it, or had it; 0 for nobody.
    claims: Array,
    first_task: TaskId,
    workers: Vec<(Person, Process)>,
    started: u32,
    /// From now on workers are to end.
    dismissed: Arc<AtomicBool>,
}

/// Applies a function to all items by so many workers. The results are in the order of the items.
///
/// # Errors
/// A function that no other process could know, or the first item that failed, once all others are done.
pub(super) fn map(
    interpreter: &mut Interpreter<'_>,
    function: &Function,
    over: Value,
    workers: Value,
) -> Result<Value, String> {
    let role = match function {
        Function::Role(role) => role.clone(),
        Function::Unnamed { parameter, .. } => {
            return Err(format!(
                "the function of {parameter} cannot be sent to another process: it was made on the spot, so that it has \
                 no name by which a worker could find it in its own copy of the program"
            ));
        }
    };
    let (Value::List(items), Value::Int(workers)) = (over, workers) else {
        return Err("map takes a list, and a whole number of workers".to_owned());
    };
    let workers = u32::try_from(workers).ok().filter(|workers| (1..MAX_PROCESSES).contains(workers));
    let workers = workers.ok_or_else(|| format!("a pool has 1 to {} workers", MAX_PROCESSES - 1))?;
    let mut pool = Pool::new(interpreter, role, items.len() as u32).map_err(|error| error.to_string())?;
    let results = pool.run(&items, workers);
    match &results {
        Ok(_) => pool.dismiss(),
        Err(_) => pool.kill(),
    }
    listed(results?, &items)
}

impl<'i, 'h> Pool<'i, 'h> {
    fn new(interpreter: &'i mut Interpreter<'h>, role: String, items: u32) -> std::io::Result<Self> {
        let household = interpreter.household;
        let first_task = household.next_tasks(items);
        let first = interpreter.objects.get(&format!("items of {role}")).is_none();
        // Another pool for the same function must not find the queues of the first.
        let which = if first { String::new() } else { format!(", from task {}", first_task.0) };
        let name = |kind: &str| format!("{kind} of {role}{which}");
        let (items_name, answers_name) = (name("items"), name("results"));
        let answers = Queue::new()?;
        let second = Queue::from_parts(answers.parts()?)?;
        interpreter.objects.add(household, &items_name, Object::Queue(Queue::new()?), None, &[]);
        interpreter.objects.add(household, &answers_name, Object::Queue(answers), None, &[]);
        let claims = Array::new(&vec![0; items as usize])?;
        Ok(Self {
            interpreter,
            role,
            items_name,
            answers_name,
            answers: second,
            claims,
            first_task,
            workers: Vec::new(),
            started: 0,
            dismissed: Arc::default(),
        })
    }

    /// Starts a worker for a place.
    fn hire(&mut self, place: u32) -> Result<(), String> {
        let household = self.interpreter.household;
        self.started += 1;
        let child = Person {
            role: self.role.clone(),
            name: format!("{}-{}", self.role, self.started),
            worker: household.next_worker()?,
            task: None,
            arguments: Vec::new(),
            ..household.person.clone()
        };
        let wrong = |error: mp::PackageError| error.to_string();
        let mut package = household.package(&child).map_err(wrong)?;
        let here = Place {
            items: self.items_name.clone(),
            answers: self.answers_name.clone(),
            first_task: self.first_task,
        };
        package.value("place", &here).map_err(wrong)?;
        package.object("claims", &self.claims).map_err(wrong)?;
        let again = |error: std::io::Error| error.to_string();
        let answers = Queue::from_parts(self.answers.parts().map_err(again)?).map_err(again)?;
        let dismissed = Arc::clone(&self.dismissed);
        let died = move |exit| {
            // A worker that was dismissed is waited for elsewhere.
            if !dismissed.load(Ordering::Acquire)
                && let Ok(bytes) = postcard::to_stdvec(&Answer::Died { place, exit })
            {
                let _nobody_listens = answers.put(&bytes);
            }
        };
        let process =
            start_process(household, POOL_WORKER, &child, package, &self.interpreter.objects, died)?;
        let person = (child, process);
        match self.workers.get_mut(place as usize) {
            Some(former) => *former = person,
            None => self.workers.push(person),
        }
        Ok(())
    }

    /// What became of each item.
    fn run(&mut self, items: &[Value], workers: u32) -> Result<Vec<Result<Value, String>>, String> {
        for place in 0..workers {
            self.hire(place)?;
        }
        for at in 0..items.len() {
            self.hand_down(items, at)?;
        }
        self.collect(items)
    }

    fn hand_down(&mut self, items: &[Value], at: usize) -> Result<(), String> {
        let voice = self.interpreter.household.voice.clone();
        let item = Item { index: at as u32, value: items[at].clone(), put_ns: voice.now_ns() };
        moves(&item.value);
        put(&mut self.interpreter.objects, &self.items_name, &Some(item))
    }

    /// Waits until every item has come to its end.
    fn collect(&mut self, items: &[Value]) -> Result<Vec<Result<Value, String>>, String> {
        let voice = self.interpreter.household.voice.clone();
        let mut results: Vec<Option<Result<Value, String>>> = vec![None; items.len()];
        let mut missing = items.len();
        while missing > 0 {
            let bytes = match self.answers.get() {
                // Whoever wrote it has died, which will be told by the next answer.
                Err(RecvError::Torn) => continue,
                got => got.map_err(|error| error.to_string())?,
            };
            match postcard::from_bytes(&bytes).map_err(|error| error.to_string())? {
                Answer::Done { index, result } => {
                    let text = result.as_ref().map_or_else(Clone::clone, ToString::to_string);
                    voice.settle(Some(text));
                    if let Some(place) = results.get_mut(index as usize).filter(|place| place.is_none()) {
                        *place = Some(result);
                        missing -= 1;
                    }
                }
                Answer::Died { place, exit } => {
                    voice.settle(Some(exit.to_string()));
                    missing -= self.bury(place, exit, items, &mut results)?;
                    if missing > 0 {
                        self.hire(place)?;
                    }
                }
            }
        }
        Ok(results.into_iter().flatten().collect())
    }

    /// Gives up what a worker was at that has died, or hands down again what it may have taken along. Everything that it
    /// answered has come before. How many items have come to their end by it.
    fn bury(
        &mut self,
        place: u32,
        exit: Exit,
        items: &[Value],
        results: &mut [Option<Result<Value, String>>],
    ) -> Result<usize, String> {
        let Some((person, _)) = self.workers.get(place as usize) else { return Ok(0) };
        let (number, name) = (i64::from(person.worker.0), person.name.clone());
        let claims = self.claims.to_vec();
        let mut lost = 0;
        for ((item, claim), result) in items.iter().zip(&claims).zip(results.iter_mut()) {
            if *claim == number && result.is_none() {
                let why = format!("the worker {name} died ({exit}) at item {item}");
                let text = format!("{why}; another takes its place");
                self.interpreter.household.voice.logs(Level::Warning, text);
                *result = Some(Err(why));
                lost += 1;
            }
        }
        if lost == 0 {
            for at in (0..items.len()).filter(|at| claims[*at] == 0) {
                self.hand_down(items, at)?;
            }
        }
        Ok(lost)
    }

    /// Tells every worker to end, and waits until they have.
    fn dismiss(&mut self) {
        self.dismissed.store(true, Ordering::Release);
        for _ in &self.workers {
            // That it says "no more" is the pool's own business, and told of without a value.
            let _nobody_listens = put(&mut self.interpreter.objects, &self.items_name, &None::<Item>);
        }
        self.join();
    }

    /// Ends every worker: nothing that they do is wanted any more.
    fn kill(&mut self) {
        self.dismissed.store(true, Ordering::Release);
        for (_, process) in &self.workers {
            let _may_have_ended = process.kill();
        }
        self.join();
        // What nobody will take any more would keep this process from ending.
        if let Some(Object::Queue(items)) = self.interpreter.objects.get(&self.items_name) {
            while let Ok(Some(_)) = items.get_timeout(DRAIN) {
                self.interpreter.household.voice.settle(None);
            }
        }
    }

    fn join(&mut self) {
        for (person, process) in self.workers.drain(..) {
            let _nothing_to_reap = join(self.interpreter.household, person.worker, &process);
        }
    }
}

/// The results in the order of their items, or the first that is none.
fn listed(results: Vec<Result<Value, String>>, items: &[Value]) -> Result<Value, String> {
    let done = results.iter().filter(|result| result.is_ok()).count();
    let all: Result<Vec<Value>, String> = results.into_iter().collect();
    all.map(Value::List).map_err(|why| format!("{why}; {done} of {} items have their result", items.len()))
}

fn put(objects: &mut Objects, queue: &str, message: &impl Serialize) -> Result<(), String> {
    let Some(Object::Queue(queue)) = objects.get(queue) else {
        return Err("the pool has lost its queue".to_owned());
    };
    let bytes = postcard::to_stdvec(message).map_err(|error| error.to_string())?;
    queue.put(&bytes).map_err(|error| error.to_string())
}

/// A worker of a pool: takes items until there is none any more.
pub(super) fn run_worker(given: Given) -> i32 {
    let Ok(household) = Household::take(&given) else { return mp::NO_PACKAGE };
    let voice = household.voice.clone();
    voice.ready();
    match serve(&household, given) {
        Ok(()) => 0,
        Err(why) => {
            voice.logs(Level::Error, why);
            1
        }
    }
}

fn serve(household: &Household, given: Given) -> Result<(), String> {
    let voice = &household.voice;
    let place: Place = given.value("place").map_err(|error| error.to_string())?;
    let claims: Array = given.object("claims").map_err(|error| error.to_string())?;
    let objects = Objects::take(&given, voice).map_err(|error| error.to_string())?;
    drop(given);
    let mut interpreter = Interpreter::new(household, objects);
    loop {
        let Some(Object::Queue(items)) = interpreter.objects.get(&place.items) else {
            return Err("the pool has lost its queue".to_owned());
        };
        // It waits for work, at no line of the function.
        voice.at_line(0);
        let bytes = items.get().map_err(|error| error.to_string())?;
        let item: Option<Item> = postcard::from_bytes(&bytes).map_err(|error| error.to_string())?;
        voice.settle(item.as_ref().map(|item| item.value.to_string()));
        let Some(item) = item else { return Ok(()) };
        let number = i64::from(household.person.worker.0);
        if !claims.set_if(item.index as usize, 0, number).is_ok_and(|claimed| claimed) {
            continue;
        }
        let task = TaskId(place.first_task.0.saturating_add(item.index));
        let running = voice.started(task, Some(item.put_ns));
        let result = match interpreter.call(&household.person.role, item.value) {
            Ok(value) => Ok(value),
            Err(Leave::Failed(why)) => Err(why),
            Err(Leave::Exit(code)) => {
                voice.ended(running, Outcome::Failed(format!("exit {code}").into()));
                std::process::exit(code);
            }
            Err(Leave::Loop | Leave::Return(_)) => Ok(Value::None),
        };
        let outcome = match &result {
            Ok(_) => Outcome::Ok,
            Err(why) => Outcome::Failed(why.as_str().into()),
        };
        voice.ended(running, outcome);
        moves(&result.as_ref().map_or_else(Clone::clone, ToString::to_string));
        put(&mut interpreter.objects, &place.answers, &Answer::Done { index: item.index, result })?;
        // Before the next is taken, so that a worker takes along one item at most when it dies.
        if let Some(Object::Queue(answers)) = interpreter.objects.get(&place.answers) {
            answers.write_out().map_err(|error| error.to_string())?;
        }
    }
}
