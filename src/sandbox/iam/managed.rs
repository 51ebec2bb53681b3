//! The AWS-managed policies that exist here (aws-facts §3.1). They belong to the account `aws`.

use super::model::{Policy, Spread, Version};
use std::collections::BTreeMap;

/// What one of them is made of; dates in milliseconds since 1970.
struct Managed {
    name: &'static str,
    id: &'static str,
    description: &'static str,
    created: i64,
    updated: i64,
    version: u64,
    sid: Option<&'static str>,
    actions: &'static [&'static str],
}

const ALL: [Managed; 2] = [
    Managed {
        name: "AWSLambdaBasicExecutionRole",
        id: "ANPAJNCQGXC42545SKXIK",
        description: "Provides write permissions to CloudWatch Logs.",
        created: 1_428_591_823_000,
        updated: 1_428_591_823_000,
        version: 1,
        sid: None,
        actions: &[
            "logs:CreateLogGroup",
            "logs:CreateLogStream",
            "logs:PutLogEvents",
        ],
    },
    Managed {
        name: "AWSLambdaVPCAccessExecutionRole",
        id: "ANPAJVTME3YLVNL72YR2K",
        description: "Provides minimum permissions for a Lambda function to execute while accessing a resource \
                      within a VPC - create, describe, delete network interfaces and write permissions to \
                      CloudWatch Logs. ",
        created: 1_455_232_526_000,
        updated: 1_704_493_364_000,
        version: 3,
        sid: Some("AWSLambdaVPCAccessExecutionPermissions"),
        actions: &[
            "logs:CreateLogGroup",
            "logs:CreateLogStream",
            "logs:PutLogEvents",
            "ec2:CreateNetworkInterface",
            "ec2:DescribeNetworkInterfaces",
            "ec2:DescribeSubnets",
            "ec2:DeleteNetworkInterface",
            "ec2:AssignPrivateIpAddresses",
            "ec2:UnassignPrivateIpAddresses",
        ],
    },
];

/// Returns the AWS-managed policies; of each, its present version alone.
pub(super) fn all() -> Vec<Policy> {
    ALL.iter().map(policy).collect()
}

/// Returns the AWS-managed policy with this ARN.
pub(super) fn find(arn: &str) -> Option<Policy> {
    ALL.iter().map(policy).find(|p| p.arn == arn)
}

fn policy(of: &Managed) -> Policy {
    let mut statement = serde_json::Map::new();
    if let Some(sid) = of.sid {
        statement.insert("Sid".into(), sid.into());
    }
    statement.insert("Effect".into(), "Allow".into());
    statement.insert("Action".into(), of.actions.into());
    statement.insert("Resource".into(), "*".into());
    let document = serde_json::json!({"Version": "2012-10-17", "Statement": [statement]});
    Policy {
        name: of.name.to_owned(),
        id: of.id.to_owned(),
        arn: format!("arn:aws:iam::aws:policy/service-role/{}", of.name),
        path: "/service-role/".to_owned(),
        description: Some(of.description.to_owned()),
        created: of.created,
        updated: of.updated,
        versions: vec![Version {
            number: of.version,
            document: document.to_string(),
            created: of.updated,
        }],
        default: Spread::new(of.version, 0),
        next_version: of.version + 1,
        tags: BTreeMap::new(),
    }
}
