//! A whole text: its plain form, every anchor in it, every rule at its anchors, and one list of finds.

use crate::plain::Plain;
use crate::rules::{Found, GROUPS, Kind, Look};
use crate::{anchors, kinds, named};

/// Everything that is found in a text, in order and without overlaps; places are those of the given text.
pub(crate) fn scan(given: &[u8]) -> Vec<Found> {
    let plain = Plain::of(given);
    let text = plain.text();
    let mut finds = Vec::new();
    anchors::each(text, |at, rule| rule.look(text, at, &mut |found| finds.push(found)));
    finds.retain(|find| find.start < find.end);
    let mut finds = merged(finds);
    for find in &mut finds {
        (find.start, find.end) = plain.given(find.start, find.end);
    }
    finds
}

/// All kinds there are. Some stand more than once.
pub(crate) fn kinds() -> impl Iterator<Item = Kind> {
    let of_forms = GROUPS.iter().copied().flatten().filter_map(|rule| match &rule.look {
        Look::Form(form) => Some(form.kind()),
        Look::Code(_) => None,
    });
    of_forms.chain(kinds::shaped::KINDS.iter().copied()).chain(named::kinds())
}

/// Finds that overlap are one, of the kind that says most.
fn merged(mut finds: Vec<Found>) -> Vec<Found> {
    finds.sort_by_key(|find| (find.start, usize::MAX - find.end));
    let mut merged: Vec<Found> = Vec::with_capacity(finds.len());
    for find in finds {
        match merged.last_mut() {
            Some(last) if find.start < last.end => {
                last.end = last.end.max(find.end);
                if rank(&find.kind) > rank(&last.kind) {
                    last.kind = find.kind;
                }
            }
            _ => merged.push(find),
        }
    }
    merged
}

/// A kind by form says more than one by name, and a graver one more than a lighter one.
fn rank(kind: &Kind) -> (bool, u8) {
    let is_general = kinds::shaped::GENERAL.iter().any(|general| general.name == kind.name);
    (!is_general, kind.severity as u8)
}
