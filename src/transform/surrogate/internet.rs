//! Stand-ins for e-mail, web and network addresses, all of ranges that documents may use and nobody owns.

use std::net::{Ipv4Addr, Ipv6Addr};

use super::case::{self, Case};
use super::lists::Lists;
use super::name::{self, Class};
use super::number;
use crate::identifier::Label;
use crate::transform::draw::{Draw, Draws};

/// Appends the stand-in of an e-mail address: words for the words of its local part, at a domain of RFC 2606.
///
/// The words are those that would stand for them in names: `maria.delgado@` fits `Maria Delgado`.
pub(super) fn write_email(lists: &Lists, value: &str, draws: &Draws, out: &mut String) -> bool {
    let address = value.trim();
    let (local, domain) = address.rsplit_once('@').unwrap_or((address, ""));
    // `mailto:` says nothing; quotes and brackets go.
    let local = local.rsplit_once(':').map_or(local, |(_, local)| local);
    let case = Case::of(address);
    let mut written = String::new();
    if !write_words(lists, local, draws, &mut written) {
        if !address.contains(case::is_letter) && !address.contains(case::is_digit) {
            return false;
        }
        written.push_str(lists.name("", draws));
    }
    written.push('@');
    written.push_str(example(&mut draws.of("domain", &case::folded(domain)), domain));
    match case {
        Case::Upper => out.push_str(&written.to_ascii_uppercase()),
        Case::Lower | Case::Title => out.push_str(&written.to_ascii_lowercase()),
    }
    true
}

/// Appends the stand-in of a web address: a host below a domain of RFC 2606, words for the words of the path.
pub(super) fn write_url(lists: &Lists, value: &str, draws: &Draws, out: &mut String) -> bool {
    let address = value.trim();
    if !address.contains(case::is_letter) && !address.contains(case::is_digit) {
        return false;
    }
    let (scheme, rest) = match address.split_once("://") {
        Some((scheme, rest)) if SCHEMES.iter().any(|s| s.eq_ignore_ascii_case(scheme)) => (Some(scheme), rest),
        Some((_, rest)) => (Some("https"), rest),
        None => (None, address),
    };
    if let Some(scheme) = scheme {
        out.push_str(scheme);
        out.push_str("://");
    }
    let host_end = rest.find(['/', '?', '#', '\\']).unwrap_or(rest.len());
    let (host, path) = rest.split_at_checked(host_end).unwrap_or((rest, ""));
    let (www, host) = match host.split_at_checked(4) {
        Some((www, host)) if www.eq_ignore_ascii_case("www.") => (www, host),
        _ => ("", host),
    };
    out.push_str(www);
    let key = case::folded(host);
    let mut draw = draws.of("host", &key);
    let labels: Vec<String> = key.split('.').map(str::to_owned).collect();
    let written = format!("{}.{}", lists.surname(&mut draw, &labels), example(&mut draw, ""));
    Case::of(host).rewrite(&written, out);
    let mut rest = path;
    // Escapes would carry letters of the original.
    while let Some((before, after)) = rest.split_once('%') {
        write_words(lists, before, draws, out);
        out.push('-');
        let hex = after.bytes().take(2).take_while(u8::is_ascii_hexdigit).count();
        rest = after.get(hex..).unwrap_or_default();
    }
    write_words(lists, rest, draws, out);
    true
}

/// Appends the stand-in of an IP or MAC address: IPv4 of RFC 5737, IPv6 of RFC 3849, a MAC that is administered locally
/// (IEEE 802). A port or a prefix length stays in layout.
pub(super) fn write_ip(value: &str, draws: &Draws, out: &mut String) -> bool {
    let address = value.trim();
    if let Some(end) = v4_end(address) {
        let (v4, rest) = address.split_at_checked(end).unwrap_or_default();
        let mut draw = draws.of("ip", v4);
        let stand_in = loop {
            let [a, b, c] = V4.get(draw.below(V4.len())).copied().unwrap_or([192, 0, 2]);
            let stand_in = Ipv4Addr::new(a, b, c, 1 + draw.below(254) as u8);
            if v4.parse() != Ok(stand_in) {
                break stand_in;
            }
        };
        out.push_str(&stand_in.to_string());
        write_rest(rest, draws, out);
        return true;
    }
    if write_mac(address, draws, out) {
        return true;
    }
    let bare = address.trim_start_matches('[');
    let end = bare.find(|c: char| !c.is_ascii_hexdigit() && c != ':' && c != '.').unwrap_or(bare.len());
    let (v6, rest) = bare.split_at_checked(end).unwrap_or_default();
    if let Ok(original) = v6.parse::<Ipv6Addr>() {
        let mut draw = draws.of("ip", &original.to_string());
        let mut group = || 1 + draw.below(0xffff) as u16;
        let short = v6.contains("::");
        let (c, d, e, f) = if short { (0, 0, 0, 0) } else { (group(), group(), group(), group()) };
        let stand_in = Ipv6Addr::new(0x2001, 0xdb8, c, d, e, f, group(), group()).to_string();
        out.push_str(address.get(..address.len() - bare.len()).unwrap_or_default());
        Case::of(v6).rewrite(&stand_in, out);
        // The name of an interface would stay a name.
        let rest =
            rest.strip_prefix('%').map_or(rest, |zone| zone.trim_start_matches(|c: char| c.is_ascii_alphanumeric()));
        write_rest(rest, draws, out);
        return true;
    }
    number::write(Label::OtherId, super::Checksums::Invalid, address, draws, out)
}

