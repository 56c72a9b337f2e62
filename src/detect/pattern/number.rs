//! Numbers of several groups: telephone numbers, social security numbers with blanks, Medicare ids, MAC and IPv6
//! addresses, postal codes of the United Kingdom and Canada, UDI.

use regex_automata::Input;
use regex_automata::meta::Regex;

use crate::identifier::Label;
use crate::span::Span;

/// The multi-pattern automaton over number groups.
pub(crate) struct Numbers {
    regex: Regex,
}

/// One pattern: what it names, its expression, and the validator that a match must pass.
struct Pattern {
    label: Label,
    expression: &'static str,
    valid: fn(&[u8]) -> bool,
}

impl Numbers {
    /// Compiles the patterns into one automaton.
    #[allow(clippy::expect_used)] // the expressions are constants of this file, compiled by a test
    pub(crate) fn new() -> Self {
        let expressions: Vec<&str> = PATTERNS.iter().map(|p| p.expression).collect();
        let syntax = regex_automata::util::syntax::Config::new().unicode(false).utf8(false);
        let regex = Regex::builder().syntax(syntax).build_many(&expressions).expect("constant patterns compile");
        Self { regex }
    }

    /// Appends what the patterns find in `text` around its codes, sorted by start. What every pattern names holds two codes
    /// or a long one.
    pub(crate) fn find(&self, text: &str, codes: impl Iterator<Item = Span>, out: &mut Vec<(Span, Label)>) {
        let mut cluster: Option<(Span, usize)> = None;
        for code in codes {
            match &mut cluster {
                Some((span, count)) if code.start <= span.end + APART => {
                    span.end = code.end;
                    *count += 1;
                }
                _ => {
                    self.cluster(text, cluster.replace((code, 1)), out);
                }
            }
        }
        self.cluster(text, cluster, out);
    }

    fn cluster(&self, text: &str, cluster: Option<(Span, usize)>, out: &mut Vec<(Span, Label)>) {
        let Some((span, count)) = cluster else { return };
        if count == 1 && span.len() < LONG {
            return;
        }
        let bytes = text.as_bytes();
        let mut at = span.start.saturating_sub(APART).max(out.last().map_or(0, |(found, _)| found.end));
        let until = (span.end + APART).min(bytes.len());
        while let Some(found) = self.regex.search(&Input::new(bytes).range(at..until)) {
            let (start, mut end) = (found.start(), found.end());
            let Some(pattern) = PATTERNS.get(found.pattern().as_usize()) else { break };
            let bounded = !start.checked_sub(1).and_then(|i| bytes.get(i)).is_some_and(|b| b.is_ascii_alphanumeric())
                && !bytes.get(end).is_some_and(|b| b.is_ascii_alphanumeric());
            if bounded && bytes.get(start..end).is_some_and(pattern.valid) {
                while end > start && bytes.get(end - 1).is_some_and(|b| !b.is_ascii_alphanumeric()) {
                    end -= 1;
                }
                if text.is_char_boundary(start) && text.is_char_boundary(end) {
                    out.push((Span::new(start, end), pattern.label));
                }
                at = end.max(start + 1);
            } else {
                // Go on behind this group of digits or letters, so that a rejected match hides nothing.
                let group = bytes.get(start..).unwrap_or(b"").iter().take_while(|b| b.is_ascii_alphanumeric()).count();
                at = start + group.max(1);
            }
            if at > until {
                return;
            }
        }
    }
}

/// How many bytes may lie between the codes of one number, and before its first: brackets, a sign, hexadecimal letters.
const APART: usize = 10;
/// Bytes of a code that is a whole number of several groups by itself.
const LONG: usize = 9;

