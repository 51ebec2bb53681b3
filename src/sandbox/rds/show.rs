//! DescribeDBInstances, and how an instance is written.

use super::catalog::{self, CAS};
use super::fields::Patch;
use super::model::Instance;
use super::{network, not_found, page, tags};
use crate::sandbox::Sandbox;
use crate::sandbox::timing::Moment;
use crate::sandbox::wire::{ApiError, Params};
use crate::sandbox::world::World;
use crate::sandbox::xml::Xml;

/// How far the point to which an instance can be restored lags behind, in milliseconds.
const RESTORE_LAG: Moment = 5 * 60 * 1000;

/// DescribeDBInstances.
pub fn instances(world: &World, params: &Params, sandbox: &Sandbox) -> Result<String, ApiError> {
    let now = sandbox.store.timing().now();
    let filters = page::filters(
        params,
        &[
            "db-cluster-id",
            "db-instance-id",
            "dbi-resource-id",
            "domain",
            "engine",
        ],
    )?;
    let id = params.get("DBInstanceIdentifier").map(|asked| {
        asked
            .rsplit(':')
            .next()
            .unwrap_or(asked)
            .to_ascii_lowercase()
    });
    if let Some(id) = id
        .as_ref()
        .filter(|id| !world.rds.instances.contains_key(*id))
    {
        return Err(not_found(id));
    }
    let fits = |i: &&Instance| {
        id.as_ref().is_none_or(|id| *id == i.id)
            && filters.iter().all(|(name, values)| {
                let arn = i.arn();
                let own: &[&str] = match name.as_str() {
                    "db-instance-id" => &[&i.id, &arn],
                    "dbi-resource-id" => &[&i.resource_id],
                    "engine" => &["postgres"],
                    // no instance here belongs to a cluster or a domain
                    _ => &[],
                };
                own.iter()
                    .any(|own| values.iter().any(|v| v.eq_ignore_ascii_case(own)))
            })
    };
    let found: Vec<&Instance> = world.rds.instances.values().filter(fits).collect();
    let (found, marker) = page::cut(found, params, 100, |i| i.id.clone())?;
    let mut x = Xml::new();
    x.list("DBInstances", "DBInstance", found, |x, i| {
        write(x, i, &world.region, now)
    })
    .opt("Marker", marker);
    Ok(x.done())
}

/// Returns the name of the default option group of a version.
pub fn option_group(version: &str) -> String {
    format!("default:postgres-{}", catalog::major(version))
}

