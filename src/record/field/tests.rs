#![allow(clippy::unwrap_used)]

use super::*;

pub(super) fn hint(path: &str, value: &str) -> Hint {
    let path: Vec<&str> = path.split('/').skip(1).collect();
    Field::of(&path).hint(value, false)
}

#[test]
fn names_claim_values_of_their_shape() {
    use Label::*;
    for (path, value, label) in [
        ("/name", "Thaddeus Okonjo-Reyes", Name),
        ("/person/full_nm", "Margit S\u{f8}rlie-Vann", Name),
        ("/SUBSCR_LAST", "PE\u{d1}ALOZA IBARRA", Name),
        ("/SUBSCR_FIRST", "GUILLERMO", Name),
        ("/patient_name", "Okonjo-Reyes, Thaddeus M.", Name),
        ("/patientName", "Foley, Winifred", Name),
        ("/author", "Quist, Bartholomew MD", Name),
        ("/row/au", "C. Maddox LPN", Name),
        ("/pt", "Foley W", Name),
        ("/owner", "tad", Name),
        ("/attendingPhysician", "Obuya, Grace", Name),
        ("/name/0/family", "Foley", Name),
        ("/patient/name/given/0", "Winifred", Name),
        ("/Nachname", "M\u{fc}ller", Name),
        ("/PT_DOB", "19490909", Date),
        ("/dob", "03/14/1958", Date),
        ("/Birth Date", "1958-03-14", Date),
        ("/birthDate", "1958-03", Date),
        ("/service_date", "01/10/2024", Date),
        ("/row/sd", "04/02/2024", Date),
        ("/SVC_FROM", "08032024", Date),
        ("/SVC_TO", "08032024", Date),
        ("/collected", "17-DEC-2024 06:40", Date),
        ("/collectedAt", "2024-12-17T06:40:00Z", Date),
        ("/ts", "2024-03-27T22:00:15.322Z", Date),
        ("/Wann", "16.05.2024 09:30", Date),
        ("/admit_dt", "2024-01-05 10:00", Date),
        ("/created_at", "2024-01-05T10:00:00+00:00", Date),
        ("/geburtsdatum", "14.03.1958", Date),
        ("/AGE", "90", Age90),
        ("/age_years", "102", Age90),
        ("/person/ph", "3605550142", Phone),
        ("/Tel.", "(360) 555-0142", Phone),
        ("/contacts/Ann Lee/tel/0", "360.555.0172", Phone),
        ("/home_phone", "+1 253 555 0150", Phone),
        ("/faxNumber", "360-555-0299", Fax),
        ("/email", "a.b@libertybay.example", Email),
        ("/portalUrl", "https://portal.example/x", Url),
        ("/ip", "10.44.7.19", Ip),
        ("/client_ip", "203.0.113.77:443", Ip),
        ("/ZIP", "98312-5155", Zip),
        ("/person/zip", "98312", Zip),
        ("/PLZ", "10115", Zip),
        ("/addr_line1", "1609 Naval Ave", Street),
        ("/address/line/0", "P.O. Box 12", Street),
        ("/address_city", "Bremerton", City),
        ("/BILLING FACILITY", "SKOOKUM CREEK FM", Facility),
        ("/facility/name", "Harbor Pines", Facility),
        ("/employer", "Gorst Marine Salvage", Employer),
        ("/employer_name", "Gorst Marine Salvage", Employer),
        ("/ssn", "078-05-1120", Ssn),
        ("/mrn", "00482913", Mrn),
        ("/person/mr_num", "482913", Mrn),
        ("/mrn_num", "482913", Mrn),
        ("/pt_no", "00490027", Mrn),
        ("/MedicalRecordNumber", "00490027", Mrn),
        ("/MEMBER_ID", "7RT2-KD9-WP63", HealthPlan),
        ("/policyNumber", "CHA77120458", HealthPlan),
        ("/CLAIM_ID", "CLM6677391029", Account),
        ("/acct_no", "4471920", Account),
        ("/encounterId", "E-77120", Account),
        ("/RENDERING_NPI", "1590302943", License),
        ("/dea", "BQ1234563", License),
        ("/vin", "1HGCM82633A004352", Vehicle),
        ("/device_serial", "CK-3381", Device),
        ("/udi", "(01)00643169007222(21)PJN2138856", Device),
        ("/specimen_no", "HP6654044", OtherId),
        ("/accession", "S24-01877", OtherId),
        ("/note_id", "880100", OtherId),
        ("/Termin-Nr", "T-4400", OtherId),
        ("/id", "W7000", OtherId),
        ("/pk", "3587655328384076", OtherId),
        ("/req", "6fda6f48-c0a1-43f5-b9c6-0389ba9819df", OtherId),
        ("/whatever", "6fda6f48-c0a1-43f5-b9c6-0389ba9819df", OtherId),
        ("/username", "twhitlock96", OtherId),
        ("/photo_id", "BIO-99120", Biometric),
        ("/patient/id", "p123", Mrn),
        ("/date_of_service", "3/4/2024", Date),
        ("/guarantor_name", "Foley, Pat", Name),
        ("/nextOfKin", "Patrick Foley", Name),
        ("/emergency_contact_phone", "360-555-0134", Phone),
        ("/contact_number", "360-555-0134", Phone),
        ("/insured_name", "Foley, Pat", Name),
        ("/ordering_md", "Obuya, Grace", Name),
        ("/ord_prov", "Obuya, Grace", Name),
        ("/dictated_by", "gobuya", Name),
        ("/name_first", "Pat", Name),
        ("/mother_maiden_name", "Raman", Name),
        ("/author", "keesha j.", Name),
        ("/place_of_birth", "Morelia", City),
        ("/ssn_last4", "1120", Ssn),
        ("/group_no", "G-10022", HealthPlan),
        ("/visit_number", "V20240110", Account),
        ("/license_plate", "BKW 4471", Vehicle),
        ("/lot_number", "EL9262", Device),
        ("/rx_number", "RX-771203", OtherId),
        ("/participant_id", "S-0012", OtherId),
        ("/lat", "47.5673", OtherId),
        ("/pharmacy", "Larch Hill Pharmacy", Facility),
        ("/identifier/0/value", "00482913", OtherId),
        ("/telecom/0/value", "360-555-0142", Phone),
        ("/updated_at", "2024-01-05T10:00:00Z", Date),
        ("/dod", "2023-11-02", Date),
    ] {
        assert_eq!(hint(path, value), Hint::Whole(label), "{path} {value}");
    }
}

