//! What can be ordered and modified: DescribeDBEngineVersions, DescribeDBMajorEngineVersions,
//! DescribeOrderableDBInstanceOptions, DescribeValidDBInstanceModifications, DescribePendingMaintenanceActions.

use super::catalog::{self, CAS, CLASSES, Class, MAJORS, STORAGE, STRIPED, Storage, Version};
use super::{bad_value, instance, page};
use crate::sandbox::wire::{ApiError, Params};
use crate::sandbox::world::{ACCOUNT, World};
use crate::sandbox::xml::Xml;

/// DescribeDBEngineVersions.
pub fn engine_versions(params: &Params, region: &str) -> Result<String, ApiError> {
    let filters = page::filters(
        params,
        &[
            "db-parameter-group-family",
            "engine",
            "engine-mode",
            "engine-version",
            "status",
        ],
    )?;
    let all = params.flag("IncludeAll") == Some(true);
    let only_default = params.flag("DefaultOnly") == Some(true);
    let asked = params.get("EngineVersion");
    let fits = |v: &Version| {
        let (full, family) = (v.to_string(), format!("postgres{}", v.major));
        let named = |a: &str| a == full || a == v.major.to_string();
        // without a version there is one default, with one there is one of each major
        let default = v.is_default() && (asked.is_some() || v.major == catalog::DEFAULT_MAJOR);
        params.get("Engine").is_none_or(|e| e == "postgres")
            && asked.is_none_or(named)
            && params
                .get("DBParameterGroupFamily")
                .is_none_or(|f| f == family)
            && (all || v.is_available())
            && (!only_default || default)
            && filters.iter().all(|(name, values)| {
                let own = match name.as_str() {
                    "db-parameter-group-family" => &family,
                    "engine" => "postgres",
                    "engine-mode" => "provisioned",
                    "engine-version" => &full,
                    _ => status(*v),
                };
                values.iter().any(|value| value == own)
            })
    };
    let found: Vec<Version> = catalog::versions().filter(fits).collect();
    let (found, marker) = page::cut(found, params, 100, Version::to_string)?;
    let mut x = Xml::new();
    x.list("DBEngineVersions", "DBEngineVersion", found, |x, v| {
        version(x, v, region)
    })
    .opt("Marker", marker);
    Ok(x.done())
}

fn status(version: Version) -> &'static str {
    if version.is_available() {
        "available"
    } else {
        "deprecated"
    }
}

fn version(x: &mut Xml, version: Version, region: &str) {
    let newest = MAJORS
        .iter()
        .find(|m| m.number == version.major)
        .map(|m| m.newest);
    let targets = catalog::versions().filter(|to| *to > version && to.is_available());
    x.el("Engine", "postgres")
        .el("MajorEngineVersion", version.major)
        .el("EngineVersion", version)
        .el(
            "DBParameterGroupFamily",
            format!("postgres{}", version.major),
        )
        .el("DBEngineDescription", "PostgreSQL")
        .el(
            "DBEngineVersionArn",
            format!("arn:aws:rds:{region}:{ACCOUNT}:engine-version:postgres/{version}"),
        )
        .el(
            "DBEngineVersionDescription",
            format!("PostgreSQL {version}"),
        )
        .list("ValidUpgradeTarget", "UpgradeTarget", targets, |x, to| {
            let major = to.major > version.major;
            x.el("Engine", "postgres")
                .el("EngineVersion", to)
                .el("Description", format!("PostgreSQL {to}"))
                .el("AutoUpgrade", !major && Some(to.minor) == newest)
                .el("IsMajorVersionUpgrade", major);
        })
        .list(
            "ExportableLogTypes",
            "member",
            ["postgresql", "upgrade"],
            |x, name| {
                x.text(name);
            },
        )
        .el("SupportsLogExportsToCloudwatchLogs", true)
        .el("SupportsReadReplica", true)
        .list(
            "SupportedEngineModes",
            "member",
            ["provisioned"],
            |x, mode| {
                x.text(mode);
            },
        )
        .el("Status", status(version))
        .el("SupportsParallelQuery", false)
        .el("SupportsGlobalDatabases", false)
        .el("SupportsBabelfish", false)
        .el("SupportsCertificateRotationWithoutRestart", true)
        .list(
            "SupportedCACertificateIdentifiers",
            "member",
            CAS,
            |x, (id, _)| {
                x.text(id);
            },
        );
}

