use super::*;

#[tokio::test]
async fn a_role_comes_back_with_tags_and_its_trust_encoded() {
    let s = Stage::new();
    let made = s
        .ok(
            "CreateRole",
            &[
                ("RoleName", "r"),
                ("Path", "/cruddur/"),
                ("AssumeRolePolicyDocument", TRUST),
                ("Tags.member.1.Key", "stack"),
                ("Tags.member.1.Value", "cruddur"),
            ],
        )
        .await;
    assert_eq!(
        inner(&made, "Arn"),
        "arn:aws:iam::123456789012:role/cruddur/r"
    );
    assert!(inner(&made, "RoleId").starts_with("AROA"));
    let got = s.ok("GetRole", &[("RoleName", "r")]).await;
    assert_eq!(inner(&got, "MaxSessionDuration"), "3600");
    assert!(inner(&got, "AssumeRolePolicyDocument").starts_with("%7B%22Version"));
    assert!(got.contains("<Tags><member><Key>stack</Key><Value>cruddur</Value></member></Tags>"));
    let listed = s.ok("ListRoles", &[("PathPrefix", "/cruddur/")]).await;
    assert!(listed.contains("<RoleName>r</RoleName>") && !listed.contains("<Tags>"));
    assert!(
        !s.ok("ListRoles", &[("PathPrefix", "/x/")])
            .await
            .contains("<RoleName>")
    );
    let profiles = s
        .ok("ListInstanceProfilesForRole", &[("RoleName", "r")])
        .await;
    assert_eq!(
        profiles,
        "<InstanceProfiles></InstanceProfiles><IsTruncated>false</IsTruncated>"
    );
}

#[tokio::test]
async fn bad_roles_are_refused() {
    let s = Stage::new();
    s.role("Role").await;
    let again = [("RoleName", "rOLE"), ("AssumeRolePolicyDocument", TRUST)];
    assert_eq!(
        s.refused("CreateRole", &again).await,
        code(409, "EntityAlreadyExists")
    );
    let long = "r".repeat(65);
    for name in ["", "a/b", long.as_str()] {
        let params = [("RoleName", name), ("AssumeRolePolicyDocument", TRUST)];
        assert_eq!(
            s.refused("CreateRole", &params).await,
            code(400, "ValidationError")
        );
    }
    let session = [
        ("RoleName", "a"),
        ("AssumeRolePolicyDocument", TRUST),
        ("MaxSessionDuration", "60"),
    ];
    assert_eq!(
        s.refused("CreateRole", &session).await,
        code(400, "ValidationError")
    );
    let bound = [
        ("RoleName", "a"),
        ("AssumeRolePolicyDocument", TRUST),
        (
            "PermissionsBoundary",
            "arn:aws:iam::123456789012:policy/none",
        ),
    ];
    assert_eq!(
        s.refused("CreateRole", &bound).await,
        code(404, "NoSuchEntity")
    );
    for operation in [
        "GetRole",
        "DeleteRole",
        "ListRoleTags",
        "ListRolePolicies",
        "ListAttachedRolePolicies",
    ] {
        assert_eq!(
            s.refused(operation, &[("RoleName", "none")]).await,
            code(404, "NoSuchEntity")
        );
    }
    let big = TRUST.replace(
        "\"Action\"",
        &format!("\"Sid\":\"{}\",\"Action\"", "s".repeat(2048)),
    );
    let params = [
        ("RoleName", "a"),
        ("AssumeRolePolicyDocument", big.as_str()),
    ];
    assert_eq!(
        s.refused("CreateRole", &params).await,
        code(409, "LimitExceeded")
    );
}

