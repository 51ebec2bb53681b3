//! Is what the function calls in its folder?

use super::{Complaints, Spec, arch};
use crate::assets::{Asset, binary_tags, fits};
use crate::model::Diagnostic;
use crate::resource::Facts;

/// Checks the handler and the binaries in the folder.
pub(super) fn check(spec: &Spec, facts: &Facts, found: &mut Complaints) {
    if spec.handler.is_empty()
        || spec.handler.len() > 128
        || spec.handler.contains(char::is_whitespace)
    {
        found.say(
            "handler",
            Diagnostic::error("not a handler")
                .detail("It has up to 128 characters and no spaces.")
                .help("handler: lambda_function.lambda_handler"),
        );
        return;
    }
    // where the folder could not be had, the loader has said why
    let Ok(asset) = facts.asset(&spec.request()) else {
        return;
    };
    let python = spec.runtime.starts_with("python");
    let extensions: &[&str] = if python {
        &["py", "so"]
    } else if spec.runtime.starts_with("nodejs") {
        &["js", "mjs", "cjs"]
    } else {
        // what other runtimes call is not a file of this name
        return;
    };
    handler(spec, asset, extensions, found);
    if python
        && let Ok(tags) = binary_tags(&asset.bytes)
        && let Err(why) = fits(&tags, &spec.runtime, arch(spec.architecture))
    {
        // the advice behind the semicolon is for layers
        let what = why.split("; ").next().unwrap_or(&why);
        found.say(
            "source",
            Diagnostic::error("a binary in the folder does not fit the function")
                .detail(format!("{what}."))
                .help(format!(
                    "put one there that is built for {} on {}, or use a layer",
                    spec.runtime,
                    spec.architecture.name()
                )),
        );
    }
}

fn handler(spec: &Spec, asset: &Asset, extensions: &[&str], found: &mut Complaints) {
    let folder = spec.source.display();
    let Some((module, function)) = spec.handler.rsplit_once('.') else {
        found.say(
            "handler",
            Diagnostic::error("the handler names no function in a file")
                .detail("It is the file without its ending, a dot, and the function in it.")
                .help(format!("handler: {}.lambda_handler", spec.handler)),
        );
        return;
    };
    let python = extensions.contains(&"py");
    // Python's runtime takes dots and slashes alike for folders
    let path = if python {
        module.replace('.', "/")
    } else {
        module.to_owned()
    };
    let there = asset.entries.iter().any(|entry| {
        let fits = |stem: &str| {
            entry.strip_prefix(stem).is_some_and(|rest| {
                rest.strip_prefix('.').is_some_and(|ending| {
                    extensions.contains(&ending)
                        // an extension module carries its platform: x.cpython-313-x86_64-linux-gnu.so
                        || (python && ending.ends_with(".so"))
                })
            })
        };
        fits(&path) || (python && fits(&format!("{path}/__init__")))
    });
    if there {
        return;
    }
    let stems = asset.entries.iter().filter_map(|entry| {
        let (stem, ending) = entry.rsplit_once('.')?;
        extensions.contains(&ending).then_some(stem)
    });
    let closest = stems.min_by_key(|stem| strsim::damerau_levenshtein(stem, &path));
    let mut diagnostic =
        Diagnostic::error("the handler's file is not in the folder").detail(format!(
            "{} calls `{function}` in {path}.{}, and {folder} has no such file.",
            spec.handler, extensions[0]
        ));
    if let Some(stem) = closest {
        let module = if python {
            stem.replace('/', ".")
        } else {
            stem.to_owned()
        };
        diagnostic = diagnostic.help(format!("handler: {module}.{function}"));
    }
    found.say("handler", diagnostic);
}
