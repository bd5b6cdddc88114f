//! The harness of the end-to-end tests: a project folder, the built binary, a server that is stopped by its id,
//! and a client. Everything is real; the only stand-in is `fake-claude`, which behaves like an agent CLI.

mod agent;
pub mod bot_api;
pub mod forum;
mod http;
mod native_code;
mod plugin;
mod processes;
mod server;
mod socket;
mod stream;
mod wait;
pub mod webhooks;

pub use agent::{Agent, component, free_port, instar_bin};
pub use http::{Answer, Client};
pub use plugin::{bundled_bytes, component_bytes, reworded, shout, with_more};
pub use processes::{command_line, kill, most_memory, process_named};
pub use server::{Server, processes_below};
pub use socket::Socket;
pub use stream::{EventStream, StreamedEvent};
pub use wait::{until, until_some};
