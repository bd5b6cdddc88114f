//! Programs that hand words or a text to a shell on another machine, in another system or later: the payload is
//! judged as if it ran here. The usual ones (`ssh`, `docker exec`, `kubectl exec`) the host's parser takes off.

use crate::guess;
use crate::rule::Report;
use crate::scene::Cmd;

/// Where the payload stands.
#[derive(Debug, Clone, Copy)]
enum Load {
    /// Behind this word.
    Behind(&'static str),
    /// The value of one of these options.
    Value(&'static [&'static str]),
    /// Behind so many words that are no options.
    After(usize),
}

const CARRIERS: &[(&str, Load)] = &[
    ("ansible", Load::Value(&["-a", "--args"])),
    ("salt", Load::Behind("cmd.run")),
    ("salt-ssh", Load::Behind("cmd.run")),
    ("salt-call", Load::Behind("cmd.run")),
    ("parallel-ssh", Load::After(0)),
    ("pdsh", Load::After(1)),
    ("clush", Load::After(1)),
    ("pssh", Load::After(1)),
    ("dsh", Load::After(1)),
    ("fab", Load::Behind("--")),
    ("gcloud", Load::Behind("--")),
    ("gcloud", Load::Value(&["--command"])),
    ("az", Load::Value(&["--scripts", "--command"])),
    ("aws", Load::Value(&["--parameters", "--command"])),
    ("machinectl", Load::After(2)),
    ("wsl", Load::Behind("--")),
    ("wsl", Load::Behind("-e")),
    ("wsl", Load::After(0)),
    ("heroku", Load::Behind("run")),
    ("railway", Load::Behind("run")),
    ("fly", Load::Value(&["-C", "--command"])),
    ("flyctl", Load::Value(&["-C", "--command"])),
    ("adb", Load::Behind("shell")),
    ("flatpak-spawn", Load::After(0)),
    ("toolbox", Load::Behind("run")),
    ("distrobox", Load::Behind("--")),
    ("distrobox-enter", Load::Behind("--")),
    ("claude", Load::Behind("--")),
    ("dotenv", Load::Behind("--")),
    ("direnv", Load::After(2)),
    ("doppler", Load::Behind("--")),
    ("op", Load::Behind("--")),
    ("chamber", Load::Behind("--")),
    ("split", Load::Value(&["--filter"])),
    ("just", Load::Value(&["--command"])),
];

pub(crate) fn judge(cmd: &Cmd<'_>, report: &mut Report) {
    if cmd.scene.is_guess {
        return;
    }
    for (_, load) in CARRIERS.iter().filter(|(name, _)| *name == cmd.name()) {
        match *load {
            Load::Behind(word) => {
                let at = cmd.words().iter().position(|given| given == word);
                words(at.map_or(&[], |at| &cmd.words()[at + 1..]), cmd, report);
            }
            Load::Value(options) => values(cmd, options, report),
            Load::After(count) => {
                let operands: Vec<usize> = (0..cmd.words().len()).filter(|at| is_operand(cmd, *at)).collect();
                let from = operands.get(count).copied().unwrap_or(cmd.words().len());
                words(&cmd.words()[from..], cmd, report);
            }
        }
    }
}

/// Neither an option nor the value of one: nobody knows which take one, so a word behind a letter counts as its value.
fn is_operand(cmd: &Cmd<'_>, at: usize) -> bool {
    let words = cmd.words();
    let is_value = at > 0 && words[at - 1].len() == 2 && words[at - 1].starts_with('-');
    // `pdsh -w hosts command`: the hosts stand for the first operand.
    !words[at].starts_with('-') && (!is_value || matches!(cmd.name(), "pdsh" | "clush" | "pssh" | "dsh"))
}

/// One word is a text for a shell; several are words, or a text that was split.
fn words(words: &[String], cmd: &Cmd<'_>, report: &mut Report) {
    guess::judge_string(&words.join(" "), cmd.scene.places, report);
}

fn values(cmd: &Cmd<'_>, options: &[&str], report: &mut Report) {
    let words = cmd.words();
    for (at, word) in words.iter().enumerate() {
        let (name, value) = word.split_once('=').unwrap_or((word, ""));
        let value = match options.contains(&name) {
            true if value.is_empty() => words.get(at + 1).map_or("", String::as_str),
            true => value,
            false => continue,
        };
        // `--parameters 'commands=["…"]'`
        let text = value.trim_start_matches("commands=").trim_matches(['[', ']', '"']);
        guess::judge_string(text, cmd.scene.places, report);
    }
}
