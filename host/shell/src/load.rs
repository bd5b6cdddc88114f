//! What a carrier runs that stands at a simple place of its words.

use crate::carrier::operands;
use crate::field::{Field, joined};
use crate::walk::Place;

/// What a carrier runs.
pub(crate) enum Load {
    Words(Vec<Field>),
    Text(String),
}

/// Carriers whose load stands at a simple place.
pub(crate) fn plain_load(name: &str, words: &[Field]) -> Option<Load> {
    let rest = |from: usize| rest_of(words, from);
    let behind = |option: &str| value_of(words, option);
    match name {
        "watch" => {
            let at = operands(words, 1, "-n --interval -q --equexit");
            let is_exec = words[..at].iter().any(|word| word.text == "-x" || word.text == "--exec");
            if is_exec { rest(at).map(Load::Words) } else { rest(at).map(text_or_words) }
        }
        "su" | "runuser" => match behind("-c").or_else(|| behind("--command")) {
            Some(text) => Some(Load::Text(text)),
            None if name == "runuser" => {
                rest(operands(words, 1, "-u -g -G -s --user --group --shell")).map(Load::Words)
            }
            None => None,
        },
        "script" | "sg" | "nix-shell" | "newgrp" => {
            let text = behind("-c").or_else(|| behind("--command")).or_else(|| behind("--run"));
            let clustered = words.iter().position(|word| matches!(word.text.as_str(), "-qc" | "-qec" | "-ec" | "-eqc"));
            text.or_else(|| words.get(clustered? + 1).map(|word| word.text.clone())).map(Load::Text)
        }
        "flock" => match behind("-c").or_else(|| behind("--command")) {
            Some(text) => Some(Load::Text(text)),
            None => rest(operands(words, 1, "-w -E --timeout --conflict-exit-code") + 1).map(Load::Words),
        },
        "vagrant" | "limactl" | "colima" | "multipass" => behind("-c").or_else(|| behind("--")).map(Load::Text),
        "entr" => rest(operands(words, 1, "")).map(Load::Words),
        "capsh" => behind("-c").map(Load::Text),
        "gdb" | "lldb" => {
            let command = behind("-ex").or_else(|| behind("-o"))?;
            let text = command.strip_prefix("shell ").or_else(|| command.strip_prefix('!'));
            text.or_else(|| command.strip_prefix("platform shell ")).map(|text| Load::Text(text.to_owned()))
        }
        "tmux" | "screen" => terminal_load(words),
        "tar" | "gtar" | "bsdtar" => words.iter().find_map(|word| {
            let text = word.text.as_str();
            let action = text.strip_prefix("--checkpoint-action=exec=").or_else(|| text.strip_prefix("--to-command="));
            let program = text.strip_prefix("--use-compress-program=");
            action.or(program).map(|text| Load::Text(text.to_owned()))
        }),
        "rsync" => behind("-e").or_else(|| behind("--rsh")).map(Load::Text),
        "expect" => behind("-c").map(|text| Load::Text(text.replace("spawn ", " "))),
        "start-stop-daemon" => behind("--exec").or_else(|| behind("-x")).map(Load::Text),
        _ => runner_load(name, words),
    }
}

fn rest_of(words: &[Field], from: usize) -> Option<Vec<Field>> {
    words.get(from..).filter(|rest| !rest.is_empty()).map(<[Field]>::to_vec)
}

/// The word behind an option.
fn value_of(words: &[Field], option: &str) -> Option<String> {
    let at = words.iter().position(|word| word.text == option)?;
    words.get(at + 1).map(|word| word.text.clone())
}

/// Runners of packages, of many commands at once, and of commands that run later.
fn runner_load(name: &str, words: &[Field]) -> Option<Load> {
    let rest = |from: usize| rest_of(words, from);
    let behind = |option: &str| value_of(words, option);
    match name {
        "concurrently" | "hyperfine" => {
            let at = operands(words, 1, "-w --warmup -r --runs -m -M -n --names -c --prefix-colors -k -p --prepare");
            // `npm:dev:*` is a script of the package.
            let script = |text: &str| {
                let (runner, name) =
                    text.split_once(':').filter(|(runner, _)| matches!(*runner, "npm" | "yarn" | "pnpm" | "bun"))?;
                Some(format!("{runner} run {}", name.replace('*', "")))
            };
            let texts: Vec<String> =
                rest(at)?.iter().map(|word| script(&word.text).unwrap_or_else(|| word.text.clone())).collect();
            Some(Load::Text(texts.join("\n")))
        }
        "nodemon" => match behind("--exec").or_else(|| behind("-x")) {
            Some(text) => Some(Load::Text(text)),
            None => rest(operands(words, 1, "-e --ext -w --watch")).map(text_or_words),
        },
        "npx" | "bunx" | "pnpx" => behind("-c").or_else(|| behind("--call")).map(Load::Text),
        "npm" if words.get(1).is_some_and(|word| matches!(word.text.as_str(), "exec" | "x")) => {
            behind("-c").or_else(|| behind("--call")).map(Load::Text)
        }
        "systemd-run" => rest(operands(
            words,
            1,
            "-p -u -E -H -M -t -d --property --unit --setenv --on-calendar --on-active --on-boot",
        ))
        .map(Load::Words),
        _ => None,
    }
}

/// Words that a program joins for a shell. Where they already are a shell with its text, what was meant is that.
pub(crate) fn text_or_words(words: Vec<Field>) -> Load {
    let is_code = words.iter().any(|word| matches!(word.text.as_str(), "-c" | "-e" | "-lc" | "-ec"));
    if is_code && words.len() > 2 { Load::Words(words) } else { Load::Text(joined(&words)) }
}

/// What `tmux new-session -d 'command'` or `send-keys 'command' Enter` would run.
fn terminal_load(words: &[Field]) -> Option<Load> {
    const VERBS: [&str; 9] =
        ["new-session", "new", "new-window", "neww", "split-window", "respawn-pane", "run-shell", "send-keys", "-dm"];
    let is_verb = |word: &Field| VERBS.contains(&word.text.as_str()) || word.text.starts_with("-dm");
    let verb = words.iter().position(is_verb)?;
    if words[verb].text == "-dmS" {
        return words.get(verb + 2..).filter(|rest| !rest.is_empty()).map(|rest| text_or_words(rest.to_vec()));
    }
    let at = operands(words, verb + 1, "-s -t -n -c -x -y -e -F -l -S");
    let rest: Vec<Field> = words.get(at..)?.iter().filter(|word| !is_key(&word.text)).cloned().collect();
    (!rest.is_empty()).then(|| Load::Text(joined(&rest)))
}

fn is_key(text: &str) -> bool {
    matches!(text, "Enter" | "C-m" | "C-c" | "C-d" | "KPEnter")
}

/// A runner took a whole text as its program: `yarn exec 'rm -rf x'`.
pub(crate) fn whole_text(place: &Place, words: &[Field]) -> Option<Load> {
    let text = words[0].literal().filter(|text| text.contains(' ') && !place.wrappers.is_empty())?;
    Some(Load::Text(format!("{text} {}", joined(&words[1..]))))
}
