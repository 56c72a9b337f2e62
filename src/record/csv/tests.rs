#![allow(clippy::unwrap_used)]

use super::*;
use crate::identifier::Label;

fn texts(table: &Table, row: &[u8]) -> Vec<(String, Hint)> {
    table.read(row).unwrap().segments.into_iter().map(|s| (s.text.into_owned(), s.hint)).collect()
}

#[test]
fn dialects_are_found() {
    for (start, delimiter) in [
        (&b"a,b,c\n1,2,3\n"[..], b','),
        (b"a;b;c\n1,5;2;3\n", b';'),
        (b"a\tb\n\"x\ty\n", b'\t'),
        (b"a|b|c\r\nx, y|2|3\r\n", b'|'),
        (b"\"a,b\";\"c\"\n\"1,2\";3\n", b';'),
        (b"alone\n1\n", b','),
    ] {
        assert_eq!(Dialect::sniff(start, Format::Csv).delimiter, delimiter, "{}", String::from_utf8_lossy(start));
    }
}

#[test]
fn rows_end_outside_quotes_only() {
    let dialect = Dialect { delimiter: b',', quoting: Quoting::Double };
    for (text, ends) in [
        (&b"a,b\nc"[..], Some((3, 4))),
        (b"a,\"b\nc\"\r\nd", Some((7, 9))),
        (b"a,\"b\"\"\n\"\nd", Some((8, 9))),
        (b"a\rb", Some((1, 2))),
        (b"a\r", None),
        (b"a,\"b\n", None),
        (b"5\" x,b\nc", Some((6, 7))),
    ] {
        assert_eq!(RowEnd::default().advance(dialect, text, 0), ends);
        // The same when the bytes come one by one.
        let mut row = RowEnd::default();
        let mut at = 0;
        let mut found = None;
        for end in 1..=text.len() {
            found = row.advance(dialect, &text[..end], at);
            if found.is_some() {
                break;
            }
            at = row.resume(&text[..end]);
        }
        assert_eq!(found, ends);
    }
}

#[test]
fn columns_give_hints() {
    let start = b"mrn,NOTE,units,result\n00482913,\"said \"\"hi\"\"\",mg/dL,1.50\n";
    let table = Table::sniff(start, Format::Csv, &Select::all());
    assert!(table.has_header);
    assert_eq!(
        texts(&table, b"00482913,\"said \"\"hi\"\"\",mg/dL,1.50"),
        [("00482913".into(), Hint::Whole(Label::Mrn)), ("said \"hi\"".into(), Hint::Text)]
    );
}

#[test]
fn faulty_rows_are_refused() {
    let table = Table::sniff(b"mrn,note\n", Format::Csv, &Select::all());
    for (row, reason, offset) in [
        (&b"1"[..], Reason::CsvColumnCount, 1),
        (b"1,2,3", Reason::CsvColumnCount, 4),
        (b"1,\"2", Reason::CsvOpenQuote, 2),
        (b"\"1\"x,2", Reason::CsvTextAfterQuote, 3),
        (b"1,\0", Reason::Binary, 2),
    ] {
        assert_eq!(table.read(row).unwrap_err(), Fault::new(offset, reason));
    }
    assert!(table.read(b"").unwrap().segments.is_empty());
}

#[test]
fn a_first_row_of_data_is_no_header() {
    for (start, header) in [
        (&b"name,dob\nx,y\n"[..], true),
        (b"Foley,1967-07-29\n", false),
        (b"Foley,Winifred\nBanks,Will\n", false),
        (b"\"Full Nm\",Tel.\n", true),
    ] {
        let table = Table::sniff(start, Format::Csv, &Select::all());
        assert_eq!(table.has_header, header, "{}", String::from_utf8_lossy(start));
    }
    // In a header, what is no known name is searched.
    let table = Table::sniff(b"Foley,Spouse,mrn\n", Format::Csv, &Select::all());
    let header = table.read_header(b"Foley,Spouse,mrn").unwrap();
    assert_eq!(header.segments.len(), 1);
    assert_eq!(header.segments[0].text, "Foley");
}

#[test]
fn dialects_of_spreadsheets_and_programs_are_found() {
    let csv = |start: &[u8]| Dialect::sniff(start, Format::Csv);
    let tsv = |start: &[u8]| Dialect::sniff(start, Format::Tsv).quoting;
    assert_eq!(csv(b"a, \"b, c\", d\n1, \"2, 3, 4\", 5\n").quoting, Quoting::Padded);
    assert_eq!(csv(b"a,\"b, \"\"c\"\"\",d\n1,\"2\",5\n").quoting, Quoting::Double);
    assert_eq!(csv(b"a^b^c\n1^2^3\n4^5^6\n").delimiter, b'^');
    assert_eq!(csv(b"a\x01b\x01c\n1\x012\x013\n").delimiter, b'\x01');
    assert_eq!(csv(b"# made 2024, by hand\na;b;c\n1;2,5;3\n4;5;6\n").delimiter, b';');
    assert_eq!(tsv(b"a\tb\n5\" x\ty\n"), Quoting::None);
    assert_eq!(tsv(b"a\tb\n\"x\ny\"\tz\n1\t2\n"), Quoting::Double);
    assert_eq!(tsv(b"\"a\"\t\"b\"\n\"x\"\t\"y\"\n"), Quoting::Double);
}

