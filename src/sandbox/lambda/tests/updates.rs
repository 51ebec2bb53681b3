use super::*;

const NEW: &str = "def handler(event, context):\n    return 'new'\n";

async fn configuration(s: &Stage) -> Value {
    s.ok("GetFunctionConfiguration", &["f"], Value::Null).await
}

#[tokio::test]
async fn changes_must_wait_for_each_other() {
    let s = Stage::new().await;
    s.create(json!({})).await.unwrap();
    let change = json!({"Timeout": 5});
    let code = json!({"ZipFile": encoded(&[("app.py", NEW)])});
    let pending = s
        .refused("UpdateFunctionConfiguration", &["f"], change.clone())
        .await;
    assert_eq!(
        (pending.0, pending.1.as_str()),
        (409, "ResourceConflictException")
    );
    assert!(
        pending
            .2
            .ends_with("The function is currently in the following state: Pending"),
        "{}",
        pending.2
    );
    assert_eq!(
        s.refused("UpdateFunctionCode", &["f"], code.clone())
            .await
            .0,
        409
    );
    s.pass(5);
    let updated = s
        .ok("UpdateFunctionConfiguration", &["f"], change.clone())
        .await;
    assert_eq!(
        (&updated["LastUpdateStatus"], &updated["State"]),
        (&json!("InProgress"), &json!("Active"))
    );
    assert_eq!(updated["Timeout"], 5);
    let busy = s.refused("UpdateFunctionCode", &["f"], code.clone()).await;
    assert!(busy.2.contains(
        "An update is in progress for resource: arn:aws:lambda:us-west-2:123456789012:function:f"
    ));
    assert_eq!(
        s.refused("UpdateFunctionConfiguration", &["f"], change)
            .await
            .0,
        409
    );
    s.pass(15);
    assert_eq!(configuration(&s).await["LastUpdateStatus"], "Successful");
    s.ok("UpdateFunctionCode", &["f"], code).await;
}

#[tokio::test]
async fn revisions_change_and_are_compared() {
    let s = Stage::new().await;
    s.active(HANDLER, json!({})).await;
    let first = configuration(&s).await["RevisionId"].clone();
    let change = json!({"Timeout": 5, "RevisionId": first});
    let during = s
        .ok("UpdateFunctionConfiguration", &["f"], change.clone())
        .await["RevisionId"]
        .clone();
    s.pass(15);
    let after = configuration(&s).await["RevisionId"].clone();
    assert!(first != during && during != after);
    for (operation, body) in [
        ("UpdateFunctionConfiguration", change),
        (
            "UpdateFunctionCode",
            json!({"ZipFile": encoded(&[("app.py", NEW)]), "RevisionId": during}),
        ),
        (
            "AddPermission",
            json!({"StatementId": "s", "Action": "*", "Principal": "*", "RevisionId": first}),
        ),
    ] {
        let refused = s.refused(operation, &["f"], body).await;
        assert_eq!(
            (refused.0, refused.1.as_str()),
            (412, "PreconditionFailedException")
        );
    }
    let allow = json!({"StatementId": "s", "Action": "*", "Principal": "*", "RevisionId": after});
    s.ok("AddPermission", &["f"], allow).await;
    assert_ne!(configuration(&s).await["RevisionId"], after);
}

#[tokio::test]
async fn a_dry_run_leaves_the_code_alone() {
    let s = Stage::new().await;
    s.active(HANDLER, json!({})).await;
    let before = configuration(&s).await;
    let dry = json!({"ZipFile": encoded(&[("app.py", NEW)]), "DryRun": true});
    let shown = s.ok("UpdateFunctionCode", &["f"], dry).await;
    assert_ne!(shown["CodeSha256"], before["CodeSha256"]);
    assert_eq!(configuration(&s).await, before);
}

