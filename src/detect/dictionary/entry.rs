//! What the dictionary knows of one word, packed in 64 bits.

/// Buckets and flags of a word; the default is a word that no source holds.
///
/// The four frequencies are buckets of a logarithmic scale, finer at the rare end; [`FIRST`], [`LAST`], [`PER_MILLION`]
/// and [`PLACE`] are the scales.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub struct Entry(pub(crate) u64);

/// Upper bounds (exclusive) of the buckets 2, 3, ... of [`Entry::first`], in persons: the larger of the bearers in the
/// 2020 Census and the births since 1930 in the records of Social Security. Bucket 1 holds names without a count (voter
/// files, lists of other countries, births before 1930 only), bucket 15 what exceeds the last bound.
pub const FIRST: [u32; 13] =
    [50, 100, 200, 400, 1_000, 2_500, 6_000, 15_000, 40_000, 100_000, 250_000, 600_000, 1_500_000];

/// Upper bounds (exclusive) of the buckets 2, 3, ... of [`Entry::last`], in bearers: the largest count of the Censuses
/// of 2000, 2010 and 2020. Bucket 1 holds names without a count.
pub const LAST: [u32; 13] =
    [150, 250, 500, 1_000, 2_000, 4_000, 8_000, 16_000, 35_000, 75_000, 150_000, 300_000, 700_000];

/// Upper bounds (exclusive) of the buckets 1, 2, ... of [`Entry::lower`] and [`Entry::title`], in occurrences a million
/// words of general English, in that spelling.
pub const PER_MILLION: [f32; 14] =
    [0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 25.0, 60.0, 150.0, 400.0, 1_500.0, 6_000.0];

/// Upper bounds (exclusive) of the buckets 1, 2, ... of [`Entry::place`], in inhabitants of the largest place of that
/// name. Places without a count, and counties, are in bucket 1.
pub const PLACE: [u32; 6] = [1_000, 5_000, 25_000, 100_000, 500_000, 2_000_000];

const FIRST_AT: u32 = 0;
const LAST_AT: u32 = 4;
const LOWER_AT: u32 = 8;
const TITLE_AT: u32 = 12;
const PLACE_AT: u32 = 16;
const FLAGS_AT: u32 = 20;

/// Declares each flag once: its bit, its name for `deidre dictionary stats`, its accessor.
macro_rules! flags {
    ($($bit:literal $name:ident $method:ident $doc:literal;)*) => {
        impl Entry {
            $(#[doc = $doc] pub const $name: Entry = Entry(1 << (FLAGS_AT + $bit));)*
            $(#[doc = $doc] #[inline] pub const fn $method(self) -> bool { self.any(Self::$name) })*

            /// Every flag with its name.
            pub const FLAGS: &'static [(&'static str, Entry)] = &[$((stringify!($name), Self::$name),)*];
        }
    };
}

flags! {
    0 MEDICAL is_medical "Stands in ICD-10, MeSH or a list of laboratory tests.";
    1 DRUG is_drug "Brand or substance of one word.";
    2 ABBREV is_abbrev "Clinical abbreviation.";
    3 EPONYM is_eponym "Part of a disease's, sign's or device's name that is also someone's.";
    4 ENGLISH is_english "Common English word in lower case (SCOWL up to level 50).";
    5 ENGLISH_RARE is_english_rare "Less common English word in lower case (SCOWL 55 to 70).";
    6 VERB is_verb "Verb, also inflected.";
    7 NOUN is_noun "Common noun, also in the plural.";
    8 ADJ is_adj "Adjective.";
    9 US_STATE is_us_state "State or territory of the United States, one word, in full.";
    10 STATE_ABBR is_state_abbr "Abbreviation of a state: postal, or AP style.";
    11 COUNTRY is_country "Country, one word.";
    12 NATIONALITY is_nationality "Nationality, people or language.";
    13 STREET_SUFFIX is_street_suffix "Street, avenue... and their abbreviations (USPS Publication 28).";
    14 MONTH is_month "Month, also abbreviated.";
    15 WEEKDAY is_weekday "Weekday, also abbreviated.";
    16 COMPANY is_company "Company, insurer, pharmacy or brand of one word.";
    17 FACILITY_WORD is_facility_word "Head noun of a facility: hospital, clinic, school.";
    18 ORG_WORD is_org_word "Head noun of another organisation: church, court, inc.";
    19 TITLE is_title "Stands before a name: dr, mrs, sgt.";
    20 CREDENTIAL is_credential "Stands behind a name: md, rn, pa-c.";
    21 RELATION is_relation "Relative or person close to the patient: wife, niece, neighbor.";
    22 STAFF is_staff "Role in care: attending, pharmacist.";
    23 PARTICLE is_particle "Part of a surname that is not one: de, van, bin.";
    24 UNIT is_unit "Unit of measure or of dosing: mg, bpm, tabs.";
    25 STARTS_PHRASE starts_phrase "First word of a phrase, with or without its possessive s.";
}

impl Entry {
    /// Of a word that no source holds.
    pub const NOTHING: Entry = Entry(0);

    /// How common as a first name: 0 for none, then the buckets of [`FIRST`].
    #[inline]
    pub const fn first(self) -> u8 {
        self.field(FIRST_AT, 15)
    }

    /// How common as a surname: 0 for none, then the buckets of [`LAST`].
    #[inline]
    pub const fn last(self) -> u8 {
        self.field(LAST_AT, 15)
    }

    /// How common as a word in lower case: 0 for never, then the buckets of [`PER_MILLION`].
    #[inline]
    pub const fn lower(self) -> u8 {
        self.field(LOWER_AT, 15)
    }

