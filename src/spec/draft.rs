//! A draft: what somebody wrote, word for word, before it is known to make sense.
//!
//! Flags, files, presets and the window's form all fill the same texts; [`Draft::validate`] judges them.

use super::{Fault, Kind, Spec};

/// Flags' names, in the order of the fields.
pub(super) const FIELDS: [&str; 16] = [
    "backend",
    "workers",
    "workload",
    "lesson",
    "tasks",
    "size",
    "lengths",
    "chunk",
    "queue",
    "prefetch",
    "timeout",
    "retries",
    "seed",
    "fault",
    "telemetry",
    "transport",
];
/// Before the name of a workload's parameter.
const PARAM: &str = "param.";

/// Everything that may be said of a run, as text; `None` means the default.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Draft {
    pub backend: Option<String>,
    pub workers: Option<String>,
    pub workload: Option<String>,
    /// `NAME` or `NAME/VARIANT`: what the workload `lesson` runs, or what a run of another workload is part of. No flag
    /// says it, a file may.
    pub lesson: Option<String>,
    pub tasks: Option<String>,
    pub size: Option<String>,
    /// Name and value.
    pub params: Vec<(String, String)>,
    pub lengths: Option<String>,
    pub chunk: Option<String>,
    pub queue: Option<String>,
    pub prefetch: Option<String>,
    pub timeout: Option<String>,
    pub retries: Option<String>,
    pub seed: Option<String>,
    /// `KIND@INDEX`, several with commas between; or `none`.
    pub fault: Option<String>,
    pub telemetry: Option<String>,
    pub transport: Option<String>,
}

impl Draft {
    /// This draft with everything that `stronger` says put over it.
    #[must_use]
    pub fn overlay(self, stronger: Self) -> Self {
        let mut params = self.params;
        params.retain(|(name, _)| !stronger.params.iter().any(|(other, _)| other == name));
        params.extend(stronger.params);
        Self {
            backend: stronger.backend.or(self.backend),
            workers: stronger.workers.or(self.workers),
            workload: stronger.workload.or(self.workload),
            lesson: stronger.lesson.or(self.lesson),
            tasks: stronger.tasks.or(self.tasks),
            size: stronger.size.or(self.size),
            params,
            lengths: stronger.lengths.or(self.lengths),
            chunk: stronger.chunk.or(self.chunk),
            queue: stronger.queue.or(self.queue),
            prefetch: stronger.prefetch.or(self.prefetch),
            timeout: stronger.timeout.or(self.timeout),
            retries: stronger.retries.or(self.retries),
            seed: stronger.seed.or(self.seed),
            fault: stronger.fault.or(self.fault),
            telemetry: stronger.telemetry.or(self.telemetry),
            transport: stronger.transport.or(self.transport),
        }
    }

    /// The field of a flag's name. `param`, which may be given many times, is none.
    pub fn field_mut(&mut self, name: &str) -> Option<&mut Option<String>> {
        Some(match name {
            "backend" => &mut self.backend,
            "workers" => &mut self.workers,
            "workload" => &mut self.workload,
            "lesson" => &mut self.lesson,
            "tasks" => &mut self.tasks,
            "size" => &mut self.size,
            "lengths" => &mut self.lengths,
            "chunk" => &mut self.chunk,
            "queue" => &mut self.queue,
            "prefetch" => &mut self.prefetch,
            "timeout" => &mut self.timeout,
            "retries" => &mut self.retries,
            "seed" => &mut self.seed,
            "fault" => &mut self.fault,
            "telemetry" => &mut self.telemetry,
            "transport" => &mut self.transport,
            _ => return None,
        })
    }

    /// What is said, by flags' names; a workload's parameters as `param.NAME`.
    pub fn fields(&self) -> Vec<(String, String)> {
        let own = FIELDS.iter().filter_map(|name| {
            let value = self.clone().field_mut(name)?.take()?;
            Some(((*name).to_owned(), value))
        });
        let params = self.params.iter().map(|(name, value)| (format!("{PARAM}{name}"), value.clone()));
        own.chain(params).collect()
    }

