//! The command line: arguments in, the control plane started, an exit code out.

mod arguments;
mod commands;
mod demo;
mod failure;
mod load;
mod log;
mod recordings;
mod root;
mod verify;

use std::process::ExitCode;

use clap::Parser;

use arguments::Arguments;

fn main() -> ExitCode {
    match commands::execute(Arguments::parse().command) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("rapport: {failure}");
            failure.exit_code()
        }
    }
}
