//! The words of guards, from and to the contract.

use instar_core::id::PluginId;

use super::hook::{Command, Moment, Redaction, Scan, Script, SimpleCommand, Span};
use crate::error::Cause;
use crate::text::clean_up_to;
use crate::wit::exports::{command_guard, output_guard, session_guard};
use crate::wit::since_v0_1::finding;

const REDACTIONS: usize = 10_000;
const KIND_BYTES: usize = 64;

impl From<Span> for command_guard::Span {
    fn from(span: Span) -> Self {
        Self { start: span.start, end: span.end }
    }
}

impl From<&Command> for command_guard::Command {
    fn from(command: &Command) -> Self {
        Self {
            tool: command.tool.clone(),
            raw: command.raw.clone(),
            cwd: command.cwd.clone(),
            project_root: command.project_root.clone(),
            commands: command.commands.iter().map(Into::into).collect(),
            data_spans: command.data_spans.iter().map(|span| (*span).into()).collect(),
            scripts: command.scripts.iter().map(Into::into).collect(),
            parse_complete: command.parse_complete,
        }
    }
}

impl From<&SimpleCommand> for command_guard::SimpleCommand {
    fn from(command: &SimpleCommand) -> Self {
        Self {
            argv: command.argv.clone(),
            assignments: command.assignments.clone(),
            redirects: command.redirects.clone(),
            depth: command.depth,
            span: command.span.into(),
            dynamic: command.dynamic,
        }
    }
}

impl From<&Script> for command_guard::Script {
    fn from(script: &Script) -> Self {
        Self { sha256: script.sha256.clone(), text: script.text.clone() }
    }
}

impl From<Moment> for session_guard::Moment {
    fn from(moment: Moment) -> Self {
        match moment {
            Moment::Start => Self::Start,
            Moment::Resume => Self::Resume,
            Moment::Compact => Self::Compact,
            Moment::Prompt => Self::Prompt,
            Moment::Stop => Self::Stop,
        }
    }
}

/// Redactions must lie in what the guard has seen, and be few enough to be applied.
pub(super) fn check_scan(scan: &output_guard::ScanResult, offset: u64, chunk: usize) -> Result<(), Cause> {
    let seen = offset.saturating_add(chunk as u64);
    let is_sound = |each: &output_guard::Redaction| each.start < each.end && each.end <= seen;
    if scan.redactions.len() > REDACTIONS || !scan.redactions.iter().all(is_sound) {
        return Err(Cause::InvalidOutput("redactions outside the output, or too many of them".to_owned()));
    }
    if scan.hold_back as usize > chunk {
        return Err(Cause::InvalidOutput("more bytes held back than were given".to_owned()));
    }
    Ok(())
}

/// All redactions of all guards count, and the most careful hold-back.
pub(super) fn merge_scan(all: &mut Scan, plugin: &PluginId, scan: output_guard::ScanResult) {
    let redaction = |each: output_guard::Redaction| Redaction {
        start: each.start,
        end: each.end,
        kind: clean_up_to(&each.kind, KIND_BYTES),
    };
    all.redactions.extend(scan.redactions.into_iter().map(redaction));
    all.hold_back = all.hold_back.max(scan.hold_back);
    all.escalate.extend(scan.escalate.map(|spoken| finding(plugin, spoken)));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scan(start: u64, end: u64, hold_back: u32) -> output_guard::ScanResult {
        let redaction = output_guard::Redaction { start, end, kind: "key".to_owned() };
        output_guard::ScanResult { redactions: vec![redaction], hold_back, escalate: None }
    }

    #[test]
    fn redactions_must_lie_in_what_was_seen() {
        assert!(check_scan(&scan(5, 20, 10), 10, 10).is_ok());
        assert!(check_scan(&scan(5, 21, 0), 10, 10).is_err());
        assert!(check_scan(&scan(5, 5, 0), 10, 10).is_err());
        assert!(check_scan(&scan(5, 6, 11), 10, 10).is_err());
    }

    #[test]
    fn the_most_careful_hold_back_stands() {
        let plugin = "guard-x".parse().unwrap();
        let mut all = Scan::default();
        merge_scan(&mut all, &plugin, scan(0, 1, 7));
        merge_scan(&mut all, &plugin, scan(1, 2, 3));
        assert_eq!((all.redactions.len(), all.hold_back), (2, 7));
    }
}
