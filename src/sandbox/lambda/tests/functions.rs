use super::*;

#[tokio::test]
async fn a_function_is_pending_and_then_active() {
    let s = Stage::new().await;
    let bytes = zip(&[("app.py", HANDLER)]);
    let made = s
        .create(json!({"Tags": {"stack": "cruddur"}, "Environment": {"Variables": {"URL": "x"}}}))
        .await
        .unwrap();
    assert_eq!(made["State"], "Pending");
    assert_eq!(made["StateReasonCode"], "Creating");
    assert_eq!(
        made["FunctionArn"],
        "arn:aws:lambda:us-west-2:123456789012:function:f"
    );
    assert_eq!(made["LastModified"], "2026-11-23T00:00:08.000+0000");
    assert_eq!(made["CodeSize"], bytes.len());
    let digest = <sha2::Sha256 as sha2::Digest>::digest(&bytes);
    assert_eq!(made["CodeSha256"], STANDARD.encode(digest));
    assert_eq!(
        (&made["Timeout"], &made["MemorySize"]),
        (&json!(3), &json!(128))
    );
    assert_eq!(made["Architectures"], json!(["x86_64"]));
    s.pass(5);
    let got = s.ok("GetFunction", &["f"], Value::Null).await;
    let c = &got["Configuration"];
    assert_eq!(
        (&c["State"], &c["LastUpdateStatus"]),
        (&json!("Active"), &json!("Successful"))
    );
    assert_ne!(c["RevisionId"], made["RevisionId"]); // it has changed with the end of the creation
    assert_eq!(c["RevisionId"].as_str().unwrap().len(), 36);
    assert_eq!(c["Environment"]["Variables"]["URL"], "x");
    assert_eq!(got["Tags"], json!({"stack": "cruddur"}));
    assert_eq!(got["Code"]["RepositoryType"], "S3");
    let kept = got["Code"]["Location"]
        .as_str()
        .unwrap()
        .strip_prefix("file://")
        .unwrap()
        .to_owned();
    assert_eq!(std::fs::read(kept).unwrap(), bytes);
    let again = s.create(json!({})).await.unwrap_err();
    assert_eq!(
        (again.status, again.code.as_str()),
        (409, "ResourceConflictException")
    );
    assert_eq!(again.message, "Function already exist: f");
}

#[tokio::test]
async fn it_may_be_named_in_many_ways() {
    let s = Stage::new().await;
    s.create(json!({})).await.unwrap();
    let arn = "arn:aws:lambda:us-west-2:123456789012:function:f";
    let latest = format!("{arn}:$LATEST");
    for name in [
        "f",
        arn,
        &latest,
        "123456789012:function:f",
        "function:f",
        "f:$LATEST",
    ] {
        s.ok(
            "GetFunctionConfiguration",
            &[name, "configuration"],
            Value::Null,
        )
        .await;
    }
    let absent = "ResourceNotFoundException";
    for name in [
        "g",
        "f:1",
        "arn:aws:lambda:us-east-1:123456789012:function:f",
    ] {
        assert_eq!(
            s.refused("GetFunction", &[name], Value::Null).await.1,
            absent,
            "{name}"
        );
    }
    assert_eq!(
        s.refused("GetFunction", &["a b"], Value::Null).await.1,
        "ValidationException"
    );
    assert_eq!(
        s.refused("GetFunction", &["arn:aws:s3:::b"], Value::Null)
            .await
            .1,
        "ValidationException"
    );
}

#[tokio::test]
async fn in_a_vpc_it_takes_a_minute_and_its_interfaces_linger() {
    let s = Stage::new().await;
    let (subnets, group, vpc) = s.place();
    let made = s
        .create(json!({"VpcConfig": {"SubnetIds": subnets, "SecurityGroupIds": [group]}}))
        .await
        .unwrap();
    assert_eq!(made["VpcConfig"]["VpcId"], vpc);
    assert_eq!(s.interfaces(), subnets.len());
    s.pass(59);
    let got = s.ok("GetFunctionConfiguration", &["f"], Value::Null).await;
    assert_eq!(got["State"], "Pending");
    s.pass(1);
    let got = s.ok("GetFunctionConfiguration", &["f"], Value::Null).await;
    assert_eq!(got["State"], "Active");
    s.ok("DeleteFunction", &["f"], Value::Null).await;
    s.pass(1199);
    assert_eq!(s.interfaces(), subnets.len());
    s.pass(1);
    assert_eq!(s.interfaces(), 0);
}

