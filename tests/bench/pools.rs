//! What a pool costs: this program's, beside rayon and Python's own pools.
//!
//! A black box: it runs the built `poolscope` and reads the JSON object that `run --json` prints. In each round every
//! side runs once, so that a machine that slows down slows all of them, and ratios are taken within rounds. What a build
//! or a machine does not offer is "not supported", and no error.
//!
//! ```text
//! cargo bench --bench pools                       everything
//! cargo bench --bench pools -- dispatch ready     some sections
//! ```

mod bench;
mod child;
mod load;
mod machine;
mod native;
mod program;
mod python;
mod report;
mod rounds;
mod sections;

use std::{
    io::{self, Write},
    path::PathBuf,
    process::ExitCode,
    time::Instant,
};

use clap::{Parser, ValueEnum};
use serde_json::json;

use crate::{bench::Bench, load::Usage, machine::Machine, sections::Section};

/// As few as give a median that one disturbed round cannot move.
const DEFAULT_ROUNDS: u16 = 5;

/// Benchmarks of the pools of this program, of rayon and of Python.
#[derive(Debug, Parser)]
#[command(name = "pools")]
struct Args {
    /// Sections to run [default: all]
    sections: Vec<Section>,
    /// How often each side is measured [default: 5, with --quick 1]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    rounds: Option<u16>,
    /// Only see that everything works: one round, a tenth of the work, no figures worth keeping
    #[arg(long)]
    quick: bool,
    /// The Python to run beside
    #[arg(long, value_name = "PATH", default_value = "python3")]
    python: PathBuf,
    /// Write every measured value of every round to this file
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// Given by `cargo bench`, and by nothing else
    #[arg(long, hide = true)]
    bench: bool,
}

fn main() -> io::Result<ExitCode> {
    let args = Args::parse();
    if !args.bench {
        // `cargo test --benches` comes here, with a debug build, whose figures would mean nothing.
        say("run it as `cargo bench --bench pools`")?;
        return Ok(ExitCode::SUCCESS);
    }
    let rounds = args.rounds.unwrap_or(if args.quick { 1 } else { DEFAULT_ROUNDS });
    let bench = Bench::new(&args.python, args.quick);
    let machine = Machine::look();
    say(&machine.markdown(rounds, &bench))?;
    let wanted = if args.sections.is_empty() { Section::value_variants().to_vec() } else { args.sections };
    let mut written = Vec::new();
    let mut all_well = true;
    for section in wanted {
        let (began, before) = (Instant::now(), Usage::now());
        let plan = section.plan(&bench);
        let results = rounds::interleave(&plan.name, plan.sides, rounds);
        // Printed section by section, so that what was measured is not lost with what comes after.
        let others_share = before.zip(Usage::now()).and_then(|(before, after)| after.others_since(before));
        say(&report::markdown(&plan.report, &results, others_share))?;
        eprintln!("{}: {:.0} s", plan.name, began.elapsed().as_secs_f64());
        all_well &= results.iter().all(|side| !side.has_failed());
        written.push(report::json(&plan.name, &plan.report, &results, others_share));
    }
    if let Some(path) = args.json {
        let whole = json!({ "machine": machine.json(&bench), "rounds": rounds, "sections": written });
        std::fs::write(&path, format!("{whole:#}\n"))
            .map_err(|error| io::Error::new(error.kind(), format!("{}: {error}", path.display())))?;
    }
    Ok(if all_well { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn say(text: &str) -> io::Result<()> {
    let mut out = io::stdout().lock();
    writeln!(out, "{text}")?;
    out.flush()
}
