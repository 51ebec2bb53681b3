//! What a step counts: what was tried again, and whether its updates get anywhere.

use crate::model::{Diff, Fault, Residue};

/// How often a call that changed nothing visible is repeated before the step is given up.
const FRUITLESS: u32 = 3;
/// How many looks a fruitless call gets: right after a change a service may still show the old state.
pub(super) const LOOKS: u32 = 4;

/// Counts what was tried again.
#[derive(Default)]
pub(super) struct Tries {
    /// Looks that failed, one after the other.
    pub(super) looks: u32,
    /// Calls that failed, one after the other, whatever the looks between them gave.
    pub(super) calls: u32,
    pub(super) conflicts: u32,
}

impl Tries {
    pub(super) fn conflict(&mut self, fault: Fault) -> Result<(), Fault> {
        self.conflicts += 1;
        if self.conflicts <= LOOKS {
            Ok(())
        } else {
            Err(fault)
        }
    }
}

/// Sees to it that updates get somewhere.
#[derive(Default)]
pub(super) struct Progress {
    pub(super) calls: u32,
    pub(super) before: Option<Diff>,
    pub(super) looks: u32,
    pub(super) fruitless: u32,
    /// The reply to the last call was lost.
    lost: bool,
}

impl Progress {
    /// Tells whether to look once more before calling again: nothing has changed since the last call.
    pub(super) fn wait_for_effect(&mut self, diff: &Diff) -> bool {
        if self.before.as_ref() == Some(diff) && self.looks < LOOKS {
            self.looks += 1;
            return true;
        }
        false
    }

    pub(super) fn call(&mut self, diff: &Diff) -> Result<(), String> {
        if self.before.as_ref() == Some(diff) {
            self.fruitless += u32::from(!self.lost);
        } else {
            self.fruitless = 0;
        }
        self.lost = false;
        if self.fruitless >= FRUITLESS || self.calls >= 40 {
            return Err(format!(
                "still differs after every call: {}",
                diff.paths().join(", ")
            ));
        }
        self.calls += 1;
        self.looks = 0;
        self.before = Some(diff.clone());
        Ok(())
    }

    /// The call did not go through, so that nothing is to be seen of it and it does not count: what was refused many
    /// times while a role was on its way ends with that refusal, not with a remark about the number of calls.
    ///
    /// Where its reply was lost, it may have gone through: then as many looks are taken as after a call that did.
    pub(super) fn undo(&mut self, residue: Residue) {
        if residue == Residue::Unknown {
            self.lost = true;
        } else {
            self.before = None;
        }
        self.calls = self.calls.saturating_sub(1);
    }
}
