//! Rows as lines of JSON, and what changed in them.
//!
//! A row is an object of its columns: structs are objects, lists arrays. A map is an array of two: an object of its members,
//! so that a key names its value as elsewhere, and an array of its keys, so that they are searched too. A text that is a
//! JSON object stands in the row as such. Where each value stands is noted, so that in the scrubbed line only values that
//! changed are looked at.

use std::cell::RefCell;

use arrow_array::cast::AsArray;
use arrow_array::types::{
    Date32Type, Date64Type, Decimal128Type, Decimal256Type, DurationMicrosecondType, DurationMillisecondType,
    DurationNanosecondType, DurationSecondType, Float16Type, Float32Type, Float64Type, Int8Type, Int16Type, Int32Type,
    Int64Type, TimestampMicrosecondType, TimestampMillisecondType, TimestampNanosecondType, TimestampSecondType,
    UInt8Type, UInt16Type, UInt32Type, UInt64Type,
};
use arrow_array::{Array, ArrayRef, MapArray, RecordBatch, StructArray};
use arrow_schema::{DataType, Field, Fields, TimeUnit};

use super::leaf::{Kind, Leaf, NOT_READ, Unit, as_text, show_date, show_float, show_text, show_time, show_uuid};
use crate::record::{Select, json};

/// The columns as they are nested, the leaves by their numbers.
#[derive(Debug)]
pub(super) enum Tree {
    Leaf(usize),
    /// Members, each with its name as JSON.
    Struct(Vec<(String, Tree)>),
    List(Box<Tree>),
    Map {
        keys: Box<Tree>,
        values: Box<Tree>,
        /// Whether keys are text, and so can name their values.
        named: bool,
    },
}

/// What a tree is made of: called for each leaf in order with the steps to it.
pub(super) type NewLeaf<'n> = dyn FnMut(&[Step], &Field) -> Result<usize, &'static str> + 'n;

/// A step to a column.
#[derive(Clone, Debug)]
pub(super) enum Step {
    Name(String),
    Element,
}

