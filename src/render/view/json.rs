//! Events for programs: one JSON object a line.

use super::View;
use crate::model::Stamped;
use std::io::{ErrorKind, Write};

/// Writes one JSON object a line, each at once.
pub struct JsonView {
    out: Box<dyn Write + Send>,
    unwritten: Option<String>,
}

impl JsonView {
    /// Makes a view that writes to `out`, usually stdout.
    pub fn new(out: Box<dyn Write + Send>) -> Self {
        JsonView {
            out,
            unwritten: None,
        }
    }
}

impl View for JsonView {
    fn event(&mut self, stamped: &Stamped) {
        let Ok(mut line) = serde_json::to_string(stamped) else {
            return; // plain data without maps: it can always be written
        };
        line.push('\n');
        // nothing of that stops a half-done run; a full disk is told at its end, a reader that went away is nobody's fault
        let written = self
            .out
            .write_all(line.as_bytes())
            .and_then(|()| self.out.flush());
        match written {
            Err(e) if e.kind() != ErrorKind::BrokenPipe && self.unwritten.is_none() => {
                self.unwritten = Some(e.to_string());
            }
            _ => {}
        }
    }

    fn unwritten(&self) -> Option<&str> {
        self.unwritten.as_deref()
    }

    fn done(&mut self) {
        let _ = self.out.flush();
    }
}
