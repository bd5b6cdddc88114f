//! The table of keys: the one place that says which keys `config.json` may have, and what each means.
//!
//! Warnings about unknown keys, `instar config`, its JSON Schema and the table in the README come from here.
//! How a value becomes a setting stands in `read`; a test holds the two together.

use serde_json::{Map, Value, json};

/// What a key may hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Text,
    /// A text that is shown to nobody unasked.
    Secret,
    Flag,
    /// A whole number from, to.
    Whole(u64, u64),
    Minutes,
    /// A number from 0 to this.
    Number(u32),
    Choice(&'static [&'static str]),
    /// `http://host:port`, without TLS.
    Address,
    Texts,
    /// The IANA name of a time zone.
    Zone,
    /// Whose keys are not ours.
    Object,
}

/// One key. `<id>` in its name stands for any plugin.
#[derive(Debug)]
pub(crate) struct Key {
    pub(crate) name: &'static str,
    pub(crate) kind: Kind,
    /// As JSON; empty where there is none that is the same everywhere.
    pub(crate) default: &'static str,
    pub(crate) meaning: &'static str,
}

const fn key(name: &'static str, kind: Kind, default: &'static str, meaning: &'static str) -> Key {
    Key { name, kind, default, meaning }
}

/// The largest number of things that anybody counts here.
const MANY: u64 = u32::MAX as u64;

