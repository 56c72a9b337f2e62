//! What actions need to be told beside which they are.

/// How dates are read and moved, and what stand-ins look like. The default is that of every preset.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Settings {
    /// The farthest that a date is moved either way, in weeks. Invariant: within [`Settings::SHIFT_WEEKS`].
    pub shift_weeks: u16,
    /// Whether the check digits of stand-ins hold.
    pub checksums: Checksums,
    /// How `03/04/2019` is read.
    pub date_order: DateOrder,
    /// The year by which ages are told from birth years; without it, the present one. Invariant: within
    /// [`Settings::AS_OF`].
    pub as_of: Option<i16>,
    /// What stands where a FHIR resource must have a date.
    pub fhir_dates: FhirDates,
    /// What becomes of attachments that cannot be searched.
    pub attachments: Attachments,
}

/// Whether the check digits of a stand-in hold.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Checksums {
    /// They don't, so that nobody can have been given that number.
    #[default]
    Invalid,
    /// They do, for readers that refuse numbers otherwise. Somebody may have that number.
    Valid,
}

/// Which number comes first in a date of numbers alone.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum DateOrder {
    /// The month, as in the United States.
    #[default]
    MonthFirst,
    /// The day.
    DayFirst,
}

/// What stands where a FHIR resource must have a date and the action writes none.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum FhirDates {
    /// The year, which is a date there, so that the resource stays valid. Nothing turns it back.
    #[default]
    Year,
    /// What the action writes elsewhere: a token, a label. The resource is not valid then.
    Token,
}

/// What becomes of attachments that cannot be searched: images, PDF, what is in no known format.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Attachments {
    /// They go.
    #[default]
    Remove,
    /// They stay, with whatever is in them.
    Keep,
}

impl Settings {
    /// What `weeks` may be: up to ten years.
    pub const SHIFT_WEEKS: std::ops::RangeInclusive<u16> = 1..=520;
    /// What `as-of` may be.
    pub const AS_OF: std::ops::RangeInclusive<i16> = 1900..=2199;

    /// Name and value of each, as policy files have them.
    pub fn rows(&self) -> [(&'static str, String); 6] {
        [
            ("shift.weeks", self.shift_weeks.to_string()),
            ("surrogate.checksums", self.checksums.name().to_owned()),
            ("dates.order", self.date_order.name().to_owned()),
            ("dates.as-of", self.as_of.map_or("the present year".to_owned(), |year| year.to_string())),
            ("dates.fhir", self.fhir_dates.name().to_owned()),
            ("attachments", self.attachments.name().to_owned()),
        ]
    }
}

impl Default for Settings {
    fn default() -> Self {
        Settings {
            shift_weeks: 52,
            checksums: Checksums::default(),
            date_order: DateOrder::default(),
            as_of: None,
            fhir_dates: FhirDates::default(),
            attachments: Attachments::default(),
        }
    }
}

impl Checksums {
    /// Both.
    pub const ALL: [Checksums; 2] = [Checksums::Invalid, Checksums::Valid];

    /// The name in policy files.
    pub fn name(self) -> &'static str {
        match self {
            Checksums::Invalid => "invalid",
            Checksums::Valid => "valid",
        }
    }
}

impl DateOrder {
    /// Both.
    pub const ALL: [DateOrder; 2] = [DateOrder::MonthFirst, DateOrder::DayFirst];

    /// The name in policy files.
    pub fn name(self) -> &'static str {
        match self {
            DateOrder::MonthFirst => "month-first",
            DateOrder::DayFirst => "day-first",
        }
    }
}

impl FhirDates {
    /// Both.
    pub const ALL: [FhirDates; 2] = [FhirDates::Year, FhirDates::Token];

    /// The name in policy files.
    pub fn name(self) -> &'static str {
        match self {
            FhirDates::Year => "year",
            FhirDates::Token => "token",
        }
    }
}

impl Attachments {
    /// Both.
    pub const ALL: [Attachments; 2] = [Attachments::Remove, Attachments::Keep];

    /// The name in policy files.
    pub fn name(self) -> &'static str {
        match self {
            Attachments::Remove => "remove",
            Attachments::Keep => "keep",
        }
    }
}
