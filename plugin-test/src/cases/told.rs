//! Answers as cases write them.

use instar_core::plan::Action;
use serde_json::{Value, json};

use crate::answer::{Delivered, Judged, Redacted};

pub(super) fn actions(actions: &[Action]) -> Value {
    actions.iter().map(action).collect()
}

fn action(action: &Action) -> Value {
    match action {
        Action::Launch(launch) => json!({ "launch": launch }),
        Action::Progress(text) => json!({ "progress": text }),
        Action::SendText(text) => json!({ "send-text": text }),
        Action::NoteUsage(usage) => json!({ "note-usage": usage }),
        Action::Wait(millis) => json!({ "wait": millis }),
        Action::HandOver => json!({ "hand-over": true }),
        Action::Finish { verdict, message } => json!({ "finish": { "verdict": verdict, "message": message } }),
    }
}

pub(super) fn judged(judged: &Judged) -> Value {
    let findings = judged.findings.iter().map(|it| json!({ "detail": it.detail, "remedy": it.remedy }));
    json!({ "answer": judged.answer(), "rules": judged.rules(), "findings": findings.collect::<Vec<_>>() })
}

pub(super) fn redacted(redacted: Redacted) -> Value {
    json!({ "shown": redacted.shown, "redactions": redacted.kinds.len() })
}

pub(super) fn delivered(delivered: Delivered) -> Value {
    json!({ "parts": delivered.receipts.len(), "receipts": delivered.receipts })
}
