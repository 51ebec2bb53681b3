//! What is to change, how strongly, and what it does to those who use the instance (aws-facts §1.1).

use super::desired::Desired;
use super::immutable::immutable;
use super::live::{Live, Pending};
use super::pending::flushed;
use super::version::Version;
use crate::aws;
use crate::model::{Diff, Effect, Force, Shown};
use crate::resource::only_set;
use serde::Serialize;
use serde_json::{Value, json};

/// What a new instance will be like.
pub fn fields(want: &Desired) -> Vec<(String, Shown)> {
    let lower = |t: &Option<String>| t.as_ref().map(|t| t.to_ascii_lowercase()).into();
    let mut all = only_set([
        ("identifier", want.identifier.as_str().into()),
        ("engine", want.engine.into()),
        ("master_username", want.master_username.as_str().into()),
        ("database_name", want.database_name.clone().into()),
        ("storage_encrypted", want.storage_encrypted.into()),
        ("kms_key_id", want.kms_key_id.clone().into()),
        ("availability_zone", want.availability_zone.clone().into()),
        ("db_subnet_group", want.db_subnet_group.clone().into()),
        (
            "engine_version",
            want.engine_version.map(|v| v.to_string()).into(),
        ),
        ("allocated_storage", want.allocated_storage.into()),
        ("instance_class", want.instance_class.as_str().into()),
        ("storage_type", want.storage_type.clone().into()),
        ("iops", want.iops.into()),
        ("storage_throughput", want.storage_throughput.into()),
        ("multi_az", want.multi_az.into()),
        (
            "backup_retention_period",
            want.backup_retention_period.into(),
        ),
        ("ca_certificate", want.ca_certificate.clone().into()),
        ("port", want.port.into()),
        ("publicly_accessible", want.publicly_accessible.into()),
        ("performance_insights.enabled", want.insights_enabled.into()),
        (
            "performance_insights.retention_period",
            want.insights_retention.into(),
        ),
        ("deletion_protection", want.deletion_protection.into()),
        ("security_groups", want.security_groups.clone().into()),
        ("parameter_group", want.parameter_group.clone().into()),
        (
            "auto_minor_version_upgrade",
            want.auto_minor_version_upgrade.into(),
        ),
        ("copy_tags_to_snapshot", want.copy_tags_to_snapshot.into()),
        ("maintenance_window", lower(&want.maintenance_window)),
        ("backup_window", lower(&want.backup_window)),
        ("extended_support", want.extended_support.into()),
        ("master_password", Shown::Secret),
        (
            "master_password_version",
            want.master_password_version.clone().into(),
        ),
    ]);
    all.extend(aws::tag_fields(&want.tags));
    all
}

/// Compares.
pub fn diff(want: &Desired, have: &Live) -> Diff {
    if !have.rests() {
        return compare(want, have);
    }
    // what is pending is dropped by the stop to come: only what is done counts
    let done = Live {
        pending: Pending::default(),
        ..have.clone()
    };
    let mut d = compare(&want.for_resting(), &done);
    if !d.is_empty() {
        flushed(&mut d, want, have);
    }
    d
}

fn compare(want: &Desired, have: &Live) -> Diff {
    let mut d = Diff::default();
    immutable(&mut d, want, have);
    engine_version(&mut d, want, have);
    storage(&mut d, want, have);
    deferrable(&mut d, want, have);
    at_once(&mut d, want, have);
    tags(&mut d, want, have);
    if want.immediately && d.0.iter().any(|f| can_wait(&f.path, want, have)) {
        flushed(&mut d, want, have);
    }
    d
}

/// Tells whether AWS makes a change in the maintenance window unless it is told to make it at once. A change of the
/// retention between two values above 0 is made at once in any case.
pub fn can_wait(path: &str, want: &Desired, have: &Live) -> bool {
    match path {
        "instance_class" | "engine_version" | "allocated_storage" | "storage_type" | "iops"
        | "storage_throughput" | "multi_az" | "ca_certificate" => true,
        "backup_retention_period" => {
            want.backup_retention_period == Some(0) || have.backup_retention_period == 0
        }
        _ => false,
    }
}

