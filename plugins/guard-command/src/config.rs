//! What an operator may decide about this guard.

use instar_plugin_sdk::Diagnostic;
use serde::Deserialize;
use serde_json::Value;

use crate::rule::Pack;

/// The plugin's configuration; everything has a default.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub(crate) struct Config {
    /// 1 asks before what is risky, 2 lets it pass with advice. Anything else counts as 1, the stricter.
    level: Value,
    /// Packs that are off. What is catastrophic stays on.
    packs_off: Vec<String>,
    /// Further paths that nothing may delete or overwrite unasked; relative ones begin at the project.
    pub(crate) protected_paths: Vec<String>,
    /// Further names of folders in the project that may be deleted, such as `gen`.
    pub(crate) build_folders: Vec<String>,
}

/// How strict the guard is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Level {
    /// What is risky is asked about.
    Ask,
    /// What is risky passes, with advice.
    Advise,
}

impl Config {
    pub(crate) fn level(&self) -> Level {
        if self.level.as_u64() == Some(2) { Level::Advise } else { Level::Ask }
    }

    pub(crate) fn is_off(&self, pack: Pack) -> bool {
        self.packs_off.iter().any(|name| name == pack.name())
    }

    /// What is wrong with it, although it has the right form.
    pub(crate) fn remarks(&self) -> Vec<Diagnostic> {
        let mut remarks = Vec::new();
        if !self.level.is_null() && !matches!(self.level.as_u64(), Some(1 | 2)) {
            remarks.push(Diagnostic::remark("level", "level is 1 or 2; anything else counts as 1"));
        }
        for (index, name) in self.packs_off.iter().enumerate() {
            if !Pack::ALL.iter().any(|pack| pack.name() == name) {
                let message = format!("there is no pack `{name}`");
                remarks.push(Diagnostic::refusal(format!("packsOff.{index}"), message));
            }
        }
        for (index, name) in self.build_folders.iter().enumerate() {
            if name.is_empty() || name.contains('/') || name.starts_with("..") || name == "." {
                let message = "a build folder is a name without `/`";
                remarks.push(Diagnostic::refusal(format!("buildFolders.{index}"), message));
            }
        }
        remarks
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(json: &str) -> Config {
        serde_json::from_str(json).unwrap()
    }

    #[test]
    fn only_the_number_two_is_the_milder_level() {
        assert_eq!(config(r#"{"level":2}"#).level(), Level::Advise);
        for other in [r"{}", r#"{"level":null}"#, r#"{"level":0}"#, r#"{"level":3}"#, r#"{"level":"2"}"#] {
            assert_eq!(config(other).level(), Level::Ask, "{other}");
        }
    }

    #[test]
    fn names_that_mean_nothing_are_refused() {
        assert!(config(r#"{"packsOff":["git"],"buildFolders":["gen"]}"#).remarks().is_empty());
        assert_eq!(config(r#"{"packsOff":["gti"]}"#).remarks()[0].path, "packsOff.0");
        assert_eq!(config(r#"{"buildFolders":["a/b"]}"#).remarks()[0].path, "buildFolders.0");
        assert_eq!(config(r#"{"level":"strict"}"#).remarks()[0].path, "level");
    }
}
