//! Code in other languages: calls that delete files, start shells, or unpack hidden code.
//!
//! No grammar: names of calls, with the texts in quotes that follow. What stands in a quoted text itself is
//! data. In a file of the project only what is named in full counts; in code on the command line, what
//! nobody can tell is asked about.

use instar_plugin_sdk::guard::Code;

use crate::guess;
use crate::packs::{credentials, filesystem, network, overwrite};
use crate::rule::{Report, rules};
use crate::scene::{Cmd, Scene};
use crate::secret_file::is_secret;

rules! { Unseen:
    DELETES = Risky "code-deletes",
        "the code would delete files, and nobody can tell which",
        "name the files in the code, or list them first";
    RUNS = Risky "code-runs",
        "the code would start a program, and nobody can tell which",
        "run the program itself";
    HIDDEN = Grave "code-hidden",
        "the code would run what is hidden in an encoding",
        "write the code out as it is";
}

/// What a call does with what it is given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Effect {
    Tree,
    File,
    Shell,
    Open,
}

/// Names of calls; a dot in front of a name stands for any object.
const CALLS: &[(&str, Effect)] = &[
    ("rmtree", Effect::Tree),
    ("remove_tree", Effect::Tree),
    ("rm_rf", Effect::Tree),
    ("rm_r", Effect::Tree),
    ("rmSync", Effect::Tree),
    ("fs.rm", Effect::Tree),
    ("promises.rm", Effect::Tree),
    ("rimraf", Effect::Tree),
    ("rimrafSync", Effect::Tree),
    ("removeSync", Effect::Tree),
    ("fs.remove", Effect::Tree),
    ("fse.remove", Effect::Tree),
    ("emptyDirSync", Effect::Tree),
    ("removedirs", Effect::Tree),
    ("remove_entry_secure", Effect::Tree),
    ("remove_dir", Effect::Tree),
    ("rmdirSync", Effect::Tree),
    ("Deno.remove", Effect::Tree),
    ("Deno.removeSync", Effect::Tree),
    ("os.RemoveAll", Effect::Tree),
    ("os.remove", Effect::File),
    ("os.unlink", Effect::File),
    ("os.rmdir", Effect::File),
    (".unlink", Effect::File),
    (".rmdir", Effect::File),
    ("unlink", Effect::File),
    ("unlinkSync", Effect::File),
    ("File.delete", Effect::File),
    ("FileUtils.rm", Effect::File),
    ("FileUtils.rm_f", Effect::File),
    ("Dir.rmdir", Effect::File),
    ("os.truncate", Effect::File),
    ("truncateSync", Effect::File),
    ("system", Effect::Shell),
    ("popen", Effect::Shell),
    ("getoutput", Effect::Shell),
    ("subprocess.run", Effect::Shell),
    ("subprocess.call", Effect::Shell),
    ("check_call", Effect::Shell),
    ("check_output", Effect::Shell),
    ("Popen", Effect::Shell),
    ("execvp", Effect::Shell),
    ("execv", Effect::Shell),
    ("execl", Effect::Shell),
    ("execlp", Effect::Shell),
    ("pty.spawn", Effect::Shell),
    ("execSync", Effect::Shell),
    ("spawnSync", Effect::Shell),
    ("execFileSync", Effect::Shell),
    ("execFile", Effect::Shell),
    ("spawn", Effect::Shell),
    ("exec", Effect::Shell),
    ("shell_exec", Effect::Shell),
    ("passthru", Effect::Shell),
    ("proc_open", Effect::Shell),
    ("os.execute", Effect::Shell),
    ("Open3.capture2", Effect::Shell),
    ("Deno.run", Effect::Shell),
    ("Bun.spawn", Effect::Shell),
    ("qx", Effect::Shell),
    ("do shell script", Effect::Shell),
    ("open", Effect::Open),
    ("readFileSync", Effect::Open),
    ("readFile", Effect::Open),
    ("read_text", Effect::Open),
    ("write_text", Effect::Open),
    ("Path", Effect::Open),
    ("writeFileSync", Effect::Open),
    ("writeFile", Effect::Open),
    ("File.read", Effect::Open),
    ("File.write", Effect::Open),
    ("file_get_contents", Effect::Open),
    ("file_put_contents", Effect::Open),
    ("shutil.move", Effect::Open),
    ("shutil.copy", Effect::Open),
    ("copyFileSync", Effect::Open),
    ("renameSync", Effect::Open),
    ("os.rename", Effect::Open),
    ("os.replace", Effect::Open),
];

