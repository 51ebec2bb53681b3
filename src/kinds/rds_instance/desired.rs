//! What an instance should be, with every reference resolved.

use super::spec::{Apply, Spec};
use super::version::Version;
use crate::aws;
use crate::model::Secret;
use crate::resource::{Facts, Input, Unresolved};
use serde::de::DeserializeOwned;
use std::collections::BTreeMap;

/// The tag that says which version of the password was sent last.
pub const PASSWORD_TAG: &str = "cruddur-infra:password-version";

/// The tag that says: it was started only to be changed, and is to be stopped again.
pub const STOP_TAG: &str = "cruddur-infra:stop-again";

/// What an instance should be. `None` is not managed.
#[derive(Clone, Debug)]
#[allow(missing_docs)]
pub struct Desired {
    /// In lower case, as AWS keeps it.
    pub identifier: String,
    pub engine: &'static str,
    pub engine_version: Option<Version>,
    pub instance_class: String,
    pub allocated_storage: u32,
    pub storage_type: Option<String>,
    pub iops: Option<u32>,
    pub storage_throughput: Option<u32>,
    pub storage_encrypted: Option<bool>,
    pub kms_key_id: Option<String>,
    pub availability_zone: Option<String>,
    pub multi_az: Option<bool>,
    pub publicly_accessible: Option<bool>,
    pub port: Option<u32>,
    pub database_name: Option<String>,
    pub master_username: String,
    pub master_password: Secret,
    pub master_password_version: Option<String>,
    pub backup_retention_period: Option<u32>,
    pub insights_enabled: Option<bool>,
    pub insights_retention: Option<u32>,
    pub deletion_protection: Option<bool>,
    pub db_subnet_group: Option<String>,
    /// Sorted.
    pub security_groups: Option<Vec<String>>,
    pub parameter_group: Option<String>,
    pub ca_certificate: Option<String>,
    pub auto_minor_version_upgrade: Option<bool>,
    pub copy_tags_to_snapshot: Option<bool>,
    pub maintenance_window: Option<String>,
    pub backup_window: Option<String>,
    pub allow_major_version_upgrade: bool,
    /// What AWS can put off is not put off.
    pub immediately: bool,
    pub extended_support: bool,
    /// The stack's, the spec's, and the password's version.
    pub tags: BTreeMap<String, String>,
}

/// Gathers what keeps values from being known, so that all of it is said at once.
pub struct Resolver<'a> {
    facts: &'a Facts,
    missing: Unresolved,
}

impl<'a> Resolver<'a> {
    /// Begins.
    pub fn new(facts: &'a Facts) -> Self {
        Resolver {
            facts,
            missing: Unresolved::default(),
        }
    }

    fn note(&mut self, u: Unresolved) {
        self.missing.waits_for.extend(u.waits_for);
        self.missing.wrong.extend(u.wrong);
    }

    /// Resolves a value.
    pub fn get<T: DeserializeOwned + Clone>(&mut self, input: &Input<T>) -> Option<T> {
        self.facts.get(input).map_err(|u| self.note(u)).ok()
    }

    /// Resolves a value that may be left out.
    pub fn option<T: DeserializeOwned + Clone>(&mut self, input: &Option<Input<T>>) -> Option<T> {
        input.as_ref().and_then(|i| self.get(i))
    }

    fn end<T>(self, value: Option<T>) -> Result<T, Unresolved> {
        match value {
            Some(v) if self.missing == Unresolved::default() => Ok(v),
            _ => Err(self.missing),
        }
    }
}

/// Resolves a spec.
///
/// # Errors
/// Everything that is missing.
pub fn desired(spec: &Spec, facts: &Facts) -> Result<Desired, Unresolved> {
    let mut r = Resolver::new(facts);
    let value = resolve(spec, facts, &mut r);
    r.end(value)
}

