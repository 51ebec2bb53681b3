//! RDS for PostgreSQL as this stack uses it: instances with their life cycle, snapshots, the catalogue of versions
//! and classes, tags. The facts are aws-facts §1; the servers behind the instances are in [`super::postgres`].
//!
//! An instance's status, pending values and groups are functions of the time ([`life`]). Its server follows the
//! calls: it is stopped and started within the call, so that a stopped instance refuses connections at once.

mod backups;
mod catalog;
mod check;
mod create;
mod delete;
mod fields;
mod life;
mod model;
mod modify;
mod network;
mod offers;
mod page;
mod power;
mod secrets;
mod show;
mod snapshots;
mod tags;
mod windows;

#[cfg(test)]
mod tests;

pub use model::{Instance, Snapshot, State};

use super::Sandbox;
use super::postgres::{InstanceServer, ServerError};
use super::timing::Timing;
use super::wire::{ApiError, Call, Input, Params, Reply};
use super::world::World;
use std::collections::BTreeSet;

/// Answers one call.
///
/// # Errors
/// What RDS would refuse; `SandboxPortInUse` where an instance's port is taken on this machine, and
/// `SandboxPostgresFailed` where its server cannot do what is asked.
pub async fn handle(sandbox: &Sandbox, call: &Call) -> Result<Reply, ApiError> {
    let Input::Query(params) = &call.input else {
        return Err(unknown(&call.operation));
    };
    let xml = match call.operation.as_str() {
        "CreateDBInstance" => create::create(sandbox, params).await?,
        "ModifyDBInstance" => modify::modify(sandbox, params).await?,
        "StopDBInstance" => power::stop(sandbox, params).await?,
        "StartDBInstance" => power::start(sandbox, params).await?,
        "RebootDBInstance" => power::reboot(sandbox, params).await?,
        "DeleteDBInstance" => delete::delete(sandbox, params).await?,
        "DescribeDBInstances" => look(sandbox, |w| show::instances(w, params, sandbox))?,
        "DescribeDBEngineVersions" => offers::engine_versions(params, sandbox.store.region())?,
        "DescribeDBMajorEngineVersions" => offers::major_versions(params)?,
        "DescribeOrderableDBInstanceOptions" => look(sandbox, |w| offers::orderable(w, params))?,
        "DescribeValidDBInstanceModifications" => {
            look(sandbox, |w| offers::valid_modifications(w, params))?
        }
        "DescribePendingMaintenanceActions" => {
            look(sandbox, |w| offers::maintenance_actions(w, params))?
        }
        "DescribeDBSnapshots" => look(sandbox, |w| snapshots::describe(w, params, sandbox))?,
        "CreateDBSnapshot" => change(sandbox, |w| snapshots::create(w, params, sandbox))?,
        "DeleteDBSnapshot" => change(sandbox, |w| snapshots::delete(w, params, sandbox))?,
        "DescribeDBInstanceAutomatedBackups" => {
            look(sandbox, |w| backups::describe(w, params, sandbox))?
        }
        "DeleteDBInstanceAutomatedBackup" => change(sandbox, |w| backups::delete(w, params))?,
        "DescribeAccountAttributes" => look(sandbox, |w| backups::quotas(w, params))?,
        "DescribeDBSubnetGroups" => look(sandbox, |w| network::describe(w, params))?,
        "AddTagsToResource" => change(sandbox, |w| tags::add(w, params))?,
        "RemoveTagsFromResource" => change(sandbox, |w| tags::remove(w, params))?,
        "ListTagsForResource" => look(sandbox, |w| tags::list(w, params))?,
        other => return Err(unknown(other)),
    };
    Ok(Reply::Xml(xml))
}

/// Returns the servers that ought to run now; with passwords only those that have not begun yet, the data of the others
/// hold theirs.
pub fn should_run(state: &State, timing: &Timing) -> Vec<InstanceServer> {
    let mut state = state.clone();
    state.settle(timing);
    state
        .instances
        .values()
        .filter(|i| i.stopped.is_none() && i.gone_at.is_none())
        .map(Instance::server)
        .collect()
}

