//! The columns that hold values, and how a value of each type is written as text and read back.

use arrow_schema::{DataType, TimeUnit};
use jiff::civil;
use jiff::tz::Offset;
use parquet::basic::Type as Physical;

use crate::identifier::Label;

/// A column of values: a leaf of the schema.
#[derive(Clone, Debug)]
pub(super) struct Leaf {
    /// As a JSON pointer, `*` for the elements of a list.
    pub(super) pointer: String,
    pub(super) kind: Kind,
    pub(super) physical: Physical,
    /// Whether a value of it may be left out.
    pub(super) optional: bool,
    /// Bytes of a value, where all have the same.
    pub(super) length: usize,
    /// Whether its texts are searched.
    pub(super) searched: bool,
    /// The policy's field.
    pub(super) rule: Option<u16>,
    /// What its values are when they are bytes that cannot be searched.
    pub(super) opaque: Label,
}

/// How the values of a leaf are shown and stored.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Kind {
    Text,
    /// Bytes: searched when they are text.
    Bytes,
    /// 16 bytes, shown in hexadecimal with hyphens.
    Uuid,
    Integer {
        low: i128,
        high: i128,
    },
    Float16,
    Float32,
    Float64,
    Decimal {
        precision: u8,
        scale: i8,
    },
    Date,
    /// A count of `unit` since 1970, in UTC where it says so.
    Time {
        unit: Unit,
        utc: bool,
    },
    /// A truth value, a time of day, a length of time: nothing to search.
    Plain,
}

/// The unit of a count of time.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Unit {
    Second,
    Milli,
    Micro,
    Nano,
}

impl Unit {
    pub(super) fn of(unit: TimeUnit) -> Self {
        match unit {
            TimeUnit::Second => Self::Second,
            TimeUnit::Millisecond => Self::Milli,
            TimeUnit::Microsecond => Self::Micro,
            TimeUnit::Nanosecond => Self::Nano,
        }
    }

    fn in_second(self) -> i64 {
        match self {
            Self::Second => 1,
            Self::Milli => 1_000,
            Self::Micro => 1_000_000,
            Self::Nano => 1_000_000_000,
        }
    }
}

/// Why a schema is not read.
pub(super) const NOT_READ: &str = "has a type that is not read";

impl Kind {
    /// Of a column that is read as `data`; `uuid` when its 16 bytes are one.
    ///
    /// # Errors
    ///
    /// What is wrong, when no value of it could be searched or written back.
    pub(super) fn of(data: &DataType, uuid: bool) -> Result<Self, &'static str> {
        let integer = |low, high| Self::Integer { low, high };
        Ok(match data {
            DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => Self::Text,
            DataType::Binary | DataType::LargeBinary | DataType::BinaryView => Self::Bytes,
            DataType::FixedSizeBinary(16) if uuid => Self::Uuid,
            DataType::FixedSizeBinary(_) => Self::Bytes,
            DataType::Int8 => integer(i8::MIN.into(), i8::MAX.into()),
            DataType::Int16 => integer(i16::MIN.into(), i16::MAX.into()),
            DataType::Int32 => integer(i32::MIN.into(), i32::MAX.into()),
            DataType::Int64 => integer(i64::MIN.into(), i64::MAX.into()),
            DataType::UInt8 => integer(0, u8::MAX.into()),
            DataType::UInt16 => integer(0, u16::MAX.into()),
            DataType::UInt32 => integer(0, u32::MAX.into()),
            DataType::UInt64 => integer(0, u64::MAX.into()),
            DataType::Float16 => Self::Float16,
            DataType::Float32 => Self::Float32,
            DataType::Float64 => Self::Float64,
            DataType::Decimal128(precision, scale) | DataType::Decimal256(precision, scale) => {
                Self::Decimal { precision: *precision, scale: *scale }
            }
            DataType::Date32 => Self::Date,
            DataType::Date64 => Self::Time { unit: Unit::Milli, utc: false },
            DataType::Timestamp(unit, zone) => Self::Time { unit: Unit::of(*unit), utc: zone.is_some() },
            DataType::Null
            | DataType::Boolean
            | DataType::Time32(_)
            | DataType::Time64(_)
            | DataType::Duration(_)
            | DataType::Interval(_) => Self::Plain,
            _ => return Err(NOT_READ),
        })
    }

    /// What `inspect` calls it.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Bytes => "bytes",
            Self::Uuid => "uuid",
            Self::Integer { .. } => "integer",
            Self::Float16 | Self::Float32 | Self::Float64 => "number",
            Self::Decimal { .. } => "decimal",
            Self::Date => "date",
            Self::Time { .. } => "timestamp",
            Self::Plain => "plain",
        }
    }
}