/// Never downwards: AWS raises minors by itself, and there is no way back (aws-facts §1.1).
fn engine_version(d: &mut Diff, want: &Desired, have: &Live) {
    let (Some(wanted), Some(there)) = (want.engine_version, Version::parse(&have.engine_version))
    else {
        return;
    };
    let scheduled = have
        .pending
        .engine_version
        .as_deref()
        .and_then(Version::parse);
    if wanted.admits(there)
        || wanted.major < there.major
        || scheduled.is_some_and(|s| wanted.admits(s))
    {
        return;
    }
    let major = wanted.major > there.major;
    let refused = major && !want.allow_major_version_upgrade;
    let force = if refused {
        Force::Refuse
    } else {
        Force::Update
    };
    let change = d.note(
        "engine_version",
        have.engine_version.as_str(),
        wanted.to_string(),
        force,
    );
    change.effect(when(want, Effect::Outage));
    if refused {
        change.why(
            "an upgrade to another major version cannot be taken back: write `allow_major_version_upgrade: true` to \
             have it done in place",
        );
    }
}

fn when(want: &Desired, effect: Effect) -> Effect {
    if want.immediately {
        effect
    } else {
        Effect::Deferred
    }
}

/// Storage only grows, and AWS rounds a step of less than a tenth up (aws-facts §1.1).
fn storage(d: &mut Diff, want: &Desired, have: &Live) {
    let wanted = want.allocated_storage;
    let rounded = have.allocated_storage <= wanted.saturating_add(wanted.div_ceil(10));
    let grown_by_aws = have
        .max_allocated_storage
        .is_some_and(|max| have.allocated_storage <= max && max > wanted);
    if wanted < have.allocated_storage && !rounded && !grown_by_aws {
        d.note(
            "allocated_storage",
            have.allocated_storage,
            wanted,
            Force::Refuse,
        )
        .why("storage never shrinks: write what is there, or a new instance would be made and the data of this one \
              deleted");
    }
    if wanted > have.allocated_storage
        && have
            .pending
            .allocated_storage
            .is_none_or(|pending| pending < wanted)
    {
        d.note(
            "allocated_storage",
            have.allocated_storage,
            wanted,
            Force::Update,
        )
        .effect(when(want, Effect::None));
    }
}

/// Notes a field that AWS can put off. What is scheduled already is no difference.
fn later<T: Serialize + PartialEq + Clone>(
    d: &mut Diff,
    path: &str,
    want: Option<&T>,
    have: Option<&T>,
    pending: Option<&T>,
    effect: Effect,
) {
    if let Some(want) = want
        && have != Some(want)
        && pending != Some(want)
    {
        d.note(path, json!(have), json!(want), Force::Update)
            .effect(effect);
    }
}

