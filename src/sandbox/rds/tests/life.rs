use super::*;
use crate::sandbox::postgres::ServerError;
use crate::sandbox::rds;

#[tokio::test]
async fn stopping_and_starting() {
    let stage = Stage::made(&[]).await;
    let server = stage.sandbox.store.timing().clone();
    let running = |stage: &Stage| {
        stage
            .sandbox
            .store
            .read(|w| rds::should_run(&w.rds, &server).len())
            .unwrap()
    };
    assert_eq!(running(&stage), 1);
    assert_eq!(
        stage.refused("StartDBInstance", &[DB]).await,
        "400 InvalidDBInstanceState"
    );
    let reply = stage.ok("StopDBInstance", &[DB]).await;
    assert_eq!(text(&reply, "DBInstanceStatus").unwrap(), "stopping");
    assert_eq!(running(&stage), 0);
    assert_eq!(
        stage.refused("StartDBInstance", &[DB]).await,
        "400 InvalidDBInstanceState"
    );
    stage.wait(120);
    assert_eq!(stage.status().await, "stopped");
    assert_eq!(
        stage.field("AutomaticRestartTime").await.unwrap(),
        "2026-11-30T12:06:00Z"
    );
    for operation in ["StopDBInstance", "RebootDBInstance", "ModifyDBInstance"] {
        assert_eq!(
            stage.refused(operation, &[DB]).await,
            "400 InvalidDBInstanceState"
        );
    }
    stage.ok("StartDBInstance", &[DB]).await;
    assert_eq!(running(&stage), 1);
    assert_eq!(stage.status().await, "starting");
    assert_eq!(stage.field("AutomaticRestartTime").await, None);
    stage.wait(240);
    assert_eq!(stage.status().await, "available");
}

#[tokio::test]
async fn aws_starts_it_again_after_a_week() {
    let stage = Stage::made(&[]).await;
    stage.ok("StopDBInstance", &[DB]).await;
    stage.wait(7 * 24 * 3600 - 1);
    assert_eq!(stage.status().await, "stopped");
    stage.wait(1);
    assert_eq!(stage.status().await, "starting");
    stage.wait(240);
    assert_eq!(stage.status().await, "available");
    let timing = stage.sandbox.store.timing();
    assert_eq!(
        stage
            .sandbox
            .store
            .read(|w| rds::should_run(&w.rds, timing).len())
            .unwrap(),
        1
    );
}

#[tokio::test]
async fn a_stop_drops_what_waits_and_may_take_a_snapshot() {
    let stage = Stage::made(&[]).await;
    stage
        .modify(&[("DBInstanceClass", "db.t3.small")])
        .await
        .unwrap();
    assert!(stage.pending().await.contains("db.t3.small"));
    stage
        .ok(
            "StopDBInstance",
            &[DB, ("DBSnapshotIdentifier", "before-stop")],
        )
        .await;
    assert_eq!(stage.pending().await, "");
    stage.wait(120);
    let xml = stage.ok("DescribeDBSnapshots", &[]).await;
    assert_eq!(text(&xml, "DBSnapshotIdentifier").unwrap(), "before-stop");
    stage.ok("StartDBInstance", &[DB]).await;
    stage.wait(8 * 24 * 3600);
    assert_eq!(stage.field("DBInstanceClass").await.unwrap(), "db.t3.micro");
    // a name that is taken stops nothing
    let again = [DB, ("DBSnapshotIdentifier", "before-stop")];
    assert_eq!(
        stage.refused("StopDBInstance", &again).await,
        "400 DBSnapshotAlreadyExists"
    );
    assert_eq!(stage.status().await, "available");
}

#[tokio::test]
async fn what_is_not_available_does_not_stop() {
    let stage = Stage::new();
    stage.create(&[]).await.unwrap();
    for operation in [
        "StopDBInstance",
        "StartDBInstance",
        "RebootDBInstance",
        "ModifyDBInstance",
    ] {
        assert_eq!(
            stage.refused(operation, &[DB]).await,
            "400 InvalidDBInstanceState"
        );
    }
    stage.wait(360);
    // accepted, not yet visible
    stage
        .modify(&[NOW, ("DBInstanceClass", "db.t3.small")])
        .await
        .unwrap();
    assert_eq!(stage.status().await, "available");
    assert_eq!(
        stage.refused("StopDBInstance", &[DB]).await,
        "400 InvalidDBInstanceState"
    );
}

