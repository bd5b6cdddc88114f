//! Which plugins gave no answer too often: `quarantine.json` beside the lock. The server writes it, and a person who
//! enables the plugin takes the entry out.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

use instar_core::id::PluginId;
use instar_plugin::Quarantine;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{InstallError, PluginFolder};
use crate::disk::{self, Mode};

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Kept {
    digest: String,
    faults: u32,
    code: String,
    since: Timestamp,
}

impl PluginFolder {
    pub(crate) fn quarantine_path(&self) -> PathBuf {
        self.dir().join("quarantine.json")
    }

    /// What cannot be read quarantines nobody: faults are counted again.
    pub(crate) fn quarantined(&self) -> BTreeMap<PluginId, Quarantine> {
        let path = self.quarantine_path();
        let bytes = match std::fs::read(&path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return BTreeMap::new(),
            Err(error) => {
                tracing::warn!(%error, "{} cannot be read", path.display());
                return BTreeMap::new();
            }
        };
        match serde_json::from_slice::<BTreeMap<PluginId, Kept>>(&bytes) {
            Ok(kept) => kept.into_iter().map(|(id, kept)| (id, kept.into())).collect(),
            Err(error) => {
                tracing::warn!(%error, "{} cannot be read", path.display());
                BTreeMap::new()
            }
        }
    }

    /// Notes, or with `None` forgets, why a plugin is not called. True when that changed something.
    pub(crate) fn quarantine(
        &self,
        run_dir: &Path,
        id: &PluginId,
        quarantine: Option<Quarantine>,
    ) -> Result<bool, InstallError> {
        if quarantine.is_none() && !self.quarantined().contains_key(id) {
            return Ok(false);
        }
        let _held = self.hold(run_dir)?;
        let mut all = self.quarantined();
        let is_change = match quarantine {
            Some(quarantine) => all.insert(id.clone(), quarantine.clone()).as_ref() != Some(&quarantine),
            None => all.remove(id).is_some(),
        };
        if !is_change {
            return Ok(false);
        }
        let failed = |source| InstallError::Io { what: format!("write {}", self.quarantine_path().display()), source };
        let kept: BTreeMap<_, Kept> = all.into_iter().map(|(id, quarantine)| (id, quarantine.into())).collect();
        let text = serde_json::to_string_pretty(&kept).expect("it has text keys and no failing parts");
        disk::create_folder(self.dir(), Mode::Usual).map_err(failed)?;
        disk::write(&self.quarantine_path(), text.as_bytes(), Mode::Usual).map_err(failed)?;
        Ok(true)
    }
}

impl From<Kept> for Quarantine {
    fn from(kept: Kept) -> Self {
        let Kept { digest, faults, code, since } = kept;
        Self { digest, faults, code, since }
    }
}

impl From<Quarantine> for Kept {
    fn from(quarantine: Quarantine) -> Self {
        let Quarantine { digest, faults, code, since } = quarantine;
        Self { digest, faults, code, since }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_is_kept_until_somebody_takes_it_out() {
        let dir = tempfile::tempdir().unwrap();
        let folder = PluginFolder::new(dir.path().join("plugins"));
        let id: PluginId = "guard-a".parse().unwrap();
        let since = Timestamp::from_millisecond(1_000).unwrap();
        let quarantine = Quarantine { digest: "aa".into(), faults: 5, code: "trap".into(), since };
        assert!(folder.quarantined().is_empty());
        assert!(folder.quarantine(dir.path(), &id, Some(quarantine.clone())).unwrap());
        assert!(!folder.quarantine(dir.path(), &id, Some(quarantine.clone())).unwrap());
        assert_eq!(folder.quarantined(), [(id.clone(), quarantine)].into());
        assert!(folder.quarantine(dir.path(), &id, None).unwrap() && folder.quarantined().is_empty());
        assert!(!folder.quarantine(dir.path(), &id, None).unwrap());
        std::fs::write(folder.quarantine_path(), "{").unwrap();
        assert!(folder.quarantined().is_empty());
    }
}
