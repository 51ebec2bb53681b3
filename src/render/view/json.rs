//! Events for programs: one JSON object a line.

use super::View;
use crate::model::Stamped;
use std::io::Write;

/// Writes one JSON object a line, each at once.
pub struct JsonView {
    out: Box<dyn Write + Send>,
}

impl JsonView {
    /// Makes a view that writes to `out`, usually stdout.
    pub fn new(out: Box<dyn Write + Send>) -> Self {
        JsonView { out }
    }
}

impl View for JsonView {
    fn event(&mut self, stamped: &Stamped) {
        let Ok(mut line) = serde_json::to_string(stamped) else {
            return; // plain data without maps: it can always be written
        };
        line.push('\n');
        // a reader that went away must not stop a half-done run; the summary tells the exit code
        let _ = self
            .out
            .write_all(line.as_bytes())
            .and_then(|()| self.out.flush());
    }

    fn done(&mut self) {
        let _ = self.out.flush();
    }
}
