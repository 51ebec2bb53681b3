//! Changes of code and settings. What was there before goes on serving until a change is over (aws-facts §4.3).

use super::functions::{LINGER, architecture};
use super::model::{Release, Update};
use super::request::{Request, flag, member, stale, text};
use super::{code, names, network, runtimes, settings, show};
use crate::sandbox::store::Store;
use crate::sandbox::wire::{ApiError, Reply};
use crate::sandbox::world::World;

/// Seconds from `InProgress` to `Successful`.
const UPDATE: f64 = 15.0;
/// The same where the place in the network changes.
const MOVE: f64 = 60.0;

pub(super) fn code(store: &Store, r: &Request) -> Result<Reply, ApiError> {
    let body = r.json()?;
    let named = names::function(r.segment(2)?, None, store.region())?;
    let arn = names::function_arn(store.region(), &named.name);
    let architecture = architecture(&body)?;
    let now = store.timing().now();
    // found out before the bytes are kept
    store.read(|w| names::found(w, &named).and_then(|f| f.changeable(&arn, now)))??;
    let mut zip = code::take(store, &body, "UpdateFunctionCode")?;
    let dry = flag(&body, "DryRun")?;
    let change = |w: &mut World| {
        let serial = w.next_serial();
        let region = w.region.clone();
        let function = names::found_mut(w, &named)?;
        function.changeable(&arn, now)?;
        if text(&body, "RevisionId")?.is_some_and(|id| id != function.revision(now)) {
            return Err(stale("GetFunction"));
        }
        runtimes::check(
            &function.release.settings.runtime,
            runtimes::Use::Update,
            now,
        )?;
        zip.architecture =
            architecture.unwrap_or_else(|| function.release.code.architecture.clone());
        let release = Release {
            code: zip,
            settings: function.release.settings.clone(),
        };
        settings::check_size(&release)?;
        let former = std::mem::replace(&mut function.release, release);
        if !dry {
            function.update = Some(Update {
                ends_at: store.timing().after(UPDATE),
                former,
            });
            function.modified = now;
            function.revise(serial);
        }
        Ok(show::configuration(&region, function, now, true))
    };
    let shown = if dry {
        // done to a copy of the world: the answer shows the new digest, and nothing is kept
        let mut copy = store.read(World::clone)?;
        change(&mut copy)?
    } else {
        store.write(change)?
    };
    Ok(Reply::Json(200, shown))
}

pub(super) fn configuration(store: &Store, r: &Request) -> Result<Reply, ApiError> {
    let body = r.json()?;
    let named = names::function(r.segment(2)?, None, store.region())?;
    let arn = names::function_arn(store.region(), &named.name);
    let now = store.timing().now();
    let shown = store.write(|w| {
        let function = names::found(w, &named)?;
        function.changeable(&arn, now)?;
        if text(&body, "RevisionId")?.is_some_and(|id| id != function.revision(now)) {
            return Err(stale("GetFunction"));
        }
        let mut wanted = function.release.settings.clone();
        settings::apply(
            w,
            &named.name,
            &body,
            &mut wanted,
            runtimes::Use::Update,
            now,
        )?;
        let release = Release {
            code: function.release.code.clone(),
            settings: wanted,
        };
        settings::check_size(&release)?;
        if text(&body, "Role")?.is_some() || member(&body, "VpcConfig").is_some() {
            settings::check_role(w, &release.settings, now)?;
        }
        let old = function.release.settings.network().cloned();
        let new = release.settings.network().cloned();
        let moves = old != new;
        if moves {
            network::release(w, &named.name, store.timing().after(LINGER));
            if let Some(place) = &new {
                network::attach(w, &named.name, place, now);
            }
        }
        let serial = w.next_serial();
        let region = w.region.clone();
        let function = names::found_mut(w, &named)?;
        let former = std::mem::replace(&mut function.release, release);
        function.update = Some(Update {
            ends_at: store.timing().after(if moves { MOVE } else { UPDATE }),
            former,
        });
        function.modified = now;
        function.revise(serial);
        Ok(show::configuration(&region, function, now, true))
    })?;
    Ok(Reply::Json(200, shown))
}
