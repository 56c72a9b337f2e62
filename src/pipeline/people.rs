//! People: what the files about persons and organisations of an export say, for the texts in its other files.
//!
//! A first pass over those files [gathers](Gather) facts by the resource or patient they are about; the second pass, over
//! all files, asks what is [known](People::known) of those that a record speaks of. Facts stay serialised in large
//! blocks, and the index is two sorted lists: what a person takes is the text of the facts and some 40 bytes.

use std::collections::HashSet;
use std::io::{self, Read};
use std::panic::{AssertUnwindSafe, catch_unwind};

use sha2::{Digest, Sha256};

use super::source::Source;
use crate::engine::Facts;
use crate::identifier::{Hint, Label};
use crate::record::{Form, Record};

/// Gathers facts, record by record. The order of the records decides in which order facts are known, so that one reader
/// gathers in the order of the files.
#[derive(Default)]
pub struct Gather {
    people: People,
    /// What was kept, by key and facts: tables say the same of a patient in every row.
    seen: HashSet<u64>,
    facts: Facts,
    /// Whether resources were met.
    resources: bool,
}

/// What is known of the persons and organisations of an export. Read by many threads at once.
#[derive(Default)]
pub struct People {
    /// Facts, one list after the other; a list does not reach over the end of its block.
    blocks: Vec<Vec<u8>>,
    lists: Vec<Place>,
    /// Lists by what they are about. Invariant: sorted once gathering has ended.
    about: Vec<(u64, u32)>,
    /// Lists of others by the patient they belong to. Invariant: as `about`.
    of: Vec<(u64, u32)>,
}

/// Where a list of facts stands.
#[derive(Clone, Copy)]
struct Place {
    block: u32,
    start: u32,
    length: u32,
}

/// Bytes of a block.
const BLOCK: usize = 1 << 20;
/// Bytes of the facts of one record; what is beyond is no person's.
const LONGEST: usize = 1 << 14;

/// Resources that are persons, or organisations and places that texts name.
const KINDS: [&str; 8] =
    ["Patient", "RelatedPerson", "Person", "Practitioner", "PractitionerRole", "Coverage", "Organization", "Location"];

impl Gather {
    /// Notes what all records of an input say. An input whose first chunk holds resources of one type only, and of one that
    /// is not gathered, is a bulk file of that type: the rest of it is not read. Records that cannot be read are passed
    /// over, the run will set them aside.
    ///
    /// # Errors
    ///
    /// When the input cannot be read.
    pub fn pass<R: Read>(&mut self, mut source: Source<R>) -> io::Result<()> {
        let mut reader = source.layout().reader();
        while let Some(chunk) = source.read_chunk()? {
            let mut others = Others::default();
            for place in chunk.records.iter().filter(|place| place.fault.is_none()) {
                let raw = chunk.bytes.get(place.start..place.end).unwrap_or_default();
                // A reader that panics on a record does so again in the run, where the record is set aside.
                let read = catch_unwind(AssertUnwindSafe(|| {
                    if let Ok(record) = reader.read(raw, place.record == 0) {
                        self.resources |= !record.references.is_empty();
                        self.add(&record);
                        others.note(&record);
                    }
                }));
                if read.is_err() {
                    reader = source.layout().reader();
                }
            }
            if chunk.number == 0 && others.is_one() {
                break;
            }
        }
        Ok(())
    }

    /// Notes what the fields of a record say, if it is a resource about persons, organisations or places, or a row that
    /// names a patient and the patient's number.
    pub fn add(&mut self, record: &Record<'_>) {
        let own = record.references.first().map(|reference| &**reference);
        let Some(own) = own else { return self.row(record) };
        if !own.split_once('/').is_some_and(|(kind, _)| KINDS.contains(&kind)) {
            return;
        }
        self.collect(record, Dates::Typed);
        let Some(list) = self.keep(own) else { return };
        self.people.about.push((key(own), list));
        // Whose relative or policy it is; what else it refers to is not about the patient.
        let others = record.references.iter().skip(1).map(|reference| &**reference);
        let patient = record.patient.as_deref().map(patient_id);
        let linked = others.filter_map(|reference| reference.strip_prefix("Patient/")).chain(patient);
        let own = own.strip_prefix("Patient/");
        let mut before = None;
        for patient in linked.filter(|patient| Some(*patient) != own) {
            if before != Some(patient) {
                self.people.of.push((key(patient), list));
            }
            before = Some(patient);
        }
    }

