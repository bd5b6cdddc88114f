//! `guards.toml`: what the operator allows, forbids and tries out. Pure: text in, fates of findings out.

use std::path::Path;

use instar_core::command::SimpleCommand;
use instar_core::verdict::{Answer, Finding, Severity};
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde::Deserialize;

/// What the operator decided about guards.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Policy {
    /// 2: what is risky passes with advice. Anything else is 1, the strictest.
    level: Level,
    allow: Vec<Allow>,
    deny: Vec<Deny>,
    /// Rules that are judged and logged, and stop nothing.
    shadow: Vec<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Level {
    #[default]
    Asks,
    Advises,
}

impl<'de> Deserialize<'de> for Level {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = toml::Value::deserialize(deserializer)?;
        Ok(if value.as_integer() == Some(2) { Self::Advises } else { Self::Asks })
    }
}

/// Rules that are silent for some commands or paths.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct Allow {
    /// `guard/rule`, or `guard/*` for all of one guard.
    rules: Vec<String>,
    /// Commands word by word; `*` stands for any part of a word, and as the last word for any more words.
    #[serde(default)]
    commands: Vec<String>,
    /// Absolute paths; `*` stands for anything.
    #[serde(default)]
    paths: Vec<String>,
    #[serde(rename = "reason")]
    _reason: String,
    #[serde(default, deserialize_with = "date")]
    expires: Option<Timestamp>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct Deny {
    /// As `commands` of `allow`.
    pattern: String,
    reason: String,
}

/// Why `guards.toml` does not count.
#[derive(Debug, thiserror::Error)]
pub(crate) enum PolicyError {
    #[error("failed to read {path}")]
    Read { path: String, source: std::io::Error },
    #[error("{path} is not valid: {reason}")]
    Invalid { path: String, reason: String },
}

/// A finding, and what becomes of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Judged {
    pub(crate) finding: Finding,
    pub(crate) fate: Fate,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fate {
    Stands,
    /// An `allow` of the operator.
    Allowed,
    /// The rule is only tried out.
    Shadow,
    /// At level 2 it is advice.
    Level,
    /// A person approved this once.
    Approved,
}

/// What is judged, as far as an `allow` can name it.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Subject<'a> {
    Commands(&'a [SimpleCommand]),
    Tool { name: &'a str, path: Option<&'a str> },
}

impl Policy {
    /// A file that is not there says nothing.
    pub(crate) fn load(path: &Path) -> Result<Self, PolicyError> {
        let name = || path.display().to_string();
        match std::fs::read_to_string(path) {
            Ok(text) => Self::parse(&text).map_err(|reason| PolicyError::Invalid { path: name(), reason }),
            Err(error) if is_absent(&error) => Ok(Self::default()),
            Err(source) => Err(PolicyError::Read { path: name(), source }),
        }
    }

    fn parse(text: &str) -> Result<Self, String> {
        let policy: Self = toml::from_str(text).map_err(|error| error.to_string().trim_end().replace('\n', " "))?;
        let rules = policy.allow.iter().flat_map(|allow| &allow.rules).chain(&policy.shadow);
        if let Some(rule) = rules.into_iter().find(|rule| !rule.contains('/')) {
            return Err(format!("the rule `{rule}` must be named with its guard, as in `guard-command/{rule}`"));
        }
        let is_empty = |allow: &&Allow| allow.commands.is_empty() && allow.paths.is_empty();
        if policy.allow.iter().any(|allow| is_empty(&allow)) {
            return Err("an `allow` needs `commands` or `paths`".to_owned());
        }
        Ok(policy)
    }

    /// What the operator forbids of this.
    pub(crate) fn denials(&self, subject: Subject<'_>) -> Vec<Finding> {
        let hits = self.deny.iter().filter(|deny| match subject {
            Subject::Commands(commands) => commands.iter().any(|command| names(&deny.pattern, command)),
            Subject::Tool { name, path } => {
                let words: Vec<&str> = std::iter::once(name).chain(path).collect();
                fits(&deny.pattern, &words, |_| false)
            }
        });
        let finding = |deny: &Deny| Finding {
            rule: "project/deny".to_owned(),
            answer: Answer::Deny,
            severity: Severity::High,
            detail: format!("this project forbids `{}`: {}", deny.pattern, deny.reason),
            remedy: None,
            command: None,
        };
        hits.map(finding).collect()
    }

    /// What becomes of a finding.
    pub(crate) fn fate(&self, finding: &Finding, subject: Subject<'_>, now: Timestamp) -> Fate {
        if finding.severity == Severity::Critical || finding.answer == Answer::Pass {
            return Fate::Stands;
        }
        if self.allow.iter().any(|allow| allow.silences(finding, subject, now)) {
            return Fate::Allowed;
        }
        if self.shadow.iter().any(|rule| is_rule(rule, &finding.rule)) {
            return Fate::Shadow;
        }
        // What is grave (secrets shown, code that nobody has read) is asked about at every level.
        let is_risky = finding.answer == Answer::Ask && finding.severity < Severity::High;
        if self.level == Level::Advises && is_risky { Fate::Level } else { Fate::Stands }
    }
}

