//! The words and signs of the vocabulary.

use super::style::{Style, Tone};
use crate::model::{Action, Effect, Force, Power, Residue};

/// The sign of an action.
pub(super) fn sign(action: Action, style: &Style) -> &'static str {
    match action {
        Action::NoOp => "=",
        Action::Wait => style.dots(),
        Action::Create => "+",
        Action::Update => "~",
        Action::Replace => "-/+",
        Action::Delete => "-",
        Action::Adopt => "<=",
        Action::Forget => "x",
    }
}

/// The action as an order.
pub(super) fn order(action: Action) -> &'static str {
    match action {
        Action::NoOp => "keep",
        Action::Wait => "wait",
        Action::Create => "create",
        Action::Update => "update",
        Action::Replace => "replace",
        Action::Delete => "delete",
        Action::Adopt => "adopt",
        Action::Forget => "forget",
    }
}

/// The action while it goes on.
pub(super) fn doing(action: Action, power: Option<Power>) -> &'static str {
    match power {
        Some(Power::Stop) => return "stopping",
        Some(Power::Start) => return "starting",
        None => {}
    }
    match action {
        Action::NoOp => "looking",
        Action::Wait => "waiting",
        Action::Create => "creating",
        Action::Update => "updating",
        Action::Replace => "replacing",
        Action::Delete => "deleting",
        Action::Adopt => "adopting",
        Action::Forget => "forgetting",
    }
}

/// The action when it is over.
pub(super) fn done(action: Action, power: Option<Power>) -> &'static str {
    match power {
        Some(Power::Stop) => return "stopped",
        Some(Power::Start) => return "started",
        None => {}
    }
    match action {
        Action::NoOp => "unchanged",
        Action::Wait => "ready",
        Action::Create => "created",
        Action::Update => "updated",
        Action::Replace => "replaced",
        Action::Delete => "deleted",
        Action::Adopt => "adopted",
        Action::Forget => "forgotten",
    }
}

/// The colour of an action.
pub(super) fn tone(action: Action) -> Tone {
    match action {
        Action::NoOp | Action::Forget => Tone::Faint,
        Action::Wait => Tone::Wait,
        Action::Create | Action::Adopt => Tone::Add,
        Action::Update => Tone::Change,
        Action::Replace | Action::Delete => Tone::Remove,
    }
}

/// What the change does to users of the object, where they notice.
pub(super) fn effect(effect: Effect) -> Option<&'static str> {
    match effect {
        Effect::None => None,
        Effect::Restart => Some("restart"),
        Effect::Outage => Some("outage of minutes"),
        Effect::Deferred => Some("in the maintenance window"),
    }
}

/// How strong the change is, where that is more than an update in place.
pub(super) fn force(force: Force) -> Option<&'static str> {
    match force {
        Force::Update => None,
        Force::Consent => Some("loses data"),
        Force::Replace => Some("forces a replacement"),
        Force::Refuse => Some("forces a replacement, and it holds data"),
    }
}

/// What a failed call left behind, in a sentence.
pub(super) fn residue(residue: Residue) -> &'static str {
    match residue {
        Residue::Nothing => "nothing was changed",
        Residue::Remains => "it remains, and the next run goes on from it",
        Residue::Unknown => "it cannot be told what was changed; the next run looks",
    }
}

/// `1 error`, `2 errors`.
pub(super) fn many(count: usize, one: &str, more: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { more })
}
