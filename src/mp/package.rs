//! What a child is given: named values, and named objects that it shares with whoever started it.

use std::{
    collections::{BTreeMap, VecDeque},
    io,
    os::fd::{AsFd, OwnedFd},
    sync::{Mutex, PoisonError},
};

use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_bytes::ByteBuf;

use super::{Array, Barrier, Connection, Event, Lock, Queue, Semaphore, Value, handover};

/// Something that several processes can hold at once. It is taken apart in one, and made again in the other.
pub trait Share: Sized {
    /// What it is called in errors; a child gets it back only as the same kind.
    const KIND: &'static str;

    fn parts(&self) -> io::Result<Parts>;

    fn from_parts(parts: Parts) -> io::Result<Self>;
}

/// A shared object taken apart: open descriptors, and whatever else has to be known.
#[derive(Debug)]
pub struct Parts {
    descriptors: VecDeque<OwnedFd>,
    state: Vec<u8>,
}

impl Parts {
    pub fn new(state: &impl Serialize, descriptors: impl IntoIterator<Item = OwnedFd>) -> io::Result<Self> {
        let state = postcard::to_stdvec(state).map_err(io::Error::other)?;
        Ok(Self { descriptors: descriptors.into_iter().collect(), state })
    }

    pub fn state<T: DeserializeOwned>(&self) -> io::Result<T> {
        postcard::from_bytes(&self.state).map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))
    }

    /// The next descriptor, in the order in which they were put in.
    pub fn descriptor(&mut self) -> io::Result<OwnedFd> {
        let next = self.descriptors.pop_front();
        next.ok_or_else(|| io::Error::new(io::ErrorKind::InvalidData, "it came with too few descriptors"))
    }
}

#[derive(Debug, thiserror::Error)]
pub enum PackageError {
    #[error("`{0}` is in the package already")]
    Twice(String),
    #[error("the value `{name}` cannot be encoded: {why}")]
    Value { name: String, why: postcard::Error },
    #[error("the {kind} `{name}` cannot be shared: {why}")]
    Object { name: String, kind: &'static str, why: io::Error },
}

/// Filled by whoever starts a process. The ends of pipes in it count as open for as long as it lives, and then in the child.
#[derive(Debug, Default)]
pub struct Package {
    items: BTreeMap<String, Item>,
}

#[derive(Debug)]
enum Item {
    Value(Vec<u8>),
    Object(&'static str, Parts),
}

impl Package {
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a value, which is copied.
    pub fn value(
        &mut self,
        name: &str,
        value: &(impl Serialize + ?Sized),
    ) -> Result<&mut Self, PackageError> {
        let bytes =
            postcard::to_stdvec(value).map_err(|why| PackageError::Value { name: name.to_owned(), why })?;
        self.add(name, Item::Value(bytes))
    }

    /// Adds an object, which will be the same in both processes.
    pub fn object<T: Share>(&mut self, name: &str, object: &T) -> Result<&mut Self, PackageError> {
        let parts = object.parts().map_err(|why| PackageError::Object {
            name: name.to_owned(),
            kind: T::KIND,
            why,
        })?;
        self.add(name, Item::Object(T::KIND, parts))
    }

    fn add(&mut self, name: &str, item: Item) -> Result<&mut Self, PackageError> {
        if self.items.contains_key(name) {
            return Err(PackageError::Twice(name.to_owned()));
        }
        self.items.insert(name.to_owned(), item);
        Ok(self)
    }

