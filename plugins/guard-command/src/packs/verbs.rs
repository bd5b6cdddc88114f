//! Command lines of the shape `program [options] noun verb`: a table says which verbs destroy.

use crate::args::{Args, Spec};
use crate::rule::{Report, Rule};
use crate::scene::Cmd;

/// A program whose operands say what it does.
#[derive(Debug)]
pub(crate) struct Tool {
    /// Its names.
    pub(crate) names: &'static [&'static str],
    /// Its options that take a word, before or behind the verb.
    pub(crate) options: Spec,
    /// What its operands must begin with, and the rule that speaks then. `*` is any word, `…x` ends in `x`,
    /// `x…` begins with `x`; `**` is any number of words. The first that fits counts; `None` lets it pass.
    pub(crate) verbs: &'static [(&'static [&'static str], Option<&'static Rule>)],
}

/// The first of the tools with this name whose verbs fit.
pub(crate) fn judge(tools: &[Tool], cmd: &Cmd<'_>, report: &mut Report) {
    let name = cmd.name();
    let Some(first) = name.bytes().next() else { return };
    // Most commands are none of these, and their first letter says so at once.
    let is_name = |known: &&str| known.as_bytes().first() == Some(&first) && *known == name;
    for tool in tools.iter().filter(|tool| tool.names.iter().any(is_name)) {
        let args = Args::of(cmd, &tool.options);
        if args.is_rehearsal() {
            return;
        }
        let words: Vec<&str> = args.operand_words().collect();
        let speaks = tool.verbs.iter().find(|(pattern, _)| fits(pattern, &words));
        if let Some((_, Some(rule))) = speaks {
            report.add(rule, &words.join(" "));
        }
    }
}

/// The words begin as the pattern says.
fn fits(pattern: &[&str], words: &[&str]) -> bool {
    let Some((first, rest)) = pattern.split_first() else { return true };
    if *first == "**" {
        return (0..=words.len()).any(|at| fits(rest, &words[at..]));
    }
    words.split_first().is_some_and(|(word, others)| fits_word(first, word) && fits(rest, others))
}

fn fits_word(pattern: &str, word: &str) -> bool {
    match (pattern.strip_prefix('…'), pattern.strip_suffix('…')) {
        (Some(end), _) => word.ends_with(end),
        (_, Some(start)) => word.starts_with(start),
        _ => pattern == "*" || pattern == word,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_of_verbs_fit_words() {
        assert!(fits(&["s3", "rb"], &["s3", "rb", "s3://x"]));
        assert!(fits(&["*", "delete-…"], &["rds", "delete-db"]));
        assert!(fits(&["**", "delete"], &["sql", "instances", "delete", "x"]));
        assert!(fits(&["…:destroy"], &["apps:destroy"]));
        assert!(!fits(&["s3", "rb"], &["s3", "ls"]));
        assert!(!fits(&["*", "delete"], &["delete"]));
    }
}
