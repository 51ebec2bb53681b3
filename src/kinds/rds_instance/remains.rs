//! What is in the way of an instance's deletion, and what stays of it.

use super::api::around::{self, Backup, Snapshot};
use super::live::Live;
use super::snapshot_name;
use crate::aws::{Clients, backup_cost};
use crate::model::{Addr, Diagnostic, Remains, Remnant};
use crate::resource::{Doomed, Facts, FinalSnapshot, not_seen};

/// Looks for what the deletion would run into, or would break for others.
pub async fn in_the_way(
    clients: &Clients,
    have: &Live,
    facts: &Facts,
    doomed: &Doomed,
) -> Vec<Diagnostic> {
    if have.status == "deleting" {
        return Vec::new();
    }
    let rds = &clients.rds;
    let name = snapshot_name(have, facts);
    let taken = async {
        match &name {
            Some(name) => around::is_taken(rds, name).await,
            None => Ok(false),
        }
    };
    let quota = async {
        match &name {
            Some(_) => around::snapshot_quota(rds).await,
            None => Ok(None),
        }
    };
    let replicas = around::replicas(rds, &have.identifier);
    let (taken, quota, replicas) = futures_util::future::join3(taken, quota, replicas).await;
    let mut found = Vec::new();
    match (taken, &name) {
        (Ok(true), Some(name)) => found.push(Diagnostic::error(is_taken(name))),
        (Err(fault), _) => found.push(not_seen("whether the snapshot's name is free", &fault)),
        _ => {}
    }
    match quota {
        Ok(Some(quota)) => found.extend(full(quota, doomed.count("rds_instance"))),
        Ok(None) => {}
        Err(fault) => found.push(not_seen("the quota of snapshots", &fault)),
    }
    match replicas {
        Ok((replicas, is_replica)) => {
            found.extend(replicated(&have.identifier, &replicas, doomed));
            if is_replica && name.is_some() {
                found.push(Diagnostic::error(format!(
                    "{} is a read replica, of which AWS makes no final snapshot: give --skip-final-snapshot; its source \
                     has the data",
                    have.identifier
                )));
            }
        }
        Err(fault) => found.push(not_seen("its read replicas", &fault)),
    }
    if matches!(facts.stack.final_snapshot, FinalSnapshot::Named(_))
        && let Some(name) = &name
        && doomed.count("rds_instance") > 1
    {
        found.push(Diagnostic::error(format!(
            "{} instances are to be deleted, and only one of them can leave the snapshot {name}: leave --final-snapshot \
             out, and each gets a name of its own",
            doomed.count("rds_instance")
        )));
    }
    found
}

fn is_taken(name: &str) -> String {
    format!(
        "there is a snapshot {name} already: give --final-snapshot another name, or leave it out to have one generated; \
         `aws rds delete-db-snapshot --db-snapshot-identifier {name}` deletes the old one"
    )
}

fn full((used, most): (i64, i64), wanted: usize) -> Option<Diagnostic> {
    let wanted = i64::try_from(wanted.max(1)).unwrap_or(i64::MAX);
    (used.saturating_add(wanted) > most).then(|| {
        Diagnostic::error(format!(
            "the account has {used} of {most} snapshots made by hand in this region, and no final one fits: delete old \
             ones (`aws rds describe-db-snapshots --snapshot-type manual`), or have the quota raised in Service Quotas"
        ))
    })
}

fn replicated(identifier: &str, replicas: &[String], doomed: &Doomed) -> Vec<Diagnostic> {
    let stays = |id: &&String| !doomed.includes("rds_instance", id);
    let each = replicas.iter().filter(stays).map(|id| {
        Diagnostic::error(format!(
            "{id} is a read replica of {identifier}, and would be cut off: `aws rds promote-read-replica \
             --db-instance-identifier {id}` makes it stand on its own, `aws rds delete-db-instance` deletes it"
        ))
    });
    each.collect()
}

