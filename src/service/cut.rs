//! Cuts a text that comes in pieces into blocks: by what stands in it, never by where the pieces end.

/// How a text is cut.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Mode {
    /// Blocks as large as may be.
    Whole,
    /// Blocks that are done early: paragraphs, and sentences once some text is held.
    Live,
}

/// Takes pieces, gives blocks.
pub(crate) struct Cutter {
    mode: Mode,
    held: Vec<u8>,
    /// Bytes of `held` in which no live block ends.
    seen: usize,
    /// Bytes taken so far.
    taken: usize,
}

/// The text is not UTF-8.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct NotText;

impl Cutter {
    pub(crate) fn new(mode: Mode) -> Self {
        Self { mode, held: Vec::new(), seen: 0, taken: 0 }
    }

    /// Takes the next bytes.
    pub(crate) fn push(&mut self, bytes: &[u8]) {
        self.held.extend_from_slice(bytes);
        self.taken += bytes.len();
    }

    /// Bytes taken so far.
    pub(crate) fn taken(&self) -> usize {
        self.taken
    }

    /// The next block that is certain by now.
    pub(crate) fn block(&mut self) -> Result<Option<String>, NotText> {
        let end = match self.mode {
            Mode::Live => self.live(),
            Mode::Whole => None,
        };
        let most = match self.mode {
            Mode::Whole => WHOLE,
            Mode::Live => LIVE,
        };
        let end = end.filter(|end| *end <= most).or_else(|| (self.held.len() > most).then(|| self.border(most)));
        end.map(|end| self.cut(end)).transpose()
    }

    /// The last block: what is left, once [`block`](Cutter::block) gives none and nothing comes any more. `None` when
    /// nothing is left.
    pub(crate) fn rest(&mut self) -> Result<Option<String>, NotText> {
        let end = self.held.len();
        if end == 0 { Ok(None) } else { self.cut(end).map(Some) }
    }

    fn cut(&mut self, end: usize) -> Result<String, NotText> {
        let rest = self.held.split_off(end);
        let block = std::mem::replace(&mut self.held, rest);
        self.seen = 0;
        String::from_utf8(block).map_err(|_| NotText)
    }

    /// Where a block of at most `most` bytes ends: behind the last blank line of its second half, or else behind the last
    /// line end, word or character of it.
    fn border(&self, most: usize) -> usize {
        let block = self.held.get(..most).unwrap_or(&self.held);
        let half = block.len() / 2;
        let behind = block.get(half..).unwrap_or_default();
        let blank = memchr::memmem::rfind(behind, b"\n\n").map(|at| half + at + 2);
        let windows = memchr::memmem::rfind(behind, b"\n\r\n").map(|at| half + at + 3);
        let line = || memchr::memrchr(b'\n', block).map(|at| at + 1);
        let word = || block.iter().rposition(u8::is_ascii_whitespace).map(|at| at + 1);
        let mark = || block.iter().rposition(|b| b.is_ascii() && !b.is_ascii_alphanumeric()).map(|at| at + 1);
        let character = || (block.len().saturating_sub(3)..=block.len()).rev().find(|at| self.is_border(*at));
        blank.max(windows).or_else(line).or_else(word).or_else(mark).or_else(character).unwrap_or(block.len())
    }

    /// Whether no character goes on here.
    fn is_border(&self, at: usize) -> bool {
        self.held.get(at).is_none_or(|byte| byte & 0xc0 != 0x80)
    }

    /// Where the first live block ends: behind a blank line, or behind the end of a sentence once enough is held.
    fn live(&mut self) -> Option<usize> {
        let held = &self.held;
        for at in self.seen..held.len() {
            let byte = held.get(at).copied()?;
            if !byte.is_ascii_whitespace() {
                continue;
            }
            let before = held.get(..at).unwrap_or_default();
            let ends = match byte {
                b'\n' if is_blank(before) && at > 0 => true,
                _ => at + 1 >= ENOUGH && is_sentence(before),
            };
            if ends {
                return Some(at + 1);
            }
        }
        self.seen = held.len();
        None
    }
}

/// Whether the line before a line end is empty.
fn is_blank(before: &[u8]) -> bool {
    matches!(before, [.., b'\n'] | [.., b'\n', b'\r'])
}

/// Whether a sentence ends here: with a full stop behind a word that is not an abbreviation before a name.
fn is_sentence(before: &[u8]) -> bool {
    let Some((mark, before)) = before.split_last() else { return false };
    match mark {
        b'!' | b'?' => true,
        b'.' => {
            let letters = before.iter().rev().take_while(|b| b.is_ascii_alphabetic()).count();
            let word = before.get(before.len() - letters..).unwrap_or_default();
            let is_plain = letters >= 3 && word.iter().all(u8::is_ascii_lowercase);
            is_plain && !SHORT.iter().any(|short| short.as_bytes() == word)
        }
        _ => false,
    }
}

