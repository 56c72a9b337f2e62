//! The table from words of a name to what its value is.

use crate::identifier::Label;

/// What a field holds, as far as its name can say.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(super) enum Kind {
    /// A name that says nothing.
    #[default]
    Unknown,
    /// Free text, or a thing's name.
    Free,
    /// A test, drug or procedure.
    Test,
    /// A clinical thing, told by its name and nothing else: common values of such a column never identify.
    Thing,
    /// `name` alone.
    PlainName,
    /// A person, when the value looks like one.
    Person,
    /// A name or a part of one, however written.
    NamePart,
    /// A person, or how to reach them.
    Contact,
    Date,
    /// A day or a month of a date that stands in several fields.
    DatePart,
    Age,
    Phone(Label),
    Extension,
    Email,
    Url,
    Ip,
    Zip,
    Street,
    City,
    Organisation(Label),
    Ssn,
    /// A number or code of that label.
    Number(Label),
    /// An id of the system's.
    Id,
    /// A log-in name.
    User,
    Biometric,
    /// A state or country.
    Region,
    Code,
    /// A code of a catalogue of drugs or tests: a `name` beside it is the thing's.
    Catalogue,
    /// A code of a system of codes that is named, or told by the values: it may be long.
    Terminology,
    Measure,
    /// What was measured or given: a `name` beside it is the test's or drug's.
    Reading,
    Unit,
    /// Flags of one letter, by the values.
    Letter,
}

/// Every word of the table.
pub(super) fn words() -> impl Iterator<Item = &'static str> {
    let columns = TABLE.iter().flat_map(|row| [row.0, row.1, row.2, row.3]);
    columns.flat_map(|column| column.split('|')).filter(|word| !word.is_empty())
}

/// The kind of the field with those words, under a field with those, under one with those.
pub(super) fn kind(own: &[String], parent: &[String], further: &[String]) -> Kind {
    let alone = lookup(own);
    // A word that means something only together with what it belongs to: identifier/value, name/family, provider/id.
    let bare = own.iter().all(|w| BARE.contains(&w.as_str()));
    if !bare && alone != Kind::Unknown {
        return alone;
    }
    if !bare {
        return match lookup(parent) {
            // address/unit, name/kind: below a name, parts of a name.
            Kind::PlainName if own.iter().any(|w| w == "text") => Kind::Person,
            _ => Kind::Unknown,
        };
    }
    let joined = |above: &[String]| {
        let mut words = above.to_vec();
        words.extend_from_slice(own);
        lookup(&words)
    };
    match joined(parent) {
        Kind::Unknown | Kind::Free if parent.iter().all(|w| BARE.contains(&w.as_str())) && !parent.is_empty() => {
            match joined(further) {
                Kind::Unknown => alone,
                kind => kind,
            }
        }
        Kind::Unknown => alone,
        kind => kind,
    }
}

fn lookup(words: &[String]) -> Kind {
    let has = |alternatives: &str| {
        alternatives.is_empty() || alternatives.split('|').any(|want| words.iter().any(|have| is_word(have, want)))
    };
    let found = TABLE
        .iter()
        .find(|row| has(row.0) && has(row.1) && (row.2.is_empty() || !has(row.2)) && fits_last(words, row.3));
    found.map_or(Kind::Unknown, |row| row.4)
}

/// Equal, or its plural.
fn is_word(have: &str, want: &str) -> bool {
    have == want || have.strip_suffix('s') == Some(want)
}

fn fits_last(words: &[String], last: &str) -> bool {
    last.is_empty() || words.last().is_some_and(|have| last.split('|').any(|want| is_word(have, want)))
}

/// Words that take their meaning from the field above them.
const BARE: &[&str] = &[
    "value",
    "id",
    "number",
    "text",
    "code",
    "display",
    "name",
    "line",
    "data",
    "item",
    "raw",
    "key",
    "identifier",
    "full",
    "formatted",
];