    /// How common with a capital, sentence starts included: 0 for never, then the buckets of [`PER_MILLION`].
    #[inline]
    pub const fn title(self) -> u8 {
        self.field(TITLE_AT, 15)
    }

    /// How large the largest place of that name: 0 for none, then the buckets of [`PLACE`].
    #[inline]
    pub const fn place(self) -> u8 {
        self.field(PLACE_AT, 7)
    }

    /// Whether it has one of the flags of `flags`: `entry.any(Entry::MONTH.or(Entry::WEEKDAY))`.
    #[inline]
    pub const fn any(self, flags: Entry) -> bool {
        self.0 >> FLAGS_AT & flags.0 >> FLAGS_AT != 0
    }

    /// The flags of both; of each frequency the larger.
    pub const fn or(self, other: Entry) -> Entry {
        let mut merged = (self.0 | other.0) >> FLAGS_AT << FLAGS_AT;
        let mut at = 0;
        while at < FLAGS_AT {
            let (a, b) = (self.field(at, 15), other.field(at, 15));
            merged |= (if a > b { a } else { b } as u64) << at;
            at += 4;
        }
        Entry(merged)
    }

    /// Whether no source holds the word.
    #[inline]
    pub const fn is_unknown(self) -> bool {
        self.0 == 0
    }

    /// A first name of that many persons; `None` for a name without a count.
    pub(crate) fn of_first(persons: Option<u32>) -> Entry {
        Entry(u64::from(persons.filter(|&n| n > 0).map_or(1, |n| 2 + bucket(&FIRST, n))) << FIRST_AT)
    }

    /// A surname of that many bearers; `None` for a name without a count.
    pub(crate) fn of_last(bearers: Option<u32>) -> Entry {
        Entry(u64::from(bearers.filter(|&n| n > 0).map_or(1, |n| 2 + bucket(&LAST, n))) << LAST_AT)
    }

    /// A word with its occurrences a million words, in lower case and with a capital; those under 0.02 count as never.
    pub(crate) fn of_case(lower: f32, title: f32) -> Entry {
        let bucket = |f: f32| if f < 0.02 { 0 } else { u64::from(1 + bucket(&PER_MILLION, f)) };
        Entry(bucket(lower) << LOWER_AT | bucket(title) << TITLE_AT)
    }

    /// A place with that many inhabitants.
    pub(crate) fn of_place(inhabitants: u32) -> Entry {
        Entry(u64::from(1 + bucket(&PLACE, inhabitants)) << PLACE_AT)
    }

    #[inline]
    const fn field(self, at: u32, mask: u64) -> u8 {
        (self.0 >> at & mask) as u8
    }
}

impl std::fmt::Debug for Entry {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "first {} last {} lower {} title {} place {}",
            self.first(),
            self.last(),
            self.lower(),
            self.title(),
            self.place()
        )?;
        for (name, flag) in Self::FLAGS {
            if self.any(*flag) {
                write!(f, " {name}")?;
            }
        }
        Ok(())
    }
}

/// How many bounds are at or below `value`.
fn bucket<T: PartialOrd>(bounds: &[T], value: T) -> u8 {
    bounds.iter().take_while(|bound| **bound <= value).count() as u8
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frequencies_fall_into_their_buckets() {
        for (persons, bucket) in [(None, 1), (Some(0), 1), (Some(49), 2), (Some(50), 3), (Some(5_000_000), 15)] {
            assert_eq!(Entry::of_first(persons).first(), bucket, "{persons:?}");
        }
        for (bearers, bucket) in [(None, 1), (Some(100), 2), (Some(150), 3), (Some(2_400_000), 15)] {
            assert_eq!(Entry::of_last(bearers).last(), bucket, "{bearers:?}");
        }
        for (rate, bucket) in [(0.0, 0), (0.019, 0), (0.02, 1), (0.05, 2), (29_000.0, 15)] {
            assert_eq!(Entry::of_case(rate, 0.0).lower(), bucket, "{rate}");
            assert_eq!(Entry::of_case(0.0, rate).title(), bucket, "{rate}");
        }
        for (inhabitants, bucket) in [(0, 1), (1_000, 2), (8_800_000, 7)] {
            assert_eq!(Entry::of_place(inhabitants).place(), bucket, "{inhabitants}");
        }
    }

    #[test]
    fn merging_keeps_flags_and_the_larger_frequency() {
        let rose =
            Entry::of_first(Some(300_000)).or(Entry::of_last(None)).or(Entry::ENGLISH).or(Entry::of_case(5.0, 9.0));
        let merged = rose.or(Entry::of_first(None)).or(Entry::of_last(Some(2_000))).or(Entry::MEDICAL);
        assert_eq!(merged.first(), rose.first());
        assert_eq!(merged.last(), Entry::of_last(Some(2_000)).last());
        assert!(merged.is_english() && merged.is_medical());
        assert!(!merged.is_drug() && !merged.any(Entry::MONTH.or(Entry::TITLE)));
        assert!(Entry::default().is_unknown() && !merged.is_unknown());
    }

    #[test]
    fn every_flag_has_a_bit_of_its_own() {
        let all = Entry::FLAGS.iter().fold(Entry::default(), |all, (_, flag)| {
            assert!(!all.any(*flag));
            all.or(*flag)
        });
        assert_eq!((all.first(), all.last(), all.lower(), all.title(), all.place()), (0, 0, 0, 0, 0));
        // The cache keeps the word's length in the top byte.
        assert_eq!(all.0 >> 56, 0);
    }
}
