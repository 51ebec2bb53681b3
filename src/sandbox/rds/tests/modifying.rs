use super::*;

#[tokio::test]
async fn without_a_word_it_waits_for_the_window() {
    let stage = Stage::made(&[("PreferredMaintenanceWindow", "tue:05:00-tue:05:30")]).await;
    stage
        .modify(&[("DBInstanceClass", "db.t3.small")])
        .await
        .unwrap();
    assert_eq!(
        stage.pending().await,
        "<DBInstanceClass>db.t3.small</DBInstanceClass>"
    );
    stage.wait(16 * 3600); // Tuesday, 04:06
    assert_eq!(stage.field("DBInstanceStatus").await.unwrap(), "available");
    stage.wait(3300); // 05:01
    assert_eq!(stage.status().await, "modifying");
    assert!(stage.pending().await.contains("db.t3.small"));
    stage.wait(180);
    assert_eq!(stage.status().await, "available");
    assert_eq!(stage.pending().await, "");
    assert_eq!(stage.field("DBInstanceClass").await.unwrap(), "db.t3.small");
}

#[tokio::test]
async fn at_once_is_not_quite_at_once() {
    let stage = Stage::made(&[]).await;
    let reply = stage
        .modify(&[NOW, ("DBInstanceClass", "db.t3.small")])
        .await
        .unwrap();
    assert_eq!(text(&reply, "DBInstanceStatus").unwrap(), "available");
    stage.wait(9);
    assert_eq!(stage.status().await, "available");
    stage.wait(1);
    assert_eq!(stage.status().await, "modifying");
    assert_eq!(stage.field("DBInstanceClass").await.unwrap(), "db.t3.micro");
    assert_eq!(
        stage.modify(&[("MultiAZ", "true")]).await.unwrap_err().code,
        "InvalidDBInstanceState"
    );
    stage.wait(180);
    assert_eq!(stage.status().await, "available");
    assert_eq!(stage.field("DBInstanceClass").await.unwrap(), "db.t3.small");
}

#[tokio::test]
async fn at_once_takes_everything_along_that_waits() {
    let stage = Stage::made(&[]).await;
    stage
        .modify(&[
            ("EngineVersion", "18"),
            ("AllowMajorVersionUpgrade", "true"),
        ])
        .await
        .unwrap();
    stage.modify(&[("MultiAZ", "true")]).await.unwrap();
    assert_eq!(
        stage.pending().await,
        "<MultiAZ>true</MultiAZ><EngineVersion>18.4</EngineVersion>"
    );
    stage
        .modify(&[NOW, ("DBInstanceClass", "db.t3.small")])
        .await
        .unwrap();
    stage.wait(10);
    assert_eq!(stage.status().await, "upgrading");
    stage.wait(480);
    let xml = stage.describe().await;
    for (name, value) in [
        ("DBInstanceStatus", "available"),
        ("EngineVersion", "18.4"),
        ("MultiAZ", "true"),
        ("DBInstanceClass", "db.t3.small"),
        ("PendingModifiedValues", ""),
        ("DBParameterGroupName", "default.postgres18"),
        ("SecondaryAvailabilityZone", "us-west-2b"),
    ] {
        assert_eq!(text(&xml, name).as_deref(), Some(value), "{name}");
    }
}

#[tokio::test]
async fn going_back_takes_it_off_the_list() {
    let stage = Stage::made(&[]).await;
    stage
        .modify(&[("DBInstanceClass", "db.t3.small")])
        .await
        .unwrap();
    stage
        .modify(&[("DBInstanceClass", "db.t3.micro")])
        .await
        .unwrap();
    assert_eq!(stage.pending().await, "");
    // nothing to do is nothing done
    stage
        .modify(&[NOW, ("DBInstanceClass", "db.t3.micro")])
        .await
        .unwrap();
    stage.wait(10);
    assert_eq!(stage.status().await, "available");
}

#[tokio::test]
async fn a_window_that_is_open_now_lets_it_go() {
    let stage = Stage::made(&[]).await;
    stage
        .modify(&[("DBInstanceClass", "db.t3.small")])
        .await
        .unwrap();
    let open = [("PreferredMaintenanceWindow", "mon:12:00-mon:13:00")];
    stage.modify(&open).await.unwrap();
    assert_eq!(stage.status().await, "modifying");
}

