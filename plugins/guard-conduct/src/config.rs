//! What an operator may decide: what becomes of each of the four.

use serde::Deserialize;

/// One key for each rule.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Config {
    pub(crate) grounding: Action,
    pub(crate) deferral: Action,
    pub(crate) external: Action,
    pub(crate) reflection: Action,
}

/// What is done when a rule speaks.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Action {
    Off,
    #[default]
    Advise,
    /// A person must say yes; at level 2 it is advice again.
    Ask,
}
