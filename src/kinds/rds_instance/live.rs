//! What an instance is, in plain data, and what follows from that alone.

use super::desired::{PASSWORD_TAG, STOP_TAG};
use crate::model::Readiness;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// What DescribeDBInstances tells.
#[derive(Clone, Debug, Default, PartialEq)]
#[allow(missing_docs)]
pub struct Live {
    pub identifier: String,
    pub arn: Option<String>,
    pub resource_id: Option<String>,
    pub status: String,
    pub engine: String,
    pub engine_version: String,
    pub instance_class: String,
    pub allocated_storage: u32,
    /// Where AWS grows the storage by itself, up to this.
    pub max_allocated_storage: Option<u32>,
    pub storage_type: Option<String>,
    pub iops: Option<u32>,
    pub storage_throughput: Option<u32>,
    /// How far a running change of the storage is, in per cent.
    pub optimizing: Option<u32>,
    pub storage_encrypted: bool,
    pub kms_key_id: Option<String>,
    pub availability_zone: Option<String>,
    pub multi_az: bool,
    pub publicly_accessible: bool,
    /// Absent while the instance is being created (aws-facts §1.2).
    pub address: Option<String>,
    pub port: Option<u32>,
    pub database_name: Option<String>,
    pub master_username: String,
    pub backup_retention_period: u32,
    pub insights_enabled: bool,
    pub insights_retention: Option<u32>,
    pub deletion_protection: bool,
    pub db_subnet_group: Option<String>,
    pub vpc_id: Option<String>,
    pub subnets: Vec<Subnet>,
    /// Group and status.
    pub security_groups: Vec<(String, String)>,
    /// Name and apply status.
    pub parameter_group: Option<(String, String)>,
    pub ca_certificate: Option<String>,
    pub auto_minor_version_upgrade: bool,
    pub copy_tags_to_snapshot: bool,
    pub maintenance_window: Option<String>,
    pub backup_window: Option<String>,
    /// Absent where AWS does not say.
    pub extended_support: Option<bool>,
    /// RFC 3339; only while it is stopped (aws-facts §1.4).
    pub restarts_at: Option<String>,
    pub pending: Pending,
    pub tags: BTreeMap<String, String>,
    /// A change that this run has asked for has not arrived yet.
    pub settling: bool,
}

/// A subnet of the instance's group.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct Subnet {
    pub id: String,
    pub zone: String,
}

/// What is asked for and has not been done: in flight, or waiting for the maintenance window.
#[derive(Clone, Debug, Default, PartialEq)]
#[allow(missing_docs)]
pub struct Pending {
    pub instance_class: Option<String>,
    pub allocated_storage: Option<u32>,
    pub storage_type: Option<String>,
    pub iops: Option<u32>,
    pub storage_throughput: Option<u32>,
    pub multi_az: Option<bool>,
    pub backup_retention_period: Option<u32>,
    pub engine_version: Option<String>,
    pub ca_certificate: Option<String>,
    pub port: Option<u32>,
    pub master_password: bool,
    /// What no field of ours stands for, by AWS's names.
    pub others: BTreeMap<String, Value>,
}

impl Pending {
    /// Tells whether nothing is pending.
    pub fn is_empty(&self) -> bool {
        *self == Pending::default()
    }

    /// Returns what is pending by the fields' names; the password shows only that it is.
    pub fn entries(&self) -> Vec<(String, Value)> {
        let mut all: Vec<(String, Value)> = [
            ("instance_class", json!(self.instance_class)),
            ("allocated_storage", json!(self.allocated_storage)),
            ("storage_type", json!(self.storage_type)),
            ("iops", json!(self.iops)),
            ("storage_throughput", json!(self.storage_throughput)),
            ("multi_az", json!(self.multi_az)),
            (
                "backup_retention_period",
                json!(self.backup_retention_period),
            ),
            ("engine_version", json!(self.engine_version)),
            ("ca_certificate", json!(self.ca_certificate)),
            ("port", json!(self.port)),
        ]
        .into_iter()
        .filter(|(_, v)| !v.is_null())
        .map(|(k, v)| (k.to_owned(), v))
        .collect();
        if self.master_password {
            all.push(("master_password".to_owned(), json!("a new one")));
        }
        all.extend(self.others.clone());
        all
    }
}

