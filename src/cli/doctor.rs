//! `poolscope doctor`: what this machine offers a pool.

use std::io::{self, Write};

use serde::Serialize;

use super::{CliError, EXIT_OK, args::DoctorArgs};
use crate::{
    engine::sampler::{Machine, Witness, host, machine},
    event::Host,
    units,
};

#[derive(Serialize)]
struct Findings {
    version: &'static str,
    host: Host,
    #[serde(flatten)]
    machine: Machine,
    /// Where a window could open; `None` without a display.
    display: Option<String>,
}

pub(super) fn doctor(args: &DoctorArgs) -> Result<u8, CliError> {
    let findings =
        Findings { version: env!("CARGO_PKG_VERSION"), host: host(), machine: machine(), display: display() };
    let mut out = io::stdout().lock();
    if args.json {
        serde_json::to_writer_pretty(&mut out, &findings).map_err(io::Error::from)?;
        writeln!(out)?;
    } else {
        for (name, text) in lines(&findings) {
            writeln!(out, "{name:<16} {text}")?;
        }
    }
    out.flush()?;
    Ok(EXIT_OK)
}

fn display() -> Option<String> {
    ["WAYLAND_DISPLAY", "DISPLAY"].into_iter().find_map(|name| {
        let value = std::env::var(name).ok().filter(|value| !value.is_empty())?;
        Some(format!("{name}={value}"))
    })
}

fn lines(findings: &Findings) -> Vec<(&'static str, String)> {
    let Findings { host, machine, .. } = findings;
    let unknown = || "not told by this system".to_owned();
    let limit = |limit: Option<u64>| limit.map_or_else(|| "no limit".to_owned(), units::count);
    let readable = |yes| if yes { "readable" } else { "not readable" };
    let mut lines = vec![
        ("version", findings.version.to_owned()),
        ("system", format!("{}, kernel {}", host.os, host.kernel)),
        ("processor", host.cpu.clone()),
        ("memory", units::bytes(host.memory_bytes)),
        ("cores", format!("{} online, {} in the affinity mask", host.cores, host.affinity)),
        (
            "cgroup quota",
            host.cgroup_quota.map_or_else(|| "none".to_owned(), |quota| format!("{quota:.2} cores")),
        ),
        ("usable cores", format!("{:.2}", host.usable_cores)),
        ("SMT", machine.smt.map_or_else(unknown, |on| if on { "on" } else { "off" }.to_owned())),
        ("governor", machine.governor.clone().unwrap_or_else(unknown)),
        (
            "limits",
            format!(
                "{} processes, {} open files",
                limit(machine.rights.max_processes),
                limit(machine.rights.max_open_files)
            ),
        ),
        (
            "rights",
            format!(
                "scheduler statistics {}, memory shares {}",
                readable(machine.rights.schedstat),
                readable(machine.rights.memory_share)
            ),
        ),
        (
            "display",
            findings
                .display
                .clone()
                .unwrap_or_else(|| "none: the window does not open here, all other commands work".to_owned()),
        ),
    ];
    let witness = match machine.switch_witness {
        Witness::Rseq => "restartable sequences",
        Witness::Counts => "the thread's count of switches",
        Witness::None => "nothing: every clock is read at every task",
    };
    lines.push(("switches seen by", witness.to_owned()));
    for cost in &machine.telemetry_cost {
        let level = match cost.level {
            crate::spec::Telemetry::Off => "telemetry off",
            crate::spec::Telemetry::Basic => "telemetry basic",
            _ => "telemetry full",
        };
        lines.push((level, format!("{} a task", units::duration(cost.median_ns))));
    }
    if machine.pythons.is_empty() {
        lines.push(("python", "none found in PATH".to_owned()));
    }
    for python in &machine.pythons {
        let version = python.version.as_deref().unwrap_or("does not run");
        lines.push(("python", format!("{version}  {}", python.path.display())));
    }
    lines
}
