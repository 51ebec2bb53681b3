//! Pages, filters and moments, which every describing operation has.

use super::bad_value;
use crate::sandbox::timing::Moment;
use crate::sandbox::wire::{ApiError, Params};
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;

/// Cuts the page out that is asked for. Returns it with the marker of the next one, if there is one. The marker
/// names the last item, so that others may come and go meanwhile.
pub fn cut<T>(
    items: Vec<T>,
    params: &Params,
    most: usize,
    key: impl Fn(&T) -> String,
) -> Result<(Vec<T>, Option<String>), ApiError> {
    let size = match params.number("MaxRecords")? {
        None => 100,
        Some(n) => usize::try_from(n)
            .ok()
            .filter(|n| (20..=most).contains(n))
            .ok_or_else(|| {
                bad_value(format!(
                    "Invalid value {n} for MaxRecords. Must be between 20 and {most}"
                ))
            })?,
    };
    let mut first = 0;
    if let Some(marker) = params.get("Marker").filter(|m| !m.is_empty()) {
        let last = BASE64_URL_SAFE_NO_PAD
            .decode(marker)
            .ok()
            .and_then(|bytes| String::from_utf8(bytes).ok())
            .ok_or_else(|| bad_value("The specified marker is invalid."))?;
        first = match items.iter().position(|i| key(i) == last) {
            Some(at) => at + 1,
            None => items
                .iter()
                .position(|i| key(i) > last)
                .unwrap_or(items.len()),
        };
    }
    let more = items.len() > first + size;
    let page: Vec<T> = items.into_iter().skip(first).take(size).collect();
    let marker = page
        .last()
        .filter(|_| more)
        .map(|last| BASE64_URL_SAFE_NO_PAD.encode(key(last)));
    Ok((page, marker))
}

/// Returns the filters: names with their values, of which one must fit.
pub fn filters(params: &Params, known: &[&str]) -> Result<Vec<(String, Vec<String>)>, ApiError> {
    params
        .structs("Filters")
        .into_iter()
        .map(|filter| {
            let name = filter.require("Name")?.to_owned();
            if !known.contains(&name.as_str()) {
                return Err(bad_value(format!("Unrecognized filter name: {name}")));
            }
            let values = filter.list("Values");
            if values.is_empty() {
                return Err(bad_value(format!("The filter {name} has no values")));
            }
            Ok((name, values))
        })
        .collect()
}

/// Writes a moment as RDS does.
pub fn iso(moment: Moment) -> String {
    jiff::Timestamp::from_millisecond(moment)
        .map(|t| t.to_string())
        .unwrap_or_default()
}
