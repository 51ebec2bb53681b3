//! What RDS checks of a single value, and how it says no (aws-facts §1.6, §1.7).

use super::catalog::{self, CAS, STORAGE, STRIPED, Storage};
use super::{bad_combination, bad_value};
use crate::sandbox::wire::{ApiError, Params};

/// Names that Postgres or RDS keep for themselves.
const RESERVED_USERS: [&str; 8] = [
    "admin",
    "rdsadmin",
    "rds_superuser",
    "rdsrepladmin",
    "public",
    "none",
    "user",
    "root",
];

/// Checks an identifier of an instance (up to 63) or of a snapshot (up to 255), and returns it in lower case.
pub fn identifier(parameter: &str, id: &str, most: usize) -> Result<String, ApiError> {
    let good = id.len() <= most
        && id.starts_with(|c: char| c.is_ascii_alphabetic())
        && id.chars().all(|c| c.is_ascii_alphanumeric() || c == '-')
        && !id.ends_with('-')
        && !id.contains("--");
    if !good {
        return Err(bad_value(format!(
            "The parameter {parameter} is not a valid identifier. Identifiers must begin with a letter; must \
             contain only ASCII letters, digits, and hyphens; and must not end with a hyphen or contain two \
             consecutive hyphens."
        )));
    }
    Ok(id.to_ascii_lowercase())
}

/// Checks the master user's name.
pub fn master_username(name: &str) -> Result<(), ApiError> {
    let well_formed = (1..=16).contains(&name.len())
        && name.starts_with(|c: char| c.is_ascii_alphabetic())
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    if !well_formed {
        return Err(bad_value(
            "The parameter MasterUsername must begin with a letter and contain only 1 to 16 letters, digits or \
             underscores.",
        ));
    }
    let lower = name.to_ascii_lowercase();
    if RESERVED_USERS.contains(&lower.as_str()) || lower.starts_with("pg_") {
        return Err(bad_value(format!(
            "MasterUsername {name} cannot be used as it is a reserved word used by the engine"
        )));
    }
    Ok(())
}

/// Checks a master password.
pub fn password(password: &str) -> Result<(), ApiError> {
    if password.chars().count() < 8 {
        return Err(bad_value(
            "The parameter MasterUserPassword is not a valid password because it is shorter than 8 characters.",
        ));
    }
    if password.chars().count() > 128 {
        return Err(bad_value(
            "The parameter MasterUserPassword is not a valid password because it is longer than 128 characters.",
        ));
    }
    if !password
        .bytes()
        .all(|b| b.is_ascii_graphic() && !b"/@\"".contains(&b))
    {
        return Err(bad_value(
            "The parameter MasterUserPassword is not a valid password. Only printable ASCII characters besides \
             '/', '@', '\"', ' ' may be used.",
        ));
    }
    Ok(())
}

/// Checks the name of the first database.
pub fn database(name: &str) -> Result<(), ApiError> {
    let well_formed = (1..=63).contains(&name.len())
        && name.starts_with(|c: char| c.is_ascii_alphabetic())
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    if !well_formed {
        return Err(bad_value(
            "DBName must begin with a letter and contain only alphanumeric characters.",
        ));
    }
    let lower = name.to_ascii_lowercase();
    if [
        "template0",
        "template1",
        "rdsadmin",
        "db",
        "default",
        "database",
        "user",
    ]
    .contains(&lower.as_str())
    {
        return Err(bad_value(format!(
            "DBName {name} cannot be used. It is a reserved word for this engine"
        )));
    }
    Ok(())
}

/// Checks a port.
pub fn port(port: i64) -> Result<i64, ApiError> {
    if (1150..=65535).contains(&port) {
        Ok(port)
    } else {
        Err(bad_value(format!(
            "Invalid port: {port}. The port must be between 1150 and 65535"
        )))
    }
}

/// Checks a backup retention, in days.
pub fn retention(days: i64) -> Result<i64, ApiError> {
    if (0..=35).contains(&days) {
        Ok(days)
    } else {
        Err(bad_value(format!(
            "Invalid backup retention period: {days}. It must be between 0 and 35 days"
        )))
    }
}

/// Checks a Performance Insights retention, in days: a week, or months, or two years.
pub fn insights_retention(days: i64) -> Result<i64, ApiError> {
    if days == 7 || days == 731 || (days % 31 == 0 && (1..=23).contains(&(days / 31))) {
        Ok(days)
    } else {
        Err(bad_value(format!(
            "Invalid Performance Insights retention period {days}. Valid values are 7, 731 and month * 31, where \
             month is a number of months from 1 to 23"
        )))
    }
}

/// Checks a mode of Database Insights (aws-facts §1.10).
pub fn insights_mode(mode: &str, on: bool, retention: i64) -> Result<(), ApiError> {
    match mode {
        "standard" => Ok(()),
        "advanced" if on && retention >= 465 => Ok(()),
        "advanced" => Err(bad_combination(
            "The advanced mode of Database Insights requires Performance Insights with a retention period of at \
             least 465 days.",
        )),
        _ => Err(bad_value(format!("Invalid DatabaseInsightsMode: {mode}"))),
    }
}