/// DescribeDBMajorEngineVersions, with the days from aws-facts §1.9.
pub fn major_versions(params: &Params) -> Result<String, ApiError> {
    let fits = |m: &&catalog::Major| {
        params.get("Engine").is_none_or(|e| e == "postgres")
            && params
                .get("MajorEngineVersion")
                .is_none_or(|v| v == m.number.to_string())
    };
    let found: Vec<&catalog::Major> = MAJORS.iter().filter(fits).collect();
    let (found, marker) = page::cut(found, params, 100, |m| m.number.to_string())?;
    let mut x = Xml::new();
    x.list(
        "DBMajorEngineVersions",
        "DBMajorEngineVersion",
        found,
        |x, m| {
            let lives = [
                ("open-source-rds-standard-support", m.from, m.standard_until),
                (
                    "open-source-rds-extended-support",
                    m.extended_from,
                    m.extended_until,
                ),
            ];
            x.el("Engine", "postgres")
                .el("MajorEngineVersion", m.number)
                .list(
                    "SupportedEngineLifecycles",
                    "SupportedEngineLifecycle",
                    lives,
                    |x, (name, from, until)| {
                        x.el("LifecycleSupportName", name)
                            .el("LifecycleSupportStartDate", format!("{from}T00:00:00Z"))
                            .el("LifecycleSupportEndDate", format!("{until}T23:59:59Z"));
                    },
                );
        },
    )
    .opt("Marker", marker);
    Ok(x.done())
}

/// DescribeOrderableDBInstanceOptions: a row for each version, class and storage type. Filters do not exist here.
pub fn orderable(world: &World, params: &Params) -> Result<String, ApiError> {
    if !params.structs("Filters").is_empty() {
        return Err(bad_value("This operation does not support filters."));
    }
    let engine = params.require("Engine")?;
    if params
        .get("DBInstanceClass")
        .is_some_and(|c| !c.starts_with("db."))
    {
        return Err(bad_value("Invalid DB Instance class"));
    }
    let mut zones: Vec<String> = match world.ec2.default_network() {
        Some(network) => network.subnets.into_iter().map(|(_, zone)| zone).collect(),
        None => ["a", "b", "c"]
            .iter()
            .map(|z| format!("{}{z}", world.region))
            .collect(),
    };
    zones.sort();
    zones.dedup();
    let mut rows: Vec<(Version, &Class, &Storage)> = Vec::new();
    let wanted = engine == "postgres"
        && params
            .get("LicenseModel")
            .is_none_or(|l| l == "postgresql-license")
        && params.flag("Vpc") != Some(false);
    for version in catalog::versions().filter(|v| wanted && v.is_available()) {
        let full = version.to_string();
        if params
            .get("EngineVersion")
            .is_some_and(|v| v != full && v != version.major.to_string())
        {
            continue;
        }
        for class in CLASSES
            .iter()
            .filter(|c| params.get("DBInstanceClass").is_none_or(|n| n == c.name))
        {
            rows.extend(STORAGE.iter().map(|s| (version, class, s)));
        }
    }
    let key = |(v, c, s): &(Version, &Class, &Storage)| format!("{v} {} {}", c.name, s.name);
    let (rows, marker) = page::cut(rows, params, 1000, key)?;
    let mut x = Xml::new();
    x.list(
        "OrderableDBInstanceOptions",
        "OrderableDBInstanceOption",
        rows,
        |x, (version, class, storage)| {
            x.el("Engine", "postgres")
                .el("EngineVersion", version)
                .el("DBInstanceClass", class.name)
                .el("LicenseModel", "postgresql-license")
                .list(
                    "AvailabilityZones",
                    "AvailabilityZone",
                    zones.iter().take(class.zones),
                    |x, zone| {
                        x.el("Name", zone);
                    },
                )
                .el("MultiAZCapable", true)
                .el("ReadReplicaCapable", true)
                .el("Vpc", true)
                .el("SupportsStorageEncryption", true)
                .el("StorageType", storage.name)
                .el("SupportsIops", storage.iops.is_some())
                .el("SupportsStorageThroughput", storage.throughput.is_some())
                .el("SupportsEnhancedMonitoring", true)
                .el("SupportsIAMDatabaseAuthentication", true)
                .el("SupportsPerformanceInsights", true)
                .el("MinStorageSize", storage.min)
                .el("MaxStorageSize", storage.max)
                .opt("MinIopsPerDbInstance", storage.iops.map(|r| r.0))
                .opt("MaxIopsPerDbInstance", storage.iops.map(|r| r.1))
                .opt(
                    "MinStorageThroughputPerDbInstance",
                    storage.throughput.map(|r| r.0),
                )
                .opt(
                    "MaxStorageThroughputPerDbInstance",
                    storage.throughput.map(|r| r.1),
                )
                .list(
                    "SupportedEngineModes",
                    "member",
                    ["provisioned"],
                    |x, mode| {
                        x.text(mode);
                    },
                )
                .el("SupportsStorageAutoscaling", true)
                .el("SupportsKerberosAuthentication", true)
                .el("OutpostCapable", false)
                .el("SupportsGlobalDatabases", false)
                .list("SupportedNetworkTypes", "member", ["IPV4"], |x, kind| {
                    x.text(kind);
                })
                .el("SupportsClusters", false)
                .el("SupportsDedicatedLogVolume", false);
        },
    )
    .opt("Marker", marker);
    Ok(x.done())
}