#[tokio::test]
async fn what_is_not_there_is_not_found() {
    let stage = Stage::new();
    for operation in [
        "DescribeDBInstances",
        "ModifyDBInstance",
        "StopDBInstance",
        "StartDBInstance",
        "RebootDBInstance",
        "DescribeValidDBInstanceModifications",
    ] {
        assert_eq!(
            stage.refused(operation, &[DB]).await,
            "404 DBInstanceNotFound",
            "{operation}"
        );
    }
    let skip = [DB, ("SkipFinalSnapshot", "true")];
    assert_eq!(
        stage.refused("DeleteDBInstance", &skip).await,
        "404 DBInstanceNotFound"
    );
    let snapshot = [DB, ("DBSnapshotIdentifier", "s")];
    assert_eq!(
        stage.refused("CreateDBSnapshot", &snapshot).await,
        "404 DBInstanceNotFound"
    );
    assert_eq!(
        stage.refused("StopDBInstance", &[]).await,
        "400 MissingParameter"
    );
    assert_eq!(
        stage.refused("CreateDBCluster", &[]).await,
        "400 InvalidAction"
    );
}

#[tokio::test]
async fn a_reboot_takes_a_minute_and_no_failover() {
    let stage = Stage::made(&[]).await;
    let failover = [DB, ("ForceFailover", "true")];
    assert_eq!(
        stage.refused("RebootDBInstance", &failover).await,
        "400 InvalidParameterCombination"
    );
    stage.ok("RebootDBInstance", &[DB]).await;
    assert_eq!(stage.status().await, "rebooting");
    stage.wait(60);
    assert_eq!(stage.status().await, "available");
}

#[tokio::test]
async fn a_server_that_fails_leaves_the_instance_as_it_was() {
    let mut stage = Stage::made(&[]).await;
    let working = stage.sandbox.postgres.clone();
    stage.sandbox.postgres = Servers::failing(|| ServerError::Internal("broken".to_owned()));
    for operation in ["StopDBInstance", "RebootDBInstance"] {
        assert_eq!(
            stage.refused(operation, &[DB]).await,
            "400 SandboxPostgresFailed"
        );
    }
    let other = stage.modify(&[("DBPortNumber", "6000")]).await.unwrap_err();
    assert_eq!(other.code, "SandboxPostgresFailed");
    assert_eq!(stage.status().await, "available");
    stage.sandbox.postgres = working;
    stage.ok("StopDBInstance", &[DB]).await;
    stage.wait(120);
    stage.sandbox.postgres = Servers::failing(|| ServerError::Internal("broken".to_owned()));
    assert_eq!(
        stage.refused("StartDBInstance", &[DB]).await,
        "400 SandboxPostgresFailed"
    );
    assert_eq!(stage.status().await, "stopped");
}

#[tokio::test]
async fn deleting_wants_exactly_one_word_about_the_snapshot() {
    let stage = Stage::made(&[]).await;
    let both = [
        DB,
        ("SkipFinalSnapshot", "true"),
        ("FinalDBSnapshotIdentifier", "last"),
    ];
    for params in [&both[..], &both[..1]] {
        assert_eq!(
            stage.refused("DeleteDBInstance", params).await,
            "400 InvalidParameterCombination"
        );
    }
    let bad = [DB, ("FinalDBSnapshotIdentifier", "last-")];
    assert_eq!(
        stage.refused("DeleteDBInstance", &bad).await,
        "400 InvalidParameterValue"
    );
    assert_eq!(stage.status().await, "available");
}

