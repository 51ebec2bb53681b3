//! Lists in pages.

use super::super::wire::ApiError;
use super::validate::invalid;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

/// Returns so many of the items after a token's, which are in the order of their serial numbers, and the token
/// of the next page where there is one. What is deleted between two pages moves nothing.
///
/// # Errors
/// `InvalidParameterException` for a token of another list.
pub(super) fn page<T>(
    list: &str,
    items: impl Iterator<Item = (u64, T)>,
    token: Option<&str>,
    limit: usize,
) -> Result<(Vec<T>, Option<String>), ApiError> {
    let after = token.map(|token| serial_of(list, token)).transpose()?;
    let mut rest = items
        .filter(|(serial, _)| after.is_none_or(|after| *serial > after))
        .peekable();
    let mut found = Vec::new();
    let mut last = 0;
    while found.len() < limit
        && let Some((serial, item)) = rest.next()
    {
        last = serial;
        found.push(item);
    }
    let next = rest
        .peek()
        .filter(|_| !found.is_empty())
        .map(|_| URL_SAFE_NO_PAD.encode(format!("{list}|{last}")));
    Ok((found, next))
}

fn serial_of(list: &str, token: &str) -> Result<u64, ApiError> {
    URL_SAFE_NO_PAD
        .decode(token)
        .ok()
        .and_then(|bytes| String::from_utf8(bytes).ok())
        .and_then(|text| {
            let (of, serial) = text.rsplit_once('|')?;
            (of == list).then(|| serial.parse().ok()).flatten()
        })
        .ok_or_else(|| invalid("Invalid pagination token."))
}
