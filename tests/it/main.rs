//! The one integration-test binary: every further one would be another link of the SDKs.
#![allow(clippy::unwrap_used, clippy::print_stdout, clippy::print_stderr)]
#![allow(clippy::result_large_err)] // as in the library

mod engine_promises;
mod engine_random;
mod fakes;
mod schema;
mod virtual_time;
