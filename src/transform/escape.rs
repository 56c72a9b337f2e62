//! How reveal writes a value where it stands: the shortest escaping that the format asks for.

use std::fmt::Write;

/// Appends `value` as it stands inside a JSON string: `"`, `\` and control characters escaped, the ones with a short
/// form by it, the others as `\u00` and two lower-case digits; everything else as it is.
pub(crate) fn json(value: &str, out: &mut String) {
    let mut plain = 0;
    for (at, byte) in value.bytes().enumerate() {
        let short = match byte {
            b'"' => "\\\"",
            b'\\' => "\\\\",
            0x08 => "\\b",
            0x09 => "\\t",
            0x0a => "\\n",
            0x0c => "\\f",
            0x0d => "\\r",
            0x00..0x20 => "",
            _ => continue,
        };
        out.push_str(value.get(plain..at).unwrap_or_default());
        plain = at + 1;
        out.push_str(short);
        if short.is_empty() {
            // A String takes everything: writing cannot fail.
            let _ = write!(out, "\\u{byte:04x}");
        }
    }
    out.push_str(value.get(plain..).unwrap_or_default());
}

/// Appends `value` as it stands inside a quoted CSV field: quotes doubled.
pub(super) fn csv_quoted(value: &str, out: &mut String) {
    for (i, part) in value.split('"').enumerate() {
        if i > 0 {
            out.push_str("\"\"");
        }
        out.push_str(part);
    }
}

/// Appends `value` as it stands in HTML, in text and in attributes.
pub(super) fn html(value: &str, out: &mut String) {
    for c in value.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c => out.push(c),
        }
    }
}

/// Appends `value` as it stands in a URL: all but the unreserved characters of RFC 3986 as `%` and two digits.
pub(super) fn percent(value: &str, out: &mut String) {
    for byte in value.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            // A String takes everything: writing cannot fail.
            let _ = write!(out, "%{byte:02X}");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_escaped_for_their_place() {
        for (value, in_json, in_csv) in [
            ("", "", ""),
            ("Øst/3", "Øst/3", "Øst/3"),
            ("a\"b", "a\\\"b", "a\"\"b"),
            ("a\\b\n\t", "a\\\\b\\n\\t", "a\\b\n\t"),
            ("\u{1}\u{1f}\u{7f}", "\\u0001\\u001f\u{7f}", "\u{1}\u{1f}\u{7f}"),
            ("\"\"", "\\\"\\\"", "\"\"\"\""),
        ] {
            let (mut a, mut b) = (String::new(), String::new());
            json(value, &mut a);
            csv_quoted(value, &mut b);
            assert_eq!((a.as_str(), b.as_str()), (in_json, in_csv));
            assert_eq!(serde_json::from_str::<String>(&format!("\"{a}\"")).ok().as_deref(), Some(value));
        }
        for (value, in_html, in_url) in [
            ("", "", ""),
            ("Øst 3", "Øst 3", "%C3%98st%203"),
            ("a<b>&\"'", "a&lt;b&gt;&amp;&quot;&#39;", "a%3Cb%3E%26%22%27"),
            ("A-z_0.9~", "A-z_0.9~", "A-z_0.9~"),
        ] {
            let (mut a, mut b) = (String::new(), String::new());
            html(value, &mut a);
            percent(value, &mut b);
            assert_eq!((a.as_str(), b.as_str()), (in_html, in_url));
        }
    }
}
