//! The guards and the host protect themselves: their settings, their programs, their processes.

use crate::args::{Args, NO_VALUES, Spec};
use crate::place::Place;
use crate::rule::{Report, rules};
use crate::scene::Cmd;

rules! { Itself:
    SETTINGS = Forbidden "guard-settings",
        "it would change or remove what the guards and the host are held by",
        "ask the operator; a new rule or an exception is theirs to make";
    SWITCH_OFF = Forbidden "guard-off",
        "it would switch off the guards or loosen them",
        "ask the operator; `instar guard test` says what the guards think of a command";
    APPROVE = Forbidden "guard-approve",
        "it would give the permission that only a person may give",
        "ask the operator, and wait for the answer";
    HOST = Forbidden "host-stop",
        "it would end the host that watches over this session",
        "look with `instar status`, and let the operator stop it";
    SESSIONS = Grave "sessions-end",
        "it would end every session of the machine, this one among them",
        "end one of your own, such as with `tmux kill-session -t NAME`";
    UNGUARDED = Grave "agent-unguarded",
        "it would start an agent that asks nobody",
        "start it without that option, or add a job with `instar job add`";
    HISTORY = Forbidden "guard-history",
        "it would change what the host has recorded",
        "read it with `instar guard log` or `instar events`";
}

pub(crate) fn judge(cmd: &Cmd<'_>, report: &mut Report) {
    match cmd.name() {
        "systemctl" | "launchctl" | "service" => service(cmd, report),
        "instar" => host(cmd, report),
        "pkill" | "killall" => by_name(cmd, report),
        "kill" => by_number(cmd, report),
        "tmux" => sessions(cmd, report),
        "claude" | "codex" | "gemini" | "aider" | "cursor-agent" | "opencode" | "amp" | "goose" => agent(cmd, report),
        "sqlite3" | "sqlite" | "sqlite-utils" | "litecli" => database(cmd, report),
        "chmod" | "chown" | "chattr" | "mv" | "rm" | "cp" | "ln" | "truncate" | "install" | "tee" | "dd" => {
            program(cmd, report)
        }
        "unset" | "export" => environment(cmd, report),
        _ => {}
    }
    let unhooked = cmd.it.assignments.iter().find(|(name, _)| is_agent_setting(name));
    if let Some((name, _)) = unhooked {
        report.add(&SWITCH_OFF, name);
    }
}

/// Variables that decide which settings and hooks an agent knows.
fn is_agent_setting(name: &str) -> bool {
    matches!(
        name,
        "CLAUDE_CONFIG_DIR"
            | "INSTAR_GUARD_LEVEL"
            | "INSTAR_NO_GUARDS"
            | "CLAUDE_CODE_DISABLE_HOOKS"
            | "IS_SANDBOX"
            | "CODEX_HOME"
    )
}

fn environment(cmd: &Cmd<'_>, report: &mut Report) {
    let found = cmd.words().iter().find(|word| is_agent_setting(word.split('=').next().unwrap_or(word)));
    if let Some(word) = found {
        report.add(&SWITCH_OFF, word.split('=').next().unwrap_or(word));
    }
}

fn host(cmd: &Cmd<'_>, report: &mut Report) {
    let args = Args::of(cmd, &Spec { short: "d", long: &["dir", "reason", "expires", "until"] });
    if args.exactly("help") {
        return;
    }
    let rule = match (args.operand(0), args.operand(1), args.operand(2)) {
        ("hook", "uninstall" | "remove" | "disable", _) => &SWITCH_OFF,
        ("guard", "approve" | "allow" | "grant", _) => &APPROVE,
        ("guard", "disable" | "off" | "shadow" | "remove" | "silence" | "deny", _) => &SWITCH_OFF,
        ("config", "set" | "unset" | "remove", key) if is_safety_key(key) => &SWITCH_OFF,
        (
            "plugin",
            "remove" | "uninstall" | "disable" | "enable" | "install" | "add" | "upgrade" | "rollback" | "sync"
            | "grant" | "revoke" | "publish" | "dev",
            _,
        ) => &SWITCH_OFF,
        ("plugin", "shadow", _) if !args.operand(3).is_empty() || cmd.words().iter().any(|word| word == "--off") => {
            &SWITCH_OFF
        }
        ("server", "stop" | "restart", _) | ("stop" | "uninstall" | "restore", _, _) => &HOST,
        ("autostart", "uninstall" | "disable", _) => &HOST,
        _ => return,
    };
    report.add(rule, &args.operand_words().take(3).collect::<Vec<_>>().join(" "));
}

/// Keys by which an operator says what agents may do.
fn is_safety_key(key: &str) -> bool {
    ["safety", "plugins", "auth", "guard", "http", "host", "sessions.passEnv", "sessions.protected"]
        .iter()
        .any(|start| key.starts_with(start))
}

fn is_host_name(word: &str) -> bool {
    let plain = word.trim_matches(|letter: char| !letter.is_ascii_alphanumeric());
    plain == "instar"
        || plain.starts_with("instar ")
        || plain.ends_with("/instar")
        || plain == "claude"
        || plain.starts_with("[i]nstar")
}

