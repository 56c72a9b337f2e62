//! Weighs what dictionaries, shapes and cues say of each token into one decision for the whole line.
//!
//! A token's evidence is a sum of weights, one for each thing that is seen at it (its dictionary classes, its shape, its
//! neighbours, the cue before it), for each of sixteen [`Tag`]s; a second table weighs which tag follows which; the best
//! path through a segment is found by Viterbi's algorithm. In the terms of the field it is a linear-chain conditional
//! random field (Lafferty, McCallum, Pereira 2001). The weights are fitted on the project's annotated notes by
//! `deidre dictionary fit` ([`fit`]) and stand in `dictionaries/evidence.bin`.

pub(crate) mod class;
pub(crate) mod feature;
pub mod fit;
pub(crate) mod word;

use super::token::Gap;
use crate::identifier::Label;
use feature::Sequence;

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
    let half =
        |from: usize| weights.iter().skip(from).take(8).rev().fold(0, |n, w| n << 8 | u64::from((*w as u8) ^ 0x80));
    [half(0), half(8)]
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
        for _ in 0..filled {
            let at = number(take(4)?)? as usize;
            let slot = table.get_mut(at).ok_or(WeightsError)?;
            let mut bytes = [0i8; Tag::COUNT];
            for (w, b) in bytes.iter_mut().zip(take(Tag::COUNT)?) {
                *w = *b as i8;
            }
            *slot = row(bytes);
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

    /// The evidence of a token from the sum of its features' rows.
    fn emission(&self, sum: &Sum) -> [f32; Tag::COUNT] {
        let zero = sum.count * 128;
        let mut out = [0.0; Tag::COUNT];
        for (i, o) in out.iter_mut().enumerate() {
            let half = sum.halves[i % 2][i / 8] >> (16 * (i % 8 / 2));
            *o = (i32::from(half as u16) - zero) as f32 * self.step;
        }
        out[0] -= self.eagerness;
        out
    }
}

/// Rows added up.
#[derive(Default)]
struct Sum {
    /// Weights are stored 128 higher, so that two by two they add up in halves of a word without a sign: those of even
    /// place, then those of odd place.
    halves: [[u64; 2]; 2],
    count: i32,
}

impl Sum {
    #[inline]
    fn add(&mut self, row: &Row) {
        const BYTES: u64 = 0x00ff_00ff_00ff_00ff;
        let [even, odd] = &mut self.halves;
        for ((even, odd), eight) in even.iter_mut().zip(odd).zip(row) {
            *even += eight & BYTES;
            *odd += (eight >> 8) & BYTES;
        }
        self.count += 1;
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

/// Buffers of [`decode`].
#[derive(Default)]
pub(crate) struct Path {
    emissions: Vec<[f32; Tag::COUNT]>,
    /// Of the best path to each tag of each token, its own emission included.
    scores: Vec<[f32; Tag::COUNT]>,
}

/// Finds the best tags for the tokens `from..to` of a sequence and writes them to `out`, which is as long as the sequence.
pub(crate) fn decode(
    weights: &Weights,
    sequence: &Sequence,
    from: usize,
    to: usize,
    path: &mut Path,
    out: &mut [Decision],
) {
    path.emissions.clear();
    path.scores.clear();
    for i in from..to {
        let mut sum = Sum::default();
        sequence.features(i, |feature| {
            if let Some(row) = weights.rows.get(feature as usize) {
                sum.add(row);
            }
        });
        path.emissions.push(weights.emission(&sum));
    }
    let Some(first) = path.emissions.first() else { return };
    let mut best = *first;
    // What stands before the window is settled: nothing.
    if sequence.tokens.get(from).is_some_and(|t| t.gap != Gap::Block) {
        for (score, follow) in best.iter_mut().zip(&weights.follow[0]) {
            *score += follow;
        }
    }
    path.scores.push(best);
    for emission in path.emissions.iter().skip(1) {
        let mut next = [f32::NEG_INFINITY; Tag::COUNT];
        for (score, follow) in best.iter().zip(&weights.follow) {
            for (n, f) in next.iter_mut().zip(follow) {
                let through = score + f;
                *n = if through > *n { through } else { *n };
            }
        }
        for (n, e) in next.iter_mut().zip(emission) {
            *n += e;
        }
        path.scores.push(next);
        best = next;
    }
    let mut tag = best.iter().enumerate().max_by(|a, b| a.1.total_cmp(b.1)).map_or(0, |(i, _)| i);
    for (i, (emission, scores)) in (from..to).zip(path.emissions.iter().zip(&path.scores)).rev() {
        if i + 1 < to {
            tag = before(weights, scores, tag);
        }
        if let Some(slot) = out.get_mut(i) {
            *slot = Decision {
                tag: Tag::from_index(tag),
                margin: emission.get(tag).copied().unwrap_or(0.0) - emission[0],
                name: emission[1] - emission[0],
                rival: emission.iter().skip(1).copied().fold(f32::NEG_INFINITY, f32::max) - emission[0],
            };
        }
    }
}

/// The tag through which the best path leads to `tag`; of equals the first. It is asked for one tag a token only, which
/// costs less than to note it for all.
fn before(weights: &Weights, scores: &[f32; Tag::COUNT], tag: usize) -> usize {
    let mut best = (0, f32::NEG_INFINITY);
    for (a, (score, follow)) in scores.iter().zip(&weights.follow).enumerate() {
        let through = score + follow.get(tag).copied().unwrap_or(0.0);
        if through > best.1 {
            best = (a, through);
        }
    }
    best.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weights_survive_packing_and_add_up() {
        let mut some = [0i8; Tag::COUNT];
        for (i, w) in some.iter_mut().enumerate() {
            *w = (i as i8 - 8) * 15;
        }
        assert_eq!(weights(&row(some)), some);
        assert_eq!(row([0; Tag::COUNT]), NOTHING);
        let table = Weights {
            rows: vec![row(some), row([-128; Tag::COUNT]), NOTHING],
            follow: [[0.0; Tag::COUNT]; Tag::COUNT],
            step: 0.5,
            eagerness: 0.0,
            vocabulary: Vec::new(),
        };
        let mut sum = Sum::default();
        for i in [0, 0, 1, 2] {
            sum.add(&table.rows[i]);
        }
        for (s, w) in table.emission(&sum).iter().zip(some) {
            assert_eq!(*s, (2.0 * f32::from(w) - 128.0) * 0.5);
        }
    }
}
