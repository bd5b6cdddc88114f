//! Code in other languages: calls that delete files, start shells, or unpack hidden code.
//!
//! No grammar: names of calls, with the texts in quotes that follow. What stands in a quoted text itself is
//! data. In a file of the project only what is named in full counts; in code on the command line, what
//! nobody can tell is asked about.

mod calls;
mod hidden;
mod remote;
mod text;
mod words;

use instar_plugin_sdk::guard::Code;

use calls::{CALLS, Effect, argument, calls};
use text::{Text, literals, unescape};

use crate::guess;
use crate::packs::{credentials, databases, filesystem, overwrite};
use crate::rule::{Report, rules};
use crate::scene::{Cmd, Scene};
use crate::secret_file::{is_key_folder, is_secret};

rules! { Unseen:
    DELETES = Risky "code-deletes",
        "the code would delete files, and nobody can tell which",
        "name the files in the code, or list them first";
    RUNS = Risky "code-runs",
        "the code would start a program, and nobody can tell which",
        "run the program itself";
    DESTROYS = Risky "code-destroys",
        "the code would delete what a service keeps",
        "list first what would go, and let the operator delete it";
    HIDDEN = Grave "code-hidden",
        "the code would run what is hidden in an encoding",
        "write the code out as it is";
}

/// The longest code that is looked at.
const CODE_BYTES: usize = 128 * 1024;
pub(crate) fn judge(code: &Code, scene: &Scene<'_>, report: &mut Report) {
    if matches!(code.language.as_str(), "shell" | "sql" | "yaml") || code.command as usize >= scene.commands.len() {
        return;
    }
    judge_text(&code.text, &code.language, code.path.is_none(), &scene.cmd(code.command as usize), report);
}

/// Code that stands in the words of a command.
pub(crate) fn judge_inline(code: &str, language: &str, cmd: &Cmd<'_>, report: &mut Report) {
    judge_text(code, language, true, cmd, report);
}

fn judge_text(code: &str, language: &str, is_inline: bool, cmd: &Cmd<'_>, report: &mut Report) {
    let text = &code[..code.floor_char_boundary(CODE_BYTES.min(code.len()))];
    let text = Text { text, literals: literals(text, language), is_inline };
    let maps = ["array_map(", "Array.from(", ".map(", ".forEach("].iter().any(|map| text.text.contains(map));
    let names_delete =
        |(start, end): &(usize, usize)| matches!(&text.text[*start..*end], "unlink" | "rmdir" | "system");
    // `for (glob "…") { unlink }`: what is deleted is what the loop is at.
    let is_bare = |name: &str| {
        text.text
            .match_indices(name)
            .any(|(at, _)| !text.is_data(at) && text.text[at + name.len()..].trim_start().starts_with(['}', ';']))
    };
    if is_inline && language == "perl" && (is_bare("unlink") || is_bare("rmdir")) {
        report.add(&DELETES, "unlink");
    }
    if is_inline && maps && text.literals.iter().any(names_delete) {
        report.add(&DELETES, "unlink");
    }
    if is_inline {
        hidden::hidden(&text, report);
        hidden::shell_quotes(&text, language, cmd, report);
        hidden::shell_words(&text, language, cmd, report);
        hidden::renamed_shell(&text, cmd, report);
    }
    let compact: String = text.text.chars().filter(|letter| !letter.is_whitespace()).collect();
    if is_inline {
        hidden::forks(&compact, report);
        let shows_all =
            language == "node" && cmd.words().iter().any(|word| matches!(word.as_str(), "-p" | "--print" | "-pe"));
        hidden::shown_variable(&compact, shows_all, report);
        remote::judge(&text, language, &compact, report);
        secrets_by_name(&text, cmd, report);
    }
    hidden::reverse_shell(&text, report);
    let by_alias = [("run", Effect::Shell), ("call", Effect::Shell)];
    // `const { rm } = require("fs/promises")`
    let names_are_files = || ["'fs", "\"fs", "node:fs"].iter().any(|module| text.text.contains(module));
    let has_rm = language == "julia" || language == "node" && names_are_files();
    let by_language: &[(&str, Effect)] = if has_rm { &[("rm", Effect::Tree), ("rmdir", Effect::Tree)] } else { &[] };
    let aliased = if text.text.contains("subprocess") { by_alias.as_slice() } else { &[] };
    let is_asked = |(_, effect): &&(&str, Effect)| is_inline || *effect != Effect::Sql;
    for (name, effect) in CALLS.iter().chain(aliased).chain(by_language).filter(is_asked) {
        // `/x/.exec(…)` is a pattern and no statement.
        let is_pattern = |at: &usize| *effect == Effect::Sql && text.text[..*at].ends_with('/');
        for at in calls(&text, name).filter(|at| !is_pattern(at)) {
            judge_call(&text, at + name.len(), *effect, cmd, report);
        }
    }
}

