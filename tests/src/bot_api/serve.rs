//! Answers requests: one thread for each connection, with the faults that a test has ordered.

use std::collections::BTreeSet;
use std::io::{self, BufReader, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::atomic::Ordering;
use std::sync::{Arc, MutexGuard};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::methods::{self, Refused};
use super::wire::{self, Asked, Parameters};
use super::world::World;
use super::{Call, Fault, Shared};

/// What becomes of the answer.
enum Way {
    Whole(Vec<u8>),
    Half(Vec<u8>),
    Nothing,
}

pub(super) fn accept(listener: &TcpListener, shared: &Arc<Shared>) {
    for stream in listener.incoming().map_while(Result::ok) {
        if shared.is_stopping.load(Ordering::SeqCst) {
            return;
        }
        if let Ok(ours) = stream.try_clone() {
            shared.connections().push(ours);
        }
        let shared = Arc::clone(shared);
        std::thread::spawn(move || drop(converse(stream, &shared)));
    }
}

fn converse(stream: TcpStream, shared: &Shared) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let mut writer = stream.try_clone()?;
    let mut reader = BufReader::new(stream);
    while let Some(asked) = wire::read(&mut reader)? {
        match answer(shared, asked) {
            Way::Whole(bytes) => writer.write_all(&bytes)?,
            Way::Half(bytes) => {
                writer.write_all(&bytes[..bytes.len() - bytes.len() / 4 - 1])?;
                return writer.shutdown(Shutdown::Both);
            }
            Way::Nothing => return writer.shutdown(Shutdown::Both),
        }
    }
    Ok(())
}

fn answer(shared: &Shared, asked: Asked) -> Way {
    let token = shared.world().token.clone();
    if let Some(path) = asked.path.strip_prefix("/file/bot") {
        return Way::Whole(download(&shared.world(), path.strip_prefix(&format!("{token}/"))));
    }
    let Some((given, method)) = asked.path.strip_prefix("/bot").and_then(|rest| rest.split_once('/')) else {
        return Way::Whole(refused(&(404, "Not Found".to_owned()), None));
    };
    if given != token {
        let is_token = given.split_once(':').is_some_and(|(bot, _)| bot.parse::<u64>().is_ok());
        let (status, text) = if is_token { (401, "Unauthorized") } else { (404, "Not Found") };
        return Way::Whole(refused(&(status, text.to_owned()), None));
    }
    let method = method.to_owned();
    let fault = shared.fault(&method);
    let number = shared.begin(Call::new(&method, &asked.parameters));
    let way = with_fault(shared, &method, &asked.parameters, fault);
    shared.finish(number, &way_text(&way));
    way
}

fn with_fault(shared: &Shared, method: &str, asked: &Parameters, fault: Option<Fault>) -> Way {
    match fault {
        None => Way::Whole(do_it(shared, method, asked)),
        Some(Fault::Answer { status, description }) => Way::Whole(refused(&(status, description), None)),
        Some(Fault::Raw { status, body }) => Way::Whole(wire::answer(status, "text/html", body.as_bytes())),
        Some(Fault::RetryAfter(seconds)) => {
            let text = format!("Too Many Requests: retry after {seconds}");
            Way::Whole(refused(&(429, text), Some(json!({ "retry_after": seconds }))))
        }
        Some(Fault::DropBefore) => Way::Nothing,
        Some(Fault::DropAfter) => {
            do_it(shared, method, asked);
            Way::Nothing
        }
        Some(Fault::HalfAfter) => Way::Half(do_it(shared, method, asked)),
        Some(Fault::Delay(time)) => {
            shared.wait_for(time, |_| false);
            Way::Whole(do_it(shared, method, asked))
        }
        Some(Fault::Hang) => {
            shared.wait_for(Duration::from_secs(3600), |_| false);
            Way::Nothing
        }
    }
}

