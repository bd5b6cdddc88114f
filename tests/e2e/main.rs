//! End-to-end scenarios: the built binary, real tmux, real components, real HTTP on loopback.

mod cli;
mod components;
mod crash;
mod doctor;
mod faults;
mod house;
mod http;
mod jobs_file;
mod jobs_run;
mod keeping;
mod pipeline;
mod predecessor;
mod sessions;
