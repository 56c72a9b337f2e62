//! Weighs what dictionaries, shapes and cues say of each token into one decision for the whole line.
//!
//! A token's evidence is a sum of weights, one for each thing that is seen at it (its dictionary classes, its shape, its
//! neighbours, the cue before it), for each of sixteen [`Tag`]s; a second table weighs which tag follows which; the best
//! path through a segment is found by Viterbi's algorithm. In the terms of the field it is a linear-chain conditional
//! random field (Lafferty, McCallum, Pereira 2001). The weights are fitted on the project's annotated notes by
//! `deidre dictionary fit` ([`fit`]) and stand in `dictionaries/evidence.bin`.

pub(crate) mod class;
mod decode;
pub(crate) mod feature;
pub mod fit;
pub(crate) mod word;

use crate::identifier::Label;
pub(crate) use decode::{Path, decode};

/// What the evidence can say of a token: the labels, grouped as far as context can tell them apart.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
#[repr(u8)]
pub enum Tag {
    /// Nothing.
    #[default]
    Outside,
    /// A person.
    Name,
    /// A date element.
    Date,
    /// A street line.
    Street,
    /// A place.
    City,
    /// A postal code.
    Zip,
    /// A facility.
    Facility,
    /// An employer or other organisation.
    Employer,
    /// A telephone, fax or pager number.
    Phone,
    /// A number or code that identifies.
    Number,
    /// An age of 90 or more.
    Age90,
    /// An age below 90.
    Age,
    /// A year.
    Year,
    /// A state or country.
    State,
    /// An organisation that may stay.
    OrgOk,
    /// A profession.
    Profession,
}

impl Tag {
    /// How many tags there are.
    pub const COUNT: usize = 16;
    const ALL: [Tag; Tag::COUNT] = [
        Tag::Outside,
        Tag::Name,
        Tag::Date,
        Tag::Street,
        Tag::City,
        Tag::Zip,
        Tag::Facility,
        Tag::Employer,
        Tag::Phone,
        Tag::Number,
        Tag::Age90,
        Tag::Age,
        Tag::Year,
        Tag::State,
        Tag::OrgOk,
        Tag::Profession,
    ];

    /// The tag that a label is learned as.
    pub fn of(label: Label) -> Tag {
        match label {
            Label::Name => Tag::Name,
            Label::Date => Tag::Date,
            Label::Street => Tag::Street,
            Label::City => Tag::City,
            Label::Zip => Tag::Zip,
            Label::Facility => Tag::Facility,
            Label::Employer => Tag::Employer,
            Label::Phone | Label::Fax => Tag::Phone,
            Label::Age90 => Tag::Age90,
            Label::Age => Tag::Age,
            Label::Year => Tag::Year,
            Label::State | Label::Country => Tag::State,
            Label::OrgOk => Tag::OrgOk,
            Label::Profession => Tag::Profession,
            _ => Tag::Number,
        }
    }

    /// The label that a tag stands for, before cues make it more precise; `None` for nothing.
    pub fn label(self) -> Option<Label> {
        Some(match self {
            Tag::Outside => return None,
            Tag::Name => Label::Name,
            Tag::Date => Label::Date,
            Tag::Street => Label::Street,
            Tag::City => Label::City,
            Tag::Zip => Label::Zip,
            Tag::Facility => Label::Facility,
            Tag::Employer => Label::Employer,
            Tag::Phone => Label::Phone,
            Tag::Number => Label::OtherId,
            Tag::Age90 => Label::Age90,
            Tag::Age => Label::Age,
            Tag::Year => Label::Year,
            Tag::State => Label::State,
            Tag::OrgOk => Label::OrgOk,
            Tag::Profession => Label::Profession,
        })
    }

    fn from_index(i: usize) -> Tag {
        Tag::ALL.get(i).copied().unwrap_or_default()
    }
}

/// Weights of one feature, in steps of [`Weights::step`] and 128 higher: sixteen bytes as two numbers. Up to 255 rows can be
/// summed.
type Row = [u64; 2];

/// Sixteen weights as a row.
fn row(weights: [i8; Tag::COUNT]) -> Row {
    let (halves, _) = weights.as_chunks::<8>();
    std::array::from_fn(|half| {
        let bytes = halves.get(half).map_or([0; 8], |half| half.map(|w| w as u8));
        u64::from_le_bytes(bytes) ^ NOTHING[half]
    })
}

/// A row as its weights.
fn weights(row: &Row) -> [i8; Tag::COUNT] {
    let mut out = [0; Tag::COUNT];
    for (i, o) in out.iter_mut().enumerate() {
        *o = ((row[i / 8] >> (8 * (i % 8))) as u8 ^ 0x80) as i8;
    }
    out
}

/// Of a feature that says nothing.
const NOTHING: Row = [0x8080_8080_8080_8080; 2];

