//! Other builds of guards that judge beside those that count: what both said is compared and kept, and changes nothing.
//!
//! A question is compared after it was answered, on a thread of its own and with engines of their own: whoever waits for
//! an answer waits for no shadow, and what a shadow does wrong is counted as its own. The server compares; hooks, which
//! are processes of their own, leave it their questions in one datagram that nobody waits for.

mod compare;
mod desk;
mod hand_over;
mod queue;
mod record;

pub(crate) use desk::Shadows;
pub(crate) use hand_over::{Overheard, listen};
pub(crate) use queue::{Queue, queue};
pub(crate) use record::report;
