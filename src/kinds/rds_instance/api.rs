//! The calls to RDS.

pub mod around;
mod convert;

use super::advice::{NOT_OFFERED, about_change, about_create, about_start};
use super::change::Modification;
use super::desired::Desired;
use super::live::Live;
use super::version;
use crate::aws::{self, ADDR_TAG, OnlyOnce, STACK_TAG, fault};
use crate::model::{Class, Fault};
use crate::resource::Found;
use aws_sdk_rds::Client;
use aws_sdk_rds::config::Builder;
use aws_sdk_rds::types::Tag;
use convert::{int, lifecycle, live};
use std::collections::BTreeMap;

/// Looks at an instance.
pub async fn read(rds: &Client, identifier: &str) -> Result<Option<Live>, Fault> {
    const OP: &str = "rds:DescribeDBInstances";
    let answer = rds
        .describe_db_instances()
        .db_instance_identifier(identifier)
        .send()
        .await
        .map_err(|e| fault(OP, false, &[], &e));
    match answer {
        // an empty list is what AWS answers at times just after a delete (aws-facts §1.3)
        Ok(found) => Ok(found
            .db_instances
            .unwrap_or_default()
            .into_iter()
            .map(live)
            .find(|i| i.identifier == identifier)),
        Err(f) if f.class == Class::NotFound => Ok(None),
        Err(f) => Err(f),
    }
}

/// Finds the instances that carry the stack's tag. RDS cannot filter by tag (aws-facts §6.4).
pub async fn find_owned(rds: &Client, stack: &str) -> Result<Vec<Found<Live>>, Fault> {
    const OP: &str = "rds:DescribeDBInstances";
    let mut found = Vec::new();
    let mut pages = rds.describe_db_instances().into_paginator().send();
    while let Some(page) = pages.next().await {
        let page = page.map_err(|e| fault(OP, false, &[], &e))?;
        for instance in page.db_instances.unwrap_or_default() {
            let live = live(instance);
            if live.tags.get(STACK_TAG).is_some_and(|s| s == stack)
                && live.status != "deleting"
                && let Some(addr) = live.tags.get(ADDR_TAG)
            {
                found.push(Found {
                    addr: addr.clone(),
                    id: live.identifier.clone(),
                    live,
                });
            }
        }
    }
    Ok(found)
}

/// Lists the versions that can be created.
async fn offered(rds: &Client, engine: &str) -> Result<Vec<String>, Fault> {
    const OP: &str = "rds:DescribeDBEngineVersions";
    let mut all = Vec::new();
    let mut pages = rds
        .describe_db_engine_versions()
        .engine(engine)
        .into_paginator()
        .send();
    while let Some(page) = pages.next().await {
        let page = page.map_err(|e| fault(OP, false, &[], &e))?;
        all.extend(
            page.db_engine_versions
                .unwrap_or_default()
                .into_iter()
                .filter_map(|v| v.engine_version),
        );
    }
    Ok(all)
}

/// Lists the versions that an instance can be upgraded to.
async fn targets(rds: &Client, have: &Live) -> Result<Vec<String>, Fault> {
    const OP: &str = "rds:DescribeDBEngineVersions";
    let answer = rds
        .describe_db_engine_versions()
        .engine(&have.engine)
        .engine_version(&have.engine_version)
        // what runs may be too old to be created, and still has targets
        .include_all(true)
        .send()
        .await
        .map_err(|e| fault(OP, false, &[], &e))?;
    Ok(answer
        .db_engine_versions
        .unwrap_or_default()
        .into_iter()
        .filter(|v| v.engine_version.as_deref() == Some(have.engine_version.as_str()))
        .flat_map(|v| v.valid_upgrade_target.unwrap_or_default())
        .filter_map(|t| t.engine_version)
        .collect())
}

fn no_version(op: &str, what: String, choices: &[String]) -> Fault {
    let fault = Fault::new(op, Class::Invalid, what);
    if choices.is_empty() {
        fault.help("`aws rds describe-db-engine-versions --engine postgres` lists what is offered")
    } else {
        fault.help(format!("nearest: {}", choices.join(", ")))
    }
}

fn sdk_tags(tags: &BTreeMap<String, String>) -> Vec<Tag> {
    tags.iter()
        .map(|(k, v)| Tag::builder().key(k).value(v).build())
        .collect()
}

