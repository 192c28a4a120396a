//! A CSV file (RFC 4180, and what programs make of it) row by row: found by its bytes, each row read as text by itself, so that one that
//! cannot be read costs the others nothing.

use crate::templates::{Charset, Row};

/// How a file is read as rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TableShape {
    /// `None`: the one of `,` `;` tab `|` that the first line has most of.
    pub delimiter: Option<u8>,
    pub charset: Charset,
    pub header: Header,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Header {
    /// The first line names the columns.
    First,
    /// They are called `c1`, `c2` and so on.
    None,
}

/// Columns of a table: more are no table.
const MOST_COLUMNS: usize = 1000;
/// Bytes of a row: what is made of it is several times as much.
const LONGEST_ROW: usize = 2_000_000;

/// A file of rows, read once from its beginning.
pub(super) struct Table<'b> {
    bytes: &'b [u8],
    reader: csv::Reader<&'b [u8]>,
    charset: Charset,
    columns: Vec<String>,
    record: csv::ByteRecord,
    /// Of the last row.
    number: u64,
    has_first: bool,
}

impl<'b> Table<'b> {
    /// Reads the header.
    ///
    /// # Errors
    /// Why no row can be read, for the operator.
    pub(super) fn open(bytes: &'b [u8], shape: TableShape) -> Result<Self, String> {
        let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").filter(|_| shape.charset == Charset::Utf8).unwrap_or(bytes);
        let delimiter = shape.delimiter.unwrap_or_else(|| delimiter_of(bytes));
        let mut reader = csv::ReaderBuilder::new();
        let reader = reader.delimiter(delimiter).has_headers(false).flexible(true).from_reader(bytes);
        let (record, charset) = (csv::ByteRecord::new(), shape.charset);
        let mut table = Self { bytes, reader, charset, columns: vec![], record, number: 0, has_first: false };
        if !table.advance()? {
            return Ok(table);
        }
        if table.record.len() > MOST_COLUMNS {
            return Err(format!("the first line has {} fields, and {MOST_COLUMNS} are the most", table.record.len()));
        }
        match shape.header {
            Header::None => {
                table.columns = (1..=table.record.len()).map(|number| format!("c{number}")).collect();
                table.has_first = true;
            }
            Header::First => {
                let names = table.texts().map_err(|why| format!("the names of the columns: {why}"))?;
                table.columns = names.into_iter().map(|name| name.trim().to_owned()).collect();
            }
        }
        let is_twice = |(at, name): (usize, &String)| !name.is_empty() && table.columns[..at].contains(name);
        match table.columns.iter().enumerate().find(|column| is_twice(*column)) {
            Some((_, name)) => Err(format!("two columns are called `{}`", name.escape_debug())),
            None => Ok(table),
        }
    }

    /// Names, in their order.
    pub(super) fn columns(&self) -> &[String] {
        &self.columns
    }

    /// Passes over so many rows.
    pub(super) fn skip(&mut self, rows: u64) {
        for _ in 0..rows {
            self.step();
        }
    }

    /// The next row with its number, from 1, or why it cannot be read; `None` behind the last.
    pub(super) fn next(&mut self) -> Option<(String, Result<Row, String>)> {
        let stepped = self.step()?;
        let number = format!("row {} (line {})", self.number, self.line());
        Some((number, stepped.and_then(|()| self.row())))
    }

    /// Where the record begins; the reader's own position lies before line ends that it has not taken yet.
    fn line(&self) -> u64 {
        let Some(position) = self.record.position() else { return 0 };
        let from = usize::try_from(position.byte()).unwrap_or(usize::MAX);
        let ends = self.bytes.get(from..).unwrap_or_default().iter().take_while(|byte| matches!(byte, b'\r' | b'\n'));
        position.line() + ends.filter(|byte| **byte == b'\n').count() as u64
    }

    fn step(&mut self) -> Option<Result<(), String>> {
        let stepped = if std::mem::take(&mut self.has_first) { Ok(true) } else { self.advance() };
        match stepped {
            Ok(false) => return None,
            Ok(true) | Err(_) => self.number += 1,
        }
        Some(stepped.map(|_| ()))
    }

