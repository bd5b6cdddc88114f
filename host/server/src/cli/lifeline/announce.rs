//! `instar lifeline announce`: the process that tells people, for the lifeline.

use std::io::Read as _;

use crate::cli::exit::{Exit, Failure};
use crate::cli::{Context, sentence};
use crate::lifeline::announce::tell_all;
use crate::serve::logging;

/// Settings are never larger.
const LONGEST_INPUT: u64 = 16 * 1024 * 1024;

/// Standard input holds the settings as they were when they could still be read.
pub(super) fn run(context: &Context) -> Result<Exit, Failure> {
    let project = context.project()?;
    let mut settings = String::new();
    let read = std::io::stdin().take(LONGEST_INPUT).read_to_string(&mut settings);
    read.map_err(|error| Failure::io("failed to read standard input", &error))?;
    logging::to_standard_error();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| Failure::io("failed to start a runtime", &error))?;
    let is_told = runtime.block_on(tell_all(&project, &settings));
    let is_told = is_told.map_err(|error| Failure::failed(sentence(&error)))?;
    Ok(if is_told { Exit::Ok } else { Exit::WantsRestart })
}
