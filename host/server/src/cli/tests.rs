//! The arguments: every example in every help text is understood, and the documented exit codes hold.

use clap::{CommandFactory as _, Parser as _};

use super::{Cli, Exit, exit_of};

/// All commands of the tree with their way to it, `instar job add` and so on.
fn commands() -> Vec<(String, clap::Command)> {
    let mut found = vec![("instar".to_owned(), Cli::command())];
    let mut next = 0;
    while let Some((path, command)) = found.get(next).cloned() {
        let children = command.get_subcommands().filter(|child| !child.is_hide_set());
        found.extend(children.map(|child| (format!("{path} {}", child.get_name()), child.clone())));
        next += 1;
    }
    found
}

fn examples_of(command: &clap::Command) -> Vec<String> {
    let help = command.get_after_help().map(ToString::to_string).unwrap_or_default();
    let joined = help.replace("\\\n", " ");
    joined.lines().map(str::trim).filter(|line| line.starts_with("instar ")).map(str::to_owned).collect()
}

#[track_caller]
fn check_parses(line: &str) {
    let ends = [" < ", " > ", " | "].into_iter().filter_map(|sign| line.find(sign));
    let command = &line[..ends.min().unwrap_or(line.len())];
    let words = shell_words::split(command).expect("examples are shell commands");
    if let Err(error) = Cli::try_parse_from(&words) {
        panic!("`{line}` is not understood:\n{error}");
    }
}

#[test]
fn the_tree_of_commands_is_well_formed() {
    Cli::command().debug_assert();
}

#[test]
fn every_command_has_examples_and_all_of_them_are_understood() {
    for (path, command) in commands() {
        let examples = examples_of(&command);
        assert!(examples.iter().any(|example| example.contains(&path)), "`{path} --help` has no example of itself");
        examples.iter().for_each(|example| check_parses(example));
    }
}

#[test]
fn the_published_commands_are_understood() {
    check_parses(
        "instar job add --slug check-email --name 'Email Check' --schedule '0 */2 * * *' \
         --description 'Check for urgent emails and relay to Telegram' --priority high --model sonnet",
    );
    check_parses("instar job disable check-email");
    check_parses("instar server start");
    check_parses("instar init --dir x --port 4041 -- name");
    check_parses("instar -d x status --json");
    check_parses("instar session send research-task '-- starts with hyphens'");
}

#[track_caller]
fn check_exit(words: &[&str], expected: Exit) {
    let error = Cli::try_parse_from(words).unwrap_err();
    assert_eq!(exit_of(&error), expected, "{words:?}");
}

#[test]
fn what_is_not_understood_is_a_usage_error_and_never_a_wizard() {
    check_exit(&["instar"], Exit::Usage);
    check_exit(&["instar", "bogus"], Exit::Usage);
    check_exit(&["instar", "job"], Exit::Usage);
    check_exit(&["instar", "job", "delete", "x"], Exit::Usage);
    check_exit(&["instar", "job", "add", "--slug", "x"], Exit::Usage);
    check_exit(&["instar", "init", "--port", "0"], Exit::Usage);
    check_exit(&["instar", "init", "--port", "4o4o"], Exit::Usage);
    check_exit(&["instar", "init", "--port", "65536"], Exit::Usage);
    check_exit(&["instar", "session", "list", "--status", "busy"], Exit::Usage);
    check_exit(&["instar", "server", "start", "--detached"], Exit::Usage);
}

#[test]
fn help_and_version_are_answers() {
    check_exit(&["instar", "--help"], Exit::Ok);
    check_exit(&["instar", "-V"], Exit::Ok);
    check_exit(&["instar", "job", "add", "--help"], Exit::Ok);
}
