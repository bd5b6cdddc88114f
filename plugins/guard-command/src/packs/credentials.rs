//! Reading keys, passwords and tokens, and the doors that such files open.

use crate::args::{Args, NO_VALUES, Spec};
use crate::names::READERS;
use crate::packs::keepers;
use crate::packs::leaving::filled_with_secret;
use crate::place::Place;
use crate::rule::{Report, rules};
use crate::scene::Cmd;
use crate::secret_file::{is_key_folder, is_secret, is_secret_variable, may_be_secret, secret_variable_in};

rules! { Credentials:
    READ = Grave "read-secret-file",
        "it would show keys, passwords or tokens to the model and the log",
        "use the file without showing it, such as with `source .env`, or look at `.env.example`";
    COPY = Grave "copy-secret-file",
        "it would copy keys, passwords or tokens to another place",
        "let the program read the file where it lies";
    VARIABLE = Grave "print-secret-variable",
        "it would show a secret variable to the model and the log",
        "test that it is set, such as with `test -n \"$TOKEN\"`";
    ENVIRONMENT = Grave "print-environment",
        "it would show the whole environment with its secrets",
        "show the one variable you need, such as `printenv PATH`";
    ENVIRONMENT_ADVICE = Advice "show-environment",
        "it shows the whole environment, and secrets with it",
        "show the one variable you need, such as `printenv PATH`";
    TOOL = Grave "print-secret",
        "it would print a secret that a tool keeps",
        "let the program ask the tool itself, so that nobody sees the secret";
    DOOR = Grave "write-secret-file",
        "it would change who or what gets in",
        "let the operator change it";
}

pub(crate) fn judge(cmd: &Cmd<'_>, report: &mut Report) {
    let name = cmd.name();
    if name == "git" {
        history(cmd, report);
    }
    if name == "find" || name == "ls" || name == "test" || name == "[" || name == "git" && !cmd.has_word("show") {
        return keepers::judge(cmd, report);
    }
    if READERS.contains(&name) || name == "sqlite3" {
        read(cmd, report);
    }
    let input =
        cmd.it.redirects.iter().find(|redirect| redirect.operator == "<" && is_secret(&cmd.path_of(&redirect.target)));
    if let Some(redirect) = input.filter(|_| cmd.from == 0 && !is_user_of_secrets(name) && !is_kept(cmd)) {
        report.add(&READ, &redirect.target);
    }
    by_name(cmd, report);
}

/// Programs that copy, print or make secrets, each in its own way.
#[expect(clippy::too_many_lines, reason = "a flat list of rules")]
fn by_name(cmd: &Cmd<'_>, report: &mut Report) {
    let name = cmd.name();
    match name {
        "cp" | "mv" | "install" | "ln" | "dd" | "tar" | "zip" | "7z" | "scp" | "rsync" | "ditto" => copy(cmd, report),
        "echo" | "printf" | "print" => {
            let shown = cmd.words().iter().find_map(|word| secret_variable_in(word));
            let shown = shown.or_else(|| filled_with_secret(cmd));
            if let Some(variable) = shown.filter(|_| !is_kept(cmd)) {
                report.add(&VARIABLE, variable);
            }
        }
        "ed" | "ex" => {
            let files = cmd
                .it
                .stdin
                .iter()
                .flat_map(|text| text.lines())
                .filter_map(|line| line.strip_prefix("e ").or_else(|| line.strip_prefix("r ")));
            if let Some(file) = files.into_iter().find(|file| is_secret(&cmd.path_of(file.trim()))) {
                report.add(&READ, file);
            }
        }
        "osascript"
            if cmd
                .words()
                .iter()
                .any(|word| word.contains("with hidden answer") || word.contains("hidden answer true")) =>
        {
            report.add(&TOOL, "hidden answer");
        }
        "printenv" => environment(cmd, report),
        "gpg" | "gpg2" if cmd.words().iter().any(|word| word.starts_with("--delete-secret")) => report.add(&DOOR, name),
        "security" if cmd.words().iter().any(|word| word.starts_with("delete-")) => report.add(&DOOR, name),
        "ssh-keygen" => {
            let args = Args::of(cmd, &Spec { short: "fNCtb", long: &[] });
            let says_yes = cmd.it.stdin.as_deref().is_some_and(|text| text.starts_with(['y', 'Y']));
            if let Some(file) = args.values('f', " ").find(|file| says_yes && is_secret(&cmd.path_of(file))) {
                report.add(&DOOR, file);
            }
            keepers::judge(cmd, report);
        }
        "declare" | "typeset" if cmd.has_word("-p") => {
            if let Some(variable) = cmd.words().iter().find(|word| is_secret_variable(word)) {
                report.add(&VARIABLE, variable);
            }
        }
        "env" if cmd.words().is_empty() => dump(cmd, &ENVIRONMENT_ADVICE, report),
        "ps" if cmd
            .words()
            .first()
            .is_some_and(|word| word.contains('e') && !word.starts_with('-') && word.len() < 8) =>
        {
            dump(cmd, &ENVIRONMENT, report);
        }
        "ssh-copy-id" if !cmd.has_word("-n") && !cmd.words().is_empty() => report.add(&DOOR, name),
        "jq" | "yq" | "grep" | "rg" if keepers::asks_keeper(cmd) => report.add(&TOOL, name),
        "set" | "export" | "declare"
            if cmd.words().is_empty()
                || matches!(cmd.words(), [only] if only == "-p" || only == "-x" || only == "-xp") =>
        {
            dump(cmd, &ENVIRONMENT_ADVICE, report)
        }
        "" if cmd.it.argv.is_empty() && cmd.it.wrappers.last().is_some_and(|last| last == "env") => {
            dump(cmd, &ENVIRONMENT_ADVICE, report);
        }
        _ => keepers::judge(cmd, report),
    }
}

