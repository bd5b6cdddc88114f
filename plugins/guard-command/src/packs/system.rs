//! Power, processes, rights, services, users, firewalls, packages of the system.

use crate::args::{Args, NO_VALUES, Spec};
use crate::packs::verbs::{self, Tool};
use crate::place::Place;
use crate::rule::{Report, rules};
use crate::scene::Cmd;

rules! { System:
    FORK_BOMB = Catastrophic "fork-bomb",
        "it would start copies of itself until the machine stands still",
        "let the function end; a loop with a limit does what is needed";
    POWER = Risky "power",
        "it would switch the machine off or start it anew, with everybody's work",
        "restart the one service that needs it, and let the operator do the rest";
    KILL_ALL = Catastrophic "kill-all",
        "it would end every process, or the first one",
        "end one process by its number, such as `kill 12345`";
    KILL_SERVICE = Risky "kill-service",
        "it would end processes that the machine or your way to it depends on",
        "end one process by its number, such as `kill 12345`";
    SERVICE = Risky "service-stop",
        "it would stop a service of the machine",
        "look first with `systemctl status`, and let the operator stop it";
    RIGHTS_SYSTEM = Catastrophic "rights-system",
        "it would change the rights of the whole system, which then does not work any more",
        "change the rights of one folder of the project, such as `chmod -R u+w target`";
    RIGHTS = Risky "rights",
        "it would open files to everybody, or change the rights of what is not the project's",
        "give only what is needed, such as `chmod u+x run.sh`";
    SETUID = Risky "rights-setuid",
        "it would let everybody run a program with its owner's rights",
        "run it as the user that needs it";
    USERS = Risky "users",
        "it would change users, passwords or their rights",
        "let the operator do it";
    CRON = Risky "crontab",
        "it would delete or replace the table of timed commands",
        "use a job of instar, such as `instar job add`";
    FIREWALL = Risky "firewall",
        "it would change or remove the firewall's rules",
        "look first with `iptables -L`, and let the operator change them";
    PROTECTION = Risky "protection-off",
        "it would switch off a protection of the machine",
        "let the operator do it";
    TRACES = Risky "hide-traces",
        "it would remove the traces of what was done",
        "leave the history as it is";
    PACKAGES = Risky "packages-remove",
        "it would remove software from the machine",
        "look first with `apt-get -s remove`, and let the operator remove it";
    KERNEL = Risky "kernel",
        "it would change the running kernel or how the machine starts",
        "let the operator do it";
    NETWORK_DOWN = Risky "network-down",
        "it would take the machine off the network",
        "let the operator do it";
    MOUNTS = Risky "mounts",
        "it would take a file system away from who uses it",
        "look first with `findmnt`, and let the operator do it";
}

