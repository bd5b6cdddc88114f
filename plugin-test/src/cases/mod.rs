//! Cases of an author, `cases/*.toml`: each is loaded with its doubles, asked, and its answers are held against what is
//! expected.

mod form;
mod told;

use instar_core::plan::{Action, End, EndCause, StepEvent};
use serde_json::{Value, json};

pub use form::{Case, CasesError, read_cases};
use form::{Exited, Step};

use crate::answer::Failure;
use crate::loaded::Loaded;
use crate::plugin::Plugin;

/// What became of a case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    pub name: String,
    /// Nothing is wrong where this is empty.
    pub problems: Vec<String>,
}

impl Plugin {
    /// Tries the case. Its own configuration, secrets, network and host stand in place of what was said before.
    pub fn try_case(&self, case: &Case) -> Outcome {
        let problems = self.as_found_by(case).tried(case).unwrap_or_else(|problem| vec![problem]);
        Outcome { name: case.name.clone(), problems }
    }

    /// Tries all cases of a folder, by the names of its files; where there is no folder there are none.
    ///
    /// # Errors
    /// When a file cannot be read, or says what no case says.
    pub fn try_cases(&self, folder: impl AsRef<std::path::Path>) -> Result<Vec<Outcome>, CasesError> {
        Ok(read_cases(folder.as_ref())?.iter().map(|case| self.try_case(case)).collect())
    }

    /// With the configuration, secrets, network and host of this case.
    #[must_use]
    pub fn as_found_by(&self, case: &Case) -> Self {
        let mut plugin = self.clone();
        plugin.found.config.clone_from(&case.config);
        plugin.found.secrets.clone_from(&case.secrets);
        plugin.found.http.clone_from(&case.http);
        plugin.found.processes.clone_from(&case.process);
        plugin.found.host = case.host.double();
        plugin.found.execute.clone_from(&case.execute);
        plugin
    }

    fn tried(&self, case: &Case) -> Result<Vec<String>, String> {
        let loaded = match self.load() {
            Ok(loaded) => loaded,
            Err(failure) => return Ok(against(case.expect.as_ref(), &failed(&failure))),
        };
        let mut problems = ask(&loaded, case)?;
        problems.extend(loaded.problems());
        problems.extend(case.host.difference(&loaded.done()));
        Ok(problems)
    }
}

fn ask(loaded: &Loaded, case: &Case) -> Result<Vec<String>, String> {
    let found = if let Some(execute) = &case.execute {
        return steps(loaded, execute, case);
    } else if let Some(message) = &case.message {
        loaded.deliver(&message.title, &message.body).map_or_else(|failure| failed(&failure), told::delivered)
    } else if let Some(text) = &case.output {
        loaded.redact(text).map_or_else(|failure| json!({ "failed": failure.code }), told::redacted)
    } else if let Some(text) = &case.command {
        told::judged(&loaded.judge(text))
    } else if let Some(tool) = &case.tool {
        told::judged(&loaded.judge_tool(&tool.name, &tool.input))
    } else if let Some(text) = &case.text {
        told::judged(&loaded.judge_text("test", text))
    } else if let Some(job) = &case.run {
        told::judged(&loaded.judge_run(job, case.history.as_ref().unwrap_or(&json!([]))))
    } else {
        let all = "`execute`, `command`, `tool`, `text`, `run`, `output` or `message`";
        return Err(format!("it asks nothing: say {all}"));
    };
    Ok(against(case.expect.as_ref(), &found))
}

fn steps(loaded: &Loaded, execute: &Value, case: &Case) -> Result<Vec<String>, String> {
    if loaded.execute_type().is_empty() {
        return Err("`execute` is for execute types, and this plugin is none".to_owned());
    }
    let mut run = loaded.run_with_model(execute, &case.model);
    let mut problems = Vec::new();
    let mut hold = |when: String, expected: Option<&Value>, answer: Result<Vec<Action>, Failure>| {
        let found = answer.map_or_else(|failure| failed(&failure), |actions| told::actions(&actions));
        problems.extend(against(expected, &found).into_iter().map(|problem| format!("{when}, {problem}")));
    };
    hold("at first".to_owned(), case.expect.as_ref(), run.start());
    for (number, step) in case.step.iter().enumerate() {
        let answer = match event(step) {
            StepEvent::Woke => run.woke(),
            StepEvent::Exited(end) => run.ended(end),
            event => run.step(event),
        };
        hold(format!("at step {}", number + 1), step.expect.as_ref(), answer);
    }
    Ok(problems)
}

fn event(step: &Step) -> StepEvent {
    match &step.exited {
        Some(Exited { status, output, report }) if !step.ready => StepEvent::Exited(End {
            cause: EndCause::Exit(*status),
            duration_ms: 1000,
            tail: output.clone(),
            report: report.as_ref().map(Value::to_string),
        }),
        None if step.woke => StepEvent::Woke,
        _ => StepEvent::Ready,
    }
}

fn failed(failure: &Failure) -> Value {
    json!({ "failed": failure.code, "message": failure.message, "retry": failure.retry })
}

/// Which answer differs, if one does.
fn against(expected: Option<&Value>, found: &Value) -> Vec<String> {
    expected.and_then(|expected| difference(expected, found, "the answer")).into_iter().collect()
}

/// Where `found` lacks what is expected: the way to it, and both. A text that ends with `*` is the beginning of one.
pub(crate) fn difference(expected: &Value, found: &Value, way: &str) -> Option<String> {
    let differs = || Some(format!("{way} is {found}, and {expected} was expected"));
    match (expected, found) {
        (Value::Object(expected), Value::Object(fields)) => expected.iter().find_map(|(key, value)| {
            let inner = format!("{way}.{key}");
            match fields.get(key) {
                Some(field) => difference(value, field, &inner),
                None => Some(format!("{inner} is missing; there is {found}")),
            }
        }),
        (Value::Array(expected), Value::Array(items)) if expected.len() == items.len() => {
            let pairs = expected.iter().zip(items).enumerate();
            pairs.into_iter().find_map(|(index, (value, item))| difference(value, item, &format!("{way}[{index}]")))
        }
        (Value::String(expected), Value::String(text)) => {
            let is_beginning = expected.strip_suffix('*').is_some_and(|start| text.starts_with(start));
            if is_beginning || expected == text { None } else { differs() }
        }
        (expected, found) if expected == found => None,
        _ => differs(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_expected_must_be_there_and_more_may_be() {
        let found = json!({"a": [1, {"b": "long text", "c": 2}], "d": null});
        let check = |expected: Value| difference(&expected, &found, "answer");
        assert_eq!(check(json!({"a": [1, {"b": "long*"}]})), None);
        assert!(check(json!({"a": [1]})).unwrap().contains("answer.a is"));
        assert!(check(json!({"a": [1, {"b": "short*"}]})).unwrap().contains("answer.a[1].b"));
        assert!(check(json!({"e": 1})).unwrap().contains("answer.e is missing"));
    }
}
