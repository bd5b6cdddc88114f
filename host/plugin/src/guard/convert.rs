//! The words of guards, from and to the contract.

use instar_core::command::{Code, Command, Redirect, SimpleCommand, Span, Surroundings, Via};
use instar_core::id::PluginId;

use super::hook::{Moment, Redaction, Scan};
use crate::error::Cause;
use crate::text::clean_up_to;
use crate::wit::exports::{command_guard, output_guard, session_guard};
use crate::wit::guard_types;
use crate::wit::since_v0_1::finding;

const REDACTIONS: usize = 10_000;
const KIND_BYTES: usize = 64;

impl From<Span> for command_guard::Span {
    fn from(span: Span) -> Self {
        Self { start: span.start, end: span.end }
    }
}

impl From<&Surroundings> for guard_types::Surroundings {
    fn from(surroundings: &Surroundings) -> Self {
        Self {
            cwd: surroundings.cwd.clone(),
            project_root: surroundings.project_root.clone(),
            home: surroundings.home.clone(),
            temp_dirs: surroundings.temp_dirs.clone(),
            unattended: surroundings.unattended,
        }
    }
}

impl From<&Command> for command_guard::Command {
    fn from(command: &Command) -> Self {
        let found = &command.found;
        Self {
            tool: command.tool.clone(),
            raw: command.raw.clone(),
            surroundings: (&command.surroundings).into(),
            commands: found.commands.iter().map(Into::into).collect(),
            data_spans: found.data_spans.iter().map(|span| (*span).into()).collect(),
            code: found.code.iter().map(Into::into).collect(),
            recursive_functions: found.recursive_functions.clone(),
            parse_complete: found.complete,
        }
    }
}

impl From<&SimpleCommand> for command_guard::SimpleCommand {
    fn from(command: &SimpleCommand) -> Self {
        Self {
            argv: command.argv.clone(),
            dynamic: command.dynamic.clone(),
            patterns: command.patterns.clone(),
            more_words: command.more_words,
            wrappers: command.wrappers.clone(),
            assignments: command.assignments.clone(),
            redirects: command.redirects.iter().map(Into::into).collect(),
            reads_from: command.reads_from.clone(),
            stdin: command.stdin.clone(),
            parent: command.parent,
            cwd: command.cwd.clone(),
            elsewhere: command.elsewhere.clone(),
            via: command.via.into(),
            depth: command.depth,
            span: command.span.into(),
        }
    }
}

impl From<&Redirect> for command_guard::Redirect {
    fn from(redirect: &Redirect) -> Self {
        Self { operator: redirect.operator.clone(), target: redirect.target.clone(), dynamic: redirect.dynamic }
    }
}

impl From<Via> for command_guard::Via {
    fn from(via: Via) -> Self {
        match via {
            Via::Text => Self::Text,
            Via::ShellString => Self::ShellString,
            Via::Substitution => Self::Substitution,
            Via::Heredoc => Self::Heredoc,
            Via::Pipe => Self::Pipe,
            Via::Script => Self::Script,
            Via::Carrier => Self::Carrier,
            Via::Guess => Self::Guess,
        }
    }
}

impl From<&Code> for command_guard::Code {
    fn from(code: &Code) -> Self {
        Self {
            language: code.language.clone(),
            text: code.text.clone(),
            path: code.path.clone(),
            sha256: code.sha256.clone(),
            complete: code.complete,
            command: code.command,
        }
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

/// A scan in the host's words.
pub(super) fn scan(plugin: &PluginId, scan: output_guard::ScanResult) -> Scan {
    let redaction = |each: output_guard::Redaction| Redaction {
        start: each.start,
        end: each.end,
        kind: clean_up_to(&each.kind, KIND_BYTES),
    };
    Scan {
        redactions: scan.redactions.into_iter().map(redaction).collect(),
        hold_back: scan.hold_back,
        escalate: scan.escalate.map(|spoken| finding(plugin, spoken)).into_iter().collect(),
    }
}

/// All redactions of all guards count, and the most careful hold-back.
pub(super) fn merge_scan(all: &mut Scan, scan: Scan) {
    all.redactions.extend(scan.redactions);
    all.hold_back = all.hold_back.max(scan.hold_back);
    all.escalate.extend(scan.escalate);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(start: u64, end: u64, hold_back: u32) -> output_guard::ScanResult {
        let redaction = output_guard::Redaction { start, end, kind: "key".to_owned() };
        output_guard::ScanResult { redactions: vec![redaction], hold_back, escalate: None }
    }

    #[test]
    fn redactions_must_lie_in_what_was_seen() {
        assert!(check_scan(&told(5, 20, 10), 10, 10).is_ok());
        assert!(check_scan(&told(5, 21, 0), 10, 10).is_err());
        assert!(check_scan(&told(5, 5, 0), 10, 10).is_err());
        assert!(check_scan(&told(5, 6, 11), 10, 10).is_err());
    }

    #[test]
    fn the_most_careful_hold_back_stands() {
        let plugin = "guard-x".parse().unwrap();
        let mut all = Scan::default();
        merge_scan(&mut all, scan(&plugin, told(0, 1, 7)));
        merge_scan(&mut all, scan(&plugin, told(1, 2, 3)));
        assert_eq!((all.redactions.len(), all.hold_back), (2, 7));
    }
}
