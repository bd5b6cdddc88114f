//! Edits of the text of a jobs file that keep its formatting, order and unknown keys.
//!
//! Pure: text in, text out. Reading, locking and writing the file is `folder`'s business.

use instar_core::id::JobSlug;
use instar_core::job::{Job, JobProblem};
use jsonc_parser::ParseOptions;
use jsonc_parser::cst::{CstArray, CstInputValue, CstObject, CstObjectProp, CstRootNode, ObjectPropName};
use jsonc_parser::errors::ParseError;
use serde_json::{Map, Value};

/// What is to be done with one job.
#[derive(Debug, Clone)]
pub(crate) enum Edit {
    Add(Map<String, Value>),
    SetEnabled {
        slug: JobSlug,
        enabled: bool,
    },
    /// Sets these keys; `null` takes one away, and an object changes the object that is there (RFC 7396).
    Change {
        slug: JobSlug,
        patch: Map<String, Value>,
    },
    Remove(JobSlug),
    Rename {
        from: JobSlug,
        to: JobSlug,
    },
}

/// The text after an edit.
#[derive(Debug, Clone)]
pub(crate) struct Edited {
    pub(crate) text: String,
    /// False when the file already said so.
    pub(crate) changed: bool,
    /// The job as the file defines it now; after a removal, as it did.
    pub(crate) definition: Value,
}

/// Why a jobs file was not edited.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum EditError {
    #[error(
        "{file} is not valid JSON at line {line}, column {column}: {reason}; correct it there, nothing was changed"
    )]
    Corrupt { file: String, line: usize, column: usize, reason: String },
    #[error("{0} must contain a JSON array of jobs, `[]` for none; nothing was changed")]
    NotAnArray(String),
    #[error("there is no job `{0}`; `instar job list` shows those that exist")]
    Unknown(JobSlug),
    #[error("a job `{0}` exists already; choose another slug, or `instar job remove {0}` first")]
    Taken(String),
    #[error("{file} has {count} jobs named `{slug}`; give each its own slug, nothing was changed")]
    Ambiguous { file: String, slug: JobSlug, count: usize },
    #[error("invalid job: {}", .0.message)]
    Invalid(JobProblem),
    #[error("the slug of a job stays, since its history has that name; `instar job rename {0} NEW` changes both")]
    Renamed(JobSlug),
    #[error("{0} is written in a way that cannot be edited safely, such as one key twice; edit it by hand")]
    Unsafe(String),
}

pub(crate) const BYTE_ORDER_MARK: char = '\u{feff}';

/// Does the edit, or says why not. `file` is how messages call the file.
pub(crate) fn apply(file: &str, text: &str, edit: &Edit) -> Result<Edited, EditError> {
    // A byte order mark is no JSON; it stays where it is.
    let (mark, text) = text.strip_prefix(BYTE_ORDER_MARK).map_or(("", text), |rest| ("\u{feff}", rest));
    let root = parse(file, text)?;
    let jobs = root.array_value().ok_or_else(|| EditError::NotAnArray(file.to_owned()))?;
    let before = entries(file, text)?;
    let (definition, after) = match edit {
        Edit::Add(definition) => add(&jobs, before.clone(), definition)?,
        Edit::SetEnabled { slug, enabled } => set_enabled(file, &jobs, before.clone(), slug, *enabled)?,
        Edit::Change { slug, patch } => change(file, &jobs, before.clone(), slug, patch)?,
        Edit::Remove(slug) => remove(file, &jobs, before.clone(), slug)?,
        Edit::Rename { from, to } => rename(file, &jobs, before.clone(), from, to)?,
    };
    let changed = after != before;
    let text = if changed { root.to_string() } else { text.to_owned() };
    // The tree edits text; what the text now says is checked against what was meant.
    if entries(file, &text)? != after {
        return Err(EditError::Unsafe(file.to_owned()));
    }
    Ok(Edited { text: format!("{mark}{text}"), changed, definition })
}

