//! What this run has sent to be a new version of a policy. A version has neither tags nor a name of ours, so that nothing
//! in it tells who has made it: the kind remembers which was in force before, and looks at what is above that.

use super::live::Live;
use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// How many looks may show no new version, before what is seen is believed: about ten seconds.
const PATIENCE: u32 = 6;

/// The policies to which a version was sent, by ARN.
#[derive(Debug, Default)]
pub struct Sent(Mutex<BTreeMap<String, Awaited>>);

#[derive(Debug)]
struct Awaited {
    /// The version in force before: whatever came after it was not there when the change was decided.
    floor: u32,
    /// The version that was made; where the reply was lost, the first that it can be.
    made: u32,
    looks: u32,
}

/// What a look tells of a version that was sent.
#[derive(Debug, PartialEq, Eq)]
pub enum Seen {
    /// None was sent, or it is waited for no longer.
    Nothing,
    /// It is not to be seen.
    NotYet,
    /// Something is there above this version. Versions are counted up, and a list that shows one shows all before it.
    Above(u32),
}

impl Sent {
    fn all(&self) -> MutexGuard<'_, BTreeMap<String, Awaited>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes that a version was sent to a policy that looked like this, and which one came of it. What was sent before
    /// still counts.
    pub fn remember(&self, have: &Live, made: u32) {
        let mut all = self.all();
        let awaited = all.entry(have.arn.clone()).or_insert_with(|| Awaited {
            floor: have.in_force,
            made,
            looks: 0,
        });
        awaited.made = awaited.made.max(made);
        awaited.looks = 0;
    }

    /// Takes a look into account.
    pub fn look(&self, have: &Live) -> Seen {
        let mut all = self.all();
        let Some(awaited) = all.get_mut(&have.arn) else {
            return Seen::Nothing;
        };
        if have.newest() >= awaited.made {
            return Seen::Above(awaited.floor);
        }
        awaited.looks += 1;
        // the floor is kept: what was sent may still come to be seen
        if awaited.looks > PATIENCE {
            return Seen::Nothing;
        }
        Seen::NotYet
    }

    /// Notes that nothing is to be waited for any more.
    pub fn forget(&self, arn: &str) {
        self.all().remove(arn);
    }
}

#[cfg(test)]
mod tests {
    use super::super::live::Version;
    use super::*;

    fn policy(newest: u32) -> Live {
        let version = |n: u32| Version {
            id: format!("v{n}"),
            default: n == newest,
        };
        Live {
            arn: "arn".to_owned(),
            name: "policy".to_owned(),
            description: None,
            document: serde_json::Value::Null,
            in_force: newest,
            versions: (1..=newest).map(version).collect(),
            attached: 0,
            tags: BTreeMap::new(),
            copies: Vec::new(),
            settling: false,
        }
    }

    #[test]
    fn what_was_sent_is_waited_for_and_then_told_from_what_was_there_before() {
        let sent = Sent::default();
        assert_eq!(sent.look(&policy(2)), Seen::Nothing);
        sent.remember(&policy(2), 4);
        assert_eq!(sent.look(&policy(2)), Seen::NotYet);
        // somebody else's, made in between: the list is older than what this run has made
        assert_eq!(sent.look(&policy(3)), Seen::NotYet);
        assert_eq!(sent.look(&policy(4)), Seen::Above(2));
        sent.forget("arn");
        assert_eq!(sent.look(&policy(4)), Seen::Nothing);
    }

    #[test]
    fn patience_ends_and_a_version_that_comes_later_is_still_known() {
        let sent = Sent::default();
        sent.remember(&policy(1), 2);
        let waits = (0..PATIENCE).map(|_| sent.look(&policy(1)));
        assert!(waits.collect::<Vec<_>>().iter().all(|s| *s == Seen::NotYet));
        assert_eq!(sent.look(&policy(1)), Seen::Nothing);
        // sent once more, and now both are there
        sent.remember(&policy(1), 3);
        assert_eq!(sent.look(&policy(3)), Seen::Above(1));
    }
}