#[test]
fn a_delimiter_at_the_end_of_all_rows_is_a_column_without_a_name() {
    let table = Table::sniff(b"name,dob\nx,1958-03-14,\ny,1931-11-02,\n", Format::Csv, &Select::all());
    assert!(table.has_header);
    assert_eq!(texts(&table, b"x,1958-03-14,").len(), 2);
    assert_eq!(texts(&table, b"name,dob"), []);
    assert!(table.read(b"x,1958-03-14,a,b").is_err());
    assert!(table.read(b"x").is_err());
}

#[test]
fn columns_without_names_are_told_by_their_values() {
    let start = b"00482913,OSGOOD,NAOMI,03141958,F,88 Perry Ave,Elma,WA,98541,E11.9,1.50\n\
                  00471188,BYRNE,PETER,11021931,M,12 Bay St,Tahuya,WA,98588,I10,12.00\n";
    let table = Table::sniff(start, Format::Csv, &Select::all());
    assert!(!table.has_header);
    use Label::*;
    let hints: Vec<Hint> = texts(&table, b"00471188,BYRNE,PETER,11021931,M,12 Bay St,Tahuya,WA,98588,I10,12.00")
        .into_iter()
        .map(|(_, hint)| hint)
        .collect();
    assert_eq!(hints, [OtherId, Name, Name, Date, Street, City, Zip].map(Hint::Whole));
    assert_eq!(table.field_name(3), "column 4");
}

#[test]
fn parts_of_names_and_whose_record_it_is_are_told() {
    let table = Table::sniff(b"account_no,last_nm,first_nm,pat_id,MRN\n", Format::Csv, &Select::all());
    let record = table.read(b"4471920,Osgood,Naomi,Z77120,00482913").unwrap();
    assert_eq!(record.patient.as_deref(), Some("00482913"));
    let parts: Vec<Part> = record.segments.iter().map(|s| s.part).collect();
    assert_eq!(parts, [Part::Unknown, Part::Family, Part::Given, Part::Unknown, Part::Unknown]);
    let fields: Vec<String> = record.segments.iter().map(|s| table.field_name(s.field)).collect();
    assert_eq!(fields, ["account_no", "last_nm", "first_nm", "pat_id", "MRN"]);
    // A field that was named wins; numbers of others, and none, are not the patient's.
    let named = Table::sniff(b"mrn,acct\n", Format::Csv, &Select::all().patient(Some("acct")));
    assert_eq!(named.read(b"00482913,4471920").unwrap().patient.as_deref(), Some("4471920"));
    let mother = Table::sniff(b"mother_mrn,dob\n", Format::Csv, &Select::all());
    assert_eq!(mother.read(b"00482913,1958-03-14").unwrap().patient, None);
    assert_eq!(table.read(b"4471920,Osgood,Naomi,,unknown").unwrap().patient, None);
}

#[test]
fn common_names_of_tests_are_left_alone() {
    let mut start = b"mrn,test\n".to_vec();
    (0..9).for_each(|i| start.extend_from_slice(format!("004829{i:02},Parkinson panel\n").as_bytes()));
    let table = Table::sniff(&start, Format::Csv, &Select::all());
    assert_eq!(texts(&table, b"00482913,Parkinson panel").len(), 1);
    assert_eq!(texts(&table, b"00482913,seen by Parkinson").len(), 2);
    let named = Table::sniff(&start, Format::Csv, &Select::all().fields(&["test".into()]));
    assert_eq!(texts(&named, b"00482913,Parkinson panel").len(), 1);
}

#[test]
fn rows_without_accents_are_written_as_the_others_are() {
    let table = Table::sniff(b"name,note\nRen\xe9e,x\n", Format::Csv, &Select::all());
    assert_eq!(table.read(b"Pat,y").unwrap().charset, Charset::Windows1252);
    assert_eq!(table.read("Ren\u{e9}e,y".as_bytes()).unwrap().charset, Charset::Utf8);
    let table = Table::sniff("name,note\nRen\u{e9}e,x\n".as_bytes(), Format::Csv, &Select::all());
    assert_eq!(table.read(b"Pat,y").unwrap().charset, Charset::Utf8);
}

#[test]
fn the_same_start_is_read_the_same_way_however_much_follows() {
    let mut text = b"a,b\n".to_vec();
    while text.len() < 70 << 10 {
        text.extend_from_slice(b"1958-03-14,x y\n");
    }
    let columns = |table: &Table| format!("{table:?}");
    let short = columns(&Table::sniff(&text[..SAMPLE], Format::Csv, &Select::all()));
    text.extend_from_slice(b"no date,00482913\n");
    assert_eq!(short, columns(&Table::sniff(&text, Format::Csv, &Select::all())));
    // Nothing of the records in Debug.
    let table = Table::sniff(b"Osgood title\nname,dob\nx,y\nx,z\n", Format::Csv, &Select::all());
    assert!(!format!("{table:?}").contains("Osgood"));
}

#[test]
fn lines_before_the_header_and_headers_again_are_read_as_what_they_are() {
    let start =
        b"# list of Osgood, Naomi\nmade 03/04/2024\n\nname,dob,note\nx,1958-03-14,n\nname,dob,note\ny,1931-11-02,n\n";
    let table = Table::sniff(start, Format::Csv, &Select::all());
    assert!(table.has_header);
    assert_eq!(texts(&table, b"# list of Osgood, Naomi"), [("# list of Osgood, Naomi".into(), Hint::Text)]);
    assert_eq!(texts(&table, b"name,dob,note"), []);
    assert_eq!(texts(&table, b"y,1931-11-02,n")[1], ("1931-11-02".into(), Hint::Whole(Label::Date)));
    // A line that was not among the first ones is a faulty row.
    assert!(table.read(b"# list of Foley, Pat and others").is_err());
}
