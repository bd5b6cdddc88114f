//! Code that comes from the network, shells that go out to it, and data that leaves by it.

use crate::args::{Args, Spec};
use crate::names::{READERS, SHELLS, interpreter};
use crate::packs::leaving::{fed, reads_secret, was_given_secrets};
use crate::place::Place;
use crate::rule::{Report, rules};
use crate::scene::Cmd;
use crate::secret_file::{is_key_folder, is_secret, secret_variable_in};

rules! { Network:
    RUN_DOWNLOAD = Grave "run-download",
        "it would run code from the network that nobody has read",
        "download it with `curl -o script.sh`, read it, and let the operator run it";
    REVERSE_SHELL = Catastrophic "reverse-shell",
        "it would give a shell of this machine to somebody on the network",
        "use `ssh` to reach a machine";
    SEND_SECRET = Forbidden "send-secret",
        "it would send keys, passwords or the environment away",
        "send only what the other side needs, from a file you made for it";
    SEND_FILE = Grave "send-file",
        "it would send files from outside of the project away",
        "send a file of the project";
    HTTP_DELETE = Risky "http-delete",
        "it would delete something on a server",
        "look first with a `GET` of the same address, and let the operator delete it";
    TUNNEL = Risky "open-tunnel",
        "it would open a way into this machine from the network",
        "let the operator open it, and say for how long";
    METADATA = Grave "cloud-metadata",
        "it would ask for the credentials of this machine",
        "use the credentials that the operator gave you";
    LOOPBACK = Risky "ask-this-machine",
        "it would ask a server of this machine through a tool that others steer",
        "ask it with `curl` from the shell, where it can be judged";
    INTERNAL = Risky "ask-internal",
        "it would ask a machine of the inner network",
        "ask the operator whether the address is meant";
    FILE_URL = Advice "file-url",
        "it would read a file of this machine by a URL",
        "read the file with `cat`";
}

pub(super) const CURL: Spec = Spec {
    short: "XdFTHouAebmrxKEQzY",
    long: &[
        "request",
        "data",
        "data-binary",
        "data-raw",
        "data-urlencode",
        "form",
        "form-string",
        "upload-file",
        "header",
        "output",
        "user",
        "user-agent",
        "referer",
        "cookie",
        "json",
        "url",
        "proxy",
        "cacert",
        "cert",
        "key",
        "max-time",
        "connect-timeout",
        "retry",
        "config",
        "resolve",
        "interface",
        "post-file",
        "post-data",
        "body-file",
        "method",
        "output-document",
        "netrc-file",
        "unix-socket",
        "write-out",
    ],
};

/// Options of `ssh` that take a word, but `-R`, which is looked for.
const SSH: Spec = Spec { short: "BbcDEeFIiJLlmOoPpSWw", long: &[] };

pub(crate) fn judge(cmd: &Cmd<'_>, report: &mut Report) {
    let name = cmd.name();
    reverse_shell(cmd, report);
    deletes_there(cmd, report);
    match name {
        "curl" | "wget" | "http" | "https" | "xh" | "curlie" => web(cmd, report),
        "nc" | "ncat" | "netcat" | "socat" | "telnet" | "openssl" => raw_socket(cmd, report),
        "scp" | "sftp" | "rsync" | "rcp" | "croc" | "magic-wormhole" | "wormhole" | "ftp" | "lftp" | "rclone"
        | "ssh-copy-id" => copy(cmd, report),
        "aws" | "gsutil" | "az" | "gcloud" | "mc" | "s3cmd" | "gh" | "mail" | "mailx" | "mutt" | "sendmail" => {
            copy(cmd, report)
        }
        "ssh" | "autossh" if Args::of(cmd, &SSH).short_is("R") => report.add(&TUNNEL, "-R"),
        "ngrok" if matches!(Args::of(cmd, &CURL).operand(0), "http" | "tcp" | "tls" | "start") => {
            report.add(&TUNNEL, name);
        }
        "cloudflared" if cmd.has_word("tunnel") && cmd.words().iter().any(|word| word.starts_with("--url")) => {
            report.add(&TUNNEL, name);
        }
        "lt" | "localtunnel" | "bore" if !cmd.words().is_empty() && !cmd.has_word("--help") => {
            report.add(&TUNNEL, name)
        }
        "dig" | "nslookup" | "host" | "ping" => {
            let tells = cmd.words().iter().find_map(|word| secret_variable_in(word));
            if let Some(variable) = tells {
                report.add(&SEND_SECRET, variable);
            } else if cmd.substitutions().iter().any(reads_secret) {
                report.add(&SEND_SECRET, name);
            } else if cmd.substitutions().iter().any(reads_file) {
                report.add(&SEND_FILE, name);
            }
        }
        _ => {}
    }
}

