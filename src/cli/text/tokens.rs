//! `tokens`: one line each.

use super::{Calendar, Column, Table, outside};
use crate::control::TokenLine;

/// The table; `fit`: cells of the terminal.
pub fn tokens(lines: &[TokenLine], zone: Calendar, fit: Option<usize>) -> String {
    let columns =
        [("TOKEN", Column::Left(32)), ("SCOPES", Column::Left(20)), ("MADE", Column::Left(20)), ("GOOD", Column::Rest)];
    let mut table = Table::new(&columns, fit);
    for line in lines {
        let scopes: Vec<&str> = line.scopes.iter().map(|scope| scope.word()).collect();
        let good = match (line.revoked_at, line.expires_at) {
            (Some(at), _) => format!("revoked {}", zone.minute(at)),
            (None, None) => "until it is revoked".to_owned(),
            (None, Some(at)) if at <= zone.now => format!("expired {}", zone.minute(at)),
            (None, Some(at)) => format!("until {}", zone.minute(at)),
        };
        table.row([outside(Some(line.name.as_bytes())), scopes.join(","), zone.minute(line.made_at), good]);
    }
    table.render()
}
