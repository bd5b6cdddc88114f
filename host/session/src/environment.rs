//! The environment of a command: an allow-list, so that a secret of the host reaches no agent by accident.

use std::collections::BTreeMap;

use instar_core::plan::Launch;

/// Names let through from the host, if it has them.
const ALLOWED: [&str; 22] = [
    "PATH",
    "HOME",
    "USER",
    "LOGNAME",
    "SHELL",
    "LANG",
    "LANGUAGE",
    "TZ",
    "TMPDIR",
    "SSH_AUTH_SOCK",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
    "NODE_EXTRA_CA_CERTS",
    "http_proxy",
    "https_proxy",
    "no_proxy",
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "NO_PROXY",
    "CLAUDE_CONFIG_DIR",
    // Set by users who run the agent as root in a sandbox; never set by us.
    "IS_SANDBOX",
    "TERM",
];

/// Families of names let through.
const ALLOWED_PREFIXES: [&str; 2] = ["LC_", "XDG_"];

/// What tmux itself gets: enough to run, to speak UTF-8 and to tell the time.
const FOR_TMUX: [&str; 8] = ["PATH", "HOME", "USER", "LOGNAME", "LANG", "LC_ALL", "LC_CTYPE", "TZ"];

/// A host started by a service manager has no PATH worth the name.
const DEFAULT_PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// What tmux's terminals understand and agents look for; its terminfo entry is everywhere.
const DEFAULT_TERM: &str = "xterm-256color";

/// What a command may see of the host's environment.
///
/// `pass_env` adds exact names, or families where a name ends in `*`.
pub fn allowed(host_env: &BTreeMap<String, String>, pass_env: &[String]) -> BTreeMap<String, String> {
    let is_allowed = |name: &str| {
        let listed = ALLOWED.contains(&name) || ALLOWED_PREFIXES.iter().any(|prefix| name.starts_with(prefix));
        listed || pass_env.iter().any(|pattern| matches(pattern, name))
    };
    let pairs = host_env.iter().filter(|(name, _)| is_allowed(name));
    let mut env: BTreeMap<_, _> = pairs.map(|(name, value)| (name.clone(), value.clone())).collect();
    env.entry("PATH".to_owned()).or_insert_with(|| DEFAULT_PATH.to_owned());
    let says_nothing = env.get("TERM").is_none_or(|term| term.is_empty() || term == "dumb");
    if says_nothing {
        env.insert("TERM".to_owned(), DEFAULT_TERM.to_owned());
    }
    env
}

/// Hardly any of it: enough to find programs, one's own files and one's language.
pub(crate) fn bare(host_env: &BTreeMap<String, String>) -> BTreeMap<String, String> {
    let pairs = host_env.iter().filter(|(name, _)| ["PATH", "HOME", "LANG"].contains(&name.as_str()));
    let mut env: BTreeMap<_, _> = pairs.map(|(name, value)| (name.clone(), value.clone())).collect();
    env.entry("PATH".to_owned()).or_insert_with(|| DEFAULT_PATH.to_owned());
    env
}

/// The whole environment of one command, the more particular source winning.
pub(crate) fn of_command(
    host: BTreeMap<String, String>,
    launch: &Launch,
    extra: &BTreeMap<String, String>,
) -> BTreeMap<String, String> {
    let mut env = host;
    env.extend(launch.env.clone());
    env.extend(extra.clone());
    env
}

/// The environment of tmux clients and of the server they start.
///
/// Without TMUX_TMPDIR: the socket is always found at the same place.
pub(crate) fn of_tmux(host_env: &BTreeMap<String, String>) -> BTreeMap<String, String> {
    let pairs = host_env.iter().filter(|(name, _)| FOR_TMUX.contains(&name.as_str()));
    let mut env: BTreeMap<_, _> = pairs.map(|(name, value)| (name.clone(), value.clone())).collect();
    env.entry("PATH".to_owned()).or_insert_with(|| DEFAULT_PATH.to_owned());
    env.insert("TERM".to_owned(), DEFAULT_TERM.to_owned());
    env.insert("SHELL".to_owned(), "/bin/sh".to_owned());
    env
}

fn matches(pattern: &str, name: &str) -> bool {
    match pattern.strip_suffix('*') {
        Some(prefix) => name.starts_with(prefix),
        None => pattern == name,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn host() -> BTreeMap<String, String> {
        let names = [
            "PATH",
            "HOME",
            "LC_ALL",
            "XDG_RUNTIME_DIR",
            "ANTHROPIC_API_KEY",
            "DATABASE_URL",
            "DATABASE_URL_PROD",
            "CLAUDECODE",
            "INSTAR_BIN",
            "TMUX",
            "MY_TOKEN",
            "MYSQL_PWD",
        ];
        names.into_iter().map(|name| (name.to_owned(), format!("{name} of the host"))).collect()
    }

    #[track_caller]
    fn check(pass_env: &[&str], expected: &[&str]) {
        let pass_env: Vec<_> = pass_env.iter().map(|&name| name.to_owned()).collect();
        let names: Vec<_> = allowed(&host(), &pass_env).into_keys().collect();
        assert_eq!(names, expected);
    }

    #[test]
    fn only_the_allow_list_passes() {
        check(&[], &["HOME", "LC_ALL", "PATH", "TERM", "XDG_RUNTIME_DIR"]);
    }

    #[test]
    fn named_variables_pass_too() {
        check(&["ANTHROPIC_API_KEY"], &["ANTHROPIC_API_KEY", "HOME", "LC_ALL", "PATH", "TERM", "XDG_RUNTIME_DIR"]);
        check(&["MY_*"], &["HOME", "LC_ALL", "MY_TOKEN", "PATH", "TERM", "XDG_RUNTIME_DIR"]);
        check(&["MY_"], &["HOME", "LC_ALL", "PATH", "TERM", "XDG_RUNTIME_DIR"]);
    }

    #[test]
    fn a_terminal_without_a_name_gets_one() {
        let dumb = BTreeMap::from([("TERM".to_owned(), "dumb".to_owned())]);
        assert_eq!(allowed(&dumb, &[])["TERM"], DEFAULT_TERM);
        let named = BTreeMap::from([("TERM".to_owned(), "screen-256color".to_owned())]);
        assert_eq!(allowed(&named, &[])["TERM"], "screen-256color");
    }

    #[test]
    fn the_more_particular_source_wins() {
        let pair = |value: &str| BTreeMap::from([("PATH".to_owned(), value.to_owned())]);
        let mut launch = Launch {
            argv: vec![],
            env: pair("launch"),
            cwd: None,
            stdin: instar_core::plan::Stdin::Typed,
            shown: None,
        };
        assert_eq!(of_command(pair("host"), &launch, &pair("extra"))["PATH"], "extra");
        assert_eq!(of_command(pair("host"), &launch, &BTreeMap::new())["PATH"], "launch");
        launch.env.clear();
        assert_eq!(of_command(pair("host"), &launch, &BTreeMap::new())["PATH"], "host");
    }
}
