//! The manifest: what a component says about itself. It travels inside the component, as text in TOML.
//!
//! What editors are told of it is `manifest/schema.rs`, which a test holds to what is read here.

mod check;
mod contract;
mod schema;
mod tables;

pub use contract::check_contract;
pub use schema::manifest_schema;

pub(crate) use contract::ContractRange;

use instar_core::id::PluginId;
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::command_pattern::CommandPattern;
use crate::config_schema::ConfigSchema;
use crate::error::Cause;
use crate::limits::asked::AskedLimits;
use crate::plugins::NamedSecret;
use crate::text;

/// `plugin.toml`. A field that is not known is refused by its name, so that a typing error is found.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct Manifest {
    /// The version of this format.
    manifest: u32,
    /// The versions of the contract that it is for; else what it imports and exports says it.
    pub contract: Option<ContractRange>,
    pub id: PluginId,
    pub version: String,
    #[serde(default)]
    pub description: String,
    /// The public key that its author signs with, as minisign prints it.
    pub publisher: Option<String>,
    /// The name of the execute type in jobs.json; only for plugins that export `execute`.
    pub execute_type: Option<String>,
    /// Secrets that the operator may give it, and what they are for.
    #[serde(default, rename = "secret")]
    pub secrets: Vec<SecretSlot>,
    /// What it asks for beyond thinking.
    #[serde(default)]
    pub capability: Asked,
    /// What it asks of the limits of its calls.
    #[serde(default)]
    pub limits: AskedLimits,
    /// The JSON Schema of its configuration.
    pub config: Option<Map<String, Value>>,
}

/// A secret that the plugin never sees.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct SecretSlot {
    /// What the plugin and `instar secret set` call it.
    pub name: String,
    /// What it is, for the one who has to find it.
    #[serde(default)]
    pub label: String,
    /// The variable of the environment that is read when no value was set.
    pub env: Option<String>,
    /// Where the host may put it.
    pub inject: Option<Inject>,
    /// What the plugin may have done with it.
    #[serde(default)]
    pub operations: Vec<Operation>,
}

/// The one place of a request, or of a command's environment, into which a secret is put.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct Inject {
    /// The only host that gets to see it.
    pub host: Option<String>,
    /// Instead of a host: the field of the plugin's configuration that holds the URL whose host gets to see it.
    pub setting: Option<String>,
    /// For an environment: the only program that gets to see it, as the manifest's commands write it.
    pub program: Option<String>,
    #[serde(rename = "in")]
    pub place: Place,
    /// Of the header, of the parameter or of the variable; in a path, `{name of the secret}` stands for it.
    pub name: Option<String>,
    /// What stands before it, such as `Bearer `.
    #[serde(default)]
    pub prefix: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Place {
    Path,
    Header,
    Query,
    Environment,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Operation {
    /// HMAC-SHA256, made and verified.
    Hmac,
    /// Comparison with a candidate.
    Equals,
}

/// `[capability.*]`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Asked {
    pub http: Option<AskedHttp>,
    pub kv: Option<AskedKv>,
    pub clock: Option<AskedClock>,
    pub jobs: Option<AskedJobs>,
    pub sessions: Option<AskedSessions>,
    pub events: Option<AskedEvents>,
    pub process: Option<AskedProcess>,
}

/// `[capability.http]`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct AskedHttp {
    pub allow: Vec<AllowRule>,
    /// Requests in a minute.
    #[serde(default = "default_rate")]
    pub rate_per_minute: u32,
    /// A request without its files.
    #[serde(default = "default_body")]
    pub request_bytes: u64,
    /// An answer that the plugin reads.
    #[serde(default = "default_body")]
    pub response_bytes: u64,
    /// A file, sent or downloaded.
    #[serde(default = "default_file")]
    pub file_bytes: u64,
}

/// Requests of these methods to these paths of one host.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct AllowRule {
    /// A name, asked by `https` at port 443.
    pub host: Option<String>,
    /// Instead of a host: the field of the plugin's configuration that holds a URL, or a list of them. Each is asked
    /// as it stands there.
    pub setting: Option<String>,
    pub methods: Vec<String>,
    /// `*` is one or more characters but `/`, `**` any.
    #[serde(default = "every_path")]
    pub paths: Vec<String>,
}

