//! A template and its values, both from outside, parted by a NUL: rendered within its bounds, or refused with words; a subject stays one line,
//! and what is inserted into HTML is escaped.

use packetboat::templates::{GivenData, TextKind, TextTemplate};

pub fn try_with(bytes: &[u8]) {
    let (text, data) = bytes.split_at(bytes.iter().position(|byte| *byte == 0).unwrap_or(bytes.len()));
    let Ok(text) = std::str::from_utf8(text) else { return };
    let data = serde_json::from_slice(data.get(1..).unwrap_or_default()).unwrap_or_default();
    let data = GivenData::new(&data);
    for kind in [TextKind::Line, TextKind::Text, TextKind::Html] {
        let Ok(template) = TextTemplate::parse_given(kind, &data, text) else { continue };
        let Ok(rendered) = template.render_given(&data) else { continue };
        match kind {
            TextKind::Line => assert!(!rendered.contains(char::is_control), "{rendered:?}"),
            TextKind::Html if !text.contains('<') => assert!(!rendered.contains('<'), "{rendered:?}"),
            TextKind::Html | TextKind::Text => {}
        }
    }
}