/// A file of secrets that stands in the text by its exact name, read by whatever call, in code that shows something.
fn secrets_by_name(text: &Text<'_>, cmd: &Cmd<'_>, report: &mut Report) {
    const READS: &[&str] =
        &["dotenv_values", "read_file", "slurp", "readlines", "fromfile", "File.readlines", "IO.read", "load", "read"];
    let shows = ["print", "puts", "console.", "echo", "stdout"].iter().any(|show| text.text.contains(show));
    for (start, end) in text.literals.iter().filter(|_| shows) {
        let before = text.text[..start.saturating_sub(1)].trim_end_matches(['(', ' ']);
        let name =
            before.rsplit(|letter: char| !letter.is_ascii_alphanumeric() && letter != '_').next().unwrap_or_default();
        let path = &text.text[*start..*end];
        if READS.contains(&name) && is_secret(&cmd.path_of(path)) {
            return report.add(&credentials::READ, path);
        }
    }
}

fn judge_call(text: &Text<'_>, at: usize, effect: Effect, cmd: &Cmd<'_>, report: &mut Report) {
    let argument = argument(text, at);
    let given: Vec<String> = text
        .literals
        .iter()
        .filter(|(start, _)| *start >= argument.0 && *start < argument.1)
        .map(|(start, end)| words::at_home(unescape(&text.text[*start..*end])))
        .collect();
    match effect {
        Effect::Tree | Effect::File => deletes(text, argument, &given, effect == Effect::Tree, cmd, report),
        Effect::Shell => starts(text, argument, given, cmd, report),
        Effect::Open => opens(text, argument, &given, cmd, report),
        Effect::Sql => databases::judge_statements(&given, !text.text.contains(":memory:"), report),
    }
}

fn deletes(
    text: &Text<'_>,
    argument: (usize, usize),
    given: &[String],
    is_tree: bool,
    cmd: &Cmd<'_>,
    report: &mut Report,
) {
    let written = &text.text[argument.0..argument.1];
    let is_home = [
        "Path.home()",
        "homedir()",
        "Dir.home",
        "expanduser",
        "environ['HOME']",
        "env.HOME",
        "ENV['HOME']",
        "$ENV{HOME}",
    ];
    let begins_at_home =
        is_home.iter().any(|home| written.contains(home)) && given.iter().all(|path| !path.contains('/'));
    if begins_at_home && is_tree {
        return report.add(&filesystem::UNKNOWN, written);
    }
    let is_formatted =
        written.contains("f\"") || written.contains("f'") || written.contains("#{") || written.contains("${");
    let path = given.iter().find(|path| !matches!(path.as_str(), "utf-8" | "force" | "recursive"));
    match path.filter(|_| !is_formatted) {
        Some(path) => {
            let place = cmd.place_of(path, false, path.contains('*'));
            filesystem::delete_place(place, is_tree, path, report);
        }
        None if !text.is_inline || words::is_temporary(text, argument.0, written) => {}
        None => {
            let sweeps = ["glob", "find(", "walk", "listdir", "iterdir", "readdir", "scandir", "Dir["];
            if is_tree || sweeps.iter().any(|sweep| text.text.contains(sweep)) {
                report.add(&DELETES, written);
            }
        }
    }
}

/// The texts of a call that starts a program: one is for a shell, several are words.
fn starts(text: &Text<'_>, argument: (usize, usize), given: Vec<String>, cmd: &Cmd<'_>, report: &mut Report) {
    let written = &text.text[argument.0..argument.1];
    let places = cmd.scene.places;
    if let Some((_, words)) = written.split_once("qw(").or_else(|| written.split_once("qw{")) {
        let words = words.split([')', '}']).next().unwrap_or_default().split_whitespace().map(str::to_owned);
        return guess::judge_words(words.collect(), places, report);
    }
    if let Some((_, quoted)) = written.split_once("q(").or_else(|| written.split_once("q{")) {
        return guess::judge_string(quoted.trim_end_matches([')', '}']), places, report);
    }
    if given.is_empty() {
        let is_call = written.len() > 2 && text.text[..argument.0].ends_with(['(', ' ']);
        let is_pattern = text.text[..argument.0].ends_with(".exec(") && !text.text.contains("child_process");
        let encoded = ["decode", "fromhex", "chr(", "decompress", "argv", "input(", "Buffer.from", "atob", "base64"];
        if text.is_inline && is_call && !is_pattern && encoded.iter().any(|part| written.contains(part)) {
            report.add(&RUNS, written);
        }
        return;
    }
    let elements = words::elements(text, argument);
    let is_one = given[0].contains(' ') || elements.len() < 2;
    let is_list = written.contains('[') || elements.iter().all(|word| !word.contains(' '));
    if !is_one && is_list && written.trim_start().starts_with(['[', '"', '\'']) {
        // `spawn("bash", ["-c", "…"])` hands the last text to a shell.
        if let [shell, option, script, ..] = given.as_slice() {
            let is_shell =
                crate::names::SHELLS.contains(&shell.rsplit('/').next().unwrap_or(shell)) && option.starts_with('-');
            if is_shell {
                guess::judge_string(script, places, report);
            }
        }
        return guess::judge_words(
            if text.is_inline && !words::is_hole(&elements[0]) { elements } else { given },
            places,
            report,
        );
    }
    let written_out = if text.is_inline { words::texts(text, argument) } else { given };
    for each in written_out {
        guess::judge_string(&each, places, report);
    }
}

