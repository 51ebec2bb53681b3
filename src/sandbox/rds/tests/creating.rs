use super::*;
use crate::sandbox::postgres::ServerError;
use crate::sandbox::rds;
use std::net::Ipv4Addr;

#[tokio::test]
async fn an_instance_comes_up_slowly() {
    let stage = Stage::new();
    let reply = stage.create(&[]).await.unwrap();
    assert!(reply.starts_with("<DBInstance><DBInstanceIdentifier>db</"));
    assert_eq!(text(&reply, "DBInstanceStatus").unwrap(), "creating");
    assert_eq!(text(&reply, "Endpoint"), None);
    assert_eq!(text(&reply, "EngineVersion").unwrap(), "17.10");
    assert!(!reply.contains("huEE33z2Qvl383"));
    stage.wait(199);
    assert_eq!(stage.field("Endpoint").await, None);
    stage.wait(1);
    assert_eq!(stage.status().await, "creating");
    assert_eq!(stage.field("Port").await.unwrap(), "5432");
    assert!(stage.field("Address").await.unwrap().starts_with("127.83."));
    stage.wait(100);
    assert_eq!(stage.status().await, "backing-up");
    stage.wait(60);
    assert_eq!(stage.status().await, "available");
    let xml = stage.describe().await;
    assert_eq!(
        text(&xml, "InstanceCreateTime").unwrap(),
        "2026-11-23T12:03:20Z"
    );
    assert_eq!(text(&xml, "CAIdentifier").unwrap(), "rds-ca-rsa2048-g1");
    assert_eq!(text(&xml, "ValidTill").unwrap(), "2061-05-25T22:34:57Z");
    assert!(text(&xml, "DBInstanceArn").unwrap().ends_with(":db:db"));
    assert_eq!(text(&xml, "DbiResourceId").unwrap().len(), 29);
}

#[tokio::test]
async fn without_backups_there_is_no_backing_up() {
    let stage = Stage::new();
    stage
        .create(&[("BackupRetentionPeriod", "0")])
        .await
        .unwrap();
    stage.wait(300);
    assert_eq!(stage.status().await, "available");
    stage.wait(3600);
    assert_eq!(stage.field("LatestRestorableTime").await, None);
}

#[tokio::test]
async fn what_was_asked_for_is_shown() {
    let stage = Stage::made(&[
        ("StorageEncrypted", "true"),
        ("EnablePerformanceInsights", "true"),
        ("PerformanceInsightsRetentionPeriod", "7"),
        ("AvailabilityZone", "us-west-2b"),
        ("DeletionProtection", "true"),
        ("MaxAllocatedStorage", "100"),
        ("CopyTagsToSnapshot", "true"),
        (
            "EngineLifecycleSupport",
            "open-source-rds-extended-support-disabled",
        ),
        ("PreferredMaintenanceWindow", "Sun:05:30-Sun:06:00"),
        ("PreferredBackupWindow", "03:00-03:30"),
        ("EnableCloudwatchLogsExports.member.1", "postgresql"),
        ("Tags.Tag.1.Key", "cruddur-infra:stack"),
        ("Tags.Tag.1.Value", "a / b"),
    ])
    .await;
    let xml = stage.describe().await;
    for (name, value) in [
        ("StorageEncrypted", "true"),
        ("PerformanceInsightsEnabled", "true"),
        ("PerformanceInsightsRetentionPeriod", "7"),
        ("AvailabilityZone", "us-west-2b"),
        ("DeletionProtection", "true"),
        ("MaxAllocatedStorage", "100"),
        ("PubliclyAccessible", "true"),
        ("AutoMinorVersionUpgrade", "true"),
        (
            "EngineLifecycleSupport",
            "open-source-rds-extended-support-disabled",
        ),
        ("PreferredMaintenanceWindow", "sun:05:30-sun:06:00"),
        ("Iops", "3000"),
        ("StorageThroughput", "125"),
        (
            "EnabledCloudwatchLogsExports",
            "<member>postgresql</member>",
        ),
        (
            "TagList",
            "<Tag><Key>cruddur-infra:stack</Key><Value>a / b</Value></Tag>",
        ),
        ("PendingModifiedValues", ""),
        ("DBParameterGroupName", "default.postgres17"),
    ] {
        assert_eq!(text(&xml, name).as_deref(), Some(value), "{name}");
    }
    assert!(
        text(&xml, "KmsKeyId")
            .unwrap()
            .starts_with("arn:aws:kms:us-west-2:")
    );
    let subnets = text(&xml, "DBSubnetGroup").unwrap();
    assert_eq!(count(&subnets, "SubnetIdentifier"), 3);
    assert_eq!(count(&subnets, "SubnetAvailabilityZone"), 3);
}

#[tokio::test]
async fn groups_are_adding_before_they_are_active() {
    let stage = Stage::new();
    let reply = stage.create(&[]).await.unwrap();
    let groups = text(&reply, "VpcSecurityGroups").unwrap();
    assert_eq!(text(&groups, "Status").unwrap(), "adding");
    assert!(
        text(&groups, "VpcSecurityGroupId")
            .unwrap()
            .starts_with("sg-")
    );
    stage.wait(60);
    let groups = stage.field("VpcSecurityGroups").await.unwrap();
    assert_eq!(text(&groups, "Status").unwrap(), "active");
}

