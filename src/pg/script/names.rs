//! Reading names and keywords off a list of tokens.

use std::fmt;

use super::lexer::{Kind, Lexer, Token};

/// A table's name as the server would look it up: unquoted parts are already in lower case.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ObjectName {
    /// The schema, when the script names one.
    pub schema: Option<String>,
    /// The table.
    pub name: String,
}

impl ObjectName {
    /// The name as SQL, every part quoted.
    #[must_use]
    pub fn to_sql(&self) -> String {
        let name = crate::pg::quote_identifier(&self.name);
        match &self.schema {
            Some(schema) => format!("{}.{name}", crate::pg::quote_identifier(schema)),
            None => name,
        }
    }
}

impl fmt::Display for ObjectName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.schema {
            Some(schema) => write!(f, "{schema}.{}", self.name),
            None => f.write_str(&self.name),
        }
    }
}

/// Tokens without comments, and keyword tests on them.
pub(super) struct Tokens<'a> {
    text: &'a str,
    tokens: Vec<Token>,
}

impl<'a> Tokens<'a> {
    /// The tokens of `text` up to the first that cannot be read.
    pub(super) fn of(text: &'a str) -> Self {
        let tokens = Lexer::new(text)
            .map_while(Result::ok)
            .filter(|token| token.kind != Kind::Comment)
            .collect();
        Self { text, tokens }
    }

    pub(super) fn len(&self) -> usize {
        self.tokens.len()
    }

    pub(super) fn get(&self, at: usize) -> Option<Token> {
        self.tokens.get(at).copied()
    }

    pub(super) fn slice(&self, token: Token) -> &'a str {
        &self.text[token.start..token.end]
    }

    /// Whether the unquoted words from `at` on are `words`.
    pub(super) fn words(&self, at: usize, words: &[&str]) -> bool {
        words.iter().enumerate().all(|(index, word)| {
            self.get(at + index).is_some_and(|token| {
                token.kind == Kind::Word && self.slice(token).eq_ignore_ascii_case(word)
            })
        })
    }

    pub(super) fn symbol(&self, at: usize, symbol: char) -> bool {
        self.get(at)
            .is_some_and(|token| token.kind == Kind::Symbol(symbol))
    }

    /// `at`, moved behind `words` when they stand there.
    pub(super) fn skip(&self, at: usize, words: &[&str]) -> usize {
        if self.words(at, words) {
            at + words.len()
        } else {
            at
        }
    }

    /// One identifier at `at`.
    pub(super) fn identifier(&self, at: usize) -> Option<String> {
        let token = self.get(at)?;
        let text = self.slice(token);
        match token.kind {
            // Postgres folds only ASCII in a UTF-8 database.
            Kind::Word => Some(text.to_ascii_lowercase()),
            Kind::Quoted => Some(text[1..text.len() - 1].replace("\"\"", "\"")),
            _ => None,
        }
    }

    /// A name of one to three parts at `at`, with the place behind it. A database in front is left
    /// out: it can only be the current one.
    pub(super) fn name(&self, at: usize) -> Option<(ObjectName, usize)> {
        // U&"…" would have to be decoded first; better no name than a wrong one.
        if self.words(at, &["u"]) && self.symbol(at + 1, '&') {
            return None;
        }
        let mut parts = vec![self.identifier(at)?];
        let mut at = at + 1;
        while self.symbol(at, '.') {
            parts.push(self.identifier(at + 1)?);
            at += 2;
        }
        let name = parts.pop()?;
        Some((
            ObjectName {
                schema: parts.pop(),
                name,
            },
            at,
        ))
    }

    /// Names separated by commas, each with an optional `*` (descendants) behind or `ONLY` before,
    /// and the place behind them. `None` when one of them cannot be read.
    pub(super) fn names(&self, at: usize) -> Option<(Vec<ObjectName>, usize)> {
        let mut names = Vec::new();
        let mut at = at;
        loop {
            let (name, next) = self.name(self.skip(at, &["only"]))?;
            names.push(name);
            at = next + usize::from(self.symbol(next, '*'));
            if !self.symbol(at, ',') {
                return Some((names, at));
            }
            at += 1;
        }
    }
}
