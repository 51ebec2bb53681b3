//! A script cut into its statements.

use std::fmt;

use super::ScriptError;
use super::lexer::{Kind, Lexer, Token};
use super::place::Lines;
use super::refuse::{Refusal, refuse};

/// One statement, without the semicolon, the comments before and the comments after it.
#[derive(Clone, PartialEq, Eq)]
pub struct Statement {
    /// The SQL as written: a slice of the script.
    pub text: String,
    /// Byte offset of `text` in the script.
    pub offset: usize,
    /// Line of the first character, from 1.
    pub line: u32,
    /// Column of the first character, in characters, from 1.
    pub column: u32,
}

impl Statement {
    /// The leading words (`CREATE TABLE public.users`), at most 60 characters. Literals never get
    /// in, so a password in the statement does not.
    #[must_use]
    pub fn summary(&self) -> String {
        let mut end = 0;
        for token in Lexer::new(&self.text).map_while(Result::ok).take(12) {
            let plain = matches!(
                token.kind,
                Kind::Word | Kind::Quoted | Kind::Symbol('.' | '*' | ',')
            );
            // What follows PASSWORD is a literal, but a typo may have lost its quotes.
            let secret = self.text[token.start..token.end].eq_ignore_ascii_case("password");
            if !plain || secret || token.end > 240 {
                break;
            }
            end = token.end;
        }
        let line = self.text[..end]
            .split_whitespace()
            .collect::<Vec<_>>()
            .join(" ");
        if line.chars().count() <= 60 {
            return line;
        }
        line.chars().take(59).chain(['…']).collect()
    }
}

impl fmt::Debug for Statement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "Statement({}:{} {})",
            self.line,
            self.column,
            self.summary()
        )
    }
}

/// Cuts `text` into statements and refuses what cannot run in one transaction.
///
/// Every statement is a slice of `text`, in order; what lies between them is white space, comments
/// and semicolons.
pub fn split(text: &str) -> Result<Vec<Statement>, ScriptError> {
    let lines = Lines::new(text);
    let fail = |refusal: Refusal, offset: usize| {
        let (line, column) = lines.place(offset);
        ScriptError {
            refusal,
            offset,
            line,
            column,
        }
    };
    if let Some(offset) = text.find('\0') {
        return Err(fail(Refusal::Nul, offset));
    }
    let mut statements = Vec::new();
    let mut current = Current::default();
    for token in Lexer::new(text) {
        let token =
            token.map_err(|error| fail(Refusal::Unterminated { what: error.what }, error.start))?;
        if token.kind == Kind::Comment {
            continue;
        }
        let ends = token.kind == Kind::Symbol(';') && current.is_level();
        if ends {
            current
                .finish(text, &lines, &mut statements)
                .map_err(|(refusal, at)| fail(refusal, at))?;
            continue;
        }
        // Refused at once and not at the end of its statement: a meta-command has no semicolon.
        match token.kind {
            Kind::Symbol('\\') => return Err(fail(Refusal::MetaCommand, token.start)),
            Kind::Symbol('#') if current.tokens.is_empty() => {
                return Err(fail(Refusal::HashComment, token.start));
            }
            _ => current.push(text, token),
        }
    }
    current
        .finish(text, &lines, &mut statements)
        .map_err(|(refusal, at)| fail(refusal, at))?;
    Ok(statements)
}

/// The statement being read.
#[derive(Default)]
struct Current {
    tokens: Vec<Token>,
    parentheses: usize,
    /// Open `BEGIN ATOMIC` and `CASE` blocks of an SQL function body.
    blocks: usize,
    routine: bool,
}

impl Current {
    /// Whether a semicolon would end the statement. Inside parentheses it does not: `CREATE RULE …
    /// DO (a; b)`.
    fn is_level(&self) -> bool {
        self.parentheses == 0 && self.blocks == 0
    }

    fn push(&mut self, text: &str, token: Token) {
        match token.kind {
            Kind::Symbol('(') => self.parentheses += 1,
            Kind::Symbol(')') => self.parentheses = self.parentheses.saturating_sub(1),
            Kind::Word => self.word(text, token),
            _ => {}
        }
        self.tokens.push(token);
    }

    /// Follows `BEGIN ATOMIC … END` the way psql does: only in `CREATE FUNCTION` and `CREATE
    /// PROCEDURE`, where `CASE … END` is the only other thing that an `END` closes.
    fn word(&mut self, text: &str, token: Token) {
        let word = |token: &Token| text[token.start..token.end].to_ascii_lowercase();
        let this = word(&token);
        let count = self.tokens.len();
        if matches!(this.as_str(), "function" | "procedure") && count < 4 {
            let before: Vec<String> = self.tokens.iter().map(word).collect();
            self.routine |= matches!(
                before
                    .iter()
                    .map(String::as_str)
                    .collect::<Vec<_>>()
                    .as_slice(),
                ["create"] | ["create", "or", "replace"]
            );
        }
        if !self.routine || self.parentheses > 0 {
            return;
        }
        match this.as_str() {
            "atomic"
                if self.blocks == 0
                    && self.tokens.last().is_some_and(|last| word(last) == "begin") =>
            {
                self.blocks = 1;
            }
            "case" if self.blocks > 0 => self.blocks += 1,
            "end" => self.blocks = self.blocks.saturating_sub(1),
            _ => {}
        }
    }

    fn finish(
        &mut self,
        text: &str,
        lines: &Lines<'_>,
        statements: &mut Vec<Statement>,
    ) -> Result<(), (Refusal, usize)> {
        let current = std::mem::take(self);
        let (Some(first), Some(last)) = (current.tokens.first(), current.tokens.last()) else {
            return Ok(());
        };
        refuse(text, &current.tokens)?;
        let (line, column) = lines.place(first.start);
        statements.push(Statement {
            text: text[first.start..last.end].to_owned(),
            offset: first.start,
            line,
            column,
        });
        Ok(())
    }
}