static TOOLS: &[Tool] = &[
    Tool {
        names: &["systemctl"],
        options: Spec { short: "HMtpns", long: &["host", "machine", "type", "property", "signal"] },
        verbs: &[
            (&["poweroff"], Some(&POWER)),
            (&["reboot"], Some(&POWER)),
            (&["halt"], Some(&POWER)),
            (&["kexec"], Some(&POWER)),
            (&["suspend"], Some(&POWER)),
            (&["hibernate"], Some(&POWER)),
            (&["rescue"], Some(&POWER)),
            (&["emergency"], Some(&POWER)),
            (&["isolate"], Some(&POWER)),
            (&["stop"], Some(&SERVICE)),
            (&["disable"], Some(&SERVICE)),
            (&["mask"], Some(&SERVICE)),
            (&["kill"], Some(&SERVICE)),
            (&["set-default"], Some(&SERVICE)),
        ],
    },
    Tool {
        names: &[
            "service",
            "rc-service",
            "rc-update",
            "launchctl",
            "sv",
            "initctl",
            "chkconfig",
            "supervisorctl",
            "brew-services",
            "pm2",
        ],
        options: NO_VALUES,
        verbs: &[
            (&["*", "stop"], Some(&SERVICE)),
            (&["stop"], Some(&SERVICE)),
            (&["unload"], Some(&SERVICE)),
            (&["remove"], Some(&SERVICE)),
            (&["bootout"], Some(&SERVICE)),
            (&["disable"], Some(&SERVICE)),
            (&["del"], Some(&SERVICE)),
            (&["shutdown"], Some(&SERVICE)),
            (&["*", "off"], Some(&SERVICE)),
            (&["kill"], Some(&SERVICE)),
            (&["delete", "all"], Some(&SERVICE)),
        ],
    },
    Tool {
        names: &["ufw", "firewall-cmd", "nft", "pfctl", "ipset"],
        options: NO_VALUES,
        verbs: &[
            (&["disable"], Some(&FIREWALL)),
            (&["reset"], Some(&FIREWALL)),
            (&["flush"], Some(&FIREWALL)),
            (&["delete"], Some(&FIREWALL)),
            (&["default", "allow"], Some(&FIREWALL)),
            (&["flush", "ruleset"], Some(&FIREWALL)),
            (&["destroy"], Some(&FIREWALL)),
        ],
    },
    Tool {
        names: &[
            "apt",
            "apt-get",
            "aptitude",
            "dnf",
            "yum",
            "zypper",
            "apk",
            "snap",
            "flatpak",
            "brew",
            "port",
            "nala",
            "microdnf",
            "rpm-ostree",
            "xbps-remove",
            "emerge",
            "choco",
            "winget",
            "scoop",
            "opkg",
        ],
        options: Spec { short: "oct", long: &["option", "config-file"] },
        verbs: &[
            (&["remove"], Some(&PACKAGES)),
            (&["purge"], Some(&PACKAGES)),
            (&["autoremove"], Some(&PACKAGES)),
            (&["autopurge"], Some(&PACKAGES)),
            (&["erase"], Some(&PACKAGES)),
            (&["del"], Some(&PACKAGES)),
            (&["uninstall"], Some(&PACKAGES)),
            (&["rm"], Some(&PACKAGES)),
            (&["dist-upgrade"], Some(&PACKAGES)),
        ],
    },
    Tool {
        names: &["nmcli", "ip", "ifconfig", "networksetup", "netplan", "route", "wpa_cli"],
        options: NO_VALUES,
        verbs: &[
            (&["connection", "delete"], Some(&NETWORK_DOWN)),
            (&["con", "delete"], Some(&NETWORK_DOWN)),
            (&["connection", "down"], Some(&NETWORK_DOWN)),
            (&["con", "down"], Some(&NETWORK_DOWN)),
            (&["networking", "off"], Some(&NETWORK_DOWN)),
            (&["radio", "*", "off"], Some(&NETWORK_DOWN)),
            (&["link", "set", "**", "down"], Some(&NETWORK_DOWN)),
            (&["l", "set", "**", "down"], Some(&NETWORK_DOWN)),
            (&["link", "del…"], Some(&NETWORK_DOWN)),
            (&["route", "del…"], Some(&NETWORK_DOWN)),
            (&["route", "flush"], Some(&NETWORK_DOWN)),
            (&["addr", "flush"], Some(&NETWORK_DOWN)),
            (&["address", "flush"], Some(&NETWORK_DOWN)),
            (&["addr", "del"], Some(&NETWORK_DOWN)),
            (&["*", "down"], Some(&NETWORK_DOWN)),
            (&["del", "default"], Some(&NETWORK_DOWN)),
        ],
    },
];

