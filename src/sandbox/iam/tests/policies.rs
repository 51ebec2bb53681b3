use super::*;

#[tokio::test]
async fn a_policy_comes_back_with_its_document_encoded() {
    let s = Stage::new();
    let made = s
        .ok(
            "CreatePolicy",
            &[
                ("PolicyName", "vpc"),
                ("Path", "/cruddur/"),
                ("Description", "d<e>"),
                ("PolicyDocument", POLICY),
                ("Tags.member.1.Key", "stack"),
                ("Tags.member.1.Value", "cruddur"),
            ],
        )
        .await;
    let arn = "arn:aws:iam::123456789012:policy/cruddur/vpc";
    assert_eq!(inner(&made, "Arn"), arn);
    assert_eq!(inner(&made, "DefaultVersionId"), "v1");
    assert_eq!(inner(&made, "CreateDate"), "2026-11-23T00:00:00Z");
    assert!(inner(&made, "PolicyId").starts_with("ANPA"));
    let got = s.ok("GetPolicy", &[("PolicyArn", arn)]).await;
    assert!(got.contains("<Description>d&lt;e&gt;</Description>"));
    assert!(got.contains("<Tags><member><Key>stack</Key><Value>cruddur</Value></member></Tags>"));
    let version = s
        .ok(
            "GetPolicyVersion",
            &[("PolicyArn", arn), ("VersionId", "v1")],
        )
        .await;
    let document = inner(&version, "Document");
    assert!(
        document.starts_with("%7B%22Version%22%3A%222012-10-17%22"),
        "{document}"
    );
    let plain = percent_encoding::percent_decode_str(&document)
        .decode_utf8()
        .unwrap();
    assert_eq!(plain, POLICY);
}

#[tokio::test]
async fn names_are_unique_without_case_and_paths() {
    let s = Stage::new();
    s.policy("Vpc").await;
    let again = [
        ("PolicyName", "vPC"),
        ("Path", "/x/"),
        ("PolicyDocument", POLICY),
    ];
    assert_eq!(
        s.refused("CreatePolicy", &again).await,
        code(409, "EntityAlreadyExists")
    );
    // the name of an AWS-managed policy is free (aws-facts §3.2)
    s.policy("AWSLambdaVPCAccessExecutionRole").await;
}

#[tokio::test]
async fn bad_input_is_refused() {
    let s = Stage::new();
    let long = "p".repeat(129);
    let path = "/".to_owned() + &"p".repeat(512) + "/";
    let text = "d".repeat(1001);
    for params in [
        vec![("PolicyDocument", POLICY)],
        vec![("PolicyName", ""), ("PolicyDocument", POLICY)],
        vec![("PolicyName", long.as_str()), ("PolicyDocument", POLICY)],
        vec![("PolicyName", "a b"), ("PolicyDocument", POLICY)],
        vec![
            ("PolicyName", "a"),
            ("Path", "x"),
            ("PolicyDocument", POLICY),
        ],
        vec![
            ("PolicyName", "a"),
            ("Path", path.as_str()),
            ("PolicyDocument", POLICY),
        ],
        vec![
            ("PolicyName", "a"),
            ("Description", text.as_str()),
            ("PolicyDocument", POLICY),
        ],
        vec![("PolicyName", "a")],
    ] {
        assert_eq!(
            s.refused("CreatePolicy", &params).await,
            code(400, "ValidationError")
        );
    }
    let big = POLICY.replace("\"*\"", &format!("\"arn:aws:s3:::{}\"", "x".repeat(6100)));
    let params = [("PolicyName", "a"), ("PolicyDocument", big.as_str())];
    assert_eq!(
        s.refused("CreatePolicy", &params).await,
        code(409, "LimitExceeded")
    );
    assert_eq!(
        s.refused(
            "GetPolicy",
            &[("PolicyArn", "arn:aws:iam::123456789012:role/r")]
        )
        .await,
        code(400, "InvalidInput")
    );
    let reserved = [
        ("PolicyName", "a"),
        ("PolicyDocument", POLICY),
        ("Tags.member.1.Key", "aws:x"),
        ("Tags.member.1.Value", ""),
    ];
    assert_eq!(
        s.refused("CreatePolicy", &reserved).await,
        code(400, "InvalidInput")
    );
}

