//! What clients send: numbers, forms and JSON.

use http_lite::Request;
use percent_encoding::percent_decode_str;
use serde_json::Value;

use crate::error::Error;

/// The most that a body may have which is parsed here.
///
/// 16 KiB, where sixteen numbers need less than one: JSON can take a hundred times its size in
/// memory when it is parsed, and others wait meanwhile.
const MAX_PARSED: usize = 16 * 1024;

/// Digits and nothing else, or what is wrong with them, in the words of the frames protocol.
pub fn number(text: &str, most: u64) -> Result<u64, String> {
    if text.is_empty() {
        return Err("no digits".to_owned());
    }
    if let Some(wrong) = text.chars().find(|c| !c.is_ascii_digit()) {
        return Err(format!("{wrong:?} is not a digit"));
    }
    let value = text.parse().ok().filter(|value| *value <= most);
    value.ok_or_else(|| format!("over {most}"))
}

/// The number that a request's body brings: as the form field `name`, as a member `name` of a JSON
/// object, or as plain digits.
pub fn number_in_body(request: &Request<'_>, name: &str) -> Result<u64, Error> {
    let unprocessable = |wrong: String| Error::Unprocessable(format!("{name}: {wrong}"));
    let text = match media_type(request).as_str() {
        "application/x-www-form-urlencoded" => {
            let form = text_in_body(request)?;
            let value = form_value(form, name);
            value.ok_or_else(|| unprocessable("the form does not have it".to_owned()))?
        }
        "text/plain" => text_in_body(request)?.to_owned(),
        "application/json" => {
            let value = json_in_body(request)?;
            let value = value.get(name).and_then(Value::as_u64);
            let wrong = || format!("send a whole number, as in {{\"{name}\": 42}}");
            return value.ok_or_else(|| unprocessable(wrong()));
        }
        _ => {
            return Err(Error::UnsupportedMediaType(
                "application/x-www-form-urlencoded, application/json, text/plain",
            ));
        }
    };
    number(text.trim(), u64::MAX).map_err(unprocessable)
}

/// A request's body as JSON, whatever its `Content-Type` says.
pub fn json_in_body(request: &Request<'_>) -> Result<Value, Error> {
    let no_json = |error| Error::BadRequest(format!("the body is no JSON: {error}"));
    serde_json::from_slice(small_body(request)?).map_err(no_json)
}

/// The media type of a request's body, in lower case and without parameters; `""` if it has none.
pub fn media_type(request: &Request<'_>) -> String {
    let value = request.field("content-type").and_then(|value| str::from_utf8(value).ok());
    let media_type = value.and_then(|value| value.split(';').next()).unwrap_or("");
    media_type.trim().to_ascii_lowercase()
}

fn text_in_body<'a>(request: &Request<'a>) -> Result<&'a str, Error> {
    let no_text = |_| Error::BadRequest("the body is not UTF-8".to_owned());
    str::from_utf8(small_body(request)?).map_err(no_text)
}

fn small_body<'a>(request: &Request<'a>) -> Result<&'a [u8], Error> {
    let body = request.body();
    if body.len() > MAX_PARSED { Err(Error::TooLarge(MAX_PARSED)) } else { Ok(body) }
}

/// The value of the first field of this name, decoded
/// (<https://url.spec.whatwg.org/#urlencoded-parsing>).
fn form_value(form: &str, name: &str) -> Option<String> {
    let mut pairs = form.split('&').map(|pair| pair.split_once('=').unwrap_or((pair, "")));
    let value = pairs.find(|(found, _)| *found == name)?.1.replace('+', " ");
    Some(percent_decode_str(&value).decode_utf8_lossy().into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_is_decoded() {
        for (form, expected) in [
            ("number=42", Some("42")),
            ("a=b&number=42&number=43", Some("42")),
            ("number=%34%32", Some("42")),
            ("number=+4%2B2+", Some(" 4+2 ")),
            ("number", Some("")),
            ("number=", Some("")),
            ("number=a=b", Some("a=b")),
            ("number=%ff%", Some("\u{fffd}%")),
            ("", None),
            ("&&=&", None),
            ("my number=42", None),
            ("NUMBER=42", None),
        ] {
            assert_eq!(form_value(form, "number").as_deref(), expected, "{form}");
        }
    }
}
