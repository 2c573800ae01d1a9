//! What `poolscope doctor` tells beyond the host: how the machine is tuned, and what this user may do on it.

use std::{
    fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use serde::Serialize;

use super::{cost::level_cost_ns, witness::Witness};
use crate::spec::Telemetry;

/// An interpreter that has not told its version by then is listed without one.
const VERSION_LIMIT: Duration = Duration::from_secs(2);

/// How the machine is tuned, and what is allowed on it. `None` is "the system does not say".
#[derive(Clone, Debug, Serialize)]
pub struct Machine {
    /// Whether two hardware threads share a core.
    pub smt: Option<bool>,
    /// The frequency governor of the first core.
    pub governor: Option<String>,
    pub rights: Rights,
    pub pythons: Vec<Python>,
    /// How a worker is told that it was switched out.
    pub switch_witness: Witness,
    pub telemetry_cost: Vec<TelemetryCost>,
}

#[derive(Clone, Debug, Serialize)]
pub struct Rights {
    /// Most processes of this user; `None` is no limit.
    pub max_processes: Option<u64>,
    /// Most open files of one process; `None` is no limit.
    pub max_open_files: Option<u64>,
    /// Whether time spent waiting for a core can be read.
    pub schedstat: bool,
    /// Whether a worker's share of memory can be read.
    pub memory_share: bool,
}

#[derive(Clone, Debug, Serialize)]
pub struct Python {
    pub path: PathBuf,
    pub version: Option<String>,
}

/// What measuring one task costs at one level, in nanoseconds.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct TelemetryCost {
    pub level: Telemetry,
    pub median_ns: u64,
}

/// Looks at the machine. Takes a fraction of a second, most of it for asking interpreters their version.
pub fn machine() -> Machine {
    let read = |path: &str| fs::read_to_string(path).ok().map(|text| text.trim().to_owned());
    let witness = Witness::find();
    let limit = |resource| rustix::process::getrlimit(resource).current;
    Machine {
        smt: read("/sys/devices/system/cpu/smt/active").map(|text| text == "1"),
        governor: read("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor"),
        rights: Rights {
            max_processes: limit(rustix::process::Resource::Nproc),
            max_open_files: limit(rustix::process::Resource::Nofile),
            schedstat: read("/proc/thread-self/schedstat").is_some(),
            memory_share: read("/proc/self/smaps_rollup").is_some(),
        },
        pythons: pythons(std::env::var_os("PATH").unwrap_or_default().as_ref()),
        switch_witness: witness,
        telemetry_cost: [Telemetry::Off, Telemetry::Basic, Telemetry::Full]
            .map(|level| TelemetryCost { level, median_ns: level_cost_ns(level, witness) })
            .into(),
    }
}

/// `python3` and `python3.N` in the folders of a search path, each file once.
fn pythons(path: &std::ffi::OsStr) -> Vec<Python> {
    let mut found: Vec<(PathBuf, PathBuf)> = Vec::new();
    for folder in std::env::split_paths(path) {
        let Ok(entries) = fs::read_dir(&folder) else { continue };
        let mut names: Vec<PathBuf> =
            entries.flatten().map(|entry| entry.path()).filter(|path| is_python(path)).collect();
        names.sort();
        for path in names {
            let real = fs::canonicalize(&path).unwrap_or_else(|_| path.clone());
            if !found.iter().any(|(_, known)| *known == real) {
                found.push((path, real));
            }
        }
    }
    found.into_iter().map(|(path, _)| Python { version: version_of(&path), path }).collect()
}

fn is_python(path: &Path) -> bool {
    let Some(minor) = path.file_name().and_then(|name| name.to_str()?.strip_prefix("python3")) else {
        return false;
    };
    let is_name = minor.is_empty()
        || minor
            .strip_prefix('.')
            .is_some_and(|digits| !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit()));
    is_name && fs::metadata(path).is_ok_and(|meta| meta.is_file() && meta.permissions().mode() & 0o111 != 0)
}

fn version_of(python: &Path) -> Option<String> {
    let mut child = Command::new(python)
        .arg("--version")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .ok()?;
    let deadline = Instant::now() + VERSION_LIMIT;
    while child.try_wait().ok()?.is_none() {
        if Instant::now() >= deadline {
            let _already_gone = child.kill();
            let _reaped = child.wait();
            return None;
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    let output = child.wait_with_output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    Some(text.trim().strip_prefix("Python ")?.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_interpreters_are_taken_for_python() {
        let folder = tempfile::tempdir().unwrap();
        for (name, mode) in [
            ("python3", 0o755),
            ("python3.11", 0o755),
            ("python3-config", 0o755),
            ("python3.x", 0o755),
            ("python3.9", 0o644),
        ] {
            let path = folder.path().join(name);
            fs::write(&path, "#!/bin/sh\necho Python 3.99.1\n").unwrap();
            fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
        }
        let found = pythons(folder.path().as_os_str());
        let names: Vec<_> = found.iter().filter_map(|python| python.path.file_name()?.to_str()).collect();
        assert_eq!(names, ["python3", "python3.11"]);
        assert_eq!(found[0].version.as_deref(), Some("3.99.1"));
    }
}
