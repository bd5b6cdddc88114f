//! PowerShell and `cmd`, as an agent under WSL or Git Bash would call them. Names have no case there.

use crate::guess;
use crate::names::is_build_folder;
use crate::packs::{disks, network, system};
use crate::rule::{Report, Rule, rules};
use crate::scene::Cmd;

rules! { Windows:
    DELETE = Risky "windows-delete",
        "it would delete folders with all that is in them",
        "name one file, and look first with `dir`";
    FORMAT = Catastrophic "windows-format",
        "it would erase a disk or a volume",
        "let the operator do it";
    BACKUPS = Risky "windows-backups",
        "it would delete the copies from which Windows can be restored",
        "let the operator do it";
    SETTINGS = Risky "windows-settings",
        "it would change how Windows starts, protects itself or knows its users",
        "let the operator do it";
    ENCODED = Grave "windows-encoded",
        "it would run code that is hidden in an encoding",
        "write the code out as it is";
}

/// What is looked at; all others are let go before their words are made small.
const NAMES: &[&str] = &[
    "powershell",
    "pwsh",
    "cmd",
    "remove-item",
    "ri",
    "rd",
    "rmdir",
    "del",
    "erase",
    "deltree",
    "rm",
    "format",
    "format-volume",
    "clear-disk",
    "initialize-disk",
    "remove-partition",
    "diskpart",
    "cipher",
    "vssadmin",
    "wbadmin",
    "wmic",
    "bcdedit",
    "bootrec",
    "reg",
    "remove-itemproperty",
    "set-mppreference",
    "set-executionpolicy",
    "disable-computerrestore",
    "netsh",
    "net",
    "sc",
    "stop-service",
    "remove-service",
    "remove-localuser",
    "disable-localuser",
    "takeown",
    "icacls",
    "schtasks",
    "stop-computer",
    "restart-computer",
    "taskkill",
    "fsutil",
    "clear-eventlog",
    "clear-history",
    "wevtutil",
    "clear-content",
    "iex",
    "invoke-expression",
    "robocopy",
    "clear-recyclebin",
    "set-itemproperty",
    "new-itemproperty",
    "sdelete",
    "pnputil",
    "remove-vm",
    "remove-aduser",
    "remove-adobject",
    "remove-appxpackage",
    "disable-netadapter",
    "set-netfirewallprofile",
    "remove-netfirewallrule",
    "unregister-scheduledtask",
    "register-scheduledtask",
    "new-service",
    "new-localuser",
    "add-localgroupmember",
    "certutil",
    "bitsadmin",
    "mshta",
    "regsvr32",
    "rundll32",
    "uninstall-package",
];

pub(crate) fn judge(cmd: &Cmd<'_>, report: &mut Report) {
    let Some(first) = cmd.it.argv.get(cmd.from) else { return };
    let name = first.rsplit(['/', '\\']).next().unwrap_or(first).to_ascii_lowercase();
    let name = name.strip_suffix(".exe").unwrap_or(&name);
    if !NAMES.contains(&name) && !name.starts_with("disable-") {
        return;
    }
    let lower: Vec<String> = cmd.words().iter().map(|word| word.to_ascii_lowercase()).collect();
    match name {
        "powershell" | "pwsh" => return powershell(cmd, &lower, report),
        "cmd" => return command(cmd, &lower, report),
        _ => {}
    }
    let is_search = |source: &Cmd<'_>| {
        let lists = matches!(source.name().to_ascii_lowercase().as_str(), "get-childitem" | "gci" | "ls" | "dir");
        // A shell that is not PowerShell takes the backslash of `D:\ -Recurse` for its own.
        let is_all = |word: &String| {
            let word = word.to_ascii_lowercase();
            word.starts_with("-r") || word.contains(" -r") || word == "*"
        };
        lists && source.words().iter().any(is_all)
    };
    let is_delete = matches!(name, "remove-item" | "ri" | "rm" | "del" | "rd");
    if is_delete && !cmd.sources().is_empty() && cmd.sources().iter().any(is_search) {
        return report.add(&DELETE, name);
    }
    let fetches = |source: &Cmd<'_>| {
        let name = source.name().to_ascii_lowercase();
        matches!(name.as_str(), "iwr" | "invoke-webrequest" | "irm" | "invoke-restmethod" | "curl" | "wget")
    };
    if matches!(name, "iex" | "invoke-expression") && cmd.sources().iter().any(fetches) {
        return report.add(&network::RUN_DOWNLOAD, name);
    }
    if let Some(rule) = rule_of(name, &lower) {
        report.add(rule, name);
    }
}