/// Checks a CA's identifier.
pub fn ca(id: &str) -> Result<(), ApiError> {
    if CAS.iter().any(|(known, _)| *known == id) {
        return Ok(());
    }
    Err(ApiError::new(
        404,
        "CertificateNotFound",
        format!("Certificate not found: {id}"),
    ))
}

/// Checks a parameter group: only the default ones exist here.
pub fn parameter_group(name: &str, major: &str) -> Result<(), ApiError> {
    let family = name
        .strip_prefix("default.")
        .filter(|f| {
            catalog::MAJORS
                .iter()
                .any(|m| *f == format!("postgres{}", m.number))
        })
        .ok_or_else(|| {
            ApiError::new(
                404,
                "DBParameterGroupNotFound",
                format!("DBParameterGroup not found: {name}"),
            )
        })?;
    if family != format!("postgres{major}") {
        return Err(bad_combination(format!(
            "The parameter group {name} with DBParameterGroupFamily {family} can't be used for this instance. Use \
             a parameter group with DBParameterGroupFamily postgres{major}."
        )));
    }
    Ok(())
}

/// Checks whether an instance of a major may be without Extended Support (aws-facts §1.9).
pub fn lifecycle(value: &str, major: &str, now_iso: &str) -> Result<(), ApiError> {
    match value {
        "open-source-rds-extended-support" => Ok(()),
        "open-source-rds-extended-support-disabled" => {
            let over = catalog::MAJORS
                .iter()
                .any(|m| m.number.to_string() == major && now_iso > m.extended_from);
            if over {
                return Err(bad_combination(format!(
                    "You can't create a DB instance with postgres {major} and Extended Support disabled, because \
                     the standard support of this version has ended."
                )));
            }
            Ok(())
        }
        _ => Err(bad_value(format!(
            "Invalid EngineLifecycleSupport: {value}"
        ))),
    }
}

/// Checks storage as a whole: the type, its size, and what is provisioned. Returns IOPS and throughput as an
/// instance tells them.
pub fn storage(
    kind: &str,
    size: Option<i64>,
    iops: Option<i64>,
    throughput: Option<i64>,
) -> Result<(i64, i64), ApiError> {
    let row: &Storage = STORAGE.iter().find(|s| s.name == kind).ok_or_else(|| {
        ApiError::new(
            400,
            "StorageTypeNotSupported",
            format!("Storage type {kind} is not supported for postgres."),
        )
    })?;
    let size = size
        .filter(|size| (row.min..=row.max).contains(size))
        .ok_or_else(|| {
            let size = size.map_or("null".to_owned(), |s| s.to_string());
            bad_value(format!(
                "Invalid storage size for engine name postgres and storage type {kind}: {size}"
            ))
        })?;
    match kind {
        "gp3" if size < STRIPED => {
            if iops.is_some() || throughput.is_some() {
                return Err(bad_combination(format!(
                    "You can't specify IOPS or storage throughput for engine postgres and a storage size less than \
                     {STRIPED}."
                )));
            }
            Ok((3000, 125))
        }
        "gp3" => {
            let (iops, throughput) = (iops.unwrap_or(12000), throughput.unwrap_or(500));
            within("IOPS", iops, row.iops)?;
            within("storage throughput", throughput, row.throughput)?;
            Ok((iops, throughput))
        }
        "gp2" => {
            if iops.is_some() || throughput.is_some() {
                return Err(bad_combination(
                    "You can't specify IOPS or storage throughput with storage type gp2.",
                ));
            }
            Ok((0, 0))
        }
        _ => {
            let iops = iops.ok_or_else(|| {
                bad_combination(format!(
                    "You must specify both the storage size and iops with storage type {kind}."
                ))
            })?;
            if throughput.is_some() {
                return Err(bad_combination(format!(
                    "You can't specify storage throughput with storage type {kind}."
                )));
            }
            within("IOPS", iops, row.iops)?;
            Ok((iops, 0))
        }
    }
}

fn within(what: &str, value: i64, range: Option<(i64, i64)>) -> Result<(), ApiError> {
    match range {
        Some((least, most)) if !(least..=most).contains(&value) => Err(bad_combination(format!(
            "Invalid {what} value: {value}. It must be between {least} and {most}."
        ))),
        _ => Ok(()),
    }
}

/// Refuses parameters that would change what the instance is in ways that are not played here. A parameter with
/// its default says nothing new and passes.
pub fn refuse_unplayed(params: &Params, names: &[(&str, &str)]) -> Result<(), ApiError> {
    for (name, default) in names {
        let prefix = format!("{name}.");
        let set = params
            .get(name)
            .is_some_and(|v| !v.eq_ignore_ascii_case(default));
        if set || params.0.keys().any(|k| k.starts_with(&prefix)) {
            return Err(bad_combination(format!(
                "The sandbox has no {name}; leave it out."
            )));
        }
    }
    Ok(())
}
