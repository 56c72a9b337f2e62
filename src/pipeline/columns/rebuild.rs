//! Arrays of Arrow built anew: the values that rows show, those that changed exchanged, and nothing else of the old buffers.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::sync::Arc;

use arrow_array::builder::{
    BinaryViewBuilder, FixedSizeBinaryBuilder, GenericBinaryBuilder, GenericStringBuilder, StringViewBuilder,
};
use arrow_array::cast::AsArray;
use arrow_array::types::{
    ArrowPrimitiveType, Date32Type, Date64Type, Decimal128Type, Decimal256Type, DurationMicrosecondType,
    DurationMillisecondType, DurationNanosecondType, DurationSecondType, Float16Type, Float32Type, Float64Type,
    Int8Type, Int16Type, Int32Type, Int64Type, TimestampMicrosecondType, TimestampMillisecondType,
    TimestampNanosecondType, TimestampSecondType, UInt8Type, UInt16Type, UInt32Type, UInt64Type,
};
use arrow_array::{
    Array, ArrayRef, FixedSizeListArray, LargeListArray, ListArray, MapArray, OffsetSizeTrait, PrimitiveArray,
    StructArray,
};
use arrow_buffer::{BooleanBuffer, BooleanBufferBuilder, NullBuffer};
use arrow_schema::{DataType, TimeUnit};

use super::fault::{Stop, invalid};
use super::leaf::{Kind, Leaf};
use super::rows::{DAY, Offsets, Tree};

/// Builds the columns of one batch anew.
pub(super) struct Rebuild<'r> {
    leaves: &'r [Leaf],
    /// Of each leaf, by slot; taken out when its array is built.
    changes: RefCell<BTreeMap<usize, Vec<Replacement>>>,
}

/// A slot of an array, and what stands there now, as [`Leaf::store`] writes it; `None` leaves it out.
pub(super) type Replacement = (usize, Option<Vec<u8>>);

impl<'r> Rebuild<'r> {
    pub(super) fn new(leaves: &'r [Leaf], changes: BTreeMap<usize, Vec<Replacement>>) -> Self {
        Self { leaves, changes: RefCell::new(changes) }
    }

    /// The array anew; what is not `seen` shows nothing.
    pub(super) fn array(&self, tree: &Tree, array: &ArrayRef, seen: Option<&BooleanBuffer>) -> Result<ArrayRef, Stop> {
        if !self.is_searched(tree) {
            return Ok(Arc::clone(array));
        }
        match tree {
            Tree::Leaf(number) => self.leaf(*number, array, seen),
            Tree::Struct(members) => {
                let group = array.as_struct_opt().ok_or(Stop::Lost)?;
                Ok(Arc::new(self.group(members.iter().map(|(_, tree)| tree), group, seen)?))
            }
            Tree::List(item) => self.list(item, array, seen),
            Tree::Map { keys, values, .. } => {
                let map = array.as_map_opt().ok_or(Stop::Lost)?;
                let offsets = Offsets::Small(map.value_offsets());
                let inside = elements(offsets, array, map.entries().len(), seen);
                let entries = self.group([&**keys, &**values].into_iter(), map.entries(), Some(&inside))?;
                let DataType::Map(field, sorted) = array.data_type() else { return Err(Stop::Lost) };
                let map =
                    MapArray::try_new(Arc::clone(field), map.offsets().clone(), entries, map.nulls().cloned(), *sorted);
                Ok(Arc::new(map.map_err(|_| Stop::Lost)?))
            }
        }
    }

    /// Once all columns are built.
    ///
    /// # Errors
    ///
    /// When a change has found no place: it would have hidden something.
    pub(super) fn finish(self) -> Result<(), Stop> {
        if self.changes.into_inner().is_empty() { Ok(()) } else { Err(Stop::Lost) }
    }

    fn is_searched(&self, tree: &Tree) -> bool {
        match tree {
            Tree::Leaf(number) => self.leaves.get(*number).is_none_or(|leaf| leaf.searched && leaf.kind != Kind::Plain),
            Tree::Struct(members) => members.iter().any(|(_, tree)| self.is_searched(tree)),
            Tree::List(item) => self.is_searched(item),
            Tree::Map { keys, values, .. } => self.is_searched(keys) || self.is_searched(values),
        }
    }

