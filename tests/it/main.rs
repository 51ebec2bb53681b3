//! The one integration-test binary: every further one would be another link of the SDKs.
#![allow(clippy::unwrap_used, clippy::print_stdout, clippy::print_stderr)]
#![allow(clippy::disallowed_methods)] // a test may wait for a process
#![allow(clippy::result_large_err)] // as in the library

mod app;
mod architecture;
mod chaos;
mod cli;
mod cli_asks;
mod cli_db;
mod cli_destroy;
mod cli_drift;
mod cli_faults;
mod cli_input;
mod cli_interrupted;
mod cli_keeps;
mod cli_life;
mod cli_lock;
mod cli_logs;
mod cli_refresh;
mod cli_saved;
mod cli_tampered;
mod cli_told;
mod cli_undo;
mod cli_verify;
mod conformance;
mod engine_destroy;
mod engine_promises;
mod engine_random;
mod engine_rest;
mod engine_steps;
mod fakes;
mod fault_codes;
mod golden;
mod lost_replies;
mod postgres_role;
mod reach;
mod round_trips;
mod safety;
mod sandbox_runs;
mod schema;
mod stage;
mod two_operators;
mod virtual_time;