/// `[capability.kv]`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct AskedKv {
    /// Keys and values together, in bytes.
    pub quota: u64,
}

/// `[capability.clock]`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct AskedClock {}

/// `[capability.jobs]`: reads them.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct AskedJobs {
    /// And starts these; `*` at the end stands for anything.
    #[serde(default)]
    pub trigger: Vec<String>,
    /// Starts in a minute.
    #[serde(default = "default_triggers")]
    pub rate_per_minute: u32,
}

/// `[capability.sessions]`: reads what they print.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct AskedSessions {
    /// And types into them.
    #[serde(default)]
    pub write: bool,
    /// Texts in a minute.
    #[serde(default = "default_words")]
    pub rate_per_minute: u32,
}

/// `[capability.events]`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct AskedEvents {
    /// The types that it reads; `*` at the end stands for anything.
    #[serde(default)]
    pub read: Vec<String>,
    /// Notes events of its own.
    #[serde(default)]
    pub emit: bool,
    /// Of these in a minute.
    #[serde(default = "default_words")]
    pub rate_per_minute: u32,
}

/// `[capability.process]`: runs commands, with the rights of the host's user.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct AskedProcess {
    /// These, and no others.
    pub allow: Vec<CommandPattern>,
    /// So many at once.
    #[serde(default = "default_at_once")]
    pub at_once: u32,
    /// Starts in a minute.
    #[serde(default = "default_words")]
    pub rate_per_minute: u32,
    /// Of what a command prints, and of its errors.
    #[serde(default = "default_output")]
    pub output_bytes: u64,
}

impl AskedJobs {
    pub(crate) fn may_trigger(&self, slug: &str) -> bool {
        self.trigger.iter().any(|pattern| fits(pattern, slug))
    }
}

impl AskedEvents {
    pub(crate) fn may_read(&self, kind: &str) -> bool {
        self.read.iter().any(|pattern| fits(pattern, kind))
    }
}

/// A name, or the beginning of names.
fn fits(pattern: &str, name: &str) -> bool {
    pattern.strip_suffix('*').map_or(pattern == name, |begin| name.starts_with(begin))
}

const MOST_REQUESTS_A_MINUTE: u32 = 6_000;
const LARGEST_BODY: u64 = 16 << 20;
const LARGEST_FILE: u64 = 2 << 30;
const LARGEST_QUOTA: u64 = 64 << 20;
const MOST_AT_ONCE: u32 = 16;
const LARGEST_OUTPUT: u64 = 2 << 20;

fn default_rate() -> u32 {
    600
}

fn default_triggers() -> u32 {
    6
}

fn default_words() -> u32 {
    60
}

fn default_at_once() -> u32 {
    2
}

fn default_output() -> u64 {
    256 << 10
}

fn default_body() -> u64 {
    1 << 20
}

fn default_file() -> u64 {
    20 << 20
}

fn every_path() -> Vec<String> {
    vec!["/**".to_owned()]
}

impl Manifest {
    pub(crate) fn parse(bytes: &[u8]) -> Result<Self, Cause> {
        let bad = |why: String| Cause::BadManifest(why);
        let text = std::str::from_utf8(bytes).map_err(|_| bad("not UTF-8".to_owned()))?;
        let unread = |error: toml::de::Error| bad(text::clean(error.message()));
        let table: toml::Table = toml::from_str(text).map_err(unread)?;
        contract::check_host(&table)?;
        let manifest: Self = table.clone().try_into().map_err(unread)?;
        tables::check(&table).map_err(bad)?;
        manifest.check().map_err(bad)?;
        Ok(manifest)
    }

    /// What judges its configuration, if it brings a schema. Reading that takes longer than all else here.
    pub(crate) fn config_schema(&self) -> Result<Option<ConfigSchema>, Cause> {
        self.config.as_ref().map(ConfigSchema::compile).transpose().map_err(Cause::BadManifest)
    }
}

impl SecretSlot {
    /// Whether it is put into environments, and into no request.
    pub(crate) fn is_for_commands(&self) -> bool {
        self.inject.as_ref().is_some_and(|inject| inject.place == Place::Environment)
    }

