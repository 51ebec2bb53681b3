//! What things cost that stay behind: a small table with a date (aws-facts §7). A region that is not in it has no price,
//! because a wrong one is worse.

use crate::model::{Cost, PriceList};

/// The month of the table.
const AS_OF: &str = "2026-11";

/// Region, backup storage of RDS and stored logs, both in US dollars a GiB and month.
const TABLE: &[(&str, f64, f64)] = &[("us-east-1", 0.095, 0.03), ("us-west-2", 0.095, 0.03)];

const GIB: f64 = 1024.0 * 1024.0 * 1024.0;

/// Says which table prices come from.
pub fn price_list(region: &str) -> PriceList {
    PriceList {
        as_of: AS_OF.to_owned(),
        region: region.to_owned(),
    }
}

/// Returns what a snapshot or a kept backup of a database costs.
pub fn backup_cost(region: &str, gib: i32) -> Cost {
    let price = row(region).map(|(backup, _)| backup);
    let size = f64::from(gib);
    let how = match price {
        Some(price) => format!(
            "at most: {gib} GiB at ${price} each; AWS counts the data in it, and backups are free up to the size of the \
             region's running databases"
        ),
        None => no_price(region),
    };
    Cost {
        usd_a_month: price.map(|price| cents(price * size)),
        assumption: how,
    }
}

/// Returns what stored logs cost.
pub fn log_cost(region: &str, bytes: i64) -> Cost {
    let price = row(region).map(|(_, logs)| logs);
    #[allow(clippy::cast_precision_loss)] // a price is no exact number
    let gib = bytes.max(0) as f64 / GIB;
    let how = match price {
        Some(price) => format!("{bytes} bytes at ${price} a GiB; AWS counts them about once a day"),
        None => no_price(region),
    };
    Cost {
        usd_a_month: price.map(|price| cents(price * gib)),
        assumption: how,
    }
}

fn no_price(region: &str) -> String {
    format!("no price of {region} is known to this program: see AWS's price pages")
}

fn row(region: &str) -> Option<(f64, f64)> {
    let of_region = |row: &&(&str, f64, f64)| row.0 == region;
    TABLE.iter().find(of_region).map(|row| (row.1, row.2))
}

fn cents(usd: f64) -> f64 {
    (usd * 100.0).round() / 100.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_region_without_a_price_has_none_rather_than_a_wrong_one() {
        let cost = backup_cost("us-west-2", 20);
        assert_eq!(cost.usd_a_month, Some(1.9));
        assert!(cost.assumption.contains("20 GiB at $0.095"), "{cost:?}");
        for cost in [
            backup_cost("eu-north-1", 20),
            log_cost("us-gov-west-1", 1 << 30),
        ] {
            assert_eq!(cost.usd_a_month, None);
            assert!(cost.assumption.contains("no price of"), "{cost:?}");
        }
        assert_eq!(log_cost("us-east-1", 100 << 30).usd_a_month, Some(3.0));
        assert_eq!(log_cost("us-east-1", -1).usd_a_month, Some(0.0));
    }
}