    fn group<'t>(
        &self,
        members: impl Iterator<Item = &'t Tree>,
        group: &StructArray,
        seen: Option<&BooleanBuffer>,
    ) -> Result<StructArray, Stop> {
        let inside = match (seen, group.nulls()) {
            (Some(seen), Some(nulls)) => Some(seen & nulls.inner()),
            (Some(seen), None) => Some(seen.clone()),
            (None, nulls) => nulls.map(|nulls| nulls.inner().clone()),
        };
        let columns: Result<Vec<ArrayRef>, Stop> =
            members.zip(group.columns()).map(|(tree, array)| self.array(tree, array, inside.as_ref())).collect();
        let columns = columns?;
        if columns.len() != group.num_columns() {
            return Err(Stop::Lost);
        }
        StructArray::try_new_with_length(group.fields().clone(), columns, group.nulls().cloned(), group.len())
            .map_err(|_| Stop::Lost)
    }

    fn list(&self, item: &Tree, array: &ArrayRef, seen: Option<&BooleanBuffer>) -> Result<ArrayRef, Stop> {
        let (offsets, values) = Offsets::of(array).ok_or(Stop::Lost)?;
        let inside = elements(offsets, array, values.len(), seen);
        let values = self.array(item, values, Some(&inside))?;
        let nulls = array.nulls().cloned();
        let lost = |_| Stop::Lost;
        Ok(match array.data_type() {
            DataType::List(field) => {
                let offsets = array.as_list_opt::<i32>().ok_or(Stop::Lost)?.offsets().clone();
                Arc::new(ListArray::try_new(Arc::clone(field), offsets, values, nulls).map_err(lost)?)
            }
            DataType::LargeList(field) => {
                let offsets = array.as_list_opt::<i64>().ok_or(Stop::Lost)?.offsets().clone();
                Arc::new(LargeListArray::try_new(Arc::clone(field), offsets, values, nulls).map_err(lost)?)
            }
            DataType::FixedSizeList(field, length) => {
                Arc::new(FixedSizeListArray::try_new(Arc::clone(field), *length, values, nulls).map_err(lost)?)
            }
            _ => return Err(Stop::Lost),
        })
    }

    fn leaf(&self, number: usize, array: &ArrayRef, seen: Option<&BooleanBuffer>) -> Result<ArrayRef, Stop> {
        let leaf = self.leaves.get(number).ok_or(Stop::Lost)?;
        let mut changes = self.changes.borrow_mut().remove(&number).unwrap_or_default();
        changes.sort_by_key(|(slot, _)| *slot);
        let slots = Slots { array, seen, optional: leaf.optional, changes: &changes };
        leaf_array(leaf, array, &slots)
    }
}

/// The elements of a list's values that its rows show.
fn elements(offsets: Offsets<'_>, array: &ArrayRef, length: usize, seen: Option<&BooleanBuffer>) -> BooleanBuffer {
    let mut inside = BooleanBufferBuilder::new(length);
    inside.append_n(length, false);
    for row in (0..array.len()).filter(|row| array.is_valid(*row) && seen.is_none_or(|seen| seen.value(*row))) {
        for at in offsets.range(row) {
            inside.set_bit(at, true);
        }
    }
    inside.finish()
}

/// What stands in each slot of an array.
struct Slots<'s> {
    array: &'s ArrayRef,
    seen: Option<&'s BooleanBuffer>,
    /// Whether a slot may be null.
    optional: bool,
    /// Sorted by slot.
    changes: &'s [Replacement],
}

/// What stands in a slot.
enum Slot<'s> {
    /// What stood there.
    Old(usize),
    New(&'s [u8]),
    Null,
    /// Something that is not null, and says nothing: a null above hides it.
    Nothing,
}

