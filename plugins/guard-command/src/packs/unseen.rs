//! Code that nobody can see before it runs: programs known only at run time, text decoded into a shell.

use instar_plugin_sdk::guard::Via;

use crate::names::{DECODERS, DOWNLOADERS, SHELLS, interpreter};
use crate::packs::network;
use crate::place::Place;
use crate::rule::{Report, rules};
use crate::scene::Cmd;
use crate::{code, guess};

rules! { Unseen:
    DECODED = Grave "run-decoded",
        "it would run code that is hidden in an encoding",
        "write the code out as it is";
    PIPED = Risky "run-piped",
        "it would run code that another command prints, and nobody has seen",
        "print it first, then run the commands themselves";
    PROGRAM = Risky "run-unknown-program",
        "nobody can tell which program it would run, because only run time knows it",
        "write the program's name out";
    TEXT = Risky "run-unknown-text",
        "nobody can tell what it would run, because only run time knows the text",
        "write the commands out";
    DISGUISE = Risky "disguised-program",
        "it would give a program another name, under which nobody knows it",
        "call the program by its own name";
    TOO_DEEP = Risky "run-too-deep",
        "it goes through more shells than anybody can follow",
        "write the command itself";
}

/// More shells in shells than this are no accident.
const DEEPEST: u32 = 8;

pub(crate) fn judge(cmd: &Cmd<'_>, report: &mut Report) {
    if cmd.it.depth > DEEPEST {
        report.add(&TOO_DEEP, "");
    }
    variables(cmd, report);
    let name = cmd.name();
    if name.is_empty() {
        return program(cmd, report);
    }
    let is_pattern = cmd.it.patterns.iter().any(|index| *index as usize == cmd.from);
    if is_pattern && name != "[" && name != "[[" {
        report.add(&PROGRAM, name);
    }
    // `… | sudo -i` and `… | su -` are shells as well.
    let is_login = matches!(name, "sudo" | "doas" | "su") && cmd.words().iter().all(|word| word.starts_with('-'));
    if is_login {
        fed(cmd, true, report);
    }
    let is_shell = SHELLS.contains(&name);
    if is_shell || interpreter(name).is_some() {
        fed(cmd, is_shell, report);
    }
    match name {
        "eval" | "source" | "." | "exec" => text(cmd, report),
        "cp" | "ln" | "mv" | "install" => disguise(cmd, report),
        "deno" | "bun"
            if cmd.words().iter().any(|word| word.starts_with("https://") || word.starts_with("http://")) =>
        {
            if cmd.words().first().is_some_and(|word| word == "run" || word.starts_with("http")) {
                report.add(&network::RUN_DOWNLOAD, name);
            }
        }
        "deno" if cmd.words().first().is_some_and(|word| word == "eval") => {
            if let Some(code) = cmd.words().get(1) {
                code::judge_inline(code, "node", cmd, report);
            }
        }
        "emacs" | "emacsclient" => {
            let texts =
                cmd.words().windows(2).filter(|pair| matches!(pair[0].as_str(), "--eval" | "-eval" | "--execute"));
            texts.for_each(|pair| code::judge_inline(&pair[1], "lisp", cmd, report));
        }
        _ if is_shell || interpreter(name).is_some() => text(cmd, report),
        "at" | "batch" if cmd.has_word("-f") => report.add(&TEXT, name),
        "at" | "batch" | "crontab" | "make" | "gmake" | "parallel" | "gdb" | "expect" => {
            if let Some(input) = cmd.it.stdin.as_deref().filter(|_| !cmd.scene.is_guess) {
                guess::judge_string(input, cmd.scene.places, report);
            }
        }
        // What they read is for the database; `databases` looks for orders in it.
        "psql" => {}
        _ => carried(cmd, report),
    }
}

