//! What a schema has against a configuration, in words. They name the field and what it must be, and not what stands
//! there: that may be a secret that got into the wrong place.

use boon::{ErrorKind, InstanceLocation, InstanceToken, Type, Types, ValidationError};
use serde_json::Value;

use super::ConfigRefusal;

/// Each once, in the order in which they were found.
pub(super) fn refusals(error: &ValidationError<'_, '_>) -> Vec<ConfigRefusal> {
    let mut found = Vec::new();
    gather(error, &mut found);
    let mut once: Vec<ConfigRefusal> = Vec::new();
    for refusal in found {
        if !once.contains(&refusal) {
            once.push(refusal);
        }
    }
    once
}

fn gather(error: &ValidationError<'_, '_>, found: &mut Vec<ConfigRefusal>) {
    let path = path(&error.instance_location);
    let mut tell = |path: String, why: String, is_lack: bool| found.push(ConfigRefusal { path, why, is_lack });
    match &error.kind {
        ErrorKind::AnyOf | ErrorKind::OneOf(None) => tell(path.clone(), choice(&path, error), false),
        ErrorKind::Required { want } => {
            want.iter().for_each(|name| tell(join(&path, name), "is missing".to_owned(), true));
        }
        ErrorKind::DependentRequired { prop, missing } | ErrorKind::Dependency { prop, missing } => {
            let why = format!("is missing, since `{prop}` is there");
            missing.iter().for_each(|name| tell(join(&path, name), why.clone(), true));
        }
        ErrorKind::AdditionalProperties { got } => {
            got.iter().for_each(|name| tell(join(&path, name), "is no setting of this plugin".to_owned(), false));
        }
        ErrorKind::PropertyName { prop } => tell(join(&path, prop), "cannot be called so".to_owned(), false),
        kind if error.causes.is_empty() => tell(path, alone(kind), false),
        _ => error.causes.iter().for_each(|cause| gather(cause, found)),
    }
}

/// Nothing of several fits.
fn choice(path: &str, error: &ValidationError<'_, '_>) -> String {
    let mut types = Vec::new();
    if error.causes.iter().all(|cause| wanted_types(path, cause, &mut types)) && !types.is_empty() {
        return format!("must be {}", types.join(" or "));
    }
    let mut within = Vec::new();
    error.causes.iter().for_each(|cause| gather(cause, &mut within));
    let mut told: Vec<String> = Vec::new();
    for refusal in within {
        let words = if refusal.path == path { format!("it {}", refusal.why) } else { refusal.to_string() };
        if !told.contains(&words) && told.len() < 4 {
            told.push(words);
        }
    }
    match told.is_empty() {
        true => "is none of what it may be".to_owned(),
        false => format!("is none of what it may be: {}", told.join(", or ")),
    }
}

/// Whether it fails by its type alone, which is noted.
fn wanted_types(at: &str, error: &ValidationError<'_, '_>, types: &mut Vec<&'static str>) -> bool {
    match &error.kind {
        ErrorKind::Type { want, .. } if path(&error.instance_location) == at => {
            for name in names(*want) {
                if !types.contains(&name) {
                    types.push(name);
                }
            }
            true
        }
        _ => !error.causes.is_empty() && error.causes.iter().all(|cause| wanted_types(at, cause, types)),
    }
}

fn alone(kind: &ErrorKind<'_, '_>) -> String {
    match kind {
        ErrorKind::Type { want, .. } => format!("must be {}", names(*want).join(" or ")),
        ErrorKind::Enum { want } => format!("must be one of {}", values(want)),
        ErrorKind::Const { want } => format!("must be {}", cut(want)),
        ErrorKind::Format { want, .. } => format!("is no {want}"),
        ErrorKind::Pattern { want, .. } => format!("does not fit the pattern `{want}`"),
        ErrorKind::MinLength { want, .. } => format!("must have at least {want} characters"),
        ErrorKind::MaxLength { want, .. } => format!("must have at most {want} characters"),
        ErrorKind::MinItems { want, .. } => format!("must have at least {want} items"),
        ErrorKind::MaxItems { want, .. } => format!("must have at most {want} items"),
        ErrorKind::MinProperties { want, .. } => format!("must have at least {want} fields"),
        ErrorKind::MaxProperties { want, .. } => format!("must have at most {want} fields"),
        ErrorKind::Minimum { want, .. } => format!("must be at least {want}"),
        ErrorKind::Maximum { want, .. } => format!("must be at most {want}"),
        ErrorKind::ExclusiveMinimum { want, .. } => format!("must be more than {want}"),
        ErrorKind::ExclusiveMaximum { want, .. } => format!("must be less than {want}"),
        ErrorKind::MultipleOf { want, .. } => format!("must be a multiple of {want}"),
        ErrorKind::UniqueItems { got: [first, second] } => format!("has the same at {first} and {second}"),
        ErrorKind::AdditionalItems { .. } => "has more items than it may have".to_owned(),
        ErrorKind::FalseSchema => "may not be there".to_owned(),
        ErrorKind::Not => "is what it must not be".to_owned(),
        ErrorKind::OneOf(Some(_)) => "is more than one of what it may be".to_owned(),
        ErrorKind::Contains | ErrorKind::MinContains { .. } | ErrorKind::MaxContains { .. } => {
            "has too few or too many items of the form that it must hold".to_owned()
        }
        ErrorKind::RefCycle { .. } => "cannot be judged: its schema refers to itself".to_owned(),
        _ => "does not fit its schema".to_owned(),
    }
}

fn names(types: Types) -> Vec<&'static str> {
    let name = |wanted: Type| match wanted {
        Type::Null => "null",
        Type::Boolean => "true or false",
        Type::Number => "a number",
        Type::Integer => "a whole number",
        Type::String => "a text",
        Type::Array => "a list",
        Type::Object => "an object",
    };
    types.iter().map(name).collect()
}

fn values(values: &[Value]) -> String {
    let told: Vec<_> = values.iter().take(20).map(cut).collect();
    let more = if values.len() > told.len() { ", …" } else { "" };
    format!("{}{more}", told.join(", "))
}

fn cut(value: &Value) -> String {
    crate::text::clean_up_to(&value.to_string(), 100)
}

fn path(place: &InstanceLocation<'_>) -> String {
    place.tokens.iter().fold(String::new(), |path, token| match token {
        InstanceToken::Prop(name) => join(&path, name),
        InstanceToken::Item(number) => join(&path, &number.to_string()),
    })
}

fn join(path: &str, name: &str) -> String {
    let name = crate::text::clean_up_to(name, 100);
    if path.is_empty() { name } else { format!("{path}.{name}") }
}