/// Looks for what stays: snapshots and kept backups.
pub async fn remains(clients: &Clients, identifier: &str, facts: &Facts) -> Remains {
    let rds = &clients.rds;
    let region = &facts.stack.region;
    let (snapshots, backups) = futures_util::future::join(
        around::snapshots(rds, identifier),
        around::backups(rds, identifier),
    )
    .await;
    let mut remains = Remains::default();
    let addr = &facts.addr;
    remains.note(
        addr,
        "snapshots",
        snapshots.map(|all| all.iter().map(|s| snapshot(addr, s, region)).collect()),
    );
    let kept = |b: &&Backup| b.status != "active";
    remains.note(
        addr,
        "automated backups",
        backups.map(|all| {
            let kept = all.iter().filter(kept);
            kept.map(|b| backup(addr, b, region)).collect()
        }),
    );
    remains
}

fn snapshot(addr: &Addr, s: &Snapshot, region: &str) -> Remnant {
    let made = match &s.created {
        Some(at) if s.status == "available" => format!("made {at}"),
        _ => s.status.clone(),
    };
    let by_hand = s.kind != "automated";
    Remnant {
        addr: addr.to_string(),
        what: if by_hand {
            "snapshot"
        } else {
            "automated snapshot"
        }
        .to_owned(),
        id: s.id.clone(),
        about: format!("of {} GiB, {made}", s.gib),
        passes: (!by_hand).then(|| "AWS deletes it with the instance".to_owned()),
        cost: Some(backup_cost(region, s.gib)),
        remove: by_hand.then(|| {
            format!(
                "aws rds delete-db-snapshot --region {region} --db-snapshot-identifier {}",
                s.id
            )
        }),
    }
}

fn backup(addr: &Addr, b: &Backup, region: &str) -> Remnant {
    Remnant {
        addr: addr.to_string(),
        what: "automated backups".to_owned(),
        id: b.resource_id.clone(),
        about: format!("of {} GiB, {}", b.gib, b.status),
        passes: Some("they go when their retention period is over".to_owned()),
        cost: Some(backup_cost(region, b.gib)),
        remove: Some(format!(
            "aws rds delete-db-instance-automated-backup --region {region} --dbi-resource-id {}",
            b.resource_id
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::{BTreeMap, BTreeSet};

    fn doomed(ids: &[&str]) -> Doomed {
        let each = ids.iter().enumerate().map(|(n, id)| {
            let addr = Addr::new("rds_instance", format!("n{n}"));
            (addr, BTreeSet::from([(*id).to_owned()]))
        });
        Doomed(each.collect::<BTreeMap<_, _>>())
    }

    #[test]
    fn a_quota_counts_every_snapshot_that_is_to_be_made() {
        for (quota, wanted, fits) in [
            ((99, 100), 1, true),
            ((100, 100), 1, false),
            ((98, 100), 3, false),
            ((0, 0), 0, false),
            ((i64::MAX, i64::MAX), 1, true),
        ] {
            assert_eq!(full(quota, wanted).is_none(), fits, "{quota:?} {wanted}");
        }
    }

    #[test]
    fn a_replica_that_goes_as_well_is_not_in_the_way() {
        let replicas = ["copy".to_owned(), "other".to_owned()];
        let found = replicated("main", &replicas, &doomed(&["main", "copy"]));
        assert_eq!(found.len(), 1);
        assert!(
            found[0]
                .summary
                .starts_with("other is a read replica of main")
        );
        assert!(found[0].summary.contains("promote-read-replica"));
    }

    #[test]
    fn what_stays_says_what_it_costs_and_how_to_delete_it() {
        let addr = Addr::new("rds_instance", "main");
        let mut of = Snapshot {
            id: "main-final-1".to_owned(),
            kind: "manual".to_owned(),
            status: "creating".to_owned(),
            gib: 20,
            created: None,
        };
        let left = snapshot(&addr, &of, "us-west-2");
        assert_eq!(left.about, "of 20 GiB, creating");
        assert_eq!(left.cost.unwrap().usd_a_month, Some(1.9));
        assert_eq!(
            left.remove.as_deref(),
            Some(
                "aws rds delete-db-snapshot --region us-west-2 --db-snapshot-identifier main-final-1"
            )
        );
        // AWS refuses to delete these by hand
        of.kind = "automated".to_owned();
        let left = snapshot(&addr, &of, "us-west-2");
        assert_eq!((left.remove, left.passes.is_some()), (None, true));
    }
}
