//! EC2, whose model names no errors at all (aws-facts §2.2, §2.3).

use super::{Meaning, advised, is};
use crate::model::Class::{Busy, Conflict, Invalid, NotFound, Transient};

const GROUP: &str =
    "a group that the rule admits, or is in, is not there: check `security_group` and `from`";
const FULL: &str = "the group is full: remove rules that nobody needs, or have the quota `Inbound or outbound rules per \
                    security group` of Amazon VPC raised in Service Quotas \
                    (https://console.aws.amazon.com/servicequotas/)";

pub(super) const CODES: &[Meaning] = &[
    advised(
        "InvalidPermission.Duplicate",
        Conflict,
        "another rule admits the same already, and EC2 takes no second one: remove that rule, or leave this entry out",
    ),
    is("InvalidPermission.NotFound", NotFound),
    is("InvalidSecurityGroupRuleId.NotFound", NotFound),
    advised("InvalidGroup.NotFound", NotFound, GROUP),
    advised("InvalidGroupId.Malformed", Invalid, GROUP),
    advised("InvalidGroup.Duplicate", Conflict, ""),
    is("InvalidPermission.Malformed", Invalid),
    is("InvalidSecurityGroupRuleId.Malformed", Invalid),
    is("InvalidParameter", Invalid),
    is("InvalidParameterValue", Invalid),
    is("InvalidParameterCombination", Invalid),
    is("MissingParameter", Invalid),
    advised(
        "InvalidCidr.NotFound",
        Invalid,
        "write an address range that exists, as in 203.0.113.7/32",
    ),
    advised(
        "InvalidPrefixListID.NotFound",
        Invalid,
        "the prefix list is not there: `aws ec2 describe-managed-prefix-lists` lists them",
    ),
    advised("RulesPerSecurityGroupLimitExceeded", Invalid, FULL),
    advised(
        "SecurityGroupsPerInterfaceLimitExceeded",
        Invalid,
        "an interface is in as many groups as the quota `Security groups per network interface` of Amazon VPC allows: \
         have it raised in Service Quotas (https://console.aws.amazon.com/servicequotas/)",
    ),
    advised(
        "TagLimitExceeded",
        Invalid,
        "an object has at most 50 tags: remove some of the rule's tags",
    ),
    advised(
        "DependencyViolation",
        Busy,
        "something still uses it, often a function's network interface, which AWS removes within 45 minutes: run the \
         same command again then",
    ),
    is("IncorrectState", Busy),
    is("InsufficientInstanceCapacity", Transient),
    advised(
        "UnsupportedOperation",
        Invalid,
        "AWS does not do this to this object: its message says why",
    ),
];