/// Files that are opened by name: secrets that are read, settings that are written.
fn opens(text: &Text<'_>, argument: (usize, usize), given: &[String], cmd: &Cmd<'_>, report: &mut Report) {
    let Some(path) = given.first() else { return };
    let shows = ["print", "puts", "console.", "echo", "stdout", "say ", "pp "];
    let is_shown = || {
        let by_option = cmd.words().iter().any(|word| matches!(word.as_str(), "-p" | "--print" | "-pe" | "-E"));
        by_option || shows.iter().any(|show| text.text.contains(show)) || remote::sends(text.text)
    };
    if text.is_inline && is_secret(&cmd.path_of(path)) && is_shown() {
        return report.add(&credentials::READ, path);
    }
    let written = &text.text[argument.0..argument.1];
    let behind = &text.text[argument.1..text.text.floor_char_boundary((argument.1 + 60).min(text.text.len()))];
    let before = &text.text[text.text.floor_char_boundary(argument.0.saturating_sub(20))..argument.0];
    let mode = given.get(1).map_or("", String::as_str);
    let writes = mode.starts_with(['w', 'a', '>', 'x', 'r']) && mode.contains(['w', 'a', '>', '+', 'x'])
        || ["write", "put_contents", "move", "rename", "replace", "copy"].iter().any(|verb| before.contains(verb))
        || behind.starts_with(").write")
        || behind.starts_with(").unlink")
        || behind.starts_with(").delete")
        || written.contains("'w'");
    if !writes {
        return;
    }
    let target = if before.contains("cop") || before.contains("move") || before.contains("re") {
        given.last().unwrap_or(path)
    } else {
        path
    };
    for path in [path, target] {
        overwrite::write(cmd, path, cmd.place_of(path, false, false), overwrite::How::Replace, report);
    }
    let is_moved = ["rename", "move"].iter().any(|verb| before.contains(verb));
    if is_moved && text.is_inline && (is_secret(&cmd.path_of(path)) || is_key_folder(&cmd.path_of(path))) {
        report.add(&credentials::COPY, path);
    }
    let is_tree = behind.starts_with(").deleteDir") || behind.starts_with(").deleteRecursively");
    if is_tree || behind.starts_with(").unlink") || behind.starts_with(").delete()") {
        filesystem::delete_place(cmd.place_of(path, false, false), is_tree, path, report);
    }
}

#[cfg(test)]
mod tests {
    use crate::tests::{flagged_code, rules_of_code};

    #[test]
    fn calls_are_judged_by_what_they_are_given() {
        assert_eq!(rules_of_code("python", "import shutil; shutil.rmtree('/')"), ["rm-root"]);
        assert_eq!(rules_of_code("python", "shutil.rmtree('build')"), Vec::<&str>::new());
        assert_eq!(rules_of_code("node", "require('fs').rmSync('/etc', {recursive: true})"), ["rm-system"]);
        assert_eq!(rules_of_code("perl", "unlink glob(\"*\")"), ["rm-project"]);
        assert_eq!(rules_of_code("ruby", "`rm -rf ~`"), ["rm-home"]);
        assert_eq!(rules_of_code("python", "subprocess.run(['rm', '-rf', '/home/ada'])"), ["rm-home"]);
        assert_eq!(rules_of_code("awk", "BEGIN { system(\"rm -rf /\") }"), ["rm-root"]);
    }

    #[test]
    fn quoted_text_and_comments_are_data() {
        assert!(!flagged_code("python", "print(\"shutil.rmtree('/')\")"));
        assert!(!flagged_code("python", "# os.system('rm -rf /')\nprint(1)"));
        assert!(!flagged_code("node", "/rm -rf/.exec('x')"));
    }

    #[test]
    fn hidden_code_is_asked_about() {
        assert_eq!(rules_of_code("python", "exec(__import__('base64').b64decode('aW1w'))"), ["code-hidden"]);
    }
}
