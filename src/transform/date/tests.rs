#![allow(clippy::unwrap_used)]

use jiff::civil::Date;
use proptest::prelude::*;
use zeroize::Zeroizing;

use super::{Dates, Order, days_for};
use crate::transform::draw::Draws;

const DATES: Dates = Dates { order: Order::MonthFirst, as_of: 2024 };
const DAY_FIRST: Dates = Dates { order: Order::DayFirst, as_of: 2024 };

fn shift(dates: Dates, value: &str, days: i32) -> Option<String> {
    let mut out = String::from("x");
    let done = dates.shift(value, days, &mut out);
    assert!(out.starts_with('x') && (done || out == "x"), "appends all or nothing");
    done.then(|| out.split_off(1))
}

fn year(dates: Dates, value: &str) -> Option<String> {
    let mut out = String::from("x");
    let done = dates.year(value, &mut out);
    assert!(out.starts_with('x') && (done || out == "x"), "appends all or nothing");
    done.then(|| out.split_off(1))
}

#[test]
fn shifts_in_the_layout_it_came_in() {
    for (value, days, want) in [
        ("3/14/2019", 7, "3/21/2019"),
        ("03/04/19", 7, "03/11/19"),
        ("3-4-19", 28, "4-1-19"),
        ("12/14/2019", -7, "12/07/2019"),
        ("12/14/19", -7, "12/7/19"),
        ("03.04.2019", -7, "02.25.2019"),
        ("03 / 04 / 2019", 7, "03 / 11 / 2019"),
        ("03 04 2019", 7, "03 11 2019"),
        ("2019-03-14", 300, "2020-01-08"),
        ("2020/02/29", 366, "2021/03/01"),
        ("20190314", 7, "20190321"),
        ("03142019", 7, "03212019"),
        ("031419", 7, "032119"),
        ("201903", 28, "201904"),
        ("2019031408", 7, "2019032108"),
        ("201903140830", 7, "201903210830"),
        ("20190314083000.1234-0500", 7, "20190321083000.1234-0500"),
        ("20190314*0830", 7, "20190321*0830"),
        ("20190314T083000Z", 7, "20190321T083000Z"),
        ("2019-03-14T08:30:00Z", 7, "2019-03-21T08:30:00Z"),
        ("2019-03-14T08:30:00.123+05:30", 7, "2019-03-21T08:30:00.123+05:30"),
        ("2019-03-14 08:30:00", 7, "2019-03-21 08:30:00"),
        ("3/14/19 0830", 7, "3/21/19 0830"),
        ("3/14 0830-0915", 7, "3/21 0830-0915"),
        ("3/14/19, 8:30 a.m. EST", 7, "3/21/19, 8:30 a.m. EST"),
        ("08:30 on 3/14/19", 7, "08:30 on 3/21/19"),
        ("14-Mar-2019", -7, "07-Mar-2019"),
        ("14MAR2019", -7, "07MAR2019"),
        ("4 MAY 19", 28, "1 JUN 19"),
        ("14-may-2019", 28, "11-jun-2019"),
        ("MAR-14-2019", 7, "MAR-21-2019"),
        ("2019 March 14", 28, "2019 April 11"),
        ("March 14, 2019", 7, "March 21, 2019"),
        ("march 14 19", 7, "march 21 19"),
        ("Mar. 14th", 7, "Mar. 21st"),
        ("MARCH 14TH", 8, "MARCH 22ND"),
        ("the 4th of March 2019", 7, "the 11th of March 2019"),
        ("March the 14th, '19", 9, "March the 23rd, '19"),
        ("Sept. 3, 2019", 7, "Sept. 10, 2019"),
        ("March fourteenth", 7, "March twenty-first"),
        ("twenty first of march", 1, "twenty second of march"),
        ("9 de mayo de 2019", 28, "6 de junio de 2019"),
        ("3 août 2019", 140, "21 décembre 2019"),
        ("3/14", 7, "3/21"),
        ("12/28", 7, "1/4"),
        ("2/29", 1, "3/1"),
        ("2/28", 2, "3/1"),
        ("3/2019", 28, "4/2019"),
        ("2019-03", 28, "2019-04"),
        ("Mar '19", 28, "Apr '19"),
        ("March of 2019", 7, "March of 2019"),
        ("early March", 21, "early March"),
        ("late March", 21, "late April"),
        ("mid-March", 28, "mid-April"),
        ("March", 350, "February"),
        ("2019", 182, "2019"),
        ("2018-19", 366, "2019-20"),
        ("3/14-3/17/19", 7, "3/21-3/24/19"),
        ("12/28-1/3/19", 7, "1/4-1/10/19"),
        ("3/14-17/19", 14, "3/28-31/19"),
        ("3/14-17/19", 16, "3/30-4/2/19"),
        ("3/4-3/6", 7, "3/11-3/13"),
        ("3/14, 3/17 and 3/20", 7, "3/21, 3/24 and 3/27"),
        ("March 3 to 5, 2019", 7, "March 10 to 12, 2019"),
        ("March 3 to 5, 2019", 28, "March 31 to April 2, 2019"),
        ("3rd-5th of March", 28, "31st of March-2nd of April"),
        ("Jan 2, 4 and 6, 2019", 28, "Jan 30, Feb 1 and 3, 2019"),
        ("Apr 28-May 3", 35, "Jun 2-Jun 7"),
        ("10/12 - 10/14/2019", -7, "10/05 - 10/07/2019"),
        ("2019-03-14/2019-03-17", 7, "2019-03-21/2019-03-24"),
        ("3/14/19 - present", 7, "3/21/19 - present"),
        ("Tue 3/14/19", 7, "Tue 3/21/19"),
        ("Tue 3/14/19", 1, "Wed 3/15/19"),
        ("Tuesday, March 14", -2, "Sunday, March 12"),
        ("3/14 (THU)", 9, "3/23 (SAT)"),
        ("Thurs.", 7, "Thurs."),
        ("Thurs", 5, "Tues"),
        ("14/03/2019", 7, "21/03/2019"),
        ("14.03.19", 7, "21.03.19"),
        ("120/80", 7, ""),
        ("5/10", 7, "5/17"),
    ] {
        let got = shift(DATES, value, days);
        assert_eq!(got.as_deref(), Some(want).filter(|want| !want.is_empty()), "{value}");
    }
    assert_eq!(shift(DAY_FIRST, "03/04/2019", 7).as_deref(), Some("10/04/2019"));
    assert_eq!(shift(DAY_FIRST, "03042019", 7).as_deref(), Some("10042019"));
    assert_eq!(shift(DAY_FIRST, "03/14/2019", 7).as_deref(), Some("03/21/2019"));
}

