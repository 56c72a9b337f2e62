//! Folds words to the keys of the dictionaries: lower case, no diacritics.

/// Appends `word` to `out` in lower case and without diacritics: `Núñez` gives `nunez`, `Strauß` `strauss`, `’` gives
/// `'`. What has no Latin base (Greek, Cyrillic...) is only lower-cased. Takes any string, allocates only in `out`.
pub fn fold(word: &str, out: &mut Vec<u8>) {
    out.reserve(word.len());
    if word.is_ascii() {
        out.extend(word.bytes().map(|b| b.to_ascii_lowercase()));
        return;
    }
    for c in word.chars() {
        fold_char(c, out);
    }
}

fn fold_char(c: char, out: &mut Vec<u8>) {
    let latin = match c {
        '\0'..='\x7f' => {
            out.push(c.to_ascii_lowercase() as u8);
            return;
        }
        '\u{300}'..='\u{36f}' => return,
        '\u{2018}' | '\u{2019}' | '\u{2bb}' | '\u{2bc}' | '\u{b4}' => {
            out.push(b'\'');
            return;
        }
        // Hyphens that look like the ASCII one.
        '\u{2010}' | '\u{2011}' => {
            out.push(b'-');
            return;
        }
        '\u{c0}'..='\u{24f}' => pair(LATIN, c as usize - 0xc0),
        '\u{1e00}'..='\u{1eff}' => pair(LATIN_ADDITIONAL, c as usize - 0x1e00),
        _ => None,
    };
    if let Some(letters) = latin {
        out.extend(letters.iter().filter(|&&b| b != b'.'));
    } else {
        let mut buffer = [0; 4];
        for lower in c.to_lowercase() {
            out.extend_from_slice(lower.encode_utf8(&mut buffer).as_bytes());
        }
    }
}

/// The letters of entry `at`; `None` for `..`, a character without Latin letters.
fn pair(table: &'static [u8], at: usize) -> Option<&'static [u8]> {
    table.get(at * 2..at * 2 + 2).filter(|letters| *letters != b"..")
}

/// U+00C0 to U+024F: two letters each, `.` for none; made from the decompositions of Unicode and the usual
/// romanisations of ß, æ, œ, ø, ł, đ, ð, þ, ı, ħ, ŋ.
const LATIN: &[u8; 800] = b"\
    a.a.a.a.a.a.aec.e.e.e.e.i.i.i.i.d.n.o.o.o.o.o...o.u.u.u.u.y.thssa.a.a.a.a.a.aec.e.e.e.e.i.i.i.i.\
    d.n.o.o.o.o.o...o.u.u.u.u.y.thy.a.a.a.a.a.a.c.c.c.c.c.c.c.c.d.d.d.d.e.e.e.e.e.e.e.e.e.e.g.g.g.g.\
    g.g.g.g.h.h.h.h.i.i.i.i.i.i.i.i.i.i.ijijj.j.k.k.k.l.l.l.l.l.l.l.l.l.l.n.n.n.n.n.n...n.n.o.o.o.o.\
    o.o.oeoer.r.r.r.r.r.s.s.s.s.s.s.s.s.t.t.t.t.....u.u.u.u.u.u.u.u.u.u.u.u.w.w.y.y.y.z.z.z.z.z.z.s.\
    ............................e.....f.f...........................o.o...........................u.\
    u.......................................dzdzdzljljljnjnjnja.a.i.i.o.o.u.u.u.u.u.u.u.u.u.u.e.a.a.\
    a.a.aeae....g.g.k.k.o.o.o.o.....j.dzdzdzg.g.....n.n.a.a.aeaeo.o.a.a.a.a.e.e.e.e.i.i.i.i.o.o.o.o.\
    r.r.r.r.u.u.u.u.s.s.t.t.....h.h.............a.a.e.e.o.o.o.o.o.o.o.o.y.y.........................\
    ................................";

/// U+1E00 to U+1EFF, Vietnamese among them.
const LATIN_ADDITIONAL: &[u8; 512] = b"\
    a.a.b.b.b.b.b.b.c.c.d.d.d.d.d.d.d.d.d.d.e.e.e.e.e.e.e.e.e.e.f.f.g.g.h.h.h.h.h.h.h.h.h.h.i.i.i.i.\
    k.k.k.k.k.k.l.l.l.l.l.l.l.l.m.m.m.m.m.m.n.n.n.n.n.n.n.n.o.o.o.o.o.o.o.o.p.p.p.p.r.r.r.r.r.r.r.r.\
    s.s.s.s.s.s.s.s.s.s.t.t.t.t.t.t.t.t.u.u.u.u.u.u.u.u.u.u.v.v.v.v.w.w.w.w.w.w.w.w.w.w.x.x.x.x.y.y.\
    z.z.z.z.z.z.h.t.w.y...s.....ss..a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.e.e.e.e.e.e.e.e.\
    e.e.e.e.e.e.e.e.i.i.i.i.o.o.o.o.o.o.o.o.o.o.o.o.o.o.o.o.o.o.o.o.o.o.o.o.u.u.u.u.u.u.u.u.u.u.u.u.\
    u.u.y.y.y.y.y.y.y.y.............";

#[cfg(test)]
mod tests {
    use super::*;

    fn folded(word: &str) -> String {
        let mut out = Vec::new();
        fold(word, &mut out);
        String::from_utf8_lossy(&out).into_owned()
    }

    #[test]
    fn words_fold_to_lower_case_ascii() {
        for (word, key) in [
            ("Smith", "smith"),
            ("O'BRIEN", "o'brien"),
            ("O\u{2019}Brien", "o'brien"),
            ("Núñez", "nunez"),
            ("Nu\u{301}n\u{303}ez", "nunez"),
            ("Strauß", "strauss"),
            ("Łukasz", "lukasz"),
            ("Sørensen", "sorensen"),
            ("Ærø", "aero"),
            ("Nguyễn", "nguyen"),
            ("Đỗ", "do"),
            ("Yıldız", "yildiz"),
            ("İpek", "ipek"),
            ("Čapek", "capek"),
            ("Þór", "thor"),
            ("Saint\u{2010}Denis", "saint-denis"),
        ] {
            assert_eq!(folded(word), key, "{word}");
        }
    }

    #[test]
    fn what_has_no_latin_base_is_only_lower_cased() {
        for (word, key) in
            [("", ""), ("×", "×"), ("µg", "µg"), ("Ωmega", "ωmega"), ("Иван", "иван"), ("李", "李"), ("7½", "7½")]
        {
            assert_eq!(folded(word), key, "{word}");
        }
    }
}