pub(crate) const KEYS: [Key; 65] = [
    key("projectName", Kind::Text, "", "how the project is called; the name of its folder"),
    key("port", Kind::Whole(0, 65_535), "4040", "where the API listens; 0 counts as absent"),
    key("host", Kind::Text, "\"127.0.0.1\"", "the address the API listens on; any other than loopback needs a token"),
    key("auth.token", Kind::Secret, "", "opens the API on TCP; `init` makes one"),
    key("auth.trustLoopback", Kind::Flag, "false", "programs of this machine need no token"),
    key("authToken", Kind::Secret, "", "the token as the predecessor wrote it; `auth.token` wins"),
    key("requestTimeoutMs", Kind::Whole(1, 3_600_000), "30000", "how long a request may take"),
    key("scheduler.enabled", Kind::Flag, "false", "whether jobs fire by themselves; `init` writes `true`"),
    key(
        "scheduler.jobsFile",
        Kind::Text,
        "\".instar/jobs.json\"",
        "where the jobs are; a relative path begins at the project",
    ),
    key(
        "scheduler.timezone",
        Kind::Zone,
        "",
        "the zone of jobs that name none, such as `Europe/Berlin`; the machine's",
    ),
    key("scheduler.maxParallelJobs", Kind::Whole(0, MANY), "2", "how many runs may be under way; at 0 every run waits"),
    key("scheduler.gateTimeoutSeconds", Kind::Whole(1, 3600), "10", "how long a gate may take whose job does not say"),
    key(
        "scheduler.tagLimits",
        Kind::Object,
        "{}",
        "how many runs of a tag may be under way, such as `{\"browser\": 1}`",
    ),
    key(
        "scheduler.jitterSeconds",
        Kind::Whole(0, 3600),
        "0",
        "by how much jobs may start after their due times, each by its own share of it",
    ),
    key(
        "scheduler.quotaThresholds.normal",
        Kind::Number(100),
        "50",
        "percent of the week from which `low` does not run",
    ),
    key("scheduler.quotaThresholds.elevated", Kind::Number(100), "70", "the same for `normal`"),
    key("scheduler.quotaThresholds.critical", Kind::Number(100), "85", "the same for `high`"),
    key(
        "scheduler.quotaThresholds.shutdown",
        Kind::Number(100),
        "95",
        "from here on only `critical` runs, whatever the others say",
    ),
    key("monitoring.quotaTracking", Kind::Flag, "true", "`false`: quota data holds nobody back"),
    key(
        "monitoring.quotaStateFile",
        Kind::Text,
        "\".instar/quota-state.json\"",
        "where quota data is; a relative path begins at the project",
    ),
    key("monitoring.memoryMonitoring", Kind::Flag, "true", "`false`: the memory of the machine holds nobody back"),
    key("memory.elevatedPercent", Kind::Number(100), "75", "from here on `normal` and `low` do not start"),
    key("memory.criticalPercent", Kind::Number(100), "90", "from here on only `critical` starts"),
    key("quota.collector", Kind::Text, "", "a shell command that prints quota data, or writes the file"),
    key("quota.collectMinutes", Kind::Whole(1, 1440), "5", "how often it runs at most, and only while jobs are due"),
    key("quota.staleAfterMinutes", Kind::Whole(1, 525_600), "30", "older quota data is ignored"),
    key(
        "quota.fallbackModel",
        Kind::Choice(&["opus", "sonnet", "haiku"]),
        "",
        "what runs get under pressure that ask for a larger model",
    ),
    key("budget.runsPerDay", Kind::Whole(0, 1 << 53), "", "how many runs may begin in a day, of all jobs together"),
    key("budget.tokensPerDay", Kind::Whole(0, 1 << 53), "", "no run begins in a day once this many tokens were taken"),
    key(
        "budget.costPerDayUsd",
        Kind::Number(1_000_000),
        "",
        "no run begins in a day once this many US dollars were taken",
    ),
    key(
        "scheduler.pauseAfterFailures",
        Kind::Whole(0, 1000),
        "0",
        "a job that fails so often in a row is paused; at 0 none is",
    ),
    key(
        "retention.runsDays",
        Kind::Whole(0, 36_500),
        "90",
        "how many days ended runs and their sessions are kept; the run of a due time for two at least",
    ),
    key("retention.maxRuns", Kind::Whole(0, MANY), "50000", "how many ended runs are kept"),
    key("retention.eventsDays", Kind::Whole(0, 36_500), "30", "how many days events and settled deliveries are kept"),
    key("retention.maxEvents", Kind::Whole(0, MANY), "200000", "how many events are kept"),
    key("retention.outputDays", Kind::Whole(0, 36_500), "14", "how many days the output of ended sessions is kept"),
    key(
        "retention.maxOutputMegabytes",
        Kind::Whole(0, 1 << 40),
        "1024",
        "how much output of ended sessions is kept, the newest first",
    ),
    key(
        "retention.messagesDays",
        Kind::Whole(0, 36_500),
        "365",
        "what people and agents said to each other goes after so many days",
    ),
    key(
        "telemetry.otlpEndpoint",
        Kind::Address,
        "",
        "a collector that gets the traces of runs (OTLP over HTTP), such as `http://127.0.0.1:4318`",
    ),
    key("sessions.maxSessions", Kind::Whole(0, MANY), "3", "how many sessions may live at once; at 0 every run waits"),
    key("sessions.defaultTimeoutMinutes", Kind::Minutes, "240", "the time limit of a run whose job names none"),
    key(
        "sessions.idleTimeoutMinutes",
        Kind::Minutes,
        "60",
        "how long a session with an agent may wait for a message before it is ended",
    ),
    key("sessions.protectedSessions", Kind::Texts, "[]", "names of sessions that the API does not end"),
    key(
        "sessions.passEnv",
        Kind::Texts,
        "[]",
        "variables that sessions get beside the usual ones; `NAME*` for a family",
    ),
    key("sessions.tmuxPath", Kind::Text, "", "a tmux other than the one on the PATH"),
    key(
        "sessions.claudePath",
        Kind::Text,
        "",
        "the agent CLI as the predecessor wrote it; the plugin's `command` wins",
    ),
    key("http.allowedHosts", Kind::Texts, "[]", "further names under which the API is reached"),
    key(
        "http.allowedOrigins",
        Kind::Texts,
        "[]",
        "web pages that may call the API, such as `https://dash.example.com`",
    ),
    key(
        "intelligence.command",
        Kind::Texts,
        "[]",
        "program and arguments; it reads a question about a run of a job with `supervision`, and prints an opinion",
    ),
    key("intelligence.timeoutSeconds", Kind::Whole(1, 3_600), "120", "how long an opinion may take"),
    key(
        "conversations.stallTimeoutMinutes",
        Kind::Whole(0, 10_080),
        "5",
        "how long an agent may leave people without an answer before they are told; 0 is for ever",
    ),
    key(
        "conversations.threads",
        Kind::Flag,
        "true",
        "whether each job and each item of the attention queue has a thread of its own, where a notifier has threads",
    ),
    key(
        "conversations.transcribe",
        Kind::Texts,
        "[]",
        "program and arguments; it gets the path of a voice message behind them, and prints what is said in it",
    ),
    key(
        "notify.quietHours",
        Kind::Text,
        "",
        "hours such as `22:00-07:00`, in `scheduler.timezone`, in which people are told only what is grave; the rest waits for their end",
    ),
    key(
        "notify.digestMinutes",
        Kind::Whole(0, 1440),
        "0",
        "what is of little weight is told together, every so many minutes; at 0 each at once",
    ),
    key(
        "notify.routes",
        Kind::Object,
        "{}",
        "who is told what: `job:SLUG`, `tag:TAG`, `severity:high` (or worse) or `*`, each with a list such as `[\"telegram:42\", \"user:ada\", \"webhook\"]`; all rows that fit count, and what none fits goes to every notifier",
    ),
    key(
        "lifeline.startSeconds",
        Kind::Whole(5, 3_600),
        "120",
        "how long a server may take to its first answer before the lifeline starts another one",
    ),
    key(
        "plugins.requireSignature",
        Kind::Flag,
        "false",
        "only plugins that one of `plugins.trustedKeys` signed are installed",
    ),
    key(
        "plugins.trustedKeys",
        Kind::Texts,
        "[]",
        "public keys of authors, as minisign prints them: what they signed needs no other key",
    ),
    key(
        "plugins.quarantineAfter",
        Kind::Whole(0, 1_000),
        "5",
        "a plugin is not called any more after so many calls in a row without an answer; 0 is never",
    ),
    key("plugins.<id>.enabled", Kind::Flag, "true", "`false` leaves the plugin out"),
    key(
        "plugins.<id>.config",
        Kind::Object,
        "{}",
        "handed to the plugin as it stands, if its schema has nothing against it",
    ),
    key(
        "plugins.<id>.http.hosts",
        Kind::Object,
        "{}",
        "sends requests for a host elsewhere, such as `{\"api.telegram.org\": \"http://127.0.0.1:8081\"}`; it may be a private address",
    ),
    key(
        "plugins.<id>.grants.digest",
        Kind::Text,
        "",
        "the bytes of a plugin's file that get the rights, as `instar plugin inspect` prints them",
    ),
    key(
        "plugins.<id>.grants.allow",
        Kind::Texts,
        "[]",
        "their rights: `clock`, `kv`, `secrets`, `http`, `jobs`, `jobs-trigger`, `sessions`, `sessions-write`, `events`, `events-emit`, `process`, `limits`",
    ),
];

