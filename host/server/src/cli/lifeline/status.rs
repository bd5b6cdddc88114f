//! `instar lifeline status`: by the lock whether it runs, by its own word how it finds the server.

use serde_json::json;

use super::{pid, state};
use crate::cli::Context;
use crate::cli::exit::{Exit, Failure};
use crate::cli::output::{Output, one_line};
use crate::lifeline::state::{Standing, State};

pub(super) fn run(context: &Context) -> Result<Exit, Failure> {
    let project = context.project()?;
    let Some(pid) = pid(&project) else {
        if context.out.json {
            context.out.value(&json!({ "running": false }))?;
        } else {
            context.out.line("The lifeline is not running.")?;
        }
        return Ok(Exit::NotRunning);
    };
    let state = state(&project, pid);
    if context.out.json {
        context.out.value(&json!({ "running": true, "pid": pid, "state": state }))?;
        return Ok(Exit::Ok);
    }
    context.out.line(format!("Lifeline  running, process {pid}"))?;
    match state {
        Some(state) => context.out.line(server_line(&context.out, &state))?,
        None => context.out.line("Server    the lifeline has not said yet")?,
    }
    Ok(Exit::Ok)
}

/// How the server stands, in one line.
pub(super) fn server_line(out: &Output, state: &State) -> String {
    let process = state.server.map(|pid| format!(", process {pid}")).unwrap_or_default();
    let since = out.distance(state.changed);
    let reason = one_line(state.reason.as_deref().unwrap_or_default());
    let next = state.next_start.map(|at| out.distance(at)).unwrap_or_default();
    let standing = match state.standing {
        Standing::Up => format!("up{process}, since {since}"),
        Standing::Starting => format!("starting{process}, since {since}"),
        Standing::Ending => format!("asked to end{process}, {since}"),
        Standing::Waiting => format!("down: {reason}; start {} {next}", state.attempts),
        Standing::CoolingDown => format!("down: {reason}; after many starts in vain the next one is {next}"),
        Standing::Held => format!("down: {reason}; `instar lifeline restart` starts it"),
    };
    format!("Server    {standing}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::output::for_tests;

    #[test]
    fn each_standing_says_what_comes_next() {
        let out = for_tests("2026-01-01T00:01:00Z");
        let mut state = State {
            pid: 1,
            since: "2026-01-01T00:00:00Z".parse().unwrap(),
            standing: Standing::Up,
            changed: "2026-01-01T00:00:30Z".parse().unwrap(),
            server: Some(7),
            attempts: 0,
            reason: None,
            next_start: None,
        };
        assert_eq!(server_line(&out, &state), "Server    up, process 7, since 30s ago");
        state = State {
            standing: Standing::Waiting,
            server: None,
            attempts: 2,
            reason: Some("signal 9 ended it".to_owned()),
            next_start: Some("2026-01-01T00:01:10Z".parse().unwrap()),
            ..state
        };
        assert_eq!(server_line(&out, &state), "Server    down: signal 9 ended it; start 2 in 10s");
        state.standing = Standing::Held;
        assert!(server_line(&out, &state).ends_with("`instar lifeline restart` starts it"));
    }
}
