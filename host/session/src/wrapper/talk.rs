//! A command on a terminal: what it shows goes to people, what they and the host type goes to it.
//!
//! One loop owns the screen and what is known of the program; typing goes on beside it, so that a program which
//! shows much before it reads is never waited for.

use std::pin::pin;

use jiff::Timestamp;
use rustix::termios::Winsize;
use tokio::sync::{Notify, mpsc};
use tokio::time::Instant;

use super::judge::{Due, Judge};
use super::marks::Marks;
use super::screen::Screen;
use super::sink::Sink;
use super::terminal::Terminal;
use super::typist::{self, Press, Taken};
use crate::folder::Folder;

/// A command's terminal, and how to tell what the command is doing there.
pub(super) struct Talk {
    terminal: Terminal,
    marks: Marks,
}

impl Talk {
    pub(super) fn new(terminal: Terminal, marks: Marks) -> Self {
        Self { terminal, marks }
    }

    /// Goes on until the command's terminal is closed; `told` says that the pane has a new size, or the host a message.
    pub(super) async fn go_on(&self, folder: &Folder, sink: &mut Sink, told: &Notify) {
        let (presses, to_press) = mpsc::channel(1);
        let (report_taken, mut taken) = mpsc::channel(1);
        let mut typing = pin!(typist::type_on(self.terminal.keyboard(), to_press, report_taken));
        let mut desk = Desk::new(self, folder, presses);
        let mut buffer = vec![0; 64 * 1024];
        sink.note_size(self.terminal.size());
        loop {
            let due = desk.judge.due();
            tokio::select! {
                read = self.terminal.read(&mut buffer) => match read {
                    Ok(count @ 1..) => {
                        desk.see(&buffer[..count]);
                        sink.take(&buffer[..count]).await;
                    }
                    Ok(0) | Err(_) => return,
                },
                due = until(due) => desk.act(due),
                () = told.notified() => {
                    if let Some(size) = desk.follow_size() {
                        sink.note_size(size);
                    }
                }
                Some(taken) = taken.recv() => desk.note(taken),
                () = &mut typing => {}
            }
            desk.type_message();
        }
    }
}

/// Never, if nothing is due.
async fn until(due: Option<(Instant, Due)>) -> Due {
    match due {
        Some((time, due)) => {
            tokio::time::sleep_until(time).await;
            due
        }
        None => std::future::pending().await,
    }
}

/// The state of the loop.
struct Desk<'a> {
    talk: &'a Talk,
    folder: &'a Folder,
    screen: Screen,
    judge: Judge,
    presses: mpsc::Sender<Press>,
}

impl<'a> Desk<'a> {
    fn new(talk: &'a Talk, folder: &'a Folder, presses: mpsc::Sender<Press>) -> Self {
        let screen = Screen::new(talk.terminal.size());
        let judge = Judge::new(Instant::now(), talk.marks.take_rest_for_ready());
        let desk = Self { talk, folder, screen, judge, presses };
        desk.tell_host();
        desk
    }

    fn see(&mut self, output: &[u8]) {
        self.screen.show(output);
        self.judge.see_output(Instant::now());
    }

    fn act(&mut self, due: Due) {
        let sight = self.talk.marks.judge(&self.screen.lines());
        let is_news = match due {
            Due::Judgement => self.judge.judge(Instant::now(), sight),
            Due::Enter => self.judge.begin_enter(sight),
        };
        if is_news {
            self.tell_host();
        }
        if due == Due::Enter && self.judge.is_typing() {
            self.press(Press::Enter);
        }
    }

    fn note(&mut self, taken: Taken) {
        match taken {
            Taken::Text => self.judge.text_is_in(Instant::now()),
            Taken::Enter => self.judge.enter_is_in(Instant::now()),
        }
    }

    /// The size, if it is another one.
    fn follow_size(&mut self) -> Option<Winsize> {
        let before = self.talk.terminal.size();
        self.talk.terminal.follow_size();
        let size = self.talk.terminal.size();
        self.screen.resize(size);
        ((before.ws_row, before.ws_col) != (size.ws_row, size.ws_col)).then_some(size)
    }

    /// Types the next message if it lies there and the program waits.
    fn type_message(&mut self) {
        let inbox = self.folder.inbox();
        let Some(number) = self.judge.wanted() else { return };
        // What cannot be read now is read when something happens the next time.
        let Ok(Some(text)) = inbox.get(number) else { return };
        // Counted first: a message may be lost with its session, but is never typed twice.
        self.judge.begin_message();
        self.tell_host();
        inbox.discard(number);
        self.press(Press::Text(typist::pasted(&text, self.screen.wants_brackets())));
    }

    /// There is room: the judge waits for one press to be taken before it comes to the next.
    fn press(&self, press: Press) {
        self.presses.try_send(press).ok();
    }

    /// If this cannot be written the host hears of the next change.
    fn tell_host(&self) {
        self.folder.note_activity(&self.judge.activity(Timestamp::now())).ok();
    }
}
