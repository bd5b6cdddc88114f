//! Commands, texts, outputs and jobs that no guard wants.

use instar_plugin::{Kind, Moment};
use serde_json::json;

use super::Attacked;
use super::inputs::texts;
use crate::answer::{Failure, Judged};
use crate::loaded::Loaded;

/// Of one kind of guard.
pub(super) fn attack(kind: Kind, loaded: &Loaded, attacked: &mut Attacked) {
    for (what, text) in texts() {
        let answer = match kind {
            Kind::CommandGuard => of(&loaded.judge(&text)),
            Kind::ToolGuard => of(&loaded.judge_tool_text(&text, &text)),
            Kind::OutboundGuard => of(&loaded.judge_text(&text, &text)),
            Kind::RunGuard => of(&loaded.judge_run_text(&text, &text)),
            Kind::OutputGuard => loaded.redact(&text).map(drop),
            Kind::SessionGuard => session(loaded, text),
            Kind::Execute | Kind::Notifier | Kind::NotifierThreads | Kind::NotifierInbound => return,
        };
        attacked.note(&format!("{kind}: {what}"), &answer);
    }
    match kind {
        Kind::OutputGuard => outputs(loaded, attacked),
        Kind::RunGuard => {
            let deep = (0..100).fold(json!(1), |inner, _| json!([inner]));
            let job = json!({ "slug": "a", "execute": deep, "trigger": deep, "taken": deep });
            attacked.note(&format!("{kind}: a job that is nested deep"), &of(&loaded.judge_run(&job, &json!([deep]))));
            let runs: Vec<_> = (0..2000).map(|_| json!({ "outcome": null, "usage": "none" })).collect();
            let answer = of(&loaded.judge_run(&json!({ "slug": 7, "tags": "none" }), &json!(runs)));
            attacked.note(&format!("{kind}: words of other forms"), &answer);
        }
        _ => {}
    }
}

/// Parts of outputs, as they come.
fn outputs(loaded: &Loaded, attacked: &mut Attacked) {
    let kind = Kind::OutputGuard;
    attacked.note(&format!("{kind}: bytes that are no text"), &loaded.redact([0xff; 1000]));
    for (what, offset, chunk) in [
        ("nothing yet", 0, &b""[..]),
        ("one byte", 0, b"k"),
        ("half a sign", 7, "ß".as_bytes().split_at(1).0),
        ("the middle of a long output", 1 << 60, b"password = \"hunter2hunter2\"\n"),
        ("the end of all outputs", u64::MAX, b"token"),
    ] {
        attacked.note(&format!("{kind}: {what}"), &loaded.scan(offset, chunk));
    }
}

/// Guards of sessions are passed over when they fail, and only counted.
fn session(loaded: &Loaded, text: String) -> Result<(), Failure> {
    let before = loaded.faults();
    loaded.context(Moment::Start, &[(text.clone(), text)]);
    match loaded.faults().into_iter().find(|(code, count)| before.get(code) != Some(count)) {
        Some((code, _)) => Err(Failure::fault(code, "it gave no context")),
        None => Ok(()),
    }
}

fn of(judged: &Judged) -> Result<(), Failure> {
    let fault = judged.findings.iter().find(|finding| judged.fault() == Some(finding.rule.as_str()));
    fault.map_or(Ok(()), |finding| Err(Failure::fault(&finding.rule, &finding.detail)))
}