/// The longest code that is looked at.
const CODE_BYTES: usize = 128 * 1024;
/// How far behind a call its texts may stand.
const CALL_BYTES: usize = 400;

/// One text of code, with where its quoted texts stand.
struct Text<'a> {
    text: &'a str,
    literals: Vec<(usize, usize)>,
    /// It stands in the command itself, so somebody wrote it just now.
    is_inline: bool,
}

impl Text<'_> {
    /// Whether this place lies in a quoted text. They are sorted, and there may be many.
    fn is_data(&self, at: usize) -> bool {
        let behind = self.literals.partition_point(|(start, _)| *start <= at);
        behind > 0 && at < self.literals[behind - 1].1
    }
}

pub(crate) fn judge(code: &Code, scene: &Scene<'_>, report: &mut Report) {
    if code.language == "shell" || code.command as usize >= scene.commands.len() {
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
    if is_inline && maps && text.literals.iter().any(names_delete) {
        report.add(&DELETES, "unlink");
    }
    if is_inline {
        hidden(&text, report);
        shell_quotes(&text, language, cmd, report);
    }
    let compact: String = text.text.chars().filter(|letter| !letter.is_whitespace()).collect();
    let dumps = ["print(os.environ)", "print(dict(os.environ))", "(process.env)", "putsENV.to_h", "print_r($_ENV)"];
    if is_inline && dumps.iter().any(|dump| compact.contains(dump)) {
        report.add(&credentials::ENVIRONMENT, "");
    }
    reverse_shell(&text, report);
    let by_alias = [(".run", Effect::Shell), (".call", Effect::Shell)];
    let aliased = if text.text.contains("subprocess") { by_alias.as_slice() } else { &[] };
    for (name, effect) in CALLS.iter().chain(aliased) {
        for at in calls(&text, name) {
            judge_call(&text, at + name.len(), *effect, cmd, report);
        }
    }
}

fn judge_call(text: &Text<'_>, at: usize, effect: Effect, cmd: &Cmd<'_>, report: &mut Report) {
    let argument = argument(text, at);
    let given: Vec<String> = text
        .literals
        .iter()
        .filter(|(start, _)| *start >= argument.0 && *start < argument.1)
        .map(|(start, end)| unescape(&text.text[*start..*end]))
        .collect();
    match effect {
        Effect::Tree | Effect::File => deletes(text, argument, &given, effect == Effect::Tree, cmd, report),
        Effect::Shell => starts(text, argument, given, cmd, report),
        Effect::Open => opens(text, argument, &given, cmd, report),
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
        None if !text.is_inline => {}
        None => {
            let sweeps = ["glob", "walk", "listdir", "iterdir", "readdir", "scandir", "Dir["];
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
    let is_words = given.len() > 1 && !given[0].contains(' ') && written.trim_start().starts_with(['[', '"', '\'']);
    if is_words && (written.contains('[') || given.iter().all(|word| !word.contains(' '))) {
        // `spawn("bash", ["-c", "…"])` hands the last text to a shell.
        if let [shell, option, script, ..] = given.as_slice() {
            let is_shell =
                crate::names::SHELLS.contains(&shell.rsplit('/').next().unwrap_or(shell)) && option.starts_with('-');
            if is_shell {
                guess::judge_string(script, places, report);
            }
        }
        return guess::judge_words(given, places, report);
    }
    for each in given {
        guess::judge_string(&each, places, report);
    }
}

/// Files that are opened by name: secrets that are read, settings that are written.
fn opens(text: &Text<'_>, argument: (usize, usize), given: &[String], cmd: &Cmd<'_>, report: &mut Report) {
    let Some(path) = given.first() else { return };
    let shows = ["print", "puts", "console.", "echo", "stdout", "say ", "requests", "urlopen", "fetch("];
    if is_secret(&cmd.path_of(path)) && text.is_inline && shows.iter().any(|show| text.text.contains(show)) {
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
    let is_delete = behind.starts_with(").unlink");
    if is_delete {
        filesystem::delete_place(cmd.place_of(path, false, false), false, path, report);
    }
}

/// Decoding and running in one breath.
fn hidden(text: &Text<'_>, report: &mut Report) {
    const RUNS_CODE: &[&str] = &["exec(", "eval(", "system(", "Function(", "eval ", "loads(", "compile("];
    const DECODES: &[&str] = &[
        "b64decode",
        "base64",
        "fromhex",
        "decompress(",
        "atob(",
        "rot13",
        "rot_13",
        "unhexlify",
        "Buffer.from(",
        "chr(",
        "decode_base64",
        "unpack(",
        "gzinflate",
        "[::-1]",
        "pack(",
        "marshal",
        "String.fromCharCode",
    ];
    let stands_free = |run: &str| text.text.match_indices(run).any(|(at, _)| !text.is_data(at));
    let runs = RUNS_CODE.iter().find(|run| stands_free(run));
    let fetches =
        ["urlopen(", "requests.get(", "urllib", "Net::HTTP", "fetch(", "http.get(", "LWP", "file_get_contents('http"];
    if runs.is_none() {
        return;
    }
    if let Some(decode) = DECODES.iter().find(|decode| text.text.contains(**decode)) {
        report.add(&HIDDEN, decode);
    }
    if fetches.iter().any(|fetch| text.text.contains(fetch)) {
        report.add(&network::RUN_DOWNLOAD, "");
    }
}

/// A socket that becomes the standard input of a shell.
fn reverse_shell(text: &Text<'_>, report: &mut Report) {
    let has = |part: &str| text.text.contains(part);
    let connects = has("socket") || has("Socket") || has("net.connect") || has("fsockopen") || has("TCPSocket");
    let becomes = has("dup2")
        || has("pty.spawn")
        || has(">&S")
        || has("pipe(sh")
        || has("exec(\"/bin/sh")
        || has("proc_open")
        || has("<&3");
    let shell = has("/bin/sh") || has("/bin/bash") || has("\"sh\"") || has("'sh'") || has("\"bash\"") || has("cmd.exe");
    if connects && shell && (becomes || (has("exec") && has("sh -i"))) && text.is_inline {
        report.add(&network::REVERSE_SHELL, "");
    }
}

/// Backticks and `| getline`: a quoted text that a shell runs.
fn shell_quotes(text: &Text<'_>, language: &str, cmd: &Cmd<'_>, report: &mut Report) {
    let places = cmd.scene.places;
    let is_pipe = |(start, end): &(usize, usize)| {
        let before = text.text[..start - 1].trim_end();
        let behind = text.text[(end + 1).min(text.text.len())..].trim_start();
        before.ends_with('|') || behind.starts_with("| getline") || behind.starts_with("|& getline")
    };
    let pairs = text.literals.iter().filter(|(start, _)| match language {
        "ruby" | "perl" | "php" => text.text[..*start].ends_with('`') || text.text[..*start].ends_with("%x("),
        _ => false,
    });
    for (start, end) in pairs {
        guess::judge_string(&text.text[*start..*end], places, report);
    }
    if language == "awk" {
        for each in text.literals.iter().filter(|each| is_pipe(each)) {
            guess::judge_string(&unescape(&text.text[each.0..each.1]), places, report);
        }
    }
}

/// Where a call of this name begins, outside of quoted texts.
fn calls<'a>(text: &'a Text<'_>, name: &'a str) -> impl Iterator<Item = usize> + 'a {
    text.text.match_indices(name).map(|(at, _)| at).filter(move |at| {
        let before = text.text[..*at].chars().next_back();
        let behind = text.text[at + name.len()..].trim_start_matches(' ');
        let is_word = name.starts_with('.') || before.is_none_or(|letter| !letter.is_alphanumeric() && letter != '_');
        let is_call = behind.starts_with(['(', '"', '\'', '{'])
            || behind.starts_with("glob")
            || behind.starts_with('$')
            || behind.starts_with("<");
        is_word && is_call && !text.is_data(*at)
    })
}

/// What stands in the parentheses behind a call, or behind it up to the end of the statement.
fn argument(text: &Text<'_>, at: usize) -> (usize, usize) {
    let rest = &text.text[at..text.text.floor_char_boundary((at + CALL_BYTES).min(text.text.len()))];
    let is_open = rest.trim_start().starts_with('(');
    let start = at + if is_open { rest.find('(').unwrap_or(0) + 1 } else { 0 };
    let mut depth = 0_i32;
    for (offset, letter) in text.text[start..at + rest.len()].char_indices() {
        let here = start + offset;
        if text.is_data(here) {
            continue;
        }
        match letter {
            '(' | '[' | '{' => depth += 1,
            ')' | ']' | '}' if depth == 0 => return (start, here),
            ')' | ']' | '}' => depth -= 1,
            ';' | '\n' if !is_open && depth == 0 => return (start, here),
            _ => {}
        }
    }
    (start, at + rest.len())
}

/// Where quoted texts stand, without their quotes. Comments are stepped over.
fn literals(text: &str, language: &str) -> Vec<(usize, usize)> {
    let bytes = text.as_bytes();
    let has_hash_comments = matches!(language, "python" | "perl" | "ruby" | "awk" | "");
    let backtick_is_text = !matches!(language, "awk");
    let mut found = Vec::new();
    let mut at = 0;
    while at < bytes.len() {
        let quote = bytes[at];
        if has_hash_comments && quote == b'#' && (at == 0 || bytes[at - 1].is_ascii_whitespace()) {
            at += bytes[at..].iter().position(|byte| *byte == b'\n').unwrap_or(bytes.len() - at);
            continue;
        }
        if quote == b'/' && bytes.get(at + 1) == Some(&b'/') && !has_hash_comments {
            at += bytes[at..].iter().position(|byte| *byte == b'\n').unwrap_or(bytes.len() - at);
            continue;
        }
        let is_quote = quote == b'"' || quote == b'\'' || (quote == b'`' && backtick_is_text);
        if !is_quote {
            at += 1;
            continue;
        }
        let is_triple = bytes[at..].starts_with(&[quote; 3]) && language == "python";
        let width = if is_triple { 3 } else { 1 };
        let start = at + width;
        let mut end = start;
        while end < bytes.len() && !bytes[end..].starts_with(&vec![quote; width]) {
            end += if bytes[end] == b'\\' { 2 } else { 1 };
        }
        let end = end.min(bytes.len());
        if text.is_char_boundary(start.min(end)) && text.is_char_boundary(end) {
            found.push((start.min(end), end));
        }
        at = end + width;
    }
    found
}

fn unescape(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut letters = text.chars();
    while let Some(letter) = letters.next() {
        if letter != '\\' {
            plain.push(letter);
            continue;
        }
        match letters.next() {
            Some('n') => plain.push('\n'),
            Some('t') => plain.push('\t'),
            Some('x') => {
                let digits: String = letters.by_ref().take(2).collect();
                plain.extend(u8::from_str_radix(&digits, 16).ok().map(char::from));
            }
            Some(other) => plain.push(other),
            None => {}
        }
    }
    plain
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
