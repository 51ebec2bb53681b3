//! Whether a change that was asked for has arrived. For some seconds after ModifyDBInstance the instance still calls
//! itself available with its old values (aws-facts §1.3), which nothing in one reply tells from a change that waits
//! for its window. So the kind remembers what it has sent in this run.

use super::desired::Desired;
use super::diff::{can_wait, diff};
use super::live::{Live, Pending};
use crate::model::Diff;

/// How many looks at an idle, unchanged instance are taken for the delay after a call. The first looks come after 1,
/// 1.6, 2.6 … seconds and the later ones every 15, so that this is a little more than a minute.
const PATIENCE: u32 = 10;
/// How many at one that has been sent a password, of which nothing else tells that it has arrived.
const PASSWORD: u32 = 4;

/// A change that was sent.
pub struct Sent {
    want: Desired,
    paths: Vec<String>,
    immediately: bool,
    password: bool,
    worked: bool,
    looks: u32,
}

impl Sent {
    /// Remembers what was sent.
    pub fn new(want: &Desired, have: &Live, sent: &Diff, immediately: bool) -> Self {
        Sent {
            want: want.clone(),
            paths: sent
                .0
                .iter()
                .map(|f| f.path.clone())
                .filter(|p| !p.starts_with("pending."))
                // tags are not what is sent here, and the password's version is one
                .filter(|p| !p.starts_with("tags.") && !p.starts_with("master_password"))
                .filter(|p| immediately || !can_wait(p, want, have))
                .collect(),
            immediately,
            password: sent.has("master_password"),
            worked: false,
            looks: 0,
        }
    }

    /// Takes a look into account, and tells whether the change is still on its way.
    pub fn is_on_its_way(&mut self, have: &Live) -> bool {
        let awaited = have.pending.master_password
            || have.pending.port.is_some()
            || (self.immediately && !have.pending.is_empty());
        let arrived = Live {
            pending: Pending::default(),
            ..have.clone()
        };
        let open = diff(&self.want, &arrived);
        let missing = self.paths.iter().any(|p| open.has(p));
        let unseen = self.password && !self.worked && self.looks < PASSWORD;
        if !awaited && !missing && !unseen {
            return false;
        }
        if !have.idle() {
            self.worked = true;
            return true;
        }
        if self.worked && !awaited {
            // AWS has worked on it and is done: what still differs must be judged anew
            return false;
        }
        self.looks += 1;
        self.looks <= PATIENCE
    }
}
