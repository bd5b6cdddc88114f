//! The settings of one project: `.instar/config.json`, merged key by key with the defaults.
//!
//! An absent file is all defaults. What cannot be read is an error that names the file or the key; a key that
//! this version does not know is kept out of the way and reported by [`Config::unknown_keys`].
//! Writing the file is left to the CLI.

mod admission;
mod error;
pub(crate) mod keys;
mod parts;
mod project;
mod read;
mod section;
mod token;

pub(crate) use admission::QuotaConfig;
pub(crate) use error::ConfigError;
pub(crate) use parts::{
    Collector, HttpConfig, IntelligenceConfig, LifelineConfig, PluginConfig, PluginTrust, SchedulerConfig,
    SessionsConfig,
};
pub(crate) use project::Project;
pub(crate) use token::Token;

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Read as _};
use std::path::Path;
use std::time::Duration;

use instar_core::admission::AdmissionRules;
use instar_core::id::PluginId;
use instar_core::retention::Retention;

/// What an operator may decide. Every field says which key it comes from.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Config {
    /// `projectName`: how the project is called; the name of its folder.
    pub(crate) project_name: String,
    /// `port`: where the API listens, 4040. 0 counts as absent.
    pub(crate) port: u16,
    /// `host`: the address the API listens on, 127.0.0.1. Any other than loopback needs a token.
    pub(crate) host: String,
    /// `auth.token`, or `authToken` as the predecessor wrote it. Without one the API is closed on TCP.
    pub(crate) token: Option<Token>,
    /// `auth.trustLoopback`: programs of this machine need no token, false.
    pub(crate) trust_loopback: bool,
    /// `sessions`
    pub(crate) sessions: SessionsConfig,
    /// `scheduler`
    pub(crate) scheduler: SchedulerConfig,
    /// `scheduler`, `monitoring`, `quota` and `budget`: when runs may start.
    pub(crate) admission: AdmissionRules,
    /// `monitoring.quotaStateFile` and `quota`: where quota data comes from.
    pub(crate) quota: QuotaConfig,
    /// `retention`: how long what has ended is kept.
    pub(crate) retention: Retention,
    /// `requestTimeoutMs`: how long a request may take, 30000.
    pub(crate) request_timeout: Duration,
    /// `http`
    pub(crate) http: HttpConfig,
    /// `intelligence`: who is asked for opinions.
    pub(crate) intelligence: IntelligenceConfig,
    /// `lifeline`
    pub(crate) lifeline: LifelineConfig,
    /// `telemetry.otlpEndpoint`: where traces of runs go; nowhere.
    pub(crate) collector: Option<Collector>,
    /// `conversations`, and the `chatId` of plugins: where people may speak with sessions.
    pub(crate) conversations: instar_core::conversation::Rules,
    /// `conversations.transcribe`: program and arguments, none.
    pub(crate) transcribe: Vec<String>,
    /// `plugins.<id>`: settings of single plugins.
    pub(crate) plugins: BTreeMap<PluginId, PluginConfig>,
    /// `plugins.requireSignature` and `plugins.trustedKeys`
    pub(crate) plugin_trust: PluginTrust,
    /// `plugins.quarantineAfter`: calls in a row without an answer, 5; 0: never.
    pub(crate) quarantine_after: u32,
    unknown_keys: Vec<String>,
}

impl Config {
    /// Where the API listens when nothing else was decided.
    pub(crate) const DEFAULT_PORT: u16 = 4040;

    /// Reads the settings of a project.
    pub(crate) fn load(project: &Project) -> Result<Self, ConfigError> {
        let path = project.config_file();
        match read_settings(&path) {
            Ok(bytes) if bytes.len() as u64 > LARGEST_FILE => Err(ConfigError::TooLarge { path }),
            Ok(bytes) => read::parse(&path, &bytes, project),
            Err(error) if error.kind() == io::ErrorKind::NotFound => read::parse(&path, b"{}", project),
            Err(source) => Err(ConfigError::Read { path, source }),
        }
    }

    /// The settings that a text would be, for an editor that looks before it writes.
    pub(crate) fn of_text(project: &Project, text: &str) -> Result<Self, ConfigError> {
        read::parse(&project.config_file(), text.as_bytes(), project)
    }

    /// Keys of the file that have no effect, such as `sessions.colour`.
    pub(crate) fn unknown_keys(&self) -> &[String] {
        &self.unknown_keys
    }

    /// Whether the API listens on this machine only.
    pub(crate) fn is_loopback(&self) -> bool {
        let host = self.host.trim_start_matches('[').trim_end_matches(']');
        host.eq_ignore_ascii_case("localhost")
            || host.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
    }
}

/// Far more than settings need: what is larger is another file.
const LARGEST_FILE: u64 = 4 * 1024 * 1024;

/// The bytes of a file; of one that is too large, enough to see that.
fn read_settings(path: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    File::open(path)?.take(LARGEST_FILE + 1).read_to_end(&mut bytes)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests;
