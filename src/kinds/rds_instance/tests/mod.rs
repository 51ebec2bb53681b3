mod checks;
mod fields;
mod pending;
mod versions;

use super::*;
use crate::model::{Addr, Effect, Force, Output, Secret, Shown};
use crate::resource::StackFacts;
use serde_json::json;
use std::sync::Arc;

const EXAMPLE: &str = include_str!("../example.yaml");

fn facts() -> Facts {
    Facts {
        addr: Addr::new("rds_instance", "main"),
        stack: Arc::new(StackFacts {
            stack: "cruddur".into(),
            account: "123456789012".into(),
            region: "us-west-2".into(),
            partition: "aws".into(),
            owner: "me".into(),
            workspace: "here".into(),
            current_ip: None,
            env: [("CRUDDUR_DB_PASSWORD".into(), Secret::new("p#ss%w:rd"))].into(),
            assets: BTreeMap::new(),
            final_snapshot: FinalSnapshot::Skip,
            ..StackFacts::default()
        }),
        outputs: Arc::default(),
    }
}

fn with_snapshot(snapshot: FinalSnapshot) -> Facts {
    let f = facts();
    let mut stack = (*f.stack).clone();
    stack.final_snapshot = snapshot;
    Facts {
        stack: Arc::new(stack),
        ..f
    }
}

fn spec(text: &str) -> Spec {
    crate::yaml::read(&crate::yaml::parse(text).unwrap()).unwrap()
}

/// The example with lines replaced: `("port: 5432", "port: 5433")`.
fn changed(changes: &[(&str, &str)]) -> Spec {
    let mut text = EXAMPLE.to_owned();
    for (old, new) in changes {
        assert!(text.contains(old), "{old}");
        text = text.replace(old, new);
    }
    spec(&text)
}

fn want(changes: &[(&str, &str)]) -> Desired {
    RdsInstance::desired(&changed(changes), &facts()).unwrap()
}

/// What AWS tells once the example has been applied.
fn have() -> Live {
    Live {
        identifier: "cruddur-db-instance".into(),
        arn: Some("arn:aws:rds:us-west-2:123456789012:db:cruddur-db-instance".into()),
        resource_id: Some("db-ABC".into()),
        status: "available".into(),
        engine: "postgres".into(),
        engine_version: "17.6".into(),
        instance_class: "db.t3.micro".into(),
        allocated_storage: 20,
        storage_type: Some("gp3".into()),
        iops: Some(3000),
        storage_throughput: Some(125),
        storage_encrypted: true,
        kms_key_id: Some("arn:aws:kms:us-west-2:123456789012:key/abc".into()),
        availability_zone: Some("us-west-2a".into()),
        publicly_accessible: true,
        address: Some("cruddur-db-instance.x.us-west-2.rds.amazonaws.com".into()),
        port: Some(5432),
        database_name: Some("cruddur".into()),
        master_username: "cruddurroot".into(),
        backup_retention_period: 1,
        insights_enabled: true,
        insights_retention: Some(7),
        db_subnet_group: Some("default".into()),
        vpc_id: Some("vpc-1".into()),
        subnets: [
            ("subnet-3", "c"),
            ("subnet-1", "b"),
            ("subnet-2", "a"),
            ("subnet-4", "d"),
        ]
        .map(|(id, zone)| Subnet {
            id: id.into(),
            zone: format!("us-west-2{zone}"),
        })
        .into(),
        security_groups: vec![("sg-0123456789abcdef0".into(), "active".into())],
        parameter_group: Some(("default.postgres17".into(), "in-sync".into())),
        ca_certificate: Some("rds-ca-rsa2048-g1".into()),
        auto_minor_version_upgrade: true,
        copy_tags_to_snapshot: true,
        maintenance_window: Some("sun:05:00-sun:05:30".into()),
        backup_window: Some("03:00-03:30".into()),
        extended_support: Some(false),
        tags: want(&[]).tags_at_birth(),
        ..Live::default()
    }
}

fn diff_of(changes: &[(&str, &str)], alter: impl FnOnce(&mut Live)) -> Diff {
    let mut live = have();
    alter(&mut live);
    RdsInstance::diff(&want(changes), &live)
}

#[test]
fn the_example_is_right_and_settles_to_nothing() {
    let found = RdsInstance::check(&changed(&[]), &facts(), &Claims::new());
    assert!(found.is_empty(), "{found:?}");
    assert_eq!(diff_of(&[], |_| ()).paths(), Vec::<&str>::new());
    assert_eq!(
        want(&[("r: cruddur-db", "r: Cruddur-DB")]).identifier,
        "cruddur-db-instance"
    );
}

