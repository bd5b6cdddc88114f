//! Reading keys, passwords and tokens, and the doors that such files open.

use crate::args::{Args, NO_VALUES, Spec};
use crate::names::READERS;
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
    if name == "git" && cmd.has_word("add") {
        copy(cmd, report);
    }
    if name == "git" && (cmd.has_word("show") || cmd.has_word("cat-file")) {
        let files = cmd.words().iter().filter_map(|word| word.split_once(':').map(|(_, file)| file));
        if let Some(file) = files.into_iter().find(|file| is_secret(&cmd.path_of(file))).filter(|_| !is_kept(cmd)) {
            report.add(&READ, file);
        }
    }
    if name == "find" || name == "ls" || name == "test" || name == "[" || name == "git" && !cmd.has_word("show") {
        return tools(cmd, report);
    }
    if READERS.contains(&name) || name == "sqlite3" {
        read(cmd, report);
    }
    let input =
        cmd.it.redirects.iter().find(|redirect| redirect.operator == "<" && is_secret(&cmd.path_of(&redirect.target)));
    if let Some(redirect) = input.filter(|_| cmd.from == 0 && !is_user_of_secrets(name) && !is_kept(cmd)) {
        report.add(&READ, &redirect.target);
    }
    match name {
        "cp" | "mv" | "install" | "ln" | "dd" | "tar" | "zip" | "7z" | "scp" | "rsync" | "ditto" => copy(cmd, report),
        "echo" | "printf" | "print" => {
            let shown = cmd.words().iter().find_map(|word| secret_variable_in(word));
            if let Some(variable) = shown.filter(|_| !is_kept(cmd)) {
                report.add(&VARIABLE, variable);
            }
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
            tools(cmd, report);
        }
        "declare" | "typeset" if cmd.has_word("-p") => {
            if let Some(variable) = cmd.words().iter().find(|word| is_secret_variable(word)) {
                report.add(&VARIABLE, variable);
            }
        }
        "env" if cmd.words().is_empty() => dump(cmd, &ENVIRONMENT_ADVICE, report),
        "set" | "export" | "declare" if cmd.words().is_empty() || cmd.words() == ["-p"] => {
            dump(cmd, &ENVIRONMENT_ADVICE, report)
        }
        "" if cmd.it.argv.is_empty() && cmd.it.wrappers.last().is_some_and(|last| last == "env") => {
            dump(cmd, &ENVIRONMENT_ADVICE, report);
        }
        _ => tools(cmd, report),
    }
}