impl Allow {
    fn silences(&self, finding: &Finding, subject: Subject<'_>, now: Timestamp) -> bool {
        let is_named = self.rules.iter().any(|rule| is_rule(rule, &finding.rule));
        let is_over = self.expires.is_some_and(|expires| expires <= now);
        if !is_named || is_over {
            return false;
        }
        match subject {
            Subject::Commands(commands) => {
                let about = finding.command.and_then(|index| commands.get(usize::try_from(index).ok()?));
                match about {
                    Some(command) => self.covers(command),
                    // The guard does not say which command it means, so all of them must be allowed.
                    None => commands.iter().all(|command| self.covers(command)),
                }
            }
            Subject::Tool { name, path } => {
                let words: Vec<&str> = std::iter::once(name).chain(path).collect();
                let is_path = |path: &str| {
                    self.paths.iter().any(|pattern| instar_shell::fits(&instar_shell::absolute("/", path), pattern))
                };
                path.is_some_and(is_path) || self.commands.iter().any(|pattern| fits(pattern, &words, |_| false))
            }
        }
    }

    fn covers(&self, command: &SimpleCommand) -> bool {
        let by_name = self.commands.iter().any(|pattern| names(pattern, command));
        by_name || (!self.paths.is_empty() && self.covers_all_paths(command))
    }

    /// Every operand must be a path that is allowed; what is not known is not allowed.
    fn covers_all_paths(&self, command: &SimpleCommand) -> bool {
        let mut operands =
            command.argv.iter().enumerate().skip(1).filter(|(_, word)| !word.starts_with('-')).peekable();
        let is_allowed = |(index, word): (usize, &String)| {
            let is_known = u32::try_from(index).is_ok_and(|index| !command.dynamic.contains(&index));
            let cwd = if word.starts_with('/') { Some("/") } else { command.cwd.as_deref() };
            let path = cwd.map(|cwd| instar_shell::absolute(cwd, word));
            is_known && path.is_some_and(|path| self.paths.iter().any(|pattern| instar_shell::fits(&path, pattern)))
        };
        operands.peek().is_some() && command.elsewhere.is_none() && !command.more_words && operands.all(is_allowed)
    }
}

/// `guard/*` is all rules of that guard.
fn is_rule(pattern: &str, rule: &str) -> bool {
    pattern == rule || pattern.strip_suffix('*').is_some_and(|guard| guard.ends_with('/') && rule.starts_with(guard))
}

fn names(pattern: &str, command: &SimpleCommand) -> bool {
    let words: Vec<&str> = command.argv.iter().map(String::as_str).collect();
    let is_dynamic = |index: usize| u32::try_from(index).is_ok_and(|index| command.dynamic.contains(&index));
    fits(pattern, &words, is_dynamic)
}

/// Word by word, so that no part of a pattern can stand for further words; only a last `*` does.
fn fits(pattern: &str, words: &[&str], is_dynamic: impl Fn(usize) -> bool) -> bool {
    let mut patterns: Vec<&str> = pattern.split_whitespace().collect();
    let has_rest = patterns.len() > 1 && patterns.last() == Some(&"*");
    if has_rest {
        patterns.pop();
    }
    let is_length = if has_rest { words.len() >= patterns.len() } else { words.len() == patterns.len() };
    let is_word = |(index, (pattern, word)): (usize, (&&str, &&str))| {
        *pattern == "*" || (!is_dynamic(index) && instar_shell::fits(word, pattern))
    };
    is_length && !patterns.is_empty() && patterns.iter().zip(words).enumerate().all(is_word)
}

/// A day lasts until its end; a time is exact.
fn date<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<Timestamp>, D::Error> {
    let value = toml::Value::deserialize(deserializer)?;
    let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let day = || text.parse::<Date>().ok()?.tomorrow().ok()?.to_zoned(TimeZone::UTC).ok().map(|day| day.timestamp());
    let time = text.parse::<Timestamp>().ok().or_else(day);
    time.map(Some).ok_or_else(|| serde::de::Error::custom(format!("`{text}` is no date such as 2026-12-31")))
}