/// The rule that speaks about a command, by its name and its words in small letters.
#[expect(clippy::too_many_lines, reason = "a flat list of rules")]
fn rule_of(name: &str, lower: &[String]) -> Option<&'static Rule> {
    let has = |word: &str| lower.iter().any(|given| given == word);
    let first = lower.first().map_or("", String::as_str);
    let rule = match name {
        "remove-item" | "ri" | "rd" | "rmdir" | "del" | "erase" | "deltree" => {
            let is_tree =
                lower.iter().any(|word| matches!(word.as_str(), "/s" | "-r" | "//s") || word.starts_with("-rec"));
            let is_all = name == "del" && lower.iter().any(|word| matches!(word.as_str(), "*" | "*.*"));
            let paths = || lower.iter().filter(|word| !word.starts_with(['-', '/']));
            if is_tree && paths().count() > 0 && paths().all(|path| is_made_again(path)) {
                return None;
            }
            if !is_tree && !is_all && !lower.iter().any(|word| word.contains(":\\") && word.contains("windows")) {
                return None;
            }
            &DELETE
        }
        "rm" if lower.iter().any(|word| word.starts_with("-rec") || word == "-fo")
            && lower.iter().any(|word| word.starts_with("-fo") || word.contains(":\\")) =>
        {
            &DELETE
        }
        "format" if lower.iter().any(|word| is_drive(word)) => &FORMAT,
        "format-volume" | "clear-disk" | "initialize-disk" | "remove-partition" => &FORMAT,
        "diskpart" => &FORMAT,
        "cipher" if lower.iter().any(|word| word.starts_with("/w")) => &FORMAT,
        "vssadmin" if first == "delete" || first == "resize" => &BACKUPS,
        "wbadmin" if first == "delete" => &BACKUPS,
        "wmic" if has("delete") && has("shadowcopy") => &BACKUPS,
        "bcdedit" | "bootrec" if !lower.is_empty() && first != "/enum" => &SETTINGS,
        "reg" if first == "delete" => &SETTINGS,
        "remove-itemproperty" | "set-mppreference" | "set-executionpolicy" | "disable-computerrestore" => &SETTINGS,
        "netsh" if has("firewall") || has("advfirewall") => &SETTINGS,
        "net" if matches!(first, "user" | "localgroup") && (has("/delete") || has("/add")) => &SETTINGS,
        "net" | "sc" if matches!(first, "stop" | "delete") => &SETTINGS,
        "stop-service" | "remove-service" | "remove-localuser" | "disable-localuser" => &SETTINGS,
        "takeown" | "icacls" if has("/r") || has("/t") => &SETTINGS,
        "takeown" if lower.iter().any(|word| word.contains("windows")) => &SETTINGS,
        "icacls"
            if has("/grant") && lower.iter().any(|word| word.starts_with("everyone:") || word.contains("s-1-1-0:")) =>
        {
            &SETTINGS
        }
        "robocopy" if has("/mir") || has("/purge") || has("/move") => &DELETE,
        "sdelete" if !lower.is_empty() => &DELETE,
        "clear-recyclebin" | "remove-vm" | "remove-aduser" | "remove-adobject" | "remove-appxpackage" => &DELETE,
        "pnputil" if first == "/delete-driver" => &SETTINGS,
        "disable-netadapter" | "remove-netfirewallrule" | "unregister-scheduledtask" | "uninstall-package" => &SETTINGS,
        name if name.starts_with("disable-") => &SETTINGS,
        "set-netfirewallprofile" if has("false") => &SETTINGS,
        "set-itemproperty" | "new-itemproperty" if lower.iter().any(|word| word.starts_with("hklm:")) => &SETTINGS,
        "schtasks" if has("/delete") || has("/create") || has("/change") => &SETTINGS,
        "reg" if first == "add" && lower.iter().any(|word| is_startup_key(word)) => &SETTINGS,
        "sc" if first == "create" || first == "config" => &SETTINGS,
        "new-service" | "register-scheduledtask" | "new-localuser" | "add-localgroupmember" => &SETTINGS,
        // Programs of Windows that fetch a file for whoever is not allowed to.
        "certutil" if lower.iter().any(|word| word.contains("urlcache") || word.contains("verifyctl")) => {
            &network::RUN_DOWNLOAD
        }
        "bitsadmin" if has("/transfer") || has("/addfile") => &network::RUN_DOWNLOAD,
        "mshta" | "regsvr32" | "rundll32"
            if lower.iter().any(|word| word.contains("http:") || word.contains("https:")) =>
        {
            &network::RUN_DOWNLOAD
        }
        "stop-computer" | "restart-computer" => &system::POWER,
        "taskkill"
            if lower.iter().any(|word| {
                word.contains("svchost") || word.contains("lsass") || word.contains("winlogon") || word == "*"
            }) =>
        {
            &system::KILL_SERVICE
        }
        "fsutil" if has("deletejournal") || has("setzerodata") => &system::TRACES,
        "clear-eventlog" | "clear-history" | "wevtutil" if name != "wevtutil" || first == "cl" => &system::TRACES,
        "clear-content" if lower.iter().any(|word| word.contains('*')) => &DELETE,
        "iex" | "invoke-expression"
            if lower.iter().any(|word| {
                word.contains("iwr") || word.contains("irm") || word.contains("web") || word.contains("http")
            }) =>
        {
            &network::RUN_DOWNLOAD
        }
        _ => return None,
    };
    Some(rule)
}

