//! Opening what a cloud keeps to everybody, and switching off what would notice or bring it back.

use crate::packs::cloud::{DELETE, GRANT};
use crate::rule::Report;
use crate::scene::Cmd;

pub(crate) fn judge(cmd: &Cmd<'_>, report: &mut Report) {
    match cmd.name() {
        "aws" | "awslocal" => aws(cmd, report),
        "gcloud" | "gsutil" => google(cmd, report),
        "az" => azure(cmd, report),
        _ => {}
    }
}

fn aws(cmd: &Cmd<'_>, report: &mut Report) {
    let words = cmd.words();
    let has = |word: &str| cmd.has_word(word);
    let any = |test: &dyn Fn(&str) -> bool| words.iter().any(|word| test(word));
    let opens = any(&|word| {
        word.starts_with("public-read") || word == "authenticated-read" || word.starts_with("--acl=public")
    }) || any(&|word| word == "--publicly-accessible" || word == "--public")
        || has("put-public-access-block") && any(&|word| word.to_ascii_lowercase().contains("=false"))
        || has("put-bucket-website") && !has("get-bucket-website")
        || has("add-permission") && words.windows(2).any(|pair| pair[0] == "--principal" && pair[1] == "*")
        || any(&|word| word.starts_with("modify-") && word.ends_with("-attribute"))
            && any(&|word| word == "all" || word.contains("\"all\"") || word.contains("=all"));
    if opens {
        return report.add(&GRANT, "public");
    }
    let grants =
        ["set-default-policy-version", "--set-as-default", "update-login-profile", "reset-service-specific-credential"];
    if let Some(word) = grants.iter().find(|word| has(word)) {
        return report.add(&GRANT, word);
    }
    let batch = words.iter().any(|word| word.contains("\"DELETE\"") || word.contains("Action=DELETE"));
    let forgets =
        words.windows(2).any(|pair| {
            matches!(pair[0].as_str(), "--backup-retention-period" | "--retention-in-days") && pair[1] == "0"
        }) || any(&|word| {
            word == "Status=Suspended" || word == "--skip-final-snapshot" || word == "--force-delete-without-recovery"
        }) || has("put-bucket-lifecycle-configuration") && any(&|word| word.contains("Expiration"));
    if batch || forgets {
        report.add(&DELETE, if batch { "DELETE" } else { "backups" });
    }
}

fn google(cmd: &Cmd<'_>, report: &mut Report) {
    let words = cmd.words();
    let to_all = words.iter().any(|word| {
        let word = word.to_ascii_lowercase();
        word.contains("allusers") || word.contains("allauthenticatedusers") || word == "public-read"
    });
    let opens_wall = cmd.has_word("firewall-rules")
        && words.iter().any(|word| word.contains("0.0.0.0/0") || word == "--allow=all" || word == "all");
    let only_shows = cmd.has_word("list") || cmd.has_word("describe") || cmd.has_word("get");
    if (to_all || opens_wall || cmd.has_word("--allow-unauthenticated") && cmd.has_word("add-invoker-policy-binding"))
        && !only_shows
    {
        report.add(&GRANT, "everybody");
    }
    let mirrors = cmd.name() == "gcloud"
        && cmd.has_word("rsync")
        && words.iter().any(|word| word.starts_with("--delete-unmatched") || word == "-d");
    if mirrors && !cmd.has_word("--dry-run") {
        report.add(&super::cloud::OBJECTS, "rsync");
    }
    if words.iter().any(|word| word.starts_with("--clear-soft-delete") || word == "--no-backup") {
        report.add(&DELETE, "backups");
    }
}

fn azure(cmd: &Cmd<'_>, report: &mut Report) {
    let words = cmd.words();
    let value = |option: &str| {
        let joined = words.iter().find_map(|word| word.strip_prefix(option)?.strip_prefix('='));
        joined.or_else(|| words.windows(2).find(|pair| pair[0] == option).map(|pair| pair[1].as_str()))
    };
    let is_public = value("--public-access").is_some_and(|kind| kind != "off")
        || value("--allow-blob-public-access") == Some("true")
        || value("--public-network-access") == Some("Enabled");
    let opens_wall = cmd.has_word("rule")
        && (cmd.has_word("create") || cmd.has_word("update"))
        && matches!(
            value("--source-address-prefixes").or_else(|| value("--source-address-prefix")),
            Some("*" | "Internet" | "0.0.0.0/0")
        );
    if is_public || opens_wall || value("--start-ip-address") == Some("0.0.0.0") {
        report.add(&GRANT, "public");
    }
}
