//! `poolscope show`: what a run file holds.

use std::{
    io::{self, Write},
    time::Instant,
};

use super::{CliError, EXIT_OK, args::ShowArgs, run::print_run, run_path};
use crate::{analysis::Observer, record, time::process_cpu_ns};

pub(super) fn show(args: &ShowArgs) -> Result<u8, CliError> {
    let began = Instant::now();
    let file = record::read(&run_path(&args.file))?;
    if let Some(gap) = &file.gap {
        writeln!(io::stderr(), "poolscope: {} is incomplete: {gap}", args.file.display())?;
    }
    let wall_ns = u64::try_from(began.elapsed().as_nanos()).unwrap_or(u64::MAX);
    let observer = Observer { cpu_ns: process_cpu_ns(), wall_ns };
    print_run(&file.store, observer, args.json, false, &file.label)?;
    Ok(EXIT_OK)
}