/// Makes an instance.
pub async fn create(rds: &Client, want: &Desired) -> Result<(), Fault> {
    const OP: &str = "rds:CreateDBInstance";
    let version = match want.engine_version {
        None => None,
        Some(v) if v.minor.is_none() => Some(v.to_string()),
        // a minor is a lower bound, and old ones cannot be created any more (aws-facts §1.9)
        Some(v) => Some(
            version::creatable(v, &offered(rds, want.engine).await?).map_err(|choices| {
                no_version(
                    OP,
                    format!("{} {v} is not offered any more", want.engine),
                    &choices,
                )
            })?,
        ),
    };
    // below 400 GiB gp3 takes neither, whatever the API's text says (aws-facts §1.6)
    let performance = want.allocated_storage >= 400
        || !matches!(want.storage_type.as_deref(), None | Some("gp3"));
    let answer = rds
        .create_db_instance()
        .db_instance_identifier(&want.identifier)
        .engine(want.engine)
        .set_engine_version(version)
        .db_instance_class(&want.instance_class)
        .allocated_storage(int(want.allocated_storage))
        .set_storage_type(want.storage_type.clone())
        .set_iops(want.iops.filter(|_| performance).map(int))
        .set_storage_throughput(want.storage_throughput.filter(|_| performance).map(int))
        .set_storage_encrypted(want.storage_encrypted)
        .set_kms_key_id(want.kms_key_id.clone())
        .set_availability_zone(want.availability_zone.clone())
        .set_multi_az(want.multi_az)
        .set_publicly_accessible(want.publicly_accessible)
        .set_port(want.port.map(int))
        .set_db_name(want.database_name.clone())
        .master_username(&want.master_username)
        .master_user_password(want.master_password.expose())
        .set_backup_retention_period(want.backup_retention_period.map(int))
        .set_enable_performance_insights(want.insights_enabled)
        .set_performance_insights_retention_period(want.insights_retention.map(int))
        .set_deletion_protection(want.deletion_protection)
        .set_db_subnet_group_name(want.db_subnet_group.clone())
        .set_vpc_security_group_ids(want.security_groups.clone())
        .set_db_parameter_group_name(want.parameter_group.clone())
        .set_ca_certificate_identifier(want.ca_certificate.clone())
        .set_auto_minor_version_upgrade(want.auto_minor_version_upgrade)
        .set_copy_tags_to_snapshot(want.copy_tags_to_snapshot)
        .set_preferred_maintenance_window(want.maintenance_window.clone())
        .set_preferred_backup_window(want.backup_window.clone())
        .engine_lifecycle_support(lifecycle(want.extended_support))
        .set_tags(Some(sdk_tags(&want.tags_at_birth())))
        .customize()
        .config_override(Builder::new().retry_classifier(OnlyOnce))
        .send()
        .await;
    let Err(error) = answer else { return Ok(()) };
    let fault = about_create(fault(OP, true, &[], &error), want);
    if let Some(v) = want.engine_version
        && fault
            .code
            .as_deref()
            .is_some_and(|c| NOT_OFFERED.contains(&c))
        && let Ok(offered) = offered(rds, want.engine).await
        && let Err(choices) = version::creatable(v, &offered)
    {
        return Err(fault.help(format!(
            "{} {v} is not offered; nearest: {}",
            want.engine,
            choices.join(", ")
        )));
    }
    Err(fault)
}

