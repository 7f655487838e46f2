//! What a sloppy parser takes for what: each flaw reads one thing that is wrong as if it were right.

use super::Flaw;

/// A request line.
pub fn request_line(line: &str, flaw: Flaw) -> String {
    let (first, rest) = line.split_once(' ').unwrap_or((line, ""));
    let (target, last) = rest.rsplit_once(' ').unwrap_or((rest, ""));
    let with = |method: &str, target: &str| format!("{method} {target} {last}");
    match flaw {
        Flaw::TakesNoVersion if last.is_empty() && !target.is_empty() => {
            format!("{line} HTTP/1.1")
        }
        Flaw::SkipsSpaces if !line.starts_with(' ') && !line.ends_with(' ') => {
            line.split(' ').filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ")
        }
        Flaw::TakesTabs => line.replace('\t', " "),
        Flaw::TrimsLineEnds => line.trim_end_matches(' ').into(),
        Flaw::TrimsLineStarts => line.trim_start_matches(' ').into(),
        Flaw::SpacedTargets => with(first, &target.replace(' ', "+")),
        Flaw::LowerVersions => line.replace("http/", "HTTP/"),
        Flaw::LooseVersions if last.starts_with("HTTP/1") || last.starts_with("HTTP/01") => {
            format!("{first} {target} HTTP/1.1")
        }
        Flaw::AddsSlashes if !target.starts_with(['/', '*']) && !target.contains(':') => {
            with(first, &format!("/{target}"))
        }
        Flaw::AnyAsterisk => with(first, &target.replace('*', "/")),
        Flaw::CutsFragments => with(first, target.split('#').next().unwrap_or_default()),
        Flaw::SkipsTargetControls => with(first, &target.replace(|c: char| c.is_control(), "")),
        Flaw::Utf8Targets => with(first, &target.replace(|c: char| !c.is_ascii(), "?")),
        Flaw::NoAuthority => with(first, &target.replace("http:///", "/")),
        Flaw::DropsUsers => match target.split_once('@') {
            Some((_, host)) => with(first, &format!("http://{host}")),
            None => line.into(),
        },
        Flaw::SkipsSeparators => {
            with(&first.replace(|c: char| c.is_ascii_punctuation(), ""), target)
        }
        Flaw::AnyCase => with(&first.to_ascii_uppercase(), target),
        _ => line.into(),
    }
}

/// Everything that follows the request line, up to the empty line.
pub fn fields(text: &str, flaw: Flaw) -> String {
    match flaw {
        Flaw::DropsFolds => text
            .split("\r\n")
            .filter(|line| !line.starts_with(' '))
            .collect::<Vec<_>>()
            .join("\r\n"),
        Flaw::TakesFolds => text.replace("\r\n ", "").replace("\r\n\t", ""),
        Flaw::CrEndsLines => text.replace("\r\n", "\r").replace('\r', "\r\n"),
        Flaw::TrimsFirstField => text.trim_start_matches(' ').into(),
        _ => text.into(),
    }
}

/// A field or a trailer.
pub fn field(line: &str, flaw: Flaw) -> String {
    let Some((name, value)) = line.split_once(':') else {
        return if flaw == Flaw::SkipsBadLines { "x:".into() } else { line.into() };
    };
    let control = |c: char| c.is_control();
    let name = match flaw {
        Flaw::TakesSpaces => name.trim_end().into(),
        Flaw::NamelessFields if name.is_empty() => "x".into(),
        Flaw::SpacedNames => name.trim_end().replace(' ', "-") + &name[name.trim_end().len()..],
        Flaw::SkipsNameControls => name.replace(|c: char| control(c) && c != '\t', ""),
        Flaw::AnyName => name.replace(|c: char| "()/\"".contains(c) || !c.is_ascii(), "-"),
        _ => name.into(),
    };
    let value = match flaw {
        Flaw::StopsAtNul => value.split('\0').next().unwrap_or_default().into(),
        Flaw::TakesControls => value.replace(|c: char| control(c) && !"\t\r\n\0".contains(c), ""),
        _ => value.into(),
    };
    format!("{name}:{value}")
}

/// The value of `Content-Length`.
pub fn length(value: &str, flaw: Flaw) -> String {
    let other = |c: char| !c.is_ascii_digit();
    let number = match flaw {
        Flaw::LooseLengths => value.split(other).next(),
        Flaw::EmptyLengths if value.is_empty() => Some("0"),
        Flaw::SignedLengths => Some(value.trim_start_matches(['+', '-'])),
        Flaw::HexLengths => value.strip_prefix("0x"),
        Flaw::SpacedLengths => value.split(' ').next(),
        Flaw::ControlledLengths => Some(value.trim_matches(|c: char| c.is_control())),
        Flaw::OctalLengths if value.starts_with('0') && value != "0" => {
            return usize::from_str_radix(value, 8).map_or(value.into(), |n| n.to_string());
        }
        Flaw::QuotedLengths => Some(value.trim_matches('"')),
        Flaw::FirstOfList => value.split(',').next(),
        Flaw::WrapsLengths => {
            return value.parse::<u128>().map_or(value.into(), |n| (n as u64).to_string());
        }
        Flaw::LengthsOf32Bits => {
            return value.parse::<u64>().map_or(value.into(), |n| (n as u32).to_string());
        }
        _ => None,
    };
    number.unwrap_or(value).into()
}

/// The value of `Transfer-Encoding`; `None` if the field is not minded at all.
pub fn coding(value: &str, flaw: Flaw) -> Option<String> {
    let chunked = match flaw {
        Flaw::EmptyCoding | Flaw::DropsFolds if value.is_empty() => return None,
        Flaw::TakesIdentity if value == "identity" => return None,
        Flaw::AnyLastCoding => true,
        Flaw::SubstringCoding => value.contains("chunked"),
        Flaw::QuotedCoding => value.trim_matches('"') == "chunked",
        Flaw::ControlledCoding => value.trim_matches(|c: char| c.is_control()) == "chunked",
        Flaw::CodingParameters => value.split(';').next() == Some("chunked"),
        Flaw::ChunkedTwice => value == "chunked, chunked",
        Flaw::AnyCoding => value.ends_with(", chunked"),
        _ => false,
    };
    Some(if chunked { "chunked".into() } else { value.into() })
}

/// The size of a chunk.
pub fn size(digits: &str, flaw: Flaw) -> String {
    let other = |c: char| !c.is_ascii_hexdigit();
    let number = match flaw {
        Flaw::LooseSizes => digits.split(other).next(),
        Flaw::EmptySizes if digits.is_empty() => Some("0"),
        Flaw::SignedSizes => Some(digits.trim_start_matches(['+', '-'])),
        Flaw::PrefixedSizes => digits.strip_prefix("0x"),
        Flaw::TrimsSizes => Some(digits.trim()),
        Flaw::WrapsSizes => digits.get(digits.len().saturating_sub(16)..),
        Flaw::SizesOf32Bits => digits.get(digits.len().saturating_sub(8)..),
        _ => None,
    };
    number.unwrap_or(digits).into()
}
