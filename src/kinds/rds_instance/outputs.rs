//! What an instance hands to others.

use super::live::Live;
use super::spec::Spec;
use super::url;
use crate::model::{Output, Outputs};
use crate::resource::{Facts, Input, OutputDecl};
use serde_json::json;

/// The outputs.
pub const DECLARED: &[OutputDecl] = &[
    OutputDecl::plain("endpoint", "The host name that clients connect to."),
    OutputDecl::plain("port", "The port."),
    OutputDecl::secret(
        "connection_url",
        "The URL for the master user and the first database, with TLS and a verified host name.",
    ),
    OutputDecl::plain(
        "identifier",
        "Its name in the account and region, in lower case.",
    ),
    OutputDecl::plain("arn", "The ARN."),
    OutputDecl::plain("resource_id", "The id that survives a change of name, db-…"),
    OutputDecl::plain("vpc_id", "The VPC."),
    OutputDecl::plain("subnet_ids", "All subnets of its subnet group."),
    OutputDecl::plain(
        "function_subnet_ids",
        "Up to three subnets for a function that connects to it, its own zone's first.",
    ),
    OutputDecl::plain("security_group_id", "The first of its security groups."),
    OutputDecl::plain("security_group_ids", "Its security groups."),
    OutputDecl::plain("availability_zone", "Its availability zone."),
    OutputDecl::plain("master_username", "The master user."),
    OutputDecl::plain("database_name", "The first database."),
];

/// A value of the spec, or what is there where the spec is silent. Outputs are what they will be once the plan is
/// done, so that others are planned with it and no output changes under an update.
fn soon<T: serde::de::DeserializeOwned + Clone>(
    facts: &Facts,
    input: &Option<Input<T>>,
    have: Option<T>,
) -> Option<T> {
    match input {
        Some(input) => facts.get(input).ok().or(have),
        None => have,
    }
}

/// Returns the outputs.
pub fn outputs(spec: &Spec, facts: &Facts, have: &Live) -> Outputs {
    let mut out = Outputs::new();
    let mut add = |name: &str, value: Option<Output>| {
        if let Some(value) = value {
            out.insert(name.to_owned(), value);
        }
    };
    let port = soon(
        facts,
        &spec.port,
        have.port.and_then(|p| u16::try_from(p).ok()),
    );
    // PostgreSQL always has this one (aws-facts §1.7)
    let database = have.database_name.as_deref().unwrap_or("postgres");
    let groups: Vec<String> = match &spec.security_groups {
        Some(inputs) => inputs
            .iter()
            .map(|g| facts.get(g))
            .collect::<Result<_, _>>()
            .unwrap_or_else(|_| have.group_ids()),
        None => have.group_ids(),
    };
    if let Some(host) = &have.address {
        add("endpoint", Some(host.as_str().into()));
        add("port", port.map(Output::from));
        if let (Some(port), Ok(password)) = (port, facts.secret(&spec.master_password)) {
            let url = url::connection_url(
                &have.master_username,
                password.expose(),
                host,
                u32::from(port),
                database,
            );
            add("connection_url", Some(Output::Secret(url)));
        }
    }
    let text = |t: &Option<String>| t.as_deref().map(Output::from);
    add("identifier", Some(have.identifier.as_str().into()));
    add("arn", text(&have.arn));
    add("resource_id", text(&have.resource_id));
    add("vpc_id", text(&have.vpc_id));
    if !have.subnets.is_empty() {
        add("subnet_ids", Some(json!(have.subnet_ids()).into()));
        // where it will be is not known before it is there
        if have.availability_zone.is_some() {
            add(
                "function_subnet_ids",
                Some(json!(have.function_subnet_ids()).into()),
            );
        }
    }
    if let Some(first) = groups.first() {
        add("security_group_id", Some(first.as_str().into()));
        add("security_group_ids", Some(json!(groups).into()));
    }
    add("availability_zone", text(&have.availability_zone));
    add(
        "master_username",
        Some(have.master_username.as_str().into()),
    );
    add("database_name", Some(database.into()));
    out
}
