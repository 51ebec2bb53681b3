//! ModifyDBInstance (aws-facts §1.1).

use super::catalog::{self, Version};
use super::fields::{Patch, Values};
use super::life::{LAG, SETTLING};
use super::model::Secret;
use super::{
    bad_combination, bad_state, bad_value, change, check, create, instance, look, network, page,
    secrets, server_error, show, windows,
};
use crate::sandbox::Sandbox;
use crate::sandbox::postgres::InstanceServer;
use crate::sandbox::timing::{Moment, Timing};
use crate::sandbox::wire::{ApiError, Params};
use crate::sandbox::world::World;
use secrecy::SecretString;

/// What is not played, with the value that says nothing new.
const UNPLAYED: [(&str, &str); 28] = [
    ("DBSecurityGroups", ""),
    ("OptionGroupName", ""),
    ("TdeCredentialArn", ""),
    ("TdeCredentialPassword", ""),
    ("Domain", ""),
    ("DomainFqdn", ""),
    ("DomainOu", ""),
    ("DomainAuthSecretArn", ""),
    ("DomainIAMRoleName", ""),
    ("DomainDnsIps", ""),
    ("DisableDomain", "false"),
    ("MonitoringInterval", "0"),
    ("MonitoringRoleArn", ""),
    ("EnableIAMDatabaseAuthentication", "false"),
    ("ProcessorFeatures", ""),
    ("UseDefaultProcessorFeatures", "false"),
    ("ReplicaMode", ""),
    ("AutomationMode", "full"),
    ("EnableCustomerOwnedIp", "false"),
    ("AwsBackupRecoveryPointArn", ""),
    ("MultiTenant", "false"),
    ("DedicatedLogVolume", "false"),
    ("Engine", "postgres"),
    ("AdditionalStorageVolumes", ""),
    ("DBCapacityReservationIdentifier", ""),
    ("MasterUserAuthenticationType", "password"),
    ("NetworkType", "IPV4"),
    ("MasterUserSecretKmsKeyId", ""),
];

/// What has to be done to the server within the call.
struct Effects {
    password: Option<SecretString>,
    moved: Option<InstanceServer>,
    server: InstanceServer,
}

/// ModifyDBInstance. It is tried on a copy of the world first, so that the server is touched only by a call that
/// will succeed.
pub async fn modify(sandbox: &Sandbox, params: &Params) -> Result<String, ApiError> {
    let timing = sandbox.store.timing();
    let effects = look(sandbox, |w| apply(w, params, timing))?;
    let server = &effects.server;
    if let Some(moved) = &effects.moved {
        let done = sandbox.postgres.restart(moved).await;
        done.map_err(|e| server_error(&e))?;
    }
    if let Some(password) = &effects.password {
        let set = sandbox
            .postgres
            .set_password(&server.id, &server.master_username, password)
            .await;
        set.map_err(|e| server_error(&e))?;
    }
    change(sandbox, |w| {
        apply(w, params, timing)?;
        let region = w.region.clone();
        let found = w
            .rds
            .instances
            .values()
            .find(|i| i.resource_id == server.id);
        let found = found.ok_or_else(|| super::not_found(&server.id))?;
        let mut xml = crate::sandbox::xml::Xml::new();
        xml.node("DBInstance", |x| {
            show::write(x, found, &region, timing.now())
        });
        Ok(xml.done())
    })
}

