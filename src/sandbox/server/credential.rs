//! Who signed a request, as far as its head says so.

use super::request::pairs;
use hyper::http::request::Parts;

/// What the head says about who signed it. The signature itself is not checked.
pub enum Credential {
    Scope { region: String, service: String },
    Absent,
    Garbled,
}

/// Reads the credentials of a request, from its head or from a presigned URL.
pub fn credential(head: &Parts) -> Credential {
    let header = match head.headers.get("authorization") {
        Some(value) => value,
        None => return presigned(head),
    };
    let Some(parts) = header
        .to_str()
        .ok()
        .and_then(|text| text.strip_prefix("AWS4-HMAC-SHA256"))
    else {
        return Credential::Garbled;
    };
    let field = |name: &str| {
        parts
            .split(',')
            .filter_map(|p| p.trim().split_once('='))
            .find(|(k, _)| *k == name)
            .map(|(_, v)| v)
    };
    match (
        field("Credential"),
        field("Signature"),
        field("SignedHeaders"),
    ) {
        (Some(scope), Some(_), Some(_)) => read_scope(scope),
        _ => Credential::Garbled,
    }
}

fn presigned(head: &Parts) -> Credential {
    pairs(head.uri.query().unwrap_or_default().as_bytes())
        .iter()
        .find(|(name, _)| name == "X-Amz-Credential")
        .map_or(Credential::Absent, |(_, scope)| read_scope(scope))
}

/// Reads `AKID/20261122/us-west-2/rds/aws4_request`. A key id may hold no slash.
fn read_scope(scope: &str) -> Credential {
    let parts: Vec<&str> = scope.trim().split('/').collect();
    match parts.as_slice() {
        [key, date, region, service, "aws4_request"]
            if !key.is_empty()
                && date.len() == 8
                && date.bytes().all(|b| b.is_ascii_digit())
                && !region.is_empty() =>
        {
            Credential::Scope {
                region: (*region).to_owned(),
                service: (*service).to_owned(),
            }
        }
        _ => Credential::Garbled,
    }
}