#[tokio::test]
async fn trust_policies_are_checked() {
    let s = Stage::new();
    let of = |statement: &str| format!(r#"{{"Version":"2012-10-17","Statement":[{statement}]}}"#);
    for document in [
        "x".to_owned(),
        of(r#"{"Effect":"Allow","Action":"sts:AssumeRole"}"#),
        of(r#"{"Effect":"Allow","Principal":{},"Action":"sts:AssumeRole"}"#),
        of(r#"{"Effect":"Allow","Principal":{"Service":"lambda"},"Action":"sts:AssumeRole"}"#),
        of(
            r#"{"Effect":"Allow","Principal":{"Service":"lambda.amazonaws.com"},"Action":"s3:GetObject"}"#,
        ),
        of(
            r#"{"Effect":"Allow","Principal":{"Service":"lambda.amazonaws.com"},"Action":"sts:AssumeRole","Resource":"*"}"#,
        ),
        of(
            r#"{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::123456789012:role/none"},"Action":"sts:AssumeRole"}"#,
        ),
        of(r#"{"Effect":"Allow","Principal":{"Thing":"x"},"Action":"sts:AssumeRole"}"#),
    ] {
        let params = [
            ("RoleName", "r"),
            ("AssumeRolePolicyDocument", document.as_str()),
        ];
        assert_eq!(
            s.refused("CreateRole", &params).await,
            code(400, "MalformedPolicyDocument"),
            "{document}"
        );
    }
    s.role("r").await;
    let bad = [("RoleName", "r"), ("PolicyDocument", "{}")];
    assert_eq!(
        s.refused("UpdateAssumeRolePolicy", &bad).await,
        code(400, "MalformedPolicyDocument")
    );
}

#[tokio::test]
async fn a_role_can_be_changed() {
    let s = Stage::new();
    s.role("r").await;
    s.ok(
        "UpdateRole",
        &[
            ("RoleName", "r"),
            ("Description", "d"),
            ("MaxSessionDuration", "7200"),
        ],
    )
    .await;
    let got = s.ok("GetRole", &[("RoleName", "r")]).await;
    assert_eq!(
        (
            inner(&got, "Description"),
            inner(&got, "MaxSessionDuration")
        ),
        ("d".into(), "7200".into())
    );
    let described = s
        .ok(
            "UpdateRoleDescription",
            &[("RoleName", "r"), ("Description", "e")],
        )
        .await;
    assert_eq!(inner(&described, "Description"), "e");
    s.ok(
        "TagRole",
        &[
            ("RoleName", "r"),
            ("Tags.member.1.Key", "k"),
            ("Tags.member.1.Value", "v"),
        ],
    )
    .await;
    assert!(
        s.ok("ListRoleTags", &[("RoleName", "r")])
            .await
            .contains("<Key>k</Key>")
    );
    s.ok("UntagRole", &[("RoleName", "r"), ("TagKeys.member.1", "k")])
        .await;
    assert!(
        !s.ok("GetRole", &[("RoleName", "r")])
            .await
            .contains("<Key>")
    );
}

#[tokio::test]
async fn attachments_hold_policies_and_roles() {
    let s = Stage::new();
    s.role("r").await;
    let arn = s.policy("p").await;
    let pair = [("RoleName", "r"), ("PolicyArn", arn.as_str())];
    s.ok("AttachRolePolicy", &pair).await;
    s.ok("AttachRolePolicy", &pair).await; // once more: one attachment
    s.ok(
        "AttachRolePolicy",
        &[("RoleName", "r"), ("PolicyArn", MANAGED)],
    )
    .await;
    let listed = s.ok("ListAttachedRolePolicies", &[("RoleName", "r")]).await;
    assert_eq!(listed.matches("<PolicyArn>").count(), 2);
    let filtered = s
        .ok(
            "ListAttachedRolePolicies",
            &[("RoleName", "r"), ("PathPrefix", "/service-role/")],
        )
        .await;
    assert_eq!(filtered.matches("<PolicyArn>").count(), 1);
    assert_eq!(
        inner(
            &s.ok("GetPolicy", &[("PolicyArn", &arn)]).await,
            "AttachmentCount"
        ),
        "1"
    );
    let entities = s.ok("ListEntitiesForPolicy", &[("PolicyArn", &arn)]).await;
    assert_eq!(inner(&entities, "RoleName"), "r");
    let users = s
        .ok(
            "ListEntitiesForPolicy",
            &[("PolicyArn", &arn), ("EntityFilter", "User")],
        )
        .await;
    assert!(!users.contains("<RoleName>"));
    let conflict = code(409, "DeleteConflict");
    assert_eq!(
        s.refused("DeletePolicy", &[("PolicyArn", &arn)]).await,
        conflict
    );
    assert_eq!(
        s.refused("DeleteRole", &[("RoleName", "r")]).await,
        conflict
    );
    s.ok("DetachRolePolicy", &pair).await;
    let absent = code(404, "NoSuchEntity");
    assert_eq!(s.refused("DetachRolePolicy", &pair).await, absent);
    s.ok(
        "DetachRolePolicy",
        &[("RoleName", "r"), ("PolicyArn", MANAGED)],
    )
    .await;
    let none = [
        ("RoleName", "r"),
        ("PolicyArn", "arn:aws:iam::123456789012:policy/none"),
    ];
    assert_eq!(s.refused("AttachRolePolicy", &none).await, absent);
    s.ok("DeletePolicy", &[("PolicyArn", &arn)]).await;
    s.ok("DeleteRole", &[("RoleName", "r")]).await;
    for n in 0..10 {
        s.policy(&format!("many{n}")).await;
    }
    s.role("full").await;
    for n in 0..10 {
        let arn = format!("arn:aws:iam::123456789012:policy/many{n}");
        s.ok(
            "AttachRolePolicy",
            &[("RoleName", "full"), ("PolicyArn", &arn)],
        )
        .await;
    }
    let eleventh = [("RoleName", "full"), ("PolicyArn", MANAGED)];
    assert_eq!(
        s.refused("AttachRolePolicy", &eleventh).await,
        code(409, "LimitExceeded")
    );
}

#[tokio::test]
async fn inline_policies_live_in_the_role() {
    let s = Stage::new();
    s.role("r").await;
    let put = [
        ("RoleName", "r"),
        ("PolicyName", "i"),
        ("PolicyDocument", POLICY),
    ];
    s.ok("PutRolePolicy", &put).await;
    s.ok("PutRolePolicy", &put).await;
    let names = s.ok("ListRolePolicies", &[("RoleName", "r")]).await;
    assert_eq!(
        names,
        "<PolicyNames><member>i</member></PolicyNames><IsTruncated>false</IsTruncated>"
    );
    let got = s.ok("GetRolePolicy", &put[..2]).await;
    assert!(inner(&got, "PolicyDocument").starts_with("%7B"));
    assert_eq!(
        s.refused("DeleteRole", &[("RoleName", "r")]).await,
        code(409, "DeleteConflict")
    );
    let bad = [
        ("RoleName", "r"),
        ("PolicyName", "i"),
        ("PolicyDocument", "{}"),
    ];
    assert_eq!(
        s.refused("PutRolePolicy", &bad).await,
        code(400, "MalformedPolicyDocument")
    );
    let big = POLICY.replace("\"*\"", &format!("\"arn:aws:s3:::{}\"", "x".repeat(10_240)));
    let bad = [
        ("RoleName", "r"),
        ("PolicyName", "j"),
        ("PolicyDocument", big.as_str()),
    ];
    assert_eq!(
        s.refused("PutRolePolicy", &bad).await,
        code(409, "LimitExceeded")
    );
    s.ok("DeleteRolePolicy", &put[..2]).await;
    assert_eq!(
        s.refused("DeleteRolePolicy", &put[..2]).await,
        code(404, "NoSuchEntity")
    );
    assert_eq!(
        s.refused("GetRolePolicy", &put[..2]).await,
        code(404, "NoSuchEntity")
    );
}

#[tokio::test]
async fn a_boundary_is_a_policy_that_is_there() {
    const READ_ONLY: &str = "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole";
    let s = Stage::new();
    let put = |arn| [("RoleName", "r"), ("PermissionsBoundary", arn)];
    assert_eq!(
        s.refused("PutRolePermissionsBoundary", &put(READ_ONLY))
            .await,
        code(404, "NoSuchEntity")
    );
    s.role("r").await;
    assert_eq!(
        s.refused(
            "PutRolePermissionsBoundary",
            &put("arn:aws:iam::123456789012:policy/none")
        )
        .await,
        code(404, "NoSuchEntity")
    );
    assert_eq!(
        s.refused("PutRolePermissionsBoundary", &[("RoleName", "r")])
            .await,
        code(400, "ValidationError")
    );
    s.ok("PutRolePermissionsBoundary", &put(READ_ONLY)).await;
    let got = s.ok("GetRole", &[("RoleName", "r")]).await;
    assert_eq!(inner(&got, "PermissionsBoundaryArn"), READ_ONLY);
    s.ok("DeleteRolePermissionsBoundary", &[("RoleName", "r")])
        .await;
    assert!(
        !s.ok("GetRole", &[("RoleName", "r")])
            .await
            .contains("PermissionsBoundary")
    );
    assert_eq!(
        s.refused("DeleteRolePermissionsBoundary", &[("RoleName", "r")])
            .await,
        code(404, "NoSuchEntity")
    );
}
