//! Losing history, or work that was never committed.

use crate::args::{Args, Spec};
use crate::guess;
use crate::place::Place;
use crate::rule::{Report, Rule, rules};
use crate::scene::Cmd;

rules! { Git:
    RESET_HARD = Risky "git-reset-hard",
        "it would throw away every change that is not committed",
        "put the changes aside with `git stash`, or use `git reset --soft`";
    CLEAN = Risky "git-clean",
        "it would delete files that no commit has",
        "look first with `git clean -n`, then delete the ones you mean";
    PUSH_FORCE = Risky "git-push-force",
        "it would overwrite the history on the server",
        "use `git push --force-with-lease`, which stops when somebody else has pushed";
    PUSH_LEASE = Advice "git-push-lease",
        "it would overwrite the history on the server if nobody else has pushed",
        "push a new commit instead where others work on the branch";
    PUSH_DELETE = Risky "git-push-delete",
        "it would delete a branch or tag on the server",
        "let the operator delete it where the pull request is merged";
    BRANCH_DELETE = Risky "git-branch-delete",
        "it would delete a branch whose commits may be nowhere else",
        "use `git branch -d`, which refuses when something would be lost";
    DISCARD = Risky "git-discard",
        "it would throw away changes that are not committed",
        "put the changes aside with `git stash`";
    DISCARD_FILE = Risky "git-discard-file",
        "it would throw away the changes of a file",
        "look first with `git diff`, and put the changes aside with `git stash`";
    TAKE_FILE = Advice "git-take-file",
        "it would put the file of another commit in the place of this one",
        "look first with `git diff`";
    STASH_DROP = Risky "git-stash-drop",
        "it would throw away work that was put aside",
        "look first with `git stash list` and `git stash show`, and use `git stash pop` to bring it back";
    EXPIRE = Risky "git-expire",
        "it would remove the last way back to lost commits",
        "leave it: git cleans up by itself";
    REWRITE = Risky "git-rewrite-history",
        "it would rewrite history for everybody",
        "undo a commit with `git revert`";
    REMOVE = Risky "git-remove-tree",
        "it would remove a tree from the index and the disk",
        "use `git rm --cached` to keep the files";
    REF_DELETE = Risky "git-delete-ref",
        "it would delete a name by which commits are found",
        "make another name first with `git tag`";
    WORKTREE = Risky "git-remove-worktree",
        "it would delete a work tree with its changes",
        "use `git worktree remove` without force, which refuses when something would be lost";
    ELSEWHERE = Risky "git-push-elsewhere",
        "it would give the history to a server that the repository has not known before",
        "push to `origin`, or let the operator add the server";
    NO_HOOKS = Advice "git-no-hooks",
        "it would go around the checks of the repository",
        "run it without the option and mend what the checks find";
    HOOKS_OFF = Risky "git-hooks-off",
        "it would switch off the checks of the repository, for good",
        "run the one command with `--no-verify`, and say why";
    RUNS_SHELL = Risky "git-runs-shell",
        "it would make git run a program of its own choice",
        "run the program itself, so that it can be judged";
}

const GLOBAL: Spec = Spec {
    short: "Cc",
    long: &["git-dir", "work-tree", "namespace", "exec-path", "super-prefix", "config-env", "attr-source"],
};

/// Options of the subcommands that take a word.
const INNER: Spec = Spec {
    short: "mbo",
    long: &[
        "message",
        "source",
        "push-option",
        "repo",
        "receive-pack",
        "index-filter",
        "tree-filter",
        "msg-filter",
        "conflict",
        "pathspec-from-file",
        "expire",
        "path",
        "onto",
    ],
};