fn is_absent(error: &std::io::Error) -> bool {
    matches!(error.kind(), std::io::ErrorKind::NotFound | std::io::ErrorKind::NotADirectory)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn finding(rule: &str, answer: Answer, severity: Severity, command: Option<u32>) -> Finding {
        Finding { rule: rule.to_owned(), answer, severity, detail: String::new(), remedy: None, command }
    }

    fn command(text: &str) -> SimpleCommand {
        let argv = text.split(' ').map(str::to_owned).collect();
        SimpleCommand { argv, cwd: Some("/p".to_owned()), ..SimpleCommand::default() }
    }

    const POLICY: &str = r#"
        shadow = ["g/tried"]
        [[allow]]
        rules = ["g/rm"]
        commands = ["rm -rf build*"]
        reason = "made anew"
        expires = 2026-12-31
        [[allow]]
        rules = ["g/*"]
        paths = ["/srv/cache/*"]
        reason = "a cache"
        [[deny]]
        pattern = "terraform *"
        reason = "the pipeline does it"
    "#;

    #[track_caller]
    fn check(rule: &str, severity: Severity, command_text: &str, expected: Fate) {
        let policy = Policy::parse(POLICY).unwrap();
        let commands = [command(command_text)];
        let now = "2026-12-31T12:00:00Z".parse().unwrap();
        let finding = finding(rule, Answer::Deny, severity, Some(0));
        assert_eq!(policy.fate(&finding, Subject::Commands(&commands), now), expected, "{rule} {command_text}");
    }

    #[test]
    fn an_allow_silences_its_rules_for_its_commands_and_no_more() {
        check("g/rm", Severity::High, "rm -rf build-x", Fate::Allowed);
        check("g/rm", Severity::High, "rm -rf build /etc", Fate::Stands);
        check("g/other", Severity::High, "rm -rf build-x", Fate::Stands);
        check("other/rm", Severity::High, "rm -rf build-x", Fate::Stands);
        check("g/rm", Severity::Critical, "rm -rf build-x", Fate::Stands);
        check("g/any", Severity::High, "rm -rf /srv/cache/a /srv/cache/b", Fate::Allowed);
        check("g/any", Severity::High, "rm -rf /srv/cache/a /etc", Fate::Stands);
        check("g/any", Severity::High, "rm -rf /srv/cache/../x", Fate::Stands);
        check("g/tried", Severity::High, "x", Fate::Shadow);
    }

    #[test]
    fn an_allow_ends_with_its_day() {
        let policy = Policy::parse(POLICY).unwrap();
        let commands = [command("rm -rf build")];
        let finding = finding("g/rm", Answer::Deny, Severity::High, None);
        let at = |now: &str| policy.fate(&finding, Subject::Commands(&commands), now.parse().unwrap());
        assert_eq!(at("2026-12-31T23:59:59Z"), Fate::Allowed);
        assert_eq!(at("2027-01-01T00:00:00Z"), Fate::Stands);
    }

    #[test]
    fn a_finding_about_no_certain_command_needs_all_of_them_allowed() {
        let policy = Policy::parse(POLICY).unwrap();
        let commands = [command("rm -rf build"), command("rm -rf /etc")];
        let finding = finding("g/rm", Answer::Deny, Severity::High, None);
        let now = "2026-01-01T00:00:00Z".parse().unwrap();
        assert_eq!(policy.fate(&finding, Subject::Commands(&commands), now), Fate::Stands);
    }

    #[test]
    fn what_the_project_forbids_is_denied() {
        let policy = Policy::parse(POLICY).unwrap();
        assert_eq!(policy.denials(Subject::Commands(&[command("terraform apply -auto")])).len(), 1);
        assert_eq!(policy.denials(Subject::Commands(&[command("echo terraform")])).len(), 0);
    }

    #[test]
    fn only_level_two_turns_questions_into_advice() {
        let now = "2026-01-01T00:00:00Z".parse().unwrap();
        for (text, expected) in [
            ("level = 2", Fate::Level),
            ("level = 1", Fate::Stands),
            ("level = 3", Fate::Stands),
            ("level = \"strict\"", Fate::Stands),
            ("", Fate::Stands),
        ] {
            let policy = Policy::parse(text).unwrap();
            let risky = finding("g/x", Answer::Ask, Severity::Medium, None);
            assert_eq!(policy.fate(&risky, Subject::Commands(&[]), now), expected, "{text}");
            let grave = finding("g/x", Answer::Ask, Severity::High, None);
            assert_eq!(policy.fate(&grave, Subject::Commands(&[]), now), Fate::Stands, "{text}");
        }
    }

    #[test]
    fn what_is_not_valid_is_refused() {
        for text in [
            "allow = 1",
            "colour = 1",
            "[[allow]]\nrules = [\"g/x\"]\nreason = \"r\"",
            "[[allow]]\nrules = [\"x\"]\ncommands = [\"y\"]\nreason = \"r\"",
            "[[allow]]\nrules = [\"g/x\"]\ncommands = [\"y\"]",
            "[[allow]]\nrules = [\"g/x\"]\ncommands = [\"y\"]\nreason = \"r\"\nexpires = \"soon\"",
        ] {
            assert!(Policy::parse(text).is_err(), "{text}");
        }
    }
}
