//! `instar session output --follow`: prints what a session adds to its output, until it ends.

use std::time::Duration;

use instar_api::{Session, SessionOutput, paths};
use instar_core::session::SessionStatus;

use crate::cli::Context;
use crate::cli::client::{Client, segment};
use crate::cli::exit::{Exit, Failure};
use crate::cli::output::printable;

/// The most lines that the API gives; the overlap with what was printed is found in them.
const WINDOW: u32 = 10_000;

const SHORTEST_WAIT: Duration = Duration::from_millis(200);
const LONGEST_WAIT: Duration = Duration::from_secs(1);

pub(super) fn run(context: &Context, name: &str, lines: u32) -> Result<Exit, Failure> {
    if context.out.json {
        return Err(Failure::usage("--follow prints text as it comes; leave out --json"));
    }
    let client = context.client()?;
    let name = segment(name);
    let mut is_live = is_live(&client, &name)?;
    let mut seen = fetch(&client, &name)?;
    let mut at_line_start = print(context, last_lines(&seen, lines), true)?;
    let mut wait = SHORTEST_WAIT;
    while is_live {
        std::thread::sleep(wait);
        // Asked before the output, so that the last look comes after the end.
        is_live = self::is_live(&client, &name)?;
        let now = fetch(&client, &name)?;
        let added = added(&seen, &now);
        wait = if added.is_empty() { (wait * 3 / 2).min(LONGEST_WAIT) } else { SHORTEST_WAIT };
        at_line_start = print(context, added, at_line_start)?;
        seen = now;
    }
    if !at_line_start {
        context.out.raw(b"\n")?;
    }
    Ok(Exit::Ok)
}

fn is_live(client: &Client, name: &str) -> Result<bool, Failure> {
    let session: Session = client.get(&paths::session(name))?.success()?.read()?;
    Ok(SessionStatus::parse(&session.status).is_some_and(SessionStatus::is_live))
}

fn fetch(client: &Client, name: &str) -> Result<String, Failure> {
    let path = format!("{}?lines={WINDOW}", paths::session_output(name));
    Ok(printable(&client.get(&path)?.success()?.read::<SessionOutput>()?.output))
}

/// Says whether what was printed so far ends with a line end.
fn print(context: &Context, text: &str, at_line_start: bool) -> Result<bool, Failure> {
    if text.is_empty() {
        return Ok(at_line_start);
    }
    context.out.raw(text.as_bytes())?;
    Ok(text.ends_with('\n'))
}

fn last_lines(text: &str, lines: u32) -> &str {
    let inner = text.strip_suffix('\n').unwrap_or(text);
    let mut starts = inner.rmatch_indices('\n').map(|(at, _)| at + 1);
    let start = usize::try_from(lines).ok().and_then(|lines| starts.nth(lines.saturating_sub(1)));
    &text[start.unwrap_or(0)..]
}

/// What `now` has behind `seen`, of which the first lines may have gone meanwhile.
///
/// Otherwise a terminal was drawn over, or more was printed than a window holds: then it is new from the first line
/// that differs.
fn added<'a>(seen: &str, now: &'a str) -> &'a str {
    let starts = std::iter::once(0).chain(seen.match_indices('\n').map(|(at, _)| at + 1));
    let mut rests = starts.map(|start| &seen[start..]).filter(|rest| !rest.is_empty());
    rests.find_map(|rest| now.strip_prefix(rest)).unwrap_or_else(|| {
        let same = now.split_inclusive('\n').zip(seen.split_inclusive('\n')).take_while(|(one, other)| one == other);
        &now[same.map(|(line, _)| line.len()).sum()..]
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(seen: &str, now: &str, expected: &str) {
        assert_eq!(added(seen, now), expected, "{seen:?} then {now:?}");
    }

    #[test]
    fn only_what_came_since_is_printed() {
        check("", "a\n", "a\n");
        check("a\nb\n", "a\nb\n", "");
        check("a\nb\n", "a\nb\nc\n", "c\n");
        check("a\nb", "a\nbc\nd", "c\nd");
        check("a\nb\nc\n", "b\nc\nd\n", "d\n");
        check("a\nb\n", "x\ny\n", "x\ny\n");
        check("a\na\n", "a\na\na\n", "a\n");
        check("a\nb |\n", "a\nb /\nc\n", "b /\nc\n");
    }

    #[test]
    fn the_last_lines_are_exactly_as_many() {
        assert_eq!(last_lines("a\nb\nc\n", 2), "b\nc\n");
        assert_eq!(last_lines("a\nb\nc", 1), "c");
        assert_eq!(last_lines("a\n", 5), "a\n");
        assert_eq!(last_lines("", 5), "");
    }
}
