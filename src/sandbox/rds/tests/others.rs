use super::*;
use crate::sandbox::rds::windows;

#[tokio::test]
async fn tags_go_in_both_directions() {
    let stage = Stage::made(&[("Tags.Tag.1.Key", "a"), ("Tags.Tag.1.Value", "1")]).await;
    let arn = stage.field("DBInstanceArn").await.unwrap();
    let name = ("ResourceName", arn.as_str());
    stage
        .ok(
            "AddTagsToResource",
            &[name, ("Tags.Tag.1.Key", "b"), ("Tags.Tag.1.Value", "2")],
        )
        .await;
    let xml = stage.ok("ListTagsForResource", &[name]).await;
    let both = "<Tag><Key>a</Key><Value>1</Value></Tag><Tag><Key>b</Key><Value>2</Value></Tag>";
    assert_eq!(text(&xml, "TagList").unwrap(), both);
    assert_eq!(stage.field("TagList").await.unwrap(), both);
    stage
        .ok(
            "RemoveTagsFromResource",
            &[
                name,
                ("TagKeys.member.1", "a"),
                ("TagKeys.member.2", "unknown"),
            ],
        )
        .await;
    assert_eq!(count(&stage.describe().await, "Tag"), 1);
    let rds = [name, ("Tags.Tag.1.Key", "rds:x")];
    assert_eq!(
        stage.refused("AddTagsToResource", &rds).await,
        "400 InvalidParameterValue"
    );
    for (arn, wanted) in [
        ("db", "400 InvalidParameterValue"),
        (
            "arn:aws:rds:eu-west-1:123456789012:db:db",
            "400 InvalidParameterValue",
        ),
        (
            "arn:aws:rds:us-west-2:123456789012:db:x",
            "404 DBInstanceNotFound",
        ),
        (
            "arn:aws:rds:us-west-2:123456789012:snapshot:x",
            "404 DBSnapshotNotFound",
        ),
    ] {
        assert_eq!(
            stage
                .refused("ListTagsForResource", &[("ResourceName", arn)])
                .await,
            wanted
        );
    }
}

#[tokio::test]
async fn fifty_tags_are_enough() {
    let stage = Stage::made(&[]).await;
    let arn = stage.field("DBInstanceArn").await.unwrap();
    let keys: Vec<(String, String)> = (1..=51)
        .map(|n| (format!("Tags.Tag.{n}.Key"), format!("k{n}")))
        .collect();
    let mut params: Vec<(&str, &str)> = keys.iter().map(|(k, v)| (&**k, &**v)).collect();
    params.push(("ResourceName", &arn));
    assert_eq!(
        stage.refused("AddTagsToResource", &params).await,
        "400 InvalidParameterValue"
    );
    params.remove(0);
    stage.ok("AddTagsToResource", &params).await;
    let one_more = [("ResourceName", &*arn), ("Tags.Tag.1.Key", "more")];
    assert_eq!(
        stage.refused("AddTagsToResource", &one_more).await,
        "400 InvalidParameterValue"
    );
}

