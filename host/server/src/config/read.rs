//! From the text of the file to settings: one function per section, one line per key.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::time::Duration;

use instar_core::conversation::Rules;
use instar_core::id::PluginId;
use instar_core::retention::Retention;
use instar_core::route::Routes;
use instar_core::telling::{QuietHours, Telling};
use instar_plugin::{Grant, OperatorSays};
use jiff::SignedDuration;
use jiff::tz::TimeZone;
use serde_json::{Map, Value};

use super::Config;
use super::admission::{self, Sections};
use super::error::ConfigError;
use super::keys;
use super::parts::{
    Collector, HttpConfig, IntelligenceConfig, LifelineConfig, PluginConfig, PluginTrust, RETENTION, SchedulerConfig,
    SessionsConfig,
};
use super::project::Project;
use super::section::Section;
use super::token::Token;

pub(super) const COUNT: &str = "a whole number of at least 0";
const MEGABYTES: &str = "a whole number of megabytes of at least 0";
const FAILURES: &str = "a whole number from 0 (never) to 1000";
pub(super) const FLAG: &str = "true or false";
const TEXT: &str = "a text that is not blank";
const TEXTS: &str = "a list of texts that are not blank";

/// The plugin that runs the agent CLI; the predecessor's `sessions.claudePath` is its `command`.
const PROMPT_PLUGIN: &str = "execute-prompt";

/// Where a notifier's configuration names its chat.
const HOME_CHAT: &str = "chatId";

pub(super) fn parse(path: &Path, bytes: &[u8], project: &Project) -> Result<Config, ConfigError> {
    let broken = |reason: String| ConfigError::Json { path: path.to_owned(), reason };
    // Editors on other systems put a byte order mark there.
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let keys = match serde_json::from_slice(bytes).map_err(|error| broken(error.to_string()))? {
        Value::Object(keys) => keys,
        _ => return Err(broken("it must contain an object".to_owned())),
    };
    let unknown_keys = keys::unknown(&keys);
    let mut root = Section::root(path, keys);
    let (sessions, agent_command) = sessions(root.section("sessions")?)?;
    let mut of_plugins = root.section("plugins")?;
    let plugin_trust = plugin_trust(&mut of_plugins)?;
    let quarantine_after = quarantine_after(&mut of_plugins)?;
    let mut plugins = plugins(of_plugins)?;
    if let Some(command) = agent_command {
        add_agent_command(&mut plugins, &command);
    }
    let legacy_token = token(&mut root, "authToken")?;
    let (own_token, trust_loopback) = auth(root.section("auth")?)?;
    let mut of_scheduler = root.section("scheduler")?;
    let (monitoring, quota, budget) = (root.section("monitoring")?, root.section("quota")?, root.section("budget")?);
    let memory = root.section("memory")?;
    let mut of_conversations = root.section("conversations")?;
    let sections = Sections { scheduler: &mut of_scheduler, monitoring, quota, memory, budget };
    let (admission, quota) = admission::admission(sections, project)?;
    Ok(Config {
        project_name: text_or(&mut root, "projectName", || project.folder_name())?,
        port: port(&mut root)?,
        host: text_or(&mut root, "host", || "127.0.0.1".to_owned())?,
        token: own_token.or(legacy_token),
        trust_loopback,
        sessions,
        scheduler: scheduler(of_scheduler, project)?,
        admission,
        quota,
        retention: retention(root.section("retention")?)?,
        request_timeout: request_timeout(&mut root)?,
        http: http(root.section("http")?)?,
        intelligence: intelligence(root.section("intelligence")?)?,
        lifeline: lifeline(root.section("lifeline")?)?,
        collector: collector(root.section("telemetry")?)?,
        transcribe: texts(&mut of_conversations, "transcribe")?,
        conversations: conversations(of_conversations, root.section("notify")?, &plugins)?,
        plugins,
        plugin_trust,
        quarantine_after,
        unknown_keys,
    })
}

/// An empty text is taken as absent, as the predecessor took it.
fn text_or(section: &mut Section, key: &str, default: impl Fn() -> String) -> Result<String, ConfigError> {
    let text: Option<String> = section.take(key, "a text")?;
    Ok(text.map(|text| text.trim().to_owned()).filter(|text| !text.is_empty()).unwrap_or_else(default))
}

fn port(root: &mut Section) -> Result<u16, ConfigError> {
    let port = root.take("port", "a whole number from 1 to 65535")?;
    Ok(port.filter(|port| *port != 0).unwrap_or(Config::DEFAULT_PORT))
}

