//! Pages of lists, dates, and the XML that several operations share.

use super::model::Policy;
use super::valid;
use crate::sandbox::timing::Moment;
use crate::sandbox::wire::{ApiError, Params};
use crate::sandbox::xml::Xml;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use std::collections::BTreeMap;

/// All but the unreserved characters of RFC 3986.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// Returns a document as IAM gives it back (aws-facts §3.5).
pub(super) fn encoded(document: &str) -> String {
    utf8_percent_encode(document, RESERVED).to_string()
}

/// Returns `2026-11-23T04:11:28Z`.
pub(super) fn date(at: Moment) -> String {
    jiff::Timestamp::from_millisecond(at)
        .unwrap_or_default()
        .strftime("%Y-%m-%dT%H:%M:%SZ")
        .to_string()
}

/// Writes one page of a list of things that have a key, in the order of the keys, then whether there is more.
///
/// The marker holds the last key of the page before, so that it still works where things came and went.
pub(super) fn page<T>(
    xml: &mut Xml,
    params: &Params,
    name: &str,
    mut items: Vec<(String, T)>,
    mut each: impl FnMut(&mut Xml, &str, T),
) -> Result<(), ApiError> {
    let most = match params.get("MaxItems") {
        None => 100,
        Some(text) => match text.parse::<usize>() {
            Ok(n) if (1..=1000).contains(&n) => n,
            _ => {
                return Err(valid::constraint(
                    "maxItems",
                    "Member must have value between 1 and 1000",
                ));
            }
        },
    };
    items.sort_by(|a, b| a.0.cmp(&b.0));
    if let Some(marker) = params.get("Marker") {
        let last = URL_SAFE_NO_PAD
            .decode(marker)
            .ok()
            .and_then(|b| String::from_utf8(b).ok())
            .ok_or_else(|| valid::error(format!("Invalid Marker: {marker}")))?;
        items.retain(|(key, _)| *key > last);
    }
    let more = items.len() > most;
    items.truncate(most);
    let last = items.last().map(|(key, _)| URL_SAFE_NO_PAD.encode(key));
    xml.list(name, "member", items, |x, (key, item)| each(x, &key, item));
    xml.el("IsTruncated", more);
    xml.opt("Marker", last.filter(|_| more));
    Ok(())
}

/// Writes `<Tags>`.
pub(super) fn tags(xml: &mut Xml, tags: &BTreeMap<String, String>) {
    xml.list("Tags", "member", tags, |x, (key, value)| {
        x.el("Key", key).el("Value", value);
    });
}

/// Writes the inside of a `Policy`; `full` adds what only `GetPolicy` and `CreatePolicy` show.
pub(super) fn policy(xml: &mut Xml, policy: &Policy, attachments: usize, full: bool) {
    xml.el("PolicyName", &policy.name)
        .el("PolicyId", &policy.id)
        .el("Arn", &policy.arn)
        .el("Path", &policy.path)
        .el("DefaultVersionId", format!("v{}", policy.default.value))
        .el("AttachmentCount", attachments)
        .el("PermissionsBoundaryUsageCount", 0)
        .el("IsAttachable", true);
    if full {
        xml.opt("Description", policy.description.as_deref());
    }
    xml.el("CreateDate", date(policy.created))
        .el("UpdateDate", date(policy.updated));
    if full {
        tags(xml, &policy.tags);
    }
}
