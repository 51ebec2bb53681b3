//! What only a new instance can have (aws-facts §1.1). It is refused, because the old one holds data.

use super::desired::Desired;
use super::live::Live;
use crate::model::{Diff, Force};
use serde_json::{Value, json};

/// What only a new instance can have.
pub fn immutable(d: &mut Diff, want: &Desired, have: &Live) {
    let mut refuse = |path: &str, before: Value, after: Value, why: &str| {
        d.note(path, before, after, Force::Refuse).why(why);
    };
    if have.engine != want.engine {
        refuse(
            "engine",
            json!(have.engine),
            json!(want.engine),
            "the engine cannot be changed: a new instance would be made and the data of this one deleted",
        );
    }
    if have.master_username != want.master_username {
        refuse(
            "master_username",
            json!(have.master_username),
            json!(want.master_username),
            "the master user cannot be renamed: a new instance would be made and the data of this one deleted",
        );
    }
    if let Some(name) = &want.database_name
        && have.database_name.as_ref() != Some(name)
    {
        refuse(
            "database_name",
            json!(have.database_name),
            json!(name),
            "the first database is named only when the instance is made: create another one with SQL, or a new \
             instance would be made and the data of this one deleted",
        );
    }
    if let Some(encrypted) = want.storage_encrypted
        && have.storage_encrypted != encrypted
    {
        refuse(
            "storage_encrypted",
            json!(have.storage_encrypted),
            json!(encrypted),
            "encryption is settled when the instance is made: to keep the data, copy a snapshot with the other \
             setting and restore it",
        );
    }
    if let Some(key) = &want.kms_key_id
        && !same_key(key, have.kms_key_id.as_deref())
    {
        refuse(
            "kms_key_id",
            json!(have.kms_key_id),
            json!(key),
            "the key is settled when the instance is made: to keep the data, copy a snapshot under the other key and \
             restore it",
        );
    }
    if let Some(zone) = &want.availability_zone
        && !have.multi_az // which of its two zones is in charge is AWS's affair
        && have.availability_zone.as_ref().is_some_and(|there| there != zone)
    // one being created may have none yet
    {
        refuse(
            "availability_zone",
            json!(have.availability_zone),
            json!(zone),
            "an instance does not move to another zone: to keep the data, restore a snapshot there",
        );
    }
    if let Some(group) = &want.db_subnet_group
        && !have
            .db_subnet_group
            .as_ref()
            .is_some_and(|g| g.eq_ignore_ascii_case(group))
    {
        // in place it would change the outputs that others live by
        refuse(
            "db_subnet_group",
            json!(have.db_subnet_group),
            json!(group),
            "another subnet group means another VPC, and all that refers to this instance's network would have to \
             move with it: AWS can move the instance in place (`aws rds modify-db-instance \
             --db-subnet-group-name`), after which a new plan brings the rest along",
        );
    }
}

/// A key may be written as id or ARN; an alias cannot be compared, AWS answers with the key behind it.
fn same_key(want: &str, have: Option<&str>) -> bool {
    want.contains("alias/")
        || have.is_some_and(|have| {
            have == want
                || have.rsplit('/').next() == Some(want)
                || want.rsplit('/').next() == Some(have)
        })
}