impl Leaf {
    /// A replacement as the column stores it; `None` when it is none of the column's type.
    pub(super) fn store(&self, text: &str) -> Option<Vec<u8>> {
        let text = if matches!(self.kind, Kind::Text | Kind::Bytes) { text } else { text.trim() };
        match self.kind {
            Kind::Text => Some(text.as_bytes().to_vec()),
            Kind::Bytes if self.physical == Physical::FIXED_LEN_BYTE_ARRAY => {
                (text.len() == self.length).then(|| text.as_bytes().to_vec())
            }
            Kind::Bytes => Some(text.as_bytes().to_vec()),
            Kind::Uuid => uuid(text),
            Kind::Integer { low, high } => {
                let value: i128 = text.parse().ok()?;
                (low..=high).contains(&value).then(|| self.integer(value))?
            }
            Kind::Float16 => {
                let value = text.parse::<f32>().ok().filter(|v| v.is_finite())?;
                Some(half::f16::from_f32(value).to_le_bytes().to_vec())
            }
            Kind::Float32 => Some(text.parse::<f32>().ok().filter(|v| v.is_finite())?.to_le_bytes().to_vec()),
            Kind::Float64 => Some(text.parse::<f64>().ok().filter(|v| v.is_finite())?.to_le_bytes().to_vec()),
            Kind::Decimal { precision, scale } => self.integer(decimal(text, precision, scale)?),
            Kind::Date => {
                let date: civil::Date = text.parse().ok()?;
                let days = date.since((jiff::Unit::Day, EPOCH)).ok()?.get_days();
                self.integer(days.into())
            }
            Kind::Time { unit, .. } => {
                let time = instant(text)?;
                let parts = i128::from(unit.in_second());
                let nanos = time.as_nanosecond();
                if self.physical == Physical::INT96 {
                    return int96(nanos);
                }
                self.integer(nanos.div_euclid(1_000_000_000 / parts))
            }
            Kind::Plain => None,
        }
    }

    /// What stands for bytes that cannot be searched and may not be left out.
    pub(super) fn nothing(&self) -> Option<Vec<u8>> {
        (self.physical == Physical::BYTE_ARRAY).then(Vec::new)
    }

    fn integer(&self, value: i128) -> Option<Vec<u8>> {
        let bytes = value.to_be_bytes();
        Some(match self.physical {
            // An unsigned integer above the signed ones is stored as the negative one of the same bits.
            Physical::INT32 => (value as u32).to_le_bytes().to_vec(),
            Physical::INT64 => (value as u64).to_le_bytes().to_vec(),
            Physical::BYTE_ARRAY => bytes.to_vec(),
            Physical::FIXED_LEN_BYTE_ARRAY if self.length > bytes.len() => {
                let sign = if value < 0 { 0xFF } else { 0 };
                let mut wide = vec![sign; self.length - bytes.len()];
                wide.extend_from_slice(&bytes);
                wide
            }
            Physical::FIXED_LEN_BYTE_ARRAY => {
                let (cut, kept) = bytes.split_at(bytes.len() - self.length);
                let sign = if kept.first().is_some_and(|b| b & 0x80 != 0) { 0xFF } else { 0 };
                if cut.iter().any(|b| *b != sign) {
                    return None;
                }
                kept.to_vec()
            }
            _ => return None,
        })
    }
}

/// A day, counted from 1970; days that no calendar has are shown as their count.
pub(super) fn show_date(days: i64, out: &mut Vec<u8>) {
    let date = jiff::Span::new().try_days(days).ok().and_then(|span| EPOCH.checked_add(span).ok());
    match date {
        Some(date) => quoted(&date.to_string(), out),
        None => out.extend_from_slice(days.to_string().as_bytes()),
    }
}

/// A moment to the second, as records have it: with a fraction it looks like a code to some. One that did not change
/// keeps its fraction, since it is not read back. One that no calendar has is shown as its count.
pub(super) fn show_time(count: i64, unit: Unit, utc: bool, out: &mut Vec<u8>) {
    match jiff::Timestamp::from_second(count.div_euclid(unit.in_second())).ok() {
        Some(time) if utc => quoted(&time.to_string(), out),
        Some(time) => quoted(&Offset::UTC.to_datetime(time).to_string(), out),
        None => out.extend_from_slice(count.to_string().as_bytes()),
    }
}

/// 16 bytes as a UUID is written, RFC 9562.
pub(super) fn show_uuid(bytes: &[u8], out: &mut Vec<u8>) {
    out.push(b'"');
    for (at, byte) in bytes.iter().enumerate() {
        if matches!(at, 4 | 6 | 8 | 10) {
            out.push(b'-');
        }
        out.extend_from_slice(format!("{byte:02x}").as_bytes());
    }
    out.push(b'"');
}

