use super::*;

#[test]
fn every_field_has_its_force_and_effect() {
    use Effect::{Deferred, None as Quiet, Outage, Restart};
    use Force::{Refuse, Update};
    let table: &[(&str, &str, &str, Force, Effect)] = &[
        (
            "instance_class: db.t3.micro",
            "instance_class: db.t4g.micro",
            "instance_class",
            Update,
            Outage,
        ),
        (
            "engine_version: \"17\"",
            "engine_version: \"17.9\"",
            "engine_version",
            Update,
            Outage,
        ),
        (
            "engine_version: \"17\"",
            "engine_version: \"18\"",
            "engine_version",
            Refuse,
            Outage,
        ),
        (
            "allocated_storage: 20",
            "allocated_storage: 40",
            "allocated_storage",
            Update,
            Quiet,
        ),
        (
            "allocated_storage: 20",
            "allocated_storage: 10",
            "allocated_storage",
            Refuse,
            Quiet,
        ),
        (
            "storage_type: gp3",
            "storage_type: gp2",
            "storage_type",
            Update,
            Quiet,
        ),
        (
            "storage_type: gp3",
            "storage_type: standard",
            "storage_type",
            Update,
            Outage,
        ),
        ("# iops: 12000", "iops: 12000", "iops", Update, Quiet),
        (
            "# storage_throughput: 500",
            "storage_throughput: 500",
            "storage_throughput",
            Update,
            Quiet,
        ),
        (
            "storage_encrypted: true",
            "storage_encrypted: false",
            "storage_encrypted",
            Refuse,
            Quiet,
        ),
        ("# kms_key_id:", "kms_key_id:", "kms_key_id", Refuse, Quiet),
        (
            "availability_zone: us-west-2a",
            "availability_zone: us-west-2b",
            "availability_zone",
            Refuse,
            Quiet,
        ),
        (
            "multi_az: false",
            "multi_az: true",
            "multi_az",
            Update,
            Quiet,
        ),
        (
            "publicly_accessible: true",
            "publicly_accessible: false",
            "publicly_accessible",
            Update,
            Quiet,
        ),
        ("port: 5432", "port: 5433", "port", Update, Restart),
        (
            "database_name: cruddur",
            "database_name: other",
            "database_name",
            Refuse,
            Quiet,
        ),
        (
            "master_username: cruddurroot",
            "master_username: root2",
            "master_username",
            Refuse,
            Quiet,
        ),
        (
            "backup_retention_period: 1",
            "backup_retention_period: 7",
            "backup_retention_period",
            Update,
            Quiet,
        ),
        (
            "backup_retention_period: 1",
            "backup_retention_period: 0",
            "backup_retention_period",
            Update,
            Outage,
        ),
        (
            "retention_period: 7",
            "retention_period: 31",
            "performance_insights.retention_period",
            Update,
            Quiet,
        ),
        (
            "enabled: true, retention_period: 7",
            "enabled: false",
            "performance_insights.enabled",
            Update,
            Quiet,
        ),
        (
            "deletion_protection: false",
            "deletion_protection: true",
            "deletion_protection",
            Update,
            Quiet,
        ),
        (
            "db_subnet_group: default",
            "db_subnet_group: own",
            "db_subnet_group",
            Refuse,
            Quiet,
        ),
        (
            "sg-0123456789abcdef0",
            "sg-1",
            "security_groups",
            Update,
            Quiet,
        ),
        (
            "default.postgres17",
            "own",
            "parameter_group",
            Update,
            Quiet,
        ),
        (
            "rds-ca-rsa2048-g1",
            "rds-ca-ecc384-g1",
            "ca_certificate",
            Update,
            Restart,
        ),
        (
            "auto_minor_version_upgrade: true",
            "auto_minor_version_upgrade: false",
            "auto_minor_version_upgrade",
            Update,
            Quiet,
        ),
        (
            "copy_tags_to_snapshot: true",
            "copy_tags_to_snapshot: false",
            "copy_tags_to_snapshot",
            Update,
            Quiet,
        ),
        (
            "sun:05:00-sun:05:30",
            "mon:05:00-mon:05:30",
            "maintenance_window",
            Update,
            Quiet,
        ),
        ("03:00-03:30", "04:00-04:30", "backup_window", Update, Quiet),
        (
            "extended_support: false",
            "extended_support: true",
            "extended_support",
            Update,
            Quiet,
        ),
        (
            "project: cruddur",
            "project: other",
            "tags.project",
            Update,
            Quiet,
        ),
    ];
    for (old, new, path, force, effect) in table {
        let d = diff_of(&[(old, new)], |_| ());
        assert_eq!(d.paths(), [*path], "{new}");
        assert_eq!((d.0[0].force, d.0[0].effect), (*force, *effect), "{new}");
        assert_eq!(d.0[0].why.is_some(), *force == Refuse, "{new}");
        // in the window: what can wait does, the rest does not
        let d = diff_of(
            &[
                (old, new),
                ("apply: immediately", "apply: maintenance_window"),
            ],
            |_| (),
        );
        let waits = diff::can_wait(path, &want(&[(old, new)]), &have()) && *force == Update;
        assert_eq!(
            d.0[0].effect == Deferred,
            waits || new.contains("\"18\""),
            "{new}"
        );
    }
}

#[test]
fn what_one_that_is_being_created_does_not_tell_yet_is_no_difference() {
    let d = diff_of(&[], |live| {
        live.status = "creating".into();
        live.address = None;
        live.port = None;
        live.availability_zone = None;
    });
    assert_eq!(d.paths(), Vec::<&str>::new());
}

