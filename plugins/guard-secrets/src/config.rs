//! What an operator may decide: what is done about each kind.

use std::collections::BTreeMap;

use instar_plugin_sdk::Diagnostic;
use serde::Deserialize;

use crate::rules::Kind;
use crate::scan;

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Config {
    /// What is done about a kind, by its name.
    #[serde(default)]
    pub kinds: BTreeMap<String, Action>,
    /// Values that are no secrets, although they look like some.
    #[serde(default)]
    pub ignore: Vec<String>,
}

/// What is done about a find.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Action {
    /// Nothing at all.
    Off,
    /// It is told.
    Warn,
    /// An output loses it. A command or tool call with it needs a person's yes, and no message with it leaves.
    Redact,
    /// As `redact`, and a person hears of it. A command or tool call with it is denied.
    Block,
}

const SHORTEST_IGNORED: usize = 6;

impl Config {
    pub(crate) fn action(&self, kind: &Kind) -> Action {
        self.kinds.get(kind.name).copied().unwrap_or_else(|| kind.action())
    }

    pub(crate) fn ignores(&self, value: &[u8]) -> bool {
        self.ignore.iter().any(|ignored| ignored.as_bytes() == value)
    }

    pub(crate) fn validate(&self) -> Vec<Diagnostic> {
        let unknown = self.kinds.keys().filter(|name| scan::kinds().all(|kind| kind.name != name.as_str()));
        let unknown = unknown.map(|name| {
            let path = format!("kinds.{name}");
            match nearest(name) {
                Some(near) => Diagnostic::refusal(path, format!("there is no such kind; `{near}` is near")),
                None => Diagnostic::refusal(path, "there is no such kind"),
            }
        });
        let short = self.ignore.iter().enumerate().filter(|(_, value)| value.len() < SHORTEST_IGNORED);
        let short = short.map(|(index, _)| {
            let message = format!("a value of less than {SHORTEST_IGNORED} bytes is never found");
            Diagnostic::refusal(format!("ignore.{index}"), message)
        });
        unknown.chain(short).collect()
    }
}

/// A kind that shares its first word with the name.
fn nearest(name: &str) -> Option<&'static str> {
    let first = name.split('-').next().filter(|word| word.len() > 2)?;
    scan::kinds().map(|kind| kind.name).find(|kind| kind.split('-').any(|word| word == first))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(json: &str) -> Config {
        serde_json::from_str(json).unwrap()
    }

    #[test]
    fn a_kind_that_does_not_exist_is_refused_with_a_near_one() {
        let remarks = config(r#"{"kinds": {"stripe-key": "warn", "stripe-test-key": "off"}}"#).validate();
        assert_eq!(remarks.len(), 1, "{remarks:?}");
        assert_eq!(remarks[0].path, "kinds.stripe-key");
        assert!(remarks[0].message.contains("stripe-"), "{remarks:?}");
        assert_eq!(config(r#"{"ignore": ["abc"]}"#).validate()[0].path, "ignore.0");
        assert!(config("{}").validate().is_empty());
    }

    #[test]
    fn what_is_no_action_is_refused() {
        assert!(serde_json::from_str::<Config>(r#"{"kinds": {"jwt": "eat"}}"#).is_err());
        assert!(serde_json::from_str::<Config>(r#"{"kind": {}}"#).is_err());
    }
}