/// A build folder; the backslash of `.\\target` is gone where another shell has read it.
fn is_made_again(path: &str) -> bool {
    let name = path.rsplit(['/', '\\']).next().unwrap_or(path);
    is_build_folder(name) || name.strip_prefix('.').is_some_and(is_build_folder)
}

/// What Windows starts by itself; the backslashes are gone where another shell has read them.
fn is_startup_key(word: &str) -> bool {
    let plain = word.replace(['\\', '/'], "");
    ["currentversionrun", "winlogon", "imagefileexecutionoptions", "currentversionpolicies"]
        .iter()
        .any(|key| plain.contains(key))
}

fn is_drive(word: &str) -> bool {
    word.len() >= 2 && word.len() <= 3 && word.as_bytes()[0].is_ascii_alphabetic() && word.as_bytes()[1] == b':'
}

fn powershell(cmd: &Cmd<'_>, lower: &[String], report: &mut Report) {
    let is_encoded = |word: &String| {
        word.starts_with("-e") && "-encodedcommand".starts_with(word.as_str()) && word != "-ex" && word.len() >= 2
    };
    if lower.iter().any(|word| is_encoded(word) || word == "-enc") {
        report.add(&ENCODED, "-EncodedCommand");
    }
    let joined = lower.join(" ");
    let downloads = ["iwr", "invoke-webrequest", "irm", "downloadstring", "invoke-restmethod", "downloadfile"];
    let runs = joined.contains("iex") || joined.contains("invoke-expression");
    if runs && downloads.iter().any(|name| joined.contains(name)) {
        report.add(&network::RUN_DOWNLOAD, "iex");
    }
    let searches =
        ["get-childitem", "gci ", "dir ", "ls "].iter().any(|name| joined.contains(name)) && joined.contains("-rec");
    let is_far = [":\\", ":/", "$env:", "$home", "~"].iter().any(|place| joined.contains(place));
    if searches && is_far && (joined.contains("remove-item") || joined.contains(".delete("))
        || joined.contains("directory]::delete(")
    {
        report.add(&DELETE, "Remove-Item");
    }
    let sends = ["invoke-restmethod", "invoke-webrequest", "irm ", "iwr ", "uploadfile", "uploadstring"];
    let secrets = [
        ".ssh",
        "id_rsa",
        ".aws",
        "credentials",
        ".env",
        "login data",
        "get-childitem env:",
        "gci env:",
        "ls env:",
        "dir env:",
        "cmdkey",
    ];
    let gives = ["-infile", "-body", "uploadfile", "uploadstring"].iter().any(|way| joined.contains(way));
    if gives && sends.iter().any(|name| joined.contains(name)) && secrets.iter().any(|name| joined.contains(name)) {
        report.add(&network::SEND_SECRET, "Invoke-RestMethod");
    }
    inner(cmd, 0, report);
    if joined.contains("format-volume") || joined.contains("clear-disk") {
        report.add(&disks::FORMAT, "Format-Volume");
    }
}

fn command(cmd: &Cmd<'_>, lower: &[String], report: &mut Report) {
    let at = lower.iter().position(|word| matches!(word.as_str(), "/c" | "/k" | "//c" | "/r"));
    if let Some(at) = at {
        inner(cmd, at, report);
    }
}

/// The text behind `-Command` or `/c`.
fn inner(cmd: &Cmd<'_>, from: usize, report: &mut Report) {
    if cmd.scene.is_guess {
        return;
    }
    let words = cmd.words().iter().skip(from).filter(|word| !is_switch(word));
    let text: Vec<String> = words.map(|word| word.replace('\\', "\\\\")).collect();
    guess::judge_string(&text.join(" "), cmd.scene.places, report);
}

fn is_switch(word: &str) -> bool {
    let lower = word.to_ascii_lowercase();
    matches!(
        lower.as_str(),
        "-command"
            | "-c"
            | "-noprofile"
            | "-nop"
            | "-noninteractive"
            | "-executionpolicy"
            | "bypass"
            | "-nologo"
            | "/c"
            | "/k"
            | "//c"
            | "-w"
            | "hidden"
            | "-windowstyle"
            | "-ep"
    )
}
