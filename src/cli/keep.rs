//! What keeps a stopped instance stopped. AWS starts it after seven days (aws-facts §1.4); a schedule stops it again,
//! with a role that may do nothing else. Both are entries like any other, with the stack's marks, but not in the file:
//! `stop --keep` makes them, `start` and `destroy` remove them, everything else leaves them alone.

use super::failure::Failure;
use crate::engine::Stack;
use crate::model::{Addr, Class, Diagnostic, Fault, Observed, Orphan, Owner};
use crate::resource::Managed;
use crate::yaml::Node;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, BTreeSet};

/// What the names of the two end with.
const SUFFIX: &str = "stays-stopped";
/// The longest name of a role and of a schedule (aws-facts §3.3, Scheduler's service model).
const LONGEST: usize = 64;

/// The two entries that keep one instance stopped.
#[derive(Clone, Debug, PartialEq)]
pub struct Keeper {
    /// The instance.
    pub instance: Addr,
    /// The role.
    pub role: Addr,
    /// The schedule.
    pub schedule: Addr,
}

/// A schedule that stands, and keeps its instance stopped.
#[derive(Clone, Debug, PartialEq)]
pub struct Kept {
    /// Which.
    pub keeper: Keeper,
    /// When it ends, where it does.
    pub until: Option<String>,
    /// Somebody has switched it off.
    pub disabled: bool,
}

/// What became of the look at the schedules.
#[derive(Debug, Default)]
pub struct Looked {
    /// Those that stand.
    pub kept: Vec<Kept>,
    /// Looks that failed, by instance.
    faults: Vec<(Addr, Fault)>,
}

/// Returns the moment so many seconds from now, to the minute.
///
/// # Errors
/// Where there is no such moment.
pub fn until(seconds: i64) -> Result<String, Failure> {
    let now = jiff::Timestamp::now().as_second();
    let at = now.saturating_add(seconds) / 60 * 60;
    jiff::Timestamp::from_second(at)
        .map(|t| t.to_string())
        .map_err(|e| Failure::message(format!("--for: {e}")))
}

/// Says what the two do, as the end of a sentence.
pub fn promise(until: Option<&str>) -> String {
    let end = match until {
        Some(until) => format!(" until {until}"),
        None => ", for as long as you want".to_owned(),
    };
    format!(
        "AWS starts it by itself after seven days, and a schedule of EventBridge Scheduler stops it again within the \
         hour{end}; `cruddur-infra start` removes the schedule and starts it"
    )
}

/// Returns a name that is not too long: what is cut off is in the digest at its end.
fn short(name: &str) -> String {
    if name.len() <= LONGEST {
        return name.to_owned();
    }
    let digest: String = Sha256::digest(name.as_bytes())
        .iter()
        .take(4)
        .map(|b| format!("{b:02x}"))
        .collect();
    let head: String = name.chars().take(LONGEST - 9).collect();
    format!("{head}-{digest}")
}

impl Keeper {
    /// Returns the keeper of an instance.
    pub fn of(instance: &Addr) -> Self {
        let name = format!("{}-{SUFFIX}", instance.name);
        Keeper {
            instance: instance.clone(),
            role: Addr::new("iam_role", name.clone()),
            schedule: Addr::new("schedule", name),
        }
    }

    /// Returns the addresses of the two.
    pub fn entries(&self) -> [Addr; 2] {
        [self.role.clone(), self.schedule.clone()]
    }

    fn role_spec(&self, stack: &Stack) -> Value {
        let facts = &stack.facts;
        // names of roles are the account's, whatever the region
        let name = format!("{}-{}-{}", facts.stack, facts.region, self.role.name);
        let arn = format!("${{{}.arn}}", self.instance);
        json!({
            "name": short(&name),
            "description": format!("Lets a schedule stop {} again", self.instance),
            "assumed_by": "scheduler.amazonaws.com",
            "policies": [],
            "inline_policies": {"stop": {"Version": "2012-10-17", "Statement": [
                {"Effect": "Allow", "Action": "rds:StopDBInstance", "Resource": arn}]}},
        })
    }

