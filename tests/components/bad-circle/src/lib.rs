//! An execute type that delegates to itself.

use instar_plugin_sdk::execute::{Beginning, Delegate, Event, Reducer, Request, StepResult};
use instar_plugin_sdk::{CallCtx, Failure, NoConfig, Plugin, register_execute};

struct Circle;

impl Plugin for Circle {
    type Config = NoConfig;
}

impl Reducer for Circle {
    fn plan(_: &CallCtx, _: &NoConfig, request: &Request) -> Result<Beginning, Failure> {
        Ok(Beginning::Delegate(Delegate { execute_type: "bad-circle".to_owned(), request: request.clone() }))
    }

    fn step(_: &CallCtx, _: &NoConfig, _: Vec<u8>, _: Vec<Event>) -> Result<StepResult, Failure> {
        Err(Failure::new("unreached", "it has no first step"))
    }
}

register_execute!(Circle);