#[tokio::test]
async fn a_managed_password_has_a_secret() {
    let stage = Stage::new();
    let managed = [
        ("MasterUserPassword", ""),
        ("ManageMasterUserPassword", "true"),
    ];
    let reply = stage.create(&managed).await.unwrap();
    let secret = text(&reply, "MasterUserSecret").unwrap();
    assert!(
        text(&secret, "SecretArn")
            .unwrap()
            .contains(":secret:rds!db-")
    );
    assert_eq!(text(&secret, "SecretStatus").unwrap(), "creating");
    stage.wait(360);
    assert_eq!(stage.field("SecretStatus").await.unwrap(), "active");
}

#[tokio::test]
async fn the_known_messages_are_aws_own() {
    let stage = Stage::new();
    for (params, message) in [
        (
            [("EngineVersion", "14.6")],
            "Cannot find version 14.6 for postgres",
        ),
        (
            [("Iops", "3000")],
            "You can't specify IOPS or storage throughput for engine postgres and a storage size less than 400.",
        ),
        (
            [("MasterUsername", "admin")],
            "MasterUsername admin cannot be used as it is a reserved word used by the engine",
        ),
    ] {
        assert_eq!(stage.create(&params).await.unwrap_err().message, message);
    }
}

#[tokio::test]
async fn a_second_one_of_the_name_is_refused_whatever_its_case() {
    let stage = Stage::made(&[]).await;
    let again = stage
        .create(&[("DBInstanceIdentifier", "DB")])
        .await
        .unwrap_err();
    assert_eq!(again.code, "DBInstanceAlreadyExists");
    assert_eq!(
        stage
            .ok("DescribeDBInstances", &[("DBInstanceIdentifier", "DB")])
            .await,
        stage.describe().await
    );
}

#[tokio::test]
async fn forty_are_enough() {
    let stage = Stage::new();
    for n in 0..40 {
        let id = format!("db{n}");
        stage
            .create(&[("DBInstanceIdentifier", &id)])
            .await
            .unwrap();
    }
    assert_eq!(
        stage.create(&[]).await.unwrap_err().code,
        "InstanceQuotaExceeded"
    );
}

#[tokio::test]
async fn without_a_default_network_there_is_no_instance() {
    let stage = Stage::new();
    let mut whole = None;
    stage
        .sandbox
        .store
        .write(|w| {
            let first = w.ec2.subnets[0].zone.clone();
            whole = Some(w.ec2.clone());
            w.ec2.subnets.retain(|s| s.zone == first);
            Ok(())
        })
        .unwrap();
    let error = stage.create(&[]).await.unwrap_err();
    assert_eq!(error.code, "DBSubnetGroupDoesNotCoverEnoughAZs");
    stage
        .sandbox
        .store
        .write(|w| {
            w.ec2.vpcs.clear();
            Ok(())
        })
        .unwrap();
    let error = stage.create(&[]).await.unwrap_err();
    assert_eq!(error.code, "InvalidSubnet");
    assert!(
        error
            .message
            .starts_with("No default subnet detected in VPC.")
    );
    let params = [("DBSubnetGroupName", "default")];
    assert_eq!(
        stage.refused("DescribeDBSubnetGroups", &params).await,
        "404 DBSubnetGroupNotFoundFault"
    );
}

fn taken() -> ServerError {
    ServerError::PortInUse {
        address: Ipv4Addr::LOCALHOST,
        port: 5432,
    }
}

#[tokio::test]
async fn a_server_that_cannot_be_had_leaves_no_instance() {
    let stage = Stage::with(|_| Servers::failing(taken));
    let error = stage.create(&[]).await.unwrap_err();
    assert_eq!(
        (error.status, error.code.as_str()),
        (400, "SandboxPortInUse")
    );
    assert!(error.message.contains("127.0.0.1:5432"));
    assert_eq!(
        stage.refused("DescribeDBInstances", &[DB]).await,
        "404 DBInstanceNotFound"
    );
}

#[tokio::test]
async fn a_server_that_does_not_resume_makes_the_instance_failed() {
    let mut stage = Stage::made(&[]).await;
    stage.sandbox.postgres = Servers::failing(|| ServerError::DataLost("x".to_owned()));
    let failures = rds::resume(&stage.sandbox).await.unwrap();
    assert_eq!(failures.len(), 1);
    assert_eq!(failures[0].0, "db");
    assert_eq!(stage.status().await, "failed");
    assert!(
        stage
            .field("StatusInfos")
            .await
            .unwrap()
            .contains("gone or were never completed")
    );
    assert_eq!(
        stage.refused("ModifyDBInstance", &[DB]).await,
        "400 InvalidDBInstanceState"
    );
    let last = [DB, ("FinalDBSnapshotIdentifier", "last")];
    assert_eq!(
        stage.refused("DeleteDBInstance", &last).await,
        "400 InvalidDBInstanceState"
    );
    let errors = [
        stage.call("StopDBInstance", &[DB]).await.unwrap_err().code,
        stage
            .call("RebootDBInstance", &[DB])
            .await
            .unwrap_err()
            .code,
    ];
    assert_eq!(errors, ["InvalidDBInstanceState", "InvalidDBInstanceState"]);
    stage.sandbox.postgres = Servers::none();
    assert!(rds::resume(&stage.sandbox).await.unwrap().is_empty());
    assert_eq!(stage.status().await, "available");
}
