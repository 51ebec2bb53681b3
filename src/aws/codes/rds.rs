//! RDS (aws-facts §1.8). Quotas, capacity and wrong values are [`Invalid`](crate::model::Class::Invalid): trying again
//! in a moment does not help.

use super::{Meaning, advised, is};
use crate::model::Class::{Busy, Conflict, Invalid, NotFound};

const STATE: &str = "another change is under way, or the instance is stopped: `cruddur-infra status` tells; wait, or start it \
                     with `cruddur-infra start`, then run the same command again";
const STOPPED: &str = "AWS has no machine for the stopped instance, and a stopped instance cannot be given another class or \
                       zone: run `cruddur-infra start` again later, or restore a snapshot of it into another zone or class";
const SUBNETS: &str = "a subnet group needs subnets in two zones, even for one instance: add one with `aws rds \
                       modify-db-subnet-group`";
const NO_SUBNETS: &str = "the region has no default VPC with subnets: make one with `aws ec2 create-default-vpc`, or name a \
                          db_subnet_group";
const VPC: &str = "the subnet group belongs to a VPC that is gone or lacks an internet gateway: delete a stale group named \
                   `default` with `aws rds delete-db-subnet-group --db-subnet-group-name default`, or name another \
                   db_subnet_group";
const KMS: &str = "the KMS key is disabled, is to be deleted, or may not be used: `aws kms describe-key --key-id KEY` tells its \
                   state; enable it, and let the caller use it (kms:DescribeKey, kms:CreateGrant)";
const SUBNET_GROUP: &str = "make the DB subnet group, or correct db_subnet_group: `aws rds describe-db-subnet-groups` lists them";
const PARAMETER_GROUP: &str = "make the parameter group, or correct parameter_group: `aws rds describe-db-parameter-groups` \
                               lists them";
const INSTANCES: &str = "the account has as many instances as its quota `DB instances` of Amazon RDS allows: delete one, or \
                         have the quota raised in Service Quotas (https://console.aws.amazon.com/servicequotas/)";
const STORAGE: &str = "the account has as much storage as its quota `Total storage for all DB instances` of Amazon RDS allows: \
                       free some, or have the quota raised in Service Quotas \
                       (https://console.aws.amazon.com/servicequotas/)";
const SNAPSHOTS: &str = "the account has as many snapshots as its quota `Manual DB instance snapshots` of Amazon RDS allows: \
                         delete old ones (`aws rds describe-db-snapshots --snapshot-type manual`), have the quota raised \
                         in Service Quotas, or give --skip-final-snapshot and lose the data";
const BACKUPS: &str = "the account retains as many automated backups of deleted instances as its quota allows: delete old ones \
                       (`aws rds describe-db-instance-automated-backups`), or have the quota raised in Service Quotas";
/// Objects that this program never names: AWS says so of something that the instance was given by other means.
const FOREIGN: &str = "the instance uses something that this program does not set, and AWS does not find it: look at the \
                       instance in the AWS console";

