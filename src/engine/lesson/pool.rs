//! `map`: a pool of processes, made of two queues, as Python's `Pool` is.
//!
//! Items go down one queue and results come up the other. Each worker notes which item it has taken before it begins it,
//! in memory that the parent sees: so the parent can say what a worker that died was at, and put another in its place.
//! Python's pool does neither, and waits for ever.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
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
    mp::{self, Array, Given, Process, Queue, Share},
    time::process_cpu_ns,
};

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
    /// Its own, from 0.
    at: u32,
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
    /// What each worker is at: the place of its item plus one, or 0.
    taken: Array,
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
    let mut pool =
        Pool::new(interpreter, role, items.len() as u32, workers).map_err(|error| error.to_string())?;
    for place in 0..workers {
        pool.hire(place)?;
    }
    pool.hand_down(&items)?;
    let results = pool.collect(&items);
    pool.dismiss();
    results
}

impl<'i, 'h> Pool<'i, 'h> {
    fn new(
        interpreter: &'i mut Interpreter<'h>,
        role: String,
        items: u32,
        workers: u32,
    ) -> std::io::Result<Self> {
        let voice = interpreter.household.voice.clone();
        let first_task = interpreter.household.next_tasks(items);
        let name = |kind: &str| format!("{kind} of {role}, from task {}", first_task.0);
        let (items_name, answers_name) = (name("items"), name("results"));
        let answers = Queue::new()?;
        let second = Queue::from_parts(answers.parts()?)?;
        interpreter.objects.add(&voice, &items_name, Object::Queue(Queue::new()?), None, &[]);
        interpreter.objects.add(&voice, &answers_name, Object::Queue(answers), None, &[]);
        let taken = Array::new(&vec![0; workers as usize])?;
        Ok(Self {
            interpreter,
            role,
            items_name,
            answers_name,
            answers: second,
            taken,
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
            worker: household.next_worker(),
            task: None,
            arguments: Vec::new(),
            ..household.person.clone()
        };
        let wrong = |error: mp::PackageError| error.to_string();
        let mut package = household.package(&child).map_err(wrong)?;
        let here = Place {
            items: self.items_name.clone(),
            answers: self.answers_name.clone(),
            at: place,
            first_task: self.first_task,
        };
        package.value("place", &here).map_err(wrong)?;
        package.object("taken", &self.taken).map_err(wrong)?;
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

    fn hand_down(&mut self, items: &[Value]) -> Result<(), String> {
        let voice = self.interpreter.household.voice.clone();
        for (index, value) in (0..).zip(items) {
            let item = Item { index, value: value.clone(), put_ns: voice.now_ns() };
            moves(value);
            put(&mut self.interpreter.objects, &self.items_name, &Some(item))?;
        }
        Ok(())
    }

    /// Waits until every item has come to its end.
    fn collect(&mut self, items: &[Value]) -> Result<Value, String> {
        let voice = self.interpreter.household.voice.clone();
        let mut results: Vec<Option<Result<Value, String>>> = vec![None; items.len()];
        while results.iter().any(Option::is_none) {
            let bytes = self.answers.get().map_err(|error| error.to_string())?;
            match postcard::from_bytes(&bytes).map_err(|error| error.to_string())? {
                Answer::Done { index, result } => {
                    let text = result.as_ref().map_or_else(Clone::clone, ToString::to_string);
                    voice.settle(Some(text));
                    if let Some(place) = results.get_mut(index as usize) {
                        place.get_or_insert(result);
                    }
                }
                Answer::Died { place, exit } => {
                    voice.settle(Some(exit.to_string()));
                    let name = self
                        .workers
                        .get(place as usize)
                        .map_or("?", |(person, _)| person.name.as_str())
                        .to_owned();
                    let taken = self.taken.get(place as usize).unwrap_or(0);
                    let _place_is_there = self.taken.set(place as usize, 0);
                    if let Some(at) = usize::try_from(taken).ok().and_then(|taken| taken.checked_sub(1))
                        && let Some(item) = items.get(at)
                    {
                        let why = format!("the worker {name} died ({exit}) at item {item}");
                        voice.logs(Level::Warning, format!("{why}; another takes its place"));
                        results[at].get_or_insert(Err(why));
                    }
                    if results.iter().any(Option::is_none) {
                        self.hire(place)?;
                    }
                }
            }
        }
        let done = results.iter().flatten().filter(|result| result.is_ok()).count();
        let all: Result<Vec<Value>, String> = results.into_iter().flatten().collect();
        all.map(Value::List)
            .map_err(|why| format!("{why}; {done} of {} items have their result", items.len()))
    }

    /// Tells every worker to end, and waits until they have.
    fn dismiss(&mut self) {
        self.dismissed.store(true, Ordering::Release);
        for _ in &self.workers {
            moves(&Value::None);
            let _nobody_listens = put(&mut self.interpreter.objects, &self.items_name, &None::<Item>);
        }
        for (person, process) in self.workers.drain(..) {
            let _nothing_to_reap = join(self.interpreter.household, person.worker, &process);
        }
    }
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
    let taken: Array = given.object("taken").map_err(|error| error.to_string())?;
    let objects = Objects::take(&given, voice).map_err(|error| error.to_string())?;
    drop(given);
    let mut interpreter = Interpreter::new(household, objects);
    loop {
        let Some(Object::Queue(items)) = interpreter.objects.get(&place.items) else {
            return Err("the pool has lost its queue".to_owned());
        };
        let bytes = items.get().map_err(|error| error.to_string())?;
        let item: Option<Item> = postcard::from_bytes(&bytes).map_err(|error| error.to_string())?;
        voice.settle(Some(
            item.as_ref().map_or_else(|| Value::None.to_string(), |item| item.value.to_string()),
        ));
        let Some(item) = item else { return Ok(()) };
        let _place_is_there = taken.set(place.at as usize, i64::from(item.index) + 1);
        let task = TaskId(place.first_task.0.saturating_add(item.index));
        let cpu_before_ns = process_cpu_ns();
        voice.started(task, item.put_ns);
        let result = match interpreter.call(&household.person.role, item.value) {
            Ok(value) => Ok(value),
            Err(Leave::Failed(why)) => Err(why),
            Err(Leave::Exit(code)) => {
                voice.ended(task, Outcome::Failed(format!("exit {code}").into()), cpu_before_ns);
                std::process::exit(code);
            }
            Err(Leave::Loop | Leave::Return(_)) => Ok(Value::None),
        };
        let outcome = match &result {
            Ok(_) => Outcome::Ok,
            Err(why) => Outcome::Failed(why.as_str().into()),
        };
        voice.ended(task, outcome, cpu_before_ns);
        moves(&result.as_ref().map_or_else(Clone::clone, ToString::to_string));
        put(&mut interpreter.objects, &place.answers, &Answer::Done { index: item.index, result })?;
        let _place_is_there = taken.set(place.at as usize, 0);
    }
}
