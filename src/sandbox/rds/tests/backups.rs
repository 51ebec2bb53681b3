use super::*;

const LIST: &str = "DescribeDBInstanceAutomatedBackups";

#[tokio::test]
async fn backups_go_with_the_instance_unless_they_are_to_be_kept() {
    for (kept, left) in [(None, 0), (Some("true"), 0), (Some("false"), 1)] {
        let stage = Stage::made(&[("BackupRetentionPeriod", "3")]).await;
        let there = stage.ok(LIST, &[DB]).await;
        assert_eq!(text(&there, "Status").as_deref(), Some("active"), "{there}");
        let id = text(&there, "DbiResourceId").unwrap();
        let of = [("DbiResourceId", id.as_str())];
        assert_eq!(
            stage.refused("DeleteDBInstanceAutomatedBackup", &of).await,
            "400 InvalidDBInstanceAutomatedBackupState"
        );
        let mut params = vec![DB, ("SkipFinalSnapshot", "true")];
        params.extend(kept.map(|kept| ("DeleteAutomatedBackups", kept)));
        stage.ok("DeleteDBInstance", &params).await;
        stage.wait(3600);
        let after = stage.ok(LIST, &[DB]).await;
        assert_eq!(count(&after, "DBInstanceAutomatedBackup"), left, "{kept:?}");
        if left == 0 {
            assert_eq!(
                stage.refused(LIST, &of).await,
                "404 DBInstanceAutomatedBackupNotFound"
            );
            continue;
        }
        assert_eq!(text(&after, "Status").as_deref(), Some("retained"));
        stage.ok("DeleteDBInstanceAutomatedBackup", &of).await;
        let gone = stage.ok(LIST, &[DB]).await;
        assert_eq!(count(&gone, "DBInstanceAutomatedBackup"), 0);
    }
}

#[tokio::test]
async fn an_instance_without_backups_has_none() {
    let stage = Stage::made(&[("BackupRetentionPeriod", "0")]).await;
    let none = stage.ok(LIST, &[DB]).await;
    assert_eq!(count(&none, "DBInstanceAutomatedBackup"), 0);
    let params = [
        DB,
        ("SkipFinalSnapshot", "true"),
        ("DeleteAutomatedBackups", "false"),
    ];
    stage.ok("DeleteDBInstance", &params).await;
    assert_eq!(
        count(&stage.ok(LIST, &[DB]).await, "DBInstanceAutomatedBackup"),
        0
    );
}

#[tokio::test]
async fn quotas_count_what_is_there() {
    let stage = Stage::made(&[]).await;
    let used = async |name: &str| {
        let all = stage.ok("DescribeAccountAttributes", &[]).await;
        let (_, rest) = all
            .split_once(&format!("<AccountQuotaName>{name}</AccountQuotaName>"))
            .unwrap();
        (text(rest, "Used").unwrap(), text(rest, "Max").unwrap())
    };
    let pair = |used: &str, most: &str| (used.to_owned(), most.to_owned());
    assert_eq!(used("DBInstances").await, pair("1", "40"));
    assert_eq!(used("AllocatedStorage").await, pair("20", "100000"));
    assert_eq!(used("ManualSnapshots").await, pair("0", "100"));
    let params = [DB, ("DBSnapshotIdentifier", "s")];
    stage.ok("CreateDBSnapshot", &params).await;
    assert_eq!(used("ManualSnapshots").await, pair("1", "100"));
}
