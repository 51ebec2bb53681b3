//! Filter patterns of words: `ERROR`, `"exact phrase"`, `?this ?that`, `-"not this"`. They look at letter case.
//!
//! Patterns for JSON (`{ $.x = 1 }`), for columns (`[a, b]`) and of regular expressions (`%x%`) are refused: nothing
//! here needs them, and a pattern that matched something else than on AWS would be worse.

/// A pattern that was read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Pattern {
    all: Vec<String>,
    any: Vec<String>,
    none: Vec<String>,
}

impl Pattern {
    /// Reads a pattern. An empty one matches everything.
    ///
    /// # Errors
    /// The sentence for one that is not understood.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let mut pattern = Pattern::default();
        let mut rest = text.trim();
        if rest.starts_with(['{', '[', '%']) {
            return Err(
                "Invalid filter pattern: the sandbox has patterns of words and phrases alone"
                    .to_owned(),
            );
        }
        while !rest.is_empty() {
            let (list, term) = match rest.as_bytes() {
                [b'?', ..] => (&mut pattern.any, &rest[1..]),
                [b'-', ..] => (&mut pattern.none, &rest[1..]),
                _ => (&mut pattern.all, rest),
            };
            let (word, after) = match term.strip_prefix('"') {
                Some(quoted) => phrase(quoted)?,
                None => plain(term)?,
            };
            list.push(word);
            rest = after.trim_start();
        }
        Ok(pattern)
    }

    /// Tells whether a message has what the pattern wants. Where there are other terms, those with `?` are ignored,
    /// as on AWS.
    pub(super) fn matches(&self, message: &str) -> bool {
        let has = |term: &String| message.contains(term.as_str());
        let only_any = self.all.is_empty() && self.none.is_empty() && !self.any.is_empty();
        if only_any {
            return self.any.iter().any(has);
        }
        self.all.iter().all(has) && !self.none.iter().any(has)
    }
}

/// Reads up to the closing quote; `\"` is a quote in the phrase.
fn phrase(text: &str) -> Result<(String, &str), String> {
    let mut word = String::new();
    let mut chars = text.char_indices();
    while let Some((at, c)) = chars.next() {
        match c {
            '"' => return Ok((word, &text[at + 1..])),
            '\\' => match chars.next() {
                Some((_, next @ ('"' | '\\'))) => word.push(next),
                Some((_, next)) => word.extend(['\\', next]),
                None => break,
            },
            c => word.push(c),
        }
    }
    Err("Invalid filter pattern: a quotation mark is not closed".to_owned())
}

/// Reads a word. Anything but letters, digits and `_` must be quoted.
fn plain(text: &str) -> Result<(String, &str), String> {
    let end = text.find(char::is_whitespace).unwrap_or(text.len());
    let word = &text[..end];
    let fits = |c: char| c.is_alphanumeric() || c == '_' || c == '*';
    if word.is_empty() || !word.chars().all(fits) {
        return Err(format!(
            "Invalid character(s) in term '{word}': terms with other characters than letters, digits and _ must be \
             placed in double quotes"
        ));
    }
    Ok((word.to_owned(), &text[end..]))
}
