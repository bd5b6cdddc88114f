//! What only a person may do: an agent's own shell is not one.

use super::exit::Failure;

/// Refuses whoever runs below an agent CLI, or in a session of ours. `what` completes "an agent cannot".
pub(super) fn must_be_one(what: &str) -> Result<(), Failure> {
    let is_agent = ["CLAUDECODE", "INSTAR_RUN_ID"].iter().any(|name| std::env::var_os(name).is_some());
    if is_agent {
        return Err(Failure::refused(format!("an agent cannot {what}; do it from a terminal of your own")));
    }
    Ok(())
}