    /// A row of a table: only one that names somebody says more than the numbers that other rows have as well.
    fn row(&mut self, record: &Record<'_>) {
        let Some(patient) = record.patient.as_deref().map(patient_id) else { return };
        if !record.segments.iter().any(|segment| segment.hint == Hint::Whole(Label::Name)) {
            return;
        }
        self.collect(record, Dates::None);
        if let Some(list) = self.keep(patient) {
            self.people.of.push((key(patient), list));
        }
    }

    /// Takes the facts of a record into `facts`.
    fn collect(&mut self, record: &Record<'_>, dates: Dates) {
        self.facts.clear();
        for segment in &record.segments {
            let Hint::Whole(label) = segment.hint else { continue };
            let told = match label {
                // Logical ids stand in fields only, and times of a record's making are nobody's.
                _ if matches!(segment.form, Form::Id | Form::Shared | Form::FhirInstant | Form::FhirDateTime) => false,
                Label::Date => dates == Dates::Typed && segment.form == Form::FhirDate,
                Label::Url | Label::Ip | Label::Biometric | Label::Age90 => false,
                Label::OtherId => segment.text.len() < 32,
                _ => true,
            };
            if told && self.facts.as_bytes().len() < LONGEST {
                self.facts.push(label, segment.part, &segment.text);
            }
        }
    }

    /// Keeps the collected facts: the number of their list, unless there are none or the same are kept for that key.
    fn keep(&mut self, about: &str) -> Option<u32> {
        let bytes = self.facts.as_bytes();
        let seen = self.facts.hash() ^ key(about).rotate_left(32);
        if bytes.is_empty() || !self.seen.insert(seen) {
            return None;
        }
        let blocks = &mut self.people.blocks;
        if blocks.last().is_none_or(|block| block.len() + bytes.len() > BLOCK) {
            blocks.push(Vec::with_capacity(BLOCK.max(bytes.len())));
        }
        let number = u32::try_from(blocks.len() - 1).ok()?;
        let block = blocks.last_mut()?;
        let start = u32::try_from(block.len()).ok()?;
        block.extend_from_slice(bytes);
        let list = u32::try_from(self.people.lists.len()).ok()?;
        self.people.lists.push(Place { block: number, start, length: bytes.len() as u32 });
        Some(list)
    }

    /// Whether resources were among what was read.
    pub fn met_resources(&self) -> bool {
        self.resources
    }

    /// Ends gathering.
    pub fn finish(self) -> People {
        let mut people = self.people;
        people.about.sort_unstable();
        people.of.sort_unstable();
        people.about.dedup();
        people.of.dedup();
        people.blocks.iter_mut().for_each(Vec::shrink_to_fit);
        people.lists.shrink_to_fit();
        people.about.shrink_to_fit();
        people.of.shrink_to_fit();
        people
    }
}

/// What the records of a chunk are, when they are resources that are not gathered.
#[derive(Default)]
enum Others {
    /// Nothing was read yet.
    #[default]
    None,
    /// Resources of this type, all of them.
    One(String),
    /// Anything else.
    Mixed,
}

impl Others {
    fn note(&mut self, record: &Record<'_>) {
        let kind = record.references.first().and_then(|own| own.split_once('/')).map_or("", |(kind, _)| kind);
        *self = match std::mem::take(self) {
            _ if kind.is_empty() || kind == "Bundle" || KINDS.contains(&kind) => Others::Mixed,
            Others::None => Others::One(kind.to_owned()),
            Others::One(before) if before == kind => Others::One(before),
            _ => Others::Mixed,
        };
    }

    fn is_one(&self) -> bool {
        matches!(self, Others::One(_))
    }
}

