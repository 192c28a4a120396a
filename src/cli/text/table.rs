//! Columns that stand, whatever script a name is in.

use unicode_width::UnicodeWidthStr;

/// How a column stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Column {
    /// At most so many cells when the table must fit a terminal.
    Left(usize),
    Right,
    /// What is left of the line; only as the last.
    Rest,
}

/// Rows under headings. What is put in is escaped already.
#[derive(Debug)]
pub struct Table {
    columns: Vec<(&'static str, Column)>,
    rows: Vec<Vec<String>>,
    /// Cells of the terminal; `None`: nothing is cut.
    fit: Option<usize>,
}

const GAP: usize = 2;
const NARROWEST_REST: usize = 20;

impl Table {
    /// Without rows. `fit`: cells of the terminal.
    pub fn new(columns: &[(&'static str, Column)], fit: Option<usize>) -> Self {
        Self { columns: columns.to_vec(), rows: Vec::new(), fit }
    }

    /// One more, a cell for each column.
    pub fn row(&mut self, cells: impl Into<Vec<String>>) {
        self.rows.push(cells.into());
    }

    /// The table, a line feed behind each line.
    pub fn render(&self) -> String {
        let widths = self.widths();
        let headings = self.columns.iter().map(|(heading, _)| (*heading).to_owned()).collect();
        let mut out = String::new();
        for row in std::iter::once(&headings).chain(&self.rows) {
            out.push_str(self.line(row, &widths).trim_end());
            out.push('\n');
        }
        out
    }

    fn line(&self, row: &[String], widths: &[usize]) -> String {
        let cells = row.iter().zip(&self.columns).zip(widths).map(|((cell, (_, column)), width)| match column {
            Column::Right => format!("{}{cell}", " ".repeat(width.saturating_sub(self::width(cell)))),
            Column::Left(_) | Column::Rest => pad(&cut(cell, *width), *width),
        });
        cells.collect::<Vec<_>>().join("  ")
    }

    fn widths(&self) -> Vec<usize> {
        let mut widths = Vec::new();
        for (place, (heading, column)) in self.columns.iter().enumerate() {
            let widest = self.rows.iter().filter_map(|row| row.get(place)).map(|cell| width(cell)).max().unwrap_or(0);
            let widest = widest.max(width(heading));
            widths.push(match (column, self.fit) {
                (Column::Left(most), Some(_)) => widest.min((*most).max(width(heading))),
                (Column::Rest, Some(fit)) => {
                    let taken: usize = widths.iter().map(|width| width + GAP).sum();
                    widest.min(fit.saturating_sub(taken).max(NARROWEST_REST))
                }
                _ => widest,
            });
        }
        widths
    }
}

/// Cells on a terminal.
pub fn width(text: &str) -> usize {
    text.width()
}

/// At least `cells` wide.
pub fn pad(text: &str, cells: usize) -> String {
    format!("{text}{}", " ".repeat(cells.saturating_sub(width(text))))
}

/// At most `cells` wide, `…` at the end of what was longer.
pub fn cut(text: &str, cells: usize) -> String {
    if width(text) <= cells {
        return text.to_owned();
    }
    let mut out = String::new();
    for letter in text.chars() {
        out.push(letter);
        if width(&out) >= cells {
            out.pop();
            break;
        }
    }
    out.push('…');
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_stand_in_any_script_and_are_cut_only_for_a_terminal() {
        let columns = [("WHAT", Column::Left(8)), ("SIZE", Column::Right), ("SAID", Column::Rest)];
        let mut table = Table::new(&columns, None);
        table.row(["請求書.pdf".into(), "9".into(), "226 done".into()]);
        table.row(["a".into(), "1,000".into(), String::new()]);
        assert_eq!(table.render(), "WHAT         SIZE  SAID\n請求書.pdf      9  226 done\na           1,000\n");
        table.fit = Some(30);
        table.rows[1][2] = "552 Requested file action aborted".into();
        assert_eq!(
            table.render(),
            "WHAT       SIZE  SAID\n請求書.…      9  226 done\na         1,000  552 Requested file …\n"
        );
    }

    #[test]
    fn what_is_cut_says_so() {
        for (text, cells, shown) in [("abc", 3, "abc"), ("abcd", 3, "ab…"), ("請求書", 4, "請…"), ("", 0, "")] {
            assert_eq!(cut(text, cells), shown);
        }
    }
}
