//! CreateDBSnapshot, DeleteDBSnapshot, DescribeDBSnapshots. A snapshot is a record: nothing here restores one.

use super::life::SNAPSHOT;
use super::model::{Instance, Snapshot};
use super::{bad_state, bad_value, check, instance, page, tags};
use crate::sandbox::Sandbox;
use crate::sandbox::timing::{Moment, Timing};
use crate::sandbox::wire::{ApiError, Params};
use crate::sandbox::world::{ACCOUNT, World};
use crate::sandbox::xml::Xml;

/// How many manual snapshots a region may have.
pub const QUOTA: usize = 100;

/// The error for a snapshot that is not there.
pub fn not_found(id: &str) -> ApiError {
    ApiError::new(
        404,
        "DBSnapshotNotFound",
        format!("DBSnapshot {id} not found."),
    )
}

/// Makes a snapshot of an instance; `parameter` is what the name came in.
pub fn take<'a>(
    world: &'a mut World,
    of: &Instance,
    name: &str,
    parameter: &str,
    timing: &Timing,
) -> Result<&'a mut Snapshot, ApiError> {
    let id = check::identifier(parameter, name, 255)?;
    let snapshots = &mut world.rds.snapshots;
    if snapshots.contains_key(&id) {
        return Err(ApiError::new(
            400,
            "DBSnapshotAlreadyExists",
            format!(
                "Cannot create the snapshot because a snapshot with the identifier {id} already exists."
            ),
        ));
    }
    if snapshots.len() >= QUOTA {
        return Err(ApiError::new(
            400,
            "SnapshotQuotaExceeded",
            "Cannot create more than 100 manual snapshots",
        ));
    }
    let snapshot = Snapshot {
        of: of.clone(),
        created_at: timing.now(),
        ready_at: timing.after(SNAPSHOT),
        tags: match of.values.copy_tags {
            true => of.tags.clone(),
            false => Default::default(),
        },
        id: id.clone(),
    };
    Ok(snapshots.entry(id).or_insert(snapshot))
}

/// CreateDBSnapshot; the instance is `backing-up` meanwhile.
pub fn create(world: &mut World, params: &Params, sandbox: &Sandbox) -> Result<String, ApiError> {
    let timing = sandbox.store.timing();
    let now = timing.now();
    let name = params.require("DBSnapshotIdentifier")?;
    let new = tags::read(params)?;
    let of = instance(&mut world.rds, params)?;
    if !matches!(
        of.status(now),
        "available" | "storage-optimization" | "stopped"
    ) {
        return Err(bad_state(format!(
            "Cannot create a snapshot because the database instance {} is not currently in the available state.",
            of.id
        )));
    }
    let copy = of.clone();
    if of.status(now) == "available" {
        of.enter("backing-up", now, SNAPSHOT, timing);
    }
    let region = world.region.clone();
    let snapshot = take(world, &copy, name, "DBSnapshotIdentifier", timing)?;
    snapshot.tags.extend(new);
    Ok(one(snapshot, &region, None, now))
}

/// DeleteDBSnapshot.
pub fn delete(world: &mut World, params: &Params, sandbox: &Sandbox) -> Result<String, ApiError> {
    let now = sandbox.store.timing().now();
    let id = params.require("DBSnapshotIdentifier")?.to_ascii_lowercase();
    let found = world.rds.snapshots.get(&id).ok_or_else(|| not_found(&id))?;
    if now < found.ready_at {
        return Err(ApiError::new(
            400,
            "InvalidDBSnapshotState",
            format!("Cannot delete the snapshot {id} because it is not in the available state."),
        ));
    }
    let gone = world
        .rds
        .snapshots
        .remove(&id)
        .ok_or_else(|| not_found(&id))?;
    Ok(one(&gone, &world.region, Some("deleted"), now))
}