#[test]
fn only_the_diff_is_sent() {
    let w = want(&[("publicly_accessible: true", "publicly_accessible: false")]);
    let m = change::modification(&w, &have(), &RdsInstance::diff(&w, &have())).unwrap();
    let only = change::Modification {
        publicly_accessible: Some(false),
        ..Default::default()
    };
    assert_eq!(m, only);
    let w = want(&[
        ("storage: 20", "storage: 400"),
        ("# iops: 12000", "iops: 12000"),
    ]);
    let m = change::modification(&w, &have(), &RdsInstance::diff(&w, &have())).unwrap();
    assert_eq!(
        (m.allocated_storage, m.iops, m.immediately),
        (Some(400), Some(12000), true)
    );
    let w = want(&[("project: cruddur", "project: other")]);
    let d = RdsInstance::diff(&w, &have());
    assert_eq!(change::modification(&w, &have(), &d), None);
    assert_eq!(
        change::new_tags(&w, &d),
        [("project".to_owned(), "other".to_owned())].into()
    );
}

#[test]
fn a_password_is_sent_only_with_its_version() {
    let w = want(&[("version: \"1\"", "version: \"2\"")]);
    let d = RdsInstance::diff(&w, &have());
    assert_eq!(d.paths(), ["master_password", "master_password_version"]);
    assert_eq!(d.0[0].after, Shown::Secret);
    assert!(!serde_json::to_string(&d).unwrap().contains("p#ss"));
    let m = change::modification(&w, &have(), &d).unwrap();
    assert_eq!(m.master_password, Some(Secret::new("p#ss%w:rd")));
    assert!(!m.immediately);
    assert_eq!(change::new_tags(&w, &d)[desired::PASSWORD_TAG], "2");
    let calls = RdsInstance::calls(Action::Update, &d);
    assert_eq!(
        calls,
        [
            ApiCall::new("rds", "ModifyDBInstance"),
            ApiCall::new("rds", "AddTagsToResource")
        ]
    );
}

#[test]
fn a_new_one_is_shown_in_the_order_of_the_comparison_and_without_its_password() {
    let want = want(&[
        ("# iops: 12000", "iops: 12000"),
        ("# storage_throughput: 500", "storage_throughput: 500"),
        ("# kms_key_id", "kms_key_id"),
        ("sun:05:00-sun:05:30", "Sun:05:00-Sun:05:30"),
    ]);
    let fields = RdsInstance::fields(&want);
    assert_eq!(
        json!(fields),
        json!([
            ["identifier", "cruddur-db-instance"],
            ["engine", "postgres"],
            ["master_username", "cruddurroot"],
            ["database_name", "cruddur"],
            ["storage_encrypted", true],
            ["kms_key_id", "1234abcd-12ab-34cd-56ef-1234567890ab"],
            ["availability_zone", "us-west-2a"],
            ["db_subnet_group", "default"],
            ["engine_version", "17"],
            ["allocated_storage", 20],
            ["instance_class", "db.t3.micro"],
            ["storage_type", "gp3"],
            ["iops", 12000],
            ["storage_throughput", 500],
            ["multi_az", false],
            ["backup_retention_period", 1],
            ["ca_certificate", "rds-ca-rsa2048-g1"],
            ["port", 5432],
            ["publicly_accessible", true],
            ["performance_insights.enabled", true],
            ["performance_insights.retention_period", 7],
            ["deletion_protection", false],
            ["security_groups", ["sg-0123456789abcdef0"]],
            ["parameter_group", "default.postgres17"],
            ["auto_minor_version_upgrade", true],
            ["copy_tags_to_snapshot", true],
            ["maintenance_window", "sun:05:00-sun:05:30"],
            ["backup_window", "03:00-03:30"],
            ["extended_support", false],
            ["master_password", {"secret": true}],
            ["master_password_version", "1"],
            ["tags.project", "cruddur"],
        ])
    );
    // nothing of an instance that is otherwise in every respect goes without its place in the list
    let other = Live {
        engine_version: "16.1".into(),
        multi_az: true,
        port: Some(1),
        deletion_protection: true,
        extended_support: Some(true),
        ..Live::default()
    };
    let diff = RdsInstance::diff(&want, &other);
    let differs: Vec<&str> = diff
        .paths()
        .into_iter()
        .filter(|p| !p.contains("cruddur-"))
        .collect();
    let shown: Vec<&str> = fields.iter().map(|(path, _)| path.as_str()).collect();
    // which of its two zones such an instance is in is not compared
    let compared = |path: &&str| !["identifier", "availability_zone"].contains(path);
    assert_eq!(
        differs,
        shown.into_iter().filter(compared).collect::<Vec<_>>()
    );
}

#[test]
fn what_is_not_set_is_not_shown() {
    let short = spec(
        "identifier: a\ninstance_class: db.t3.micro\nallocated_storage: 20\nmaster_username: cruddurroot\n\
         master_password: ${env.CRUDDUR_DB_PASSWORD}",
    );
    let want = RdsInstance::desired(&short, &facts()).unwrap();
    assert_eq!(
        Diff::of_new(RdsInstance::fields(&want)).paths(),
        [
            "identifier",
            "engine",
            "master_username",
            "allocated_storage",
            "instance_class",
            "extended_support",
            "master_password",
        ]
    );
}