/// Status words in which the instance can be used (aws-facts §1.2). A full storage is among them because growing it
/// is the remedy, and only something usable is changed; a warning says what is wrong.
const USABLE: &[&str] = &[
    "available",
    "storage-optimization",
    "backing-up",
    "storage-full",
];

/// Status words that do not end by themselves, and what helps (aws-facts §1.2).
const STUCK: &[(&str, &str)] = &[
    (
        "failed",
        "AWS cannot recover it: restore its latest snapshot, or delete it and apply again",
    ),
    (
        "incompatible-restore",
        "it cannot be restored to that point: delete it and restore another snapshot",
    ),
    (
        "restore-error",
        "the restore failed: delete it and restore another snapshot",
    ),
    (
        "incompatible-parameters",
        "it cannot start with its parameter group: mend the group, then reboot it with `aws rds reboot-db-instance \
         --db-instance-identifier {id}`",
    ),
    (
        "incompatible-option-group",
        "it cannot work with its option group: choose another one in the RDS console",
    ),
    (
        "incompatible-network",
        "it cannot get what it needs in its VPC: check free addresses in its subnets, the internet gateway and DNS \
         support, then start it again",
    ),
    (
        "insufficient-capacity",
        "AWS has no machine of its class in its zone: try again in some hours, or restore a snapshot with another \
         class or zone",
    ),
    (
        "inaccessible-encryption-credentials",
        "its KMS key is gone or forbidden, and it can only be restored from a backup",
    ),
    (
        "inaccessible-encryption-credentials-recoverable",
        "its KMS key cannot be used: enable the key again, then start the instance",
    ),
];

/// Status words in which no final snapshot can be made (aws-facts §1.2, §1.5).
const NO_SNAPSHOT: &[&str] = &[
    "creating",
    "failed",
    "incompatible-restore",
    "incompatible-network",
];

impl Live {
    /// Tells how far it is.
    pub fn readiness(&self) -> Readiness {
        let status = self.status.as_str();
        if let Some((_, remedy)) = STUCK.iter().find(|(word, _)| *word == status) {
            let remedy = remedy.replace("{id}", &self.identifier);
            return Readiness::Failed(format!("its status is {status}: {remedy}"));
        }
        match status {
            "deleting" | "delete-precheck" => Readiness::Leaving(status.to_owned()),
            "stopped" => Readiness::Parked(status.to_owned()),
            "stopping" => Readiness::Parking(status.to_owned()),
            _ if !USABLE.contains(&status) => Readiness::Pending(status.to_owned()),
            _ if self.address.is_none() => {
                Readiness::Pending(format!("{status}, without an endpoint"))
            }
            // just after a modify the status still is what it was (aws-facts §1.3)
            // what is made at once is not dropped by the stop to come
            _ if self.to_stop()
                && (self.pending.master_password || self.pending.port.is_some()) =>
            {
                Readiness::Pending("modifying".to_owned())
            }
            _ if self.settling => Readiness::Pending("modifying".to_owned()),
            _ => match self.security_groups.iter().find(|(_, s)| s != "active") {
                Some((group, s)) => Readiness::Pending(format!("{group} {s}")),
                None => Readiness::Ready,
            },
        }
    }

    /// Tells whether it stands in a status that a change could be sent in.
    pub fn idle(&self) -> bool {
        USABLE.contains(&self.status.as_str())
    }

    /// Tells whether it was started only to be changed, and is to be stopped again.
    pub fn to_stop(&self) -> bool {
        self.tags.contains_key(STOP_TAG)
    }

