//! Ways into this machine from the network: shells, tunnels, servers that hand out everything.

use crate::args::{Args, Spec};
use crate::names::{SHELLS, interpreter};
use crate::packs::leaving::reads_secret;
use crate::packs::network::{CURL, REVERSE_SHELL, SEND_FILE, SEND_SECRET, TUNNEL};
use crate::place::Place;
use crate::rule::Report;
use crate::scene::Cmd;

/// Options of `ssh` that take a word, but `-R`, which is looked for.
const SSH: Spec = Spec { short: "BbcDEeFIiJLlmOoPpSWw", long: &[] };

pub(crate) fn judge(cmd: &Cmd<'_>, report: &mut Report) {
    let name = cmd.name();
    reverse_shell(cmd, report);
    match name {
        "ssh" | "autossh" if Args::of(cmd, &SSH).short_is("R") => report.add(&TUNNEL, "-R"),
        "ngrok" if matches!(Args::of(cmd, &CURL).operand(0), "http" | "tcp" | "tls" | "start") => {
            report.add(&TUNNEL, name);
        }
        "cloudflared" if cmd.has_word("tunnel") && cmd.words().iter().any(|word| word.starts_with("--url")) => {
            report.add(&TUNNEL, name);
        }
        "tailscale" if cmd.has_word("funnel") && !cmd.has_word("status") && !cmd.has_word("off") => {
            report.add(&TUNNEL, "funnel");
        }
        "frpc" | "chisel" | "zrok" | "pagekite" | "pagekite.py" | "gs-netcat" | "inlets"
            if !cmd.words().iter().all(|word| matches!(word.as_str(), "--version" | "--help" | "-v" | "-h"))
                && !cmd
                    .words()
                    .first()
                    .is_some_and(|word| matches!(word.as_str(), "verify" | "completion" | "status")) =>
        {
            report.add(&TUNNEL, name);
        }
        "http.server" | "SimpleHTTPServer" | "serve" | "http-server" | "httpd" | "caddy" | "miniserve"
        | "darkhttpd" => {
            serves(cmd, report);
        }
        "php" if cmd.has_word("-S") => serves(cmd, report),
        "lt" | "localtunnel" | "bore" if !cmd.words().is_empty() && !cmd.has_word("--help") => {
            report.add(&TUNNEL, name)
        }
        "code" if cmd.words().first().is_some_and(|word| word == "tunnel") && !cmd.has_word("--help") => {
            report.add(&TUNNEL, "tunnel")
        }
        "devtunnel" if cmd.has_word("host") => report.add(&TUNNEL, name),
        _ => {}
    }
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

/// A server that hands out a home or the whole system to whoever asks.
fn serves(cmd: &Cmd<'_>, report: &mut Report) {
    let is_far = |place: Place| matches!(place, Place::Root | Place::Home | Place::SystemTop);
    let places = (cmd.from + 1..cmd.it.argv.len()).filter(|at| {
        let word = cmd.it.argv[*at].as_str();
        word.starts_with(['/', '~', '.', '$']) || word.contains("=/") || word.contains("=~")
    });
    let given: Vec<(Place, &str)> = places
        .map(|at| {
            let word = cmd.it.argv[at].as_str();
            let word = word.rsplit_once('=').map_or(word, |(_, value)| value);
            (cmd.place_of(word, cmd.is_dynamic(at), false), word)
        })
        .collect();
    let here = cmd.place_of(".", false, false);
    let found = given.iter().find(|(place, _)| is_far(*place)).map(|(_, word)| *word);
    if let Some(word) = found.or_else(|| (given.is_empty() && is_far(here)).then_some(".")) {
        report.add(&SEND_FILE, word);
    }
}
