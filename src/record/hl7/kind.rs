//! What a field, component or sub-component holds: the data types of HL7 version 2 (v2.5.1, chapter 2A; earlier versions have
//! the same components under other names: PN, CN, CK, AD, TN, TS), as far as they say what may identify.

use crate::identifier::Label;

/// What a value is, or what its parts are.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Kind {
    /// A code, flag or set id: never searched when it is written as one.
    Code,
    /// A unit of measurement.
    Unit,
    /// A number.
    Number,
    /// A range of reference.
    Range,
    /// A time of day.
    Time,
    /// Says how the message is written.
    Never,
    /// Text of its own.
    Text,
    /// Text that goes on in repetitions and in the segments that follow.
    Note,
    /// A date, with time or without.
    Date,
    /// One identifier.
    Is(Label),
    /// A surname.
    Family,
    /// A given name.
    Given,
    /// What somebody is called instead.
    Nick,
    /// CX.1, whose label the type in CX.5 gives.
    Id,
    /// XCN.1: a number, a user name, or all there is of a name.
    PersonId,
    /// Who assigned an id: a facility, or an authority that many have in common.
    Authority,
    /// HD.2: an object identifier, or the name of a host.
    Universal,
    /// PL.1: a ward, or a facility.
    Point,
    /// A telephone number or part of one.
    Phone,
    /// XTN.4: an e-mail or web address.
    Address,
    /// CE.1: a code, or text where no code was at hand.
    CodeOrText,
    /// A field that no table knows.
    Unknown,
    /// OBX-5: what OBX-2 says.
    Value,
    /// A document, perhaps in base 64.
    Ed,
    /// Where a document is.
    Rp,
    /// Person, with name as XPN.
    Xpn,
    /// A person with an id.
    Xcn,
    /// A person with id, times and place.
    Ndl,
    /// A person with an id, in sub-components.
    Cnn,
    /// A surname with its parts.
    Fn,
    /// An address.
    Xad,
    /// A street with its parts.
    Sad,
    /// Ways of telecommunication.
    Xtn,
    /// An id, of that label unless its type says another.
    Cx(Label),
    /// A facility or authority.
    Hd,
    /// An application.
    App,
    /// A location of a person.
    Pl,
    /// A location with an address.
    La,
    /// A coded value.
    Ce,
    /// A unit as a coded value.
    CeUnit,
    /// A facility as a coded value.
    CeFacility,
    /// A resource as a coded value: a person, or equipment.
    CeResource,
    /// An organisation, of that label.
    Xon(Label),
    /// An employer where older versions have the name of a person.
    Employer,
    /// A payer or an authority: organisations that stay.
    Payer,
    /// An id of an entity.
    Ei,
    /// Two of them.
    Eip,
    /// From when to when.
    Dr,
    /// A driver's licence.
    Dln,
    /// A licence to practise.
    Pln,
    /// A class and since when.
    Fc,
    /// Two codes and a text.
    Jcc,
    /// A quantity with its unit.
    Cq,
    /// An amount of money in its currency.
    Money,
    /// What it is the price of besides.
    Amount,
    /// Comparator, number, separator, number.
    Sn,
    /// Timing of an order.
    Tq,
    /// When it repeats.
    Ri,
    /// Source of a specimen.
    Sps,
    /// An authorisation.
    Aui,
    /// A code with a date, or from when to when.
    Ocd,
    /// Where somebody was discharged to.
    Dld,
}

impl Kind {
    /// The kind of OBX-5 by OBX-2 (HL7 table 0125).
    pub(super) fn of_observation(code: &[u8]) -> Self {
        match code {
            b"" | b"ST" | b"TX" | b"FT" => Kind::Note,
            b"NM" | b"NA" | b"MA" => Kind::Number,
            b"MO" | b"CP" => Kind::Amount,
            b"SN" => Kind::Sn,
            b"DT" | b"TS" | b"DTM" => Kind::Date,
            b"TM" => Kind::Time,
            b"CE" | b"CWE" | b"CNE" | b"CF" => Kind::Ce,
            b"ID" | b"IS" | b"SI" => Kind::Code,
            b"XPN" | b"PN" => Kind::Xpn,
            b"XCN" | b"CN" | b"PPN" => Kind::Xcn,
            b"XAD" | b"AD" => Kind::Xad,
            b"XTN" | b"TN" => Kind::Xtn,
            b"CX" | b"CK" => Kind::Cx(Label::OtherId),
            b"XON" => Kind::Xon(Label::Facility),
            b"EI" => Kind::Ei,
            b"HD" => Kind::Hd,
            b"PL" => Kind::Pl,
            b"DR" => Kind::Dr,
            b"CQ" => Kind::Cq,
            b"TQ" => Kind::Tq,
            b"DLN" => Kind::Dln,
            b"ED" => Kind::Ed,
            b"RP" => Kind::Rp,
            _ => Kind::Unknown,
        }
    }

