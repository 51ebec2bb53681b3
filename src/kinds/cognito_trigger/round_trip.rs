//! The procedure around one `UpdateUserPool`: look, compare, send everything back, look again, and put the old pool back
//! where anything else has moved.

use super::pool;
use crate::model::{Class, Fault, Residue};
use serde_json::Value;
use std::future::Future;

/// The operation, for faults.
pub const UPDATE: &str = "cognito-idp:UpdateUserPool";

/// How often an answer from before the update is asked for again; a kind does not wait.
const LOOKS: usize = 3;

/// The calls that the procedure needs, all of them in raw JSON.
pub trait Wire: Sync {
    /// `DescribeUserPool`: the pool.
    fn describe(&self, id: &str) -> impl Future<Output = Result<Value, Fault>> + Send;
    /// `GetUserPoolMfaConfig`: factors that the description leaves out.
    fn factors(&self, id: &str) -> impl Future<Output = Result<Value, Fault>> + Send;
    /// `UpdateUserPool`.
    fn update(&self, request: &Value) -> impl Future<Output = Result<(), Fault>> + Send;
}

/// One change: which trigger of which pool becomes what.
#[derive(Clone, Copy, Debug)]
pub struct Setting<'a> {
    /// The pool's id.
    pub id: &'a str,
    /// `PostConfirmation`.
    pub trigger: &'a str,
    /// The function; nothing clears the trigger.
    pub arn: Option<&'a str>,
    /// The pool as it was when the change was decided.
    pub seen: Option<&'a Value>,
}

/// Sets or clears one trigger.
///
/// # Errors
/// `Conflict` where a trigger is to be made and is there; `Busy` where the pool is being changed by somebody else;
/// `Surprise` where the update moved anything else, with what the restoration came to.
pub async fn set(wire: &impl Wire, setting: Setting<'_>) -> Result<(), Fault> {
    let Setting {
        id,
        trigger,
        arn,
        seen,
    } = setting;
    // there is no version to compare and set by (aws-facts §5.3): the window is kept as short as it can be, so that
    // nothing is asked between the look at what is sent back and the sending
    let factors = wire.factors(id).await?;
    let before = wire.describe(id).await?;
    match seen {
        Some(seen) => {
            let moving = pool::moved(seen, &before, None);
            if !moving.is_empty() {
                return Err(Fault::new(
                    UPDATE,
                    Class::Busy,
                    format!(
                        "the user pool is being changed by somebody else: {}",
                        moving.join(", ")
                    ),
                ));
            }
        }
        None => {
            if let Some(there) = pool::trigger_of(&before, trigger) {
                return Err(Fault::new(
                    UPDATE,
                    Class::Conflict,
                    format!("the trigger {trigger} is set already, to {there}"),
                ));
            }
        }
    }
    if pool::trigger_of(&before, trigger) == arn {
        return Ok(());
    }
    let sent = wire
        .update(&pool::update_request(&before, trigger, arn))
        .await
        .map_err(|fault| with_unknown(fault, &before));
    let lost = match sent {
        Ok(()) => None,
        // it may have been done all the same, and then what it did has to be proven like any other
        Err(fault) if fault.residue == Residue::Unknown => Some(fault),
        Err(fault) => return Err(fault),
    };
    let mut after = wire
        .describe(id)
        .await
        .map_err(|why| unproven(trigger, &why))?;
    for _ in 0..LOOKS {
        if pool::trigger_of(&after, trigger) == arn {
            break;
        }
        after = wire
            .describe(id)
            .await
            .map_err(|why| unproven(trigger, &why))?;
    }
    if let (Some(lost), false) = (lost, pool::trigger_of(&after, trigger) == arn) {
        return Err(lost);
    }
    let now = wire
        .factors(id)
        .await
        .map_err(|why| unproven(trigger, &why))?;
    let mut moved = pool::moved(&before, &after, Some(trigger));
    moved.extend(moved_factors(&factors, &now));
    if moved.is_empty() {
        // where the old trigger still shows, the answer is from before the update: the next look tells
        return Ok(());
    }
    Err(restore(wire, setting, &before, &after, &factors, &moved).await)
}

/// Returns the factors that moved, by the names that a person would look for.
fn moved_factors(before: &Value, after: &Value) -> Vec<String> {
    pool::moved(before, after, None)
        .into_iter()
        .map(|path| format!("MFA {path}"))
        .collect()
}

/// An update went out, and what it did to the rest of the pool cannot be seen. Not a fault that passes: a later look
/// would find the trigger set and ask no further.
fn unproven(trigger: &str, why: &Fault) -> Fault {
    Fault::new(
        UPDATE,
        Class::Surprise,
        format!("setting the trigger {trigger} was sent, and the pool could not be looked at afterwards: {why}"),
    )
    .residue(Residue::Unknown)
    .help("see whether the pool's other settings are as they were, then plan again")
}

/// Says which members AWS may have meant, where it refuses a request that holds members unknown to this program.
fn with_unknown(fault: Fault, before: &Value) -> Fault {
    let unknown = pool::unknown(before);
    if fault.class != Class::Invalid || unknown.is_empty() {
        return fault;
    }
    fault.help(format!(
        "the pool has settings that this version does not know and sent back as they are: {}",
        unknown.join(", ")
    ))
}

/// Puts the old pool back and says what came of it. Names of settings only: their values may be nobody's business.
async fn restore(
    wire: &impl Wire,
    setting: Setting<'_>,
    before: &Value,
    after: &Value,
    factors: &Value,
    moved: &[String],
) -> Fault {
    let fault = |residue: Residue, help: String| {
        Fault::new(
            UPDATE,
            Class::Surprise,
            format!(
                "setting the trigger {} also moved {}",
                setting.trigger,
                moved.join(", ")
            ),
        )
        .residue(residue)
        .help(help)
    };
    let request = pool::restore_request(before, after, setting.trigger);
    if let Err(why) = wire.update(&request).await {
        return fault(
            Residue::Remains,
            format!("the pool could not be put back ({why}): set these by hand"),
        );
    }
    let looks = match wire.describe(setting.id).await {
        Ok(pool) => wire.factors(setting.id).await.map(|now| (pool, now)),
        Err(why) => Err(why),
    };
    match looks {
        Err(why) => fault(
            Residue::Unknown,
            format!("the old pool was sent back, and whether it holds could not be seen ({why})"),
        ),
        Ok((pool, now)) => {
            let mut left = pool::moved(before, &pool, None);
            left.extend(moved_factors(factors, &now));
            if left.is_empty() {
                fault(
                    Residue::Nothing,
                    "everything was put back as it was, the trigger too".to_owned(),
                )
            } else {
                fault(
                    Residue::Remains,
                    format!(
                        "after putting the pool back these still differ: {}",
                        left.join(", ")
                    ),
                )
            }
        }
    }
}
