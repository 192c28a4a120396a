//! The blocks of a delivery status (RFC 3464 section 2.1): one about the message, then one for each recipient. A report for a return path
//! of one mail is about that mail, whoever its blocks name: it failed where one of them says so.

use super::{Returned, ReturnedFate, line, status_in};

/// Blocks that are read.
const MOST_BLOCKS: usize = 1000;
/// Fields of a block, folds not counted.
const MOST_FIELDS: usize = 100;
/// Bytes of a field that are kept.
const LONGEST: usize = 4000;

/// The first block that says what has the most weight; `None` where there is no delivery status among the parts.
pub(super) fn read(body: &[u8], boundary: &[u8]) -> Option<Returned> {
    let mut lines = body.split(|byte| *byte == b'\n').map(|line| line.strip_suffix(b"\r").unwrap_or(line));
    let is_boundary = |line: &[u8]| line.strip_prefix(b"--").is_some_and(|rest| rest.starts_with(boundary));
    while lines.by_ref().any(is_boundary) {
        let mut is_status = false;
        for line in lines.by_ref().take_while(|line| !line.is_empty()) {
            let line = line[..line.len().min(200)].to_ascii_lowercase();
            is_status |= line.starts_with(b"content-type:")
                && (memchr::memmem::find(&line, b"message/delivery-status").is_some()
                    || memchr::memmem::find(&line, b"message/global-delivery-status").is_some());
        }
        if is_status {
            return weightiest(lines.take_while(|line| !is_boundary(line)));
        }
    }
    None
}

fn weightiest<'a>(lines: impl Iterator<Item = &'a [u8]>) -> Option<Returned> {
    let (mut found, mut blocks): (Option<Returned>, usize) = (None, 0);
    let mut block: Vec<Vec<u8>> = Vec::new();
    for line in lines.chain([&b""[..]]) {
        match line {
            [] if block.is_empty() => {}
            [] => {
                let returned = of_block(&std::mem::take(&mut block));
                if returned.as_ref().is_some_and(|returned| returned.fate == ReturnedFate::Failed) {
                    return returned;
                }
                found = found.or(returned);
                blocks += 1;
                if blocks == MOST_BLOCKS {
                    return found;
                }
            }
            [b' ' | b'\t', rest @ ..] => {
                if let Some(field) = block.last_mut().filter(|field| field.len() < LONGEST) {
                    field.push(b' ');
                    field.extend_from_slice(&rest[..rest.len().min(LONGEST)]);
                }
            }
            line if block.len() < MOST_FIELDS => block.push(line[..line.len().min(LONGEST)].to_vec()),
            _ => {}
        }
    }
    found
}

/// `None`: it is about the message, or about nothing.
fn of_block(block: &[Vec<u8>]) -> Option<Returned> {
    let value = |name: &str| {
        block.iter().find_map(|field| {
            let colon = field.iter().position(|byte| *byte == b':')?;
            let is_it = field[..colon].trim_ascii().eq_ignore_ascii_case(name.as_bytes());
            is_it.then(|| line(&field[colon + 1..]))
        })
    };
    let action = value("action")?;
    let action = action.split([' ', ';', '(']).next().unwrap_or_default().to_ascii_lowercase();
    let fate = match &*action {
        "failed" => ReturnedFate::Failed,
        "delayed" | "relayed" | "delivered" | "expanded" => ReturnedFate::UnderWay,
        _ => return None,
    };
    let diagnostic = value("diagnostic-code").unwrap_or_default();
    let said = diagnostic.split_once(';').map_or(&*diagnostic, |(_, said)| said).trim().to_owned();
    Some(Returned { fate, status: value("status").and_then(|status| status_in(&status)), said })
}