fn request_timeout(root: &mut Section) -> Result<Duration, ConfigError> {
    const EXPECTED: &str = "a whole number of milliseconds from 1 to 3600000";
    let millis = root.take_if("requestTimeoutMs", EXPECTED, |millis: &u64| (1..=3_600_000).contains(millis))?;
    Ok(Duration::from_millis(millis.unwrap_or(30_000)))
}

fn auth(mut auth: Section) -> Result<(Option<Token>, bool), ConfigError> {
    let token = token(&mut auth, "token")?;
    let trust_loopback = auth.take("trustLoopback", FLAG)?.unwrap_or(false);
    Ok((token, trust_loopback))
}

/// An empty token is none: it opens nothing.
fn token(section: &mut Section, key: &str) -> Result<Option<Token>, ConfigError> {
    const EXPECTED: &str = "a text of visible ASCII characters without spaces";
    match section.take::<String>(key, EXPECTED)?.as_deref() {
        None | Some("") => Ok(None),
        Some(text) => Token::new(text).map(Some).ok_or_else(|| section.wrong(key, EXPECTED)),
    }
}

/// The section, and the path of the agent CLI as the predecessor kept it.
fn sessions(mut section: Section) -> Result<(SessionsConfig, Option<String>), ConfigError> {
    let defaults = SessionsConfig::default();
    let sessions = SessionsConfig {
        max_sessions: section.take("maxSessions", COUNT)?.unwrap_or(defaults.max_sessions),
        protected: texts(&mut section, "protectedSessions")?,
        pass_env: texts(&mut section, "passEnv")?,
        tmux_path: text(&mut section, "tmuxPath")?.map(PathBuf::from),
        default_timeout_ms: minutes(&mut section, "defaultTimeoutMinutes")?.unwrap_or(defaults.default_timeout_ms),
        idle_timeout: minutes(&mut section, "idleTimeoutMinutes")?
            .and_then(|millis| i64::try_from(millis).ok())
            .map_or(defaults.idle_timeout, SignedDuration::from_millis),
    };
    let agent_command = text(&mut section, "claudePath")?;
    Ok((sessions, agent_command))
}

/// In milliseconds.
fn minutes(section: &mut Section, key: &'static str) -> Result<Option<u64>, ConfigError> {
    const EXPECTED: &str = "a number of minutes above 0 and at most 525600";
    let is_fine = |minutes: &f64| *minutes > 0.0 && *minutes <= 525_600.0;
    let minutes = section.take_if(key, EXPECTED, is_fine)?;
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "checked to be positive and small")]
    Ok(minutes.map(|minutes| (minutes * 60_000.0).ceil() as u64))
}

fn scheduler(mut section: Section, project: &Project) -> Result<SchedulerConfig, ConfigError> {
    let jobs_file = text(&mut section, "jobsFile")?.map_or_else(|| project.jobs_file(), PathBuf::from);
    let scheduler = SchedulerConfig {
        enabled: section.take("enabled", FLAG)?.unwrap_or(false),
        jobs_file: project.dir().join(jobs_file),
        timezone: zone(&mut section, "timezone")?,
        max_parallel_jobs: section.take("maxParallelJobs", COUNT)?.unwrap_or(2),
        pause_after_failures: section
            .take_if("pauseAfterFailures", FAILURES, |count: &u32| *count <= 1000)?
            .unwrap_or(0),
    };
    Ok(scheduler)
}

fn collector(mut section: Section) -> Result<Option<Collector>, ConfigError> {
    const EXPECTED: &str =
        "an address such as http://127.0.0.1:4318 (for a collector with TLS, let one on this machine pass traces on)";
    let is_fine = |url: &String| url.trim().is_empty() || Collector::parse(url.trim()).is_some();
    Ok(section.take_if("otlpEndpoint", EXPECTED, is_fine)?.and_then(|url| Collector::parse(url.trim())))
}

/// An empty name is none.
fn zone(section: &mut Section, key: &str) -> Result<Option<TimeZone>, ConfigError> {
    const EXPECTED: &str = "the IANA name of a time zone, such as \"Europe/Berlin\"";
    match section.take::<String>(key, EXPECTED)?.as_deref() {
        None | Some("") => Ok(None),
        Some(name) => TimeZone::get(name).map(Some).map_err(|_| section.wrong(key, EXPECTED)),
    }
}

