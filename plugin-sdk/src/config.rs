//! A plugin's configuration: declared as a type, parsed and checked by the SDK.

use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::Diagnostic;
use crate::guard::Rule;

/// What every plugin says about itself.
pub trait Plugin: 'static {
    /// The configuration, made from a JSON object; `{}` when nobody wrote one. Let it refuse unknown
    /// fields (`#[serde(deny_unknown_fields)]`), so that a typing error is found.
    type Config: DeserializeOwned;

    /// What is wrong with a configuration that has the right form. Nothing, unless you say so.
    fn validate(_config: &Self::Config) -> Vec<Diagnostic> {
        Vec::new()
    }

    /// What a guard may find, for `instar guard rules`. Other plugins have none.
    fn rules(_config: &Self::Config) -> Vec<Rule> {
        Vec::new()
    }
}

/// The configuration of a plugin that has none.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NoConfig {}

/// Form first, then meaning.
pub(crate) fn validate<T: Plugin>(json: &str) -> Vec<Diagnostic> {
    match serde_json::from_str(json) {
        Ok(config) => T::validate(&config),
        Err(error) => vec![Diagnostic::refusal("", error.to_string())],
    }
}

/// A configuration that was validated before.
pub(crate) fn parse<T: Plugin>(json: &str) -> T::Config {
    serde_json::from_str(json).expect("the host calls a plugin only with a configuration that it accepted")
}

/// The configuration of this plugin, asked from the host.
pub(crate) fn ask<T: Plugin>() -> T::Config {
    parse::<T>(&crate::bindings::words::instar::plugin::config::json())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Severity;

    struct Unconfigured;
    impl Plugin for Unconfigured {
        type Config = NoConfig;
    }

    #[test]
    fn a_field_that_is_not_known_is_refused_by_name() {
        assert_eq!(validate::<Unconfigured>("{}"), []);
        let remarks = validate::<Unconfigured>(r#"{"colour": 1}"#);
        assert_eq!(remarks[0].severity, Severity::High);
        assert!(remarks[0].message.contains("colour"), "{remarks:?}");
    }
}
