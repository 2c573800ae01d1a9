//! Specs from flags and files.

use std::{
    fs::File,
    io::{self, Read},
    path::Path,
};

use super::{CliError, args::SpecArgs};
use crate::spec::{Draft, Kind, Spec, SpecError, Variant, read_toml};

/// Spec files beyond this are not read.
const LIMIT: u64 = 1 << 20;

/// The spec of file and flags together, or all that is wrong with either.
pub(super) fn spec_of(args: &SpecArgs) -> Result<Spec, CliError> {
    checked(args, Draft::validate)
}

/// The same where fields may have several values; `complete` sees the draft before it is judged.
pub(super) fn variants_of(
    args: &SpecArgs,
    complete: impl Fn(Draft) -> Draft,
) -> Result<Vec<Variant>, CliError> {
    checked(args, |draft| complete(draft.clone()).variants())
}

fn checked<T>(args: &SpecArgs, check: impl Fn(&Draft) -> Result<T, Vec<SpecError>>) -> Result<T, CliError> {
    let flags = args.draft();
    let (mut draft, mut errors) = match &args.file {
        Some(path) => {
            let (file, errors) = read_spec(path)?;
            (file.overlay(flags), errors)
        }
        None => (flags, Vec::new()),
    };
    if draft.workload.as_deref() == Some(Kind::Lesson.name()) {
        // No pool runs one: whoever asks for it is told of the command that does, whatever else the file says.
        draft.lesson = None;
    }
    match check(&draft) {
        Ok(spec) if errors.is_empty() => Ok(spec),
        Ok(_) => Err(CliError::Spec(errors)),
        Err(found) => {
            errors.extend(found);
            Err(CliError::Spec(errors))
        }
    }
}

fn read_spec(path: &Path) -> Result<(Draft, Vec<SpecError>), CliError> {
    Ok(read_toml(&read_bounded("spec", path, LIMIT)?))
}

/// The text of a file, unless it is longer than that.
pub(super) fn read_bounded(what: &'static str, path: &Path, limit: u64) -> Result<String, CliError> {
    let fail = |source| CliError::InputFile { what, path: path.to_owned(), source };
    let mut text = String::new();
    let file = File::open(path).map_err(fail)?;
    // Bounded while reading: a device or a pipe has no length to ask for.
    let length = file.take(limit + 1).read_to_string(&mut text).map_err(fail)?;
    if length as u64 > limit {
        return Err(fail(io::Error::other(format!("it is too long: at most {limit} bytes are read"))));
    }
    Ok(text)
}
