//! Who may read, write and run what: rules of the pack `system`.

use crate::args::{Args, Spec};
use crate::packs::git::HOOKS_OFF;
use crate::packs::itself;
use crate::packs::system::{RIGHTS, RIGHTS_SYSTEM, SETUID};
use crate::place::Place;
use crate::rule::Report;
use crate::scene::Cmd;
use crate::secret_file::{is_key_folder, is_secret};

/// `chmod`, `chown` and their kin: who gets what, where.
pub(crate) fn judge(cmd: &Cmd<'_>, is_mode: bool, report: &mut Report) {
    let args = Args::of(cmd, &Spec { short: "", long: &["reference", "from"] });
    let is_tree = args.short_is("R") || args.exactly("recursive");
    let mode = cmd
        .words()
        .iter()
        .find(|word| is_mode && (!word.starts_with('-') || is_minus_mode(word)))
        .map_or("", String::as_str);
    let opens_all = is_mode && opens_to_all(mode);
    let is_hook = |index: &&usize| cmd.path(**index).contains("/.git/hooks/");
    if is_mode
        && matches!(mode, "-x" | "a-x" | "000" | "644" | "600")
        && args.operands.iter().any(|index| is_hook(&index))
    {
        report.add(&HOOKS_OFF, mode);
    }
    if is_mode && sets_uid(mode) {
        report.add(&SETUID, mode);
    }
    for index in &args.operands {
        let word = cmd.it.argv[*index].as_str();
        if word == mode {
            continue;
        }
        let is_owner = !is_mode && *index == *args.operands.first().expect("there is one") && args.operands.len() > 1;
        if is_owner {
            continue;
        }
        match cmd.place(*index) {
            Place::Root | Place::SystemTop | Place::Home if is_tree => report.add(&RIGHTS_SYSTEM, word),
            Place::Guarded => report.add(&itself::SETTINGS, word),
            Place::Root | Place::SystemTop | Place::System | Place::Home | Place::AboveProject => {
                report.add(&RIGHTS, word)
            }
            Place::Device => report.add(&RIGHTS, word),
            Place::Project | Place::Inside | Place::Outside | Place::Unknown | Place::GitDir
                if is_tree && opens_all =>
            {
                report.add(&RIGHTS, word);
            }
            Place::Outside | Place::Elsewhere if is_tree && !is_mode => report.add(&RIGHTS, word),
            Place::Project | Place::Inside | Place::Outside | Place::Unknown | Place::GitDir
                if lets_all_write(mode) =>
            {
                report.add(&RIGHTS, word);
            }
            _ if opens_all && opens_keys(&cmd.path(*index)) => report.add(&RIGHTS, word),
            Place::Protected => report.add(&RIGHTS, word),
            _ => {}
        }
    }
}

fn opens_keys(path: &str) -> bool {
    is_secret(path) || is_key_folder(path)
}

/// `-x`, `-rw`: a mode that looks like an option.
fn is_minus_mode(word: &str) -> bool {
    word.len() > 1 && word[1..].bytes().all(|byte| b"rwxXst,=+-ugoa".contains(&byte)) && word != "-R"
}

fn opens_to_all(mode: &str) -> bool {
    let is_octal = !mode.is_empty() && mode.bytes().all(|byte| byte.is_ascii_digit());
    if is_octal {
        return mode.ends_with(['7', '6', '2', '3']) || mode.bytes().all(|byte| byte == b'0');
    }
    mode.split(',').any(|part| {
        let (who, what) = part.split_at(part.find(['+', '=']).unwrap_or(part.len()));
        what.contains('w') && (who.is_empty() || who.contains(['o', 'a']))
    }) || mode == "a-rwx"
        || mode == "-rwx"
}

/// Everybody on the machine may write, by name and not by what the umask leaves of a plain `+w`.
fn lets_all_write(mode: &str) -> bool {
    let is_octal = mode.len() >= 3 && mode.bytes().all(|byte| byte.is_ascii_digit());
    let is_named = mode.split(',').any(|part| {
        let (who, what) = part.split_at(part.find(['+', '=']).unwrap_or(part.len()));
        what.contains('w') && who.contains(['o', 'a'])
    });
    is_named || (is_octal && mode.ends_with(['2', '3', '6', '7']))
}

fn sets_uid(mode: &str) -> bool {
    let is_octal = mode.len() == 4 && mode.bytes().all(|byte| byte.is_ascii_digit());
    (is_octal && mode.starts_with(['2', '4', '6', '7'])) || (mode.contains('s') && mode.contains(['+', '=']))
}
