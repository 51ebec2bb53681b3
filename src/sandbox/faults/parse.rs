//! Reads a fault script, and says where one is wrong and what would be right.

use super::{Fault, Inner, Pattern, Rule, Script, When};
use crate::sandbox::wire::{ApiError, Service};
use serde::Deserialize;
use serde_yaml::Spanned;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

/// A script that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("fault script, line {line}: {problem}; {remedy}")]
pub struct ScriptError {
    /// Line in the script, from 1.
    pub line: u64,
    /// What is wrong.
    pub problem: String,
    /// What to write instead.
    pub remedy: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawScript {
    #[serde(default = "one")]
    seed: u64,
    faults: Vec<Spanned<RawRule>>,
}

fn one() -> u64 {
    1
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawRule {
    call: Option<Spanned<String>>,
    nth: Option<Spanned<u64>>,
    from: Option<Spanned<u64>>,
    to: Option<Spanned<u64>>,
    every: Option<Spanned<u64>>,
    probability: Option<Spanned<f64>>,
    burst: Option<Spanned<u64>>,
    fault: Spanned<RawFault>,
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
enum RawFault {
    Throttle,
    Internal,
    Deny,
    Conflict,
    InsufficientCapacity,
    DropBefore,
    DropAfter,
    DelayMs(u64),
    ClockJump(RawJump),
    Error(RawError),
    StaleReads(RawStale),
    IamPropagation(RawPropagation),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawError {
    code: String,
    status: u16,
    #[serde(default)]
    message: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawStale {
    for_seconds: f64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawJump {
    seconds: f64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawPropagation {
    seconds: f64,
}

const FAULTS: &str = "a fault is one of throttle, internal, deny, conflict, insufficient_capacity, drop_before, \
                      drop_after, {delay_ms: N}, {clock_jump: {seconds: N}}, {error: {code: C, status: N, message: M}}, \
                      {stale_reads: {for_seconds: N}}, {iam_propagation: {seconds: N}}; a rule has call, fault, and \
                      of nth, from, to, every, probability, burst what it needs";

impl Script {
    /// Reads a script in YAML or JSON: a list of rules, or `{seed, faults: [rules]}`. Empty text is no script.
    ///
    /// # Errors
    /// The first thing that is wrong, with its line and a remedy.
    pub fn parse(text: &str) -> Result<Script, ScriptError> {
        let first = text
            .lines()
            .map(str::trim)
            .find(|l| !l.is_empty() && !l.starts_with('#') && *l != "---");
        let raw = match first {
            None => return Ok(Script::default()),
            Some(line) if line.starts_with('-') || line.starts_with('[') => {
                serde_yaml::from_str::<Vec<Spanned<RawRule>>>(text)
                    .map(|faults| RawScript { seed: 1, faults })
            }
            Some(_) => serde_yaml::from_str::<RawScript>(text),
        };
        let raw = raw.map_err(|e| {
            let line = e.location().map_or(1, |l| l.line());
            let message = e.without_snippet().to_string();
            wrong(line, message, FAULTS)
        })?;
        let rules: Result<Vec<Rule>, ScriptError> = raw.faults.into_iter().map(read_rule).collect();
        Ok(Script(Arc::new(Inner {
            seed: raw.seed,
            rules: rules?,
        })))
    }
}

fn wrong(line: u64, problem: impl Into<String>, remedy: impl Into<String>) -> ScriptError {
    ScriptError {
        line,
        problem: problem.into(),
        remedy: remedy.into(),
    }
}

fn read_rule(raw: Spanned<RawRule>) -> Result<Rule, ScriptError> {
    let line = raw.referenced.line();
    let raw = raw.value;
    let fault_line = raw.fault.referenced.line();
    let fault = read_fault(raw.fault.value, fault_line)?;
    let pattern = match raw.call {
        Some(call) => read_pattern(&call.value, call.referenced.line())?,
        // these two are not about certain calls
        None if matches!(
            fault,
            Fault::StaleReads { .. } | Fault::IamPropagation { .. }
        ) =>
        {
            read_pattern("*", line)?
        }
        None => {
            return Err(wrong(
                line,
                "the rule does not say which calls it is about",
                "add call: \"*\", \"rds:*\", \"rds:Describe*\" or \"lambda:CreateFunction\"",
            ));
        }
    };
    if matches!(fault, Fault::InsufficientCapacity)
        && !matches!(pattern.service, Some(Service::Rds | Service::Ec2))
    {
        return Err(wrong(
            fault_line,
            format!("{} never runs out of capacity", pattern.text),
            "use insufficient_capacity with a call of rds: or ec2:",
        ));
    }
    for (name, value) in [
        ("nth", &raw.nth),
        ("from", &raw.from),
        ("to", &raw.to),
        ("every", &raw.every),
        ("burst", &raw.burst),
    ] {
        if let Some(value) = value
            && value.value == 0
        {
            return Err(wrong(
                value.referenced.line(),
                format!("{name}: 0 is no call"),
                "calls are counted from 1",
            ));
        }
    }
    if let Some(p) = &raw.probability
        && !(0.0..=1.0).contains(&p.value)
    {
        return Err(wrong(
            p.referenced.line(),
            format!("probability: {} is none", p.value),
            "give a number from 0 to 1",
        ));
    }
    if let (Some(from), Some(to)) = (&raw.from, &raw.to)
        && from.value > to.value
    {
        return Err(wrong(
            to.referenced.line(),
            format!("from: {} is after to: {}", from.value, to.value),
            "exchange them",
        ));
    }
    if let Some(nth) = &raw.nth
        && (raw.from.is_some()
            || raw.to.is_some()
            || raw.every.is_some()
            || raw.probability.is_some())
    {
        return Err(wrong(
            nth.referenced.line(),
            "nth says everything: from, to, every and probability have no meaning beside it",
            "keep nth, or the others",
        ));
    }
    let value = |v: Option<Spanned<u64>>| v.map(|v| v.value);
    Ok(Rule {
        line,
        pattern,
        when: When {
            nth: value(raw.nth),
            from: value(raw.from),
            to: value(raw.to),
            every: value(raw.every),
            probability: raw.probability.map(|p| p.value),
            burst: value(raw.burst),
        },
        fault,
        seen: AtomicU64::new(0),
        fired: AtomicU64::new(0),
        left: AtomicU64::new(0),
    })
}

fn read_fault(raw: RawFault, line: u64) -> Result<Fault, ScriptError> {
    let duration = |name: &str, seconds: f64| {
        if seconds.is_finite() && seconds >= 0.0 {
            return Ok(seconds);
        }
        Err(wrong(
            line,
            format!("{name}: {seconds} is no duration"),
            "give a number of seconds",
        ))
    };
    Ok(match raw {
        RawFault::Throttle => Fault::Throttle,
        RawFault::Internal => Fault::Internal,
        RawFault::Deny => Fault::Deny,
        RawFault::Conflict => Fault::Conflict,
        RawFault::InsufficientCapacity => Fault::InsufficientCapacity,
        RawFault::DropBefore => Fault::DropBefore,
        RawFault::DropAfter => Fault::DropAfter,
        RawFault::DelayMs(ms) => Fault::DelayMs(ms),
        RawFault::ClockJump(j) if !j.seconds.is_finite() || j.seconds == 0.0 => {
            return Err(wrong(
                line,
                format!("clock_jump: {} seconds are no jump", j.seconds),
                "give how many seconds the clock is put forward, or with a minus back",
            ));
        }
        RawFault::ClockJump(j) => Fault::ClockJump { seconds: j.seconds },
        RawFault::Error(e) if !(400..=599).contains(&e.status) => {
            return Err(wrong(
                line,
                format!("status: {} is not that of an error", e.status),
                "give one from 400 to 599",
            ));
        }
        RawFault::Error(e) => Fault::Error(ApiError::new(e.status, &e.code, e.message)),
        RawFault::StaleReads(s) => Fault::StaleReads {
            for_seconds: duration("for_seconds", s.for_seconds)?,
        },
        RawFault::IamPropagation(p) => Fault::IamPropagation {
            seconds: duration("seconds", p.seconds)?,
        },
    })
}

fn read_pattern(text: &str, line: u64) -> Result<Pattern, ScriptError> {
    let (service, operation) = match text.split_once(':') {
        None if text == "*" => (None, "*"),
        None => {
            return Err(wrong(
                line,
                format!("call: \"{text}\" has no service"),
                format!("write \"SERVICE:{text}\", or \"*\" for every call"),
            ));
        }
        Some((service, operation)) => {
            let service = match service {
                "*" => None,
                "rds" => Some(Service::Rds),
                "ec2" => Some(Service::Ec2),
                "iam" => Some(Service::Iam),
                "sts" => Some(Service::Sts),
                "cognito" | "cognito-idp" => Some(Service::CognitoIdp),
                "lambda" => Some(Service::Lambda),
                "scheduler" => Some(Service::Scheduler),
                "logs" => Some(Service::Logs),
                "ssm" => Some(Service::Ssm),
                other => {
                    return Err(wrong(
                        line,
                        format!("call: the sandbox has no service \"{other}\""),
                        "it has rds, ec2, iam, sts, cognito-idp, lambda, logs, scheduler and ssm",
                    ));
                }
            };
            (service, operation)
        }
    };
    let fine = |c: char| c.is_ascii_alphanumeric() || c == '*';
    if operation.is_empty() || !operation.chars().all(fine) {
        return Err(wrong(
            line,
            format!("call: \"{operation}\" is no operation"),
            "write its name as AWS does, with * for any text: CreateFunction, Describe*",
        ));
    }
    Ok(Pattern {
        text: text.to_owned(),
        service,
        operation: operation.to_owned(),
    })
}
