//! What a predecessor kept of Telegram: its log of messages, the names of topics, and those of jobs.
//!
//! Its sessions were in a tmux of their own, so that no topic is a session's here until somebody speaks in it.

use instar_core::conversation::{Place, Spoken, Voice};
use instar_core::id::{JobSlug, PluginId};
use instar_core::notice::Address;
use instar_core::thread::{Subject, Thread};
use instar_store::Import;
use jiff::Timestamp;
use serde_json::{Map, Value};

/// The chat that all of it is of.
#[derive(Debug)]
pub(super) struct Chat {
    pub(super) notifier: PluginId,
    pub(super) conversation: String,
}

/// Who a message was from, as far as it was kept.
const SOMEBODY: &str = "somebody";
const MAIN_TOPIC: i64 = 1;

impl Chat {
    pub(super) fn messages(&self, source: String, text: &str) -> Import {
        let mut import = Import { source, ..Import::default() };
        for line in text.lines().filter(|line| !line.trim().is_empty()) {
            match serde_json::from_str(line).ok().and_then(|value| self.spoken(&value)) {
                Some(spoken) => import.spoken.push(spoken),
                None => import.skipped += 1,
            }
        }
        import
    }

    fn spoken(&self, value: &Value) -> Option<Spoken> {
        let at: Timestamp = value["timestamp"].as_str()?.parse().ok()?;
        let by = if value["fromUser"].as_bool()? { Voice::Person(SOMEBODY.to_owned()) } else { Voice::Agent };
        Some(Spoken {
            place: self.place(value["topicId"].as_i64().unwrap_or(MAIN_TOPIC)),
            message_id: value["messageId"].as_i64().map(|id| id.to_string()).unwrap_or_default(),
            at: Timestamp::from_millisecond(at.as_millisecond()).ok()?,
            by,
            text: value["text"].as_str()?.to_owned(),
            session: value["sessionName"].as_str().and_then(|name| name.parse().ok()),
        })
    }

    /// The names of topics.
    pub(super) fn topics(&self, source: String, text: &str) -> Import {
        let file: Value = serde_json::from_str(text).unwrap_or_default();
        let Some(names) = file["topicToName"].as_object() else {
            return Import { source, skipped: 1, ..Import::default() };
        };
        let name =
            |(topic, name): (&String, &Value)| Some((self.place(topic.parse().ok()?), name.as_str()?.to_owned()));
        let found: Vec<_> = names.iter().filter_map(name).collect();
        let skipped = skipped(names, found.len());
        Import { source, names: found, skipped, ..Import::default() }
    }

    /// The topics that jobs have; they follow the names of their jobs.
    pub(super) fn job_topics(&self, source: String, text: &str) -> Import {
        let file: Value = serde_json::from_str(text).unwrap_or_default();
        let Some(topics) = file.as_object() else { return Import { source, skipped: 1, ..Import::default() } };
        let thread = |(slug, topic): (&String, &Value)| {
            let slug: JobSlug = slug.parse().ok()?;
            let address = self.place(topic.as_i64()?).address;
            let thread = Thread { address, name: String::new() };
            Some((self.notifier.clone(), Subject::Job(slug), thread))
        };
        let found: Vec<_> = topics.iter().filter_map(thread).collect();
        let skipped = skipped(topics, found.len());
        Import { source, threads: found, skipped, ..Import::default() }
    }

    fn place(&self, topic: i64) -> Place {
        let thread = (topic > MAIN_TOPIC).then(|| topic.to_string());
        let address = Address { conversation: self.conversation.clone(), thread };
        Place { notifier: self.notifier.clone(), address }
    }
}

fn skipped(entries: &Map<String, Value>, taken: usize) -> u64 {
    u64::try_from(entries.len() - taken).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chat() -> Chat {
        Chat { notifier: "notifier-telegram".parse().unwrap(), conversation: "-100".into() }
    }

    #[test]
    fn messages_are_taken_line_by_line_and_what_is_none_is_counted() {
        let text = "{\"messageId\":7,\"topicId\":42,\"text\":\"hi\",\"fromUser\":true,\"timestamp\":\"2026-01-02T03:04:05.678Z\",\"sessionName\":\"a\"}\n\
                    {\"messageId\":8,\"topicId\":null,\"text\":\"yes\",\"fromUser\":false,\"timestamp\":\"2026-01-02T03:04:06Z\",\"sessionName\":null}\n\
                    \n{\"text\":\"half";
        let import = chat().messages("m".into(), text);
        assert_eq!((import.spoken.len(), import.skipped), (2, 1));
        let [first, second] = &import.spoken[..] else { panic!("{import:?}") };
        assert_eq!(
            (first.place.thread(), &first.by, first.message_id.as_str()),
            ("42", &Voice::Person(SOMEBODY.into()), "7")
        );
        assert_eq!((second.place.thread(), &second.by, &second.session), ("1", &Voice::Agent, &None));
    }

    #[test]
    fn topics_keep_their_names_and_their_jobs() {
        let import =
            chat().topics("t".into(), r#"{"topicToSession": {"42": "x"}, "topicToName": {"42": "Bugs", "x": "y"}}"#);
        assert_eq!((import.names[0].1.as_str(), import.names[0].0.thread(), import.skipped), ("Bugs", "42", 1));
        let import = chat().job_topics("j".into(), r#"{"health-check": 17, "../x": 3, "a": "b"}"#);
        assert_eq!((import.threads.len(), import.skipped), (1, 2));
        assert_eq!(import.threads[0].1, Subject::Job("health-check".parse().unwrap()));
        assert_eq!(chat().topics("t".into(), "[").skipped, 1);
    }
}
