//! Words that announce an identifier: `MRN:`, `Member ID`, `lives in`, `Dictated by`.

use super::dictionary::fold;
use super::evidence::feature::Info;
use super::token::{Kind, Token, lex};
use super::{HashMap64, hash};
use crate::identifier::Label;

/// What a cue announces.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
pub enum Cue {
    /// A medical record number.
    Mrn = 1,
    /// A social security number.
    Ssn,
    /// An account, encounter, visit or claim number.
    Account,
    /// A member, policy or group number.
    HealthPlan,
    /// A licence, NPI, DEA or certificate number.
    License,
    /// A telephone or pager number.
    Phone,
    /// A fax number.
    Fax,
    /// A date: birth, admission, service.
    Date,
    /// An age.
    Age,
    /// A room or bed.
    Room,
    /// A vehicle identification number or plate.
    Vehicle,
    /// A device serial, lot or UDI.
    Device,
    /// A biometric template.
    Biometric,
    /// Accession, order, specimen, case, job, docket and other numbers.
    OtherId,
    /// A user name.
    User,
    /// A person in a form: `Patient:`, `Name:`, `RE:`.
    Person,
    /// Staff: `Dictated by`, `Attending:`, `cc:`.
    Staff,
    /// A facility: `transferred from`, `Hospital:`.
    Facility,
    /// An employer: `works at`, `employed by`.
    Employer,
    /// A place: `lives in`, `moved from`.
    Place,
    /// An address.
    Address,
    /// A number that never identifies: CPT, ICD, model, image, series.
    Code,
    /// A holiday: a date by itself.
    Holiday,
}

impl Cue {
    /// How many values a cue can take, none included.
    pub const COUNT: usize = Cue::Holiday as usize + 1;

    /// The label of the number that follows.
    pub fn label(self) -> Option<Label> {
        Some(match self {
            Cue::Mrn => Label::Mrn,
            Cue::Ssn => Label::Ssn,
            Cue::Account => Label::Account,
            Cue::HealthPlan => Label::HealthPlan,
            Cue::License => Label::License,
            Cue::Phone => Label::Phone,
            Cue::Fax => Label::Fax,
            Cue::Vehicle => Label::Vehicle,
            Cue::Device => Label::Device,
            Cue::Biometric => Label::Biometric,
            Cue::OtherId | Cue::User | Cue::Room => Label::OtherId,
            _ => return None,
        })
    }
}

/// All cues.
pub(crate) struct Cues {
    /// In the order of their bytes; small letters, but for some beyond ASCII.
    sorted: Vec<(&'static str, Cue)>,
    /// From where to where in `sorted` cues begin with that byte. Narrowed byte by byte: an automaton over them takes
    /// longer to build than most texts take to search.
    begins: [(usize, usize); 256],
    /// The words that cues begin with, by hash; with the cue where the word is one by itself and begins no other.
    firsts: HashMap64<Option<Cue>>,
}

/// A cue in a text, in bytes.
#[derive(Clone, Copy)]
pub(crate) struct CueMatch {
    pub(crate) start: u32,
    pub(crate) end: u32,
    pub(crate) cue: Cue,
}

/// How far the last cue reaches: eight words on its line.
#[derive(Default)]
pub(crate) struct Reach {
    /// As [`Info::cue`].
    cue: u8,
    /// How many words have passed.
    words: u8,
    from: u32,
}

impl Reach {
    /// A cue begins here.
    pub(crate) fn begin(&mut self, cue: CueMatch) {
        self.cue = cue.cue as u8;
        self.words = 0;
        self.from = cue.end;
    }