/// Text as a JSON string.
pub(super) fn show_text(text: &str, out: &mut Vec<u8>) {
    out.push(b'"');
    let mut plain = 0;
    for (at, byte) in text.bytes().enumerate() {
        if byte >= b' ' && byte != b'"' && byte != b'\\' {
            continue;
        }
        out.extend_from_slice(text.as_bytes().get(plain..at).unwrap_or_default());
        plain = at + 1;
        match byte {
            b'"' | b'\\' => out.extend_from_slice(&[b'\\', byte]),
            b'\n' => out.extend_from_slice(b"\\n"),
            b'\r' => out.extend_from_slice(b"\\r"),
            b'\t' => out.extend_from_slice(b"\\t"),
            other => out.extend_from_slice(format!("\\u{other:04x}").as_bytes()),
        }
    }
    out.extend_from_slice(text.as_bytes().get(plain..).unwrap_or_default());
    out.push(b'"');
}

/// A number; whole ones without a point, as the same number stands in other files. False when JSON has no such number.
pub(super) fn show_float(value: f64, short: &str, out: &mut Vec<u8>) -> bool {
    if value.is_finite() {
        out.extend_from_slice(short.as_bytes());
    }
    value.is_finite()
}

/// Bytes that are text: UTF-8 without control characters other than white space.
pub(super) fn as_text(bytes: &[u8]) -> Option<&str> {
    let text = std::str::from_utf8(bytes).ok()?;
    let control = |b: u8| b < b' ' && !matches!(b, b'\t' | b'\n' | b'\r' | 0x0B | 0x0C) || b == 0x7F;
    (!text.bytes().any(control)).then_some(text)
}

fn quoted(text: &str, out: &mut Vec<u8>) {
    out.push(b'"');
    out.extend_from_slice(text.as_bytes());
    out.push(b'"');
}

fn uuid(text: &str) -> Option<Vec<u8>> {
    let digits: String = text.chars().filter(|c| *c != '-').collect();
    let hex = digits.len() == 32 && digits.bytes().all(|b| b.is_ascii_hexdigit());
    let number = hex.then(|| u128::from_str_radix(&digits, 16).ok())??;
    Some(number.to_be_bytes().to_vec())
}

/// The unscaled value of a decimal number that the type holds exactly.
fn decimal(text: &str, precision: u8, scale: i8) -> Option<i128> {
    let scale = usize::try_from(scale).ok()?;
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let fraction = fraction.trim_end_matches('0');
    let all_digits = fraction.bytes().all(|b| b.is_ascii_digit());
    if fraction.len() > scale || !all_digits || whole.trim_start_matches(['-', '+']).is_empty() {
        return None;
    }
    let digits = format!("{whole}{fraction}{}", "0".repeat(scale - fraction.len()));
    let value: i128 = digits.parse().ok()?;
    let limit = 10u128.checked_pow(precision.into())?;
    (value.unsigned_abs() < limit).then_some(value)
}

/// A moment written with or without time and zone.
fn instant(text: &str) -> Option<jiff::Timestamp> {
    if let Ok(time) = text.parse::<jiff::Timestamp>() {
        return Some(time);
    }
    let time: civil::DateTime = text.parse().ok()?;
    Offset::UTC.to_timestamp(time).ok()
}

/// Nanoseconds of the day and the Julian day, as INT96 holds them.
fn int96(nanos: i128) -> Option<Vec<u8>> {
    const JULIAN_EPOCH: i128 = 2_440_588;
    const DAY: i128 = 86_400 * 1_000_000_000;
    let day = u32::try_from(nanos.div_euclid(DAY) + JULIAN_EPOCH).ok()?;
    let mut bytes = u64::try_from(nanos.rem_euclid(DAY)).ok()?.to_le_bytes().to_vec();
    bytes.extend_from_slice(&day.to_le_bytes());
    Some(bytes)
}

