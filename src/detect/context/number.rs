//! Numbers of a record, however they are written: other separators, leading zeros, a telephone number without its area.

use super::date::{self, Day};
use super::table::{HEAD, MONTH, NINETY, NUMBER, Roles, Table};
use crate::detect::{folded_hash, hash};
use crate::identifier::Label;

/// The numbers of a context.
#[derive(Default)]
pub(super) struct Numbers {
    list: Vec<Number>,
    /// The lengths of their normal forms, a bit each.
    lengths: u64,
    /// How they begin: the first two letters or digits of each, folded to a bit.
    starts: [u64; 2],
    /// The last four digits of numbers that people tell by them.
    last: Vec<([u8; 4], Label)>,
    days: Vec<Day>,
}

struct Number {
    hash: u64,
    label: Label,
    sort: Sort,
}

/// What must hold where a number stands, beside its letters and digits.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Sort {
    /// Nothing.
    Any,
    /// It has this many digits, leading zeros counted.
    Digits(u8),
    /// It is written as a date.
    Date,
}

/// A number in normal form: letters and digits only, small letters, no zeros in front.
struct Normal {
    bytes: [u8; LONGEST],
    length: usize,
    digits: usize,
}

/// Letters and digits of the longest number.
const LONGEST: usize = 48;
/// The fewest letters and digits of a number that is looked for wherever it may stand.
const LEAST: usize = 5;

impl Numbers {
    /// Takes everything out.
    pub(super) fn clear(&mut self) {
        let Self { list, lengths, starts, last, days } = self;
        list.clear();
        last.clear();
        days.clear();
        (*lengths, *starts) = (0, [0; 2]);
    }

    /// Takes in a value of one of the labels of numbers. Returns whether it is one; else it is words.
    pub(super) fn push(&mut self, label: Label, value: &str, table: &mut Table) -> bool {
        if !value.bytes().any(|b| b.is_ascii_digit()) {
            return false;
        }
        let mut folded = Vec::new();
        match label {
            Label::Phone | Label::Fax => {
                let (main, extension) = match value.find(['x', 'X', 'e', 'E', '#']) {
                    Some(at) => value.split_at(at),
                    None => (value, ""),
                };
                let mut digits: String = main.chars().filter(char::is_ascii_digit).collect();
                if digits.len() == 11 && digits.starts_with('1') {
                    digits.remove(0);
                }
                self.add(&digits, label, Sort::Any, table);
                if digits.len() == 10 {
                    self.add(&format!("1{digits}"), label, Sort::Any, table);
                    self.add(digits.get(3..).unwrap_or_default(), label, Sort::Digits(7), table);
                }
                self.tell(&digits, label);
                let extension: String = extension.chars().filter(char::is_ascii_digit).collect();
                self.tell(&extension, label);
            }
            Label::Zip => {
                let digits: String = value.chars().filter(char::is_ascii_digit).collect();
                if value.bytes().any(|b| b.is_ascii_alphabetic()) || digits.len() < 5 {
                    self.add(value, label, Sort::Any, table);
                } else {
                    self.add(digits.get(..5).unwrap_or_default(), label, Sort::Digits(5), table);
                    self.add(&digits, label, Sort::Digits(9), table);
                }
            }
            Label::Date => {
                let Some(day) = Day::read(value) else { return true };
                day.digits(|digits| self.insert(hash(digits), digits, label, Sort::Date, table));
                date::names(day.month).for_each(|name| table.add(hash(name.as_bytes()), MONTH));
                if day.is_of_ninety() {
                    table.add(hash(b"ninety"), NINETY);
                }
                self.days.push(day);
            }
            _ => {
                self.add(value, label, Sort::Any, table);
                self.tell(value, label);
                // What comes before the first digit may stand apart from it: `MMT 1780`.
                let head: &str = value.split(|c: char| !c.is_alphabetic()).next().unwrap_or_default();
                if head.len() > 1 {
                    table.add(folded_hash(head, &mut folded), HEAD);
                }
            }
        }
        true
    }

