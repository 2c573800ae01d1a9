//! What the desktop does for this program.

use std::{
    path::PathBuf,
    process::{Command, Stdio},
};

/// Opens what it is given with the program that a person has chosen for it.
#[cfg(target_os = "macos")]
const OPENER: &str = "open";
#[cfg(not(target_os = "macos"))]
const OPENER: &str = "xdg-open";

/// Has the desktop show a folder, once it is called: it waits for the desktop's answer.
pub fn show_folder(folder: PathBuf) -> impl FnOnce() -> Result<(), String> + Send {
    move || show_with(OPENER, &folder)
}

fn show_with(opener: &str, folder: &std::path::Path) -> Result<(), String> {
    let why = |why: String| format!("{} could not be shown: {why}", folder.display());
    if !folder.is_dir() {
        return Err(why("there is no such folder".to_owned()));
    }
    let mut command = Command::new(opener);
    command.arg(folder).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let status = command.status().map_err(|error| why(format!("{opener}: {error}")))?;
    if status.success() { Ok(()) } else { Err(why(format!("{opener} ended with {status}"))) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_desktop_says_is_told_with_the_folder() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(show_with("true", folder.path()), Ok(()));
        let why = show_with("false", folder.path()).unwrap_err();
        assert!(why.contains("false ended with") && why.contains(folder.path().to_str().unwrap()), "{why}");
        assert!(show_with("/no/such/program", folder.path()).unwrap_err().contains("No such file"));
        assert!(show_with("true", &folder.path().join("none")).unwrap_err().contains("no such folder"));
    }
}
