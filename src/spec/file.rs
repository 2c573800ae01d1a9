//! A spec as a TOML file: flat keys with the names of the flags, and a table `[param]`.
//!
//! Reading gives a [`Draft`], so that a file is held to the same rules as the command line; only what is particular to
//! the format is judged here: syntax, unknown keys, values that are no text or number.

use toml::{Table, Value};

use super::{Draft, SpecError, draft, quoted, text::nearest};

/// A spec needs a few hundred bytes.
const MAX_FILE_BYTES: usize = 1024 * 1024;
/// Errors told of one file.
const MAX_ERRORS: usize = 50;

const FIELD: &str = "spec file";
const SCALAR: &str = "a text or a number";

/// The table of a workload's parameters.
const PARAM: &str = "param";

/// All keys of a file.
fn keys() -> impl Iterator<Item = &'static str> {
    draft::FIELDS.into_iter().chain([PARAM])
}

/// Reads a spec file.
///
/// # Errors
/// Everything that is wrong with the file itself. Whether its values make sense is for [`Draft::validate`] to say.
pub fn parse_toml(text: &str) -> Result<Draft, Vec<SpecError>> {
    let (draft, errors) = read_toml(text);
    if errors.is_empty() { Ok(draft) } else { Err(errors) }
}

/// Reads what can be read of a spec file, with everything that is wrong with the rest, so that the values which were
/// read can be judged in the same breath.
pub fn read_toml(text: &str) -> (Draft, Vec<SpecError>) {
    let mut draft = Draft::default();
    if text.len() > MAX_FILE_BYTES {
        let size = crate::units::bytes(text.len() as u64);
        return (draft, vec![SpecError::new(FIELD, &size, "up to 1 MiB of TOML")]);
    }
    let table: Table = match text.parse() {
        Ok(table) => table,
        Err(error) => return (draft, vec![syntax_error(text, &error)]),
    };
    let mut errors = Vec::new();
    for (key, value) in &table {
        if let Err(mut found) = take(&mut draft, key, value) {
            errors.append(&mut found);
        }
    }
    if errors.len() > MAX_ERRORS {
        let more = errors.len() - MAX_ERRORS;
        errors.truncate(MAX_ERRORS);
        errors.push(SpecError::about(FIELD, format!("{more} more errors like these")));
    }
    (draft, errors)
}

fn take(draft: &mut Draft, key: &str, value: &Value) -> Result<(), Vec<SpecError>> {
    match key {
        "param" => draft.params = params(value)?,
        "fault" => draft.fault = Some(faults(value)?),
        _ => {
            let field = draft.field_mut(key).ok_or_else(|| vec![unknown_key(key)])?;
            *field = Some(scalar(value).ok_or_else(|| vec![wrong_type(key, value, SCALAR)])?);
        }
    }
    Ok(())
}

/// The text that the same value would have on the command line.
fn scalar(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Integer(number) => Some(number.to_string()),
        Value::Float(number) => Some(number.to_string()),
        Value::Boolean(_) | Value::Datetime(_) | Value::Array(_) | Value::Table(_) => None,
    }
}

fn params(value: &Value) -> Result<Vec<(String, String)>, Vec<SpecError>> {
    let table =
        value.as_table().ok_or_else(|| vec![wrong_type("param", value, "a table of NAME = VALUE")])?;
    let mut params = Vec::new();
    let mut errors = Vec::new();
    for (name, value) in table {
        match scalar(value) {
            Some(text) => params.push((name.clone(), text)),
            None => errors.push(wrong_type(&format!("param {}", quoted(name)), value, "a number")),
        }
    }
    if errors.is_empty() { Ok(params) } else { Err(errors) }
}

fn faults(value: &Value) -> Result<String, Vec<SpecError>> {
    const ALLOWED: &str = "KIND@TASK, or an array of such texts";
    let refused = || vec![wrong_type("fault", value, ALLOWED)];
    match value {
        Value::String(text) => Ok(text.clone()),
        // As on the command line, where an empty list cannot be written and is spelled out.
        Value::Array(parts) if parts.is_empty() => Ok("none".to_owned()),
        Value::Array(parts) => {
            let texts: Option<Vec<&str>> = parts.iter().map(Value::as_str).collect();
            texts.map(|texts| texts.join(",")).ok_or_else(refused)
        }
        _ => Err(refused()),
    }
}

fn wrong_type(field: &str, value: &Value, allowed: &str) -> SpecError {
    let found = match value {
        Value::String(_) => "a text",
        Value::Integer(_) | Value::Float(_) => "a number",
        Value::Boolean(_) => "a boolean",
        Value::Datetime(_) => "a date or time",
        Value::Array(_) => "an array",
        Value::Table(_) => "a table",
    };
    SpecError { field: field.to_owned(), value: found.to_owned(), allowed: allowed.to_owned() }
}

fn unknown_key(key: &str) -> SpecError {
    let guess = nearest(key, keys()).map_or_else(String::new, |name| format!("did you mean {name}? "));
    SpecError::about(
        quoted(key),
        format!("no key of a spec; {guess}known: {}", keys().collect::<Vec<_>>().join(", ")),
    )
}