    /// Tells the next token of the cue before it, and how far that is: 0 at once, 1 within three words, 2 farther.
    #[inline]
    pub(crate) fn tell(&mut self, token: &Token, info: &mut Info) {
        if token.starts_line() {
            self.cue = 0;
        }
        if self.cue == 0 || token.start < self.from {
            return;
        }
        info.cue = self.cue;
        info.cue_distance = u8::from(self.words > 0) + u8::from(self.words > 3);
        if token.kind != Kind::Punct {
            self.words += 1;
            if self.words > 8 {
                self.cue = 0;
            }
        }
    }
}

impl Cues {
    /// Sorts the table.
    pub(crate) fn new() -> Self {
        let mut sorted: Vec<(&'static str, Cue)> = Vec::new();
        for (cue, list) in TABLE {
            sorted.extend(list.split('|').map(|words| (words, *cue)));
        }
        let mut firsts: HashMap64<Option<Cue>> = HashMap64::default();
        let mut tokens = Vec::new();
        let mut folded = Vec::new();
        for (words, cue) in &sorted {
            tokens.clear();
            lex(words, &[], &mut tokens);
            if let Some(first) = tokens.first() {
                folded.clear();
                fold(first.of(words), &mut folded);
                let alone = (tokens.len() == 1 && words.len() == first.len()).then_some(*cue);
                firsts.entry(hash(&folded)).and_modify(|known| *known = None).or_insert(alone);
            }
        }
        // Of equal ones the first of the table stays.
        sorted.sort_by_key(|(words, _)| *words);
        sorted.dedup_by_key(|(words, _)| *words);
        let mut begins = [(0, 0); 256];
        for (at, (words, _)) in sorted.iter().enumerate() {
            let first = words.bytes().next().and_then(|byte| begins.get_mut(usize::from(byte)));
            if let Some((from, to)) = first {
                if to == from {
                    *from = at;
                }
                *to = at + 1;
            }
        }
        Self { sorted, begins, firsts }
    }

    /// Whether a cue begins with the word of that hash.
    pub(crate) fn begins(&self, hash: u64) -> bool {
        self.firsts.contains_key(&hash)
    }

    /// The cue that the word of that hash is by itself, if it begins no longer one.
    pub(crate) fn alone(&self, hash: u64) -> Option<Cue> {
        self.firsts.get(&hash).copied().flatten()
    }

    /// The longest cue that begins at byte `start` of `text` and ends where a word ends.
    pub(crate) fn at(&self, text: &str, start: u32) -> Option<CueMatch> {
        let bytes = text.as_bytes();
        let rest = bytes.get(start as usize..).unwrap_or_default();
        let (mut from, mut to) = rest.first().map(|byte| self.begins[usize::from(byte.to_ascii_lowercase())])?;
        let mut found = None;
        // The cues from `from` to `to` begin with the first `length` bytes; one that is no longer is the first of them.
        for length in 1..=rest.len() {
            let range = self.sorted.get(from..to).unwrap_or_default();
            let Some((words, cue)) = range.first() else { break };
            if words.len() == length {
                found = Some((start as usize + length, *cue));
            }
            let Some(next) = rest.get(length).map(u8::to_ascii_lowercase) else { break };
            let at = |words: &str| words.as_bytes().get(length).copied();
            (from, to) = (
                from + range.partition_point(|(words, _)| at(words) < Some(next)),
                from + range.partition_point(|(words, _)| at(words) <= Some(next)),
            );
        }
        let (end, cue) = found?;
        let word = |i: usize| bytes.get(i).is_some_and(|b| b.is_ascii_alphanumeric());
        if word(end) && word(end.wrapping_sub(1)) {
            return None;
        }
        Some(CueMatch { start, end: end as u32, cue })
    }
}

/// The cues, from forms and notes in use: header fields, registration screens, dictation, X12 and HL7 names.
const TABLE: &[(Cue, &str)] = &[
    (
        Cue::Mrn,
        "mrn|mr#|mr #|mr no|mr number|med rec|med rec no|med rec #|medical record|medical record number|medical record no|medical record #|\
         record number|record no|record #|chart number|chart no|chart #|chart|unit number|unit no|unit #|hospital number|hospital no|hosp #|\
         hosp no|hosp number|hospital #|hospital id|patient id|patient number|patient no|patient #|patient id number|pt id|pt #|pt no|pid|\
         medical number|facility no|facility number|nhs no|nhs number|nhs|chi no|chi|hn|urn|ur no|ur number|mpi|empi|facility id|resident id|\
         resident no|resident #|client id|client no|client #|inmate no|inmate #|record id|med record|pmi|umrn",
    ),
    (
        Cue::Ssn,
        "ssn|ss#|ss #|ss no|soc sec|soc sec #|social security|social security number|social security no|social security #|social|sin|itin|\
         national insurance|ni number|nino|last 4|last four|tax id|tin|ssn last 4|last 4 ssn|last four of social|last 4 of ssn|last four of ssn",
    ),
    (
        Cue::Account,
        "acct|acct #|acct no|acct number|account|account #|account no|account number|encounter|encounter #|encounter no|encounter number|\
         encounter id|enc #|enc|csn|fin|fin #|har|visit #|visit no|visit number|visit id|claim|claim #|claim no|claim number|claim id|clm|\
         invoice|invoice #|invoice no|invoice number|billing #|billing no|bill no|bill #|statement no|statement #|statement number|icn|dcn|\
         trust account|bank account|routing|iban|card ending|card no|card number|guarantor no|guarantor #|guarantor acct|patient account|\
         contract no|receipt|check no|check #|payment id|transaction id|remit no|hsa|policy claim|confirmation|confirmation #|reservation",
    ),
    (
        Cue::HealthPlan,
        "member id|member #|member no|member number|mem id|memb id|member|subscriber|subscriber id|subscriber #|subscriber no|policy|policy #|\
         policy no|policy number|policy id|group|group #|group no|group number|grp|grp #|grp no|grp id|plan id|plan #|plan no|hic|hicn|mbi|\
         medicare #|medicare no|medicare number|medicare id|medicaid|medicaid id|medicaid #|medicaid no|medicaid number|insurance id|\
         insurance #|insurance no|ins id|ins #|certificate #|certificate no|beneficiary id|beneficiary number|health card|health card no|\
         hcn|ohip|rxgrp|rx grp|rx id|pcn|ahcccs|tricare|medi-cal|cin|id card|recipient id|payer id|authorization|auth|auth #|\
         auth no|authorization #|authorization no|authorization number|prior auth|prior auth #|pa #|precert|referral #|referral no|\
         medicare|health plan id|ihi|dva|carecard|coverage id|contract id|dod id|edipi",
    ),
    (
        Cue::License,
        "npi|npi #|dea|dea #|dea no|dea number|license|license #|license no|license number|lic|lic #|lic no|lic.|licence|licence no|\
         licence number|state lic|state license|dl|dl #|dl no|driver's license|drivers license|driver license|driver's lic|drivers lic|driver licence|\
         driving licence|upin|gmc|mcrn|gmc no|gmc number|nmc|nmc pin|ahpra|registration no|registration number|reg no|cert #|cert no|\
         certificate number|certification no|board cert|rn lic|pin|passport|passport no|passport #|passport number|provider no|\
         provider number|provider id|badge|badge #|badge no|badge number|permit|permit no|permit #|notary|clia|taxonomy|cds|credential no|\
         hpcsa|prescriber no|prescriber id|employee id|employee no|employee #|emp id|staff id|visa|green card|alien no|a number",
    ),
    (
        Cue::Phone,
        "phone|phone #|phone no|phone number|ph|ph #|ph.|tel|tel.|tel no|telephone|telephone number|telephone #|telephone no|cell|cell #|\
         cell phone|mobile|mob|mob.|home phone|work phone|home #|work #|contact number|contact no|contact #|call back|callback|callback #|\
         callback number|call back number|cb|cb #|pager|pgr|pgr.|pager #|beeper|bleep|bleep no|page|paged|ext|ext.|extension|x|voicemail|vm|pg|\
         hotline|switchboard|direct line|text|text me|call|call me at|call at|reach me at|reached at|can be reached at|number is|\
         landline|direct|main line|front desk|answering service|vocera|spectralink|ascom|whatsapp|sms|dial|home ph|cell ph|h:|c:|w:|t:|p:|m:",
    ),
    (Cue::Fax, "fax|fax #|fax no|fax number|fx|fx.|faxed to|fax to|facsimile|efax|f:"),
    (
        Cue::Date,
        "dob|d.o.b|d.o.b.|date of birth|birth date|birthdate|birthday|born|born on|date|dated|dos|date of service|service date|\
         date of admission|admission date|admit date|admitted|admitted on|doa|date of discharge|discharge date|discharged|discharged on|dod|\
         date of death|died|died on|deceased|dt|date of exam|exam date|exam dt|date of procedure|procedure date|date of surgery|\
         date of operation|date of visit|visit date|date of injury|doi|date of onset|onset|lmp|edd|edc|due date|last seen|seen on|since|\
         collected|received|reported|printed|dictated|transcribed|signed|signed on|d:|t:|dd|dt:|td|updated|effective|expires|exp|exp.|\
         expiry|expiration|scheduled|scheduled for|appointment|appt|appt on|follow up on|follow-up on|next appointment|next appt|rtc|ends|ended|\
         anniversary|birthday party|start date|end date|signed at|verified|entered|created|last updated|as of|period|through|thru|until|from",
    ),
    (
        Cue::Age,
        "age|aged|year old|years old|yo|y/o|y.o.|yr old|turned|turns|turning|age/sex|yrs old|years of age|birthday",
    ),
    (
        Cue::Room,
        "room|rm|rm.|room #|room no|bed|bed #|bed no|bed/room|bay|cubicle|cube|pod|rm/bed|room/bed|loc|location|unit/bed|ward/bed|slot|locker|\
         dorm|cell block|cottage|bunk|cabin|apt|apartment|suite|ste|ste.|unit|bassinet|isolette|stall|chair|cot|cot #|crib|booth",
    ),
    (
        Cue::Vehicle,
        "vin|vin #|vin no|plate|plate #|plate no|plates|license plate|licence plate|lic plate|tag|tag #|tag no|registration|reg|rego|\
         number plate|car plate|tail number|hull|unit no|vehicle|truck|trailer",
    ),
    (
        Cue::Device,
        "serial|serial #|serial no|serial number|ser #|ser no|ser#|s/n|sn|s/n:|sn:|lot|lot #|lot no|lot number|batch|batch no|batch #|udi|gtin|\
         device id|device serial|implant id|implant serial|model/serial|ref/lot|generator|lead|leads|pump ser#|pump serial|imei|device|imei #|\
         unit serial|asset tag|asset|equipment no|di|pi|catalog/lot",
    ),
    (
        Cue::Biometric,
        "fingerprint|finger print|fingerprint id|voiceprint|voice print|retina|retinal scan id|iris|iris template|face template|face id|\
         faceprint|biometric|biometric id|template|palm|palm-vein|palm vein template|hand geometry|afis",
    ),
    (
        Cue::OtherId,
        "accession|accession #|accession no|accession number|acc|acc #|acc no|acc.|specimen|specimen #|specimen no|specimen id|spec #|order|\
         order #|order no|order number|order id|ord #|req|req #|req no|requisition|requisition #|case|case #|case no|case number|case id|job|job #|\
         job no|job number|job id|study id|study #|study no|subject|subject #|subject id|subject no|participant|participant id|protocol|docket|\
         docket no|docket #|docket number|report #|report no|report number|incident|incident #|incident no|incident number|event #|ticket|\
         ticket #|ticket no|file #|file no|file number|file|rx|rx #|rx no|rx number|prescription #|prescription no|reference|reference #|\
         reference no|ref|ref #|ref no|ref.|ref#|tracking|tracking #|tracking number|confirmation number|document #|document no|document id|\
         doc #|doc no|doc id|doc no.|warrant|warrant no|cause no|cause number|police report|police rpt|report|run #|run no|run number|run|trip #|\
         call #|cad|cad #|message id|msg id|image no|image id|film no|film #|uid|uuid|guid|key|code|barcode|band|wristband|wristband id|band #|\
         sample|sample id|sample no|slide|slide no|block|donor|donor id|donor no|unit id|din|cohort id|enrollment no|registry|registry id|\
         registry no|trial no|randomization|randomisation no|form|form no|form #|token|session|session id|trace|request id|req id|log|\
         ip|mac|hostname|host|workstation|serial id|record locator|control|control no|control number|batch id|seq no|screening no|\
         svc no|svc #|service no|service number|service #|animal control report|work order|wo #|wo|po #|purchase order|dispatch|dispatch #|interpreter id|interpreter #|interp id|interp #|operator|operator #|interpreter",
    ),
    (
        Cue::User,
        "user|username|user name|user id|userid|login|logon|log in|by user|entered by|printed by|ordered by user|owner|screen name|handle|skype|instagram|facebook|twitter|tiktok|gamertag",
    ),
    (
        Cue::Person,
        "patient|patient name|pt name|name|last name|first name|re|regarding|resident|client|member name|insured|subscriber name|guarantor|\
         next of kin|nok|emergency contact|emerg contact|contact|contact person|responsible party|poa|hcp|hcpoa|health care proxy|proxy|\
         guardian|legal guardian|caregiver|spouse|mother|father|wife|husband|son|daughter|aka|a.k.a.|nee|née|maiden name|preferred name|\
         preferred|goes by|nickname|called|named|name is|my name is|this is|dear|hi|hello|hey|to|from|attn|attention|sincerely|regards|\
         thanks|thank you|claimant|student|employee|applicant|decedent|beneficiary|victim|witness|interviewer|informant|pt|baby|infant of|baby of|respondent",
    ),
    (
        Cue::Staff,
        "dictated by|dictating|transcribed by|signed by|electronically signed|electronically signed by|e-signed by|esigned|cosigned by|\
         attending|attending physician|pcp|primary care|primary care physician|primary care provider|provider|physician|referring|\
         referring physician|referring provider|ref md|ordering|ordering physician|ordering provider|ord dr|adm dr|att dr|surgeon|\
         assistant|anesthesiologist|anesthesia|anaesthetist|consultant|consulting|consultants|cc|c.c.|copy to|copies to|bcc|seen by|\
         evaluated by|examined by|performed by|reviewed by|read by|interpreted by|verified by|reported by|authored by|author|recorded by|\
         documented by|written by|completed by|administered by|witnessed by|scribe|scribed by|nurse|rn|charge rn|charge nurse|resident md|\
         fellow|intern|therapist|counselor|social worker|case manager|coordinator|technologist|tech|pathologist|radiologist|cardiologist|\
         pharmacist|prescriber|rendering|supervising|supervised by|collected by|drawn by|given by|notified|paged dr|d/w|discussed with|\
         spoke with|per|called by|taken by|initials|teacher|principal|coach|officer|attorney|judge|interpreter name|chaplain|by",
    ),
    (
        Cue::Facility,
        "transferred from|transferred to|transfer from|transfer to|xfer from|xfer to|admitted to|admitted at|admitted from|discharged to|\
         discharged from|seen at|seen in|hospital|facility|clinic|referred to|referred from|sent to|went to|presented to|followed at|\
         followed by|pharmacy|school|attends|snf|nursing home|rehab|at|hospice|care home|icu at|er at|ed at|hospitalized at|born at|delivered at|treated at|surgery at|practice|osh|dialysis at|dialysis",
    ),
    (
        Cue::Employer,
        "works at|works for|worked at|worked for|working at|working for|employed by|employed at|employer|job at|retired from|company|\
         employee of|occupation|works as|drives for|volunteers at|volunteer at|member of|church|parish|union|laid off from|fired from|\
         owner of|owns|manager at|manager of|runs|teaches at|plays for|coaches|army|navy|serves with|served with|hired by|contractor for|belongs to",
    ),
    (
        Cue::Place,
        "lives in|living in|lived in|resides in|resident of|residing in|from|born in|raised in|grew up in|moved from|moved to|moved here from|\
         native of|originally from|relocated from|relocated to|traveled to|travelled to|travel to|trip to|visited|visiting|vacation in|\
         flew from|flew to|drove from|drove to|returned from|city|town|county|county of|city of|town of|village of|hometown|home town|\
         outside of|outside|near|north of|south of|east of|west of|stationed in|deployed to|in",
    ),
    (
        Cue::Address,
        "address|addr|home address|mailing address|street|street address|residence|lives at|living at|resides at|home|mail to|ship to|address line",
    ),
    (
        Cue::Code,
        "cpt|rx bin|rxbin|bin|icd|icd-9|icd-10|icd9|icd10|icd-10-cm|dx code|loinc|snomed|hcpcs|drg|ndc|model|model #|model no|series|images|image|img|ref range|\
         reference range|figure|fig|table|grade|stage|type|class|level|score|version|v|size|dose|dose of|gauge|french|step|phase|item|page|weeks|\
         volume|vol|total|count|protocol no|cycle|day|days|trial|chapter|section|sect|part|question|gravida|para",
    ),
    (
        Cue::Holiday,
        "christmas|christmas eve|christmas day|xmas|xmas eve|xmas day|boxing day|thanksgiving|thanksgiving day|halloween|hallowe'en|easter|\
         easter sunday|easter monday|good friday|palm sunday|ash wednesday|mardi gras|pentecost|new year|new year's|new year's eve|new year's day|\
         new years|new years eve|new years day|new year’s|new year’s eve|new year’s day|memorial day|labor day|labour day|independence day|\
         fourth of july|4th of july|july fourth|july 4th|valentine's day|valentines day|valentine's|valentine’s day|st patrick's day|\
         st. patrick's day|st patricks day|st. patrick’s day|saint patrick's day|mother's day|mothers day|mother’s day|father's day|\
         fathers day|father’s day|veterans day|veteran's day|mlk day|martin luther king day|presidents day|presidents' day|president's day|\
         columbus day|indigenous peoples' day|juneteenth|hanukkah|chanukah|hannukah|passover|yom kippur|rosh hashanah|purim|sukkot|shavuot|\
         ramadan|eid|eid al-fitr|eid al-adha|diwali|deepavali|kwanzaa|bank holiday|august bank holiday|may bank holiday|spring bank holiday|\
         remembrance sunday|remembrance day|guy fawkes|guy fawkes night|guy fawkes day|bonfire night|bastille day|cinco de mayo|\
         lunar new year|chinese new year|anzac day|australia day|canada day|victoria day|groundhog day|leap day|april fools|april fools' day|\
         april fool's day|super bowl sunday|black friday|cyber monday|election day|nowruz|day of the dead|dia de los muertos|\
         día de los muertos|all saints day|all saints' day|all souls day|all souls' day|three kings day|burns night|hogmanay|may day|\
         midsummer's eve|st andrew's day|st david's day|st george's day|orthodox easter|greek easter|armistice day|pancake day|shrove tuesday|\
         flag day|pentecost sunday|krishna janmashtami|janmashtami|navratri|songkran|obon|cesar chavez day|pioneer day|kamehameha day|patriots' day|patriots day|\
         whit monday|whit sunday|white sunday|mothering sunday|lincoln's birthday|washington's birthday|queen's birthday|king's birthday|\
         tu b'shvat|tu bishvat|simchat torah|lag b'omer|hari raya|vaisakhi|baisakhi|thaipusam|mid-autumn festival|waitangi day|\
         emancipation day|all hallows' eve|candlemas|michaelmas",
    ),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_whole_words_only() {
        let cues = Cues::new();
        assert!(
            cues.sorted.iter().all(|(words, _)| !words.is_empty() && !words.bytes().any(|b| b.is_ascii_uppercase()))
        );
        for (text, start, want) in [
            ("MRN: 123", 0, Some(("MRN", Cue::Mrn))),
            ("Medical Record Number 1", 0, Some(("Medical Record Number", Cue::Mrn))),
            ("mrns amrn", 0, None),
            ("he works at Sysco", 3, Some(("works at", Cue::Employer))),
            ("the fin-like", 4, Some(("fin", Cue::Account))),
            // The longest counts, wherever it ends.
            ("MR #", 0, Some(("MR #", Cue::Mrn))),
            ("mr numbers", 0, None),
            ("mr", 0, None),
            ("", 0, None),
            ("née Young", 0, Some(("née", Cue::Person))),
        ] {
            let got = cues.at(text, start).map(|m| (&text[m.start as usize..m.end as usize], m.cue));
            assert_eq!(got, want, "{text}");
        }
        assert!(cues.begins(hash(b"medical")) && cues.begins(hash(b"4th")) && !cues.begins(hash(b"sysco")));
    }
}
