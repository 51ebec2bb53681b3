//! The operations, by service.

use super::{Need, Operation};

const ANY: &[&str] = &["*"];
const DB: &[&str] = &["arn:{partition}:rds:{region}:{account}:db:{db}"];
/// What an instance is made of is asked for as well.
const DB_AND_PARTS: &[&str] = &[
    "arn:{partition}:rds:{region}:{account}:db:{db}",
    "arn:{partition}:rds:{region}:{account}:subgrp:{subnet_group}",
    "arn:{partition}:rds:{region}:{account}:pg:{parameter_group}",
    "arn:{partition}:rds:{region}:{account}:og:*",
    "arn:{partition}:rds:{region}:{account}:secgrp:*",
];
const DB_AND_SNAPSHOTS: &[&str] = &[
    "arn:{partition}:rds:{region}:{account}:db:{db}",
    "arn:{partition}:rds:{region}:{account}:snapshot:*",
];
const GROUP_AND_RULES: &[&str] = &[
    "arn:{partition}:ec2:{region}:{account}:security-group/{security_group}",
    RULES[0],
];
const RULES: &[&str] = &["arn:{partition}:ec2:{region}:{account}:security-group-rule/*"];
const ROLE: &[&str] = &["arn:{partition}:iam::{account}:role/{role}"];
const PASSED: &[&str] = &["{passed_role}"];
const POLICY: &[&str] = &["arn:{partition}:iam::{account}:policy/{policy}"];
const FUNCTION: &[&str] = &["arn:{partition}:lambda:{region}:{account}:function:{function}"];
const LAYER: &[&str] = &["arn:{partition}:lambda:{region}:{account}:layer:{layer}"];
const LAYER_VERSIONS: &[&str] = &["arn:{partition}:lambda:{region}:{account}:layer:{layer}:*"];
/// Layers of other accounts may be used too.
const USED_LAYERS: &[&str] = &["arn:{partition}:lambda:{region}:*:layer:*:*"];
const POOL: &[&str] = &["arn:{partition}:cognito-idp:{region}:{account}:userpool/{user_pool}"];
const SCHEDULE: &[&str] =
    &["arn:{partition}:scheduler:{region}:{account}:schedule/{schedule_group}/{schedule}"];
const SCHEDULE_GROUP: &[&str] =
    &["arn:{partition}:scheduler:{region}:{account}:schedule-group/{schedule_group}"];
const GROUP_AND_SCHEDULES: &[&str] = &[
    "arn:{partition}:scheduler:{region}:{account}:schedule-group/{schedule_group}",
    "arn:{partition}:scheduler:{region}:{account}:schedule/{schedule_group}/*",
];
/// The name without the slash that it begins with.
const PARAMETER: &[&str] = &["arn:{partition}:ssm:{region}:{account}:parameter/{parameter}"];
const LOG_GROUP: &[&str] = &["arn:{partition}:logs:{region}:{account}:log-group:{log_group}:*"];