fn add(
    jobs: &CstArray,
    mut entries: Vec<Value>,
    definition: &Map<String, Value>,
) -> Result<(Value, Vec<Value>), EditError> {
    let value = Value::Object(definition.clone());
    let job = Job::parse(entries.len(), &value).map_err(EditError::Invalid)?;
    if entries.iter().any(|entry| is_named(entry, &job.slug)) {
        return Err(EditError::Taken(job.slug.to_string()));
    }
    jobs.append(input(&value));
    entries.push(value.clone());
    Ok((value, entries))
}

fn set_enabled(
    file: &str,
    jobs: &CstArray,
    mut entries: Vec<Value>,
    slug: &JobSlug,
    enabled: bool,
) -> Result<(Value, Vec<Value>), EditError> {
    let index = position(file, &entries, slug)?;
    let object = element(file, jobs, index)?;
    match object.get("enabled") {
        // Absent means enabled, and stays absent when that is what is wanted.
        None if enabled => {}
        None => {
            append(&object, "enabled", &enabled.into());
            entries[index]["enabled"] = enabled.into();
        }
        Some(property) => {
            if entries[index].get("enabled") != Some(&Value::Bool(enabled)) {
                property.set_value(enabled.into());
                entries[index]["enabled"] = enabled.into();
            }
        }
    }
    Ok((entries[index].clone(), entries))
}

fn change(
    file: &str,
    jobs: &CstArray,
    mut entries: Vec<Value>,
    slug: &JobSlug,
    patch: &Map<String, Value>,
) -> Result<(Value, Vec<Value>), EditError> {
    if patch.get("slug").is_some_and(|named| named != slug.as_str()) {
        return Err(EditError::Renamed(slug.clone()));
    }
    let index = position(file, &entries, slug)?;
    patch_value(&mut entries[index], patch);
    Job::parse(index, &entries[index]).map_err(EditError::Invalid)?;
    patch_text(&element(file, jobs, index)?, patch);
    Ok((entries[index].clone(), entries))
}

fn patch_value(value: &mut Value, patch: &Map<String, Value>) {
    if !value.is_object() {
        *value = Value::Object(Map::new());
    }
    let Some(object) = value.as_object_mut() else { return };
    for (key, wanted) in patch {
        match wanted {
            Value::Null => {
                object.remove(key);
            }
            Value::Object(inner) => patch_value(object.entry(key).or_insert(Value::Null), inner),
            other => {
                object.insert(key.clone(), other.clone());
            }
        }
    }
}

/// The same in the text, where what already stands there is not touched.
fn patch_text(object: &CstObject, patch: &Map<String, Value>) {
    for (key, wanted) in patch {
        let Some(property) = object.get(key) else {
            if let Some(value) = without_null(wanted) {
                append(object, key, &value);
            }
            continue;
        };
        match (wanted, property.object_value()) {
            (Value::Null, _) => property.remove(),
            (Value::Object(inner), Some(section)) => patch_text(&section, inner),
            (other, _) if says(&property, other) => {}
            (other, _) => property.set_value(input(&without_null(other).unwrap_or_default())),
        }
    }
}

/// One word in another writing, such as `2.50`, stays as somebody wrote it.
fn says(property: &CstObjectProp, wanted: &Value) -> bool {
    let text = property.value().map(|value| value.to_string()).unwrap_or_default();
    jsonc_parser::parse_to_serde_value::<Value>(&text, &options()).is_ok_and(|value| value == *wanted)
}

/// What a patch makes where nothing was: without the keys that it takes away.
fn without_null(patch: &Value) -> Option<Value> {
    match patch {
        Value::Null => None,
        Value::Object(inner) => {
            let kept = inner.iter().filter_map(|(key, value)| Some((key.clone(), without_null(value)?)));
            Some(Value::Object(kept.collect()))
        }
        other => Some(other.clone()),
    }
}

/// Adds a key at the end. The tree would break an object of one line into many lines: there it goes before the
/// last key, by way of that key's own text.
pub(crate) fn append(object: &CstObject, key: &str, value: &Value) {
    let is_one_line = !object.to_string().contains('\n');
    let last_name = object.properties().pop().and_then(|last| last.name());
    match last_name.as_ref().and_then(ObjectPropName::as_string_lit) {
        Some(name) if is_one_line => name.set_raw_value(format!("\"{key}\": {value}, {}", name.raw_value())),
        Some(_) | None => {
            object.append(key, input(value));
        }
    }
}