pub(crate) fn judge(cmd: &Cmd<'_>, report: &mut Report) {
    if matches!(cmd.name(), "bfg" | "git-filter-repo") && !cmd.has_word("--help") {
        return report.add(&REWRITE, cmd.name());
    }
    let dashed = cmd.name().strip_prefix("git-").filter(|verb| !verb.is_empty());
    if cmd.name() != "git" && cmd.name() != "hub" && dashed.is_none() {
        return;
    }
    if let Some(verb) = dashed {
        return by_verb(verb, cmd, report);
    }
    let global = Args::of(cmd, &GLOBAL);
    let of_environment = settings_of_environment(cmd);
    let settings: Vec<&str> =
        global.values('c', "config-env").chain(of_environment.iter().map(String::as_str)).collect();
    settings.iter().for_each(|setting| configured(setting, cmd, report));
    let Some(at) = global.operands.first() else { return };
    let verb = cmd.it.argv[*at].as_str();
    match settings.iter().find_map(|setting| alias_of(setting, verb)).filter(|_| !cmd.scene.is_guess) {
        Some(meaning) => {
            let rest = cmd.it.argv[*at + 1..].iter().cloned();
            let words = std::iter::once("git").chain(meaning.split_whitespace()).map(str::to_owned);
            guess::judge_words(words.chain(rest).collect(), cmd.scene.places, report);
        }
        None => by_verb(verb, &cmd.from(*at), report),
    }
}

/// What a setting makes this subcommand mean, if it is an alias for others of git.
fn alias_of<'a>(setting: &'a str, verb: &str) -> Option<&'a str> {
    let (key, value) = setting.split_once('=')?;
    let is_it = key.get(..6)?.eq_ignore_ascii_case("alias.") && key[6..].eq_ignore_ascii_case(verb);
    (is_it && !value.starts_with('!')).then_some(value)
}

/// Settings that come by `GIT_CONFIG_KEY_0` and its like.
fn settings_of_environment(cmd: &Cmd<'_>) -> Vec<String> {
    let value_of = |name: &str| cmd.it.assignments.iter().find(|(given, _)| given == name).map(|(_, value)| value);
    let mut settings = Vec::new();
    for (name, value) in &cmd.it.assignments {
        if let Some(number) = name.strip_prefix("GIT_CONFIG_KEY_")
            && let Some(given) = value_of(&format!("GIT_CONFIG_VALUE_{number}"))
        {
            settings.push(format!("{value}={given}"));
        } else if name == "GIT_CONFIG_PARAMETERS" {
            settings.extend(value.split('\'').filter(|part| part.contains('=')).map(str::to_owned));
        }
    }
    settings
}

