//! The attention queue: what a person should look at, and how far they are with it.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::id::JobSlug;
use crate::notice::{Address, Choice};
use crate::verdict::Severity;

/// One thing for a person to look at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Item {
    #[serde(flatten)]
    pub wanted: Wanted,
    pub status: ItemStatus,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
    /// Where people talk about it, once a notifier has a place for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub thread: Option<Address>,
    /// The job that it is about, in whose thread people are told of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub job: Option<JobSlug>,
    /// What the tokens of its buttons begin with.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub handle: String,
}

/// What whoever raises an item says of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Wanted {
    /// Chosen by whoever raises it; the same thing raised twice is one item.
    pub id: String,
    pub title: String,
    pub summary: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    pub category: String,
    pub priority: Urgency,
    /// Where it comes from, in words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source_context: Option<String>,
}

/// How much it matters. The order is that in which people should look.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Urgency {
    Urgent,
    High,
    #[default]
    Normal,
    Low,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum ItemStatus {
    Open,
    Acknowledged,
    InProgress,
    Done,
    WontDo,
}

/// More open items than these nobody looks at.
pub const MOST_OPEN: usize = 500;
/// So many that are closed are kept at most, the newest, and none for longer than this.
pub const MOST_CLOSED: usize = 200;
pub const CLOSED_KEPT: SignedDuration = SignedDuration::from_hours(30 * 24);

/// The category of items that say nothing else.
pub const GENERAL: &str = "general";

impl Urgency {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Urgent => "URGENT",
            Self::High => "HIGH",
            Self::Normal => "NORMAL",
            Self::Low => "LOW",
        }
    }

    /// How loudly people are told of it.
    pub fn severity(self) -> Severity {
        match self {
            Self::Urgent => Severity::Critical,
            Self::High => Severity::High,
            Self::Normal => Severity::Medium,
            Self::Low => Severity::Low,
        }
    }
}

impl ItemStatus {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Open => "OPEN",
            Self::Acknowledged => "ACKNOWLEDGED",
            Self::InProgress => "IN_PROGRESS",
            Self::Done => "DONE",
            Self::WontDo => "WONT_DO",
        }
    }

    /// In words for people.
    pub fn words(self) -> &'static str {
        match self {
            Self::Open => "open again",
            Self::Acknowledged => "acknowledged",
            Self::InProgress => "in progress",
            Self::Done => "done",
            Self::WontDo => "not going to be done",
        }
    }

    /// What a button says that brings it about.
    pub fn deed(self) -> &'static str {
        match self {
            Self::Open => "Open again",
            Self::Acknowledged => "Acknowledge",
            Self::InProgress => "In progress",
            Self::Done => "Done",
            Self::WontDo => "Won't do",
        }
    }

    pub fn is_closed(self) -> bool {
        match self {
            Self::Open | Self::Acknowledged | Self::InProgress => false,
            Self::Done | Self::WontDo => true,
        }
    }
}

impl Wanted {
    /// The field that is wrong, and what it must be.
    pub fn check(&self) -> Result<(), (&'static str, String)> {
        let texts = [
            ("id", Some(&self.id), 200),
            ("title", Some(&self.title), 500),
            ("summary", Some(&self.summary), 2000),
            ("category", Some(&self.category), 100),
            ("description", self.description.as_ref(), 10_000),
            ("sourceContext", self.source_context.as_ref(), 2000),
        ];
        for (field, text, most) in texts {
            let Some(text) = text else { continue };
            if text.trim().is_empty() || text.chars().count() > most {
                let rule = format!("`{field}` must be a text that is not blank, of {most} characters at most");
                return Err((field, rule));
            }
        }
        Ok(())
    }
}

impl Item {
    pub fn new(wanted: Wanted, now: Timestamp) -> Self {
        let (status, handle) = (ItemStatus::Open, String::new());
        Self { wanted, status, created_at: now, updated_at: now, thread: None, job: None, handle }
    }

