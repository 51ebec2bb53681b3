//! What is wrong with a spec beyond its types (aws-facts §1.6, §1.7, §1.10). What is not known yet is not judged.

use super::spec::Spec;
use super::version::Version;
use super::words::{is_daily, is_identifier, is_weekly, is_word};
use crate::model::Diagnostic;
use crate::resource::{Claims, Complaint, Facts, Input};
use serde_json::{Value, json};

/// Names that PostgreSQL or RDS keep for themselves.
const RESERVED_USERS: &[&str] = &[
    "admin",
    "rdsadmin",
    "public",
    "none",
    "current_user",
    "session_user",
    "user",
];
const RESERVED_DATABASES: &[&str] = &[
    "postgres",
    "rdsadmin",
    "template0",
    "template1",
    "all",
    "user",
    "table",
];

struct Checker<'a> {
    facts: &'a Facts,
    found: Vec<Complaint>,
}

impl Checker<'_> {
    fn add(&mut self, path: &str, diagnostic: Diagnostic) {
        self.found.push(Complaint {
            path: path.to_owned(),
            diagnostic,
        });
    }

    fn error(&mut self, path: &str, summary: impl Into<String>, help: impl Into<String>) {
        self.add(path, Diagnostic::error(summary).help(help));
    }

    fn known<T: serde::de::DeserializeOwned + Clone>(&self, input: &Input<T>) -> Option<T> {
        self.facts.get(input).ok()
    }

    fn option<T: serde::de::DeserializeOwned + Clone>(
        &self,
        input: &Option<Input<T>>,
    ) -> Option<T> {
        input.as_ref().and_then(|i| self.known(i))
    }
}

/// Returns what others may know: one instance has one entry.
pub fn claims(spec: &Spec, facts: &Facts) -> Value {
    json!({
        "identifier": facts.get(&spec.identifier).ok().map(|i| i.to_ascii_lowercase()),
        "publicly_accessible": spec.publicly_accessible,
    })
}

/// Finds what is wrong.
pub fn check(spec: &Spec, facts: &Facts, others: &Claims) -> Vec<Complaint> {
    let mut c = Checker {
        facts,
        found: Vec::new(),
    };
    names(&mut c, spec, others);
    storage(&mut c, spec);
    placement(&mut c, spec);
    upkeep(&mut c, spec);
    tags(&mut c, spec);
    c.found
}

fn names(c: &mut Checker<'_>, spec: &Spec, others: &Claims) {
    if let Some(id) = c.known(&spec.identifier) {
        if !is_identifier(&id, 63) {
            c.error(
                "identifier",
                format!("`{id}` cannot be the name of an instance"),
                "use 1 to 63 letters, digits and hyphens, a letter first, no hyphen last and no two together",
            );
        }
        let same = json!(id.to_ascii_lowercase());
        let twin = others.iter().find(|(addr, claim)| {
            **addr < c.facts.addr && addr.kind == "rds_instance" && claim["identifier"] == same
        });
        if let Some((addr, _)) = twin {
            c.error(
                "identifier",
                format!("{addr} is the same instance"),
                "give each entry its own identifier",
            );
        }
    }
    if let Some(user) = c.known(&spec.master_username) {
        let lower = user.to_ascii_lowercase();
        if !is_word(&user, 16) {
            c.error(
                "master_username",
                format!("`{user}` cannot be the name of a master user"),
                "use 1 to 16 letters, digits and underscores, a letter first",
            );
        } else if RESERVED_USERS.contains(&lower.as_str()) || lower.starts_with("pg_") {
            c.error(
                "master_username",
                format!("`{user}` is reserved"),
                "choose another name, `postgres` is allowed",
            );
        }
    }
    // what is wrong with it is said, and nothing of what it is
    if let Ok(password) = c.facts.secret(&spec.master_password)
        && let Some(what) = password_problem(password.expose())
    {
        c.error(
            "master_password",
            what,
            "use 8 to 128 letters, digits and signs but for `/`, `\"` and `@`",
        );
    }
    if let Some(name) = c.option(&spec.database_name) {
        if !is_word(&name, 63) {
            c.error(
                "database_name",
                format!("`{name}` cannot be the name of a database"),
                "use 1 to 63 letters, digits and underscores, a letter first",
            );
        } else if RESERVED_DATABASES.contains(&name.to_ascii_lowercase().as_str()) {
            c.error(
                "database_name",
                format!("`{name}` is reserved or there in any case"),
                "choose another name, or leave `database_name` out and use the database `postgres`",
            );
        }
    }
    if let Some(class) = c.known(&spec.instance_class)
        && !class.starts_with("db.")
    {
        c.error(
            "instance_class",
            format!("`{class}` is not an instance class of RDS"),
            "they begin with `db.`, as in db.t3.micro",
        );
    }
    if let Some(text) = c.option(&spec.engine_version) {
        match Version::parse(&text) {
            None => c.error(
                "engine_version",
                format!("`{text}` is not a version"),
                "write a major (\"17\") or a minor (\"17.4\")",
            ),
            Some(v) if v.major < 10 => c.error(
                "engine_version",
                format!("PostgreSQL {text} is not offered any more"),
                "write a major that has standard support, \"17\"",
            ),
            Some(_) => {}
        }
    }
}

