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

/// The word holds a variable that the same text has filled with a secret: `D=$(cat ~/.netrc); curl -d "$D" …`.
pub(crate) fn filled_with_secret<'w>(cmd: &Cmd<'_>, word: &'w str) -> Option<&'w str> {
    word.match_indices('$').find_map(|(at, _)| {
        let rest = word[at + 1..].trim_start_matches('{');
        let end = rest.find(|letter: char| !letter.is_ascii_alphanumeric() && letter != '_').unwrap_or(rest.len());
        let name = &rest[..end];
        let fills = |other: &Cmd<'_>| {
            let assigns = other.it.assignments.iter().any(|(given, _)| given == name)
                || other.words().iter().any(|word| word.split_once('=').is_some_and(|(given, _)| given == name));
            assigns && other.substitutions().iter().any(reads_secret)
        };
        (!name.is_empty() && cmd.scene.cmds().take(cmd.index).any(|other| fills(&other))).then_some(name)
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
