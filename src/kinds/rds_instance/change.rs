//! The one ModifyDBInstance that a diff asks for.

use super::desired::{Desired, PASSWORD_TAG};
use super::diff::can_wait;
use super::live::Live;
use super::version::Version;
use crate::model::{Diff, Secret};
use std::collections::BTreeMap;

/// What ModifyDBInstance is to change; what is `None` is not sent, and so not touched.
#[derive(Clone, Debug, Default, PartialEq)]
#[allow(missing_docs)]
pub struct Modification {
    pub instance_class: Option<String>,
    /// Resolved to one of the allowed targets before it is sent.
    pub engine_version: Option<Version>,
    pub allow_major_version_upgrade: bool,
    pub allocated_storage: Option<u32>,
    pub storage_type: Option<String>,
    pub iops: Option<u32>,
    pub storage_throughput: Option<u32>,
    pub multi_az: Option<bool>,
    pub backup_retention_period: Option<u32>,
    pub ca_certificate: Option<String>,
    pub port: Option<u32>,
    pub publicly_accessible: Option<bool>,
    pub insights_enabled: Option<bool>,
    pub insights_retention: Option<u32>,
    pub deletion_protection: Option<bool>,
    pub security_groups: Option<Vec<String>>,
    pub parameter_group: Option<String>,
    pub auto_minor_version_upgrade: Option<bool>,
    pub copy_tags_to_snapshot: Option<bool>,
    pub maintenance_window: Option<String>,
    pub backup_window: Option<String>,
    pub extended_support: Option<bool>,
    pub master_password: Option<Secret>,
    pub immediately: bool,
}

const STORAGE: &[&str] = &[
    "allocated_storage",
    "storage_type",
    "iops",
    "storage_throughput",
];

/// Returns what to send to ModifyDBInstance; `None` where only tags differ.
pub fn modification(want: &Desired, have: &Live, diff: &Diff) -> Option<Modification> {
    // `pending.x` stands for sending x along, so that a schedule is overwritten instead of carried out
    let has = |path: &str| diff.has(path) || diff.has(&format!("pending.{path}"));
    let mut m = Modification::default();
    if has("instance_class") {
        m.instance_class = Some(want.instance_class.clone());
    }
    if diff.has("engine_version") {
        m.engine_version = want.engine_version;
        m.allow_major_version_upgrade = want.allow_major_version_upgrade
            && Version::parse(&have.engine_version).map(|v| v.major)
                != want.engine_version.map(|v| v.major);
    }
    if STORAGE.iter().any(|path| has(path)) {
        // size, IOPS and throughput depend on one another and are sent together
        m.allocated_storage = Some(want.allocated_storage.max(have.allocated_storage));
        m.storage_type = want.storage_type.clone();
        m.iops = want.iops;
        m.storage_throughput = want.storage_throughput;
    }
    if has("multi_az") {
        m.multi_az = want.multi_az;
    }
    if has("backup_retention_period") {
        m.backup_retention_period = want.backup_retention_period;
    }
    if has("ca_certificate") {
        m.ca_certificate = want.ca_certificate.clone();
    }
    if diff.has("port") {
        m.port = want.port;
    }
    if diff.has("publicly_accessible") {
        m.publicly_accessible = want.publicly_accessible;
    }
    if diff.has("performance_insights") {
        m.insights_enabled = want.insights_enabled;
        m.insights_retention = want.insights_retention;
    }
    if diff.has("deletion_protection") {
        m.deletion_protection = want.deletion_protection;
    }
    if diff.has("security_groups") {
        m.security_groups = want.security_groups.clone();
    }
    if diff.has("parameter_group") {
        m.parameter_group = want.parameter_group.clone();
    }
    if diff.has("auto_minor_version_upgrade") {
        m.auto_minor_version_upgrade = want.auto_minor_version_upgrade;
    }
    if diff.has("copy_tags_to_snapshot") {
        m.copy_tags_to_snapshot = want.copy_tags_to_snapshot;
    }
    if diff.has("maintenance_window") {
        m.maintenance_window = want.maintenance_window.clone();
    }
    if diff.has("backup_window") {
        m.backup_window = want.backup_window.clone();
    }
    if diff.has("extended_support") {
        m.extended_support = Some(want.extended_support);
    }
    if diff.has("master_password_version") {
        m.master_password = Some(want.master_password.clone());
    }
    if m == Modification::default() {
        return None;
    }
    // only where something could be put off: else others' schedules would be made now for nothing
    m.immediately = want.immediately && diff.0.iter().any(|f| can_wait(&f.path, want, have));
    Some(m)
}

/// Tells whether a diff touches the storage.
pub fn touches_storage(diff: &Diff) -> bool {
    STORAGE.iter().any(|path| diff.has(path))
}

/// Returns the tags to set.
pub fn new_tags(want: &Desired, diff: &Diff) -> BTreeMap<String, String> {
    let mut tags: BTreeMap<String, String> = diff
        .0
        .iter()
        .filter_map(|f| f.path.strip_prefix("tags."))
        .filter_map(|key| want.tags.get_key_value(key))
        .map(|(k, v)| (k.clone(), v.clone()))
        .collect();
    if diff.has("master_password_version")
        && let Some(version) = &want.master_password_version
    {
        tags.insert(PASSWORD_TAG.to_owned(), version.clone());
    }
    tags
}