pub(crate) fn judge(cmd: &Cmd<'_>, report: &mut Report) {
    let is_help = cmd.words().iter().any(|word| matches!(word.as_str(), "--help" | "--version" | "-h"))
        && cmd.name() != "shutdown";
    if is_help {
        return;
    }
    let only_simulates = matches!(cmd.name(), "apt" | "apt-get")
        && cmd.words().iter().any(|word| matches!(word.as_str(), "-s" | "--simulate" | "--dry-run"));
    if !only_simulates && !cmd.has_word("--user") {
        verbs::judge(TOOLS, cmd, report);
    }
    init_script(cmd, report);
    power(cmd, report);
    processes(cmd, report);
    users(cmd, report);
    others(cmd, report);
    match cmd.name() {
        "chmod" => rights(cmd, true, report),
        "chown" | "chgrp" | "setfacl" | "chattr" | "chcon" => rights(cmd, false, report),
        _ => {}
    }
}

/// `/etc/init.d/postgresql stop`
fn init_script(cmd: &Cmd<'_>, report: &mut Report) {
    let is_script = cmd.it.argv.get(cmd.from).is_some_and(|word| word.contains("/init.d/") || word.contains("/rc.d/"));
    if is_script && cmd.has_word("stop") {
        report.add(&SERVICE, cmd.name());
    }
}

fn power(cmd: &Cmd<'_>, report: &mut Report) {
    let first = cmd.words().first().map_or("", String::as_str);
    let speaks = match cmd.name() {
        "shutdown" => first != "-c",
        "reboot" | "poweroff" | "halt" | "pm-suspend" | "kexec" => true,
        "init" | "telinit" => matches!(first, "0" | "1" | "6" | "s" | "S"),
        _ => false,
    };
    if speaks {
        report.add(&POWER, cmd.name());
    }
}

fn processes(cmd: &Cmd<'_>, report: &mut Report) {
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
    match cmd.name() {
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
        "pkill" | "killall" | "xkill" | "slay" => {
            let args = Args::of(
                cmd,
                &Spec { short: "uUGgPtsFo", long: &["signal", "user", "euid", "uid", "parent", "terminal"] },
            );
            let by_user = args.values('u', "euid").chain(args.values('U', "uid")).next().is_some();
            let vital =
                args.operand_words().find(|word| VITAL.contains(&word.trim_start_matches('^').trim_end_matches('$')));
            if let Some(vital) = vital {
                report.add(&KILL_SERVICE, vital);
            } else if (by_user && args.operands.is_empty())
                || args.operand_words().any(|word| matches!(word, "." | ".*" | ""))
            {
                report.add(&KILL_SERVICE, "");
            }
        }
        "loginctl"
            if cmd.words().first().is_some_and(|word| word.starts_with("terminate") || word.starts_with("kill")) =>
        {
            report.add(&KILL_SERVICE, "loginctl");
        }
        "fuser" if Args::of(cmd, &NO_VALUES).short_is("k") && cmd.has_word("-m") => {
            report.add(&KILL_SERVICE, "fuser -k")
        }
        _ => {}
    }
}

fn users(cmd: &Cmd<'_>, report: &mut Report) {
    match cmd.name() {
        "userdel" | "deluser" | "groupdel" | "delgroup" | "usermod" | "useradd" | "adduser" | "groupmod"
        | "gpasswd" | "chpasswd" | "newusers" | "vipw" | "vigr" | "visudo" | "chsh" | "sysadminctl" | "pwconv"
        | "chage" | "dscl" => {
            let only_shows = matches!(cmd.name(), "dscl" if !cmd.words().iter().any(|word| word.contains("delete") || word.contains("create") || word.contains("passwd")));
            let checks = cmd.name() == "visudo" && cmd.has_word("-c") || cmd.name() == "chage" && cmd.has_word("-l");
            if !only_shows && !checks {
                report.add(&USERS, cmd.name());
            }
        }
        "passwd" if !cmd.has_word("-S") && !cmd.has_word("--status") => report.add(&USERS, "passwd"),
        "crontab" => {
            let args = Args::of(cmd, &Spec { short: "u", long: &[] });
            if !args.short_is("le") || args.short_is("r") {
                report.add(&CRON, "");
            }
        }
        "atrm" => report.add(&CRON, "atrm"),
        _ => {}
    }
}