    /// What its components are; none: it has none.
    pub(super) fn parts(self) -> &'static [Kind] {
        use Kind::*;
        /// Rooms, beds and floors, numbers of organisations and entities.
        const NUMBER: Kind = Is(Label::OtherId);
        match self {
            Xpn => &[Fn, Given, Given, Code, Code, Code, Code, Code, Ce, Dr, Code, Date, Date, Code, Nick],
            Xcn => &[
                PersonId, Fn, Given, Given, Code, Code, Code, Code, Hd, Code, Code, Code, Code, Hd, Code, Ce, Dr, Code,
                Date, Date, Code, Ce, Ce, Text, Text,
            ],
            Ndl => &[Cnn, Date, Date, Point, NUMBER, NUMBER, Hd, Code, Code, Is(Label::Facility), NUMBER],
            Cnn => &[PersonId, Family, Given, Given, Code, Code, Code, Code, Authority, Universal, Code],
            Fn => &[Family, Code, Family, Code, Family],
            Xad => &[
                Sad,
                Is(Label::Street),
                Is(Label::City),
                Code,
                Is(Label::Zip),
                Code,
                Code,
                Is(Label::City),
                Is(Label::City),
                Is(Label::City),
                Code,
                Dr,
                Date,
                Date,
                Ce,
                Code,
                Code,
                Code,
                Is(Label::Name),
                Xtn,
                Code,
                Ei,
            ],
            Sad => &[Is(Label::Street), Is(Label::Street), Is(Label::Street)],
            Xtn => &[Phone, Code, Code, Address, Number, Phone, Phone, Phone, Text, Code, Phone, Phone, Date, Date],
            Cx(_) => &[Id, Code, Code, Hd, Code, Hd, Date, Date, Ce, Ce, Code, Code],
            Hd => &[Authority, Universal, Code],
            App => &[Text, Universal, Code],
            Pl => &[Point, NUMBER, NUMBER, Hd, Code, Code, Is(Label::Facility), NUMBER, Text, Ei, Hd],
            La => &[
                Point,
                NUMBER,
                NUMBER,
                Hd,
                Code,
                Code,
                Is(Label::Facility),
                NUMBER,
                Sad,
                Is(Label::Street),
                Is(Label::City),
                Code,
                Is(Label::Zip),
                Code,
                Code,
                Is(Label::City),
            ],
            Ce => &[
                CodeOrText, Text, Code, CodeOrText, Text, Code, Code, Code, Text, CodeOrText, Text, Code, Code, Code,
                Code, Date, Code, Code, Date, Code, Code, Date,
            ],
            CeUnit => &[Unit, Text, Code, Unit, Text, Code, Code, Code, Text],
            CeFacility => &[Authority, Is(Label::Facility), Code, Authority, Is(Label::Facility), Code],
            CeResource => &[PersonId, Text, Code, PersonId, Text, Code],
            Xon(Label::Employer) => &[Is(Label::Employer), Code, NUMBER, Code, Code, Hd, Code, Hd, Code, NUMBER],
            Xon(_) => &[Is(Label::Facility), Code, NUMBER, Code, Code, Hd, Code, Hd, Code, NUMBER],
            Employer => &[Is(Label::Employer), Given, Given, Code, Code, Code, Code],
            Payer => &[Text, Code, CodeOrText, Code, Code, App, Code, App, Code, CodeOrText],
            Ei => &[NUMBER, Authority, Universal, Code],
            Eip => &[Ei, Ei],
            Dr => &[Date, Date],
            Dln => &[Is(Label::License), Code, Date],
            Pln => &[Is(Label::License), Code, Code, Date],
            Fc => &[CodeOrText, Date],
            Jcc => &[CodeOrText, CodeOrText, Text],
            Cq => &[Number, Ce],
            Money => &[Number, Code],
            Amount => &[Money, Code, Number, Number, CeUnit, Code],
            Sn => &[Number, Number, Number, Number],
            Tq => &[Cq, Ri, Code, Date, Date, Code, Text, Text, Code, Code, Code, Number],
            Ri => &[Code, Text],
            Sps => &[Ce, Text, Text, Ce, Ce, Ce, Ce],
            Aui => &[Is(Label::HealthPlan), Date, Text],
            Ocd => &[Ce, Date, Date],
            Dld => &[Authority, Date],
            Rp => &[Is(Label::OtherId), App, Code, Code],
            Ed => &[App, Code, Code, Code, Text],
            _ => &[],
        }
    }

    /// What the first, single part of it is.
    pub(super) fn leaf(self) -> Kind {
        let mut kind = self;
        while let Some(first) = kind.parts().first() {
            kind = *first;
        }
        kind
    }
}
