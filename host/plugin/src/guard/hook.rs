//! What guards are asked about, in the host's own words.

use instar_core::verdict::Finding;

/// A part of a text, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    pub start: u32,
    pub end: u32,
}

/// A shell command that is about to run.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Command {
    /// The tool that would run it, such as `Bash`.
    pub tool: String,
    pub raw: String,
    pub cwd: String,
    pub project_root: Option<String>,
    pub commands: Vec<SimpleCommand>,
    /// Parts of the text that are data and no code.
    pub data_spans: Vec<Span>,
    pub scripts: Vec<Script>,
    /// Whether the parser understood everything.
    pub parse_complete: bool,
}

/// One simple command within a shell command, wrappers taken off.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SimpleCommand {
    pub argv: Vec<String>,
    pub assignments: Vec<(String, String)>,
    pub redirects: Vec<(String, String)>,
    /// How many shells deep it stands.
    pub depth: u32,
    pub span: Span,
    /// Some word is known only at run time.
    pub dynamic: bool,
}

/// A script that a command would run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Script {
    pub sha256: String,
    pub text: String,
}

/// A moment in the life of a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Moment {
    Start,
    Resume,
    Compact,
    Prompt,
    Stop,
}

/// What an output guard found in a chunk.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Scan {
    pub redactions: Vec<Redaction>,
    /// How many bytes to give again with the next chunk.
    pub hold_back: u32,
    pub escalate: Vec<Finding>,
}

/// A part of an output to be blacked out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Redaction {
    pub start: u64,
    pub end: u64,
    pub kind: String,
}

impl Command {
    /// What the guest is handed, about.
    pub(crate) fn bytes(&self) -> usize {
        let pairs = |pairs: &[(String, String)]| pairs.iter().map(|(a, b)| a.len() + b.len()).sum::<usize>();
        let of_commands = self.commands.iter().map(|each| {
            each.argv.iter().map(String::len).sum::<usize>() + pairs(&each.assignments) + pairs(&each.redirects)
        });
        let of_scripts = self.scripts.iter().map(|script| script.sha256.len() + script.text.len());
        let of_self = self.tool.len() + self.raw.len() + self.cwd.len();
        of_self + of_commands.sum::<usize>() + of_scripts.sum::<usize>()
    }
}