fn others(cmd: &Cmd<'_>, report: &mut Report) {
    let args = Args::of(cmd, &NO_VALUES);
    let name = cmd.name();
    let rule = match name {
        "iptables" | "ip6tables" | "iptables-legacy" | "iptables-nft" | "ebtables" | "arptables" => {
            let is_change = cmd.words().iter().any(|word| {
                matches!(
                    word.as_str(),
                    "-F" | "-X" | "-Z" | "-P" | "-D" | "--flush" | "--policy" | "--delete" | "--delete-chain"
                ) || (word.starts_with('-') && !word.starts_with("--") && word.contains('F'))
            });
            if !is_change && !cmd.words().windows(2).any(|pair| pair == ["-j", "DROP"]) {
                return;
            }
            &FIREWALL
        }
        "iptables-restore" | "ip6tables-restore" => &FIREWALL,
        "firewall-cmd" if cmd.words().iter().any(|word| word.starts_with("--remove") || word == "--panic-on") => {
            &FIREWALL
        }
        "nft" if cmd.has_word("-f") || args.operand(0) == "delete" => &FIREWALL,
        "pfctl" if args.short_is("dF") => &FIREWALL,
        "setenforce" if matches!(args.operand(0), "0" | "Permissive" | "permissive") => &PROTECTION,
        "csrutil" | "spctl" if cmd.words().iter().any(|word| word.contains("disable")) => &PROTECTION,
        "aa-teardown" | "aa-disable" | "aa-complain" => &PROTECTION,
        "auditctl"
            if cmd.has_word("-D") || cmd.has_word("-e0") || cmd.words().windows(2).any(|pair| pair == ["-e", "0"]) =>
        {
            &PROTECTION
        }
        "history" if args.short_is("cdw") && !args.short_is("r") => &TRACES,
        "unset" if cmd.has_word("HISTFILE") => &TRACES,
        "export" | "declare"
            if cmd.words().iter().any(|word| {
                word.starts_with("HISTFILE=/dev/null") || word == "HISTSIZE=0" || word == "HISTFILESIZE=0"
            }) =>
        {
            &TRACES
        }
        "journalctl" if cmd.words().iter().any(|word| word.starts_with("--vacuum") || word == "--rotate") => &TRACES,
        "wevtutil" if matches!(args.operand(0), "cl" | "clear-log") => &TRACES,
        "dmesg" if cmd.has_word("-C") || cmd.has_word("--clear") => &TRACES,
        "dpkg" if cmd.words().iter().any(|word| matches!(word.as_str(), "-r" | "-P" | "--purge" | "--remove")) => {
            &PACKAGES
        }
        "rpm" if cmd.words().iter().any(|word| word.starts_with("-e") || word == "--erase") => &PACKAGES,
        "pacman" | "yay" | "paru" if cmd.words().iter().any(|word| word.starts_with("-R")) => &PACKAGES,
        "pkg" | "pkg_delete" if matches!(args.operand(0), "delete" | "remove") || name == "pkg_delete" => &PACKAGES,
        "rmmod" | "insmod" | "kmod" => &KERNEL,
        "modprobe" if args.short_is("r") || args.exactly("remove") => &KERNEL,
        "grub-install" | "update-grub" | "efibootmgr" | "bootctl" | "nvram" | "grub-mkconfig" | "bless" => {
            if cmd.words().is_empty() && name != "update-grub" {
                return;
            }
            &KERNEL
        }
        "sysctl"
            if cmd
                .words()
                .iter()
                .any(|word| word == "-w" || word.contains("kernel.panic") || word.contains("sysrq")) =>
        {
            &KERNEL
        }
        "umount" if args.short_is("laf") || args.any_long(&["lazy", "all", "force"]) => &MOUNTS,
        "umount" if args.operands.iter().any(|index| is_vital_mount(cmd, *index)) => &MOUNTS,
        "mount" if cmd.words().iter().any(|word| word.contains("remount")) => &MOUNTS,
        "ifdown" => &NETWORK_DOWN,
        "ip" if cmd.has_word("down") && cmd.has_word("set") => &NETWORK_DOWN,
        "swapoff" if cmd.has_word("-a") => &KERNEL,
        "update-alternatives" | "update-rc.d"
            if cmd.words().iter().any(|word| word.contains("remove") || word == "disable") =>
        {
            &SERVICE
        }
        "defaults" if args.operand(0) == "delete" => &PROTECTION,
        "ulimit" if cmd.has_word("-u") && cmd.has_word("0") => &KERNEL,
        "pip" | "pip3" if args.operand(0) == "uninstall" && cmd.it.more_words => &PACKAGES,
        _ => return,
    };
    report.add(rule, name);
}