fn retention(mut section: Section) -> Result<Retention, ConfigError> {
    let megabytes = section.take_if("maxOutputMegabytes", MEGABYTES, |most: &u64| *most <= 1 << 40)?;
    let retention = Retention {
        runs_days: days(&mut section, "runsDays")?.unwrap_or(RETENTION.runs_days),
        events_days: days(&mut section, "eventsDays")?.unwrap_or(RETENTION.events_days),
        output_days: days(&mut section, "outputDays")?.unwrap_or(RETENTION.output_days),
        max_runs: section.take("maxRuns", COUNT)?.unwrap_or(RETENTION.max_runs),
        max_events: section.take("maxEvents", COUNT)?.unwrap_or(RETENTION.max_events),
        max_output_bytes: megabytes.map_or(RETENTION.max_output_bytes, |most| most << 20),
        messages_days: days(&mut section, "messagesDays")?.unwrap_or(RETENTION.messages_days),
    };
    Ok(retention)
}

fn days(section: &mut Section, key: &str) -> Result<Option<u32>, ConfigError> {
    section.take_if(key, "a whole number of days from 0 to 36500", |days: &u32| *days <= 36_500)
}

fn http(mut section: Section) -> Result<HttpConfig, ConfigError> {
    const ORIGINS: &str = "a list of origins such as \"https://dash.example.com\"";
    let hosts = texts(&mut section, "allowedHosts")?;
    let origins =
        section.take_if("allowedOrigins", ORIGINS, |list: &Vec<String>| list.iter().all(|it| is_origin(it)))?;
    let lower = |list: Vec<String>| list.iter().map(|it| it.trim_end_matches('/').to_ascii_lowercase()).collect();
    Ok(HttpConfig { allowed_hosts: lower(hosts), allowed_origins: lower(origins.unwrap_or_default()) })
}

fn intelligence(mut section: Section) -> Result<IntelligenceConfig, ConfigError> {
    const SECONDS: &str = "a whole number of seconds from 1 to 3600";
    let command = texts(&mut section, "command")?;
    let seconds = section.take_if("timeoutSeconds", SECONDS, |seconds: &u64| (1..=3600).contains(seconds))?;
    Ok(IntelligenceConfig { command, timeout: Duration::from_secs(seconds.unwrap_or(120)) })
}

fn lifeline(mut section: Section) -> Result<LifelineConfig, ConfigError> {
    const SECONDS: &str = "a whole number of seconds from 5 to 3600";
    let seconds = section.take_if("startSeconds", SECONDS, |seconds: &u64| (5..=3600).contains(seconds))?;
    Ok(LifelineConfig { start_limit: Duration::from_secs(seconds.unwrap_or(120)) })
}

/// `*` and `null` are none: they would let every page in.
fn is_origin(text: &str) -> bool {
    let Some((scheme, rest)) = text.split_once("://") else { return false };
    let host = rest.trim_end_matches('/');
    !scheme.is_empty()
        && !host.is_empty()
        && host.bytes().all(|byte| byte.is_ascii_graphic() && !b"/*?#@".contains(&byte))
}

fn plugins(mut section: Section) -> Result<BTreeMap<PluginId, PluginConfig>, ConfigError> {
    let mut plugins = BTreeMap::new();
    for name in section.names() {
        let id = name.parse::<PluginId>().map_err(|_| section.wrong(&name, "named by the id of a plugin"))?;
        let mut plugin = section.section(&name)?;
        let enabled = plugin.take("enabled", FLAG)?.unwrap_or(true);
        let config: Map<String, Value> = plugin.take("config", "an object")?.unwrap_or_default();
        let operator = operator(&mut plugin)?;
        plugins.insert(id, PluginConfig { enabled, config, operator });
    }
    Ok(plugins)
}

/// Whose plugins may be installed.
fn plugin_trust(section: &mut Section) -> Result<PluginTrust, ConfigError> {
    const KEYS: &str = "a list of public keys as minisign prints them, such as \"RWQf6LRCGA9i5…\"";
    let required = section.take("requireSignature", FLAG)?.unwrap_or(false);
    let are_keys = |keys: &Vec<String>| keys.iter().all(|key| crate::installed::is_key(key));
    let keys = section.take_if("trustedKeys", KEYS, are_keys)?.unwrap_or_default();
    Ok(PluginTrust { required, keys })
}

fn quarantine_after(section: &mut Section) -> Result<u32, ConfigError> {
    let expected = "a whole number from 0 to 1000";
    Ok(section.take_if("quarantineAfter", expected, |count: &u32| *count <= 1000)?.unwrap_or(5))
}

