//! What the tests of this folder share.

use crate::model::{Action, Change, Diff, FORMAT_VERSION, Plan, PlanOptions, Purpose};
use std::io::{self, Write};
use std::sync::{Arc, Mutex};

pub(super) fn change(addr: &str, action: Action, reason: &str) -> Change {
    Change {
        addr: addr.parse().unwrap(),
        action,
        reason: reason.to_owned(),
        diff: Diff::default(),
        deferred: vec![],
        after: vec![],
        lock: None,
        calls: vec![],
        around: None,
        refused: None,
        fingerprint: None,
        id: None,
    }
}

pub(super) fn plan(changes: Vec<Change>) -> Plan {
    Plan {
        format_version: FORMAT_VERSION,
        purpose: Purpose::Apply,
        stack: "cruddur".to_owned(),
        stack_digest: String::new(),
        account: "123456789012".to_owned(),
        region: "us-west-2".to_owned(),
        summary: Plan::count(&changes),
        changes,
        orphans: vec![],
        warnings: vec![],
        options: PlanOptions::default(),
        digest: String::new(),
    }
}

/// A writer whose bytes can be read while it is in use.
#[derive(Clone, Default)]
pub(super) struct Captured(Arc<Mutex<Vec<u8>>>);

impl Captured {
    pub(super) fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }
}

impl Write for Captured {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
