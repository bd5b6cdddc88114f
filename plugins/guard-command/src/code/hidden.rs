//! Code that hides what it does: encodings, sockets, shells within quotes or under other names.

use super::HIDDEN;
use super::text::{Text, unescape};
use crate::guess;
use crate::packs::{credentials, network, system};
use crate::rule::Report;
use crate::scene::Cmd;
use crate::secret_file::is_secret_variable;

/// Decoding and running in one breath.
pub(super) fn hidden(text: &Text<'_>, report: &mut Report) {
    const RUNS_CODE: &[&str] = &["exec(", "eval(", "system(", "Function(", "eval ", "(eval)", "loads(", "compile("];
    const DECODES: &[&str] = &[
        "b64decode",
        "base64",
        "fromhex",
        "decompress(",
        "atob(",
        "rot13",
        "rot_13",
        "unhexlify",
        "Buffer.from(",
        "chr(",
        "decode_base64",
        "unpack(",
        "gzinflate",
        "[::-1]",
        "pack(",
        "marshal",
        "String.fromCharCode",
    ];
    let stands_free = |run: &str| text.text.match_indices(run).any(|(at, _)| !text.is_data(at));
    let runs = RUNS_CODE.iter().find(|run| stands_free(run));
    let fetches = [
        "urlopen(",
        "requests.get(",
        "urllib",
        "Net::HTTP",
        "fetch(",
        "http.get(",
        "LWP",
        "URI.open",
        "get(\"http",
        "get('http",
        "file_get_contents('http",
        "file_get_contents(\"http",
    ];
    if runs.is_none() {
        return;
    }
    if let Some(decode) = DECODES.iter().find(|decode| text.text.contains(**decode)) {
        report.add(&HIDDEN, decode);
    }
    if fetches.iter().any(|fetch| text.text.contains(fetch)) {
        report.add(&network::RUN_DOWNLOAD, "");
    }
}

/// A socket that becomes the standard input of a shell.
pub(super) fn reverse_shell(text: &Text<'_>, report: &mut Report) {
    let has = |part: &str| text.text.contains(part);
    if text.is_inline && has("/inet/tcp/") && has("|&") {
        report.add(&network::REVERSE_SHELL, "/inet/tcp");
    }
    // What comes in by the connection is run: `while cmd = c.gets; IO.popen(cmd …)`.
    let dials = ["TCPSocket", ".connect(", "net.connect", "fsockopen", "createConnection("]
        .iter()
        .any(|way| text.text.contains(way));
    let runs = ["popen(", "subprocess", "Process.spawn", "system(", "exec(", "shell_exec(", "os.execute("]
        .iter()
        .any(|way| text.text.contains(way));
    let receives = [".recv(", ".gets", "fgets(", "'data'", "\"data\"", ".receive(", ".read("]
        .iter()
        .any(|way| text.text.contains(way));
    if text.is_inline && dials && runs && receives {
        report.add(&network::REVERSE_SHELL, "socket");
    }
    let connects = has("socket") || has("Socket") || has("net.connect") || has("fsockopen") || has("TCPSocket");
    let becomes = has("dup2")
        || has("pty.spawn")
        || has(">&S")
        || has("pipe(sh")
        || has("exec(\"/bin/sh")
        || has("proc_open")
        || has("<&3");
    let shell = has("/bin/sh") || has("/bin/bash") || has("\"sh\"") || has("'sh'") || has("\"bash\"") || has("cmd.exe");
    if connects && shell && (becomes || (has("exec") && has("sh -i"))) && text.is_inline {
        report.add(&network::REVERSE_SHELL, "");
    }
}

