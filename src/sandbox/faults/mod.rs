//! Faults on request: a small script says which calls go wrong, and how.
//!
//! ```yaml
//! seed: 7                                            # for `probability`; default 1
//! faults:
//!   - { call: "lambda:CreateFunction", nth: 3, fault: throttle }
//!   - { call: "rds:Describe*", every: 4, fault: internal }
//!   - { call: "*", probability: 0.05, fault: drop_after }
//!   - { call: "ec2:*", from: 2, to: 5, fault: { delay_ms: 300 } }
//!   - { call: "iam:CreatePolicy", fault: deny }
//!   - { call: "rds:StartDBInstance", nth: 1, fault: insufficient_capacity }
//!   - { call: "cognito-idp:UpdateUserPool", nth: 1, fault: { error: { code: InternalErrorException, status: 500, message: "…" } } }
//!   - { call: "rds:Describe*", fault: { stale_reads: { for_seconds: 30 } } }
//!   - { fault: { iam_propagation: { seconds: 12 } } }
//!   - { call: "*", probability: 0.02, burst: 6, fault: throttle }      # once it fires, six calls in a row
//!   - { call: "rds:*", nth: 4, fault: { clock_jump: { seconds: -90 } } }
//! ```
//!
//! A bare list of rules is a script as well, and so is the same in JSON. Calls are counted for each rule apart,
//! from 1, among those that its pattern fits. The first rule that fires decides; delays and jumps of all of them add
//! up. A jump puts the sandbox's clock forward or back, in seconds of AWS's, from that call on and for as long as this
//! server runs: what takes minutes is over at once, or takes longer.

mod answers;
mod history;
mod parse;
#[cfg(test)]
mod tests;

pub use history::History;
pub use parse::ScriptError;

use super::wire::{ApiError, Call, Service};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// A fault script with its counters; clones share them. The default one does nothing.
#[derive(Clone, Debug, Default)]
pub struct Script(Arc<Inner>);

#[derive(Debug, Default)]
struct Inner {
    seed: u64,
    rules: Vec<Rule>,
}

/// One line of a script.
#[derive(Debug)]
struct Rule {
    line: u64,
    pattern: Pattern,
    when: When,
    fault: Fault,
    seen: AtomicU64,
    fired: AtomicU64,
    /// How many calls of the present burst are left.
    left: AtomicU64,
}

/// Which calls a rule is about.
#[derive(Clone, Debug)]
struct Pattern {
    text: String,
    service: Option<Service>,
    operation: String,
}

/// Which of them it hits.
#[derive(Clone, Debug, Default)]
struct When {
    nth: Option<u64>,
    from: Option<u64>,
    to: Option<u64>,
    every: Option<u64>,
    probability: Option<f64>,
    burst: Option<u64>,
}

/// What goes wrong.
#[derive(Clone, Debug)]
enum Fault {
    Throttle,
    Internal,
    Deny,
    Conflict,
    InsufficientCapacity,
    Error(ApiError),
    DropBefore,
    DropAfter,
    DelayMs(u64),
    ClockJump { seconds: f64 },
    StaleReads { for_seconds: f64 },
    IamPropagation { seconds: f64 },
}

/// What the script says about one call.
#[derive(Clone, Debug, PartialEq)]
pub struct Decision {
    /// Milliseconds (of real time) to wait before anything happens.
    pub delay_ms: u64,
    /// Seconds (of AWS's time) by which the clock is put forward before that, or back.
    pub jump_seconds: f64,
    /// What happens then.
    pub outcome: Outcome,
}

/// What happens to a call.
#[derive(Clone, Debug, PartialEq)]
pub enum Outcome {
    /// It is answered as usual.
    Answer,
    /// It is refused, without effect.
    Refuse(ApiError),
    /// The connection is closed, without effect.
    DropBefore,
    /// It takes effect, then the connection is closed.
    DropAfter,
    /// A read is answered from the world as it was so many seconds ago, on AWS's clock.
    Stale {
        /// How long ago.
        seconds: f64,
    },
}

