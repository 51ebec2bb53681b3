//! Where the main part of a statement begins, behind its `WITH` list, and what it is.

use crate::pg::script::{Kind, Lexer, Token};

/// The main part of a statement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::pg) struct Main {
    /// Byte offset in the SQL; what stands before is the `WITH` list.
    pub(in crate::pg) at: usize,
    pub(in crate::pg) kind: MainKind,
    /// Whether it, or a part of the `WITH` list, may change rows.
    pub(in crate::pg) changes: bool,
}

/// What a main part is, which says how it can be put into another statement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::pg) enum MainKind {
    /// `SELECT`, `VALUES`, `TABLE`: can be a subquery.
    Query,
    /// `INSERT`, `UPDATE`, `DELETE`, `MERGE`: can only be a part of the outermost `WITH`.
    Change,
    /// Anything else, by its first word.
    Other(String),
}

const CHANGES: [&str; 4] = ["insert", "update", "delete", "merge"];
const QUERIES: [&str; 3] = ["select", "values", "table"];

/// Finds the main part of `sql`, which is one statement without unclosed quotes.
pub(in crate::pg) fn main_part(sql: &str) -> Main {
    let tokens: Vec<Token> = Lexer::new(sql)
        .map_while(Result::ok)
        .filter(|token| token.kind != Kind::Comment)
        .collect();
    let word = |token: &Token| match token.kind {
        Kind::Word => sql[token.start..token.end].to_ascii_lowercase(),
        _ => String::new(),
    };
    let words: Vec<String> = tokens.iter().map(word).collect();
    let begins = match words.first().map(String::as_str) {
        Some("with") => behind_with(&tokens, &words).unwrap_or(0),
        _ => 0,
    };
    let at = tokens.get(begins).map_or(0, |token| token.start);
    let first = words.get(begins).map_or("", String::as_str);
    let parenthesis = tokens
        .get(begins)
        .is_some_and(|token| token.kind == Kind::Symbol('('));
    let kind = if CHANGES.contains(&first) {
        MainKind::Change
    } else if parenthesis || QUERIES.contains(&first) {
        MainKind::Query
    } else {
        MainKind::Other(first.to_ascii_uppercase())
    };
    // It begins a part, or follows the part's own WITH list. A column that only looks like one costs
    // nothing but the promise to be read only.
    let in_list = (1..begins).any(|index| {
        CHANGES.contains(&words[index].as_str())
            && matches!(tokens[index - 1].kind, Kind::Symbol('(' | ')'))
    });
    let changes = in_list || kind == MainKind::Change;
    Main { at, kind, changes }
}

/// The token behind the list: the first word at the outermost level that begins a query and is not
/// the name of a part, or a parenthesis right behind a part's.
fn behind_with(tokens: &[Token], words: &[String]) -> Option<usize> {
    let mut depth = 0_usize;
    for (index, token) in tokens.iter().enumerate().skip(1) {
        let before = &tokens[index - 1];
        match token.kind {
            Kind::Symbol('(') => {
                if depth == 0 && before.kind == Kind::Symbol(')') {
                    return Some(index);
                }
                depth += 1;
            }
            Kind::Symbol(')') => depth = depth.saturating_sub(1),
            Kind::Word if depth == 0 => {
                let this = words[index].as_str();
                let is_name = before.kind == Kind::Symbol(',')
                    || matches!(words[index - 1].as_str(), "with" | "recursive");
                if !is_name && (QUERIES.contains(&this) || CHANGES.contains(&this)) {
                    return Some(index);
                }
            }
            _ => {}
        }
    }
    None
}
