//! `suppressions`: one line each.

use super::{Calendar, Column, Table, outside};
use crate::control::Suppression;

/// The table; `fit`: cells of the terminal.
pub fn suppressions(lines: &[Suppression], zone: Calendar, fit: Option<usize>) -> String {
    let columns = [
        ("ADDRESS", Column::Left(40)),
        ("SINCE", Column::Left(20)),
        ("UNTIL", Column::Left(20)),
        ("WHY", Column::Rest),
    ];
    let mut table = Table::new(&columns, fit);
    for line in lines {
        let until = line.until.map_or_else(|| "removed".to_owned(), |until| zone.minute(until));
        table.row([
            outside(Some(line.address.as_bytes())),
            zone.minute(line.since),
            until,
            outside(Some(line.said.as_bytes())),
        ]);
    }
    table.render()
}
