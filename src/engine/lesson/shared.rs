//! The objects that a lesson's processes share, by the names that its program has for them.

use std::{collections::BTreeMap, io};

use super::{report::Report, role::Household, voice::Voice};
use crate::{
    event::lesson::{ObjectId, ObjectKind, Told},
    lesson::program::Shared,
    mp::{
        self, Array, Barrier, Connection, Event, Given, GivenError, Lock, Package, PackageError, Queue,
        Semaphore, trace,
    },
};

/// One object.
#[derive(Debug)]
pub(super) enum Object {
    Queue(Queue),
    /// `None` once this process has closed it.
    End(Option<Connection>),
    Array(Array),
    Value(mp::Value),
    Lock(Lock),
    Semaphore(Semaphore),
    Event(Event),
    Barrier(Barrier),
}

/// Everything shared that this process has. It goes on to each child, as it would by `fork`: an end of a pipe that is open
/// here is open there too.
#[derive(Debug, Default)]
pub(super) struct Objects {
    named: BTreeMap<String, (ObjectId, Object)>,
}

impl Objects {
    /// Makes all objects of a program, in its order, and tells of each.
    pub(super) fn make(shared: &[Shared], household: &Household) -> io::Result<Self> {
        let mut objects = Self::default();
        for shared in shared {
            match shared {
                Shared::Queue { name, bound } => {
                    let queue = match bound {
                        Some(bound) => Queue::bounded(*bound)?,
                        None => Queue::new()?,
                    };
                    objects.add(household, name, Object::Queue(queue), *bound, &[]);
                }
                Shared::Pipe { ends, duplex } => {
                    let (first, second) = mp::pipe(*duplex)?;
                    objects.add(household, &ends[0], Object::End(Some(first)), None, &[]);
                    objects.add(household, &ends[1], Object::End(Some(second)), None, &[]);
                }
                Shared::Array { name, cells } => {
                    objects.add(household, name, Object::Array(Array::new(cells)?), None, cells);
                }
                Shared::Value { name, value } => {
                    objects.add(household, name, Object::Value(mp::Value::new(*value)?), None, &[*value]);
                }
                Shared::Lock { name, robust } => {
                    let lock = if *robust { Lock::new()? } else { Lock::fragile()? };
                    objects.add(household, name, Object::Lock(lock), None, &[]);
                }
                Shared::Semaphore { name, permits } => {
                    let semaphore = Object::Semaphore(Semaphore::new(*permits)?);
                    objects.add(household, name, semaphore, Some(*permits), &[]);
                }
                Shared::Event { name } => {
                    objects.add(household, name, Object::Event(Event::new()?), None, &[]);
                }
                Shared::Barrier { name, parties } => {
                    let barrier = Object::Barrier(Barrier::new(*parties)?);
                    objects.add(household, name, barrier, Some(*parties), &[]);
                }
            }
        }
        Ok(objects)
    }

    /// One object more, which gets the next number of the lesson.
    pub(super) fn add(
        &mut self,
        household: &Household,
        name: &str,
        object: Object,
        capacity: Option<u32>,
        cells: &[i64],
    ) {
        let voice = &household.voice;
        let robust = !matches!(&object, Object::Lock(lock) if !lock.is_robust());
        household.number_object(|id| {
            let told = Told::Object {
                object: id,
                kind: object.kind(),
                name: name.into(),
                capacity,
                cells: cells.to_vec(),
            };
            voice.report(&Report::Told { t_ns: voice.now_ns(), worker: voice.worker(), told, robust });
            self.insert(voice, name.to_owned(), id, object);
        });
    }

    fn insert(&mut self, voice: &Voice, name: String, id: ObjectId, object: Object) {
        if let Some(inner) = object.id() {
            voice.knows(inner, id);
        }
        self.named.insert(name, (id, object));
    }

    pub(super) fn get(&mut self, name: &str) -> Option<&mut Object> {
        self.named.get_mut(name).map(|(_, object)| object)
    }

    /// Puts everything into a child's package.
    pub(super) fn give(&self, package: &mut Package) -> Result<(), PackageError> {
        let mut list = Vec::new();
        for (name, (id, object)) in &self.named {
            let slot = format!("object {name}");
            match object {
                Object::Queue(queue) => package.object(&slot, queue)?,
                Object::End(Some(end)) => package.object(&slot, end)?,
                // Closed here, so closed there.
                Object::End(None) => continue,
                Object::Array(array) => package.object(&slot, array)?,
                Object::Value(value) => package.object(&slot, value)?,
                Object::Lock(lock) => package.object(&slot, lock)?,
                Object::Semaphore(semaphore) => package.object(&slot, semaphore)?,
                Object::Event(event) => package.object(&slot, event)?,
                Object::Barrier(barrier) => package.object(&slot, barrier)?,
            };
            list.push((name.clone(), *id, object.kind()));
        }
        package.value("objects", &list)?;
        Ok(())
    }

    /// Takes what the parent gave.
    pub(super) fn take(given: &Given, voice: &Voice) -> Result<Self, GivenError> {
        let list: Vec<(String, ObjectId, ObjectKind)> = given.value("objects")?;
        let mut objects = Self::default();
        for (name, id, kind) in list {
            let slot = format!("object {name}");
            let object = match kind {
                ObjectKind::Queue => Object::Queue(given.object(&slot)?),
                ObjectKind::PipeEnd => Object::End(Some(given.object(&slot)?)),
                ObjectKind::Array => Object::Array(given.object(&slot)?),
                ObjectKind::Value => Object::Value(given.object(&slot)?),
                ObjectKind::Lock => Object::Lock(given.object(&slot)?),
                ObjectKind::Semaphore => Object::Semaphore(given.object(&slot)?),
                ObjectKind::Event => Object::Event(given.object(&slot)?),
                ObjectKind::Barrier => Object::Barrier(given.object(&slot)?),
            };
            objects.insert(voice, name, id, object);
        }
        Ok(objects)
    }
}

impl Object {
    fn kind(&self) -> ObjectKind {
        match self {
            Self::Queue(_) => ObjectKind::Queue,
            Self::End(_) => ObjectKind::PipeEnd,
            Self::Array(_) => ObjectKind::Array,
            Self::Value(_) => ObjectKind::Value,
            Self::Lock(_) => ObjectKind::Lock,
            Self::Semaphore(_) => ObjectKind::Semaphore,
            Self::Event(_) => ObjectKind::Event,
            Self::Barrier(_) => ObjectKind::Barrier,
        }
    }

    fn id(&self) -> Option<trace::ObjectId> {
        Some(match self {
            Self::Queue(queue) => queue.id(),
            Self::End(end) => end.as_ref()?.id(),
            Self::Array(array) => array.id(),
            Self::Value(value) => value.id(),
            Self::Lock(lock) => lock.id(),
            Self::Semaphore(semaphore) => semaphore.id(),
            Self::Event(event) => event.id(),
            Self::Barrier(barrier) => barrier.id(),
        })
    }
}