#[test]
fn what_cannot_be_moved_is_left_to_its_label() {
    for value in [
        "",
        " ",
        "the 14th",
        "14",
        "Christmas",
        "Thanksgiving 2019",
        "fall 2019",
        "spring",
        "13/45",
        "2/30",
        "31/4",
        "4/31/2019",
        "2/29/2019",
        "Feb 30",
        "0/5",
        "3/0",
        "32 March",
        "20190231",
        "99999999",
        "2019-13-01",
        "3/14/2019x",
        "3/14/019",
        "03/l4/2019",
        "3/14-2019",
        "2019-13",
        "2019-3/14",
        "1234",
        "12345",
        "20190314253000",
        "3/14/2019 99:99",
        "March 14, 19",
        "3/14, 19",
        "3/14 2019",
        "3/14/15/16",
        "200105",
        "14-III-2019",
        "March 5 to 3",
        "3/14 pain",
        "3/14 and Christmas",
        "0000-01-01",
        "mAr 14",
        "March fortieth",
        "thirty-second of March",
        "yesterday",
        "early March 14",
        "3/14/2019 3",
        "-",
        "T",
        "2/29-3/2/19",
        "\u{663}/\u{661}\u{664}",
    ] {
        assert_eq!(shift(DATES, value, 7), None, "{value}");
    }
    for (value, days) in
        [("9999-12-31", 1), ("0001-01-01", -1), ("3/14/2019", i32::MAX), ("3/14/2019", i32::MIN), ("3/14/19", 36_500)]
    {
        assert_eq!(shift(DATES, value, days), None, "{value}");
    }
    assert_eq!(shift(DATES, &"3/14, ".repeat(60), 7), None);
}