fn by_name(cmd: &Cmd<'_>, report: &mut Report) {
    let args = Args::of(cmd, &Spec { short: "uUGgPtsF", long: &["signal", "user"] });
    if let Some(word) = args.operand_words().find(|word| is_host_name(word)) {
        report.add(&HOST, word);
    }
    if args.operand_words().any(|word| word == "tmux" || word == "tmux: server") {
        report.add(&SESSIONS, "tmux");
    }
}

/// `kill $(pgrep instar)`, `pgrep instar | xargs kill`, `kill $(cat .instar/run/server.pid)`.
fn by_number(cmd: &Cmd<'_>, report: &mut Report) {
    let carrier = cmd.parent().map(|parent| parent.sources()).unwrap_or_default();
    let told = cmd.substitutions().into_iter().chain(cmd.sources()).chain(carrier);
    for source in told {
        let names_host = source.words().iter().any(|word| is_host_name(word) || word.contains(".instar/run"));
        if names_host && !matches!(source.name(), "echo" | "printf") {
            return report.add(&HOST, source.name());
        }
    }
    if cmd
        .words()
        .iter()
        .any(|word| word.contains("pgrep instar") || word.contains("pidof instar") || word.contains(".instar/run"))
    {
        report.add(&HOST, "kill");
    }
}

/// `systemctl --user stop instar`
fn service(cmd: &Cmd<'_>, report: &mut Report) {
    let stops = ["stop", "disable", "mask", "kill", "bootout", "unload"].iter().any(|verb| cmd.has_word(verb));
    let is_ours = |word: &&String| word.starts_with("instar") || word.contains("/instar") || word.contains(".instar");
    if let Some(name) = cmd.words().iter().find(is_ours).filter(|_| stops) {
        report.add(&HOST, name);
    }
}

fn sessions(cmd: &Cmd<'_>, report: &mut Report) {
    let args = Args::of(cmd, &Spec { short: "LSftc", long: &[] });
    let verb = args.operand(0);
    let own_socket = args.values('L', " ").chain(args.values('S', " ")).next();
    let is_own = own_socket.is_some_and(|socket| !socket.contains("instar"));
    let kills_all = verb == "kill-server" || (verb == "kill-session" && args.short_is("a"));
    if kills_all && !is_own {
        report.add(&SESSIONS, verb);
    }
}

fn agent(cmd: &Cmd<'_>, report: &mut Report) {
    const OPTIONS: &[&str] = &[
        "--dangerously-skip-permissions",
        "--allow-dangerously-skip-permissions",
        "--yolo",
        "--full-auto",
        "--dangerously-bypass-approvals-and-sandbox",
        "--yes-always",
        "--dangerously-allow-all",
        "--trust-all-tools",
    ];
    let words = cmd.words();
    let found = words.iter().find(|word| OPTIONS.contains(&word.as_str()));
    let by_mode = words.iter().any(|word| {
        word == "bypassPermissions" || word == "--permission-mode=bypassPermissions" || word == "--approval-mode=yolo"
    });
    if found.is_some() || by_mode {
        report.add(&UNGUARDED, found.map_or("bypassPermissions", String::as_str));
    }
    if words.iter().any(|word| word.contains("disableAllHooks") || word == "--setting-sources" || word == "--bare") {
        report.add(&SWITCH_OFF, "settings");
    }
}

/// Statements that change the host's records.
fn database(cmd: &Cmd<'_>, report: &mut Report) {
    let args = Args::of(cmd, &NO_VALUES);
    let is_ours = args.operands.iter().any(|index| cmd.place(*index) == Place::Guarded);
    let changes = |word: &str| {
        let upper = word.trim_start().to_ascii_uppercase();
        ["DELETE", "UPDATE", "INSERT", "DROP", "ALTER", "REPLACE", "VACUUM", "PRAGMA", "BEGIN", ".RESTORE"].iter().any(
            |verb| {
                upper.starts_with(verb) || upper.contains(&format!("; {verb}")) || upper.contains(&format!(";{verb}"))
            },
        )
    };
    let fed = cmd.it.stdin.as_deref().unwrap_or_default();
    if is_ours && (args.operand_words().any(changes) || changes(fed)) {
        report.add(&HISTORY, args.operand(0));
    }
}

/// The host's own program: `rm ~/.cargo/bin/instar`, `chmod -x $(which instar)`.
fn program(cmd: &Cmd<'_>, report: &mut Report) {
    let args = Args::of(cmd, &NO_VALUES);
    let is_host = |index: &&usize| {
        let word = cmd.it.argv[**index].as_str();
        let is_installed = word.ends_with("/instar") && (word.contains("/bin/") || word.contains("/libexec/"));
        let is_looked_up = word == "instar" && cmd.substitutions().iter().any(|told| told.has_word("instar"));
        is_installed || is_looked_up || word.contains("which instar") || word.contains("command -v instar")
    };
    let targets = args.operands.iter().find(is_host);
    let is_source = matches!(cmd.name(), "cp" | "install" | "ln")
        && targets.is_some_and(|index| args.operands.last() != Some(index));
    if let Some(index) = targets.filter(|_| !is_source) {
        report.add(&SETTINGS, &cmd.it.argv[*index]);
    }
}
