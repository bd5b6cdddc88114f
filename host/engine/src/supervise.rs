//! Who is asked for opinions on runs.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;

/// Answers a question, or says why not. Whoever knows the settings makes it; it keeps its own time limit.
#[derive(Clone)]
pub struct Supervisor(Arc<Ask>);

type Ask = dyn Fn(String) -> Answer + Send + Sync;

/// The words of an answer, or why there are none.
pub type Answer = Pin<Box<dyn Future<Output = Result<String, String>> + Send>>;

impl Supervisor {
    pub fn new(ask: impl Fn(String) -> Answer + Send + Sync + 'static) -> Self {
        Self(Arc::new(ask))
    }

    pub(crate) async fn ask(&self, question: String) -> Result<String, String> {
        (self.0)(question).await
    }
}

impl fmt::Debug for Supervisor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Supervisor(..)")
    }
}
