//! What an operator may decide about this guard.

use instar_plugin_sdk::Diagnostic;
use serde::Deserialize;

use crate::rule::Pack;

/// The plugin's configuration; everything has a default.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub(crate) struct Config {
    /// Packs that are off. What is catastrophic stays on.
    packs_off: Vec<String>,
    /// Further paths that nothing may delete or overwrite unasked; relative ones begin at the project.
    pub(crate) protected_paths: Vec<String>,
    /// Further names of folders in the project that may be deleted, such as `gen`.
    pub(crate) build_folders: Vec<String>,
}

impl Config {
    pub(crate) fn is_off(&self, pack: Pack) -> bool {
        self.packs_off.iter().any(|name| name == pack.name())
    }

    /// What is wrong with it, although it has the right form.
    pub(crate) fn remarks(&self) -> Vec<Diagnostic> {
        let mut remarks = Vec::new();
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
    fn names_that_mean_nothing_are_refused() {
        assert!(config(r#"{"packsOff":["git"],"buildFolders":["gen"]}"#).remarks().is_empty());
        assert_eq!(config(r#"{"packsOff":["gti"]}"#).remarks()[0].path, "packsOff.0");
        assert_eq!(config(r#"{"buildFolders":["a/b"]}"#).remarks()[0].path, "buildFolders.0");
    }
}