#[tokio::test]
async fn documents_are_checked() {
    let s = Stage::new();
    let of = |statement: &str| format!(r#"{{"Version":"2012-10-17","Statement":{statement}}}"#);
    for document in [
        "not json".to_owned(),
        "[]".to_owned(),
        r#"{"Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}"#.to_owned(),
        r#"{"Version":"2013-01-01","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}"#
            .to_owned(),
        r#"{"Version":"2012-10-17"}"#.to_owned(),
        of("[]"),
        of(r#"["x"]"#),
        of(r#"[{"Effect":"allow","Action":"*","Resource":"*"}]"#),
        of(r#"[{"Action":"*","Resource":"*"}]"#),
        of(r#"[{"Effect":"Allow","Resource":"*"}]"#),
        of(r#"[{"Effect":"Allow","Action":[],"Resource":"*"}]"#),
        of(r#"[{"Effect":"Allow","Action":"CreateThing","Resource":"*"}]"#),
        of(r#"[{"Effect":"Allow","Action":"*"}]"#),
        of(r#"[{"Effect":"Allow","Action":"*","Resource":"thing"}]"#),
        of(r#"[{"Effect":"Allow","Action":"*","NotAction":"*","Resource":"*"}]"#),
        of(r#"[{"Effect":"Allow","Action":"*","Resource":"*","Principal":"*"}]"#),
        of(r#"[{"Effect":"Allow","Action":"*","Resource":"*","Other":1}]"#),
        of(r#"[{"Sid":"a b","Effect":"Allow","Action":"*","Resource":"*"}]"#),
        of(
            r#"[{"Sid":"a","Effect":"Allow","Action":"*","Resource":"*"},{"Sid":"a","Effect":"Deny","Action":"*","Resource":"*"}]"#,
        ),
    ] {
        let params = [("PolicyName", "a"), ("PolicyDocument", document.as_str())];
        assert_eq!(
            s.refused("CreatePolicy", &params).await,
            code(400, "MalformedPolicyDocument"),
            "{document}"
        );
    }
    let one = of(r#"{"Effect":"Allow","NotAction":["iam:*"],"Resource":"arn:aws:s3:::b/*"}"#);
    s.ok(
        "CreatePolicy",
        &[("PolicyName", "a"), ("PolicyDocument", &one)],
    )
    .await;
}

#[tokio::test]
async fn there_are_five_versions_and_one_default() {
    let s = Stage::new();
    let arn = s.policy("p").await;
    let new = [("PolicyArn", arn.as_str()), ("PolicyDocument", POLICY)];
    for n in 2..=5 {
        let made = s.ok("CreatePolicyVersion", &new).await;
        assert_eq!(inner(&made, "VersionId"), format!("v{n}"));
        assert_eq!(inner(&made, "IsDefaultVersion"), "false");
        assert!(!made.contains("Document"));
    }
    assert_eq!(
        s.refused("CreatePolicyVersion", &new).await,
        code(409, "LimitExceeded")
    );
    let v = |v| [("PolicyArn", arn.as_str()), ("VersionId", v)];
    assert_eq!(
        s.refused("DeletePolicyVersion", &v("v1")).await,
        code(409, "DeleteConflict")
    );
    s.ok("SetDefaultPolicyVersion", &v("v5")).await;
    s.ok("DeletePolicyVersion", &v("v1")).await;
    assert_eq!(
        s.refused("DeletePolicyVersion", &v("v1")).await,
        code(404, "NoSuchEntity")
    );
    assert_eq!(
        s.refused("GetPolicyVersion", &v("v1")).await,
        code(404, "NoSuchEntity")
    );
    assert_eq!(
        s.refused("GetPolicyVersion", &v("one")).await,
        code(400, "ValidationError")
    );
    let made = s
        .ok(
            "CreatePolicyVersion",
            &[new[0], new[1], ("SetAsDefault", "true")],
        )
        .await;
    assert_eq!(inner(&made, "VersionId"), "v6"); // numbers are never used twice
    let got = s.ok("GetPolicy", &[("PolicyArn", &arn)]).await;
    assert_eq!(inner(&got, "DefaultVersionId"), "v6");
    let listed = s.ok("ListPolicyVersions", &[("PolicyArn", &arn)]).await;
    assert_eq!(inner(&listed, "VersionId"), "v6");
    assert_eq!(
        s.refused("DeletePolicy", &[("PolicyArn", &arn)]).await,
        code(409, "DeleteConflict")
    );
    for old in ["v2", "v3", "v4", "v5"] {
        s.ok("DeletePolicyVersion", &v(old)).await;
    }
    s.ok("DeletePolicy", &[("PolicyArn", &arn)]).await;
    assert_eq!(
        s.refused("GetPolicy", &[("PolicyArn", &arn)]).await,
        code(404, "NoSuchEntity")
    );
}

#[tokio::test]
async fn managed_policies_exist_and_stay_as_they_are() {
    let s = Stage::new();
    let got = s.ok("GetPolicy", &[("PolicyArn", MANAGED)]).await;
    assert_eq!(inner(&got, "DefaultVersionId"), "v3");
    let version = s
        .ok(
            "GetPolicyVersion",
            &[("PolicyArn", MANAGED), ("VersionId", "v3")],
        )
        .await;
    assert!(version.contains("ec2%3ADescribeSubnets"));
    let denied = code(403, "AccessDenied");
    assert_eq!(
        s.refused("DeletePolicy", &[("PolicyArn", MANAGED)]).await,
        denied
    );
    let new = [("PolicyArn", MANAGED), ("PolicyDocument", POLICY)];
    assert_eq!(s.refused("CreatePolicyVersion", &new).await, denied);
    let v3 = [("PolicyArn", MANAGED), ("VersionId", "v3")];
    assert_eq!(s.refused("DeletePolicyVersion", &v3).await, denied);
    assert_eq!(s.refused("SetDefaultPolicyVersion", &v3).await, denied);
    let tag = [
        ("PolicyArn", MANAGED),
        ("Tags.member.1.Key", "a"),
        ("Tags.member.1.Value", "b"),
    ];
    assert_eq!(s.refused("TagPolicy", &tag).await, denied);
    assert_eq!(
        s.refused(
            "UntagPolicy",
            &[("PolicyArn", MANAGED), ("TagKeys.member.1", "a")]
        )
        .await,
        denied
    );
    let other = "arn:aws:iam::aws:policy/Nothing";
    assert_eq!(
        s.refused("GetPolicy", &[("PolicyArn", other)]).await,
        code(404, "NoSuchEntity")
    );
}

#[tokio::test]
async fn lists_have_scopes_prefixes_and_pages() {
    let s = Stage::new();
    for name in ["a", "b", "c"] {
        s.policy(name).await;
    }
    s.ok(
        "CreatePolicy",
        &[
            ("PolicyName", "d"),
            ("Path", "/cruddur/"),
            ("PolicyDocument", POLICY),
        ],
    )
    .await;
    let count = |xml: &str| xml.matches("<PolicyName>").count();
    assert_eq!(count(&s.ok("ListPolicies", &[]).await), 6);
    assert_eq!(count(&s.ok("ListPolicies", &[("Scope", "AWS")]).await), 2);
    assert_eq!(
        count(
            &s.ok(
                "ListPolicies",
                &[("Scope", "Local"), ("PathPrefix", "/cruddur/")]
            )
            .await
        ),
        1
    );
    assert_eq!(
        s.refused("ListPolicies", &[("Scope", "Mine")]).await,
        code(400, "ValidationError")
    );
    assert_eq!(
        s.refused("ListPolicies", &[("MaxItems", "0")]).await,
        code(400, "ValidationError")
    );
    assert_eq!(
        s.refused("ListPolicies", &[("Marker", "!")]).await,
        code(400, "ValidationError")
    );
    s.role("r").await;
    s.ok(
        "AttachRolePolicy",
        &[
            ("RoleName", "r"),
            ("PolicyArn", "arn:aws:iam::123456789012:policy/b"),
        ],
    )
    .await;
    assert_eq!(
        count(
            &s.ok(
                "ListPolicies",
                &[("Scope", "Local"), ("OnlyAttached", "true")]
            )
            .await
        ),
        1
    );
    let mut marker: Option<String> = None;
    let mut seen = Vec::new();
    loop {
        let mut params = vec![("Scope", "Local"), ("MaxItems", "1")];
        if let Some(m) = &marker {
            params.push(("Marker", m));
        }
        let page = s.ok("ListPolicies", &params).await;
        seen.push(inner(&page, "PolicyName"));
        if inner(&page, "IsTruncated") == "false" {
            assert!(!page.contains("<Marker>"));
            break;
        }
        marker = Some(inner(&page, "Marker"));
    }
    assert_eq!(seen, ["a", "b", "c", "d"]);
}

#[tokio::test]
async fn tags_are_added_changed_and_removed() {
    let s = Stage::new();
    let arn = s.policy("p").await;
    let tag = |key: &'static str, value: &'static str| {
        [("Tags.member.1.Key", key), ("Tags.member.1.Value", value)]
    };
    let arn_param = ("PolicyArn", arn.as_str());
    let [k, v] = tag("Stack", "one");
    s.ok("TagPolicy", &[arn_param, k, v]).await;
    let [k, v] = tag("stack", "two");
    s.ok("TagPolicy", &[arn_param, k, v]).await;
    let listed = s.ok("ListPolicyTags", &[arn_param]).await;
    assert!(
        listed.contains("<Tags><member><Key>stack</Key><Value>two</Value></member></Tags>"),
        "{listed}"
    );
    s.ok(
        "UntagPolicy",
        &[
            arn_param,
            ("TagKeys.member.1", "STACK"),
            ("TagKeys.member.2", "none"),
        ],
    )
    .await;
    assert!(
        s.ok("ListPolicyTags", &[arn_param])
            .await
            .contains("<Tags></Tags>")
    );
    let keys: Vec<String> = (1..=51).map(|n| format!("Tags.member.{n}.Key")).collect();
    let values: Vec<String> = (1..=51).map(|n| format!("k{n}")).collect();
    let mut many = vec![arn_param];
    many.extend(
        keys.iter()
            .zip(&values)
            .map(|(k, v)| (k.as_str(), v.as_str())),
    );
    assert_eq!(
        s.refused("TagPolicy", &many).await,
        code(409, "LimitExceeded")
    );
}
