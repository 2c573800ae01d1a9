//! How the words of a spec are written and read: `Display` gives the canonical text, `FromStr` takes it back.
//!
//! The error of every `FromStr` here says what *is* allowed and never repeats the value: whoever shows it knows the
//! field and the value, see [`super::SpecError`]. The `TryFrom<String>` used by serde has nobody else to say so, and
//! therefore names both.

use std::{fmt, str::FromStr};

use super::{
    Backend, Chunk, Fault, FaultKind, Kind, Lengths, MAX_TASKS, Prefetch, QueueBound, Telemetry, Transport,
    number::{number, whole_number},
    quoted,
};

/// The most chunks one worker may hold.
pub(super) const MAX_PREFETCH: u32 = 64;
/// How many times as long as the others a straggler may be.
const STRAGGLER_FACTOR_MAX: f64 = 1000.0;
const SKEWED_ALPHA_MAX: f64 = 10.0;

const SPREAD_DEFAULT: f64 = 0.5;
const ALPHA_DEFAULT: f64 = 1.5;
const STRAGGLER_DEFAULT: f64 = 10.0;

const LENGTHS_ALLOWED: &str = "fixed, uniform or uniform:SPREAD (more than 0, at most 1), skewed or skewed:ALPHA (more than 1, \
    at most 10), straggler or straggler@TASK:FACTOR (1 to 1000; @TASK and :FACTOR may be left out)";

/// Longer words are nobody's slip of the pen, and comparing them would cost time.
const LONGEST_GUESS_BYTES: usize = 64;
/// Below this Jaro-Winkler similarity a suggestion would be noise.
const LEAST_SIMILARITY: f64 = 0.7;

/// The known name that somebody probably meant.
pub(super) fn nearest<'a>(word: &str, names: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    if word.len() > LONGEST_GUESS_BYTES {
        return None;
    }
    names
        .map(|name| (strsim::jaro_winkler(word, name), name))
        .filter(|(similarity, _)| *similarity >= LEAST_SIMILARITY)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, name)| name)
}

fn whole_in(text: &str, low: u32, high: u32) -> Option<u32> {
    whole_number(text).and_then(|n| u32::try_from(n).ok()).filter(|n| (low..=high).contains(n))
}

/// What serde says of a text that it met in a run file or in a message.
fn refusal(what: &str, value: &str, allowed: &str) -> String {
    format!("{what}: {} is not allowed; allowed: {allowed}", quoted(value))
}

/// Names of a plain enum, each written in one place only.
macro_rules! names {
    (
        $type:ident: $($variant:ident = $name:literal),+ $(,)?
        $(; $(never_chosen $hidden:ident = $hidden_name:literal),+ $(,)?)?
    ) => {
        impl $type {
            /// The names as people write them, in the order of declaration.
            pub const NAMES: &'static [&'static str] = &[$($name),+];

            pub fn name(self) -> &'static str {
                match self {
                    $(Self::$variant => $name,)+
                    $($(Self::$hidden => $hidden_name),+)?
                }
            }
        }

        impl fmt::Display for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(self.name())
            }
        }

        impl FromStr for $type {
            type Err = String;

            fn from_str(text: &str) -> Result<Self, String> {
                match text {
                    $($name => Ok(Self::$variant),)+
                    $($($hidden_name => Ok(Self::$hidden),)+)?
                    _ => Err(one_of(text, Self::NAMES)),
                }
            }
        }
    };
}

fn one_of(word: &str, names: &[&str]) -> String {
    let list = names.join(", ");
    match nearest(word, names.iter().copied()) {
        Some(name) if names.len() > 1 => format!("{list} (did you mean {name}?)"),
        _ => list,
    }
}

names!(Backend: Serial = "serial", Threads = "threads", Processes = "processes", Gil = "gil");
names!(
    Kind: Noop = "noop",
    Square = "square",
    Sleep = "sleep",
    Spin = "spin",
    Primes = "primes",
    Hash = "hash",
    Matmul = "matmul",
    Mandelbrot = "mandelbrot",
    Memory = "memory",
    Sort = "sort",
    File = "file",
    Payload = "payload",
    Lock = "lock",
    Mixed = "mixed",
    Fault = "fault";
    never_chosen Lesson = "lesson",
);
names!(Telemetry: Off = "off", Basic = "basic", Full = "full", Auto = "auto");
names!(Transport: Ring = "ring", Stream = "stream");
names!(
    FaultKind: Panic = "panic",
    Abort = "abort",
    Segfault = "segfault",
    Bus = "bus",
    Fpe = "fpe",
    Ill = "ill",
    Overflow = "overflow",
    Oom = "oom",
    Exit = "exit",
    Hang = "hang",
    Stubborn = "stubborn",
    Leak = "leak",
    Children = "children",
    Print = "print",
);