fn remove(
    file: &str,
    jobs: &CstArray,
    mut entries: Vec<Value>,
    slug: &JobSlug,
) -> Result<(Value, Vec<Value>), EditError> {
    let index = position(file, &entries, slug)?;
    element(file, jobs, index)?.remove();
    let removed = entries.remove(index);
    Ok((removed, entries))
}

fn rename(
    file: &str,
    jobs: &CstArray,
    mut entries: Vec<Value>,
    from: &JobSlug,
    to: &JobSlug,
) -> Result<(Value, Vec<Value>), EditError> {
    let index = position(file, &entries, from)?;
    if entries.iter().any(|entry| is_named(entry, to)) {
        return Err(EditError::Taken(to.to_string()));
    }
    let property = element(file, jobs, index)?.get("slug").ok_or_else(|| EditError::Unsafe(file.to_owned()))?;
    property.set_value(to.as_str().into());
    entries[index]["slug"] = to.as_str().into();
    Ok((entries[index].clone(), entries))
}

fn parse(file: &str, text: &str) -> Result<CstRootNode, EditError> {
    CstRootNode::parse(text, &options()).map_err(|error| corrupt(file, &error))
}

/// Comments and trailing commas are understood, so that they are kept; other looseness is refused.
pub(crate) fn options() -> ParseOptions {
    ParseOptions {
        allow_comments: true,
        allow_trailing_commas: true,
        allow_loose_object_property_names: false,
        allow_missing_commas: false,
        allow_single_quoted_strings: false,
        allow_hexadecimal_numbers: false,
        allow_unary_plus_numbers: false,
        allow_bare_decimal_point_numbers: false,
        allow_non_finite_numbers: false,
        allow_extended_string_escapes: false,
    }
}

fn corrupt(file: &str, error: &ParseError) -> EditError {
    EditError::Corrupt {
        file: file.to_owned(),
        line: error.line_display(),
        column: error.column_display(),
        reason: error.kind().to_string().to_lowercase(),
    }
}

/// What the text says, read without the tree.
fn entries(file: &str, text: &str) -> Result<Vec<Value>, EditError> {
    match jsonc_parser::parse_to_serde_value(text, &options()).map_err(|error| corrupt(file, &error))? {
        Value::Array(entries) => Ok(entries),
        _ => Err(EditError::NotAnArray(file.to_owned())),
    }
}

fn position(file: &str, entries: &[Value], slug: &JobSlug) -> Result<usize, EditError> {
    let mut found = entries.iter().enumerate().filter(|(_, entry)| is_named(entry, slug)).map(|(index, _)| index);
    match (found.next(), found.count()) {
        (None, _) => Err(EditError::Unknown(slug.clone())),
        (Some(index), 0) => Ok(index),
        (Some(_), more) => Err(EditError::Ambiguous { file: file.to_owned(), slug: slug.clone(), count: more + 1 }),
    }
}

fn element(file: &str, jobs: &CstArray, index: usize) -> Result<CstObject, EditError> {
    let element = jobs.elements().get(index).and_then(jsonc_parser::cst::CstNode::as_object);
    element.ok_or_else(|| EditError::Unsafe(file.to_owned()))
}

fn is_named(entry: &Value, slug: &JobSlug) -> bool {
    entry.get("slug").and_then(Value::as_str) == Some(slug.as_str())
}

pub(crate) fn input(value: &Value) -> CstInputValue {
    match value {
        Value::Null => CstInputValue::Null,
        Value::Bool(flag) => CstInputValue::Bool(*flag),
        Value::Number(number) => CstInputValue::Number(number.to_string()),
        Value::String(text) => CstInputValue::String(text.clone()),
        Value::Array(values) => CstInputValue::Array(values.iter().map(input).collect()),
        Value::Object(map) => {
            CstInputValue::Object(map.iter().map(|(key, value)| (key.clone(), input(value))).collect())
        }
    }
}

#[cfg(test)]
mod tests;
