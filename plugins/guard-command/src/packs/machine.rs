//! Firewalls, protections, traces, packages, the kernel and mounts: rules of the pack `system`.

use crate::args::{Args, NO_VALUES, Spec};
use crate::packs::system::{FIREWALL, KERNEL, MOUNT_OVER, MOUNTS, NETWORK_DOWN, PACKAGES, PROTECTION, SERVICE, TRACES};
use crate::place::{Place, is_within};
use crate::rule::{Report, Rule};
use crate::scene::Cmd;

pub(crate) fn judge(cmd: &Cmd<'_>, report: &mut Report) {
    if let Some(rule) = firewall(cmd).or_else(|| protection(cmd)).or_else(|| software(cmd)).or_else(|| kernel(cmd)) {
        report.add(rule, cmd.name());
    }
}

/// What may come in and go out.
fn firewall(cmd: &Cmd<'_>) -> Option<&'static Rule> {
    let args = || Args::of(cmd, &NO_VALUES);
    let rule = match cmd.name() {
        "iptables" | "ip6tables" | "iptables-legacy" | "iptables-nft" | "ebtables" | "arptables" => {
            let is_change = cmd.words().iter().any(|word| {
                matches!(
                    word.as_str(),
                    "-F" | "-X" | "-Z" | "-P" | "-D" | "--flush" | "--policy" | "--delete" | "--delete-chain"
                ) || (word.starts_with('-') && !word.starts_with("--") && word.contains('F'))
            });
            let opens_all = cmd.words().windows(2).any(|pair| pair == ["-j", "ACCEPT"])
                && !cmd
                    .words()
                    .iter()
                    .any(|word| matches!(word.as_str(), "-p" | "-s" | "-m" | "-i" | "-d" | "-o" | "--dport"));
            if !is_change && !opens_all && !cmd.words().windows(2).any(|pair| pair == ["-j", "DROP"]) {
                return None;
            }
            &FIREWALL
        }
        "iptables-restore" | "ip6tables-restore" => &FIREWALL,
        "firewall-cmd"
            if cmd.words().iter().any(|word| {
                ["--remove", "--add-", "--set-", "--panic-on"].iter().any(|start| word.starts_with(start))
            }) =>
        {
            &FIREWALL
        }
        "nft" if cmd.has_word("-f") || args().operand(0) == "delete" => &FIREWALL,
        "pfctl" if args().short_is("dF") => &FIREWALL,
        "ufw" if cmd.has_word("allow") && cmd.words().ends_with(&["from".to_owned(), "any".to_owned()]) => &FIREWALL,
        "ufw" if cmd.has_word("logging") && cmd.has_word("off") => &FIREWALL,
        _ => return None,
    };
    Some(rule)
}

/// What protects the machine, and what remembers.
fn protection(cmd: &Cmd<'_>) -> Option<&'static Rule> {
    let args = || Args::of(cmd, &NO_VALUES);
    let name = cmd.name();
    let rule = match name {
        "setenforce" if matches!(args().operand(0), "0" | "Permissive" | "permissive") => &PROTECTION,
        "csrutil" | "spctl" | "fdesetup" | "mokutil" | "pwpolicy"
            if cmd.words().iter().any(|word| word.contains("disable") || word == "clear") =>
        {
            &PROTECTION
        }
        "tccutil" if args().operand(0) == "reset" => &PROTECTION,
        "xhost" if cmd.words().iter().any(|word| word == "+") => &PROTECTION,
        "security" if args().operand(0) == "add-trusted-cert" || args().operand(0) == "authorizationdb" => &PROTECTION,
        "defaults"
            if args().operand(0) == "write"
                && cmd.words().iter().any(|word| word == "LoginHook" || word == "LogoutHook") =>
        {
            &PROTECTION
        }
        "mdatp" | "falconctl" | "sentinelctl" | "cbagentd" | "wazuh-control" | "osqueryctl" | "santactl"
            if cmd.words().iter().any(|word| {
                matches!(word.as_str(), "disabled" | "disable" | "stop" | "uninstall" | "unload" | "off")
            }) =>
        {
            &PROTECTION
        }
        "set" if cmd.words() == ["+o", "history"] => &TRACES,
        "aa-teardown" | "aa-disable" | "aa-complain" => &PROTECTION,
        "auditctl"
            if cmd.has_word("-D") || cmd.has_word("-e0") || cmd.words().windows(2).any(|pair| pair == ["-e", "0"]) =>
        {
            &PROTECTION
        }
        "history" if args().short_is("cdw") && !args().short_is("r") => &TRACES,
        "unset" if cmd.has_word("HISTFILE") => &TRACES,
        "export" | "declare"
            if cmd.words().iter().any(|word| {
                word.starts_with("HISTFILE=/dev/null") || word == "HISTSIZE=0" || word == "HISTFILESIZE=0"
            }) =>
        {
            &TRACES
        }
        _ => return None,
    };
    Some(rule)
}

/// Logs and packages.
fn software(cmd: &Cmd<'_>) -> Option<&'static Rule> {
    let args = || Args::of(cmd, &NO_VALUES);
    let name = cmd.name();
    let rule = match name {
        "journalctl" if cmd.words().iter().any(|word| word.starts_with("--vacuum") || word == "--rotate") => &TRACES,
        "wevtutil" if matches!(args().operand(0), "cl" | "clear-log") => &TRACES,
        "dmesg" if cmd.has_word("-C") || cmd.has_word("--clear") => &TRACES,
        "dpkg" if cmd.words().iter().any(|word| matches!(word.as_str(), "-r" | "-P" | "--purge" | "--remove")) => {
            &PACKAGES
        }
        "rpm" if cmd.words().iter().any(|word| word.starts_with("-e") || word == "--erase") => &PACKAGES,
        "pacman" | "yay" | "paru" if cmd.words().iter().any(|word| word.starts_with("-R")) => &PACKAGES,
        "pkg" | "pkg_delete" if matches!(args().operand(0), "delete" | "remove") || name == "pkg_delete" => &PACKAGES,
        _ => return None,
    };
    Some(rule)
}

/// The kernel, mounts and the network.
fn kernel(cmd: &Cmd<'_>) -> Option<&'static Rule> {
    let args = || Args::of(cmd, &NO_VALUES);
    let name = cmd.name();
    let rule = match name {
        "rmmod" | "insmod" | "kextload" | "kextunload" | "kldload" | "kldunload" => &KERNEL,
        "kmutil" if matches!(args().operand(0), "load" | "unload" | "install") => &KERNEL,
        "kmod" if matches!(args().operand(0), "remove" | "insert") => &KERNEL,
        "nvram" if !args().short_is("cdf") && !cmd.words().iter().any(|word| word.contains(['=', '$'])) => {
            return None;
        }
        "bootctl" if matches!(args().operand(0), "" | "list" | "status" | "is-installed") => return None,
        "efibootmgr"
            if cmd.words().iter().all(|word| matches!(word.as_str(), "-v" | "--verbose" | "-u" | "--unicode")) =>
        {
            return None;
        }
        "modprobe" if args().short_is("r") || args().exactly("remove") => &KERNEL,
        "grub-install" | "update-grub" | "efibootmgr" | "bootctl" | "nvram" | "grub-mkconfig" | "bless" => {
            if cmd.words().is_empty() && name != "update-grub" {
                return None;
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
        "umount" if args().short_is("laf") || args().any_long(&["lazy", "all", "force"]) => &MOUNTS,
        "umount" if args().operands.iter().any(|index| is_vital_mount(cmd, *index)) => &MOUNTS,
        "mount" | "bindfs" | "sshfs" | "mergerfs" if mounts_over(cmd) => &MOUNT_OVER,
        "mount" if cmd.words().iter().any(|word| word.contains("remount")) => &MOUNTS,
        "ifdown" => &NETWORK_DOWN,
        "tc" if cmd.has_word("netem") && (cmd.has_word("loss") || cmd.has_word("corrupt")) => &NETWORK_DOWN,
        "ip" if cmd.has_word("down") && cmd.has_word("set") => &NETWORK_DOWN,
        "swapoff" if cmd.has_word("-a") => &KERNEL,
        "update-alternatives" | "update-rc.d"
            if cmd.words().iter().any(|word| word.contains("remove") || word == "disable") =>
        {
            &SERVICE
        }
        "defaults" if args().operand(0) == "delete" => &PROTECTION,
        "ulimit" if cmd.has_word("-u") && cmd.has_word("0") => &KERNEL,
        "npm" | "pnpm" if matches!(args().operand(0), "rm" | "uninstall" | "un" | "remove") && cmd.it.more_words => {
            &PACKAGES
        }
        "gem" if args().operand(0) == "uninstall" && (cmd.it.more_words || args().short_is("a")) => &PACKAGES,
        "pip" | "pip3" if args().operand(0) == "uninstall" && (cmd.it.more_words || cmd.has_word("pip")) => &PACKAGES,
        _ => return None,
    };
    Some(rule)
}

/// A file system that comes over what is there.
fn mounts_over(cmd: &Cmd<'_>) -> bool {
    let args = Args::of(cmd, &Spec { short: "toLUN", long: &["types", "options", "source", "target"] });
    let remounts = args.values('o', "options").any(|options| options.contains("remount"));
    let named = args.values(' ', "target").next();
    let (place, path) = match (named, args.operands.as_slice()) {
        (Some(word), _) => (cmd.place_of(word, false, false), cmd.path_of(word)),
        (None, [_, .., target]) => (cmd.place(*target), cmd.path(*target)),
        (None, _) => return false,
    };
    let is_for_mounts = ["/mnt", "/media", "/Volumes", "/proc", "/sys"].iter().any(|folder| is_within(&path, folder));
    let stands = matches!(place, Place::Root | Place::SystemTop | Place::Home | Place::AboveProject | Place::Project);
    stands && !is_for_mounts && !remounts
}

fn is_vital_mount(cmd: &Cmd<'_>, index: usize) -> bool {
    let is_for_mounts = ["/mnt", "/media", "/Volumes"].iter().any(|folder| is_within(&cmd.path(index), folder));
    !is_for_mounts && matches!(cmd.place(index), Place::Root | Place::SystemTop | Place::Home)
}
