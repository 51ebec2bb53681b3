//! What databases hold that are to be deleted, and what a destroy has left.

use super::page::{Page, clean};
use super::size;
use super::style::{Style, Tone};
use super::words::many;
use crate::model::{DatabaseHeld, Holding, Receipt, Remnant};

/// Writes what databases hold that are to be deleted.
pub fn holdings_human(held: &[Holding], style: &Style) -> String {
    let mut page = Page::new(style);
    for holding in held {
        let lead = format!("{} ({})", holding.addr, clean(&holding.id));
        if let Some(why) = &holding.unseen {
            let text = format!("what it holds could not be looked at: {}", clean(why));
            page.prose(&format!("{lead}: "), Tone::Warning, &text);
            continue;
        }
        page.heading(Tone::Strong, &format!("{lead} holds:"));
        for database in &holding.databases {
            write_database(&mut page, database);
        }
    }
    page.finish()
}

fn write_database(page: &mut Page<'_>, database: &DatabaseHeld) {
    let of = match database.bytes {
        Some(bytes) => size(bytes),
        None => "of unknown size".to_owned(),
    };
    let lead = format!("  database {} ({of})", clean(&database.name));
    if let Some(why) = &database.unseen {
        let text = format!("could not be looked at: {}", clean(why));
        page.prose(&format!("{lead}: "), Tone::Warning, &text);
        return;
    }
    if database.tables.is_empty() {
        page.line(&format!("{lead}: no tables"));
        return;
    }
    page.line(&format!("{lead}:"));
    for table in &database.tables {
        let rows = match table.rows.as_str() {
            "1" => "1 row".to_owned(),
            rows => format!("{rows} rows"),
        };
        let text = format!("{rows}, {}", size(table.bytes));
        page.prose(&format!("    {}: ", clean(&table.name)), Tone::Plain, &text);
    }
}

/// Writes what a destroy has left. Nothing where nothing is left.
pub fn receipt_human(receipt: &Receipt, style: &Style) -> String {
    let mut page = Page::new(style);
    if !receipt.kept.is_empty() {
        page.heading(Tone::Warning, "Still there:");
    }
    for kept in &receipt.kept {
        page.prose(
            &format!("  {}: ", kept.addr),
            Tone::Plain,
            &clean(&kept.because),
        );
    }
    let (passing, staying): (Vec<&Remnant>, Vec<&Remnant>) =
        receipt.remains.iter().partition(|r| r.passes.is_some());
    if !staying.is_empty() {
        page.heading(Tone::Strong, "What stays in the account:");
    }
    for remnant in staying {
        write_remnant(&mut page, remnant);
    }
    if !passing.is_empty() {
        page.heading(Tone::Wait, "What goes by itself:");
    }
    for remnant in passing {
        write_remnant(&mut page, remnant);
    }
    if !receipt.unseen.is_empty() {
        page.heading(Tone::Warning, "Could not be looked at:");
    }
    for unseen in &receipt.unseen {
        let lead = format!("  {}, {}: ", clean(&unseen.addr), clean(&unseen.what));
        page.prose(&lead, Tone::Plain, &clean(&unseen.because));
    }
    if !page_is_empty(receipt) {
        page.gap();
        page.prose("", Tone::Strong, &total(receipt));
    }
    page.finish()
}

fn page_is_empty(receipt: &Receipt) -> bool {
    receipt.kept.is_empty() && receipt.remains.is_empty() && receipt.unseen.is_empty()
}

fn write_remnant(page: &mut Page<'_>, remnant: &Remnant) {
    let lead = format!("  {} {}: ", remnant.what, clean(&remnant.id));
    page.hanging(&lead, 6, Tone::Plain, &clean(&remnant.about));
    if let Some(passes) = &remnant.passes {
        page.prose("      ", Tone::Plain, passes);
    }
    if let Some(cost) = &remnant.cost {
        let text = match cost.usd_a_month {
            Some(usd) if usd < 0.005 => format!("less than a cent a month ({})", cost.assumption),
            Some(usd) => format!("about ${usd:.2} a month ({})", cost.assumption),
            None => cost.assumption.clone(),
        };
        page.prose("      ", Tone::Plain, &text);
    }
    if let Some(command) = &remnant.remove {
        page.line(&format!("      {}", clean(command)));
    }
}

fn total(receipt: &Receipt) -> String {
    let passing = receipt
        .remains
        .iter()
        .filter(|r| r.passes.is_some())
        .count();
    let staying = receipt.remains.len() - passing;
    let mut text = many(staying, "thing stays", "things stay");
    if passing > 0 {
        let goes = many(passing, "goes by itself", "go by themselves");
        text = format!("{text}, {goes}");
    }
    let prices = &receipt.prices;
    let costs: Vec<Option<f64>> = receipt
        .remains
        .iter()
        .filter_map(|r| r.cost.as_ref().map(|c| c.usd_a_month))
        .collect();
    if !costs.is_empty() && costs.iter().all(Option::is_none) {
        return format!(
            "{text}; what that costs in {} is not known here.",
            prices.region
        );
    }
    let besides = if receipt.complete {
        ""
    } else {
        ", besides what is still there, has no price here or could not be looked at"
    };
    if costs.is_empty() {
        return format!("{text}, at no cost{besides}.");
    }
    format!(
        "{text}: about ${:.2} a month{besides} (prices of {}, {}).",
        receipt.usd_a_month, prices.region, prices.as_of
    )
}

#[cfg(test)]
#[path = "receipt_tests.rs"]
mod tests;