/// Its output goes where neither the model nor another machine sees it: into a variable, a login, a file.
fn is_kept(cmd: &Cmd<'_>) -> bool {
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
        if let Some(name) = names.into_iter().find(|word| is_secret(&format!("/{word}"))) {
            return report.add(&READ, name);
        }
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

/// `grep -r password ~/.config`
fn searches_for_secrets(cmd: &Cmd<'_>, args: &Args<'_>) -> bool {
    const WORDS: &[&str] = &["password", "passwd", "secret", "token", "api_key", "apikey", "akia", "private key"];
    let pattern = args.operand(0).to_ascii_lowercase();
    let is_tree = args.short_is("rR") || matches!(cmd.name(), "rg" | "ag");
    let outside = |at: &usize| matches!(cmd.place(*at), Place::Home | Place::Outside | Place::Root | Place::SystemTop);
    matches!(cmd.name(), "grep" | "egrep" | "rg" | "ag")
        && is_tree
        && WORDS.iter().any(|word| pattern.contains(word))
        && args.operands.iter().skip(1).any(outside)
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
    let asks_secret =
        filter.words().iter().any(|word| is_secret_variable(word) || word.to_ascii_uppercase().contains("KEY"));
    if is_filter && asks_secret && !is_inverse {
        report.add(&ENVIRONMENT, "");
    } else if !is_filter && !is_kept_count(&filter) {
        report.add(rule, "");
    }
}

/// Tools that keep secrets and print them when asked.
fn tools(cmd: &Cmd<'_>, report: &mut Report) {
    if (cloud_prints(cmd) || keeper_prints(cmd)) && !is_kept(cmd) {
        report.add(&TOOL, cmd.name());
    }
}

/// Clusters and clouds.
fn cloud_prints(cmd: &Cmd<'_>) -> bool {
    let words = cmd.words();
    let has = |word: &str| cmd.has_word(word);
    match cmd.name() {
        "kubectl" | "oc" | "k" => {
            let asks = words.iter().any(|word| {
                matches!(word.as_str(), "secret" | "secrets")
                    || word.starts_with("secret/")
                    || word.starts_with("secrets/")
            });
            let shows =
                words.iter().any(|word| word.starts_with("-o") || word.starts_with("--output") || word == "--template");
            asks && has("get")
                && shows
                && !words.iter().any(|word| word == "name" || word == "wide" || word == "-oname")
        }
        "aws" => {
            (has("secretsmanager") && has("get-secret-value"))
                || (has("ssm") && has("--with-decryption"))
                || (has("configure")
                    && has("get")
                    && words.iter().any(|word| word.contains("secret") || word.contains("token")))
                || (has("configure") && has("export-credentials"))
                || (has("sts") && has("get-session-token"))
        }
        "gcloud" => (has("secrets") && has("access")) || has("print-access-token") || has("print-identity-token"),
        "az" => (has("keyvault") && has("secret") && has("show")) || has("get-access-token"),
        _ => false,
    }
}

/// Keepers of passwords and keys.
fn keeper_prints(cmd: &Cmd<'_>) -> bool {
    let words = cmd.words();
    let has = |word: &str| cmd.has_word(word);
    let verb = |at: usize| words.iter().filter(|word| !word.starts_with('-')).nth(at).map_or("", String::as_str);
    match cmd.name() {
        "gpg" | "gpg2" => words.iter().any(|word| word.starts_with("--export-secret")),
        "security" => {
            words.iter().any(|word| word.starts_with("find-") && word.ends_with("-password"))
                && words.iter().any(|word| word.starts_with('-') && word.contains(['w', 'g']))
                || has("dump-keychain")
        }
        "pass" | "gopass" => verb(0) == "show" && !has("-c") && !has("--clip"),
        "git" => verb(0) == "credential" && verb(1) == "fill",
        "op" => {
            verb(0) == "read"
                || (verb(0) == "item"
                    && verb(1) == "get"
                    && (has("--reveal") || words.iter().any(|word| word.starts_with("--fields"))))
        }
        "bw" => verb(0) == "get" && verb(1) == "password",
        "vault" | "bao" if has("-help") || has("--help") || has("-h") => false,
        "vault" | "bao" => {
            verb(0) == "unwrap"
                || verb(0) == "kv" && verb(1) == "get"
                || verb(0) == "read"
                || (verb(0) == "token" && verb(1) == "create")
        }
        "docker" | "podman" => has("inspect") && words.iter().any(|word| word.contains("Config.Env")),
        "gh" => verb(0) == "auth" && (verb(1) == "token" || has("--show-token") || has("-t")),
        "heroku" => verb(0) == "config" || verb(0) == "config:get",
        "keepassxc-cli" => matches!(verb(0), "export" | "show" | "clip" | "attachment-export"),
        "secret-tool" => verb(0) == "lookup",
        "keyring" => verb(0) == "get",
        "doppler" => verb(0) == "secrets" && (verb(1) == "get" || verb(1) == "download"),
        "sops" => has("-d") || has("--decrypt") || verb(0) == "decrypt",
        "ansible-vault" => matches!(verb(0), "view" | "decrypt"),
        "unshadow" | "mimikatz" | "lazagne" | "pypykatz" | "secretsdump.py" => true,
        "openssl" => {
            (has("rsa") || has("pkey"))
                && words.iter().any(|word| is_secret(&cmd.path_of(word)))
                && !has("-noout")
                && !has("-pubout")
        }
        "instar" => verb(0) == "config" && has("--show-secrets"),
        _ => false,
    }
}