/// Order matters: of several that match at one place, the first wins.
const PATTERNS: [Pattern; 12] = [
    Pattern {
        label: Label::Phone, // North American Numbering Plan: area and exchange codes begin with 2-9
        expression: r"(?:\+?1[-. ]{0,2})?\(?[2-9][0-9]{2}\)?[-. /\xA0\xC2]{0,3}[2-9][0-9]{2}[-. ]{1,3}[0-9]{4}(?:,? ?(?:x|[Ee]xt\.?|EXT\.?)[ :]{0,2}[0-9]{1,6})?",
        valid: |m| nanp(m),
    },
    Pattern {
        label: Label::Phone,
        expression: r"\+[1-9][0-9]{0,2}[ .-]?(?:\(0\))?[ .-]?(?:\(?[0-9]{1,5}\)?[ .-]?){2,5}[0-9]{2,4}",
        valid: |m| (8..=15).contains(&digits(m)),
    },
    Pattern { label: Label::Ssn, expression: r"[0-9]{3}[- ][0-9]{2}[- ][0-9]{4}", valid: |m| ssn(m) },
    Pattern {
        label: Label::Phone,
        expression: r"\(?0[1-9][0-9]{0,4}\)? [0-9]{3,4} [0-9]{3,4}",
        valid: |m| (9..=11).contains(&digits(m)),
    },
    Pattern {
        label: Label::Phone,
        expression: r"0[1-9][0-9]{2,4} [0-9]{5,6}",
        valid: |m| (10..=11).contains(&digits(m)),
    },
    // Medicare beneficiary identifier, CMS: positions 2, 5, 8, 9 are letters other than S L O I B Z.
    Pattern {
        label: Label::HealthPlan,
        expression: r"[1-9][AC-HJKMNP-RT-Y][AC-HJKMNP-RT-Y0-9][0-9]-?[AC-HJKMNP-RT-Y][AC-HJKMNP-RT-Y0-9][0-9]-?[AC-HJKMNP-RT-Y]{2}[0-9]{2}",
        valid: |_| true,
    },
    Pattern { label: Label::Ip, expression: r"[0-9A-Fa-f]{2}(?::[0-9A-Fa-f]{2}){5}", valid: |_| true },
    Pattern { label: Label::Ip, expression: r"(?:[0-9A-Fa-f]{1,4}:{1,2}){2,7}[0-9A-Fa-f]{1,4}", valid: |m| ipv6(m) },
    Pattern {
        label: Label::Device,
        expression: r"\(01\) ?[0-9]{14}(?: ?\([0-9]{2}\) ?[A-Za-z0-9-]{1,20}){0,4}",
        valid: |_| true,
    },
    Pattern { label: Label::Zip, expression: r"[A-Z]{1,2}[0-9][A-Z0-9]? [0-9][ABD-HJLNP-UW-Z]{2}", valid: |_| true },
    Pattern { label: Label::Zip, expression: r"[ABCEGHJ-NPRSTVXY][0-9][A-Z] [0-9][A-Z][0-9]", valid: |_| true },
    Pattern {
        label: Label::Account,
        expression: r"[3-6][0-9]{3}[ -][0-9]{4}[ -][0-9]{4}[ -][0-9]{4}",
        valid: |m| luhn(m),
    },
];

fn digits(m: &[u8]) -> usize {
    m.iter().filter(|b| b.is_ascii_digit()).count()
}

/// Ten digits whose area and exchange code are no `N11`; with an extension behind them.
fn nanp(m: &[u8]) -> bool {
    let mut digits = m.iter().filter(|b| b.is_ascii_digit()).copied().peekable();
    if digits.peek() == Some(&b'1') {
        digits.next();
    }
    let first: Vec<u8> = digits.take(6).collect();
    let service = |g: Option<&[u8]>| g.is_none_or(|g| g.get(1..3) == Some(b"11"));
    // Brackets, if any, are closed.
    let open = m.contains(&b'(');
    !service(first.get(..3)) && open == m.contains(&b')')
}

/// Numbers that the Social Security Administration does not give out: 000, 666 and 9xx areas, group 00, serial 0000.
/// Areas of 9xx are tax-payer numbers (ITIN), which identify as well.
fn ssn(m: &[u8]) -> bool {
    let d: Vec<u8> = m.iter().filter(|b| b.is_ascii_digit()).copied().collect();
    d.get(..3) != Some(b"000")
        && d.get(..3) != Some(b"666")
        && d.get(3..5) != Some(b"00")
        && d.get(5..9) != Some(b"0000")
}

