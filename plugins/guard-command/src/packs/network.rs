//! Code that comes from the network, shells that go out to it, and data that leaves by it.

use crate::args::{Args, Spec};
use crate::names::READERS;
use crate::packs::leaving::{fed, filled_with_secret, reads_outside, reads_secret, was_given_secrets};
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

pub(crate) fn judge(cmd: &Cmd<'_>, report: &mut Report) {
    let name = cmd.name();
    orders(cmd, report);
    match name {
        "curl" | "wget" | "http" | "https" | "xh" | "curlie" => web(cmd, report),
        "nc" | "ncat" | "netcat" | "socat" | "telnet" | "openssl" => raw_socket(cmd, report),
        "scp" | "sftp" | "rsync" | "rcp" | "croc" | "magic-wormhole" | "wormhole" | "ftp" | "lftp" | "rclone"
        | "ssh-copy-id" => copy(cmd, report),
        "aws" | "gsutil" | "az" | "gcloud" | "mc" | "s3cmd" | "gh" | "mail" | "mailx" | "mutt" | "sendmail" => {
            copy(cmd, report)
        }
        "ssh" => {
            let is_archive =
                |source: &Cmd<'_>| matches!(source.name(), "tar" | "zip" | "cpio") && reads_outside(source);
            if cmd.sources().iter().any(reads_secret) {
                report.add(&SEND_SECRET, name);
            } else if cmd.sources().iter().any(is_archive) {
                report.add(&SEND_FILE, name);
            }
        }
        "dig" | "nslookup" | "host" | "ping" => {
            let tells = cmd.words().iter().find_map(|word| secret_variable_in(word));
            let tells = tells.or_else(|| filled_with_secret(cmd));
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

/// Orders to a server of files: `sftp h <<< 'rm x'`, `lftp -c '… rm -r x'`, `curl -Q 'DELE x'`, `put ~/.ssh/id_rsa`.
fn orders(cmd: &Cmd<'_>, report: &mut Report) {
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
            let mut words = order.split_whitespace();
            let gives = words.next().is_some_and(|word| matches!(word, "put" | "mput" | "reput" | "send" | "mirror"));
            if let Some(word) = words.find(|word| gives && is_secret(&cmd.path_of(word))) {
                return report.add(&SEND_SECRET, word);
            }
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
    daemon(&args, report);
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
    if let Some(variable) = filled_with_secret(cmd) {
        report.add(&SEND_SECRET, variable);
    }
    fed(cmd, report);
}

/// The daemon of the containers, asked through its socket: whoever does that is root of the machine.
fn daemon(args: &Args<'_>, report: &mut Report) {
    let socket = args
        .values(' ', "unix-socket")
        .find(|path| ["docker.sock", "podman.sock", "containerd.sock"].iter().any(|socket| path.ends_with(socket)));
    let gives = ["data", "data-binary", "data-raw", "json"]
        .iter()
        .any(|name| args.values(letter_of(name), name).next().is_some());
    let asks_only = args.values('X', "request").all(|method| matches!(method, "GET" | "HEAD")) && !gives;
    if let Some(socket) = socket.filter(|_| !asks_only) {
        report.add(&super::containers::HOST, socket);
    }
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
    // Clouds take options behind their operands; `scp` and `rsync` copy to the last one.
    let is_of_machines = matches!(cmd.name(), "scp" | "rsync" | "rcp" | "rclone");
    let goes_out = args.operand_words().last().is_some_and(is_remote)
        || !is_of_machines && args.operand_words().skip(1).any(is_remote)
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