/// Changes an instance.
pub async fn modify(rds: &Client, have: &Live, m: Modification) -> Result<(), Fault> {
    const OP: &str = "rds:ModifyDBInstance";
    let version = match m.engine_version {
        None => None,
        Some(v) => Some(
            version::upgrade(v, &targets(rds, have).await?).map_err(|choices| {
                no_version(
                    OP,
                    format!(
                        "{} {} cannot be upgraded to {v}",
                        have.engine, have.engine_version
                    ),
                    &choices,
                )
            })?,
        ),
    };
    let kind = m.storage_type.as_ref().or(have.storage_type.as_ref());
    let performance = m.allocated_storage.is_none_or(|size| size >= 400)
        || kind.is_some_and(|kind| kind != "gp3");
    let (class, retention) = (m.instance_class.clone(), m.backup_retention_period);
    rds.modify_db_instance()
        .db_instance_identifier(&have.identifier)
        .set_db_instance_class(m.instance_class)
        .set_engine_version(version)
        .allow_major_version_upgrade(m.allow_major_version_upgrade)
        .set_allocated_storage(m.allocated_storage.map(int))
        .set_storage_type(m.storage_type.clone())
        .set_iops(m.iops.filter(|_| performance).map(int))
        .set_storage_throughput(m.storage_throughput.filter(|_| performance).map(int))
        .set_multi_az(m.multi_az)
        .set_backup_retention_period(m.backup_retention_period.map(int))
        .set_ca_certificate_identifier(m.ca_certificate)
        .set_db_port_number(m.port.map(int))
        .set_publicly_accessible(m.publicly_accessible)
        .set_enable_performance_insights(m.insights_enabled)
        .set_performance_insights_retention_period(m.insights_retention.map(int))
        .set_deletion_protection(m.deletion_protection)
        .set_vpc_security_group_ids(m.security_groups)
        .set_db_parameter_group_name(m.parameter_group)
        .set_auto_minor_version_upgrade(m.auto_minor_version_upgrade)
        .set_copy_tags_to_snapshot(m.copy_tags_to_snapshot)
        .set_preferred_maintenance_window(m.maintenance_window)
        .set_preferred_backup_window(m.backup_window)
        .set_engine_lifecycle_support(m.extended_support.map(|on| lifecycle(on).to_owned()))
        .set_master_user_password(m.master_password.map(|p| p.expose().to_owned()))
        .apply_immediately(m.immediately)
        .send()
        .await
        .map(drop)
        .map_err(|e| about_change(fault(OP, true, &[], &e), have, class.as_deref(), retention))
}

/// Sets tags.
pub async fn tag(rds: &Client, have: &Live, tags: &BTreeMap<String, String>) -> Result<(), Fault> {
    const OP: &str = "rds:AddTagsToResource";
    let Some(arn) = &have.arn else {
        return Err(aws::unexpected(
            "rds:DescribeDBInstances",
            "the instance's ARN",
        ));
    };
    rds.add_tags_to_resource()
        .resource_name(arn)
        .set_tags(Some(sdk_tags(tags)))
        .send()
        .await
        .map(drop)
        .map_err(|e| fault(OP, true, &[], &e))
}

/// Removes a tag; one that is not there is fine.
pub async fn untag(rds: &Client, have: &Live, key: &str) -> Result<(), Fault> {
    const OP: &str = "rds:RemoveTagsFromResource";
    let Some(arn) = &have.arn else {
        return Err(aws::unexpected(
            "rds:DescribeDBInstances",
            "the instance's ARN",
        ));
    };
    rds.remove_tags_from_resource()
        .resource_name(arn)
        .tag_keys(key)
        .send()
        .await
        .map(drop)
        .map_err(|e| fault(OP, true, &[], &e))
}

/// Deletes an instance, with a final snapshot of this name or with none.
pub async fn delete(rds: &Client, identifier: &str, snapshot: Option<String>) -> Result<(), Fault> {
    const OP: &str = "rds:DeleteDBInstance";
    // exactly one of the two is given (aws-facts §1.5)
    let answer = rds
        .delete_db_instance()
        .db_instance_identifier(identifier)
        .skip_final_snapshot(snapshot.is_none())
        .set_final_db_snapshot_identifier(snapshot)
        .send()
        .await
        .map_err(|e| fault(OP, true, &[], &e));
    match answer {
        Ok(_) => Ok(()),
        Err(f) if f.class == Class::NotFound => Ok(()),
        Err(f) => Err(f),
    }
}

/// Stops an instance.
pub async fn stop(rds: &Client, identifier: &str) -> Result<(), Fault> {
    const OP: &str = "rds:StopDBInstance";
    rds.stop_db_instance()
        .db_instance_identifier(identifier)
        .send()
        .await
        .map(drop)
        .map_err(|e| fault(OP, true, &[], &e))
}

/// Starts an instance.
pub async fn start(rds: &Client, have: &Live) -> Result<(), Fault> {
    const OP: &str = "rds:StartDBInstance";
    rds.start_db_instance()
        .db_instance_identifier(&have.identifier)
        .send()
        .await
        .map(drop)
        .map_err(|e| about_start(fault(OP, true, &[], &e), have))
}
