//! The fields of a job as options of a command: one for each row of the table of fields.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use clap::{Arg, ArgAction, ArgMatches, Command};
use instar_core::job::fields::{FIELDS, Field, Kind};
use serde_json::{Map, Value};

use crate::cli::exit::Failure;

/// The fields of a new job, as far as they were given.
#[derive(Debug)]
pub(crate) struct NewJob(pub(crate) Map<String, Value>);

/// Fields that are to be changed.
#[derive(Debug)]
pub(crate) struct Changes(pub(crate) Map<String, Value>);

/// What the option of a field is called: `--timeout-minutes`, `--grounding-questions`.
fn option_name(field: &Field) -> &'static str {
    static NAMES: LazyLock<BTreeMap<&str, String>> =
        LazyLock::new(|| FIELDS.iter().map(|field| (field.name, hyphenated(field.name))).collect());
    match field.name {
        "execute.type" => "type",
        "execute.value" => "execute",
        "execute.args" => "args",
        name => &NAMES[name],
    }
}

fn hyphenated(name: &str) -> String {
    let mut hyphenated = String::new();
    for letter in name.chars() {
        match letter {
            '.' => hyphenated.push('-'),
            upper if upper.is_ascii_uppercase() => hyphenated.extend(['-', upper.to_ascii_lowercase()]),
            other => hyphenated.push(other),
        }
    }
    hyphenated
}

fn option(field: &'static Field) -> Arg {
    let mut help = match field.kind {
        Kind::Choice(choices) | Kind::Choices(choices) => format!("{}: {}", choices.join(", "), field.meaning),
        _ => field.meaning.to_owned(),
    };
    if !field.default.is_empty() {
        help = format!("{help} [default: {}]", field.default.trim_matches('"'));
    }
    let arg = Arg::new(field.name).long(option_name(field)).help(help).allow_hyphen_values(true);
    match field.kind {
        Kind::Flag => arg.value_name("true|false").value_parser(clap::value_parser!(bool)),
        Kind::Whole(..) | Kind::Above0(_) | Kind::UpTo(_) => {
            arg.value_name("NUMBER").value_parser(clap::value_parser!(f64))
        }
        Kind::Texts | Kind::Choices(_) => arg.value_name("TEXT").action(ArgAction::Append),
        Kind::Cron => arg.value_name("CRON"),
        Kind::Zone => arg.value_name("ZONE"),
        Kind::Choice(_) => arg.value_name("WORD"),
        Kind::Command => arg.value_name("COMMAND"),
        Kind::Text | Kind::Slug | Kind::ExecuteType | Kind::Any => arg.value_name("TEXT"),
    }
}

fn value(field: &Field, matches: &ArgMatches) -> Option<Value> {
    match field.kind {
        Kind::Flag => matches.get_one::<bool>(field.name).map(|flag| (*flag).into()),
        Kind::Whole(..) | Kind::Above0(_) | Kind::UpTo(_) => {
            matches.get_one::<f64>(field.name).map(|given| number(*given))
        }
        Kind::Texts | Kind::Choices(_) => matches.get_many::<String>(field.name).map(|texts| texts.cloned().collect()),
        Kind::Any => matches.get_one::<String>(field.name).map(|text| json_or_text(text)),
        Kind::Text | Kind::Slug | Kind::Cron | Kind::Zone | Kind::ExecuteType | Kind::Choice(_) | Kind::Command => {
            matches.get_one::<String>(field.name).map(|text| text.as_str().into())
        }
    }
}

/// 5, not 5.0: that is how people write it.
fn number(value: f64) -> Value {
    #[expect(clippy::cast_possible_truncation, reason = "checked to be whole and small")]
    let whole = (value.fract() == 0.0 && value.abs() < 1e9).then_some(value as i64);
    whole.map_or_else(|| value.into(), Into::into)
}

/// A list or an object is written as JSON; what is not JSON is a text.
fn json_or_text(text: &str) -> Value {
    match serde_json::from_str(text) {
        Ok(value @ (Value::Array(_) | Value::Object(_))) => value,
        Ok(_) | Err(_) => text.into(),
    }
}

