//! What the operator consents to: each thing that a plugin does or asks for, and what of it is new.

use std::collections::BTreeSet;

use instar_plugin::{Danger, Wish};

/// One line of the screen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Line {
    pub(crate) mark: Mark,
    pub(crate) danger: Danger,
    /// The right that allows it.
    pub(crate) right: Option<&'static str>,
    pub(crate) words: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mark {
    /// The version that is installed does it, too; or none is.
    Same,
    New,
    Gone,
}

/// Of the offered version, beside the installed one if there is one: what is new comes first, then the most dangerous.
pub(crate) fn lines(installed: Option<&[Wish]>, offered: &[Wish]) -> Vec<Line> {
    let line = |wish: &Wish, mark| Line { mark, danger: wish.danger, right: wish.right, words: wish.words.clone() };
    let Some(installed) = installed else { return offered.iter().map(|wish| line(wish, Mark::Same)).collect() };
    let is_in = |wishes: &[Wish], wish: &Wish| wishes.iter().any(|other| other.words == wish.words);
    let new = offered.iter().filter(|wish| !is_in(installed, wish)).map(|wish| line(wish, Mark::New));
    let same = offered.iter().filter(|wish| is_in(installed, wish)).map(|wish| line(wish, Mark::Same));
    let gone = installed.iter().filter(|wish| !is_in(offered, wish)).map(|wish| line(wish, Mark::Gone));
    new.chain(same).chain(gone).collect()
}

/// Which of the rights that the installed version has the offered one keeps without a new yes: those by which it does
/// nothing new.
pub(crate) fn kept(granted: &BTreeSet<String>, lines: &[Line]) -> BTreeSet<String> {
    let is_wider =
        |right: &String| lines.iter().any(|line| line.mark == Mark::New && line.right == Some(right.as_str()));
    granted.iter().filter(|right| !is_wider(right)).cloned().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wish(danger: Danger, words: &str) -> Wish {
        Wish { danger, right: None, words: words.to_owned() }
    }

    #[test]
    fn an_upgrade_says_first_what_is_new() {
        let [clock, kv, http] = [(Danger::Low, "clock"), (Danger::Low, "kv 1"), (Danger::High, "http a")]
            .map(|(danger, words)| wish(danger, words));
        let told = |installed: Option<&[Wish]>, offered: &[Wish]| -> Vec<(Mark, String)> {
            lines(installed, offered).into_iter().map(|line| (line.mark, line.words)).collect()
        };
        assert_eq!(
            told(Some(&[kv.clone(), clock.clone()]), &[http.clone(), clock.clone(), wish(Danger::Low, "kv 2")]),
            [
                (Mark::New, "http a".to_owned()),
                (Mark::New, "kv 2".to_owned()),
                (Mark::Same, "clock".to_owned()),
                (Mark::Gone, "kv 1".to_owned()),
            ]
        );
        assert_eq!(told(None, &[http, clock])[0], (Mark::Same, "http a".to_owned()));
    }
    #[test]
    fn a_right_that_does_more_takes_a_new_yes() {
        let runs = |words: &str| Wish { right: Some("process"), ..wish(Danger::High, words) };
        let clock = Wish { right: Some("clock"), ..wish(Danger::Low, "reads the clock") };
        let granted: BTreeSet<String> = ["process", "clock"].map(str::to_owned).into();
        let kept_of = |offered: &[Wish]| kept(&granted, &lines(Some(&[runs("runs a"), clock.clone()]), offered));
        assert_eq!(kept_of(&[runs("runs a"), clock.clone()]), granted);
        assert_eq!(kept_of(&[runs("runs a *"), clock.clone()]), ["clock".to_owned()].into());
    }
}
