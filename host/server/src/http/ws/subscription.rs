//! One session as one client watches it.

use instar_api::SocketMessage;
use instar_core::id::SessionId;
use instar_engine::Engine;

/// A screen and what can be scrolled back, as the predecessor had it.
const LINES: usize = 250;
/// Lines can be long; more than this of the end is not sent.
const MOST_BYTES: usize = 256 * 1024;

#[derive(Debug)]
pub(super) struct Subscription {
    /// What the client calls it.
    pub(super) address: String,
    pub(super) session: SessionId,
    pub(super) has_ended: bool,
    /// Of the output that was sent last.
    sent: Option<blake3::Hash>,
}

impl Subscription {
    pub(super) fn new(address: String, session: SessionId) -> Self {
        Self { address, session, has_ended: false, sent: None }
    }

    /// The output, if there is any and it is not what was sent last.
    pub(super) async fn new_output(&mut self, engine: &Engine) -> Option<SocketMessage> {
        let output = match engine.output(self.session, LINES).await {
            Ok(output) => output,
            Err(error) => {
                tracing::debug!(error = &error as &dyn std::error::Error, "the output of a session was not read");
                return None;
            }
        };
        let data = end_of(&output);
        let hash = blake3::hash(data.as_bytes());
        if data.is_empty() || self.sent == Some(hash) {
            return None;
        }
        self.sent = Some(hash);
        Some(SocketMessage::Output { session: self.address.clone(), data: data.to_owned() })
    }
}

fn end_of(text: &str) -> &str {
    let start = text.ceil_char_boundary(text.len().saturating_sub(MOST_BYTES));
    &text[start..]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn endless_lines_are_cut_at_a_letter() {
        assert_eq!(end_of("short"), "short");
        let long = format!("a{}", "é".repeat(MOST_BYTES));
        assert_eq!(end_of(&long).len(), MOST_BYTES);
        assert!(end_of(&format!("{long}b")).len() < MOST_BYTES);
    }
}