/// Serde reads and writes these types as their text.
macro_rules! as_text {
    ($($type:ident = $what:literal),+ $(,)?) => {$(
        impl TryFrom<String> for $type {
            type Error = String;

            fn try_from(text: String) -> Result<Self, String> {
                text.parse().map_err(|allowed: String| refusal($what, &text, &allowed))
            }
        }

        impl From<$type> for String {
            fn from(value: $type) -> Self {
                value.to_string()
            }
        }
    )+};
}

as_text!(Lengths = "lengths", Chunk = "chunk", Prefetch = "prefetch", QueueBound = "queue", Fault = "fault");

impl fmt::Display for Lengths {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Fixed => f.pad("fixed"),
            Self::Uniform { spread } => write!(f, "uniform:{spread}"),
            Self::Skewed { alpha } => write!(f, "skewed:{alpha}"),
            Self::Straggler { at: None, factor } => write!(f, "straggler:{factor}"),
            Self::Straggler { at: Some(task), factor } => write!(f, "straggler@{task}:{factor}"),
        }
    }
}

impl FromStr for Lengths {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        parse_lengths(text).ok_or_else(|| LENGTHS_ALLOWED.to_owned())
    }
}

fn parse_lengths(text: &str) -> Option<Lengths> {
    let (head, amount) = match text.split_once(':') {
        Some((head, amount)) => (head, Some(number(amount)?)),
        None => (text, None),
    };
    let (name, task) = match head.split_once('@') {
        Some((name, task)) => (name, Some(whole_in(task, 0, MAX_TASKS - 1)?)),
        None => (head, None),
    };
    match (name, task, amount) {
        ("fixed", None, None) => Some(Lengths::Fixed),
        ("uniform", None, amount) => {
            let spread = amount.unwrap_or(SPREAD_DEFAULT);
            (spread > 0.0 && spread <= 1.0).then_some(Lengths::Uniform { spread })
        }
        ("skewed", None, amount) => {
            let alpha = amount.unwrap_or(ALPHA_DEFAULT);
            (alpha > 1.0 && alpha <= SKEWED_ALPHA_MAX).then_some(Lengths::Skewed { alpha })
        }
        ("straggler", at, amount) => {
            let factor = amount.unwrap_or(STRAGGLER_DEFAULT);
            (1.0..=STRAGGLER_FACTOR_MAX).contains(&factor).then_some(Lengths::Straggler { at, factor })
        }
        _ => None,
    }
}

impl fmt::Display for Chunk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Auto => f.pad("auto"),
            Self::Fixed(tasks) => write!(f, "{tasks}"),
        }
    }
}

impl FromStr for Chunk {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "auto" => Ok(Self::Auto),
            _ => whole_in(text, 1, MAX_TASKS)
                .map(Self::Fixed)
                .ok_or_else(|| format!("auto, or 1 to {MAX_TASKS} tasks")),
        }
    }
}

impl fmt::Display for Prefetch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Auto => f.pad("auto"),
            Self::Fixed(chunks) => write!(f, "{chunks}"),
        }
    }
}

impl FromStr for Prefetch {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "auto" => Ok(Self::Auto),
            _ => whole_in(text, 1, MAX_PREFETCH)
                .map(Self::Fixed)
                .ok_or_else(|| format!("auto, or 1 to {MAX_PREFETCH} chunks")),
        }
    }
}

impl fmt::Display for QueueBound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unbounded => f.pad("unbounded"),
            Self::AtMost(tasks) => write!(f, "{tasks}"),
        }
    }
}

impl FromStr for QueueBound {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "unbounded" => Ok(Self::Unbounded),
            _ => whole_in(text, 0, u32::MAX)
                .map(Self::AtMost)
                .ok_or_else(|| format!("unbounded, or 0 to {} tasks", u32::MAX)),
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}@{}", self.kind, self.task)
    }
}

impl FromStr for Fault {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let parsed = text.split_once('@').and_then(|(kind, task)| {
            Some(Self { kind: kind.parse().ok()?, task: whole_in(task, 0, MAX_TASKS - 1)? })
        });
        parsed.ok_or_else(|| format!("KIND@TASK, where KIND is one of {}", FaultKind::NAMES.join(", ")))
    }
}

#[cfg(test)]
mod tests {
    use std::fmt::Debug;

    use serde::{Serialize, de::DeserializeOwned};

    use super::*;

    /// Canonical text, and back; and through JSON, where it is the same text.
    fn round_trip<T>(values: &[T])
    where
        T: Copy + Debug + PartialEq + fmt::Display + FromStr<Err = String> + Serialize + DeserializeOwned,
    {
        for value in values {
            let text = value.to_string();
            assert_eq!(text.parse().as_ref(), Ok(value), "{text}");
            let json = serde_json::to_string(value).expect("serializes");
            assert_eq!(json, format!("\"{text}\""));
            assert_eq!(serde_json::from_str::<T>(&json).expect("parses"), *value);
        }
    }

