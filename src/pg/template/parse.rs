//! From text to [`Template`].

use super::main_part::main_part;
use super::problem::TemplateProblem;
use super::{Parameter, Piece, Template};
use crate::pg::error::{Error, Place};
use crate::pg::script::{Kind, Lexer, Lines, Token, split};

type Wrong = (TemplateProblem, usize);

pub(super) fn parse(name: String, source: String) -> Result<Template, Error> {
    match read(&source) {
        Ok(Read {
            sql,
            parameters,
            pieces,
        }) => Ok(Template {
            main: main_part(&sql),
            name,
            source,
            sql,
            parameters,
            pieces,
        }),
        Err((problem, offset)) => {
            let (line, column) = Lines::new(&source).place(offset);
            Err(Error::Template {
                place: Place {
                    script: name,
                    line,
                    column,
                    exact: true,
                },
                problem,
            })
        }
    }
}

#[derive(Default)]
struct Read {
    sql: String,
    parameters: Vec<Parameter>,
    pieces: Vec<Piece>,
}

fn read(source: &str) -> Result<Read, Wrong> {
    let statements =
        split(source).map_err(|error| (TemplateProblem::Refused(error.refusal), error.offset))?;
    let statement = match statements.as_slice() {
        [] => return Err((TemplateProblem::Empty, 0)),
        [one] => one,
        [_, second, ..] => return Err((TemplateProblem::SecondStatement, second.offset)),
    };
    let (base, text) = (statement.offset, statement.text.as_str());
    // The splitter has read the same text: nothing is unclosed.
    let tokens: Vec<Token> = Lexer::new(text).map_while(Result::ok).collect();
    let mut read = Read::default();
    let mut copied = 0;
    let mut at = 0;
    while let Some(token) = tokens.get(at) {
        let wrong = |problem| (problem, base + token.start);
        let width = match token.kind {
            Kind::Number if text[token.start..].starts_with('$') => {
                let found = text[token.start..token.end].to_owned();
                return Err(wrong(TemplateProblem::Numbered { found }));
            }
            Kind::Symbol('%') => match special(text, &tokens[at..]).map_err(wrong)? {
                Special::Operator => 1,
                Special::Percent => {
                    read.copy(text, base, copied..token.start);
                    read.put("%", base + token.start);
                    copied = token.end + 1;
                    2
                }
                Special::Parameter(name) => {
                    read.copy(text, base, copied..token.start);
                    read.parameter(name, base + token.start);
                    copied = tokens[at + PARAMETER - 1].end;
                    PARAMETER
                }
            },
            _ => 1,
        };
        at += width;
    }
    read.copy(text, base, copied..text.len());
    Ok(read)
}

/// The tokens of `%(name)s`.
const PARAMETER: usize = 5;

/// What a percent sign is.
enum Special<'a> {
    Operator,
    Percent,
    Parameter(&'a str),
}

/// Judges the percent sign that is the first of `tokens`; what belongs to it follows without space.
fn special<'a>(text: &'a str, tokens: &[Token]) -> Result<Special<'a>, TemplateProblem> {
    let touching = |index: usize| {
        let (before, token) = (tokens.get(index - 1)?, tokens.get(index)?);
        (before.end == token.start).then_some((token.kind, &text[token.start..token.end]))
    };
    match touching(1) {
        Some((Kind::Symbol('%'), _)) => return Ok(Special::Percent),
        Some((Kind::Word, "s")) => return Err(TemplateProblem::Nameless),
        Some((Kind::Symbol('('), _)) => {}
        _ => return Ok(Special::Operator),
    }
    let (Some((Kind::Word, name)), Some((Kind::Symbol(')'), _))) = (touching(2), touching(3))
    else {
        return Err(TemplateProblem::Malformed);
    };
    if !name
        .bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
    {
        return Err(TemplateProblem::Malformed);
    }
    match touching(4) {
        Some((Kind::Word, "s")) => Ok(Special::Parameter(name)),
        _ => Err(TemplateProblem::NoConversion {
            name: name.to_owned(),
        }),
    }
}

impl Read {
    fn copy(&mut self, text: &str, base: usize, range: std::ops::Range<usize>) {
        if range.is_empty() {
            return;
        }
        self.pieces.push(Piece {
            at: self.sql.len(),
            source: base + range.start,
            verbatim: true,
        });
        self.sql.push_str(&text[range]);
    }

    fn put(&mut self, sql: &str, source: usize) {
        self.pieces.push(Piece {
            at: self.sql.len(),
            source,
            verbatim: false,
        });
        self.sql.push_str(sql);
    }

    fn parameter(&mut self, name: &str, source: usize) {
        let known = self
            .parameters
            .iter()
            .position(|parameter| parameter.name == name);
        let index = known.unwrap_or_else(|| {
            self.parameters.push(Parameter {
                name: name.to_owned(),
                offset: source,
            });
            self.parameters.len() - 1
        });
        // `LIMIT%(n)s` must not become the name LIMIT$1.
        let glued = self.sql.bytes().last().is_some_and(|byte| {
            byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'$') || byte >= 0x80
        });
        let space = if glued { " " } else { "" };
        self.put(&format!("{space}${}", index + 1), source);
    }
}
