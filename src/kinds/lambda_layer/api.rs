//! The calls.

use super::live::{Content, Ours, Version, signed};
use crate::aws::{Clients, OnlyOnce, fault, unexpected};
use crate::model::{Class, Fault, Residue};
use aws_sdk_lambda::config::Builder;
use aws_sdk_lambda::config::timeout::TimeoutConfig;
use aws_sdk_lambda::error::ProvideErrorMetadata;
use aws_sdk_lambda::primitives::Blob;
use aws_sdk_lambda::types::{
    Architecture, LayerVersionContentInput, LayerVersionsListItem, Runtime,
};
use std::time::Duration;

const NOT_FOUND: &str = "ResourceNotFoundException";

/// Lists the versions of a layer, the newest first. A layer that is not there has none.
pub async fn versions(clients: &Clients, layer: &str) -> Result<Vec<Version>, Fault> {
    const OP: &str = "lambda:ListLayerVersions";
    let mut found = Vec::new();
    let mut pages = clients
        .lambda
        .list_layer_versions()
        .layer_name(layer)
        .into_paginator()
        .send();
    while let Some(page) = pages.next().await {
        match page {
            Ok(page) => found.extend(
                page.layer_versions
                    .unwrap_or_default()
                    .into_iter()
                    .map(listed),
            ),
            Err(e) if e.code() == Some(NOT_FOUND) => return Ok(Vec::new()),
            Err(e) => return Err(fault(OP, false, &[], &e)),
        }
    }
    found.sort_by_key(|v| std::cmp::Reverse(v.number));
    Ok(found)
}

/// Returns the digest of a version's zip. The answer also holds an address of the zip that anyone may use for ten
/// minutes (aws-facts §4.4): it goes no further than this function.
pub async fn digest(clients: &Clients, layer: &str, number: i64) -> Result<Option<String>, Fault> {
    const OP: &str = "lambda:GetLayerVersion";
    let answer = clients
        .lambda
        .get_layer_version()
        .layer_name(layer)
        .version_number(number)
        .send()
        .await;
    match answer {
        Ok(version) => Ok(version.content.and_then(|c| c.code_sha256)),
        Err(e) if e.code() == Some(NOT_FOUND) => Ok(None),
        Err(e) => Err(fault(OP, false, &[], &e)),
    }
}

/// Returns a version by its ARN.
pub async fn by_arn(clients: &Clients, arn: &str) -> Result<Option<Version>, Fault> {
    const OP: &str = "lambda:GetLayerVersionByArn";
    let answer = clients
        .lambda
        .get_layer_version_by_arn()
        .arn(arn)
        .send()
        .await;
    match answer {
        Ok(v) => Ok(Some(Version {
            arn: v
                .layer_version_arn
                .ok_or_else(|| unexpected(OP, "the ARN of the layer version"))?,
            number: v.version,
            description: v.description.unwrap_or_default(),
            runtimes: words(v.compatible_runtimes, Runtime::as_str),
            architectures: words(v.compatible_architectures, Architecture::as_str),
            license: text(v.license_info),
            created: v.created_date.unwrap_or_default(),
        })),
        Err(e) if e.code() == Some(NOT_FOUND) => Ok(None),
        Err(e) => {
            let mut fault = fault(OP, false, &[], &e);
            if fault.class == Class::Denied {
                // the same answer whether the layer is not shared or does not exist
                fault = fault.help(
                    "the layer's owner must share this version, it must be of this region, and the caller needs \
                     lambda:GetLayerVersion",
                );
            }
            Err(fault)
        }
    }
}

/// Publishes a version.
pub async fn publish(
    clients: &Clients,
    ours: &Ours,
    content: &Content,
    zip: &[u8],
) -> Result<(), Fault> {
    // each call makes another version (aws-facts §4.8); a zip takes time to upload
    let once = Builder::new().retry_classifier(OnlyOnce).timeout_config(
        TimeoutConfig::builder()
            .operation_attempt_timeout(Duration::from_secs(300))
            .build(),
    );
    clients
        .lambda
        .publish_layer_version()
        .layer_name(&ours.name)
        .description(signed(&content.description, &ours.mark, &ours.run))
        .content(
            LayerVersionContentInput::builder()
                .zip_file(Blob::new(zip))
                .build(),
        )
        .compatible_runtimes(Runtime::from(content.runtime.as_str()))
        .compatible_architectures(Architecture::from(content.architecture.as_str()))
        .set_license_info(content.license.clone())
        .customize()
        .config_override(once)
        .send()
        .await
        .map(drop)
        .map_err(|e| fault("lambda:PublishLayerVersion", true, &[], &e))
}

/// Deletes versions. One that is not there is a success.
pub async fn delete(clients: &Clients, layer: &str, numbers: &[i64]) -> Result<(), Fault> {
    for (at, number) in numbers.iter().enumerate() {
        let answer = clients
            .lambda
            .delete_layer_version()
            .layer_name(layer)
            .version_number(*number)
            .send()
            .await;
        match answer {
            Ok(_) => {}
            Err(e) if e.code() == Some(NOT_FOUND) => {}
            Err(e) => {
                let mut fault = fault("lambda:DeleteLayerVersion", true, &[], &e);
                if at > 0 && fault.residue == Residue::Nothing {
                    fault.residue = Residue::Remains;
                }
                return Err(fault);
            }
        }
    }
    Ok(())
}

/// Lists the names of all layers.
pub async fn layers(clients: &Clients) -> Result<Vec<String>, Fault> {
    const OP: &str = "lambda:ListLayers";
    let mut names = Vec::new();
    let mut pages = clients.lambda.list_layers().into_paginator().send();
    while let Some(page) = pages.next().await {
        let page = page.map_err(|e| fault(OP, false, &[], &e))?;
        names.extend(
            page.layers
                .unwrap_or_default()
                .into_iter()
                .filter_map(|l| l.layer_name),
        );
    }
    Ok(names)
}

fn listed(item: LayerVersionsListItem) -> Version {
    Version {
        arn: item.layer_version_arn.unwrap_or_default(),
        number: item.version,
        description: item.description.unwrap_or_default(),
        runtimes: words(item.compatible_runtimes, Runtime::as_str),
        architectures: words(item.compatible_architectures, Architecture::as_str),
        license: text(item.license_info),
        created: item.created_date.unwrap_or_default(),
    }
}

/// No licence may come back as an empty one, and means the same.
fn text(value: Option<String>) -> Option<String> {
    value.filter(|v| !v.is_empty())
}

fn words<T>(items: Option<Vec<T>>, word: impl Fn(&T) -> &str) -> Vec<String> {
    items
        .unwrap_or_default()
        .iter()
        .map(|i| word(i).to_owned())
        .collect()
}