#[test]
fn what_is_left_out_is_not_managed() {
    let short = spec(
        "identifier: a\ninstance_class: db.t3.micro\nallocated_storage: 20\nmaster_username: cruddurroot\n\
         master_password: ${env.CRUDDUR_DB_PASSWORD}",
    );
    let want = RdsInstance::desired(&short, &facts()).unwrap();
    let mut live = have();
    assert!(RdsInstance::diff(&want, &live).is_empty());
    live.extended_support = Some(true);
    assert_eq!(
        RdsInstance::diff(&want, &live).paths(),
        ["extended_support"]
    );
}

#[test]
fn rounded_or_self_grown_storage_is_no_drift() {
    assert!(
        diff_of(&[("storage: 20", "storage: 21")], |l| l.allocated_storage =
            22)
        .is_empty()
    );
    assert!(
        diff_of(&[], |l| {
            l.allocated_storage = 60;
            l.max_allocated_storage = Some(100);
        })
        .is_empty()
    );
}

#[test]
fn outputs_are_what_others_need() {
    let out = RdsInstance::outputs(&changed(&[]), &facts(), &have());
    for decl in RdsInstance::OUTPUTS {
        let value = out
            .get(decl.name)
            .unwrap_or_else(|| panic!("{}", decl.name));
        assert_eq!(
            matches!(value, Output::Secret(_)),
            decl.secret,
            "{}",
            decl.name
        );
    }
    assert_eq!(out.len(), RdsInstance::OUTPUTS.len());
    assert_eq!(
        out["connection_url"],
        Output::Secret(Secret::new(
            "postgresql://cruddurroot:p%23ss%25w%3Ard@cruddur-db-instance.x.us-west-2.rds.amazonaws.com:5432/cruddur\
             ?sslmode=verify-full"
        ))
    );
    assert_eq!(
        out["function_subnet_ids"],
        json!(["subnet-2", "subnet-1", "subnet-3"]).into()
    );
    assert_eq!(
        out["subnet_ids"],
        json!(["subnet-1", "subnet-2", "subnet-3", "subnet-4"]).into()
    );
    // a change of the port is in the outputs before it is made, so that others are planned with it
    let soon = RdsInstance::outputs(&changed(&[("port: 5432", "port: 5433")]), &facts(), &have());
    assert_eq!(soon["port"], 5433.into());
    let early = Live {
        address: None,
        port: None,
        ..have()
    };
    let out = RdsInstance::outputs(&changed(&[]), &facts(), &early);
    for absent in ["endpoint", "port", "connection_url"] {
        assert!(!out.contains_key(absent));
    }
}

#[test]
fn nothing_is_deleted_that_is_protected_or_cannot_be_kept() {
    let named = with_snapshot(FinalSnapshot::Generated("20261123".into()));
    assert_eq!(RdsInstance::guard(&have(), &named), None);
    assert_eq!(
        snapshot_name(&have(), &named).as_deref(),
        Some("cruddur-db-instance-final-20261123")
    );
    let protected = Live {
        deletion_protection: true,
        ..have()
    };
    assert!(
        RdsInstance::guard(&protected, &facts())
            .unwrap()
            .contains("deletion_protection: false")
    );
    for status in [
        "creating",
        "failed",
        "incompatible-restore",
        "incompatible-network",
    ] {
        let live = Live {
            status: status.into(),
            ..have()
        };
        assert!(RdsInstance::guard(&live, &named).unwrap().contains(status));
        assert_eq!(RdsInstance::guard(&live, &facts()), None);
    }
    let bad = with_snapshot(FinalSnapshot::Named("-no-".into()));
    assert!(RdsInstance::guard(&have(), &bad).is_some());
}

#[test]
fn status_tells_what_people_ask_for() {
    let mut live = Live {
        status: "stopped".into(),
        restarts_at: Some("2026-11-30T04:00:00Z".into()),
        ..have()
    };
    live.pending.master_password = true;
    let details = RdsInstance::details(&live);
    assert_eq!(
        details["automatic_restart"],
        "AWS starts it again at 2026-11-30T04:00:00Z"
    );
    assert_eq!(details["pending.master_password"], "a new one");
    assert!(details["endpoint"].ends_with(":5432"));
    assert_eq!(RdsInstance::warnings(&want(&[]), Some(&live)).len(), 1);
    let mut tags = have().tags;
    assert_eq!(RdsInstance::owner(&have(), "cruddur"), Owner::Ours);
    assert_eq!(
        RdsInstance::owner(&have(), "other"),
        Owner::Other("cruddur".into())
    );
    tags.clear();
    assert_eq!(
        RdsInstance::owner(&Live { tags, ..have() }, "cruddur"),
        Owner::Nobody
    );
}
