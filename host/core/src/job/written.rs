//! The object of a job as it stands in its file.
//!
//! It is kept as text: a tree of it takes ten times the memory, and a project may have a hundred thousand jobs.

use serde_json::{Map, Value};

/// What somebody wrote to define a job, unknown keys included, without its formatting.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Written(Box<str>);

impl Written {
    pub(super) fn of(object: &Map<String, Value>) -> Self {
        let text = serde_json::to_string(object).expect("an object of JSON is written as JSON");
        Self(text.into_boxed_str())
    }

    /// One line of JSON.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The schedule that stands in it, without a tree of all the rest.
    pub(crate) fn schedule(&self) -> Option<String> {
        #[derive(serde::Deserialize)]
        struct Part {
            schedule: Option<String>,
        }
        serde_json::from_str::<Part>(&self.0).ok()?.schedule.map(|text| text.trim().to_owned())
    }

    /// The object itself.
    pub fn object(&self) -> Map<String, Value> {
        serde_json::from_str(&self.0).expect("what was written as an object is read as one")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_is_read_is_what_was_written_in_its_order() {
        let value = json!({"z": {"deep": [1, 2.5, null, "ü\n\"\\"]}, "a": 18446744073709551615u64, "": -1e300});
        let object = value.as_object().unwrap();
        let written = Written::of(object);
        assert_eq!(written.object(), *object);
        assert_eq!(written.object().keys().collect::<Vec<_>>(), object.keys().collect::<Vec<_>>());
        assert!(!written.as_str().contains('\n'));
    }
}
