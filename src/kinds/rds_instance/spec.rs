//! What is written in stack.yaml about an instance.

use crate::resource::{Input, SecretInput};
use schemars::JsonSchema;
use serde::Deserialize;
use std::collections::BTreeMap;

/// A database instance. What is left out is not managed: AWS chooses it, and may change it, without that being drift.
/// The one exception is Extended Support, which is declined unless it is asked for.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Spec {
    /// The DB instance identifier: up to 63 letters, digits and hyphens. AWS keeps it in lower case.
    pub identifier: Input<String>,
    /// The engine.
    #[serde(default)]
    pub engine: Engine,
    /// A major version ("17"), whose minors are AWS's choice, or a lower bound within a major ("17.4"). Versions are
    /// never planned downwards.
    pub engine_version: Option<Input<String>>,
    /// The instance class, db.t3.micro.
    pub instance_class: Input<String>,
    /// The storage in GiB, 20 or more. It can grow, never shrink; AWS rounds small steps up to a tenth more.
    pub allocated_storage: Input<u32>,
    /// The storage type: gp3, gp2, io1, io2 or standard.
    pub storage_type: Option<Input<String>>,
    /// Provisioned IOPS. Not with gp3 below 400 GiB, where they are fixed.
    pub iops: Option<Input<u32>>,
    /// Storage throughput in MiB/s, gp3 from 400 GiB only.
    pub storage_throughput: Option<Input<u32>>,
    /// Whether the storage is encrypted. It cannot be changed later, and AWS's own default is no.
    pub storage_encrypted: Option<bool>,
    /// The KMS key, by id or ARN. Without one, the account's key for RDS is used. It cannot be changed later.
    pub kms_key_id: Option<Input<String>>,
    /// The availability zone. It cannot be changed later, nor be combined with multi_az.
    pub availability_zone: Option<Input<String>>,
    /// Whether a standby is kept in another zone.
    pub multi_az: Option<bool>,
    /// Whether its name resolves to a public address outside its VPC.
    pub publicly_accessible: Option<bool>,
    /// The port, 1150 to 65535. A change restarts the instance at once.
    pub port: Option<Input<u16>>,
    /// The database that is made with the instance. It cannot be changed later.
    pub database_name: Option<Input<String>>,
    /// The master user. It cannot be changed later.
    pub master_username: Input<String>,
    /// The master user's password, always a reference. AWS never tells it, so that a changed value is sent only
    /// together with a changed `master_password_version`.
    pub master_password: SecretInput,
    /// Any text. Whenever it changes, `master_password` is sent; the text is kept as the instance's tag
    /// cruddur-infra:password-version.
    pub master_password_version: Option<Input<String>>,
    /// Days for which automated backups are kept, 0 to 35. 0 gives up point-in-time recovery.
    pub backup_retention_period: Option<Input<u32>>,
    /// Performance Insights.
    pub performance_insights: Option<PerformanceInsights>,
    /// Whether AWS refuses to delete the instance.
    pub deletion_protection: Option<bool>,
    /// The DB subnet group, which says in which VPC and subnets the instance may be.
    pub db_subnet_group: Option<Input<String>>,
    /// The ids of its security groups. Without any, AWS takes the VPC's default group.
    pub security_groups: Option<Vec<Input<String>>>,
    /// The DB parameter group. Static parameters take effect with the next reboot.
    pub parameter_group: Option<Input<String>>,
    /// The CA of its server certificate, rds-ca-rsa2048-g1.
    pub ca_certificate: Option<Input<String>>,
    /// Whether AWS moves it to newer minor versions in the maintenance window.
    pub auto_minor_version_upgrade: Option<bool>,
    /// Whether its tags are copied to its snapshots.
    pub copy_tags_to_snapshot: Option<bool>,
    /// The weekly maintenance window in UTC, sun:05:00-sun:05:30.
    pub maintenance_window: Option<Input<String>>,
    /// The daily backup window in UTC, 03:00-03:30.
    pub backup_window: Option<Input<String>>,
    /// Permits an upgrade to another major version, which cannot be taken back.
    #[serde(default)]
    pub allow_major_version_upgrade: bool,
    /// When changes that AWS can put off are made: immediately, or in the maintenance window.
    #[serde(default)]
    pub apply: Apply,
    /// Whether the instance may go on, at extra cost, after its major version's standard support has ended.
    #[serde(default)]
    pub extended_support: bool,
    /// Further tags. Tags of others are left alone.
    #[serde(default)]
    pub tags: BTreeMap<String, Input<String>>,
}

/// The engine.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Engine {
    /// PostgreSQL.
    #[default]
    Postgres,
}

impl Engine {
    /// AWS's name for it.
    pub fn name(self) -> &'static str {
        match self {
            Engine::Postgres => "postgres",
        }
    }
}

/// When changes are made that AWS can put off.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Apply {
    /// At once, with the outage that some of them need.
    #[default]
    Immediately,
    /// In the next maintenance window.
    MaintenanceWindow,
}

/// Performance Insights, today a part of Database Insights; the API's names have stayed.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PerformanceInsights {
    /// Whether it is on.
    pub enabled: bool,
    /// Days for which its data is kept: 7, a multiple of 31 up to 713, or 731.
    pub retention_period: Option<Input<u32>>,
}