/// The fitted weights.
pub struct Weights {
    rows: Vec<Row>,
    /// `follow[a][b]`: b after a.
    follow: [[f32; Tag::COUNT]; Tag::COUNT],
    step: f32,
    /// Taken from the score of [`Tag::Outside`]: above 0 finds more, and more wrongly.
    pub eagerness: f32,
    vocabulary: Vec<String>,
}

/// Bytes of a row in the file: its number and its weights.
const ENTRY: usize = 4 + Tag::COUNT;

/// Why weights could not be read.
#[derive(Debug, thiserror::Error)]
#[error("the evidence weights are damaged or of another version; rebuild them with `deidre dictionary fit`")]
pub struct WeightsError;

const MAGIC: &[u8; 8] = b"deidrev1";

impl Weights {
    /// Reads the file that [`Weights::write`] made.
    pub fn read(bytes: &[u8]) -> Result<Self, WeightsError> {
        let mut rest = bytes.strip_prefix(MAGIC).ok_or(WeightsError)?;
        let mut take = |n: usize| -> Result<&[u8], WeightsError> {
            let (head, tail) = rest.split_at_checked(n).ok_or(WeightsError)?;
            rest = tail;
            Ok(head)
        };
        let number = |b: &[u8]| b.try_into().map(u32::from_le_bytes).map_err(|_| WeightsError);
        let float = |b: &[u8]| b.try_into().map(f32::from_le_bytes).map_err(|_| WeightsError);
        let words = number(take(4)?)? as usize;
        let rows = number(take(4)?)? as usize;
        let step = float(take(4)?)?;
        let eagerness = float(take(4)?)?;
        if rows != feature::rows(words) {
            return Err(WeightsError);
        }
        let mut follow = [[0.0; Tag::COUNT]; Tag::COUNT];
        for value in follow.iter_mut().flatten() {
            *value = float(take(4)?)?;
        }
        let text = number(take(4)?)? as usize;
        let text = std::str::from_utf8(take(text)?).map_err(|_| WeightsError)?;
        let vocabulary: Vec<String> = text.lines().map(str::to_owned).collect();
        if vocabulary.len() != words {
            return Err(WeightsError);
        }
        // Sparse: the number of the row, then its weights.
        let mut table = vec![NOTHING; rows];
        let filled = number(take(4)?)? as usize;
        let (entries, _) = take(filled.checked_mul(ENTRY).ok_or(WeightsError)?)?.as_chunks::<ENTRY>();
        for entry in entries {
            let (at, weights) = entry.split_first_chunk::<4>().ok_or(WeightsError)?;
            let slot = table.get_mut(u32::from_le_bytes(*at) as usize).ok_or(WeightsError)?;
            let weights: &[u8; Tag::COUNT] = weights.try_into().map_err(|_| WeightsError)?;
            *slot = row(weights.map(|w| w as i8));
        }
        Ok(Self { rows: table, follow, step, eagerness, vocabulary })
    }

    /// Writes the weights; all-zero rows are left out.
    pub fn write(&self) -> Vec<u8> {
        let mut out = MAGIC.to_vec();
        out.extend((self.vocabulary.len() as u32).to_le_bytes());
        out.extend((self.rows.len() as u32).to_le_bytes());
        out.extend(self.step.to_le_bytes());
        out.extend(self.eagerness.to_le_bytes());
        for value in self.follow.iter().flatten() {
            out.extend(value.to_le_bytes());
        }
        let text = self.vocabulary.join("\n");
        out.extend((text.len() as u32).to_le_bytes());
        out.extend(text.as_bytes());
        let filled: Vec<(usize, &Row)> = self.rows.iter().enumerate().filter(|(_, r)| **r != NOTHING).collect();
        out.extend((filled.len() as u32).to_le_bytes());
        for (at, row) in filled {
            out.extend((at as u32).to_le_bytes());
            out.extend(weights(row).map(|w| w as u8));
        }
        out
    }

    /// The words that have features of their own; a word's number is its place here plus one.
    pub fn vocabulary(&self) -> &[String] {
        &self.vocabulary
    }
}

/// A decision for one token.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Decision {
    pub(crate) tag: Tag,
    /// How far the tag is ahead of [`Tag::Outside`] at this token alone, in nats.
    pub(crate) margin: f32,
    /// The same for [`Tag::Name`], whatever the tag.
    pub(crate) name: f32,
    /// The same for whatever else than [`Tag::Outside`] is the likeliest.
    pub(crate) rival: f32,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weights_survive_packing() {
        let mut some = [0i8; Tag::COUNT];
        for (i, w) in some.iter_mut().enumerate() {
            *w = (i as i8 - 8) * 15;
        }
        assert_eq!(weights(&row(some)), some);
        assert_eq!(row([0; Tag::COUNT]), NOTHING);
    }
}
