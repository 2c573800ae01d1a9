//! How a log would look in a pattern.

use crate::{
    analysis::Observer,
    export::{Format, LogPattern},
    record::Label,
    store::RunStore,
};

/// The first line of the log in this pattern, or what is wrong with it.
pub(super) fn preview(pattern: &str, store: Option<&RunStore>) -> Result<String, String> {
    let pattern = LogPattern::parse(pattern)?;
    let Some(store) = store.filter(|store| !store.log.is_empty()) else {
        return Ok("(the log is empty)".to_owned());
    };
    let mut sample = store.clone();
    sample.log = store.log.iter().take(1).cloned().collect();
    let mut line = Vec::new();
    let written = Format::Log(pattern).write(&sample, Observer::default(), &Label::default(), &mut line);
    written.map_err(|error| error.to_string())?;
    Ok(String::from_utf8_lossy(&line).trim_end().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        event::Level,
        store::{Chunked, LogLine},
    };

    #[test]
    fn the_preview_is_the_first_line_or_says_what_is_wrong() {
        let line = |text: &str| LogLine { t_ns: 0, worker: None, level: Level::Info, text: text.into() };
        let log: Chunked<LogLine> = [line("first"), line("second")].into_iter().collect();
        let mut store = RunStore::default();
        store.log = log;
        assert_eq!(preview("%(levelname)s-%(message)s", Some(&store)).as_deref(), Ok("INFO-first"));
        assert!(preview("%(nonsense)s", Some(&store)).is_err());
        assert_eq!(preview("%(message)s", None).as_deref(), Ok("(the log is empty)"));
    }
}