impl Tree {
    /// Of the columns of a file.
    ///
    /// # Errors
    ///
    /// Why a type is not read.
    pub(super) fn of(fields: &Fields, leaf: &mut NewLeaf<'_>) -> Result<Self, &'static str> {
        Self::group(fields, &mut Vec::new(), leaf)
    }

    fn group(fields: &Fields, path: &mut Vec<Step>, leaf: &mut NewLeaf<'_>) -> Result<Self, &'static str> {
        let mut members = Vec::with_capacity(fields.len());
        for field in fields {
            path.push(Step::Name(field.name().clone()));
            let mut name = Vec::new();
            show_text(field.name(), &mut name);
            members.push((String::from_utf8_lossy(&name).into_owned(), Self::node(field, path, leaf)?));
            path.pop();
        }
        Ok(Self::Struct(members))
    }

    fn node(field: &Field, path: &mut Vec<Step>, leaf: &mut NewLeaf<'_>) -> Result<Self, &'static str> {
        match field.data_type() {
            DataType::Struct(fields) => Self::group(fields, path, leaf),
            DataType::List(item) | DataType::LargeList(item) | DataType::FixedSizeList(item, _) => {
                path.push(Step::Element);
                let item = Self::node(item, path, leaf)?;
                path.pop();
                Ok(Self::List(Box::new(item)))
            }
            DataType::Map(entries, _) => {
                let DataType::Struct(fields) = entries.data_type() else { return Err(NOT_READ) };
                let [key, value] = fields.as_ref() else { return Err(NOT_READ) };
                path.push(Step::Element);
                let keys = Box::new(Self::node(key, path, leaf)?);
                path.push(Step::Element);
                let values = Box::new(Self::node(value, path, leaf)?);
                path.truncate(path.len() - 2);
                let named = matches!(key.data_type(), DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View);
                Ok(Self::Map { keys, values, named })
            }
            _ => Ok(Self::Leaf(leaf(path, field)?)),
        }
    }
}

/// Where a value stands in the lines.
#[derive(Clone, Copy, Debug)]
pub(super) struct Cell {
    pub(super) leaf: usize,
    /// Which of the leaf's values that are there, counted in these lines.
    pub(super) value: u64,
    /// Where it stands in the leaf's array.
    pub(super) slot: usize,
    pub(super) start: usize,
    /// Equal to `start` for bytes that are no text: they do not stand there.
    pub(super) end: usize,
}

/// Writes rows of a batch as lines.
pub(super) struct Lines<'a> {
    view: View<'a>,
    leaves: &'a [Leaf],
    json: RefCell<json::Reader>,
    pub(super) bytes: Vec<u8>,
    pub(super) cells: Vec<Cell>,
    /// Values so far, by leaf.
    pub(super) counts: Vec<u64>,
}

impl<'a> Lines<'a> {
    /// # Errors
    ///
    /// When the batch is not as the tree says.
    pub(super) fn new(tree: &'a Tree, leaves: &'a [Leaf], batch: &'a RecordBatch) -> Result<Self, &'static str> {
        let Tree::Struct(members) = tree else { return Err(NOT_READ) };
        let columns: Vec<&dyn Array> = batch.columns().iter().map(AsRef::as_ref).collect();
        Ok(Self {
            view: View::Struct(None, members_of(members, &columns, leaves)?),
            leaves,
            json: RefCell::new(json::Reader::new(Select::nothing())),
            bytes: Vec::new(),
            cells: Vec::new(),
            counts: vec![0; leaves.len()],
        })
    }

    /// Appends a row and the end of its line.
    pub(super) fn push(&mut self, row: usize) {
        let mut pen = Pen {
            leaves: self.leaves,
            json: &self.json,
            bytes: &mut self.bytes,
            cells: &mut self.cells,
            counts: &mut self.counts,
        };
        pen.value(&self.view, row);
        pen.bytes.push(b'\n');
    }
}

/// A tree over the arrays of a batch.
enum View<'a> {
    Leaf(usize, Show<'a>, &'a dyn Array),
    Struct(Option<&'a StructArray>, Vec<(&'a str, View<'a>)>),
    List(&'a dyn Array, Offsets<'a>, Box<View<'a>>),
    Map(&'a MapArray, Box<View<'a>>, Box<View<'a>>, bool),
}

/// Where the elements of each list stand.
#[derive(Clone, Copy)]
pub(super) enum Offsets<'a> {
    Small(&'a [i32]),
    Large(&'a [i64]),
    /// All have as many.
    Fixed(usize),
}

impl<'a> Offsets<'a> {
    /// Of an array of lists, with its elements.
    pub(super) fn of(array: &'a dyn Array) -> Option<(Self, &'a ArrayRef)> {
        Some(match array.data_type() {
            DataType::List(_) => {
                let list = array.as_list_opt::<i32>()?;
                (Self::Small(list.value_offsets()), list.values())
            }
            DataType::LargeList(_) => {
                let list = array.as_list_opt::<i64>()?;
                (Self::Large(list.value_offsets()), list.values())
            }
            DataType::FixedSizeList(..) => {
                let list = array.as_fixed_size_list_opt()?;
                (Self::Fixed(usize::try_from(list.value_length()).ok()?), list.values())
            }
            _ => return None,
        })
    }

    /// The elements of that list.
    pub(super) fn range(self, at: usize) -> std::ops::Range<usize> {
        match self {
            Self::Small(offsets) => range(offsets, at),
            Self::Large(offsets) => {
                let offset = |at: usize| offsets.get(at).and_then(|offset| usize::try_from(*offset).ok()).unwrap_or(0);
                offset(at)..offset(at + 1)
            }
            Self::Fixed(length) => at * length..(at + 1) * length,
        }
    }
}

/// Appends the JSON of a value that is there.
type Show<'a> = Box<dyn Fn(usize, &mut Vec<u8>) -> Shown + 'a>;

/// How a value was shown.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Shown {
    /// As JSON, and may be a JSON object itself.
    Text,
    /// As JSON.
    Cell,
    /// Not at all: bytes that are no text.
    Opaque,
    /// Not at all: nothing to search.
    Plain,
}

fn members_of<'a>(
    members: &'a [(String, Tree)],
    columns: &[&'a dyn Array],
    leaves: &[Leaf],
) -> Result<Vec<(&'a str, View<'a>)>, &'static str> {
    if members.len() != columns.len() {
        return Err(NOT_READ);
    }
    members
        .iter()
        .zip(columns)
        .map(|((name, tree), array)| Ok((name.as_str(), View::of(tree, *array, leaves)?)))
        .collect()
}

impl<'a> View<'a> {
    fn of(tree: &'a Tree, array: &'a dyn Array, leaves: &[Leaf]) -> Result<Self, &'static str> {
        Ok(match tree {
            Tree::Leaf(number) => {
                let kind = leaves.get(*number).ok_or(NOT_READ)?.kind;
                Self::Leaf(*number, shower(array, kind).ok_or(NOT_READ)?, array)
            }
            Tree::Struct(members) => {
                let group = array.as_struct_opt().ok_or(NOT_READ)?;
                let columns: Vec<&dyn Array> = group.columns().iter().map(AsRef::as_ref).collect();
                Self::Struct(Some(group), members_of(members, &columns, leaves)?)
            }
            Tree::List(item) => {
                let (offsets, values) = Offsets::of(array).ok_or(NOT_READ)?;
                Self::List(array, offsets, Box::new(Self::of(item, values.as_ref(), leaves)?))
            }
            Tree::Map { keys, values, named } => {
                let map = array.as_map_opt().ok_or(NOT_READ)?;
                let keys = Box::new(Self::of(keys, map.keys().as_ref(), leaves)?);
                Self::Map(map, keys, Box::new(Self::of(values, map.values().as_ref(), leaves)?), *named)
            }
        })
    }
}

struct Pen<'p> {
    leaves: &'p [Leaf],
    json: &'p RefCell<json::Reader>,
    bytes: &'p mut Vec<u8>,
    cells: &'p mut Vec<Cell>,
    counts: &'p mut [u64],
}

impl Pen<'_> {
    fn value(&mut self, view: &View<'_>, at: usize) {
        match view {
            // An array of nothing but nulls does not say so of each.
            View::Leaf(_, _, array) if array.is_null(at) || *array.data_type() == DataType::Null => self.null(),
            View::Leaf(number, show, _) => self.leaf(*number, show, at),
            View::Struct(Some(group), _) if group.is_null(at) => self.null(),
            View::Struct(_, members) => {
                self.bytes.push(b'{');
                for (number, (name, member)) in members.iter().enumerate() {
                    self.comma(number);
                    self.bytes.extend_from_slice(name.as_bytes());
                    self.bytes.push(b':');
                    self.value(member, at);
                }
                self.bytes.push(b'}');
            }
            View::List(list, ..) if list.is_null(at) => self.null(),
            View::List(_, offsets, item) => {
                self.bytes.push(b'[');
                for (number, at) in offsets.range(at).enumerate() {
                    self.comma(number);
                    self.value(item, at);
                }
                self.bytes.push(b']');
            }
            View::Map(map, ..) if map.is_null(at) => self.null(),
            View::Map(map, keys, values, named) => self.map(map, keys, values, *named, at),
        }
    }

    fn map(&mut self, map: &MapArray, keys: &View<'_>, values: &View<'_>, named: bool, at: usize) {
        self.bytes.push(b'[');
        if named {
            self.bytes.push(b'{');
            for (number, at) in range(map.value_offsets(), at).enumerate() {
                self.comma(number);
                show_text(key(map.keys(), at), self.bytes);
                self.bytes.push(b':');
                self.value(values, at);
            }
            self.bytes.extend_from_slice(b"},[");
            for (number, at) in range(map.value_offsets(), at).enumerate() {
                self.comma(number);
                self.value(keys, at);
            }
            self.bytes.push(b']');
        } else {
            for (number, at) in range(map.value_offsets(), at).enumerate() {
                self.comma(number);
                self.bytes.extend_from_slice(b"{\"key\":");
                self.value(keys, at);
                self.bytes.extend_from_slice(b",\"value\":");
                self.value(values, at);
                self.bytes.push(b'}');
            }
        }
        self.bytes.push(b']');
    }

    fn leaf(&mut self, number: usize, show: &dyn Fn(usize, &mut Vec<u8>) -> Shown, at: usize) {
        let Some(count) = self.counts.get_mut(number) else { return };
        let (value, start) = (*count, self.bytes.len());
        *count += 1;
        let searched = self.leaves.get(number).is_some_and(|leaf| leaf.searched);
        match show(at, self.bytes) {
            Shown::Plain => return self.null(),
            Shown::Opaque => {
                if searched {
                    self.cells.push(Cell { leaf: number, value, slot: at, start, end: start });
                }
                return self.null();
            }
            Shown::Text => self.unwrap(start),
            Shown::Cell => {}
        }
        self.cells.push(Cell { leaf: number, value, slot: at, start, end: self.bytes.len() });
    }

    /// A text from `start` on that is a JSON object is written as such.
    fn unwrap(&mut self, start: usize) {
        let written = self.bytes.get(start..).unwrap_or_default();
        if !written.starts_with(b"\"{") || !written.ends_with(b"}\"") {
            return;
        }
        let Ok(text) = serde_json::from_slice::<String>(written) else { return };
        if self.json.borrow_mut().read(text.as_bytes()).is_ok() {
            self.bytes.truncate(start);
            self.bytes.extend_from_slice(text.as_bytes());
        }
    }

    fn comma(&mut self, number: usize) {
        if number > 0 {
            self.bytes.push(b',');
        }
    }

    fn null(&mut self) {
        self.bytes.extend_from_slice(b"null");
    }
}

fn key(keys: &ArrayRef, at: usize) -> &str {
    match keys.data_type() {
        DataType::Utf8 => keys.as_string_opt::<i32>().map_or("", |keys| keys.value(at)),
        DataType::LargeUtf8 => keys.as_string_opt::<i64>().map_or("", |keys| keys.value(at)),
        _ => keys.as_string_view_opt().map_or("", |keys| keys.value(at)),
    }
}

fn range(offsets: &[i32], at: usize) -> std::ops::Range<usize> {
    let offset = |at: usize| offsets.get(at).and_then(|offset| usize::try_from(*offset).ok()).unwrap_or(0);
    offset(at)..offset(at + 1)
}

/// What shows the values of an array of that kind; `None` when it is no such array.
fn shower<'a>(array: &'a dyn Array, kind: Kind) -> Option<Show<'a>> {
    macro_rules! numbers {
        ($($data:pat $(if $when:expr)? => $type:ty),* $(,)?) => {
            match array.data_type() {
                $($data $(if $when)? => {
                    let values = array.as_primitive_opt::<$type>()?.values();
                    return Some(Box::new(move |at, out| match values.get(at) {
                        Some(value) => {
                            out.extend_from_slice(value.to_string().as_bytes());
                            Shown::Cell
                        }
                        None => Shown::Plain,
                    }));
                })*
                _ => {}
            }
        };
    }
    numbers! {
        DataType::Int8 => Int8Type, DataType::Int16 => Int16Type, DataType::Int32 => Int32Type,
        DataType::Int64 => Int64Type, DataType::UInt8 => UInt8Type, DataType::UInt16 => UInt16Type,
        DataType::UInt32 => UInt32Type, DataType::UInt64 => UInt64Type,
        DataType::Duration(TimeUnit::Second) if kind != Kind::Plain => DurationSecondType,
        DataType::Duration(TimeUnit::Millisecond) if kind != Kind::Plain => DurationMillisecondType,
        DataType::Duration(TimeUnit::Microsecond) if kind != Kind::Plain => DurationMicrosecondType,
        DataType::Duration(TimeUnit::Nanosecond) if kind != Kind::Plain => DurationNanosecondType,
    }
    macro_rules! texts {
        ($values:expr) => {{
            let values = $values;
            Box::new(move |at, out| {
                show_text(values.value(at), out);
                Shown::Text
            })
        }};
    }
    macro_rules! bytes {
        ($values:expr) => {{
            let values = $values;
            Box::new(move |at, out| show_bytes(values.value(at), out))
        }};
    }
    macro_rules! floats {
        ($values:expr, $wide:expr) => {{
            let values = $values;
            Box::new(move |at, out| {
                let Some(value) = values.get(at) else { return Shown::Plain };
                let wide: f64 = $wide(*value);
                // Without a point where it is whole, unless that would be a row of zeros.
                let short = if wide.abs() < 1e17 { format!("{value}") } else { format!("{value:?}") };
                if show_float(wide, &short, out) { Shown::Cell } else { Shown::Plain }
            })
        }};
    }
    macro_rules! times {
        ($type:ty, $unit:expr, $utc:expr) => {{
            let values = array.as_primitive_opt::<$type>()?.values();
            let (unit, utc) = ($unit, $utc);
            Box::new(move |at, out| {
                let Some(value) = values.get(at) else { return Shown::Plain };
                show_time(*value, unit, utc, out);
                Shown::Cell
            })
        }};
    }
    macro_rules! decimals {
        ($type:ty) => {{
            let values = array.as_primitive_opt::<$type>()?;
            Box::new(move |at, out| {
                out.extend_from_slice(values.value_as_string(at).as_bytes());
                Shown::Cell
            })
        }};
    }
    Some(match array.data_type() {
        DataType::Utf8 => texts!(array.as_string_opt::<i32>()?),
        DataType::LargeUtf8 => texts!(array.as_string_opt::<i64>()?),
        DataType::Utf8View => texts!(array.as_string_view_opt()?),
        DataType::Binary => bytes!(array.as_binary_opt::<i32>()?),
        DataType::LargeBinary => bytes!(array.as_binary_opt::<i64>()?),
        DataType::BinaryView => bytes!(array.as_binary_view_opt()?),
        DataType::FixedSizeBinary(_) => {
            let values = array.as_fixed_size_binary_opt()?;
            if kind == Kind::Uuid {
                return Some(Box::new(move |at, out| {
                    show_uuid(values.value(at), out);
                    Shown::Cell
                }));
            }
            bytes!(values)
        }
        DataType::Float16 => floats!(array.as_primitive_opt::<Float16Type>()?.values(), f64::from),
        DataType::Float32 => floats!(array.as_primitive_opt::<Float32Type>()?.values(), f64::from),
        DataType::Float64 => floats!(array.as_primitive_opt::<Float64Type>()?.values(), f64::from),
        DataType::Decimal128(..) => decimals!(Decimal128Type),
        DataType::Decimal256(..) => decimals!(Decimal256Type),
        DataType::Date32 => {
            let values = array.as_primitive_opt::<Date32Type>()?.values();
            Box::new(move |at, out| {
                let Some(days) = values.get(at) else { return Shown::Plain };
                show_date(i64::from(*days), out);
                Shown::Cell
            })
        }
        DataType::Date64 if kind == Kind::Date => {
            let values = array.as_primitive_opt::<Date64Type>()?.values();
            Box::new(move |at, out| {
                let Some(time) = values.get(at) else { return Shown::Plain };
                show_date(time.div_euclid(DAY), out);
                Shown::Cell
            })
        }
        DataType::Date64 => times!(Date64Type, Unit::Milli, false),
        DataType::Timestamp(unit, zone) => match unit {
            TimeUnit::Second => times!(TimestampSecondType, Unit::Second, zone.is_some()),
            TimeUnit::Millisecond => times!(TimestampMillisecondType, Unit::Milli, zone.is_some()),
            TimeUnit::Microsecond => times!(TimestampMicrosecondType, Unit::Micro, zone.is_some()),
            TimeUnit::Nanosecond => times!(TimestampNanosecondType, Unit::Nano, zone.is_some()),
        },
        _ if kind == Kind::Plain => Box::new(|_, _| Shown::Plain),
        _ => return None,
    })
}

