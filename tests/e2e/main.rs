//! End-to-end scenarios: the built binary, real tmux, real components, real HTTP on loopback.

mod admission;
mod cli;
mod components;
mod crash;
mod doctor;
mod due_times;
mod events_stream;
mod faults;
mod follow;
mod gates;
mod hook;
mod house;
mod http;
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