/// `KEY=VALUE`, the key with dots, put into a job; a value that is no JSON is a text.
pub(super) fn put_setting(job: &mut Map<String, Value>, setting: &str) -> Result<(), Failure> {
    let Some((key, text)) = setting.split_once('=').filter(|(key, _)| !key.is_empty()) else {
        return Err(Failure::usage(format!("`{setting}` is not KEY=VALUE, such as execute.args=--full")));
    };
    let value = serde_json::from_str(text).unwrap_or_else(|_| text.into());
    put(job, key, value)
}

/// Puts a value at a name with dots.
pub(super) fn put(job: &mut Map<String, Value>, name: &str, value: Value) -> Result<(), Failure> {
    let Some((section, rest)) = name.split_once('.') else {
        job.insert(name.to_owned(), value);
        return Ok(());
    };
    match job.entry(section).or_insert_with(|| Value::Object(Map::new())) {
        Value::Object(object) => put(object, rest, value),
        _ => Err(Failure::usage(format!("`{section}` is given as a whole and in parts"))),
    }
}

fn given(matches: &ArgMatches, has: impl Fn(&Field) -> bool) -> Map<String, Value> {
    let mut job = Map::new();
    for field in FIELDS.iter().filter(|field| has(field)) {
        if let Some(value) = value(field, matches) {
            put(&mut job, field.name, value).expect("no row of the table is the section of another");
        }
    }
    job
}

/// A prompt is what most jobs are, so the type may be left out.
fn must_be_given(field: &Field) -> bool {
    field.required && field.kind != Kind::ExecuteType
}

impl clap::Args for NewJob {
    fn augment_args(command: Command) -> Command {
        command.args(FIELDS.iter().map(|field| option(field).required(must_be_given(field))))
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

impl clap::FromArgMatches for NewJob {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        Ok(Self(given(matches, |_| true)))
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}

/// The slug of a job stays.
fn can_change(field: &Field) -> bool {
    field.kind != Kind::Slug
}

impl clap::Args for Changes {
    fn augment_args(command: Command) -> Command {
        command.args(FIELDS.iter().filter(|field| can_change(field)).map(option))
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

impl clap::FromArgMatches for Changes {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        Ok(Self(given(matches, can_change)))
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::{Args as _, FromArgMatches as _};

    #[test]
    fn each_field_has_an_option_that_finds_its_key() {
        for field in FIELDS.iter().filter(|field| can_change(field)) {
            let example = field.example_value();
            let texts: Vec<String> = match &example {
                Value::String(text) => vec![text.clone()],
                Value::Array(texts) => texts.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
                other => vec![other.to_string()],
            };
            let option = format!("--{}", option_name(field));
            let words = texts.iter().flat_map(|text| [option.as_str(), text]);
            let matches = Changes::augment_args(Command::new("edit")).no_binary_name(true).try_get_matches_from(words);
            let Changes(found) = Changes::from_arg_matches(&matches.unwrap()).unwrap();
            let pointer = format!("/{}", field.name.replace('.', "/"));
            assert_eq!(Value::Object(found).pointer(&pointer), Some(&example), "{option}");
        }
    }

    #[test]
    fn settings_of_any_key_are_json_or_text() {
        let mut job = Map::new();
        for setting in ["execute.steps=[1]", "execute.flag=true", "mine=a b", "topicId=7", "x.y.z=1=2"] {
            put_setting(&mut job, setting).unwrap();
        }
        let expected = serde_json::json!({"execute": {"steps": [1], "flag": true}, "mine": "a b", "topicId": 7,
            "x": {"y": {"z": "1=2"}}});
        assert_eq!(Value::Object(job.clone()), expected);
        assert!(put_setting(&mut job, "mine.x=1").is_err() && put_setting(&mut job, "=x").is_err());
        assert!(put_setting(&mut job, "nothing").is_err());
    }
}
