//! Finds the texts of an RTF document.

use std::borrow::Cow;

use super::{special, word};
use crate::identifier::{Hint, Label};
use crate::record::{Charset, Escape, Join, Segment};
use crate::span::Span;

/// The texts of a document, of which none overlaps another: the document's own last, before it those of its properties,
/// headers, notes and fields, each for itself. `None` when it cannot be read safely: another code page than Windows-1252,
/// binary data.
pub(in crate::record) fn read(bytes: &[u8], charset: Charset) -> Option<Vec<Segment<'static>>> {
    let mut reader = Reader {
        bytes,
        charset,
        groups: vec![Group { place: Place::Text, fallback: 1, own: false }],
        flows: vec![Flow::new(Hint::Text)],
        done: Vec::new(),
    };
    reader.run()?;
    while let Some(flow) = reader.flows.pop() {
        reader.done.extend(flow.segments);
    }
    Some(reader.done)
}

struct Reader<'b> {
    bytes: &'b [u8],
    charset: Charset,
    /// Invariant: never empty; the first is the document around its one group.
    groups: Vec<Group>,
    /// Texts that are still read; the last is that of the innermost group with one of its own.
    flows: Vec<Flow>,
    done: Vec<Segment<'static>>,
}

#[derive(Clone, Copy)]
struct Group {
    place: Place,
    /// Characters after `\\u233` that stand in for it.
    fallback: usize,
    /// Its text is a flow of its own.
    own: bool,
}

/// What a group's text is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    Text,
    /// Names of fonts and styles.
    Skip,
    /// Digits of an image or embedded document.
    Data(Label),
}

struct Flow {
    segments: Vec<Segment<'static>>,
    join: Join,
    hint: Hint,
}

impl Flow {
    fn new(hint: Hint) -> Self {
        Self { segments: Vec::new(), join: Join::Apart, hint }
    }
}

impl<'b> Reader<'b> {
    fn run(&mut self) -> Option<()> {
        let mut at = 0;
        // In a group of which nothing but marks was read yet.
        let mut fresh = false;
        let mut ignorable = false;
        while let Some(byte) = self.bytes.get(at) {
            match byte {
                b'{' => {
                    let group = *self.groups.last()?;
                    if self.groups.len() > MAX_DEPTH {
                        return None;
                    }
                    self.groups.push(Group { own: false, ..group });
                    at += 1;
                    (fresh, ignorable) = (true, false);
                    continue;
                }
                b'}' => {
                    self.close();
                    at += 1;
                }
                b'\\' if fresh && self.bytes.get(at + 1) == Some(&b'*') => {
                    ignorable = true;
                    at += 2;
                    continue;
                }
                b'\r' | b'\n' if fresh || !self.is_data() => {
                    at += 1;
                    continue;
                }
                b'\\' if special(self.rest(at), 1).is_none() => {
                    at = self.control(at, fresh, ignorable)?;
                }
                _ => at = self.text(at)?,
            }
            (fresh, ignorable) = (false, false);
        }
        Some(())
    }

