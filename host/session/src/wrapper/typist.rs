//! Who types into the command's terminal: a person in the pane, and the host by its messages.

use std::io;

use tokio::sync::mpsc;

use super::keys::Keys;
use super::terminal::Keyboard;

/// What the host has typed; each is answered when the command's terminal has taken it.
pub(super) enum Press {
    /// A text and not its Enter.
    Text(Vec<u8>),
    Enter,
}

/// What the command's terminal has taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Taken {
    Text,
    Enter,
}

/// Types for as long as there is a command that takes it; never resolves.
pub(super) async fn type_on(
    keyboard: io::Result<Keyboard>,
    mut presses: mpsc::Receiver<Press>,
    taken: mpsc::Sender<Taken>,
) {
    let mut keys = Keys::open();
    if let Ok(mut keyboard) = keyboard {
        while press_next(&mut keyboard, &mut keys, &mut presses, &taken).await.is_ok() {}
    }
    std::future::pending().await
}

async fn press_next(
    keyboard: &mut Keyboard,
    keys: &mut Keys,
    presses: &mut mpsc::Receiver<Press>,
    taken: &mpsc::Sender<Taken>,
) -> io::Result<()> {
    let mut buffer = [0; 4 * 1024];
    tokio::select! {
        count = keys.next(&mut buffer) => keyboard.press(&buffer[..count]).await,
        Some(press) = presses.recv() => {
            let is_taken = match press {
                Press::Text(text) => keyboard.press(&text).await.map(|()| Taken::Text),
                Press::Enter => keyboard.press(b"\r").await.map(|()| Taken::Enter),
            };
            taken.send(is_taken?).await.ok();
            Ok(())
        }
    }
}

/// A text as a terminal pastes it.
pub(super) fn pasted(text: &str, wants_brackets: bool) -> Vec<u8> {
    match wants_brackets {
        true if !text.is_empty() => format!("\x1b[200~{text}\x1b[201~").into_bytes(),
        // There is no key for a newline: a terminal sends what Enter sends.
        _ => text.replace('\n', "\r").into_bytes(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_pasted_as_the_program_wants_it() {
        let text = "-x $(id)\n\ttwo é;";
        assert_eq!(pasted(text, true), format!("\x1b[200~{text}\x1b[201~").into_bytes());
        assert_eq!(pasted(text, false), "-x $(id)\r\ttwo é;".as_bytes());
    }
}