/// Which dates are facts about a person.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Dates {
    /// Those that a FHIR element types as dates without a time: births.
    Typed,
    /// None: a row does not say which of its dates is the patient's.
    None,
}

impl People {
    /// Appends to `out` what is known of those that a record speaks of: of each resource among `references` (`Type/id`),
    /// and of the relatives, policies and rows of each patient, `patient` among them. The first [`MOST`] lists, each once,
    /// in the same order whenever it is asked.
    pub fn known<'r>(&self, references: impl Iterator<Item = &'r str>, patient: Option<&str>, out: &mut Facts) {
        let mut lists = [u32::MAX; MOST];
        let mut count = 0;
        let mut take = |list: u32| {
            let known = lists.get(..count).is_some_and(|lists| lists.contains(&list));
            if let Some(place) = lists.get_mut(count).filter(|_| !known) {
                *place = list;
                count += 1;
                out.extend_from_bytes(self.bytes(list));
            }
        };
        let patient = patient.map(patient_id);
        if let Some(id) = patient {
            named(&self.about, keyed("Patient", id)).chain(named(&self.of, key(id))).for_each(&mut take);
        }
        for reference in references {
            named(&self.about, key(reference)).for_each(&mut take);
            if let Some(id) = reference.strip_prefix("Patient/").filter(|id| Some(*id) != patient) {
                named(&self.of, key(id)).for_each(&mut take);
            }
        }
    }

    /// Whether nobody is known.
    pub fn is_empty(&self) -> bool {
        self.lists.is_empty()
    }

    /// Lists of facts that are kept.
    pub fn len(&self) -> usize {
        self.lists.len()
    }

    /// Bytes that it takes.
    pub fn memory(&self) -> usize {
        let facts: usize = self.blocks.iter().map(Vec::capacity).sum();
        let places = self.lists.capacity() * size_of::<Place>();
        facts + places + (self.about.capacity() + self.of.capacity()) * size_of::<(u64, u32)>()
    }

    /// A digest of all that is known: results of a run depend on it.
    pub fn digest(&self) -> [u8; 32] {
        let mut digest = Sha256::new();
        for (key, list) in self.about.iter().chain(&self.of) {
            digest.update(key.to_le_bytes());
            digest.update(self.bytes(*list));
        }
        digest.finalize().into()
    }

    fn bytes(&self, list: u32) -> &[u8] {
        let Some(place) = self.lists.get(list as usize) else { return &[] };
        let end = place.start as usize + place.length as usize;
        self.blocks.get(place.block as usize).and_then(|block| block.get(place.start as usize..end)).unwrap_or_default()
    }
}

// Facts must not reach a log through Debug: sizes only.
impl std::fmt::Debug for People {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("People").field("lists", &self.lists.len()).finish_non_exhaustive()
    }
}

impl std::fmt::Debug for Gather {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.people.fmt(f)
    }
}

/// How many lists a record is told at most.
pub const MOST: usize = 24;

/// The lists under a key.
fn named(index: &[(u64, u32)], key: u64) -> impl Iterator<Item = u32> {
    let from = index.partition_point(|(known, _)| *known < key);
    index.iter().skip(from).take_while(move |(known, _)| *known == key).map(|(_, list)| *list)
}

/// The id of a patient, who may be given as a reference.
fn patient_id(patient: &str) -> &str {
    patient.strip_prefix("Patient/").unwrap_or(patient)
}

fn key(of: &str) -> u64 {
    of.bytes().fold(FNV_START, fnv)
}

fn keyed(kind: &str, id: &str) -> u64 {
    kind.bytes().chain([b'/']).chain(id.bytes()).fold(FNV_START, fnv)
}

