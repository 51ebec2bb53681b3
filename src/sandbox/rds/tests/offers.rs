use super::*;

#[tokio::test]
async fn versions_are_found_by_major_and_in_full() {
    let stage = Stage::new();
    let versions = |xml: &str| count(xml, "DBEngineVersion");
    let op = "DescribeDBEngineVersions";
    let all = stage.ok(op, &[("Engine", "postgres")]).await;
    assert_eq!(versions(&all), 1 + 6 + 6 + 6 + 6 + 4);
    let major = stage.ok(op, &[("EngineVersion", "17")]).await;
    assert_eq!(versions(&major), 6);
    let one = stage.ok(op, &[("EngineVersion", "17.5")]).await;
    assert_eq!(versions(&one), 1);
    assert!(one.contains("<EngineVersion>17.10</EngineVersion><Description>PostgreSQL 17.10</Description><AutoUpgrade>true</AutoUpgrade><IsMajorVersionUpgrade>false<"));
    assert!(one.contains("<EngineVersion>18.4</EngineVersion><Description>PostgreSQL 18.4</Description><AutoUpgrade>false</AutoUpgrade><IsMajorVersionUpgrade>true<"));
    assert!(one.contains("<SupportedCACertificateIdentifiers><member>rds-ca-rsa2048-g1</member>"));
    assert_eq!(text(&one, "DBParameterGroupFamily").unwrap(), "postgres17");
    assert_eq!(
        versions(&stage.ok(op, &[("EngineVersion", "14.6")]).await),
        0
    );
    let deprecated = [("EngineVersion", "17.4")];
    assert_eq!(versions(&stage.ok(op, &deprecated).await), 0);
    let all = [("EngineVersion", "17.4"), ("IncludeAll", "true")];
    assert_eq!(
        text(&stage.ok(op, &all).await, "Status").unwrap(),
        "deprecated"
    );
    let default = stage
        .ok(op, &[("Engine", "postgres"), ("DefaultOnly", "true")])
        .await;
    assert_eq!(versions(&default), 1);
    assert_eq!(text(&default, "EngineVersion").unwrap(), "17.10");
    let default = stage
        .ok(op, &[("EngineVersion", "16"), ("DefaultOnly", "true")])
        .await;
    assert_eq!(text(&default, "EngineVersion").unwrap(), "16.14");
    assert_eq!(versions(&stage.ok(op, &[("Engine", "mysql")]).await), 0);
    let family = [("DBParameterGroupFamily", "postgres13")];
    assert_eq!(versions(&stage.ok(op, &family).await), 1);
    let filter = [
        ("Filters.Filter.1.Name", "status"),
        ("Filters.Filter.1.Values.Value.1", "deprecated"),
    ];
    assert_eq!(versions(&stage.ok(op, &filter).await), 0);
}

#[tokio::test]
async fn pages_follow_one_another() {
    let stage = Stage::new();
    let op = "DescribeDBEngineVersions";
    let mut seen = Vec::new();
    let mut marker = String::new();
    loop {
        let xml = stage
            .ok(op, &[("MaxRecords", "20"), ("Marker", &marker)])
            .await;
        seen.extend(
            xml.split("<DBEngineVersion>")
                .skip(1)
                .map(|v| text(v, "EngineVersion").unwrap()),
        );
        match text(&xml, "Marker") {
            Some(next) => marker = next,
            None => break,
        }
    }
    assert_eq!(seen.len(), 29);
    assert_eq!(seen.first().unwrap(), "13.23");
    assert_eq!(seen.last().unwrap(), "18.4");
    for bad in ["19", "101", "0", "-1"] {
        assert_eq!(
            stage.refused(op, &[("MaxRecords", bad)]).await,
            "400 InvalidParameterValue"
        );
    }
    assert_eq!(
        stage.refused(op, &[("Marker", "???")]).await,
        "400 InvalidParameterValue"
    );
}

