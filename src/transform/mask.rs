//! Stars in place of letters and digits, so that the shape of a value stays: `***-**-6789`.

/// Appends `value` with a star for every letter and digit but the last `keep_last` of them.
///
/// A value of `keep_last` letters and digits or fewer is masked whole, and never more than half of them stay. Spaces and
/// punctuation stay as they stand. What is neither (combining marks, emoji, control and format characters) is dropped:
/// a mark tells the letter that it stood on.
///
/// Letters and digits are those of [`char::is_alphanumeric`], in every script.
pub(crate) fn mask(value: &str, keep_last: u8, out: &mut String) {
    let count = value.chars().filter(|c| c.is_alphanumeric()).count();
    let keep = usize::from(keep_last);
    let keep = if count <= keep { 0 } else { keep.min(count / 2) };
    let mut left = count;
    out.reserve(value.len());
    for c in value.chars() {
        if c.is_alphanumeric() {
            out.push(if left <= keep { c } else { '*' });
            left -= 1;
        } else if c.is_whitespace() || is_punctuation(c) {
            out.push(c);
        }
    }
}

/// Punctuation and signs of the usual scripts, for a `c` that is neither letter nor digit.
fn is_punctuation(c: char) -> bool {
    matches!(
        c,
        '!'..='~'
            // Latin-1, without the soft hyphen.
            | '\u{a1}'..='\u{ac}' | '\u{ae}'..='\u{bf}' | '\u{d7}' | '\u{f7}'
            // General punctuation without the marks of direction and the invisible operators.
            | '\u{2010}'..='\u{2027}' | '\u{2030}'..='\u{205e}'
            // Currency, numero sign, minus.
            | '\u{20a0}'..='\u{20cf}' | '\u{2116}' | '\u{2212}'
            // Hebrew, Arabic, Devanagari.
            | '\u{5be}' | '\u{5f3}' | '\u{5f4}' | '\u{60c}' | '\u{61b}' | '\u{61f}' | '\u{964}' | '\u{965}'
            // CJK and its full-width forms.
            | '\u{3001}'..='\u{3003}' | '\u{3008}'..='\u{3011}' | '\u{3014}'..='\u{301f}' | '\u{30fb}'
            | '\u{ff01}'..='\u{ff65}'
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn masked(value: &str, keep_last: u8) -> String {
        let mut out = String::new();
        mask(value, keep_last, &mut out);
        out
    }

    #[test]
    fn the_last_ones_stay() {
        for (value, keep, want) in [
            ("123-45-6789", 4, "***-**-6789"),
            ("123456789", 4, "*****6789"),
            ("(555) 010-9999", 4, "(***) ***-9999"),
            ("AB12-CD34", 2, "****-**34"),
            ("12345678", 4, "****5678"),
            ("José Núñez", 3, "**** **ñez"),
            ("Иванова", 2, "*****ва"),
            ("山田太郎", 1, "***郎"),
            ("#A-1, B-2.", 1, "#*-*, *-2."),
            ("１２３４", 1, "***４"),
        ] {
            assert_eq!(masked(value, keep), want, "{value}");
        }
    }

    #[test]
    fn nothing_stays_of_a_short_value_and_never_more_than_half() {
        for (value, keep, want) in [
            ("6789", 4, "****"),
            ("789", 4, "***"),
            ("", 4, ""),
            ("7", 0, "*"),
            ("7", 1, "*"),
            ("12345", 4, "***45"),
            ("1234567", 4, "****567"),
            ("123-45-6789", 255, "***-**-****"),
            ("123-45-6789", 0, "***-**-****"),
            ("1234567", 6, "****567"),
            ("--- /", 4, "--- /"),
            // A decomposed accent, a virama, a zero-width joiner, an emoji, a control and a soft hyphen tell nothing.
            ("Jose\u{301}", 0, "****"),
            ("Jose\u{301}", 1, "***e"),
            ("a\u{94d}b", 0, "**"),
            ("a\u{200d}b", 0, "**"),
            ("Ann \u{1f469}", 0, "*** "),
            ("An\u{0}n\u{ad}", 0, "***"),
            ("H²O½", 0, "****"),
        ] {
            assert_eq!(masked(value, keep), want, "{value}");
        }
    }

    proptest::proptest! {
        #[test]
        fn at_most_half_of_any_value_stays(value in "\\PC*|[0-9A-Za-z -]{0,12}", keep: u8) {
            let count = |s: &str| s.chars().filter(|c| c.is_alphanumeric()).count();
            let out = masked(&value, keep);
            proptest::prop_assert!(count(&out) <= usize::from(keep).min(count(&value) / 2));
            let stars = out.matches('*').count() - value.matches('*').count();
            proptest::prop_assert_eq!(stars + count(&out), count(&value));
            if count(&value) <= usize::from(keep) {
                proptest::prop_assert_eq!(count(&out), 0);
            }
        }
    }
}
