//! What RDS tells, in plain data.

use super::super::live::{Live, Pending, Subnet};
use aws_sdk_rds::types::{DbInstance, DbSubnetGroup, PendingModifiedValues};
use aws_smithy_types::date_time::Format;
use serde_json::json;

/// Says in AWS's words whether Extended Support is wanted.
pub fn lifecycle(extended: bool) -> &'static str {
    if extended {
        "open-source-rds-extended-support"
    } else {
        // the default is to be enrolled, at ten times the instance's price (aws-facts §1.9)
        "open-source-rds-extended-support-disabled"
    }
}

/// The API's numbers have a sign, ours have none.
pub fn int(n: u32) -> i32 {
    i32::try_from(n).unwrap_or(i32::MAX)
}

fn number(n: Option<i32>) -> Option<u32> {
    n.and_then(|n| u32::try_from(n).ok())
}

/// Takes what RDS tells into plain data.
pub fn live(i: DbInstance) -> Live {
    let (address, port) = i.endpoint.map_or((None, None), |e| (e.address, e.port));
    let group = i
        .db_subnet_group
        .unwrap_or_else(|| DbSubnetGroup::builder().build());
    // a volume that is only being filled for the first time does not forbid a change
    let optimizing = i
        .storage_operation_status
        .is_some_and(|s| s.eq_ignore_ascii_case("optimizing"))
        .then(|| number(i.storage_operation_percent_progress).unwrap_or(0));
    Live {
        identifier: i
            .db_instance_identifier
            .unwrap_or_default()
            .to_ascii_lowercase(),
        arn: i.db_instance_arn,
        resource_id: i.dbi_resource_id,
        status: i.db_instance_status.unwrap_or_default(),
        engine: i.engine.unwrap_or_default(),
        engine_version: i.engine_version.unwrap_or_default(),
        instance_class: i.db_instance_class.unwrap_or_default(),
        allocated_storage: number(i.allocated_storage).unwrap_or(0),
        max_allocated_storage: number(i.max_allocated_storage),
        storage_type: i.storage_type,
        iops: number(i.iops),
        storage_throughput: number(i.storage_throughput),
        optimizing,
        storage_encrypted: i.storage_encrypted.unwrap_or(false),
        kms_key_id: i.kms_key_id,
        availability_zone: i.availability_zone,
        multi_az: i.multi_az.unwrap_or(false),
        publicly_accessible: i.publicly_accessible.unwrap_or(false),
        address,
        port: number(port),
        database_name: i.db_name,
        master_username: i.master_username.unwrap_or_default(),
        backup_retention_period: number(i.backup_retention_period).unwrap_or(0),
        insights_enabled: i.performance_insights_enabled.unwrap_or(false),
        insights_retention: number(i.performance_insights_retention_period),
        deletion_protection: i.deletion_protection.unwrap_or(false),
        db_subnet_group: group.db_subnet_group_name,
        vpc_id: group.vpc_id,
        subnets: group
            .subnets
            .unwrap_or_default()
            .into_iter()
            .filter_map(|s| {
                Some(Subnet {
                    id: s.subnet_identifier?,
                    zone: s
                        .subnet_availability_zone
                        .and_then(|z| z.name)
                        .unwrap_or_default(),
                })
            })
            .collect(),
        security_groups: i
            .vpc_security_groups
            .unwrap_or_default()
            .into_iter()
            .filter_map(|g| Some((g.vpc_security_group_id?, g.status.unwrap_or_default())))
            .collect(),
        parameter_group: i
            .db_parameter_groups
            .unwrap_or_default()
            .into_iter()
            .find_map(|g| {
                Some((
                    g.db_parameter_group_name?,
                    g.parameter_apply_status.unwrap_or_default(),
                ))
            }),
        ca_certificate: i.ca_certificate_identifier,
        auto_minor_version_upgrade: i.auto_minor_version_upgrade.unwrap_or(false),
        copy_tags_to_snapshot: i.copy_tags_to_snapshot.unwrap_or(false),
        maintenance_window: i.preferred_maintenance_window,
        backup_window: i.preferred_backup_window,
        extended_support: i.engine_lifecycle_support.map(|s| s == lifecycle(true)),
        restarts_at: i
            .automatic_restart_time
            .and_then(|t| t.fmt(Format::DateTime).ok()),
        pending: i.pending_modified_values.map(pending).unwrap_or_default(),
        tags: i
            .tag_list
            .unwrap_or_default()
            .into_iter()
            .filter_map(|t| Some((t.key?, t.value.unwrap_or_default())))
            .collect(),
        settling: false,
    }
}

fn pending(p: PendingModifiedValues) -> Pending {
    let others = [
        ("db_subnet_group", json!(p.db_subnet_group_name)),
        ("identifier", json!(p.db_instance_identifier)),
        ("LicenseModel", json!(p.license_model)),
        ("Engine", json!(p.engine)),
        ("MultiTenant", json!(p.multi_tenant)),
        ("DedicatedLogVolume", json!(p.dedicated_log_volume)),
        (
            "IAMDatabaseAuthenticationEnabled",
            json!(p.iam_database_authentication_enabled),
        ),
        (
            "DBCapacityReservationIdentifier",
            json!(p.db_capacity_reservation_identifier),
        ),
        // of these only that they are there is told
        (
            "ProcessorFeatures",
            json!(
                p.processor_features
                    .filter(|f| !f.is_empty())
                    .map(|_| "changed")
            ),
        ),
        (
            "AdditionalStorageVolumes",
            json!(
                p.additional_storage_volumes
                    .filter(|v| !v.is_empty())
                    .map(|_| "changed")
            ),
        ),
        (
            "CloudwatchLogsExports",
            json!(p.pending_cloudwatch_logs_exports.map(|_| "changed")),
        ),
    ];
    Pending {
        instance_class: p.db_instance_class,
        allocated_storage: number(p.allocated_storage),
        storage_type: p.storage_type,
        iops: number(p.iops),
        storage_throughput: number(p.storage_throughput),
        multi_az: p.multi_az,
        backup_retention_period: number(p.backup_retention_period),
        engine_version: p.engine_version,
        ca_certificate: p.ca_certificate_identifier,
        port: number(p.port),
        master_password: p.master_user_password.is_some(),
        others: others
            .into_iter()
            .filter(|(_, v)| !v.is_null())
            .map(|(k, v)| (k.to_owned(), v))
            .collect(),
    }
}
