//! Which commands speak to people, reach other machines, or hand work in.

use instar_plugin_sdk::guard::SimpleCommand;

use crate::deferral;
use crate::rules::{Conduct, Report};

/// What a command does towards others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    /// To people: a mail, a chat, a comment.
    Message,
    /// To a server that is not on this machine.
    Other,
    /// Work that is handed in: a commit, a push, a release.
    Work,
}

/// Hosts at which a request is a message to people.
const CHATS: &[&str] = &[
    "api.telegram.org",
    "slack.com",
    "discord.com",
    "discordapp.com",
    "api.sendgrid.com",
    "api.mailgun.net",
    "api.postmarkapp.com",
    "api.resend.com",
    "api.twilio.com",
    "graph.microsoft.com",
    "graph.facebook.com",
    "api.twitter.com",
    "api.x.com",
    "chat.googleapis.com",
    "webhook.office.com",
    "ntfy.sh",
];

pub(crate) fn judge(command: &SimpleCommand, all: &[SimpleCommand], report: &mut Report) {
    let Some((program, words)) = command.argv.split_first() else { return };
    let name = program.rsplit('/').next().unwrap_or(program);
    match way(name, words) {
        Some(Way::Message) => {
            report.add(Conduct::Grounding, name);
            report.add(Conduct::External, name);
            if let Some(phrase) = deferral::phrase_in(&text_of(command, all)) {
                report.add(Conduct::Deferral, phrase);
            }
        }
        Some(Way::Other) => report.add(Conduct::External, name),
        Some(Way::Work) => report.add(Conduct::Reflection, name),
        None => {}
    }
}

fn way(name: &str, words: &[String]) -> Option<Way> {
    let operands: Vec<&str> = words.iter().map(String::as_str).filter(|word| !word.starts_with('-')).collect();
    let begins = |wanted: &[&str]| operands.starts_with(wanted);
    let rehearses = words.iter().any(|word| matches!(word.as_str(), "--dry-run" | "--help" | "-h" | "--version"));
    if rehearses {
        return None;
    }
    let script = name.trim_end_matches(".sh").trim_end_matches(".py").trim_end_matches(".js");
    match script {
        "telegram-reply" | "send-email" | "send-message" | "send-mail" | "slack-send" | "slack-post" => {
            Some(Way::Message)
        }
        "mail" | "mailx" | "mutt" | "neomutt" | "sendmail" | "msmtp" | "swaks" | "s-nail" => Some(Way::Message),
        "gh" | "glab" if says_something(&operands) => Some(Way::Message),
        "gh" if begins(&["api"]) && writes_to_github(words) => Some(Way::Other),
        "gh" if begins(&["release", "create"]) => Some(Way::Work),
        "aws" if begins(&["ses"]) || begins(&["sesv2"]) || begins(&["sns", "publish"]) => Some(Way::Message),
        "curl" | "wget" | "http" | "https" | "xh" | "curlie" => request(name, words),
        "scp" | "sftp" | "rsync" | "ftp" | "lftp" if operands.last().is_some_and(|last| is_remote(last)) => {
            Some(Way::Other)
        }
        "git" => operands.iter().any(|word| matches!(*word, "commit" | "push")).then_some(Way::Work),
        "npm" | "pnpm" | "yarn" | "cargo" | "poetry" | "uv" | "gem" if operands.contains(&"publish") => Some(Way::Work),
        "twine" if begins(&["upload"]) => Some(Way::Work),
        _ => None,
    }
}

/// `gh issue comment`, `gh pr create`, `glab mr note`: others read it.
fn says_something(operands: &[&str]) -> bool {
    let [noun, verb, ..] = operands else { return false };
    let is_noun = matches!(*noun, "issue" | "pr" | "mr" | "discussion" | "gist");
    is_noun && matches!(*verb, "create" | "comment" | "review" | "note" | "close" | "reopen" | "edit")
}

fn writes_to_github(words: &[String]) -> bool {
    let method = value_of(words, &["-X", "--method"]);
    let writes = method.is_some_and(|method| !method.eq_ignore_ascii_case("GET"));
    let has_fields =
        words.iter().any(|word| matches!(word.as_str(), "-f" | "-F" | "--field" | "--raw-field" | "--input"));
    let is_mutation = words.iter().any(|word| word.contains("mutation"));
    writes || (method.is_none() && has_fields && !words.iter().any(|word| word == "graphql")) || is_mutation
}

