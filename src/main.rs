//! Parses the command line, dispatches, prints an error once, and gives the exit code.

use std::process::ExitCode;

fn main() -> ExitCode {
    match poolscope::cli::main(std::env::args_os()) {
        Ok(code) => ExitCode::from(code),
        Err(error) => {
            eprintln!("{}", poolscope::cli::complaint(&error));
            ExitCode::from(error.exit_code())
        }
    }
}
