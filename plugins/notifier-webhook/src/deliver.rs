//! Whose turn it is. A message for one place goes there part by part; one for several goes on with those that take
//! it while another one is out of reach, and each place gets each part once.

use instar_plugin_sdk::notifier::{Address, Message, Receipt};
use instar_plugin_sdk::{CallCtx, Failure, log};

use crate::answer;
use crate::config::Config;
use crate::progress::{Place, Progress};
use crate::service::Service;

pub(crate) fn deliver(ctx: &CallCtx, config: &Config, message: &Message, part: u32) -> Result<Receipt, Failure> {
    let services = config.services();
    let named = message.to.as_ref().map(|address| named(&services, address)).transpose()?;
    match named.as_ref().map_or(services.as_slice(), std::slice::from_ref) {
        [] => Err(nowhere()),
        [only] => to_one(ctx, *only, message, part),
        several => match Progress::of(ctx, &message.id) {
            Ok(progress) => step(ctx, several, message, progress),
            // A process without the host's store tells people something once, and ends.
            Err(failure) if failure.code == "not-allowed" => at_once(ctx, several, message),
            Err(failure) => Err(failure),
        },
    }
}

pub(crate) fn nowhere() -> Failure {
    Failure::new("no-place", "the configuration names no place; see `plugins.notifier-webhook.config`")
}

/// An address names a place by its field in the configuration.
fn named<'a>(services: &[Service<'a>], address: &Address) -> Result<Service<'a>, Failure> {
    let service = services.iter().copied().find(|service| service.name() == address.conversation);
    let service = service.ok_or_else(|| {
        let known: Vec<_> = services.iter().map(|service| service.name()).collect();
        let (asked, known) = (&address.conversation, known.join(", "));
        Failure::new("bad-address", format!("no place is called `{asked}`; there are: {known}"))
    })?;
    if address.thread.is_some() && !service.has_threads() {
        return Err(Failure::new("no-threads", format!("webhooks of {} know no threads", service.shown())));
    }
    Ok(service)
}

fn to_one(ctx: &CallCtx, service: Service<'_>, message: &Message, part: u32) -> Result<Receipt, Failure> {
    let letters = service.letters(message);
    let part = usize::try_from(part).unwrap_or(usize::MAX);
    let Some(letter) = letters.get(part) else {
        return Err(Failure::new("no-such-part", format!("the message has {} parts", letters.len())));
    };
    let provider_id = send(ctx, service, message, letter, part)?;
    Ok(Receipt { provider_id, more: part + 1 < letters.len() })
}

/// One step: the first part that somebody takes, or a refusal that is kept until the end. Which step it is does not
/// matter: what was delivered is kept here, since places are not told in step.
fn step(
    ctx: &CallCtx,
    services: &[Service<'_>],
    message: &Message,
    mut progress: Progress,
) -> Result<Receipt, Failure> {
    let mut first_failure = None;
    for (service, part, failures) in owed(services, &progress) {
        let letters = service.letters(message);
        // An upgrade in between may have cut the message into fewer parts.
        let sent = letters.get(part).map_or(Ok(String::new()), |letter| send(ctx, service, message, letter, part));
        let (place, provider_id) = match sent {
            Err(failure) if failure.retryable => {
                first_failure.get_or_insert(failure);
                progress.keep(service.name(), Place::Owed { part, failures: failures + 1 })?;
                continue;
            }
            Err(failure) => {
                log::warn(&format!("{} refused a message: {}", service.shown(), failure.message));
                (Place::Refused(failure.message), String::new())
            }
            Ok(provider_id) if part + 1 < letters.len() => (Place::Owed { part: part + 1, failures: 0 }, provider_id),
            Ok(provider_id) => (Place::Told, provider_id),
        };
        progress.keep(service.name(), place)?;
        return match ended(services, &progress) {
            Some(end) => end.map(|()| Receipt { provider_id, more: false }),
            None => Ok(Receipt { provider_id, more: true }),
        };
    }
    // Without a failure all was delivered before, and the host died before it heard of that.
    match first_failure {
        Some(failure) => Err(failure),
        None => ended(services, &progress).unwrap_or(Ok(())).map(|()| Receipt::whole("")),
    }
}

/// The places that wait for a part. One that could not be had lets the others go first.
fn owed<'a>(services: &[Service<'a>], progress: &Progress) -> Vec<(Service<'a>, usize, u32)> {
    let owed = services.iter().filter_map(|service| match progress.place(service.name()) {
        Place::Owed { part, failures } => Some((*service, part, failures)),
        Place::Told | Place::Refused(_) => None,
    });
    let mut owed: Vec<_> = owed.collect();
    owed.sort_by_key(|(_, _, failures)| *failures);
    owed
}

/// Whether nothing is owed any more, and who refused.
fn ended(services: &[Service<'_>], progress: &Progress) -> Option<Result<(), Failure>> {
    let mut refusals = Vec::new();
    for service in services {
        match progress.place(service.name()) {
            Place::Owed { .. } => return None,
            Place::Told => {}
            Place::Refused(why) => refusals.push(refusal(*service, &why)),
        }
    }
    Some(if refusals.is_empty() { Ok(()) } else { Err(Failure::new("refused", refusals.join("; "))) })
}

/// Everything to everybody. It is tried again only if nobody got anything.
fn at_once(ctx: &CallCtx, services: &[Service<'_>], message: &Message) -> Result<Receipt, Failure> {
    let mut failures = Vec::new();
    let mut is_untold = true;
    for service in services.iter().copied() {
        let letters = service.letters(message);
        for (part, letter) in letters.iter().enumerate() {
            if let Err(failure) = send(ctx, service, message, letter, part) {
                failures.push((service, failure));
                break;
            }
            is_untold = false;
        }
    }
    if let Some((_, first)) = failures.first().filter(|(_, failure)| is_untold && failure.retryable) {
        return Err(first.clone());
    }
    let refusals: Vec<_> = failures.iter().map(|(service, failure)| refusal(*service, &failure.message)).collect();
    if refusals.is_empty() { Ok(Receipt::whole("")) } else { Err(Failure::new("refused", refusals.join("; "))) }
}

fn refusal(service: Service<'_>, why: &str) -> String {
    format!("{} did not take it: {why}", service.shown())
}

fn send(ctx: &CallCtx, service: Service<'_>, message: &Message, letter: &str, part: usize) -> Result<String, Failure> {
    let request = service.request(ctx, message, letter, part)?;
    answer::read(service, instar_plugin_sdk::http::fetch(&request))
}