#[test]
fn years_stand_alone() {
    for (value, want) in [
        ("3/14/2019", "2019"),
        ("03-14-19", "2019"),
        ("3/14/25", "2025"),
        ("3/14/36", "1936"),
        ("20190314083000-0500", "2019"),
        ("2019-03-14T08:30:00.123Z", "2019"),
        ("14MAR19", "2019"),
        ("Tuesday, March 14th, 2019 at 0830", "2019"),
        ("Mar '19", "2019"),
        ("6/98", "1998"),
        ("3/2019", "2019"),
        ("2019", "2019"),
        ("3/14-3/17/19", "2019"),
        ("12/28/2018 - 1/3/2019", "2018 - 2019"),
        ("12/28/18 to 1/3/19", "2018 to 2019"),
        ("3/14/18, 3/17/18 and 3/20/19", "2018 and 2019"),
        ("2018-19", "2018-2019"),
        ("2018-2019", "2018-2019"),
        ("winter 2018/19", "2018/2019"),
        ("Thanksgiving 2019", "2019"),
        ("New Year's Eve, 2019", "2019"),
        ("fall of '19", "2019"),
        ("2019 Easter", "2019"),
        ("Fall/Winter 2019", "2019"),
        // Ages over 89.
        ("3/14/1935", "1935"),
        ("3/14/1934", "1934"),
        ("3/14/1933", "1934"),
        ("3/14/1901", "1934"),
        ("born 1901", ""),
        ("1925-1930", "1934"),
        ("1925-1940", "1934-1940"),
        ("3/14/33", "1934"),
        ("1001-01-01", "1934"),
    ] {
        assert_eq!(year(DATES, value).as_deref(), Some(want).filter(|want| !want.is_empty()), "{value}");
    }
}

#[test]
fn no_year_is_taken_from_days_and_months() {
    for value in [
        "",
        "3/14",
        "March 14",
        "March 14th",
        "the 14th",
        "March",
        "Tuesday",
        "Christmas",
        "fall",
        "3/14-17",
        "13/45",
        "2/30/2019",
        "March 14, 19",
        "3/14, 19",
        "3/14 2019",
        "Jan 2, 4, 19",
        "3/14 0830",
        "Mar-19",
        "room 2019",
        "19-03-14",
        "3/14-2019",
        "2019-13-01",
        "2019x",
        "14/2019",
        "3/4-6/19",
        "March 14 1:19",
        "200105",
        "3/14/2019 and more",
        "Thanksgiving 19",
        "2019-19",
        "2019 2020",
    ] {
        assert_eq!(year(DATES, value), None, "{value}");
    }
}

#[test]
fn as_of_sets_century_and_age() {
    for (as_of, value, want) in [
        (2024, "1/1/25", "2025"),
        (2024, "1/1/26", "1934"),
        (2030, "1/1/26", "2026"),
        (2030, "1/1/1936", "1940"),
        (i16::MIN, "1/1/2019", "2019"),
        (i16::MAX, "1/1/2019", "9908"),
    ] {
        assert_eq!(year(Dates::new(Order::MonthFirst, as_of), value).as_deref(), Some(want), "{as_of} {value}");
    }
    // A leap day without its year, whatever year it is.
    for as_of in 2020..2030 {
        assert_eq!(shift(Dates::new(Order::MonthFirst, as_of), "2/29", 7).as_deref(), Some("3/7"));
    }
}

#[test]
fn times_of_messages_and_clocks_move_and_tell_their_year() {
    for (value, moved, told) in [
        // HL7 version 2, chapter 2A: DTM and TS.
        ("2024", "2024", "2024"),
        ("202404", "202404", "2024"),
        ("20240504", "20240511", "2024"),
        ("2024050406", "2024051106", "2024"),
        ("202405040652", "202405110652", "2024"),
        ("20240504065207", "20240511065207", "2024"),
        ("20240504065207.123", "20240511065207.123", "2024"),
        ("20240504065207.1234-0800", "20240511065207.1234-0800", "2024"),
        ("202405040652+0000", "202405110652+0000", "2024"),
        ("20240504-0800", "20240511-0800", "2024"),
        ("19580314", "19580321", "1958"),
        ("03141958", "03211958", "1958"),
        ("03/14/1958", "03/21/1958", "1958"),
        // Clocks.
        ("1714805527", "1715410327", "2024"),
        ("1714805527.25", "1715410327.25", "2024"),
        ("1714805527123", "1715410327123", "2024"),
        ("1714805527123456", "1715410327123456", "2024"),
        ("1714805527123456789", "1715410327123456789", "2024"),
        ("985564800", "986169600", "2001"),
        ("-372038400", "-371433600", "1958"),
        ("-372038400000", "-371433600000", "1958"),
    ] {
        assert_eq!(shift(DATES, value, 7).as_deref(), Some(moved), "{value}");
        assert_eq!(shift(DATES, moved, -7).as_deref(), Some(value), "{moved}");
        assert_eq!(year(DATES, value).as_deref(), Some(told), "{value}");
    }
    for value in [
        "3605550142",
        "0714805527",
        "12345678",
        "-12345",
        "1714805527.",
        "1714805527,5",
        "1714805527 ms",
        "99999999999999999999",
        "20241304065207",
        "2024130406",
        "202413040652",
        "1900000000",
        "20240504256207",
        "9999999999999",
        "--1714805527",
        ".5",
        "-",
    ] {
        assert_eq!((shift(DATES, value, 7), year(DATES, value)), (None, None), "{value}");
    }
}

