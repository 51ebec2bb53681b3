//! What a destroy leaves behind: the receipt, as plain data.

use super::Addr;
use serde::{Deserialize, Serialize};

/// Something that stays in the account after what it belongs to is gone.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Remnant {
    /// The entry that it was of.
    #[serde(rename = "address")]
    pub addr: String,
    /// What it is, in a word or two: `snapshot`, `log group`.
    pub what: String,
    /// What AWS calls it.
    pub id: String,
    /// What else is to be known of it.
    pub about: String,
    /// How it goes by itself, where it does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub passes: Option<String>,
    /// What it costs, where it costs anything or that is not known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cost: Option<Cost>,
    /// The command that deletes it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub remove: Option<String>,
}

/// What something costs.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Cost {
    /// About so many US dollars a month; nothing where no price is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub usd_a_month: Option<f64>,
    /// How that was reckoned, or why it was not.
    pub assumption: String,
}

/// What was found, and what could not be looked at.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Remains {
    /// What stays.
    pub found: Vec<Remnant>,
    /// What could not be looked at, and why.
    pub unseen: Vec<Unseen>,
}

impl Remains {
    /// Adds what another look told.
    pub fn add(&mut self, more: Remains) {
        self.found.extend(more.found);
        self.unseen.extend(more.unseen);
    }

    /// Notes what a look found, or why it told nothing. A denied look is not the same as nothing there.
    pub fn note<E: std::fmt::Display>(
        &mut self,
        addr: &Addr,
        what: &str,
        look: Result<Vec<Remnant>, E>,
    ) {
        match look {
            Ok(found) => self.found.extend(found),
            Err(error) => self.unseen.push(Unseen {
                addr: addr.to_string(),
                what: what.to_owned(),
                because: error.to_string(),
            }),
        }
    }
}

/// Something that could not be looked at.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unseen {
    /// The entry that it would be of.
    #[serde(rename = "address")]
    pub addr: String,
    /// What was looked for.
    pub what: String,
    /// Why nothing can be said.
    pub because: String,
}

/// Something that is gone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Deleted {
    /// The entry.
    #[serde(rename = "address")]
    pub addr: Addr,
    /// What AWS called it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
}

/// An entry whose object is still there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Kept {
    /// The entry.
    #[serde(rename = "address")]
    pub addr: Addr,
    /// Why.
    pub because: String,
}

/// Where prices come from.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PriceList {
    /// The month of the table.
    pub as_of: String,
    /// The region that they are of.
    pub region: String,
}

/// What a destroy has deleted, what it leaves, and what that still costs.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Receipt {
    /// The stack's name.
    pub stack: String,
    /// The account.
    pub account: String,
    /// The region.
    pub region: String,
    /// When it was written, RFC 3339 in UTC.
    pub at: String,
    /// What is gone.
    pub deleted: Vec<Deleted>,
    /// What the databases held that are gone, or that were to go.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub held: Vec<Holding>,
    /// Entries whose objects are still there.
    pub kept: Vec<Kept>,
    /// What stays in the account.
    pub remains: Vec<Remnant>,
    /// What could not be looked at.
    pub unseen: Vec<Unseen>,
    /// What all of it costs, in US dollars a month, as far as prices are known.
    pub usd_a_month: f64,
    /// Everything that costs has a price in that sum, and everything was looked at.
    pub complete: bool,
    /// Where the prices come from.
    pub prices: PriceList,
}

impl Receipt {
    /// Adds up what remains.
    #[must_use]
    pub fn summed(mut self) -> Self {
        let costs = self.remains.iter().filter_map(|r| r.cost.as_ref());
        let known: f64 = costs.clone().filter_map(|c| c.usd_a_month).sum();
        let priced = costs.clone().all(|c| c.usd_a_month.is_some());
        // the sum of nothing is -0.0, which people would read
        self.usd_a_month = (known * 100.0).round() / 100.0 + 0.0;
        // what is still there costs what it always did
        self.complete = priced && self.unseen.is_empty() && self.kept.is_empty();
        self
    }

    /// Tells whether there is nothing to say.
    pub fn is_empty(&self) -> bool {
        self.deleted.is_empty()
            && self.kept.is_empty()
            && self.remains.is_empty()
            && self.unseen.is_empty()
    }
}

/// A table and what it holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TableHeld {
    /// `schema.table`.
    pub name: String,
    /// Its rows in words, `3`, `at least 1000000`.
    pub rows: String,
    /// It has no row, which was counted.
    pub empty: bool,
    /// Its size on the disk in bytes.
    pub bytes: u64,
}

/// A database and its tables.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DatabaseHeld {
    /// Its name.
    pub name: String,
    /// Its size on the disk in bytes, where that may be asked.
    pub bytes: Option<u64>,
    /// Its tables; nothing where they could not be looked at.
    pub tables: Vec<TableHeld>,
    /// Why they could not be.
    pub unseen: Option<String>,
}

/// What an object holds that is to be deleted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Holding {
    /// The entry.
    #[serde(rename = "address")]
    pub addr: Addr,
    /// What AWS calls it.
    pub id: String,
    /// Its databases.
    pub databases: Vec<DatabaseHeld>,
    /// Why it could not be looked into.
    pub unseen: Option<String>,
}

impl Holding {
    /// Tells whether it is certain that no row would be lost.
    pub fn is_empty(&self) -> bool {
        self.unseen.is_none()
            && self
                .databases
                .iter()
                .all(|d| d.unseen.is_none() && d.tables.iter().all(|t| t.empty))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_costs_nothing() {
        let receipt = Receipt::default().summed();
        assert!(receipt.usd_a_month.is_sign_positive(), "{receipt:?}");
        assert!(receipt.complete);
    }
}
