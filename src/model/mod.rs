//! The vocabulary: plain, serialisable data that every floor speaks. It imports nothing of ours, no runtime, no clock.

mod addr;
mod diagnostic;
mod diff;
mod event;
mod fault;
mod literal;
mod log_event;
mod observed;
mod outputs;
mod period;
mod plan;
mod promise;
mod receipt;
mod secret;

pub use addr::{Addr, AddrError, OutputRef};
pub use diagnostic::{Diagnostic, Severity, Span};
pub use diff::{Diff, Effect, FieldChange, Force, Shown};
pub use event::{Event, KeptCopy, LostRows, Power, RunSummary, Stamped};
pub use fault::{Class, Fault, Residue};
pub use literal::{Literal, literals, without_literals};
pub use log_event::LogEvent;
pub use observed::{Observed, Owner, Presence, Readiness, Verdict};
pub use outputs::{Output, Outputs};
pub use period::Period;
pub use plan::{
    Action, ApiCall, Around, Change, FORMAT_VERSION, Orphan, Plan, PlanOptions, Purpose, Summary,
};
pub use receipt::{
    Cost, DatabaseHeld, Deleted, Holding, Kept, PriceList, Receipt, Remains, Remnant, TableHeld,
    Unseen,
};
pub use secret::Secret;
