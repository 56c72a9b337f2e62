//! Carries out the actions that make another value of a value: the year of a date, the start of a ZIP, a stand-in.

use zeroize::Zeroizing;

use super::date::{Dates, Order, days_for};
use super::draw::Draws;
use super::surrogate::{self, Surrogates};
use super::whose::Whose;
use super::{age, generalise, mask, zip3};
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
}
