//! A component that may be installed: what it is, whom it would stand beside, and whether it works.

use std::cmp::Ordering;
use std::collections::BTreeSet;
use std::path::PathBuf;

use instar_core::id::PluginId;
use instar_plugin::{
    About, Cause, Grant, Inspection, Installed, Kind, Origin, PluginError, Plugins, PoolChoice, Settings, Source,
};
use jiff::Timestamp;

use super::{Component, Entry, Fetched, LockFile, Place, PluginFolder, version};

/// What was fetched and looked at; nothing of it has run.
#[derive(Debug)]
pub(crate) struct Candidate {
    pub(crate) id: PluginId,
    pub(crate) about: About,
    pub(crate) bytes: Vec<u8>,
    pub(crate) source: String,
    pub(crate) seen: Inspection,
}

/// A plugin that is there already.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Neighbour {
    pub(crate) id: String,
    pub(crate) execute_type: Option<String>,
    pub(crate) from: Whence,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Whence {
    Bundled,
    File(PathBuf),
    Installed,
}

/// Why a component is not installed. What is installed stays as it is.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Unfit {
    #[error("{0}")]
    Plugin(#[from] PluginError),
    #[error("{0} says nothing of itself")]
    Nameless(String),
    #[error("`{0}` is a plugin that belongs to instar, and nothing takes its place: give yours another `id`")]
    Bundled(PluginId),
    #[error("{} is a plugin `{id}` that was put there by hand: take it away first", path.display())]
    File { id: PluginId, path: PathBuf },
    #[error("the execute type `{name}` belongs to the plugin `{owner}` already: give yours another `execute-type`")]
    ExecuteType { name: String, owner: String },
    #[error(
        "`{id}` {installed} is installed, and this is {offered}, which is older: `--downgrade` takes it all the same"
    )]
    Older { id: PluginId, installed: String, offered: String },
}

/// Looks at the bytes of a component.
pub(crate) fn examine(name: &str, source: String, bytes: Vec<u8>) -> Result<Candidate, Unfit> {
    let mut seen = instar_plugin::inspect(name, &bytes);
    if let Some(problem) = seen.problem.take() {
        return Err(problem.into());
    }
    let about = seen.about.clone().ok_or_else(|| Unfit::Nameless(name.to_owned()))?;
    let id = about.id.parse().map_err(|_| Unfit::Nameless(name.to_owned()))?;
    Ok(Candidate { id, about, bytes, source, seen })
}

/// Everybody that a host would load. What cannot be read has no name that could be taken.
pub(crate) fn neighbours(bundled: &[Source], folder: &std::path::Path, lock: &LockFile) -> Vec<Neighbour> {
    let files = crate::wiring::plugin_files(folder);
    let installed = PluginFolder::new(folder.to_owned()).sources(lock, &|_| true);
    let mut neighbours = Vec::new();
    for source in bundled.iter().chain(&files).chain(&installed) {
        let from = match &source.origin {
            Origin::Bundled { .. } => Whence::Bundled,
            Origin::File(path) => Whence::File(path.clone()),
            Origin::Installed(_) => Whence::Installed,
        };
        if let Some(about) = instar_plugin::inspect("", &source.bytes).about {
            neighbours.push(Neighbour { id: about.id, execute_type: about.execute_type, from });
        }
    }
    neighbours
}

impl Candidate {
    /// What was fetched from a place, looked at.
    pub(crate) fn of(place: &Place, fetched: Fetched) -> Result<Self, Unfit> {
        examine(&place.name(), place.text(), fetched.bytes)
    }

    pub(crate) fn digest(&self) -> String {
        format!("blake3:{}", self.seen.digest)
    }

    /// The rights that it cannot do without.
    pub(crate) fn asks(&self) -> BTreeSet<String> {
        self.seen.asks.iter().cloned().collect()
    }

    /// Whether it gets on with those that are there.
    pub(crate) fn check_place(&self, neighbours: &[Neighbour]) -> Result<(), Unfit> {
        for neighbour in neighbours {
            match &neighbour.from {
                _ if neighbour.id != self.about.id => {}
                Whence::Bundled => return Err(Unfit::Bundled(self.id.clone())),
                Whence::File(path) => return Err(Unfit::File { id: self.id.clone(), path: path.clone() }),
                Whence::Installed => continue,
            }
            let name = self.about.execute_type.as_ref();
            if let Some(name) = name.filter(|_| neighbour.execute_type.as_ref() == name) {
                return Err(Unfit::ExecuteType { name: name.clone(), owner: neighbour.id.clone() });
            }
        }
        Ok(())
    }

