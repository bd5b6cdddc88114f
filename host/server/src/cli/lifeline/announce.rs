//! `instar lifeline announce`: the process that tells people, for the lifeline.

use std::io::Read as _;

use crate::cli::exit::{Exit, Failure};
use crate::cli::{Context, sentence};
use crate::lifeline::announce::{Announcement, tell_all};
use crate::serve::logging;

/// Settings and one message are never larger.
const LONGEST_INPUT: u64 = 16 * 1024 * 1024;

pub(super) fn run(context: &Context) -> Result<Exit, Failure> {
    let project = context.project()?;
    let mut input = Vec::new();
    let read = std::io::stdin().take(LONGEST_INPUT).read_to_end(&mut input);
    read.map_err(|error| Failure::io("failed to read standard input", &error))?;
    let announcement: Announcement =
        serde_json::from_slice(&input).map_err(|error| Failure::usage(format!("that is no announcement: {error}")))?;
    logging::to_standard_error();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| Failure::io("failed to start a runtime", &error))?;
    let told = runtime.block_on(tell_all(&project, &announcement));
    told.map_err(|error| Failure::failed(sentence(&error)))?;
    Ok(Exit::Ok)
}