impl Key {
    /// The default as a value; `None` where there is none that is the same everywhere.
    pub(crate) fn default_value(&self) -> Option<Value> {
        serde_json::from_str(self.default).ok()
    }

    /// Whether a dotted name is this key's; below an object any name is.
    fn is(&self, name: &str) -> bool {
        let mut given = name.split('.');
        let fits = self.name.split('.').all(|part| given.next().is_some_and(|word| part == "<id>" || part == word));
        fits && (self.kind == Kind::Object || given.next().is_none())
    }

    fn is_below(&self, section: &str) -> bool {
        let mut parts = self.name.split('.');
        section.split('.').all(|word| parts.next().is_some_and(|part| part == "<id>" || part == word))
            && parts.next().is_some()
    }

    fn schema(&self) -> Value {
        let mut schema = match self.kind {
            Kind::Text | Kind::Zone => json!({ "type": "string" }),
            Kind::Secret => json!({ "type": "string", "pattern": "^[!-~]*$" }),
            Kind::Flag => json!({ "type": "boolean" }),
            Kind::Whole(least, most) => json!({ "type": "integer", "minimum": least, "maximum": most }),
            Kind::Minutes => json!({ "type": "number", "exclusiveMinimum": 0, "maximum": 525_600 }),
            Kind::Number(most) => json!({ "type": "number", "minimum": 0, "maximum": most }),
            Kind::Choice(choices) => json!({ "enum": choices }),
            Kind::Address => json!({ "type": "string", "pattern": "^http://" }),
            Kind::Texts => json!({ "type": "array", "items": { "type": "string", "minLength": 1 } }),
            Kind::Object => json!({ "type": "object" }),
        };
        schema["description"] = self.meaning.into();
        if let Some(default) = self.default_value() {
            schema["default"] = default;
        }
        schema
    }
}

