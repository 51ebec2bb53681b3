//! What the summary at the end needs to know of the events before it: a fold over them.

use crate::model::{Action, Addr, Event, Fault, Stamped};
use std::collections::{BTreeMap, BTreeSet};

/// Why steps failed, were not begun, or are not over.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Record {
    pub(super) faults: BTreeMap<Addr, Fault>,
    pub(super) because: BTreeMap<Addr, String>,
    pub(super) statuses: BTreeMap<Addr, String>,
    pub(super) forgotten: BTreeSet<Addr>,
    /// Events could not be written: whoever reads them does not know all of it.
    pub unwritten: bool,
}

impl Record {
    /// Takes in one event.
    pub fn note(&mut self, stamped: &Stamped) {
        match &stamped.event {
            Event::Failed { addr, fault } => {
                self.faults.insert(addr.clone(), fault.clone());
            }
            Event::Skipped { addr, because } => {
                self.because.insert(addr.clone(), because.clone());
            }
            Event::Accepted { addr, status } => {
                self.statuses.insert(addr.clone(), status.clone());
            }
            Event::Started {
                addr,
                action: Action::Forget,
                ..
            } => {
                self.forgotten.insert(addr.clone());
            }
            Event::Planned { .. }
            | Event::Started { .. }
            | Event::Waiting { .. }
            | Event::Retrying { .. }
            | Event::Done { .. }
            | Event::Cancelling { .. }
            | Event::Receipt { .. }
            | Event::Copied { .. }
            | Event::Finished { .. } => {}
        }
    }

    /// Tells whether a step only lets go of something: nothing is changed by that.
    pub fn forgotten(&self, addr: &Addr) -> bool {
        self.forgotten.contains(addr)
    }

    /// Returns why a step failed.
    pub fn fault(&self, addr: &Addr) -> Option<&Fault> {
        self.faults.get(addr)
    }
}