    fn advance(&mut self) -> Result<bool, String> {
        self.reader.read_byte_record(&mut self.record).map_err(|why| why.to_string())
    }

    fn row(&self) -> Result<Row, String> {
        let (fields, columns) = (self.record.len(), self.columns.len());
        if self.has_open_quote() {
            let last = self.reader.position().line();
            return Err(format!(
                "a quote that nothing closes: all up to line {last} is one row, and none of it is mailed"
            ));
        }
        if self.record.as_slice().len() > LONGEST_ROW {
            return Err(format!("it has {} bytes, and {LONGEST_ROW} are the most", self.record.as_slice().len()));
        }
        if fields != columns {
            return Err(format!("{fields} fields, and there are {columns} columns"));
        }
        Ok(Row::new(&self.columns, self.texts()?))
    }

    /// It has swallowed other rows: a field goes over lines, and its quotes are not in pairs.
    fn has_open_quote(&self) -> bool {
        let Some(begin) = self.record.position().map(csv::Position::byte) else { return false };
        let place = |byte| usize::try_from(byte).unwrap_or(usize::MAX);
        let written = self.bytes.get(place(begin)..place(self.reader.position().byte())).unwrap_or_default();
        let quotes = written.iter().filter(|byte| **byte == b'"').count();
        quotes % 2 == 1 && self.record.iter().any(|field| field.contains(&b'\n'))
    }

    fn texts(&self) -> Result<Vec<String>, String> {
        let text = |(at, field): (usize, &[u8])| {
            let column = self.columns.get(at).map_or_else(|| format!("column {}", at + 1), |name| format!("`{name}`"));
            let text = self.charset.decode(field).map_err(|why| format!("{}: {why}", column.escape_debug()))?;
            Ok(text.into_owned())
        };
        self.record.iter().enumerate().map(text).collect()
    }
}