/// Variables whose value a program runs as shell text: `PROMPT_COMMAND`, `GIT_SSH_COMMAND`.
fn variables(cmd: &Cmd<'_>, report: &mut Report) {
    const RUN: &[&str] = &[
        "PROMPT_COMMAND",
        "GIT_SSH_COMMAND",
        "GIT_EDITOR",
        "GIT_SEQUENCE_EDITOR",
        "GIT_PAGER",
        "GIT_EXTERNAL_DIFF",
        "GIT_ASKPASS",
        "SSH_ASKPASS",
        "EDITOR",
        "VISUAL",
        "PAGER",
        "MANPAGER",
        "LESSOPEN",
        "BROWSER",
        "BASH_ENV",
        "PS4",
    ];
    let exported = cmd.words().iter().filter(|_| cmd.name() == "export").filter_map(|word| word.split_once('='));
    let given = cmd.it.assignments.iter().map(|(name, value)| (name.as_str(), value.as_str()));
    let loads = |name: &str| matches!(name, "LD_PRELOAD" | "LD_LIBRARY_PATH" | "DYLD_INSERT_LIBRARIES" | "PATH");
    for (name, value) in cmd.it.assignments.iter().filter(|(name, _)| loads(name)) {
        let first = value.split(':').next().unwrap_or(value);
        if matches!(cmd.place_of(first, false, false), Place::Temp | Place::TempRoot) {
            report.add(&DISGUISE, name);
        }
    }
    for (_, value) in given.chain(exported).filter(|(name, _)| !cmd.scene.is_guess && RUN.contains(name)) {
        guess::judge_string(value, cmd.scene.places, report);
    }
}

/// `cp /bin/rm /tmp/ls`: the copy does what the rules know by another name.
fn disguise(cmd: &Cmd<'_>, report: &mut Report) {
    const KNOWN: &[&str] = &["rm", "dd", "shred", "mkfs", "git", "unlink", "truncate", "find", "kill"];
    let is_program = |word: &&String| {
        let (folder, name) = word.rsplit_once('/').unwrap_or(("", word));
        let is_known = KNOWN.contains(&name) || SHELLS.contains(&name) || name.starts_with("mkfs.");
        is_known && (folder.ends_with("/bin") || folder.ends_with("/sbin") || folder == "/bin")
    };
    let operands: Vec<&String> = cmd.words().iter().filter(|word| !word.starts_with('-')).collect();
    if let Some((_, sources)) = operands.split_last()
        && let Some(source) = sources.iter().find(|word| is_program(word))
    {
        report.add(&DISGUISE, source);
    }
}

/// The first word is known only at run time.
fn program(cmd: &Cmd<'_>, report: &mut Report) {
    let Some(word) = cmd.it.argv.get(cmd.from) else { return };
    if !cmd.is_dynamic(cmd.from) {
        return;
    }
    let is_settings = cmd.parent().is_some_and(|parent| parent.name() == "eval" && prints_settings(&parent));
    if !is_usual(word) && !is_settings {
        report.add(&PROGRAM, word);
        unseen_substitution(cmd, report);
    }
    let rest = cmd.words();
    if !rest.is_empty() && !cmd.scene.is_guess {
        guess::judge_words(rest.to_vec(), cmd.scene.places, report);
    }
}

/// Variables by which scripts name a tool: `$EDITOR`, `${PYTHON:-python3}`.
fn is_usual(word: &str) -> bool {
    const TOOLS: &[&str] = &[
        "EDITOR",
        "VISUAL",
        "PAGER",
        "BROWSER",
        "PYTHON",
        "NODE",
        "NPM",
        "CARGO",
        "RUSTC",
        "CC",
        "CXX",
        "LD",
        "AR",
        "MAKE",
        "GO",
        "JAVA",
        "JAVACMD",
        "RUBY",
        "PERL",
        "PHP",
        "COMPOSE",
        "DOCKER",
        "KUBECTL",
        "TERRAFORM",
        "GIT",
        "CMAKE",
        "PIP",
        "UV",
        "SED",
        "AWK",
        "GREP",
        "INSTAR_BIN",
        "PSQL",
    ];
    let name = word.trim_start_matches('$').trim_start_matches('{').trim_end_matches('}');
    let name = name.split([':', '-', '%', '#']).next().unwrap_or(name);
    TOOLS.contains(&name)
}

/// What is piped into a shell or an interpreter, when the host could not see it.
fn fed(cmd: &Cmd<'_>, is_shell: bool, report: &mut Report) {
    let sources = cmd.sources();
    if !reads_code(cmd, is_shell) {
        return;
    }
    if unseen_substitution(cmd, report) {
        return;
    }
    if sources.is_empty() || sources.iter().all(prints_own_file) {
        return;
    }
    if sources.iter().any(|source| DOWNLOADERS.contains(&source.name())) {
        return report.add(&network::RUN_DOWNLOAD, cmd.name());
    }
    let is_seen = cmd.children().any(|child| child.it.via == Via::Pipe || child.it.via == Via::Heredoc);
    let has_code = cmd.scene.code.iter().any(|code| code.command as usize == cmd.index && code.complete);
    if is_seen || has_code || cmd.it.stdin.is_some() {
        return;
    }
    let is_decoded = sources.iter().any(|source| DECODERS.contains(&source.name()));
    if is_decoded {
        report.add(&DECODED, cmd.name());
    } else {
        report.add(&PIPED, cmd.name());
    }
}

