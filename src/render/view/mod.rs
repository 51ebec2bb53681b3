//! Views: they take events one by one and write at once.

mod human;
mod json;
mod live;
mod screen;

pub use human::HumanView;
pub use json::JsonView;

use crate::model::Stamped;

/// Something that shows a run while it goes on.
pub trait View: Send {
    /// Shows one event.
    fn event(&mut self, stamped: &Stamped);
    /// Why something could not be written, where that is no reader who has gone.
    fn unwritten(&self) -> Option<&str> {
        None
    }
    /// Leaves the terminal as a terminal should be left. No event comes after it.
    fn done(&mut self);
}

#[cfg(test)]
mod tests;
