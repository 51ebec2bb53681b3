//! Rules that are added.

use super::*;

#[tokio::test]
async fn authorize_answers_with_ids_and_tags_and_knows_duplicates() {
    let bench = Bench::new();
    let mut input = tcp("5432", "203.0.113.77/24");
    input.extend([
        ("IpPermissions.1.IpRanges.1.Description", "GITPOD"),
        ("TagSpecification.1.ResourceType", "security-group-rule"),
        ("TagSpecification.1.Tag.1.Key", "owner"),
        ("TagSpecification.1.Tag.1.Value", "me"),
    ]);
    let xml = ok(&bench, "AuthorizeSecurityGroupIngress", &input).await;
    assert_eq!(texts(&xml, "cidrIpv4"), ["203.0.113.0/24"], "canonical");
    assert!(xml.contains("<tagSet><item><key>owner</key><value>me</value></item></tagSet>"));
    let by_tag = [("Filter.1.Name", "tag:owner"), ("Filter.1.Value.1", "me")];
    let found = ok(&bench, "DescribeSecurityGroupRules", &by_tag).await;
    assert_eq!(
        texts(&found, "securityGroupRuleId"),
        texts(&xml, "securityGroupRuleId")
    );
    // another description does not make it another rule
    let mut again = tcp("5432", "203.0.113.0/24");
    again.push(("IpPermissions.1.IpRanges.1.Description", "other"));
    let (code, message) = refused(&bench, "AuthorizeSecurityGroupIngress", &again).await;
    assert_eq!(code, "InvalidPermission.Duplicate");
    assert_eq!(
        message,
        "the specified rule \"peer: 203.0.113.0/24, TCP, from port: 5432, to port: 5432, ALLOW\" already exists"
    );
    // all or nothing
    let mut both = tcp("5432", "198.51.100.1/32");
    both.push(("IpPermissions.1.IpRanges.2.CidrIp", "203.0.113.0/24"));
    assert_eq!(
        refused(&bench, "AuthorizeSecurityGroupIngress", &both)
            .await
            .0,
        "InvalidPermission.Duplicate"
    );
    let all = ok(&bench, "DescribeSecurityGroupRules", &[]).await;
    assert_eq!(texts(&all, "securityGroupRuleId").len(), 3);
    // the flat form is the same rule
    let flat = [
        ("GroupId", GROUP),
        ("IpProtocol", "6"),
        ("FromPort", "5432"),
        ("ToPort", "5432"),
        ("CidrIp", "203.0.113.0/24"),
    ];
    assert_eq!(
        refused(&bench, "AuthorizeSecurityGroupIngress", &flat)
            .await
            .0,
        "InvalidPermission.Duplicate"
    );
    let self_rule = [
        ("GroupName", "default"),
        ("IpPermissions.1.IpProtocol", "-1"),
        ("IpPermissions.1.Groups.1.GroupId", GROUP),
    ];
    let (_, message) = refused(&bench, "AuthorizeSecurityGroupIngress", &self_rule).await;
    assert!(message.contains(&format!("peer: {GROUP}, ALL, ALLOW")));
}

#[tokio::test]
async fn authorize_takes_every_kind_of_source() {
    let bench = Bench::new();
    let xml = ok(
        &bench,
        "AuthorizeSecurityGroupIngress",
        &[
            ("GroupId", GROUP),
            ("IpPermissions.1.IpProtocol", "tcp"),
            ("IpPermissions.1.FromPort", "443"),
            ("IpPermissions.1.ToPort", "443"),
            ("IpPermissions.1.Ipv6Ranges.1.CidrIpv6", "2001:db8::1/64"),
            ("IpPermissions.1.Groups.1.GroupId", GROUP),
            (
                "IpPermissions.1.PrefixListIds.1.PrefixListId",
                "pl-68a54001",
            ),
        ],
    )
    .await;
    assert_eq!(texts(&xml, "cidrIpv6"), ["2001:db8::/64"]);
    assert_eq!(texts(&xml, "prefixListId"), ["pl-68a54001"]);
    let egress = ok(
        &bench,
        "AuthorizeSecurityGroupEgress",
        &tcp("5432", "10.0.0.0/8"),
    )
    .await;
    assert_eq!(texts(&egress, "isEgress"), ["true"]);
    let groups = ok(&bench, "DescribeSecurityGroups", &[("GroupId.1", GROUP)]).await;
    assert_eq!(texts(&groups, "ipProtocol"), ["-1", "tcp", "-1", "tcp"]);
    assert_eq!(
        texts(&groups, "fromPort"),
        ["443", "5432"],
        "everything has no ports here"
    );
}

