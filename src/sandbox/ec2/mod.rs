//! EC2 as far as this stack sees it: the default network, security groups and their rules, and the interfaces
//! that functions and databases put into it.
//!
//! Semantics follow `aws-facts §2` (rules) and `§4.7` (lingering interfaces).

mod describe;
mod filters;
mod groups;
mod interfaces;
mod modify;
mod permissions;
mod rules;
mod state;
mod tags;
#[cfg(test)]
mod tests;

pub use interfaces::{Interface, Owner};
pub use state::{DefaultNetwork, Group, Rule, Source, State, Subnet, Tags, Vpc};

use super::Sandbox;
use super::wire::{ApiError, Call, Input, Params, Reply};
use super::xml::Xml;

/// Answers one call.
///
/// # Errors
/// What EC2 would refuse, in its own words; `InvalidAction` for an operation that the sandbox lacks.
pub async fn handle(sandbox: &Sandbox, call: &Call) -> Result<Reply, ApiError> {
    let Input::Query(params) = &call.input else {
        return Err(bad("InvalidRequest", "The request received was invalid"));
    };
    let store = &sandbox.store;
    let now = store.timing().now();
    match call.operation.as_str() {
        "DescribeVpcs" => store.read(|w| describe::vpcs(&w.ec2, params))?,
        "DescribeSubnets" => store.read(|w| describe::subnets(&w.ec2, params, now))?,
        "DescribeAvailabilityZones" => store.read(|w| describe::zones(&w.ec2, params))?,
        "DescribeSecurityGroups" => store.read(|w| groups::describe(&w.ec2, params))?,
        "DescribeSecurityGroupRules" => store.read(|w| rules::describe(&w.ec2, params))?,
        "DescribeNetworkInterfaces" => store.read(|w| interfaces::describe(&w.ec2, params, now))?,
        "CreateSecurityGroup" => store.write(|w| groups::create(&mut w.ec2, &mut w.serial, params)),
        "DeleteSecurityGroup" => store.write(|w| groups::delete(&mut w.ec2, params, now)),
        "AuthorizeSecurityGroupIngress" => {
            store.write(|w| rules::authorize(&mut w.ec2, &mut w.serial, params, false))
        }
        "AuthorizeSecurityGroupEgress" => {
            store.write(|w| rules::authorize(&mut w.ec2, &mut w.serial, params, true))
        }
        "RevokeSecurityGroupIngress" => store.write(|w| rules::revoke(&mut w.ec2, params, false)),
        "RevokeSecurityGroupEgress" => store.write(|w| rules::revoke(&mut w.ec2, params, true)),
        "ModifySecurityGroupRules" => store.write(|w| modify::modify(&mut w.ec2, params)),
        "CreateTags" => store.write(|w| tags::create(&mut w.ec2, params, now)),
        "DeleteTags" => store.write(|w| tags::delete(&mut w.ec2, params, now)),
        other => Err(bad(
            "InvalidAction",
            format!("The action {other} is not valid for this web service."),
        )),
    }
}

/// Gives out an id in the manner of [`World::id`](super::world::World::id), whose counter is borrowed apart from
/// the rest of the world.
pub(super) fn new_id(serial: &mut u64, prefix: &str) -> String {
    *serial += 1;
    format!(
        "{prefix}{:017x}",
        serial.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 4
    )
}

fn bad(code: &str, message: impl Into<String>) -> ApiError {
    ApiError::new(400, code, message)
}

/// Returns EC2's answer to a call that asks only whether it would be allowed.
fn dry_run(params: &Params) -> Result<(), ApiError> {
    if params.flag("DryRun") == Some(true) {
        return Err(ApiError::new(
            412,
            "DryRunOperation",
            "Request would have succeeded, but DryRun flag is set.",
        ));
    }
    Ok(())
}

/// The whole reply of an operation that says only that it was done.
fn done() -> Reply {
    let mut x = Xml::new();
    x.el("return", true);
    Reply::Xml(x.done())
}
