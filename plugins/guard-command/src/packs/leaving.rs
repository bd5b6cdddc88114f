//! What a command gives away: what it reads, and what is piped, redirected or substituted into one that sends.

use crate::names::READERS;
use crate::packs::network::{SEND_FILE, SEND_SECRET};
use crate::place::Place;
use crate::rule::Report;
use crate::scene::Cmd;
use crate::secret_file::{is_secret, secret_variable_in};

/// It prints something that only its owner should see.
pub(super) fn reads_secret(cmd: &Cmd<'_>) -> bool {
    let name = cmd.name();
    let reads = READERS.contains(&name) || matches!(name, "tar" | "zip" | "cp" | "find");
    let operands = || (cmd.from + 1..cmd.it.argv.len()).filter(|at| !cmd.it.argv[*at].starts_with('-'));
    let secret_word = reads && operands().any(|at| is_secret(&cmd.path(at)));
    let secret_input =
        cmd.it.redirects.iter().any(|redirect| redirect.operator == "<" && is_secret(&cmd.path_of(&redirect.target)));
    let environment = (name == "printenv" && cmd.words().is_empty()) || (name == "set" && cmd.words().is_empty());
    let bare_env = name == "env" || (cmd.it.argv.is_empty() && cmd.it.wrappers.iter().any(|wrapper| wrapper == "env"));
    let told = matches!(name, "echo" | "printf" | "printenv")
        && cmd
            .words()
            .iter()
            .any(|word| secret_variable_in(word).is_some() || crate::secret_file::is_secret_variable(word));
    let history = name == "history"
        || matches!(name, "security" | "gpg" if cmd.words().iter().any(|word| word.contains("export-secret")));
    secret_word || secret_input || environment || bare_env || told || history
}

/// A word holds a variable that the same text has filled with a secret: `D=$(cat ~/.netrc); curl -d "$D" …`.
pub(crate) fn filled_with_secret<'a>(cmd: &Cmd<'a>) -> Option<&'a str> {
    /// More of them are not followed; the nearest come first.
    const MOST: usize = 32;
    let words = || cmd.words().iter().filter(|word| word.contains('$'));
    words().next()?;
    let before = &cmd.scene.commands[..cmd.index];
    let is_filled = |(_, value): &&(String, String)| value.contains(['$', '`']);
    let given = before.iter().enumerate().rev().flat_map(|(at, other)| {
        let names = other.assignments.iter().filter(is_filled).map(|(name, _)| name.as_str());
        let declared = other.argv.iter().skip(1).filter(|_| other.argv[0] == "export" || other.argv[0] == "local");
        let declared = declared.filter_map(|word| word.split_once("=$").map(|(name, _)| name));
        names.chain(declared).map(move |name| (at, name))
    });
    let used = given.take(MOST).filter(|(_, name)| words().any(|word| expands(word, name)));
    used.into_iter().find(|(at, _)| cmd.scene.cmd(*at).substitutions().iter().any(reads_secret)).map(|(_, name)| name)
}

/// `$name`, `${name}` or `${name:0:5}` stands in the word.
fn expands(word: &str, name: &str) -> bool {
    word.match_indices('$').any(|(at, _)| {
        let rest = word[at + 1..].trim_start_matches('{').strip_prefix(name);
        rest.is_some_and(|rest| !rest.starts_with(|letter: char| letter.is_ascii_alphanumeric() || letter == '_'))
    })
}

/// Another command of the same text writes a secret into this file.
pub(super) fn was_given_secrets(cmd: &Cmd<'_>, path: &str) -> bool {
    let writes = |other: &Cmd<'_>| {
        let into = |word: &str| other.path_of(word) == path;
        other.it.redirects.iter().any(|redirect| redirect.operator.starts_with('>') && into(&redirect.target))
            || (matches!(other.name(), "cp" | "ln" | "tee") && other.words().last().is_some_and(|word| into(word)))
    };
    cmd.scene.cmds().any(|other| {
        other.index != cmd.index && writes(&other) && (reads_secret(&other) || other.sources().iter().any(reads_secret))
    })
}

/// It reads a home, the system, the whole project or everything: too much to be sent away.
pub(super) fn reads_outside(cmd: &Cmd<'_>) -> bool {
    // `git archive HEAD | curl -T - …`
    if cmd.name() == "git" && cmd.words().first().is_some_and(|verb| verb == "archive" || verb == "bundle") {
        return true;
    }
    let reads = READERS.contains(&cmd.name()) || matches!(cmd.name(), "tar" | "zip" | "find" | "cpio" | "dd");
    let is_vital = |at: usize| {
        let is_tree = matches!(cmd.name(), "tar" | "zip") && cmd.place(at) == Place::Project;
        is_tree || matches!(cmd.place(at), Place::Root | Place::Home | Place::SystemTop | Place::System | Place::Device)
    };
    reads && (cmd.from + 1..cmd.it.argv.len()).any(|at| !cmd.it.argv[at].starts_with('-') && is_vital(at))
}

/// What is piped, redirected or substituted into a command that sends.
pub(super) fn fed(cmd: &Cmd<'_>, report: &mut Report) {
    let sources = cmd.sources();
    let input = cmd.it.redirects.iter().find(|redirect| redirect.operator == "<");
    let is_secret_input = input.is_some_and(|redirect| is_secret(&cmd.path_of(&redirect.target)));
    let told = cmd.substitutions();
    if is_secret_input || sources.iter().any(reads_secret) || told.iter().any(reads_secret) {
        report.add(&SEND_SECRET, cmd.name());
    } else if sources.iter().any(reads_outside) || told.iter().any(reads_outside) {
        report.add(&SEND_FILE, cmd.name());
    }
}