impl Script {
    /// Decides about a call, and counts it.
    pub fn decide(&self, call: &Call) -> Decision {
        let mut decision = Decision {
            delay_ms: 0,
            jump_seconds: 0.0,
            outcome: Outcome::Answer,
        };
        for (index, rule) in self.0.rules.iter().enumerate() {
            if !rule.concerns(call) {
                continue;
            }
            let count = rule.seen.fetch_add(1, Ordering::SeqCst) + 1;
            let chance = fraction(self.0.seed, index as u64, count);
            if !rule.fires(count, chance) {
                continue;
            }
            let outcome = match &rule.fault {
                Fault::DelayMs(ms) => {
                    rule.fired.fetch_add(1, Ordering::SeqCst);
                    decision.delay_ms += ms;
                    continue;
                }
                Fault::ClockJump { seconds } => {
                    rule.fired.fetch_add(1, Ordering::SeqCst);
                    decision.jump_seconds += seconds;
                    continue;
                }
                _ if decision.outcome != Outcome::Answer => continue,
                Fault::DropBefore => Outcome::DropBefore,
                Fault::DropAfter => Outcome::DropAfter,
                Fault::StaleReads { for_seconds } => Outcome::Stale {
                    seconds: *for_seconds,
                },
                Fault::IamPropagation { .. } => continue,
                Fault::Error(error) => Outcome::Refuse(error.clone()),
                Fault::Throttle => Outcome::Refuse(answers::throttle(call)),
                Fault::Internal => Outcome::Refuse(answers::internal(call)),
                Fault::Deny => Outcome::Refuse(answers::deny(call)),
                Fault::Conflict => Outcome::Refuse(answers::conflict(call)),
                Fault::InsufficientCapacity => {
                    Outcome::Refuse(answers::insufficient_capacity(call))
                }
            };
            rule.fired.fetch_add(1, Ordering::SeqCst);
            decision.outcome = outcome;
        }
        decision
    }

    /// Returns how long a change in IAM takes to be seen elsewhere, in seconds on AWS's clock, where the script
    /// says so. IAM and Lambda implement it; whoever puts the sandbox together passes it on.
    pub fn iam_propagation_seconds(&self) -> Option<f64> {
        self.0.rules.iter().rev().find_map(|r| match r.fault {
            Fault::IamPropagation { seconds } => Some(seconds),
            _ => None,
        })
    }

    /// Returns for how long old versions of the world must be kept: the longest of all stale reads, in seconds on
    /// AWS's clock.
    pub fn stale_seconds(&self) -> Option<f64> {
        self.0
            .rules
            .iter()
            .filter_map(|r| match r.fault {
                Fault::StaleReads { for_seconds } => Some(for_seconds),
                _ => None,
            })
            .reduce(f64::max)
    }

    /// Returns the rules that have not fired, as `line 3: lambda:CreatFunction`: mostly slips of the pen.
    pub fn never_fired(&self) -> Vec<String> {
        self.0
            .rules
            .iter()
            .filter(|r| !matches!(r.fault, Fault::IamPropagation { .. }))
            .filter(|r| r.fired.load(Ordering::SeqCst) == 0)
            .map(|r| format!("line {}: {}", r.line, r.pattern.text))
            .collect()
    }
}

impl Rule {
    fn concerns(&self, call: &Call) -> bool {
        let reads_only = matches!(self.fault, Fault::StaleReads { .. });
        self.pattern.fits(call) && (!reads_only || is_read(call))
    }

    /// Tells whether this call is hit: by itself, or as one of those after one that was.
    fn fires(&self, count: u64, chance: f64) -> bool {
        let in_burst = self
            .left
            .fetch_update(Ordering::SeqCst, Ordering::SeqCst, |n| n.checked_sub(1))
            .is_ok();
        if in_burst {
            return true;
        }
        let hit = self.when.hits(count, chance);
        if hit && let Some(burst) = self.when.burst {
            self.left.store(burst - 1, Ordering::SeqCst);
        }
        hit
    }
}

/// Tells whether a call only looks.
fn is_read(call: &Call) -> bool {
    ["Describe", "Get", "List"]
        .iter()
        .any(|p| call.operation.starts_with(p))
}

impl Pattern {
    fn fits(&self, call: &Call) -> bool {
        self.service.is_none_or(|s| s == call.service)
            && glob(self.operation.as_bytes(), call.operation.as_bytes())
    }
}

fn glob(pattern: &[u8], text: &[u8]) -> bool {
    match (pattern.first(), text.first()) {
        (None, None) => true,
        (Some(b'*'), _) => {
            glob(&pattern[1..], text) || (!text.is_empty() && glob(pattern, &text[1..]))
        }
        (Some(p), Some(t)) if p.eq_ignore_ascii_case(t) => glob(&pattern[1..], &text[1..]),
        _ => false,
    }
}

impl When {
    fn hits(&self, count: u64, chance: f64) -> bool {
        if let Some(nth) = self.nth {
            return count == nth;
        }
        let first = self.from.unwrap_or(1);
        count >= first
            && self.to.is_none_or(|to| count <= to)
            // `every: 4` from the first call on is the fourth, the eighth, …
            && self.every.is_none_or(|n| (count - first + 1).is_multiple_of(n))
            && self.probability.is_none_or(|p| chance < p)
    }
}

/// A number in 0..1 that depends on nothing but its arguments, so that a script with a seed always does the same.
fn fraction(seed: u64, rule: u64, count: u64) -> f64 {
    // splitmix64
    let mut z = seed
        .wrapping_add(rule.wrapping_mul(0xd1b5_4a32_d192_ed03))
        .wrapping_add(count.wrapping_mul(0x9e37_79b9_7f4a_7c15));
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^= z >> 31;
    (z >> 11) as f64 / (1u64 << 53) as f64
}