pub(super) const CODES: &[Meaning] = &[
    is("DBInstanceAlreadyExists", Conflict),
    is("DBInstanceNotFound", NotFound),
    is("DBInstanceNotFoundFault", NotFound),
    is("DBInstanceAutomatedBackupNotFound", NotFound),
    advised("InvalidDBInstanceState", Busy, STATE),
    advised("InvalidDBInstanceStateFault", Busy, STATE),
    // capacity
    advised(
        "InsufficientDBInstanceCapacity",
        Invalid,
        "AWS has no machine of this class in this zone now: choose another instance_class (db.t4g.micro for \
         db.t3.micro) or another availability_zone, or try again in some hours",
    ),
    advised("InsufficientDBInstanceCapacity", Invalid, STOPPED).only("StartDBInstance"),
    advised(
        "InsufficientDBInstanceCapacity",
        Invalid,
        "AWS has no machine of the new class in the instance's zone now, and the instance stays as it is: choose another \
         instance_class, or apply again in some hours",
    )
    .only("ModifyDBInstance"),
    // the account's plan and its quotas
    advised(
        "FreeTierRestrictionError",
        Invalid,
        "the account is on AWS's Free Plan, which allows micro classes and a backup_retention_period of at most 1: change \
         the entry, or upgrade the account to the paid plan in the AWS console (Billing and Cost Management)",
    ),
    advised("InstanceQuotaExceeded", Invalid, INSTANCES),
    advised("StorageQuotaExceeded", Invalid, STORAGE),
    advised("SnapshotQuotaExceeded", Invalid, SNAPSHOTS),
    advised("DBInstanceAutomatedBackupQuotaExceeded", Invalid, BACKUPS),
    advised("TenantDatabaseQuotaExceeded", Invalid, FOREIGN),
    // values
    is("InvalidParameterCombination", Invalid),
    is("InvalidParameterValue", Invalid),
    is("MissingParameter", Invalid),
    advised(
        "StorageTypeNotSupported",
        Invalid,
        "this class does not support this storage_type in this zone: gp3 works nearly everywhere",
    ),
    advised(
        "ProvisionedIopsNotAvailableInAZFault",
        Invalid,
        "this zone has no provisioned IOPS: leave `iops` out, or choose another availability_zone",
    ),
    advised(
        "CertificateNotFound",
        Invalid,
        "write a ca_certificate that the region offers: `aws rds describe-certificates` lists them",
    ),
    advised("DBParameterGroupNotFound", Invalid, PARAMETER_GROUP),
    advised("DBParameterGroupNotFoundFault", Invalid, PARAMETER_GROUP),
    advised(
        "DBUpgradeDependencyFailure",
        Invalid,
        "AWS's message names what blocks the upgrade: remove it and apply again",
    ),
    advised(
        "DBSnapshotAlreadyExists",
        Invalid,
        "a snapshot has this name: give another one with --final-snapshot",
    ),
    // the network
    advised("InvalidSubnet", Invalid, NO_SUBNETS),
    advised("DBSubnetGroupDoesNotCoverEnoughAZs", Invalid, SUBNETS),
    advised("DBSubnetGroupNotFoundFault", Invalid, SUBNET_GROUP),
    advised("InvalidVPCNetworkStateFault", Invalid, VPC),
    advised(
        "NetworkTypeNotSupported",
        Invalid,
        "the subnets lack IPv6: use the network type IPV4",
    ),
    advised(
        "VpcEncryptionControlViolationException",
        Invalid,
        "the VPC enforces encryption in transit, which this class cannot do: choose a newer instance_class",
    ),
    advised("KMSKeyNotAccessibleFault", Invalid, KMS),
    // what this program has no field for
    advised("AuthorizationNotFound", Invalid, FOREIGN),
    advised("BackupPolicyNotFoundFault", Invalid, FOREIGN),
    advised("BlueGreenDeploymentNotFoundFault", Invalid, FOREIGN),
    advised("DBCapacityReservationNotFound", Invalid, FOREIGN),
    advised("DBClusterNotFoundFault", Invalid, FOREIGN),
    advised("DBProxyEndpointNotFoundFault", Invalid, FOREIGN),
    advised("DBProxyNotFoundFault", Invalid, FOREIGN),
    advised("DBProxyTargetGroupNotFoundFault", Invalid, FOREIGN),
    advised("DBSecurityGroupNotFound", Invalid, FOREIGN),
    advised("DBShardGroupNotFound", Invalid, FOREIGN),
    advised("DBSnapshotNotFound", Invalid, FOREIGN),
    advised("DBSnapshotTenantDatabaseNotFoundFault", Invalid, FOREIGN),
    advised("DomainNotFoundFault", Invalid, FOREIGN),
    advised("IntegrationNotFoundFault", Invalid, FOREIGN),
    advised("OptionGroupNotFoundFault", Invalid, FOREIGN),
    advised("TenantDatabaseNotFound", Invalid, FOREIGN),
    is("InvalidDBCapacityReservationState", Busy),
    is("InvalidDBClusterEndpointStateFault", Busy),
    is("InvalidDBClusterStateFault", Busy),
    is("InvalidDBSecurityGroupState", Busy),
];