#[tokio::test]
async fn authorize_refuses_what_cannot_be() {
    let bench = Bench::new();
    let with = |changes: &[(&'static str, Option<&'static str>)]| {
        let mut input = tcp("22", "10.0.0.0/8");
        for (name, value) in changes {
            input.retain(|(n, _)| n != name);
            if let Some(value) = value {
                input.push((name, value));
            }
        }
        input
    };
    for (changes, code) in [
        (
            vec![("GroupId", Some("sg-00000000000000000"))],
            "InvalidGroup.NotFound",
        ),
        (
            vec![("GroupId", Some("nonsense"))],
            "InvalidGroupId.Malformed",
        ),
        (vec![("GroupId", None)], "MissingParameter"),
        (
            vec![("IpPermissions.1.IpRanges.1.CidrIp", Some("10.0.0.0/33"))],
            "InvalidParameterValue",
        ),
        (
            vec![("IpPermissions.1.IpRanges.1.CidrIp", Some("<html>/32"))],
            "InvalidParameterValue",
        ),
        (
            vec![("IpPermissions.1.IpRanges.1.CidrIp", Some("2001:db8::/32"))],
            "InvalidParameterValue",
        ),
        (
            vec![("IpPermissions.1.IpRanges.1.CidrIp", Some("/32"))],
            "InvalidParameterValue",
        ),
        (
            vec![("IpPermissions.1.IpRanges.1.CidrIp", None)],
            "MissingParameter",
        ),
        (
            vec![("IpPermissions.1.IpProtocol", None)],
            "InvalidParameterValue",
        ),
        (
            vec![("IpPermissions.1.IpProtocol", Some("carrier-pigeon"))],
            "InvalidParameterValue",
        ),
        (
            vec![("IpPermissions.1.FromPort", None)],
            "InvalidParameterValue",
        ),
        (
            vec![("IpPermissions.1.ToPort", Some("65536"))],
            "InvalidParameterValue",
        ),
        (
            vec![("IpPermissions.1.FromPort", Some("23"))],
            "InvalidParameterValue",
        ),
        (
            vec![("IpPermissions.1.IpRanges.1.Description", Some("naïve"))],
            "InvalidParameterValue",
        ),
        (
            vec![("IpPermissions.1.IpRanges.2.CidrIp", Some("10.1.0.0/8"))],
            "InvalidParameterValue",
        ),
        (
            vec![("IpPermissions.1.Groups.1.GroupId", Some("sg-0"))],
            "InvalidGroup.NotFound",
        ),
        (
            vec![("IpPermissions.1.PrefixListIds.1.PrefixListId", Some("pl-0"))],
            "InvalidPrefixListID.NotFound",
        ),
        (
            vec![("CidrIp", Some("10.0.0.0/8"))],
            "InvalidParameterCombination",
        ),
        (vec![("DryRun", Some("true"))], "DryRunOperation"),
        (
            vec![
                ("TagSpecification.1.ResourceType", Some("instance")),
                ("TagSpecification.1.Tag.1.Key", Some("a")),
            ],
            "InvalidParameterValue",
        ),
        (
            vec![
                (
                    "TagSpecification.1.ResourceType",
                    Some("security-group-rule"),
                ),
                ("TagSpecification.1.Tag.1.Key", Some("aws:x")),
            ],
            "InvalidParameterValue",
        ),
    ] {
        let input = with(&changes);
        let (got, message) = refused(&bench, "AuthorizeSecurityGroupIngress", &input).await;
        assert_eq!(got, code, "{changes:?}: {message}");
    }
    assert_eq!(
        refused(
            &bench,
            "AuthorizeSecurityGroupIngress",
            &[("GroupId", GROUP)]
        )
        .await
        .0,
        "MissingParameter"
    );
    let all = ok(&bench, "DescribeSecurityGroupRules", &[]).await;
    assert_eq!(
        texts(&all, "securityGroupRuleId").len(),
        2,
        "nothing was kept"
    );
}

#[tokio::test]
async fn a_group_holds_sixty_rules_of_each_family() {
    let bench = Bench::new();
    // the self-reference counts for both families
    for port in 1..=59 {
        rule(&bench, &port.to_string(), "10.0.0.0/8").await;
    }
    let full = refused(
        &bench,
        "AuthorizeSecurityGroupIngress",
        &tcp("60", "10.0.0.0/8"),
    )
    .await;
    assert_eq!(full.0, "RulesPerSecurityGroupLimitExceeded");
    let v6 = [
        ("GroupId", GROUP),
        ("IpPermissions.1.IpProtocol", "tcp"),
        ("IpPermissions.1.FromPort", "60"),
        ("IpPermissions.1.ToPort", "60"),
        ("IpPermissions.1.Ipv6Ranges.1.CidrIpv6", "::/0"),
    ];
    ok(&bench, "AuthorizeSecurityGroupIngress", &v6).await;
}