fn show_bytes(bytes: &[u8], out: &mut Vec<u8>) -> Shown {
    match as_text(bytes) {
        Some(text) => {
            show_text(text, out);
            Shown::Text
        }
        None => Shown::Opaque,
    }
}

/// Goes through the cells of a row in its line and in the scrubbed line, which begins `clean`, and calls `changed` for each
/// that is not the same with its new JSON. Afterwards `clean` begins behind the line. `None` when the lines differ in
/// anything but values.
pub(super) fn compare<'c>(
    line: &[u8],
    start: usize,
    cells: &[Cell],
    clean: &mut &'c [u8],
    mut changed: impl FnMut(&Cell, &'c [u8]) -> Option<()>,
) -> Option<()> {
    let mut at = 0;
    for cell in cells.iter().filter(|cell| cell.end > cell.start) {
        let (from, to) = (cell.start.checked_sub(start)?, cell.end.checked_sub(start)?);
        *clean = clean.strip_prefix(line.get(at..from)?)?;
        let (value, rest) = clean.split_at_checked(value_end(clean)?)?;
        if value != line.get(from..to)? {
            changed(cell, value)?;
        }
        *clean = rest;
        at = to;
    }
    *clean = clean.strip_prefix(line.get(at..)?)?;
    Some(())
}

/// Where the JSON value ends that the bytes begin with.
fn value_end(bytes: &[u8]) -> Option<usize> {
    let string_end = |start: usize| {
        let mut at = start;
        loop {
            at += memchr::memchr2(b'"', b'\\', bytes.get(at..)?)?;
            match bytes.get(at)? {
                b'"' => return Some(at + 1),
                _ => at += 2,
            }
        }
    };
    match bytes.first()? {
        b'"' => string_end(1),
        b'{' | b'[' => {
            let mut depth = 0usize;
            let mut at = 0;
            loop {
                match bytes.get(at)? {
                    b'"' => {
                        at = string_end(at + 1)?;
                        continue;
                    }
                    b'{' | b'[' => depth += 1,
                    b'}' | b']' => {
                        depth -= 1;
                        if depth == 0 {
                            return Some(at + 1);
                        }
                    }
                    _ => {}
                }
                at += 1;
            }
        }
        _ => bytes.iter().position(|b| matches!(b, b',' | b'}' | b']' | b'\n')),
    }
}

/// Milliseconds of a day.
pub(super) const DAY: i64 = 86_400_000;
