//! What an agent is told before its task: the files that its job names, read anew for each step, and the notes of the
//! run before.

use std::fmt;
use std::sync::Arc;

use instar_core::grounding::{self, ContextFile, Handoff};
use instar_core::run::Run;

/// Reads the files that jobs name, by their path from `.instar`. The one who knows the project decides which it gives.
#[derive(Clone)]
pub struct ContextFiles(Arc<Read>);

type Read = dyn Fn(&str) -> Result<String, String> + Send + Sync;

impl ContextFiles {
    /// `read` answers what the file says, or why it is not given.
    pub fn new(read: impl Fn(&str) -> Result<String, String> + Send + Sync + 'static) -> Self {
        Self(Arc::new(read))
    }

    /// No file is given.
    pub fn none() -> Self {
        Self::new(|_| Err("this host gives no files".to_owned()))
    }
}

impl fmt::Debug for ContextFiles {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ContextFiles(..)")
    }
}

/// What there is to tell.
#[derive(Debug)]
pub(crate) struct Told {
    pub(crate) text: String,
    /// What the operator should know of it.
    pub(crate) remarks: Vec<String>,
}

impl ContextFiles {
    /// Reads what the run's job names. `handoff` is what an earlier run left.
    pub(crate) async fn tell(&self, run: &Run, handoff: Option<&Handoff>) -> Told {
        let names: Vec<String> =
            run.request.grounding.iter().flat_map(|grounding| grounding.files()).map(str::to_owned).collect();
        let read = self.0.clone();
        let file = move |name: String| ContextFile { content: read(&name), name };
        let files = tokio::task::spawn_blocking(move || names.into_iter().map(file).collect::<Vec<_>>()).await;
        let files = files.unwrap_or_else(|error| std::panic::resume_unwind(error.into_panic()));
        let text = grounding::preamble(run.id, run.request.grounding.as_ref(), &files, handoff);
        Told { text, remarks: grounding::remarks(&files) }
    }
}
