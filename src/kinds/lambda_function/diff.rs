//! The comparison.

use super::desired::{Desired, Network};
use super::live::{Environment, Live};
use crate::aws;
use crate::model::{Diff, Force, Shown};
use crate::resource::{Text, only_set};
use serde_json::json;
use std::collections::BTreeMap;

/// The fields that `UpdateFunctionConfiguration` changes.
const CONFIGURATION: [&str; 10] = [
    "runtime",
    "handler",
    "role",
    "layers",
    "vpc",
    "environment",
    "timeout",
    "memory",
    "description",
    "ephemeral_storage",
];

/// Tells whether `UpdateFunctionConfiguration` is needed.
pub fn configuration(diff: &Diff) -> bool {
    CONFIGURATION.iter().any(|field| diff.has(field)) || diff.has("last_update")
}

/// Tells whether `UpdateFunctionCode` is needed: the architecture belongs to the code (aws-facts §4.1).
pub fn code(diff: &Diff) -> bool {
    diff.has("source") || diff.has("architecture")
}

/// What a new function will be like.
pub fn fields(want: &Desired) -> Vec<(String, Shown)> {
    let listed = |items: &[String]| match items {
        [] => Shown::NOTHING,
        items => items.into(),
    };
    let mut all = only_set([
        ("name", want.name.as_str().into()),
        ("runtime", want.runtime.as_str().into()),
        ("handler", want.handler.as_str().into()),
        ("role", want.role.as_str().into()),
        ("layers", listed(&want.layers)),
    ]);
    if let Some(network) = &want.network {
        all.extend(only_set([
            ("vpc.subnets", json!(network.subnets).into()),
            ("vpc.security_groups", json!(network.groups).into()),
        ]));
    }
    let variables = want.environment.iter();
    all.extend(variables.map(|(name, value)| (format!("environment.{name}"), value.shown())));
    let description = Some(want.description.as_str()).filter(|text| !text.is_empty());
    let source = want.code.as_ref().map(|code| code.sha256.clone());
    all.extend(only_set([
        ("timeout", want.timeout.into()),
        ("memory", want.memory.into()),
        ("description", description.into()),
        ("ephemeral_storage", want.ephemeral_storage.into()),
        ("source", source.map_or(Shown::NOTHING, Shown::Digest)),
        ("architecture", want.architecture.into()),
    ]));
    all.extend(aws::tag_fields(&want.tags));
    all
}

/// Compares.
pub fn diff(want: &Desired, have: &Live) -> Diff {
    let mut diff = Diff::default();
    if have.package != "Zip" {
        diff.field(
            "package_type",
            &have.package,
            &"Zip".to_owned(),
            Force::Replace,
        )
        .map(|f| f.why("a function made from a container image cannot become one made from a zip"));
        // nothing else of it can be compared: an image has no handler, no runtime and no layers
        return diff;
    }
    diff.field("runtime", &have.runtime, &want.runtime, Force::Update);
    diff.field("handler", &have.handler, &want.handler, Force::Update);
    diff.field("role", &have.role, &want.role, Force::Update);
    diff.field("layers", &have.layers, &want.layers, Force::Update);
    let nowhere = Network::default();
    let (old, new) = (
        have.network.as_ref().unwrap_or(&nowhere),
        want.network.as_ref().unwrap_or(&nowhere),
    );
    diff.field("vpc.subnets", &old.subnets, &new.subnets, Force::Update);
    diff.field(
        "vpc.security_groups",
        &old.groups,
        &new.groups,
        Force::Update,
    );
    environment(&want.environment, &have.environment, &mut diff);
    diff.field("timeout", &have.timeout, &want.timeout, Force::Update);
    diff.field("memory", &have.memory, &want.memory, Force::Update);
    diff.field(
        "description",
        &have.description,
        &want.description,
        Force::Update,
    );
    diff.field(
        "ephemeral_storage",
        &have.ephemeral_storage,
        &want.ephemeral_storage,
        Force::Update,
    );
    let before = Shown::Digest(have.code_sha256.clone());
    match &want.code {
        Some(code) if code.sha256 == have.code_sha256 => {}
        Some(code) => {
            diff.note(
                "source",
                before,
                Shown::Digest(code.sha256.clone()),
                Force::Update,
            );
        }
        // never "as it should be" without having compared
        None => {
            diff.note("source", before, Shown::NOTHING, Force::Update)
                .why("the function's folder could not be had");
        }
    }
    diff.field(
        "architecture",
        &have.architecture.as_str(),
        &want.architecture,
        Force::Update,
    );
    for (name, value) in aws::lasting(&want.tags) {
        let old = have.tags.get(name);
        if old != Some(value) {
            diff.field(&format!("tags.{name}"), &old, &Some(value), Force::Update);
        }
    }
    if have.state.is("Failed") {
        // it never worked, and waiting does not help; there is no data in it, and its address stays
        diff.note("state", "Failed", "Active", Force::Replace)
            .why(format!(
                "the function could not be made ({}): it is deleted and made again",
                have.state.why()
            ));
    } else if have.update.is("Failed") && !configuration(&diff) && !code(&diff) {
        // nothing else here would send the update again; what it shows may not be what serves (aws-facts §4.3)
        diff.note("last_update", "Failed", "Successful", Force::Update)
            .why(have.update.why());
    }
    diff
}

/// Compares the variables one by one. What is there is never shown: AWS gives it in plain text, and whether it is a
/// secret is known only of what should be there.
fn environment(want: &BTreeMap<String, Text>, have: &Environment, diff: &mut Diff) {
    let Environment::Known(have) = have else {
        return;
    };
    for (name, value) in want {
        let old = have.get(name);
        if old.is_none_or(|old| old.expose() != value.expose()) {
            let before = old.map_or(Shown::NOTHING, |_| Shown::Secret);
            diff.note(
                &format!("environment.{name}"),
                before,
                value.shown(),
                Force::Update,
            );
        }
    }
    for name in have.keys().filter(|name| !want.contains_key(*name)) {
        diff.note(
            &format!("environment.{name}"),
            Shown::Secret,
            Shown::NOTHING,
            Force::Update,
        );
    }
}