/// DescribeDBSnapshots.
pub fn describe(world: &World, params: &Params, sandbox: &Sandbox) -> Result<String, ApiError> {
    let now = sandbox.store.timing().now();
    let lower = |name: &str| params.get(name).map(str::to_ascii_lowercase);
    let filters = page::filters(
        params,
        &[
            "db-instance-id",
            "db-snapshot-id",
            "dbi-resource-id",
            "snapshot-type",
            "engine",
        ],
    )?;
    let kind = params.get("SnapshotType");
    if let Some(bad) =
        kind.filter(|k| !["manual", "automated", "shared", "public", "awsbackup"].contains(k))
    {
        return Err(bad_value(format!("Invalid snapshot type: {bad}")));
    }
    let id =
        lower("DBSnapshotIdentifier").map(|id| id.rsplit(':').next().unwrap_or(&id).to_owned());
    if let Some(id) = id
        .as_ref()
        .filter(|id| !world.rds.snapshots.contains_key(*id))
    {
        return Err(not_found(id));
    }
    let of = lower("DBInstanceIdentifier");
    let fits = |s: &&Snapshot| {
        id.as_ref().is_none_or(|id| *id == s.id)
            && of.as_ref().is_none_or(|of| *of == s.of.id)
            && params
                .get("DbiResourceId")
                .is_none_or(|r| r == s.of.resource_id)
            && kind.is_none_or(|k| k == "manual")
            && filters.iter().all(|(name, values)| {
                let own = match name.as_str() {
                    "db-instance-id" => &s.of.id,
                    "db-snapshot-id" => &s.id,
                    "dbi-resource-id" => &s.of.resource_id,
                    "snapshot-type" => "manual",
                    _ => "postgres",
                };
                values.iter().any(|v| v.eq_ignore_ascii_case(own))
            })
    };
    let found: Vec<&Snapshot> = world.rds.snapshots.values().filter(fits).collect();
    let (found, marker) = page::cut(found, params, 100, |s| s.id.clone())?;
    let mut x = Xml::new();
    x.list("DBSnapshots", "DBSnapshot", found, |x, s| {
        write(x, s, &world.region, None, now)
    })
    .opt("Marker", marker);
    Ok(x.done())
}

fn one(snapshot: &Snapshot, region: &str, status: Option<&str>, now: Moment) -> String {
    let mut x = Xml::new();
    x.node("DBSnapshot", |x| write(x, snapshot, region, status, now));
    x.done()
}

/// Writes the members of a `DBSnapshot`; `status` where it is not a matter of the time.
fn write(x: &mut Xml, snapshot: &Snapshot, region: &str, status: Option<&str>, now: Moment) {
    let of = &snapshot.of;
    let ready = now >= snapshot.ready_at;
    x.el("DBSnapshotIdentifier", &snapshot.id)
        .el("DBInstanceIdentifier", &of.id)
        .opt(
            "SnapshotCreateTime",
            ready.then(|| page::iso(snapshot.ready_at)),
        )
        .el("Engine", "postgres")
        .el("AllocatedStorage", of.values.allocated_storage)
        .el(
            "Status",
            status.unwrap_or(if ready { "available" } else { "creating" }),
        )
        .el("Port", of.values.port)
        .el("AvailabilityZone", &of.zone)
        .el("VpcId", &of.network.vpc)
        .el("InstanceCreateTime", page::iso(of.endpoint_at))
        .el("MasterUsername", &of.master_username)
        .el("EngineVersion", &of.values.engine_version)
        .el("LicenseModel", "postgresql-license")
        .el("SnapshotType", "manual")
        .el(
            "OptionGroupName",
            super::show::option_group(&of.values.engine_version),
        )
        .el("PercentProgress", if ready { 100 } else { 0 })
        .el("StorageType", &of.values.storage_type)
        .el("Encrypted", of.encrypted)
        .opt("KmsKeyId", of.kms_key.as_ref())
        .el(
            "DBSnapshotArn",
            format!("arn:aws:rds:{region}:{ACCOUNT}:snapshot:{}", snapshot.id),
        )
        .el("IAMDatabaseAuthenticationEnabled", false)
        .list("ProcessorFeatures", "ProcessorFeature", [(); 0], |_, ()| {})
        .el("DbiResourceId", &of.resource_id)
        .el("SnapshotTarget", "region")
        .el("OriginalSnapshotCreateTime", page::iso(snapshot.created_at));
    tags::write(x, &snapshot.tags);
}