    fn add(&mut self, value: &str, label: Label, sort: Sort, table: &mut Table) {
        let mut normal = Normal::new();
        let mut at = 0;
        while let Some(byte) = value.as_bytes().get(at) {
            at += if byte.is_ascii_alphanumeric() { normal.piece(value.as_bytes(), at) } else { 1 };
        }
        let whole = !value.bytes().any(|b| !b.is_ascii());
        let least = if matches!(sort, Sort::Any) { LEAST } else { 1 };
        if normal.length < least || normal.length >= LONGEST || !whole || normal.digits < 3 {
            return;
        }
        self.insert(hash(normal.of()), normal.of(), label, sort, table);
    }

    fn insert(&mut self, hash: u64, normal: &[u8], label: Label, sort: Sort, table: &mut Table) {
        let known = table.of(hash) & NUMBER != 0 && self.list.iter().any(|n| n.hash == hash && n.sort == sort);
        if let ([first, second, ..], false) = (normal, known) {
            let (word, bit) = start(*first, *second);
            if let Some(bits) = self.starts.get_mut(word) {
                *bits |= bit;
            }
            self.lengths |= 1 << normal.len();
            table.add(hash, NUMBER);
            self.list.push(Number { hash, label, sort });
        }
    }

    /// Notes the last four digits.
    fn tell(&mut self, value: &str, label: Label) {
        let tells =
            matches!(label, Label::Phone | Label::Fax | Label::Ssn | Label::Mrn | Label::Account | Label::HealthPlan);
        let mut last = [0; 4];
        let digits = value.bytes().rev().filter(u8::is_ascii_digit).take(4);
        let count = last.iter_mut().rev().zip(digits).map(|(place, digit)| *place = digit).count();
        if tells && count == 4 {
            self.last.push((last, label));
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// The label of numbers that end in these four digits.
    pub(super) fn ending(&self, four: &str) -> Option<Label> {
        self.last.iter().find(|(last, _)| last == four.as_bytes()).map(|(_, label)| *label)
    }

    /// Whether `3/14`, or the other way round, is the day of a date.
    pub(super) fn is_day(&self, code: &str) -> bool {
        let Some((a, b)) = code.split_once(['/', '-', '.']) else { return false };
        let (Ok(a), Ok(b)) = (a.parse::<u8>(), b.parse::<u8>()) else { return false };
        self.days.iter().any(|day| (day.month, day.day) == (a, b) || (day.month, day.day) == (b, a))
    }

    /// Whether a month, with a day of it or a year, is that of a date.
    pub(super) fn is_spelled(&self, day: Option<u16>, month: u16, year: Option<u16>) -> bool {
        self.days.iter().any(|known| known.fits(day, month, year))
    }

    /// Whether `14MAR58`, `14-Mar-1958` or `Mar-58` is one of the dates.
    pub(super) fn is_spelled_code(&self, code: &str) -> bool {
        let letters = code.bytes().filter(u8::is_ascii_alphabetic).count();
        if self.days.is_empty() || letters < 3 || !(5..=16).contains(&code.len()) {
            return false;
        }
        let mut runs = [""; 3];
        let mut rest = code;
        for run in &mut runs {
            rest = rest.trim_start_matches(['-', '/', '.']);
            let digits = rest.starts_with(|c: char| c.is_ascii_digit());
            let end = rest.find(|c: char| if digits { !c.is_ascii_digit() } else { !c.is_ascii_alphabetic() });
            (*run, rest) = rest.split_at_checked(end.unwrap_or(rest.len())).unwrap_or_default();
        }
        let number = |run: &str| run.parse::<u16>().ok();
        let [a, b, c] = runs;
        rest.is_empty()
            && match (date::month(a), date::month(b)) {
                (Some(month), _) if c.is_empty() => self.is_spelled(None, month, number(b)),
                (Some(month), _) => self.is_spelled(number(b), month, number(c)),
                (_, Some(month)) => number(a).is_some() && self.is_spelled(number(a), month, number(c)),
                _ => false,
            }
    }

    /// Whether some number begins as what stands there does.
    fn may_begin(&self, bytes: &[u8], at: usize) -> bool {
        let rest = bytes.get(at..).unwrap_or_default();
        let mut letters = rest.iter().take(LONGEST).filter(|b| b.is_ascii_alphanumeric()).skip_while(|b| **b == b'0');
        let (Some(first), Some(second)) = (letters.next(), letters.next()) else { return false };
        let (word, bit) = self::start(first.to_ascii_lowercase(), second.to_ascii_lowercase());
        self.starts.get(word).is_some_and(|bits| bits & bit != 0)
    }

    /// The longest number that begins at byte `start` of `text`, where a run of letters or digits begins: its end and
    /// label.
    pub(super) fn at(&self, text: &str, start: usize, table: &Table) -> Option<(usize, Label)> {
        let bytes = text.as_bytes();
        if !self.may_begin(bytes, start) {
            return None;
        }
        // One letter or digit more, and it is none of them.
        let longest = (u64::BITS - self.lengths.leading_zeros()) as usize;
        let mut normal = Normal::new();
        let (mut at, mut gaps, mut marks) = (start, 0u8, 0u8);
        let mut best = None;
        loop {
            at += normal.piece(bytes, at);
            if normal.length >= longest {
                return best;
            }
            let next = bytes.get(at).copied().unwrap_or(b' ');
            if self.lengths & 1 << normal.length != 0 && (!next.is_ascii_alphanumeric() || next == b'T') && next < 0x80
            {
                let hash = hash(normal.of());
                let is = |number: &&Number| {
                    number.hash == hash
                        && match number.sort {
                            // Words that only happen to stand beside a number are no part of it.
                            Sort::Any => gaps == 0 || normal.digits >= 7,
                            Sort::Digits(digits) => {
                                normal.digits == usize::from(digits) && normal.length <= normal.digits
                            }
                            Sort::Date => marks == 2 || (gaps == 0 && marks == 0 && normal.digits >= 6),
                        }
                };
                if table.of(hash) & NUMBER != 0
                    && let Some(number) = self.list.iter().find(is)
                    && (next != b'T' || number.sort == Sort::Date)
                {
                    best = Some((at, number.label));
                }
            }
            let rest = bytes.get(at..).unwrap_or_default();
            let width = rest.iter().take(4).take_while(|b| b" -./()_:\n".contains(b)).count();
            let between = rest.get(..width).unwrap_or_default();
            if width > 3 || !rest.get(width).is_some_and(u8::is_ascii_alphanumeric) {
                return best;
            }
            gaps += u8::from(between.iter().any(|b| matches!(b, b' ' | b'\n')));
            marks += u8::from(between.iter().any(|b| matches!(b, b'/' | b'-' | b'.')));
            at += width;
        }
    }
}

impl Normal {
    fn new() -> Self {
        Self { bytes: [0; LONGEST], length: 0, digits: 0 }
    }

    fn of(&self) -> &[u8] {
        self.bytes.get(..self.length).unwrap_or_default()
    }

    /// Takes in the run of letters, or of digits, at `at`. Returns its length, at least 1.
    fn piece(&mut self, text: &[u8], at: usize) -> usize {
        let rest = text.get(at..).unwrap_or_default();
        let digits = rest.first().is_some_and(u8::is_ascii_digit);
        let mut count = 0;
        for byte in rest {
            let same = if digits { byte.is_ascii_digit() } else { byte.is_ascii_alphabetic() };
            if !same || self.length >= LONGEST {
                break;
            }
            count += 1;
            self.digits += usize::from(digits);
            if self.length > 0 || *byte != b'0' {
                if let Some(place) = self.bytes.get_mut(self.length) {
                    *place = byte.to_ascii_lowercase();
                }
                self.length += 1;
            }
        }
        count.max(1)
    }
}

/// The bit of numbers that begin so: 128 of them, one for each two digits.
fn start(first: u8, second: u8) -> (usize, u64) {
    let pair = (usize::from(first) * 10 + usize::from(second)) & 127;
    (pair / 64, 1 << (pair % 64))
}

/// Whether a value of that label is a number.
pub(super) fn is_number(label: Label) -> bool {
    matches!(
        label,
        Label::Date
            | Label::Zip
            | Label::Phone
            | Label::Fax
            | Label::Ssn
            | Label::Mrn
            | Label::HealthPlan
            | Label::Account
            | Label::License
            | Label::Vehicle
            | Label::Device
            | Label::OtherId
    )
}

/// Roles at which a number may begin.
pub(super) const BEGINS: Roles = HEAD;