#[tokio::test]
async fn code_brings_its_architecture() {
    let s = Stage::new().await;
    s.active(HANDLER, json!({})).await;
    let code = json!({"ZipFile": encoded(&[("app.py", NEW)]), "Architectures": ["arm64"]});
    let updated = s.ok("UpdateFunctionCode", &["f"], code).await;
    assert_eq!(updated["Architectures"], json!(["arm64"]));
    s.pass(15);
    let code = json!({"ZipFile": encoded(&[("app.py", HANDLER)])});
    let updated = s.ok("UpdateFunctionCode", &["f"], code).await;
    assert_eq!(updated["Architectures"], json!(["arm64"])); // kept where it is not given
    let gone = s.refused("UpdateFunctionCode", &["g"], json!({})).await;
    assert_eq!(gone.1, "ResourceNotFoundException");
}

#[tokio::test]
async fn what_is_omitted_stays_and_what_is_given_is_replaced_whole() {
    let s = Stage::new().await;
    s.active(
        HANDLER,
        json!({"Description": "d", "Environment": {"Variables": {"AA": "1", "BB": "2"}}, "MemorySize": 256}),
    )
    .await;
    let updated = s
        .ok(
            "UpdateFunctionConfiguration",
            &["f"],
            json!({"Environment": {"Variables": {"CC": "3"}}}),
        )
        .await;
    assert_eq!(updated["Environment"]["Variables"], json!({"CC": "3"}));
    assert_eq!(
        (&updated["Description"], &updated["MemorySize"]),
        (&json!("d"), &json!(256))
    );
    s.pass(15);
    let updated = s
        .ok(
            "UpdateFunctionConfiguration",
            &["f"],
            json!({"Environment": {"Variables": {}}}),
        )
        .await;
    assert!(updated.get("Environment").is_none());
}

#[tokio::test]
async fn moving_takes_longer_and_leaves_interfaces_behind() {
    let s = Stage::new().await;
    let (subnets, group, vpc) = s.place();
    s.active(HANDLER, json!({})).await;
    let place = json!({"VpcConfig": {"SubnetIds": subnets, "SecurityGroupIds": [group]}});
    let moved = s
        .ok("UpdateFunctionConfiguration", &["f"], place.clone())
        .await;
    assert_eq!(moved["VpcConfig"]["VpcId"], vpc);
    s.pass(59);
    assert_eq!(configuration(&s).await["LastUpdateStatus"], "InProgress");
    s.pass(1);
    assert_eq!(configuration(&s).await["LastUpdateStatus"], "Successful");
    s.ok("UpdateFunctionConfiguration", &["f"], place).await; // the same place: an ordinary update
    s.pass(15);
    assert_eq!(configuration(&s).await["LastUpdateStatus"], "Successful");
    let out = json!({"VpcConfig": {"SubnetIds": [], "SecurityGroupIds": []}});
    let left = s.ok("UpdateFunctionConfiguration", &["f"], out).await;
    assert_eq!(left["VpcConfig"]["VpcId"], "");
    assert_eq!(s.interfaces(), subnets.len());
    s.pass(1200);
    assert_eq!(s.interfaces(), 0);
}

#[tokio::test]
async fn during_an_update_the_old_code_serves() {
    let s = Stage::new().await;
    s.active(HANDLER, json!({"Timeout": 30})).await;
    let arn = "arn:aws:lambda:us-west-2:123456789012:function:f";
    s.ok(
        "UpdateFunctionCode",
        &["f"],
        json!({"ZipFile": encoded(&[("app.py", NEW)])}),
    )
    .await;
    let done = crate::sandbox::lambda::invoke(&s.sandbox, arn, &json!("old"), None, None)
        .await
        .unwrap();
    assert_eq!(done.payload, "old");
    s.pass(15);
    let done = crate::sandbox::lambda::invoke(&s.sandbox, arn, &json!("old"), None, None)
        .await
        .unwrap();
    assert_eq!(done.payload, "new");
}
