//! What `verify` has found, hop by hop.

use super::duration::duration;
use super::page::{Page, len, pad, pretty};
use super::style::{Style, Tone};
use serde::Serialize;

/// Whether something is as it must be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Proof {
    /// It was seen to be so.
    Passed,
    /// It was seen not to be so.
    Failed,
    /// It could not be found out. Never taken for passed.
    Unknown,
}

/// One step of the way from a sign-up to a row.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Hop {
    /// What is proved.
    pub hop: String,
    /// Whether it is so.
    pub proof: Proof,
    /// How long the proof took, in seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seconds: Option<f64>,
    /// What was seen, or the cause.
    pub detail: String,
    /// What to do about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub remedy: Option<String>,
}

/// All that was found.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Verification {
    /// The stack.
    pub stack: String,
    /// The hops, in the order of the way.
    pub hops: Vec<Hop>,
    /// How many of each.
    pub passed: usize,
    /// How many of each.
    pub failed: usize,
    /// How many of each.
    pub unknown: usize,
}

impl Verification {
    /// Counts the hops.
    pub fn new(stack: &str, hops: Vec<Hop>) -> Self {
        let count = |proof| hops.iter().filter(|h| h.proof == proof).count();
        Verification {
            stack: stack.to_owned(),
            passed: count(Proof::Passed),
            failed: count(Proof::Failed),
            unknown: count(Proof::Unknown),
            hops,
        }
    }
}

/// Writes a line a hop, with the cause and the remedy beneath what did not pass.
pub fn verify_human(found: &Verification, style: &Style) -> String {
    let mut page = Page::new(style);
    let width = found.hops.iter().map(|h| len(&h.hop)).max().unwrap_or(0);
    for hop in &found.hops {
        let (sign, tone) = match (hop.proof, style.unicode) {
            (Proof::Passed, true) => ("✓", Tone::Add),
            (Proof::Passed, false) => ("ok", Tone::Add),
            (Proof::Failed, true) => ("✗", Tone::Error),
            (Proof::Failed, false) => ("FAILED", Tone::Error),
            (Proof::Unknown, _) => ("?", Tone::Warning),
        };
        let sign = if style.unicode {
            sign.to_owned()
        } else {
            pad(sign, 6)
        };
        let time = hop.seconds.map(short).unwrap_or_default();
        let lead = format!(
            "{} {}  {}  ",
            style.paint(tone, &sign),
            pad(&hop.hop, width),
            pad(&time, 6)
        );
        let column = len(&sign) + 1 + width + 2 + 6 + 2;
        page.hanging(&lead, column, Tone::Plain, &hop.detail);
        if let Some(remedy) = hop.remedy.as_ref().filter(|_| hop.proof != Proof::Passed) {
            let lead = " ".repeat(column);
            page.prose(&lead, Tone::Wait, remedy);
        }
    }
    page.gap();
    page.line(&summary(found));
    page.finish()
}

/// Most hops take no second.
fn short(seconds: f64) -> String {
    if seconds < 0.9995 {
        return format!("{:.0} ms", seconds * 1000.0);
    }
    duration(seconds)
}

fn summary(found: &Verification) -> String {
    let mut text = format!("{} passed", found.passed);
    for (count, word) in [(found.failed, "failed"), (found.unknown, "unknown")] {
        if count > 0 {
            text += &format!(", {count} {word}");
        }
    }
    if found.failed == 0 && found.unknown == 0 {
        text += ": a sign-up ends in a row.";
    }
    text
}

/// Writes everything as one object.
pub fn verify_json(found: &Verification) -> String {
    pretty(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hop(name: &str, proof: Proof, detail: &str, remedy: Option<&str>) -> Hop {
        Hop {
            hop: name.to_owned(),
            proof,
            seconds: (proof == Proof::Passed).then_some(0.02),
            detail: detail.to_owned(),
            remedy: remedy.map(str::to_owned),
        }
    }

    #[test]
    fn every_hop_has_its_cause_and_remedy() {
        let found = Verification::new(
            "cruddur",
            vec![
                hop(
                    "name",
                    Proof::Passed,
                    "db.example is 192.0.2.1",
                    Some("none"),
                ),
                hop("port", Proof::Failed, "no answer", Some("run refresh-ip")),
                hop("log-in", Proof::Unknown, "not reached", None),
            ],
        );
        let text = verify_human(&found, &Style::plain(80));
        assert_eq!(
            text,
            "✓ name    20 ms   db.example is 192.0.2.1
✗ port            no answer
                  run refresh-ip
? log-in          not reached

1 passed, 1 failed, 1 unknown
"
        );
        let json: serde_json::Value = serde_json::from_str(&verify_json(&found)).unwrap();
        assert_eq!(json["hops"][1]["proof"], "failed");
        assert_eq!((&json["passed"], &json["unknown"]), (&1.into(), &1.into()));
        let all = Verification::new("s", vec![hop("x", Proof::Passed, "", None)]);
        assert!(
            verify_human(&all, &Style::plain(80)).ends_with("1 passed: a sign-up ends in a row.\n")
        );
    }
}