fn by_verb(verb: &str, cmd: &Cmd<'_>, report: &mut Report) {
    let args = Args::of(cmd, &INNER);
    if args.exactly("help") || (args.is_rehearsal() && verb != "clean") {
        return;
    }
    let guarded = |index: &&usize| cmd.place(**index) == Place::Guarded;
    if let Some(index) = args.operands.iter().find(guarded).filter(|_| matches!(verb, "rm" | "mv" | "stash")) {
        report.add(&super::itself::SETTINGS, &cmd.it.argv[*index]);
    }
    match verb {
        "reset" if args.long_is("hard") => report.add(&RESET_HARD, ""),
        "reset" if args.long_is("merge") => report.add(&RESET_HARD, "--merge"),
        "clean" => clean(cmd, report),
        "delete" if cmd.it.argv[0].ends_with("hub") => report.add(&REF_DELETE, args.operand(0)),
        "push" | "prune" if args.short_is("n") => {}
        "push" => push(cmd, &args, report),
        "branch" => branch(&args, report),
        "checkout" => checkout(cmd, &args, report),
        "restore" => restore(cmd, &args, report),
        "switch" => switch(cmd, report),
        "stash" if matches!(args.operand(0), "drop" | "clear") => report.add(&STASH_DROP, args.operand(0)),
        "reflog" if matches!(args.operand(0), "expire" | "delete") => report.add(&EXPIRE, args.operand(0)),
        "gc" if args.values(' ', "prune").any(|when| matches!(when, "now" | "all")) => report.add(&EXPIRE, verb),
        "prune" => report.add(&EXPIRE, verb),
        "filter-branch" | "filter-repo" | "replace" => report.add(&REWRITE, verb),
        "update-ref" if args.short_is("d") || args.exactly("stdin") => report.add(&REF_DELETE, args.operand(0)),
        "update-ref" if args.operand(0).starts_with("refs/heads/") && !args.operand(1).is_empty() => {
            report.add(&REF_DELETE, args.operand(0));
        }
        "symbolic-ref" if args.short_is("d") || args.exactly("delete") => report.add(&REF_DELETE, args.operand(0)),
        "tag" if args.short_is("df") || args.any_begun(&["delete", "force"]) => {
            report.add(&REF_DELETE, args.operand(0))
        }
        "remote" if args.operand(0) == "set-url" && args.exactly("push") => report.add(&ELSEWHERE, args.operand(2)),
        "remote" if matches!(args.operand(0), "remove" | "rm" | "prune") && args.operand(0) != "prune" => {
            report.add(&REF_DELETE, args.operand(1));
        }
        "worktree" if args.operand(0) == "remove" && (args.short_is("f") || args.long_is("force")) => {
            report.add(&WORKTREE, args.operand(1));
        }
        "submodule" if args.operand(0) == "deinit" && (args.short_is("f") || args.any_long(&["force", "all"])) => {
            report.add(&WORKTREE, args.operand(1));
        }
        "rebase" if args.exactly("root") => report.add(&REWRITE, "--root"),
        "rm" => remove(cmd, &args, report),
        "read-tree" if args.short_is("u") && args.exactly("reset") => report.add(&RESET_HARD, verb),
        "checkout-index" if args.short_is("f") && args.short_is("a") => report.add(&DISCARD, verb),
        "lfs" if args.operand(0) == "migrate" && args.operand(1) != "info" => report.add(&REWRITE, "lfs migrate"),
        "lfs" if args.operand(0) == "prune" && (args.short_is("f") || args.exactly("force")) => {
            report.add(&EXPIRE, verb)
        }
        "commit" | "merge" if args.exactly("no-verify") => report.add(&NO_HOOKS, verb),
        "config" => config(cmd, &args, report),
        "clone" | "fetch" | "pull" | "ls-remote" if args.operand_words().any(|word| word.starts_with("ext::")) => {
            report.add(&RUNS_SHELL, "ext::");
        }
        "bisect" | "rebase" | "submodule" => runs(cmd, &args, verb, report),
        _ => {}
    }
}

fn clean(cmd: &Cmd<'_>, report: &mut Report) {
    let args = &Args::of(cmd, &Spec { short: "e", long: &["exclude"] });
    let is_shown = args.is_rehearsal() || args.short_is("ni") || args.long_is("interactive");
    let is_unlocked = cmd.it.argv.iter().any(|word| word.eq_ignore_ascii_case("clean.requireForce=false"));
    let is_answered = cmd.it.stdin.is_some() || cmd.sources().iter().any(|source| source.name() == "yes");
    if args.short_is("i") && !args.is_rehearsal() && is_answered {
        return report.add(&CLEAN, "-i");
    }
    if !is_shown && (args.short_is("f") || args.long_is("force") || is_unlocked) {
        report.add(&CLEAN, "");
    }
}

fn push(cmd: &Cmd<'_>, args: &Args<'_>, report: &mut Report) {
    push_elsewhere(cmd, args.operand(0), report);
    let forced = args.operand_words().skip(1).find(|word| word.starts_with('+'));
    if args.short_is("f") || args.any_begun(&["force", "mirror"]) {
        report.add(&PUSH_FORCE, "");
    } else if let Some(word) = forced {
        report.add(&PUSH_FORCE, word);
    }
    if args.exactly("force-with-lease") || args.exactly("force-if-includes") {
        report.add(&PUSH_LEASE, "");
    }
    let deleted = args.operand_words().skip(1).find(|word| word.starts_with(':') && word.len() > 1);
    if args.short_is("d") || args.any_begun(&["delete", "prune"]) || deleted.is_some() {
        report.add(&PUSH_DELETE, deleted.unwrap_or_default());
    }
    if args.exactly("no-verify") {
        report.add(&NO_HOOKS, "push");
    }
}

