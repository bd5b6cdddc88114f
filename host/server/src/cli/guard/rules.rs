//! `instar guard rules`: everything that the guards may find, also what never was.

use std::collections::BTreeMap;

use instar_core::verdict::Answer;
use instar_plugin::{Asker, CallContext, Kind, Rule};
use jiff::Timestamp;
use serde_json::json;

use super::log::{MOST, counted, decisions};
use crate::cli::Context;
use crate::cli::exit::{Exit, Failure};
use crate::cli::output::{Shown, Tone};
use crate::cli::sentence;
use crate::guards::{Guards, Home, answer_word, severity_word};

pub(super) fn rules(context: &Context, home: Home) -> Result<Exit, Failure> {
    let counts = counted(&decisions(&home, MOST)?);
    let guards = Guards::open(home, &Kind::GUARDS, None).map_err(|error| Failure::failed(sentence(&error.into())))?;
    let call = CallContext::new(Asker::Operator, Timestamp::now());
    let mut rules = guards.plugins().rules(&call);
    rules.sort_by(|one, other| (&one.pack, &one.id).cmp(&(&other.pack, &other.id)));
    let spoke = |rule: &Rule| counts.get(&rule.id).copied().unwrap_or(0);
    // What a guard does not list has spoken all the same.
    let others = counts.iter().filter(|(id, _)| rules.iter().all(|rule| rule.id != **id));
    if context.out.json {
        let as_json = |rule: &Rule| {
            json!({ "id": rule.id, "pack": rule.pack, "answer": answer_word(rule.answer),
                "severity": severity_word(rule.severity), "what": rule.what, "spoke": spoke(rule) })
        };
        let listed: Vec<_> = rules.iter().map(as_json).collect();
        let others: BTreeMap<_, _> = others.collect();
        context.out.value(&json!({ "rules": listed, "others": others }))?;
        return Ok(Exit::Ok);
    }
    let row = |rule: &Rule| {
        let tone = if rule.answer == Answer::Pass { Tone::Good } else { Tone::Bad };
        vec![
            Shown::plain(&rule.pack),
            Shown::plain(&rule.id),
            Shown::new(answer_word(rule.answer), tone),
            Shown::plain(spoke(rule).to_string()),
            Shown::plain(&rule.what),
        ]
    };
    let other = |(id, count): (&String, &usize)| {
        let cells = ["", id.as_str(), "", &count.to_string(), ""];
        cells.map(Shown::plain).into_iter().collect()
    };
    let rows = rules.iter().map(row).chain(others.map(other)).collect();
    context.out.table(&["PACK", "RULE", "ANSWER", "SPOKE", "WHAT"], rows)?;
    Ok(Exit::Ok)
}
