//! The output of a command that prints one JSON object: people are shown one text of it, the rest is for its report.
//!
//! What turns out to be something else is shown as it is.

use serde_json::Value;

/// More is not held back: an object with a text for people is shorter.
const LONGEST_HELD: usize = 1024 * 1024;

/// A longer report is none: it is kept with the run, and given to a plugin.
const LONGEST_REPORT: usize = 64 * 1024;

/// Standard output on its way to people.
#[derive(Debug)]
pub(super) struct Object {
    field: String,
    /// What may become an object; missing once it cannot any more.
    held: Option<Vec<u8>>,
}

impl Object {
    /// An object of which people see the text in `field`.
    pub(super) fn new(field: String) -> Self {
        Self { field, held: Some(Vec::new()) }
    }

    /// Takes output; answers what can be shown at once.
    pub(super) fn take(&mut self, chunk: &[u8]) -> Vec<u8> {
        let Some(held) = &mut self.held else { return chunk.to_vec() };
        held.extend_from_slice(chunk);
        let may_be_object = held.trim_ascii_start().first().is_none_or(|first| *first == b'{');
        if may_be_object && held.len() <= LONGEST_HELD {
            return Vec::new();
        }
        self.held.take().unwrap_or_default()
    }

    /// Answers at the end of the output what is still to be shown, and the report.
    pub(super) fn finish(self) -> (Vec<u8>, Option<String>) {
        let held = self.held.unwrap_or_default();
        let Ok(Value::Object(mut fields)) = serde_json::from_slice(&held) else { return (held, None) };
        let shown = match fields.get(&self.field) {
            Some(Value::String(text)) => format!("{}\n", text.strip_suffix('\n').unwrap_or(text)).into_bytes(),
            // An agent that failed may have nothing to say and much to report.
            _ => held,
        };
        fields.shift_remove(&self.field);
        let report = Value::Object(fields).to_string();
        (shown, (report.len() <= LONGEST_REPORT).then_some(report))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// In pieces of every size the same.
    #[track_caller]
    fn check(output: &str, shown: &str, report: Option<&str>) {
        for size in [1, 7, output.len().max(1)] {
            let mut object = Object::new("result".to_owned());
            let mut seen: Vec<u8> = output.as_bytes().chunks(size).flat_map(|chunk| object.take(chunk)).collect();
            let (rest, told) = object.finish();
            seen.extend(rest);
            assert_eq!((String::from_utf8_lossy(&seen).as_ref(), told.as_deref()), (shown, report), "by {size}");
        }
    }

    #[test]
    fn people_see_the_text_and_the_rest_is_reported() {
        check(
            " \n{\"cost\": 0.25, \"result\": \"two\\nlines é\", \"id\": \"x\"}\n\n",
            "two\nlines é\n",
            Some("{\"cost\":0.25,\"id\":\"x\"}"),
        );
        check("{\"result\":\"with its end\\n\"}", "with its end\n", Some("{}"));
    }

    #[test]
    fn without_the_text_the_object_is_shown_and_reported() {
        check("{\"error\":\"limit\"}\n", "{\"error\":\"limit\"}\n", Some("{\"error\":\"limit\"}"));
        check("{\"result\":{\"a\":1},\"b\":2}", "{\"result\":{\"a\":1},\"b\":2}", Some("{\"b\":2}"));
    }

    #[test]
    fn what_is_no_single_object_is_shown_as_it_is() {
        for output in ["", "  ", "text {\"result\":\"x\"}", "{\"result\":\"x\"} and more", "{broken", "[1]", "{}\n{}\n"]
        {
            check(output, output, None);
        }
    }

    #[test]
    fn text_is_shown_at_once() {
        let mut object = Object::new("result".to_owned());
        assert_eq!(object.take(b" \n"), b"");
        assert_eq!(object.take(b"hello"), b" \nhello");
        assert_eq!(object.take(b"{"), b"{");
    }

    #[test]
    fn too_much_is_not_held_back_and_not_reported() {
        let text = "x".repeat(LONGEST_HELD);
        let long = format!("{{\"result\":\"{text}\"}}");
        let mut object = Object::new("result".to_owned());
        assert_eq!(object.take(&long.as_bytes()[..1000]), b"");
        assert_eq!(object.take(&long.as_bytes()[1000..]).len(), long.len());
        assert_eq!(object.take(b"more"), b"more");
        assert_eq!(object.finish(), (Vec::new(), None));

        let mut object = Object::new("result".to_owned());
        object.take(format!("{{\"result\":\"short\",\"log\":\"{}\"}}", "x".repeat(LONGEST_REPORT)).as_bytes());
        assert_eq!(object.finish(), (b"short\n".to_vec(), None));
    }
}