#[tokio::test]
async fn instances_are_paged_and_filtered() {
    let stage = Stage::new();
    for n in 10..35 {
        stage
            .create(&[("DBInstanceIdentifier", &format!("db{n}"))])
            .await
            .unwrap();
    }
    let op = "DescribeDBInstances";
    let first = stage.ok(op, &[("MaxRecords", "20")]).await;
    assert_eq!(count(&first, "DBInstance"), 20);
    let marker = text(&first, "Marker").unwrap();
    let rest = stage
        .ok(op, &[("MaxRecords", "20"), ("Marker", &marker)])
        .await;
    assert_eq!(count(&rest, "DBInstance"), 5);
    assert_eq!(text(&rest, "Marker"), None);
    let resource = text(&rest, "DbiResourceId").unwrap();
    let arn = text(&rest, "DBInstanceArn").unwrap();
    for (name, value, many) in [
        ("db-instance-id", "db30", 1),
        ("db-instance-id", &*arn, 1),
        ("dbi-resource-id", &*resource, 1),
        ("engine", "postgres", 25),
        ("engine", "mysql", 0),
        ("db-cluster-id", "c", 0),
    ] {
        let filter = [
            ("Filters.Filter.1.Name", name),
            ("Filters.Filter.1.Values.Value.1", value),
        ];
        assert_eq!(
            count(&stage.ok(op, &filter).await, "DBInstance"),
            many,
            "{name} {value}"
        );
    }
    let bad = [
        ("Filters.Filter.1.Name", "colour"),
        ("Filters.Filter.1.Values.Value.1", "red"),
    ];
    assert_eq!(stage.refused(op, &bad).await, "400 InvalidParameterValue");
}

#[tokio::test]
async fn majors_tell_their_days() {
    let stage = Stage::new();
    let op = "DescribeDBMajorEngineVersions";
    assert_eq!(count(&stage.ok(op, &[]).await, "DBMajorEngineVersion"), 6);
    let one = stage
        .ok(op, &[("Engine", "postgres"), ("MajorEngineVersion", "17")])
        .await;
    assert!(one.contains("<LifecycleSupportName>open-source-rds-standard-support<"));
    assert!(one.contains("<LifecycleSupportEndDate>2030-02-28T23:59:59Z<"));
    assert!(one.contains("<LifecycleSupportStartDate>2030-03-01T00:00:00Z<"));
}

#[tokio::test]
async fn orders_tell_zones_and_storage() {
    let stage = Stage::new();
    let op = "DescribeOrderableDBInstanceOptions";
    let params = [
        ("Engine", "postgres"),
        ("EngineVersion", "17.10"),
        ("DBInstanceClass", "db.t3.micro"),
        ("Vpc", "true"),
        ("MaxRecords", "1000"),
    ];
    let xml = stage.ok(op, &params).await;
    assert_eq!(count(&xml, "OrderableDBInstanceOption"), 4);
    assert_eq!(count(&xml, "AvailabilityZone"), 12);
    assert!(xml.contains("<StorageType>gp3</StorageType>"));
    assert!(xml.contains("<SupportsPerformanceInsights>true<"));
    assert!(xml.contains("<MinStorageSize>20<"));
    let rare = [
        ("Engine", "postgres"),
        ("EngineVersion", "17.10"),
        ("DBInstanceClass", "db.m7g.large"),
    ];
    assert_eq!(count(&stage.ok(op, &rare).await, "AvailabilityZone"), 8);
    let none = [("Engine", "postgres"), ("EngineVersion", "14.6")];
    assert_eq!(
        count(&stage.ok(op, &none).await, "OrderableDBInstanceOption"),
        0
    );
    assert_eq!(stage.refused(op, &[]).await, "400 MissingParameter");
    let filter = [("Engine", "postgres"), ("Filters.Filter.1.Name", "x")];
    assert_eq!(
        stage.refused(op, &filter).await,
        "400 InvalidParameterValue"
    );
    let page = stage.ok(op, &[("Engine", "postgres")]).await;
    assert_eq!(count(&page, "OrderableDBInstanceOption"), 100);
    assert!(text(&page, "Marker").is_some());
}

#[tokio::test]
async fn storage_tells_what_it_can_become() {
    let stage = Stage::made(&[("AllocatedStorage", "50")]).await;
    let xml = stage
        .ok("DescribeValidDBInstanceModifications", &[DB])
        .await;
    let gp3 = xml
        .split("<ValidStorageOptions>")
        .find(|s| s.contains(">gp3<"))
        .unwrap();
    assert_eq!(text(gp3, "From").unwrap(), "50");
    assert!(!gp3.contains("ProvisionedIops"));
}
