//! Decides and does. It knows no kind, no AWS, no file and no terminal: it runs on fakes as it runs on AWS.

mod apply;
mod around;
mod observe;
mod plan;
mod plan_destroy;
mod power;
mod progress;
mod queue;
mod saved;
mod stack;
mod step;
mod wait;

pub use crate::model::Power;
pub use apply::{Emitter, RunSettings, apply};
pub use observe::{Goal, Seen, observe};
pub use plan::{Info, Options, plan};
pub use plan_destroy::{only_with, plan_destroy, spare_others};
pub use power::power;
pub use queue::Queue;
pub use saved::{Unread, holds, read, sealed};
pub use stack::{Stack, infos};
pub use wait::{Clock, RealClock};