    fn schedule_spec(&self, until: Option<&str>) -> Value {
        let mut spec = json!({
            "name": short(&self.schedule.name),
            "description": "Stops it again when AWS has started it",
            "expression": "rate(1 hour)",
            "action": "stop",
            "instance": format!("${{{}.identifier}}", self.instance),
            "role": format!("${{{}.arn}}", self.role),
            "state": "enabled",
            // a late call must not stop what was started meanwhile
            "retry_for": 0,
        });
        if let Some(until) = until {
            spec["until"] = until.into();
            spec["action_after_completion"] = "delete".into();
        }
        spec
    }

    /// Adds the two to a stack.
    ///
    /// # Errors
    /// Where the file has entries of these names.
    pub fn join(&self, stack: &mut Stack, until: Option<&str>) -> Result<(), Failure> {
        if let Some(taken) = self.in_file(stack) {
            return Err(Failure::with_help(
                format!("{taken} is in the file"),
                "that name is the one of what keeps an instance stopped; give the entry another one",
            ));
        }
        let role = open(stack, &self.role, &self.role_spec(stack))?;
        let schedule = open(stack, &self.schedule, &self.schedule_spec(until))?;
        stack.nodes.insert(self.role.clone(), role);
        stack.nodes.insert(self.schedule.clone(), schedule);
        let instance = self.instance.clone();
        let both = [instance.clone(), self.role.clone()].into();
        stack.after.insert(self.role.clone(), [instance].into());
        stack.after.insert(self.schedule.clone(), both);
        Ok(())
    }

    fn in_file(&self, stack: &Stack) -> Option<Addr> {
        let mut both = self.entries().into_iter();
        both.find(|a| stack.nodes.contains_key(a))
    }
}

fn open(stack: &Stack, addr: &Addr, spec: &Value) -> Result<Box<dyn Managed>, Failure> {
    let wrong = |what: String| Failure::message(format!("{addr}: {what}"));
    let mut kinds = stack.kinds.iter();
    let kind = kinds
        .find(|k| k.name() == addr.kind)
        .ok_or_else(|| wrong("there is no such kind".to_owned()))?;
    kind.open(&Node::from_json(spec, 0, 0)).map_err(|problems| {
        let all: Vec<String> = problems.into_iter().map(|p| p.message).collect();
        wrong(all.join("; "))
    })
}

/// Looks at one entry that is not in the stack; what it refers to need not be known.
async fn look(stack: &Stack, addr: &Addr, spec: &Value) -> Result<Option<Observed>, Fault> {
    let node =
        open(stack, addr, spec).map_err(|e| Fault::new("open", Class::Bug, format!("{e:?}")))?;
    let observed = node
        .observe(&stack.facts(addr, &Default::default()))
        .await?;
    let ours = observed.present().is_some_and(|p| p.owner == Owner::Ours);
    Ok(ours.then_some(observed))
}

/// Looks which instances are kept stopped: one call each, and none that waits for another.
pub async fn kept(stack: &Stack, scope: &BTreeSet<Addr>) -> Looked {
    let looks = stack
        .nodes
        .iter()
        .filter(|(addr, node)| node.stoppable() && scope.contains(*addr))
        .map(|(addr, _)| Keeper::of(addr))
        .filter(|keeper| keeper.in_file(stack).is_none())
        .map(|keeper| async move {
            let found = look(stack, &keeper.schedule, &keeper.schedule_spec(None)).await;
            (keeper, found)
        });
    let mut looked = Looked::default();
    for (keeper, found) in futures_util::future::join_all(looks).await {
        match found {
            Ok(None) => {}
            Ok(Some(observed)) => {
                let detail = |name| observed.present()?.details.get(name).cloned();
                looked.kept.push(Kept {
                    keeper,
                    until: detail("until"),
                    disabled: detail("state").is_some(),
                });
            }
            Err(fault) => looked.faults.push((keeper.instance, fault)),
        }
    }
    looked
}