    pub(crate) fn told(&self) -> NamedSecret {
        NamedSecret { name: self.name.clone(), label: text::clean(&self.label), env: self.env.clone() }
    }
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
        check_refused(&format!("{GOOD}capability = {{ kv = [7] }}"), "`kv` is a list of values");
        check_refused(&format!("{GOOD}publisher = \"me\""), "publisher");
    }

    #[test]
    fn what_is_asked_for_is_read() {
        let asks = "[[secret]]\nname = \"token\"\nenv = \"TOKEN\"\ninject = { host = \"api.x.org\", in = \"path\" }\n\
            [capability.http]\nallow = [{ host = \"api.x.org\", methods = [\"POST\"], paths = [\"/bot{token}/*\"] }]\n\
            [capability.kv]\nquota = 1000\n[capability.clock]\n";
        let manifest = Manifest::parse(format!("{GOOD}{asks}").as_bytes()).unwrap();
        assert_eq!(manifest.secrets[0].inject.as_ref().unwrap().place, Place::Path);
        assert_eq!(manifest.capability.kv, Some(AskedKv { quota: 1000 }));
        assert_eq!(manifest.capability.http.unwrap().rate_per_minute, 600);
    }

    #[test]
    fn a_pattern_is_a_name_or_the_beginning_of_names() {
        let jobs = AskedJobs { trigger: vec!["nightly".into(), "sync-*".into()], rate_per_minute: 1 };
        assert!(jobs.may_trigger("nightly") && jobs.may_trigger("sync-a"));
        assert!(!jobs.may_trigger("nightly2") && !jobs.may_trigger("sync") && !jobs.may_trigger(""));
    }

    #[test]
    fn what_nobody_may_ask_for_is_refused() {
        let http = |rule: &str| format!("{GOOD}[capability.http]\nallow = [{{ {rule}, methods = [\"GET\"] }}]\n");
        for host in ["*.x.org", "127.0.0.1", "X.org", "localhost", "x.org:80"] {
            check_refused(&http(&format!("host = {host:?}")), "name of a host");
        }
        check_refused(&http("paths = []"), "`host` or `setting`");
        check_refused(&format!("{GOOD}[capability.files]\n"), "files");
        check_refused(&format!("{GOOD}[capability.kv]\nquota = 100000000000\n"), "quota");
        let slot = "[[secret]]\nname = \"t\"\ninject = { host = \"x.org\", in = \"header\" }\n";
        check_refused(&format!("{GOOD}{slot}"), "`name`");
        check_refused(&format!("{GOOD}[capability.jobs]\ntrigger = [\"a*b\"]\n"), "beginning of names");
        check_refused(&format!("{GOOD}[capability.events]\nread = [\"\"]\n"), "beginning of names");
        for (asks, why) in [
            ("allow = []", "no command"),
            ("allow = [[\"sh\", \"...\", \"x\"]]", "at the end"),
            ("allow = [[\"ls\"]]\nat-once = 1000", "larger than"),
            ("allow = [\"ls\"]", ""),
        ] {
            check_refused(&format!("{GOOD}[capability.process]\n{asks}\n"), why);
        }
        for (inject, why) in [
            ("program = \"gh\", in = \"environment\", name = \"LD_PRELOAD\"", "LD_PRELOAD"),
            ("program = \"gh\", in = \"environment\", name = \"PATH\"", "PATH"),
            ("program = \"gh\", in = \"environment\"", "variable"),
            ("in = \"environment\", name = \"GH_TOKEN\"", "`program`"),
            ("host = \"x.org\", in = \"environment\", name = \"GH_TOKEN\"", "alone"),
            ("host = \"x.org\", program = \"gh\", in = \"path\"", "`program`"),
        ] {
            check_refused(&format!("{GOOD}[[secret]]\nname = \"t\"\ninject = {{ {inject} }}\n"), why);
        }
        let slot = "[[secret]]\nname = \"t\"\ninject = { in = \"path\" }\n";
        check_refused(&format!("{GOOD}{slot}"), "either `host` or `setting`");
    }
}
