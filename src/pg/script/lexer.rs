//! SQL cut into tokens, by the rules of Postgres' own scanner (`scan.l`).
//!
//! Only what decides where a statement ends is told apart: words, the kinds of quotes, comments.
//! `standard_conforming_strings` is taken as on, its default since Postgres 9.1.

/// What a token is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::pg) enum Kind {
    /// A keyword or unquoted name.
    Word,
    /// `"…"`.
    Quoted,
    /// `'…'` in any of its forms, with continuation lines; `start` is at the prefix.
    Text,
    /// `$tag$…$tag$`; the length of the opening tag is kept for looking inside.
    Dollar {
        /// Bytes of `$tag$`.
        tag: usize,
    },
    /// A number or `$1`.
    Number,
    /// `-- …` or `/* … */`.
    Comment,
    /// Any other single character.
    Symbol(char),
}

/// A token and its byte range.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::pg) struct Token {
    pub(in crate::pg) kind: Kind,
    pub(in crate::pg) start: usize,
    pub(in crate::pg) end: usize,
}

/// Something that opens and never closes; where it opens, and what it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::pg) struct Unterminated {
    pub(in crate::pg) start: usize,
    pub(in crate::pg) what: &'static str,
}

/// An iterator over the tokens of `text`; lazy, so that what follows a refused statement (the data
/// after `COPY … FROM stdin`) is never read as SQL.
pub(in crate::pg) struct Lexer<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Lexer<'a> {
    pub(in crate::pg) fn new(text: &'a str) -> Self {
        // A byte order mark is no SQL; only at the very start is it one.
        let at = if text.starts_with('\u{feff}') { 3 } else { 0 };
        Self { text, at }
    }

    fn byte(&self, at: usize) -> Option<u8> {
        self.text.as_bytes().get(at).copied()
    }

    fn skip_space(&mut self) {
        while self.byte(self.at).is_some_and(is_space) {
            self.at += 1;
        }
    }

    fn line_comment(&self, start: usize) -> usize {
        let rest = &self.text[start..];
        start + rest.find(['\n', '\r']).unwrap_or(rest.len())
    }

    fn block_comment(&self, start: usize) -> Result<usize, Unterminated> {
        let mut depth = 0_usize;
        let mut at = start;
        while let Some(byte) = self.byte(at) {
            match (byte, self.byte(at + 1)) {
                (b'/', Some(b'*')) => {
                    depth += 1;
                    at += 2;
                }
                (b'*', Some(b'/')) => {
                    depth -= 1;
                    at += 2;
                    if depth == 0 {
                        return Ok(at);
                    }
                }
                _ => at += 1,
            }
        }
        Err(Unterminated {
            start,
            what: "comment",
        })
    }

    /// The end of a quoted run whose opening quote is at `open`.
    fn quoted(&self, open: usize, quote: u8, escapes: bool) -> Option<usize> {
        let mut at = open + 1;
        while let Some(byte) = self.byte(at) {
            if escapes && byte == b'\\' {
                at += 2;
            } else if byte != quote {
                at += 1;
            } else if self.byte(at + 1) == Some(quote) {
                at += 2;
            } else {
                return Some(at + 1);
            }
        }
        None
    }

    /// A string and its continuations: `'a'` newline `'b'` is one string, and an `E` before the
    /// first part counts for all of them.
    fn string(&self, start: usize, open: usize, escapes: bool) -> Result<usize, Unterminated> {
        let mut open = open;
        loop {
            let end = self.quoted(open, b'\'', escapes).ok_or(Unterminated {
                start,
                what: "quoted string",
            })?;
            match self.continuation(end) {
                Some(next) => open = next,
                None => return Ok(end),
            }
        }
    }

    /// The opening quote of a continuation: white space with a newline in it, comments after the
    /// newline allowed, then a quote.
    fn continuation(&self, end: usize) -> Option<usize> {
        let mut at = end;
        let mut newline = false;
        loop {
            match self.byte(at)? {
                b'\n' | b'\r' => newline = true,
                byte if is_space(byte) => {}
                b'-' if self.byte(at + 1) == Some(b'-') => {
                    at = self.line_comment(at);
                    continue;
                }
                b'\'' if newline => return Some(at),
                _ => return None,
            }
            at += 1;
        }
    }

    /// The length of a dollar-quote tag (`$$`, `$tag$`) at `start`, if there is one.
    fn dollar_tag(&self, start: usize) -> Option<usize> {
        let mut at = start + 1;
        if self.byte(at).is_some_and(|byte| byte.is_ascii_digit()) {
            return None;
        }
        while self
            .byte(at)
            .is_some_and(|byte| is_word(byte) && byte != b'$')
        {
            at += 1;
        }
        (self.byte(at) == Some(b'$')).then_some(at + 1 - start)
    }

    fn word_end(&self, start: usize) -> usize {
        let mut at = start;
        while self.byte(at).is_some_and(is_word) {
            at += 1;
        }
        at
    }

    fn token(&self, start: usize, first: u8) -> Result<(Kind, usize), Unterminated> {
        let next = self.byte(start + 1);
        Ok(match first {
            b'-' if next == Some(b'-') => (Kind::Comment, self.line_comment(start)),
            b'/' if next == Some(b'*') => (Kind::Comment, self.block_comment(start)?),
            b'\'' => (Kind::Text, self.string(start, start, false)?),
            b'e' | b'E' if next == Some(b'\'') => {
                (Kind::Text, self.string(start, start + 1, true)?)
            }
            b'b' | b'B' | b'x' | b'X' | b'n' | b'N' if next == Some(b'\'') => {
                (Kind::Text, self.string(start, start + 1, false)?)
            }
            b'u' | b'U' if next == Some(b'&') && self.byte(start + 2) == Some(b'\'') => {
                (Kind::Text, self.string(start, start + 2, false)?)
            }
            b'"' => {
                let end = self.quoted(start, b'"', false).ok_or(Unterminated {
                    start,
                    what: "quoted identifier",
                })?;
                (Kind::Quoted, end)
            }
            b'$' => match self.dollar_tag(start) {
                Some(tag) => {
                    let body = start + tag;
                    let length =
                        self.text[body..]
                            .find(&self.text[start..body])
                            .ok_or(Unterminated {
                                start,
                                what: "dollar-quoted string",
                            })?;
                    (Kind::Dollar { tag }, body + length + tag)
                }
                None if next.is_some_and(|byte| byte.is_ascii_digit()) => {
                    (Kind::Number, self.digits_end(start + 1))
                }
                None => (Kind::Symbol('$'), start + 1),
            },
            byte if byte.is_ascii_digit() => (Kind::Number, self.digits_end(start)),
            byte if is_word(byte) => (Kind::Word, self.word_end(start)),
            _ => {
                let char = self.text[start..].chars().next().unwrap_or(' ');
                (Kind::Symbol(char), start + char.len_utf8())
            }
        })
    }

    /// Digits with an exponent or digit separators; `1$$` is a number and a dollar quote.
    fn digits_end(&self, start: usize) -> usize {
        let mut at = start;
        while self
            .byte(at)
            .is_some_and(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
        {
            at += 1;
        }
        at
    }
}

impl Iterator for Lexer<'_> {
    type Item = Result<Token, Unterminated>;

    fn next(&mut self) -> Option<Self::Item> {
        self.skip_space();
        let start = self.at;
        let first = self.byte(start)?;
        match self.token(start, first) {
            Ok((kind, end)) => {
                self.at = end;
                Some(Ok(Token { kind, start, end }))
            }
            Err(error) => {
                self.at = self.text.len();
                Some(Err(error))
            }
        }
    }
}

/// White space of `scan.l`: space, tab, newline, return, form feed, vertical tab.
fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\n' | b'\r' | 0x0b | 0x0c)
}

/// A byte of a word; every byte of a non-ASCII character is one, as in Postgres.
fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'$' || byte >= 0x80
}
