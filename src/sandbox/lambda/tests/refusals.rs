use super::*;

const INVALID: &str = "InvalidParameterValueException";
const VIOLATION: &str = "ValidationException";

async fn refusal(s: &Stage, changes: Value) -> (String, String) {
    let e = s
        .create(changes.clone())
        .await
        .expect_err(&changes.to_string());
    assert_eq!(e.status, 400, "{e:?}");
    (e.code, e.message)
}

#[tokio::test]
async fn settings_have_limits() {
    let s = Stage::new().await;
    for (changes, code) in [
        (json!({"Timeout": 0}), VIOLATION),
        (json!({"Timeout": 901}), INVALID),
        (json!({"Timeout": 5401}), VIOLATION),
        (json!({"Timeout": "3"}), "SerializationException"),
        (json!({"MemorySize": 127}), VIOLATION),
        (json!({"MemorySize": 10_241}), INVALID),
        (json!({"EphemeralStorage": {"Size": 511}}), VIOLATION),
        (json!({"Handler": "a b"}), VIOLATION),
        (json!({"Handler": ""}), VIOLATION),
        (json!({"Handler": "h".repeat(129)}), VIOLATION),
        (json!({"Handler": null}), INVALID),
        (json!({"Description": "d".repeat(257)}), VIOLATION),
        (json!({"Role": "r"}), VIOLATION),
        (json!({"Role": null}), VIOLATION),
        (json!({"FunctionName": "a.b"}), VIOLATION),
        (json!({"FunctionName": "f".repeat(65)}), INVALID),
        (json!({"Architectures": ["x86_64", "arm64"]}), VIOLATION),
        (json!({"Architectures": ["mips"]}), VIOLATION),
        (json!({"PackageType": "Image"}), INVALID),
        (json!({"Publish": true}), INVALID),
        (json!({"FileSystemConfigs": [{}]}), INVALID),
        (json!({"TracingConfig": {"Mode": "On"}}), VIOLATION),
        (json!({"LoggingConfig": {"LogFormat": "XML"}}), VIOLATION),
        (json!({"Tags": {"aws:a": "b"}}), INVALID),
    ] {
        assert_eq!(refusal(&s, changes.clone()).await.0, code, "{changes}");
    }
    s.create(json!({"Timeout": 900, "MemorySize": 10_240, "FileSystemConfigs": []}))
        .await
        .unwrap();
}

#[tokio::test]
async fn runtimes_end() {
    let s = Stage::new().await;
    for runtime in ["python3.99", "cobol", "python3.7", "python2.7"] {
        assert_eq!(
            refusal(&s, json!({"Runtime": runtime})).await.0,
            INVALID,
            "{runtime}"
        );
    }
    for (name, runtime) in [("a", "python3.8"), ("b", "python3.14"), ("c", "nodejs22.x")] {
        s.create(json!({"FunctionName": name, "Runtime": runtime}))
            .await
            .unwrap();
    }
    s.pass(100 * 86_400); // 2027-03-03
    assert!(
        refusal(&s, json!({"FunctionName": "d", "Runtime": "python3.8"}))
            .await
            .1
            .contains("no longer supported")
    );
    let update = json!({"Runtime": "python3.8"});
    assert_eq!(
        s.refused("UpdateFunctionConfiguration", &["b"], update)
            .await
            .1,
        INVALID
    );
    let code = json!({"ZipFile": encoded(&[("app.py", "")])});
    assert_eq!(
        s.refused("UpdateFunctionCode", &["a", "code"], code)
            .await
            .1,
        INVALID
    );
}

#[tokio::test]
async fn environments_have_limits_and_keep_their_values() {
    let s = Stage::new().await;
    let of = |name: &str, value: &str| json!({"Environment": {"Variables": {name: value}}});
    for name in ["A", "1A", "a-b", "_x"] {
        assert_eq!(refusal(&s, of(name, "hidden")).await.0, VIOLATION, "{name}");
    }
    for name in [
        "AWS_REGION",
        "AWS_SESSION_TOKEN",
        "LAMBDA_TASK_ROOT",
        "_HANDLER",
    ] {
        let (code, message) = refusal(&s, of(name, "hidden")).await;
        assert_eq!(code, INVALID);
        assert!(message.contains(name) && !message.contains("hidden"));
    }
    let (code, message) = refusal(&s, of("URL", &"secret".repeat(700))).await;
    assert_eq!(code, INVALID);
    assert!(message.contains("4KB") && !message.contains("secret"));
    s.create(of("URL", "secret")).await.unwrap();
    let function = s.sandbox.store.read(|w| format!("{:?}", w.lambda)).unwrap();
    assert!(function.contains("URL") && !function.contains("secret"));
}

