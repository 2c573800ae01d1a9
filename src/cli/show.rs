//! `poolscope show`: what a file of a run or an experiment holds.

use std::{
    io::{self, Write},
    time::Instant,
};

use super::{CliError, EXIT_OK, Kept, args::ShowArgs, compare, kept, run::print_run};
use crate::{analysis::Observer, experiment, record, time::process_cpu_ns};

pub(super) fn show(args: &ShowArgs) -> Result<u8, CliError> {
    let began = Instant::now();
    let path = match kept(&args.file) {
        Kept::Run(path) => path,
        Kept::Experiment(path) => {
            let experiment = experiment::read(&path)?;
            compare::print(&experiment, &experiment.report(), args.json)?;
            return Ok(EXIT_OK);
        }
    };
    let file = record::read(&path)?;
    if let Some(gap) = &file.gap {
        writeln!(io::stderr(), "poolscope: {} is incomplete: {gap}", args.file.display())?;
    }
    let wall_ns = u64::try_from(began.elapsed().as_nanos()).unwrap_or(u64::MAX);
    let observer = Observer { cpu_ns: process_cpu_ns(), wall_ns };
    print_run(&file.store, observer, args.json, false, &file.label)?;
    Ok(EXIT_OK)
}
