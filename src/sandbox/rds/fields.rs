//! What of an instance can be modified, and changes to it.

use serde::{Deserialize, Serialize};

/// Declares the values once, for [`Values`] and [`Patch`] alike.
macro_rules! fields {
    ($($(#[$doc:meta])* $name:ident: $type:ty,)*) => {
        /// The modifiable values of an instance.
        #[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
        #[serde(default)]
        pub struct Values {
            $($(#[$doc])* pub $name: $type,)*
        }

        /// Changes to an instance.
        #[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
        #[serde(default)]
        pub struct Patch {
            $(
                $(#[$doc])*
                #[serde(skip_serializing_if = "Option::is_none")]
                pub $name: Option<$type>,
            )*
            /// A new identifier.
            #[serde(skip_serializing_if = "Option::is_none")]
            pub id: Option<String>,
            /// Another master password, which is not kept here.
            #[serde(skip_serializing_if = "std::ops::Not::not")]
            pub password: bool,
        }

        impl Patch {
            /// Puts the new values in.
            pub fn apply(&self, values: &mut Values) {
                $(if let Some(new) = &self.$name { values.$name = new.clone(); })*
            }

            /// Takes over what `newer` says.
            pub fn merge(&mut self, newer: Patch) {
                $(if newer.$name.is_some() { self.$name = newer.$name; })*
                if newer.id.is_some() { self.id = newer.id; }
                self.password |= newer.password;
            }

            /// Drops what is so already.
            pub fn only_changes(&mut self, values: &Values) {
                $(if self.$name.as_ref() == Some(&values.$name) { self.$name = None; })*
            }

            /// Drops what `asked` speaks of, because it is decided anew.
            pub fn forget(&mut self, asked: &Patch) {
                $(if asked.$name.is_some() { self.$name = None; })*
                if asked.id.is_some() { self.id = None; }
            }
        }
    };
}

fields! {
    /// `DBInstanceClass`.
    class: String,
    /// `AllocatedStorage`, GiB.
    allocated_storage: i64,
    /// `StorageType`.
    storage_type: String,
    /// `Iops`; 0 where the type has none to tell.
    iops: i64,
    /// `StorageThroughput`, MiB/s; 0 where the type has none to tell.
    throughput: i64,
    /// `EngineVersion`, always in full.
    engine_version: String,
    /// `MultiAZ`.
    multi_az: bool,
    /// `BackupRetentionPeriod`, days.
    backup_retention: i64,
    /// `CACertificateIdentifier`.
    ca: String,
    /// `Endpoint.Port`.
    port: i64,
    /// `PubliclyAccessible`.
    publicly_accessible: bool,
    /// `PerformanceInsightsEnabled`.
    pi_enabled: bool,
    /// `PerformanceInsightsRetentionPeriod`, days; 0 while it is off.
    pi_retention: i64,
    /// `PerformanceInsightsKMSKeyId`; empty while it is off.
    pi_key: String,
    /// `DatabaseInsightsMode`.
    insights_mode: String,
    /// `DeletionProtection`.
    deletion_protection: bool,
    /// `AutoMinorVersionUpgrade`.
    auto_minor: bool,
    /// `CopyTagsToSnapshot`.
    copy_tags: bool,
    /// `EngineLifecycleSupport`.
    lifecycle: String,
    /// `PreferredMaintenanceWindow`.
    maintenance_window: String,
    /// `PreferredBackupWindow`.
    backup_window: String,
    /// `MaxAllocatedStorage`, GiB; 0 without autoscaling.
    max_storage: i64,
    /// `EnabledCloudwatchLogsExports`.
    log_exports: Vec<String>,
}

impl Patch {
    /// Tells whether it changes nothing.
    pub fn is_empty(&self) -> bool {
        *self == Patch::default()
    }

    /// Tells whether it changes the storage.
    pub fn touches_storage(&self) -> bool {
        self.allocated_storage.is_some()
            || self.storage_type.is_some()
            || self.iops.is_some()
            || self.throughput.is_some()
    }

    /// Takes out what is done within the call, whatever `ApplyImmediately` says, and needs no `modifying`.
    pub fn take_instant(&mut self) -> Patch {
        Patch {
            deletion_protection: self.deletion_protection.take(),
            auto_minor: self.auto_minor.take(),
            copy_tags: self.copy_tags.take(),
            lifecycle: self.lifecycle.take(),
            maintenance_window: self.maintenance_window.take(),
            backup_window: self.backup_window.take(),
            max_storage: self.max_storage.take(),
            ..Patch::default()
        }
    }

    /// Takes out what is done asynchronously, whatever `ApplyImmediately` says (aws-facts §1.1, class NOW).
    pub fn take_now(&mut self, have: &Values) -> Patch {
        // between two periods that both are on, the retention is no matter of the window
        let retention = match self.backup_retention {
            Some(n) if n > 0 && have.backup_retention > 0 => self.backup_retention.take(),
            _ => None,
        };
        Patch {
            backup_retention: retention,
            port: self.port.take(),
            publicly_accessible: self.publicly_accessible.take(),
            pi_enabled: self.pi_enabled.take(),
            pi_retention: self.pi_retention.take(),
            pi_key: self.pi_key.take(),
            insights_mode: self.insights_mode.take(),
            log_exports: self.log_exports.take(),
            password: std::mem::take(&mut self.password),
            ..Patch::default()
        }
    }
}
