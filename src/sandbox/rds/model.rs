//! Instances and snapshots as they are kept.

use super::fields::{Patch, Values};
use crate::sandbox::postgres::InstanceServer;
use crate::sandbox::timing::Moment;
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::net::Ipv4Addr;

/// RDS's part of the world.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct State {
    /// Instances by identifier, in lower case.
    pub instances: BTreeMap<String, Instance>,
    /// Snapshots by identifier, in lower case.
    pub snapshots: BTreeMap<String, Snapshot>,
    /// Deleted instances whose backups are kept, by `DbiResourceId`.
    #[serde(default)]
    pub retained: BTreeMap<String, Instance>,
}

/// One instance. No password is kept here: Postgres has a verifier.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Instance {
    /// `DBInstanceIdentifier`, in lower case.
    pub id: String,
    /// `DbiResourceId`, which survives a rename; the server is known by it.
    pub resource_id: String,
    /// `DBInstanceArn` without the identifier at its end.
    pub arn_prefix: String,
    /// `MasterUsername`.
    pub master_username: String,
    /// `DBName`.
    pub database: Option<String>,
    /// `AvailabilityZone`.
    pub zone: String,
    /// `StorageEncrypted`.
    pub encrypted: bool,
    /// `KmsKeyId`.
    pub kms_key: Option<String>,
    /// `DBSubnetGroup` as it was at the creation.
    pub network: Network,
    /// `Endpoint.Address`: the server's loopback address.
    pub address: Ipv4Addr,
    /// When the endpoint can be seen.
    pub endpoint_at: Moment,
    /// What can be modified, as it is.
    pub values: Values,
    /// `VpcSecurityGroups`.
    pub groups: Vec<Group>,
    /// `DBParameterGroups`: the one group, and since when it is chosen but waits for a reboot.
    pub parameter_group: ParameterGroup,
    /// `MasterUserSecret`.
    pub secret: Option<Secret>,
    /// `TagList`.
    pub tags: BTreeMap<String, String>,
    /// What happens with it, in order of time; between and after these it rests.
    pub phases: Vec<Phase>,
    /// Changes under way.
    pub flights: Vec<Flight>,
    /// Changes that wait for the maintenance window.
    pub pending: Patch,
    /// When that window begins.
    pub pending_at: Option<Moment>,
    /// Set from the stop on until the start.
    pub stopped: Option<Stopped>,
    /// Set by the deletion: when it will be gone.
    pub gone_at: Option<Moment>,
    /// Why its server does not run though it should.
    pub failure: Option<String>,
    /// The password that the server begins with, until it has begun: a command that is killed in between leaves an
    /// instance that the next one can still give a server.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first_password: Option<String>,
}

/// The default subnet group at the creation of an instance.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Network {
    /// The VPC.
    pub vpc: String,
    /// Subnets and their zones.
    pub subnets: Vec<(String, String)>,
}

/// A security group of an instance.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Group {
    /// `VpcSecurityGroupId`.
    pub id: String,
    /// `adding` until then, `active` from then on.
    pub active_at: Moment,
    /// `removing` until then, if it is to go.
    pub gone_at: Option<Moment>,
}

/// The parameter group of an instance.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ParameterGroup {
    /// Its name.
    pub name: String,
    /// `applying` until then.
    pub applied_at: Moment,
    /// Its values hold after a reboot only.
    pub pending_reboot: bool,
}

/// The secret of a managed master password.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Secret {
    /// `SecretArn`.
    pub arn: String,
    /// `KmsKeyId`.
    pub kms_key: String,
    /// `creating` or `rotating` until then.
    pub active_at: Moment,
    /// What it is until then.
    pub until_then: String,
}

/// A stretch of time with a status of its own.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Phase {
    /// `DBInstanceStatus` in it.
    pub status: String,
    /// From when.
    pub from: Moment,
    /// Until when, exclusively.
    pub until: Moment,
}

/// Changes under way.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Flight {
    /// What will be different.
    pub patch: Patch,
    /// From when on.
    pub lands_at: Moment,
}

/// A stop.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Stopped {
    /// `AutomaticRestartTime`.
    pub restart_at: Moment,
}

/// A snapshot, made by hand or at a stop or deletion. It holds no data: there is no operation here that restores.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Snapshot {
    /// `DBSnapshotIdentifier`, in lower case.
    pub id: String,
    /// The instance as it was.
    pub of: Instance,
    /// When it was asked for.
    pub created_at: Moment,
    /// `creating` until then.
    pub ready_at: Moment,
    /// `TagList`.
    pub tags: BTreeMap<String, String>,
}

impl Instance {
    /// Returns `DBInstanceArn`.
    pub fn arn(&self) -> String {
        format!("{}{}", self.arn_prefix, self.id)
    }

    /// Returns what its server must be like.
    pub fn server(&self) -> InstanceServer {
        // a port under way has been moved to within the call
        let port = self.effective().port;
        InstanceServer {
            id: self.resource_id.clone(),
            address: self.address,
            port: u16::try_from(port).unwrap_or(5432),
            master_username: self.master_username.clone(),
            password: self.first_password.clone().map(SecretString::from),
            database: self.database.clone(),
            born: self.endpoint_at,
        }
    }

    /// Returns the values as they will be when all that is under way has landed.
    pub fn effective(&self) -> Values {
        let mut values = self.values.clone();
        for flight in &self.flights {
            flight.patch.apply(&mut values);
        }
        values
    }
}