/// RDS refuses such a password (aws-facts §1.7), by when half of the stack would be made.
fn password_problem(password: &str) -> Option<&'static str> {
    if !(8..=128).contains(&password.chars().count()) {
        Some("the password is too short or too long")
    } else if !password
        .chars()
        .all(|x| matches!(x, ' '..='~') && !"/\"@".contains(x))
    {
        Some("the password holds a character that RDS refuses")
    } else {
        None
    }
}

fn storage(c: &mut Checker<'_>, spec: &Spec) {
    let size = c.known(&spec.allocated_storage);
    let kind = c.option(&spec.storage_type);
    let kind = kind.as_deref();
    if let Some(kind) = kind
        && !["gp2", "gp3", "io1", "io2", "standard"].contains(&kind)
    {
        c.error(
            "storage_type",
            format!("`{kind}` is not a storage type"),
            "write gp3, gp2, io1, io2 or standard",
        );
    }
    let (least, most) = match kind {
        Some("io1" | "io2") => (100, 65_536),
        Some("standard") => (5, 3_072),
        _ => (20, 65_536),
    };
    if let Some(size) = size
        && !(least..=most).contains(&size)
    {
        c.error(
            "allocated_storage",
            format!("{size} GiB is out of range"),
            format!("write {least} to {most}"),
        );
    }
    // AWS's own default is gp3, or io1 where IOPS are given
    for (path, given) in [
        ("iops", spec.iops.is_some()),
        ("storage_throughput", spec.storage_throughput.is_some()),
    ] {
        if !given {
            continue;
        }
        match kind {
            Some("gp3") if size.is_some_and(|s| s < 400) => c.error(
                path,
                format!("gp3 below 400 GiB takes no {path}"),
                format!("leave `{path}` out: such a volume always has 3000 IOPS and 125 MiB/s"),
            ),
            Some("gp2" | "standard") => c.error(
                path,
                format!("{} takes no {path}", kind.unwrap_or_default()),
                "leave it out, or choose gp3",
            ),
            Some("io1" | "io2") if path == "storage_throughput" => c.error(
                path,
                format!("{} takes no {path}", kind.unwrap_or_default()),
                "leave it out, or choose gp3",
            ),
            None if spec.storage_type.is_none() => c.error(
                path,
                format!("`{path}` needs a `storage_type`"),
                "write the storage type that it is meant for",
            ),
            _ => {}
        }
    }
    if matches!(kind, Some("io1" | "io2")) && spec.iops.is_none() {
        c.error(
            "storage_type",
            "this storage type needs `iops`",
            "write `iops`, 1000 or more",
        );
    }
    if spec.kms_key_id.is_some() && spec.storage_encrypted != Some(true) {
        c.error(
            "kms_key_id",
            "a key without encryption",
            "write `storage_encrypted: true` too",
        );
    }
    if spec.storage_encrypted.is_none() {
        c.add(
            "storage_encrypted",
            Diagnostic::warning("the storage is not encrypted")
                .detail(
                    "AWS does not encrypt it unless asked to, and this cannot be changed later.",
                )
                .help("write `storage_encrypted: true`, or `false` if that is meant"),
        );
    }
}

