//! Questions, on stderr, answered on a terminal.

use super::failure::Failure;
use std::io::{IsTerminal, Write};

/// Asks for a text; anything else than `wanted` is a no.
///
/// # Errors
/// Where there is no terminal: then nothing is done without `--yes`.
pub fn typed(question: &str, wanted: &str) -> Result<(), Failure> {
    if !std::io::stdin().is_terminal() {
        return Err(Failure::with_help(
            "this needs your word, and there is no terminal to ask on",
            "give --yes to go on without being asked",
        ));
    }
    let mut stderr = std::io::stderr();
    write!(stderr, "{question}")?;
    stderr.flush()?;
    let mut line = String::new();
    std::io::stdin().read_line(&mut line)?;
    if line.trim() == wanted {
        Ok(())
    } else {
        Err(Failure::message("not confirmed; nothing was changed"))
    }
}
