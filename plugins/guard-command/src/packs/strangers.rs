//! Programs that nobody has listed, judged by what their own words say: a verb that destroys, or a statement of SQL.
//!
//! Every service has a command line of its own, and most are built alike: nouns, then a verb, then names. What is
//! known to take words of the user in that place, or to have its own rules, is let go.

use crate::args::{Args, NO_VALUES};
use crate::names::{READERS, SHELLS, interpreter};
use crate::packs::databases;
use crate::packs::listed::{INSISTS, LIGHT, MILD, OTHERS, TAKES_TEXT, TAKES_WORDS, VERBS};
use crate::packs::sweepers::SWEEP;
use crate::rule::Report;
use crate::scene::Cmd;
use crate::sql::says_loss;

pub(crate) fn judge(cmd: &Cmd<'_>, report: &mut Report) {
    let name = cmd.name();
    if name.is_empty() || cmd.words().is_empty() && cmd.it.stdin.is_none() {
        return;
    }
    statements(cmd, report);
    // Nearly all commands have no such word, so the names are asked for last.
    let Some(about) = says_by_name(name).or_else(|| throws_away(cmd.words())) else { return };
    let takes_words =
        TAKES_WORDS.contains(&name) && about != "implode" || matches!(name, "echo" | "grep" | "rg" | "git");
    let is_reader = READERS.contains(&name) || SHELLS.contains(&name) || interpreter(name).is_some();
    if takes_words || is_reader || is_of_the_project(cmd) || Args::of(cmd, &NO_VALUES).is_rehearsal() {
        return;
    }
    report.add(&SWEEP, about);
}

/// `ldapdelete`, `lxc-destroy`
fn says_by_name(name: &str) -> Option<&str> {
    ["delete", "-destroy", "-purge", "-wipe", "-nuke"]
        .iter()
        .any(|end| name.ends_with(end) && !name.ends_with("undelete"))
        .then_some(name)
}

/// `./cli delete 5`: what it does, its own project decides.
fn is_of_the_project(cmd: &Cmd<'_>) -> bool {
    cmd.it.argv.get(cmd.from).is_some_and(|word| word.starts_with('.') && word.contains('/'))
}

/// The word that says so. It stands behind nouns only, before any name that somebody gave.
fn throws_away(words: &[String]) -> Option<&str> {
    let insists = || {
        words.iter().any(|word| {
            let is_short = matches!(word.as_str(), "-y" | "-f" | "-yf" | "-fy");
            is_short || INSISTS.iter().any(|option| word.strip_prefix(option).is_some_and(|rest| !rest.contains('=')))
        })
    };
    let nouns = words.iter().filter(|word| !word.starts_with('-')).take(3).map(String::as_str);
    let by_option = words.iter().map(String::as_str).find(|word| is_wiping_option(word));
    let mut before = None;
    for word in nouns.take_while(|word| is_noun(word) && !OTHERS.contains(word)) {
        // `users rm ada` throws away for good what a service keeps; `repo remove x` does not.
        let of_service = matches!(word, "rm" | "remove") && before.is_some_and(|noun| !LIGHT.contains(&noun));
        if says_it(word) || of_service || MILD.contains(&word) && insists() {
            return Some(word);
        }
        before = Some(word);
    }
    by_option
}

/// A word of the program itself: no path, no text, no number.
fn is_noun(word: &str) -> bool {
    let is_inner = |byte: u8| matches!(byte, b'-' | b'_' | b':' | b'.' | b'/');
    word.bytes().all(|byte| byte.is_ascii_alphabetic() || is_inner(byte)) && !word.starts_with(['/', '.'])
}

