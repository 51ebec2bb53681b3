//! What is in the way of a function's deletion, what stays of it, and what goes by itself.

use super::api::around::{self, EventSource, Interface, Log};
use super::live::Live;
use crate::aws::{Clients, FunctionUse, function_uses, log_cost};
use crate::model::{Addr, Diagnostic, Fault, Remains, Remnant};
use crate::resource::{Doomed, Facts, not_seen};
use serde_json::Value;
use std::collections::BTreeSet;

/// What descriptions of the interfaces of functions begin with (aws-facts §4.7).
const INTERFACE: &str = "AWS Lambda VPC ENI-";

/// Looks for what the deletion would run into, or would break for others.
pub async fn in_the_way(clients: &Clients, have: &Live, doomed: &Doomed) -> Vec<Diagnostic> {
    let (sources, aliases, policy) = futures_util::future::join3(
        around::event_sources(clients, &have.name),
        around::aliases(clients, &have.name),
        around::policy(clients, &have.name),
    )
    .await;
    let mut found = Vec::new();
    match sources {
        Ok(sources) => found.extend(fed_by(&have.name, &sources)),
        Err(fault) => found.push(not_seen("what calls the function by itself", &fault)),
    }
    match aliases {
        Ok(aliases) => found.extend(aliased(&have.name, &aliases)),
        Err(fault) => found.push(not_seen("the function's aliases", &fault)),
    }
    let callers = match policy {
        Ok(policy) => policy.as_deref().map(callers).unwrap_or_default(),
        Err(fault) => {
            found.push(not_seen("who may call the function", &fault));
            Vec::new()
        }
    };
    found.extend(allowed(&have.name, &callers, doomed));
    let pools: BTreeSet<&str> = callers.iter().filter_map(Caller::pool).collect();
    for pool in pools {
        match around::triggers(clients, pool).await {
            Ok(triggers) => found.extend(triggered(have, pool, &triggers, doomed)),
            Err(fault) => found.push(not_seen("the user pools that may call it", &fault)),
        }
    }
    found
}

/// A statement of a function's policy, as far as it says who calls.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Caller {
    id: String,
    who: String,
    source: Option<String>,
}

impl Caller {
    /// Returns the user pool's id, where it is one.
    fn pool(&self) -> Option<&str> {
        let source = self.source.as_deref()?;
        source.contains(":cognito-idp:").then_some(())?;
        source.rsplit_once(":userpool/").map(|(_, id)| id)
    }
}

fn callers(policy: &str) -> Vec<Caller> {
    let policy: Value = serde_json::from_str(policy).unwrap_or_default();
    let all = match &policy["Statement"] {
        Value::Array(many) => many.as_slice(),
        Value::Null => &[],
        one => std::slice::from_ref(one),
    };
    let text = |value: &Value| match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    let caller = |s: &Value| {
        let conditions = s["Condition"].as_object().into_iter().flatten();
        let keys = conditions.flat_map(|(_, keys)| keys.as_object().into_iter().flatten());
        let mut sources = keys.filter(|(key, _)| key.eq_ignore_ascii_case("aws:sourcearn"));
        Caller {
            id: text(&s["Sid"]),
            who: match &s["Principal"] {
                Value::Object(kinds) => kinds.values().map(text).collect::<Vec<_>>().join(", "),
                other => text(other),
            },
            source: sources.next().map(|(_, value)| text(value)),
        }
    };
    all.iter().map(caller).collect()
}

fn fed_by(name: &str, sources: &[EventSource]) -> Vec<Diagnostic> {
    let each = sources.iter().map(|s| {
        Diagnostic::error(format!(
            "{} calls the function {name}, and this stack did not connect them: `aws lambda \
             delete-event-source-mapping --uuid {}` parts them",
            s.arn, s.uuid
        ))
    });
    each.collect()
}

fn aliased(name: &str, aliases: &[String]) -> Option<Diagnostic> {
    (!aliases.is_empty()).then(|| {
        Diagnostic::warning("aliases go with the function").detail(format!(
            "{name} has {}, which this stack did not make. Whoever calls by one of them calls nothing afterwards.",
            aliases.join(", ")
        ))
    })
}

/// Others who were allowed to call it may do so: whether they do cannot be told.
fn allowed(name: &str, callers: &[Caller], doomed: &Doomed) -> Vec<Diagnostic> {
    let foreign = callers.iter().filter(|c| {
        // whether a pool calls it is looked at
        !doomed.includes("lambda_permission", &c.id) && c.pool().is_none()
    });
    let each = foreign.map(|c| {
        let behalf = c.source.as_ref().map(|arn| format!(" on behalf of {arn}"));
        Diagnostic::warning("others may call the function").detail(format!(
            "{} may call {name}{} (statement {}), which this stack did not allow. Whether it does cannot be told.",
            c.who,
            behalf.unwrap_or_default(),
            c.id
        ))
    });
    each.collect()
}

