//! The machine: what it is, and how much of it this process may use.

use std::{fs, path::Path};

use sysinfo::System;

use crate::event::Host;

/// Asks the system. Costs a few milliseconds; call it once a run.
pub fn host() -> Host {
    let cores = fs::read_to_string("/proc/stat")
        .map_or(0, |text| text.lines().filter(|line| is_core_line(line)).count());
    let affinity = rustix::thread::sched_getaffinity(None).map_or(0, |set| set.count());
    let cores = if cores == 0 { available_cores() } else { cores as u32 };
    let affinity = if affinity == 0 { cores } else { affinity };
    let cgroup_quota = cgroup_quota();
    let usable_cores = cgroup_quota.map_or(f64::from(affinity), |quota| quota.min(f64::from(affinity)));
    let (cpu, memory_bytes) = cpu_and_memory();
    Host {
        os: System::long_os_version().unwrap_or_else(|_unknown| std::env::consts::OS.to_owned()),
        kernel: System::kernel_version().unwrap_or_default(),
        cpu,
        cores,
        usable_cores,
        memory_bytes,
        affinity,
        cgroup_quota,
    }
}

fn is_core_line(line: &str) -> bool {
    line.strip_prefix("cpu").is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()))
}

fn available_cores() -> u32 {
    std::thread::available_parallelism().map_or(1, |n| n.get() as u32)
}

fn cpu_and_memory() -> (String, u64) {
    let Ok(mut system) = System::new() else {
        return (String::new(), 0);
    };
    system.refresh_memory();
    system.refresh_cpu_all();
    let brand = system.cpus().first().map_or_else(String::new, |cpu| cpu.brand().trim().to_owned());
    (brand, system.total_memory())
}

/// The tightest CPU quota of this process's cgroup and all above it, in cores. Both cgroup versions.
fn cgroup_quota() -> Option<f64> {
    let membership = fs::read_to_string("/proc/self/cgroup").ok()?;
    let root = Path::new("/sys/fs/cgroup");
    let mut tightest: Option<f64> = None;
    for line in membership.lines() {
        let mut parts = line.splitn(3, ':');
        let (Some(_), Some(controllers), Some(path)) = (parts.next(), parts.next(), parts.next()) else {
            continue;
        };
        let base = if controllers.is_empty() { root.to_owned() } else { root.join(controllers) };
        for folder in base.join(path.trim_start_matches('/')).ancestors() {
            if !folder.starts_with(root) {
                break;
            }
            let quota = if controllers.is_empty() {
                fs::read_to_string(folder.join("cpu.max")).ok().and_then(|text| parse_cpu_max(&text))
            } else if controllers.split(',').any(|name| name == "cpu") {
                let read = |name| fs::read_to_string(folder.join(name)).ok();
                read("cpu.cfs_quota_us").zip(read("cpu.cfs_period_us")).and_then(|(q, p)| parse_cfs(&q, &p))
            } else {
                None
            };
            tightest = match (tightest, quota) {
                (Some(a), Some(b)) => Some(a.min(b)),
                (a, b) => a.or(b),
            };
        }
    }
    tightest
}

/// `cpu.max` of cgroup 2: quota and period in µs, or `max`.
fn parse_cpu_max(text: &str) -> Option<f64> {
    let (quota, period) = text.trim().split_once(' ')?;
    parse_cfs(quota, period)
}

fn parse_cfs(quota: &str, period: &str) -> Option<f64> {
    let quota: f64 = quota.trim().parse().ok()?;
    let period: f64 = period.trim().parse().ok()?;
    (quota > 0.0 && period > 0.0).then_some(quota / period)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotas_of_both_cgroup_versions_are_cores() {
        assert_eq!(parse_cpu_max("150000 100000\n"), Some(1.5));
        assert_eq!(parse_cpu_max("max 100000\n"), None);
        assert_eq!(parse_cfs("-1", "100000"), None);
        assert_eq!(parse_cfs("200000\n", "100000\n"), Some(2.0));
    }

    #[test]
    fn this_machine_has_cores_and_they_are_usable() {
        let host = host();
        assert!(host.cores >= 1 && host.usable_cores > 0.0 && host.affinity >= 1);
        assert!(host.usable_cores <= f64::from(host.affinity));
    }
}