/// Orders to a server of files: `sftp h <<< 'rm x'`, `lftp -c '… rm -r x'`, `curl -Q 'DELE x'`.
fn deletes_there(cmd: &Cmd<'_>, report: &mut Report) {
    const VERBS: &[&str] = &["rm", "rmdir", "mrm", "del", "delete", "mdelete", "dele", "rmd"];
    let options: &[&str] = match cmd.name() {
        "lftp" | "sftp" | "ftp" | "ncftp" => &["-c", "-e"],
        "curl" => &["-Q", "--quote"],
        _ => return,
    };
    let pairs = cmd.words().windows(2).filter(|pair| options.contains(&pair[0].as_str()));
    let fed = cmd.it.stdin.iter().filter(|_| cmd.name() != "curl");
    for text in pairs.map(|pair| &pair[1]).chain(fed) {
        for order in text.split([';', '\n']) {
            let verb = order.split_whitespace().find(|word| !word.starts_with('-') && *word != "glob");
            let mirrors = order.contains("mirror") && order.contains("--delete");
            if mirrors || verb.is_some_and(|verb| VERBS.contains(&verb.to_ascii_lowercase().as_str())) {
                return report.add(&HTTP_DELETE, order.trim());
            }
        }
    }
}

/// It prints a file that lies outside of the project, or the environment.
fn reads_file(source: &Cmd<'_>) -> bool {
    let is_path = |word: &String| word.starts_with(['/', '~']);
    matches!(source.name(), "env" | "printenv")
        || READERS.contains(&source.name()) && source.words().iter().any(is_path)
}

/// `bash -i >& /dev/tcp/…`, `nc -e sh`, `socat exec:`, a shell between two ends of one connection.
fn reverse_shell(cmd: &Cmd<'_>, report: &mut Report) {
    let name = cmd.name();
    let is_shell = SHELLS.contains(&name) || interpreter(name).is_some();
    let to_socket = cmd
        .it
        .redirects
        .iter()
        .any(|redirect| redirect.target.starts_with("/dev/tcp/") || redirect.target.starts_with("/dev/udp/"));
    if to_socket && (is_shell || (name == "exec" && cmd.words().is_empty())) {
        return report.add(&REVERSE_SHELL, name);
    }
    if to_socket && (cmd.it.argv.is_empty() || cmd.sources().iter().any(reads_secret) || reads_secret(cmd)) {
        report.add(if cmd.it.argv.is_empty() { &REVERSE_SHELL } else { &SEND_SECRET }, name);
    }
    let words = cmd.words();
    let runs_shell = |word: &str| {
        SHELLS.iter().any(|shell| {
            word.rsplit(['/', ':', '"', '\'']).next().is_some_and(|last| last.split([' ', ',']).next() == Some(*shell))
        }) || word.contains("/bin/")
            || word.contains("cmd.exe")
    };
    match name {
        "nc" | "ncat" | "netcat" => {
            let execs = words.windows(2).any(|pair| {
                let is_exec = matches!(pair[0].as_str(), "-e" | "-c" | "--exec" | "--sh-exec")
                    || (pair[0].starts_with('-') && !pair[0].starts_with("--") && pair[0].ends_with('e'));
                is_exec && runs_shell(&pair[1])
            });
            let shell_feeds = cmd.sources().iter().any(|source| SHELLS.contains(&source.name()));
            if execs || shell_feeds {
                report.add(&REVERSE_SHELL, name);
            }
        }
        "socat"
            if words.iter().any(|word| {
                let lower = word.to_ascii_lowercase();
                lower.starts_with("exec:") || lower.starts_with("system:")
            }) =>
        {
            report.add(&REVERSE_SHELL, name);
        }
        _ if SHELLS.contains(&name) && words.iter().any(|word| word == "-i") => {
            let from_socket = cmd
                .sources()
                .iter()
                .any(|source| matches!(source.name(), "nc" | "ncat" | "socat" | "telnet" | "openssl"));
            let to_net = cmd.scene.cmds().any(|other| {
                matches!(other.name(), "nc" | "ncat" | "telnet")
                    && other.sources().iter().any(|source| source.index == cmd.index)
            });
            if from_socket || to_net {
                report.add(&REVERSE_SHELL, name);
            }
        }
        _ => {}
    }
}

