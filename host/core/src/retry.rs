//! Retries: which outcomes are tried again, how often, and after how long.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::id::{JobSlug, RunId};
use crate::run::{Outcome, Trigger};

/// A job's word on runs that end badly.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Retry {
    /// How often it is tried in all, the first time included.
    pub attempts: u32,
    pub backoff_seconds: u32,
    pub max_backoff_seconds: u32,
    pub on: Vec<RetryOn>,
}

/// An outcome that is tried again. What somebody stopped never is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RetryOn {
    Failure,
    Timeout,
    /// Nobody knows how far it came, so that only the job's owner can say whether it may run twice.
    Lost,
    NeedsAttention,
}

/// A further attempt that waits for its time.
#[derive(Debug, Clone, PartialEq)]
pub struct PlannedRetry {
    pub slug: JobSlug,
    /// The run that ended badly.
    pub after: RunId,
    /// What the next run is requested by.
    pub trigger: Trigger,
    pub due: Timestamp,
}

const MOST_ATTEMPTS: u32 = 20;
const LONGEST_BACKOFF_SECONDS: u32 = 7 * 24 * 3600;
const KEYS: [&str; 4] = ["attempts", "backoffSeconds", "maxBackoffSeconds", "on"];

impl Default for Retry {
    fn default() -> Self {
        Self {
            attempts: 3,
            backoff_seconds: 60,
            max_backoff_seconds: 3600,
            on: vec![RetryOn::Failure, RetryOn::Timeout],
        }
    }
}

impl Retry {
    /// Reads the object; an error is the key that is wrong, and the sentence about it.
    pub(crate) fn parse(value: &Value) -> Result<Self, (String, String)> {
        let Some(object) = value.as_object() else {
            return Err(("retry".into(), "\"retry\" must be an object such as {\"attempts\": 3}".into()));
        };
        if let Some(unknown) = object.keys().find(|key| !KEYS.contains(&key.as_str())) {
            return Err(wrong(unknown, &format!("is not known; \"retry\" has {}", KEYS.join(", "))));
        }
        let default = Self::default();
        let backoff = number(object, "backoffSeconds", default.backoff_seconds, 1, LONGEST_BACKOFF_SECONDS)?;
        let longest = default.max_backoff_seconds.max(backoff);
        Ok(Self {
            attempts: number(object, "attempts", default.attempts, 1, MOST_ATTEMPTS)?,
            backoff_seconds: backoff,
            max_backoff_seconds: number(object, "maxBackoffSeconds", longest, backoff, LONGEST_BACKOFF_SECONDS)?,
            on: match object.get("on") {
                None => default.on,
                Some(on) => Vec::deserialize(on).map_err(|_| {
                    wrong("on", &format!("must be a list of failure, timeout, lost, needs-attention; it is {on:.60}"))
                })?,
            },
        })
    }

    /// When to try again after this attempt ended so; `None` when it is left at that.
    pub fn due(&self, outcome: &Outcome, attempt: u32, run: RunId, now: Timestamp) -> Option<Timestamp> {
        let on = match outcome {
            Outcome::Succeeded | Outcome::Stopped { .. } => return None,
            Outcome::Failed { .. } => RetryOn::Failure,
            Outcome::TimedOut => RetryOn::Timeout,
            Outcome::Lost => RetryOn::Lost,
            Outcome::NeedsAttention { .. } => RetryOn::NeedsAttention,
        };
        let again = attempt < self.attempts && self.on.contains(&on);
        again.then(|| now.checked_add(self.backoff(attempt, run)).ok())?
    }

    /// Doubles with each attempt up to its limit, of which the run's id takes off up to a half: runs that failed
    /// together do not come back together.
    fn backoff(&self, attempt: u32, run: RunId) -> SignedDuration {
        let doubled = u64::from(self.backoff_seconds) << attempt.saturating_sub(1).min(MOST_ATTEMPTS);
        let millis = doubled.min(self.max_backoff_seconds.into()) * 1000;
        let taken_off = millis / 2 * (run.chance() % 1000) / 1000;
        SignedDuration::from_millis(i64::try_from(millis - taken_off).unwrap_or(i64::MAX))
    }
}

fn number(
    object: &Map<String, Value>,
    key: &str,
    default: u32,
    least: u32,
    most: u32,
) -> Result<u32, (String, String)> {
    let Some(value) = object.get(key) else { return Ok(default) };
    let number = value.as_u64().and_then(|number| u32::try_from(number).ok());
    number
        .filter(|number| (least..=most).contains(number))
        .ok_or_else(|| wrong(key, &format!("must be a whole number from {least} to {most}; it is {value:.60}")))
}

fn wrong(key: &str, what: &str) -> (String, String) {
    (format!("retry.{key}"), format!("\"retry.{key}\" {what}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::Ids;
    use serde_json::json;

    #[track_caller]
    fn check_refused(value: &Value, key: &str, sentence: &str) {
        let (field, message) = Retry::parse(value).unwrap_err();
        assert!(field == key && message.contains(sentence), "{field}: {message}");
    }

    #[test]
    fn what_is_no_retry_is_named() {
        check_refused(&json!(3), "retry", "must be an object");
        check_refused(&json!({"attempts": 0}), "retry.attempts", "from 1 to 20");
        check_refused(&json!({"attempts": 21}), "retry.attempts", "from 1 to 20");
        check_refused(&json!({"backoffSeconds": "a"}), "retry.backoffSeconds", "from 1 to 604800; it is \"a\"");
        check_refused(&json!({"backoffSeconds": 90, "maxBackoffSeconds": 60}), "retry.maxBackoffSeconds", "from 90");
        check_refused(&json!({"on": ["stopped"]}), "retry.on", "failure, timeout, lost, needs-attention");
        check_refused(&json!({"delay": 1}), "retry.delay", "is not known");
        assert_eq!(Retry::parse(&json!({})), Ok(Retry::default()));
    }

    #[test]
    fn waits_double_up_to_their_limit_and_scatter_below_it() {
        let retry = Retry { attempts: 9, backoff_seconds: 10, max_backoff_seconds: 60, ..Retry::default() };
        let failed = Outcome::Failed { cause: String::new() };
        let waits = |attempt| {
            let wait = |nonce| {
                let run = Ids::new(Timestamp::UNIX_EPOCH, nonce).run();
                retry.due(&failed, attempt, run, Timestamp::UNIX_EPOCH).unwrap().as_second()
            };
            let waits: Vec<_> = (0..2000).map(wait).collect();
            (*waits.iter().min().unwrap(), *waits.iter().max().unwrap())
        };
        assert_eq!(
            [waits(1), waits(2), waits(3), waits(4), waits(8)],
            [(5, 10), (10, 20), (20, 40), (30, 60), (30, 60)]
        );
    }

    #[test]
    fn only_what_is_named_is_tried_again_and_only_so_often() {
        let run = Ids::new(Timestamp::UNIX_EPOCH, 1).run();
        let again =
            |outcome: Outcome, attempt| Retry::default().due(&outcome, attempt, run, Timestamp::UNIX_EPOCH).is_some();
        assert!(again(Outcome::Failed { cause: String::new() }, 2) && again(Outcome::TimedOut, 1));
        assert!(!again(Outcome::TimedOut, 3) && !again(Outcome::Lost, 1) && !again(Outcome::Succeeded, 1));
        assert!(!again(Outcome::Stopped { by: "api".into() }, 1));
    }
}
