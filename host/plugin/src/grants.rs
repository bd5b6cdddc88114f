//! What a plugin may do: what its manifest asks for and its imports show, as far as it is granted.
//!
//! This is the only place that decides it. What travels in the host's own binary is granted what its manifest asks
//! for. A file gets what the operator wrote down for exactly these bytes. Nobody is granted a private address: that
//! the operator does host by host.

use std::collections::{BTreeMap, BTreeSet};

use crate::audit::{self, Kind, RIGHTS};
use crate::error::Cause;
use crate::limits::asked as limits;
use crate::load::Origin;
use crate::manifest::{AskedEvents, AskedHttp, AskedJobs, AskedProcess, AskedSessions, Manifest, SecretSlot};

/// What the operator says about one plugin.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct OperatorSays {
    /// The rights that are granted to a component, by their names in the contract.
    pub grant: Option<Grant>,
    /// Where requests for a host go instead: `http://127.0.0.1:8081`. It may be a private address, and without TLS.
    pub hosts: BTreeMap<String, String>,
}

/// Rights for exactly one component.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grant {
    /// `blake3:` and the digest of the component in hexadecimal.
    pub digest: String,
    pub allow: BTreeSet<String>,
}

/// What a plugin may do.
#[derive(Debug, Clone, Default)]
pub(crate) struct Grants {
    pub clock: bool,
    /// How many bytes it may keep.
    pub kv: Option<u64>,
    pub secrets: Vec<SecretSlot>,
    pub http: Option<AskedHttp>,
    /// Without the right to start them, it names none that it may start.
    pub jobs: Option<AskedJobs>,
    pub sessions: Option<AskedSessions>,
    pub events: Option<AskedEvents>,
    pub process: Option<AskedProcess>,
    /// Whether it gets more than the usual limits.
    pub more_limits: bool,
    pub hosts: BTreeMap<String, String>,
}

/// Whether it is loaded, and with which rights. Imports that nothing explains are errors that name them.
pub(crate) fn decide(
    origin: &Origin,
    digest: &str,
    imports: &[String],
    kinds: &[Kind],
    manifest: &Manifest,
    operator: &OperatorSays,
) -> Result<Grants, Cause> {
    let asked = asked(manifest, kinds);
    let wanted: Vec<&str> = RIGHTS.into_iter().filter(|right| imports_right(imports, right)).collect();
    let unexplained: Vec<_> =
        wanted.iter().filter(|right| !asked.contains(**right)).map(|it| (*it).to_owned()).collect();
    if !unexplained.is_empty() {
        return Err(Cause::NotAsked(unexplained));
    }
    let granted = granted(origin, digest, operator, &asked);
    let missing: Vec<_> = wanted.iter().filter(|right| !granted.contains(**right)).map(|it| (*it).to_owned()).collect();
    if !missing.is_empty() {
        let way = match origin {
            Origin::Installed(what) => format!("`instar plugin grant {} {}` allows it", what.id, missing.join(" ")),
            Origin::Bundled { .. } | Origin::File(_) => format!(
                "grant it to these bytes in the config: `plugins.<id>.grants` with `digest` \"blake3:{digest}\" and `allow`"
            ),
        };
        return Err(Cause::NotGranted { rights: missing, way });
    }
    let has = |right: &str| granted.contains(right);
    let capability = &manifest.capability;
    Ok(Grants {
        clock: has("clock"),
        kv: capability.kv.as_ref().filter(|_| has("kv")).map(|kv| kv.quota),
        // A secret serves requests and operations: without both rights there is no use for it. Into commands it goes
        // only by its own right.
        secrets: manifest
            .secrets
            .iter()
            .filter(|slot| has("secrets") || (has("http") && !slot.is_for_commands()))
            .cloned()
            .collect(),
        http: capability.http.clone().filter(|_| has("http")),
        jobs: capability.jobs.clone().filter(|_| has("jobs")).map(|jobs| match has("jobs-trigger") {
            true => jobs,
            false => AskedJobs { trigger: Vec::new(), ..jobs },
        }),
        sessions: capability
            .sessions
            .clone()
            .filter(|_| has("sessions"))
            .map(|sessions| AskedSessions { write: sessions.write && has("sessions-write"), ..sessions }),
        events: capability
            .events
            .clone()
            .filter(|_| has("events"))
            .map(|events| AskedEvents { emit: events.emit && has("events-emit"), ..events }),
        process: capability.process.clone().filter(|_| has("process")),
        more_limits: has("limits"),
        hosts: operator.hosts.clone(),
    })
}

/// The rights that a manifest asks for; whether a limit is more than usual depends on what the plugin is.
pub(crate) fn asked(manifest: &Manifest, kinds: &[Kind]) -> BTreeSet<&'static str> {
    let capability = &manifest.capability;
    let asked = [
        ("clock", capability.clock.is_some()),
        ("kv", capability.kv.is_some()),
        ("secrets", !manifest.secrets.is_empty()),
        ("http", capability.http.is_some()),
        ("jobs", capability.jobs.is_some()),
        ("jobs-trigger", capability.jobs.as_ref().is_some_and(|jobs| !jobs.trigger.is_empty())),
        ("sessions", capability.sessions.is_some()),
        ("sessions-write", capability.sessions.as_ref().is_some_and(|sessions| sessions.write)),
        ("events", capability.events.is_some()),
        ("events-emit", capability.events.as_ref().is_some_and(|events| events.emit)),
        ("process", capability.process.is_some()),
        ("limits", limits::is_more(&manifest.limits, kinds)),
    ];
    asked.into_iter().filter(|(_, is_asked)| *is_asked).map(|(right, _)| right).collect()
}

