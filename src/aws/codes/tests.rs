//! The tables are well-formed, and say what they must.

use super::*;
use crate::aws::actions::OPERATIONS;
use std::collections::BTreeSet;

const SERVICES: [&str; 8] = [
    "cognito-idp",
    "ec2",
    "iam",
    "lambda",
    "logs",
    "rds",
    "scheduler",
    "ssm",
];

#[test]
fn no_line_hides_another() {
    for service in SERVICES {
        let mut seen = BTreeSet::new();
        for line in of_service(service) {
            assert!(
                seen.insert((line.code, line.only)),
                "{service}: {} twice",
                line.code
            );
            if !line.only.is_empty() {
                let op = format!("{service}:{}", line.only);
                assert!(
                    OPERATIONS.iter().any(|o| o.name == op),
                    "{op} is called nowhere"
                );
            }
        }
    }
    let all: BTreeSet<&str> = of_all().iter().map(|m| m.code).collect();
    assert_eq!(all.len(), of_all().len());
    for code in common::PERMISSION {
        assert!(all.contains(code), "{code}");
    }
}

#[test]
fn a_line_for_one_operation_goes_before_the_others() {
    let class = |op: &str, code: &str| meaning(op, code).unwrap().class;
    let conflict = "ResourceConflictException";
    assert_eq!(class("lambda:CreateFunction", conflict), Class::Conflict);
    assert_eq!(class("lambda:AddPermission", conflict), Class::Conflict);
    assert_eq!(class("lambda:UpdateFunctionCode", conflict), Class::Busy);
    assert_eq!(
        class("iam:AttachRolePolicy", "NoSuchEntity"),
        Class::Propagating
    );
    assert_eq!(
        class("iam:GetPolicyVersion", "NoSuchEntity"),
        Class::Transient
    );
    assert_eq!(class("iam:GetRole", "NoSuchEntity"), Class::NotFound);
    assert_eq!(
        class("scheduler:CreateSchedule", "ConflictException"),
        Class::Conflict
    );
    assert_eq!(
        class("scheduler:UpdateSchedule", "ConflictException"),
        Class::Busy
    );
    let gone = "ResourceNotFoundException";
    assert_eq!(class("cognito-idp:DescribeUserPool", gone), Class::Invalid);
    assert_eq!(class("lambda:GetFunction", gone), Class::NotFound);
    // a service's line goes before that of all
    assert_eq!(
        class("cognito-idp:SignUp", "NotAuthorizedException"),
        Class::Invalid
    );
    assert_eq!(meaning("rds:CreateDBInstance", "Unheard"), None);
    assert_eq!(meaning("iam:GetRole", "DBInstanceNotFound"), None);
}

#[test]
fn quotas_name_the_quota_and_where_it_is_raised() {
    for (op, code, quota) in [
        (
            "rds:CreateDBInstance",
            "InstanceQuotaExceeded",
            "`DB instances`",
        ),
        (
            "rds:ModifyDBInstance",
            "StorageQuotaExceeded",
            "`Total storage for all DB instances`",
        ),
        (
            "rds:DeleteDBInstance",
            "SnapshotQuotaExceeded",
            "`Manual DB instance snapshots`",
        ),
        (
            "ec2:AuthorizeSecurityGroupIngress",
            "RulesPerSecurityGroupLimitExceeded",
            "`Inbound or outbound rules per security group`",
        ),
        ("iam:CreateRole", "LimitExceeded", "`Roles per account`"),
        (
            "iam:CreatePolicy",
            "LimitExceeded",
            "`Customer managed policies per account`",
        ),
        (
            "iam:AttachRolePolicy",
            "LimitExceeded",
            "`Managed policies per role`",
        ),
        (
            "lambda:CreateFunction",
            "CodeStorageExceededException",
            "`Function and layer storage`",
        ),
        (
            "lambda:PublishLayerVersion",
            "CodeStorageExceededException",
            "`Function and layer storage`",
        ),
        (
            "scheduler:CreateSchedule",
            "ServiceQuotaExceededException",
            "`Number of schedules`",
        ),
    ] {
        let line = meaning(op, code).unwrap();
        assert_eq!(
            line.class,
            Class::Invalid,
            "{op} {code}: trying again is no use"
        );
        assert!(line.advice.contains(quota), "{op} {code}: {}", line.advice);
        assert!(
            line.advice.contains("Service Quotas"),
            "{op} {code}: {}",
            line.advice
        );
    }
    // not a quota of the account, and nothing that anybody raises
    let versions = meaning("iam:CreatePolicyVersion", "LimitExceeded").unwrap();
    assert!(versions.advice.contains("at most 5 versions"));
}

#[test]
fn the_plan_the_capacity_and_the_network_have_their_own_words() {
    for (op, code, words) in [
        (
            "rds:CreateDBInstance",
            "FreeTierRestrictionError",
            "Free Plan",
        ),
        (
            "rds:CreateDBInstance",
            "InsufficientDBInstanceCapacity",
            "another instance_class",
        ),
        (
            "rds:StartDBInstance",
            "InsufficientDBInstanceCapacity",
            "restore a snapshot",
        ),
        (
            "rds:ModifyDBInstance",
            "InsufficientDBInstanceCapacity",
            "stays as it is",
        ),
        (
            "rds:CreateDBInstance",
            "KMSKeyNotAccessibleFault",
            "aws kms describe-key",
        ),
        (
            "rds:StartDBInstance",
            "InvalidSubnet",
            "aws ec2 create-default-vpc",
        ),
        (
            "rds:CreateDBInstance",
            "InvalidVPCNetworkStateFault",
            "delete-db-subnet-group",
        ),
        (
            "rds:CreateDBInstance",
            "DBSubnetGroupDoesNotCoverEnoughAZs",
            "two zones",
        ),
        ("rds:CreateDBInstance", "ExpiredToken", "log in again"),
        ("iam:CreateRole", "SignatureDoesNotMatch", "clock"),
    ] {
        let line = meaning(op, code).unwrap();
        assert!(line.advice.contains(words), "{op} {code}: {}", line.advice);
    }
}

#[test]
fn a_confirmation_stays_when_the_trigger_fails() {
    let code = "UserLambdaValidationException";
    let confirmed = meaning("cognito-idp:AdminConfirmSignUp", code).unwrap();
    assert_eq!(confirmed.left, Some(Residue::Remains));
    assert_eq!(meaning("cognito-idp:SignUp", code).unwrap().left, None);
}