/// Starts the servers that ought to run, at the beginning of a command. An instance whose server does not start is
/// `failed` until a later command can start it. Returns the failures by instance, for telling them.
///
/// # Errors
/// `InternalFailure` where the world cannot be used.
pub async fn resume(sandbox: &Sandbox) -> Result<Vec<(String, ServerError)>, ApiError> {
    let timing = sandbox.store.timing();
    let wanted = sandbox.store.read(|w| should_run(&w.rds, timing))?;
    let started: BTreeSet<String> = wanted.iter().map(|s| s.id.clone()).collect();
    let mut failures = sandbox.postgres.resume(wanted).await;
    let known = sandbox.store.read(|w| {
        let mut all = w.rds.instances.values();
        all.any(|i| i.failure.is_some() || i.first_password.is_some())
    })?;
    if !known && failures.is_empty() {
        return Ok(failures);
    }
    sandbox.store.write(|w| {
        for instance in w.rds.instances.values_mut() {
            let failed = failures
                .iter_mut()
                .find(|(id, _)| *id == instance.resource_id);
            instance.failure = failed.map(|(id, error)| {
                *id = instance.id.clone();
                error.to_string()
            });
            if instance.failure.is_none() && started.contains(&instance.resource_id) {
                instance.first_password = None;
            }
        }
        Ok(())
    })?;
    Ok(failures)
}

/// Starts the servers of instances that AWS starts by itself by now, seven days after their stop (aws-facts §1.4). A
/// server that does not start makes its instance `failed`.
///
/// # Errors
/// `InternalFailure` where the world cannot be used.
pub async fn wake(sandbox: &Sandbox) -> Result<(), ApiError> {
    let timing = sandbox.store.timing();
    let now = timing.now();
    let sleeping = |i: &&Instance| i.stopped.as_ref().is_some_and(|s| s.restart_at <= now);
    let due: Vec<(String, InstanceServer)> = sandbox.store.read(|w| {
        let all = w.rds.instances.values().filter(sleeping);
        all.map(|i| (i.id.clone(), i.server())).collect()
    })?;
    for (id, server) in due {
        let started = sandbox.postgres.start(&server).await;
        change(sandbox, |w| {
            if let (Err(error), Some(instance)) = (started, w.rds.instances.get_mut(&id)) {
                instance.failure = Some(error.to_string());
            }
            Ok(())
        })?;
    }
    Ok(())
}

/// Looks at the world as it is now.
fn look<T>(
    sandbox: &Sandbox,
    what: impl FnOnce(&mut World) -> Result<T, ApiError>,
) -> Result<T, ApiError> {
    let timing = sandbox.store.timing();
    sandbox.store.read(|w| {
        let mut world = w.clone();
        world.rds.settle(timing);
        what(&mut world)
    })?
}

/// Changes the world as it is now.
fn change<T>(
    sandbox: &Sandbox,
    what: impl FnOnce(&mut World) -> Result<T, ApiError>,
) -> Result<T, ApiError> {
    let timing = sandbox.store.timing();
    sandbox.store.write(|w| {
        w.rds.settle(timing);
        what(w)
    })
}

/// Turns what a server said into an answer. A client error, so that no SDK tries again by itself.
fn server_error(error: &ServerError) -> ApiError {
    let code = match error {
        ServerError::PortInUse { .. } => "SandboxPortInUse",
        _ => "SandboxPostgresFailed",
    };
    ApiError::new(400, code, error.to_string())
}

/// Finds an instance by its identifier, whose case does not matter, or by its ARN.
fn instance<'a>(state: &'a mut State, params: &Params) -> Result<&'a mut Instance, ApiError> {
    let asked = params.require("DBInstanceIdentifier")?;
    let id = asked
        .rsplit(':')
        .next()
        .unwrap_or(asked)
        .to_ascii_lowercase();
    state.instances.get_mut(&id).ok_or_else(|| not_found(&id))
}

fn not_found(id: &str) -> ApiError {
    ApiError::new(
        404,
        "DBInstanceNotFound",
        format!("DBInstance {id} not found."),
    )
}

fn unknown(operation: &str) -> ApiError {
    ApiError::new(
        400,
        "InvalidAction",
        format!("Could not find operation {operation} for version 2014-10-31"),
    )
}

fn bad_value(message: impl Into<String>) -> ApiError {
    ApiError::new(400, "InvalidParameterValue", message)
}

fn bad_combination(message: impl Into<String>) -> ApiError {
    ApiError::new(400, "InvalidParameterCombination", message)
}

fn bad_state(message: impl Into<String>) -> ApiError {
    ApiError::new(400, "InvalidDBInstanceState", message)
}
