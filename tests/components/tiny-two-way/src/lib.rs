//! A notifier that hears and has threads. What it hears stands in lines of `key text`; no network is needed to read.

use instar_plugin_sdk::http::{Request, Response};
use instar_plugin_sdk::notifier::{
    Address, Batch, Happening, Inbound, InboundEvent, Mark, Message, Notifier, Poll, Receipt, Said, Sender, Threads,
};
use instar_plugin_sdk::{CallCtx, Failure, NoConfig, Plugin, Severity, register};

struct TwoWay;

impl Plugin for TwoWay {
    type Config = NoConfig;
}

impl Notifier for TwoWay {
    fn deliver(_: &CallCtx, _: &NoConfig, message: &Message, _: u32) -> Result<Receipt, Failure> {
        let files: Vec<_> = message.attachments.iter().map(|file| file.blob.as_str()).collect();
        Ok(Receipt::whole(files.join(",")))
    }

    fn probe(_: &CallCtx, _: &NoConfig) -> Result<String, Failure> {
        Ok("messages go nowhere".to_owned())
    }
}

impl Threads for TwoWay {
    fn open(_: &CallCtx, _: &NoConfig, conversation: &str, name: &str, _: Severity) -> Result<String, Failure> {
        Ok(format!("{conversation}/{name}"))
    }

    fn rename(_: &CallCtx, _: &NoConfig, address: &Address, _: &str) -> Result<(), Failure> {
        named(address)
    }

    fn close(_: &CallCtx, _: &NoConfig, address: &Address) -> Result<(), Failure> {
        named(address)
    }

    fn reopen(_: &CallCtx, _: &NoConfig, address: &Address) -> Result<(), Failure> {
        named(address)
    }
}

impl Inbound for TwoWay {
    fn next_poll(_: &CallCtx, _: &NoConfig, cursor: Option<&str>) -> Result<Poll, Failure> {
        Ok(Poll::now(Request::get(format!("https://two-way.test/after/{}", cursor.unwrap_or("0")))))
    }

    fn receive(_: &CallCtx, _: &NoConfig, _: Option<&str>, response: &Response) -> Result<Batch, Failure> {
        if response.status != 200 {
            return Err(Failure::new("refused", format!("status {}", response.status)).retryable());
        }
        let text = String::from_utf8_lossy(&response.body);
        let events: Vec<_> = text.lines().filter_map(|line| line.split_once(' ')).map(heard).collect();
        let cursor = events.last().map(|event| event.key.clone());
        Ok(Batch { events, cursor })
    }

    fn fetch_file(_: &CallCtx, _: &NoConfig, id: &str) -> Result<String, Failure> {
        Ok(id.to_owned())
    }

    fn mark(_: &CallCtx, _: &NoConfig, _: &Address, handle: &str, _: Mark, _: Option<&str>) -> Result<(), Failure> {
        if handle == "gone" { Err(Failure::new("gone", "there is no such message")) } else { Ok(()) }
    }
}

fn heard((key, text): (&str, &str)) -> InboundEvent {
    let said = Said { text: text.to_owned(), forwarded_from: None, quoted: None, files: Vec::new() };
    InboundEvent {
        key: key.to_owned(),
        sender: Sender { id: "7".to_owned(), name: "Ada".to_owned(), is_bot: false },
        address: Address { conversation: "c".to_owned(), thread: None },
        message_id: key.to_owned(),
        handle: key.to_owned(),
        at_ms: 1000,
        happening: Happening::Said(said),
    }
}

fn named(address: &Address) -> Result<(), Failure> {
    match &address.thread {
        Some(_) => Ok(()),
        None => Err(Failure::new("no-thread", "the main thread stays as it is")),
    }
}

register!(TwoWay: notifier, notifier_threads, notifier_inbound);
