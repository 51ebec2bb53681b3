//! What is asked of a server around the application: its databases, what is in one, who is connected.

mod databases;
mod inventory;
mod sessions;
#[cfg(test)]
mod tests;
mod users;

pub use databases::Dropped;
pub use inventory::{Inventory, TableSize};
pub use sessions::Backend;