    /// Whether it is as new as what is installed.
    pub(crate) fn check_version(&self, installed: Option<&Entry>) -> Result<(), Unfit> {
        let Some(entry) = installed else { return Ok(()) };
        match version::compare(&self.about.version, &entry.current.version) {
            Ordering::Less => Err(Unfit::Older {
                id: self.id.clone(),
                installed: entry.current.version.clone(),
                offered: self.about.version.clone(),
            }),
            Ordering::Equal | Ordering::Greater => Ok(()),
        }
    }

    /// As it would stand in the lock.
    pub(crate) fn component(&self, grants: BTreeSet<String>, signer: Option<String>, now: Timestamp) -> Component {
        Component {
            version: self.about.version.clone(),
            source: self.source.clone(),
            digest: self.digest(),
            bytes: self.seen.bytes as u64,
            kinds: self.seen.kinds.iter().map(Kind::to_string).collect(),
            grants,
            signer,
            installed_at: now,
        }
    }
}

/// Loads a component as a server of the project would: compiled, linked, and asked for its opinion of its
/// configuration. What could not be kept of its native code is told.
pub(crate) fn try_out(
    id: &PluginId,
    bytes: &[u8],
    grants: BTreeSet<String>,
    mut settings: Settings,
) -> Result<Option<PluginError>, PluginError> {
    let digest = blake3::hash(bytes).to_hex().to_string();
    settings.disabled.remove(id);
    settings.pool = PoolChoice::OnDemand;
    let grant = Grant { digest: format!("blake3:{digest}"), allow: grants };
    settings.operator.entry(id.clone()).or_default().grant = Some(grant);
    let what = Installed { id: id.clone(), kinds: Vec::new(), digest, path: PathBuf::new() };
    let source = Source::installed(what, Some(bytes.to_vec()));
    let (_, problems) = Plugins::load(vec![source], settings, &mut |_| {})?;
    match problems.into_iter().next() {
        Some(problem) if !matches!(problem.cause, Cause::Cache { .. } | Cause::CacheMismatch { .. }) => Err(problem),
        problem => Ok(problem),
    }
}

#[cfg(test)]
mod tests {
    use super::super::lock_file::component;
    use super::*;

    fn candidate(execute_type: Option<&str>) -> Candidate {
        let about = About {
            id: "mine".to_owned(),
            version: "1.0.0".to_owned(),
            description: String::new(),
            publisher: None,
            execute_type: execute_type.map(str::to_owned),
            contract: None,
        };
        let (seen, source) = (instar_plugin::inspect("mine", b""), String::new());
        Candidate { id: "mine".parse().unwrap(), about, bytes: Vec::new(), source, seen }
    }

    fn neighbour(id: &str, execute_type: Option<&str>, from: Whence) -> Neighbour {
        Neighbour { id: id.to_owned(), execute_type: execute_type.map(str::to_owned), from }
    }

    #[test]
    fn nobody_takes_the_place_of_another() {
        let check = |execute_type, there| candidate(execute_type).check_place(&[there]).map_err(|it| it.to_string());
        assert!(check(None, neighbour("mine", None, Whence::Bundled)).unwrap_err().contains("belongs to instar"));
        let file = Whence::File("/p/mine.wasm".into());
        assert!(check(None, neighbour("mine", None, file)).unwrap_err().contains("/p/mine.wasm"));
        let other = neighbour("other", Some("dance"), Whence::Installed);
        assert!(check(Some("dance"), other.clone()).unwrap_err().contains("`other`"));
        assert_eq!(check(None, other), Ok(()));
        assert_eq!(check(Some("dance"), neighbour("mine", Some("dance"), Whence::Installed)), Ok(()));
    }

    #[test]
    fn only_what_is_as_new_takes_the_place_of_what_is_installed() {
        let installed =
            |version: &str| Entry { id: "mine".parse().unwrap(), current: component(version, 'a'), previous: None };
        let check = |version: &str| candidate(None).check_version(Some(&installed(version)));
        assert!(check("0.9.0").is_ok() && check("1.0.0").is_ok() && candidate(None).check_version(None).is_ok());
        let error = check("1.0.1").unwrap_err().to_string();
        assert!(error.contains("1.0.1") && error.contains("--downgrade"), "{error}");
    }
}
