//! Groups, the interfaces that hold them, and tags.

use super::*;
use crate::sandbox::ec2::{Owner, State, describe};

#[tokio::test]
async fn groups_come_and_go_unless_something_needs_them() {
    let bench = Bench::new();
    let new = [
        ("GroupName", "db"),
        ("GroupDescription", "for the database"),
    ];
    let xml = ok(&bench, "CreateSecurityGroup", &new).await;
    let id = texts(&xml, "groupId").remove(0);
    assert_eq!(
        refused(&bench, "CreateSecurityGroup", &new).await.0,
        "InvalidGroup.Duplicate"
    );
    for (input, code) in [
        (vec![("GroupName", "x")], "MissingParameter"),
        (
            vec![("GroupName", "sg-x"), ("GroupDescription", "d")],
            "InvalidParameterValue",
        ),
        (
            vec![("GroupName", "default"), ("GroupDescription", "d")],
            "InvalidParameterValue",
        ),
        (
            vec![
                ("GroupName", "x"),
                ("GroupDescription", "d"),
                ("VpcId", "vpc-0"),
            ],
            "InvalidVpcID.NotFound",
        ),
        (
            vec![
                ("GroupName", "x"),
                ("GroupDescription", "d"),
                ("DryRun", "true"),
            ],
            "DryRunOperation",
        ),
    ] {
        assert_eq!(refused(&bench, "CreateSecurityGroup", &input).await.0, code);
    }
    assert_eq!(
        refused(&bench, "DeleteSecurityGroup", &[("GroupId", GROUP)])
            .await
            .0,
        "CannotDelete"
    );
    // named by a rule
    let naming = [
        ("GroupId", GROUP),
        ("IpPermissions.1.IpProtocol", "-1"),
        ("IpPermissions.1.Groups.1.GroupId", id.as_str()),
    ];
    let rule = texts(
        &ok(&bench, "AuthorizeSecurityGroupIngress", &naming).await,
        "securityGroupRuleId",
    )
    .remove(0);
    let delete = [("GroupId", id.as_str())];
    assert_eq!(
        refused(&bench, "DeleteSecurityGroup", &delete).await.0,
        "DependencyViolation"
    );
    let revoke = [("GroupId", GROUP), ("SecurityGroupRuleId.1", rule.as_str())];
    ok(&bench, "RevokeSecurityGroupIngress", &revoke).await;
    // carried by a function's interface, which outlives the function
    let store = &bench.sandbox.store;
    let subnets = |w: &crate::sandbox::world::World| {
        let network = w.ec2.default_network().unwrap();
        network
            .subnets
            .into_iter()
            .map(|(id, _)| id)
            .collect::<Vec<_>>()
    };
    let now = store.timing().now();
    store
        .write(|w| {
            let subnets = subnets(w);
            w.ec2.attach_function_interfaces(
                &mut w.serial,
                "f",
                &subnets,
                std::slice::from_ref(&id),
                now,
            );
            Ok(())
        })
        .unwrap();
    let of_group = [
        ("Filter.1.Name", "group-id"),
        ("Filter.1.Value.1", id.as_str()),
    ];
    let xml = ok(&bench, "DescribeNetworkInterfaces", &of_group).await;
    assert_eq!(texts(&xml, "interfaceType"), ["lambda"; 3]);
    assert!(texts(&xml, "description")[0].starts_with("AWS Lambda VPC ENI-f-"));
    let free = ok(&bench, "DescribeSubnets", &[]).await;
    assert_eq!(texts(&free, "availableIpAddressCount"), ["4090"; 3]);
    let gone_at = store.timing().after(1200.0);
    store
        .write(|w| {
            w.ec2.release_function_interfaces("f", gone_at);
            Ok(())
        })
        .unwrap();
    bench.pass(1199);
    assert_eq!(
        refused(&bench, "DeleteSecurityGroup", &delete).await.0,
        "DependencyViolation"
    );
    bench.pass(1);
    let xml = ok(&bench, "DescribeNetworkInterfaces", &of_group).await;
    assert!(texts(&xml, "networkInterfaceId").is_empty());
    ok(&bench, "DeleteSecurityGroup", &delete).await;
    assert_eq!(
        refused(&bench, "DeleteSecurityGroup", &delete).await.0,
        "InvalidGroup.NotFound"
    );
    let rules = ok(&bench, "DescribeSecurityGroupRules", &[]).await;
    assert_eq!(texts(&rules, "securityGroupRuleId").len(), 2);
}

