//! The binary `tidegate`; all of it is in the library, so that it can be tested.

use std::process::ExitCode;

fn main() -> ExitCode {
    tidegate_cli::run(std::env::args_os())
}
