//! What can be said about a function without a look at AWS.

use super::runtimes;
use super::spec::{Architecture, Spec};
use crate::aws::{ADDR_TAG, RUN_TAG, STACK_TAG};
use crate::model::{Addr, Diagnostic};
use crate::resource::{Claims, Complaint, Facts, Input};
use serde_json::{Value, json};

mod code;
mod layers;

/// Variables that Lambda sets itself.
const RESERVED: [&str; 16] = [
    "_HANDLER",
    "_X_AMZN_TRACE_ID",
    "AWS_ACCESS_KEY",
    "AWS_ACCESS_KEY_ID",
    "AWS_DEFAULT_REGION",
    "AWS_EXECUTION_ENV",
    "AWS_LAMBDA_FUNCTION_MEMORY_SIZE",
    "AWS_LAMBDA_FUNCTION_NAME",
    "AWS_LAMBDA_FUNCTION_VERSION",
    "AWS_LAMBDA_INITIALIZATION_TYPE",
    "AWS_LAMBDA_LOG_GROUP_NAME",
    "AWS_LAMBDA_LOG_STREAM_NAME",
    "AWS_LAMBDA_RUNTIME_API",
    "AWS_REGION",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
];
/// The same, by how they begin.
const RESERVED_PREFIX: &str = "LAMBDA_";

/// What all variables may take together, names included.
const ENVIRONMENT: usize = 4096;

/// Collects complaints.
pub(super) struct Complaints(Vec<Complaint>);

impl Complaints {
    fn say(&mut self, path: impl Into<String>, diagnostic: Diagnostic) {
        self.0.push(Complaint {
            path: path.into(),
            diagnostic,
        });
    }

    fn range(&mut self, path: &str, value: i32, least: i32, most: i32, unit: &str) {
        if !(least..=most).contains(&value) {
            self.say(
                path,
                Diagnostic::error(format!("not a {path} that Lambda takes"))
                    .detail(format!(
                        "It must be {least} to {most} {unit}, and is {value}."
                    ))
                    .help(format!("{path}: {}", value.clamp(least, most))),
            );
        }
    }
}

/// Returns what others may check about it.
pub fn claims(spec: &Spec) -> Value {
    json!({
        "name": spec.name,
        "runtime": spec.runtime,
        "architecture": spec.architecture.name(),
        "timeout": spec.timeout,
        "memory": spec.memory,
    })
}

/// Finds what is wrong with the spec.
pub fn check(spec: &Spec, facts: &Facts, others: &Claims) -> Vec<Complaint> {
    let mut found = Complaints(Vec::new());
    if spec.name.is_empty() || spec.name.len() > 64 || !spec.name.chars().all(is_name_char) {
        found.say(
            "name",
            Diagnostic::error("not a function name")
                .detail("A function's name has up to 64 letters, digits, `-` and `_`."),
        );
    }
    if let Some(diagnostic) = runtimes::judge(&spec.runtime) {
        found.say("runtime", diagnostic);
    }
    found.range("timeout", spec.timeout, 1, 900, "seconds");
    found.range("memory", spec.memory, 128, 10240, "MiB");
    found.range(
        "ephemeral_storage",
        spec.ephemeral_storage,
        512,
        10240,
        "MiB",
    );
    if spec.description.chars().count() > 256 {
        found.say(
            "description",
            Diagnostic::error("the description is longer than 256 characters"),
        );
    }
    if let Input::Known(role) = &spec.role
        && !(role.starts_with("arn:") && role.contains(":role/"))
    {
        found.say(
            "role",
            Diagnostic::error("not the ARN of a role")
                .help("role: ${iam_role.NAME.arn}, or arn:aws:iam::ACCOUNT:role/NAME"),
        );
    }
    vpc(spec, &mut found);
    environment(spec, facts, &mut found);
    tags(spec, &mut found);
    layers::check(spec, others, &mut found);
    code::check(spec, facts, &mut found);
    found.0
}

fn is_name_char(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '-' || c == '_'
}