/// Backticks and `| getline`: a quoted text that a shell runs.
pub(super) fn shell_quotes(text: &Text<'_>, language: &str, cmd: &Cmd<'_>, report: &mut Report) {
    let places = cmd.scene.places;
    let is_pipe = |(start, end): &(usize, usize)| {
        let before = text.text[..start - 1].trim_end();
        let behind = text.text[(end + 1).min(text.text.len())..].trim_start();
        before.ends_with('|') || behind.starts_with("| getline") || behind.starts_with("|& getline")
    };
    let pairs = text.literals.iter().filter(|(start, _)| match language {
        "ruby" | "perl" | "php" => text.text[..*start].ends_with('`') || text.text[..*start].ends_with("%x("),
        _ => false,
    });
    for (start, end) in pairs {
        guess::judge_string(&text.text[*start..*end], places, report);
    }
    if language == "awk" {
        for each in text.literals.iter().filter(|each| is_pipe(each)) {
            let program = unescape(&text.text[each.0..each.1]);
            guess::judge_string(&program, places, report);
            let is_shell = crate::names::SHELLS.contains(&program.rsplit('/').next().unwrap_or(&program).trim());
            let is_printed = text.text[..each.0 - 1].trim_end().ends_with('|');
            if is_shell && is_printed {
                report.add(&super::RUNS, &program);
            }
        }
    }
}

/// A loop that only makes processes.
pub(super) fn forks(compact: &str, report: &mut Report) {
    const LOOPS: &[&str] =
        &["while1:os.fork()", "whileTrue:os.fork()", "forkwhilefork", "forkwhile1", "while(1){fork", "loop{fork"];
    if compact.contains("os.kill(-1") || compact.contains("process.kill(-1") {
        report.add(&system::KILL_ALL, "-1");
    }
    if LOOPS.iter().any(|known| compact.contains(known)) {
        report.add(&system::FORK_BOMB, "fork");
    }
}

/// A secret variable that is shown at once: `print(os.environ["TOKEN"])`.
pub(super) fn shown_variable(compact: &str, shows_all: bool, report: &mut Report) {
    const READS: &[&str] = &[
        "os.environ[",
        "os.environ.get(",
        "os.getenv(",
        "process.env.",
        "process.env[",
        "ENV[",
        "ENV.fetch(",
        "$ENV{",
    ];
    const SHOWS: &[&str] =
        &["print(", "print", "console.log(", "puts", "puts(", "echo", "echogetenv(", "stdout.write("];
    for read in READS {
        for (at, _) in compact.match_indices(read) {
            let name = compact[at + read.len()..].trim_start_matches(['"', '\'']);
            let end = name.find(|letter: char| !letter.is_ascii_alphanumeric() && letter != '_').unwrap_or(name.len());
            let is_shown = shows_all || SHOWS.iter().any(|show| compact[..at].ends_with(show));
            if is_shown && is_secret_variable(&name[..end]) {
                report.add(&credentials::VARIABLE, &name[..end]);
            }
        }
    }
}

/// A program that has a shell under another name: then every quoted text may be a command.
pub(super) fn renamed_shell(text: &Text<'_>, cmd: &Cmd<'_>, report: &mut Report) {
    const RENAMES: &[&str] = &[
        "getattr(",
        "globals()[",
        "execSync:",
        "exec:",
        "spawnSync:",
        "Bun.$",
        "$`",
        "import system as",
        "import run as",
    ];
    if RENAMES.iter().any(|rename| text.text.contains(rename)) {
        for (start, end) in text.literals.iter().filter(|(start, end)| text.text[*start..*end].contains(' ')) {
            guess::judge_string(&text.text[*start..*end], cmd.scene.places, report);
        }
    }
}

/// `%x(…)` of ruby and perl's `qx`, and lines of tcl that begin with `exec`.
pub(super) fn shell_words(text: &Text<'_>, language: &str, cmd: &Cmd<'_>, report: &mut Report) {
    let places = cmd.scene.places;
    if language == "ruby" {
        for (at, _) in text.text.match_indices("%x").filter(|(at, _)| !text.is_data(*at)) {
            let inner = text.text[at + 2..].trim_start_matches(['(', '{', '[', '|', '!']);
            let end = inner.find([')', '}', ']', '|', '!']).unwrap_or(inner.len());
            guess::judge_string(&inner[..end], places, report);
        }
    }
    if language == "tcl" {
        for line in text.text.split([';', '\n']).filter_map(|line| line.trim().strip_prefix("exec ")) {
            guess::judge_string(line, places, report);
        }
        for line in text.text.split([';', '\n']).filter_map(|line| line.trim().strip_prefix("file delete")) {
            guess::judge_string(&format!("rm -rf {}", line.replace("-force", "")), places, report);
        }
    }
}