/// DescribeValidDBInstanceModifications: what the storage of an instance can become.
pub fn valid_modifications(world: &mut World, params: &Params) -> Result<String, ApiError> {
    let size = instance(&mut world.rds, params)?.values.allocated_storage;
    let range = |x: &mut Xml, name: &str, (from, to): (i64, i64)| {
        x.list(name, "Range", [(from, to)], |x, (from, to)| {
            x.el("From", from).el("To", to).el("Step", 1);
        });
    };
    let mut x = Xml::new();
    x.node("ValidDBInstanceModificationsMessage", |x| {
        x.list("Storage", "ValidStorageOptions", &STORAGE, |x, storage| {
            x.el("StorageType", storage.name);
            range(x, "StorageSize", (size.max(storage.min), storage.max));
            let choosable = storage.name != "gp3" || size >= STRIPED;
            if let Some(iops) = storage.iops.filter(|_| choosable) {
                range(x, "ProvisionedIops", iops);
            }
            if let Some(throughput) = storage.throughput.filter(|_| choosable) {
                range(x, "ProvisionedStorageThroughput", throughput);
            }
            x.el("SupportsStorageAutoscaling", true);
        })
        .list(
            "ValidProcessorFeatures",
            "AvailableProcessorFeature",
            [(); 0],
            |_, ()| {},
        )
        .el("SupportsDedicatedLogVolume", false);
    });
    Ok(x.done())
}

/// DescribePendingMaintenanceActions: a minor upgrade is due where there is a newer one and upgrades are automatic.
pub fn maintenance_actions(world: &World, params: &Params) -> Result<String, ApiError> {
    let filters = page::filters(params, &["db-instance-id", "db-cluster-id"])?;
    let due = |i: &&super::Instance| {
        let arn = i.arn();
        let behind = Version::parse(&i.values.engine_version).is_some_and(|v| !v.is_default());
        behind
            && i.values.auto_minor
            && i.gone_at.is_none()
            && params.get("ResourceIdentifier").is_none_or(|r| r == arn)
            && filters.iter().all(|(name, values)| {
                name == "db-instance-id" && values.iter().any(|v| *v == i.id || *v == arn)
            })
    };
    if let Some(arn) = params.get("ResourceIdentifier")
        && !world.rds.instances.values().any(|i| i.arn() == arn)
    {
        return Err(ApiError::new(
            404,
            "ResourceNotFoundFault",
            format!("The specified resource {arn} was not found."),
        ));
    }
    let found: Vec<&super::Instance> = world.rds.instances.values().filter(due).collect();
    let (found, marker) = page::cut(found, params, 100, |i| i.id.clone())?;
    let mut x = Xml::new();
    x.list(
        "PendingMaintenanceActions",
        "ResourcePendingMaintenanceActions",
        found,
        |x, i| {
            x.el("ResourceIdentifier", i.arn()).list(
                "PendingMaintenanceActionDetails",
                "PendingMaintenanceAction",
                ["db-upgrade"],
                |x, action| {
                    x.el("Action", action).el(
                        "Description",
                        "Automatic minor version upgrade is available",
                    );
                },
            );
        },
    )
    .opt("Marker", marker);
    Ok(x.done())
}