fn granted<'a>(
    origin: &Origin,
    digest: &str,
    operator: &'a OperatorSays,
    asked: &BTreeSet<&'a str>,
) -> BTreeSet<&'a str> {
    let by_operator = operator.grant.as_ref();
    match origin {
        Origin::Bundled { .. } => asked.clone(),
        Origin::File(_) | Origin::Installed(_) => {
            let of_these_bytes = by_operator.filter(|grant| grant.digest.strip_prefix("blake3:") == Some(digest));
            let allowed = of_these_bytes.into_iter().flat_map(|grant| grant.allow.iter().map(String::as_str));
            allowed.filter(|right| asked.contains(right)).collect()
        }
    }
}

fn imports_right(imports: &[String], right: &str) -> bool {
    imports.iter().any(|import| audit::ours(import).is_some_and(|(interface, _)| interface == right))
}

#[cfg(test)]
mod tests {
    use super::*;

    const ASKS: &str =
        "manifest = 1\nid = \"n\"\nversion = \"1.0.0\"\n[capability.clock]\n[capability.kv]\nquota = 10\n";

    fn outcome(origin: &Origin, imports: &[&str], operator: &OperatorSays) -> Result<Grants, &'static str> {
        let manifest = Manifest::parse(ASKS.as_bytes()).unwrap();
        let imports: Vec<_> = imports.iter().map(|name| format!("instar:plugin/{name}@{}", audit::CONTRACT)).collect();
        decide(origin, "aa", &imports, &[Kind::Notifier], &manifest, operator).map_err(|cause| cause.code())
    }

    fn says(digest: &str, allow: &[&str]) -> OperatorSays {
        let allow = allow.iter().map(|right| (*right).to_owned()).collect();
        OperatorSays { grant: Some(Grant { digest: digest.to_owned(), allow }), ..OperatorSays::default() }
    }

    #[test]
    fn what_is_bundled_gets_what_its_manifest_asks_for_and_no_more() {
        let bundled = Origin::Bundled { name: "n".to_owned() };
        let grants = outcome(&bundled, &["kv", "log"], &OperatorSays::default()).unwrap();
        assert_eq!((grants.clock, grants.kv, grants.http), (true, Some(10), None));
        assert_eq!(outcome(&bundled, &["http"], &OperatorSays::default()).unwrap_err(), "not-asked");
    }

    #[test]
    fn what_changes_something_takes_a_grant_of_its_own() {
        let asks = "manifest = 1\nid = \"n\"\nversion = \"1.0.0\"\n[capability.jobs]\ntrigger = [\"a\"]\n\
            [capability.sessions]\nwrite = true\n[capability.events]\nemit = true\n";
        let manifest = Manifest::parse(asks.as_bytes()).unwrap();
        let file = Origin::File("n.wasm".into());
        let decided =
            |allow: &[&str]| decide(&file, "aa", &[], &[Kind::Notifier], &manifest, &says("blake3:aa", allow)).unwrap();
        let reads = decided(&["jobs", "sessions", "events"]);
        assert!(!reads.jobs.unwrap().may_trigger("a") && !reads.sessions.unwrap().write && !reads.events.unwrap().emit);
        let all = decided(&RIGHTS);
        assert!(all.jobs.unwrap().may_trigger("a") && all.sessions.unwrap().write && all.events.unwrap().emit);
        let writes = decided(&["jobs-trigger", "sessions-write", "events-emit"]);
        assert!(writes.jobs.is_none() && writes.sessions.is_none() && writes.events.is_none());
    }

    #[test]
    fn more_than_usual_limits_are_a_right_and_their_lack_is_no_error() {
        let manifest = "manifest = 1\nid = \"n\"\nversion = \"1.0.0\"\n[limits]\nmemory-bytes = 20971520\n";
        let manifest = Manifest::parse(manifest.as_bytes()).unwrap();
        let file = Origin::File("n.wasm".into());
        let more = |kind, allow: &[&str]| {
            let grants = decide(&file, "aa", &[], &[kind], &manifest, &says("blake3:aa", allow)).unwrap();
            grants.more_limits
        };
        assert!(more(Kind::RunGuard, &["limits"]) && !more(Kind::RunGuard, &[]));
        assert!(!more(Kind::Notifier, &["limits"]), "it asks for less than is usual");
    }

    #[test]
    fn a_file_gets_what_the_operator_wrote_down_for_its_bytes() {
        let file = Origin::File("n.wasm".into());
        assert_eq!(outcome(&file, &["kv"], &OperatorSays::default()).unwrap_err(), "not-granted");
        assert_eq!(outcome(&file, &["kv"], &says("blake3:bb", &["kv"])).unwrap_err(), "not-granted");
        assert_eq!(outcome(&file, &["kv"], &says("blake3:aa", &["clock"])).unwrap_err(), "not-granted");
        let grants = outcome(&file, &["kv"], &says("blake3:aa", &["kv", "http"])).unwrap();
        assert_eq!((grants.clock, grants.kv, grants.http), (false, Some(10), None));
        assert!(outcome(&file, &["log", "config"], &OperatorSays::default()).unwrap().kv.is_none());
    }
}
