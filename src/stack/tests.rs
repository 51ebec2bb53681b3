//! The loader on texts, with the real kinds and no network.

use super::*;
use crate::kinds;
use crate::model::Addr;
use std::collections::BTreeSet;

const SHIPPED: &str = include_str!("../../stack.yaml");

fn load(text: &str) -> Loaded {
    parse("stack.yaml", text, &kinds::offline())
}

fn found(text: &str) -> Vec<String> {
    let loaded = load(text);
    let mut found: Vec<_> = loaded
        .diagnostics
        .iter()
        .map(|d| {
            let s = d.span.clone().unwrap();
            let help = d
                .help
                .as_ref()
                .map(|h| format!(" | {h}"))
                .unwrap_or_default();
            format!("{}:{} {}{help}", s.line, s.column, d.summary)
        })
        .collect();
    found.sort();
    found
}

fn after(loaded: &Loaded, addr: &str) -> BTreeSet<String> {
    loaded.after[&addr.parse::<Addr>().unwrap()]
        .iter()
        .map(ToString::to_string)
        .collect()
}

fn set(names: &[&str]) -> BTreeSet<String> {
    names.iter().map(|n| (*n).to_owned()).collect()
}

#[test]
fn the_shipped_file_is_valid_and_its_edges_are_those_of_its_references() {
    let loaded = load(SHIPPED);
    assert_eq!(loaded.diagnostics, vec![]);
    assert_eq!(loaded.name, "cruddur");
    assert_eq!(loaded.region.as_deref(), Some("us-west-2"));
    assert_eq!(loaded.entries.len(), 11, "ten kinds, two scripts");
    assert_eq!(after(&loaded, "rds_instance.main"), set(&[]));
    assert_eq!(
        after(&loaded, "lambda_function.post-confirmation"),
        set(&[
            "rds_instance.main",
            "iam_role.post-confirmation",
            "lambda_layer.psycopg2",
            "postgres_role.app"
        ])
    );
    // the permission comes along with the trigger, and before it
    assert_eq!(
        after(&loaded, "cognito_trigger.sign-up"),
        set(&[
            "lambda_function.post-confirmation",
            "lambda_permission.sign-up"
        ])
    );
    // a script connects, so that it comes after the rule that opens the way
    assert_eq!(
        after(&loaded, "sql_script.schema"),
        set(&["rds_instance.main", "security_group_rule.workspace"])
    );
    // and so does a role, after the script that makes its tables
    assert_eq!(
        after(&loaded, "postgres_role.app"),
        set(&[
            "rds_instance.main",
            "security_group_rule.workspace",
            "sql_script.schema"
        ])
    );
    assert_eq!(
        loaded.variables().keys().collect::<Vec<_>>(),
        [
            "COGNITO_USER_POOL_ID",
            "CRUDDUR_APP_PASSWORD",
            "CRUDDUR_DB_PASSWORD"
        ]
    );
}

#[test]
fn top_level_mistakes_are_named_with_what_to_write() {
    assert_eq!(
        found("stack: a b\nregion: nowhere\naccount: 12\nrds_instance: {}\nlambda_functons: {}\n"),
        [
            "1:8 `stack` is no name | write up to 64 letters, digits, `-` and `_`, as in `stack: cruddur`",
            "2:9 `region` is no AWS region | write it as in `region: us-west-2`",
            "3:10 `account` is no AWS account | write its twelve digits in quotes, as in `account: \"123456789012\"`",
            "4:1 unknown key `rds_instance` | did you mean `rds_instances`?",
            "5:1 unknown key `lambda_functons` | did you mean `lambda_functions`?",
        ]
    );
    assert_eq!(found("region: us-west-2\n").len(), 1);
    assert_eq!(found("- a\n").len(), 1);
    assert_eq!(found("").len(), 1);
}

#[test]
fn references_that_lead_nowhere_are_named() {
    let text = "stack: s\nsql_scripts:\n  a: { database: \"${rds_instance.man.connection_url}\", file: a.sql }\n  b: { database: \"${env.X}\", file: a.sql, after: [sql_script.aa] }\n  c: { database: \"${rds_instances.a.connection_url}\", file: a.sql }\n  d: { database: \"${iam_role.r.anr}\", file: a.sql }\niam_roles:\n  r: { name: r, assumed_by: lambda.amazonaws.com }\n";
    assert_eq!(
        found(text),
        [
            "3:18 rds_instance.man is not in this file",
            "4:51 after: sql_script.aa is not in this file | did you mean `sql_script.a`?",
            "5:18 there is no kind `rds_instances` | write the singular: `rds_instance`",
            "6:18 iam_role.r has no output `anr` | did you mean `arn`?",
        ]
    );
}

#[test]
fn circles_are_shown_with_their_way() {
    let text = "stack: s\nsql_scripts:\n  a: { database: \"${env.X}\", file: a.sql, after: [sql_script.b] }\n  b: { database: \"${env.X}\", file: a.sql, after: [sql_script.a] }\n";
    let loaded = load(text);
    assert_eq!(loaded.diagnostics.len(), 1);
    let d = &loaded.diagnostics[0];
    assert_eq!(d.summary, "the references go in a circle");
    assert_eq!(d.detail, "sql_script.a → sql_script.b → sql_script.a");
    assert_eq!(d.span.as_ref().unwrap().line, 3);
}

#[test]
fn a_permission_that_the_file_writes_itself_is_used() {
    let text = format!(
        "{SHIPPED}\nlambda_permissions:\n  sign-up: {{ function: \"${{lambda_function.post-confirmation.arn}}\", user_pool: \"${{env.COGNITO_USER_POOL_ID}}\", statement_id: mine }}\n"
    );
    let loaded = load(&text);
    assert_eq!(loaded.diagnostics, vec![]);
    assert_eq!(loaded.entries.len(), 11);
    assert!(after(&loaded, "cognito_trigger.sign-up").contains("lambda_permission.sign-up"));
}

#[test]
fn unset_variables_are_named_where_they_stand() {
    let loaded = load(SHIPPED);
    let unset = loaded.unset(|name| name.ends_with("_PASSWORD"));
    assert_eq!(unset.len(), 1);
    assert!(unset[0].summary.contains("COGNITO_USER_POOL_ID"));
    let line = unset[0].span.as_ref().unwrap().line;
    assert!(
        SHIPPED
            .lines()
            .nth(line - 1)
            .unwrap()
            .contains("COGNITO_USER_POOL_ID")
    );
}

#[test]
fn the_schema_knows_every_section_and_the_common_keys() {
    let schema = schema(&kinds::offline());
    for kind in kinds::offline() {
        let section = &schema["properties"][kind.section()]["additionalProperties"];
        assert!(
            section["properties"]["after"].is_object(),
            "{}",
            kind.section()
        );
        assert!(
            section["properties"]["adopt"].is_object(),
            "{}",
            kind.section()
        );
    }
}

#[test]
fn the_graph_names_every_edge() {
    let loaded = load(SHIPPED);
    let dot = dot(&loaded.after);
    assert!(dot.contains("\"rds_instance.main\" -> \"sql_script.schema\";"));
    let mermaid = mermaid(&loaded.after);
    assert!(mermaid.contains("rds_instance_main --> sql_script_schema"));
}

proptest::proptest! {
    #[test]
    fn no_text_makes_the_loader_panic(
        lines in proptest::collection::vec("[a-z_]{0,12}: ?(\\$\\{[a-z.]{0,10}\\}?|\\[|\\{\\}|[0-9]{0,5}|~)?", 0..12)
    ) {
        let _ = load(&lines.join("\n  "));
    }
}
