//! Which statements of a script throw rows away, and from where.
//!
//! Static and conservative. Not seen: what a function called by the script does, a `DELETE` with a
//! `WHERE` that holds for every row, and SQL that a `DO` block puts together from pieces without a
//! telling word in any of them. The first and the last are found when they have run
//! (`pg/unseen.rs`).

use std::fmt;

use serde::Serialize;

use super::lexer::Kind;
use super::names::{ObjectName, Tokens};
use super::place::Lines;
use super::renames::Renames;
use super::split::Statement;

/// The way rows are lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Verb {
    /// `DROP TABLE`.
    DropTable,
    /// `DROP SCHEMA … CASCADE`.
    DropSchema,
    /// `DROP OWNED BY`.
    DropOwned,
    /// `ALTER TABLE … DROP COLUMN`.
    DropColumn,
    /// `TRUNCATE`.
    Truncate,
    /// `DELETE FROM` without `WHERE`.
    Delete,
    /// `UPDATE`. Not found in scripts; counted when it runs.
    Update,
    /// `ALTER TABLE … ALTER COLUMN … TYPE`, which may cut values short.
    AlterType,
}

impl fmt::Display for Verb {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::DropTable => "DROP TABLE",
            Self::DropSchema => "DROP SCHEMA",
            Self::DropOwned => "DROP OWNED",
            Self::DropColumn => "DROP COLUMN",
            Self::Truncate => "TRUNCATE",
            Self::Delete => "DELETE",
            Self::Update => "UPDATE",
            Self::AlterType => "ALTER TYPE",
        })
    }
}

/// What the statement is aimed at.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Target {
    /// A table.
    Table(ObjectName),
    /// A column of a table.
    Column {
        /// The table.
        table: ObjectName,
        /// The column.
        column: String,
    },
    /// All tables of a schema.
    Schema(String),
    /// All tables of a role.
    OwnedBy(String),
    /// A table whose name is put together at run time; it may be any.
    Unknown,
}

/// A statement (or a part of a `DO` block) that throws rows away.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Destruction {
    /// How.
    pub verb: Verb,
    /// What.
    pub target: Target,
    /// Whether `CASCADE` widens it.
    pub cascade: bool,
    /// The script changes `search_path` before: an unqualified name may be in any schema.
    pub any_schema: bool,
    /// Line in the script, from 1.
    pub line: u32,
    /// Column in characters, from 1.
    pub column: u32,
}

/// The destructive statements, in order. `DROP SCHEMA` without `CASCADE` is not among them: the
/// server refuses it unless the schema is empty.
#[must_use]
pub fn destructive(statements: &[Statement]) -> Vec<Destruction> {
    scanned(statements, Wanted::Destructions)
}

/// Every `DELETE` with a `WHERE`, which is not asked about.
pub(in crate::pg) fn limited(statements: &[Statement]) -> Vec<Destruction> {
    scanned(statements, Wanted::LimitedDeletes)
}

fn scanned(statements: &[Statement], wanted: Wanted) -> Vec<Destruction> {
    let mut found = Vec::new();
    let mut any_schema = false;
    let mut renames = Renames::default();
    for statement in statements {
        let tokens = Tokens::of(&statement.text);
        let already = found.len();
        let mut scan = Scan {
            statement,
            wanted,
            lines: Lines::new(&statement.text),
            any_schema,
            found: &mut found,
        };
        if tokens.words(0, &["do"]) {
            for at in 1..tokens.len() {
                scan.literal(&tokens, at, 0, 0);
            }
        } else {
            scan.statement(&tokens);
        }
        for destruction in &mut found[already..] {
            renames.undo(&mut destruction.target);
        }
        renames.follow(&tokens);
        // Also as text, for set_config('search_path', …).
        any_schema |= statement.text.to_ascii_lowercase().contains("search_path");
    }
    found
}

/// How deep literals inside literals are looked into.
const MAX_DEPTH: usize = 6;