impl Slots<'_> {
    fn iter(&self) -> impl Iterator<Item = Slot<'_>> {
        let mut changes = self.changes.iter().peekable();
        (0..self.array.len()).map(move |slot| {
            let change = changes.next_if(|(at, _)| *at == slot);
            let seen = self.seen.is_none_or(|seen| seen.value(slot));
            match change {
                _ if !seen || self.array.is_null(slot) => {
                    if self.optional {
                        Slot::Null
                    } else {
                        Slot::Nothing
                    }
                }
                Some((_, Some(new))) => Slot::New(new),
                Some((_, None)) => Slot::Null,
                None => Slot::Old(slot),
            }
        })
    }

    /// Bytes of the texts that are to stand in the array, by the lengths of the old ones.
    fn bytes(&self, length: impl Fn(usize) -> usize) -> usize {
        let bytes = |slot| match slot {
            Slot::Old(slot) => length(slot),
            Slot::New(new) => new.len(),
            Slot::Null | Slot::Nothing => 0,
        };
        self.iter().map(bytes).sum()
    }

    /// Changes that stand in no slot would be lost.
    fn are_in_order(&self) -> bool {
        let ascend = self.changes.windows(2).all(|pair| matches!(pair, [(a, _), (b, _)] if a < b));
        ascend && self.changes.last().is_none_or(|(slot, _)| *slot < self.array.len())
    }
}

fn leaf_array(leaf: &Leaf, array: &ArrayRef, slots: &Slots<'_>) -> Result<ArrayRef, Stop> {
    if !slots.are_in_order() {
        return Err(Stop::Lost);
    }
    macro_rules! texts {
        ($old:expr, $builder:expr, $read:expr) => {{
            let (old, mut builder) = ($old, $builder);
            for slot in slots.iter() {
                match slot {
                    Slot::Old(slot) => builder.append_value(old.value(slot)),
                    Slot::New(new) => builder.append_value($read(new)?),
                    Slot::Null => builder.append_null(),
                    Slot::Nothing => builder.append_value($read(&[])?),
                }
            }
            Arc::new(builder.finish())
        }};
    }
    Ok(match array.data_type() {
        DataType::Utf8 => {
            let old = array.as_string_opt::<i32>().ok_or(Stop::Lost)?;
            let bytes = fits::<i32>(leaf, slots.bytes(|slot| old.value(slot).len()))?;
            texts!(old, GenericStringBuilder::<i32>::with_capacity(old.len(), bytes), text)
        }
        DataType::LargeUtf8 => {
            let old = array.as_string_opt::<i64>().ok_or(Stop::Lost)?;
            let bytes = fits::<i64>(leaf, slots.bytes(|slot| old.value(slot).len()))?;
            texts!(old, GenericStringBuilder::<i64>::with_capacity(old.len(), bytes), text)
        }
        DataType::Utf8View => {
            let old = array.as_string_view_opt().ok_or(Stop::Lost)?;
            texts!(old, StringViewBuilder::with_capacity(old.len()), text)
        }
        DataType::Binary => {
            let old = array.as_binary_opt::<i32>().ok_or(Stop::Lost)?;
            let bytes = fits::<i32>(leaf, slots.bytes(|slot| old.value(slot).len()))?;
            texts!(old, GenericBinaryBuilder::<i32>::with_capacity(old.len(), bytes), plain)
        }
        DataType::LargeBinary => {
            let old = array.as_binary_opt::<i64>().ok_or(Stop::Lost)?;
            let bytes = fits::<i64>(leaf, slots.bytes(|slot| old.value(slot).len()))?;
            texts!(old, GenericBinaryBuilder::<i64>::with_capacity(old.len(), bytes), plain)
        }
        DataType::BinaryView => {
            let old = array.as_binary_view_opt().ok_or(Stop::Lost)?;
            texts!(old, BinaryViewBuilder::with_capacity(old.len()), plain)
        }
        DataType::FixedSizeBinary(length) => {
            let old = array.as_fixed_size_binary_opt().ok_or(Stop::Lost)?;
            let mut builder = FixedSizeBinaryBuilder::with_capacity(old.len(), *length);
            let nothing = vec![0; usize::try_from(*length).unwrap_or_default()];
            for slot in slots.iter() {
                let bytes = match slot {
                    Slot::Old(slot) => old.value(slot),
                    Slot::New(new) => new,
                    Slot::Nothing => &nothing,
                    Slot::Null => {
                        builder.append_null();
                        continue;
                    }
                };
                builder.append_value(bytes).map_err(|_| Stop::Lost)?;
            }
            Arc::new(builder.finish())
        }
        _ => numbers(array, slots).ok_or(Stop::Lost)?,
    })
}

fn text(bytes: &[u8]) -> Result<&str, Stop> {
    std::str::from_utf8(bytes).map_err(|_| Stop::Lost)
}

fn plain(bytes: &[u8]) -> Result<&[u8], Stop> {
    Ok(bytes)
}