#[test]
fn days_of_a_patient_are_whole_weeks() {
    let draws = Draws::new(&Zeroizing::new([7; 32]), None);
    let mut seen = std::collections::BTreeSet::new();
    for patient in 0..2000 {
        let days = days_for(&mut draws.of("date", &patient.to_string()), 4);
        assert!(days != 0 && days % 7 == 0 && days.abs() <= 28);
        seen.insert(days);
    }
    assert_eq!(seen.len(), 8);
    for weeks in [0, 1, u16::MAX] {
        let days = days_for(&mut draws.of("date", "a"), weeks);
        assert!(days != 0 && days % 7 == 0 && days.abs() <= 7 * i32::from(weeks.max(1)));
    }
}

/// Which dates show in a layout that it is this layout.
#[derive(Clone, Copy, PartialEq)]
enum Shows {
    Always,
    /// Those with one digit to fill up, or not.
    Zeros,
    /// All but May.
    Month,
}

impl Shows {
    fn in_date(self, date: Date) -> bool {
        match self {
            Shows::Always => true,
            Shows::Zeros => date.month() < 10 || date.day() < 10,
            Shows::Month => date.month() != 5,
        }
    }
}

type Layout = (&'static str, Shows, Order);

/// `Y` year, `y` two digits of it, `m` and `d` plain, `M` and `D` with zeros, `N` month's name, `n` short, `U` and `l` in
/// capitals and small, `o` ordinal, `O` in capitals, `w` weekday, `W` short; all else stands for itself.
const LAYOUTS: [Layout; 48] = {
    use Order::{DayFirst, MonthFirst};
    use Shows::{Always, Month, Zeros};
    [
        ("m/d/Y", Zeros, MonthFirst),
        ("M/D/Y", Always, MonthFirst),
        ("m/d/y", Always, MonthFirst),
        ("M/D/y", Zeros, MonthFirst),
        ("m-d-Y", Zeros, MonthFirst),
        ("M-D-Y", Always, MonthFirst),
        ("m-d-y", Always, MonthFirst),
        ("M-D-y", Zeros, MonthFirst),
        ("m.d.y", Always, MonthFirst),
        ("M.D.Y", Always, MonthFirst),
        ("M / D / Y", Always, MonthFirst),
        ("M D Y", Always, MonthFirst),
        ("m/d/'y", Always, MonthFirst),
        ("d/m/Y", Zeros, DayFirst),
        ("D/M/Y", Always, DayFirst),
        ("d.m.y", Always, DayFirst),
        ("D-M-y", Zeros, DayFirst),
        ("Y-M-D", Always, MonthFirst),
        ("Y/M/D", Always, DayFirst),
        ("Y.M.D", Always, MonthFirst),
        ("Y-m-d", Zeros, MonthFirst),
        ("YMD", Always, MonthFirst),
        ("MDY", Always, MonthFirst),
        ("DMY", Always, DayFirst),
        ("MDy", Always, MonthFirst),
        ("DMy", Always, DayFirst),
        ("YMD0830", Always, MonthFirst),
        ("YMD083059.123-0500", Always, MonthFirst),
        ("Y-M-DT08:30:59Z", Always, MonthFirst),
        ("Y-M-DT08:30:59.1234567-05:00", Always, MonthFirst),
        ("Y-M-D 08:30", Always, MonthFirst),
        ("m/d/y 8:30 pm", Always, MonthFirst),
        ("D-n-Y", Always, MonthFirst),
        ("D-U-Y", Always, MonthFirst),
        ("DUY", Always, MonthFirst),
        ("DUy", Always, MonthFirst),
        ("D-l-y", Always, MonthFirst),
        ("d n Y", Month, MonthFirst),
        ("d N Y", Always, MonthFirst),
        ("d n y", Always, MonthFirst),
        ("N d, Y", Always, MonthFirst),
        ("n. d, Y", Always, MonthFirst),
        ("n d, Y", Month, MonthFirst),
        ("N o, Y", Always, MonthFirst),
        ("U O Y", Month, MonthFirst),
        ("the o of N, Y", Always, MonthFirst),
        ("Y-n-D", Always, MonthFirst),
        ("w, N d, Y", Always, MonthFirst),
    ]
};

/// Layouts with a weekday are of English names in full and short.
const WITH_WEEKDAYS: [Layout; 3] = [
    ("W m/d/y", Shows::Always, Order::MonthFirst),
    ("M/D/Y (W)", Shows::Always, Order::MonthFirst),
    ("w d N Y", Shows::Always, Order::MonthFirst),
];

fn write(layout: &str, date: Date) -> String {
    const MONTHS: [&str; 12] = [
        "January",
        "February",
        "March",
        "April",
        "May",
        "June",
        "July",
        "August",
        "September",
        "October",
        "November",
        "December",
    ];
    let month = MONTHS[date.month() as usize - 1];
    let weekday = format!("{:?}", date.weekday());
    let (day, ordinal) = (
        date.day(),
        match date.day() {
            1 | 21 | 31 => "st",
            2 | 22 => "nd",
            3 | 23 => "rd",
            _ => "th",
        },
    );
    // Words of a layout that are no letters of it.
    let words = ["the", "of", "pm", "T08"];
    let mut out = String::new();
    let mut rest = layout;
    while let Some(c) = rest.chars().next() {
        if let Some(word) = words.iter().find(|word| rest.starts_with(**word)) {
            out += word;
            rest = &rest[word.len()..];
            continue;
        }
        rest = &rest[1..];
        match c {
            'Y' => out += &format!("{:04}", date.year()),
            'y' => out += &format!("{:02}", date.year() % 100),
            'm' => out += &date.month().to_string(),
            'M' => out += &format!("{:02}", date.month()),
            'd' => out += &day.to_string(),
            'D' => out += &format!("{day:02}"),
            'N' => out += month,
            'n' => out += &month[..3],
            'U' => out += &month[..3].to_uppercase(),
            'l' => out += &month[..3].to_lowercase(),
            'o' => out += &format!("{day}{ordinal}"),
            'O' => out += &format!("{day}{ordinal}").to_uppercase(),
            'w' => out += &weekday,
            'W' => out += &weekday[..3],
            c => out.push(c),
        }
    }
    out
}

/// The text without what a layout may hide: zeros before a digit, the length of months.
fn plain(text: &str) -> String {
    let mut out = String::new();
    let mut letters = 0;
    let mut digit = false;
    for c in text.chars() {
        letters = if c.is_alphabetic() { letters + 1 } else { 0 };
        if c == '0' && !digit || letters > 3 {
            continue;
        }
        digit = c.is_ascii_digit();
        out.push(c);
    }
    out
}

fn any_date() -> impl Strategy<Value = Date> {
    let leap_days = (1950_i16..2030).prop_filter_map("leap", |year| Date::new(year, 2, 29).ok());
    let days = (1930_i16..2035, 1_i8..=12, 1_i8..=31).prop_filter_map("day", |(y, m, d)| Date::new(y, m, d).ok());
    prop_oneof![1 => leap_days, 9 => days]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn full_dates_move_and_come_back(date in any_date(), days in -3650..3650) {
        let moved = date.checked_add(jiff::Span::new().days(days)).unwrap();
        for (layout, shows, order) in LAYOUTS.into_iter().chain(WITH_WEEKDAYS) {
            let dates = Dates { order, as_of: 2024 };
            let (before, after) = (write(layout, date), write(layout, moved));
            let got = shift(dates, &before, days);
            prop_assert!(got.is_some(), "{} {}", layout, before);
            let got = got.unwrap();
            // As the same layout writes the day that many days later: intervals are kept.
            if shows.in_date(date) {
                prop_assert_eq!(&got, &after, "{} {} {}", layout, before, days);
            } else {
                prop_assert_eq!(plain(&got), plain(&after), "{} {} {}", layout, before, days);
            }
            let back = shift(dates, &got, -days).unwrap();
            if shows.in_date(moved) && shows.in_date(date) {
                prop_assert_eq!(&back, &before, "{} {} {}", layout, got, days);
            } else {
                prop_assert_eq!(plain(&back), plain(&before), "{} {} {}", layout, got, days);
            }
        }
    }

    #[test]
    fn the_year_of_a_full_date_is_its_year(date in any_date()) {
        for (layout, _, order) in LAYOUTS.into_iter().chain(WITH_WEEKDAYS) {
            let two = date.year() % 100;
            let read = match layout.contains('y') {
                true if 2000 + two <= 2025 => 2000 + two,
                true => 1900 + two,
                false => date.year(),
            };
            let value = write(layout, date);
            let got = year(Dates { order, as_of: 2024 }, &value);
            prop_assert_eq!(got, Some(read.max(1934).to_string()), "{}", value);
        }
    }

    #[test]
    fn ranges_keep_their_lengths(from in any_date(), length in 1..60, days in -3650..3650) {
        let add = |date: Date, days: i32| date.checked_add(jiff::Span::new().days(days)).unwrap();
        let to = add(from, length);
        for layout in ["M/D/Y", "Y-M-D", "d N Y"] {
            let range = |from, to| format!("{} to {}", write(layout, from), write(layout, to));
            prop_assert_eq!(shift(DATES, &range(from, to), days), Some(range(add(from, days), add(to, days))));
        }
        // The year at the end only, however it falls.
        let range = |from, to| format!("{} - {}", write("M/D", from), write("M/D/Y", to));
        prop_assert_eq!(shift(DATES, &range(from, to), days), Some(range(add(from, days), add(to, days))));
    }

    #[test]
    fn any_text_is_safe(value in any_text(), days in any::<i32>(), as_of in any::<i16>()) {
        for order in [Order::MonthFirst, Order::DayFirst] {
            let dates = Dates::new(order, as_of);
            shift(dates, &value, days);
            shift(dates, &value, 7);
            if let Some(year) = year(dates, &value) {
                let mut words = year.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
                let joins = ["to", "and", "or", "thru", "through", "until", "till", "then", "y", "al", "et", "au"];
                let allowed = |word: &str| {
                    word.len() == 4 && word.bytes().all(|b| b.is_ascii_digit())
                        || joins.contains(&word.to_ascii_lowercase().as_str())
                };
                prop_assert!(words.all(allowed), "{:?} gives {:?}", value, year);
                let mark = |c: char| c.is_alphanumeric() || c.is_whitespace() || ",;&+/-\u{2212}".contains(c) || ('\u{2010}'..='\u{2015}').contains(&c);
                prop_assert!(year.chars().all(mark), "{:?} gives {:?}", value, year);
            }
        }
    }

    #[test]
    fn without_days_nothing_changes(value in any_text()) {
        for dates in [DATES, DAY_FIRST] {
            if let Some(same) = shift(dates, &value, 0) {
                prop_assert_eq!(same.len() >= value.len(), true);
                prop_assert_eq!(plain(&same.to_lowercase()), plain(&value.to_lowercase()));
            }
        }
    }
}

/// Text of the stuff that dates are made of, and any other.
fn any_text() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        6 => "[0-9]{1,2}",
        2 => "(19|20)[0-9]{2}",
        1 => "[0-9]{1,14}",
        6 => "[-/., ':T]",
        2 => "( - | to |, and | of | the | de |–|’| at |Z|[+]| pm)",
        3 => "(Mar|MAY|june|Sept[.]|enero|août|Tue|Thursday|14th|first|twenty|winter|Christmas|mid|early|January|Feb)",
        1 => "\\PC{1,3}",
    ];
    prop_oneof![
        9 => proptest::collection::vec(piece, 0..12).prop_map(|pieces| pieces.concat()),
        1 => "\\PC*",
    ]
}