/// A request that gives something to a host: to people where it is one of chats and mail.
fn request(name: &str, words: &[String]) -> Option<Way> {
    const BODIES: &[&str] = &[
        "-d",
        "--data",
        "--data-raw",
        "--data-binary",
        "--data-urlencode",
        "--json",
        "-F",
        "--form",
        "--form-string",
        "-T",
        "--upload-file",
        "--post-data",
        "--post-file",
        "--body-data",
        "--body-file",
    ];
    let is_body = |word: &String| {
        let option = word.split('=').next().unwrap_or(word);
        let joined = name == "curl" && word.len() > 2 && (word.starts_with("-d") || word.starts_with("-F"));
        BODIES.contains(&option) || joined && !word.starts_with("--")
    };
    let method = value_of(words, &["-X", "--request", "--method"]);
    let is_written = |method: &str| matches!(method.to_ascii_uppercase().as_str(), "POST" | "PUT" | "PATCH" | "DELETE");
    let by_word =
        matches!(name, "http" | "https" | "xh") && words.iter().any(|word| is_written(word) || word.contains(":="));
    let is_get = words.iter().any(|word| word == "-G" || word == "--get");
    let writes = method.is_some_and(is_written) || by_word || (words.iter().any(is_body) && !is_get);
    if !writes {
        return None;
    }
    let hosts: Vec<&str> = words.iter().filter_map(|word| host_of(word)).collect();
    if !hosts.is_empty() && hosts.iter().all(|host| is_this_machine(host)) {
        return None;
    }
    let is_chat = |host: &&str| CHATS.iter().any(|chat| *host == *chat || host.ends_with(&format!(".{chat}")));
    Some(if hosts.iter().any(is_chat) { Way::Message } else { Way::Other })
}

/// `-X POST`, `-XPOST`, `--request=POST`.
fn value_of<'a>(words: &'a [String], options: &[&str]) -> Option<&'a str> {
    words.iter().enumerate().find_map(|(at, word)| {
        let option = options.iter().find(|option| word.starts_with(**option))?;
        let rest = &word[option.len()..];
        match rest.strip_prefix('=') {
            Some(value) => Some(value),
            None if rest.is_empty() => words.get(at + 1).map(String::as_str),
            None => (!option.starts_with("--")).then_some(rest),
        }
    })
}

/// The host of a URL: what a path or a query says is none.
pub(crate) fn host_of(word: &str) -> Option<&str> {
    let (scheme, rest) = word.split_once("://")?;
    let is_web = matches!(scheme, "http" | "https" | "ftp" | "ftps" | "ws" | "wss");
    let authority = rest.split(['/', '?', '#']).next()?;
    let host = authority.rsplit('@').next()?;
    let host = if host.starts_with('[') { host.split_inclusive(']').next()? } else { host.split(':').next()? };
    is_web.then_some(host)
}

pub(crate) fn is_this_machine(host: &str) -> bool {
    matches!(host, "localhost" | "0.0.0.0" | "[::1]" | "") || host.starts_with("127.") || host.ends_with(".localhost")
}

fn is_remote(word: &str) -> bool {
    let by_host = word.split_once(':').is_some_and(|(host, _)| !host.is_empty() && !host.contains('/'));
    word.contains("://") || by_host
}

/// Its words, what it reads, and what is printed into it.
fn text_of(command: &SimpleCommand, all: &[SimpleCommand]) -> String {
    let mut text = command.argv.join(" ");
    let sources = command.reads_from.iter().filter_map(|index| all.get(usize::try_from(*index).ok()?));
    let told =
        sources.filter(|source| matches!(source.argv.first().map(String::as_str), Some("echo" | "printf" | "cat")));
    for part in
        command.stdin.iter().cloned().chain(
            told.map(|source| format!("{} {}", source.argv.join(" "), source.stdin.as_deref().unwrap_or_default())),
        )
    {
        text.push('\n');
        text.push_str(&part);
    }
    text
}