fn do_it(shared: &Shared, method: &str, asked: &Parameters) -> Vec<u8> {
    let method = method.to_ascii_lowercase();
    let result = match method.as_str() {
        "getupdates" => updates(shared, asked),
        _ => {
            let result = methods::call(&mut shared.world(), &method, asked);
            shared.changed.notify_all();
            result
        }
    };
    match result {
        Ok(result) => {
            wire::answer(200, "application/json", json!({ "ok": true, "result": result }).to_string().as_bytes())
        }
        Err(error) => refused(&error, None),
    }
}

fn refused((status, description): &Refused, parameters: Option<Value>) -> Vec<u8> {
    let mut body = json!({ "ok": false, "error_code": status, "description": description });
    if let Some(parameters) = parameters {
        body["parameters"] = parameters;
    }
    wire::answer(*status, "application/json", body.to_string().as_bytes())
}

fn way_text(way: &Way) -> String {
    match way {
        Way::Whole(bytes) => String::from_utf8_lossy(bytes.get(9..12).unwrap_or_default()).into_owned(),
        Way::Half(_) => "half".to_owned(),
        Way::Nothing => "dropped".to_owned(),
    }
}

/// An offset confirms all before it. Whoever asks last is answered; who waited until then is told so.
fn updates(shared: &Shared, asked: &Parameters) -> Result<Value, Refused> {
    let mut world = shared.world();
    world.pollers += 1;
    let me = world.pollers;
    shared.changed.notify_all();
    if let Some(Value::Array(kinds)) = asked.json("allowed_updates") {
        let kinds: BTreeSet<String> = kinds.iter().filter_map(|kind| kind.as_str().map(str::to_owned)).collect();
        world.allowed = (!kinds.is_empty()).then_some(kinds);
    }
    confirm(&mut world, asked.number("offset").unwrap_or(0));
    let timeout = Duration::from_secs(asked.number("timeout").and_then(|time| u64::try_from(time).ok()).unwrap_or(0));
    world = wait(shared, world, timeout.min(Duration::from_secs(50)), |world| {
        !world.updates.is_empty() || world.pollers != me
    });
    if world.pollers != me {
        let text = "Conflict: terminated by other getUpdates request; make sure that only one bot instance is running";
        return Err((409, text.to_owned()));
    }
    let limit = asked.number("limit").and_then(|limit| usize::try_from(limit).ok()).unwrap_or(100).clamp(1, 100);
    Ok(world.updates.iter().take(limit).cloned().collect::<Vec<_>>().into())
}

fn confirm(world: &mut World, offset: i64) {
    if offset < 0 {
        let kept = usize::try_from(offset.unsigned_abs()).unwrap_or(usize::MAX);
        let dropped = world.updates.len().saturating_sub(kept);
        world.updates.drain(..dropped);
    } else {
        world.updates.retain(|update| update["update_id"].as_i64().is_none_or(|id| id >= offset));
    }
}

pub(super) fn wait<'a>(
    shared: &'a Shared,
    mut world: MutexGuard<'a, World>,
    time: Duration,
    is_enough: impl Fn(&World) -> bool,
) -> MutexGuard<'a, World> {
    let end = Instant::now() + time;
    while !is_enough(&world) && !shared.is_stopping.load(Ordering::SeqCst) {
        let left = end.saturating_duration_since(Instant::now());
        if left.is_zero() {
            break;
        }
        world = shared.changed.wait_timeout(world, left).map_or_else(|error| error.into_inner().0, |(world, _)| world);
    }
    world
}

fn download(world: &World, path: Option<&str>) -> Vec<u8> {
    let id = path.and_then(|path| path.strip_prefix("files/")?.strip_suffix(".bin"));
    match id.and_then(|id| world.files.get(id)) {
        Some(file) => wire::answer(200, "application/octet-stream", &file.bytes),
        None => refused(&(404, "Not Found".to_owned()), None),
    }
}
