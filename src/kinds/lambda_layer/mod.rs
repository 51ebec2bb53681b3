//! Lambda layers.

mod api;
mod check;
mod live;
mod spec;
#[cfg(test)]
mod tests;

pub use live::{Content, Desired, Key, Live, Ours, Version};
pub use spec::{Architecture, Spec};

use crate::aws::{Clients, FunctionUse, function_uses};
use crate::model::{
    Action, Addr, ApiCall, Class, Diagnostic, Diff, Fault, Outputs, Owner, Readiness, Remains,
    Remnant, Residue, Shown,
};
use crate::resource::{
    AssetRequest, Claims, Complaint, Doomed, Facts, Found, OutputDecl, Resource, Unresolved, Wait,
    not_seen,
};
use futures_util::stream::{StreamExt, TryStreamExt};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// How many looks a version that this run has published may stay unseen, before what is seen is believed.
const PATIENCE: u32 = 6;

/// The kind `lambda_layer`.
#[derive(Clone, Debug)]
pub struct LambdaLayer {
    clients: Clients,
    /// The marks under which this run has sent a version, each with the looks that have not shown it.
    sent: Arc<Mutex<BTreeMap<String, u32>>>,
}

impl LambdaLayer {
    /// Makes the kind.
    pub fn new(clients: Clients) -> Self {
        LambdaLayer {
            clients,
            sent: Arc::default(),
        }
    }

    fn sent(&self) -> MutexGuard<'_, BTreeMap<String, u32>> {
        self.sent.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Of several versions with this content the first is the right one: so every run picks the same, whoever has
    /// published it. A list that shows a version shows all before it.
    async fn find(&self, ours: &Ours) -> Result<Option<Live>, Fault> {
        let mut versions = api::versions(&self.clients, &ours.name).await?;
        versions.retain(|v| v.description.starts_with(&ours.mark));
        let settling = self.is_settling(ours, &versions);
        let mut numbers: Vec<i64> = versions.iter().map(|v| v.number).collect();
        let mut right = Vec::new();
        for version in versions {
            match &ours.content {
                None => {
                    right.push(version);
                    break;
                }
                Some(want) if version.looks_like(want) => {
                    match api::digest(&self.clients, &ours.name, version.number).await? {
                        Some(digest) if digest == want.sha256 => right.push(version),
                        Some(_) => {}
                        // another run has deleted it since it was listed: it is no version too many either
                        None => numbers.retain(|n| *n != version.number),
                    }
                }
                Some(_) => {}
            }
        }
        let made_by_us = right.iter().any(|v| v.run() == Some(ours.run.as_str()));
        let Some(version) = right.pop() else {
            return Ok(None);
        };
        Ok(Some(Live {
            made_by: if made_by_us {
                Some(ours.run.clone())
            } else {
                version.run().map(str::to_owned)
            },
            copies: right.iter().rev().map(|v| v.number).collect(),
            version,
            layer: ours.name.clone(),
            ours: numbers,
            settling,
        }))
    }

    /// Tells whether a version that this run has sent is still to be waited for.
    fn is_settling(&self, ours: &Ours, versions: &[Version]) -> bool {
        let mut sent = self.sent();
        let Some(looks) = sent.get_mut(&ours.mark) else {
            return false;
        };
        *looks += 1;
        let seen = versions.iter().any(|v| v.run() == Some(ours.run.as_str()));
        if seen || *looks > PATIENCE {
            sent.remove(&ours.mark);
            return false;
        }
        true
    }

    async fn of_stack(&self, layer: String, stack: &str) -> Result<Vec<Found<Live>>, Fault> {
        let mut by_addr: BTreeMap<String, Vec<Version>> = BTreeMap::new();
        for version in api::versions(&self.clients, &layer).await? {
            if let Some(addr) = live::addr_in(&version.description, stack) {
                by_addr.entry(addr.to_owned()).or_default().push(version);
            }
        }
        Ok(by_addr
            .into_iter()
            .filter_map(|(addr, versions)| {
                let ours = versions.iter().map(|v| v.number).collect();
                let version = versions.into_iter().next()?;
                Some(Found {
                    addr,
                    id: version.arn.clone(),
                    live: Live {
                        version,
                        layer: layer.clone(),
                        ours,
                        ..Live::default()
                    },
                })
            })
            .collect())
    }
}

