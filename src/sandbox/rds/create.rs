//! CreateDBInstance.

use super::catalog::{self, Version};
use super::fields::{Patch, Values};
use super::life::{BACKING_UP, CREATING, ENDPOINT, SETTLING};
use super::model::{Group, Instance, ParameterGroup, Secret};
use super::{
    bad_combination, bad_value, change, check, network, page, secrets, server_error, show, tags,
    windows,
};
use crate::sandbox::Sandbox;
use crate::sandbox::postgres;
use crate::sandbox::timing::Moment;
use crate::sandbox::wire::{ApiError, Params};
use crate::sandbox::world::{ACCOUNT, World};
use secrecy::ExposeSecret;

/// How many instances an account may have.
const QUOTA: usize = 40;

/// What is not played, with the value that says nothing new.
const UNPLAYED: [(&str, &str); 27] = [
    ("DBClusterIdentifier", ""),
    ("DBSecurityGroups", ""),
    ("CharacterSetName", ""),
    ("NcharCharacterSetName", ""),
    ("Timezone", ""),
    ("TdeCredentialArn", ""),
    ("TdeCredentialPassword", ""),
    ("Domain", ""),
    ("DomainFqdn", ""),
    ("DomainOu", ""),
    ("DomainAuthSecretArn", ""),
    ("DomainIAMRoleName", ""),
    ("DomainDnsIps", ""),
    ("MonitoringInterval", "0"),
    ("MonitoringRoleArn", ""),
    ("EnableIAMDatabaseAuthentication", "false"),
    ("ProcessorFeatures", ""),
    ("EnableCustomerOwnedIp", "false"),
    ("BackupTarget", "region"),
    ("CustomIamInstanceProfile", ""),
    ("DBSystemId", ""),
    ("MultiTenant", "false"),
    ("DedicatedLogVolume", "false"),
    ("AdditionalStorageVolumes", ""),
    ("DBCapacityReservationIdentifier", ""),
    ("MasterUserAuthenticationType", "password"),
    ("MasterUserSecretKmsKeyId", ""),
];

/// CreateDBInstance: the record, then the server, whose first start needs the password; where the server cannot be
/// had the record goes again.
pub async fn create(sandbox: &Sandbox, params: &Params) -> Result<String, ApiError> {
    let password = match params.get("MasterUserPassword") {
        Some(given) => given.to_owned(),
        // managed by RDS, which has no way here to hand it out
        None => postgres::random_password()
            .map_err(|e| server_error(&e))?
            .expose_secret()
            .to_owned(),
    };
    let (server, xml) = change(sandbox, |w| {
        let mut instance = new(w, params, sandbox)?;
        instance.first_password = Some(password);
        let mut xml = crate::sandbox::xml::Xml::new();
        xml.node("DBInstance", |x| {
            show::write(x, &instance, &w.region, sandbox.store.timing().now());
        });
        let server = instance.server();
        w.rds.instances.insert(instance.id.clone(), instance);
        network::attach(w, &server.id, sandbox.store.timing().now());
        Ok((server, xml.done()))
    })?;
    if let Err(error) = sandbox.postgres.start(&server).await {
        // what of it was made is of no use to anyone; what is told is why it could not be made
        let _ = sandbox.postgres.destroy(&server.id).await;
        change(sandbox, |w| {
            w.rds.instances.retain(|_, i| i.resource_id != server.id);
            let now = sandbox.store.timing().now();
            w.ec2.release_database_interface(&server.id, now);
            Ok(())
        })?;
        return Err(server_error(&error));
    }
    change(sandbox, |w| {
        let mut all = w.rds.instances.values_mut();
        if let Some(i) = all.find(|i| i.resource_id == server.id) {
            // it may be blamed by another command that looked for the server before it had begun
            i.failure = None;
            i.first_password = None;
        }
        Ok(())
    })?;
    Ok(xml)
}

