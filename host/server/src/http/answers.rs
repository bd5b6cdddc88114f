//! Bodies of the lists that dashboards ask for again and again, kept until something happens.
//!
//! All that such a list shows changes by events alone, so the number of the newest event tells whether a kept
//! body is still true. A list of the last hours also gets old by itself: it is kept for a second at most.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use axum::body::Bytes;
use axum::http::HeaderValue;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use serde::Serialize;

use super::errors::ApiError;

/// Different questions that are kept at once; one more, and all are forgotten.
const MOST_KEPT: usize = 64;
/// A longer body is made anew each time.
const LONGEST_KEPT: usize = 1 << 20;
const LONGEST_TIME: Duration = Duration::from_secs(1);

/// A question: what is listed, and the query as it was asked.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Question {
    pub(super) list: &'static str,
    pub(super) query: String,
}

#[derive(Debug, Default)]
pub(crate) struct Answers {
    kept: Mutex<HashMap<Question, Kept>>,
}

#[derive(Debug)]
struct Kept {
    seq: i64,
    made: Instant,
    body: Bytes,
}

impl Answers {
    /// The body that still holds at event `seq`.
    pub(super) fn kept(&self, question: &Question, seq: i64) -> Option<Response> {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let answer = kept.get(question).filter(|kept| kept.seq == seq && kept.made.elapsed() < LONGEST_TIME)?;
        Some(json(answer.body.clone()))
    }

    /// Answers with `value`, which was read at event `seq`, and keeps it.
    pub(super) fn keep<T: Serialize>(&self, question: Question, seq: i64, value: &T) -> Result<Response, ApiError> {
        let body = serde_json::to_vec(value).map_err(|error| ApiError::internal(&error))?;
        let body = Bytes::from(body);
        if body.len() <= LONGEST_KEPT {
            let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
            if kept.len() >= MOST_KEPT {
                kept.clear();
            }
            kept.insert(question, Kept { seq, made: Instant::now(), body: body.clone() });
        }
        Ok(json(body))
    }
}

fn json(body: Bytes) -> Response {
    ([(CONTENT_TYPE, HeaderValue::from_static("application/json"))], body).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn question(query: &str) -> Question {
        Question { list: "jobs", query: query.to_owned() }
    }

    #[test]
    fn answer_is_kept_until_something_happens() {
        let answers = Answers::default();
        answers.keep(question(""), 7, &[1, 2]).unwrap();
        assert!(answers.kept(&question(""), 7).is_some());
        assert!(answers.kept(&question(""), 8).is_none(), "an event has happened");
        assert!(answers.kept(&question("limit=1"), 7).is_none(), "another question");
    }

    #[test]
    fn questions_do_not_pile_up() {
        let answers = Answers::default();
        for count in 0..1000 {
            answers.keep(question(&format!("limit={count}")), 1, &count).unwrap();
        }
        assert!(answers.kept.lock().unwrap().len() <= MOST_KEPT);
    }
}
