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
    /// Other builds of guards, installed or bundled, that judge along and change nothing.
    #[serde(default, rename = "shadow", skip_serializing_if = "Vec::is_empty")]
    pub(crate) shadows: Vec<Shadowing>,
}

/// Another build of a guard that judges beside it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Shadowing {
    pub(crate) id: PluginId,
    pub(crate) component: Component,
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
/// With shadows, which an instar that only knows the first version would not understand.
const WITH_SHADOWS: u32 = 2;
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
        if !(VERSION..=WITH_SHADOWS).contains(&head.version) {
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
        for (at, shadow) in lock.shadows.iter().enumerate() {
            if lock.shadows[..at].iter().any(|other| other.id == shadow.id) {
                return Err(LockFileError::Twice(shadow.id.clone()));
            }
            if !is_digest(shadow.component.hex()) {
                return Err(LockFileError::Digest(shadow.id.clone()));
            }
        }
        Ok(lock)
    }

    pub(crate) fn text(&self) -> String {
        let version = if self.shadows.is_empty() { VERSION } else { WITH_SHADOWS };
        let mut lock = Self { version, ..self.clone() };
        lock.plugins.sort_by(|left, right| left.id.cmp(&right.id));
        lock.shadows.sort_by(|left, right| left.id.cmp(&right.id));
        format!("{HEAD}{}", toml::to_string(&lock).expect("texts, numbers and lists can be written"))
    }

    pub(crate) fn entry(&self, id: &PluginId) -> Option<&Entry> {
        self.plugins.iter().find(|entry| entry.id == *id)
    }

    pub(crate) fn shadow(&self, id: &PluginId) -> Option<&Component> {
        self.shadows.iter().find(|shadow| shadow.id == *id).map(|shadow| &shadow.component)
    }

    /// Takes the place of the entry of this plugin; `None` takes it away. A shadow goes with what it stood beside, and
    /// when it takes its place.
    pub(crate) fn set(&mut self, id: &PluginId, entry: Option<Entry>) {
        self.plugins.retain(|other| other.id != *id);
        let stays = |shadow: &Component| entry.as_ref().is_some_and(|entry| entry.current.digest != shadow.digest);
        self.shadows.retain(|shadow| shadow.id != *id || stays(&shadow.component));
        self.plugins.extend(entry);
    }

    /// The same for what stands beside it.
    pub(crate) fn set_shadow(&mut self, id: &PluginId, component: Option<Component>) {
        self.shadows.retain(|other| other.id != *id);
        self.shadows.extend(component.map(|component| Shadowing { id: id.clone(), component }));
    }

    /// Digests of all components, in hexadecimal.
    pub(crate) fn digests(&self) -> BTreeSet<&str> {
        let components = self.plugins.iter().flat_map(|entry| std::iter::once(&entry.current).chain(&entry.previous));
        components.chain(self.shadows.iter().map(|shadow| &shadow.component)).map(Component::hex).collect()
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
        let plugins = vec![entry("b", None), entry("a", Some(component("0.1.0", 'b')))];
        LockFile { version: 1, plugins, shadows: Vec::new() }
    }

    #[test]
    fn a_shadow_goes_with_what_it_stands_beside_and_when_it_takes_its_place() {
        let (id, bundled): (PluginId, PluginId) = ("a".parse().unwrap(), "guard-x".parse().unwrap());
        let mut with_shadows = lock();
        with_shadows.set_shadow(&id, Some(component("0.3.0", 'c')));
        with_shadows.set_shadow(&bundled, Some(component("9.0.0", 'd')));
        let text = with_shadows.text();
        assert!(text.contains("version = 2") && lock().text().contains("version = 1"), "{text}");
        let read = LockFile::parse(&text).unwrap();
        assert_eq!((read.shadow(&id), read.digests().len()), (Some(&component("0.3.0", 'c')), 4));
        let doubled = text.replace("id = \"guard-x\"", "id = \"a\"");
        assert!(matches!(LockFile::parse(&doubled), Err(LockFileError::Twice(_))));

        let entry = |digit| Entry { id: id.clone(), current: component("0.3.0", digit), previous: None };
        let after = |entry: Option<Entry>| {
            let mut lock = read.clone();
            lock.set(&id, entry);
            lock.shadows.len()
        };
        assert_eq!((after(Some(entry('e'))), after(Some(entry('c'))), after(None)), (2, 1, 1));
        let mut ended = read.clone();
        ended.set_shadow(&id, None);
        assert_eq!(ended.shadow(&id), None);
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
        assert!(matches!(LockFile::parse(&text.replace("version = 1", "version = 3")), Err(LockFileError::Newer(3))));
        assert!(matches!(LockFile::parse(&text.replace("bytes", "byte")), Err(LockFileError::Form(_))));
        assert!(matches!(LockFile::parse(&text.replace("id = \"b\"", "id = \"a\"")), Err(LockFileError::Twice(_))));
        assert!(matches!(LockFile::parse(&text.replace("blake3:b", "blake3:/")), Err(LockFileError::Digest(_))));
        assert!(matches!(LockFile::parse("not toml"), Err(LockFileError::Form(_))));
    }
}