/// To an address, or to a server that the same text has added.
fn push_elsewhere(cmd: &Cmd<'_>, remote: &str, report: &mut Report) {
    let is_address = remote.contains("://") || remote.split_once(':').is_some_and(|(host, _)| host.contains('@'));
    let is_added = |other: &Cmd<'_>| {
        let adds = other.name() == "git"
            && other.words().windows(3).any(|words| words[..2] == ["remote", "add"] && words[2] == remote);
        adds && !matches!(remote, "" | "origin" | "upstream" | "github" | "gitlab")
    };
    if is_address || cmd.scene.cmds().take(cmd.index).any(|other| is_added(&other)) {
        report.add(&ELSEWHERE, remote);
    }
}

fn branch(args: &Args<'_>, report: &mut Report) {
    let is_delete = args.short_is("d") || args.long_is("delete");
    let is_forced = args.short_is("f") || args.long_is("force");
    if args.short_is("D") || (is_delete && is_forced) {
        report.add(&BRANCH_DELETE, args.operand(0));
    } else if (is_forced || args.short_is("M")) && !args.operands.is_empty() {
        report.add(&REF_DELETE, args.operand(0));
    }
}

/// Paths come behind `--`; a first word that is a path counts as well.
fn checkout(cmd: &Cmd<'_>, args: &Args<'_>, report: &mut Report) {
    if args.short_is("f") || args.long_is("force") {
        return report.add(&DISCARD, "-f");
    }
    if args.short_is("B") {
        return report.add(&REF_DELETE, args.operand(0));
    }
    if args.long_is("pathspec-from-file") {
        return report.add(&DISCARD, "--pathspec-from-file");
    }
    if args.short_is("p") || args.exactly("patch") {
        return;
    }
    let dashes = cmd.it.argv.iter().position(|word| word == "--");
    if dashes.is_some() && cmd.it.more_words {
        return report.add(&DISCARD, "what it is given");
    }
    let from = args.operands.first().filter(|first| dashes.is_some_and(|dashes| **first < dashes));
    let is_of_other = from.is_some_and(|from| !cmd.it.argv[*from].starts_with(['H', '@']));
    for index in &args.operands {
        let is_path = dashes.is_some_and(|dashes| *index > dashes);
        let word = cmd.it.argv[*index].as_str();
        if is_path || matches!(word, "." | "./" | "*" | ":/" | "..") {
            discard(cmd, *index, if is_of_other { &TAKE_FILE } else { &DISCARD_FILE }, report);
        }
    }
}

fn restore(cmd: &Cmd<'_>, args: &Args<'_>, report: &mut Report) {
    let only_index = (args.short_is("S") || args.exactly("staged")) && !args.short_is("W") && !args.exactly("worktree");
    if only_index || args.short_is("p") || args.exactly("patch") {
        return;
    }
    if args.operands.is_empty() && (args.long_is("pathspec-from-file") || cmd.it.more_words) {
        report.add(&DISCARD, "--pathspec-from-file");
    }
    for index in &args.operands {
        discard(cmd, *index, &DISCARD_FILE, report);
    }
}

/// Its `-c` takes the name of a branch, even without a space.
fn switch(cmd: &Cmd<'_>, report: &mut Report) {
    let args = Args::of(cmd, &Spec { short: "cC", long: &["create", "force-create", "orphan", "conflict"] });
    if args.short_is("f") || args.long_is("discard-changes") || args.exactly("force") {
        report.add(&DISCARD, "switch");
    } else if args.short_is("C") || args.exactly("force-create") {
        report.add(&REF_DELETE, args.operand(0));
    }
}

