//! StopDBInstance, StartDBInstance, RebootDBInstance (aws-facts §1.4). Each is tried on a copy of the world first,
//! then the server follows, then the world.

use super::life::{LAG, REBOOTING, RESTART_AFTER, STARTING, STOPPED_AT_LEAST, STOPPING};
use super::model::{Instance, Stopped};
use super::{bad_combination, bad_state, change, instance, look, server_error, show, snapshots};
use crate::sandbox::Sandbox;
use crate::sandbox::postgres::InstanceServer;
use crate::sandbox::timing::Timing;
use crate::sandbox::wire::{ApiError, Params};
use crate::sandbox::world::World;
use crate::sandbox::xml::Xml;

/// StopDBInstance: sessions are cut off within the call.
pub async fn stop(sandbox: &Sandbox, params: &Params) -> Result<String, ApiError> {
    let timing = sandbox.store.timing();
    let server = look(sandbox, |w| apply_stop(w, params, timing))?;
    let done = sandbox.postgres.stop(&server.id).await;
    done.map_err(|e| server_error(&e))?;
    finish(sandbox, params, apply_stop)
}

/// StartDBInstance.
pub async fn start(sandbox: &Sandbox, params: &Params) -> Result<String, ApiError> {
    let timing = sandbox.store.timing();
    let server = look(sandbox, |w| apply_start(w, params, timing))?;
    let done = sandbox.postgres.start(&server).await;
    done.map_err(|e| server_error(&e))?;
    finish(sandbox, params, apply_start)
}

/// RebootDBInstance: sessions are cut off within the call.
pub async fn reboot(sandbox: &Sandbox, params: &Params) -> Result<String, ApiError> {
    let timing = sandbox.store.timing();
    let server = look(sandbox, |w| apply_reboot(w, params, timing))?;
    let done = sandbox.postgres.restart(&server).await;
    done.map_err(|e| server_error(&e))?;
    finish(sandbox, params, apply_reboot)
}

fn finish(
    sandbox: &Sandbox,
    params: &Params,
    apply: fn(&mut World, &Params, &Timing) -> Result<InstanceServer, ApiError>,
) -> Result<String, ApiError> {
    let timing = sandbox.store.timing();
    change(sandbox, |w| {
        apply(w, params, timing)?;
        let region = w.region.clone();
        let instance = instance(&mut w.rds, params)?;
        let mut xml = Xml::new();
        xml.node("DBInstance", |x| {
            show::write(x, instance, &region, timing.now())
        });
        Ok(xml.done())
    })
}

fn apply_stop(
    world: &mut World,
    params: &Params,
    timing: &Timing,
) -> Result<InstanceServer, ApiError> {
    let now = timing.now();
    usable(instance(&mut world.rds, params)?, timing)?;
    if let Some(name) = params.get("DBSnapshotIdentifier") {
        let of = instance(&mut world.rds, params)?.clone();
        snapshots::take(world, &of, name, "DBSnapshotIdentifier", timing)?;
    }
    let instance = instance(&mut world.rds, params)?;
    // a stop drops what waits for the window
    instance.pending = super::fields::Patch::default();
    instance.pending_at = None;
    instance.enter("stopping", now, STOPPING, timing);
    instance.stopped = Some(Stopped {
        restart_at: timing.after(RESTART_AFTER).max(now + STOPPED_AT_LEAST),
    });
    Ok(instance.server())
}

fn apply_start(
    world: &mut World,
    params: &Params,
    timing: &Timing,
) -> Result<InstanceServer, ApiError> {
    let now = timing.now();
    let instance = instance(&mut world.rds, params)?;
    if instance.status(now) != "stopped" {
        return Err(bad_state(format!(
            "Instance {} is not stopped, it cannot be started: it is {}.",
            instance.id,
            instance.status(now)
        )));
    }
    instance.stopped = None;
    instance.failure = None;
    instance.enter("starting", now, STARTING, timing);
    Ok(instance.server())
}

fn apply_reboot(
    world: &mut World,
    params: &Params,
    timing: &Timing,
) -> Result<InstanceServer, ApiError> {
    let now = timing.now();
    let instance = instance(&mut world.rds, params)?;
    usable(instance, timing)?;
    if params.flag("ForceFailover") == Some(true) && !instance.values.multi_az {
        return Err(bad_combination(
            "ForceFailover cannot be specified since the instance is not configured for either MultiAZ or High \
             Availability",
        ));
    }
    instance.cut_short(now);
    let done = instance.enter("rebooting", now, REBOOTING, timing);
    instance.parameter_group.applied_at = done;
    instance.parameter_group.pending_reboot = false;
    Ok(instance.server())
}

/// Refuses an instance that is not available, or is about not to be: the call before has been accepted, its effect
/// is to come.
fn usable(instance: &Instance, timing: &Timing) -> Result<(), ApiError> {
    let now = timing.now();
    let soon = now + i64::try_from(timing.lasts(LAG)).unwrap_or_default();
    let about_to_change = instance
        .phases
        .iter()
        .any(|p| p.from > now && p.from <= soon);
    if instance.status(now) == "available" && !about_to_change {
        return Ok(());
    }
    Err(bad_state(format!(
        "Instance {} is not in available state.",
        instance.id
    )))
}
