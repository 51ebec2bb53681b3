//! What a plan promises of one object, held against what is there when the change goes out.

use super::{Action, Change, Diff, FieldChange, Force, Shown};
use serde_json::Value;

impl Change {
    /// Tells whether a final diff is no stronger than what was promised, and overwrites nothing that the plan did not
    /// see; or says what is new. `by_us` says that this run has made the object: then nobody else has set anything on it.
    ///
    /// # Errors
    /// The sentence that names the surprise.
    pub fn admits(&self, fin: &Diff, by_us: bool) -> Result<(), String> {
        fin.0.iter().try_for_each(|field| self.admit(field, by_us))
    }

    fn admit(&self, field: &FieldChange, by_us: bool) -> Result<(), String> {
        let path = &field.path;
        let plain = field.force == Force::Update;
        let promised = self
            .diff
            .0
            .iter()
            .find(|p| p.path == *path && p.after == field.after);
        match (self.action, promised) {
            // of something new, everything may still have to be completed
            (Action::Create | Action::Replace, _) if plain && by_us => Ok(()),
            // another run has made it meanwhile: what is missing is completed, and what is set is not overwritten
            (Action::Create, _) if plain && adds(field) => Ok(()),
            (Action::Create, _) if plain => Err(format!(
                "another run has made it since the plan was made, and {path} is {} there",
                in_words(&field.before)
            )),
            (Action::Replace, None) if plain && adds(field) => Ok(()),
            // what the plan could not compare yet it could not show, and what comes before it may change it in this run
            (Action::Update | Action::Adopt, _) if !self.deferred.is_empty() && plain => Ok(()),
            (Action::Update | Action::Adopt, Some(p)) => unmoved(p, field),
            (Action::Replace, Some(p)) if plain => unmoved(p, field),
            _ => Err(format!("{path} was not in the plan")),
        }
    }
}

/// Tells whether nothing is there that the change would overwrite.
fn adds(field: &FieldChange) -> bool {
    match &field.before {
        Shown::Value(Value::Null) => true,
        Shown::Value(Value::Array(items)) => items.is_empty(),
        Shown::Value(Value::String(text)) => text.is_empty(),
        _ => false,
    }
}

/// Fails where a field is not as the plan saw it. Of what is to be removed, a part may be gone already. A secret cannot
/// be told from another: nobody has seen either.
fn unmoved(then: &FieldChange, now: &FieldChange) -> Result<(), String> {
    let emptied = match &now.after {
        Shown::Value(Value::Null) => true,
        Shown::Value(Value::Array(items)) => items.is_empty(),
        _ => false,
    };
    let less = match (&then.before, &now.before) {
        (Shown::Value(Value::Array(all)), Shown::Value(Value::Array(left))) => {
            emptied && left.iter().all(|item| all.contains(item))
        }
        _ => false,
    };
    if less || then.before == now.before {
        return Ok(());
    }
    Err(format!(
        "{} was {} when the plan was made, and is {} now",
        now.path,
        in_words(&then.before),
        in_words(&now.before)
    ))
}

/// The longest value that is told in a sentence, in characters.
const TOLD: usize = 80;

fn in_words(value: &Shown) -> String {
    match value {
        Shown::Value(Value::Null) => "not set".to_owned(),
        Shown::Value(value) => match value.to_string() {
            text if text.chars().count() <= TOLD => text,
            _ => "something longer".to_owned(),
        },
        Shown::Secret => "a secret".to_owned(),
        Shown::Digest(digest) => format!("the content {digest}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Addr, OutputRef};
    use serde_json::json;

    fn change(action: Action, before: impl Into<Shown>, after: impl Into<Shown>) -> Change {
        Change {
            addr: Addr::new("thing", "a"),
            action,
            reason: String::new(),
            diff: diff(before, after),
            deferred: Vec::new(),
            after: Vec::new(),
            lock: None,
            calls: Vec::new(),
            around: None,
            refused: None,
            fingerprint: None,
            id: None,
        }
    }

    fn diff(before: impl Into<Shown>, after: impl Into<Shown>) -> Diff {
        let mut diff = Diff::default();
        diff.note("timeout", before, after, Force::Update);
        diff
    }

    #[test]
    fn what_was_promised_is_admitted_while_it_is_as_the_plan_saw_it() {
        for action in [Action::Update, Action::Adopt, Action::Replace] {
            let change = change(action, 3, 5);
            assert_eq!(change.admits(&diff(3, 5), false), Ok(()), "{action:?}");
            let moved = "timeout was 3 when the plan was made, and is 4 now";
            let found = change.admits(&diff(4, 5), false);
            assert_eq!(found, Err(moved.to_owned()), "{action:?}");
            assert!(change.admits(&diff(3, 6), false).is_err(), "{action:?}");
        }
        // whatever this run has made itself is completed
        assert_eq!(
            change(Action::Replace, 3, 5).admits(&diff(4, 5), true),
            Ok(())
        );
        assert!(
            change(Action::Update, 3, 5)
                .admits(&diff(4, 5), true)
                .is_err()
        );
    }

    #[test]
    fn of_what_somebody_else_has_made_only_gaps_are_filled() {
        let planned = change(Action::Create, Shown::NOTHING, 5);
        assert_eq!(planned.admits(&diff(3, 5), true), Ok(()));
        assert_eq!(planned.admits(&diff(Shown::NOTHING, 5), false), Ok(()));
        assert_eq!(
            planned.admits(&diff(json!([]), json!(["a"])), false),
            Ok(())
        );
        let theirs = planned.admits(&diff(3, 5), false);
        assert!(theirs.is_err_and(|what| what.contains("another run has made it")));
        let secret = planned.admits(&diff(Shown::Secret, Shown::Secret), false);
        assert!(secret.is_err_and(|what| what.contains("is a secret there")));
    }

    #[test]
    fn of_what_is_removed_a_part_may_be_gone() {
        let planned = change(Action::Update, json!([1, 2]), json!([]));
        assert_eq!(planned.admits(&diff(json!([2]), json!([])), false), Ok(()));
        assert!(
            planned
                .admits(&diff(json!([2, 3]), json!([])), false)
                .is_err()
        );
        // a list that gets other members is compared as a whole
        let planned = change(Action::Update, json!([1, 2]), json!([3]));
        assert!(
            planned
                .admits(&diff(json!([2]), json!([3])), false)
                .is_err()
        );
    }

    #[test]
    fn what_could_not_be_compared_is_settled_later() {
        let mut planned = change(Action::Update, 3, 5);
        planned.diff = Diff::default();
        assert!(planned.admits(&diff(3, 5), false).is_err());
        planned.deferred = vec![OutputRef::new(Addr::new("thing", "b"), "token")];
        assert_eq!(planned.admits(&diff(3, 5), false), Ok(()));
    }

    #[test]
    fn long_values_are_not_spelled_out() {
        let planned = change(Action::Update, "x".repeat(200), "y");
        let found = planned.admits(&diff("z".repeat(200), "y"), false);
        let told =
            "timeout was something longer when the plan was made, and is something longer now";
        assert_eq!(found, Err(told.to_owned()));
    }
}
