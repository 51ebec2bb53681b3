//! The calls as a caller sees them.

mod authorize;
mod change;
mod groups;

use crate::sandbox::server::bench::{Bench, texts};

use crate::sandbox::wire::Service;

const GROUP: &str = "sg-0a7d9e3b5c1f48e26";

async fn ok(bench: &Bench, operation: &str, input: &[(&str, &str)]) -> String {
    bench.ask(Service::Ec2, operation, input).await.unwrap()
}

async fn refused(bench: &Bench, operation: &str, input: &[(&str, &str)]) -> (String, String) {
    let error = bench.ask(Service::Ec2, operation, input).await.unwrap_err();
    let status = match error.code.as_str() {
        "DryRunOperation" => 412,
        _ => 400,
    };
    assert_eq!(error.status, status, "{error:?}");
    (error.code, error.message)
}

/// One permission of one IPv4 source, for the default group.
fn tcp<'a>(port: &'a str, cidr: &'a str) -> Vec<(&'a str, &'a str)> {
    vec![
        ("GroupId", GROUP),
        ("IpPermissions.1.IpProtocol", "tcp"),
        ("IpPermissions.1.FromPort", port),
        ("IpPermissions.1.ToPort", port),
        ("IpPermissions.1.IpRanges.1.CidrIp", cidr),
    ]
}

async fn rule(bench: &Bench, port: &str, cidr: &str) -> String {
    let xml = ok(bench, "AuthorizeSecurityGroupIngress", &tcp(port, cidr)).await;
    texts(&xml, "securityGroupRuleId").remove(0)
}

#[tokio::test]
async fn the_first_world_has_a_default_network() {
    let bench = Bench::new();
    let vpcs = ok(
        &bench,
        "DescribeVpcs",
        &[
            ("Filter.1.Name", "is-default"),
            ("Filter.1.Value.1", "true"),
        ],
    )
    .await;
    let vpc = texts(&vpcs, "vpcId").remove(0);
    assert_eq!(texts(&vpcs, "isDefault"), ["true"]);
    let subnets = ok(
        &bench,
        "DescribeSubnets",
        &[
            ("Filter.1.Name", "vpc-id"),
            ("Filter.1.Value.1", vpc.as_str()),
            ("Filter.2.Name", "default-for-az"),
            ("Filter.2.Value.1", "true"),
        ],
    )
    .await;
    assert_eq!(
        texts(&subnets, "availabilityZone"),
        ["us-west-2a", "us-west-2b", "us-west-2c"]
    );
    assert_eq!(texts(&subnets, "availableIpAddressCount"), ["4091"; 3]);
    assert_eq!(
        texts(&subnets, "cidrBlock"),
        ["172.31.0.0/20", "172.31.16.0/20", "172.31.32.0/20"]
    );
    let zones = ok(&bench, "DescribeAvailabilityZones", &[]).await;
    assert_eq!(
        texts(&zones, "zoneId"),
        ["usw2-az1", "usw2-az2", "usw2-az3"]
    );
    let groups = ok(&bench, "DescribeSecurityGroups", &[]).await;
    assert_eq!(texts(&groups, "groupName"), ["default"]);
    let rules = ok(&bench, "DescribeSecurityGroupRules", &[]).await;
    assert_eq!(texts(&rules, "isEgress"), ["false", "true"]);
    assert!(rules.contains(&format!("<referencedGroupInfo><groupId>{GROUP}</groupId>")));
    let network = bench
        .sandbox
        .store
        .read(|w| w.ec2.default_network())
        .unwrap()
        .unwrap();
    assert_eq!((network.vpc_id, network.group_id.as_str()), (vpc, GROUP));
}