/// `cat script.py` of the project: the same as running the script.
fn prints_own_file(cmd: &Cmd<'_>) -> bool {
    let is_own = |at: usize| matches!(cmd.place(at), Place::Inside | Place::Build);
    cmd.name() == "cat" && cmd.it.argv.len() > cmd.from + 1 && (cmd.from + 1..cmd.it.argv.len()).all(is_own)
}

/// It takes its code from standard input: there is no script and no `-c`.
fn reads_code(cmd: &Cmd<'_>, is_shell: bool) -> bool {
    let words = cmd.words();
    if is_shell && words.iter().any(|word| word == "-n" || word == "--version") {
        return false;
    }
    let carries = |word: &String| {
        matches!(
            word.as_str(),
            "-c" | "-e" | "-m" | "-p" | "-r" | "-E" | "-n" | "-ne" | "-pe" | "-lc" | "--eval" | "-pi" | "--print"
        )
    };
    // `sh -c 'code' - x`: the dash is a name for the shell, and nothing is read.
    if is_shell && words.iter().any(|word| word.starts_with('-') && !word.starts_with("--") && word.contains('c')) {
        return false;
    }
    let is_perl = matches!(cmd.name(), "perl" | "ruby");
    let has_code = |word: &String| {
        let is_letters =
            word.starts_with('-') && !word.starts_with("--") && !word.starts_with("-M") && !word.starts_with("-I");
        is_letters
            && word
                .bytes()
                .take_while(|byte| !matches!(byte, b'\'' | b' ' | b'{' | b'$'))
                .any(|byte| matches!(byte, b'e' | b'E'))
    };
    if is_perl && words.iter().any(has_code) || cmd.name() == "php" && words.iter().any(|word| word == "-l") {
        return false;
    }
    let reads_all = words.iter().any(|word| matches!(word.as_str(), "-" | "-s" | "/dev/stdin"));
    if reads_all {
        return true;
    }
    let is_cluster = |word: &String| {
        word.starts_with('-') && !word.starts_with("--") && (word.ends_with('e') || (is_shell && word.contains('c')))
    };
    !words.iter().any(|word| carries(word) || is_cluster(word)) && words.iter().all(|word| word.starts_with(['-', '+']))
}

/// `eval`, `source`, `bash -c`, `python -c`: words that become code, with a hole in them.
fn text(cmd: &Cmd<'_>, report: &mut Report) {
    if !cmd.has_dynamic_words() {
        return;
    }
    let name = cmd.name();
    let is_code_word = |at: usize| match name {
        "eval" => true,
        "source" | "." => at == cmd.from + 1,
        "exec" => false,
        _ => at > 0 && (is_code_option(&cmd.it.argv[at - 1]) || is_process(&cmd.it.argv[at])),
    };
    let is_hole = |at: usize| cmd.is_dynamic(at) && at > cmd.from && is_code_word(at);
    let Some(hole) = (0..cmd.it.argv.len()).find(|at| is_hole(*at)) else { return };
    let fed = cmd.parent().map(|parent| parent.sources()).unwrap_or_default();
    if fed.iter().any(|source| DOWNLOADERS.contains(&source.name())) {
        return report.add(&network::RUN_DOWNLOAD, name);
    }
    let word = cmd.it.argv[hole].as_str();
    if unseen_substitution(cmd, report) {
        return;
    }
    let begins_unknown = word.starts_with(['$', '`', '<']);
    let is_file = matches!(name, "source" | ".") && !word.starts_with("<(");
    let is_seen = cmd.children().any(|child| child.it.via == Via::ShellString && !child.it.argv.is_empty());
    if begins_unknown && !is_file && !prints_settings(cmd) && !is_seen && name != "." {
        report.add(&TEXT, word);
    }
}

fn is_code_option(word: &str) -> bool {
    word == "-e"
        || word == "--eval"
        || word == "-r"
        || (word.starts_with('-') && !word.starts_with("--") && word.ends_with('c'))
}

