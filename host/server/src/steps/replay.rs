//! A run that was kept, played to a build of its execute type: where its answers differ.

use instar_engine::KeptStep;
use instar_plugin::{PluginError, Plugins, Tape};
use serde_json::{Value, json};

use super::line::{Line, packed};

/// One step, and what another build made of it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Replayed {
    pub(crate) number: usize,
    /// What it was told: `requested`, `ready`, `woke` or `exited`.
    pub(crate) event: String,
    /// Secrets were taken out of what was kept.
    pub(crate) redacted: bool,
    pub(crate) outcome: Outcome,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Outcome {
    Alike,
    Differs(Vec<Difference>),
    /// It cannot be played; a sentence.
    Impossible(String),
}

/// One thing that is not as it was.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Difference {
    /// `action 1` and so on, `answer` where one of both gave none, `asks` for a question to the host that was not asked
    /// then, `no longer asks` for one that is not asked now.
    pub(crate) what: String,
    pub(crate) recorded: Option<Value>,
    pub(crate) now: Option<Value>,
}

/// Plays all steps in their order. A build goes on with the state that it left itself, where it could answer the step
/// before; what it asks of the host is answered as it was then, and nothing is done.
pub(crate) async fn replay(plugins: &Plugins, lines: &[Line]) -> Vec<Replayed> {
    let (mut replayed, mut state) = (Vec::with_capacity(lines.len()), None);
    for (at, line) in lines.iter().enumerate() {
        let (outcome, left) = match line.step() {
            Ok(step) => one(plugins, step, state.take()).await,
            Err(why) => (Outcome::Impossible(why), None),
        };
        state = left;
        let (event, redacted) = (line.event.clone(), line.redacted);
        replayed.push(Replayed { number: at + 1, event, redacted, outcome });
    }
    replayed
}

/// With the state that the build left, if it answered.
async fn one(plugins: &Plugins, step: KeptStep, own: Option<Vec<u8>>) -> (Outcome, Option<Vec<u8>>) {
    let KeptStep { execute_type, call, state, event, answer, host, .. } = step;
    let tape = Tape::playing(host.calls);
    let state = own.unwrap_or(state);
    let now = plugins.step_by(&tape, &execute_type, &call, state, vec![event]).await;
    let played = tape.played();
    if host.cut && !played.unknown.is_empty() {
        let why = "it asked more of the host than was kept, so that nobody knows the answers";
        return (Outcome::Impossible(why.to_owned()), None);
    }
    let recorded = answer.map(|result| result.actions).map_err(|fault| (fault.code, fault.message));
    let left = now.as_ref().ok().map(|result| result.state.clone());
    let now = now.map(|result| result.actions).map_err(|error| (error.code().to_owned(), words(&error)));
    let mut differences = match (recorded, now) {
        (Ok(recorded), Ok(now)) => actions(&shown(recorded), &shown(now)),
        (recorded, now) => answers(recorded.map(shown), now.map(shown)),
    };
    let question = |(what, asked): (String, Value)| json!({ "what": what, "asked": packed(asked) });
    let asks = played.unknown.into_iter().map(question);
    differences.extend(asks.map(|now| Difference { what: "asks".to_owned(), recorded: None, now: Some(now) }));
    let unasked = played.unasked.into_iter().map(question);
    differences.extend(unasked.map(|recorded| Difference {
        what: "no longer asks".to_owned(),
        recorded: Some(recorded),
        now: None,
    }));
    (if differences.is_empty() { Outcome::Alike } else { Outcome::Differs(differences) }, left)
}

fn shown<T: serde::Serialize>(actions: Vec<T>) -> Vec<Value> {
    actions.iter().map(|action| packed(serde_json::to_value(action).unwrap_or_default())).collect()
}

fn actions(recorded: &[Value], now: &[Value]) -> Vec<Difference> {
    let all = 0..recorded.len().max(now.len());
    let pairs = all.map(|at| (at, recorded.get(at), now.get(at))).filter(|(_, recorded, now)| recorded != now);
    let difference = |(at, recorded, now): (usize, Option<&Value>, Option<&Value>)| Difference {
        what: format!("action {}", at + 1),
        recorded: recorded.cloned(),
        now: now.cloned(),
    };
    pairs.map(difference).collect()
}

type Told = Result<Vec<Value>, (String, String)>;

/// Where at least one of both gave no answer. The same fault is told in the words of each build.
fn answers(recorded: Told, now: Told) -> Vec<Difference> {
    let is_same = matches!((&recorded, &now), (Err((recorded, _)), Err((now, _))) if recorded == now);
    if is_same {
        return Vec::new();
    }
    let told = |told: Told| match told {
        Ok(actions) => json!({ "actions": actions }),
        Err((code, message)) => json!({ "fault": code, "message": message }),
    };
    vec![Difference { what: "answer".to_owned(), recorded: Some(told(recorded)), now: Some(told(now)) }]
}

fn words(error: &PluginError) -> String {
    error.cause.to_string().split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_action_that_is_not_as_it_was_is_named() {
        let [a, b, c] = ["a", "b", "c"].map(Value::from);
        assert_eq!(actions(&[a.clone(), b.clone()], &[a.clone(), b.clone()]), []);
        let differences = actions(&[a.clone(), b.clone()], &[a, c.clone(), b.clone()]);
        assert_eq!(
            differences,
            [
                Difference { what: "action 2".to_owned(), recorded: Some(b.clone()), now: Some(c) },
                Difference { what: "action 3".to_owned(), recorded: None, now: Some(b) },
            ]
        );
    }

    #[test]
    fn a_fault_is_as_it_was_by_its_code() {
        let fault = |code: &str, message: &str| Err((code.to_owned(), message.to_owned()));
        assert_eq!(answers(fault("trap", "x"), fault("trap", "y")), []);
        assert_eq!(answers(fault("trap", "x"), fault("timeout", "y")).len(), 1);
        let [difference] = &answers(Ok(Vec::new()), fault("trap", "y"))[..] else { panic!("one difference") };
        assert_eq!(difference.now, Some(json!({ "fault": "trap", "message": "y" })));
    }
}
