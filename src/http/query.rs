//! The query of an address, as forms and programs write it: names and values, percent-encoded.

/// Names and values, in their order; `None`: it cannot be read.
pub(super) fn pairs(query: &str) -> Option<Vec<(String, String)>> {
    let pair = |part: &str| {
        let (name, value) = part.split_once('=').unwrap_or((part, ""));
        Some((decoded(name)?, decoded(value)?))
    };
    query.split('&').filter(|part| !part.is_empty()).map(pair).collect()
}

/// `+` is a space, `%41` a byte; whole UTF-8 without control characters, or none.
fn decoded(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'+' => b' ',
            b'%' => (digit(rest.next()?)? << 4) | digit(rest.next()?)?,
            byte => byte,
        });
    }
    String::from_utf8(bytes).ok().filter(|text| !text.chars().any(char::is_control))
}

fn digit(byte: u8) -> Option<u8> {
    char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_query_is_names_and_values() {
        let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        for (query, read) in [
            ("", Some(vec![])),
            ("to=a%40x.example&to=b@x.example", Some(vec![pair("to", "a@x.example"), pair("to", "b@x.example")])),
            ("tags=two+words&x", Some(vec![pair("tags", "two words"), pair("x", "")])),
            ("to=%c3%bc", Some(vec![pair("to", "ü")])),
            ("to=%4", None),
            ("to=%zz", None),
            ("to=%ff", None),
            ("to=a%0d%0aRCPT", None),
        ] {
            assert_eq!(pairs(query), read, "{query}");
        }
    }
}