    /// The buttons below it, as it stands.
    pub(crate) fn choices(&self) -> Vec<Choice> {
        let offered: &[ItemStatus] = match self.status {
            ItemStatus::Open => &[ItemStatus::Acknowledged, ItemStatus::Done, ItemStatus::WontDo],
            ItemStatus::Acknowledged | ItemStatus::InProgress => &[ItemStatus::Done, ItemStatus::WontDo],
            ItemStatus::Done | ItemStatus::WontDo => &[ItemStatus::Open],
        };
        let choice = |status: &ItemStatus| Choice { label: status.deed().into(), token: self.token(*status) };
        offered.iter().map(choice).collect()
    }

    /// What a button says; `None` if it is none of this item.
    pub fn pressed(&self, token: &str) -> Option<ItemStatus> {
        const ALL: [ItemStatus; 4] = [ItemStatus::Open, ItemStatus::Acknowledged, ItemStatus::Done, ItemStatus::WontDo];
        ALL.into_iter().find(|status| !self.handle.is_empty() && self.token(*status) == token)
    }

    fn token(&self, status: ItemStatus) -> String {
        format!("{}.{}", self.handle, status.as_str())
    }

    /// The same item of a job that has another name; `None` if it is no item of that job.
    pub fn of_renamed_job(&self, from: &JobSlug, to: &JobSlug) -> Option<Self> {
        if self.job.as_ref() != Some(from) {
            return None;
        }
        let kind = self.wanted.id.strip_suffix(from.as_str()).filter(|kind| kind.ends_with(':'));
        let id = kind.map_or_else(|| self.wanted.id.clone(), |kind| format!("{kind}{to}"));
        Some(Self { wanted: Wanted { id, ..self.wanted.clone() }, job: Some(to.clone()), ..self.clone() })
    }

    /// Reads an item of the predecessor's file; `None` for what is none.
    pub fn of_predecessor(value: &serde_json::Value) -> Option<Self> {
        let text = |key: &str| value[key].as_str().map(str::to_owned);
        let time = |key: &str| value[key].as_str().and_then(|at| at.parse::<Timestamp>().ok());
        let created_at = time("createdAt")?;
        let wanted = Wanted {
            id: text("id")?,
            title: text("title")?,
            summary: text("summary")?,
            description: text("description").filter(|text| !text.trim().is_empty()),
            category: text("category").unwrap_or_else(|| GENERAL.into()),
            priority: Urgency::deserialize(&value["priority"]).ok()?,
            source_context: text("sourceContext").filter(|text| !text.trim().is_empty()),
        };
        wanted.check().ok()?;
        let status = ItemStatus::deserialize(&value["status"]).ok()?;
        // Its topic was one of the chat that the predecessor had: whether it still is, nobody knows.
        Some(Self {
            status,
            created_at,
            updated_at: time("updatedAt").unwrap_or(created_at),
            ..Self::new(wanted, created_at)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn item() -> serde_json::Value {
        json!({"id": "a/b", "title": "T", "summary": "S", "priority": "URGENT", "status": "IN_PROGRESS",
               "createdAt": "2026-01-02T03:04:05.678Z", "topicId": 7})
    }

    #[test]
    fn items_of_the_predecessor_are_read_and_what_is_none_is_not() {
        let read = Item::of_predecessor(&item()).unwrap();
        assert_eq!((read.wanted.category.as_str(), read.status), ("general", ItemStatus::InProgress));
        assert_eq!(read.updated_at, read.created_at);
        for key in ["id", "title", "summary", "priority", "status", "createdAt"] {
            let mut broken = item();
            broken[key] = json!("");
            assert_eq!(Item::of_predecessor(&broken), None, "{key}");
        }
    }

    #[test]
    fn a_text_that_is_blank_or_too_long_is_refused_by_name() {
        let fine = Item::of_predecessor(&item()).unwrap().wanted;
        assert_eq!(fine.check(), Ok(()));
        let long = Wanted { title: "é".repeat(501), ..fine.clone() };
        assert_eq!(long.check().unwrap_err().0, "title");
        let blank = Wanted { description: Some(" ".into()), ..fine };
        assert_eq!(blank.check().unwrap_err().0, "description");
    }
}
