//! stack.yaml becomes entries, references, edges and diagnostics; the files that it names become digests.
//!
//! Everything that can be found without a network is found here, all at once.

mod assets;
mod check;
mod edges;
mod graph;
mod parse;

pub use graph::{dot, mermaid, schema};
pub use parse::{Entry, Loaded, parse};

#[cfg(test)]
mod properties;
#[cfg(test)]
mod tests;