#[tokio::test]
async fn a_deleted_function_takes_its_policy_with_it() {
    let s = Stage::new().await;
    s.active(HANDLER, json!({})).await;
    let allow = json!({"StatementId": "s", "Action": "lambda:InvokeFunction", "Principal": "s3.amazonaws.com"});
    s.ok("AddPermission", &["f", "policy"], allow).await;
    s.ok("DeleteFunction", &["f"], Value::Null).await;
    assert_eq!(
        s.refused("DeleteFunction", &["f"], Value::Null).await.0,
        404
    );
    s.active(HANDLER, json!({})).await;
    assert_eq!(
        s.refused("GetPolicy", &["f", "policy"], Value::Null)
            .await
            .1,
        "ResourceNotFoundException"
    );
}

#[tokio::test]
async fn functions_are_listed_in_pages() {
    let s = Stage::new().await;
    for name in ["a", "b", "c"] {
        s.create(json!({"FunctionName": name})).await.unwrap();
    }
    let path = ["2015-03-31", "functions"];
    let Ok(Reply::Json(_, page)) = s
        .send("ListFunctions", &path, &[("MaxItems", "2")], &[], vec![])
        .await
    else {
        panic!()
    };
    assert_eq!(page["Functions"].as_array().unwrap().len(), 2);
    assert!(page["Functions"][0].get("State").is_none());
    let marker = page["NextMarker"].as_str().unwrap();
    let Ok(Reply::Json(_, page)) = s
        .send("ListFunctions", &path, &[("Marker", marker)], &[], vec![])
        .await
    else {
        panic!()
    };
    assert_eq!(page["Functions"][0]["FunctionName"], "c");
    assert!(page.get("NextMarker").is_none());
    assert!(
        s.send("ListFunctions", &path, &[("MaxItems", "0")], &[], vec![])
            .await
            .is_err()
    );
}

#[tokio::test]
async fn functions_have_tags() {
    let s = Stage::new().await;
    s.create(json!({"Tags": {"a": "1"}})).await.unwrap();
    let arn = "arn:aws:lambda:us-west-2:123456789012:function:f";
    let path = ["2017-03-31", "tags", arn];
    let body = json!({"Tags": {"b": "2", "a": "3"}})
        .to_string()
        .into_bytes();
    s.send("TagResource", &path, &[], &[], body).await.unwrap();
    s.send(
        "UntagResource",
        &path,
        &[("tagKeys", "a"), ("tagKeys", "x")],
        &[],
        vec![],
    )
    .await
    .unwrap();
    let Ok(Reply::Json(200, tags)) = s.send("ListTags", &path, &[], &[], vec![]).await else {
        panic!()
    };
    assert_eq!(tags, json!({"Tags": {"b": "2"}}));
    for bad in [json!({"aws:x": "1"}), json!({"k": "v".repeat(257)})] {
        let body = json!({"Tags": bad}).to_string().into_bytes();
        let e = s
            .send("TagResource", &path, &[], &[], body)
            .await
            .unwrap_err();
        assert_eq!(e.code, "InvalidParameterValueException");
    }
    let gone = [
        "2017-03-31",
        "tags",
        "arn:aws:lambda:us-west-2:123456789012:function:g",
    ];
    assert_eq!(
        s.send("ListTags", &gone, &[], &[], vec![])
            .await
            .unwrap_err()
            .status,
        404
    );
    let layer = [
        "2017-03-31",
        "tags",
        "arn:aws:lambda:us-west-2:123456789012:layer:l:1",
    ];
    assert_eq!(
        s.send("ListTags", &layer, &[], &[], vec![])
            .await
            .unwrap_err()
            .status,
        400
    );
}