fn apply(world: &mut World, params: &Params, timing: &Timing) -> Result<Effects, ApiError> {
    let now = timing.now();
    let secret = Secret::new(world, timing.after(SETTLING));
    let names: Vec<String> = world.rds.instances.keys().cloned().collect();
    let region = world.region.clone();
    let vpc = instance(&mut world.rds, params)?.network.vpc.clone();
    let groups = network::groups(world, params, &vpc);
    let instance = instance(&mut world.rds, params)?;
    if !instance.is_modifiable(now) {
        return Err(bad_state(format!(
            "Database instance is not in available state: it is {}.",
            instance.status(now)
        )));
    }
    check::refuse_unplayed(params, &UNPLAYED)?;
    let groups = groups?;
    let have = instance.effective();
    let immediately = params.flag("ApplyImmediately") == Some(true);
    let mut asked = asked(params, &have, &region, now)?;
    if let Some(new) = params.get("NewDBInstanceIdentifier") {
        let new = check::identifier("NewDBInstanceIdentifier", new, 63)?;
        if new != instance.id {
            if names.contains(&new) {
                return Err(ApiError::new(
                    400,
                    "DBInstanceAlreadyExists",
                    "DB instance already exists",
                ));
            }
            asked.id = Some(new);
        }
    }
    let password = secrets::password(params, instance, secret, timing)?;
    asked.password = password.is_some();
    // what waits for the window and is asked for anew is decided anew, also by going back to what is
    instance.pending.forget(&asked);
    asked.only_changes(&have);
    if asked.touches_storage() && instance.is_optimizing(now) {
        return Err(bad_combination(
            "You can't currently modify the storage of this DB instance because the previous storage change is \
             being optimized.",
        ));
    }
    if !groups.is_empty() {
        network::exchange_groups(instance, groups, timing);
    }
    if let Some(name) = params.get("DBParameterGroupName") {
        let version = asked
            .engine_version
            .as_deref()
            .unwrap_or(&have.engine_version);
        check::parameter_group(name, catalog::major(version))?;
        if name != instance.parameter_group.name {
            instance.parameter_group.name = name.to_owned();
            instance.parameter_group.applied_at = timing.after(SETTLING);
            instance.parameter_group.pending_reboot = true;
        }
    }
    asked.take_instant().apply(&mut instance.values);
    let mut going = asked.take_now(&have);
    instance.pending.merge(asked);
    if immediately {
        // everything that waits goes with it, whoever asked for that
        going.merge(std::mem::take(&mut instance.pending));
    }
    let moved = going.port.is_some();
    if !going.is_empty() {
        instance.fly(going, timing.after(LAG), timing);
    }
    instance.schedule(now);
    let server = instance.server();
    network::attach(world, &server.id, now);
    Ok(Effects {
        password,
        moved: moved.then(|| server.clone()),
        server,
    })
}

/// Reads what the call asks for, and checks it against what there is.
fn asked(params: &Params, have: &Values, region: &str, now: Moment) -> Result<Patch, ApiError> {
    let text = |name: &str| params.get(name).map(str::to_owned);
    let mut patch = Patch {
        class: text("DBInstanceClass"),
        multi_az: params.flag("MultiAZ"),
        ca: text("CACertificateIdentifier"),
        publicly_accessible: params.flag("PubliclyAccessible"),
        deletion_protection: params.flag("DeletionProtection"),
        auto_minor: params.flag("AutoMinorVersionUpgrade"),
        copy_tags: params.flag("CopyTagsToSnapshot"),
        lifecycle: text("EngineLifecycleSupport"),
        maintenance_window: text("PreferredMaintenanceWindow").map(|w| w.to_ascii_lowercase()),
        backup_window: text("PreferredBackupWindow"),
        max_storage: params.number("MaxAllocatedStorage")?,
        backup_retention: params.number("BackupRetentionPeriod")?,
        port: params.number("DBPortNumber")?,
        engine_version: version(params, have)?,
        ..Patch::default()
    };
    patch
        .class
        .as_deref()
        .map_or(Ok(()), |c| catalog::class(c).map(drop))?;
    patch.ca.as_deref().map_or(Ok(()), check::ca)?;
    patch.backup_retention.map(check::retention).transpose()?;
    patch.port.map(check::port).transpose()?;
    if let Some(name) = params.get("DBSubnetGroupName") {
        network::known(name)?;
        return Err(bad_value(
            "The DB instance is in that DB subnet group already.",
        ));
    }
    if let Some(lifecycle) = &patch.lifecycle {
        check::lifecycle(
            lifecycle,
            catalog::major(&have.engine_version),
            &page::iso(now),
        )?;
    }
    if patch.maintenance_window.is_some() || patch.backup_window.is_some() {
        windows::check(
            patch
                .maintenance_window
                .as_deref()
                .unwrap_or(&have.maintenance_window),
            patch
                .backup_window
                .as_deref()
                .unwrap_or(&have.backup_window),
        )?;
    }
    storage(params, have, &mut patch)?;
    insights(params, have, &mut patch, region)?;
    let logs = params.nested("CloudwatchLogsExportConfiguration");
    if !logs.0.is_empty() {
        let mut names = have.log_exports.clone();
        names.retain(|n| !logs.list("DisableLogTypes").contains(n));
        for new in create::log_exports(logs.list("EnableLogTypes"))? {
            if !names.contains(&new) {
                names.push(new);
            }
        }
        patch.log_exports = Some(names);
    }
    Ok(patch)
}

