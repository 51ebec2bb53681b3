//! Which statement allows what.

use super::*;
use serde_json::json;
use std::collections::BTreeSet;

fn place(names: &[(&'static str, &str)]) -> Place {
    Place {
        partition: "aws".to_owned(),
        account: "123456789012".to_owned(),
        region: "us-west-2".to_owned(),
        names: names.iter().map(|(k, v)| (*k, (*v).to_owned())).collect(),
    }
}

fn denied_fault(op: &str, code: &str, message: &str) -> Fault {
    let mut fault = Fault::new(op, Class::Denied, message);
    fault.code = Some(code.to_owned());
    fault
}

#[test]
fn the_table_is_well_formed() {
    let names: BTreeSet<&str> = OPERATIONS.iter().map(|o| o.name).collect();
    assert_eq!(names.len(), OPERATIONS.len(), "one twice");
    let placeholders = [
        "partition",
        "account",
        "region",
        "db",
        "subnet_group",
        "parameter_group",
        "security_group",
        "role",
        "passed_role",
        "policy",
        "function",
        "layer",
        "user_pool",
        "schedule",
        "schedule_group",
        "log_group",
        "parameter",
    ];
    for operation in OPERATIONS {
        for need in operation.needs {
            let (service, action) = need.action.split_once(':').unwrap();
            assert!(!service.is_empty() && !action.is_empty(), "{}", need.action);
            assert!(!need.on.is_empty(), "{}", need.action);
            for form in need.on {
                assert!(
                    *form == "*"
                        || *form == "{passed_role}"
                        || form.starts_with("arn:{partition}:")
                );
                for part in form.split('{').skip(1) {
                    let (name, _) = part.split_once('}').unwrap();
                    assert!(placeholders.contains(&name), "{form}");
                }
            }
        }
    }
}

#[test]
fn a_statement_is_as_narrow_as_is_known() {
    let told = |op: &str, names: &[(&'static str, &str)]| {
        allowed_by(denied_fault(op, "AccessDenied", "No."), &place(names)).statements
    };
    assert_eq!(
        told("rds:StopDBInstance", &[("db", "cruddur-db")]),
        [json!({
            "Effect": "Allow",
            "Action": "rds:StopDBInstance",
            "Resource": "arn:aws:rds:us-west-2:123456789012:db:cruddur-db",
        })]
    );
    // nothing is known of the object: the account and the region still are
    assert_eq!(
        told("rds:StopDBInstance", &[])[0]["Resource"],
        "arn:aws:rds:us-west-2:123456789012:db:*"
    );
    // and where the service takes nothing narrower, that is what it is
    assert_eq!(
        told("ec2:DescribeSecurityGroupRules", &[])[0]["Resource"],
        "*"
    );
    // a role's ARN has no region
    assert_eq!(
        told("iam:CreateRole", &[("role", "app/post-confirmation")]),
        [json!({
            "Effect": "Allow",
            "Action": ["iam:CreateRole", "iam:TagRole"],
            "Resource": "arn:aws:iam::123456789012:role/app/post-confirmation",
        })]
    );
}

#[test]
fn the_action_is_not_always_the_operation() {
    let action = |op: &str| operation(op).unwrap().needs[0].action;
    assert_eq!(action("lambda:Invoke"), "lambda:InvokeFunction");
    assert_eq!(
        action("lambda:GetLayerVersionByArn"),
        "lambda:GetLayerVersion"
    );
    let help = denied("lambda:Invoke", "AWS says no");
    assert!(
        help.contains("the caller needs `lambda:InvokeFunction`;"),
        "{help}"
    );
    assert!(!help.contains("lambda:Invoke`"), "{help}");
}

#[test]
fn an_action_that_the_message_names_is_the_one_that_lacks() {
    let op = "lambda:CreateFunction";
    let role = "arn:aws:iam::123456789012:role/app";
    let names = [("function", "post"), ("passed_role", role)];
    let message = format!("User: x is not authorized to perform: iam:PassRole on resource: {role}");
    let fault = allowed_by(
        denied_fault(op, "AccessDeniedException", &message),
        &place(&names),
    );
    assert_eq!(
        fault.statements,
        [json!({
            "Effect": "Allow",
            "Action": "iam:PassRole",
            "Resource": role,
            "Condition": {"StringEquals": {"iam:PassedToService": "lambda.amazonaws.com"}},
        })]
    );
    assert!(denied(op, &message).contains("the caller needs `iam:PassRole`;"));
    // a message that names none leaves all of them open
    let fault = allowed_by(
        denied_fault(op, "AccessDeniedException", "No."),
        &place(&names),
    );
    let actions = json!(fault.statements).to_string();
    for action in [
        "lambda:CreateFunction",
        "lambda:TagResource",
        "iam:PassRole",
        "ec2:DescribeVpcs",
    ] {
        assert!(actions.contains(action), "{actions}");
    }
    // and so does one that names another action, or a longer name
    let other = denied_fault(
        op,
        "AccessDeniedException",
        "needs kms:CreateGrant, iam:PassRoleX",
    );
    assert!(allowed_by(other, &place(&names)).statements.len() > 1);
    // tags at birth are an action of their own
    let tags = "not authorized to perform: rds:AddTagsToResource on resource: y";
    let fault = denied_fault("rds:CreateDBInstance", "AccessDenied", tags);
    let fault = allowed_by(fault, &place(&[("db", "main")]));
    assert_eq!(fault.statements.len(), 1);
    assert_eq!(fault.statements[0]["Action"], "rds:AddTagsToResource");
}

#[test]
fn what_no_statement_mends_gets_none() {
    let place = place(&[]);
    for code in [
        "ExpiredToken",
        "InvalidClientTokenId",
        "SignatureDoesNotMatch",
        "OptInRequired",
    ] {
        let fault = allowed_by(denied_fault("rds:CreateDBInstance", code, "No."), &place);
        assert!(fault.statements.is_empty(), "{code}");
    }
    // nobody is asked for a permission here
    let fault = denied_fault("sts:GetCallerIdentity", "AccessDenied", "No.");
    assert!(allowed_by(fault, &place).statements.is_empty());
    let mut throttled = denied_fault("rds:CreateDBInstance", "AccessDenied", "No.");
    throttled.class = Class::Throttled;
    assert!(allowed_by(throttled, &place).statements.is_empty());
    // a database's own refusal is none of IAM's
    let fault = denied_fault("postgres:connect", "42501", "No.");
    assert!(allowed_by(fault, &place).statements.is_empty());
    // a refusal that goes by its status is one
    let fault = denied_fault("rds:CreateDBInstance", "BrandNew", "No.");
    assert!(!allowed_by(fault, &place).statements.is_empty());
}

#[test]
fn ec2_is_told_how_to_decode_what_it_hides() {
    let help = denied("ec2:AuthorizeSecurityGroupIngress", "Encoded: 1QjWk");
    assert!(
        help.contains("aws sts decode-authorization-message"),
        "{help}"
    );
    assert!(!denied("iam:CreateRole", "No.").contains("decode-authorization-message"));
    for op in ["ec2:AuthorizeSecurityGroupIngress", "iam:CreateRole"] {
        let help = denied(op, "No.");
        assert!(help.contains("denies it explicitly"), "{help}");
        assert!(help.contains("aws sts get-caller-identity"), "{help}");
    }
}