/// Where tokens come from.
#[derive(Clone, Copy)]
struct Place {
    /// Offset of the tokens' text in the statement.
    base: usize,
    /// Whether the text is only a piece of the SQL that will run, so that names are not complete.
    piece: bool,
}

/// What is looked for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Wanted {
    Destructions,
    LimitedDeletes,
}

struct Scan<'a> {
    statement: &'a Statement,
    wanted: Wanted,
    lines: Lines<'a>,
    any_schema: bool,
    found: &'a mut Vec<Destruction>,
}

impl Scan<'_> {
    fn statement(&mut self, tokens: &Tokens<'_>) {
        let place = Place {
            base: 0,
            piece: false,
        };
        self.command(tokens, 0, place);
        // DELETE may stand in a WITH. A function or rule that is only defined deletes nothing yet.
        if !tokens.words(0, &["create"]) {
            for at in 0..tokens.len() {
                self.delete(tokens, at, place);
            }
        }
    }

    /// Looks into the literal at `at`, when it is one.
    fn literal(&mut self, tokens: &Tokens<'_>, at: usize, base: usize, depth: usize) {
        let Some(token) = tokens.get(at) else { return };
        let slice = tokens.slice(token);
        let (from, to) = match token.kind {
            Kind::Dollar { tag } => (tag, slice.len() - tag),
            Kind::Text => (
                slice.find('\'').map_or(0, |quote| quote + 1),
                slice.len() - 1,
            ),
            _ => return,
        };
        if depth >= MAX_DEPTH {
            return;
        }
        let inner = Tokens::of(&slice[from..to]);
        // EXECUTE 'DROP TABLE ' || name, or concat('DROP TABLE ', name), or format('DROP TABLE %I',
        // name). The outermost literal is the body of the DO block itself, where % is %ROWTYPE.
        let glue = |at| tokens.symbol(at, '|') || tokens.symbol(at, ',');
        let glued = glue(at + 1) || (at > 0 && glue(at - 1));
        let template = (0..inner.len()).any(|at| inner.symbol(at, '%'));
        let base = base + token.start + from;
        let place = Place {
            base,
            piece: depth > 0 && (glued || template),
        };
        for at in 0..inner.len() {
            self.command(&inner, at, place);
            self.delete(&inner, at, place);
            self.literal(&inner, at, base, depth + 1);
        }
    }

    fn command(&mut self, tokens: &Tokens<'_>, at: usize, place: Place) {
        if self.wanted == Wanted::LimitedDeletes {
            return;
        }
        if tokens.words(at, &["drop", "table"]) {
            let first = tokens.skip(at + 2, &["if", "exists"]);
            self.listed(tokens, (at, first), place, Verb::DropTable);
        } else if tokens.words(at, &["truncate"]) {
            let first = tokens.skip(at + 1, &["table"]);
            self.listed(tokens, (at, first), place, Verb::Truncate);
        } else if tokens.words(at, &["drop", "schema"]) {
            let first = tokens.skip(at + 2, &["if", "exists"]);
            self.listed(tokens, (at, first), place, Verb::DropSchema);
        } else if tokens.words(at, &["drop", "owned", "by"]) {
            self.listed(tokens, (at, at + 3), place, Verb::DropOwned);
        } else if tokens.words(at, &["alter", "table"]) {
            self.alter_table(tokens, at, place);
        }
    }

    /// A verb with a list of names from `first` on, and perhaps `CASCADE`.
    fn listed(
        &mut self,
        tokens: &Tokens<'_>,
        (at, first): (usize, usize),
        place: Place,
        verb: Verb,
    ) {
        let Some((names, end)) = tokens.names(first).filter(|_| !place.piece) else {
            self.found(tokens, at, place, (verb, Target::Unknown, true));
            return;
        };
        let end = tokens.skip(end, &["restart", "identity"]);
        let end = tokens.skip(end, &["continue", "identity"]);
        let cascade = tokens.words(end, &["cascade"]);
        for name in names {
            let target = match verb {
                Verb::DropSchema if !cascade => continue,
                Verb::DropSchema => Target::Schema(name.name),
                Verb::DropOwned => Target::OwnedBy(name.name),
                _ => Target::Table(name),
            };
            self.found(tokens, at, place, (verb, target, cascade));
        }
    }

    /// Every `DROP [COLUMN]` and every change of type that begins an action. `ALTER COLUMN c DROP DEFAULT` begins otherwise.
    fn alter_table(&mut self, tokens: &Tokens<'_>, at: usize, place: Place) {
        let first = tokens.skip(at + 2, &["if", "exists"]);
        let first = tokens.skip(first, &["only"]);
        let Some((table, mut next)) = tokens.name(first) else {
            if (first..tokens.len()).any(|at| tokens.words(at, &["drop"])) {
                self.found(tokens, at, place, (Verb::DropColumn, Target::Unknown, true));
            }
            return;
        };
        if tokens.symbol(next, '*') {
            next += 1;
        }
        let mut depth = 0_usize;
        let mut begins = true;
        while let Some(token) = tokens.get(next) {
            if begins && tokens.words(next, &["drop"]) && !tokens.words(next + 1, &["constraint"]) {
                let name = tokens.skip(next + 1, &["column"]);
                let name = tokens.skip(name, &["if", "exists"]);
                let target = match tokens.identifier(name) {
                    Some(column) if !place.piece => Target::Column {
                        table: table.clone(),
                        column,
                    },
                    _ => Target::Unknown,
                };
                self.found(tokens, next, place, (Verb::DropColumn, target, false));
            }
            if begins && tokens.words(next, &["alter"]) {
                let name = tokens.skip(next + 1, &["column"]);
                let ty = tokens.skip(name + 1, &["set", "data"]);
                if tokens.words(ty, &["type"])
                    && let Some(column) = tokens.identifier(name).filter(|_| !place.piece)
                {
                    let table = table.clone();
                    let target = Target::Column { table, column };
                    self.found(tokens, next, place, (Verb::AlterType, target, false));
                }
            }
            match token.kind {
                Kind::Symbol('(') => depth += 1,
                Kind::Symbol(')') => depth = depth.saturating_sub(1),
                Kind::Symbol(';') => return,
                _ => {}
            }
            begins = depth == 0 && token.kind == Kind::Symbol(',');
            next += 1;
        }
    }

    /// `DELETE FROM`; wanted with or with no `WHERE` before its end: `;`, or the parenthesis it stands in.
    fn delete(&mut self, tokens: &Tokens<'_>, at: usize, place: Place) {
        if !tokens.words(at, &["delete", "from"]) {
            return;
        }
        let mut depth = 0_usize;
        let mut next = at + 2;
        let mut is_limited = false;
        while let Some(token) = tokens.get(next) {
            match token.kind {
                Kind::Symbol('(') => depth += 1,
                Kind::Symbol(')') if depth == 0 => break,
                Kind::Symbol(')') => depth -= 1,
                Kind::Symbol(';') => break,
                _ if depth == 0 && tokens.words(next, &["where"]) => {
                    is_limited = true;
                    break;
                }
                _ => {}
            }
            next += 1;
        }
        if is_limited != (self.wanted == Wanted::LimitedDeletes) {
            return;
        }
        let name = tokens.name(tokens.skip(at + 2, &["only"]));
        let target = match name {
            Some((name, _)) if !place.piece => Target::Table(name),
            _ => Target::Unknown,
        };
        self.found(tokens, at, place, (Verb::Delete, target, false));
    }

    fn found(
        &mut self,
        tokens: &Tokens<'_>,
        at: usize,
        place: Place,
        (verb, target, cascade): (Verb, Target, bool),
    ) {
        let offset = place.base + tokens.get(at).map_or(0, |token| token.start);
        let (line, column) = self.lines.place(offset);
        let first_line = line == 1;
        self.found.push(Destruction {
            verb,
            target,
            cascade,
            any_schema: self.any_schema,
            line: self.statement.line + line - 1,
            column: if first_line {
                self.statement.column + column - 1
            } else {
                column
            },
        });
    }
}