fn is_vital_mount(cmd: &Cmd<'_>, index: usize) -> bool {
    matches!(cmd.place(index), Place::Root | Place::SystemTop | Place::Home)
}

/// `chmod`, `chown` and their kin: who gets what, where.
fn rights(cmd: &Cmd<'_>, is_mode: bool, report: &mut Report) {
    let args = Args::of(cmd, &Spec { short: "", long: &["reference", "from"] });
    let is_tree = args.short_is("R") || args.exactly("recursive");
    let mode = cmd
        .words()
        .iter()
        .find(|word| is_mode && (!word.starts_with('-') || is_minus_mode(word)))
        .map_or("", String::as_str);
    let opens_all = is_mode && opens_to_all(mode);
    if is_mode && sets_uid(mode) {
        report.add(&SETUID, mode);
    }
    for index in &args.operands {
        let word = cmd.it.argv[*index].as_str();
        if word == mode {
            continue;
        }
        let is_owner = !is_mode && *index == *args.operands.first().expect("there is one") && args.operands.len() > 1;
        if is_owner {
            continue;
        }
        match cmd.place(*index) {
            Place::Root | Place::SystemTop | Place::Home if is_tree => report.add(&RIGHTS_SYSTEM, word),
            Place::Guarded => report.add(&super::itself::SETTINGS, word),
            Place::Root | Place::SystemTop | Place::System | Place::Home | Place::AboveProject => {
                report.add(&RIGHTS, word)
            }
            Place::Device => report.add(&RIGHTS, word),
            Place::Project | Place::Inside | Place::Outside | Place::Unknown | Place::GitDir
                if is_tree && opens_all =>
            {
                report.add(&RIGHTS, word);
            }
            Place::Outside | Place::Elsewhere if is_tree && !is_mode => report.add(&RIGHTS, word),
            _ if opens_all && crate::secret_file::is_secret(&cmd.path(*index)) => report.add(&RIGHTS, word),
            Place::Protected => report.add(&RIGHTS, word),
            _ => {}
        }
    }
}

/// `-x`, `-rw`: a mode that looks like an option.
fn is_minus_mode(word: &str) -> bool {
    word.len() > 1 && word[1..].bytes().all(|byte| b"rwxXst,=+-ugoa".contains(&byte)) && word != "-R"
}

fn opens_to_all(mode: &str) -> bool {
    let is_octal = !mode.is_empty() && mode.bytes().all(|byte| byte.is_ascii_digit());
    if is_octal {
        return mode.ends_with(['7', '6', '2', '3']) || mode.bytes().all(|byte| byte == b'0');
    }
    mode.split(',').any(|part| {
        let (who, what) = part.split_at(part.find(['+', '=']).unwrap_or(part.len()));
        what.contains('w') && (who.is_empty() || who.contains(['o', 'a']))
    }) || mode == "a-rwx"
        || mode == "-rwx"
}

fn sets_uid(mode: &str) -> bool {
    let is_octal = mode.len() == 4 && mode.bytes().all(|byte| byte.is_ascii_digit());
    (is_octal && mode.starts_with(['2', '4', '6', '7'])) || (mode.contains('s') && mode.contains(['+', '=']))
}