/// Writes the members of a `DBInstance`.
pub fn write(x: &mut Xml, instance: &Instance, region: &str, now: Moment) {
    let (i, v) = (instance, &instance.values);
    let made = now >= i.endpoint_at;
    x.el("DBInstanceIdentifier", &i.id)
        .el("DBInstanceClass", &v.class)
        .el("Engine", "postgres")
        .el("DBInstanceStatus", i.status(now))
        .el("MasterUsername", &i.master_username)
        .opt("DBName", i.database.as_ref());
    if made {
        x.node("Endpoint", |x| {
            x.el("Address", i.address).el("Port", v.port);
        });
        x.el("InstanceCreateTime", page::iso(i.endpoint_at));
    }
    x.el("AllocatedStorage", v.allocated_storage)
        .el("PreferredBackupWindow", &v.backup_window)
        .el("BackupRetentionPeriod", v.backup_retention)
        .list("DBSecurityGroups", "DBSecurityGroup", [(); 0], |_, ()| {})
        .list(
            "VpcSecurityGroups",
            "VpcSecurityGroupMembership",
            &i.groups,
            |x, g| {
                let status = match g.gone_at {
                    Some(_) => "removing",
                    None if now < g.active_at => "adding",
                    None => "active",
                };
                x.el("VpcSecurityGroupId", &g.id).el("Status", status);
            },
        )
        .list(
            "DBParameterGroups",
            "DBParameterGroup",
            [&i.parameter_group],
            |x, g| {
                let status = match g.pending_reboot {
                    _ if now < g.applied_at => "applying",
                    true => "pending-reboot",
                    false => "in-sync",
                };
                x.el("DBParameterGroupName", &g.name)
                    .el("ParameterApplyStatus", status);
            },
        )
        .el("AvailabilityZone", &i.zone)
        .node("DBSubnetGroup", |x| network::write(x, &i.network, region))
        .el("PreferredMaintenanceWindow", &v.maintenance_window)
        .node("PendingModifiedValues", |x| pending(x, i));
    if made && v.backup_retention > 0 && i.stopped.is_none() && now - RESTORE_LAG > i.endpoint_at {
        x.el("LatestRestorableTime", page::iso(now - RESTORE_LAG));
    }
    x.el("MultiAZ", v.multi_az)
        .el("EngineVersion", &v.engine_version)
        .el("AutoMinorVersionUpgrade", v.auto_minor)
        .list(
            "ReadReplicaDBInstanceIdentifiers",
            "ReadReplicaDBInstanceIdentifier",
            [(); 0],
            |_, ()| {},
        )
        .el("LicenseModel", "postgresql-license")
        .opt("Iops", (v.iops > 0).then_some(v.iops))
        .opt(
            "StorageThroughput",
            (v.throughput > 0).then_some(v.throughput),
        )
        .list(
            "OptionGroupMemberships",
            "OptionGroupMembership",
            [v],
            |x, v| {
                x.el("OptionGroupName", option_group(&v.engine_version))
                    .el("Status", "in-sync");
            },
        );
    if let Some(other) = secondary(i) {
        x.el("SecondaryAvailabilityZone", other);
    }
    x.el("PubliclyAccessible", v.publicly_accessible);
    if let Some(why) = &i.failure {
        // where AWS would send an event
        x.list("StatusInfos", "DBInstanceStatusInfo", [why], |x, why| {
            x.el("StatusType", "sandbox postgres")
                .el("Normal", false)
                .el("Status", "error")
                .el("Message", why);
        });
    }
    x.el("StorageType", &v.storage_type)
        .el(
            "StorageEncryptionType",
            if i.encrypted { "sse-kms" } else { "none" },
        )
        .el("DbInstancePort", 0)
        .el("StorageEncrypted", i.encrypted)
        .opt("KmsKeyId", i.kms_key.as_ref())
        .el("DbiResourceId", &i.resource_id);
    if i.gone_at.is_none() {
        x.el("CACertificateIdentifier", &v.ca);
    }
    x.list("DomainMemberships", "DomainMembership", [(); 0], |_, ()| {})
        .el("CopyTagsToSnapshot", v.copy_tags)
        .el("MonitoringInterval", 0)
        .el("DBInstanceArn", i.arn())
        .el("IAMDatabaseAuthenticationEnabled", false)
        .el("DatabaseInsightsMode", &v.insights_mode)
        .el("PerformanceInsightsEnabled", v.pi_enabled);
    if v.pi_enabled {
        x.el("PerformanceInsightsKMSKeyId", &v.pi_key)
            .el("PerformanceInsightsRetentionPeriod", v.pi_retention);
    }
    if !v.log_exports.is_empty() {
        x.list(
            "EnabledCloudwatchLogsExports",
            "member",
            &v.log_exports,
            |x, n| {
                x.text(n);
            },
        );
    }
    x.el("DeletionProtection", v.deletion_protection)
        .list("AssociatedRoles", "DBInstanceRole", [(); 0], |_, ()| {})
        .opt(
            "MaxAllocatedStorage",
            (v.max_storage > 0).then_some(v.max_storage),
        );
    tags::write(x, &i.tags);
    x.el("CustomerOwnedIpEnabled", false)
        .el("NetworkType", "IPV4")
        .el("ActivityStreamStatus", "stopped")
        .el("BackupTarget", "region");
    if let Some(stop) = &i.stopped {
        x.el("AutomaticRestartTime", page::iso(stop.restart_at));
    }
    if made && i.gone_at.is_none() {
        let till = CAS
            .iter()
            .find(|(id, _)| *id == v.ca)
            .map(|(_, till)| *till);
        x.node("CertificateDetails", |x| {
            x.el("CAIdentifier", &v.ca).opt("ValidTill", till);
        });
    }
    if let Some(secret) = &i.secret {
        let status = if now < secret.active_at {
            &secret.until_then
        } else {
            "active"
        };
        x.node("MasterUserSecret", |x| {
            x.el("SecretArn", &secret.arn)
                .el("SecretStatus", status)
                .el("KmsKeyId", &secret.kms_key);
        });
    }
    x.el("DedicatedLogVolume", false)
        .el("IsStorageConfigUpgradeAvailable", false)
        .el("EngineLifecycleSupport", &v.lifecycle);
}

/// The zone of the standby, if there is one: the next one of the subnet group.
fn secondary(instance: &Instance) -> Option<&String> {
    let mut zones = instance.network.subnets.iter().map(|(_, zone)| zone);
    zones
        .find(|z| **z != instance.zone)
        .filter(|_| instance.values.multi_az)
}

/// Writes what is under way or waits for the window: only these values are told of (aws-facts §1.1).
fn pending(x: &mut Xml, instance: &Instance) {
    let mut all = Patch::default();
    for flight in &instance.flights {
        all.merge(flight.patch.clone());
    }
    all.merge(instance.pending.clone());
    x.opt("DBInstanceClass", all.class)
        .opt("AllocatedStorage", all.allocated_storage)
        .opt("MasterUserPassword", all.password.then_some("****"))
        .opt("Port", all.port)
        .opt("BackupRetentionPeriod", all.backup_retention)
        .opt("MultiAZ", all.multi_az)
        .opt("EngineVersion", all.engine_version)
        .opt("Iops", all.iops.filter(|n| *n > 0))
        .opt("StorageThroughput", all.throughput.filter(|n| *n > 0))
        .opt("DBInstanceIdentifier", all.id)
        .opt("StorageType", all.storage_type)
        .opt("CACertificateIdentifier", all.ca);
}
