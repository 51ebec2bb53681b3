//! What can be said about a layer without a look at AWS.

use super::live::{Desired, Key, LONGEST, Live, description, mark};
use super::spec::{Architecture, Spec};
use crate::assets::{Arch, BinaryTag, PinnedPackage, Target, binary_tags, fits};
use crate::model::Diagnostic;
use crate::resource::{Complaint, Facts, Input};
use serde_json::{Value, json};

fn arch(architecture: Architecture) -> Arch {
    match architecture {
        Architecture::X86_64 => Arch::X86_64,
        Architecture::Arm64 => Arch::Aarch64,
    }
}

fn binaries(spec: &Spec, facts: &Facts) -> Result<Vec<BinaryTag>, String> {
    match spec.request().map(|r| facts.asset(&r)) {
        Some(Ok(asset)) => binary_tags(&asset.bytes).map_err(|e| e.to_string()),
        // the loader has said why
        _ => Ok(Vec::new()),
    }
}

/// Returns what functions may check about it.
pub fn claims(spec: &Spec, facts: &Facts) -> Value {
    let binaries: Vec<Value> = binaries(spec, facts)
        .unwrap_or_default()
        .into_iter()
        .map(|tag| {
            json!({
                "path": tag.path,
                "python": tag.python,
                "arch": tag.arch.map(Arch::lambda_name),
                "foreign": tag.foreign,
            })
        })
        .collect();
    json!({
        "runtime": spec.runtime,
        "architecture": spec.architecture.name(),
        "binaries": binaries,
    })
}

/// Finds what is wrong with the spec.
pub fn check(spec: &Spec, facts: &Facts) -> Vec<Complaint> {
    let mut found = Vec::new();
    let mut say = |path: &str, diagnostic: Diagnostic| {
        found.push(Complaint {
            path: path.to_owned(),
            diagnostic,
        });
    };
    let sources = [
        spec.python_packages.is_some(),
        spec.zip.is_some(),
        spec.arn.is_some(),
    ];
    if sources.iter().filter(|given| **given).count() != 1 {
        say(
            "",
            Diagnostic::error("a layer has exactly one source")
                .detail("Give one of `python_packages`, `zip` and `arn`.")
                .help("python_packages: [ psycopg2-binary==2.9.11 ]"),
        );
        return found;
    }
    match (&spec.name, &spec.arn) {
        (None, None) => say(
            "",
            Diagnostic::error("the layer has no `name`").help(format!("name: {}", facts.addr.name)),
        ),
        (Some(name), _) if !is_name(name) => say(
            "name",
            Diagnostic::error("not a layer name")
                .detail("A layer's name has up to 140 letters, digits, `-` and `_`."),
        ),
        _ => {}
    }
    if let Some(Input::Known(arn)) = &spec.arn
        && !is_version_arn(arn)
    {
        say(
            "arn",
            Diagnostic::error("not the ARN of a layer version").help(
                "arn:aws:lambda:REGION:ACCOUNT:layer:NAME:VERSION, with the version at the end",
            ),
        );
    }
    if spec.keep_versions < 2 {
        say(
            "keep_versions",
            Diagnostic::error("at least 2 versions must be kept").detail(
                "A new version is published before the functions move to it; with 1 the version that they still use \
                 would be deleted first.",
            ),
        );
    }
    let whole = description(
        &mark(&facts.stack.stack, &facts.addr.to_string()),
        &"0".repeat(16),
        spec.description.as_deref(),
    );
    if spec.arn.is_none() && whole.chars().count() > LONGEST {
        let over = whole.chars().count() - LONGEST;
        say(
            "description",
            Diagnostic::error("the description is too long").detail(format!(
                "Lambda takes {LONGEST} characters, and the mark by which versions of this stack are recognised \
                 is a part of them. Make it {over} characters shorter.",
            )),
        );
    }
    if spec
        .license
        .as_ref()
        .is_some_and(|l| l.chars().count() > 512)
    {
        say(
            "license",
            Diagnostic::error("the licence is longer than 512 characters"),
        );
    }
    content(spec, facts, &mut say);
    found
}

fn content(spec: &Spec, facts: &Facts, say: &mut impl FnMut(&str, Diagnostic)) {
    if let Some(packages) = &spec.python_packages {
        if packages.is_empty() {
            say(
                "python_packages",
                Diagnostic::error("the layer would be empty")
                    .help("python_packages: [ psycopg2-binary==2.9.11 ]"),
            );
        }
        for (at, package) in packages.iter().enumerate() {
            if let Err(e) = PinnedPackage::parse(package) {
                say(
                    &format!("python_packages[{at}]"),
                    Diagnostic::error("not a pinned package").detail(e.to_string()),
                );
            }
        }
        if let Err(e) = Target::lambda(&spec.runtime, arch(spec.architecture)) {
            say(
                "runtime",
                Diagnostic::error("not a Python runtime").detail(e.to_string()),
            );
            return;
        }
    }
    let source = if spec.zip.is_some() {
        "zip"
    } else {
        "python_packages"
    };
    match binaries(spec, facts) {
        Err(e) => say(
            source,
            Diagnostic::error("the layer cannot be read").detail(e),
        ),
        Ok(tags) if spec.runtime.starts_with("python") => {
            if let Err(why) = fits(&tags, &spec.runtime, arch(spec.architecture)) {
                say(
                    source,
                    Diagnostic::error(
                        "a binary in the layer does not fit its runtime or architecture",
                    )
                    .detail(why),
                );
            }
        }
        Ok(_) => {}
    }
}

/// Finds what a version that is only used says differently of itself.
pub fn declared(want: &Desired, have: &Live) -> Vec<Diagnostic> {
    let Key::Given(arn) = &want.key else {
        return Vec::new();
    };
    let mut found = Vec::new();
    let mut compare = |what: &str, declared: &[String], wanted: &str| {
        if !declared.is_empty() && !declared.iter().any(|d| d == wanted) {
            found.push(
                Diagnostic::warning(format!("the layer is not declared for this {what}")).detail(
                    format!(
                        "{arn} says that it is for {}, stack.yaml says {wanted}.",
                        declared.join(", ")
                    ),
                ),
            );
        }
    };
    compare("runtime", &have.version.runtimes, &want.runtime);
    compare(
        "architecture",
        &have.version.architectures,
        &want.architecture,
    );
    found
}

fn is_name(name: &str) -> bool {
    (1..=140).contains(&name.len())
        && name
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_')
}

fn is_version_arn(arn: &str) -> bool {
    let parts: Vec<&str> = arn.split(':').collect();
    matches!(parts.as_slice(), ["arn", _, "lambda", region, account, "layer", name, version]
        if !region.is_empty() && !account.is_empty() && is_name(name) && version.parse::<u64>().is_ok())
}