    fn rest(&self, at: usize) -> &'b [u8] {
        self.bytes.get(at..).unwrap_or_default()
    }

    fn is_data(&self) -> bool {
        self.groups.last().is_some_and(|group| matches!(group.place, Place::Data(_)))
    }

    fn close(&mut self) {
        // The brace that closes none is passed over.
        if self.groups.len() > 1
            && self.groups.pop().is_some_and(|group| group.own)
            && let Some(flow) = self.flows.pop()
        {
            self.done.extend(flow.segments);
        }
    }

    /// Reads the control at `at`; returns where it ends.
    fn control(&mut self, at: usize, fresh: bool, ignorable: bool) -> Option<usize> {
        let rest = self.rest(at);
        let Some((word, length)) = word(rest) else {
            // A line end after a backslash is a paragraph's; other symbols show nothing.
            if matches!(rest.get(1), Some(b'\r' | b'\n')) {
                self.part(Join::Line);
            }
            return Some(at + 1 + usize::from(rest.get(1).is_some_and(u8::is_ascii)));
        };
        let word = String::from_utf8_lossy(word).into_owned();
        let word = word.as_str();
        let number = || {
            let digits = rest.get(1 + word.len()..length).unwrap_or_default().trim_ascii_end();
            std::str::from_utf8(digits).ok().and_then(|digits| digits.parse::<i64>().ok())
        };
        match word {
            "bin" if number().unwrap_or(0) != 0 => return None,
            "ansicpg" if !matches!(number(), None | Some(0 | 1252 | 20127 | 28591)) => return None,
            "mac" | "pc" | "pca" => return None,
            "uc" => {
                let count = number().and_then(|count| usize::try_from(count).ok()).unwrap_or(1);
                self.groups.last_mut()?.fallback = count;
            }
            _ if LINES.contains(&word) => self.part(Join::Line),
            _ if SPACES.contains(&word) => self.part(Join::Space),
            _ => {}
        }
        let group = self.groups.last()?;
        if !fresh || group.place != Place::Text {
            return Some(at + length);
        }
        if DATES.contains(&word) {
            let end = at + memchr::memchr2(b'}', b'{', self.rest(at)).unwrap_or(self.rest(at).len());
            self.apart(Span::new(at + 1, end), Hint::Whole(Label::Date));
            return Some(end);
        }
        let group = self.groups.last_mut()?;
        if SKIPPED.contains(&word) {
            group.place = Place::Skip;
        } else if let Some((_, label)) = DATA.iter().find(|(known, _)| *known == word) {
            group.place = Place::Data(*label);
        } else if ignorable || OWN.contains(&word) || PERSONS.contains(&word) {
            group.own = true;
            let hint = if PERSONS.contains(&word) { Hint::Whole(Label::Name) } else { Hint::Text };
            self.flows.push(Flow::new(hint));
        }
        Some(at + length)
    }

    /// Reads text from `at` on; returns where it ends.
    fn text(&mut self, start: usize) -> Option<usize> {
        let group = *self.groups.last()?;
        let data = match group.place {
            Place::Data(label) => Some(label),
            Place::Text | Place::Skip => None,
        };
        let mut text = String::new();
        let mut at = start;
        loop {
            let rest = self.rest(at);
            let stops = |b: &u8| matches!(b, b'\\' | b'{' | b'}') || data.is_none() && matches!(b, b'\r' | b'\n');
            let plain = rest.iter().position(stops).unwrap_or(rest.len());
            text.push_str(&self.charset.decode(rest.get(..plain)?));
            at += plain;
            let rest = self.rest(at);
            let Some((length, c)) = special(rest, group.fallback.min(1)).filter(|_| data.is_none()) else { break };
            at += length;
            text.extend(c);
            if rest.starts_with(b"\\u") && rest.get(2).is_some_and(|b| *b == b'-' || b.is_ascii_digit()) {
                match group.fallback {
                    // Walking the segment nothing may be taken for what stands in.
                    0 => break,
                    1 => {}
                    // Which of the bytes that follow show is not to be told from here.
                    _ => return None,
                }
            }
        }
        let span = Span::new(start, at);
        match (group.place, data) {
            (Place::Skip, _) => {}
            (_, Some(label)) => {
                let digits = text.bytes().filter(u8::is_ascii_hexdigit).count();
                let hint = if digits >= 16 { Hint::Whole(label) } else { Hint::Text };
                if !text.trim().is_empty() {
                    self.apart(span, hint);
                }
            }
            _ => self.run_of_text(span, text),
        }
        // A backslash that begins nothing at the very end.
        Some(at.max(start + 1))
    }

    fn run_of_text(&mut self, span: Span, text: String) {
        if text.trim().is_empty() {
            if !text.is_empty() {
                self.part(Join::Space);
            }
            return;
        }
        let Some(flow) = self.flows.last_mut() else { return };
        let segment = Segment::new(span, Cow::Owned(text), flow.hint, Escape::Rtf);
        flow.segments.push(Segment { join: flow.join, ..segment });
        flow.join = Join::Glued;
    }

    /// A text of its own that stands there as it is.
    fn apart(&mut self, span: Span, hint: Hint) {
        let text = self.charset.decode(self.bytes.get(span.start..span.end).unwrap_or_default()).into_owned();
        self.done.push(Segment::new(span, Cow::Owned(text), hint, Escape::None));
    }

    fn part(&mut self, join: Join) {
        if let Some(flow) = self.flows.last_mut().filter(|flow| flow.join != Join::Apart) {
            flow.join = flow.join.max(join);
        }
    }
}

/// Levels of groups above which a document is not searched.
const MAX_DEPTH: usize = 4096;

/// Controls that end a line.
const LINES: &[&str] = &["column", "line", "nestrow", "page", "par", "row", "sect", "softline", "softpage"];

/// Controls between words.
const SPACES: &[&str] = &["cell", "nestcell", "tab"];

/// Destinations that name fonts, colours, styles and lists.
const SKIPPED: &[&str] = &[
    "colortbl",
    "falt",
    "fontemb",
    "fontfile",
    "fonttbl",
    "latentstyles",
    "leveltext",
    "levelnumbers",
    "listlevel",
    "listoverridetable",
    "listtable",
    "panose",
    "pgptbl",
    "rsidtbl",
    "sn",
    "stylesheet",
    "xmlnstbl",
];

/// Destinations of hexadecimal digits, and what they may be.
const DATA: &[(&str, Label)] = &[
    ("colorschememapping", Label::OtherId),
    ("datastore", Label::OtherId),
    ("objdata", Label::OtherId),
    ("passwordhash", Label::OtherId),
    ("pict", Label::Biometric),
    ("themedata", Label::OtherId),
];

/// Properties of the document that are dates, which are written in control words.
const DATES: &[&str] = &["atntime", "buptim", "creatim", "printim", "revtim"];

/// Properties of the document that name who wrote it.
const PERSONS: &[&str] = &["atnauthor", "author", "manager", "operator"];

/// Destinations with a text of their own; besides, all that a reader may ignore.
const OWN: &[&str] = &[
    "annotation",
    "atnid",
    "bkmkend",
    "bkmkstart",
    "category",
    "comment",
    "company",
    "doccomm",
    "fldinst",
    "footer",
    "footerf",
    "footerl",
    "footerr",
    "footnote",
    "header",
    "headerf",
    "headerl",
    "headerr",
    "hlinkbase",
    "info",
    "keywords",
    "shptxt",
    "subject",
    "sv",
    "title",
];
