//! How the session of a conversation is called.

use instar_core::conversation::Place;
use instar_core::id::SessionName;
use instar_core::state::State;
use jiff::Timestamp;

const LONGEST_WORD: usize = 40;

/// By the name of the thread and its id, so that two threads of one name have two sessions. A name that is another
/// conversation's, or a session's beside them, gets a number.
pub fn session_name(state: &State, place: &Place) -> SessionName {
    let named = state.conversations().name_of(place).map(word).filter(|word| !word.is_empty());
    let thread = word(place.thread());
    let base = match named {
        Some(name) => format!("{}-{name}-{thread}", place.channel()),
        None => format!("{}-{thread}", place.channel()),
    };
    let base = word_of(&base, 2 * LONGEST_WORD + 60);
    (1u32..).find_map(|number| free(state, place, &base, number)).expect("one of so many numbers is free")
}

/// How a new thread is called: by the first words of what is wanted there, or by the time.
pub(crate) fn thread_name(wanted: &str, now: Timestamp) -> String {
    const LONGEST_NAME: usize = 60;
    let line = wanted.lines().next().unwrap_or_default().trim();
    let name: String = line.chars().filter(|letter| !letter.is_control()).take(LONGEST_NAME).collect();
    if name.is_empty() { now.strftime("session-%m-%d-%H%M").to_string() } else { name }
}

fn free(state: &State, place: &Place, base: &str, number: u32) -> Option<SessionName> {
    let text = if number == 1 { base.to_owned() } else { format!("{base}-{number}") };
    let name: SessionName = text.parse().ok()?;
    let of_another = state.conversations().place_of(&name).is_some_and(|other| other != place);
    (!of_another && !state.is_name_taken(&name)).then_some(name)
}

fn word(text: &str) -> String {
    word_of(text, LONGEST_WORD)
}

/// Small letters, digits and single dashes.
fn word_of(text: &str, longest: usize) -> String {
    let mut word = String::new();
    for letter in text.to_lowercase().chars() {
        match letter {
            'a'..='z' | '0'..='9' => word.push(letter),
            _ if word.is_empty() || word.ends_with('-') => {}
            _ => word.push('-'),
        }
    }
    word.truncate(longest);
    word.trim_end_matches('-').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_is_what_tmux_takes() {
        assert_eq!(word("Bugs!"), "bugs");
        assert_eq!(word("Привет, мир"), "");
        assert_eq!(word("a  b__c"), "a-b-c");
        assert_eq!(word("-100123"), "100123");
    }
}