/// `destroy`, `delete-cluster`, `db:drop`, `DeleteInstance`.
fn says_it(word: &str) -> bool {
    let starts = ["delete-", "destroy-", "terminate-", "purge-", "wipe-", "nuke-", "erase-", "drop-", "batch-delete-"];
    let ends = [":destroy", ":delete", ":drop", ":wipe", ":purge", ":nuke", ":truncate", ":reset", "-destroy", "-nuke"];
    let last = word.rsplit(['.', '/']).next().filter(|last| last.len() < word.len());
    let is_path = last.is_some_and(|last| matches!(last, "destroy" | "terminate" | "purge"));
    let joined = ["Delete", "Terminate", "Destroy", "Purge"];
    let is_camel = |start: &&str| {
        word.strip_prefix(*start).is_some_and(|rest| rest.starts_with(|letter: char| letter.is_ascii_uppercase()))
    };
    VERBS.contains(&word)
        || is_path
        || starts.iter().any(|start| word.starts_with(start))
        || ends.iter().any(|end| word.ends_with(end))
        || joined.iter().any(is_camel)
}

fn is_wiping_option(word: &str) -> bool {
    let Some(name) = word.strip_prefix("--") else { return false };
    matches!(name, "destroy" | "wipe" | "nuke" | "factory-reset" | "wipe-all" | "erase-all")
        || ["delete-all", "purge-all", "drop-all", "delete-data", "wipe-data"]
            .iter()
            .any(|start| name.starts_with(start))
}

/// A statement of SQL that destroys, in the words of a program that no rule knows as a client, or read by one.
fn statements(cmd: &Cmd<'_>, report: &mut Report) {
    let name = cmd.name();
    let fed = cmd.it.stdin.iter().map(String::as_str);
    let mut texts = cmd.words().iter().map(String::as_str).filter_map(value).chain(fed);
    let Some((loss, about)) = texts.find_map(says_loss) else { return };
    let is_text = TAKES_TEXT.contains(&name) || READERS.contains(&name) || SHELLS.contains(&name);
    // The clients themselves have rules of their own, which know where their statements stand.
    if !is_text && interpreter(name).is_none() && !databases::is_client(name) {
        report.add(databases::rule_of(loss), &about);
    }
}

/// The word, or the value of `--sql=…`, if it may be more than one word of a statement.
fn value(word: &str) -> Option<&str> {
    let value = match word.strip_prefix("--") {
        Some(option) => option.split_once('=')?.1,
        None => word,
    };
    value.contains(' ').then_some(value)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::with_cmd;

    #[track_caller]
    fn check(words: &[&str], wanted: bool) {
        with_cmd(words, |cmd| {
            let mut report = Report::default();
            judge(cmd, &mut report);
            let is_found = !report.verdict(&crate::config::Config::default()).findings.is_empty();
            assert_eq!(is_found, wanted, "{words:?}");
        });
    }

    #[test]
    fn a_program_that_destroys_by_its_verb_is_asked_about_and_one_that_takes_words_is_not() {
        check(&["sometool", "destroy", "prod"], true);
        check(&["sometool", "cluster", "delete", "prod"], true);
        check(&["sometool", "compute", "DeleteInstance", "--id", "1"], true);
        check(&["sometool", "db", "reset", "--yes"], true);
        check(&["sometool", "users", "rm", "ada"], true);
        check(&["sometool", "vm.destroy", "web"], true);
        check(&["somedelete", "x"], true);
        check(&["sometool", "repo", "remove", "x"], false);
        check(&["sometool", "destroy", "--dry-run"], false);
        check(&["sometool", "db", "reset"], false);
        check(&["sometool", "show", "/x", "delete"], false);
        check(&["grep", "destroy", "README.md"], false);
        check(&["git", "destroy"], false);
        check(&["./cli", "delete", "5"], false);
    }

    #[test]
    fn statements_of_sql_are_known_in_the_words_of_any_client() {
        check(&["sometool", "--sql=drop table users"], true);
        check(&["sometool", "run", "TRUNCATE TABLE users"], true);
        check(&["sometool", "delete from users where id = 1"], false);
        check(&["sometool", "-k", "delete or truncate"], false);
        check(&["sometool", "update the readme"], false);
        check(&["git", "commit", "-m", "drop table users"], false);
    }
}
