//! Where this process dies, as tests of recovery want it: only in builds with debug assertions.
//!
//! `INSTAR_CRASH=before:notice_delivered` dies when an event of that kind was decided and is not recorded yet, `after:`
//! when it is recorded and nothing of what follows has begun. No handler runs, as with a loss of power.

use std::sync::OnceLock;

use instar_core::event::Event;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Moment {
    Before,
    After,
}

impl Moment {
    fn word(self) -> &'static str {
        match self {
            Self::Before => "before",
            Self::After => "after",
        }
    }
}

const VARIABLE: &str = "INSTAR_CRASH";

/// Ends the process if this is where it is to die.
pub(crate) fn pass(moment: Moment, events: &[Event]) {
    static WANTED: OnceLock<Option<(String, String)>> = OnceLock::new();
    let wanted = WANTED.get_or_init(|| {
        let text = std::env::var(VARIABLE).ok().filter(|_| cfg!(debug_assertions))?;
        text.split_once(':').map(|(moment, kind)| (moment.to_owned(), kind.to_owned()))
    });
    let Some((at, kind)) = wanted else { return };
    if at == moment.word() && events.iter().any(|event| event.fact.kind() == kind) {
        std::process::abort();
    }
}