impl Resource for LambdaLayer {
    const KIND: &'static str = "lambda_layer";
    const SECTION: &'static str = "lambda_layers";
    const ABOUT: &'static str =
        "A Lambda layer: pinned Python packages, a zip, or one that exists already.";
    const OUTPUTS: &'static [OutputDecl] = &[
        OutputDecl::plain("arn", "the ARN of the version, for a function's `layers`"),
        OutputDecl::plain("layer_arn", "the ARN without the version"),
        OutputDecl::plain("version", "the version's number"),
    ];
    const WAIT: Wait = Wait {
        every: 2.0,
        up_to: 120.0,
        typical: 10.0,
    };
    const FINDING_IS_DEAR: bool = true;
    const TIDIES: &'static [&'static str] = &["copies"];
    type Spec = Spec;
    type Key = Key;
    type Desired = Desired;
    type Live = Live;

    fn key(spec: &Spec, facts: &Facts) -> Result<Key, Unresolved> {
        live::key(spec, facts)
    }

    fn named(spec: &Spec, _: &Facts) -> BTreeMap<&'static str, String> {
        spec.name
            .iter()
            .map(|name| ("layer", name.clone()))
            .collect()
    }

    fn named_live(have: &Live) -> BTreeMap<&'static str, String> {
        // it may be an ARN
        let name = have.layer.rsplit(':').next();
        name.map(|name| ("layer", name.to_owned()))
            .into_iter()
            .collect()
    }

    fn desired(spec: &Spec, facts: &Facts) -> Result<Desired, Unresolved> {
        live::desired(spec, facts)
    }

    fn diff(want: &Desired, have: &Live) -> Diff {
        live::diff(want, have)
    }

    fn fields(want: &Desired) -> Vec<(String, Shown)> {
        live::fields(want)
    }

    fn readiness(have: &Live) -> Readiness {
        if have.settling {
            Readiness::Pending("its new version is not visible yet".to_owned())
        } else {
            Readiness::Ready
        }
    }

    fn outputs(_spec: &Spec, _facts: &Facts, have: &Live) -> Outputs {
        [
            ("arn".to_owned(), have.version.arn.clone().into()),
            (
                "layer_arn".to_owned(),
                have.version.layer_arn().to_owned().into(),
            ),
            ("version".to_owned(), have.version.number.into()),
        ]
        .into()
    }

    fn owner(have: &Live, _stack: &str) -> Owner {
        // a version that is only used is nobody's here, so that destroy leaves it alone
        if have.ours.is_empty() {
            Owner::Nobody
        } else {
            Owner::Untaggable
        }
    }

    fn made_by(have: &Live) -> Option<&str> {
        have.made_by.as_deref()
    }

    fn calls(action: Action, diff: &Diff) -> Vec<ApiCall> {
        let delete = ApiCall::new("lambda", "DeleteLayerVersion");
        match action {
            Action::Create => vec![ApiCall::new("lambda", "PublishLayerVersion")],
            Action::Update if diff.has("old_versions") || diff.has("copies") => vec![delete],
            Action::Delete => vec![delete],
            _ => Vec::new(),
        }
    }

    fn details(have: &Live) -> BTreeMap<String, String> {
        [
            ("published".to_owned(), have.version.created.clone()),
            ("versions".to_owned(), have.ours.len().max(1).to_string()),
        ]
        .into()
    }

    fn warnings(want: &Desired, have: Option<&Live>) -> Vec<Diagnostic> {
        have.map(|have| check::declared(want, have))
            .unwrap_or_default()
    }

    fn assets(spec: &Spec) -> Vec<AssetRequest> {
        spec.request().into_iter().collect()
    }

    fn claims(spec: &Spec, facts: &Facts) -> serde_json::Value {
        check::claims(spec, facts)
    }

    fn check(spec: &Spec, facts: &Facts, _others: &Claims) -> Vec<Complaint> {
        check::check(spec, facts)
    }

    async fn read(&self, key: &Key) -> Result<Option<Live>, Fault> {
        match key {
            Key::Ours(ours) => self.find(ours).await,
            Key::Given(arn) => Ok(api::by_arn(&self.clients, arn).await?.map(|version| Live {
                layer: version.layer_arn().to_owned(),
                version,
                ..Live::default()
            })),
        }
    }

    async fn create(&self, want: &Desired) -> Result<(), Fault> {
        const OP: &str = "lambda:PublishLayerVersion";
        let ours = match &want.key {
            Key::Ours(ours) => ours,
            Key::Given(arn) => {
                return Err(Fault::new(
                    "lambda:GetLayerVersion",
                    Class::Invalid,
                    format!("no such layer version: {arn}"),
                )
                .help("layers that are given by `arn` are only used; write the ARN, with version, of one that exists"));
            }
        };
        let (Some(content), Some(zip)) = (&ours.content, &want.zip) else {
            return Err(Fault::new(
                OP,
                Class::Invalid,
                "what should be in the layer could not be had",
            ));
        };
        // AWS would publish the same content a second time without a word. Where another run does so at this moment, or
        // the look shows an old state, there are two: the later one goes again
        if self.find(ours).await?.is_some() {
            return Err(Fault::new(
                OP,
                Class::Conflict,
                format!("{} has a version with this content already", ours.name),
            ));
        }
        let answer = api::publish(&self.clients, ours, content, zip).await;
        let sent = match &answer {
            Ok(()) => true,
            Err(fault) => fault.residue == Residue::Unknown,
        };
        if sent && !ours.run.is_empty() {
            self.sent().insert(ours.mark.clone(), 0);
        }
        answer
    }

    async fn update(&self, want: &Desired, have: &Live, diff: &Diff) -> Result<(), Fault> {
        if diff.has("content") {
            return Err(Fault::new(
                Self::KIND,
                Class::Invalid,
                "what should be in the layer could not be had",
            ));
        }
        let mut gone = have.copies.clone();
        if diff.has("old_versions") {
            gone.extend(have.stale(want.keep));
        }
        api::delete(&self.clients, &have.layer, &gone).await
    }

    async fn delete(&self, have: &Live, _facts: &Facts) -> Result<(), Fault> {
        // nothing for a version that is only used: it has none of ours
        api::delete(&self.clients, &have.layer, &have.ours).await
    }

    async fn in_the_way(
        &self,
        _: Option<&Desired>,
        have: &Live,
        _: &Facts,
        doomed: &Doomed,
    ) -> Vec<Diagnostic> {
        if have.ours.is_empty() {
            return Vec::new();
        }
        match function_uses(&self.clients).await {
            Ok(all) => used_by(have, &all, doomed).into_iter().collect(),
            Err(fault) => vec![not_seen("the functions that use the layer", &fault)],
        }
    }

    async fn remains(&self, key: &Key, facts: &Facts) -> Remains {
        let mut remains = Remains::default();
        if let Key::Ours(ours) = key {
            let versions = api::versions(&self.clients, &ours.name).await;
            let region = &facts.stack.region;
            let left = versions.map(|all| {
                let each = all.iter().map(|v| left(&facts.addr, &ours.name, v, region));
                each.collect()
            });
            remains.note(&facts.addr, "versions of the layer", left);
        }
        remains
    }

    async fn find_owned(&self, stack: &str) -> Result<Vec<Found<Live>>, Fault> {
        let layers = api::layers(&self.clients).await?;
        let found: Vec<Vec<Found<Live>>> = futures_util::stream::iter(layers)
            .map(|layer| self.of_stack(layer, stack))
            .buffer_unordered(8)
            .try_collect()
            .await?;
        Ok(found.into_iter().flatten().collect())
    }
}

