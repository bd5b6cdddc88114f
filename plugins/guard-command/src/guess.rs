//! Words from a string that the host's parser has not seen or not understood: a poor man's shell.
//!
//! It errs on the side of finding commands. The rules then judge them as they judge all others.

use instar_plugin_sdk::guard::{Redirect, SimpleCommand, Span, Via};

use crate::names::SHELLS;
use crate::packs;
use crate::place::Places;
use crate::rule::{Report, rules};
use crate::scene::Scene;

rules! { Unseen:
    NOT_UNDERSTOOD = Risky "not-understood",
        "the shell text could not be read to its end, so nobody knows what it would do",
        "write it as plain commands, one a line, with balanced quotes";
}

/// Judges a text that could not be parsed; it is at least asked about.
pub(crate) fn judge_text(text: &str, places: &Places<'_>, report: &mut Report) {
    judge_string(text, places, report);
    report.add(&NOT_UNDERSTOOD, "");
}

/// Judges a string that a program hands to a shell.
pub(crate) fn judge_string(text: &str, places: &Places<'_>, report: &mut Report) {
    judge_nested(text, 0, places, report);
}

/// Texts in texts: `sh -c "…"`.
fn judge_nested(text: &str, depth: usize, places: &Places<'_>, report: &mut Report) {
    let commands = commands_in(text, places.cwd);
    packs::judge(&Scene::guessed(&commands, places), report);
    for command in commands.iter().filter(|_| depth < DEEPEST) {
        let name = command.argv.first().map_or("", |word| word.rsplit('/').next().unwrap_or(word));
        let inner = command.argv.windows(2).find(|pair| pair[0].starts_with('-') && pair[0].ends_with('c'));
        match inner.filter(|_| SHELLS.contains(&name) || name == "su") {
            Some(inner) => judge_nested(&inner[1], depth + 1, places, report),
            None if name == "eval" => judge_nested(&command.argv[1..].join(" "), depth + 1, places, report),
            None => {}
        }
    }
}

/// Judges words that a program runs itself.
pub(crate) fn judge_words(words: Vec<String>, places: &Places<'_>, report: &mut Report) {
    let commands = [command(words, places.cwd)];
    packs::judge(&Scene::guessed(&commands, places), report);
}

/// How many texts in texts are followed.
const DEEPEST: usize = 4;

/// The longest text that is looked at; what is behind it is asked about by other rules.
const TEXT_BYTES: usize = 64 * 1024;

fn commands_in(text: &str, cwd: &str) -> Vec<SimpleCommand> {
    let end = text.floor_char_boundary(TEXT_BYTES.min(text.len()));
    let mut commands: Vec<SimpleCommand> = Vec::new();
    let mut feeds = None;
    for (words, is_piped) in split(&text[..end]) {
        if words.is_empty() {
            continue;
        }
        let mut next = command(without_wrappers(words), cwd);
        if next.argv.is_empty() && next.redirects.is_empty() {
            continue;
        }
        next.reads_from.extend(feeds);
        feeds = is_piped.then(|| u32::try_from(commands.len()).expect("the text is short"));
        commands.push(next);
    }
    commands
}

/// Words up to each separator, and whether it is a pipe.
fn split(text: &str) -> Vec<(Vec<String>, bool)> {
    let mut all = Vec::new();
    let mut words = Vec::new();
    let mut word = String::new();
    let mut quote = None;
    let mut letters = text.chars().peekable();
    while let Some(letter) = letters.next() {
        match (quote, letter) {
            (Some(open), close) if open == close => quote = None,
            (Some('\''), inner) => word.push(inner),
            (_, '\\') => word.extend(letters.next().filter(|next| *next != '\n')),
            (Some(_), inner) => word.push(inner),
            (None, '\'' | '"') => quote = Some(letter),
            (None, '>' | '<') => {
                push(&mut word, &mut words);
                word.push(letter);
                word.extend(std::iter::from_fn(|| letters.next_if(|next| matches!(next, '>' | '<' | '&' | '|'))));
                push(&mut word, &mut words);
            }
            (None, ';' | '|' | '&' | '\n' | '(' | ')' | '`' | '{' | '}') => {
                push(&mut word, &mut words);
                let is_double = letters.next_if(|next| *next == letter).is_some();
                all.push((std::mem::take(&mut words), letter == '|' && !is_double));
            }
            (None, letter) if letter.is_whitespace() => push(&mut word, &mut words),
            (None, letter) => word.push(letter),
        }
    }
    push(&mut word, &mut words);
    all.push((words, false));
    all
}

fn push(word: &mut String, words: &mut Vec<String>) {
    if !word.is_empty() {
        words.push(std::mem::take(word));
    }
}

/// Without `sudo`, `env X=1`, `then` and whatever else stands before a command.
fn without_wrappers(words: Vec<String>) -> Vec<String> {
    const BEFORE: &[&str] = &[
        "sudo", "doas", "env", "nohup", "nice", "time", "exec", "command", "builtin", "then", "do", "else", "if",
        "while", "until", "!", "xargs", "setsid", "stdbuf", "ionice", "$",
    ];
    let is_before = |word: &String| {
        BEFORE.contains(&word.rsplit('/').next().unwrap_or(word))
            || word.split_once('=').is_some_and(|(name, _)| is_name(name))
    };
    let mut at = words.iter().take_while(|word| is_before(word)).count();
    if at > 0 {
        at += words[at..].iter().take_while(|word| word.starts_with('-')).count();
    }
    words.into_iter().skip(at).collect()
}

fn is_name(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|letter| letter.is_ascii_alphanumeric() || letter == '_')
}

pub(crate) fn command(words: Vec<String>, cwd: &str) -> SimpleCommand {
    let mut redirects = Vec::new();
    let mut argv = Vec::new();
    let mut words = words.into_iter();
    while let Some(word) = words.next() {
        if word.starts_with(['>', '<']) {
            let target = words.next().unwrap_or_default();
            redirects.push(Redirect { operator: word, dynamic: target.contains('$'), target });
        } else {
            argv.push(word);
        }
    }
    let places_of = |signs: &[char]| {
        let found = argv.iter().enumerate().filter(|(_, word): &(usize, &String)| word.contains(signs));
        found.map(|(at, _)| u32::try_from(at).expect("the text is short")).collect()
    };
    SimpleCommand {
        dynamic: places_of(&['$', '`']),
        patterns: places_of(&['*', '?', '[']),
        argv,
        more_words: false,
        wrappers: Vec::new(),
        assignments: Vec::new(),
        redirects,
        reads_from: Vec::new(),
        stdin: None,
        parent: None,
        cwd: Some(cwd.to_owned()),
        elsewhere: None,
        via: Via::Guess,
        depth: 1,
        span: Span { start: 0, end: 0 },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn argvs(text: &str) -> Vec<Vec<String>> {
        commands_in(text, "/p").into_iter().map(|command| command.argv).collect()
    }

    #[test]
    fn words_are_found_in_what_is_no_proper_shell() {
        assert_eq!(argvs("sudo -n rm -rf '/a b' && X=1 r\\m x"), [["rm", "-rf", "/a b"].as_slice(), &["rm", "x"]]);
        assert_eq!(argvs("if rm \"-rf\" /; then"), [["rm", "-rf", "/"]]);
        assert_eq!(argvs("echo 'unterminated"), [["echo", "unterminated"]]);
        let piped = commands_in("curl x | sh > /dev/null", "/p");
        assert_eq!(
            (piped[1].reads_from.as_slice(), piped[1].redirects[0].target.as_str()),
            ([0].as_slice(), "/dev/null")
        );
    }
}
