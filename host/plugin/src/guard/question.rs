//! A question to guards as a whole, with what some of them said, so that another build can be asked the same.

use std::fmt;

use instar_core::command::{Command, Surroundings};
use instar_core::id::PluginId;
use instar_core::verdict::Verdict;
use serde::{Deserialize, Serialize};

use super::hook::{Moment, Scan};
use super::{Piece, Put};
use crate::audit::Kind;
use crate::error::Cause;
use crate::plugins::{Loaded, Plugins};
use crate::wit::exports::tool_guard;
use crate::wit::since_v0_1::CallContext;

/// What guards of one hook point were asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Question {
    Command(Command),
    Tool {
        tool: String,
        input_json: String,
        surroundings: Surroundings,
    },
    Outbound {
        channel: String,
        text: String,
    },
    Run {
        job_json: String,
        history_json: String,
    },
    Output {
        source: String,
        offset: u64,
        #[serde(with = "text_or_bytes")]
        chunk: Vec<u8>,
        last: bool,
    },
    Session {
        at: Moment,
        files: Vec<(String, String)>,
    },
}

/// What one guard said.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Said {
    Verdict(Verdict),
    Scan(Scan),
    Texts(Vec<String>),
    /// It gave no answer; the code of its fault.
    Nothing(String),
}

/// One guard's part in an answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Spoken {
    pub guard: PluginId,
    /// BLAKE3 of the component that spoke, in hexadecimal.
    pub digest: String,
    pub said: Said,
}

/// A question that was answered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Asked {
    pub call: CallContext,
    pub question: Question,
    pub spoken: Vec<Spoken>,
}

/// Hears what the guards of [`Settings::heard`](crate::Settings::heard) were asked and said, once the answer is known. It must not
/// wait: the answer is given behind it.
pub trait Ear: Send + Sync + fmt::Debug {
    fn hear(&self, asked: Asked);
}

impl Question {
    /// The hook point that it is asked at.
    pub fn kind(&self) -> Kind {
        match self {
            Self::Command(_) => Kind::CommandGuard,
            Self::Tool { .. } => Kind::ToolGuard,
            Self::Outbound { .. } => Kind::OutboundGuard,
            Self::Run { .. } => Kind::RunGuard,
            Self::Output { .. } => Kind::OutputGuard,
            Self::Session { .. } => Kind::SessionGuard,
        }
    }
}

impl Plugins {
    /// Asks one guard what others were asked. `None` where it is not loaded, or judges nothing of this kind. Nobody hears
    /// of it.
    pub fn ask_again(&self, guard: &PluginId, call: &CallContext, question: &Question) -> Result<Option<Said>, Cause> {
        let Some((plugin, half)) = self.guards().find(|(plugin, _)| plugin.id == *guard) else { return Ok(None) };
        let verdict = |put: &Put<'_>, bytes: usize| {
            self.verdict_of(plugin, half, call, put, bytes).transpose().map(|it| it.map(Said::Verdict))
        };
        match question {
            Question::Command(command) => verdict(&Put::Command(command.into()), command.bytes()),
            Question::Tool { tool, input_json, surroundings } => {
                let given = tool_guard::ToolCall {
                    tool: tool.clone(),
                    input_json: input_json.clone(),
                    surroundings: surroundings.into(),
                };
                verdict(&Put::Tool(given), tool.len() + input_json.len() + surroundings.bytes())
            }
            Question::Outbound { channel, text } => {
                verdict(&Put::Outbound { channel, text }, channel.len() + text.len())
            }
            Question::Run { job_json, history_json } => {
                verdict(&Put::Run { job_json, history_json }, job_json.len() + history_json.len())
            }
            Question::Output { source, offset, chunk, last } => {
                let piece = Piece { source, offset: *offset, chunk, last: *last };
                self.scan_of(plugin, half, call, piece).transpose().map(|it| it.map(Said::Scan))
            }
            Question::Session { at, files } => {
                self.texts_of(plugin, half, call, *at, files).transpose().map(|it| it.map(Said::Texts))
            }
        }
    }

    pub(super) fn is_heard(&self, plugin: &Loaded) -> bool {
        self.ear.is_some() && self.heard.contains(&plugin.id)
    }

    pub(super) fn spoken(&self, plugin: &Loaded, said: Result<Said, &Cause>) -> Spoken {
        let info = self.infos.iter().find(|info| info.id == plugin.id);
        let said = said.unwrap_or_else(|cause| Said::Nothing(cause.code().to_owned()));
        Spoken { guard: plugin.id.clone(), digest: info.map(|info| info.digest.clone()).unwrap_or_default(), said }
    }

    /// The question is made only if somebody spoke whom the ear wants to hear.
    pub(super) fn tell(&self, call: &CallContext, spoken: Vec<Spoken>, question: impl FnOnce() -> Question) {
        if let (Some(ear), false) = (&self.ear, spoken.is_empty()) {
            ear.hear(Asked { call: call.clone(), question: question(), spoken });
        }
    }
}

/// Most output is text, and a list of numbers is four times as long.
mod text_or_bytes {
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Kept {
        Text(String),
        Bytes(Vec<u8>),
    }

    pub(super) fn serialize<S: Serializer>(bytes: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
        match std::str::from_utf8(bytes) {
            Ok(text) => text.serialize(serializer),
            Err(_) => bytes.serialize(serializer),
        }
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<u8>, D::Error> {
        Ok(match Kept::deserialize(deserializer)? {
            Kept::Text(text) => text.into_bytes(),
            Kept::Bytes(bytes) => bytes,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn output_travels_as_it_is() {
        for chunk in [b"a text".to_vec(), vec![0xff, 0, 7]] {
            let question = Question::Output { source: "Bash".to_owned(), offset: 3, chunk, last: true };
            let travelled: Question = serde_json::from_slice(&serde_json::to_vec(&question).unwrap()).unwrap();
            assert_eq!(travelled, question);
        }
    }
}
