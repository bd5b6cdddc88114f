//! The table of fields: the one place that says which keys a job of the jobs file may have, and what each means.
//!
//! The JSON Schema, the options of `instar job add`, the README's table and the warnings about unknown keys come from
//! here. How a value becomes part of a job stands in `job`; reading a key that has no row here fails every test.

use serde_json::{Map, Value, json};

/// What a field may hold.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Kind {
    Text,
    Slug,
    Cron,
    /// The IANA name of a time zone.
    Zone,
    /// The name of an installed execute type.
    ExecuteType,
    Flag,
    Choice(&'static [&'static str]),
    /// A whole number from, to.
    Whole(u64, u64),
    /// A number above 0, at most.
    Above0(f64),
    /// A number from 0 to this.
    UpTo(f64),
    /// A text that is not blank.
    Command,
    Texts,
    /// A list of words.
    Choices(&'static [&'static str]),
    /// Whose shape is not told here.
    Any,
}

/// One field. A dot in its name stands between an object and its key.
#[derive(Debug)]
pub struct Field {
    pub name: &'static str,
    pub kind: Kind,
    /// As JSON; empty where there is none that is the same everywhere.
    pub default: &'static str,
    pub required: bool,
    pub meaning: &'static str,
    /// As JSON: a value that is fine and not the default.
    pub example: &'static str,
}

const fn required(name: &'static str, kind: Kind, meaning: &'static str, example: &'static str) -> Field {
    Field { name, kind, default: "", required: true, meaning, example }
}

const fn field(
    name: &'static str,
    kind: Kind,
    default: &'static str,
    meaning: &'static str,
    example: &'static str,
) -> Field {
    Field { name, kind, default, required: false, meaning, example }
}

