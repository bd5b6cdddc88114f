//! Users: the people that the host knows, by which channels they speak, and what they may do.
//!
//! This reads the text of `users.json` and answers who speaks. The file itself is the server's.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Everybody that is known, as their file lists them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Users {
    users: Vec<User>,
    /// Whose a channel is: a place in `users`.
    owners: BTreeMap<Channel, usize>,
}

/// One person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct User {
    pub id: String,
    pub name: String,
    pub channels: Vec<Channel>,
    pub permissions: Vec<String>,
}

/// A way to a person: a kind such as `telegram` or `email`, and who it is there.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Channel {
    #[serde(rename = "type")]
    kind: String,
    identifier: String,
}

/// What somebody may do. The order is from little to much.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// May look.
    Viewer,
    /// May also speak with agents.
    User,
    /// May also change the host.
    Admin,
}

/// Why a text is no list of users.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum UsersError {
    #[error("it is not valid JSON: {0}")]
    Json(String),
    #[error("it must hold a JSON array of users")]
    NoArray,
}

impl Channel {
    /// Kinds are the same in small and large letters, and so are addresses of mail.
    pub fn new(kind: &str, identifier: &str) -> Self {
        let kind = kind.trim().to_lowercase();
        let identifier = identifier.trim();
        let identifier = if kind == "email" { identifier.to_lowercase() } else { identifier.to_owned() };
        Self { kind, identifier }
    }

    pub fn kind(&self) -> &str {
        &self.kind
    }

    pub fn identifier(&self) -> &str {
        &self.identifier
    }

    fn parse(value: &Value) -> Option<Self> {
        let kind = value.get("type")?.as_str()?;
        let identifier = match value.get("identifier")? {
            Value::String(text) => text.clone(),
            Value::Number(number) => number.to_string(),
            _ => return None,
        };
        let channel = Self::new(kind, &identifier);
        (!channel.kind.is_empty() && !channel.identifier.is_empty()).then_some(channel)
    }
}

impl std::fmt::Display for Channel {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:{}", self.kind, self.identifier)
    }
}

impl Role {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Viewer => "viewer",
            Self::User => "user",
            Self::Admin => "admin",
        }
    }
}

impl User {
    /// The most that their permissions give; who is given none of the three may look.
    pub fn role(&self) -> Role {
        let has = |role: Role| self.permissions.iter().any(|one| one.trim().eq_ignore_ascii_case(role.as_str()));
        [Role::Admin, Role::User].into_iter().find(|role| has(*role)).unwrap_or(Role::Viewer)
    }

    fn parse(value: &Value, warn: &mut impl FnMut(String)) -> Option<Self> {
        let Some(id) = value.get("id").and_then(Value::as_str).map(str::trim).filter(|id| !id.is_empty()) else {
            warn("has no `id`, and is left out".into());
            return None;
        };
        let list = |key: &str| value.get(key).and_then(Value::as_array);
        let (Some(channels), Some(permissions)) = (list("channels"), list("permissions")) else {
            warn(format!("`{id}` has no lists of `channels` and `permissions`, and is left out"));
            return None;
        };
        let known: Vec<_> = channels.iter().filter_map(Channel::parse).collect();
        if known.len() < channels.len() {
            warn(format!("`{id}` has channels without `type` or `identifier`, which are left out"));
        }
        Some(Self {
            id: id.to_owned(),
            name: value.get("name").and_then(Value::as_str).unwrap_or(id).to_owned(),
            channels: known,
            permissions: permissions.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
        })
    }
}