impl Looked {
    /// Tells whether this belongs to what keeps an instance stopped.
    pub fn holds(&self, orphan: &Orphan) -> bool {
        let mut all = self.kept.iter();
        all.any(|k| k.keeper.entries().contains(&orphan.addr))
    }

    /// Returns what the user should know before a change. A look that failed matters only where an instance is stopped.
    pub fn warnings(&self, seen: &BTreeMap<Addr, Observed>) -> Vec<Diagnostic> {
        let stopped = |addr: &Addr| {
            let p = seen.get(addr).and_then(Observed::present);
            p.is_some_and(|p| p.readiness.rests().is_some())
        };
        let kept = self.kept.iter().map(|k| {
            Diagnostic::warning("the instance is kept stopped")
                .at(&k.keeper.instance)
                .detail(format!("{}.", sentence(k)))
                .help("`cruddur-infra start` removes the schedule and starts it")
        });
        let failed = self.faults.iter().filter(|(addr, _)| stopped(addr));
        let failed = failed.map(|(addr, fault)| unseen(addr, fault));
        kept.chain(failed).collect()
    }

    /// Returns what `status` says of an instance.
    pub fn detail(&self, instance: &Addr) -> Option<String> {
        let mut all = self.kept.iter();
        let kept = all.find(|k| &k.keeper.instance == instance)?;
        Some(format!(
            "{}; `cruddur-infra start` removes it",
            sentence(kept)
        ))
    }
}

fn sentence(kept: &Kept) -> String {
    if kept.disabled {
        return format!(
            "{} would stop it every hour, but is disabled",
            kept.keeper.schedule
        );
    }
    let end = kept.until.as_ref();
    let end = end.map(|u| format!(" until {u}")).unwrap_or_default();
    format!("{} stops it every hour{end}", kept.keeper.schedule)
}

fn unseen(addr: &Addr, fault: &Fault) -> Diagnostic {
    Diagnostic::warning("whether a schedule keeps it stopped could not be looked for")
        .at(addr)
        .detail(fault.to_string())
        .help("allow the read; a schedule that is there goes on stopping it every hour")
}

/// Returns which entries of these keepers are there, and what went wrong in looking.
///
/// # Errors
/// None; it has the form of what can be interrupted.
pub async fn standing(
    stack: &Stack,
    keepers: Vec<Keeper>,
) -> Result<(Vec<(Keeper, BTreeSet<Addr>)>, Vec<Diagnostic>), Failure> {
    let looks = keepers
        .into_iter()
        .filter(|keeper| keeper.in_file(stack).is_none())
        .map(|keeper| async move {
            let (role, schedule) = (keeper.role_spec(stack), keeper.schedule_spec(None));
            let both = futures_util::future::join(
                look(stack, &keeper.role, &role),
                look(stack, &keeper.schedule, &schedule),
            );
            (keeper.clone(), both.await)
        });
    let (mut found, mut wrong) = (Vec::new(), Vec::new());
    for (keeper, (role, schedule)) in futures_util::future::join_all(looks).await {
        let mut there = BTreeSet::new();
        for (addr, seen) in [(&keeper.role, role), (&keeper.schedule, schedule)] {
            match seen {
                Ok(Some(_)) => {
                    there.insert(addr.clone());
                }
                Ok(None) => {}
                Err(fault) => wrong.push(unseen(&keeper.instance, &fault)),
            }
        }
        if !there.is_empty() {
            found.push((keeper, there));
        }
    }
    Ok((found, wrong))
}

/// Adds keepers to a stack, and returns what of them is there.
///
/// # Errors
/// Where the file has entries of these names.
pub fn join(
    stack: &mut Stack,
    standing: &[(Keeper, BTreeSet<Addr>)],
) -> Result<BTreeSet<Addr>, Failure> {
    let mut all = BTreeSet::new();
    for (keeper, there) in standing {
        keeper.join(stack, None)?;
        all.extend(there.iter().cloned());
    }
    Ok(all)
}