/// Secrets that go into the history of a repository, or come out of it.
fn history(cmd: &Cmd<'_>, report: &mut Report) {
    if cmd.has_word("add") {
        copy(cmd, report);
    }
    let shows_changes = cmd.has_word("diff")
        || cmd.has_word("stash") && cmd.has_word("show")
        || cmd.has_word("log") && cmd.has_word("-p");
    if shows_changes && !cmd.has_word("--name-only") && !cmd.has_word("--stat") {
        let dashes = cmd.words().iter().skip_while(|word| *word != "--");
        if let Some(file) = dashes.skip(1).find(|word| is_secret(&cmd.path_of(word))).filter(|_| !is_kept(cmd)) {
            report.add(&READ, file);
        }
    }
    if cmd.has_word("show") || cmd.has_word("cat-file") {
        let files = cmd.words().iter().filter_map(|word| word.split_once(':').map(|(_, file)| file));
        if let Some(file) = files.into_iter().find(|file| is_secret(&cmd.path_of(file))).filter(|_| !is_kept(cmd)) {
            report.add(&READ, file);
        }
    }
}

/// Its output goes where neither the model nor another machine sees it: into a variable, a login, a file.
pub(super) fn is_kept(cmd: &Cmd<'_>) -> bool {
    let is_sent_on =
        cmd.scene.cmds().find(|other| other.it.reads_from.iter().any(|source| *source as usize == cmd.index));
    match is_sent_on {
        Some(reader) => is_login(&reader) || is_kept_count(&reader) || reader.user().is_some_and(|user| is_user(&user)),
        None => {
            let into = |redirect: &instar_plugin_sdk::guard::Redirect| {
                redirect.operator.starts_with('>') && redirect.target == "/dev/null"
            };
            cmd.it.redirects.iter().any(into) || cmd.user().is_some_and(|user| is_user(&user))
        }
    }
}

/// `docker login --password-stdin` and the like.
fn is_login(cmd: &Cmd<'_>) -> bool {
    let words = ["login", "--password-stdin", "--with-token", "--stdin", "set", "put", "add", "secret", "apply"];
    cmd.words().iter().any(|word| words.contains(&word.as_str()))
        || matches!(cmd.name(), "ssh-add" | "sudo" | "gpg" | "pbcopy")
}

/// It tells no more than a number or a fingerprint.
fn is_kept_count(cmd: &Cmd<'_>) -> bool {
    let is_quiet = cmd.name() == "grep" && Args::of(cmd, &NO_VALUES).short_is("qc");
    matches!(cmd.name(), "wc" | "sha256sum" | "md5sum" | "shasum" | "cksum") || is_quiet
}

/// The command uses the secret and does not show it: an assignment, an export, a header.
fn is_user(cmd: &Cmd<'_>) -> bool {
    let name = cmd.name();
    let sets =
        matches!(name, "" | "export" | "local" | "declare" | "readonly" | "env" | "test" | "[" | "[[" | "source" | ".");
    sets && (!cmd.it.argv.is_empty() || !cmd.it.assignments.is_empty()) || is_user_of_secrets(name)
}

fn is_user_of_secrets(name: &str) -> bool {
    matches!(
        name,
        "source"
            | "."
            | "ssh"
            | "ssh-add"
            | "ssh-keygen"
            | "docker"
            | "kubectl"
            | "gh"
            | "while"
            | "read"
            | "curl"
            | "kubeseal"
            | "wc"
    )
}