fn deferrable(d: &mut Diff, want: &Desired, have: &Live) {
    let p = &have.pending;
    later(
        d,
        "instance_class",
        Some(&want.instance_class),
        Some(&have.instance_class),
        p.instance_class.as_ref(),
        when(want, Effect::Outage),
    );
    let magnetic = |t: &Option<String>| t.as_deref() == Some("standard");
    later(
        d,
        "storage_type",
        want.storage_type.as_ref(),
        have.storage_type.as_ref(),
        p.storage_type.as_ref(),
        // to and from magnetic storage it is away for a moment, else not
        when(
            want,
            if magnetic(&want.storage_type) || magnetic(&have.storage_type) {
                Effect::Outage
            } else {
                Effect::None
            },
        ),
    );
    later(
        d,
        "iops",
        want.iops.as_ref(),
        have.iops.as_ref(),
        p.iops.as_ref(),
        when(want, Effect::None),
    );
    later(
        d,
        "storage_throughput",
        want.storage_throughput.as_ref(),
        have.storage_throughput.as_ref(),
        p.storage_throughput.as_ref(),
        when(want, Effect::None),
    );
    later(
        d,
        "multi_az",
        want.multi_az.as_ref(),
        Some(&have.multi_az),
        p.multi_az.as_ref(),
        when(want, Effect::None),
    );
    // between 0 and more the guide speaks of downtime (aws-facts §1.1)
    let effect = if can_wait("backup_retention_period", want, have) {
        when(want, Effect::Outage)
    } else {
        Effect::None
    };
    later(
        d,
        "backup_retention_period",
        want.backup_retention_period.as_ref(),
        Some(&have.backup_retention_period),
        p.backup_retention_period.as_ref(),
        effect,
    );
    later(
        d,
        "ca_certificate",
        want.ca_certificate.as_ref(),
        have.ca_certificate.as_ref(),
        p.ca_certificate.as_ref(),
        when(want, Effect::Restart),
    );
}

/// What AWS changes at once, whatever it is told.
fn at_once(d: &mut Diff, want: &Desired, have: &Live) {
    // the port is not deferred: it restarts the instance immediately; it is told with the endpoint, which one that is
    // being created does not have yet
    later(
        d,
        "port",
        want.port.as_ref().filter(|_| have.port.is_some()),
        have.port.as_ref(),
        have.pending.port.as_ref(),
        Effect::Restart,
    );
    let mut now = |path: &str, want: Value, have: Value| {
        if !want.is_null() && want != have {
            d.note(path, have, want, Force::Update);
        }
    };
    now(
        "publicly_accessible",
        json!(want.publicly_accessible),
        json!(have.publicly_accessible),
    );
    now(
        "performance_insights.enabled",
        json!(want.insights_enabled),
        json!(have.insights_enabled),
    );
    now(
        "performance_insights.retention_period",
        json!(want.insights_retention),
        json!(have.insights_retention),
    );
    now(
        "deletion_protection",
        json!(want.deletion_protection),
        json!(have.deletion_protection),
    );
    now(
        "security_groups",
        json!(want.security_groups),
        json!(have.group_ids()),
    );
    now(
        "parameter_group",
        json!(want.parameter_group),
        json!(have.parameter_group.as_ref().map(|(name, _)| name)),
    );
    now(
        "auto_minor_version_upgrade",
        json!(want.auto_minor_version_upgrade),
        json!(have.auto_minor_version_upgrade),
    );
    now(
        "copy_tags_to_snapshot",
        json!(want.copy_tags_to_snapshot),
        json!(have.copy_tags_to_snapshot),
    );
    let lower = |t: &Option<String>| json!(t.as_ref().map(|t| t.to_ascii_lowercase()));
    now(
        "maintenance_window",
        lower(&want.maintenance_window),
        lower(&have.maintenance_window),
    );
    now(
        "backup_window",
        lower(&want.backup_window),
        lower(&have.backup_window),
    );
    if let Some(enrolled) = have.extended_support {
        now(
            "extended_support",
            json!(want.extended_support),
            json!(enrolled),
        );
    }
}

fn tags(d: &mut Diff, want: &Desired, have: &Live) {
    // AWS never tells a password: its version, kept as a tag, stands for it (aws-facts §1.1)
    if let Some(version) = &want.master_password_version
        && have.password_version() != Some(version)
    {
        d.note(
            "master_password",
            Shown::Secret,
            Shown::Secret,
            Force::Update,
        );
        d.note(
            "master_password_version",
            json!(have.password_version()),
            version.as_str(),
            Force::Update,
        );
    }
    for (key, value) in aws::lasting(&want.tags) {
        if have.tags.get(key) != Some(value) {
            d.note(
                &format!("tags.{key}"),
                json!(have.tags.get(key)),
                value.as_str(),
                Force::Update,
            );
        }
    }
}