fn new(world: &mut World, params: &Params, sandbox: &Sandbox) -> Result<Instance, ApiError> {
    let timing = sandbox.store.timing();
    let now = timing.now();
    let id = check::identifier(
        "DBInstanceIdentifier",
        params.require("DBInstanceIdentifier")?,
        63,
    )?;
    let class = catalog::class(params.require("DBInstanceClass")?)?;
    let engine = params.require("Engine")?;
    if engine != "postgres" {
        return Err(bad_value(format!("Invalid DB engine: {engine}")));
    }
    check::refuse_unplayed(params, &UNPLAYED)?;
    if world.rds.instances.contains_key(&id) {
        return Err(ApiError::new(
            400,
            "DBInstanceAlreadyExists",
            "DB instance already exists",
        ));
    }
    if world.rds.instances.len() >= QUOTA {
        return Err(ApiError::new(
            400,
            "InstanceQuotaExceeded",
            format!("This action would exceed your quota of {QUOTA} DB instances."),
        ));
    }
    let master_username = given(params, "MasterUsername")?;
    check::master_username(&master_username)?;
    let managed = params.flag("ManageMasterUserPassword") == Some(true);
    match params.get("MasterUserPassword") {
        Some(_) if managed => {
            return Err(bad_combination(
                "You can't specify MasterUserPassword when ManageMasterUserPassword is enabled.",
            ));
        }
        Some(password) => check::password(password)?,
        None if managed => {}
        None => {
            given(params, "MasterUserPassword")?;
        }
    }
    let database = params.get("DBName").map(str::to_owned);
    database.as_deref().map_or(Ok(()), check::database)?;
    let version = catalog::resolve(params.get("EngineVersion"))?;
    let values = values(world, params, version, now)?;
    let (network, default_group) = network::of_new(world, params)?;
    let zone = network::zone(params, &network.subnets, class, version, values.multi_az)?;
    network::network_type(params)?;
    let tags = tags::read(params)?;
    let groups = network::groups(world, params, &network.vpc)?;
    let groups = if groups.is_empty() {
        vec![default_group]
    } else {
        groups
    };
    let major = version.major.to_string();
    let parameter_group = match params.get("DBParameterGroupName") {
        Some(name) => {
            check::parameter_group(name, &major)?;
            name.to_owned()
        }
        None => catalog::default_group(&major),
    };
    let encrypted = params.flag("StorageEncrypted").unwrap_or(false);
    let kms_key = secrets::kms_key(params, encrypted, &world.region)?;
    let port = u16::try_from(values.port).map_err(|e| bad_value(e.to_string()))?;
    let address = sandbox
        .postgres
        .place(&id, port)
        .map_err(|e| server_error(&e))?;
    let resource = format!("{}{}", world.id(""), world.id("")).to_ascii_uppercase();
    let settled = timing.after(SETTLING);
    let mut instance = Instance {
        resource_id: format!("db-{}", resource.chars().take(26).collect::<String>()),
        arn_prefix: format!("arn:aws:rds:{}:{ACCOUNT}:db:", world.region),
        master_username,
        database,
        zone,
        encrypted,
        kms_key,
        network,
        address,
        endpoint_at: timing.after(ENDPOINT),
        groups: groups
            .into_iter()
            .map(|id| Group {
                id,
                active_at: settled,
                gone_at: None,
            })
            .collect(),
        parameter_group: ParameterGroup {
            name: parameter_group,
            applied_at: now,
            pending_reboot: false,
        },
        secret: managed.then(|| Secret::new(world, settled)),
        tags,
        phases: Vec::new(),
        flights: Vec::new(),
        pending: Patch::default(),
        pending_at: None,
        stopped: None,
        gone_at: None,
        failure: None,
        first_password: None,
        id,
        values,
    };
    instance.enter("creating", now, CREATING, timing);
    if instance.values.backup_retention > 0 {
        instance.enter("backing-up", now, BACKING_UP, timing);
    }
    Ok(instance)
}

