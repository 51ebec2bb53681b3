//! What to do about RDS's codes, with what is known of the instance at hand. What they mean in general is in
//! [`aws::codes`](crate::aws::codes).

use super::desired::Desired;
use super::live::Live;
use crate::model::{Diagnostic, Fault};

/// Codes that mean that a combination is not offered: a version that cannot be made any more has one of them, as has
/// much else (aws-facts §1.8), so that what is offered is asked for before the version is blamed.
pub const NOT_OFFERED: &[&str] = &["InvalidParameterCombination", "InvalidParameterValue"];

const CAPACITY: &str = "InsufficientDBInstanceCapacity";

/// The classes of the least size have this in their name; the Free Plan allows them alone.
const MICRO: &str = ".micro";

fn is(fault: &Fault, code: &str) -> bool {
    fault.code.as_deref() == Some(code)
}

/// Adds what is known of an instance that could not be made.
pub fn about_create(fault: Fault, want: &Desired) -> Fault {
    let class = &want.instance_class;
    if is(&fault, CAPACITY) {
        let (here, zone) = match &want.availability_zone {
            Some(zone) => (
                format!("in {zone}"),
                "leave availability_zone out, so that AWS chooses, or write another one",
            ),
            None => (
                "in any zone of its subnets".to_owned(),
                "name a db_subnet_group with other zones",
            ),
        };
        let other = sibling(class).map_or_else(
            || "choose another instance_class".to_owned(),
            |sibling| format!("choose another instance_class, as {sibling}"),
        );
        return fault.help(format!(
            "AWS has no machine of class {class} {here} now: {zone}; or {other}; or apply again in some hours"
        ));
    }
    if is(&fault, "FreeTierRestrictionError") {
        return free_plan(fault, class, want.backup_retention_period);
    }
    fault
}

/// Adds what is known of an instance that could not be changed.
pub fn about_change(
    fault: Fault,
    have: &Live,
    class: Option<&str>,
    retention: Option<u32>,
) -> Fault {
    if is(&fault, "FreeTierRestrictionError") {
        let class = class.unwrap_or(&have.instance_class);
        return free_plan(fault, class, retention);
    }
    if is(&fault, CAPACITY)
        && let Some(class) = class
    {
        let zone = have.availability_zone.as_deref().unwrap_or("its zone");
        return fault.help(format!(
            "AWS has no machine of class {class} in {zone} now, and the instance stays a {}: choose another \
             instance_class, or apply again in some hours",
            have.instance_class
        ));
    }
    fault
}

/// What of the entry the Free Plan does not allow, as far as that can be told.
fn free_plan(fault: Fault, class: &str, retention: Option<u32>) -> Fault {
    let mut wrong = Vec::new();
    if let Some(days) = retention.filter(|days| *days > 1) {
        wrong.push(format!(
            "backup_retention_period is {days}, and it allows at most 1"
        ));
    }
    if !class.ends_with(MICRO) {
        wrong.push(format!(
            "instance_class is {class}, and it allows micro classes alone"
        ));
    }
    let what = if wrong.is_empty() {
        "it allows neither more than micro classes nor a backup_retention_period above 1, and AWS's message says what \
         else"
            .to_owned()
    } else {
        wrong.join("; ")
    };
    fault.help(format!(
        "the account is on AWS's Free Plan: {what}. Change the entry, or upgrade the account to the paid plan in the AWS \
         console (Billing and Cost Management)"
    ))
}

/// The class of the same size on the other processor, which has machines of its own.
fn sibling(class: &str) -> Option<String> {
    let (from, to) = match class {
        c if c.starts_with("db.t3.") => ("db.t3.", "db.t4g."),
        c if c.starts_with("db.t4g.") => ("db.t4g.", "db.t3."),
        _ => return None,
    };
    Some(class.replacen(from, to, 1))
}

/// Adds the way out where AWS has no machine for a stopped instance: it can neither be changed nor started, and only a
/// snapshot leads to another zone or class (aws-facts §1.4).
pub fn about_start(fault: Fault, have: &Live) -> Fault {
    if !is(&fault, CAPACITY) {
        return fault;
    }
    let id = &have.identifier;
    let class = &have.instance_class;
    let other = sibling(class).unwrap_or_else(|| "CLASS".to_owned());
    let list = format!(
        "`aws rds describe-db-snapshots --db-instance-identifier {id} --query \
         'DBSnapshots[].[SnapshotCreateTime,DBSnapshotIdentifier]' --output text`"
    );
    let network = match &have.db_subnet_group {
        Some(group) => format!(" --db-subnet-group-name {group}"),
        None => String::new(),
    };
    let restore = format!(
        "`aws rds restore-db-instance-from-db-snapshot --db-snapshot-identifier SNAPSHOT --db-instance-identifier {id}-2 \
         --db-instance-class {other} --availability-zone ZONE{network}`"
    );
    let kept = if have.backup_retention_period == 0 {
        "Its backup_retention_period is 0: AWS has made no snapshot of it, and from a stopped instance none can be made. \
         Where nobody made one by hand, its data is out of reach until AWS has a machine for it; do not delete it. One \
         that was made by hand is listed and restored by"
    } else {
        "The way out is its newest snapshot, restored with another class or into another zone; what was written after \
         it is missing there"
    };
    fault.help(format!(
        "AWS has no machine of class {class} for the stopped instance in {} now, and a stopped instance cannot be given \
         another class or zone. `cruddur-infra start` again later may work.\n{kept}:\n{list}\n{restore}\nThen write the \
         new identifier into the entry, and give its address: `cruddur-infra apply --adopt ADDRESS`.",
        have.availability_zone.as_deref().unwrap_or("its zone")
    ))
}

/// An instance that is stopped has no host, and AWS may have none for it when it is to be started again. Without automated
/// backups there is no other way to its data then (aws-facts §1.4).
pub fn before_stop(have: &Live) -> Vec<Diagnostic> {
    if have.backup_retention_period != 0 {
        return Vec::new();
    }
    let id = &have.identifier;
    vec![
        Diagnostic::warning("no automated backups are kept (backup_retention_period: 0)")
            .detail(
                "Where AWS has no capacity when it is to be started again, a snapshot made before is the only way to its \
                 data.",
            )
            .help(format!(
                "`aws rds create-db-snapshot --db-instance-identifier {id} --db-snapshot-identifier {id}-before-stop` \
                 makes one"
            )),
    ]
}

#[cfg(test)]
#[path = "tests/advice.rs"]
mod tests;