fn resolve(spec: &Spec, facts: &Facts, r: &mut Resolver<'_>) -> Option<Desired> {
    let version = r.option(&spec.engine_version);
    let engine_version = version.as_deref().and_then(Version::parse);
    if let (Some(text), None) = (&version, engine_version) {
        r.note(Unresolved::wrong(format!(
            "engine_version: `{text}` is not a version: write a major (\"17\") or a minor (\"17.4\")"
        )));
    }
    let mut security_groups: Option<Vec<String>> = spec
        .security_groups
        .as_ref()
        .map(|groups| groups.iter().filter_map(|g| r.get(g)).collect());
    if let Some(groups) = &mut security_groups {
        groups.sort();
        groups.dedup();
    }
    let master_password_version = r.option(&spec.master_password_version);
    let mut tags: BTreeMap<String, String> = spec
        .tags
        .iter()
        .filter_map(|(k, v)| r.get(v).map(|v| (k.clone(), v)))
        .collect();
    tags.extend(aws::ownership(facts));
    let insights = spec.performance_insights.as_ref();
    let master_password = facts
        .secret(&spec.master_password)
        .map_err(|u| r.note(u))
        .ok();
    let identifier = r.get(&spec.identifier);
    let instance_class = r.get(&spec.instance_class);
    let allocated_storage = r.get(&spec.allocated_storage);
    let master_username = r.get(&spec.master_username);
    let storage_type = r.option(&spec.storage_type);
    let iops = r.option(&spec.iops);
    let storage_throughput = r.option(&spec.storage_throughput);
    let kms_key_id = r.option(&spec.kms_key_id);
    let availability_zone = r.option(&spec.availability_zone);
    let port = r.option(&spec.port).map(u32::from);
    let database_name = r.option(&spec.database_name);
    let backup_retention_period = r.option(&spec.backup_retention_period);
    let insights_retention = insights
        .filter(|p| p.enabled)
        .and_then(|p| r.option(&p.retention_period));
    let db_subnet_group = r.option(&spec.db_subnet_group);
    // AWS keeps it in lower case
    let parameter_group = r
        .option(&spec.parameter_group)
        .map(|g| g.to_ascii_lowercase());
    let ca_certificate = r.option(&spec.ca_certificate);
    let maintenance_window = r.option(&spec.maintenance_window);
    let backup_window = r.option(&spec.backup_window);
    Some(Desired {
        identifier: identifier?.to_ascii_lowercase(),
        engine: spec.engine.name(),
        engine_version,
        instance_class: instance_class?,
        allocated_storage: allocated_storage?,
        storage_type,
        iops,
        storage_throughput,
        storage_encrypted: spec.storage_encrypted,
        kms_key_id,
        availability_zone,
        multi_az: spec.multi_az,
        publicly_accessible: spec.publicly_accessible,
        port,
        database_name,
        master_username: master_username?,
        master_password: master_password?,
        master_password_version,
        backup_retention_period,
        insights_enabled: insights.map(|p| p.enabled),
        insights_retention,
        deletion_protection: spec.deletion_protection,
        db_subnet_group,
        security_groups,
        parameter_group,
        ca_certificate,
        auto_minor_version_upgrade: spec.auto_minor_version_upgrade,
        copy_tags_to_snapshot: spec.copy_tags_to_snapshot,
        maintenance_window,
        backup_window,
        allow_major_version_upgrade: spec.allow_major_version_upgrade,
        immediately: spec.apply == Apply::Immediately,
        extended_support: spec.extended_support,
        tags,
    })
}

impl Desired {
    /// Returns what is wanted of one that is stopped again when it is changed: nothing can wait for a window.
    pub fn for_resting(&self) -> Self {
        Desired {
            immediately: true,
            ..self.clone()
        }
    }

    /// Returns the tags that a new instance gets: the password that it is made with has its version.
    pub fn tags_at_birth(&self) -> BTreeMap<String, String> {
        let mut tags = self.tags.clone();
        if let Some(version) = &self.master_password_version {
            tags.insert(PASSWORD_TAG.to_owned(), version.clone());
        }
        tags
    }
}