fn values(
    world: &mut World,
    params: &Params,
    version: Version,
    now: Moment,
) -> Result<Values, ApiError> {
    let iops = params.number("Iops")?;
    let storage_type =
        params
            .get("StorageType")
            .unwrap_or(if iops.is_some() { "io1" } else { "gp3" });
    let size = params.number("AllocatedStorage")?;
    let (iops, throughput) = check::storage(
        storage_type,
        size,
        iops,
        params.number("StorageThroughput")?,
    )?;
    let max_storage = params.number("MaxAllocatedStorage")?.unwrap_or(0);
    if max_storage != 0 && Some(max_storage) <= size {
        return Err(bad_combination(
            "Max storage size must be greater than storage size",
        ));
    }
    if let Some(license) = params
        .get("LicenseModel")
        .filter(|l| *l != "postgresql-license")
    {
        return Err(bad_combination(format!(
            "Invalid license model '{license}' for engine 'postgres'. Valid license models are: postgresql-license."
        )));
    }
    let ca = params
        .get("CACertificateIdentifier")
        .unwrap_or(catalog::CAS[0].0);
    check::ca(ca)?;
    let lifecycle = params
        .get("EngineLifecycleSupport")
        .unwrap_or("open-source-rds-extended-support");
    check::lifecycle(lifecycle, &version.major.to_string(), &page::iso(now))?;
    let pi_enabled = params.flag("EnablePerformanceInsights").unwrap_or(false);
    let retention = params.number("PerformanceInsightsRetentionPeriod")?;
    if retention.is_some() && !pi_enabled {
        return Err(bad_combination(
            "To set a Performance Insights retention period, Performance Insights must be enabled.",
        ));
    }
    let retention = check::insights_retention(retention.unwrap_or(7))?;
    let mode = params.get("DatabaseInsightsMode").unwrap_or("standard");
    check::insights_mode(mode, pi_enabled, retention)?;
    let (maintenance, backup) = windows::chosen(world.next_serial());
    let maintenance = params
        .get("PreferredMaintenanceWindow")
        .unwrap_or(&maintenance);
    let backup = params.get("PreferredBackupWindow").unwrap_or(&backup);
    windows::check(maintenance, backup)?;
    let on = |name: &str, default: bool| params.flag(name).unwrap_or(default);
    Ok(Values {
        class: params.require("DBInstanceClass")?.to_owned(),
        allocated_storage: size.unwrap_or_default(),
        storage_type: storage_type.to_owned(),
        iops,
        throughput,
        engine_version: version.to_string(),
        multi_az: on("MultiAZ", false),
        backup_retention: check::retention(params.number("BackupRetentionPeriod")?.unwrap_or(1))?,
        ca: ca.to_owned(),
        port: check::port(params.number("Port")?.unwrap_or(5432))?,
        publicly_accessible: on("PubliclyAccessible", true),
        pi_enabled,
        pi_retention: if pi_enabled { retention } else { 0 },
        pi_key: secrets::insights_key(params, pi_enabled, &world.region),
        insights_mode: mode.to_owned(),
        deletion_protection: on("DeletionProtection", false),
        auto_minor: on("AutoMinorVersionUpgrade", true),
        copy_tags: on("CopyTagsToSnapshot", false),
        lifecycle: lifecycle.to_owned(),
        maintenance_window: maintenance.to_ascii_lowercase(),
        backup_window: backup.to_owned(),
        max_storage,
        log_exports: log_exports(params.list("EnableCloudwatchLogsExports"))?,
    })
}

/// Checks the names of logs to export.
pub fn log_exports(names: Vec<String>) -> Result<Vec<String>, ApiError> {
    match names.iter().find(|n| *n != "postgresql" && *n != "upgrade") {
        Some(bad) => Err(bad_combination(format!(
            "You cannot use the log types '{bad}' with engine version postgres. For supported log types, see the \
             documentation."
        ))),
        None => Ok(names),
    }
}

fn given(params: &Params, name: &str) -> Result<String, ApiError> {
    let value = params.get(name).filter(|v| !v.is_empty());
    value.map(str::to_owned).ok_or_else(|| {
        bad_value(format!(
            "The parameter {name} must be provided and must not be blank."
        ))
    })
}
