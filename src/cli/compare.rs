//! `poolscope compare` and `poolscope sweep`: one experiment, in the terminal.

use std::{
    io::{self, Write},
    path::Path,
    sync::Arc,
};

use super::{
    CliError, EXIT_LOST, EXIT_OK, EXIT_TASKS, args::ExperimentArgs, conduct::conduct, spec::variants_of,
};
use crate::{
    analysis::ExperimentReport,
    event::Status,
    experiment::{Experiment, Moment, Plan, Rules, RunState},
    export::{ExperimentFormat, export_experiment, spare_run},
    spec::{Draft, SpecError, Variant, default_workers},
};

const COMPARE_REPEATS: u32 = 5;
const SWEEP_REPEATS: u32 = 3;

pub(super) fn compare(args: &ExperimentArgs) -> Result<u8, CliError> {
    let variants = variants_of(&args.spec, |draft| draft)?;
    if variants.len() < 2 {
        let example = "--backend threads,processes or --workers 2,4";
        return Err(CliError::Usage(format!(
            "compare needs at least two different specs: give a field several values, such as {example}"
        )));
    }
    experiment(args, variants, COMPARE_REPEATS)
}

/// Without a list it goes over the number of workers, to twice the cores: past them, to show that more do not help.
pub(super) fn sweep(args: &ExperimentArgs) -> Result<u8, CliError> {
    let all_workers = |mut draft: Draft| {
        let lists = [&draft.workers, &draft.chunk].into_iter().flatten();
        if !lists.into_iter().any(|text| text.contains(',') || text.contains("..")) && draft.workers.is_none()
        {
            draft.workers = Some(format!("1..{}", default_workers().saturating_mul(2)));
        }
        draft
    };
    let variants = variants_of(&args.spec, all_workers)?;
    if variants.len() < 2 {
        return Err(CliError::Usage(
            "sweep needs several numbers of workers, or several chunks: such as --workers 1..8 or --chunk 1..64*2"
                .to_owned(),
        ));
    }
    experiment(args, variants, SWEEP_REPEATS)
}

fn experiment(args: &ExperimentArgs, variants: Vec<Variant>, repeats: u32) -> Result<u8, CliError> {
    let seed = variants.first().map_or(1, |variant| variant.spec.seed);
    let rules =
        Rules { repeats: args.repeats.unwrap_or(repeats), warmup: args.warmup, seed, patience: args.calm };
    check_files(args)?;
    let plan = Plan::new(variants, rules).map_err(|errors: Vec<SpecError>| CliError::Spec(errors))?;
    let (experiment, signal) = conduct(Arc::new(plan), args)?;
    let report = experiment.report();
    if !args.quiet || args.json {
        print(&experiment, &report, args.json)?;
    }
    write_files(args, &experiment, &report)?;
    code(&experiment, signal)
}

/// What would only be found out after all runs is told before the first one.
fn check_files(args: &ExperimentArgs) -> Result<(), CliError> {
    if let Some(path) = &args.output
        && path.extension().is_none_or(|ending| ending != "html")
    {
        let path = path.display();
        return Err(CliError::Usage(format!(
            "output: {path} is not allowed; allowed: a name that ends in .html (--keep records the runs, --export-json \
             writes their times)"
        )));
    }
    for path in args.output.iter().chain(&args.export_json) {
        check_file(path)?;
    }
    Ok(())
}

/// A file that is written at the end is neither a run nor in a folder that there is not.
pub(super) fn check_file(path: &Path) -> Result<(), CliError> {
    spare_run(path)?;
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    match folder.filter(|folder| !folder.is_dir()) {
        None => Ok(()),
        Some(folder) => {
            let (path, folder) = (path.display(), folder.display());
            Err(CliError::Usage(format!("{path} cannot be written: there is no folder {folder}")))
        }
    }
}

fn write_files(
    args: &ExperimentArgs,
    experiment: &Experiment,
    report: &ExperimentReport,
) -> Result<(), CliError> {
    for (path, format) in
        [(&args.output, ExperimentFormat::Html), (&args.export_json, ExperimentFormat::Hyperfine)]
    {
        if let Some(path) = path {
            export_experiment(report, &experiment.cover(), format, path).map_err(|error| error.source)?;
        }
    }
    Ok(())
}

/// For a terminal or for programs, on standard output.
pub(super) fn print(experiment: &Experiment, report: &ExperimentReport, json: bool) -> Result<(), CliError> {
    let mut out = io::stdout().lock();
    let written = if json {
        serde_json::to_writer_pretty(&mut out, report).map_err(io::Error::from).and_then(|()| writeln!(out))
    } else {
        let title = format!("{:<13}{}", experiment.status(), experiment.title());
        std::iter::once(title).chain(report.summary_lines()).try_for_each(|line| writeln!(out, "{line}"))
    };
    match written.and_then(|()| out.flush()) {
        // The reader has seen enough.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        other => Ok(other?),
    }
}

fn code(experiment: &Experiment, signal: Option<i32>) -> Result<u8, CliError> {
    if let (Some(signal), Moment::Stopped) = (signal, experiment.moment) {
        return Ok(128 + u8::try_from(signal).unwrap_or(0));
    }
    for run in &experiment.runs {
        if let RunState::NotStarted(why) = run {
            return Err(CliError::Lost(why.clone()));
        }
    }
    let records = || experiment.runs.iter().filter_map(RunState::record);
    Ok(if records().any(|record| record.figures.status != Status::Finished) {
        EXIT_LOST
    } else if records().any(|record| !record.figures.is_whole()) {
        EXIT_TASKS
    } else {
        EXIT_OK
    })
}
