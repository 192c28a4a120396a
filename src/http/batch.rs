//! A JSON array → its elements, each as it is written: what is read of them is read with its place.

use crate::http::problem::Problem;
use hyper::StatusCode;
use serde::de::IgnoredAny;

/// Messages of one batch.
pub(super) const MOST: usize = 500;

/// The text of each element.
///
/// # Errors
/// What is no JSON, no array, has nothing in it or too much.
pub(super) fn elements(json: &[u8]) -> Result<Vec<&[u8]>, Problem> {
    let count = serde_json::from_slice::<Vec<IgnoredAny>>(json).map_err(|why| {
        let detail = format!("this is not a JSON array of message requests: {why}");
        Problem::new(StatusCode::BAD_REQUEST, detail)
    })?;
    match count.len() {
        0 => Err(Problem::unfit("an empty batch")),
        1..=MOST => Ok(split(json)),
        more => {
            let detail = format!("this batch has {more} messages, and {MOST} are the most");
            Err(Problem::new(StatusCode::PAYLOAD_TOO_LARGE, detail))
        }
    }
}

/// Of an array that is known to be one: what stands between its commas.
fn split(json: &[u8]) -> Vec<&[u8]> {
    let (mut all, mut begin, mut depth) = (Vec::new(), 0, 0_u32);
    let (mut is_quoted, mut is_escaped) = (false, false);
    for (at, byte) in json.iter().enumerate() {
        match byte {
            _ if is_escaped => is_escaped = false,
            b'\\' if is_quoted => is_escaped = true,
            b'"' => is_quoted = !is_quoted,
            _ if is_quoted => {}
            b'[' | b'{' => {
                depth += 1;
                begin = if depth == 1 { at + 1 } else { begin };
            }
            b',' if depth == 1 => {
                all.push(json[begin..at].trim_ascii());
                begin = at + 1;
            }
            b']' | b'}' => {
                if depth == 1 {
                    all.push(json[begin..at].trim_ascii());
                }
                depth -= 1;
            }
            _ => {}
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::answer::Answer;
    use proptest::prelude::*;

    fn status_of(problem: Problem) -> u16 {
        Answer::from(problem).status().as_u16()
    }

    #[test]
    fn an_array_comes_apart_at_its_own_commas() {
        let json = br#" [ {"a": [1, {"b": 2}], "c": "],\",[\\"} , 7,"x,y", [ ] ] "#;
        let parts: Vec<_> = elements(json).unwrap().into_iter().map(|part| str::from_utf8(part).unwrap()).collect();
        assert_eq!(parts, [r#"{"a": [1, {"b": 2}], "c": "],\",[\\"}"#, "7", "\"x,y\"", "[ ]"]);
        for (json, status) in [("[]", 422), ("{}", 400), ("[1", 400), ("", 400), ("[1,]", 400)] {
            assert_eq!(status_of(elements(json.as_bytes()).unwrap_err()), status, "{json}");
        }
        let many = |count: usize| format!("[{}]", vec!["{}"; count].join(","));
        assert_eq!(elements(many(MOST).as_bytes()).unwrap().len(), MOST);
        assert_eq!(status_of(elements(many(MOST + 1).as_bytes()).unwrap_err()), 413);
    }

    proptest! {
        #[test]
        fn the_elements_are_those_of_the_array(texts in prop::collection::vec(any::<String>(), 1..6), is_pretty: bool) {
            let values: Vec<serde_json::Value> =
                texts.iter().map(|text| serde_json::json!({text.as_str(): [text, {"a": text}], "n": 1.50})).collect();
            let write = if is_pretty { serde_json::to_vec_pretty } else { serde_json::to_vec };
            let json = write(&values).unwrap();
            let parts = elements(&json).unwrap();
            let read: Vec<serde_json::Value> = parts.iter().map(|part| serde_json::from_slice(part).unwrap()).collect();
            prop_assert_eq!(read, values);
        }
    }
}