#[tokio::test]
async fn zips_are_checked() {
    let s = Stage::new().await;
    let of = |bytes: &[u8]| json!({"Code": {"ZipFile": STANDARD.encode(bytes)}});
    let (code, message) = refusal(&s, of(b"no zip")).await;
    assert_eq!(code, INVALID);
    assert!(
        message.starts_with("Could not unzip uploaded file"),
        "{message}"
    );
    let outside = zip(&[("../x", "")]);
    assert_eq!(refusal(&s, of(&outside)).await.0, INVALID);
    let empty = zip(&[]);
    assert!(refusal(&s, of(&empty)).await.1.contains("non-empty"));
    let cut = zip(&[("app.py", HANDLER)]);
    assert_eq!(refusal(&s, of(&cut[..cut.len() - 10])).await.0, INVALID);
    assert_eq!(refusal(&s, json!({"Code": {}})).await.0, INVALID);
    assert!(
        refusal(&s, json!({"Code": {"S3Bucket": "b", "S3Key": "k"}}))
            .await
            .1
            .contains("NoSuchBucket")
    );
    assert_eq!(
        refusal(&s, json!({"Code": {"ImageUri": "i"}})).await.0,
        INVALID
    );
    let large = s
        .create(json!({"Code": {"ZipFile": "A".repeat(72 << 20)}}))
        .await
        .unwrap_err();
    assert_eq!(
        (large.status, large.code.as_str()),
        (413, "RequestEntityTooLargeException")
    );
}

#[tokio::test]
async fn roles_must_be_assumable_and_have_spread() {
    let s = Stage::new().await;
    let cannot = "The role defined for the function cannot be assumed by Lambda.";
    let none = json!({"Role": "arn:aws:iam::123456789012:role/none"});
    assert_eq!(
        refusal(&s, none).await,
        (INVALID.to_owned(), cannot.to_owned())
    );
    s.iam(
        "CreateRole",
        &[("RoleName", "late"), ("AssumeRolePolicyDocument", TRUST)],
    )
    .await;
    let late = json!({"Role": "arn:aws:iam::123456789012:role/late"});
    assert_eq!(refusal(&s, late.clone()).await.1, cannot);
    s.pass(8);
    let (subnets, group, _) = s.place();
    let mut placed = late.clone();
    placed["VpcConfig"] = json!({"SubnetIds": subnets, "SecurityGroupIds": [group]});
    let may_not = "The provided execution role does not have permissions to call CreateNetworkInterface on EC2";
    assert_eq!(
        refusal(&s, placed.clone()).await,
        (INVALID.to_owned(), may_not.to_owned())
    );
    let inline = r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":["ec2:CreateNetworkInterface","ec2:DeleteNetworkInterface"],"Resource":"arn:aws:ec2:*:*:network-interface/*"}}"#;
    s.iam(
        "PutRolePolicy",
        &[
            ("RoleName", "late"),
            ("PolicyName", "p"),
            ("PolicyDocument", inline),
        ],
    )
    .await;
    s.pass(8);
    assert!(
        refusal(&s, placed.clone())
            .await
            .1
            .ends_with("call DescribeNetworkInterfaces on EC2")
    );
    s.iam(
        "AttachRolePolicy",
        &[("RoleName", "late"), ("PolicyArn", MANAGED)],
    )
    .await;
    assert!(s.create(placed.clone()).await.is_err());
    s.pass(8);
    s.create(placed).await.unwrap();
    let ec2 = TRUST.replace("lambda", "ec2");
    s.iam(
        "CreateRole",
        &[("RoleName", "ec2"), ("AssumeRolePolicyDocument", &ec2)],
    )
    .await;
    s.pass(8);
    let other = json!({"FunctionName": "g", "Role": "arn:aws:iam::123456789012:role/ec2"});
    assert_eq!(refusal(&s, other).await.1, cannot);
}

#[tokio::test]
async fn networks_must_exist() {
    let s = Stage::new().await;
    let (subnets, group, _) = s.place();
    let of = |subnets: Value, groups: Value| json!({"VpcConfig": {"SubnetIds": subnets, "SecurityGroupIds": groups}});
    assert!(
        refusal(&s, of(json!(["subnet-0"]), json!([group])))
            .await
            .1
            .contains("InvalidSubnetID.NotFound")
    );
    assert!(
        refusal(&s, of(json!(subnets), json!(["sg-0"])))
            .await
            .1
            .contains("InvalidGroup.NotFound")
    );
    assert!(
        refusal(&s, of(json!(subnets), json!([])))
            .await
            .1
            .contains("must coexist")
    );
    assert!(
        refusal(&s, of(json!([]), json!([group])))
            .await
            .1
            .contains("must coexist")
    );
    assert_eq!(
        refusal(&s, of(json!(vec!["s"; 17]), json!([group])))
            .await
            .0,
        VIOLATION
    );
    assert_eq!(
        refusal(&s, of(json!(subnets), json!(vec!["g"; 6]))).await.0,
        VIOLATION
    );
    let made = s.create(of(json!([]), json!([]))).await.unwrap();
    assert!(made.get("VpcConfig").is_none());
}

#[tokio::test]
async fn operations_and_bodies_that_make_no_sense() {
    let s = Stage::new().await;
    let e = s
        .send("ListAliases", &[], &[], &[], vec![])
        .await
        .unwrap_err();
    assert_eq!(
        (e.status, e.code.as_str()),
        (404, "UnknownOperationException")
    );
    let e = s
        .send("CreateFunction", &[], &[], &[], b"{".to_vec())
        .await
        .unwrap_err();
    assert_eq!(e.code, "SerializationException");
}
