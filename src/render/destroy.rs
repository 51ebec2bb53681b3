//! What a person is asked before something is lost.

use super::page::{Page, clean};
use super::plan::place;
use super::style::{Style, Tone};
use super::value;
use crate::model::{Action, Change, Force, Plan};

/// Writes what would be lost, and asks for the stack's name. What holds data by its own words comes first.
pub fn destroy_question(plan: &Plan) -> String {
    let style = Style::plain(0);
    let mut page = Page::new(&style);
    let mut lost: Vec<&Change> = plan
        .changes
        .iter()
        .filter(|c| matches!(c.action, Action::Delete | Action::Replace) || loses_data(c))
        .collect();
    lost.sort_by_key(|c| !loses_data(c));
    if !lost.is_empty() {
        let place = place(plan);
        let of = if place.is_empty() {
            String::new()
        } else {
            format!(", in {place}")
        };
        page.line(&format!("This will be lost{of}:"));
    }
    for change in lost {
        let how = match change.action {
            Action::Delete => String::new(),
            Action::Replace => ", which is deleted and made again".to_owned(),
            _ => ", which stays, without its data".to_owned(),
        };
        let id = change.id.as_deref().map(|id| format!(" ({})", clean(id)));
        page.line(&format!(
            "  - {}{}{how}",
            change.addr,
            id.unwrap_or_default()
        ));
        for field in &change.diff.0 {
            if let Some(why) = &field.why
                && field.force != Force::Update
            {
                let have = value::inline(&field.before, &style);
                page.prose(
                    "      ",
                    Tone::Plain,
                    &format!("{} ({have}): {why}", field.path),
                );
            }
        }
    }
    let with: Vec<&Change> = plan
        .changes
        .iter()
        .filter(|c| c.action == Action::Forget)
        .collect();
    if !with.is_empty() {
        page.line("And with it:");
    }
    for change in with {
        page.line(&format!("  - {}: {}", change.addr, clean(&change.reason)));
    }
    let options = &plan.options;
    if options.skip_final_snapshot {
        page.line("No final snapshot of a database is taken (--skip-final-snapshot).");
    } else if let Some(name) = &options.final_snapshot {
        page.line(&format!(
            "A final snapshot of a database is taken first, {}.",
            clean(name)
        ));
    }
    page.gap();
    let text = page.finish();
    format!("{text}Type the stack's name, {}, to go on:", plan.stack)
}

fn loses_data(change: &Change) -> bool {
    matches!(change.diff.force(), Some(Force::Consent | Force::Refuse))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::testing::{change, plan};

    #[test]
    fn everything_that_is_lost_is_named() {
        let mut role = change("iam_role.a", Action::Delete, "the stack owns it");
        role.id = Some("cruddur-role".to_owned());
        let mut db = change("rds_instance.main", Action::Replace, "");
        db.diff
            .note("storage_encrypted", false, true, Force::Refuse)
            .why("encryption cannot be switched on");
        let with = change(
            "security_group_rule.w",
            Action::Forget,
            "goes with rds_instance.main",
        );
        let kept = change("iam_policy.p", Action::NoOp, "not there");
        assert_eq!(
            destroy_question(&plan(vec![role, with, db, kept])),
            "This will be lost, in account 123456789012, region us-west-2:
  - rds_instance.main, which is deleted and made again
      storage_encrypted (false): encryption cannot be switched on
  - iam_role.a (cruddur-role)
And with it:
  - security_group_rule.w: goes with rds_instance.main

Type the stack's name, cruddur, to go on:"
        );
    }
}
