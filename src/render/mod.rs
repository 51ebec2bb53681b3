//! Plan and events to bytes. Everything is a pure fold that returns text; only the [`View`]s write, and they write to
//! what they are given. It imports nothing of ours but `model`.

mod block;
mod change;
mod destroy;
mod diagnostics;
mod duration;
mod excerpt;
mod fault;
mod invoked;
mod log;
mod mask;
mod outputs;
mod page;
mod plan;
mod receipt;
mod record;
mod status;
mod style;
mod summary;
mod table;
mod value;
mod verify;
mod view;
mod words;

pub use destroy::destroy_question;
pub use diagnostics::{diagnostics_human, diagnostics_json};
pub use duration::{duration, rough_duration};
pub use fault::fault_human;
pub use invoked::Invoked;
pub use log::{LogForm, LogView};
pub use mask::Mask;
pub use outputs::{output_raw, outputs_env, outputs_human, outputs_json, quoted};
pub use page::clean as harmless;
pub use plan::{plan_human, plan_json};
pub use receipt::{holdings_human, receipt_human};
pub use record::Record;
pub use status::{StatusRow, status_human, status_json};
pub use style::Style;
pub use summary::{Invocation, run_summary_human};
pub use table::{csv, size, table_human};
pub use verify::{Hop, Proof, Verification, verify_human, verify_json};
pub use view::{HumanView, JsonView, View};

#[cfg(test)]
mod testing;