    #[test]
    fn every_type_reads_what_it_writes() {
        round_trip(&Backend::ALL);
        round_trip(&Kind::ALL);
        round_trip(&FaultKind::ALL);
        round_trip(&[Telemetry::Off, Telemetry::Basic, Telemetry::Full, Telemetry::Auto]);
        round_trip(&[Transport::Ring, Transport::Stream]);
        round_trip(&[Chunk::Auto, Chunk::Fixed(1), Chunk::Fixed(MAX_TASKS)]);
        round_trip(&[Prefetch::Auto, Prefetch::Fixed(1), Prefetch::Fixed(MAX_PREFETCH)]);
        round_trip(&[QueueBound::Unbounded, QueueBound::AtMost(0), QueueBound::AtMost(u32::MAX)]);
        round_trip(&FaultKind::ALL.map(|kind| Fault { kind, task: 5 }));
        round_trip(&[
            Lengths::Fixed,
            Lengths::Uniform { spread: 0.1 + 0.2 },
            Lengths::Uniform { spread: 1e-12 },
            Lengths::Skewed { alpha: 1.5 },
            Lengths::Straggler { at: None, factor: 1.0 },
            Lengths::Straggler { at: Some(7), factor: 12.5 },
        ]);
    }

    #[test]
    fn names_and_variants_match() {
        assert_eq!(Kind::NAMES, Kind::ALL.map(Kind::name));
        assert_eq!(Backend::NAMES, Backend::ALL.map(Backend::name));
        assert_eq!(FaultKind::NAMES, FaultKind::ALL.map(FaultKind::name));
    }

    #[test]
    fn short_forms_of_lengths_mean_their_defaults() {
        for (text, canonical) in [
            ("fixed", "fixed"),
            ("uniform", "uniform:0.5"),
            ("uniform:0.3", "uniform:0.3"),
            ("skewed", "skewed:1.5"),
            ("skewed:2", "skewed:2"),
            ("straggler", "straggler:10"),
            ("straggler@7", "straggler@7:10"),
            ("straggler:20", "straggler:20"),
            ("straggler@7:20", "straggler@7:20"),
            ("straggler@1_000:1e2", "straggler@1000:100"),
        ] {
            assert_eq!(text.parse::<Lengths>().map(|lengths| lengths.to_string()), Ok(canonical.to_owned()));
        }
    }

    #[test]
    fn nonsense_is_refused_with_what_is_allowed() {
        for text in [
            "",
            "Fixed",
            "fixed:1",
            "fixed@1",
            "uniform:0",
            "uniform:1.1",
            "uniform:NaN",
            "uniform:",
            "uniform@1",
            "skewed:1",
            "skewed:inf",
            "skewed:11",
            "skewed:-2",
            "straggler@",
            "straggler@-1",
            "straggler:0.5",
            "straggler:1001",
            "straggler:20@7",
            "straggler@4294967296",
            " fixed",
        ] {
            assert_eq!(text.parse::<Lengths>(), Err(LENGTHS_ALLOWED.to_owned()), "{text}");
        }
        for text in
            ["", "0", "-1", "1.5", "AUTO", "10000001", "99999999999999999999", "1__0", "_1", "1_", "+1"]
        {
            assert!(text.parse::<Chunk>().is_err(), "{text}");
            assert!(text.parse::<Prefetch>().is_err(), "{text}");
        }
        for text in ["-1", "4294967296", "auto", "inf"] {
            assert!(text.parse::<QueueBound>().is_err(), "{text}");
        }
        for text in ["segfault", "segfault@", "@5", "segfault@-1", "boom@5", "segfault@5@6", "panic@10000000"]
        {
            let allowed = text.parse::<Fault>().expect_err(text);
            assert!(allowed.contains("segfault") && allowed.contains("KIND@TASK"), "{allowed}");
        }
    }

    #[test]
    fn a_slip_of_the_pen_gets_a_suggestion() {
        let allowed = "prims".parse::<Kind>().expect_err("unknown");
        assert!(allowed.ends_with("(did you mean primes?)"), "{allowed}");
        let allowed = "zzz".parse::<Kind>().expect_err("unknown");
        assert!(!allowed.contains("did you mean"), "{allowed}");
        assert_eq!(nearest(&"prime".repeat(1 << 18), ["primes"].into_iter()), None);
    }

    #[test]
    fn serde_names_the_field_and_the_value() {
        let error = serde_json::from_str::<Chunk>("\"x\"").expect_err("no chunk").to_string();
        assert!(error.starts_with("chunk: x is not allowed; allowed: auto, or 1 to"), "{error}");
    }
}