const EPOCH: civil::Date = civil::date(1970, 1, 1);

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn leaf(kind: Kind, physical: Physical, length: usize) -> Leaf {
        Leaf {
            pointer: String::new(),
            kind,
            physical,
            optional: true,
            length,
            searched: true,
            rule: None,
            opaque: Label::OtherId,
        }
    }

    fn shown(show: impl Fn(&mut Vec<u8>)) -> String {
        let mut out = Vec::new();
        show(&mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn moments_are_shown_as_iso_and_read_back() {
        for (days, want) in [
            (0, "\"1970-01-01\""),
            (-4_311, "\"1958-03-14\""),
            (19_781, "\"2024-02-28\""),
            (i64::MAX, "9223372036854775807"),
        ] {
            assert_eq!(shown(|out| show_date(days, out)), want);
        }
        for (count, unit, utc, want) in [
            (0, Unit::Second, true, "1970-01-01T00:00:00Z"),
            (-1_000, Unit::Milli, false, "1969-12-31T23:59:59"),
            (1_704_873_600_000_000, Unit::Micro, false, "2024-01-10T08:00:00"),
            (1_704_873_600_000_000_000, Unit::Nano, true, "2024-01-10T08:00:00Z"),
        ] {
            assert_eq!(shown(|out| show_time(count, unit, utc, out)), format!("\"{want}\""));
            assert_eq!(shown(|out| show_time(count + unit.in_second() - 1, unit, utc, out)), format!("\"{want}\""));
            let stored = leaf(Kind::Time { unit, utc }, Physical::INT64, 0).store(want).unwrap();
            assert_eq!(i64::from_le_bytes(stored.try_into().unwrap()), count);
        }
        assert_eq!(shown(|out| show_time(i64::MIN, Unit::Second, true, out)), i64::MIN.to_string());
        let days = leaf(Kind::Date, Physical::INT32, 0);
        assert_eq!(days.store("1958-03-14").unwrap(), (-4_311i32).to_le_bytes());
        for not in ["1958", "1958-03", "[DATE]", "", "1958-13-01"] {
            assert_eq!(days.store(not), None, "{not}");
        }
        // 2024-01-10 is the Julian day 2460320.
        let old = leaf(Kind::Time { unit: Unit::Micro, utc: false }, Physical::INT96, 12);
        let stored = old.store("2024-01-10T00:00:01").unwrap();
        assert_eq!(stored, [&1_000_000_000u64.to_le_bytes()[..], &2_460_320u32.to_le_bytes()].concat());
    }

    #[test]
    fn numbers_are_stored_when_they_are_of_the_type() {
        let byte = Kind::Integer { low: -128, high: 127 };
        let wide = Kind::Integer { low: 0, high: u64::MAX.into() };
        let money = Kind::Decimal { precision: 6, scale: 2 };
        for (kind, physical, length, text, want) in [
            (byte, Physical::INT32, 0, "-7", Some((-7i32).to_le_bytes().to_vec())),
            (byte, Physical::INT32, 0, "128", None),
            (byte, Physical::INT32, 0, "[MRN]", None),
            (byte, Physical::INT32, 0, "1.5", None),
            (wide, Physical::INT64, 0, "18446744073709551615", Some(vec![0xFF; 8])),
            (money, Physical::INT32, 0, "12.5", Some(1250i32.to_le_bytes().to_vec())),
            (money, Physical::INT64, 0, "-0.05", Some((-5i64).to_le_bytes().to_vec())),
            (money, Physical::FIXED_LEN_BYTE_ARRAY, 3, "-0.05", Some(vec![0xFF, 0xFF, 0xFB])),
            (money, Physical::FIXED_LEN_BYTE_ARRAY, 18, "1", Some([vec![0; 17], vec![100]].concat())),
            (money, Physical::INT32, 0, "12.505", None),
            (money, Physical::INT32, 0, "10000", None),
            (money, Physical::INT32, 0, "", None),
            (money, Physical::INT32, 0, "1.x", None),
            (Kind::Float64, Physical::DOUBLE, 0, "1.25", Some(1.25f64.to_le_bytes().to_vec())),
            (Kind::Float64, Physical::DOUBLE, 0, "nan", None),
            (Kind::Float16, Physical::FIXED_LEN_BYTE_ARRAY, 2, "1", Some(vec![0, 0x3C])),
            (Kind::Bytes, Physical::FIXED_LEN_BYTE_ARRAY, 3, "abc", Some(b"abc".to_vec())),
            (Kind::Bytes, Physical::FIXED_LEN_BYTE_ARRAY, 3, "[N]x", None),
            (Kind::Bytes, Physical::BYTE_ARRAY, 0, "[NAME]", Some(b"[NAME]".to_vec())),
            (Kind::Plain, Physical::BOOLEAN, 0, "true", None),
        ] {
            assert_eq!(leaf(kind, physical, length).store(text), want, "{kind:?} {text}");
        }
        let id = leaf(Kind::Uuid, Physical::FIXED_LEN_BYTE_ARRAY, 16);
        let text = "0189dcd5-5311-7d40-8db0-9496a2eef37b";
        let stored = id.store(text).unwrap();
        assert_eq!(shown(|out| show_uuid(&stored, out)), format!("\"{text}\""));
        assert_eq!(id.store("[OTHER_ID]"), None);
    }

    #[test]
    fn text_is_written_as_json_has_it() {
        for text in ["", "a \"b\" \\ c", "line\nline\r\n\ttab", "\u{1}\u{1f}\u{7f}", "S\u{f8}r \u{1f600}"] {
            let json = shown(|out| show_text(text, out));
            assert_eq!(serde_json::from_str::<String>(&json).unwrap(), text);
        }
        for (bytes, text) in [(&b"plain\ttext\n"[..], true), (b"\xff\xfe", false), (b"a\0b", false), (b"\x01", false)] {
            assert_eq!(as_text(bytes).is_some(), text);
        }
    }
}
