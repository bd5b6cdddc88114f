//! Ending processes, and who may log in: rules of the pack `system`.

use crate::args::{Args, NO_VALUES, Spec};
use crate::packs::system::{CRON, KILL_ALL, KILL_SERVICE, USERS};
use crate::rule::Report;
use crate::scene::Cmd;

/// Programs that the machine, or the way to it, depends on.
const VITAL: &[&str] = &[
    "systemd",
    "init",
    "sshd",
    "ssh",
    "dockerd",
    "containerd",
    "tmux",
    "Xorg",
    "gnome-shell",
    "launchd",
    "kubelet",
    "dbus-daemon",
    "NetworkManager",
    "bash",
    "zsh",
    "sh",
    "postgres",
    "mysqld",
    "nginx",
    "cron",
    "crond",
    "rsyslogd",
    "auditd",
    "loginwindow",
    "Finder",
    "WindowServer",
    "login",
    "falcon-sensor",
    "journald",
    "systemd-journald",
];

pub(crate) fn judge(cmd: &Cmd<'_>, report: &mut Report) {
    processes(cmd, report);
    users(cmd, report);
}

fn processes(cmd: &Cmd<'_>, report: &mut Report) {
    match cmd.name() {
        "kill" if cmd.substitutions().iter().any(|told| told.name() == "pgrep" && told.has_word("-u")) => {
            report.add(&KILL_SERVICE, "pgrep -u");
        }
        "kill" if kills_vital(cmd) => report.add(&KILL_SERVICE, "pgrep"),
        "kill" if lists_all(cmd) => report.add(&KILL_ALL, "ps"),
        "kill" => {
            let words = cmd.words();
            let is_listing = words.first().is_some_and(|word| matches!(word.as_str(), "-l" | "-L" | "--list"));
            let signals = usize::from(words.first().is_some_and(|word| word.starts_with('-') && words.len() > 1));
            let signals =
                if matches!(words.first().map(String::as_str), Some("-s" | "-n" | "--signal")) { 2 } else { signals };
            let all = words.iter().skip(signals).any(|word| matches!(word.as_str(), "-1" | "1"));
            if all && !is_listing {
                report.add(&KILL_ALL, "");
            }
        }
        "killall5" => report.add(&KILL_ALL, ""),
        "pkill" | "killall" | "xkill" | "slay" => by_name(cmd, report),
        "loginctl"
            if cmd.words().first().is_some_and(|word| word.starts_with("terminate") || word.starts_with("kill")) =>
        {
            report.add(&KILL_SERVICE, "loginctl");
        }
        "fuser" if Args::of(cmd, &NO_VALUES).short_is("k") && Args::of(cmd, &NO_VALUES).short_is("mM") => {
            report.add(&KILL_SERVICE, "fuser -k")
        }
        _ => {}
    }
}

/// `kill $(pgrep sshd)`
fn kills_vital(cmd: &Cmd<'_>) -> bool {
    let told = cmd.substitutions();
    let asks = told.iter().filter(|told| matches!(told.name(), "pgrep" | "pidof"));
    asks.into_iter().any(|told| {
        told.words()
            .iter()
            .any(|word| VITAL.contains(&word.as_str()) && !matches!(word.as_str(), "bash" | "sh" | "zsh" | "nginx"))
    })
}

/// The numbers come from a list of all processes that nothing has filtered.
fn lists_all(cmd: &Cmd<'_>) -> bool {
    let mut told = cmd.substitutions();
    told.extend(cmd.parent().filter(|parent| parent.name() == "xargs").into_iter().flat_map(|xargs| xargs.sources()));
    let lists = |told: &Cmd<'_>| {
        told.name() == "ps"
            && told.words().iter().any(|word| matches!(word.as_str(), "-e" | "-A" | "-ef" | "aux" | "-eo" | "ax"))
    };
    let filters = |told: &Cmd<'_>| {
        let is_plain = !told.words().iter().any(|word| word.contains(['/', '~']) || word.contains("=="));
        !(matches!(told.name(), "ps" | "cut" | "tr" | "sort" | "tail" | "sed" | "xargs")
            || told.name() == "awk" && is_plain)
    };
    told.iter().any(lists) && !told.iter().any(filters)
}

fn by_name(cmd: &Cmd<'_>, report: &mut Report) {
    let args =
        Args::of(cmd, &Spec { short: "uUGgPtsFo", long: &["signal", "user", "euid", "uid", "parent", "terminal"] });
    let by_user = args.values('u', "euid").chain(args.values('U', "uid")).next().is_some();
    let vital = args.operand_words().find(|word| VITAL.contains(&word.trim_start_matches('^').trim_end_matches('$')));
    if let Some(vital) = vital {
        report.add(&KILL_SERVICE, vital);
    } else if (by_user && args.operands.is_empty()) || args.operand_words().any(|word| matches!(word, "." | ".*" | ""))
    {
        report.add(&KILL_SERVICE, "");
    }
}

fn users(cmd: &Cmd<'_>, report: &mut Report) {
    match cmd.name() {
        "userdel" | "deluser" | "groupdel" | "delgroup" | "usermod" | "useradd" | "adduser" | "groupmod"
        | "gpasswd" | "chpasswd" | "newusers" | "vipw" | "vigr" | "visudo" | "chsh" | "sysadminctl" | "pwconv"
        | "chage" | "dscl" | "dseditgroup" | "dsenableroot" => {
            let only_shows = matches!(cmd.name(), "dscl" if !cmd.words().iter().any(|word| word.contains("delete") || word.contains("create") || word.contains("passwd")));
            let checks = cmd.name() == "visudo" && cmd.has_word("-c") || cmd.name() == "chage" && cmd.has_word("-l");
            if !only_shows && !checks {
                report.add(&USERS, cmd.name());
            }
        }
        "pw" if cmd.words().first().is_some_and(|word| {
            word.starts_with("user") || word.starts_with("group") || matches!(word.as_str(), "mod" | "lock" | "unlock")
        }) =>
        {
            report.add(&USERS, "pw");
        }
        "launchctl" if cmd.words().first().is_some_and(|word| word == "submit") => report.add(&CRON, "submit"),
        "passwd" if !cmd.has_word("-S") && !cmd.has_word("--status") => report.add(&USERS, "passwd"),
        "crontab" => {
            let args = Args::of(cmd, &Spec { short: "u", long: &[] });
            if !args.short_is("le") || args.short_is("r") {
                report.add(&CRON, "");
            }
        }
        "atrm" => report.add(&CRON, "atrm"),
        "systemd-run" if cmd.words().iter().any(|word| word.starts_with("--on-")) => report.add(&CRON, "systemd-run"),
        _ => {}
    }
}
