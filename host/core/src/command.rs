//! A shell command that is about to run, as the host's parser found it and as guards are asked about it.
//!
//! The words are those of `wit/guard.wit`; `instar-shell` fills them in, `instar-plugin` hands them to guards.

use serde::{Deserialize, Serialize};

/// A part of a text, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Span {
    pub start: u32,
    /// The byte behind the last one.
    pub end: u32,
}

/// Where something would happen, and whether a person is there. Paths are absolute.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Surroundings {
    pub cwd: String,
    pub project_root: Option<String>,
    pub home: Option<String>,
    pub temp_dirs: Vec<String>,
    /// Nobody is there to answer a question.
    pub unattended: bool,
}

/// A shell command that is about to run.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Command {
    /// The tool that would run it, such as `Bash`.
    pub tool: String,
    pub raw: String,
    pub surroundings: Surroundings,
    pub found: Found,
}

/// What the parser found in a text.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Found {
    /// In the order of the text; what a command carries stands behind it.
    pub commands: Vec<SimpleCommand>,
    /// Parts of the text that are data and no code.
    pub data_spans: Vec<Span>,
    /// Code in other languages, and files that would run.
    pub code: Vec<Code>,
    /// Functions that call themselves, as a fork bomb does.
    pub recursive_functions: Vec<String>,
    /// Whether everything was understood.
    pub complete: bool,
}

/// How the host came upon a command.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum Via {
    #[default]
    Text,
    /// A string that a shell runs: `bash -c`, `eval`.
    ShellString,
    Substitution,
    Heredoc,
    /// Text that another command prints into a shell.
    Pipe,
    Script,
    /// Words of a carrier that runs them: `xargs`, `find -exec`.
    Carrier,
    /// Words that look like a command, in a part that was not understood.
    Guess,
}

/// One redirection.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Redirect {
    /// The operator without the number before it.
    pub operator: String,
    /// The file, or the number of a descriptor.
    pub target: String,
    /// The target is known only at run time, in whole or in part.
    pub dynamic: bool,
}

/// One simple command, wrappers taken off. Its words are as the command would get them; what is known only
/// at run time stands as it is written.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct SimpleCommand {
    /// Empty if there are only assignments or redirections.
    pub argv: Vec<String>,
    /// Indices of words that are known only at run time, in whole or in part.
    pub dynamic: Vec<u32>,
    /// Indices of words with a pattern that the shell would expand.
    pub patterns: Vec<u32>,
    /// At run time further words may come behind the last one.
    pub more_words: bool,
    /// The programs that were taken off, the outermost first.
    pub wrappers: Vec<String>,
    pub assignments: Vec<(String, String)>,
    /// Its own, and those of the compound commands around it.
    pub redirects: Vec<Redirect>,
    /// The commands whose output is piped into it.
    pub reads_from: Vec<u32>,
    /// What it reads on standard input, where the text tells.
    pub stdin: Option<String>,
    /// The command that carries it; for one in a substitution, the one whose words it becomes a part of.
    pub parent: Option<u32>,
    /// The directory it would run in; none if only run time tells.
    pub cwd: Option<String>,
    /// Where it runs, if not on this machine's own files.
    pub elsewhere: Option<String>,
    pub via: Via,
    /// How many shells deep it stands.
    pub depth: u32,
    pub span: Span,
}

/// Code in another language than the shell's, or in a file.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Code {
    /// Such as `shell` or `python`; empty if nobody can tell.
    pub language: String,
    pub text: String,
    /// The file it stands in; none if it stands in the command.
    pub path: Option<String>,
    /// SHA-256 of the whole, in hexadecimal.
    pub sha256: String,
    /// The text is all of it, and all of it is known.
    pub complete: bool,
    /// The command that runs it.
    pub command: u32,
}

impl Surroundings {
    /// How long the texts are together, so that a limit can be set on them.
    pub fn bytes(&self) -> usize {
        let of_option = |text: &Option<String>| text.as_ref().map_or(0, String::len);
        let of_dirs: usize = self.temp_dirs.iter().map(String::len).sum();
        self.cwd.len() + of_option(&self.project_root) + of_option(&self.home) + of_dirs
    }
}

impl Command {
    /// How long the texts are together, about.
    pub fn bytes(&self) -> usize {
        let of_commands: usize = self.found.commands.iter().map(SimpleCommand::bytes).sum();
        let of_code: usize = self.found.code.iter().map(|code| code.text.len() + code.sha256.len()).sum();
        self.tool.len() + self.raw.len() + self.surroundings.bytes() + of_commands + of_code
    }
}

impl SimpleCommand {
    fn bytes(&self) -> usize {
        let of_words: usize = self.argv.iter().chain(&self.wrappers).map(String::len).sum();
        let of_assignments: usize = self.assignments.iter().map(|(name, value)| name.len() + value.len()).sum();
        let of_redirects: usize = self.redirects.iter().map(|redirect| redirect.target.len()).sum();
        of_words + of_assignments + of_redirects + self.stdin.as_ref().map_or(0, String::len)
    }
}