/// Appends what follows an address: the length of a prefix stays, a port and all else is drawn.
fn write_rest(rest: &str, draws: &Draws, out: &mut String) {
    let is_length = rest.strip_prefix('/').is_some_and(|n| n.parse::<u8>().is_ok_and(|n| n <= 128));
    if is_length || !number::write(Label::OtherId, super::Checksums::Invalid, rest, draws, out) {
        out.push_str(rest);
    }
}

/// Appends another word for each word and another number for each number; false if there are none.
fn write_words(lists: &Lists, text: &str, draws: &Draws, out: &mut String) -> bool {
    let mut replaced = false;
    for token in name::tokens(text) {
        match token.class {
            Class::Word => name::write_word(lists, token.text, &case::folded(token.text), None, draws, out),
            Class::Digits => number::write_digits("address", token.text, draws, out),
            Class::Other => out.push_str(token.text),
        }
        replaced |= token.class != Class::Other;
    }
    replaced
}

/// Where the IPv4 address ends that `text` starts with.
fn v4_end(text: &str) -> Option<usize> {
    let end = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let v4 = text.get(..end)?;
    let fields = || v4.split('.');
    (fields().count() == 4 && fields().all(|f| (1..=3).contains(&f.len()) && f.parse::<u8>().is_ok())).then_some(end)
}

/// Appends the stand-in of a MAC address; false if it is none.
pub(super) fn write_mac(address: &str, draws: &Draws, out: &mut String) -> bool {
    let separators: Vec<char> = address.chars().filter(|c| !c.is_ascii_hexdigit()).collect();
    let digits: String = address.chars().filter(char::is_ascii_hexdigit).map(|c| c.to_ascii_lowercase()).collect();
    let layout = match separators.as_slice() {
        [] => address.len() == 12 && !address.bytes().all(|b| b.is_ascii_digit()),
        [first @ (':' | '-'), rest @ ..] => rest.len() == 4 && rest.iter().all(|c| c == first),
        ['.', '.'] => true,
        _ => false,
    };
    if !layout || digits.len() != 12 {
        return false;
    }
    let mut draw = draws.of("mac", &digits);
    let stand_in = loop {
        let first = draw.below(256) & 0xfc | 2;
        let stand_in = format!("{first:02x}{:010x}", draw.below(1 << 40));
        if !super::check::survives(digits.as_bytes(), stand_in.as_bytes(), 0) {
            break stand_in;
        }
    };
    let upper = Case::of(address) == Case::Upper;
    let mut symbols = stand_in.chars();
    for c in address.chars() {
        match if c.is_ascii_hexdigit() { symbols.next() } else { None } {
            Some(symbol) if upper => out.push(symbol.to_ascii_uppercase()),
            Some(symbol) => out.push(symbol),
            None => out.push(c),
        }
    }
    true
}

/// A domain that nobody has, other than `domain`.
fn example(draw: &mut Draw, domain: &str) -> &'static str {
    let from: Vec<&'static str> = EXAMPLES.into_iter().filter(|e| !e.eq_ignore_ascii_case(domain)).collect();
    draw.pick(&from).copied().unwrap_or("example.net")
}

/// RFC 2606, section 3.
const EXAMPLES: [&str; 3] = ["example.com", "example.org", "example.net"];
/// RFC 5737.
const V4: [[u8; 3]; 3] = [[192, 0, 2], [198, 51, 100], [203, 0, 113]];
const SCHEMES: &[&str] = &["http", "https", "ftp", "ftps", "sftp", "ws", "wss"];
