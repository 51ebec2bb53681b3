//! What the services' codes mean: one table a service, and one for what all of them say. The tables are data; an error is
//! read by [`fault`](super::fault), which asks them.
//!
//! A service's table names every code that its model lists for a call of this program (`tests/it/fault_codes.rs` reads
//! the models), and those that AWS sends without having them in a model (aws-facts §1.8, §2.2, §3.3). A line may be about
//! one operation; it then goes before the line about all of them.

mod cognito;
mod common;
mod ec2;
mod iam;
mod lambda;
mod logs;
mod rds;
mod scheduler;
mod ssm;
#[cfg(test)]
mod tests;

use crate::model::{Class, Residue};

/// What a code means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Meaning {
    /// The code, as it is on the wire.
    pub code: &'static str,
    /// The operation that it means this for, `CreateFunction`; all of the service where it is empty.
    pub only: &'static str,
    /// What sort of failure it is.
    pub class: Class,
    /// What the call has left behind, where that is not what goes with the class.
    pub left: Option<Residue>,
    /// What to do about it; what goes with the class where it is empty.
    pub advice: &'static str,
}

/// A code of a class, with what goes with the class.
const fn is(code: &'static str, class: Class) -> Meaning {
    advised(code, class, "")
}

/// A code that has its own advice.
const fn advised(code: &'static str, class: Class, advice: &'static str) -> Meaning {
    Meaning {
        code,
        only: "",
        class,
        left: None,
        advice,
    }
}

impl Meaning {
    /// The same, for one operation alone.
    const fn only(self, operation: &'static str) -> Self {
        Meaning {
            only: operation,
            ..self
        }
    }

    /// The same, where what is left behind is not what goes with the class.
    const fn leaves(self, residue: Residue) -> Self {
        Meaning {
            left: Some(residue),
            ..self
        }
    }
}

/// Returns the table of a service, by the prefix of its operations.
pub fn of_service(service: &str) -> &'static [Meaning] {
    match service {
        "cognito-idp" => cognito::CODES,
        "ec2" => ec2::CODES,
        "iam" => iam::CODES,
        "lambda" => lambda::CODES,
        "logs" => logs::CODES,
        "rds" => rds::CODES,
        "scheduler" => scheduler::CODES,
        "ssm" => ssm::CODES,
        _ => &[],
    }
}

/// Returns what all services say.
pub fn of_all() -> &'static [Meaning] {
    common::CODES
}

/// Returns what a code means for an operation, `rds:CreateDBInstance`. Nothing where this program does not know it.
pub fn meaning(op: &str, code: &str) -> Option<&'static Meaning> {
    let (service, operation) = op.split_once(':').unwrap_or((op, ""));
    let table = of_service(service);
    let about = |only: &str| {
        table
            .iter()
            .find(|m| m.code == code && m.only == only)
            .filter(|m| m.only.is_empty() || m.only == operation)
    };
    about(operation)
        .or_else(|| about(""))
        .or_else(|| of_all().iter().find(|m| m.code == code))
}

/// Tells whether a code is about what the caller may do, and not about who the caller is: then a statement may mend it.
pub fn is_about_permission(code: &str) -> bool {
    common::PERMISSION.contains(&code)
}

/// Returns what to do about a failure of a class, where nothing better is known.
pub fn of_class(class: Class) -> Option<&'static str> {
    Some(match class {
        Class::NotFound => {
            "it is not there, or not any more: `cruddur-infra plan` looks again at everything"
        }
        Class::Conflict => {
            "it is there already, or somebody changed it meanwhile: `cruddur-infra plan` shows what is there now"
        }
        Class::Throttled => {
            "AWS limits how many calls it takes: run the same command again in a minute, and apply or destroy with a \
             smaller --parallelism where it happens often"
        }
        Class::Transient => {
            "a failure on AWS's side, or on the way there: run the same command again, it looks first at what is there"
        }
        Class::Busy => {
            "another change is under way: `cruddur-infra status` tells how far it is; then run the same command again"
        }
        Class::Propagating => {
            "something that was just made is not known everywhere yet: run the same command again in a minute"
        }
        Class::Invalid => {
            "AWS refuses what stack.yaml asks for: its message says why; correct the entry and run the same command again"
        }
        // they have their own words where they arise
        Class::Denied | Class::Unreachable | Class::Surprise | Class::Interrupted | Class::Bug => {
            return None;
        }
    })
}
