//! What to do about RDS's codes.

/// What to do about a code (aws-facts §1.8).
pub fn advice(code: &str) -> Option<&'static str> {
    Some(match code {
        "InsufficientDBInstanceCapacity" => {
            "AWS has no machine of this class in this zone now: choose another instance_class (db.t4g.micro for \
             db.t3.micro) or another availability_zone, or try again in some hours"
        }
        "FreeTierRestrictionError" => {
            "the account is on AWS's Free Plan: use a micro class and a backup_retention_period of 1 or 0, or upgrade \
             the account to the paid plan"
        }
        "InstanceQuotaExceeded" => {
            "the account has as many instances as its quota `DB instances` allows: delete one, or have the quota \
             raised in Service Quotas"
        }
        "StorageQuotaExceeded" => {
            "the account has as much storage as its quota `Total storage for all DB instances` allows: free some, or \
             have the quota raised in Service Quotas"
        }
        "SnapshotQuotaExceeded" => {
            "the account has as many snapshots as its quota `Manual DB instance snapshots` allows: delete old ones, \
             or give --skip-final-snapshot and lose the data"
        }
        "DBSnapshotAlreadyExists" => {
            "a snapshot has this name: give another one with --final-snapshot"
        }
        "StorageTypeNotSupported" => {
            "this class does not support this storage_type in this zone: gp3 works nearly everywhere"
        }
        "ProvisionedIopsNotAvailableInAZFault" => {
            "this zone has no provisioned IOPS: leave `iops` out, or choose another zone"
        }
        "InvalidSubnet" => {
            "the region has no default VPC with subnets: make one with `aws ec2 create-default-vpc`, or name a \
             db_subnet_group"
        }
        "DBSubnetGroupDoesNotCoverEnoughAZs" => {
            "a subnet group needs subnets in two zones, even for one instance: add one"
        }
        "DBSubnetGroupNotFoundFault" => "make the DB subnet group, or correct db_subnet_group",
        "InvalidVPCNetworkStateFault" => {
            "the subnet group belongs to a VPC that is gone or lacks an internet gateway: delete a stale group named \
             `default` with `aws rds delete-db-subnet-group`, or name another one"
        }
        "KMSKeyNotAccessibleFault" => "enable the KMS key, and allow RDS and the caller to use it",
        "CertificateNotFound" => {
            "write a CA that the region offers: `aws rds describe-certificates` lists them"
        }
        "DBParameterGroupNotFound" => "make the parameter group, or correct parameter_group",
        "DBUpgradeDependencyFailure" => {
            "AWS's message names what blocks the upgrade: remove it and apply again"
        }
        "NetworkTypeNotSupported" => "the subnets lack IPv6: use the network type IPV4",
        "VpcEncryptionControlViolationException" => {
            "the VPC enforces encryption in transit, which this class cannot do: choose a newer instance_class"
        }
        "InvalidDBInstanceState" | "InvalidDBInstanceStateFault" => {
            "another change is under way, or the instance is stopped: `cruddur-infra status` tells"
        }
        _ => return None,
    })
}

/// Codes that mean that a combination is not offered.
pub const NOT_OFFERED: &[&str] = &["InvalidParameterCombination", "InvalidParameterValue"];