#[tokio::test]
async fn storage_grows_by_a_tenth_at_least_and_then_rests() {
    let stage = Stage::made(&[("AllocatedStorage", "100")]).await;
    let less = stage
        .modify(&[NOW, ("AllocatedStorage", "50")])
        .await
        .unwrap_err();
    assert_eq!(less.code, "InvalidParameterCombination");
    stage
        .modify(&[NOW, ("AllocatedStorage", "101")])
        .await
        .unwrap();
    assert!(
        stage
            .pending()
            .await
            .contains("<AllocatedStorage>110</AllocatedStorage>")
    );
    let busy = stage
        .modify(&[NOW, ("AllocatedStorage", "200")])
        .await
        .unwrap_err();
    assert!(
        busy.message
            .contains("previous storage change is being optimized")
    );
    stage.wait(190);
    assert_eq!(stage.status().await, "storage-optimization");
    assert_eq!(stage.field("AllocatedStorage").await.unwrap(), "110");
    let busy = stage
        .modify(&[NOW, ("AllocatedStorage", "200")])
        .await
        .unwrap_err();
    assert_eq!(busy.code, "InvalidParameterCombination");
    assert_eq!(
        stage.refused("StopDBInstance", &[DB]).await,
        "400 InvalidDBInstanceState"
    );
    // other things may be changed
    stage
        .modify(&[NOW, ("PubliclyAccessible", "false")])
        .await
        .unwrap();
    stage.wait(190);
    assert_eq!(stage.field("PubliclyAccessible").await.unwrap(), "false");
    stage.wait(600);
    stage
        .modify(&[NOW, ("AllocatedStorage", "400"), ("Iops", "13000")])
        .await
        .unwrap();
    stage.wait(190);
    assert_eq!(stage.field("Iops").await.unwrap(), "13000");
}

#[tokio::test]
async fn some_things_never_wait_for_the_window() {
    let stage = Stage::made(&[("BackupRetentionPeriod", "3")]).await;
    let params = [
        ("EnablePerformanceInsights", "true"),
        ("PerformanceInsightsRetentionPeriod", "31"),
        ("PubliclyAccessible", "false"),
        ("BackupRetentionPeriod", "5"),
        ("AutoMinorVersionUpgrade", "false"),
        ("CopyTagsToSnapshot", "true"),
    ];
    let reply = stage.modify(&params).await.unwrap();
    assert_eq!(text(&reply, "AutoMinorVersionUpgrade").unwrap(), "false");
    assert_eq!(text(&reply, "CopyTagsToSnapshot").unwrap(), "true");
    assert_eq!(text(&reply, "PerformanceInsightsEnabled").unwrap(), "false");
    stage.wait(190);
    let xml = stage.describe().await;
    for (name, value) in [
        ("PerformanceInsightsEnabled", "true"),
        ("PerformanceInsightsRetentionPeriod", "31"),
        ("PubliclyAccessible", "false"),
        ("BackupRetentionPeriod", "5"),
    ] {
        assert_eq!(text(&xml, name).as_deref(), Some(value), "{name}");
    }
    // turning backups off is another matter
    stage
        .modify(&[("BackupRetentionPeriod", "0")])
        .await
        .unwrap();
    assert_eq!(
        stage.pending().await,
        "<BackupRetentionPeriod>0</BackupRetentionPeriod>"
    );
}

#[tokio::test]
async fn turning_backups_on_makes_one() {
    let stage = Stage::made(&[("BackupRetentionPeriod", "0")]).await;
    stage
        .modify(&[NOW, ("BackupRetentionPeriod", "1")])
        .await
        .unwrap();
    stage.wait(190);
    assert_eq!(stage.status().await, "backing-up");
    stage.wait(60);
    assert_eq!(stage.status().await, "available");
}

#[tokio::test]
async fn a_password_is_never_shown() {
    let stage = Stage::made(&[]).await;
    let reply = stage
        .modify(&[("MasterUserPassword", "An0ther-secret")])
        .await
        .unwrap();
    assert_eq!(text(&reply, "MasterUserPassword").unwrap(), "****");
    stage.wait(10);
    assert_eq!(stage.status().await, "resetting-master-credentials");
    stage.wait(30);
    assert_eq!(stage.status().await, "available");
    assert_eq!(stage.pending().await, "");
    let world = std::fs::read_to_string(stage.sandbox.store.dir().join("world.json")).unwrap();
    assert!(!world.contains("An0ther-secret") && !world.contains("huEE33z2Qvl383"));
}

