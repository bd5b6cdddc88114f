//! The jobs file: which entries are good, and whether the file as a whole can be taken.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::fmt;
use std::sync::Arc;

use serde::Deserializer as _;
use serde::de::{SeqAccess, Visitor};
use serde_json::Value;

use crate::id::JobSlug;
use crate::job::{Job, JobProblem};

/// What was read. A refused file leaves the last good set of jobs in place.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct JobsFile {
    /// The good entries, in the order of the file.
    pub jobs: Vec<Arc<Job>>,
    pub problems: Vec<JobProblem>,
    /// The file as a whole cannot be trusted: it is unreadable, or two entries claim one name.
    pub refused: bool,
}

impl JobsFile {
    /// A file that could not be read at all, with the reason as a sentence.
    pub fn unreadable(message: String) -> Self {
        let problem = JobProblem { index: None, slug: None, field: None, message };
        Self { jobs: Vec::new(), problems: vec![problem], refused: true }
    }

    /// Reads the text of a jobs file. `name` is how messages call it.
    pub fn parse(name: &str, text: &str) -> Self {
        if text.trim().is_empty() {
            return Self::unreadable(format!("{name} is empty; it must contain a JSON array of jobs, `[]` for none"));
        }
        // A list is read entry by entry: a tree of all of it would take many times the memory of the jobs.
        let read = if text.trim_start().starts_with('[') { list(text) } else { serde_json::from_str(text).map(Err) };
        match read {
            Err(error) => Self::unreadable(format!("{name} is not valid JSON: {error}")),
            Ok(Ok(file)) => file,
            Ok(Err(other)) => Self::unreadable(format!("{name} must contain a JSON array; it has {}", kind_of(&other))),
        }
    }

    /// One bad entry is reported and the others go on; names that cannot be told apart refuse the file.
    pub fn from_entries(entries: &[Value]) -> Self {
        let mut reading = Reading::default();
        for entry in entries {
            reading.take(entry);
        }
        reading.end()
    }
}

/// A list of jobs of which some entries were read.
#[derive(Debug, Default)]
pub struct Reading {
    file: JobsFile,
    entries: usize,
    first: BTreeMap<JobSlug, usize>,
}

impl Reading {
    /// The next entry. A bad one is reported and the others go on.
    pub fn take(&mut self, entry: &Value) {
        match Job::parse(self.entries, entry) {
            Err(problem) => {
                self.file.problems.push(problem);
                self.entries += 1;
            }
            Ok(job) => self.share(&Arc::new(job)),
        }
    }

    /// The next entry, which was read before.
    pub fn share(&mut self, job: &Arc<Job>) {
        let index = self.entries;
        self.entries += 1;
        match self.first.entry(job.slug.clone()) {
            Entry::Occupied(first) => {
                self.file.refused = true;
                self.file.problems.push(duplicate(index, *first.get(), &job.slug));
            }
            Entry::Vacant(first) => {
                first.insert(index);
                self.file.jobs.push(job.clone());
            }
        }
    }

    /// What was read, once all of it was.
    pub fn end(mut self) -> JobsFile {
        self.file.refused |= self.file.jobs.is_empty() && !self.file.problems.is_empty();
        self.file
    }
}

/// Never a `Value`: the text begins as a list does.
fn list(text: &str) -> serde_json::Result<Result<JobsFile, Value>> {
    let mut json = serde_json::Deserializer::from_str(text);
    let reading = json.deserialize_seq(Reading::default())?;
    json.end()?;
    Ok(Ok(reading.end()))
}

impl<'de> Visitor<'de> for Reading {
    type Value = Self;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of jobs")
    }

    fn visit_seq<A: SeqAccess<'de>>(mut self, mut entries: A) -> Result<Self, A::Error> {
        while let Some(entry) = entries.next_element::<Value>()? {
            self.take(&entry);
        }
        Ok(self)
    }
}

fn duplicate(index: usize, earlier: usize, slug: &JobSlug) -> JobProblem {
    JobProblem {
        index: Some(index),
        slug: Some(slug.to_string()),
        field: Some("slug".into()),
        message: format!("duplicate slug: Job[{earlier}] has it too"),
    }
}

fn kind_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a text",
        Value::Array(_) => "an array",
        Value::Object(_) => "an object",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn entry(slug: &str) -> Value {
        json!({"slug": slug, "name": "N", "schedule": "* * * * *", "execute": {"type": "script", "value": "x"}})
    }

    #[track_caller]
    fn check(entries: &[Value], slugs: &[&str], refused: bool, problem: &str) {
        let file = JobsFile::from_entries(entries);
        let found: Vec<_> = file.jobs.iter().map(|job| job.slug.as_str()).collect();
        assert_eq!((found.as_slice(), file.refused), (slugs, refused), "{:?}", file.problems);
        let messages: Vec<_> = file.problems.iter().map(ToString::to_string).collect();
        assert!(messages.join("\n").contains(problem), "{messages:?} lacks {problem:?}");
    }

    fn with(key: &str, value: Value) -> Value {
        let mut job = entry("bad");
        job[key] = value;
        job
    }

    #[test]
    fn one_bad_job_is_named_and_the_others_go_on() {
        check(
            &[entry("good"), with("schedule", json!("nope"))],
            &["good"],
            false,
            "Job[1] `bad`: invalid cron expression",
        );
        check(&[entry("good"), with("priority", json!("urgent"))], &["good"], false, "\"priority\" must be one of");
        check(&[entry("good"), with("enabled", json!("yes"))], &["good"], false, "\"enabled\" must be a boolean");
        check(&[entry("good"), with("execute", json!("x"))], &["good"], false, "\"execute\" must be an object");
        check(&[entry("good"), with("execute", json!({}))], &["good"], false, "execute.type must be");
        check(&[entry("good"), with("timeoutMinutes", json!(-1))], &["good"], false, "timeoutMinutes");
        check(&[entry("good"), with("model", json!("gpt"))], &["good"], false, "opus, sonnet, haiku");
        check(&[entry("good"), json!(3)], &["good"], false, "must be an object");
        check(&[entry("good"), entry("__proto__")], &["good"], false, "slug");
    }

    #[test]
    fn names_that_cannot_be_told_apart_refuse_the_file() {
        check(&[entry("a"), entry("a"), entry("b")], &["a", "b"], true, "duplicate slug: Job[0] has it too");
    }

    #[test]
    fn a_file_without_one_good_job_is_refused() {
        check(&[entry("constructor")], &[], true, "constructor");
        check(&[], &[], false, "");
    }

    #[test]
    fn a_file_that_is_no_array_is_refused_with_the_reason() {
        for (text, reason) in
            [("", "is empty"), ("[{", "not valid JSON"), ("{}", "must contain a JSON array; it has an object")]
        {
            let file = JobsFile::parse("jobs.json", text);
            assert!(file.refused && file.problems[0].message.contains(reason), "{text:?}: {:?}", file.problems);
        }
    }

    #[test]
    fn medium_is_normal_and_defaults_are_the_documented_ones() {
        let job = Job::parse(0, &with("priority", json!("medium"))).unwrap();
        assert_eq!(job.priority.as_str(), "normal");
        let job = Job::parse(0, &entry("plain")).unwrap();
        assert_eq!((job.priority.as_str(), job.model.as_str(), job.enabled), ("normal", "sonnet", true));
    }
}
