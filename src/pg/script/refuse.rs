//! What a script may not hold, and what to write instead.

use super::lexer::{Kind, Token};

/// Why a script is refused. `Display` says what to do instead.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Refusal {
    /// A quote or comment that never closes; the place is where it opens.
    #[error("this {what} is never closed")]
    Unterminated {
        /// What kind of quote.
        what: &'static str,
    },
    /// `\c`, `\i`, …
    #[error(
        "psql meta-commands are not SQL; remove the line (the database comes from the connection, files are loaded one by one)"
    )]
    MetaCommand,
    /// A statement that begins with `#`.
    #[error("# begins no comment in SQL; write --")]
    HashComment,
    /// A NUL character.
    #[error("a NUL character; the file is not a text in UTF-8")]
    Nul,
    /// `COPY … FROM stdin` or `TO stdout`.
    #[error("COPY {direction} needs a client that streams the data; write INSERT statements")]
    CopyStream {
        /// `FROM stdin` or `TO stdout`.
        direction: &'static str,
    },
    /// `BEGIN`, `COMMIT`, `SAVEPOINT`, …
    #[error(
        "{command} is refused: the whole script already runs in one transaction, which this would break; remove it"
    )]
    TransactionControl {
        /// The command.
        command: &'static str,
    },
    /// `CREATE DATABASE`, `VACUUM`, …
    #[error("{command} cannot run inside a transaction, and scripts run in one; {remedy}")]
    NotInTransaction {
        /// The command.
        command: &'static str,
        /// What to do instead.
        remedy: &'static str,
    },
}

/// Checks one statement's tokens (comments left out); the offset is that of the refused word.
pub(super) fn refuse(text: &str, tokens: &[Token]) -> Result<(), (Refusal, usize)> {
    let words: Vec<String> = tokens
        .iter()
        .map(|token| match token.kind {
            Kind::Word => text[token.start..token.end].to_ascii_lowercase(),
            // Keeps positions, equals no keyword.
            _ => String::new(),
        })
        .collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let start = tokens.first().map_or(0, |token| token.start);
    if words.first() == Some(&"copy") {
        // Outside parentheses only: COPY (SELECT … FROM stdin) would be a table of that name.
        let mut depth = 0_usize;
        for (at, token) in tokens.iter().enumerate() {
            match token.kind {
                Kind::Symbol('(') => depth += 1,
                Kind::Symbol(')') => depth = depth.saturating_sub(1),
                _ => {}
            }
            let direction = match &words[at..] {
                ["from", "stdin", ..] if depth == 0 => "FROM stdin",
                ["to", "stdout", ..] if depth == 0 => "TO stdout",
                _ => continue,
            };
            return Err((Refusal::CopyStream { direction }, start));
        }
    }
    if let Some(command) = transaction_control(&words) {
        return Err((Refusal::TransactionControl { command }, start));
    }
    if let Some((command, remedy)) = not_in_transaction(&words) {
        return Err((Refusal::NotInTransaction { command, remedy }, start));
    }
    Ok(())
}

fn transaction_control(words: &[&str]) -> Option<&'static str> {
    Some(match words {
        ["begin", ..] => "BEGIN",
        ["start", "transaction", ..] => "START TRANSACTION",
        ["commit", ..] => "COMMIT",
        ["end", ..] => "END",
        ["rollback", ..] => "ROLLBACK",
        ["abort", ..] => "ABORT",
        ["savepoint", ..] => "SAVEPOINT",
        ["release", ..] => "RELEASE SAVEPOINT",
        ["prepare", "transaction", ..] => "PREPARE TRANSACTION",
        _ => return None,
    })
}

/// The commands for which Postgres calls `PreventInTransactionBlock`.
fn not_in_transaction(words: &[&str]) -> Option<(&'static str, &'static str)> {
    const DATABASE: &str = "databases are made by this tool, not by scripts; remove it";
    const BY_HAND: &str = "run it by hand with psql";
    const PLAIN: &str = "leave CONCURRENTLY out";
    let later = |word: &str| words.contains(&word);
    Some(match words {
        ["create", "database", ..] => ("CREATE DATABASE", DATABASE),
        ["drop", "database", ..] => ("DROP DATABASE", DATABASE),
        ["alter", "database", _, "set", "tablespace", ..] => {
            ("ALTER DATABASE … SET TABLESPACE", BY_HAND)
        }
        ["create", "tablespace", ..] => ("CREATE TABLESPACE", BY_HAND),
        ["drop", "tablespace", ..] => ("DROP TABLESPACE", BY_HAND),
        ["create", "index", "concurrently", ..]
        | ["create", "unique", "index", "concurrently", ..] => ("CREATE INDEX CONCURRENTLY", PLAIN),
        ["drop", "index", "concurrently", ..] => ("DROP INDEX CONCURRENTLY", PLAIN),
        ["reindex", "database" | "system" | "schema", ..] => {
            ("REINDEX of a whole database or schema", BY_HAND)
        }
        ["reindex", ..] if later("concurrently") => ("REINDEX CONCURRENTLY", PLAIN),
        ["alter", "table", ..] if later("detach") && later("concurrently") => {
            ("DETACH PARTITION CONCURRENTLY", PLAIN)
        }
        ["alter", "system", ..] => (
            "ALTER SYSTEM",
            "on RDS server settings live in the parameter group",
        ),
        ["vacuum", ..] => ("VACUUM", "autovacuum does it; or run it by hand with psql"),
        ["cluster"] => ("CLUSTER of all tables", BY_HAND),
        ["discard", "all"] => ("DISCARD ALL", "remove it"),
        ["create", "subscription", ..] => ("CREATE SUBSCRIPTION", BY_HAND),
        ["drop", "subscription", ..] => ("DROP SUBSCRIPTION", BY_HAND),
        _ => return None,
    })
}
