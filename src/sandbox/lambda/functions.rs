//! Functions: create, read, list, delete.

use super::model::{Function, Release};
use super::request::{
    Request, conflict, flag, invalid, map, need, nothing, text, texts, violation,
};
use super::{code, names, network, runtimes, settings, show, tags};
use crate::sandbox::store::Store;
use crate::sandbox::wire::{ApiError, Reply};
use serde_json::{Value, json};

/// Seconds from `Pending` to `Active` outside of a VPC.
const CREATE: f64 = 5.0;
/// The same in a VPC: the interfaces must be made (aws-facts §4.3, "a minute or so").
const CREATE_IN_VPC: f64 = 60.0;
/// Seconds for which interfaces outlive the function (aws-facts §4.7).
pub(super) const LINGER: f64 = 1200.0;

pub(super) fn create(store: &Store, r: &Request) -> Result<Reply, ApiError> {
    let body = r.json()?;
    let region = store.region();
    let named = names::function(need(&body, "FunctionName")?, None, region)?;
    need(&body, "Role")?;
    match text(&body, "PackageType")? {
        None | Some("Zip") => {}
        Some(_) => {
            return Err(invalid(
                "The sandbox has no container images: send the code as a zip.",
            ));
        }
    }
    if flag(&body, "Publish")? {
        return Err(invalid(
            "The sandbox has no published versions of functions.",
        ));
    }
    for name in ["Runtime", "Handler"] {
        if text(&body, name)?.is_none() {
            return Err(invalid(format!(
                "{name} is mandatory for functions created with deployment packages."
            )));
        }
    }
    let architecture = architecture(&body)?.unwrap_or_else(|| "x86_64".to_owned());
    let wanted_tags = tags::checked(map(&body, "Tags")?.unwrap_or_default(), 0)?;
    let now = store.timing().now();
    // first what needs no zip, so that most mistakes are found before its bytes are kept
    store.read(|w| {
        let mut wanted = settings::defaults(&named.name);
        settings::apply(
            w,
            &named.name,
            &body,
            &mut wanted,
            runtimes::Use::Create,
            now,
        )
    })??;
    let mut zip = code::take(
        store,
        body.get("Code").unwrap_or(&Value::Null),
        "CreateFunction",
    )?;
    zip.architecture = architecture;
    let shown = store.write(|w| {
        let mut wanted = settings::defaults(&named.name);
        settings::apply(
            w,
            &named.name,
            &body,
            &mut wanted,
            runtimes::Use::Create,
            now,
        )?;
        if w.lambda.functions.contains_key(&named.name) {
            return Err(conflict(format!("Function already exist: {}", named.name)));
        }
        let release = Release {
            code: zip,
            settings: wanted,
        };
        settings::check_size(&release)?;
        settings::check_role(w, &release.settings, now)?;
        let place = release.settings.network().cloned();
        let mut function = Function {
            name: named.name.clone(),
            active_at: store.timing().after(if place.is_some() {
                CREATE_IN_VPC
            } else {
                CREATE
            }),
            release,
            update: None,
            modified: now,
            revision: String::new(),
            settled_revision: String::new(),
            tags: wanted_tags,
            statements: Vec::new(),
        };
        function.revise(w.next_serial());
        if let Some(place) = place {
            network::attach(w, &named.name, &place, now);
        }
        let shown = show::configuration(&w.region, &function, now, true);
        w.lambda.functions.insert(named.name.clone(), function);
        Ok(shown)
    })?;
    Ok(Reply::Json(201, shown))
}

/// Reads `Architectures`: exactly one, if any.
pub(super) fn architecture(body: &Value) -> Result<Option<String>, ApiError> {
    match texts(body, "Architectures")?.as_deref() {
        None => Ok(None),
        Some([one]) if one == "x86_64" || one == "arm64" => Ok(Some(one.clone())),
        Some([one]) => Err(violation(
            one,
            "architectures",
            "Member must satisfy constraint: [Member must satisfy enum value set: [x86_64, arm64]]",
        )),
        Some(_) => Err(violation(
            "architectures",
            "architectures",
            "Member must have length less than or equal to 1",
        )),
    }
}

fn named(store: &Store, r: &Request) -> Result<names::Named, ApiError> {
    names::function(r.segment(2)?, r.query("Qualifier"), store.region())
}

pub(super) fn get(store: &Store, r: &Request) -> Result<Reply, ApiError> {
    let named = named(store, r)?;
    let now = store.timing().now();
    let shown = store.read(|w| {
        let function = names::found(w, &named)?;
        let mut shown = json!({
            "Configuration": show::configuration(&w.region, function, now, true),
            "Code": {"RepositoryType": "S3", "Location": show::location(store, &function.release.code)},
        });
        if !function.tags.is_empty() {
            shown["Tags"] = json!(function.tags);
        }
        Ok(shown)
    })?;
    Ok(Reply::Json(200, shown?))
}

pub(super) fn configuration(store: &Store, r: &Request) -> Result<Reply, ApiError> {
    let named = named(store, r)?;
    let now = store.timing().now();
    let shown = store
        .read(|w| names::found(w, &named).map(|f| show::configuration(&w.region, f, now, true)))?;
    Ok(Reply::Json(200, shown?))
}

pub(super) fn list(store: &Store, r: &Request) -> Result<Reply, ApiError> {
    let now = store.timing().now();
    let items = store.read(|w| {
        w.lambda
            .functions
            .values()
            .map(|f| {
                (
                    f.name.clone(),
                    show::configuration(&w.region, f, now, false),
                )
            })
            .collect()
    })?;
    let (functions, next) = r.page(items, 10_000)?;
    let mut shown = json!({"Functions": functions});
    if let Some(next) = next {
        shown["NextMarker"] = next.into();
    }
    Ok(Reply::Json(200, shown))
}

/// The policy dies with the function; its interfaces outlive it, and so does its log.
pub(super) fn delete(store: &Store, r: &Request) -> Result<Reply, ApiError> {
    if r.query("Qualifier") == Some("$LATEST") {
        return Err(invalid(
            "$LATEST version cannot be deleted without deleting the function.",
        ));
    }
    let named = named(store, r)?;
    let gone_at = store.timing().after(LINGER);
    store.write(|w| {
        names::found(w, &named)?;
        w.lambda.functions.remove(&named.name);
        network::release(w, &named.name, gone_at);
        Ok(())
    })?;
    Ok(nothing())
}
