//! Rules that are replaced and revoked.

use super::*;
use crate::sandbox::wire::ApiError;

/// `ModifySecurityGroupRules` of one rule.
async fn modify(bench: &Bench, id: &str, fields: &[(&str, &str)]) -> Result<String, ApiError> {
    let names: Vec<String> = fields
        .iter()
        .map(|(n, _)| format!("SecurityGroupRule.1.SecurityGroupRule.{n}"))
        .collect();
    let mut input = vec![
        ("GroupId", GROUP),
        ("SecurityGroupRule.1.SecurityGroupRuleId", id),
    ];
    input.extend(
        names
            .iter()
            .map(String::as_str)
            .zip(fields.iter().map(|f| f.1)),
    );
    bench
        .ask(Service::Ec2, "ModifySecurityGroupRules", &input)
        .await
}

#[tokio::test]
async fn modify_replaces_a_rule_but_not_its_type() {
    let bench = Bench::new();
    let id = rule(&bench, "5432", "203.0.113.1/32").await;
    let tag = [
        ("ResourceId.1", id.as_str()),
        ("Tag.1.Key", "k"),
        ("Tag.1.Value", "v"),
    ];
    ok(&bench, "CreateTags", &tag).await;
    let base = [
        ("IpProtocol", "tcp"),
        ("FromPort", "5432"),
        ("ToPort", "5432"),
    ];
    let and = |more: &[(&'static str, &'static str)]| {
        let mut fields = base.to_vec();
        fields.extend(more);
        fields
    };
    modify(
        &bench,
        &id,
        &and(&[("CidrIpv4", "203.0.113.2/32"), ("Description", "new")]),
    )
    .await
    .unwrap();
    let by_id = [("SecurityGroupRuleId.1", id.as_str())];
    let now = ok(&bench, "DescribeSecurityGroupRules", &by_id).await;
    assert_eq!(texts(&now, "cidrIpv4"), ["203.0.113.2/32"]);
    assert_eq!(texts(&now, "description"), ["new"]);
    assert_eq!(texts(&now, "key"), ["k"], "tags stay");
    for (fields, code, words) in [
        (
            vec![
                ("FromPort", "1"),
                ("ToPort", "1"),
                ("CidrIpv4", "10.0.0.0/8"),
            ],
            "InvalidParameterValue",
            "Invalid value 'null' for protocol. VPC security group rules must specify protocols explicitly.",
        ),
        (
            vec![("IpProtocol", "tcp"), ("CidrIpv4", "10.0.0.0/8")],
            "InvalidParameterValue",
            "Invalid value for portRange. Must specify both from and to ports with TCP/UDP.",
        ),
        (
            and(&[]),
            "MissingParameter",
            "The request must contain exactly one of: cidrIp, cidrIpv6, prefixListId, or referencedGroupId",
        ),
        (
            and(&[("CidrIpv4", "10.0.0.0/8"), ("CidrIpv6", "::/0")]),
            "InvalidParameterCombination",
            "Only one of cidrIp, cidrIpv6, prefixListId, or referencedGroupId can be specified",
        ),
        (
            and(&[("CidrIpv6", "::/0")]),
            "InvalidParameterValue",
            "You may not specify CidrIpv6 for an existing IPv4 CIDR rule.",
        ),
        (
            and(&[("ReferencedGroupId", GROUP)]),
            "InvalidParameterValue",
            "You may not specify a referenced group id for an existing IPv4 CIDR rule.",
        ),
        (
            and(&[("PrefixListId", "pl-68a54001")]),
            "InvalidParameterValue",
            "You may not specify a prefix list for an existing IPv4 CIDR rule.",
        ),
        (
            and(&[("CidrIpv4", "nowhere")]),
            "InvalidParameterValue",
            "malformed",
        ),
    ] {
        let error = modify(&bench, &id, &fields).await.unwrap_err();
        assert_eq!(error.code, code, "{fields:?}");
        assert!(error.message.contains(words), "{error:?}");
    }
    let error = modify(&bench, "sgr-0", &and(&[("CidrIpv4", "10.0.0.0/8")]))
        .await
        .unwrap_err();
    assert_eq!(error.code, "InvalidSecurityGroupRuleId.NotFound");
    assert_eq!(
        error.message,
        "The security group rule ID 'sgr-0' does not exist"
    );
    let group = [
        ("GroupId", "sg-0"),
        ("SecurityGroupRule.1.SecurityGroupRuleId", id.as_str()),
    ];
    let (code, message) = refused(&bench, "ModifySecurityGroupRules", &group).await;
    assert_eq!(code, "InvalidGroup.NotFound");
    assert_eq!(message, "The security group 'sg-0' does not exist");
    // onto another rule
    rule(&bench, "5432", "203.0.113.9/32").await;
    let error = modify(&bench, &id, &and(&[("CidrIpv4", "203.0.113.9/32")]))
        .await
        .unwrap_err();
    assert_eq!(error.code, "InvalidPermission.Duplicate");
    let now = ok(&bench, "DescribeSecurityGroupRules", &by_id).await;
    assert_eq!(texts(&now, "cidrIpv4"), ["203.0.113.2/32"], "rolled back");
    // without a description there is none afterwards
    modify(&bench, &id, &and(&[("CidrIpv4", "203.0.113.3/32")]))
        .await
        .unwrap();
    let now = ok(&bench, "DescribeSecurityGroupRules", &by_id).await;
    assert!(texts(&now, "description").is_empty());
}

#[tokio::test]
async fn revoke_is_exact_by_id_and_silent_by_properties() {
    let bench = Bench::new();
    let id = rule(&bench, "22", "10.0.0.0/8").await;
    let by_id = [("GroupId", GROUP), ("SecurityGroupRuleId.1", id.as_str())];
    assert_eq!(
        refused(&bench, "RevokeSecurityGroupEgress", &by_id).await.0,
        "InvalidSecurityGroupRuleId.NotFound"
    );
    let mut dry = by_id.to_vec();
    dry.push(("DryRun", "true"));
    assert_eq!(
        refused(&bench, "RevokeSecurityGroupIngress", &dry).await.0,
        "DryRunOperation"
    );
    let xml = ok(&bench, "RevokeSecurityGroupIngress", &by_id).await;
    assert!(xml.starts_with("<return>true</return>"));
    assert_eq!(texts(&xml, "securityGroupRuleId"), [id.as_str()]);
    assert_eq!(
        refused(&bench, "RevokeSecurityGroupIngress", &by_id)
            .await
            .0,
        "InvalidSecurityGroupRuleId.NotFound"
    );
    let silent = ok(
        &bench,
        "RevokeSecurityGroupIngress",
        &tcp("22", "10.0.0.0/8"),
    )
    .await;
    assert!(silent.starts_with("<return>true</return>"));
    assert!(silent.contains("<unknownIpPermissionSet><item><ipProtocol>tcp</ipProtocol>"));
    rule(&bench, "22", "10.0.0.0/8").await;
    let known = ok(
        &bench,
        "RevokeSecurityGroupIngress",
        &tcp("22", "10.0.0.0/8"),
    )
    .await;
    assert!(!known.contains("unknownIpPermissionSet"));
    assert_eq!(texts(&known, "securityGroupRuleId").len(), 1);
}