#[tokio::test]
async fn a_snapshot_has_a_life_too() {
    let stage = Stage::made(&[]).await;
    let name = ("DBSnapshotIdentifier", "One");
    let reply = stage
        .ok("CreateDBSnapshot", &[DB, name, ("Tags.Tag.1.Key", "t")])
        .await;
    assert_eq!(text(&reply, "Status").unwrap(), "creating");
    assert_eq!(text(&reply, "DBSnapshotIdentifier").unwrap(), "one");
    assert_eq!(stage.status().await, "backing-up");
    assert_eq!(
        stage
            .refused("CreateDBSnapshot", &[DB, ("DBSnapshotIdentifier", "two")])
            .await,
        "400 InvalidDBInstanceState"
    );
    assert_eq!(
        stage.refused("DeleteDBSnapshot", &[name]).await,
        "400 InvalidDBSnapshotState"
    );
    stage.wait(120);
    let op = "DescribeDBSnapshots";
    let xml = stage.ok(op, &[DB]).await;
    assert_eq!(text(&xml, "Status").unwrap(), "available");
    assert_eq!(text(&xml, "PercentProgress").unwrap(), "100");
    assert_eq!(
        stage.refused("CreateDBSnapshot", &[DB, name]).await,
        "400 DBSnapshotAlreadyExists"
    );
    for (params, many) in [
        (vec![("DBInstanceIdentifier", "other")], 0),
        (vec![("SnapshotType", "automated")], 0),
        (vec![("SnapshotType", "manual")], 1),
        (
            vec![
                ("Filters.Filter.1.Name", "db-instance-id"),
                ("Filters.Filter.1.Values.Value.1", "db"),
            ],
            1,
        ),
    ] {
        assert_eq!(
            count(&stage.ok(op, &params).await, "DBSnapshot"),
            many,
            "{params:?}"
        );
    }
    assert_eq!(
        stage.refused(op, &[("SnapshotType", "x")]).await,
        "400 InvalidParameterValue"
    );
    let reply = stage.ok("DeleteDBSnapshot", &[name]).await;
    assert_eq!(text(&reply, "Status").unwrap(), "deleted");
    assert_eq!(stage.refused(op, &[name]).await, "404 DBSnapshotNotFound");
    assert_eq!(
        stage.refused("DeleteDBSnapshot", &[name]).await,
        "404 DBSnapshotNotFound"
    );
}

#[tokio::test]
async fn the_subnet_group_is_that_of_the_default_network() {
    let stage = Stage::new();
    let xml = stage.ok("DescribeDBSubnetGroups", &[]).await;
    assert_eq!(text(&xml, "DBSubnetGroupName").unwrap(), "default");
    assert!(text(&xml, "VpcId").unwrap().starts_with("vpc-"));
    assert_eq!(count(&xml, "Subnet"), 3);
    let other = [("DBSubnetGroupName", "mine")];
    assert_eq!(
        stage.refused("DescribeDBSubnetGroups", &other).await,
        "404 DBSubnetGroupNotFoundFault"
    );
}

#[tokio::test]
async fn an_upgrade_is_due_where_there_is_one() {
    let stage = Stage::made(&[("EngineVersion", "17.5")]).await;
    let op = "DescribePendingMaintenanceActions";
    let xml = stage.ok(op, &[]).await;
    assert_eq!(text(&xml, "Action").unwrap(), "db-upgrade");
    let arn = text(&xml, "ResourceIdentifier").unwrap();
    assert_eq!(
        count(
            &stage.ok(op, &[("ResourceIdentifier", &arn)]).await,
            "Action"
        ),
        1
    );
    stage
        .modify(&[("AutoMinorVersionUpgrade", "false")])
        .await
        .unwrap();
    assert_eq!(count(&stage.ok(op, &[]).await, "Action"), 0);
    let other = [(
        "ResourceIdentifier",
        "arn:aws:rds:us-west-2:123456789012:db:x",
    )];
    assert_eq!(stage.refused(op, &other).await, "404 ResourceNotFoundFault");
}

#[test]
fn a_window_is_found_across_the_week() {
    // a Monday noon
    let minute = 60_000;
    for (window, in_minutes) in [
        ("mon:12:00-mon:12:30", 0),
        ("mon:11:31-mon:12:01", 0),
        ("mon:11:30-mon:12:00", 7 * 24 * 60 - 30),
        ("mon:12:01-mon:12:31", 1),
        ("tue:12:00-tue:12:30", 24 * 60),
        ("sun:23:45-mon:12:15", 0),
    ] {
        assert_eq!(
            windows::next(window, START),
            Some(START + in_minutes * minute),
            "{window}"
        );
    }
    for seed in 0..100 {
        let (weekly, daily) = windows::chosen(seed);
        windows::check(&weekly, &daily).unwrap();
    }
}
