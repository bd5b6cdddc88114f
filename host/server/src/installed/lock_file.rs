//! The form of `instar.lock`: TOML, sorted by ids, so that it reads and compares well.

use std::collections::BTreeSet;

use instar_core::id::PluginId;
use instar_plugin::{Grant, Kind};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// All that is installed.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct LockFile {
    version: u32,
    #[serde(default, rename = "plugin")]
    pub(crate) plugins: Vec<Entry>,
}

/// One plugin, with what it was before its last change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Entry {
    pub(crate) id: PluginId,
    pub(crate) current: Component,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) previous: Option<Component>,
}

/// One component, and what its operator said of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct Component {
    pub(crate) version: String,
    /// A URL, or the path of a file or folder.
    pub(crate) source: String,
    /// `blake3:` and 64 hexadecimal digits.
    pub(crate) digest: String,
    pub(crate) bytes: u64,
    /// What it is, such as `execute` or `command-guard`.
    pub(crate) kinds: Vec<String>,
    /// The rights that were granted to exactly these bytes.
    pub(crate) grants: BTreeSet<String>,
    /// The public key that its signature was verified with, as minisign writes it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) signer: Option<String>,
    pub(crate) installed_at: Timestamp,
}

/// Why a lock cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum LockFileError {
    #[error("it is not of the form that instar writes: {0}")]
    Form(String),
    #[error("a newer instar wrote it (version {0})")]
    Newer(u32),
    #[error("`{0}` stands in it twice")]
    Twice(PluginId),
    #[error("the digest of `{0}` is none")]
    Digest(PluginId),
}

const VERSION: u32 = 1;
const HEAD: &str = "# What is installed here, from where, and what it may do. Written by `instar plugin`; keep it \
                    under version control.\n# On another machine `instar plugin sync` fetches exactly these components.\n\n";

impl LockFile {
    pub(crate) fn parse(text: &str) -> Result<Self, LockFileError> {
        #[derive(Deserialize)]
        struct Head {
            version: u32,
        }
        let form = |error: toml::de::Error| LockFileError::Form(error.message().to_owned());
        let head: Head = toml::from_str(text).map_err(form)?;
        if head.version != VERSION {
            return Err(LockFileError::Newer(head.version));
        }
        let lock: Self = toml::from_str(text).map_err(form)?;
        for (at, entry) in lock.plugins.iter().enumerate() {
            if lock.plugins[..at].iter().any(|other| other.id == entry.id) {
                return Err(LockFileError::Twice(entry.id.clone()));
            }
            let components = std::iter::once(&entry.current).chain(&entry.previous);
            if components.into_iter().any(|component| !is_digest(component.hex())) {
                return Err(LockFileError::Digest(entry.id.clone()));
            }
        }
        Ok(lock)
    }

    pub(crate) fn text(&self) -> String {
        let mut lock = Self { version: VERSION, ..self.clone() };
        lock.plugins.sort_by(|left, right| left.id.cmp(&right.id));
        format!("{HEAD}{}", toml::to_string(&lock).expect("texts, numbers and lists can be written"))
    }

    pub(crate) fn entry(&self, id: &PluginId) -> Option<&Entry> {
        self.plugins.iter().find(|entry| entry.id == *id)
    }

    /// Takes the place of the entry of this plugin; `None` takes it away.
    pub(crate) fn set(&mut self, id: &PluginId, entry: Option<Entry>) {
        self.plugins.retain(|other| other.id != *id);
        self.plugins.extend(entry);
    }

    /// Digests of all components, in hexadecimal.
    pub(crate) fn digests(&self) -> BTreeSet<&str> {
        let components = self.plugins.iter().flat_map(|entry| std::iter::once(&entry.current).chain(&entry.previous));
        components.map(Component::hex).collect()
    }
}

impl Component {
    /// The digest without what names its kind.
    pub(crate) fn hex(&self) -> &str {
        self.digest.strip_prefix("blake3:").unwrap_or_default()
    }

    pub(crate) fn grant(&self) -> Grant {
        Grant { digest: self.digest.clone(), allow: self.grants.clone() }
    }

    pub(crate) fn kinds(&self) -> Vec<Kind> {
        self.kinds.iter().filter_map(|kind| Kind::named(kind)).collect()
    }
}

fn is_digest(hex: &str) -> bool {
    hex.len() == 64 && hex.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte))
}

#[cfg(test)]
pub(super) fn component(version: &str, digit: char) -> Component {
    Component {
        version: version.to_owned(),
        source: "/src/a.wasm".to_owned(),
        digest: format!("blake3:{}", digit.to_string().repeat(64)),
        bytes: 7,
        kinds: vec!["run-guard".to_owned()],
        grants: BTreeSet::new(),
        signer: None,
        installed_at: "2026-01-01T00:00:00Z".parse().expect("a time"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lock() -> LockFile {
        let entry = |id: &str, previous| Entry {
            id: id.parse().unwrap(),
            current: Component { grants: ["kv".to_owned()].into(), ..component("0.2.0", 'a') },
            previous,
        };
        LockFile { version: 1, plugins: vec![entry("b", None), entry("a", Some(component("0.1.0", 'b')))] }
    }

    #[test]
    fn what_is_written_is_read_and_sorted() {
        let read = LockFile::parse(&lock().text()).unwrap();
        let ids: Vec<_> = read.plugins.iter().map(|entry| entry.id.as_str()).collect();
        assert_eq!(ids, ["a", "b"]);
        assert_eq!(read.entry(&"a".parse().unwrap()), lock().entry(&"a".parse().unwrap()));
        assert_eq!(read.digests().len(), 2);
        assert_eq!(LockFile::parse(&LockFile::default().text()).unwrap().plugins, []);
    }

    #[test]
    fn what_nobody_wrote_is_refused() {
        let text = lock().text();
        assert!(matches!(LockFile::parse(&text.replace("version = 1", "version = 2")), Err(LockFileError::Newer(2))));
        assert!(matches!(LockFile::parse(&text.replace("bytes", "byte")), Err(LockFileError::Form(_))));
        assert!(matches!(LockFile::parse(&text.replace("id = \"b\"", "id = \"a\"")), Err(LockFileError::Twice(_))));
        assert!(matches!(LockFile::parse(&text.replace("blake3:b", "blake3:/")), Err(LockFileError::Digest(_))));
        assert!(matches!(LockFile::parse("not toml"), Err(LockFileError::Form(_))));
    }
}