fn placement(c: &mut Checker<'_>, spec: &Spec) {
    if spec.multi_az == Some(true) && spec.availability_zone.is_some() {
        c.error(
            "availability_zone",
            "a zone together with multi_az",
            "leave `availability_zone` out: AWS chooses both zones",
        );
    }
    if let Some(zone) = c.option(&spec.availability_zone)
        && !c.facts.stack.region.is_empty()
        && !zone.starts_with(&c.facts.stack.region)
    {
        c.error(
            "availability_zone",
            format!("`{zone}` is not in {}", c.facts.stack.region),
            format!(
                "write a zone of the stack's region, {}a",
                c.facts.stack.region
            ),
        );
    }
    if let Some(port) = c.option(&spec.port)
        && port < 1150
    {
        c.error(
            "port",
            format!("{port} is out of range"),
            "write 1150 to 65535",
        );
    }
    if spec.security_groups.as_ref().is_some_and(Vec::is_empty) {
        c.error(
            "security_groups",
            "an instance has at least one security group",
            "leave `security_groups` out to have the VPC's default group",
        );
    }
    for (i, group) in spec.security_groups.iter().flatten().enumerate() {
        if let Some(id) = c.known(group)
            && !id.starts_with("sg-")
        {
            c.error(
                &format!("security_groups[{i}]"),
                format!("`{id}` is not the id of a security group"),
                "write the id, sg-0123456789abcdef0",
            );
        }
    }
}

fn upkeep(c: &mut Checker<'_>, spec: &Spec) {
    match c.option(&spec.backup_retention_period) {
        Some(0) => c.add(
            "backup_retention_period",
            Diagnostic::warning("there are no automated backups")
                .detail(
                    "With 0 days a dropped table cannot be brought back by point-in-time recovery.",
                )
                .help("write 1 or more"),
        ),
        Some(days) if days > 35 => c.error(
            "backup_retention_period",
            format!("{days} days is out of range"),
            "write 0 to 35",
        ),
        _ => {}
    }
    if let Some(insights) = &spec.performance_insights
        && let Some(days) = c.option(&insights.retention_period)
    {
        let path = "performance_insights.retention_period";
        let month = days % 31 == 0 && (1..=23).contains(&(days / 31));
        if days != 7 && days != 731 && !month {
            c.error(
                path,
                format!("{days} days is not a period that Performance Insights knows"),
                "write 7, a multiple of 31 up to 713, or 731",
            );
        } else if !insights.enabled {
            c.error(
                path,
                "a period without Performance Insights",
                "leave it out, or write `enabled: true`",
            );
        }
    }
    if let Some(window) = c.option(&spec.maintenance_window)
        && !is_weekly(&window)
    {
        c.error(
            "maintenance_window",
            format!("`{window}` is not a weekly window"),
            "write it in UTC and at least 30 minutes long, as in sun:05:00-sun:05:30",
        );
    }
    if let Some(window) = c.option(&spec.backup_window)
        && !is_daily(&window)
    {
        c.error(
            "backup_window",
            format!("`{window}` is not a daily window"),
            "write it in UTC and at least 30 minutes long, as in 03:00-03:30",
        );
    }
}

fn tags(c: &mut Checker<'_>, spec: &Spec) {
    let legal = |text: &str| {
        text.chars()
            .all(|x| x.is_alphanumeric() || " _.:/=+-@".contains(x))
    };
    for (key, value) in &spec.tags {
        let path = format!("tags.{key}");
        let lower = key.to_ascii_lowercase();
        if ["aws:", "rds:", "cruddur-infra:"]
            .iter()
            .any(|p| lower.starts_with(p))
        {
            c.error(
                &path,
                format!("the tag `{key}` is reserved"),
                "choose another key",
            );
        } else if key.is_empty() || key.chars().count() > 128 || !legal(key) {
            c.error(
                &path,
                format!("`{key}` cannot be the key of a tag"),
                "use up to 128 letters, digits, blanks and _.:/=+-@",
            );
        }
        if let Some(text) = c.known(value)
            && (text.chars().count() > 256 || !legal(&text))
        {
            c.error(
                &path,
                "this cannot be the value of a tag",
                "use up to 256 letters, digits, blanks and _.:/=+-@",
            );
        }
    }
    if let Some(version) = c.option(&spec.master_password_version)
        && (version.is_empty() || version.chars().count() > 256 || !legal(&version))
    {
        c.error(
            "master_password_version",
            "this cannot be kept as a tag",
            "use letters, digits, blanks and _.:/=+-@; a counter or a date will do",
        );
    }
}