/// One of these words, and one of those, but none of these, the last being one of these: means that. The first row that
/// fits decides; an empty column asks nothing.
#[rustfmt::skip] // A row a line.
const TABLE: &[(&str, &str, &str, &str, Kind)] = &[
    // About a field, not in it.
    ("", "", "", "use|system|flag|status|format|length|len|size|verified|valid|count|kind|rank|precision|encoding|version|timezone|tz", Kind::Code),
    ("type|class|category|relationship|rel|relation", "", "name|number|date", "type|class|category|relationship|rel|relation|code", Kind::Code),
    // Places and ways of contact.
    ("email", "", "", "", Kind::Email),
    ("fax", "", "", "", Kind::Phone(Label::Fax)),
    ("contact|callback|home|work|day|evening|daytime", "number", "id|type", "number", Kind::Phone(Label::Phone)),
    ("telecom", "value", "", "value", Kind::Contact),
    ("extension|ext", "", "url|file|value", "", Kind::Extension),
    ("phone|mobile|cell|pager|beeper|callback|handy|sms", "", "count|type|white|red|blood|platelet|name", "", Kind::Phone(Label::Phone)),
    ("ip|mac", "", "", "", Kind::Ip),
    ("host|hostname|client|remote", "address|ip", "", "", Kind::Ip),
    ("url|uri|href|link|website|homepage|web", "", "id", "", Kind::Url),
    ("zip|postal", "", "file", "", Kind::Zip),
    ("state|province|country|nation|region|land", "", "id|name", "", Kind::Region),
    ("st", "", "address|street|line", "", Kind::Region),
    ("city|town|county|municipality|village|neighborhood|neighbourhood|hometown|suburb|birthplace|district", "", "id", "", Kind::City),
    ("birth", "place", "", "", Kind::City),
    ("add", "line", "", "", Kind::Street),
    ("street|street1", "", "", "", Kind::Street),
    ("address", "", "type|use|id", "", Kind::Street),
    // Dates and ages.
    ("birth", "name", "child|baby|order", "", Kind::NamePart),
    ("birth|death", "month|day", "date", "month|day|birth|death", Kind::DatePart),
    ("birth|born|death|admit|discharge|visit|collected", "data|birth|born", "name|place|weight|order|city|state|country|sex|height|length|by|id|number|type|year|month", "birth|born|data|admit|discharge|death|am|le|el|em|on", Kind::Date),
    ("age", "", "group|gestational|range|stage", "", Kind::Age),
    ("birth|death|deceased", "date|dt|time|day", "", "", Kind::Date),
    ("date|timestamp|datetime", "", "format|range", "", Kind::Date),
    ("birth|born|deceased|died|collected|received|admit|discharge|signed|dictated|transcribed|resulted|reported|performed|ordered|scheduled|created|updated|modified|authored|recorded|issued|effective|expires|onset|abatement|verified|filled|dispensed|administered|entered|posted|paid|submitted|encountered|visited|seen|appointment", "", "by|name|id|number|type|code|note|diagnosis|order|reason|disposition|provider|doctor|to|weight|sex", "at|on|time|collected|received|admit|discharge|signed|dictated|transcribed|resulted|reported|performed|ordered|scheduled|created|updated|modified|authored|recorded|issued|effective|onset|born|died|birth|deceased|dispensed|administered|entered|posted|paid|submitted|seen|appointment|filled|expires", Kind::Date),
    ("service|coverage|effective|period|valid|stay|statement|admit|visit|enrollment|eligibility|policy", "from|to|thru|through|start|end|begin|until|on|at", "by|name", "from|to|thru|through|start|end|begin|until|on|at", Kind::Date),
    ("start|end|begin|stop|from|to|thru|when|time|since|until|day|logged|last", "", "by|name|number|id|page|index|offset", "start|end|begin|stop|thru|when|at|time|since|until|seen|updated|date|day", Kind::Date),
    ("updated|modified|generated|created|sent|received", "", "by|name|id|count", "", Kind::Date),
    ("latitude|longitude|lat|lon|lng|gps|coordinate|geolocation", "", "", "", Kind::Number(Label::OtherId)),
    // Numbers of persons.
    ("payer|payor|carrier", "id|number|identifier|code", "member|policy|group|claim", "", Kind::Code),
    ("concept|vocabulary|domain", "id|code|number|identifier|key|concept|vocabulary|domain", "", "", Kind::Terminology),
    ("tax", "id|number|identifier", "amount|rate", "", Kind::Number(Label::License)),
    ("passport|visa", "", "type|status|country", "", Kind::Number(Label::OtherId)),
    ("ssn|ssn4|itin", "", "", "", Kind::Ssn),
    ("security", "ssn|number", "", "", Kind::Ssn),
    ("patient", "control|account|visit|encounter|case|claim", "name|type|status|class|reason", "number|id|identifier|key|control|account", Kind::Number(Label::Account)),
    ("person|patient", "source", "", "value", Kind::Number(Label::Mrn)),
    ("unit", "number", "", "number", Kind::Number(Label::Mrn)),
    ("chart", "number", "", "", Kind::Number(Label::Mrn)),
    ("mrn", "", "type", "", Kind::Number(Label::Mrn)),
    ("medication", "record", "", "number|id", Kind::Number(Label::Mrn)),
    ("medical", "record", "date|status|type", "", Kind::Number(Label::Mrn)),
    ("patient|chart|hospital|person", "number|id|identifier|key|mrn", "name|account|visit|study|phone|order|encounter|case|claim|event|status|type", "number|id|identifier|key|value|code|text", Kind::Number(Label::Mrn)),
    ("chart", "", "name|type|note", "chart", Kind::Number(Label::Mrn)),
    ("npi|dea|upin|license|certificate|certification", "", "type|state|status|date|name|plate", "", Kind::Number(Label::License)),
    ("provider|physician|practitioner|doctor|prescriber|attending|clinician|surgeon|rendering|referring|ordering|operating|supervising|nurse", "id|number|identifier", "name|order|encounter", "", Kind::Number(Label::License)),
    ("mbi|hicn|hic|medicaid|medicare|hicno", "", "name|type|status|plan", "", Kind::Number(Label::HealthPlan)),
    ("member|subscriber|policy|group|plan|insurance|beneficiary|insured|coverage|certificate|enrollee|dependent", "id|number|identifier|key|member|policy", "name|age|type|encounter|claim", "", Kind::Number(Label::HealthPlan)),
    ("rx|prescription", "group", "name", "group|number|id", Kind::Number(Label::HealthPlan)),
    ("policy", "", "name|type|holder|status", "policy", Kind::Number(Label::HealthPlan)),
    ("account|encounter|visit|claim|invoice|billing|bill|guarantor|csn|fin|har|icn|tcn|dcn|statement|episode|stay|admit|payment|check", "id|number|identifier|key|account|csn|fin|har|icn|tcn|dcn|code", "name|type|amount|status|reason|diagnosis|facility|provider|revenue|admit_source|place", "", Kind::Number(Label::Account)),
    ("account|claim|encounter|visit", "", "type|name|amount|note|reason|status|user", "account|claim|encounter|visit", Kind::Number(Label::Account)),
    ("vin|plate|tag", "license|vehicle|vin|plate", "", "", Kind::Number(Label::Vehicle)),
    ("vin", "", "", "", Kind::Number(Label::Vehicle)),
    ("serial|udi|lot|imei|imsi|di", "", "name|date", "", Kind::Number(Label::Device)),
    ("device|implant|pump|pacemaker|machine|equipment", "id|number|identifier", "name|type", "", Kind::Number(Label::Device)),
    // Log-in names and ids of the system's.
    ("user|login|logon|operator|account", "name|id|login|logon", "", "", Kind::User),
    ("user|login|logon", "", "type|role|agent", "user|login|logon", Kind::User),
    ("accession|specimen|order|requisition|request|trace|span|correlation|session|transaction|message|prescription|rx|case|docket|study|trial|protocol|participant|subject|document|note|record|event|job|batch|control|report|referral|authorization|placer|filler|tracking|ticket|resource|row|booking|reservation|confirmation|termin|appointment|parcel|sample|tube|container|room|bed|client|resident|employee|staff|therapist|technician|relative|guardian", "id|number|identifier|key|accession|reference|uuid|guid|room|bed|code", "name|type|status|count|reason|page|hdr", "", Kind::Number(Label::OtherId)),
    ("accession|docket|uuid|guid|mrid|specimen|requisition|room|bed|trace|request|session|correlation", "", "type|name|source|method|url|description", "accession|docket|uuid|guid|mrid|specimen|requisition|room|bed|trace|request|session|correlation", Kind::Id),
    ("biometric|fingerprint|retina|voiceprint|iris|faceprint|photo|portrait", "", "", "", Kind::Biometric),
    // Organisations.
    ("employer|company|church|workplace|firm", "", "phone|type|id|insurance", "", Kind::Organisation(Label::Employer)),
    ("service|billing|rendering", "facility", "id|number|type|code", "facility|name", Kind::Organisation(Label::Facility)),
    ("performed|reference|testing", "lab|laboratory", "id|number|type|code|range|result", "lab|laboratory|name", Kind::Organisation(Label::Facility)),
    ("facility|hospital|clinic|practice|pharmacy|campus|school|nursing|lab_name", "", "type|unit|department|service|id|number|taxonomy|course|note", "", Kind::Organisation(Label::Facility)),
    ("location|site|organization|custodian", "name|display|code|text", "body|file", "", Kind::Organisation(Label::Facility)),
    // Codes, measurements and things.
    ("loinc|snomed|rxnorm|ndc|cvx|atc|unii|gtin", "", "name|note|text|description|id_of", "", Kind::Terminology),
    ("icd|cpt|hcpcs|drg|ucum|taxonomy|modifier|revenue|pos", "", "name|note", "", Kind::Code),
    ("diagnosis|procedure", "", "date|note|text|description|name|comment|by", "", Kind::Code),
    ("sex|gender|race|ethnicity|language|lang|marital|level|severity|priority|flag|status|laterality|abnormal", "", "note|text|comment|name", "", Kind::Code),
    ("unit", "", "note|floor|ward|name|address", "", Kind::Unit),
    ("result|dose|strength|dosage", "", "note|text|by|comment|id|number|name|description", "", Kind::Reading),
    ("amount|quantity|weight|wt|height|bmi|bp|temp|temperature|pulse|spo|rate|score|price|cost|total|balance|charge|billed|low|high|min|max|count|duration|percent|ratio|range|days|hours|minutes|ms|len|size|copay|deductible|paid", "", "note|text|by|comment|id|number|name|description", "", Kind::Measure),
    ("test|analyte|lab|medication|drug|panel|allergy|allergen|vaccine|substance|generic|brand|specialty|plan|payer|payor|insurance|carrier|procedure|diagnosis|condition|component|organism|language|species|occupation|profession|religion|laboratory", "", "by|order|note|comment|text|result|report|history|reason|remark|narrative|message|file|facility|location|address", "name|title|display|description|test|analyte|lab|medication|drug|panel|allergy|allergen|vaccine|substance|generic|brand|specialty|plan|payer|payor|insurance|carrier|procedure|diagnosis|condition|component|organism|language|species|occupation|profession|religion", Kind::Thing),
    ("test|order|lab|analyte|medication|drug|product|file|filename|service|template|form|app|application|queue|table|column|index|panel|allergy|allergen|vaccine|substance|generic|brand|department|dept|specialty|role|event|study|plan|payer|payor|insurance|carrier|procedure|diagnosis|condition|code|codeableconcept|coding|concept|method|module|logger|svc|server|host|program|project|course|class|category|type|group|system|field|key|parameter|component|observation|measure|unit|job|task|process|device|model|package|species|display_name|body|organism|language|region", "", "by", "name|title|text|display|test|analyte|medication|drug|product|file|filename|service|template|panel|allergy|vaccine|department|dept|specialty|component|organism", Kind::Test),
    // Persons.
    ("last|first|middle|maiden|given|family|nick|preferred|alias|aka|sur|full|legal|display|suffix|other", "name", "plan|drug|test|file|product|brand|organization|practice|medication|service|department|procedure|diagnosis|lab|component|payer|insurance|facility|hospital|clinic|pharmacy|host|server|event|class|code|unit|study|device|column|field|user", "", Kind::NamePart),
    ("patient|subscriber|insured|guarantor|member|provider|physician|doctor|nurse|author|mother|father|spouse|wife|husband|parent|guardian|child|son|daughter|sibling|kin|contact|caregiver|emergency|attending|referring|ordering|rendering|operating|surgeon|supervising|prescriber|pharmacist|employee|staff|clinician|practitioner|therapist|person|beneficiary|dependent|policyholder|holder|owner|signer|witness|interpreter|informant|recipient|sender|performer|assistant|resident|client|relative|partner|baby|newborn|donor|technician|tech|radiologist|pathologist|anesthesiologist|dictator|transcriptionist|scribe|approver|reviewer|requester|requestor|agent", "last|first|middle|name|given|family|surname|maiden|full|fullname|initial", "phone|id|number|type|date|plan|organization|practice|group|specialty", "", Kind::NamePart),
    ("given|surname|maiden|family|lastname|firstname|middle|patronymic|alias|aka|nick|initial", "", "history|id|number|type|size|plan|medicine|practice|planning", "", Kind::NamePart),
    ("last|first", "", "", "last|first", Kind::NamePart),
    ("owner|assignee", "", "type|id|number", "owner|assignee", Kind::NamePart),
    ("by", "", "group|order|sort|date", "by", Kind::NamePart),
    ("contact|kin|emergency|guardian|caregiver|proxy|proxies|relative|family|recipient|sender|household", "", "type|id|number|reason|message|note|history|date|method|time", "contact|contacts|kin|emergency|guardian|caregiver|proxy|proxies|relative|recipient|sender|member", Kind::Contact),
    ("author|attending|surgeon|signer|cosigner|prescriber|dictator|transcriptionist|scribe|clinician|hospitalist|midwife", "", "", "author|attending|surgeon|signer|cosigner|prescriber|dictator|transcriptionist|scribe|clinician|hospitalist|midwife", Kind::NamePart),
    ("attention", "", "", "attention", Kind::Person),
    ("patient|author|provider|physician|doctor|nurse|attending|surgeon|referring|ordering|rendering|subscriber|insured|guarantor|mother|father|spouse|wife|husband|parent|child|son|daughter|sibling|brother|sister|partner|clinician|practitioner|therapist|prescriber|pharmacist|technician|interpreter|witness|informant|performer|dictator|transcriptionist|scribe|signer|cosigner|reviewer|requester|requestor|radiologist|pathologist|person|who|whom|resident|client|beneficiary|dependent|midwife|consultant|hospitalist|anesthesiologist|employee|supervisor|assistant|signature|operator|donor|tech|technologist|resident|phlebotomist|collector|verifier|trustee|payee|traveler|applicant|claimant|decedent|enrollee", "", "phone|id|number|type|date|note|text|comment|instruction|education|history|specialty|role|class|complaint|problem|plan|group|list|status|location|portal|message|reason", "", Kind::Person),
    ("name", "", "", "name", Kind::PlainName),
    // Ids that say no more than that they are.
    ("id|uuid|guid|pk|key|identifier|oid|hash|token|termin|fk|reference", "", "name|code|type", "", Kind::Id),
    ("code", "", "access|person|member|patient|user|pin", "code", Kind::Catalogue),
    ("note|text|comment|remark|message|body|narrative|description|report|history|plan|assessment|reason|instruction|subject|title|summary|impression|finding|detail|content|data|payload|raw|log|event|service|method|path|contents|flag|value|vals|display|code|number", "", "", "", Kind::Free),
];