    /// The opposite of [`Self::fields`]; gives the name of a field that there is not.
    pub fn from_fields(fields: impl IntoIterator<Item = (String, String)>) -> Result<Self, String> {
        let mut draft = Self::default();
        for (name, value) in fields {
            if let Some(param) = name.strip_prefix(PARAM) {
                draft.params.push((param.to_owned(), value));
            } else {
                match draft.field_mut(&name) {
                    Some(field) => *field = Some(value),
                    None => return Err(name),
                }
            }
        }
        Ok(draft)
    }

    /// A spec in words again; validating them gives the same spec.
    pub fn from_spec(spec: &Spec) -> Self {
        let faults: Vec<String> = spec.faults.iter().map(Fault::to_string).collect();
        let fault = match (faults.is_empty(), spec.workload) {
            (false, _) => Some(faults.join(",")),
            // This workload has a fault unless told otherwise.
            (true, Kind::Fault) => Some("none".to_owned()),
            (true, _) => None,
        };
        Self {
            backend: Some(spec.backend.to_string()),
            workers: Some(spec.workers.to_string()),
            workload: Some(spec.workload.to_string()),
            lesson: spec.lesson.as_ref().map(ToString::to_string),
            tasks: Some(spec.tasks.to_string()),
            size: Some(spec.size.to_string()),
            params: spec.params.iter().map(|param| (param.name.clone(), param.value.to_string())).collect(),
            lengths: Some(spec.lengths.to_string()),
            chunk: Some(spec.chunk.to_string()),
            queue: Some(spec.queue.to_string()),
            prefetch: Some(spec.prefetch.to_string()),
            timeout: Some(spec.timeout.map_or_else(|| "none".to_owned(), |secs| secs.to_string())),
            retries: Some(spec.retries.to_string()),
            seed: Some(spec.seed.to_string()),
            fault,
            telemetry: Some(spec.telemetry.to_string()),
            transport: Some(spec.transport.to_string()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spec::{PRESETS, parse_toml};

    fn toml(text: &str) -> Draft {
        parse_toml(text).expect("a spec file")
    }

    #[test]
    fn a_spec_in_words_is_the_same_spec() {
        let mut drafts: Vec<Draft> = Kind::ALL.map(|kind| toml(&format!("workload = '{kind}'"))).into();
        drafts.extend(PRESETS.iter().map(crate::spec::Preset::draft));
        drafts.push(toml("workload = 'fault'\nfault = 'none'"));
        drafts.push(toml(
            "backend = 'serial'\nworkers = 3\nworkload = 'mixed'\ntasks = 1_000\nsize = 1\nlengths = 'straggler@7:2.5'
             chunk = 7\nqueue = 100\nprefetch = 3\ntimeout = 0.1\nretries = 2\nseed = '18446744073709551615'
             fault = ['leak@9', 'hang@3']\ntelemetry = 'full'\ntransport = 'stream'\nparam.wait = 0.3",
        ));
        for draft in drafts {
            let spec = draft.validate().expect("valid");
            assert_eq!(Draft::from_spec(&spec).validate().as_ref(), Ok(&spec));
        }
    }

    #[test]
    fn the_stronger_draft_wins_where_it_speaks() {
        let weak = toml("workers = 2\ntasks = 5\n[param]\nx = 1\ny = 1");
        let strong = toml("workers = 4\nseed = 9\n[param]\ny = 2\nspan = 2");
        let expected = toml("workers = 4\ntasks = 5\nseed = 9\n[param]\nspan = 2\nx = 1\ny = 2");
        let mut both = weak.clone().overlay(strong);
        both.params.sort();
        assert_eq!(both, expected);
        assert_eq!(weak.clone().overlay(Draft::default()), weak);
        assert_eq!(Draft::default().overlay(weak.clone()), weak);
    }

    #[test]
    fn overlay_takes_every_field() {
        let mut full = Draft::from_spec(&toml("fault = 'panic@1'").validate().expect("valid"));
        full.params.push(("x".to_owned(), "1".to_owned()));
        assert_eq!(Draft::default().overlay(full.clone()), full);
        assert_eq!(full.clone().overlay(Draft::default()), full);
    }
}