const fn on(action: &'static str, on: &'static [&'static str]) -> Need {
    Need {
        action,
        on,
        condition: None,
        when: "",
    }
}

const fn when(when: &'static str, need: Need) -> Need {
    Need { when, ..need }
}

const fn pass(service: &'static str) -> Need {
    Need {
        condition: Some(("StringEquals", "iam:PassedToService", service)),
        ..on("iam:PassRole", PASSED)
    }
}

const fn op(name: &'static str, needs: &'static [Need]) -> Operation {
    Operation { name, needs }
}

const IN_VPC: &str = "in a VPC";
const WITH_LAYERS: &str = "with layers";
const ROLE_CHANGES: &str = "where the role changes";

/// Every operation that this program calls.
pub const OPERATIONS: &[Operation] = &[
    // ------------------------------------------------------------------ rds
    op(
        "rds:DescribeDBInstances",
        &[on("rds:DescribeDBInstances", DB)],
    ),
    op(
        "rds:DescribeDBEngineVersions",
        &[on("rds:DescribeDBEngineVersions", ANY)],
    ),
    op(
        "rds:DescribeDBSnapshots",
        &[on("rds:DescribeDBSnapshots", DB_AND_SNAPSHOTS)],
    ),
    op(
        "rds:DescribeDBInstanceAutomatedBackups",
        &[on("rds:DescribeDBInstanceAutomatedBackups", ANY)],
    ),
    op(
        "rds:DescribeAccountAttributes",
        &[on("rds:DescribeAccountAttributes", ANY)],
    ),
    op(
        "rds:CreateDBInstance",
        &[
            on("rds:CreateDBInstance", DB_AND_PARTS),
            on("rds:AddTagsToResource", DB),
            when(
                "for the account's first instance",
                Need {
                    condition: Some(("StringLike", "iam:AWSServiceName", "rds.amazonaws.com")),
                    ..on("iam:CreateServiceLinkedRole", ANY)
                },
            ),
        ],
    ),
    op(
        "rds:ModifyDBInstance",
        &[on("rds:ModifyDBInstance", DB_AND_PARTS)],
    ),
    op("rds:AddTagsToResource", &[on("rds:AddTagsToResource", DB)]),
    op(
        "rds:RemoveTagsFromResource",
        &[on("rds:RemoveTagsFromResource", DB)],
    ),
    op(
        "rds:DeleteDBInstance",
        &[
            on("rds:DeleteDBInstance", DB),
            when(
                "with a final snapshot",
                on("rds:CreateDBSnapshot", DB_AND_SNAPSHOTS),
            ),
        ],
    ),
    op("rds:StopDBInstance", &[on("rds:StopDBInstance", DB)]),
    op("rds:StartDBInstance", &[on("rds:StartDBInstance", DB)]),
    // ------------------------------------------------------------------ ec2
    op(
        "ec2:DescribeSecurityGroupRules",
        &[on("ec2:DescribeSecurityGroupRules", ANY)],
    ),
    op(
        "ec2:DescribeNetworkInterfaces",
        &[on("ec2:DescribeNetworkInterfaces", ANY)],
    ),
    op(
        "ec2:AuthorizeSecurityGroupIngress",
        &[
            on("ec2:AuthorizeSecurityGroupIngress", GROUP_AND_RULES),
            Need {
                condition: Some((
                    "StringEquals",
                    "ec2:CreateAction",
                    "AuthorizeSecurityGroupIngress",
                )),
                ..on("ec2:CreateTags", RULES)
            },
        ],
    ),
    op(
        "ec2:ModifySecurityGroupRules",
        &[on("ec2:ModifySecurityGroupRules", GROUP_AND_RULES)],
    ),
    op(
        "ec2:RevokeSecurityGroupIngress",
        &[on("ec2:RevokeSecurityGroupIngress", GROUP_AND_RULES)],
    ),
    op("ec2:CreateTags", &[on("ec2:CreateTags", RULES)]),
    op("ec2:DeleteTags", &[on("ec2:DeleteTags", RULES)]),
    // ------------------------------------------------------------------ iam
    op("iam:GetRole", &[on("iam:GetRole", ROLE)]),
    op("iam:ListRoles", &[on("iam:ListRoles", ANY)]),
    op("iam:ListRoleTags", &[on("iam:ListRoleTags", ROLE)]),
    op("iam:ListRolePolicies", &[on("iam:ListRolePolicies", ROLE)]),
    op(
        "iam:ListAttachedRolePolicies",
        &[on("iam:ListAttachedRolePolicies", ROLE)],
    ),
    op(
        "iam:ListInstanceProfilesForRole",
        &[on("iam:ListInstanceProfilesForRole", ROLE)],
    ),
    op("iam:GetRolePolicy", &[on("iam:GetRolePolicy", ROLE)]),
    op(
        "iam:CreateRole",
        &[on("iam:CreateRole", ROLE), on("iam:TagRole", ROLE)],
    ),
    op("iam:UpdateRole", &[on("iam:UpdateRole", ROLE)]),
    op(
        "iam:UpdateAssumeRolePolicy",
        &[on("iam:UpdateAssumeRolePolicy", ROLE)],
    ),
    op(
        "iam:PutRolePermissionsBoundary",
        &[on("iam:PutRolePermissionsBoundary", ROLE)],
    ),
    op("iam:TagRole", &[on("iam:TagRole", ROLE)]),
    op("iam:PutRolePolicy", &[on("iam:PutRolePolicy", ROLE)]),
    op("iam:DeleteRolePolicy", &[on("iam:DeleteRolePolicy", ROLE)]),
    op("iam:AttachRolePolicy", &[on("iam:AttachRolePolicy", ROLE)]),
    op("iam:DetachRolePolicy", &[on("iam:DetachRolePolicy", ROLE)]),
    op("iam:DeleteRole", &[on("iam:DeleteRole", ROLE)]),
    op("iam:GetPolicy", &[on("iam:GetPolicy", POLICY)]),
    op(
        "iam:GetPolicyVersion",
        &[on("iam:GetPolicyVersion", POLICY)],
    ),
    op("iam:ListPolicies", &[on("iam:ListPolicies", ANY)]),
    op(
        "iam:ListPolicyVersions",
        &[on("iam:ListPolicyVersions", POLICY)],
    ),
    op("iam:ListPolicyTags", &[on("iam:ListPolicyTags", POLICY)]),
    op(
        "iam:ListEntitiesForPolicy",
        &[on("iam:ListEntitiesForPolicy", POLICY)],
    ),
    op(
        "iam:CreatePolicy",
        &[on("iam:CreatePolicy", POLICY), on("iam:TagPolicy", POLICY)],
    ),
    op(
        "iam:CreatePolicyVersion",
        &[on("iam:CreatePolicyVersion", POLICY)],
    ),
    op(
        "iam:SetDefaultPolicyVersion",
        &[on("iam:SetDefaultPolicyVersion", POLICY)],
    ),
    op(
        "iam:DeletePolicyVersion",
        &[on("iam:DeletePolicyVersion", POLICY)],
    ),
    op("iam:DeletePolicy", &[on("iam:DeletePolicy", POLICY)]),
    op("iam:TagPolicy", &[on("iam:TagPolicy", POLICY)]),
    // ------------------------------------------------------------------ lambda
    op(
        "lambda:GetFunction",
        &[
            on("lambda:GetFunction", FUNCTION),
            on("lambda:ListTags", FUNCTION),
        ],
    ),
    op("lambda:ListFunctions", &[on("lambda:ListFunctions", ANY)]),
    op("lambda:ListAliases", &[on("lambda:ListAliases", FUNCTION)]),
    op(
        "lambda:ListEventSourceMappings",
        &[on("lambda:ListEventSourceMappings", ANY)],
    ),
    op("lambda:ListTags", &[on("lambda:ListTags", FUNCTION)]),
    op(
        "lambda:CreateFunction",
        &[
            on("lambda:CreateFunction", FUNCTION),
            on("lambda:TagResource", FUNCTION),
            pass("lambda.amazonaws.com"),
            when(WITH_LAYERS, on("lambda:GetLayerVersion", USED_LAYERS)),
            when(IN_VPC, on("ec2:DescribeSecurityGroups", ANY)),
            when(IN_VPC, on("ec2:DescribeSubnets", ANY)),
            when(IN_VPC, on("ec2:DescribeVpcs", ANY)),
        ],
    ),
    op(
        "lambda:UpdateFunctionCode",
        &[on("lambda:UpdateFunctionCode", FUNCTION)],
    ),
    op(
        "lambda:UpdateFunctionConfiguration",
        &[
            on("lambda:UpdateFunctionConfiguration", FUNCTION),
            when(ROLE_CHANGES, pass("lambda.amazonaws.com")),
            when(WITH_LAYERS, on("lambda:GetLayerVersion", USED_LAYERS)),
            when(IN_VPC, on("ec2:DescribeSecurityGroups", ANY)),
            when(IN_VPC, on("ec2:DescribeSubnets", ANY)),
            when(IN_VPC, on("ec2:DescribeVpcs", ANY)),
        ],
    ),
    op("lambda:TagResource", &[on("lambda:TagResource", FUNCTION)]),
    op(
        "lambda:DeleteFunction",
        &[on("lambda:DeleteFunction", FUNCTION)],
    ),
    op("lambda:Invoke", &[on("lambda:InvokeFunction", FUNCTION)]),
    op("lambda:GetPolicy", &[on("lambda:GetPolicy", FUNCTION)]),
    op(
        "lambda:AddPermission",
        &[on("lambda:AddPermission", FUNCTION)],
    ),
    op(
        "lambda:RemovePermission",
        &[on("lambda:RemovePermission", FUNCTION)],
    ),
    op("lambda:ListLayers", &[on("lambda:ListLayers", ANY)]),
    op(
        "lambda:ListLayerVersions",
        &[on("lambda:ListLayerVersions", ANY)],
    ),
    op(
        "lambda:GetLayerVersion",
        &[on("lambda:GetLayerVersion", LAYER_VERSIONS)],
    ),
    op(
        "lambda:GetLayerVersionByArn",
        &[on("lambda:GetLayerVersion", USED_LAYERS)],
    ),
    op(
        "lambda:PublishLayerVersion",
        &[on("lambda:PublishLayerVersion", LAYER)],
    ),
    op(
        "lambda:DeleteLayerVersion",
        &[on("lambda:DeleteLayerVersion", LAYER_VERSIONS)],
    ),
    // ------------------------------------------------------------------ cognito
    op(
        "cognito-idp:ListUserPools",
        &[on("cognito-idp:ListUserPools", ANY)],
    ),
    op(
        "cognito-idp:DescribeUserPool",
        &[on("cognito-idp:DescribeUserPool", POOL)],
    ),
    op(
        "cognito-idp:GetUserPoolMfaConfig",
        &[on("cognito-idp:GetUserPoolMfaConfig", POOL)],
    ),
    op(
        "cognito-idp:UpdateUserPool",
        &[
            on("cognito-idp:UpdateUserPool", POOL),
            when(
                "where the pool has tags",
                on("cognito-idp:TagResource", POOL),
            ),
            when(
                "where the pool sends SMS",
                pass("cognito-idp.amazonaws.com"),
            ),
        ],
    ),
    op(
        "cognito-idp:ListUserPoolClients",
        &[on("cognito-idp:ListUserPoolClients", POOL)],
    ),
    op(
        "cognito-idp:DescribeUserPoolClient",
        &[on("cognito-idp:DescribeUserPoolClient", POOL)],
    ),
    // anybody may sign up
    op("cognito-idp:SignUp", &[]),
    op(
        "cognito-idp:AdminConfirmSignUp",
        &[on("cognito-idp:AdminConfirmSignUp", POOL)],
    ),
    op(
        "cognito-idp:AdminDeleteUser",
        &[on("cognito-idp:AdminDeleteUser", POOL)],
    ),
    // ------------------------------------------------------------------ scheduler
    op(
        "scheduler:ListSchedules",
        &[on("scheduler:ListSchedules", ANY)],
    ),
    op(
        "scheduler:ListScheduleGroups",
        &[on("scheduler:ListScheduleGroups", ANY)],
    ),
    op(
        "scheduler:GetSchedule",
        &[on("scheduler:GetSchedule", SCHEDULE)],
    ),
    op(
        "scheduler:CreateSchedule",
        &[
            on("scheduler:CreateSchedule", SCHEDULE),
            pass("scheduler.amazonaws.com"),
        ],
    ),
    op(
        "scheduler:UpdateSchedule",
        &[
            on("scheduler:UpdateSchedule", SCHEDULE),
            pass("scheduler.amazonaws.com"),
        ],
    ),
    op(
        "scheduler:DeleteSchedule",
        &[on("scheduler:DeleteSchedule", SCHEDULE)],
    ),
    op(
        "scheduler:GetScheduleGroup",
        &[on("scheduler:GetScheduleGroup", SCHEDULE_GROUP)],
    ),
    op(
        "scheduler:CreateScheduleGroup",
        &[
            on("scheduler:CreateScheduleGroup", SCHEDULE_GROUP),
            on("scheduler:TagResource", SCHEDULE_GROUP),
        ],
    ),
    op(
        "scheduler:DeleteScheduleGroup",
        &[
            on("scheduler:DeleteScheduleGroup", GROUP_AND_SCHEDULES),
            on("scheduler:DeleteSchedule", GROUP_AND_SCHEDULES),
        ],
    ),
    op(
        "scheduler:ListTagsForResource",
        &[on("scheduler:ListTagsForResource", SCHEDULE_GROUP)],
    ),
    // ------------------------------------------------------------------ the rest
    op(
        "ssm:PutParameter",
        &[
            on("ssm:PutParameter", PARAMETER),
            on("ssm:AddTagsToResource", PARAMETER),
        ],
    ),
    op("ssm:GetParameter", &[on("ssm:GetParameter", PARAMETER)]),
    op(
        "ssm:DeleteParameter",
        &[on("ssm:DeleteParameter", PARAMETER)],
    ),
    op(
        "logs:DescribeLogGroups",
        &[on("logs:DescribeLogGroups", ANY)],
    ),
    op(
        "logs:FilterLogEvents",
        &[on("logs:FilterLogEvents", LOG_GROUP)],
    ),
    // works even under an explicit deny (aws-facts §6.1)
    op("sts:GetCallerIdentity", &[]),
];