/// The key that a dotted name belongs to.
pub(crate) fn find(name: &str) -> Option<&'static Key> {
    KEYS.iter().find(|key| key.is(name))
}

/// The dotted names of a file's keys that have no effect.
pub(super) fn unknown(file: &Map<String, Value>) -> Vec<String> {
    let mut found = Vec::new();
    collect(file, "", &mut |name, is_known| {
        if !is_known {
            found.push(name.to_owned());
        }
    });
    found.sort();
    found
}

/// The dotted names of a file's keys that have an effect.
pub(crate) fn known(file: &Map<String, Value>) -> Vec<String> {
    let mut found = Vec::new();
    collect(file, "", &mut |name, is_known| {
        if is_known {
            found.push(name.to_owned());
        }
    });
    found
}

fn collect(object: &Map<String, Value>, section: &str, tell: &mut dyn FnMut(&str, bool)) {
    for (word, value) in object {
        let name = if section.is_empty() { word.clone() } else { format!("{section}.{word}") };
        let is_section = KEYS.iter().any(|key| key.is_below(&name));
        match value {
            _ if find(&name).is_some() => tell(&name, true),
            Value::Object(keys) if is_section => collect(keys, &name, tell),
            // An absent section, and a null one, is empty.
            _ if is_section => {}
            _ => tell(&name, false),
        }
    }
}

/// JSON Schema of `config.json`, for editors. Keys that are not known are kept, so they are allowed.
pub(crate) fn schema() -> Value {
    let mut schema = json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "instar: .instar/config.json",
        "type": "object",
        "properties": {},
    });
    for key in &KEYS {
        let mut place = &mut schema;
        for part in key.name.split('.') {
            if place.get("type").is_none() {
                place["type"] = "object".into();
            }
            place = if part == "<id>" { &mut place["additionalProperties"] } else { &mut place["properties"][part] };
        }
        *place = key.schema();
    }
    schema
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(key: &Key) -> String {
        let default = if key.default.is_empty() { "–".to_owned() } else { format!("`{}`", key.default) };
        format!("| `{}` | {default} | {} |", key.name, key.meaning)
    }

    #[test]
    fn the_readme_has_the_table_of_keys() {
        let readme = include_str!("../../../../README.md");
        let table: Vec<_> = KEYS.iter().map(row).collect();
        assert!(readme.contains(&table.join("\n")), "README.md should have these rows:\n{}", table.join("\n"));
    }

    #[test]
    fn names_find_their_keys() {
        assert_eq!(find("plugins.a.config.command").map(|key| key.name), Some("plugins.<id>.config"));
        assert_eq!(find("sessions.maxSessions").map(|key| key.name), Some("sessions.maxSessions"));
        for name in ["", "sessions", "plugins.a", "plugins.a.x", "port.x", "colour"] {
            assert!(find(name).is_none(), "{name:?}");
        }
    }

    #[test]
    fn the_schema_knows_each_key_at_its_place() {
        let schema = schema();
        assert_eq!(schema["properties"]["port"]["maximum"], 65_535);
        let sessions = &schema["properties"]["sessions"];
        assert_eq!(
            (&sessions["type"], &sessions["properties"]["maxSessions"]["default"]),
            (&json!("object"), &json!(3))
        );
        let plugin = &schema["properties"]["plugins"]["additionalProperties"];
        assert_eq!((&plugin["type"], &plugin["properties"]["enabled"]["type"]), (&json!("object"), &json!("boolean")));
    }
}
