//! Notifiers: whom to tell, and how.

use crate::bindings::notifier::exports::instar::plugin::notifier::Guest;
pub use crate::bindings::notifier::exports::instar::plugin::notifier::{Notice, Receipt};
use crate::register::Export;
use crate::{CallCtx, Failure, Plugin, config};

/// Tells people. Register it with [`register_notifier!`](crate::register_notifier).
pub trait Notifier: Plugin {
    /// Delivers a notice. A failure that is retryable is tried again later by the host.
    fn deliver(ctx: &CallCtx, config: &Self::Config, notice: &Notice) -> Result<Receipt, Failure>;

    /// Where notices would go, in one sentence, without telling anybody anything.
    fn probe(ctx: &CallCtx, config: &Self::Config) -> Result<String, Failure>;
}

impl<T: Notifier> Guest for Export<T> {
    fn deliver(ctx: CallCtx, notice: Notice) -> Result<Receipt, Failure> {
        T::deliver(&ctx, &config::ask::<T>(), &notice)
    }

    fn probe(ctx: CallCtx) -> Result<String, Failure> {
        T::probe(&ctx, &config::ask::<T>())
    }
}