/// The bytes, if offsets of that width reach them.
fn fits<O: OffsetSizeTrait>(leaf: &Leaf, bytes: usize) -> Result<usize, Stop> {
    match O::from_usize(bytes) {
        Some(_) => Ok(bytes),
        None => Err(Stop::Write(invalid(format!(
            "column {} has more than 2 GiB of text in one batch: take smaller batches, or a type with large offsets",
            leaf.pointer
        )))),
    }
}

/// An array of numbers, moments or days.
fn numbers(array: &ArrayRef, slots: &Slots<'_>) -> Option<ArrayRef> {
    macro_rules! read {
        ($type:ty) => {
            primitive::<$type>(array, slots, |bytes| Some(integer(bytes)? as <$type as ArrowPrimitiveType>::Native))
        };
    }
    match array.data_type() {
        DataType::Int8 => read!(Int8Type),
        DataType::Int16 => read!(Int16Type),
        DataType::Int32 => read!(Int32Type),
        DataType::Int64 => read!(Int64Type),
        DataType::UInt8 => read!(UInt8Type),
        DataType::UInt16 => read!(UInt16Type),
        DataType::UInt32 => read!(UInt32Type),
        DataType::UInt64 => read!(UInt64Type),
        DataType::Date32 => read!(Date32Type),
        DataType::Date64 => primitive::<Date64Type>(array, slots, |bytes| integer(bytes)?.checked_mul(DAY)),
        DataType::Timestamp(TimeUnit::Second, _) => read!(TimestampSecondType),
        DataType::Timestamp(TimeUnit::Millisecond, _) => read!(TimestampMillisecondType),
        DataType::Timestamp(TimeUnit::Microsecond, _) => read!(TimestampMicrosecondType),
        DataType::Timestamp(TimeUnit::Nanosecond, _) => read!(TimestampNanosecondType),
        DataType::Duration(TimeUnit::Second) => read!(DurationSecondType),
        DataType::Duration(TimeUnit::Millisecond) => read!(DurationMillisecondType),
        DataType::Duration(TimeUnit::Microsecond) => read!(DurationMicrosecondType),
        DataType::Duration(TimeUnit::Nanosecond) => read!(DurationNanosecondType),
        DataType::Float16 => {
            primitive::<Float16Type>(array, slots, |bytes| Some(half::f16::from_le_bytes(bytes.try_into().ok()?)))
        }
        DataType::Float32 => {
            primitive::<Float32Type>(array, slots, |bytes| Some(f32::from_le_bytes(bytes.try_into().ok()?)))
        }
        DataType::Float64 => {
            primitive::<Float64Type>(array, slots, |bytes| Some(f64::from_le_bytes(bytes.try_into().ok()?)))
        }
        DataType::Decimal128(..) => {
            primitive::<Decimal128Type>(array, slots, |bytes| Some(i128::from_be_bytes(bytes.try_into().ok()?)))
        }
        DataType::Decimal256(..) => primitive::<Decimal256Type>(array, slots, |bytes| {
            Some(<Decimal256Type as ArrowPrimitiveType>::Native::from_be_bytes(bytes.try_into().ok()?))
        }),
        _ => None,
    }
}

fn primitive<T: ArrowPrimitiveType>(
    array: &ArrayRef,
    slots: &Slots<'_>,
    read: impl Fn(&[u8]) -> Option<T::Native>,
) -> Option<ArrayRef> {
    let old = array.as_primitive_opt::<T>()?;
    let mut values: Vec<T::Native> = Vec::with_capacity(old.len());
    let mut valid = BooleanBufferBuilder::new(old.len());
    for slot in slots.iter() {
        valid.append(!matches!(slot, Slot::Null));
        values.push(match slot {
            Slot::Old(slot) => old.value(slot),
            Slot::New(new) => read(new)?,
            Slot::Null | Slot::Nothing => T::Native::default(),
        });
    }
    let nulls = Some(NullBuffer::new(valid.finish())).filter(|nulls| nulls.null_count() > 0);
    Some(Arc::new(PrimitiveArray::<T>::new(values.into(), nulls).with_data_type(array.data_type().clone())))
}

/// A whole number as it is stored.
fn integer(bytes: &[u8]) -> Option<i64> {
    Some(i64::from_le_bytes(bytes.try_into().ok()?))
}
