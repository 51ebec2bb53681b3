//! The vocabulary: plain, serialisable data that every floor speaks. It imports nothing of ours, no runtime, no clock.

mod addr;
mod diagnostic;
mod diff;
mod event;
mod fault;
mod log_event;
mod observed;
mod outputs;
mod period;
mod plan;
mod secret;

pub use addr::{Addr, AddrError, OutputRef};
pub use diagnostic::{Diagnostic, Severity, Span};
pub use diff::{Diff, Effect, FieldChange, Force, Shown};
pub use event::{Event, KeptCopy, LostRows, RunSummary, Stamped};
pub use fault::{Class, Fault, Residue};
pub use log_event::LogEvent;
pub use observed::{Observed, Owner, Presence, Readiness, Verdict};
pub use outputs::{Output, Outputs};
pub use period::Period;
pub use plan::{
    Action, ApiCall, Change, FORMAT_VERSION, Orphan, Plan, PlanOptions, Purpose, Summary,
};
pub use secret::Secret;
