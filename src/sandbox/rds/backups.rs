//! DescribeDBInstanceAutomatedBackups, DeleteDBInstanceAutomatedBackup, and the account's quotas. Backups are kept with
//! their instance; after its deletion only where that was asked for (`DeleteAutomatedBackups=false`).

use super::model::Instance;
use super::{bad_value, page};
use crate::sandbox::Sandbox;
use crate::sandbox::wire::{ApiError, Params};
use crate::sandbox::world::World;
use crate::sandbox::xml::Xml;

fn not_found(id: &str) -> ApiError {
    ApiError::new(
        404,
        "DBInstanceAutomatedBackupNotFound",
        format!("No automated backup {id} was found."),
    )
}

/// DescribeDBInstanceAutomatedBackups.
pub fn describe(world: &World, params: &Params, sandbox: &Sandbox) -> Result<String, ApiError> {
    let now = sandbox.store.timing().now();
    let filters = page::filters(params, &["status", "db-instance-id", "dbi-resource-id"])?;
    let of = params
        .get("DBInstanceIdentifier")
        .map(str::to_ascii_lowercase);
    let state = &world.rds;
    let active = state
        .instances
        .values()
        .filter(|i| i.values.backup_retention > 0 && i.gone_at.is_none())
        .map(|i| {
            (
                i,
                if now < i.endpoint_at {
                    "creating"
                } else {
                    "active"
                },
            )
        });
    let retained = state.retained.values().map(|i| (i, "retained"));
    let fits = |(i, status): &(&Instance, &str)| {
        of.as_ref().is_none_or(|of| *of == i.id)
            && params
                .get("DbiResourceId")
                .is_none_or(|r| r == i.resource_id)
            && filters.iter().all(|(name, values)| {
                let own = match name.as_str() {
                    "status" => status,
                    "db-instance-id" => i.id.as_str(),
                    _ => i.resource_id.as_str(),
                };
                values.iter().any(|v| v.eq_ignore_ascii_case(own))
            })
    };
    let found: Vec<(&Instance, &str)> = active.chain(retained).filter(fits).collect();
    if let Some(id) = params.get("DbiResourceId").filter(|_| found.is_empty()) {
        return Err(not_found(id));
    }
    let (found, marker) = page::cut(found, params, 100, |(i, _)| i.resource_id.clone())?;
    let mut x = Xml::new();
    x.list(
        "DBInstanceAutomatedBackups",
        "DBInstanceAutomatedBackup",
        found,
        |x, (i, status)| write(x, i, status, &world.region),
    )
    .opt("Marker", marker);
    Ok(x.done())
}

/// DeleteDBInstanceAutomatedBackup.
pub fn delete(world: &mut World, params: &Params) -> Result<String, ApiError> {
    let id = params.require("DbiResourceId")?;
    let active = |i: &Instance| i.resource_id == id;
    if world.rds.instances.values().any(active) {
        return Err(ApiError::new(
            400,
            "InvalidDBInstanceAutomatedBackupState",
            "The automated backup is in an invalid state. For example, this automated backup is associated with an \
             active instance.",
        ));
    }
    let gone = world.rds.retained.remove(id).ok_or_else(|| not_found(id))?;
    let mut x = Xml::new();
    x.node("DBInstanceAutomatedBackup", |x| {
        write(x, &gone, "deleted", &world.region);
    });
    Ok(x.done())
}

fn write(x: &mut Xml, i: &Instance, status: &str, region: &str) {
    let v = &i.values;
    x.el("DBInstanceArn", i.arn())
        .el("DbiResourceId", &i.resource_id)
        .el("Region", region)
        .el("DBInstanceIdentifier", &i.id)
        .el("AllocatedStorage", v.allocated_storage)
        .el("Status", status)
        .el("Port", v.port)
        .el("AvailabilityZone", &i.zone)
        .el("VpcId", &i.network.vpc)
        .el("InstanceCreateTime", page::iso(i.endpoint_at))
        .el("MasterUsername", &i.master_username)
        .el("Engine", "postgres")
        .el("EngineVersion", &v.engine_version)
        .el("LicenseModel", "postgresql-license")
        .el("Encrypted", i.encrypted)
        .el("StorageType", &v.storage_type)
        .el("BackupRetentionPeriod", v.backup_retention)
        .el("BackupTarget", "region");
}

/// DescribeAccountAttributes, for what this service has here.
pub fn quotas(world: &World, params: &Params) -> Result<String, ApiError> {
    if !params.structs("Filters").is_empty() {
        return Err(bad_value("This operation has no filters."));
    }
    let state = &world.rds;
    let storage: i64 = state
        .instances
        .values()
        .map(|i| i.values.allocated_storage)
        .sum();
    let all = [
        ("DBInstances", count(state.instances.len()), 40),
        ("AllocatedStorage", storage, 100_000),
        (
            "ManualSnapshots",
            count(state.snapshots.len()),
            count(super::snapshots::QUOTA),
        ),
        ("DBSubnetGroups", 1, 50),
        ("ReadReplicasPerMaster", 0, 15),
    ];
    let mut x = Xml::new();
    x.list(
        "AccountQuotas",
        "AccountQuota",
        all,
        |x, (name, used, most)| {
            x.el("AccountQuotaName", name)
                .el("Used", used)
                .el("Max", most);
        },
    );
    Ok(x.done())
}

fn count(n: usize) -> i64 {
    i64::try_from(n).unwrap_or(i64::MAX)
}