    /// Tells whether it stands still, or will again. A stop drops what waits for the maintenance window (aws-facts
    /// §1.4), so that nothing can be left to it.
    pub fn rests(&self) -> bool {
        self.to_stop() || matches!(self.status.as_str(), "stopped" | "stopping")
    }

    /// Tells whether a final snapshot is possible.
    pub fn can_be_snapshot(&self) -> bool {
        !NO_SNAPSHOT.contains(&self.status.as_str())
    }

    /// Tells whether AWS is still busy with an earlier change of the storage.
    pub fn storage_is_busy(&self) -> bool {
        self.status == "storage-optimization" || self.optimizing.is_some()
    }

    /// Returns the version of the password that was sent last.
    pub fn password_version(&self) -> Option<&str> {
        self.tags.get(PASSWORD_TAG).map(String::as_str)
    }

    /// Returns the ids of its groups, sorted, without those that are leaving.
    pub fn group_ids(&self) -> Vec<String> {
        let mut ids: Vec<String> = self
            .security_groups
            .iter()
            .filter(|(_, status)| status != "removing")
            .map(|(id, _)| id.clone())
            .collect();
        ids.sort();
        ids
    }

    /// Returns its subnets' ids, sorted.
    pub fn subnet_ids(&self) -> Vec<String> {
        let mut ids: Vec<String> = self.subnets.iter().map(|s| s.id.clone()).collect();
        ids.sort();
        ids
    }

    /// Returns up to three subnets for a function: first one in the instance's own zone, which keeps the traffic
    /// there, then one each of other zones, which keeps the function alive when a zone fails.
    pub fn function_subnet_ids(&self) -> Vec<String> {
        let mut by_zone: BTreeMap<(bool, &str), &str> = BTreeMap::new();
        for subnet in &self.subnets {
            let elsewhere = Some(&subnet.zone) != self.availability_zone.as_ref();
            let chosen = by_zone
                .entry((elsewhere, &subnet.zone))
                .or_insert(&subnet.id);
            *chosen = (*chosen).min(subnet.id.as_str());
        }
        let mut ids: Vec<String> = by_zone.values().take(3).map(|&s| s.to_owned()).collect();
        if ids.len() == 1 {
            // all in one zone: a second subnet still doubles the addresses
            ids.extend(self.subnet_ids().into_iter().find(|s| *s != ids[0]));
        }
        ids
    }

    /// Returns further facts for `status`.
    pub fn details(&self) -> BTreeMap<String, String> {
        let mut map: BTreeMap<String, String> = [
            ("status", self.status.clone()),
            ("instance_class", self.instance_class.clone()),
            ("engine", self.engine.clone()),
            ("engine_version", self.engine_version.clone()),
            ("allocated_storage", self.allocated_storage.to_string()),
            ("multi_az", self.multi_az.to_string()),
            ("publicly_accessible", self.publicly_accessible.to_string()),
        ]
        .map(|(k, v)| (k.to_owned(), v))
        .into();
        let mut add = |name: &str, value: Option<String>| {
            if let Some(value) = value {
                map.insert(name.to_owned(), value);
            }
        };
        add("storage_type", self.storage_type.clone());
        add("availability_zone", self.availability_zone.clone());
        add(
            "endpoint",
            self.address.as_ref().map(|a| match self.port {
                Some(port) => format!("{a}:{port}"),
                None => a.clone(),
            }),
        );
        add(
            "automatic_restart",
            self.restarts_at
                .as_ref()
                .map(|at| format!("AWS starts it again at {at}")),
        );
        add(
            "storage_optimization",
            self.optimizing.map(|percent| format!("{percent} %")),
        );
        if self.to_stop() {
            let how = "it was started only to be changed; `cruddur-infra apply` stops it again, `start` keeps it running";
            map.insert("stopped_again".to_owned(), how.to_owned());
        }
        for (name, value) in self.pending.entries() {
            let text = value
                .as_str()
                .map_or_else(|| value.to_string(), str::to_owned);
            map.insert(format!("pending.{name}"), text);
        }
        map
    }
}
