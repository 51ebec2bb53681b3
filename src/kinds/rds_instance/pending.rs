//! What is scheduled although stack.yaml does not ask for it.

use super::desired::Desired;
use super::live::Live;
use super::version::Version;
use crate::model::{Diff, Effect, Force};
use serde::Serialize;
use serde_json::{Value, json};

/// A change that someone else has scheduled.
#[derive(Clone, Debug, PartialEq)]
pub struct Foreign {
    /// The field as stack.yaml names it, or AWS's name where it has none.
    pub field: String,
    /// What is there.
    pub current: Value,
    /// What is scheduled.
    pub pending: Value,
    /// What stack.yaml says, and what therefore can be sent along to undo the schedule.
    pub wanted: Option<Value>,
}

/// Finds what is scheduled although stack.yaml does not ask for it.
pub fn foreign(want: &Desired, have: &Live) -> Vec<Foreign> {
    let version = |text: &str| Version::parse(text);
    have.pending
        .entries()
        .into_iter()
        .filter_map(|(field, pending)| {
            // the current value, the wanted one, and whether the current one is as wanted
            let (current, wanted, right) = match field.as_str() {
                "instance_class" => exact(&have.instance_class, Some(&want.instance_class)),
                "storage_type" => exact(&have.storage_type, want.storage_type.as_ref().map(Some)),
                "iops" => exact(&have.iops, want.iops.map(Some)),
                "storage_throughput" => {
                    exact(&have.storage_throughput, want.storage_throughput.map(Some))
                }
                "multi_az" => exact(&have.multi_az, want.multi_az),
                "backup_retention_period" => {
                    exact(&have.backup_retention_period, want.backup_retention_period)
                }
                "ca_certificate" => {
                    exact(&have.ca_certificate, want.ca_certificate.as_ref().map(Some))
                }
                "allocated_storage" => (
                    json!(have.allocated_storage),
                    Some(json!(want.allocated_storage.max(have.allocated_storage))),
                    want.allocated_storage <= have.allocated_storage,
                ),
                "engine_version" => (
                    json!(have.engine_version),
                    None, // nothing is known to take a scheduled upgrade back
                    want.engine_version.is_none_or(|w| {
                        version(&have.engine_version)
                            .is_some_and(|v| w.admits(v) || w.major < v.major)
                    }),
                ),
                // these are never put off: they are on their way
                "port" | "master_password" => return None,
                _ => (Value::Null, None, true),
            };
            (right && current != pending).then_some(Foreign {
                field,
                current,
                pending,
                wanted,
            })
        })
        .collect()
}

fn exact<T: Serialize + PartialEq>(
    have: &T,
    want: Option<impl Serialize>,
) -> (Value, Option<Value>, bool) {
    let have = json!(have);
    let want = want.map(|w| json!(w));
    let right = want.as_ref().is_none_or(|w| *w == have);
    (have, want, right)
}

/// `ApplyImmediately` applies everything that is pending, not only what is sent with it (aws-facts §1.1).
pub fn flushed(d: &mut Diff, want: &Desired, have: &Live) {
    for f in foreign(want, have) {
        let path = format!("pending.{}", f.field);
        match f.wanted {
            Some(wanted) => d.note(&path, f.pending, wanted, Force::Consent).why(
                "someone else has scheduled this for the maintenance window; applying other changes immediately \
                 would make it now, so stack.yaml's value is sent along and the schedule is lost",
            ),
            None => d
                .note(&path, f.current, f.pending, Force::Consent)
                .effect(Effect::Outage)
                .why(
                    "someone else has scheduled this for the maintenance window; ApplyImmediately would flush it, \
                     that is, make it now",
                ),
        };
    }
}
