//! The lines that Lambda itself writes into a function's log.

use super::logs::Line;
use super::model::Release;
use super::run::Outcome;
use serde_json::Value;

/// Returns the lines that Lambda logs around what the function printed.
pub(super) fn lines(
    release: &Release,
    request_id: &str,
    begun: i64,
    ended: i64,
    outcome: &Outcome,
) -> Vec<Line> {
    let line = |time, message| Line { time, message };
    let ms = outcome.duration.as_secs_f64() * 1000.0;
    let mut report = format!(
        "REPORT RequestId: {request_id}\tDuration: {ms:.2} ms\tBilled Duration: {:.0} ms\tMemory Size: {} MB\tMax \
         Memory Used: {} MB\tInit Duration: {:.2} ms\t",
        ms.ceil(),
        release.settings.memory,
        outcome.memory_mb,
        outcome.init.as_secs_f64() * 1000.0
    );
    let mut lines = vec![line(
        begun,
        format!("START RequestId: {request_id} Version: $LATEST"),
    )];
    lines.extend(
        outcome
            .printed
            .iter()
            .map(|(time, text)| line(*time, text.clone())),
    );
    if outcome.timed_out {
        if let Err(Value::Object(error)) = &outcome.result {
            let text = error
                .get("errorMessage")
                .and_then(Value::as_str)
                .unwrap_or_default();
            lines.push(line(ended, text.to_owned()));
        }
        report.push_str("Status: timeout");
    }
    lines.push(line(ended, format!("END RequestId: {request_id}")));
    lines.push(line(ended, report));
    lines
}

/// Returns the last 4 KB.
pub(super) fn tail(lines: &[Line]) -> String {
    let text: String = lines.iter().map(|l| format!("{}\n", l.message)).collect();
    let mut from = text.len().saturating_sub(4096);
    while !text.is_char_boundary(from) {
        from += 1;
    }
    text[from..].to_owned()
}