fn web(cmd: &Cmd<'_>, report: &mut Report) {
    let args = Args::of(cmd, &CURL);
    for word in cmd.words() {
        let lower = word.to_ascii_lowercase();
        if is_metadata(&lower) {
            report.add(&METADATA, word);
        }
        if lower.starts_with("file://") {
            let path = lower.trim_start_matches("file://").to_owned();
            report.add(if is_secret(&path) { &super::credentials::READ } else { &FILE_URL }, word);
        }
    }
    let is_local = args.operand_words().chain(args.values(' ', "url")).any(is_loopback);
    if is_local {
        return;
    }
    let method = args.values('X', "request").chain(args.values(' ', "method")).last().unwrap_or_default();
    let is_delete = method.eq_ignore_ascii_case("DELETE") || args.operand(0) == "DELETE";
    if is_delete && !args.operand_words().any(|word| word.starts_with('$')) {
        report.add(&HTTP_DELETE, args.operand_words().last().unwrap_or_default());
    }
    let names =
        ["data", "data-binary", "data-raw", "data-urlencode", "json", "form", "upload-file", "post-file", "body-file"];
    let sent = names.iter().flat_map(|name| args.values(letter_of(name), name));
    for value in sent.chain(args.operand_words().filter(|word| word.contains('@') && !word.contains("://"))) {
        if let Some(file) = file_in(value) {
            let path = cmd.path_of(file);
            if file == "-" || file == "." {
                continue;
            }
            if is_secret(&path) || was_given_secrets(cmd, &path) {
                report.add(&SEND_SECRET, file);
            }
            if matches!(cmd.place_of(file, file.contains('$'), false), Place::System | Place::Home | Place::SystemTop) {
                report.add(&SEND_FILE, file);
            }
        }
        if let Some(variable) = secret_variable_in(value) {
            let is_login = value.contains("grant_type") || value.contains("client_id");
            if !is_login {
                report.add(&SEND_SECRET, variable);
            }
        }
    }
    if let Some(variable) = args.operand_words().find(|word| !word.starts_with('$')).and_then(secret_variable_in) {
        report.add(&SEND_SECRET, variable);
    }
    fed(cmd, report);
}

fn letter_of(name: &str) -> char {
    match name {
        "data" => 'd',
        "form" => 'F',
        "upload-file" => 'T',
        _ => ' ',
    }
}

/// The file in `@f`, `f=@f`, `f=<f`, or the whole value of an upload.
fn file_in(value: &str) -> Option<&str> {
    let file = match value.rsplit_once('@') {
        Some((_, file)) => file,
        None => match value.split_once("=<") {
            Some((_, file)) => file,
            None if value.starts_with(['/', '~', '.']) => value,
            None => return None,
        },
    };
    Some(file.split(';').next().unwrap_or(file))
}

fn raw_socket(cmd: &Cmd<'_>, report: &mut Report) {
    if cmd.name() == "openssl" && !cmd.has_word("s_client") {
        return;
    }
    if cmd.words().iter().any(|word| is_loopback(word)) {
        return;
    }
    fed(cmd, report);
    let input = cmd.it.redirects.iter().find(|redirect| redirect.operator == "<");
    let is_listening = Args::of(cmd, &Spec { short: "pw", long: &[] }).short_is("lz");
    if let Some(redirect) = input
        .filter(|redirect| !redirect.target.starts_with("/tmp/f") && redirect.target != "/dev/null" && !is_listening)
    {
        report.add(&SEND_FILE, &redirect.target);
    }
}

/// Copies to another machine: what is secret, or far too much.
fn copy(cmd: &Cmd<'_>, report: &mut Report) {
    let args = Args::of(cmd, &Spec { short: "iPFoJcle", long: &["profile", "rsh", "exclude", "include", "region"] });
    let is_remote = |word: &str| {
        let is_url = word.contains("://");
        let is_host = word.split_once(':').is_some_and(|(host, _)| !host.is_empty() && !host.contains('/'));
        is_url || is_host
    };
    let goes_out = args.operand_words().last().is_some_and(is_remote)
        || matches!(
            cmd.name(),
            "croc" | "wormhole" | "magic-wormhole" | "gh" | "mail" | "mailx" | "mutt" | "ftp" | "sftp"
        );
    if !goes_out {
        return;
    }
    for index in &args.operands {
        let word = cmd.it.argv[*index].as_str();
        if is_remote(word) {
            continue;
        }
        let path = cmd.path(*index);
        if is_secret(&path) || is_key_folder(&path) || path.ends_with("/.config") {
            report.add(&SEND_SECRET, word);
        } else if matches!(cmd.place(*index), Place::Root | Place::Home | Place::SystemTop) || path.starts_with("/etc/")
        {
            report.add(&SEND_FILE, word);
        }
    }
    fed(cmd, report);
}

/// Addresses at which clouds tell a machine its credentials.
pub(crate) fn is_metadata(word: &str) -> bool {
    const HOSTS: &[&str] = &[
        "169.254.169.254",
        "169.254.170.2",
        "metadata.google.internal",
        "100.100.100.200",
        "[fd00:ec2::254]",
        "metadata.azure.com",
        "instance-data",
        "0xa9fea9fe",
        "2852039166",
        "169.254.169.253",
        "[::ffff:a9fe:a9fe]",
    ];
    HOSTS.iter().any(|host| {
        word.split("://").last().unwrap_or(word).split(['/', '?']).next().is_some_and(|part| part.contains(host))
    })
}

pub(crate) fn is_loopback(word: &str) -> bool {
    let rest = word.split("://").last().unwrap_or(word);
    let host = rest.split(['/', '?', '#']).next().unwrap_or(rest);
    let host = host.rsplit('@').next().unwrap_or(host);
    let name = if host.starts_with('[') {
        host.split(']').next().unwrap_or(host)
    } else {
        host.split(':').next().unwrap_or(host)
    };
    matches!(name, "localhost" | "0.0.0.0" | "[::1" | "::1") || name.starts_with("127.") || name.ends_with(".localhost")
}
