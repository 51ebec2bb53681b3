use super::*;

#[tokio::test]
async fn a_creation_that_aws_refuses_is_refused() {
    let value = "400 InvalidParameterValue";
    let combination = "400 InvalidParameterCombination";
    let long = "x".repeat(129);
    let table: &[(&[(&str, &str)], &str)] = &[
        (&[("DBInstanceIdentifier", "")], "400 MissingParameter"),
        (&[("DBInstanceIdentifier", "1db")], value),
        (&[("DBInstanceIdentifier", "d--b")], value),
        (&[("DBInstanceIdentifier", "db-")], value),
        (&[("DBInstanceClass", "")], "400 MissingParameter"),
        (&[("DBInstanceClass", "db.t9.huge")], value),
        (&[("Engine", "oracle")], value),
        (&[("MasterUsername", "")], value),
        (&[("MasterUsername", "admin")], value),
        (&[("MasterUsername", "rdsadmin")], value),
        (&[("MasterUsername", "pg_me")], value),
        (&[("MasterUsername", "seventeen_letters")], value),
        (&[("MasterUserPassword", "")], value),
        (&[("MasterUserPassword", "short")], value),
        (&[("MasterUserPassword", &long)], value),
        (&[("MasterUserPassword", "with@sign1")], value),
        (&[("MasterUserPassword", "with/slash1")], value),
        (&[("MasterUserPassword", "with space1")], value),
        (&[("MasterUserPassword", "größer-123")], value),
        (&[("ManageMasterUserPassword", "true")], combination),
        (&[("DBName", "1x")], value),
        (&[("DBName", "with-hyphen")], value),
        (&[("AllocatedStorage", "19")], value),
        (&[("AllocatedStorage", "")], value),
        (&[("AllocatedStorage", "many")], value),
        (&[("StorageType", "floppy")], "400 StorageTypeNotSupported"),
        (&[("StorageType", "gp2"), ("AllocatedStorage", "10")], value),
        (
            &[("StorageType", "io1"), ("AllocatedStorage", "100")],
            combination,
        ),
        (&[("Iops", "3000")], combination),
        (&[("StorageThroughput", "125")], combination),
        (&[("AllocatedStorage", "400"), ("Iops", "100")], combination),
        (&[("MaxAllocatedStorage", "20")], combination),
        (&[("EngineVersion", "14.6")], combination),
        (&[("EngineVersion", "17.4")], combination),
        (&[("EngineVersion", "12")], combination),
        (
            &[
                ("EngineVersion", "13"),
                (
                    "EngineLifecycleSupport",
                    "open-source-rds-extended-support-disabled",
                ),
            ],
            combination,
        ),
        (
            &[
                ("EnablePerformanceInsights", "true"),
                ("PerformanceInsightsRetentionPeriod", "8"),
            ],
            value,
        ),
        (&[("PerformanceInsightsRetentionPeriod", "7")], combination),
        (&[("DatabaseInsightsMode", "advanced")], combination),
        (&[("BackupRetentionPeriod", "36")], value),
        (&[("Port", "80")], value),
        (
            &[("AvailabilityZone", "us-west-2a"), ("MultiAZ", "true")],
            combination,
        ),
        (
            &[("AvailabilityZone", "us-west-2z")],
            "400 InvalidVPCNetworkStateFault",
        ),
        (
            &[
                ("DBInstanceClass", "db.m7g.large"),
                ("AvailabilityZone", "us-west-2c"),
            ],
            combination,
        ),
        (
            &[("DBSubnetGroupName", "mine")],
            "404 DBSubnetGroupNotFoundFault",
        ),
        (
            &[("DBParameterGroupName", "mine")],
            "404 DBParameterGroupNotFound",
        ),
        (
            &[("DBParameterGroupName", "default.postgres14")],
            combination,
        ),
        (
            &[("CACertificateIdentifier", "rds-ca-2019")],
            "404 CertificateNotFound",
        ),
        (&[("LicenseModel", "bring-your-own-license")], combination),
        (&[("NetworkType", "DUAL")], "400 NetworkTypeNotSupported"),
        (
            &[("StorageEncrypted", "true"), ("KmsKeyId", "alias/none")],
            "400 KMSKeyNotAccessibleFault",
        ),
        (
            &[("KmsKeyId", "arn:aws:kms:us-west-2:1:key/x")],
            combination,
        ),
        (
            &[("VpcSecurityGroupIds.VpcSecurityGroupId.1", "sg-00000000")],
            value,
        ),
        (&[("PreferredMaintenanceWindow", "someday")], value),
        (
            &[("PreferredMaintenanceWindow", "sun:05:30-sun:05:40")],
            value,
        ),
        (
            &[
                ("PreferredMaintenanceWindow", "sun:05:30-sun:06:00"),
                ("PreferredBackupWindow", "05:45-06:15"),
            ],
            value,
        ),
        (
            &[("Tags.Tag.1.Key", "aws:mine"), ("Tags.Tag.1.Value", "x")],
            value,
        ),
        (&[("Tags.Tag.1.Key", "a"), ("Tags.Tag.2.Key", "a")], value),
        (
            &[("Tags.Tag.1.Key", "what?"), ("Tags.Tag.1.Value", "x")],
            value,
        ),
        (&[("MonitoringInterval", "60")], combination),
        (&[("Domain", "d-1")], combination),
        (&[("EnableIAMDatabaseAuthentication", "true")], combination),
    ];
    let stage = Stage::new();
    for (params, wanted) in table {
        let error = stage
            .create(params)
            .await
            .expect_err(&format!("{params:?}"));
        assert_eq!(
            format!("{} {}", error.status, error.code),
            *wanted,
            "{params:?}: {}",
            error.message
        );
        assert!(!error.message.contains("with@sign1"));
    }
    // none of them left anything
    assert_eq!(
        count(&stage.ok("DescribeDBInstances", &[]).await, "DBInstance"),
        0
    );
}

