use super::*;

#[test]
fn sources_are_read_strictly() {
    for (text, fine) in [
        ("203.0.113.0/24", true),
        ("0.0.0.0/0", true),
        ("2001:db8::/32", true),
        ("sg-0123", true),
        ("203.0.113.7/24", false),
        ("67.221.169.243/0", false),
        ("203.0.113.7", false),
        ("/32", false),
        ("<html>/32", false),
        ("203.0.113.0/33", false),
    ] {
        assert_eq!(Source::parse(text).is_ok(), fine, "{text}");
    }
    assert_eq!(
        Source::told("100.68.0.18/18").unwrap().to_string(),
        "100.68.0.0/18"
    );
    assert_eq!(Definition::protocol_name("6"), "tcp");
}

#[test]
fn the_check_finds_what_ec2_would_refuse() {
    let found = |text: &str| -> Vec<String> {
        SecurityGroupRule::check(&spec(text), &facts(), &Claims::new())
            .into_iter()
            .map(|c| format!("{}: {}", c.path, c.diagnostic.summary))
            .collect()
    };
    for (old, new, what) in [
        (
            "current_ip  ",
            "0.0.0.0/0  ",
            "from: the rule opens to the world",
        ),
        ("current_ip  ", "2001:db8::/32  ", "from: an IPv6 source"),
        (
            "current_ip  ",
            "1.2.3.4/24  ",
            "from: `1.2.3.4/24` names a host and a network at once",
        ),
        (
            "current_ip  ",
            "me  ",
            "from: `me` is neither `current_ip`, nor a CIDR, nor the id of a security group",
        ),
        (
            "GITPOD",
            "\"Müller's\"",
            "description: EC2 allows no `ü'` in a description",
        ),
        (
            "port: 5432 ",
            "from_port: 5432 ",
            ": write either `port`, or both `from_port` and `to_port`",
        ),
        (
            "port: 5432 ",
            "from_port: 2\nto_port: 1 ",
            ": the range of ports 2-1 is empty",
        ),
        (
            "protocol: tcp",
            "protocol: all",
            "port: a rule for the protocol All has no ports: leave them out",
        ),
        (
            "${rds_instance.main.security_group_id}",
            "default",
            "security_group: `default` is not the id of a security group",
        ),
        (
            "project: cruddur",
            "cruddur-infra:x: y",
            "tags.cruddur-infra:x: the tag `cruddur-infra:x` is reserved",
        ),
    ] {
        assert_eq!(found(&EXAMPLE.replace(old, new)), [what], "{new}");
    }
    let s = spec(EXAMPLE);
    let others: Claims = [(
        Addr::new("security_group_rule", "a"),
        SecurityGroupRule::claims(&s, &facts()),
    )]
    .into();
    assert_eq!(SecurityGroupRule::check(&s, &facts(), &others).len(), 1);
}

#[test]
fn only_a_public_address_is_this_machines() {
    let s = spec(EXAMPLE);
    let wrong = |ip| {
        SecurityGroupRule::desired(&s, &facts_of(ip))
            .unwrap_err()
            .wrong
    };
    // a command that needs no address does not ask for one: then nothing is compared, and nothing is wrong
    let unasked = SecurityGroupRule::desired(&s, &facts_of(None)).unwrap_err();
    assert_eq!((unasked.waits_for.len(), unasked.wrong.len()), (1, 0));
    for ip in [
        [10, 0, 0, 1],
        [172, 16, 0, 1],
        [192, 168, 1, 1],
        [100, 64, 0, 1],
        [127, 0, 0, 1],
        [169, 254, 1, 1],
        [0, 0, 0, 0],
        [224, 0, 0, 1],
        [255, 255, 255, 255],
    ] {
        assert_eq!(wrong(Some(ip)).len(), 1, "{ip:?}");
    }
    // without an address the rule is still found by its tags, and so can be removed
    let key = SecurityGroupRule::key(&s, &facts_of(None)).unwrap();
    assert!(live::pick(&key, vec![of("sgr-1", HERE, "me", "here")]).is_some());
}