/// Bytes of a block.
pub(crate) const WHOLE: usize = 64 << 10;
/// Bytes of a live block that has no end.
const LIVE: usize = 4 << 10;
/// Bytes from which on a sentence ends a live block.
const ENOUGH: usize = 400;
/// Words with a full stop that a name, number or place follows.
const SHORT: [&str; 20] = [
    "prof", "capt", "hosp", "dept", "apt", "ste", "bldg", "ave", "blvd", "street", "tel", "ext", "fax", "mrs", "jan",
    "feb", "aug", "sept", "oct", "med",
];

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    /// The blocks of `text` in pieces of those lengths, over and over.
    fn blocks(mode: Mode, text: &[u8], pieces: &[usize]) -> Result<Vec<String>, NotText> {
        let mut cutter = Cutter::new(mode);
        let (mut rest, mut blocks) = (text, Vec::new());
        for length in pieces.iter().cycle() {
            let (piece, tail) = rest.split_at((*length).min(rest.len()));
            cutter.push(piece);
            while let Some(block) = cutter.block()? {
                blocks.push(block);
            }
            rest = tail;
            if rest.is_empty() {
                break;
            }
        }
        blocks.extend(cutter.rest()?);
        Ok(blocks)
    }

    #[test]
    fn blocks_do_not_depend_on_the_pieces_and_lose_nothing() {
        let line = "The Patiënt was seen by Dr. Osei on 03/04/2019. She is well now. Knee pain gone\n";
        let mut paragraphs = String::new();
        for n in 0..2_000 {
            paragraphs.push_str(line);
            if n % 17 == 0 {
                paragraphs.push('\n');
            }
        }
        let solid = "é".repeat(50_000);
        let solid_ascii = "x".repeat(200_000);
        let lines = line.repeat(2_000);
        let crlf = paragraphs.replace('\n', "\r\n");
        for text in [&paragraphs, &solid, &solid_ascii, &lines, &crlf, "", "short", "\n\n\n\n a\n\n"] {
            for mode in [Mode::Whole, Mode::Live] {
                let want = blocks(mode, text.as_bytes(), &[usize::MAX >> 1]).unwrap();
                assert_eq!(want.concat(), *text);
                let most = if mode == Mode::Whole { WHOLE } else { LIVE };
                assert!(want.iter().all(|block| block.len() <= most && !block.is_empty()));
                for pieces in [&[1][..], &[7, 1, 300], &[4096], &[WHOLE, 1], &[WHOLE + 1]] {
                    if pieces == [1] && text.len() > 1_000 && mode == Mode::Whole {
                        continue;
                    }
                    assert_eq!(blocks(mode, text.as_bytes(), pieces).unwrap(), want);
                }
            }
        }
    }

    #[test]
    fn whole_blocks_end_at_blank_lines_then_at_lines() {
        let text = format!("{}\n\n{}\n{}", "a ".repeat(20_000), "b ".repeat(5_000), "c ".repeat(10_000));
        let cut = blocks(Mode::Whole, text.as_bytes(), &[1000]).unwrap();
        assert_eq!(cut.iter().map(String::len).collect::<Vec<_>>(), [40_002, 30_001]);
        let text = format!("{}\n{}", "a ".repeat(30_000), "b ".repeat(30_000));
        let cut = blocks(Mode::Whole, text.as_bytes(), &[1000]).unwrap();
        assert_eq!(cut.iter().map(String::len).collect::<Vec<_>>(), [60_001, 60_000]);
        assert_eq!(blocks(Mode::Whole, "x".repeat(WHOLE).as_bytes(), &[10]).unwrap().len(), 1);
    }

    #[test]
    fn live_blocks_end_at_paragraphs_and_sentences_not_at_titles() {
        let filler = "word ".repeat(80);
        for (text, want) in [
            ("One.\n\nTwo.".to_owned(), vec![6, 4]),
            ("One. Two. Three.".to_owned(), vec![16]),
            (format!("{filler}seen by Dr. Osei today. Next"), vec![filler.len() + 24, 4]),
            (format!("{filler}seen by prof. Osei today! Next"), vec![filler.len() + 26, 4]),
            (format!("{filler}at 5 p.m. on J. Street for 3.5 hours"), vec![filler.len() + 36]),
        ] {
            let cut = blocks(Mode::Live, text.as_bytes(), &[3]).unwrap();
            assert_eq!(cut.iter().map(String::len).collect::<Vec<_>>(), want, "{text}");
        }
    }

    #[test]
    fn what_is_not_utf8_is_refused() {
        for text in [&b"ab\xff"[..], b"ab\xc3", b"\x80"] {
            assert_eq!(blocks(Mode::Whole, text, &[1]), Err(NotText));
        }
    }
}