impl Users {
    /// Reads the text of the file, with a warning for each entry that is not as it should be.
    ///
    /// A channel that two users claim is the first one's, so that an entry below cannot take over what stands above.
    pub fn parse(text: &str) -> Result<(Self, Vec<String>), UsersError> {
        let value: Value = serde_json::from_str(text).map_err(|error| UsersError::Json(error.to_string()))?;
        let entries = value.as_array().ok_or(UsersError::NoArray)?;
        let (mut users, mut warnings, mut ids) = (Self::default(), Vec::new(), BTreeSet::new());
        for (index, entry) in entries.iter().enumerate() {
            let mut warn = |rest: String| warnings.push(format!("user[{index}] {rest}"));
            let Some(user) = User::parse(entry, &mut warn) else { continue };
            if !ids.insert(user.id.clone()) {
                warn(format!("has the id `{}` of one before it, and is left out", user.id));
                continue;
            }
            for (channel, owner) in users.add(user) {
                warn(format!("claims {channel}, which is `{owner}`'s"));
            }
        }
        Ok((users, warnings))
    }

    /// Adds somebody; what comes back are their channels that are another one's, with whose.
    fn add(&mut self, user: User) -> Vec<(Channel, String)> {
        let place = self.users.len();
        let mut taken = Vec::new();
        for channel in &user.channels {
            match self.owners.get(channel) {
                Some(owner) if *owner != place => taken.push((channel.clone(), self.users[*owner].id.clone())),
                Some(_) => {}
                None => {
                    self.owners.insert(channel.clone(), place);
                }
            }
        }
        self.users.push(user);
        taken
    }

    /// Who speaks there, if it is somebody known.
    pub fn resolve(&self, channel_type: &str, identifier: &str) -> Option<&User> {
        self.owners.get(&Channel::new(channel_type, identifier)).map(|place| &self.users[*place])
    }

    pub fn get(&self, id: &str) -> Option<&User> {
        self.users.iter().find(|user| user.id == id)
    }

    pub fn iter(&self) -> impl Iterator<Item = &User> {
        self.users.iter()
    }

    pub fn is_empty(&self) -> bool {
        self.users.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = r#"[
        {"id": "ada", "name": "Ada", "permissions": ["user", "admin"], "preferences": {"style": "short"},
         "channels": [{"type": "telegram", "identifier": 4711}, {"type": "Email", "identifier": "Ada@Example.org"}]},
        {"id": "bob", "name": "Bob", "permissions": ["viewer"],
         "channels": [{"type": "telegram", "identifier": "4711"}, {"type": "slack", "identifier": "U1"}, {"type": "slack"}]},
        {"id": "ada", "permissions": ["admin"], "channels": [{"type": "slack", "identifier": "U9"}]},
        {"name": "nobody", "channels": [], "permissions": []},
        {"id": "carl", "channels": "none", "permissions": []}
    ]"#;

    #[track_caller]
    fn check(kind: &str, identifier: &str, expected: Option<(&str, Role)>) {
        let (users, _) = Users::parse(FILE).unwrap();
        let found = users.resolve(kind, identifier).map(|user| (user.id.as_str(), user.role()));
        assert_eq!(found, expected, "{kind}:{identifier}");
    }

    #[test]
    fn who_speaks_is_found_by_the_channel_and_nobody_takes_the_channel_of_another() {
        check("telegram", "4711", Some(("ada", Role::Admin)));
        check("email", "ada@example.ORG", Some(("ada", Role::Admin)));
        check("slack", "U1", Some(("bob", Role::Viewer)));
        check("slack", "u1", None);
        check("slack", "U9", None);
        check("signal", "4711", None);
    }

    #[test]
    fn each_entry_that_is_wrong_is_named() {
        let (_, warnings) = Users::parse(FILE).unwrap();
        assert_eq!(
            warnings,
            [
                "user[1] `bob` has channels without `type` or `identifier`, which are left out",
                "user[1] claims telegram:4711, which is `ada`'s",
                "user[2] has the id `ada` of one before it, and is left out",
                "user[3] has no `id`, and is left out",
                "user[4] `carl` has no lists of `channels` and `permissions`, and is left out",
            ]
        );
    }

    #[test]
    fn a_text_that_is_no_list_is_refused() {
        assert_eq!(Users::parse("{}"), Err(UsersError::NoArray));
        assert!(matches!(Users::parse("[{"), Err(UsersError::Json(_))));
        assert!(Users::parse(" [] ").unwrap().0.is_empty());
    }
}
