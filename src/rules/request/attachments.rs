//! `attachments` of a request: files that come with it, in base64 (RFC 4648 section 4).

use crate::{
    config::{
        Fields, Problem, Sheet,
        keys::{Table, optional, required},
        read,
        yaml::Node,
    },
    mail::Attachment,
};
use base64::{
    Engine as _,
    alphabet::STANDARD,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};

/// The keys of one of them.
pub const ATTACHMENT: Table = Table {
    name: "an attachment",
    keys: &[required("name"), required("content"), optional("type"), optional("inline")],
    moved: &[
        ("filename", "write `name`"),
        ("data", "write `content`: the file in base64"),
        ("base64", "write `content`"),
        ("content_type", "write `type`"),
        ("cid", "write `inline`"),
        ("content_id", "write `inline`"),
        ("path", "write its bytes out: `content`, in base64"),
    ],
};

/// Files of one mail.
const MOST: usize = 100;
/// Bytes of a name, a media type, a content id.
const LONGEST: usize = 200;

/// With padding or without.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// A list of them, or one.
pub(super) fn attachments(sheet: &Sheet, node: &Node) -> Option<Vec<Attachment>> {
    read::each(read::at_most(sheet, read::many(sheet, node)?, MOST)?, |item| attachment(sheet, item))
}

fn attachment(sheet: &Sheet, node: &Node) -> Option<Attachment> {
    let fields = Fields::open(sheet, &ATTACHMENT, &node.at, node)?;
    let name = fields.need("name", name);
    let bytes = fields.need("content", content);
    let kind = fields.or("type", None, |sheet, node| media_type(sheet, node).map(Some));
    let content_id = fields.or("inline", None, |sheet, node| content_id(sheet, node).map(Some));
    Some(Attachment { name: name?, bytes: bytes?, kind: kind?, content_id: content_id? })
}

fn name(sheet: &Sheet, node: &Node) -> Option<String> {
    let name = read::some_text(sheet, node)?;
    if name.len() > LONGEST || name.chars().any(|letter| letter.is_control() || matches!(letter, '/' | '\\')) {
        let message = format!("a file's name has at most {LONGEST} bytes, no folder and no control characters");
        sheet.report(Problem::error(&node.at, message));
        return None;
    }
    Some(name)
}

fn content(sheet: &Sheet, node: &Node) -> Option<Vec<u8>> {
    let text = read::text(sheet, node)?;
    let read = if text.bytes().any(|byte| byte.is_ascii_whitespace()) {
        let lines: Vec<u8> = text.bytes().filter(|byte| !byte.is_ascii_whitespace()).collect();
        BASE64.decode(lines)
    } else {
        BASE64.decode(text)
    };
    let told = |_| {
        let problem = Problem::error(&node.at, "this is not base64");
        sheet.report(problem.hint("the file's bytes in base64, with + and /: `base64 -w0 FILE`"));
    };
    read.map_err(told).ok()
}

/// A type and a subtype, without parameters: of many bytes in one part, no message and no parts (RFC 2046 section 5).
fn media_type(sheet: &Sheet, node: &Node) -> Option<String> {
    let text = read::some_text(sheet, node)?;
    let is_token = |part: &str| {
        !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"!#$&^_.+-".contains(&byte))
    };
    let is_whole = |kind: &str, subtype: &str| {
        let is_parts = ["multipart", "message"].contains(&&*kind.to_ascii_lowercase());
        is_token(kind) && is_token(subtype) && !is_parts
    };
    if text.len() > LONGEST || !text.split_once('/').is_some_and(|(kind, subtype)| is_whole(kind, subtype)) {
        let problem = Problem::error(&node.at, "this is not the media type of a file");
        sheet.report(problem.hint("`application/pdf`, `image/png`; or leave it out: the name tells"));
        return None;
    }
    Some(text)
}

fn content_id(sheet: &Sheet, node: &Node) -> Option<String> {
    let text = read::some_text(sheet, node)?;
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"._-@".contains(&byte);
    if text.len() > LONGEST || !text.bytes().all(fits) {
        let problem = Problem::error(&node.at, "a content id has letters, digits, `.`, `_`, `-` and `@`");
        sheet.report(problem.hint("`inline: logo`, and in the HTML `<img src=\"cid:logo\">`"));
        return None;
    }
    Some(text)
}
