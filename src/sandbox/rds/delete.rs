//! DeleteDBInstance (aws-facts §1.5).

use super::fields::Patch;
use super::life::DELETING;
use super::{
    bad_combination, bad_state, bad_value, change, instance, server_error, show, snapshots,
};
use crate::sandbox::Sandbox;
use crate::sandbox::timing::Timing;
use crate::sandbox::wire::{ApiError, Params};
use crate::sandbox::world::World;
use crate::sandbox::xml::Xml;

/// From these a final snapshot is impossible.
const NO_SNAPSHOT: [&str; 4] = [
    "creating",
    "failed",
    "incompatible-restore",
    "incompatible-network",
];

/// DeleteDBInstance. The world first: data that are gone must never belong to an instance that seems alive.
pub async fn delete(sandbox: &Sandbox, params: &Params) -> Result<String, ApiError> {
    let timing = sandbox.store.timing();
    let (server, xml) = change(sandbox, |w| apply(w, params, timing))?;
    let done = sandbox.postgres.destroy(&server).await;
    done.map_err(|e| server_error(&e))?;
    Ok(xml)
}

fn apply(
    world: &mut World,
    params: &Params,
    timing: &Timing,
) -> Result<(String, String), ApiError> {
    let now = timing.now();
    let of = instance(&mut world.rds, params)?.clone();
    if of.gone_at.is_some() {
        return Err(bad_state(format!(
            "Instance {} is already being deleted.",
            of.id
        )));
    }
    let skip = params.flag("SkipFinalSnapshot") == Some(true);
    let last = params.get("FinalDBSnapshotIdentifier");
    match last {
        Some(_) if skip => {
            return Err(bad_combination(
                "FinalDBSnapshotIdentifier cannot be specified when deleting a DB instance with SkipFinalSnapshot \
                 enabled.",
            ));
        }
        None if !skip => {
            return Err(bad_combination(
                "FinalDBSnapshotIdentifier is required unless SkipFinalSnapshot is specified.",
            ));
        }
        _ => {}
    }
    if of.values.deletion_protection {
        return Err(bad_combination(
            "Cannot delete protected DB Instance, please disable deletion protection and try again.",
        ));
    }
    if let Some(name) = last {
        if name.is_empty() {
            return Err(bad_value("FinalDBSnapshotIdentifier must not be empty."));
        }
        if NO_SNAPSHOT.contains(&of.status(now)) {
            return Err(bad_state(format!(
                "Cannot create a final snapshot of instance {}: it is {}.",
                of.id,
                of.status(now)
            )));
        }
        snapshots::take(world, &of, name, "FinalDBSnapshotIdentifier", timing)?;
    }
    // they go with it unless that is asked for (aws-facts §1.5)
    if params.flag("DeleteAutomatedBackups") == Some(false) && of.values.backup_retention > 0 {
        let mut kept = of.clone();
        kept.first_password = None;
        world.rds.retained.insert(of.resource_id.clone(), kept);
    }
    let region = world.region.clone();
    let instance = instance(&mut world.rds, params)?;
    instance.pending = Patch::default();
    instance.pending_at = None;
    instance.flights.clear();
    instance.cut_short(now);
    let gone = instance.enter("deleting", now, DELETING, timing);
    instance.gone_at = Some(gone);
    let mut xml = Xml::new();
    xml.node("DBInstance", |x| show::write(x, instance, &region, now));
    let server = instance.resource_id.clone();
    world.ec2.release_database_interface(&server, gone);
    Ok((server, xml.done()))
}