#[tokio::test]
async fn a_change_that_aws_refuses_is_refused() {
    let value = "InvalidParameterValue";
    let combination = "InvalidParameterCombination";
    let stage = Stage::made(&[("EngineVersion", "16.10")]).await;
    let table: &[(&[(&str, &str)], &str)] = &[
        (&[("DBInstanceClass", "db.t9.huge")], value),
        (&[("MasterUserPassword", "short")], value),
        (&[("AllocatedStorage", "10")], combination),
        (&[("Iops", "4000")], combination),
        (&[("StorageType", "floppy")], "StorageTypeNotSupported"),
        (&[("EngineVersion", "14.6")], combination),
        (&[("EngineVersion", "16.9")], combination),
        (&[("EngineVersion", "17.10")], combination),
        (&[("PerformanceInsightsRetentionPeriod", "7")], combination),
        (
            &[
                ("EnablePerformanceInsights", "true"),
                ("PerformanceInsightsRetentionPeriod", "30"),
            ],
            value,
        ),
        (&[("BackupRetentionPeriod", "-1")], value),
        (&[("DBPortNumber", "22")], value),
        (
            &[("CACertificateIdentifier", "rds-ca-2019")],
            "CertificateNotFound",
        ),
        (
            &[("DBParameterGroupName", "mine")],
            "DBParameterGroupNotFound",
        ),
        (
            &[("DBSubnetGroupName", "mine")],
            "DBSubnetGroupNotFoundFault",
        ),
        (&[("NewDBInstanceIdentifier", "-")], value),
        (&[("PreferredBackupWindow", "25:00-26:00")], value),
        (&[("MonitoringInterval", "60")], combination),
    ];
    for (params, wanted) in table {
        let error = stage
            .modify(params)
            .await
            .expect_err(&format!("{params:?}"));
        assert_eq!(error.code, *wanted, "{params:?}: {}", error.message);
    }
    assert_eq!(stage.pending().await, "");
    let up = [
        ("EngineVersion", "17.10"),
        ("AllowMajorVersionUpgrade", "true"),
    ];
    stage.modify(&up).await.unwrap();
    assert_eq!(
        stage.pending().await,
        "<EngineVersion>17.10</EngineVersion>"
    );
}
