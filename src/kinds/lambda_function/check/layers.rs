//! Do the layers fit the function? A wrong one fails only when the function is called, with a message that does not
//! say so.

use super::{Complaints, Spec, arch, field};
use crate::assets::{Arch, BinaryTag, fits};
use crate::model::{Addr, Diagnostic};
use crate::resource::{Claims, Input};
use serde_json::Value;

/// How many layers a function may have.
const MOST: usize = 5;

/// Checks number, ARNs and claims.
pub(super) fn check(spec: &Spec, others: &Claims, found: &mut Complaints) {
    if spec.layers.len() > MOST {
        found.say(
            "layers",
            Diagnostic::error(format!("a function has at most {MOST} layers")),
        );
    }
    for (at, layer) in spec.layers.iter().enumerate() {
        let path = format!("layers[{at}]");
        match layer {
            Input::Known(arn) if !is_version_arn(arn) => found.say(
                path,
                Diagnostic::error("not the ARN of a layer version").help(
                    "arn:aws:lambda:REGION:ACCOUNT:layer:NAME:VERSION, with the version at the end",
                ),
            ),
            Input::Known(_) => {}
            Input::Template(template) => {
                let Some(reference) = template.single() else {
                    continue;
                };
                if reference.from.kind == "lambda_layer" && reference.output == "layer_arn" {
                    found.say(
                        path,
                        Diagnostic::error("a function names the version of a layer")
                            .help(format!("write ${{{}.arn}}", reference.from)),
                    );
                } else if let Some(claims) = others.get(&reference.from) {
                    compare(spec, &reference.from, claims, &path, found);
                }
            }
        }
    }
}

fn compare(spec: &Spec, layer: &Addr, claims: &Value, path: &str, found: &mut Complaints) {
    let mut same = true;
    for (what, wanted) in [
        ("runtime", spec.runtime.as_str()),
        ("architecture", spec.architecture.name()),
    ] {
        if let Some(is) = claims.get(what).and_then(Value::as_str)
            && is != wanted
        {
            same = false;
            found.say(
                path,
                Diagnostic::error(format!("the layer is for another {what}"))
                    .detail(format!(
                        "{layer} is for {is}, and the function runs {wanted}."
                    ))
                    .help(format!(
                        "{}, or here {what}: {is}",
                        field(layer, what, wanted)
                    )),
            );
        }
    }
    if !same || !spec.runtime.starts_with("python") {
        return;
    }
    if let Err(why) = fits(&tags(claims), &spec.runtime, arch(spec.architecture)) {
        found.say(
            path,
            Diagnostic::error("a binary in the layer does not fit the function")
                .detail(format!("In {layer}, {why}.")),
        );
    }
}

/// Reads what a layer says of its binaries.
fn tags(claims: &Value) -> Vec<BinaryTag> {
    let text = |tag: &Value, name: &str| tag.get(name).and_then(Value::as_str).map(str::to_owned);
    claims
        .get("binaries")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .map(|tag| BinaryTag {
            path: text(tag, "path").unwrap_or_default(),
            python: text(tag, "python"),
            arch: text(tag, "arch").and_then(|a| a.parse::<Arch>().ok()),
            foreign: text(tag, "foreign"),
        })
        .collect()
}

fn is_version_arn(arn: &str) -> bool {
    let parts: Vec<&str> = arn.split(':').collect();
    matches!(parts.as_slice(), ["arn", _, "lambda", _, _, "layer", name, version]
        if !name.is_empty() && version.parse::<u64>().is_ok())
}
