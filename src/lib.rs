//! `cruddur-infra`: reads `stack.yaml`, looks at AWS, and makes AWS match.
//!
//! Floors, arrows point down only:
//!
//! ```text
//! cli                                            wiring, one file a command
//! render                                         plan and events to bytes
//! engine   stack   kinds   app                   decides and does · reads the file · knows AWS objects · the
//!                                                application's own operations
//! resource yaml assets aws pg database           the trait · the tree · files · clients
//! public_ip sandbox
//! model                                          plain data
//! ```

#![allow(clippy::result_large_err)] // a fault is plain data, and made rarely
#![deny(clippy::unwrap_used, clippy::print_stdout, clippy::print_stderr)]
#![cfg_attr(
    test,
    allow(
        clippy::unwrap_used,
        clippy::print_stdout,
        clippy::print_stderr,
        clippy::disallowed_methods
    )
)]
#![warn(missing_docs)]

pub mod app;
pub mod assets;
pub mod aws;
pub mod cli;
pub mod database;
pub mod engine;
pub mod files;
pub mod kinds;
pub mod model;
pub mod pg;
pub mod public_ip;
pub mod render;
pub mod resource;
pub mod sandbox;
pub mod stack;
pub mod workspace;
pub mod yaml;