fn vpc(spec: &Spec, found: &mut Complaints) {
    let Some(vpc) = &spec.vpc else { return };
    if let Some(addr) = &spec.vpc_of {
        found.say(
            "vpc",
            Diagnostic::error("`vpc` and `vpc_of` exclude each other").detail(format!(
                "Leave out `vpc` to run where {addr} is, or `vpc_of` to choose the subnets."
            )),
        );
    }
    if vpc.subnets.is_empty() != vpc.security_groups.is_empty() {
        found.say(
            "vpc",
            Diagnostic::error("a VPC needs both subnets and security groups")
                .detail("Give at least one of each, or neither to run outside of a VPC."),
        );
    }
    for (path, len, most) in [
        ("vpc.subnets", vpc.subnets.len(), 16),
        ("vpc.security_groups", vpc.security_groups.len(), 5),
    ] {
        if len > most {
            found.say(
                path,
                Diagnostic::error(format!("Lambda takes at most {most} of these")),
            );
        }
    }
}

fn environment(spec: &Spec, facts: &Facts, found: &mut Complaints) {
    let mut size = 0;
    for (name, value) in &spec.environment {
        let path = format!("environment.{name}");
        let mut chars = name.chars();
        let well_formed = chars.next().is_some_and(|c| c.is_ascii_alphabetic())
            && name.len() >= 2
            && chars.all(|c| c.is_ascii_alphanumeric() || c == '_');
        let reserved = RESERVED.contains(&name.as_str()) || name.starts_with(RESERVED_PREFIX);
        if reserved {
            found.say(
                path,
                Diagnostic::error("Lambda sets this variable itself")
                    .detail(format!("{name} is reserved. Give it another name.")),
            );
        } else if !well_formed {
            found.say(
                path,
                Diagnostic::error("not the name of a variable").detail(
                    "It begins with a letter, has at least two characters, and holds letters, digits and `_`.",
                ),
            );
        }
        if let Input::Known(text) = value
            && holds_password(text)
        {
            let mut diagnostic = Diagnostic::error("a secret is never written here")
                .detail("The value is an address with a password in it.")
                .help(format!("write a reference, as in {name}: ${{rds_instance.NAME.connection_url}} or ${{env.{name}}}"));
            diagnostic.hide_source = true;
            found.say(format!("environment.{name}"), diagnostic);
        }
        // of values that are not known yet, the names alone count
        size += name.len() + facts.text(value).map_or(0, |text| text.expose().len());
    }
    if size > ENVIRONMENT {
        found.say(
            "environment",
            Diagnostic::error("the environment variables are too large").detail(format!(
                "Names and values take {size} bytes, and Lambda takes {ENVIRONMENT} for all of them together."
            )),
        );
    }
}

/// Tells whether a text is an address with a password in it, the secret that is most often pasted.
fn holds_password(text: &str) -> bool {
    url::Url::parse(text.trim()).is_ok_and(|url| url.password().is_some_and(|p| !p.is_empty()))
}

fn tags(spec: &Spec, found: &mut Complaints) {
    for name in spec.tags.keys() {
        let path = format!("tags.{name}");
        if [STACK_TAG, ADDR_TAG, RUN_TAG].contains(&name.as_str()) {
            found.say(
                path,
                Diagnostic::error("this tag says whose the function is")
                    .detail("It is set by itself and cannot be given."),
            );
        } else if name.starts_with("aws:") {
            found.say(
                path,
                Diagnostic::error("tags that begin with `aws:` are AWS's own"),
            );
        }
    }
}

pub(super) fn arch(architecture: Architecture) -> crate::assets::Arch {
    match architecture {
        Architecture::X86_64 => crate::assets::Arch::X86_64,
        Architecture::Arm64 => crate::assets::Arch::Aarch64,
    }
}

/// Names an entry's field for a help text.
fn field(addr: &Addr, field: &str, value: &str) -> String {
    format!("in {addr} write {field}: {value}")
}