#[tokio::test]
async fn filters_and_ids_that_do_not_exist_are_refused() {
    let bench = Bench::new();
    for operation in [
        "DescribeVpcs",
        "DescribeSubnets",
        "DescribeSecurityGroups",
        "DescribeSecurityGroupRules",
        "DescribeAvailabilityZones",
        "DescribeNetworkInterfaces",
    ] {
        let (code, message) = refused(
            &bench,
            operation,
            &[("Filter.1.Name", "colour"), ("Filter.1.Value.1", "red")],
        )
        .await;
        assert_eq!(code, "InvalidParameterValue");
        assert_eq!(message, "The filter 'colour' is invalid");
    }
    for (operation, name, id, code) in [
        ("DescribeVpcs", "VpcId.1", "vpc-0", "InvalidVpcID.NotFound"),
        (
            "DescribeSubnets",
            "SubnetId.1",
            "subnet-0",
            "InvalidSubnetID.NotFound",
        ),
        (
            "DescribeSecurityGroups",
            "GroupId.1",
            "sg-0",
            "InvalidGroup.NotFound",
        ),
        (
            "DescribeSecurityGroupRules",
            "SecurityGroupRuleId.1",
            "sgr-0",
            "InvalidSecurityGroupRuleId.NotFound",
        ),
        (
            "DescribeNetworkInterfaces",
            "NetworkInterfaceId.1",
            "eni-0",
            "InvalidNetworkInterfaceID.NotFound",
        ),
        (
            "DescribeAvailabilityZones",
            "ZoneName.1",
            "us-west-2z",
            "InvalidParameterValue",
        ),
    ] {
        assert_eq!(refused(&bench, operation, &[(name, id)]).await.0, code);
    }
    let wild = ok(
        &bench,
        "DescribeSubnets",
        &[
            ("Filter.1.Name", "availability-zone"),
            ("Filter.1.Value.1", "*-2?"),
        ],
    )
    .await;
    assert_eq!(texts(&wild, "subnetId").len(), 3);
}

#[tokio::test]
async fn pages_follow_one_another() {
    let bench = Bench::new();
    for port in 1..=10 {
        rule(&bench, &port.to_string(), "10.0.0.0/8").await;
    }
    let mut seen = Vec::new();
    let mut token: Option<String> = None;
    loop {
        let mut input = vec![("MaxResults", "5")];
        if let Some(token) = &token {
            input.push(("NextToken", token));
        }
        let xml = ok(&bench, "DescribeSecurityGroupRules", &input).await;
        seen.extend(texts(&xml, "securityGroupRuleId"));
        token = texts(&xml, "nextToken").pop();
        if token.is_none() {
            break;
        }
    }
    seen.sort();
    seen.dedup();
    assert_eq!(seen.len(), 12);
    for (name, value, code) in [
        ("MaxResults", "4", "InvalidParameterValue"),
        ("MaxResults", "1001", "InvalidParameterValue"),
        ("NextToken", "what", "InvalidPaginationToken"),
    ] {
        assert_eq!(
            refused(&bench, "DescribeSecurityGroupRules", &[(name, value)])
                .await
                .0,
            code
        );
    }
}

#[tokio::test]
async fn dry_runs_and_unknown_operations() {
    let bench = Bench::new();
    for operation in [
        "DescribeVpcs",
        "DescribeSubnets",
        "DescribeSecurityGroups",
        "DescribeSecurityGroupRules",
        "DescribeAvailabilityZones",
        "DescribeNetworkInterfaces",
    ] {
        assert_eq!(
            refused(&bench, operation, &[("DryRun", "true")]).await.0,
            "DryRunOperation"
        );
    }
    assert_eq!(
        refused(&bench, "RunInstances", &[]).await.0,
        "InvalidAction"
    );
    let sts = bench
        .ask(Service::Sts, "GetCallerIdentity", &[])
        .await
        .unwrap();
    assert_eq!(texts(&sts, "Account"), ["123456789012"]);
    assert_eq!(texts(&sts, "Arn"), [crate::sandbox::sts::CALLER]);
    assert_eq!(
        bench
            .ask(Service::Sts, "AssumeRole", &[])
            .await
            .unwrap_err()
            .code,
        "InvalidAction"
    );
}
