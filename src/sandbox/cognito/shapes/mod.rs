//! What each request may contain: names, types, bounds and patterns of the service model.

mod client;
mod pool;
mod settings;
mod user;

use super::validate::Shape;

/// Returns the shape of an operation's request; nothing for an operation that the sandbox does not answer.
pub(super) fn request(operation: &str) -> Option<&'static Shape> {
    pool::of(operation)
        .or_else(|| client::of(operation))
        .or_else(|| user::of(operation))
}