    pub(super) fn give(&self, entry: &str, socket: impl AsFd) -> io::Result<()> {
        let mut list = List { entry: entry.to_owned(), items: Vec::new() };
        let mut descriptors = Vec::new();
        for (name, item) in &self.items {
            let line = match item {
                Item::Value(bytes) => Line::Value { name: name.clone(), bytes: ByteBuf::from(bytes.clone()) },
                Item::Object(kind, parts) => {
                    descriptors.extend(parts.descriptors.iter().map(AsFd::as_fd));
                    Line::Object {
                        name: name.clone(),
                        kind: (*kind).to_owned(),
                        state: ByteBuf::from(parts.state.clone()),
                        descriptors: parts.descriptors.len() as u32,
                    }
                }
            };
            list.items.push(line);
        }
        let bytes = postcard::to_stdvec(&list).map_err(io::Error::other)?;
        handover::give(socket, &bytes, &descriptors)
    }
}

/// A package on its way.
#[derive(Serialize, Deserialize)]
struct List {
    entry: String,
    items: Vec<Line>,
}

#[derive(Serialize, Deserialize)]
enum Line {
    Value { name: String, bytes: ByteBuf },
    Object { name: String, kind: String, state: ByteBuf, descriptors: u32 },
}

#[derive(Debug, thiserror::Error)]
pub enum GivenError {
    #[error("nothing called `{name}` was given; there is {there}")]
    Missing { name: String, there: String },
    #[error("`{name}` is a {is}, not a {wanted}")]
    Kind { name: String, is: String, wanted: String },
    #[error("the {kind} `{name}` was taken already")]
    Taken { name: String, kind: String },
    #[error("the value `{name}` is no {wanted}")]
    Value { name: String, wanted: &'static str },
    #[error("the {kind} `{name}` cannot be made again: {why}")]
    Object { name: String, kind: &'static str, why: io::Error },
}

/// What this process was given by the one that started it.
///
/// Values can be read as often as need be. An object is handed out once, and whoever took it owns it: closing the only
/// connection closes it. What nobody takes stays open for as long as this lives.
#[derive(Debug, Default)]
pub struct Given {
    values: BTreeMap<String, Vec<u8>>,
    objects: BTreeMap<String, Object>,
}

#[derive(Debug)]
struct Object {
    kind: String,
    parts: Mutex<Option<Parts>>,
}

impl Given {
    /// From the socket, with the name of the entry to run.
    pub(super) fn take(socket: impl AsFd) -> io::Result<(String, Self)> {
        let (bytes, descriptors) = handover::take(socket)?;
        let broken = |_| io::Error::from(io::ErrorKind::InvalidData);
        let list: List = postcard::from_bytes(&bytes).map_err(broken)?;
        let mut descriptors = descriptors.into_iter();
        let mut given = Self::default();
        for line in list.items {
            match line {
                Line::Value { name, bytes } => {
                    given.values.insert(name, bytes.into_vec());
                }
                Line::Object { name, kind, state, descriptors: count } => {
                    let descriptors = descriptors.by_ref().take(count as usize).collect();
                    let parts = Mutex::new(Some(Parts { descriptors, state: state.into_vec() }));
                    given.objects.insert(name, Object { kind, parts });
                }
            }
        }
        Ok((list.entry, given))
    }

    pub fn value<T: DeserializeOwned>(&self, name: &str) -> Result<T, GivenError> {
        let wanted = std::any::type_name::<T>();
        let bytes = self.values.get(name).ok_or_else(|| match self.objects.get(name) {
            Some(object) => GivenError::Kind {
                name: name.to_owned(),
                is: object.kind.clone(),
                wanted: "value".to_owned(),
            },
            None => self.missing(name),
        })?;
        match postcard::take_from_bytes(bytes) {
            Ok((value, [])) => Ok(value),
            _ => Err(GivenError::Value { name: name.to_owned(), wanted }),
        }
    }

    /// Takes an object of any kind; [`Given::queue`] and its like do so for the kinds of this module.
    pub fn object<T: Share>(&self, name: &str) -> Result<T, GivenError> {
        let (owned, kind) = (name.to_owned(), T::KIND);
        let object = match self.objects.get(name) {
            Some(object) if object.kind == kind => object,
            Some(Object { kind: is, .. }) => {
                return Err(GivenError::Kind { name: owned, is: is.clone(), wanted: kind.to_owned() });
            }
            None if self.values.contains_key(name) => {
                return Err(GivenError::Kind {
                    name: owned,
                    is: "value".to_owned(),
                    wanted: kind.to_owned(),
                });
            }
            None => return Err(self.missing(name)),
        };
        let parts = object.parts.lock().unwrap_or_else(PoisonError::into_inner).take();
        let parts = parts.ok_or_else(|| GivenError::Taken { name: owned.clone(), kind: kind.to_owned() })?;
        T::from_parts(parts).map_err(|why| GivenError::Object { name: owned, kind, why })
    }

    fn missing(&self, name: &str) -> GivenError {
        let mut there: Vec<_> =
            self.values.keys().chain(self.objects.keys()).map(|name| format!("`{name}`")).collect();
        there.sort();
        let there = if there.is_empty() { "nothing at all".to_owned() } else { there.join(", ") };
        GivenError::Missing { name: name.to_owned(), there }
    }

    pub fn connection(&self, name: &str) -> Result<Connection, GivenError> {
        self.object(name)
    }

    pub fn queue(&self, name: &str) -> Result<Queue, GivenError> {
        self.object(name)
    }

    pub fn lock(&self, name: &str) -> Result<Lock, GivenError> {
        self.object(name)
    }

    pub fn semaphore(&self, name: &str) -> Result<Semaphore, GivenError> {
        self.object(name)
    }

    pub fn event(&self, name: &str) -> Result<Event, GivenError> {
        self.object(name)
    }

    pub fn barrier(&self, name: &str) -> Result<Barrier, GivenError> {
        self.object(name)
    }

    pub fn array(&self, name: &str) -> Result<Array, GivenError> {
        self.object(name)
    }

    pub fn shared_value(&self, name: &str) -> Result<Value, GivenError> {
        self.object(name)
    }
}