/// Outside of quotes, which may hold whole sentences.
fn delimiter_of(bytes: &[u8]) -> u8 {
    let mut counts = [(b',', 0), (b';', 0), (b'\t', 0), (b'|', 0)];
    let mut is_quoted = false;
    for byte in bytes.iter().take(64 * 1024) {
        match byte {
            b'"' => is_quoted = !is_quoted,
            b'\n' if !is_quoted => break,
            byte if !is_quoted => counts.iter_mut().filter(|(of, _)| of == byte).for_each(|(_, count)| *count += 1),
            _ => {}
        }
    }
    let most = counts.iter().map(|(_, count)| *count).max().unwrap_or(0);
    counts.iter().find(|(_, count)| *count == most).map_or(b',', |(of, _)| *of)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const SHAPE: TableShape = TableShape { delimiter: None, charset: Charset::Utf8, header: Header::First };

    fn rows(bytes: &[u8], shape: TableShape) -> Result<Vec<String>, String> {
        let mut table = Table::open(bytes, shape)?;
        let mut rows = Vec::new();
        while let Some((number, row)) = table.next() {
            rows.push(match row {
                Ok(row) => row.to_string().replace('\'', "\""),
                Err(why) => format!("{number}: {why}"),
            });
        }
        Ok(rows)
    }

    #[test]
    fn rows_are_read_as_programs_write_them() {
        for (text, wanted) in [
            ("a,b\n1,2\n", &[r#"{"a": "1", "b": "2"}"#][..]),
            ("a;b\r\n1,5;2\r\n", &[r#"{"a": "1,5", "b": "2"}"#]),
            ("a\tb\n1\t2", &[r#"{"a": "1", "b": "2"}"#]),
            ("a|b\n1|2\n\n3|4\n", &[r#"{"a": "1", "b": "2"}"#, r#"{"a": "3", "b": "4"}"#]),
            ("\u{feff}a,b\n\"x, \"\"y\"\"\nz\",2\n", &[r#"{"a": "x, "y"\nz", "b": "2"}"#]),
            ("\"a, or;;;;\",b\n1,2\n", &[r#"{"a, or;;;;": "1", "b": "2"}"#]),
            (" a , b\n1,2\n", &[r#"{"a": "1", "b": "2"}"#]),
            ("a\n1\n", &[r#"{"a": "1"}"#]),
            ("a,b\n", &[]),
            ("", &[]),
        ] {
            assert_eq!(rows(text.as_bytes(), SHAPE).unwrap(), wanted, "{text:?}");
        }
        let nameless = TableShape { header: Header::None, delimiter: Some(b';'), ..SHAPE };
        assert_eq!(rows(b"1;2\n3;4\n", nameless).unwrap(), [r#"{"c1": "1", "c2": "2"}"#, r#"{"c1": "3", "c2": "4"}"#]);
        let german = TableShape { charset: Charset::named("windows-1252").unwrap(), ..SHAPE };
        assert_eq!(rows(b"gr\xfc\xdfe;b\n\x80;2\n", german).unwrap(), [r#"{"b": "2", "grüße": "€"}"#]);
    }

    #[test]
    fn a_row_that_cannot_be_read_costs_the_others_nothing() {
        let text = b"a,b\n1,2\n3\n4,5,6\ncaf\xe9,7\n8,9\n";
        assert_eq!(
            rows(text, SHAPE).unwrap(),
            [
                r#"{"a": "1", "b": "2"}"#,
                "row 2 (line 3): 1 fields, and there are 2 columns",
                "row 3 (line 4): 3 fields, and there are 2 columns",
                "row 4 (line 5): `a`: the byte 0xe9 at 3 means nothing in utf-8",
                r#"{"a": "8", "b": "9"}"#,
            ]
        );
        let dos = rows(b"a,b\r\n1,2\r\n\r\n3\r\n", SHAPE).unwrap();
        assert_eq!(dos[1], "row 2 (line 4): 1 fields, and there are 2 columns");
        let open = rows(b"a,b\n1,2\n\"3,4\n5,6\n", SHAPE).unwrap();
        let swallowed = "a quote that nothing closes: all up to line";
        assert_eq!(open[1], format!("row 2 (line 3): {swallowed} 5 is one row, and none of it is mailed"));
        for text in ["a,b\n1,\"foo\n3,4\n5,6\n", "a,b\n1,\"foo\n3,\"bar\"\n5,6\n"] {
            let rows = rows(text.as_bytes(), SHAPE).unwrap();
            assert!(rows[0].contains(swallowed), "{rows:?}");
        }
        assert_eq!(rows(b"a,b\n5\" pipe,2\n", SHAPE).unwrap().len(), 1);
        let long = [&b"a,b\n1,"[..], &[b'x'; LONGEST_ROW], b"\n3,4\n"].concat();
        let long = rows(&long, SHAPE).unwrap();
        assert!(long.len() == 2 && long[0].contains("are the most"), "{}", &long[0][..80]);
    }

    #[test]
    fn a_header_that_names_nothing_certain_refuses_the_file() {
        assert_eq!(rows(b"a,b,a\n", SHAPE).unwrap_err(), "two columns are called `a`");
        assert!(rows(b"a,b\xff\n1,2\n", SHAPE).unwrap_err().starts_with("the names of the columns: column 2"));
        assert!(rows(",".repeat(1000).as_bytes(), SHAPE).is_err());
    }

    #[test]
    fn rows_that_were_read_are_passed_over() {
        let mut table = Table::open(b"a\n1\n2\n3\n", SHAPE).unwrap();
        table.skip(2);
        assert_eq!(table.next().unwrap().0, "row 3 (line 4)");
        assert!(table.next().is_none());
        table.skip(2);
        assert!(table.next().is_none());
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic_or_go_on_for_ever(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
            let lines = bytes.iter().filter(|byte| matches!(byte, b'\n' | b'\r')).count();
            if let Ok(rows) = rows(&bytes, SHAPE) {
                prop_assert!(rows.len() <= lines + 1);
            }
        }
    }
}
