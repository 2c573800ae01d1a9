//! Paths of files that are exported and opened: proposed by the window, or typed and pasted by people.

use std::{
    ffi::OsString,
    os::unix::ffi::OsStringExt as _,
    path::{Path, PathBuf},
};

use crate::{gui::action::ExportKind, spec::Spec};

/// `poolscope-processes-4-primes.csv`.
pub(super) fn file_name(spec: &Spec, kind: ExportKind) -> String {
    let part = match kind {
        ExportKind::TimelinePng => "-timeline".to_owned(),
        ExportKind::PlotsPng => "-plots".to_owned(),
        ExportKind::Table(table) => format!("-{}", table.name()),
        ExportKind::Svg(plot) => format!("-{}", plot.name()),
        _ => String::new(),
    };
    format!("poolscope-{}-{}-{}{part}.{}", spec.backend, spec.workers, spec.workload, kind.extension())
}

/// The whole path that somebody means who types or pastes this: `~/a`, `"/a b"`, `file:///a%20b`, `a`. What is there
/// just as it is written is meant in any case.
pub(crate) fn typed(path: &Path) -> PathBuf {
    let whole = |path: &Path| std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    if path.exists() {
        return whole(path);
    }
    let Some(text) = path.to_str() else { return whole(path) };
    let text = unquoted(text.trim());
    whole(&from_address(text).unwrap_or_else(|| from_home(Path::new(text))))
}

fn unquoted(text: &str) -> &str {
    let within = |mark: char| text.strip_prefix(mark)?.strip_suffix(mark);
    within('"').or_else(|| within('\'')).unwrap_or(text)
}

/// Of `file:///path`, `file://localhost/path` and `file:/path`; `None` for anything else.
fn from_address(text: &str) -> Option<PathBuf> {
    let rest = text.strip_prefix("file:")?;
    let path = match rest.strip_prefix("//") {
        Some(rest) => rest.strip_prefix("localhost").unwrap_or(rest),
        None => rest,
    };
    path.starts_with('/').then(|| PathBuf::from(OsString::from_vec(percent_decoded(path.as_bytes()))))
}

fn percent_decoded(text: &[u8]) -> Vec<u8> {
    let digit = |at: usize| text.get(at).and_then(|byte| char::from(*byte).to_digit(16));
    let mut bytes = Vec::with_capacity(text.len());
    let mut at = 0;
    while let Some(&byte) = text.get(at) {
        if let (b'%', Some(high), Some(low)) = (byte, digit(at + 1), digit(at + 2)) {
            bytes.push((high * 16 + low) as u8);
            at += 3;
        } else {
            bytes.push(byte);
            at += 1;
        }
    }
    bytes
}

/// `~/a` in the home directory, as people type it.
fn from_home(path: &Path) -> PathBuf {
    match (path.strip_prefix("~"), std::env::home_dir()) {
        (Ok(rest), Some(home)) => home.join(rest),
        _ => path.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{export::Table, spec::Draft};

    #[test]
    fn a_file_is_named_after_the_run_and_what_is_in_it() {
        let draft = Draft { backend: Some("threads".into()), workers: Some("3".into()), ..Draft::default() };
        let spec = draft.validate().unwrap();
        assert_eq!(file_name(&spec, ExportKind::Table(Table::Tasks)), "poolscope-threads-3-primes-tasks.csv");
        assert_eq!(file_name(&spec, ExportKind::PlotsPng), "poolscope-threads-3-primes-plots.png");
    }

    #[test]
    fn what_is_typed_or_pasted_becomes_a_whole_path() {
        let home = std::env::home_dir().unwrap();
        let here = std::env::current_dir().unwrap();
        for (text, expected) in [
            ("/x/a.csv", PathBuf::from("/x/a.csv")),
            ("  /x/a.csv ", "/x/a.csv".into()),
            ("a.json", here.join("a.json")),
            ("~/a.csv", home.join("a.csv")),
            ("/x/~", "/x/~".into()),
            ("\"/x/a b.csv\"", "/x/a b.csv".into()),
            ("'~/a.csv'", home.join("a.csv")),
            ("\"/x/a", here.join("\"/x/a")),
            ("file:///x/a%20b%C3%A4.csv", "/x/a bä.csv".into()),
            ("file://localhost/x", "/x".into()),
            ("file:/x/100%", "/x/100%".into()),
            ("'file:///x/a'", "/x/a".into()),
            ("file://elsewhere/x", here.join("file://elsewhere/x")),
        ] {
            assert_eq!(typed(Path::new(text)), expected, "{text}");
        }
    }

    #[test]
    fn what_is_there_is_meant_as_it_is_written() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("'a'");
        std::fs::write(&path, "").unwrap();
        assert_eq!(typed(&path), path);
    }
}
