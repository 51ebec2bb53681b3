//! Keys, and the master password where RDS manages it (aws-facts §1.13).

use super::life::SETTLING;
use super::model::{Instance, Secret};
use super::{bad_combination, check, server_error};
use crate::sandbox::postgres;
use crate::sandbox::timing::{Moment, Timing};
use crate::sandbox::wire::{ApiError, Params};
use crate::sandbox::world::{ACCOUNT, World};
use secrecy::SecretString;

impl Secret {
    /// A new secret, as RDS names it.
    pub fn new(world: &mut World, active_at: Moment) -> Self {
        let region = world.region.clone();
        Secret {
            arn: format!(
                "arn:aws:secretsmanager:{region}:{ACCOUNT}:secret:rds!db-{}",
                world.id("")
            ),
            kms_key: default_key(&region),
            active_at,
            until_then: "creating".to_owned(),
        }
    }
}

/// Returns the key that Performance Insights uses; empty while it is off.
pub fn insights_key(params: &Params, on: bool, region: &str) -> String {
    if !on {
        return String::new();
    }
    let given = params.get("PerformanceInsightsKMSKeyId");
    given.map_or_else(|| default_key(region), str::to_owned)
}

/// Chooses the key of the storage.
pub fn kms_key(params: &Params, encrypted: bool, region: &str) -> Result<Option<String>, ApiError> {
    match params.get("KmsKeyId") {
        None => Ok(encrypted.then(|| default_key(region))),
        Some(_) if !encrypted => Err(bad_combination(
            "You can't specify KmsKeyId for an instance whose storage is not encrypted.",
        )),
        Some(arn) if arn.starts_with("arn:aws:kms:") => Ok(Some(arn.to_owned())),
        Some("alias/aws/rds") => Ok(Some(default_key(region))),
        Some(other) => Err(ApiError::new(
            400,
            "KMSKeyNotAccessibleFault",
            format!(
                "The specified KMS key [{other}] does not exist, is not enabled or you do not have permissions to \
                 access it."
            ),
        )),
    }
}

/// Returns the account's default key of RDS.
pub fn default_key(region: &str) -> String {
    format!("arn:aws:kms:{region}:{ACCOUNT}:key/5b1f0c57-6c0e-4b7e-9d5c-2f6a1e0d4c3b")
}

/// Finds out which password the server gets, if another: one that is given, or a made-up one where RDS is to
/// manage it (aws-facts §1.13).
pub fn password(
    params: &Params,
    instance: &mut Instance,
    secret: Secret,
    timing: &Timing,
) -> Result<Option<SecretString>, ApiError> {
    let given = params.get("MasterUserPassword");
    given.map_or(Ok(()), check::password)?;
    let made_up = || {
        postgres::random_password()
            .map_err(|e| server_error(&e))
            .map(Some)
    };
    let rotate = params.flag("RotateMasterUserPassword") == Some(true);
    match (params.flag("ManageMasterUserPassword"), given) {
        (Some(true), Some(_)) => Err(bad_combination(
            "You can't specify MasterUserPassword when ManageMasterUserPassword is enabled.",
        )),
        (Some(true), None) if instance.secret.is_none() => {
            instance.secret = Some(secret);
            made_up()
        }
        (Some(false), None) if instance.secret.is_some() => Err(bad_combination(
            "You must specify MasterUserPassword when you turn ManageMasterUserPassword off.",
        )),
        (Some(false), given) => {
            instance.secret = None;
            Ok(given.map(SecretString::from))
        }
        (None, Some(_)) if instance.secret.is_some() => Err(bad_combination(
            "You can't specify MasterUserPassword for an instance with ManageMasterUserPassword enabled.",
        )),
        (_, None) if rotate => {
            let Some(held) = instance.secret.as_mut() else {
                return Err(bad_combination(
                    "You can't rotate the master user password: RDS does not manage it.",
                ));
            };
            if params.flag("ApplyImmediately") != Some(true) {
                return Err(bad_combination(
                    "You must specify ApplyImmediately when rotating the master user password.",
                ));
            }
            held.active_at = timing.after(SETTLING);
            held.until_then = "rotating".to_owned();
            made_up()
        }
        (_, given) => Ok(given.map(SecretString::from)),
    }
}
