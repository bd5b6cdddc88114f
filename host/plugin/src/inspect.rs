//! What the bytes of a component say about it. Nothing is compiled and nothing runs.

use serde_json::{Map, Value};

use crate::audit::{self, Kind};
use crate::binary::Outline;
use crate::config_schema::{ConfigKey, keys};
use crate::error::{Cause, PluginError};
use crate::grants;
use crate::limits::Limits;
use crate::limits::asked::{self, AskedLimit};
use crate::load::check_execute_name;
use crate::manifest::Manifest;
use crate::text;
use crate::wish::{self, Wish};

/// A component seen from outside. What could not be read is left empty, and `problem` says why.
#[derive(Debug)]
pub struct Inspection {
    pub about: Option<About>,
    /// BLAKE3 of the component, in hexadecimal.
    pub digest: String,
    pub bytes: usize,
    pub kinds: Vec<Kind>,
    pub imports: Vec<Import>,
    pub exports: Vec<String>,
    /// The rights that its manifest asks for.
    pub asks: Vec<String>,
    /// The hosts that its manifest names.
    pub hosts: Vec<String>,
    /// What it asks of the limits of its calls.
    pub limits: Vec<AskedLimit>,
    /// The schema of its configuration, if it brings one.
    pub config_schema: Option<Map<String, Value>>,
    /// The keys that the schema names.
    pub config_keys: Vec<ConfigKey>,
    /// What it does and asks for, in plain words, the most dangerous first.
    pub wishes: Vec<Wish>,
    /// The first thing for which it would not be loaded. More may come to light when it is compiled.
    pub problem: Option<PluginError>,
}

/// What it says about itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct About {
    pub id: String,
    pub version: String,
    pub description: String,
    /// The public key that its author signs with.
    pub publisher: Option<String>,
    pub execute_type: Option<String>,
    /// The versions of the contract that it says it is for.
    pub contract: Option<String>,
}

/// An interface that it asks the host for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Import {
    pub name: String,
    /// What it gives the plugin, in words.
    pub meaning: &'static str,
    pub allowed: bool,
}

/// Reads a component. `name` is how problems call it as long as it does not say its id.
pub fn inspect(name: &str, bytes: &[u8]) -> Inspection {
    let mut seen = Inspection {
        about: None,
        digest: blake3::hash(bytes).to_hex().to_string(),
        bytes: bytes.len(),
        kinds: Vec::new(),
        imports: Vec::new(),
        exports: Vec::new(),
        asks: Vec::new(),
        hosts: Vec::new(),
        limits: Vec::new(),
        config_schema: None,
        config_keys: Vec::new(),
        wishes: Vec::new(),
        problem: None,
    };
    if let Err(cause) = look(bytes, &mut seen) {
        let name = seen.about.as_ref().map_or(name, |about| &about.id);
        seen.problem = Some(PluginError::new(name, cause));
    }
    seen
}

/// The manifest that a component carries, as it stands.
pub fn manifest_of(bytes: &[u8]) -> Option<Vec<u8>> {
    Outline::read(bytes).ok()?.manifest().ok().map(<[u8]>::to_vec)
}

fn look(bytes: &[u8], seen: &mut Inspection) -> Result<(), Cause> {
    let limit = Limits::default().component_bytes;
    if bytes.len() > limit {
        return Err(Cause::ComponentTooLarge { bytes: bytes.len(), limit });
    }
    let outline = Outline::read(bytes)?;
    seen.kinds = audit::kinds(&outline);
    seen.exports.clone_from(&outline.exports);
    seen.imports = outline.imports.iter().map(|name| import(name, &seen.kinds)).collect();
    let manifest = Manifest::parse(outline.manifest()?)?;
    seen.about = Some(about(&manifest));
    seen.asks = grants::asked(&manifest, &seen.kinds).into_iter().map(str::to_owned).collect();
    seen.hosts = hosts(&manifest);
    seen.limits = asked::compared(&manifest.limits, &seen.kinds).into_iter().map(|(_, limit)| limit).collect();
    seen.config_keys = manifest.config.as_ref().map(keys).unwrap_or_default();
    seen.config_schema.clone_from(&manifest.config);
    seen.wishes = wish::wishes(&manifest, &seen.kinds);
    // Of another contract even the kinds are unknown, so that comes first.
    audit::audit(&outline)?;
    asked::check(&manifest.limits, &seen.kinds).map_err(Cause::BadManifest)?;
    manifest.config_schema()?;
    check_execute_name(&seen.kinds, manifest.execute_type.as_deref())
}

fn hosts(manifest: &Manifest) -> Vec<String> {
    let rules = manifest.capability.http.iter().flat_map(|http| &http.allow);
    let asked = rules.filter_map(|rule| rule.host.clone());
    let mut hosts: Vec<_> =
        asked.chain(manifest.secrets.iter().filter_map(|slot| slot.inject.as_ref()?.host.clone())).collect();
    hosts.sort();
    hosts.dedup();
    hosts
}

fn about(manifest: &Manifest) -> About {
    About {
        id: manifest.id.to_string(),
        version: manifest.version.clone(),
        description: text::clean(&manifest.description),
        publisher: manifest.publisher.clone(),
        execute_type: manifest.execute_type.clone(),
        contract: manifest.contract_text(),
    }
}

fn import(name: &str, kinds: &[Kind]) -> Import {
    Import { name: name.to_owned(), meaning: audit::meaning(name), allowed: audit::is_allowed(name, kinds) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_component_has_a_digest_and_a_problem() {
        let seen = inspect("notes.wasm", b"no component");
        let problem = seen.problem.expect("it is none");
        assert_eq!((problem.code(), problem.plugin.as_str(), seen.bytes), ("not-a-component", "notes.wasm", 12));
        assert!(seen.about.is_none() && seen.imports.is_empty());
    }
}