/// FNV-1a over bytes, mixed at each step.
fn fnv(hash: u64, byte: u8) -> u64 {
    let hash = (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
    hash ^ hash >> 29
}

const FNV_START: u64 = 0xcbf2_9ce4_8422_2325;

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::borrow::Cow;

    use super::*;
    use crate::record::{Charset, Escape, Part, Segment};
    use crate::span::Span;

    fn record<'r>(references: &[&'r str], patient: Option<&'r str>, values: &[(Label, Form, &'r str)]) -> Record<'r> {
        let mut record = Record::new(b"", Charset::Utf8);
        record.references = references.iter().map(|r| Cow::Borrowed(*r)).collect();
        record.patient = patient.map(Cow::Borrowed);
        for (label, form, text) in values {
            let hint = Hint::Whole(*label);
            let segment = Segment::new(Span::new(0, 0), Cow::Borrowed(*text), hint, Escape::Json);
            record.segments.push(Segment { form: *form, part: Part::Full, ..segment });
        }
        record
    }

    fn known(people: &People, references: &[&str], patient: Option<&str>) -> Vec<String> {
        let mut facts = Facts::default();
        people.known(references.iter().copied(), patient, &mut facts);
        facts.iter().map(|fact| fact.text.to_owned()).collect()
    }

    #[test]
    fn a_record_is_told_of_its_patient_and_of_those_around() {
        let mut gather = Gather::default();
        let name = |text| [(Label::Name, Form::Free, text)];
        gather.add(&record(&["Coverage/c", "Patient/a"], None, &[(Label::HealthPlan, Form::Free, "MMT1780")]));
        gather.add(&record(
            &["Patient/a"],
            Some("a"),
            &[
                (Label::Name, Form::Free, "Ann Quist"),
                (Label::Date, Form::FhirDate, "1958-03-14"),
                (Label::Date, Form::FhirDateTime, "2024-01-01"),
                (Label::OtherId, Form::Id, "a"),
            ],
        ));
        gather.add(&record(&["RelatedPerson/r", "Patient/a", "Patient/a"], Some("Patient/a"), &name("Bea Quist")));
        gather.add(&record(&["Practitioner/d"], None, &name("Dr. Osei")));
        gather.add(&record(&["Observation/o", "Patient/a"], None, &name("not a person")));
        gather.add(&record(&["Patient/b"], None, &name("Cy Vann")));
        let people = gather.finish();
        assert_eq!(people.len(), 5);
        let all = ["Ann Quist", "1958-03-14", "MMT1780", "Bea Quist"];
        assert_eq!(known(&people, &["Observation/x", "Patient/a"], None), all);
        assert_eq!(known(&people, &["Observation/x", "Patient/a"], Some("a")), all);
        assert_eq!(known(&people, &[], Some("Patient/a")), all);
        assert_eq!(known(&people, &["Practitioner/d", "Patient/b"], None), ["Dr. Osei", "Cy Vann"]);
        assert_eq!(known(&people, &["Patient/c", "Observation/o", ""], Some("z")), [""; 0]);
    }

    #[test]
    fn rows_of_a_table_are_told_of_by_the_patients_number() {
        let mut gather = Gather::default();
        let named = [(Label::Name, Form::Free, "Ann Quist"), (Label::Date, Form::Free, "2024-01-01")];
        gather.add(&record(&[], Some("0042"), &named));
        gather.add(&record(&[], Some("0042"), &named));
        gather.add(&record(&[], Some("0042"), &[(Label::Account, Form::Free, "77812")]));
        gather.add(&record(&[], None, &named));
        let people = gather.finish();
        assert_eq!(people.len(), 1);
        assert_eq!(known(&people, &[], Some("0042")), ["Ann Quist"]);
        assert!(known(&people, &[], Some("42")).is_empty());
    }

    #[test]
    fn what_is_known_does_not_depend_on_when_it_is_asked() {
        let mut gather = Gather::default();
        let names: Vec<(String, String)> =
            (0..3000).map(|n| (format!("Patient/{n}"), format!("Name{n} Fam{n}"))).collect();
        for (id, name) in &names {
            gather.add(&record(&[id.as_str()], None, &[(Label::Name, Form::Free, name.as_str())]));
        }
        let people = gather.finish();
        for (id, name) in &names {
            assert_eq!(known(&people, &[id.as_str()], None), [name.as_str()]);
        }
        assert!(people.memory() < 3000 * 80 + BLOCK);
        assert!(!format!("{people:?}").contains("Name1"));
        assert_ne!(people.digest(), People::default().digest());
    }
}