/// Eight groups, or fewer with one `::`; clock times are no addresses.
fn ipv6(m: &[u8]) -> bool {
    std::str::from_utf8(m).is_ok_and(|s| s.parse::<std::net::Ipv6Addr>().is_ok())
}

/// Luhn check digit, ISO/IEC 7812-1.
pub(crate) fn luhn(m: &[u8]) -> bool {
    let mut sum = 0u32;
    for (i, b) in m.iter().rev().filter(|b| b.is_ascii_digit()).enumerate() {
        let d = u32::from(b - b'0');
        sum += match i % 2 {
            0 => d,
            _ if d > 4 => 2 * d - 9,
            _ => 2 * d,
        };
    }
    sum.is_multiple_of(10)
}

/// National provider identifier: ten digits, Luhn over `80840` and the number (45 CFR 162.406).
pub(crate) fn npi(code: &[u8]) -> bool {
    if code.len() != 10 || !code.iter().all(u8::is_ascii_digit) || !matches!(code.first(), Some(b'1' | b'2')) {
        return false;
    }
    let mut full = b"80840".to_vec();
    full.extend_from_slice(code);
    luhn(&full)
}

/// DEA registration: two letters and seven digits, the last of which is the check digit of the others.
pub(crate) fn dea(code: &[u8]) -> bool {
    let (Some(head), Some(tail)) = (code.get(..2), code.get(2..)) else { return false };
    if tail.len() != 7 || !head.iter().all(u8::is_ascii_alphabetic) || !tail.iter().all(u8::is_ascii_digit) {
        return false;
    }
    let d: Vec<u32> = tail.iter().map(|b| u32::from(b - b'0')).collect();
    (d[0] + d[2] + d[4] + 2 * (d[1] + d[3] + d[5])) % 10 == d[6]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_number_groups() {
        let numbers = Numbers::new();
        for (text, want) in [
            ("call (360) 555-0142 x12 now", vec!["(360) 555-0142 x12"]),
            ("1-800-555-0142", vec!["1-800-555-0142"]),
            ("ph 315 091 9691", vec![]),
            ("ph 315 291 9691.", vec!["315 291 9691"]),
            ("218 / 473-2638", vec!["218 / 473-2638"]),
            ("+61 7 5550 4417", vec!["+61 7 5550 4417"]),
            ("on 01632 960 418 after", vec!["01632 960 418"]),
            ("476 30 9918", vec!["476 30 9918"]),
            ("000-12-3456", vec![]),
            ("7WD4H19PP62", vec!["7WD4H19PP62"]),
            ("fe80::1ff:fe23:4567:890a", vec!["fe80::1ff:fe23:4567:890a"]),
            ("at 10:20:30", vec![]),
            ("00:1B:44:11:3A:B7", vec!["00:1B:44:11:3A:B7"]),
            ("(01)00643169001763(17)240101(10)AB12", vec!["(01)00643169001763(17)240101(10)AB12"]),
            ("SW1A 2AA", vec!["SW1A 2AA"]),
            ("Na 140 110 4.5 5000", vec![]),
        ] {
            let mut out = Vec::new();
            let mut tokens = Vec::new();
            crate::detect::token::lex(text, &[], &mut tokens);
            let codes = tokens.iter().filter(|t| t.kind == crate::detect::token::Kind::Code);
            numbers.find(text, codes.map(|t| Span::new(t.start as usize, t.end as usize)), &mut out);
            let got: Vec<&str> = out.iter().map(|(span, _)| span.of(text)).collect();
            assert_eq!(got, want, "{text}");
        }
    }

    #[test]
    fn check_digits() {
        assert!(npi(b"1234567893") && !npi(b"1234567890"));
        assert!(dea(b"AB1234563") && !dea(b"AB1234567"));
        assert!(luhn(b"4111 1111 1111 1111") && !luhn(b"4111 1111 1111 1112"));
    }
}
