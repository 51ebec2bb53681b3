//! Hides secrets in text that others wrote.

use crate::model::Secret;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use std::collections::BTreeSet;

/// What stands in place of a secret.
pub(super) const HIDDEN: &str = "(secret)";

/// Shorter values are not looked for: they would be found everywhere.
const SHORTEST: usize = 4;

/// What a URL leaves as it is.
const UNRESERVED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// The texts that must not be seen: secrets as they are, as they stand in a URL, and as they stand in JSON. The
/// passwords of all URLs besides, whether they are known or not.
#[derive(Clone, Debug, Default)]
pub struct Mask(Vec<Secret>);

impl Mask {
    /// Makes a mask for secrets. Those of less than four characters are left out.
    pub fn of<'a>(secrets: impl IntoIterator<Item = &'a Secret>) -> Self {
        let mut texts = BTreeSet::new();
        for secret in secrets {
            let text = secret.expose();
            if text.chars().count() < SHORTEST {
                continue;
            }
            texts.insert(text.to_owned());
            for set in [UNRESERVED, NON_ALPHANUMERIC] {
                texts.insert(utf8_percent_encode(text, set).to_string());
            }
            let json = serde_json::Value::from(text).to_string();
            let json = json.get(1..json.len() - 1).unwrap_or_default();
            texts.insert(json.to_owned());
            // as Python writes it, with nothing beyond ASCII
            let mut ascii = String::new();
            for unit in json.encode_utf16() {
                match u8::try_from(unit).ok().filter(u8::is_ascii) {
                    Some(byte) => ascii.push(char::from(byte)),
                    None => ascii.push_str(&format!("\\u{unit:04x}")),
                }
            }
            texts.insert(ascii);
        }
        let mut texts: Vec<String> = texts.into_iter().filter(|t| !t.is_empty()).collect();
        // one that holds another goes first
        texts.sort_by_key(|t| std::cmp::Reverse(t.len()));
        Mask(texts.into_iter().map(Secret::new).collect())
    }

    /// Returns the text without them.
    pub fn hide(&self, text: &str) -> String {
        let mut out = text.to_owned();
        for secret in &self.0 {
            if out.contains(secret.expose()) {
                out = out.replace(secret.expose(), HIDDEN);
            }
        }
        without_passwords(&out)
    }
}

/// Hides the password of every URL: what stands between the first `:` and the last `@` of its authority.
fn without_passwords(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find("://") {
        let (head, tail) = rest.split_at(at + 3);
        out.push_str(head);
        let end = tail
            .find(|c: char| {
                c.is_whitespace() || matches!(c, '/' | '?' | '#' | '"' | '\'' | '<' | '>')
            })
            .unwrap_or(tail.len());
        let (authority, after) = tail.split_at(end);
        let known = authority
            .rsplit_once('@')
            .and_then(|(login, host)| Some((login.split_once(':')?.0, host)));
        match known {
            Some((user, host)) => {
                out.push_str(&format!("{user}:{HIDDEN}@{host}"));
            }
            None => out.push_str(authority),
        }
        rest = after;
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_python_writes_of_it_is_hidden() {
        let secret = Secret::new("p\"w\\x%é💥' end");
        let mask = Mask::of([&secret]);
        let written = "{\"p\": \"p\\\"w\\\\x%\\u00e9\\ud83d\\udca5' end\"}";
        assert_eq!(mask.hide(written), "{\"p\": \"(secret)\"}");
    }

    #[test]
    fn secrets_are_hidden_however_they_are_written() {
        let all = ["p@ss/w\"ord", "p@ss/w\"ord and more", "abc"].map(Secret::new);
        let mask = Mask::of(&all);
        for (text, shown) in [
            ("it is p@ss/w\"ord.", "it is (secret)."),
            ("p@ss/w\"ord and more", "(secret)"),
            (r#"{"url": "p@ss/w\"ord"}"#, r#"{"url": "(secret)"}"#),
            ("x=p%40ss%2Fw%22ord&y", "x=(secret)&y"),
            ("abc is too short", "abc is too short"),
            ("p@ss", "p@ss"),
        ] {
            assert_eq!(mask.hide(text), shown);
        }
        assert!(!format!("{mask:?}").contains("ord"));
    }

    #[test]
    fn passwords_in_urls_are_hidden_without_being_known() {
        let mask = Mask::default();
        for (text, shown) in [
            (
                "to postgresql://root:x%40y@db.example:5432/cruddur?sslmode=verify-full failed",
                "to postgresql://root:(secret)@db.example:5432/cruddur?sslmode=verify-full failed",
            ),
            ("'https://a:b@c@d'", "'https://a:(secret)@d'"),
            ("http://example.org:80/a@b", "http://example.org:80/a@b"),
            ("x://user@host y://u:p@h", "x://user@host y://u:(secret)@h"),
            ("12:30 :// @", "12:30 :// @"),
        ] {
            assert_eq!(mask.hide(text), shown);
        }
    }
}
