//! Notifiers: whom to tell and how, and what people say.
//!
//! [`Notifier`] tells. One that has threads implements [`Threads`], one that hears people [`Inbound`]; register what
//! there is: `register!(Mine: notifier, notifier_threads, notifier_inbound)`.

use crate::bindings::notifier::exports::instar::plugin::notifier::Guest;
pub use crate::bindings::notifier::exports::instar::plugin::notifier::{Address, Attachment, Choice, Message, Receipt};
use crate::bindings::notifier_inbound::exports::instar::plugin::notifier_inbound::Guest as InboundGuest;
pub use crate::bindings::notifier_inbound::exports::instar::plugin::notifier_inbound::{
    Batch, Happening, Inbound as InboundEvent, OfferedFile, Poll, Said, Sender, Sign as Mark,
};
use crate::bindings::notifier_threads::exports::instar::plugin::notifier_threads::Guest as ThreadsGuest;
use crate::http::{Request, Response};
use crate::register::Export;
use crate::{CallCtx, Failure, Plugin, Severity, config};

/// Tells people. Register it with [`register_notifier!`](crate::register_notifier).
pub trait Notifier: Plugin {
    /// Delivers one part of a message, the first being 0; the receipt says whether there are more.
    /// A failure that is retryable is tried again later by the host.
    fn deliver(ctx: &CallCtx, config: &Self::Config, message: &Message, part: u32) -> Result<Receipt, Failure>;

    /// Where messages would go, in one sentence, without telling anybody anything.
    fn probe(ctx: &CallCtx, config: &Self::Config) -> Result<String, Failure>;
}

/// A notifier that has threads, such as the topics of a forum.
pub trait Threads: Notifier {
    /// Opens one, and answers what the other side calls it. The severity may choose its colour.
    fn open(
        ctx: &CallCtx,
        config: &Self::Config,
        conversation: &str,
        name: &str,
        severity: Severity,
    ) -> Result<String, Failure>;

    /// Gives it another name.
    fn rename(ctx: &CallCtx, config: &Self::Config, address: &Address, name: &str) -> Result<(), Failure>;

    /// Nobody writes into it any more.
    fn close(ctx: &CallCtx, config: &Self::Config, address: &Address) -> Result<(), Failure>;

    /// Undoes `close`.
    fn reopen(ctx: &CallCtx, config: &Self::Config, address: &Address) -> Result<(), Failure>;
}

/// A notifier that hears people. It never waits: it says what to ask, and reads the answer.
pub trait Inbound: Notifier {
    /// What to ask next; no cursor is the first time ever.
    fn next_poll(ctx: &CallCtx, config: &Self::Config, cursor: Option<&str>) -> Result<Poll, Failure>;

    /// Reads an answer, whatever its status. What cannot be read must not stop what follows it.
    fn receive(
        ctx: &CallCtx,
        config: &Self::Config,
        cursor: Option<&str>,
        response: &Response,
    ) -> Result<Batch, Failure>;

    /// Brings a file that somebody sent by [`http::download`](crate::http::download), and answers its handle.
    fn fetch_file(ctx: &CallCtx, config: &Self::Config, id: &str) -> Result<String, Failure>;

    /// Shows the sender how it went, by the smallest sign there is; `note` is for those who pressed a button.
    fn mark(
        ctx: &CallCtx,
        config: &Self::Config,
        address: &Address,
        handle: &str,
        mark: Mark,
        note: Option<&str>,
    ) -> Result<(), Failure>;
}

impl Receipt {
    /// The message is told as a whole.
    pub fn whole(provider_id: impl Into<String>) -> Self {
        Self { provider_id: provider_id.into(), more: false }
    }

    /// One part of several; `more` if it was not the last.
    pub fn part(provider_id: impl Into<String>, more: bool) -> Self {
        Self { provider_id: provider_id.into(), more }
    }
}

impl Poll {
    /// To be asked at once.
    pub fn now(request: Request) -> Self {
        Self { request, pause_ms: 0 }
    }
}

impl<T: Notifier> Guest for Export<T> {
    fn deliver(ctx: CallCtx, message: Message, part: u32) -> Result<Receipt, Failure> {
        T::deliver(&ctx, &config::ask::<T>(), &message, part)
    }

    fn probe(ctx: CallCtx) -> Result<String, Failure> {
        T::probe(&ctx, &config::ask::<T>())
    }
}

impl<T: Threads> ThreadsGuest for Export<T> {
    fn open(ctx: CallCtx, conversation: String, name: String, severity: Severity) -> Result<String, Failure> {
        T::open(&ctx, &config::ask::<T>(), &conversation, &name, severity)
    }

    fn rename(ctx: CallCtx, address: Address, name: String) -> Result<(), Failure> {
        T::rename(&ctx, &config::ask::<T>(), &address, &name)
    }

    fn close(ctx: CallCtx, address: Address) -> Result<(), Failure> {
        T::close(&ctx, &config::ask::<T>(), &address)
    }

    fn reopen(ctx: CallCtx, address: Address) -> Result<(), Failure> {
        T::reopen(&ctx, &config::ask::<T>(), &address)
    }
}

impl<T: Inbound> InboundGuest for Export<T> {
    fn next_poll(ctx: CallCtx, cursor: Option<String>) -> Result<Poll, Failure> {
        T::next_poll(&ctx, &config::ask::<T>(), cursor.as_deref())
    }

    fn receive(ctx: CallCtx, cursor: Option<String>, response: Response) -> Result<Batch, Failure> {
        T::receive(&ctx, &config::ask::<T>(), cursor.as_deref(), &response)
    }

    fn fetch_file(ctx: CallCtx, id: String) -> Result<String, Failure> {
        T::fetch_file(&ctx, &config::ask::<T>(), &id)
    }

    fn mark(ctx: CallCtx, address: Address, handle: String, mark: Mark, note: Option<String>) -> Result<(), Failure> {
        T::mark(&ctx, &config::ask::<T>(), &address, &handle, mark, note.as_deref())
    }
}
