//! What is around an instance: its snapshots, its kept backups, its replicas, and how many snapshots there may be.

use super::{Client, fault};
use crate::model::{Class, Fault};

/// A snapshot.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Snapshot {
    /// Its name.
    pub id: String,
    /// `manual`, `automated`.
    pub kind: String,
    /// `available`, `creating`.
    pub status: String,
    /// The storage of the instance that it is of, in GiB.
    pub gib: i32,
    /// When it was made, where it is by now.
    pub created: Option<String>,
}

/// Backups that are kept, with which any moment can be gone back to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Backup {
    /// The instance's own id, `db-…`.
    pub resource_id: String,
    /// Its ARN.
    pub arn: Option<String>,
    /// `active` with the instance, `retained` without.
    pub status: String,
    /// The storage of the instance, in GiB.
    pub gib: i32,
}

/// Tells whether a snapshot has this name.
pub async fn is_taken(rds: &Client, name: &str) -> Result<bool, Fault> {
    const OP: &str = "rds:DescribeDBSnapshots";
    let answer = rds
        .describe_db_snapshots()
        .db_snapshot_identifier(name)
        .send()
        .await
        .map_err(|e| fault(OP, false, GONE, &e));
    let found = unless_gone(answer)?.and_then(|found| found.db_snapshots);
    Ok(!found.unwrap_or_default().is_empty())
}

/// Takes what is not there for nothing.
fn unless_gone<T>(answer: Result<T, Fault>) -> Result<Option<T>, Fault> {
    match answer {
        Ok(found) => Ok(Some(found)),
        Err(f) if f.class == Class::NotFound => Ok(None),
        Err(f) => Err(f),
    }
}

const GONE: crate::aws::Rules<'static> = &[
    ("DBSnapshotNotFound", Class::NotFound),
    ("DBSnapshotNotFoundFault", Class::NotFound),
    ("DBInstanceAutomatedBackupNotFound", Class::NotFound),
    ("DBInstanceNotFound", Class::NotFound),
];

/// Lists the snapshots of an instance, which may be gone.
pub async fn snapshots(rds: &Client, identifier: &str) -> Result<Vec<Snapshot>, Fault> {
    const OP: &str = "rds:DescribeDBSnapshots";
    let mut all = Vec::new();
    let mut pages = rds
        .describe_db_snapshots()
        .db_instance_identifier(identifier)
        .into_paginator()
        .send();
    while let Some(page) = pages.next().await {
        let Some(page) = unless_gone(page.map_err(|e| fault(OP, false, GONE, &e)))? else {
            break;
        };
        for s in page.db_snapshots.unwrap_or_default() {
            all.push(Snapshot {
                id: s.db_snapshot_identifier.unwrap_or_default(),
                kind: s.snapshot_type.unwrap_or_default(),
                status: s.status.unwrap_or_default(),
                gib: s.allocated_storage.unwrap_or_default(),
                created: s.snapshot_create_time.map(|t| t.to_string()),
            });
        }
    }
    all.sort_by(|a, b| a.id.cmp(&b.id));
    Ok(all)
}

/// Lists the kept backups of an instance, which may be gone.
pub async fn backups(rds: &Client, identifier: &str) -> Result<Vec<Backup>, Fault> {
    const OP: &str = "rds:DescribeDBInstanceAutomatedBackups";
    let mut all = Vec::new();
    let mut pages = rds
        .describe_db_instance_automated_backups()
        .db_instance_identifier(identifier)
        .into_paginator()
        .send();
    while let Some(page) = pages.next().await {
        let Some(page) = unless_gone(page.map_err(|e| fault(OP, false, GONE, &e)))? else {
            break;
        };
        for b in page.db_instance_automated_backups.unwrap_or_default() {
            all.push(Backup {
                resource_id: b.dbi_resource_id.unwrap_or_default(),
                arn: b.db_instance_automated_backups_arn,
                status: b.status.unwrap_or_default(),
                gib: b.allocated_storage.unwrap_or_default(),
            });
        }
    }
    Ok(all)
}

/// Returns the names of an instance's read replicas, and whether it is one itself.
pub async fn replicas(rds: &Client, identifier: &str) -> Result<(Vec<String>, bool), Fault> {
    const OP: &str = "rds:DescribeDBInstances";
    let answer = rds
        .describe_db_instances()
        .db_instance_identifier(identifier)
        .send()
        .await
        .map_err(|e| fault(OP, false, &[], &e));
    match answer {
        Ok(found) => {
            let one = found
                .db_instances
                .unwrap_or_default()
                .into_iter()
                .find(|i| i.db_instance_identifier.as_deref() == Some(identifier));
            let is_replica = one
                .as_ref()
                .is_some_and(|i| i.read_replica_source_db_instance_identifier.is_some());
            let replicas = one.and_then(|i| i.read_replica_db_instance_identifiers);
            Ok((replicas.unwrap_or_default(), is_replica))
        }
        Err(f) if f.class == Class::NotFound => Ok((Vec::new(), false)),
        Err(f) => Err(f),
    }
}

/// Returns how many snapshots made by hand there are and may be, where AWS says so.
pub async fn snapshot_quota(rds: &Client) -> Result<Option<(i64, i64)>, Fault> {
    const OP: &str = "rds:DescribeAccountAttributes";
    let answer = rds
        .describe_account_attributes()
        .send()
        .await
        .map_err(|e| fault(OP, false, &[], &e))?;
    Ok(answer
        .account_quotas
        .unwrap_or_default()
        .into_iter()
        .find(|q| q.account_quota_name.as_deref() == Some("ManualSnapshots"))
        .and_then(|q| Some((q.used?, q.max?))))
}
