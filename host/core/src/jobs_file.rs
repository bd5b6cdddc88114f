//! The jobs file: which entries are good, and whether the file as a whole can be taken.

use std::collections::BTreeMap;
use std::sync::Arc;

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
        match serde_json::from_str(text) {
            Err(error) => Self::unreadable(format!("{name} is not valid JSON: {error}")),
            Ok(Value::Array(entries)) => Self::from_entries(&entries),
            Ok(other) => Self::unreadable(format!("{name} must contain a JSON array; it has {}", kind_of(&other))),
        }
    }

    /// One bad entry is reported and the others go on; names that cannot be told apart refuse the file.
    pub fn from_entries(entries: &[Value]) -> Self {
        let mut file = Self::default();
        let mut first: BTreeMap<JobSlug, usize> = BTreeMap::new();
        for (index, entry) in entries.iter().enumerate() {
            match Job::parse(index, entry) {
                Err(problem) => file.problems.push(problem),
                Ok(job) => match first.get(&job.slug) {
                    Some(earlier) => {
                        file.refused = true;
                        file.problems.push(duplicate(index, *earlier, &job.slug));
                    }
                    None => {
                        first.insert(job.slug.clone(), index);
                        file.jobs.push(Arc::new(job));
                    }
                },
            }
        }
        file.refused |= file.jobs.is_empty() && !file.problems.is_empty();
        file
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
