//! A command on a terminal: what it shows goes to people, what they type goes to it.

use std::io;
use std::pin::pin;

use tokio::sync::Notify;

use super::keys::Keys;
use super::sink::Sink;
use super::terminal::{Keyboard, Terminal};

/// Copies between the command and the pane until the command's terminal is closed.
pub(super) async fn talk(terminal: &Terminal, sink: &mut Sink, told: &Notify) {
    let mut typing = pin!(pass_keys(terminal.keyboard()));
    let mut buffer = vec![0; 64 * 1024];
    loop {
        tokio::select! {
            read = terminal.read(&mut buffer) => match read {
                Ok(count @ 1..) => sink.take(&buffer[..count]).await,
                Ok(0) | Err(_) => return,
            },
            () = told.notified() => terminal.follow_size(),
            () = &mut typing => {}
        }
    }
}

/// Passes on what a person types, for as long as there is a pane and a command that takes it.
async fn pass_keys(keyboard: io::Result<Keyboard>) {
    let mut keys = Keys::open();
    let mut buffer = vec![0; 4 * 1024];
    if let Ok(mut keyboard) = keyboard {
        loop {
            let count = keys.next(&mut buffer).await;
            if keyboard.press(&buffer[..count]).await.is_err() {
                break;
            }
        }
    }
    std::future::pending().await
}