#[expect(clippy::too_many_lines, reason = "a flat list of rules")]
fn read(cmd: &Cmd<'_>, report: &mut Report) {
    let name = cmd.name();
    let args = Args::of(
        cmd,
        &Spec {
            short: if matches!(name, "head" | "tail") { "nc" } else { "efm" },
            long: &["regexp", "expression", "lines", "bytes"],
        },
    );
    let is_quiet = matches!(name, "grep" | "rg" | "egrep")
        && (args.short_is("qcl") || args.any_long(&["quiet", "count", "files-with-matches"]));
    let is_edit = matches!(name, "sed" | "perl") && (args.short_is("i") || args.exactly("in-place"));
    let only_writes = matches!(name, "tee" | "sponge");
    let is_edit = is_edit || (is_grep(name) && args.short_is("o") && shows_names_only(args.operand(0)));
    let is_check = name == "openssl"
        && cmd.words().iter().any(|word| {
            matches!(
                word.as_str(),
                "-noout"
                    | "-check"
                    | "x509"
                    | "req"
                    | "s_client"
                    | "verify"
                    | "-pubout"
                    | "genpkey"
                    | "genrsa"
                    | "-inkey"
            )
        });
    if is_quiet || is_edit || only_writes || is_check || is_kept(cmd) || is_example_diff(cmd) {
        return;
    }
    if cmd.it.more_words {
        // `find / -name id_rsa | xargs cat`: the names come from a search for them.
        let named = cmd.parent().into_iter().flat_map(|xargs| xargs.sources());
        let names: Vec<&String> = named.flat_map(|source| source.words()).collect();
        let is_sought = |word: &str| SECRET_WORDS.iter().any(|secret| word.to_ascii_lowercase().contains(secret));
        if let Some(name) = names.into_iter().find(|word| is_secret(&format!("/{word}")) || is_sought(word)) {
            return report.add(&READ, name);
        }
    }
    if cmd.has_word("{}")
        && let Some(find) = cmd.parent().filter(|parent| matches!(parent.name(), "find" | "gfind" | "fd" | "fdfind"))
        && let Some(name) = find.words().iter().find(|word| is_secret(&format!("/{word}")))
    {
        return report.add(&READ, name);
    }
    if asks_history(cmd) {
        return report.add(&READ, "history");
    }
    let included =
        cmd.words().iter().filter_map(|word| word.strip_prefix("--include=").or_else(|| word.strip_prefix("--glob=")));
    if let Some(word) = included.filter(|_| is_grep(name)).find(|word| is_secret(&format!("/{word}"))) {
        return report.add(&READ, word);
    }
    if let Some(word) = found_by_name(cmd) {
        return report.add(&READ, word);
    }
    if searches_for_secrets(cmd, &args) {
        return report.add(&READ, args.operand(0));
    }
    for index in cmd.from + 1..cmd.it.argv.len() {
        let word = cmd.it.argv[index].as_str();
        let word = word.strip_prefix("if=").unwrap_or(word);
        let is_pattern_of_grep = matches!(name, "grep" | "rg" | "egrep" | "sed" | "awk" | "jq")
            && args.operands.first() == Some(&index)
            && cmd.it.argv.len() > cmd.from + 2;
        if word.starts_with('-') || is_pattern_of_grep || word.contains("://") {
            continue;
        }
        let path = cmd.path_of(word);
        let is_pattern = cmd.it.patterns.iter().any(|known| *known as usize == index);
        let is_key_folder = is_key_folder(&path);
        let is_tree = is_key_folder && (args.short_is("rR") || matches!(name, "rg" | "ag"));
        if is_tree || (is_pattern && may_be_secret(&path)) {
            return report.add(&READ, word);
        }
        if is_secret(&path) && !matches!(cmd.place_of(word, false, false), Place::Temp) {
            return report.add(&READ, word);
        }
    }
}

/// `for f in $(find / -name .netrc); do cat $f; done`
fn found_by_name<'a>(cmd: &Cmd<'a>) -> Option<&'a str> {
    let is_given = cmd.words().iter().any(|word| word.starts_with('$'));
    let sources = if is_given { cmd.sources() } else { Vec::new() };
    let searches = sources.into_iter().filter(|source| matches!(source.name(), "find" | "fd" | "locate"));
    searches.flat_map(|source| source.words()).map(String::as_str).find(|word| is_secret(&format!("/{word}")))
}

const SECRET_WORDS: &[&str] =
    &["password", "passwd", "secret", "token", "api_key", "apikey", "akia", "private key", "bearer", "credential"];

/// `history | grep -i password`
fn asks_history(cmd: &Cmd<'_>) -> bool {
    let asks = |word: &String| SECRET_WORDS.iter().any(|secret| word.to_ascii_lowercase().contains(secret));
    matches!(cmd.name(), "grep" | "egrep" | "rg" | "awk")
        && cmd.words().iter().any(asks)
        && cmd.sources().iter().any(|source| source.name() == "history")
}

