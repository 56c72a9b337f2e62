//! The classes that features are numbered by: each token has a fine, a coarse and a tiny one.

use crate::detect::shape::Shape;
use crate::identifier::Label;

/// How many fine classes there are: of words by dictionary class and case, of codes by shape, of punctuation, of marks.
pub(crate) const FINE: usize = 232;
/// How many coarse ones.
pub(super) const COARSE: usize = 96;
/// How many tiny ones.
pub(super) const TINY: usize = 24;
/// What stands beyond the ends of what a token sees, in each.
pub(super) const BOUNDARY_FINE: u8 = 231;
pub(super) const BOUNDARY_COARSE: u8 = 95;
pub(super) const BOUNDARY_TINY: u8 = 23;
/// Where the fine classes of shapes, punctuation and marks begin.
const SHAPES_FROM: usize = 120;
const PUNCT_FROM: usize = 176;
const MARKS_FROM: usize = 202;

/// The tiny class of a word, by its dictionary class and case.
pub(super) fn tiny(base: usize, case: usize) -> usize {
    if case == 3 {
        return 14;
    }
    match base {
        14 => 7,
        15 => 8,
        16 | 17 => 9,
        23 | 24 => 10,
        22 => 11,
        9 | 10 | 20 | 21 if case > 0 => 12,
        18 | 19 => 13,
        5..=8 | 28 if case > 0 => 3,
        5..=7 | 28 | 10 => 2,
        11..=13 | 26 if case > 0 => 6,
        1..=4 | 8 if case > 0 => 4,
        _ if case > 0 => 5,
        1 | 2 | 8 => 0,
        _ => 1,
    }
}

/// The classes of punctuation.
pub(super) fn punct(text: &str) -> (usize, usize, usize) {
    let c = text.chars().next().unwrap_or(' ');
    let id = match c {
        ',' => 0,
        ':' => 1,
        '.' => 2,
        ';' => 3,
        '-' => 4,
        '/' => 5,
        '(' => 6,
        ')' => 7,
        '"' | '“' | '”' => 8,
        '\'' | '‘' | '’' => 9,
        '#' => 10,
        '@' => 11,
        '&' => 12,
        '*' => 13,
        '|' | '^' => 14,
        '=' => 15,
        '>' | '<' => 16,
        '+' => 17,
        '?' | '!' => 18,
        '%' => 19,
        '[' | ']' | '{' | '}' => 20,
        '_' => 21,
        '–' | '—' | '•' | '·' => 22,
        '~' | '→' => 23,
        _ => 24,
    };
    let tiny = match id {
        0 => 19,
        1 | 15 => 20,
        2 => 21,
        _ => 22,
    };
    (PUNCT_FROM + id, 76 + id.min(15), tiny)
}

/// The classes of a code.
pub(super) fn code(shape: Shape) -> (usize, usize, usize) {
    use Shape::*;
    let (group, tiny) = match shape {
        Int1 | Int2 => (0, 15),
        Int3 => (1, 15),
        Int4 | Int5 | Clock => (2, 17),
        Int6 | Int7 | Int8 | Int9 | Int10 | IntLong | IntZero | IntPhone => (3, 17),
        Year => (4, 16),
        Date8 | DateFull | DateRange => (5, 16),
        DateMonthYear | DateMonthDay | Score => (6, 16),
        Ratio | Pressure | Decimal | Range | Times | Icd | Gestation => (7, 15),
        Time | Decade => (8, 15),
        Phone7 | Phone10 => (9, 18),
        Ssn | Zip4 | DashLong | DashShort | Dotted | Ipv4 => (10, 17),
        Ordinal => (11, 16),
        AgeLike => (12, 15),
        Dose => (13, 15),
        Mixed3 | MixedDashShort => (14, 15),
        Mixed6 | MixedLong | MixedDash6 | MixedDashLong | Uuid | Vin | MixedLower | Other => (15, 17),
    };
    (SHAPES_FROM + shape as usize, 60 + group, tiny)
}

/// The classes of what a pattern or rule has marked.
pub(super) fn mark(label: Label) -> (usize, usize, usize) {
    let mark = match label {
        Label::Phone | Label::Fax => 0,
        Label::Ssn => 1,
        Label::Zip => 2,
        Label::HealthPlan => 3,
        Label::Date => 4,
        Label::Email | Label::Url | Label::Ip => 5,
        Label::Street => 6,
        _ => 7,
    };
    (MARKS_FROM + mark, 92 + usize::from(mark == 4), [18, 17, 17, 17, 16, 17, 17, 17][mark])
}