/// Functions go on with a version that is deleted, and cannot be changed to it any more (aws-facts §4.8). Those of other
/// accounts, where the layer is shared, cannot be seen.
fn used_by(have: &Live, all: &[FunctionUse], doomed: &Doomed) -> Option<Diagnostic> {
    let ours: Vec<String> = have
        .ours
        .iter()
        .map(|n| format!("{}:{n}", have.version.layer_arn()))
        .collect();
    let users = all
        .iter()
        .filter(|f| f.layers.iter().any(|l| ours.contains(l)));
    let names: Vec<&str> = users
        .map(|f| f.name.as_str())
        .filter(|name| !doomed.includes("lambda_function", name))
        .collect();
    (!names.is_empty()).then(|| {
        Diagnostic::warning("functions that stay use the layer").detail(format!(
            "{} use {}. They go on with it, and their next change must name another layer. Functions of other accounts \
             cannot be seen.",
            names.join(", "),
            have.version.layer_arn()
        ))
    })
}

/// A version of the layer that is still there.
fn left(addr: &Addr, layer: &str, version: &Version, region: &str) -> Remnant {
    Remnant {
        addr: addr.to_string(),
        what: "layer version".to_owned(),
        id: version.arn.clone(),
        about: format!("made {}", version.created),
        passes: None,
        // layers and code cost nothing up to the account's limit
        cost: None,
        remove: Some(format!(
            "aws lambda delete-layer-version --region {region} --layer-name {layer} --version-number {}",
            version.number
        )),
    }
}
