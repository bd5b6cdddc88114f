//! `contract` of a manifest: which versions of the contract the plugin is for, written as Cargo writes versions.
//!
//! It is looked at before the rest of the manifest, which may be of a form that this host does not know yet.

use std::fmt;

use semver::{Version, VersionReq};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer};

use super::Manifest;
use crate::audit::{CONTRACT, ours};
use crate::binary::Outline;
use crate::error::{Cause, PluginError};

/// What a range looks like, as a pattern of JSON Schema.
pub(super) const RANGE: &str = concat!(
    r"^(=|[<>]=?|[~^])?(0|[1-9][0-9]{0,8})(\.(0|[1-9][0-9]{0,8})){0,2}",
    r"(, ?(=|[<>]=?|[~^])?(0|[1-9][0-9]{0,8})(\.(0|[1-9][0-9]{0,8})){0,2}){0,7}$"
);

/// Versions of the contract, such as `0.1` or `>=0.1, <0.3`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ContractRange {
    text: String,
    range: VersionReq,
}

impl ContractRange {
    /// Whether a plugin of this range can use this version.
    pub(crate) fn holds(&self, version: &str) -> bool {
        Version::parse(version).is_ok_and(|version| self.range.matches(&version))
    }

    fn parse(text: &str) -> Option<Self> {
        let parts: Vec<&str> = text.split(',').collect();
        let is_part = |(place, part): (usize, &&str)| match place {
            0 => is_comparison(part),
            _ => is_comparison(part.strip_prefix(' ').unwrap_or(part)),
        };
        let is_range = parts.len() <= 8 && parts.iter().enumerate().all(is_part);
        let range = VersionReq::parse(text).ok().filter(|_| is_range)?;
        Some(Self { text: text.to_owned(), range })
    }
}

/// An operator, or none, and one to three numbers.
fn is_comparison(part: &str) -> bool {
    let numbers = [">=", "<=", "=", ">", "<", "~", "^"].into_iter().find_map(|operator| part.strip_prefix(operator));
    let numbers = numbers.unwrap_or(part);
    let is_number = |number: &str| {
        let is_plain = (1..=9).contains(&number.len()) && number.bytes().all(|byte| byte.is_ascii_digit());
        is_plain && (number == "0" || !number.starts_with('0'))
    };
    numbers.split('.').count() <= 3 && numbers.split('.').all(is_number)
}

impl fmt::Display for ContractRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl<'de> Deserialize<'de> for ContractRange {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let bad = || D::Error::custom("`contract` must be a range of versions, such as \"0.1\" or \">=0.1, <0.3\"");
        Self::parse(&text).ok_or_else(bad)
    }
}

/// A manifest for another contract than this host's says so, whatever else stands in it.
pub(super) fn check_host(manifest: &toml::Table) -> Result<(), Cause> {
    let range = manifest.get("contract").and_then(toml::Value::as_str).and_then(ContractRange::parse);
    match range.filter(|range| !range.holds(CONTRACT)) {
        None => Ok(()),
        Some(range) => Err(Cause::IncompatibleContract(format!(
            "its manifest wants `{range}`, and this host speaks {CONTRACT}; take a version of the plugin for that one, \
             or another version of instar"
        ))),
    }
}

/// Whether a component uses what its manifest says that it is for.
///
/// # Errors
/// When an interface that it imports or exports lies outside of the range; it names both.
pub fn check_contract(name: &str, manifest: &[u8], component: &[u8]) -> Result<(), PluginError> {
    let failed = |cause| PluginError::new(name, cause);
    let text = std::str::from_utf8(manifest).unwrap_or_default();
    let table: toml::Table = toml::from_str(text).unwrap_or_default();
    let Some(range) = table.get("contract").and_then(toml::Value::as_str).and_then(ContractRange::parse) else {
        return Ok(());
    };
    let outline = Outline::read(component).map_err(failed)?;
    let is_outside = |name: &&String| ours(name).is_some_and(|(_, version)| !range.holds(version));
    match outline.imports.iter().chain(&outline.exports).find(is_outside) {
        None => Ok(()),
        Some(used) => Err(failed(Cause::IncompatibleContract(format!(
            "plugin.toml says `contract = \"{range}\"`, and what was built uses `{used}`"
        )))),
    }
}

impl Manifest {
    /// In the words of the manifest.
    pub(crate) fn contract_text(&self) -> Option<String> {
        self.contract.as_ref().map(ContractRange::to_string)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_holds_versions_as_cargo_reads_them() {
        let holds = |range: &str, version: &str| ContractRange::parse(range).expect(range).holds(version);
        for range in ["0.1", "0.1.0", "^0.1", "=0.1.0", "~0.1", ">=0.1, <0.3", ">=0.1,<0.2", "0", "<1"] {
            assert!(holds(range, "0.1.0"), "{range}");
        }
        for range in ["0.2", "1", ">0.1.0", "=0.1.1", "<0.1", ">=0.2, <0.3"] {
            assert!(!holds(range, "0.1.0"), "{range}");
        }
        assert!(!holds("0.1", "0.1.0-dev") && holds("0.1", "0.1.7") && !holds("0.1", ""));
    }

    #[test]
    fn what_is_no_range_is_refused() {
        for text in
            ["", "*", "0.*", "v0.1", "0.1.0-dev", "00.1", "0.1,", " 0.1", "0.1 ", "0.1.2.3", ">= 0.1", "0.1;0.2"]
        {
            assert_eq!(ContractRange::parse(text), None, "{text}");
        }
    }
}
