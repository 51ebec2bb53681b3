//! Stops and starts what can be stopped.

use super::apply::{Emitter, RunSettings};
use super::wait::{Pace, millis};
use super::{Seen, Stack};
use crate::model::{
    Action, Addr, Class, Event, Fault, Observed, Owner, Power, Readiness, Residue, RunSummary,
};
use futures_util::stream::{FuturesUnordered, StreamExt};
use std::collections::BTreeSet;

/// Stops or starts the entries that can be, and waits until they are. What is there already is left alone.
pub async fn power(
    stack: &Stack,
    targets: &BTreeSet<Addr>,
    way: Power,
    seen: &Seen,
    settings: &RunSettings,
    events: &Emitter,
) -> RunSummary {
    let started = settings.clock.now();
    let mut summary = RunSummary::default();
    events.send(Event::Planned {
        steps: targets.len(),
    });
    let mut runs: FuturesUnordered<_> = targets
        .iter()
        .map(|addr| async move {
            let began = settings.clock.now();
            let result = one(stack, addr, way, seen, settings, events).await;
            (addr, result, millis(settings.clock.now() - began))
        })
        .collect();
    while let Some((addr, result, seconds)) = runs.next().await {
        match result {
            Ok(Some(status)) => {
                summary.accepted.push(addr.clone());
                events.send(Event::Accepted {
                    addr: addr.clone(),
                    status,
                });
            }
            Ok(None) => {
                summary.done.push(addr.clone());
                events.send(Event::Done {
                    addr: addr.clone(),
                    action: Action::Update,
                    seconds,
                    power: Some(way),
                });
            }
            Err(fault) => {
                summary.interrupted |= fault.class == Class::Interrupted;
                summary.fail(addr.clone(), &fault);
                events.send(Event::Failed {
                    addr: addr.clone(),
                    fault,
                });
            }
        }
    }
    summary.seconds = millis(settings.clock.now() - started);
    events.send(Event::Finished {
        summary: summary.clone(),
    });
    summary
}

async fn one(
    stack: &Stack,
    addr: &Addr,
    way: Power,
    seen: &Seen,
    settings: &RunSettings,
    events: &Emitter,
) -> Result<Option<String>, Fault> {
    let node = &stack.nodes[addr];
    let facts = stack.facts(addr, &seen.outputs);
    let mut pace = Pace::new(settings.clock.as_ref(), &settings.stop, node.wait());
    let mut called = false;
    let mut begun = false;
    let begin = |begun: &mut bool| {
        if !std::mem::replace(begun, true) {
            events.send(Event::Started {
                addr: addr.clone(),
                action: Action::Update,
                power: Some(way),
            });
        }
    };
    loop {
        if settings.stop.is_cancelled() {
            return Err(super::wait::interrupted("stop and start"));
        }
        let Observed::Present(p) = node.observe(&facts).await? else {
            return Err(Fault::new(
                node.kind(),
                Class::NotFound,
                format!("{addr} does not exist"),
            )
            .help("run `cruddur-infra apply` to make it"));
        };
        let whose = match &p.owner {
            Owner::Ours | Owner::Untaggable => None,
            Owner::Nobody => Some("has no tag of this stack".to_owned()),
            Owner::Other(stack) => Some(format!("belongs to stack {stack}")),
        };
        if let Some(whose) = whose {
            return Err(Fault::new(
                node.kind(),
                Class::Conflict,
                format!("{addr} {whose}, and is not this stack's to stop and start"),
            ));
        }
        let status = match (p.readiness, way) {
            // the user has decided what it is to be: what a change had left to do is over
            (Readiness::Parked(_), Power::Stop) | (Readiness::Ready, Power::Start) => {
                if !p.to_stop {
                    return Ok(None);
                }
                match node.mark_to_stop(&facts, false).await {
                    Ok(()) => return Ok(None),
                    // it cannot be taken off what stands still; `start` does that
                    Err(fault) if fault.class == Class::Busy && way == Power::Stop => {
                        return Ok(None);
                    }
                    Err(fault) if fault.class == Class::Busy => fault.message,
                    Err(fault) => return Err(fault),
                }
            }
            (Readiness::Failed(why), _) => {
                return Err(Fault::new(node.kind(), Class::Invalid, why).residue(Residue::Remains));
            }
            (Readiness::Leaving(word), _) => {
                return Err(Fault::new(
                    node.kind(),
                    Class::Invalid,
                    format!("{addr} is {word}"),
                ));
            }
            (Readiness::Pending(word) | Readiness::Parking(word), _) => {
                begin(&mut begun);
                word
            }
            (Readiness::Ready | Readiness::Parked(_), _) if called => "not visible yet".to_owned(),
            (Readiness::Ready | Readiness::Parked(_), _) => {
                begin(&mut begun);
                let call = match way {
                    Power::Stop => node.stop(&facts).await,
                    Power::Start => node.start(&facts).await,
                };
                match call {
                    Ok(()) => called = true,
                    Err(fault) if fault.class == Class::Busy => {}
                    Err(fault) => return Err(fault),
                }
                "requested".to_owned()
            }
        };
        if called && settings.no_wait && status != "requested" {
            return Ok(Some(status));
        }
        events.send(Event::Waiting {
            addr: addr.clone(),
            status: status.clone(),
            seconds: pace.seconds(),
            limit: pace.limit(),
        });
        pace.pause(addr, &status).await?;
    }
}