fn is_process(word: &str) -> bool {
    word.starts_with("<(")
}

/// Something from the network or out of an encoding becomes code.
fn unseen_substitution(cmd: &Cmd<'_>, report: &mut Report) -> bool {
    let told = cmd.substitutions();
    let names = |known: &[&str]| told.iter().any(|each| known.contains(&each.name()));
    if names(DOWNLOADERS) {
        report.add(&network::RUN_DOWNLOAD, cmd.name());
    } else if names(DECODERS) {
        report.add(&DECODED, cmd.name());
    } else {
        return false;
    }
    true
}

/// `eval "$(ssh-agent -s)"`, `source <(kubectl completion bash)`: tools that print settings for a shell.
fn prints_settings(cmd: &Cmd<'_>) -> bool {
    const TOOLS: &[&str] = &[
        "ssh-agent",
        "direnv",
        "brew",
        "pyenv",
        "rbenv",
        "nodenv",
        "starship",
        "zoxide",
        "fnm",
        "nvm",
        "dircolors",
        "minikube",
        "docker-machine",
        "opam",
        "conda",
        "mamba",
        "micromamba",
        "thefuck",
        "register-python-argcomplete",
        "mise",
        "asdf",
        "keychain",
        "lesspipe",
        "mcfly",
        "atuin",
        "gpg-agent",
        "jenv",
        "goenv",
        "fzf",
        "luarocks",
        "perl",
        "podman",
        "resize",
        "locale",
        "rustup",
        "hugo",
        "poetry",
        "pip",
        "nodeenv",
        "getopt",
        "shopt",
    ];
    let told = cmd.substitutions();
    let is_one = |each: &Cmd<'_>| {
        TOOLS.contains(&each.name())
            || each.words().iter().any(|word| {
                word.starts_with("completion")
                    || word == "shellenv"
                    || word == "env"
                    || word == "hook"
                    || word == "init"
            })
    };
    !told.is_empty() && told.iter().all(is_one)
}

/// Programs that run a text of theirs in a shell, if the host has not looked into it.
fn carried(cmd: &Cmd<'_>, report: &mut Report) {
    let words = cmd.words();
    let places = cmd.scene.places;
    if cmd.scene.is_guess {
        return;
    }
    for (at, word) in words.iter().enumerate() {
        let next = words.get(at + 1).map_or("", String::as_str);
        let text = match cmd.name() {
            "vim" | "vi" | "nvim" | "ex" | "view" if word == "-c" || word == "--cmd" => {
                next.strip_prefix(":!").or_else(|| next.strip_prefix('!'))
            }
            "vim" | "vi" | "nvim" if word.starts_with("+!") || word.starts_with("+:!") => {
                word.split_once('!').map(|(_, text)| text)
            }
            "tar" | "gtar" | "bsdtar" => word
                .strip_prefix("--checkpoint-action=exec=")
                .or_else(|| word.strip_prefix("--to-command="))
                .or_else(|| word.strip_prefix("--use-compress-program=")),
            "ssh" => word
                .strip_prefix("-oProxyCommand=")
                .or_else(|| word.strip_prefix("ProxyCommand="))
                .or_else(|| word.strip_prefix("LocalCommand=")),
            "gdb" if word == "-ex" => next.strip_prefix("shell ").or_else(|| next.strip_prefix('!')),
            "expect" if word == "-c" => next.strip_prefix("spawn ").or_else(|| next.strip_prefix("exec ")),
            "sed" | "gsed" => executes(word),
            "make" | "gmake" => word.strip_prefix("SHELL="),
            "man" if word == "-P" => Some(next),
            "rsync" if word == "-e" || word == "--rsh" => Some(next),
            "zip" if word == "-TT" || word == "--unzip-command" => Some(next),
            "tmux" | "screen" if matches!(words[0].as_str(), "send-keys" | "send") => Some(word.as_str()),
            "docker" | "podman" if word == "--entrypoint" => None,
            "awk" | "gawk" => None,
            _ => None,
        };
        if let Some(text) = text.filter(|text| !text.is_empty()) {
            guess::judge_string(text, places, report);
        }
    }
}

/// The shell text of the `e` command of `sed`: `1e rm -rf /`.
fn executes(script: &str) -> Option<&str> {
    let rest =
        script.trim_start_matches(|letter: char| letter.is_ascii_digit() || matches!(letter, '$' | ',' | ' ' | '!'));
    rest.strip_prefix("e ")
}
