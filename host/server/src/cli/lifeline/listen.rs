//! `instar lifeline listen`: the process that hears people, for the lifeline.

use crate::cli::exit::{Exit, Failure};
use crate::cli::{Context, sentence};
use crate::lifeline::listen;
use crate::serve::logging;

pub(super) fn run(context: &Context) -> Result<Exit, Failure> {
    let project = context.project()?;
    logging::to_standard_error();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| Failure::io("failed to start a runtime", &error))?;
    let heard = runtime.block_on(listen::run(&project)).map_err(|error| Failure::failed(sentence(&error)))?;
    Ok(if heard { Exit::Ok } else { Exit::NotFound })
}
