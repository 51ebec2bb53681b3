//! Everything that exists in the sandbox, as one readable JSON document.

use super::{cognito, ec2, iam, lambda, logs, rds, scheduler, ssm};
use serde::{Deserialize, Serialize};

/// The account that the sandbox plays.
pub const ACCOUNT: &str = "123456789012";

/// The world. Each service owns one part of it and gives the part that is there from the start.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct World {
    /// The region in which everything lives.
    pub region: String,
    /// Counts up with every id that is given out, so that ids are never reused.
    pub serial: u64,
    /// Security groups, rules, VPCs, subnets, interfaces.
    pub ec2: ec2::State,
    /// Instances and snapshots.
    pub rds: rds::State,
    /// Roles and policies.
    pub iam: iam::State,
    /// Functions and layers.
    pub lambda: lambda::State,
    /// User pools and their users.
    pub cognito: cognito::State,
    /// Schedules and their groups; a world of an earlier version has none.
    #[serde(default)]
    pub scheduler: scheduler::State,
    /// Log groups; a world from before they were there has none.
    #[serde(default)]
    pub logs: logs::State,
    /// Parameters; a world from before they were there has none.
    #[serde(default)]
    pub ssm: ssm::State,
}

impl World {
    /// The world before anyone touched it: a default VPC with subnets in three zones, its default group
    /// with the self-referencing rule, a user pool with settings that are worth preserving.
    pub fn first(region: &str) -> Self {
        World {
            region: region.to_owned(),
            serial: 0,
            ec2: ec2::State::first(region),
            rds: rds::State::default(),
            iam: iam::State::first(),
            lambda: lambda::State::default(),
            cognito: cognito::State::first(region),
            scheduler: scheduler::State::default(),
            logs: logs::State::default(),
            ssm: ssm::State::default(),
        }
    }

    /// Gives out the next serial number.
    pub fn next_serial(&mut self) -> u64 {
        self.serial += 1;
        self.serial
    }

    /// Gives out a new AWS-like id: `prefix` and seventeen hexadecimal digits.
    pub fn id(&mut self, prefix: &str) -> String {
        format!(
            "{prefix}{:017x}",
            self.next_serial().wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 4
        )
    }
}
