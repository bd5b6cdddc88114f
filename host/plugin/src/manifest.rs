//! The manifest: what a component says about itself. It travels inside the component, as text in TOML.

use instar_core::id::PluginId;
use serde::Deserialize;

use crate::error::Cause;
use crate::text;

/// `plugin.toml`. A field that is not known is refused by its name, so that a typing error is found.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct Manifest {
    /// The version of this format.
    manifest: u32,
    pub id: PluginId,
    pub version: String,
    #[serde(default)]
    pub description: String,
    /// The name of the execute type in jobs.json; only for plugins that export `execute`.
    pub execute_type: Option<String>,
}

impl Manifest {
    pub(crate) fn parse(bytes: &[u8]) -> Result<Self, Cause> {
        let bad = |why: String| Cause::BadManifest(why);
        let text = std::str::from_utf8(bytes).map_err(|_| bad("not UTF-8".to_owned()))?;
        let manifest: Self = toml::from_str(text).map_err(|error| bad(text::clean(error.message())))?;
        if manifest.manifest != 1 {
            return Err(bad(format!("`manifest = {}` is of a format that this host does not know", manifest.manifest)));
        }
        if !is_version(&manifest.version) {
            return Err(bad(format!("`version` {:?} is not of the form 1.2.3", manifest.version)));
        }
        if manifest.execute_type.as_deref().is_some_and(|name| !is_execute_type(name)) {
            return Err(bad("`execute-type` must be 1 to 50 lower-case letters, digits or `-`".to_owned()));
        }
        Ok(manifest)
    }
}

/// Three numbers, and perhaps a suffix.
fn is_version(text: &str) -> bool {
    let (numbers, suffix) = text.split_at(text.find(['-', '+']).unwrap_or(text.len()));
    let is_number = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    let in_suffix = |byte: u8| byte.is_ascii_alphanumeric() || b".-+".contains(&byte);
    text.len() <= 50
        && numbers.split('.').count() == 3
        && numbers.split('.').all(is_number)
        && suffix.bytes().all(in_suffix)
}

fn is_execute_type(name: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    (1..=50).contains(&name.len()) && name.bytes().all(allowed)
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = "manifest = 1\nid = \"execute-prompt\"\nversion = \"0.1.0\"\nexecute-type = \"prompt\"\n";

    #[track_caller]
    fn check_refused(text: &str, named: &str) {
        let error = Manifest::parse(text.as_bytes()).expect_err("it was taken");
        assert_eq!(error.code(), "bad-manifest");
        assert!(error.to_string().contains(named), "{error} does not name {named}");
    }

    #[test]
    fn a_whole_manifest_is_taken() {
        let manifest = Manifest::parse(GOOD.as_bytes()).unwrap();
        assert_eq!(manifest.id.as_str(), "execute-prompt");
        assert_eq!(manifest.execute_type.as_deref(), Some("prompt"));
    }

    #[test]
    fn what_is_wrong_is_named() {
        check_refused(&format!("{GOOD}colour = \"red\""), "colour");
        check_refused(&GOOD.replace("id = ", "idd = "), "idd");
        check_refused(&GOOD.replace("manifest = 1", "manifest = 2"), "manifest = 2");
        check_refused(&GOOD.replace("0.1.0", "1"), "version");
        check_refused(&GOOD.replace("execute-prompt", "../x"), "plugin id");
        check_refused(&GOOD.replace("\"prompt\"", "\"a b\""), "execute-type");
        check_refused("\u{0}", "");
    }
}