/// Storage only grows, and by a tenth at least (aws-facts §1.6).
fn storage(params: &Params, have: &Values, patch: &mut Patch) -> Result<(), ApiError> {
    let size = params.number("AllocatedStorage")?;
    let kind = params.get("StorageType");
    let (iops, throughput) = (params.number("Iops")?, params.number("StorageThroughput")?);
    if size.is_none() && kind.is_none() && iops.is_none() && throughput.is_none() {
        return Ok(());
    }
    let mut new_size = size.unwrap_or(have.allocated_storage);
    if new_size < have.allocated_storage {
        return Err(bad_combination(format!(
            "Requested storage size {new_size} is less than the current storage size {}. Storage cannot be \
             decreased.",
            have.allocated_storage
        )));
    }
    if new_size > have.allocated_storage {
        new_size = new_size.max((have.allocated_storage * 11 + 9) / 10);
    }
    let new_kind = kind.unwrap_or(&have.storage_type);
    // what is provisioned stays so, unless the type changes or the volume gets striped
    let stays = new_kind == have.storage_type
        && (new_kind != "gp3" || have.allocated_storage >= catalog::STRIPED);
    let keep = |given: Option<i64>, had: i64| given.or((stays && had > 0).then_some(had));
    let (iops, throughput) = check::storage(
        new_kind,
        Some(new_size),
        keep(iops, have.iops),
        keep(throughput, have.throughput),
    )?;
    patch.allocated_storage = Some(new_size);
    patch.storage_type = Some(new_kind.to_owned());
    patch.iops = Some(iops);
    patch.throughput = Some(throughput);
    Ok(())
}

fn insights(
    params: &Params,
    have: &Values,
    patch: &mut Patch,
    region: &str,
) -> Result<(), ApiError> {
    let retention = params.number("PerformanceInsightsRetentionPeriod")?;
    let asked = params.flag("EnablePerformanceInsights");
    let on = asked.unwrap_or(have.pi_enabled);
    if retention.is_some() && !on {
        return Err(bad_combination(
            "To set a Performance Insights retention period, Performance Insights must be enabled.",
        ));
    }
    if asked.is_some() || retention.is_some() {
        let had = if have.pi_retention > 0 {
            have.pi_retention
        } else {
            7
        };
        let days = check::insights_retention(retention.unwrap_or(had))?;
        patch.pi_enabled = Some(on);
        patch.pi_retention = Some(if on { days } else { 0 });
        patch.pi_key = Some(match on && have.pi_enabled {
            true => have.pi_key.clone(),
            false => secrets::insights_key(params, on, region),
        });
    }
    if let Some(mode) = params.get("DatabaseInsightsMode") {
        let days = patch.pi_retention.unwrap_or(have.pi_retention);
        check::insights_mode(mode, on, days)?;
        patch.insights_mode = Some(mode.to_owned());
    }
    Ok(())
}

/// Versions only go up, across majors only when that is allowed.
fn version(params: &Params, have: &Values) -> Result<Option<String>, ApiError> {
    let Some(asked) = params.get("EngineVersion") else {
        return Ok(None);
    };
    if asked == have.engine_version {
        return Ok(Some(asked.to_owned()));
    }
    let to = catalog::resolve(Some(asked))?;
    let from = Version::parse(&have.engine_version).ok_or_else(|| bad_value("no version"))?;
    if to < from {
        return Err(bad_combination(format!(
            "Cannot upgrade postgres from {from} to {to}"
        )));
    }
    if to.major > from.major && params.flag("AllowMajorVersionUpgrade") != Some(true) {
        return Err(bad_combination(
            "The AllowMajorVersionUpgrade flag must be present when upgrading to a new major version.",
        ));
    }
    Ok(Some(to.to_string()))
}
