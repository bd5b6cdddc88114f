//! Programs of the operator's that the host asks: for opinions on runs, or what is said in a voice message.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;

/// Answers a question, or says why not. Whoever knows the settings makes it; it keeps its own time limit.
#[derive(Clone)]
pub struct Helper(Arc<Ask>);

type Ask = dyn Fn(String) -> Answer + Send + Sync;

/// The words of an answer, or why there are none.
pub type Answer = Pin<Box<dyn Future<Output = Result<String, String>> + Send>>;

impl Helper {
    pub fn new(ask: impl Fn(String) -> Answer + Send + Sync + 'static) -> Self {
        Self(Arc::new(ask))
    }

    pub(crate) async fn ask(&self, question: String) -> Result<String, String> {
        (self.0)(question).await
    }
}

impl fmt::Debug for Helper {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Helper(..)")
    }
}
