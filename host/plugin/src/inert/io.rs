//! `wasi:io`: streams that are closed, and pollables that are ready at once.

use wasmtime::StoreContextMut;
use wasmtime::component::{ComponentType, Lift, Linker, LinkerInstance, Lower, Resource, ResourceType};

use super::versioned;
use crate::state::CallState;

pub(super) const STDIN: u32 = 0;
pub(super) const STDOUT: u32 = 1;
pub(super) const STDERR: u32 = 2;

/// How much may be written to standard error at once.
const WRITABLE: u64 = 4096;

pub(super) enum IoError {}
pub(super) enum Pollable {}
pub(super) enum InputStream {}
pub(super) enum OutputStream {}

#[derive(ComponentType, Lift, Lower)]
#[component(variant)]
enum StreamError {
    #[component(name = "last-operation-failed")]
    LastOperationFailed(Resource<IoError>),
    #[component(name = "closed")]
    Closed,
}

type Answer<T> = wasmtime::Result<(Result<T, StreamError>,)>;

pub(super) fn add_to_linker(linker: &mut Linker<CallState>) -> wasmtime::Result<()> {
    add_error(&mut linker.instance(&versioned("wasi:io/error"))?)?;
    add_poll(&mut linker.instance(&versioned("wasi:io/poll"))?)?;
    let mut streams = linker.instance(&versioned("wasi:io/streams"))?;
    add_input(&mut streams)?;
    add_output(&mut streams)
}

fn add_error(error: &mut LinkerInstance<'_, CallState>) -> wasmtime::Result<()> {
    error.resource("error", ResourceType::host::<IoError>(), |_, _| Ok(()))?;
    error.func_wrap("[method]error.to-debug-string", |_, (_,): (Resource<IoError>,)| Ok((String::new(),)))
}

fn add_poll(poll: &mut LinkerInstance<'_, CallState>) -> wasmtime::Result<()> {
    poll.resource("pollable", ResourceType::host::<Pollable>(), |_, _| Ok(()))?;
    poll.func_wrap("[method]pollable.ready", |_, (_,): (Resource<Pollable>,)| Ok((true,)))?;
    poll.func_wrap("[method]pollable.block", |_, (_,): (Resource<Pollable>,)| Ok(()))?;
    poll.func_wrap("poll", |_, (pollables,): (Vec<Resource<Pollable>>,)| {
        let all_are_ready: Vec<u32> = (0..).take(pollables.len()).collect();
        Ok((all_are_ready,))
    })
}

fn add_input(streams: &mut LinkerInstance<'_, CallState>) -> wasmtime::Result<()> {
    streams.resource("input-stream", ResourceType::host::<InputStream>(), |_, _| Ok(()))?;
    for name in ["read", "blocking-read"] {
        let closed = |_: StoreContextMut<'_, CallState>, (_, _): (Resource<InputStream>, u64)| -> Answer<Vec<u8>> {
            Ok((Err(StreamError::Closed),))
        };
        streams.func_wrap(&format!("[method]input-stream.{name}"), closed)?;
    }
    for name in ["skip", "blocking-skip"] {
        let closed = |_: StoreContextMut<'_, CallState>, (_, _): (Resource<InputStream>, u64)| -> Answer<u64> {
            Ok((Err(StreamError::Closed),))
        };
        streams.func_wrap(&format!("[method]input-stream.{name}"), closed)?;
    }
    streams.func_wrap("[method]input-stream.subscribe", |_, (_,): (Resource<InputStream>,)| Ok((ready(),)))
}

fn add_output(streams: &mut LinkerInstance<'_, CallState>) -> wasmtime::Result<()> {
    streams.resource("output-stream", ResourceType::host::<OutputStream>(), |_, _| Ok(()))?;
    streams.func_wrap("[method]output-stream.check-write", |_, (this,): (Resource<OutputStream>,)| {
        Ok((open(&this).map(|()| WRITABLE),))
    })?;
    for name in ["write", "blocking-write-and-flush"] {
        streams.func_wrap(&format!("[method]output-stream.{name}"), write)?;
    }
    for name in ["flush", "blocking-flush"] {
        streams.func_wrap(&format!("[method]output-stream.{name}"), |_, (this,): (Resource<OutputStream>,)| {
            Ok((open(&this),))
        })?;
    }
    for name in ["write-zeroes", "blocking-write-zeroes-and-flush"] {
        streams
            .func_wrap(&format!("[method]output-stream.{name}"), |_, (this, _): (Resource<OutputStream>, u64)| {
                Ok((open(&this),))
            })?;
    }
    for name in ["splice", "blocking-splice"] {
        let closed = |_: StoreContextMut<'_, CallState>,
                      (_, _, _): (Resource<OutputStream>, Resource<InputStream>, u64)|
         -> Answer<u64> { Ok((Err(StreamError::Closed),)) };
        streams.func_wrap(&format!("[method]output-stream.{name}"), closed)?;
    }
    streams.func_wrap("[method]output-stream.subscribe", |_, (_,): (Resource<OutputStream>,)| Ok((ready(),)))
}

fn write(mut store: StoreContextMut<'_, CallState>, (this, bytes): (Resource<OutputStream>, Vec<u8>)) -> Answer<()> {
    let answer = open(&this);
    if answer.is_ok() {
        store.data_mut().keep_stderr(&bytes);
    }
    Ok((answer,))
}

/// Only standard error takes anything.
fn open(stream: &Resource<OutputStream>) -> Result<(), StreamError> {
    if stream.rep() == STDERR { Ok(()) } else { Err(StreamError::Closed) }
}

fn ready() -> Resource<Pollable> {
    Resource::new_own(0)
}
