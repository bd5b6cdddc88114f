//! End-to-end scenarios: the built binary, real tmux, real components, real HTTP on loopback.

mod cli;
mod components;
mod crash;
mod doctor;
mod due_times;
mod events_stream;
mod faults;
mod follow;
mod grounding;
mod hook;
mod house;
mod http;
mod jobs_as_code;
mod jobs_file;
mod jobs_run;
mod keeping;
mod load;
mod metrics;
mod pipeline;
mod predecessor;
mod sessions;
mod store_faults;
mod talk;
mod tmux_faults;
mod traces;
mod ws;
