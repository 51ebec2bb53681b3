//! Advice with what is known of the instance.

use super::super::spec::Spec;
use super::*;
use crate::model::Class;
use crate::resource::{Facts, StackFacts};
use serde_json::json;
use std::sync::Arc;

fn fault(op: &str, code: &str) -> Fault {
    let mut fault = Fault::new(op, Class::Invalid, "AWS's own words").help("what the table says");
    fault.code = Some(code.to_owned());
    fault
}

fn want(changes: serde_json::Value) -> Desired {
    let mut spec = json!({
        "identifier": "cruddur-db-instance",
        "instance_class": "db.t3.micro",
        "allocated_storage": 20,
        "master_username": "cruddurroot",
        "master_password": "${env.PASSWORD}",
    });
    for (name, value) in changes.as_object().unwrap() {
        spec[name] = value.clone();
    }
    let node = crate::yaml::parse(&spec.to_string()).unwrap();
    let spec: Spec = crate::yaml::read(&node).unwrap();
    let facts = Facts {
        addr: "rds_instance.main".parse().unwrap(),
        stack: Arc::new(StackFacts {
            env: [(
                "PASSWORD".to_owned(),
                crate::model::Secret::new("long enough"),
            )]
            .into(),
            ..StackFacts::default()
        }),
        outputs: Arc::default(),
    };
    super::super::desired::desired(&spec, &facts).unwrap()
}

fn have() -> Live {
    Live {
        identifier: "cruddur-db-instance".to_owned(),
        instance_class: "db.t3.micro".to_owned(),
        availability_zone: Some("us-west-2a".to_owned()),
        backup_retention_period: 1,
        db_subnet_group: Some("default".to_owned()),
        status: "stopped".to_owned(),
        ..Live::default()
    }
}

fn help(fault: Fault) -> String {
    fault.help.unwrap()
}

#[test]
fn a_class_that_is_sold_out_names_class_zone_and_what_else_there_is() {
    let op = "rds:CreateDBInstance";
    let named = help(about_create(
        fault(op, CAPACITY),
        &want(json!({"availability_zone": "us-west-2a"})),
    ));
    assert!(named.contains("class db.t3.micro in us-west-2a"), "{named}");
    assert!(named.contains("leave availability_zone out"), "{named}");
    assert!(named.contains("as db.t4g.micro"), "{named}");
    let anywhere = help(about_create(fault(op, CAPACITY), &want(json!({}))));
    assert!(
        anywhere.contains("in any zone of its subnets"),
        "{anywhere}"
    );
    assert!(
        !anywhere.contains("leave availability_zone out"),
        "{anywhere}"
    );
    let change = help(about_change(
        fault("rds:ModifyDBInstance", CAPACITY),
        &have(),
        Some("db.m7g.large"),
        None,
    ));
    assert!(
        change.contains("class db.m7g.large in us-west-2a"),
        "{change}"
    );
    assert!(change.contains("stays a db.t3.micro"), "{change}");
}

#[test]
fn the_free_plan_names_what_it_does_not_allow() {
    let code = "FreeTierRestrictionError";
    let op = "rds:CreateDBInstance";
    let days = help(about_create(
        fault(op, code),
        &want(json!({"backup_retention_period": 7})),
    ));
    assert!(
        days.contains("backup_retention_period is 7, and it allows at most 1"),
        "{days}"
    );
    assert!(!days.contains("instance_class is"), "{days}");
    let class = help(about_create(
        fault(op, code),
        &want(json!({"instance_class": "db.t3.large", "backup_retention_period": 1})),
    ));
    assert!(class.contains("instance_class is db.t3.large"), "{class}");
    assert!(!class.contains("backup_retention_period is"), "{class}");
    let neither = help(about_create(fault(op, code), &want(json!({}))));
    assert!(
        neither.contains("AWS's message says what else"),
        "{neither}"
    );
    let change = about_change(fault("rds:ModifyDBInstance", code), &have(), None, Some(3));
    assert!(help(change).contains("backup_retention_period is 3"));
}

#[test]
fn a_stopped_instance_that_cannot_start_is_told_its_way_out() {
    let op = "rds:StartDBInstance";
    let text = help(about_start(fault(op, CAPACITY), &have()));
    for part in [
        "class db.t3.micro for the stopped instance in us-west-2a",
        "The way out is its newest snapshot",
        "aws rds describe-db-snapshots --db-instance-identifier cruddur-db-instance ",
        "aws rds restore-db-instance-from-db-snapshot --db-snapshot-identifier SNAPSHOT",
        "--db-instance-identifier cruddur-db-instance-2 --db-instance-class db.t4g.micro",
        "--db-subnet-group-name default",
        "--adopt",
    ] {
        assert!(text.contains(part), "{part}\n{text}");
    }
    let bare = Live {
        backup_retention_period: 0,
        ..have()
    };
    let text = help(about_start(fault(op, CAPACITY), &bare));
    assert!(text.contains("backup_retention_period is 0"), "{text}");
    assert!(text.contains("do not delete it"), "{text}");
    assert!(!text.contains("The way out"), "{text}");
}

#[test]
fn without_backups_a_stop_is_warned_of() {
    assert!(before_stop(&have()).is_empty());
    let bare = Live {
        backup_retention_period: 0,
        ..have()
    };
    let [warning] = &before_stop(&bare)[..] else {
        panic!("not one warning");
    };
    assert!(warning.summary.contains("backup_retention_period: 0"));
    let help = warning.help.as_deref().unwrap();
    assert!(
        help.contains("`aws rds create-db-snapshot --db-instance-identifier cruddur-db-instance "),
        "{help}"
    );
}

#[test]
fn other_codes_keep_what_the_table_says() {
    let op = "rds:StartDBInstance";
    for code in ["InvalidSubnet", "KMSKeyNotAccessibleFault", "Strange"] {
        assert_eq!(
            help(about_start(fault(op, code), &have())),
            "what the table says"
        );
        assert_eq!(
            help(about_create(fault(op, code), &want(json!({})))),
            "what the table says"
        );
        assert_eq!(
            help(about_change(fault(op, code), &have(), None, None)),
            "what the table says"
        );
    }
}
