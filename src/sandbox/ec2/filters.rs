//! What all Describe calls share: filters with wildcards, lists of ids, and pages.

use super::bad;
use super::state::Tags;
use crate::sandbox::wire::{ApiError, Params};
use crate::sandbox::xml::Xml;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

/// The filters of one call: all must hold, each by any of its values.
#[derive(Debug)]
pub struct Filters(Vec<(String, Vec<String>)>);

impl Filters {
    /// Reads `Filter.N.Name` and `Filter.N.Value.M`.
    ///
    /// `known` are the names that the operation has, besides those of tags.
    ///
    /// # Errors
    /// `InvalidParameterValue` for a name that is not known, `MissingParameter` for a filter without values.
    pub fn parse(params: &Params, known: &[&str], tagged: bool) -> Result<Self, ApiError> {
        let mut filters = Vec::new();
        for filter in params.structs("Filter") {
            let name = filter.require("Name")?.to_owned();
            let of_tags = tagged && (name.starts_with("tag:") || name == "tag-key");
            if !of_tags && !known.contains(&name.as_str()) {
                return Err(bad(
                    "InvalidParameterValue",
                    format!("The filter '{name}' is invalid"),
                ));
            }
            let values = filter.list("Value");
            if values.is_empty() {
                return Err(bad(
                    "InvalidParameterValue",
                    format!("The filter 'null' is invalid: no value given for '{name}'"),
                ));
            }
            filters.push((name, values));
        }
        Ok(Filters(filters))
    }

    /// Tells whether an object passes; `values` gives what it has under a filter's name.
    pub fn accept(&self, tags: &Tags, values: impl Fn(&str) -> Vec<String>) -> bool {
        self.0.iter().all(|(name, wanted)| {
            let have = match name.strip_prefix("tag:") {
                Some(key) => tags.get(key).cloned().into_iter().collect(),
                None if name == "tag-key" => tags.keys().cloned().collect(),
                None => values(name),
            };
            have.iter()
                .any(|h| wanted.iter().any(|w| matches(w.as_bytes(), h.as_bytes())))
        })
    }
}

/// Matches EC2's wildcards: `*` is any text, `?` one character.
fn matches(pattern: &[u8], text: &[u8]) -> bool {
    match (pattern.first(), text.first()) {
        (None, None) => true,
        (Some(b'*'), _) => {
            matches(&pattern[1..], text) || (!text.is_empty() && matches(pattern, &text[1..]))
        }
        (Some(b'?'), Some(_)) => matches(&pattern[1..], &text[1..]),
        (Some(p), Some(t)) if p == t => matches(&pattern[1..], &text[1..]),
        _ => false,
    }
}

/// The ids that a call asks for; an unknown one is an error, as on EC2.
///
/// `name` is the parameter, `what` the word of the message, `code` the error.
pub fn wanted_ids(
    params: &Params,
    name: &str,
    code: &str,
    what: &str,
    exists: impl Fn(&str) -> bool,
) -> Result<Option<Vec<String>>, ApiError> {
    let ids = params.list(name);
    if let Some(missing) = ids.iter().find(|id| !exists(id)) {
        return Err(not_found(code, what, missing));
    }
    if ids.is_empty() {
        return Ok(None);
    }
    if params.get("MaxResults").is_some() {
        return Err(bad(
            "InvalidParameterCombination",
            format!("The parameter {name}s cannot be used with the parameter maxResults"),
        ));
    }
    Ok(Some(ids))
}

/// EC2's sentence for something that does not exist.
pub fn not_found(code: &str, what: &str, id: &str) -> ApiError {
    bad(code, format!("The {what} '{id}' does not exist"))
}

/// Cuts one page out of what was found and writes it as a list with `nextToken`.
///
/// # Errors
/// `InvalidParameterValue` for a size outside 5 to 1000, `InvalidPaginationToken` for a token of another call.
pub fn page<T>(
    x: &mut Xml,
    params: &Params,
    list: &str,
    found: Vec<T>,
    each: impl FnMut(&mut Xml, T),
) -> Result<(), ApiError> {
    let size = match params.number("MaxResults")? {
        None => found.len().max(1),
        Some(n) if n < 5 => {
            return Err(bad(
                "InvalidParameterValue",
                format!(
                    "Value ( {n} ) for parameter maxResults is invalid. Expecting a value greater than 5."
                ),
            ));
        }
        Some(n) if n > 1000 => {
            return Err(bad(
                "InvalidParameterValue",
                format!(
                    "Value ( {n} ) for parameter maxResults is invalid. Expecting a value less than 1000."
                ),
            ));
        }
        Some(n) => n as usize,
    };
    let start = match params.get("NextToken") {
        None | Some("") => 0,
        Some(token) => read_token(list, token).ok_or_else(|| {
            bad(
                "InvalidPaginationToken",
                "The provided pagination token is invalid",
            )
        })?,
    };
    let total = found.len();
    x.list(list, "item", found.into_iter().skip(start).take(size), each);
    if start + size < total {
        x.el("nextToken", write_token(list, start + size));
    }
    Ok(())
}

fn write_token(list: &str, at: usize) -> String {
    URL_SAFE_NO_PAD.encode(format!("{list}:{at}"))
}

fn read_token(list: &str, token: &str) -> Option<usize> {
    let text = String::from_utf8(URL_SAFE_NO_PAD.decode(token).ok()?).ok()?;
    text.strip_prefix(list)?.strip_prefix(':')?.parse().ok()
}