#[tokio::test]
async fn a_password_that_rds_manages() {
    let stage = Stage::made(&[]).await;
    let combination = "InvalidParameterCombination";
    let code = |r: Result<String, ApiError>| r.unwrap_err().code;
    assert_eq!(
        code(
            stage
                .modify(&[NOW, ("RotateMasterUserPassword", "true")])
                .await
        ),
        combination
    );
    stage
        .modify(&[("ManageMasterUserPassword", "true")])
        .await
        .unwrap();
    assert_eq!(stage.field("SecretStatus").await.unwrap(), "creating");
    stage.wait(60);
    assert_eq!(stage.field("SecretStatus").await.unwrap(), "active");
    assert_eq!(
        code(
            stage
                .modify(&[("MasterUserPassword", "An0ther-secret")])
                .await
        ),
        combination
    );
    assert_eq!(
        code(stage.modify(&[("RotateMasterUserPassword", "true")]).await),
        combination
    );
    stage
        .modify(&[NOW, ("RotateMasterUserPassword", "true")])
        .await
        .unwrap();
    assert_eq!(stage.field("SecretStatus").await.unwrap(), "rotating");
    stage.wait(60);
    assert_eq!(
        code(stage.modify(&[("ManageMasterUserPassword", "false")]).await),
        combination
    );
    let off = [
        ("ManageMasterUserPassword", "false"),
        ("MasterUserPassword", "An0ther-secret"),
    ];
    stage.modify(&off).await.unwrap();
    assert_eq!(stage.field("MasterUserSecret").await, None);
}

#[tokio::test]
async fn a_port_changes_whatever_is_said() {
    let stage = Stage::made(&[]).await;
    stage.modify(&[("DBPortNumber", "6000")]).await.unwrap();
    assert_eq!(stage.pending().await, "<Port>6000</Port>");
    stage.wait(190);
    assert_eq!(
        text(&stage.field("Endpoint").await.unwrap(), "Port").unwrap(),
        "6000"
    );
}

#[tokio::test]
async fn a_rename_keeps_the_rest() {
    let stage = Stage::made(&[]).await;
    let resource = stage.field("DbiResourceId").await;
    stage
        .create(&[("DBInstanceIdentifier", "other")])
        .await
        .unwrap();
    assert_eq!(
        stage
            .modify(&[NOW, ("NewDBInstanceIdentifier", "Other")])
            .await
            .unwrap_err()
            .code,
        "DBInstanceAlreadyExists"
    );
    stage
        .modify(&[NOW, ("NewDBInstanceIdentifier", "New")])
        .await
        .unwrap();
    assert_eq!(
        stage.pending().await,
        "<DBInstanceIdentifier>new</DBInstanceIdentifier>"
    );
    stage.wait(10);
    assert_eq!(stage.status().await, "renaming");
    stage.wait(180);
    assert_eq!(
        stage.refused("DescribeDBInstances", &[DB]).await,
        "404 DBInstanceNotFound"
    );
    let xml = stage
        .ok("DescribeDBInstances", &[("DBInstanceIdentifier", "new")])
        .await;
    assert_eq!(text(&xml, "DbiResourceId"), resource);
    assert!(text(&xml, "DBInstanceArn").unwrap().ends_with(":db:new"));
}

#[tokio::test]
async fn other_groups_come_and_the_old_ones_go() {
    let stage = Stage::made(&[]).await;
    let old = stage.field("VpcSecurityGroupId").await.unwrap();
    let (new, vpc) = stage
        .sandbox
        .store
        .write(|w| {
            let mut group = w.ec2.groups[0].clone();
            group.id = "sg-0new".to_owned();
            let mut far = group.clone();
            far.id = "sg-0far".to_owned();
            far.vpc_id = "vpc-0far".to_owned();
            let vpc = group.vpc_id.clone();
            w.ec2.groups.extend([group, far]);
            Ok(("sg-0new", vpc))
        })
        .unwrap();
    let key = "VpcSecurityGroupIds.VpcSecurityGroupId.1";
    let far = stage.modify(&[(key, "sg-0far")]).await.unwrap_err();
    assert_eq!(far.code, "InvalidParameterCombination");
    assert!(far.message.contains(&vpc));
    let none = stage.modify(&[(key, "sg-0none")]).await.unwrap_err();
    assert_eq!(none.code, "InvalidParameterValue");
    stage.modify(&[(key, new)]).await.unwrap();
    let groups = stage.field("VpcSecurityGroups").await.unwrap();
    assert!(groups.contains(&format!("{old}</VpcSecurityGroupId><Status>removing")));
    assert!(groups.contains("sg-0new</VpcSecurityGroupId><Status>adding"));
    stage.wait(60);
    let groups = stage.field("VpcSecurityGroups").await.unwrap();
    assert!(!groups.contains(&old));
    assert!(groups.contains("sg-0new</VpcSecurityGroupId><Status>active"));
    let carried = stage
        .sandbox
        .store
        .read(|w| w.ec2.interfaces[0].groups.clone())
        .unwrap();
    assert_eq!(carried, ["sg-0new"]);
}