/// One file, or a folder, a pattern, everything.
fn discard(cmd: &Cmd<'_>, index: usize, of_file: &'static Rule, report: &mut Report) {
    let word = cmd.it.argv[index].as_str();
    let name = word.rsplit('/').next().unwrap_or(word);
    let is_file = name.trim_start_matches('.').contains('.') && !word.contains('*') || is_known_file(name);
    match cmd.place(index) {
        Place::Guarded => report.add(&super::itself::SETTINGS, word),
        Place::Build => {}
        Place::Inside | Place::Temp if is_file => report.add(of_file, word),
        _ => report.add(&DISCARD, word),
    }
}

fn is_known_file(name: &str) -> bool {
    matches!(
        name,
        "Makefile" | "Dockerfile" | "LICENSE" | "README" | "Gemfile" | "Rakefile" | "Procfile" | ".gitignore"
    )
}

fn remove(cmd: &Cmd<'_>, args: &Args<'_>, report: &mut Report) {
    if args.exactly("cached") || !args.short_is("r") {
        return;
    }
    let is_forced = args.short_is("f") || args.exactly("force");
    for index in &args.operands {
        let is_all = matches!(cmd.place(*index), Place::Project | Place::AboveProject);
        if is_all || is_forced {
            report.add(&REMOVE, &cmd.it.argv[*index]);
        }
    }
}

/// `git config alias.x '!…'`, and settings by which git runs a program.
fn config(cmd: &Cmd<'_>, args: &Args<'_>, report: &mut Report) {
    let (key, value) = match args.operand(0) {
        "set" | "add" => (args.operand(1), args.operand(2)),
        key => (key, args.operand(1)),
    };
    if !value.is_empty() {
        configured(&format!("{key}={value}"), cmd, report);
    }
}

fn configured(setting: &str, cmd: &Cmd<'_>, report: &mut Report) {
    let Some((key, value)) = setting.split_once('=') else { return };
    let key = key.to_ascii_lowercase();
    if let Some(text) = value.strip_prefix('!') {
        return guess::judge_string(text, cmd.scene.places, report);
    }
    let is_temporary = || matches!(cmd.place_of(value, false, false), Place::Temp | Place::TempRoot);
    if key == "core.hookspath" && (value == "/dev/null" || is_temporary()) {
        return report.add(&HOOKS_OFF, value);
    }
    if key == "core.hookspath" && value != ".husky" && !value.starts_with(".githooks") {
        return report.add(&NO_HOOKS, value);
    }
    let is_blind = value.contains("StrictHostKeyChecking=no") || value.contains("UserKnownHostsFile=/dev/null");
    if key == "core.sshcommand" && (is_blind || value.contains("/tmp/")) || key == "http.sslverify" && value == "false"
    {
        return report.add(&RUNS_SHELL, value);
    }
    if ["core.sshcommand", "core.fsmonitor", "core.editor", "sequence.editor", "core.pager"].contains(&key.as_str()) {
        guess::judge_string(value, cmd.scene.places, report);
    }
    if key.starts_with("alias.") {
        guess::judge_string(&format!("git {value}"), cmd.scene.places, report);
    }
}

/// Subcommands that take a shell text.
fn runs(cmd: &Cmd<'_>, args: &Args<'_>, verb: &str, report: &mut Report) {
    let places = cmd.scene.places;
    match (verb, args.operand(0)) {
        ("bisect", "run") => {
            guess::judge_words(args.operand_words().skip(1).map(str::to_owned).collect(), places, report);
        }
        ("submodule", "foreach") => {
            let text: Vec<&str> = args.operand_words().skip(1).collect();
            guess::judge_string(&text.join(" "), places, report);
        }
        ("rebase", _) => {
            let values = cmd.words().windows(2).filter(|pair| pair[0] == "--exec" || pair[0] == "-x");
            values.for_each(|pair| guess::judge_string(&pair[1], places, report));
        }
        _ => {}
    }
    if args.operand_words().any(|word| word.starts_with("ext::")) {
        report.add(&RUNS_SHELL, "ext::");
    }
}