#[test]
fn free_text_and_things_are_searched() {
    for (path, value) in [
        ("/medication/name", "Warfarin"),
        ("/test/name", "Hemoglobin A1C"),
        ("/drug_name", "Sertraline"),
        ("/file_name", "banks.pdf"),
        ("/note", "Mrs. Parkinson has Parkinson disease"),
        ("/note_text", "seen 3/4"),
        ("/msg", "opened chart"),
        ("/MSG", "AUTH# A1782672"),
        ("/comment", "called to RN Petrakis 0412"),
        ("/Remarks", "husband Pat's number is best"),
        ("/Dept", "FM"),
        ("/patient", "stable, see note of 3/4"),
        ("/author", "unknown"),
        ("/dob", "1958"),
        ("/dob", "unknown"),
        ("/mrn", "none"),
        ("/id", "g0"),
        ("/svc", "portal"),
        ("/test", "HGB A1C"),
        ("/status", "seen by Foley 3/4/2024"),
        ("/result", "03/04/2019"),
        ("/result", "4829137"),
        ("/flag", "Whitlock"),
        ("/units", "Foley, Winifred"),
        ("/level", "call 360-555-0142"),
        ("/type", "1958-03-14"),
        ("/age", "ninety two"),
        ("/insurance_company", "Aetna"),
        ("/payer", "Blue Cross"),
        ("/hospital_course", "Uneventful until Foley was seen"),
        ("/hospital_day", "3"),
        ("/location", "Bremerton"),
        ("/family_history", "Mother had it"),
        ("/diagnosis", "Parkinson"),
        ("/result", "3/4"),
        ("/time", "06:40"),
        ("/order_name", "CBC with diff"),
        ("/reference_range", "3.5-5.0"),
        ("/user_agent", "Mozilla"),
    ] {
        assert_eq!(hint(path, value), Hint::Text, "{path} {value}");
    }
}

#[test]
fn codes_and_measurements_are_left_alone() {
    for (path, value) in [
        ("/DX1", "F41.0"),
        ("/CPT", "36415"),
        ("/SEX", "F"),
        ("/sex", "Female"),
        ("/AGE", "74"),
        ("/UNITS", "1.0"),
        ("/units", "10*3/uL"),
        ("/BILLED_AMT", "1850.50"),
        ("/result", "7.20"),
        ("/result", "<0.01"),
        ("/ST", "WA"),
        ("/state", "WA"),
        ("/flag", "H"),
        ("/level", "INFO"),
        ("/status", "final"),
        ("/country", "USA"),
        ("/loinc", "4548-4"),
        ("/phone_type", "mobile"),
    ] {
        assert_eq!(hint(path, value), Hint::Skip, "{path} {value}");
    }
}

#[test]
fn numbers_are_claimed_only_by_names_of_numbers() {
    let number = |name: &str, value: &str| Field::of(&[name]).hint(value, true);
    for (name, value, whole) in [
        ("mrn_num", "482913", true),
        ("ph", "3605550142", true),
        ("pk", "3587655328384076", true),
        ("ts", "1711576815322", true),
        ("age", "93", true),
        ("age", "74", false),
        ("v", "1.50", false),
        ("amt", "10.00", false),
        ("n", "0.10", false),
        ("len", "512", false),
        ("row", "118", false),
        ("attempts", "3", false),
        ("pages", "4", false),
        ("took", "2e-3", false),
        ("wt", "71.50", false),
        ("id", "7", false),
    ] {
        assert_eq!(matches!(number(name, value), Hint::Whole(_)), whole, "{name} {value}");
    }
}

#[test]
fn names_are_cut_into_words() {
    for (name, want) in [
        ("PT_DOB", "patient birth date"),
        ("patientBirthDate", "patient birth date"),
        ("MRNumber", "medical record number"),
        ("Tel.", "phone"),
        ("addr1", "address"),
        ("0", "0"),
        ("Stra\u{df}e", "street"),
        ("HTTPServer", "http server"),
    ] {
        assert_eq!(words::of(name).join(" "), want, "{name}");
    }
}
