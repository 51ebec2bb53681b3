use super::*;
use crate::model::{Addr, Cost, Kept, PriceList, TableHeld, Unseen};

fn remnant(what: &str, id: &str, usd: Option<f64>) -> Remnant {
    Remnant {
        addr: "rds_instance.main".to_owned(),
        what: what.to_owned(),
        id: id.to_owned(),
        about: "of 20 GiB".to_owned(),
        passes: None,
        cost: Some(Cost {
            usd_a_month: usd,
            assumption: "20 GiB at $0.095".to_owned(),
        }),
        remove: Some(format!("aws delete {id}")),
    }
}

fn receipt(remains: Vec<Remnant>) -> Receipt {
    Receipt {
        stack: "cruddur".to_owned(),
        remains,
        prices: PriceList {
            as_of: "2026-11".to_owned(),
            region: "us-west-2".to_owned(),
        },
        ..Receipt::default()
    }
    .summed()
}

#[test]
fn what_stays_is_written_with_its_price_and_the_way_to_be_rid_of_it() {
    let interface = Remnant {
        what: "network interface".to_owned(),
        passes: Some("within 20 minutes".to_owned()),
        cost: None,
        ..remnant("", "eni-1", None)
    };
    let mut all = receipt(vec![
        remnant("snapshot", "main-final", Some(1.9)),
        interface,
    ]);
    assert_eq!(
        receipt_human(&all, &Style::plain(0)),
        "What stays in the account:
  snapshot main-final: of 20 GiB
      about $1.90 a month (20 GiB at $0.095)
      aws delete main-final

What goes by itself:
  network interface eni-1: of 20 GiB
      within 20 minutes
      aws delete eni-1

1 thing stays, 1 goes by itself: about $1.90 a month (prices of us-west-2, 2026-11).
"
    );
    all.kept = vec![Kept {
        addr: Addr::new("iam_role", "a"),
        because: "not ours: it has no tag of this stack".to_owned(),
    }];
    all.unseen = vec![Unseen {
        addr: "lambda_function.f".to_owned(),
        what: "its log group".to_owned(),
        because: "logs:DescribeLogGroups: AccessDenied: no\u{1b}[2J".to_owned(),
    }];
    let text = receipt_human(&all.summed(), &Style::plain(0));
    assert!(
        text.starts_with("Still there:\n  iam_role.a: not ours"),
        "{text}"
    );
    assert!(
        text.contains("Could not be looked at:\n  lambda_function.f, its log group: logs:Describe"),
        "{text}"
    );
    assert!(text.contains("besides what is still there"), "{text}");
    assert!(!text.contains('\u{1b}'), "{text}");
}

#[test]
fn no_price_is_not_free_and_nothing_is_no_text() {
    assert_eq!(receipt_human(&receipt(vec![]), &Style::plain(0)), "");
    let unknown = receipt(vec![remnant("snapshot", "s", None)]);
    assert!(!unknown.complete);
    let text = receipt_human(&unknown, &Style::plain(0));
    assert!(
        text.ends_with("1 thing stays; what that costs in us-west-2 is not known here.\n"),
        "{text}"
    );
    let half = receipt(vec![
        remnant("snapshot", "s", None),
        remnant("snapshot", "t", Some(0.5)),
    ]);
    assert!(!half.complete);
    let free = receipt(vec![Remnant {
        cost: None,
        ..remnant("layer version", "l", None)
    }]);
    let text = receipt_human(&free, &Style::plain(0));
    assert!(text.ends_with("1 thing stays, at no cost.\n"), "{text}");
}

#[test]
fn what_a_database_holds_is_named_table_by_table() {
    let table = |name: &str, rows: &str| TableHeld {
        name: name.to_owned(),
        rows: rows.to_owned(),
        empty: rows == "0",
        bytes: 49_152,
    };
    let database = |name: &str, tables| DatabaseHeld {
        name: name.to_owned(),
        bytes: Some(8_290_000),
        tables,
        unseen: None,
    };
    let mut denied = database("private", vec![]);
    denied.unseen = Some("permission denied".to_owned());
    let held = [
        Holding {
            addr: Addr::new("rds_instance", "main"),
            id: "cruddur-db".to_owned(),
            databases: vec![
                database(
                    "cruddur",
                    vec![
                        table("public.activities", "1"),
                        table("public.users", "at least 1000000"),
                    ],
                ),
                database("postgres", vec![]),
                denied,
            ],
            unseen: None,
        },
        Holding {
            addr: Addr::new("rds_instance", "other"),
            id: "other-db".to_owned(),
            databases: vec![],
            unseen: Some("it is stopped".to_owned()),
        },
    ];
    assert_eq!(
        holdings_human(&held, &Style::plain(0)),
        "rds_instance.main (cruddur-db) holds:
  database cruddur (7.9 MiB):
    public.activities: 1 row, 48.0 KiB
    public.users: at least 1000000 rows, 48.0 KiB
  database postgres (7.9 MiB): no tables
  database private (7.9 MiB): could not be looked at: permission denied
rds_instance.other (other-db): what it holds could not be looked at: it is stopped
"
    );
}
