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
