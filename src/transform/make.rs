//! Carries out the actions that make another value of a value: the year of a date, the start of a ZIP, a stand-in.

use zeroize::Zeroizing;

use super::date::{Dates, Order, days_for};
use super::draw::Draws;
use super::surrogate::{self, Surrogates};
use super::whose::Whose;
use super::{age, fhir, generalise, mask, zip3};
use crate::form::Form;
use crate::identifier::Label;
use crate::policy::{Action, Checksums, Claim, DateOrder, Policy};
use crate::secret::Key;

/// What the actions of a policy are carried out with.
pub(super) struct Makers {
    dates: Dates,
    weeks: u16,
    surrogates: Surrogates,
    /// Without a key nothing is drawn.
    keys: Option<DrawKeys>,
}

struct DrawKeys {
    shift: Zeroizing<[u8; 32]>,
    surrogate: Zeroizing<[u8; 32]>,
}

impl Makers {
    /// For the settings of `policy`; `year` is the present one.
    pub(super) fn new(policy: &Policy, key: Option<&Key>, year: i16) -> Makers {
        let settings = policy.settings();
        let order = match settings.date_order {
            DateOrder::MonthFirst => Order::MonthFirst,
            DateOrder::DayFirst => Order::DayFirst,
        };
        // Under Safe Harbor an age over 89 must not show because the policy file is old.
        let as_of = match (settings.as_of, policy.claim()) {
            (Some(as_of), Some(Claim::SafeHarbor)) => as_of.max(year),
            (as_of, _) => as_of.unwrap_or(year),
        };
        let checksums = match settings.checksums {
            Checksums::Invalid => surrogate::Checksums::Invalid,
            Checksums::Valid => surrogate::Checksums::Valid,
        };
        Makers {
            dates: Dates::new(order, as_of),
            weeks: settings.shift_weeks,
            surrogates: Surrogates::new(checksums),
            keys: key.map(|key| DrawKeys { shift: key.derive("date shift"), surrogate: key.derive("surrogate") }),
        }
    }

    /// Appends what the action makes of `text`. False, and nothing is appended, where it makes nothing of it: the label is
    /// to stand there then.
    pub(super) fn make(&self, action: Action, label: Label, text: &str, whose: &Whose, out: &mut String) -> bool {
        match action {
            Action::Mask { keep_last } => {
                mask::mask(text, keep_last, out);
                true
            }
            Action::Year => self.dates.year(text, out),
            // What was found to be an age of 90 and more and reads as less was found or read wrongly.
            Action::Age => {
                let before = out.len();
                age::age(text, out)
                    && (label != Label::Age90 || out.get(before..).is_some_and(|made| made.contains(age::GROUP)))
            }
            Action::Zip3 => zip3::zip3(text, out),
            Action::Generalise => generalise::generalise(label, text, out),
            Action::Shift => self.keys.as_ref().is_some_and(|keys| {
                let draws = Draws::new(&keys.shift, Some(whose.subject()));
                let days = days_for(&mut draws.of("shift", ""), self.weeks);
                self.dates.shift(text, days, out)
            }),
            Action::Surrogate => self.keys.as_ref().is_some_and(|keys| {
                let draws = Draws::new(&keys.surrogate, whose.scope());
                self.surrogates.write(label, text, &draws, out)
            }),
            Action::Keep | Action::Redact | Action::Token(_) => false,
        }
    }

    /// Appends what the action makes of a date where one of that type must stand: the moved date where the action moves
    /// dates, else the year alone, with the floor of [`Dates::year`]. `year_stays` tells whether the policy lets a year
    /// stand; where it does not, or none can be told, [`fhir::NO_YEAR`] stands there.
    pub(super) fn fhir_date(
        &self,
        action: Action,
        year_stays: bool,
        value: (&str, Form),
        whose: &Whose,
        out: &mut String,
    ) {
        let (text, form) = value;
        let before = out.len();
        if matches!(action, Action::Shift | Action::Surrogate) && self.make(action, Label::Date, text, whose, out) {
            if out.get(before..).is_some_and(|made| fhir::is_valid(form, made)) {
                return;
            }
            out.truncate(before);
        }
        let read = || {
            let mut year = String::new();
            (self.dates.year(text, &mut year) && year.len() == 4).then(|| year.parse().ok())?
        };
        let year = fhir::year(text).map(|year| self.dates.floored(year)).or_else(read);
        let told = year.filter(|_| year_stays || action == Action::Year);
        fhir::write_year(form, told.unwrap_or(fhir::NO_YEAR), out);
    }

    /// Appends the number that stands in place of one.
    pub(super) fn number(&self, action: Action, label: Label, text: &str, whose: &Whose, out: &mut String) {
        let before = out.len();
        let numeric = matches!(action, Action::Year | Action::Shift | Action::Age);
        if numeric && self.make(action, label, text, whose, out) {
            if out.get(before..).is_some_and(fhir::is_number) {
                return;
            }
            out.truncate(before);
        }
        fhir::write_number(label, out);
    }
}
