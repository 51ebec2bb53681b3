use super::*;

fn with_password(password: &str) -> Facts {
    let f = facts();
    let mut stack = (*f.stack).clone();
    stack
        .env
        .insert("CRUDDUR_DB_PASSWORD".into(), Secret::new(password));
    Facts {
        stack: Arc::new(stack),
        ..f
    }
}

#[test]
fn a_password_that_rds_refuses_is_found_and_not_shown() {
    for wrong in [
        "short12",
        "with/slash-1",
        "with@sign-12",
        "with\"quote",
        "umläute-123",
    ] {
        let found = RdsInstance::check(&changed(&[]), &with_password(wrong), &Claims::new());
        let paths: Vec<&str> = found.iter().map(|c| c.path.as_str()).collect();
        assert_eq!(paths, ["master_password"], "{wrong}");
        assert!(!format!("{found:?}").contains(wrong));
    }
    let long = "x".repeat(129);
    let count = |password: &str| {
        RdsInstance::check(&changed(&[]), &with_password(password), &Claims::new()).len()
    };
    assert_eq!(
        (count(&long), count(&long[1..]), count("12345678")),
        (1, 0, 0)
    );
}

#[test]
fn the_check_finds_what_aws_would_refuse() {
    let table: &[(&str, &str, &str)] = &[
        (
            "identifier: cruddur-db-instance",
            "identifier: 1a",
            "identifier",
        ),
        (
            "identifier: cruddur-db-instance",
            "identifier: a--b",
            "identifier",
        ),
        (
            "username: cruddurroot",
            "username: admin",
            "master_username",
        ),
        (
            "username: cruddurroot",
            "username: pg_me",
            "master_username",
        ),
        (
            "username: cruddurroot",
            "username: abcdefghijklmnopq",
            "master_username",
        ),
        (
            "database_name: cruddur",
            "database_name: cruddur-db",
            "database_name",
        ),
        (
            "database_name: cruddur",
            "database_name: postgres",
            "database_name",
        ),
        ("class: db.t3.micro", "class: t3.micro", "instance_class"),
        ("\"17\"", "latest", "engine_version"),
        ("\"17\"", "\"9.6\"", "engine_version"),
        (
            "allocated_storage: 20",
            "allocated_storage: 19",
            "allocated_storage",
        ),
        ("storage_type: gp3", "storage_type: gp4", "storage_type"),
        ("# iops: 12000", "iops: 12000", "iops"),
        (
            "# storage_throughput: 500",
            "storage_throughput: 500",
            "storage_throughput",
        ),
        ("storage_encrypted: true", "# none", "storage_encrypted"),
        (
            "storage_encrypted: true",
            "storage_encrypted: false\nkms_key_id: abc",
            "kms_key_id",
        ),
        ("multi_az: false", "multi_az: true", "availability_zone"),
        ("zone: us-west-2a", "zone: us-east-1a", "availability_zone"),
        ("port: 5432", "port: 80", "port"),
        ("[ sg-0123456789abcdef0 ]", "[]", "security_groups"),
        (
            "[ sg-0123456789abcdef0 ]",
            "[default]",
            "security_groups[0]",
        ),
        (
            "backup_retention_period: 1",
            "backup_retention_period: 0",
            "backup_retention_period",
        ),
        (
            "backup_retention_period: 1",
            "backup_retention_period: 36",
            "backup_retention_period",
        ),
        (
            "retention_period: 7",
            "retention_period: 8",
            "performance_insights.retention_period",
        ),
        (
            "retention_period: 7",
            "retention_period: 744",
            "performance_insights.retention_period",
        ),
        (
            "sun:05:00-sun:05:30",
            "sun:05:00-sun:05:10",
            "maintenance_window",
        ),
        ("03:00-03:30", "3:00-4:00", "backup_window"),
        ("project: cruddur", "aws:x: y", "tags.aws:x"),
        (
            "version: \"1\"",
            "version: \"a,b\"",
            "master_password_version",
        ),
    ];
    for (old, new, path) in table {
        let found = RdsInstance::check(&changed(&[(old, new)]), &facts(), &Claims::new());
        let paths: Vec<_> = found.iter().map(|c| c.path.as_str()).collect();
        assert_eq!(paths, [*path], "{new}");
        assert!(found[0].diagnostic.help.is_some());
    }
    for fine in ["7", "31", "713", "731"] {
        let s = changed(&[("retention_period: 7", &format!("retention_period: {fine}"))]);
        assert!(RdsInstance::check(&s, &facts(), &Claims::new()).is_empty());
    }
    let others: Claims = [(
        Addr::new("rds_instance", "a"),
        RdsInstance::claims(&changed(&[]), &facts()),
    )]
    .into();
    assert_eq!(
        RdsInstance::check(&changed(&[]), &facts(), &others).len(),
        1
    );
}