#[tokio::test]
async fn a_deleted_one_is_gone_and_its_snapshot_stays() {
    let stage = Stage::made(&[("Tags.Tag.1.Key", "a"), ("CopyTagsToSnapshot", "true")]).await;
    let last = [DB, ("FinalDBSnapshotIdentifier", "Last-One")];
    let reply = stage.ok("DeleteDBInstance", &last).await;
    assert_eq!(text(&reply, "DBInstanceStatus").unwrap(), "deleting");
    assert_eq!(text(&reply, "CACertificateIdentifier"), None);
    let again = stage
        .call("DeleteDBInstance", &[DB, ("SkipFinalSnapshot", "true")])
        .await;
    let again = again.unwrap_err();
    assert_eq!(again.code, "InvalidDBInstanceState");
    assert!(again.message.contains("already being deleted"));
    stage.wait(179);
    assert_eq!(stage.status().await, "deleting");
    assert_eq!(
        stage.create(&[]).await.unwrap_err().code,
        "DBInstanceAlreadyExists"
    );
    stage.wait(1);
    assert_eq!(
        stage.refused("DescribeDBInstances", &[DB]).await,
        "404 DBInstanceNotFound"
    );
    assert_eq!(
        count(&stage.ok("DescribeDBInstances", &[]).await, "DBInstance"),
        0
    );
    let xml = stage
        .ok(
            "DescribeDBSnapshots",
            &[("DBSnapshotIdentifier", "last-one")],
        )
        .await;
    assert_eq!(text(&xml, "Status").unwrap(), "available");
    assert_eq!(
        text(&xml, "TagList").unwrap(),
        "<Tag><Key>a</Key><Value></Value></Tag>"
    );
    // the name is free again, the snapshot's is not
    stage.create(&[]).await.unwrap();
    stage.wait(360);
    assert_eq!(
        stage.refused("DeleteDBInstance", &last).await,
        "400 DBSnapshotAlreadyExists"
    );
}

#[tokio::test]
async fn protection_and_creation_stand_against_deletion() {
    let stage = Stage::new();
    stage
        .create(&[("DeletionProtection", "true")])
        .await
        .unwrap();
    let skip = [DB, ("SkipFinalSnapshot", "true")];
    let error = stage.call("DeleteDBInstance", &skip).await.unwrap_err();
    assert_eq!(error.code, "InvalidParameterCombination");
    assert_eq!(
        error.message,
        "Cannot delete protected DB Instance, please disable deletion protection and try again."
    );
    stage.wait(360);
    stage
        .modify(&[("DeletionProtection", "false")])
        .await
        .unwrap();
    assert_eq!(stage.field("DeletionProtection").await.unwrap(), "false");
    assert_eq!(stage.status().await, "available");
    stage.ok("DeleteDBInstance", &skip).await;

    let stage = Stage::new();
    stage.create(&[]).await.unwrap();
    let last = [DB, ("FinalDBSnapshotIdentifier", "last")];
    assert_eq!(
        stage.refused("DeleteDBInstance", &last).await,
        "400 InvalidDBInstanceState"
    );
    stage.ok("DeleteDBInstance", &skip).await;
    assert_eq!(stage.status().await, "deleting");
}

#[tokio::test]
async fn its_interface_goes_with_it() {
    let stage = Stage::made(&[]).await;
    let interfaces = |stage: &Stage| {
        let world = stage.sandbox.store.read(Clone::clone).unwrap();
        world
            .ec2
            .interfaces
            .into_iter()
            .map(|i| i.gone_at)
            .collect::<Vec<_>>()
    };
    assert_eq!(interfaces(&stage), [None]);
    stage
        .ok("DeleteDBInstance", &[DB, ("SkipFinalSnapshot", "true")])
        .await;
    assert_eq!(interfaces(&stage), [Some(START + (360 + 180) * 1000)]);
}

/// The clock may be ahead of the server that another command still makes: nobody may be told to connect to it.
#[tokio::test]
async fn an_instance_is_creating_until_its_server_answers() {
    let stage = Stage::made(&[]).await;
    let first = |password: Option<&str>| {
        let store = &stage.sandbox.store;
        store
            .write(|w| {
                let instance = w.rds.instances.values_mut().next().unwrap();
                instance.first_password = password.map(str::to_owned);
                Ok(())
            })
            .unwrap();
    };
    first(Some("not-yet"));
    stage.wait(24 * 3600);
    assert_eq!(stage.status().await, "creating");
    first(None);
    assert_eq!(stage.status().await, "available");
}