#[test]
fn interfaces_are_taken_up_again_and_databases_move_between_groups() {
    let mut state = State::first("eu-central-1");
    let mut serial = 0;
    let subnet = state.subnets[0].id.clone();
    let (a, b) = (vec!["sg-a".to_owned()], vec!["sg-b".to_owned()]);
    let subnets = [subnet.clone()];
    state.attach_function_interfaces(&mut serial, "f", &subnets, &a, 0);
    let first = state.interfaces[0].id.clone();
    state.release_function_interfaces("f", 1000);
    state.attach_function_interfaces(&mut serial, "f", &subnets, &b, 10);
    assert_eq!(state.interfaces_at(10).count(), 2, "the old one lingers");
    state.release_function_interfaces("f", 1000);
    state.attach_function_interfaces(&mut serial, "f", &subnets, &a, 20);
    let live: Vec<_> = state
        .interfaces
        .iter()
        .filter(|i| i.gone_at.is_none())
        .collect();
    assert_eq!(live.len(), 1);
    assert_eq!(live[0].id, first);
    state.attach_database_interface(&mut serial, "db", &subnet, &a, 30);
    state.attach_database_interface(&mut serial, "db", &subnet, &b, 40);
    let db = state
        .interfaces
        .iter()
        .find(|i| i.owner == Owner::Database("db".to_owned()));
    assert_eq!(db.unwrap().groups, b);
    state.release_database_interface("db", 50);
    assert!(
        state
            .interfaces_at(50)
            .all(|i| i.owner != Owner::Database("db".to_owned()))
    );
    assert_eq!(describe::zone_id(&state, "eu-central-1b"), "euc1-az2");
}

#[tokio::test]
async fn tags_go_both_ways() {
    let bench = Bench::new();
    let id = rule(&bench, "22", "10.0.0.0/8").await;
    let create = [
        ("ResourceId.1", id.as_str()),
        ("ResourceId.2", GROUP),
        ("Tag.1.Key", "a"),
        ("Tag.1.Value", "1"),
        ("Tag.2.Key", "b"),
        ("Tag.2.Value", ""),
    ];
    ok(&bench, "CreateTags", &create).await;
    let groups = ok(
        &bench,
        "DescribeSecurityGroups",
        &[("Filter.1.Name", "tag-key"), ("Filter.1.Value.1", "a")],
    )
    .await;
    assert_eq!(texts(&groups, "key"), ["a", "b"]);
    let wrong_value = [
        ("ResourceId.1", id.as_str()),
        ("Tag.1.Key", "a"),
        ("Tag.1.Value", "2"),
    ];
    ok(&bench, "DeleteTags", &wrong_value).await;
    let by_key = [("ResourceId.1", id.as_str()), ("Tag.1.Key", "b")];
    ok(&bench, "DeleteTags", &by_key).await;
    let rules = ok(
        &bench,
        "DescribeSecurityGroupRules",
        &[("SecurityGroupRuleId.1", id.as_str())],
    )
    .await;
    assert_eq!(texts(&rules, "key"), ["a"]);
    for (input, code) in [
        (vec![("Tag.1.Key", "a")], "MissingParameter"),
        (vec![("ResourceId.1", GROUP)], "MissingParameter"),
        (
            vec![("ResourceId.1", "sgr-0"), ("Tag.1.Key", "a")],
            "InvalidSecurityGroupRuleId.NotFound",
        ),
        (
            vec![("ResourceId.1", "thing"), ("Tag.1.Key", "a")],
            "InvalidID",
        ),
        (
            vec![
                ("ResourceId.1", GROUP),
                ("Tag.1.Key", "a"),
                ("DryRun", "true"),
            ],
            "DryRunOperation",
        ),
    ] {
        assert_eq!(refused(&bench, "CreateTags", &input).await.0, code);
    }
    let many: Vec<(String, String)> = (0..49)
        .map(|n| (format!("Tag.{n}.Key"), format!("k{n}")))
        .collect();
    let mut input: Vec<(&str, &str)> = many.iter().map(|(k, v)| (k.as_str(), v.as_str())).collect();
    input.push(("ResourceId.1", GROUP));
    assert_eq!(
        refused(&bench, "CreateTags", &input).await.0,
        "TagLimitExceeded"
    );
}
