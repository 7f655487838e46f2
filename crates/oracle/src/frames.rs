//! Frames beside a model that looks at the whole input at once.

use proto::{Frames, Protocol, is_prime};

use crate::talk::{Plan, sliced, whole};

/// Prime checks of larger numbers take too long for a test of many inputs.
const LARGEST_CHECKED: u64 = 1 << 24;

/// What the protocol says to an input is what the model says, however the input is sliced.
pub fn check(data: &[u8]) -> Result<(), String> {
    check_of(&|| Box::new(Frames::new()), data)
}

/// The same of any protocol that claims to be this one.
pub fn check_of(frames: &dyn Fn() -> Box<dyn Protocol + Send>, data: &[u8]) -> Result<(), String> {
    let (plan, input) = Plan::split_off(data);
    let Some(model) = model(input) else { return Ok(()) };
    for (how, said) in [
        ("in one piece", whole(frames(), input)),
        ("byte by byte", sliced(frames(), input, &Plan::BYTES)),
        ("in pieces", sliced(frames(), input, &plan)),
    ] {
        if said != model {
            return Err(format!(
                "{how}, the answer is {}\n but the model says {}",
                said.escape_ascii(),
                model.escape_ascii()
            ));
        }
    }
    Ok(())
}

/// The protocol again, naive: each frame is cut out whole, and a number is text that is parsed.
/// `None` where a number would take too long to check.
fn model(input: &[u8]) -> Option<Vec<u8>> {
    let mut said = vec![b'*'];
    let mut rest = input;
    while let Some(open) = rest.iter().position(|&byte| byte == b'^') {
        rest = &rest[open + 1..];
        let end = rest.iter().position(|&byte| byte == b'$');
        let payload = &rest[..end.unwrap_or(rest.len())];
        rest = &rest[end.map_or(rest.len(), |at| at + 1)..];
        match payload.strip_prefix(b"P") {
            Some(digits) => said.extend(number(digits, end.is_some())?),
            None => said.extend(payload.iter().map(|byte| byte.wrapping_add(1))),
        }
    }
    Some(said)
}

/// The answer to a `P` frame, of which all has arrived or only a part.
fn number(payload: &[u8], closed: bool) -> Option<Vec<u8>> {
    let digits = payload.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let text = str::from_utf8(&payload[..digits]).expect("digits are ASCII");
    let value = text.parse::<u64>();
    // The number is too large before a later byte is wrong.
    let answer = if digits > 0 && value.is_err() {
        format!("error: over {}\n", u64::MAX)
    } else if let Some(wrong) = payload.get(digits) {
        format!("error: '{}' is not a digit\n", wrong.escape_ascii())
    } else if !closed {
        // Nothing yet: the number may go on.
        String::new()
    } else {
        match value {
            Err(_) => "error: no digits\n".to_string(),
            Ok(n) if n > LARGEST_CHECKED => return None,
            Ok(n) if is_prime(n) => "prime\n".to_string(),
            Ok(_) => "composite\n".to_string(),
        }
    };
    Some(answer.into_bytes())
}