pub const FIELDS: &[Field] = &[
    required("slug", Kind::Slug, "the unique name: lower-case letters, digits and hyphens", r#""other""#),
    required("name", Kind::Text, "the name that people read", r#""Other""#),
    field("description", Kind::Text, "", "what the job is for, shown with it", r#""Looks after it""#),
    required("schedule", Kind::Cron, "cron with five fields, or a nickname such as `@daily`", r#""7 7 * * *""#),
    field(
        "timezone",
        Kind::Zone,
        "",
        "the zone that the schedule is read in; `scheduler.timezone` where absent",
        r#""Asia/Tokyo""#,
    ),
    field(
        "priority",
        Kind::Choice(&["critical", "high", "normal", "low"]),
        r#""normal""#,
        "who leaves the queue first",
        r#""high""#,
    ),
    field("model", Kind::Choice(&["opus", "sonnet", "haiku"]), r#""sonnet""#, "handed to the agent CLI", r#""opus""#),
    field("enabled", Kind::Flag, "true", "`false`: it fires only by `instar job trigger --force`", "false"),
    field(
        "overlap",
        Kind::Choice(&["skip", "queue", "allow", "replace"]),
        r#""skip""#,
        "what becomes of a run whose job still runs; 10 wait at most, and `replace` ends the older",
        r#""queue""#,
    ),
    field(
        "timeoutMinutes",
        Kind::Above0(525_600.0),
        "",
        "the hard limit of a run; `sessions.defaultTimeoutMinutes` where absent",
        "7",
    ),
    field(
        "missed",
        Kind::Choice(&["run-once", "skip", "run-all"]),
        "",
        "due times while the host was down or asleep: one run for all of them (the default where the schedule names one time of day), none (the default of all others), or each, the newest 24 at most",
        r#""run-all""#,
    ),
    field(
        "retry.attempts",
        Kind::Whole(1, 20),
        "",
        "how often a run is tried in all; 3 where `retry` says nothing of it, and 1 without `retry`",
        "5",
    ),
    field("retry.backoffSeconds", Kind::Whole(1, 604_800), "60", "the wait before the second attempt; it doubles", "7"),
    field("retry.maxBackoffSeconds", Kind::Whole(1, 604_800), "3600", "the longest wait between two attempts", "7200"),
    field(
        "retry.on",
        Kind::Choices(&["failure", "timeout", "lost", "needs-attention"]),
        r#"["failure", "timeout"]"#,
        "the outcomes that are tried again",
        r#"["lost"]"#,
    ),
    field(
        "pauseAfterFailures",
        Kind::Whole(0, 1000),
        "",
        "after so many failures in a row the job is paused, at 0 never; `scheduler.pauseAfterFailures` where absent",
        "7",
    ),
    field("notify.start", Kind::Flag, "false", "notifiers are told that its command began", "true"),
    field("notify.completion", Kind::Flag, "true", "that it succeeded", "false"),
    field("notify.failure", Kind::Flag, "true", "that it failed, and is not tried again", "false"),
    field("notify.alert", Kind::Flag, "true", "that it failed so often that somebody should look", "false"),
    field("notify.recovery", Kind::Flag, "true", "that it succeeded after an alert", "false"),
    field("notify.pause", Kind::Flag, "true", "that it was paused, because it failed too often", "false"),
    field(
        "notify.to",
        Kind::Texts,
        "[]",
        "who is told: `telegram`, a thread such as `telegram:42`, or `user:ID` of `users.json`; empty leaves it to `notify.routes` of the config",
        r#"["user:ada"]"#,
    ),
    field("telegramNotify", Kind::Flag, "true", "`false`: notifiers are not told", "false"),
    field(
        "gate",
        Kind::Command,
        "",
        "a shell command that is asked before each run whether there is anything to do",
        r#""test -s inbox""#,
    ),
    field(
        "gateTimeoutSeconds",
        Kind::Above0(3600.0),
        "",
        "how long the gate may take; `scheduler.gateTimeoutSeconds` where absent",
        "7",
    ),
    field("tags", Kind::Texts, "[]", "runs that share a tag share its limit, `scheduler.tagLimits`", r#"["browser"]"#),
    field(
        "jitterSeconds",
        Kind::UpTo(3600.0),
        "",
        "by how much a run may start after its due time; `scheduler.jitterSeconds` where absent",
        "90",
    ),
    field("budget.runsPerDay", Kind::Whole(0, u64::MAX), "", "how many of its runs may begin in a day", "1"),
    field(
        "budget.tokensPerDay",
        Kind::Whole(0, u64::MAX),
        "",
        "no run begins in a day once it took so many tokens",
        "10",
    ),
    field("budget.costPerDayUsd", Kind::UpTo(1e6), "", "no run begins in a day once it took so many US dollars", "0.5"),
    field(
        "grounding.requiresIdentity",
        Kind::Flag,
        "false",
        "the agent reads `AGENT.md`, `USER.md` and `MEMORY.md` of `.instar` first",
        "true",
    ),
    field(
        "grounding.contextFiles",
        Kind::Texts,
        "[]",
        "files that it reads first, as paths from `.instar`, none outside of the project",
        r#"["notes/plan.md"]"#,
    ),
    field("grounding.questions", Kind::Texts, "[]", "what it asks itself before it acts", r#"["Is it still wanted?"]"#),
    field(
        "grounding.processesExternalInput",
        Kind::Flag,
        "false",
        "it is told that what it reads is data and no instruction",
        "true",
    ),
    field(
        "supervision",
        Kind::Choice(&["tier0", "tier1", "tier2"]),
        r#""tier0""#,
        "`tier1` has `intelligence.command` judge what a run did, and `tier2` also tells people unless it is content",
        r#""tier1""#,
    ),
    field(
        "autoTune",
        Kind::Flag,
        "false",
        "what its runs tell of their work makes it come half or twice as often, within bounds; otherwise that is only proposed",
        "true",
    ),
    required("execute.type", Kind::ExecuteType, "how it runs: the name of an installed execute type", r#""prompt""#),
    field("execute.value", Kind::Text, "", "the prompt, the skill, or the script or command line", r#""./other.sh""#),
    field("execute.args", Kind::Any, "", "arguments of a skill or a script", r#""--full""#),
];

/// Keys that a predecessor wrote and that have no effect here; they are kept, and nobody is warned of them.
const WITHOUT_EFFECT: [&str; 2] = ["topicId", "expectedDurationMinutes"];

/// Objects whose further keys belong to somebody else: to the plugin that executes the job.
const OPEN: [&str; 1] = ["execute"];

impl Field {
    /// The default as a value; `None` where there is none that is the same everywhere.
    pub fn default_value(&self) -> Option<Value> {
        serde_json::from_str(self.default).ok()
    }

    /// # Panics
    /// When the row of the table is not JSON, which a test rules out.
    pub fn example_value(&self) -> Value {
        serde_json::from_str(self.example).expect("each example of the table is JSON")
    }

    fn schema(&self) -> Value {
        let mut schema = match self.kind {
            Kind::Text if !self.required => json!({ "type": "string" }),
            Kind::Text | Kind::Zone | Kind::Cron | Kind::ExecuteType => json!({ "type": "string", "pattern": r"\S" }),
            Kind::Slug => json!({ "type": "string", "pattern": "^[a-zA-Z0-9_-]{1,100}$" }),
            Kind::Flag => json!({ "type": "boolean" }),
            Kind::Choice(choices) => json!({ "enum": choices }),
            Kind::Whole(least, most) => json!({ "type": "integer", "minimum": least, "maximum": most }),
            Kind::Above0(most) => json!({ "type": "number", "exclusiveMinimum": 0, "maximum": most }),
            Kind::UpTo(most) => json!({ "type": "number", "minimum": 0, "maximum": most }),
            Kind::Command => json!({ "type": "string", "pattern": r"\S" }),
            Kind::Texts => json!({ "type": "array", "items": { "type": "string", "minLength": 1 } }),
            Kind::Choices(choices) => json!({ "type": "array", "items": { "enum": choices } }),
            Kind::Any => json!({}),
        };
        schema["description"] = self.meaning.into();
        schema["examples"] = json!([self.example_value()]);
        if let Some(default) = self.default_value() {
            schema["default"] = default;
        }
        schema
    }
}

/// The field of this dotted name.
pub fn find(name: &str) -> Option<&'static Field> {
    FIELDS.iter().find(|field| field.name == name)
}

/// The dotted names of a job's keys that mean nothing here, such as misspelt ones.
pub fn unknown(definition: &Map<String, Value>) -> Vec<String> {
    let mut found = Vec::new();
    for (key, value) in definition {
        match value {
            Value::Object(parts) if is_section(key) && !OPEN.contains(&key.as_str()) => {
                let names = parts.keys().map(|part| format!("{key}.{part}"));
                found.extend(names.filter(|name| find(name).is_none()));
            }
            _ if is_listed(key) || WITHOUT_EFFECT.contains(&key.as_str()) => {}
            _ => found.push(key.clone()),
        }
    }
    found
}

/// JSON Schema of the jobs file, for editors. Keys that are not known are kept, so they are allowed.
pub fn schema() -> Value {
    let mut job = json!({ "type": "object", "properties": {}, "required": [] });
    for field in FIELDS {
        let mut place = &mut job;
        for part in field.name.split('.') {
            if field.required && place["required"].as_array().is_none_or(|names| names.iter().all(|name| name != part))
            {
                let names = place.as_object_mut().map(|object| object.entry("required").or_insert_with(|| json!([])));
                names.and_then(Value::as_array_mut).into_iter().for_each(|names| names.push(part.into()));
            }
            place = &mut place["properties"][part];
            if place.is_null() {
                *place = json!({ "type": "object" });
            }
        }
        *place = field.schema();
    }
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "instar: .instar/jobs.json",
        "type": "array",
        "items": job,
    })
}

fn is_section(key: &str) -> bool {
    FIELDS.iter().any(|field| field.name.split_once('.').is_some_and(|(section, _)| section == key))
}

fn is_listed(name: &str) -> bool {
    find(name).is_some() || is_section(name)
}

/// An object of the jobs file that gives up keys of the table alone: a field that is read but has no row is found by
/// the first test that reads a job.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Definition<'a> {
    pub(crate) object: &'a Map<String, Value>,
}

impl<'a> Definition<'a> {
    pub(crate) fn get(self, key: &str) -> Option<&'a Value> {
        debug_assert!(is_listed(key), "`{key}` has no row in host/core/src/job/fields.rs");
        self.object.get(key)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::job::Job;

    fn base() -> Value {
        json!({"slug": "a", "name": "A", "schedule": "@daily", "execute": {"type": "script", "value": "x"}})
    }

    fn with(name: &str, value: Value) -> Value {
        let mut job = base();
        let place = name.split('.').fold(&mut job, |place, part| &mut place[part]);
        *place = value;
        job
    }

    /// What no field of this kind may hold.
    fn wrong(kind: Kind) -> Vec<Value> {
        let number = json!(-1);
        match kind {
            Kind::Text => vec![json!(["x"])],
            Kind::Slug => vec![number, json!("a b"), json!("")],
            Kind::Cron => vec![number, json!("now and then"), json!("")],
            Kind::Zone => vec![number, json!("Mars/Base")],
            Kind::ExecuteType => vec![number, json!(" ")],
            Kind::Flag => vec![number, json!("yes")],
            Kind::Choice(_) => vec![number, json!("no such choice")],
            Kind::Whole(least, most) => {
                let below = least.checked_sub(1).map_or(json!(-1), |below| json!(below));
                vec![below, json!("1"), json!(1.5), most.checked_add(1).map_or(json!(1e30), |above| json!(above))]
            }
            Kind::Above0(most) => vec![json!(0), json!("1"), json!(most * 2.0)],
            Kind::UpTo(most) => vec![json!(-1), json!("1"), json!(most * 2.0)],
            Kind::Command => vec![number, json!(" ")],
            Kind::Texts => vec![json!("x"), json!([1]), json!([" "])],
            Kind::Choices(_) => vec![json!("x"), json!(["no such choice"])],
            Kind::Any => vec![],
        }
    }

    fn row(field: &Field) -> String {
        let default = match (field.required, field.default) {
            (true, _) => "required".to_owned(),
            (false, "") => "–".to_owned(),
            (false, default) => format!("`{}`", default.trim_matches('"')),
        };
        let choices = match field.kind {
            Kind::Choice(choices) | Kind::Choices(choices) => format!("`{}`: ", choices.join("`, `")),
            _ => String::new(),
        };
        format!("| `{}` | {default} | {choices}{} |", field.name, field.meaning)
    }

    #[test]
    fn the_readme_has_the_table_of_fields() {
        let readme = include_str!("../../../../README.md");
        let table: Vec<_> = FIELDS.iter().map(row).collect();
        assert!(readme.contains(&table.join("\n")), "README.md should have these rows:\n{}", table.join("\n"));
    }

    #[test]
    fn each_example_is_taken_and_what_its_kind_excludes_is_refused_by_name() {
        for field in FIELDS {
            let example = field.example_value();
            assert_ne!(Some(&example), field.default_value().as_ref(), "{}", field.name);
            Job::parse(0, &with(field.name, example)).unwrap_or_else(|problem| panic!("{}: {problem}", field.name));
            // What is inside `execute` is the business of a plugin, but for its type.
            if field.name.starts_with("execute.") && field.kind != Kind::ExecuteType {
                continue;
            }
            for value in wrong(field.kind) {
                let problem = Job::parse(0, &with(field.name, value.clone()));
                let problem = problem.expect_err(&format!("{} took {value}", field.name));
                // Some objects are read as a whole, and name themselves.
                let named = problem.field.as_deref().unwrap_or_default();
                let section = field.name.split('.').next().unwrap_or_default();
                assert!(named == field.name || named == section, "{}: {named} {problem}", field.name);
            }
        }
    }

    #[test]
    fn a_choice_is_taken_as_the_table_has_it_and_its_refusal_names_all() {
        for field in FIELDS {
            let Kind::Choice(choices) = field.kind else { continue };
            for choice in choices {
                Job::parse(0, &with(field.name, json!(choice))).unwrap_or_else(|problem| panic!("{problem}"));
            }
            let problem = Job::parse(0, &with(field.name, json!("no such choice"))).unwrap_err().message;
            assert!(problem.contains(&choices.join(", ")), "{problem} lacks {choices:?}");
        }
    }

    #[test]
    fn required_fields_are_missed_by_name() {
        for field in FIELDS.iter().filter(|field| field.required) {
            let problem = Job::parse(0, &with(field.name, Value::Null)).unwrap_err();
            assert_eq!(problem.field.as_deref(), Some(field.name), "{problem}");
        }
    }

    #[test]
    fn misspelt_keys_are_found_and_those_of_plugins_and_of_the_predecessor_are_not() {
        let mut job = with("execute.steps", json!([]));
        job["topicId"] = json!(7);
        job["scheduel"] = json!("@daily");
        assert_eq!(unknown(job.as_object().unwrap()), ["scheduel"]);
    }

    #[test]
    fn the_schema_has_each_field_at_its_place() {
        let schema = schema();
        let items = &schema["items"];
        assert_eq!(items["required"], json!(["slug", "name", "schedule", "execute"]));
        assert_eq!(items["properties"]["execute"]["required"], json!(["type"]));
        assert_eq!(items["properties"]["priority"]["enum"], json!(["critical", "high", "normal", "low"]));
        assert_eq!(items["properties"]["enabled"]["default"], json!(true));
        for field in FIELDS {
            let pointer = format!("/items/properties/{}", field.name.replace('.', "/properties/"));
            let found = schema.pointer(&pointer).unwrap_or_else(|| panic!("{pointer} is not there"));
            assert_eq!(found["description"], field.meaning);
        }
    }
}
