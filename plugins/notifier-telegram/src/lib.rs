//! Telegram: tells people what happens, in topics of a forum if there are some, and hears what they say.

mod api;
mod config;
mod deliver;
mod identity;
mod inbound;
mod probe;
mod text;
mod threads;

#[cfg(test)]
mod tests;

use instar_plugin_sdk::http::Response;
use instar_plugin_sdk::notifier::{Address, Batch, Inbound, Mark, Message, Notifier, Poll, Receipt, Threads};
use instar_plugin_sdk::{CallCtx, Diagnostic, Failure, Plugin, Severity, register};

use config::Config;

struct Telegram;

impl Plugin for Telegram {
    type Config = Config;

    fn validate(config: &Config) -> Vec<Diagnostic> {
        config.remarks()
    }
}

impl Notifier for Telegram {
    fn deliver(_: &CallCtx, config: &Config, message: &Message, part: u32) -> Result<Receipt, Failure> {
        deliver::deliver(config, message, part)
    }

    fn probe(_: &CallCtx, config: &Config) -> Result<String, Failure> {
        probe::probe(config)
    }
}

impl Threads for Telegram {
    fn open(_: &CallCtx, _: &Config, conversation: &str, name: &str, severity: Severity) -> Result<String, Failure> {
        threads::open(conversation, name, severity)
    }

    fn rename(_: &CallCtx, _: &Config, address: &Address, name: &str) -> Result<(), Failure> {
        threads::rename(address, name)
    }

    fn close(_: &CallCtx, _: &Config, address: &Address) -> Result<(), Failure> {
        threads::close(address)
    }

    fn reopen(_: &CallCtx, _: &Config, address: &Address) -> Result<(), Failure> {
        threads::reopen(address)
    }
}

impl Inbound for Telegram {
    fn next_poll(ctx: &CallCtx, config: &Config, cursor: Option<&str>) -> Result<Poll, Failure> {
        inbound::next_poll(ctx, config, cursor)
    }

    fn receive(ctx: &CallCtx, _: &Config, _: Option<&str>, response: &Response) -> Result<Batch, Failure> {
        inbound::receive(ctx, response)
    }

    fn fetch_file(_: &CallCtx, _: &Config, id: &str) -> Result<String, Failure> {
        inbound::fetch_file(id)
    }

    fn mark(
        _: &CallCtx,
        _: &Config,
        address: &Address,
        handle: &str,
        mark: Mark,
        note: Option<&str>,
    ) -> Result<(), Failure> {
        inbound::mark(address, handle, mark, note)
    }
}

register!(Telegram: notifier, notifier_threads, notifier_inbound);
