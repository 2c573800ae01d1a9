//! Whether somebody wants as little to move as possible.

use std::path::Path;

/// Set to `1`, or to `0` to overrule the desktop.
const VARIABLE: &str = "POOLSCOPE_REDUCED_MOTION";
/// Where desktops keep that wish, below the folder of settings: file, key, and what it says then.
const SETTINGS: [(&str, &str, &[&str]); 3] = [
    ("kdeglobals", "AnimationDurationFactor", &["0"]),
    ("gtk-4.0/settings.ini", "gtk-enable-animations", &["0", "false"]),
    ("gtk-3.0/settings.ini", "gtk-enable-animations", &["0", "false"]),
];

/// By the environment, else by the settings files of KDE and GTK.
pub(crate) fn is_reduced() -> bool {
    let folder = std::env::var_os("XDG_CONFIG_HOME")
        .filter(|folder| !folder.is_empty())
        .map(Into::into)
        .or_else(|| std::env::home_dir().map(|home| home.join(".config")));
    decide(std::env::var(VARIABLE).ok().as_deref(), |file| {
        std::fs::read_to_string(folder.as_deref()?.join(Path::new(file))).ok()
    })
}

fn decide(wish: Option<&str>, read: impl Fn(&str) -> Option<String>) -> bool {
    match wish.map(str::trim) {
        None | Some("") => {}
        Some(wish) => return wish != "0",
    }
    SETTINGS.iter().any(|(file, key, off)| {
        let text = read(file).unwrap_or_default();
        let mut pairs = text.lines().filter_map(|line| line.split_once('='));
        pairs.any(|(name, value)| name.trim() == *key && off.contains(&value.trim()))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decided(wish: Option<&str>, file: &str, text: &str) -> bool {
        decide(wish, |asked| (asked == file).then(|| text.to_owned()))
    }

    #[test]
    fn the_environment_overrules_the_desktop() {
        let kde = "[KDE]\nAnimationDurationFactor=0\n";
        assert!(decided(None, "kdeglobals", kde));
        assert!(decided(Some(""), "kdeglobals", kde));
        assert!(!decided(Some("0"), "kdeglobals", kde));
        assert!(decided(Some("1"), "kdeglobals", ""));
    }

    #[test]
    fn desktops_are_asked_for_their_setting_and_nothing_else() {
        for (file, text, reduced) in [
            ("kdeglobals", "AnimationDurationFactor=0.5", false),
            ("gtk-4.0/settings.ini", "[Settings]\ngtk-enable-animations = false", true),
            ("gtk-3.0/settings.ini", "gtk-enable-animations=0", true),
            ("gtk-3.0/settings.ini", "gtk-enable-animations=1", false),
            ("elsewhere", "gtk-enable-animations=0", false),
        ] {
            assert_eq!(decided(None, file, text), reduced, "{file}: {text}");
        }
    }
}
