//! All that functions have to do with the network: the only file here that uses `world.ec2`.

use super::model::VpcUse;
use super::request::invalid;
use crate::sandbox::timing::Moment;
use crate::sandbox::wire::ApiError;
use crate::sandbox::world::World;

/// Finds the VPC of subnets and groups.
///
/// # Errors
/// `InvalidParameterValueException` in EC2's words where one does not exist, or where they lie in several VPCs.
pub(super) fn vpc_of(w: &World, subnets: &[String], groups: &[String]) -> Result<String, ApiError> {
    let mut vpc: Option<&str> = None;
    for id in subnets {
        let Some(subnet) = w.ec2.subnet(id) else {
            return Err(invalid(format!(
                "Error occurred while DescribeSubnets. EC2 Error Code: InvalidSubnetID.NotFound. EC2 Error Message: \
                 The subnet ID '{id}' does not exist"
            )));
        };
        if vpc.is_some_and(|other| other != subnet.vpc_id) {
            return Err(invalid("Subnets are required to be in the same VPC."));
        }
        vpc = Some(&subnet.vpc_id);
    }
    for id in groups {
        let Some(group) = w.ec2.group(id) else {
            return Err(invalid(format!(
                "Error occurred while DescribeSecurityGroups. EC2 Error Code: InvalidGroup.NotFound. EC2 Error \
                 Message: The security group '{id}' does not exist"
            )));
        };
        if vpc.is_some_and(|other| other != group.vpc_id) {
            return Err(invalid(
                "Security Groups are required to be in the same VPC.",
            ));
        }
    }
    Ok(vpc.unwrap_or_default().to_owned())
}

/// Gives a function its interfaces.
pub(super) fn attach(w: &mut World, function: &str, place: &VpcUse, now: Moment) {
    w.ec2
        .attach_function_interfaces(&mut w.serial, function, &place.subnets, &place.groups, now);
}

/// Lets go of a function's interfaces, which linger until `gone_at`.
pub(super) fn release(w: &mut World, function: &str, gone_at: Moment) {
    w.ec2.release_function_interfaces(function, gone_at);
}
