//! Power, processes, rights, services, users, firewalls, packages of the system.

use crate::args::{NO_VALUES, Spec};
use crate::packs::verbs::{self, Tool};
use crate::packs::{machine, processes, rights};
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
    MOUNT_OVER = Risky "mount-over",
        "it would hide the files that are there behind another file system",
        "mount it on a folder of its own below `/mnt` or `/tmp`";
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
            "pg_ctl",
            "pg_ctlcluster",
            "apachectl",
            "monit",
        ],
        options: NO_VALUES,
        verbs: &[
            (&["*", "stop"], Some(&SERVICE)),
            (&["*", "*", "stop"], Some(&SERVICE)),
            (&["stop"], Some(&SERVICE)),
            (&["unload"], Some(&SERVICE)),
            (&["remove"], Some(&SERVICE)),
            (&["bootout"], Some(&SERVICE)),
            (&["reboot"], Some(&POWER)),
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
            "mas",
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
            (&["r", "del…"], Some(&NETWORK_DOWN)),
            (&["ru…", "f…"], Some(&NETWORK_DOWN)),
            (&["ru…", "d…"], Some(&NETWORK_DOWN)),
            (&["a", "f…"], Some(&NETWORK_DOWN)),
            (&["n", "off"], Some(&NETWORK_DOWN)),
            (&["net", "off"], Some(&NETWORK_DOWN)),
            (&["flush"], Some(&NETWORK_DOWN)),
            (&["del", "default"], Some(&NETWORK_DOWN)),
        ],
    },
];

pub(crate) fn judge(cmd: &Cmd<'_>, report: &mut Report) {
    let is_help = cmd
        .words()
        .iter()
        .any(|word| matches!(word.as_str(), "--help" | "--version") || (word == "-h" && cmd.name() != "shutdown"));
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
    processes::judge(cmd, report);
    machine::judge(cmd, report);
    match cmd.name() {
        "setcap" if !cmd.has_word("-r") => report.add(&SETUID, cmd.name()),
        "chmod" => rights::judge(cmd, true, report),
        "chown" | "chgrp" | "setfacl" | "chattr" | "chcon" => rights::judge(cmd, false, report),
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