fn triggered(
    have: &Live,
    pool: &str,
    triggers: &[(&'static str, String)],
    doomed: &Doomed,
) -> Vec<Diagnostic> {
    let calls = |arn: &str| {
        let rest = arn.strip_prefix(have.arn.as_str());
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(':'))
    };
    let staying = triggers.iter().filter(|(occasion, arn)| {
        let cleared = format!("{pool}/{occasion}");
        let ids = doomed.0.iter().filter(|(a, _)| a.kind == "cognito_trigger");
        calls(arn) && !ids.flat_map(|(_, ids)| ids).any(|id| *id == cleared)
    });
    let each = staying.map(|(occasion, _)| {
        Diagnostic::error(format!(
            "the user pool {pool} calls the function {} on {occasion}, and would fail without it: take that trigger out \
             of the pool, in the console under its extensions (`aws cognito-idp update-user-pool` resets what is not \
             sent)",
            have.name
        ))
    });
    each.collect()
}

/// Looks for what stays: the log.
pub async fn remains(clients: &Clients, name: &str, facts: &Facts) -> Remains {
    let group = format!("/aws/lambda/{name}");
    let region = &facts.stack.region;
    let mut remains = Remains::default();
    let log = around::log(clients, &group).await;
    let found = log.map(|log| {
        log.iter()
            .map(|l| kept_log(&facts.addr, l, region))
            .collect()
    });
    remains.note(&facts.addr, "its log group", found);
    remains
}

fn kept_log(addr: &Addr, log: &Log, region: &str) -> Remnant {
    let how_long = match log.days {
        Some(1) => "kept for a day".to_owned(),
        Some(days) => format!("kept for {days} days"),
        None => "kept for ever".to_owned(),
    };
    Remnant {
        addr: addr.to_string(),
        what: "log group".to_owned(),
        id: log.name.clone(),
        about: format!("{} bytes, {how_long}", log.bytes),
        passes: None,
        cost: Some(log_cost(region, log.bytes)),
        remove: Some(format!(
            "aws logs delete-log-group --region {region} --log-group-name {}",
            log.name
        )),
    }
}

/// Looks for its network interfaces. One that another function uses too is none of them: it stays with that.
pub async fn lingers(clients: &Clients, name: &str, facts: &Facts) -> Result<Vec<Remnant>, Fault> {
    let found = around::interfaces(clients, name).await?;
    let own: Vec<&Interface> = found.iter().filter(|i| is_of(i, name)).collect();
    if own.is_empty() {
        return Ok(Vec::new());
    }
    // where functions may not be listed, each is taken for a lingering one
    let others = function_uses(clients).await.unwrap_or_default();
    let own = own.into_iter().filter(|i| !is_shared(i, name, &others));
    let region = &facts.stack.region;
    Ok(own.map(|i| interface(&facts.addr, i, region)).collect())
}

/// Lambda puts a UUID after the name, or another text without blanks; a longer name has a part before that.
fn is_of(interface: &Interface, name: &str) -> bool {
    let rest = interface.description.strip_prefix(INTERFACE);
    let Some(id) = rest
        .and_then(|r| r.strip_prefix(name))
        .and_then(|r| r.strip_prefix('-'))
    else {
        return false;
    };
    let parts: Vec<&str> = id.split('-').collect();
    let hex = |p: &&str| !p.is_empty() && p.bytes().all(|b| b.is_ascii_hexdigit());
    matches!(parts.len(), 1 | 5) && parts.iter().all(hex)
}

/// Functions with the same subnet and the same groups share an interface (aws-facts §4.6).
fn is_shared(interface: &Interface, name: &str, others: &[FunctionUse]) -> bool {
    let groups: BTreeSet<&String> = interface.groups.iter().collect();
    others.iter().any(|f| {
        f.name != name
            && f.subnets.contains(&interface.subnet)
            && f.groups.iter().collect::<BTreeSet<_>>() == groups
    })
}

fn interface(addr: &Addr, i: &Interface, region: &str) -> Remnant {
    Remnant {
        addr: addr.to_string(),
        what: "network interface".to_owned(),
        id: i.id.clone(),
        about: format!(
            "{}, in {}; until it is gone, neither that subnet nor {} can be deleted",
            i.status,
            i.subnet,
            i.groups.join(", ")
        ),
        passes: Some(
            "AWS takes it away, mostly within 20 minutes, at times within 45; once it is `available`, this does"
                .to_owned(),
        ),
        cost: None,
        remove: Some(format!(
            "aws ec2 delete-network-interface --region {region} --network-interface-id {}",
            i.id
        )),
    }
}

#[cfg(test)]
#[path = "remains_tests.rs"]
mod tests;
