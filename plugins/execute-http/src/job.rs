//! The job's `execute` object.

use std::collections::BTreeMap;

use instar_plugin_sdk::Failure;
use serde::{Deserialize, Serialize};
use serde_json::Value;

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(crate) struct Job {
    #[serde(rename = "type")]
    _execute_type: String,
    /// GET, unless there is a body: then POST.
    #[serde(default)]
    pub(crate) method: String,
    /// Whole, or a path of the first host of the configuration.
    pub(crate) url: String,
    #[serde(default)]
    pub(crate) headers: BTreeMap<String, String>,
    /// Sent as it is.
    #[serde(default)]
    pub(crate) body: Option<String>,
    /// Instead of a body: sent as JSON.
    #[serde(default)]
    pub(crate) json: Option<Value>,
    /// The statuses of success; without it, all from 200 to 299.
    #[serde(default)]
    expect: Option<Statuses>,
    /// The secret `token` is sent along.
    #[serde(default)]
    pub(crate) token: bool,
    #[serde(default)]
    pub(crate) poll: Option<Poll>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(untagged, expecting = "`expect` must be a status or a list of statuses")]
enum Statuses {
    One(u16),
    Several(Vec<u16>),
}

/// What is asked after the first answer, until it says that the work is done.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(crate) struct Poll {
    /// Where: the header of the first answer that holds the URL.
    #[serde(default)]
    pub(crate) header: Option<String>,
    /// Or the field of it that does, as a JSON pointer.
    #[serde(default)]
    pub(crate) field: Option<String>,
    /// Or the URL itself; without any of the three, the one that was asked first.
    #[serde(default)]
    pub(crate) url: Option<String>,
    #[serde(default = "ten")]
    pub(crate) every_seconds: u64,
    /// The field that tells how far it is, as a JSON pointer. Without it, 202 means to go on.
    #[serde(default)]
    pub(crate) watch: Option<String>,
    /// The values of that field that mean success.
    #[serde(default)]
    pub(crate) until: Vec<Value>,
    /// Those that mean failure.
    #[serde(default)]
    pub(crate) fail_on: Vec<Value>,
    /// How long to go on; without it, until the job's time limit.
    #[serde(default)]
    pub(crate) for_seconds: Option<u64>,
}

const METHODS: [&str; 6] = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"];

fn ten() -> u64 {
    10
}

impl Job {
    pub(crate) fn read(execute_json: &str) -> Result<Self, Failure> {
        let bad = |why: String| Failure::new("bad-execute", format!("the job's `execute` cannot be read: {why}"));
        let mut job: Self = serde_json::from_str(execute_json).map_err(|error| bad(error.to_string()))?;
        if job.body.is_some() && job.json.is_some() {
            return Err(bad("it has both `body` and `json`".to_owned()));
        }
        if job.method.is_empty() {
            let sends = job.body.is_some() || job.json.is_some();
            job.method = if sends { "POST" } else { "GET" }.to_owned();
        }
        if !METHODS.contains(&job.method.as_str()) {
            return Err(bad(format!("`method` must be one of {}", METHODS.join(", "))));
        }
        job.poll.as_ref().map_or(Ok(()), Poll::check).map_err(bad)?;
        Ok(job)
    }

    /// Whether this status is what the job was for. Work that has only begun may say so with 202.
    pub(crate) fn expects(&self, status: u16) -> bool {
        match &self.expect {
            None => (200..300).contains(&status),
            Some(Statuses::One(expected)) => status == *expected,
            Some(Statuses::Several(expected)) => expected.contains(&status),
        }
    }
}

impl Poll {
    fn check(&self) -> Result<(), String> {
        let places = [&self.header, &self.field, &self.url].into_iter().flatten().count();
        if places > 1 {
            return Err("`poll` takes one of `header`, `field` and `url`".to_owned());
        }
        if self.watch.is_some() == self.until.is_empty() {
            return Err(
                "`poll.watch` and `poll.until` go together: a field, and its values that mean success".to_owned()
            );
        }
        if !self.fail_on.is_empty() && self.watch.is_none() {
            return Err("`poll.failOn` needs `poll.watch`".to_owned());
        }
        let pointers = [&self.field, &self.watch].into_iter().flatten();
        match pointers.into_iter().find(|pointer| !pointer.is_empty() && !pointer.starts_with('/')) {
            Some(pointer) => Err(format!("{pointer:?} is no JSON pointer, such as /status")),
            None => Ok(()),
        }
    }
}