/// `grep -r password ~/.config`
fn searches_for_secrets(cmd: &Cmd<'_>, args: &Args<'_>) -> bool {
    let pattern = args.operand(0).to_ascii_lowercase();
    let is_tree = args.short_is("rR") || matches!(cmd.name(), "rg" | "ag");
    let outside = |at: &usize| matches!(cmd.place(*at), Place::Home | Place::Outside | Place::Root | Place::SystemTop);
    matches!(cmd.name(), "grep" | "egrep" | "rg" | "ag")
        && is_tree
        && SECRET_WORDS.iter().any(|word| pattern.contains(word))
        && args.operands.iter().skip(1).any(outside)
}

pub(super) fn is_grep(name: &str) -> bool {
    matches!(name, "grep" | "rg" | "egrep" | "ggrep")
}

/// A pattern of `grep -o` that reaches no value: `^[A-Z_]*`.
fn shows_names_only(pattern: &str) -> bool {
    let is_of_name = |letter: char| letter.is_ascii_alphanumeric() || "_[]-*+\\^".contains(letter);
    pattern.starts_with('^') && pattern.trim_end_matches('=').chars().all(is_of_name)
}

/// Names only: `diff <(cut -d= -f1 .env) …`, `cut -d= -f1 .env`, `sed 's/=.*//' .env`.
fn is_example_diff(cmd: &Cmd<'_>) -> bool {
    let shows_names = |word: &String| matches!(word.as_str(), "s/=.*//" | "s/=.*/=/" | "-f1" | "s/=.*/=***/");
    matches!(cmd.name(), "cut" | "sed") && cmd.words().iter().any(shows_names)
}

fn copy(cmd: &Cmd<'_>, report: &mut Report) {
    let short = match cmd.name() {
        "git" => "",
        "scp" => "iFPoJcl",
        _ => "tCfmog",
    };
    let args = Args::of(cmd, &Spec { short, long: &["target-directory", "file", "directory"] });
    if cmd.has_word("{}")
        && let Some(find) = cmd.parent().filter(|parent| matches!(parent.name(), "find" | "fd" | "fdfind"))
        && let Some(name) =
            find.words().iter().find(|word| is_secret(&format!("/{word}")) || is_key_folder(&format!("/{word}")))
    {
        return report.add(&COPY, name);
    }
    let is_dd = cmd.name() == "dd";
    let sources = args.operands.iter().filter(|index| !is_dd || cmd.it.argv[**index].starts_with("if="));
    let count = args.operands.len();
    for (at, index) in sources.enumerate() {
        let is_target = !is_dd && at + 1 == count && !matches!(cmd.name(), "tar" | "zip" | "7z" | "git");
        let word = cmd.it.argv[*index].trim_start_matches("if=");
        let path = cmd.path_of(word);
        let is_key_folder = is_key_folder(&path);
        if !is_target && (is_secret(&path) || is_key_folder) {
            return report.add(&COPY, word);
        }
    }
}

fn environment(cmd: &Cmd<'_>, report: &mut Report) {
    let named: Vec<&String> = cmd.words().iter().filter(|word| !word.starts_with('-')).collect();
    if cmd.it.more_words || cmd.has_word("{}") {
        return report.add(&ENVIRONMENT, "all names");
    }
    if named.is_empty() {
        return dump(cmd, &ENVIRONMENT, report);
    }
    if let Some(variable) = named.into_iter().find(|name| is_secret_variable(name)).filter(|_| !is_kept(cmd)) {
        report.add(&VARIABLE, variable);
    }
}

/// The whole environment: a filter behind it decides what of it is seen.
fn dump(cmd: &Cmd<'_>, rule: &'static crate::rule::Rule, report: &mut Report) {
    let Some(filter) =
        cmd.scene.cmds().find(|other| other.it.reads_from.iter().any(|source| *source as usize == cmd.index))
    else {
        if !is_kept(cmd) {
            report.add(rule, "");
        }
        return;
    };
    let is_filter = matches!(filter.name(), "grep" | "egrep" | "rg" | "awk" | "sed");
    let is_inverse = filter.has_word("-v") || filter.has_word("-vi") || filter.has_word("-iv");
    let asks_secret = filter.words().iter().any(|word| {
        is_secret_variable(word)
            || ["KEY", "PASS", "PWD", "CRED"].iter().any(|part| word.to_ascii_uppercase().contains(part))
    });
    if is_filter && asks_secret && !is_inverse {
        report.add(&ENVIRONMENT, "");
    } else if !is_filter && !is_kept_count(&filter) {
        report.add(rule, "");
    }
}