/// What the operator grants a plugin, and what stands for a host.
fn operator(plugin: &mut Section) -> Result<OperatorSays, ConfigError> {
    let are_bases = |hosts: &BTreeMap<String, String>| hosts.values().all(|base| is_base(base));
    let expected = "an object of hosts, each with a URL such as \"http://127.0.0.1:8081\"";
    let hosts = plugin.section("http")?.take_if("hosts", expected, are_bases)?.unwrap_or_default();
    let mut grants = plugin.section("grants")?;
    let is_digest = |digest: &String| {
        digest
            .strip_prefix("blake3:")
            .is_some_and(|hex| hex.len() == 64 && hex.bytes().all(|it| it.is_ascii_hexdigit()))
    };
    let digest: Option<String> = grants.take_if("digest", "\"blake3:\" and 64 hexadecimal digits", is_digest)?;
    let are_rights =
        |allow: &BTreeSet<String>| allow.iter().all(|right| instar_plugin::RIGHTS.contains(&right.as_str()));
    let allow =
        grants.take_if("allow", "a list of rights, such as \"clock\", \"kv\", \"secrets\" and \"http\"", are_rights)?;
    let grant = match (digest, allow) {
        (Some(digest), Some(allow)) => Some(Grant { digest, allow }),
        (None, None) => None,
        (Some(_), None) => return Err(grants.wrong("allow", "there when `digest` is")),
        (None, Some(_)) => return Err(grants.wrong("digest", "there when `allow` is")),
    };
    Ok(OperatorSays { grant, hosts })
}

/// `http://` or `https://`, a host, perhaps a port and a path.
fn is_base(url: &str) -> bool {
    let Ok(uri) = url.parse::<hyper::Uri>() else { return false };
    let is_http = matches!(uri.scheme_str(), Some("http" | "https"));
    is_http && uri.query().is_none() && uri.authority().is_some_and(|authority| !authority.as_str().contains('@'))
}

/// The chat that a notifier is at home in is one in which people may speak.
fn conversations(
    mut section: Section,
    notify: Section,
    plugins: &BTreeMap<PluginId, PluginConfig>,
) -> Result<Rules, ConfigError> {
    const MINUTES: &str = "a whole number of minutes from 0 (for ever) to 10080";
    let minutes = section.take_if("stallTimeoutMinutes", MINUTES, |minutes: &u16| *minutes <= 10_080)?.unwrap_or(5);
    let chats = plugins.iter().filter_map(|(id, plugin)| Some((id.clone(), chat(plugin.config.get(HOME_CHAT)?)?)));
    let threads = section.take("threads", FLAG)?.unwrap_or(true);
    let stall_after = (minutes > 0).then(|| SignedDuration::from_mins(i64::from(minutes)));
    Ok(Rules { chats: chats.collect(), stall_after, threads, telling: telling(notify)? })
}

/// An empty text is no hours.
fn telling(mut section: Section) -> Result<Telling, ConfigError> {
    const HOURS: &str = "two times of a day, such as \"22:00-07:00\"";
    const MINUTES: &str = "a whole number of minutes from 0 (at once) to 1440";
    const ROUTES: &str =
        "an object such as {\"job:SLUG\": [\"telegram:42\"], \"severity:high\": [\"user:ID\"], \"*\": [\"webhook\"]}";
    let is_fine = |text: &String| text.trim().is_empty() || QuietHours::parse(text).is_some();
    let quiet = section.take_if("quietHours", HOURS, is_fine)?.and_then(|text| QuietHours::parse(&text));
    let minutes = section.take_if("digestMinutes", MINUTES, |minutes: &u16| *minutes <= 1440)?.unwrap_or(0);
    let digest = (minutes > 0).then(|| SignedDuration::from_mins(i64::from(minutes)));
    let routes = section.take_if("routes", ROUTES, |routes: &Map<String, Value>| Routes::parse(routes).is_some())?;
    let routes = routes.and_then(|routes| Routes::parse(&routes)).unwrap_or_default();
    Ok(Telling { quiet, digest, routes })
}

/// A text or a number, as people write ids of chats.
fn chat(value: &Value) -> Option<String> {
    let text = value.as_str().map(|text| text.trim().to_owned());
    text.filter(|text| !text.is_empty()).or_else(|| value.as_i64().map(|number| number.to_string()))
}

fn add_agent_command(plugins: &mut BTreeMap<PluginId, PluginConfig>, command: &str) {
    let Ok(id) = PROMPT_PLUGIN.parse() else { return };
    let config = &mut plugins.entry(id).or_default().config;
    config.entry("command").or_insert_with(|| Value::from(command));
}

pub(super) fn text(section: &mut Section, key: &str) -> Result<Option<String>, ConfigError> {
    section.take_if(key, TEXT, |text: &String| !text.trim().is_empty())
}

fn texts(section: &mut Section, key: &str) -> Result<Vec<String>, ConfigError> {
    let is_fine = |list: &Vec<String>| list.iter().all(|text| !text.trim().is_empty());
    Ok(section.take_if(key, TEXTS, is_fine)?.unwrap_or_default())
}