fn syntax_error(text: &str, error: &toml::de::Error) -> SpecError {
    let at = error.span().map_or(0, |span| span.start);
    let before = text.get(..at).unwrap_or(text);
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().map_or(0, |line| line.chars().count()) + 1;
    SpecError::about(FIELD, format!("line {line}, column {column}: {}", short_line(error.message())))
}

/// The first line of a message, without what it may quote from the file at length.
fn short_line(message: &str) -> String {
    const LONGEST: usize = 200;
    let line = message.lines().next().unwrap_or_default();
    let mut short: String = line.chars().filter(|c| !c.is_control()).take(LONGEST).collect();
    if line.chars().count() > LONGEST {
        short.push('…');
    }
    short
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(text: &str) -> Vec<String> {
        parse_toml(text).expect_err("refused").iter().map(SpecError::to_string).collect()
    }

    #[test]
    fn a_whole_file_becomes_a_draft() {
        let draft = parse_toml(
            "# an experiment\nbackend = 'threads'\nworkers = 4\nworkload = 'mixed'\ntimeout = 2.5\nchunk = 'auto'\n\
             fault = ['panic@1', 'hang@2']\n[param]\nwait = 0.25\n",
        )
        .expect("valid");
        let text = |text: &str| Some(text.to_owned());
        let expected = Draft {
            backend: text("threads"),
            workers: text("4"),
            workload: text("mixed"),
            timeout: text("2.5"),
            chunk: text("auto"),
            fault: text("panic@1,hang@2"),
            params: vec![("wait".to_owned(), "0.25".to_owned())],
            ..Draft::default()
        };
        assert_eq!(draft, expected);
        assert_eq!(parse_toml(""), Ok(Draft::default()));
        assert_eq!(parse_toml("fault = []").map(|draft| draft.fault), Ok(text("none")));
    }

    #[test]
    fn every_key_but_param_is_a_field_of_the_draft() {
        let mut draft = Draft::default();
        for key in keys() {
            assert_eq!(draft.field_mut(key).is_none(), key == "param", "{key}");
        }
    }

    #[test]
    fn every_unknown_key_and_wrong_type_is_told() {
        assert_eq!(
            lines(
                "wrokers = 4\nzzz = 1\ntasks = true\nsize = [1]\nfault = [1]\nseed = 1979-05-27\n[param]\nx = false\n[queue]"
            ),
            [
                "fault: an array is not allowed; allowed: KIND@TASK, or an array of such texts".to_owned(),
                "param x: a boolean is not allowed; allowed: a number".to_owned(),
                "queue: a table is not allowed; allowed: a text or a number".to_owned(),
                "seed: a date or time is not allowed; allowed: a text or a number".to_owned(),
                "size: an array is not allowed; allowed: a text or a number".to_owned(),
                "tasks: a boolean is not allowed; allowed: a text or a number".to_owned(),
                format!(
                    "wrokers: no key of a spec; did you mean workers? known: {}",
                    keys().collect::<Vec<_>>().join(", ")
                ),
                format!("zzz: no key of a spec; known: {}", keys().collect::<Vec<_>>().join(", ")),
            ]
        );
        assert_eq!(lines("param = 5"), ["param: a number is not allowed; allowed: a table of NAME = VALUE"]);
    }

    #[test]
    fn not_a_number_is_left_to_validation() {
        let draft = parse_toml("timeout = nan").expect("TOML has a nan");
        let errors = draft.validate().expect_err("no timeout");
        assert_eq!((errors.len(), errors[0].field.as_str(), errors[0].value.as_str()), (1, "timeout", "NaN"));
    }

    #[test]
    fn broken_syntax_is_one_error_with_its_place() {
        let lines = lines("workers = 4\ntasks = = 5\n");
        assert_eq!(lines.len(), 1);
        assert!(lines[0].starts_with("spec file: line 2, column 9: "), "{}", lines[0]);
    }

    #[test]
    fn hostile_files_get_short_errors() {
        let over = "#".repeat(MAX_FILE_BYTES + 1);
        assert_eq!(lines(&over), ["spec file: \"1.05 MB\" is not allowed; allowed: up to 1 MiB of TOML"]);
        let room = MAX_FILE_BYTES - 10;
        for text in [
            format!("{} = 1", "k".repeat(room)),
            format!("'{}' = 1", "\u{1b}".repeat(room)),
            "x".repeat(room),
            format!("x = {}", "[".repeat(room)),
            format!("workers = '{}", "9".repeat(room)),
            format!("workers = {}", "9".repeat(room)),
        ] {
            let lines = lines(&text);
            assert_eq!(lines.len(), 1);
            assert!(lines[0].len() < 1000 && !lines[0].contains('\u{1b}'), "{}", lines[0]);
        }
        let many = (0..10_000).map(|n| format!("k{n} = 1")).collect::<Vec<_>>().join("\n");
        let lines = lines(&many);
        assert_eq!(lines.len(), MAX_ERRORS + 1);
        assert_eq!(lines[MAX_ERRORS], "spec file: 9950 more errors like these");
    }
}
