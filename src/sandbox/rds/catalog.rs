//! What can be ordered: versions (aws-facts §1.9), classes, storage types (§1.6).

use super::{bad_combination, bad_value};
use crate::sandbox::wire::ApiError;

/// The major of an instance whose creator names no version.
pub const DEFAULT_MAJOR: u32 = 17;

/// The CAs of today (aws-facts §1.12) and when their certificates end.
pub const CAS: [(&str, &str); 3] = [
    ("rds-ca-rsa2048-g1", "2061-05-25T22:34:57Z"),
    ("rds-ca-rsa4096-g1", "2121-05-25T22:38:35Z"),
    ("rds-ca-ecc384-g1", "2121-05-25T22:41:55Z"),
];

/// One major version.
pub struct Major {
    /// Its number.
    pub number: u32,
    /// The oldest minor that is still listed, though not creatable.
    pub listed: u32,
    /// The oldest creatable minor.
    pub oldest: u32,
    /// The newest minor.
    pub newest: u32,
    /// When RDS began with it.
    pub from: &'static str,
    /// The last day of standard support.
    pub standard_until: &'static str,
    /// The first day of Extended Support.
    pub extended_from: &'static str,
    /// The last day of Extended Support.
    pub extended_until: &'static str,
}

/// The majors, oldest first.
pub const MAJORS: [Major; 6] = [
    major_row(
        13,
        (15, 23, 23),
        ("2021-02-24", "2026-02-28", "2026-03-01", "2029-02-28"),
    ),
    major_row(
        14,
        (14, 18, 23),
        ("2022-02-03", "2027-02-28", "2027-03-01", "2030-02-28"),
    ),
    major_row(
        15,
        (9, 13, 18),
        ("2023-02-27", "2028-02-29", "2028-03-01", "2031-02-28"),
    ),
    major_row(
        16,
        (5, 9, 14),
        ("2023-09-15", "2029-02-28", "2029-03-01", "2032-02-29"),
    ),
    major_row(
        17,
        (1, 5, 10),
        ("2024-10-01", "2030-02-28", "2030-03-01", "2033-02-28"),
    ),
    major_row(
        18,
        (1, 1, 4),
        ("2025-11-14", "2031-02-28", "2031-03-01", "2034-02-28"),
    ),
];

const fn major_row(
    number: u32,
    (listed, oldest, newest): (u32, u32, u32),
    days: (&'static str, &'static str, &'static str, &'static str),
) -> Major {
    Major {
        number,
        listed,
        oldest,
        newest,
        from: days.0,
        standard_until: days.1,
        extended_from: days.2,
        extended_until: days.3,
    }
}

/// One version.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Version {
    /// Before the point.
    pub major: u32,
    /// After it.
    pub minor: u32,
}

impl std::fmt::Display for Version {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}.{}", self.major, self.minor)
    }
}

impl Version {
    /// Reads `17.10`.
    pub fn parse(text: &str) -> Option<Self> {
        let (major, minor) = text.split_once('.')?;
        Some(Version {
            major: major.parse().ok()?,
            minor: minor.parse().ok()?,
        })
    }

    /// Tells whether instances of it can be made.
    pub fn is_available(self) -> bool {
        MAJORS
            .iter()
            .any(|m| m.number == self.major && (m.oldest..=m.newest).contains(&self.minor))
    }

    /// Tells whether it is what its bare major stands for.
    pub fn is_default(self) -> bool {
        MAJORS
            .iter()
            .any(|m| m.number == self.major && m.newest == self.minor)
    }
}

/// Returns all versions that are listed, oldest first.
pub fn versions() -> impl Iterator<Item = Version> {
    MAJORS.iter().flat_map(|m| {
        (m.listed..=m.newest).map(|minor| Version {
            major: m.number,
            minor,
        })
    })
}

/// Finds the version that a creator means: a full one, or the newest of a major, or of the default one.
pub fn resolve(asked: Option<&str>) -> Result<Version, ApiError> {
    let Some(asked) = asked else {
        return resolve(Some(&DEFAULT_MAJOR.to_string()));
    };
    let found = match MAJORS.iter().find(|m| m.number.to_string() == asked) {
        Some(m) => Some(Version {
            major: m.number,
            minor: m.newest,
        }),
        None => Version::parse(asked).filter(|v| v.to_string() == asked && v.is_available()),
    };
    found.ok_or_else(|| bad_combination(format!("Cannot find version {asked} for postgres")))
}

/// Returns the part of a version before the point.
pub fn major(version: &str) -> &str {
    version.split('.').next().unwrap_or(version)
}

/// Returns the name of a major's default parameter group.
pub fn default_group(major: &str) -> String {
    format!("default.postgres{major}")
}

/// One instance class.
pub struct Class {
    /// `db.t3.micro`.
    pub name: &'static str,
    /// In how many of a region's zones, in their order, it is offered: not every zone has every class.
    pub zones: usize,
}

/// The classes.
pub const CLASSES: [Class; 8] = [
    class_row("db.t3.micro", 9),
    class_row("db.t3.small", 9),
    class_row("db.t3.medium", 9),
    class_row("db.t4g.micro", 9),
    class_row("db.t4g.small", 9),
    class_row("db.t4g.medium", 9),
    class_row("db.m6i.large", 9),
    class_row("db.m7g.large", 2),
];

const fn class_row(name: &'static str, zones: usize) -> Class {
    Class { name, zones }
}

/// Finds a class.
pub fn class(name: &str) -> Result<&'static Class, ApiError> {
    CLASSES
        .iter()
        .find(|c| c.name == name)
        .ok_or_else(|| bad_value(format!("Invalid DB Instance class: {name}")))
}

/// One storage type.
pub struct Storage {
    /// `gp3`.
    pub name: &'static str,
    /// GiB.
    pub min: i64,
    /// GiB.
    pub max: i64,
    /// The range of provisioned IOPS, where they can be provisioned.
    pub iops: Option<(i64, i64)>,
    /// The range of provisioned throughput in MiB/s, where it can be provisioned.
    pub throughput: Option<(i64, i64)>,
}

/// From this size on, in GiB, gp3's IOPS and throughput can be chosen and are higher (aws-facts §1.6).
pub const STRIPED: i64 = 400;

/// The storage types.
pub const STORAGE: [Storage; 4] = [
    storage_row("gp2", 20, None, None),
    storage_row("gp3", 20, Some((3000, 64000)), Some((125, 4000))),
    storage_row("io1", 100, Some((1000, 256_000)), None),
    storage_row("io2", 100, Some((1000, 256_000)), None),
];

const fn storage_row(
    name: &'static str,
    min: i64,
    iops: Option<(i64, i64)>,
    throughput: Option<(i64, i64)>,
) -> Storage {
    Storage {
        name,
        min,
        max: 65536,
        iops,
        throughput,
    }
}
