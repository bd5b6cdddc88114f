//! What guards say about what an agent is about to do, and what the operator's `guards.toml` makes of it.
//!
//! The hooks, `instar guard` and the API ask here. Guards judge in `instar-plugin`, the shell is read by
//! `instar-shell`; here is only who is asked what, and what becomes of the answers.

mod approvals;
mod decisions;
mod desk;
mod home;
mod judge;
mod policy;
mod project_files;
mod redact;
mod words;

pub(crate) use approvals::{Approval, Approvals};
pub(crate) use decisions::DecisionLog;
pub(crate) use desk::GuardDesk;
pub(crate) use home::Home;
pub(crate) use judge::{Decision, Guards, ToolUse};
pub(crate) use policy::{Fate, Judged};
pub(crate) use redact::LOG_SOURCE;
pub(crate) use words::{answer_word, record, severity_word, shown};
