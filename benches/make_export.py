#!/usr/bin/env python3
"""Makes a record export of people who do not exist: FHIR Bulk NDJSON, an HL7 feed, a table of claims.

usage: make_export.py OUT --patients N [--observations N] [--seed N] [--only fhir,hl7,csv]

Names and places come from dictionaries/sources, telephone numbers are in 555, everything is drawn from the seed. Each patient
has a coverage, two encounters, conditions, a prescription, observations (8, or as many as --observations says), and for one
in four a note in base 64 that names the patient.
"""
import argparse, base64, json, os, random

HERE = os.path.dirname(os.path.abspath(__file__))
SOURCES = os.path.join(HERE, "..", "dictionaries", "sources")
TESTS = [("2823-3", "Potassium", "mmol/L", 3.1, 5.4), ("2160-0", "Creatinine", "mg/dL", 0.5, 2.4), ("718-7", "Hemoglobin", "g/dL", 8, 17),
         ("8480-6", "Systolic blood pressure", "mm[Hg]", 95, 175), ("8867-4", "Heart rate", "/min", 50, 120), ("4548-4", "Hemoglobin A1c", "%", 4.9, 11),
         ("2345-7", "Glucose", "mg/dL", 62, 320), ("29463-7", "Body weight", "kg", 42, 140), ("6690-2", "Leukocytes", "10*3/uL", 2.5, 18)]
CONDITIONS = [("I50.22", "Chronic systolic heart failure"), ("E11.9", "Type 2 diabetes mellitus without complications"), ("I10", "Essential hypertension"),
              ("J44.9", "Chronic obstructive pulmonary disease"), ("N18.3", "Chronic kidney disease, stage 3"), ("M17.11", "Osteoarthritis of right knee"),
              ("F41.1", "Generalized anxiety disorder"), ("G40.909", "Epilepsy"), ("K21.9", "Gastro-esophageal reflux disease")]
DRUGS = ["furosemide 40 MG Oral Tablet", "metformin 500 MG Oral Tablet", "lisinopril 10 MG Oral Tablet", "albuterol 0.83 MG/ML Inhalation Solution",
         "atorvastatin 20 MG Oral Tablet", "apixaban 5 MG Oral Tablet", "levothyroxine 0.075 MG Oral Tablet"]
LINES = ["Lungs clear bilaterally, no edema.", "Weight stable, K {k:.1f}, Cr {c:.2f}.", "Continue current dose, recheck BMP in 2 weeks.",
         "Denies chest pain, dyspnea or syncope.", "Abdomen soft, non-tender.", "Discussed low sodium diet and daily weights.",
         "BP {b}/78, HR {h}, afebrile.", "Wound clean and dry, sutures intact.", "A1c improved from {a:.1f} to {d:.1f}.", "Gait steady, no focal deficit.",
         "Vaccines up to date.", "Refills sent, side effects reviewed.", "Echo with EF {h} percent, mild MR.", "Return precautions given."]


def column(name):
    """Some 4,000 words out of the first column of a source, from all of the alphabet."""
    with open(os.path.join(SOURCES, name), encoding="utf-8") as lines:
        rows = [line.split("\t")[0].strip() for line in lines][1:]
    rows = [row for row in rows if row.isalpha() and row.isascii()]
    return rows[:: max(1, len(rows) // 4000)]


def uuid(r):
    h = "%032x" % r.getrandbits(128)
    return f"{h[:8]}-{h[8:12]}-{h[12:16]}-{h[16:20]}-{h[20:]}"


def day(r, low=2023, high=2024):
    return f"{r.randint(low, high)}-{r.randint(1, 12):02}-{r.randint(1, 28):02}"


def moment(r):
    return f"{day(r)}T{r.randint(0, 23):02}:{r.randint(0, 59):02}:{r.randint(0, 59):02}+00:00"


def main():
    ask = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    ask.add_argument("out")
    ask.add_argument("--patients", type=int, required=True)
    ask.add_argument("--observations", type=int, default=8)
    ask.add_argument("--seed", type=int, default=1)
    ask.add_argument("--only", default="fhir,hl7,csv")
    a = ask.parse_args()
    kinds = a.only.split(",")
    r = random.Random(a.seed)
    first, last = column("first_names_ssa.tsv"), column("surnames_census.tsv")
    towns = [line.title() for line in column("places_us.tsv")]
    files = {}

    def put(kind, name, text):
        if kind not in kinds:
            return
        if name not in files:
            os.makedirs(os.path.join(a.out, kind), exist_ok=True)
            files[name] = open(os.path.join(a.out, kind, name), "w", encoding="utf-8", newline="")
        files[name].write(text)

    def resource(kind, **body):
        put("fhir", kind + ".ndjson", json.dumps({"resourceType": kind, **body}, separators=(",", ":")) + "\n")

    def meta():
        return {"versionId": str(r.randint(1, 12)), "lastUpdated": moment(r)}

    staff = []
    for _ in range(200):
        given, family, key, npi = r.choice(first).title(), r.choice(last).title(), uuid(r), str(r.randint(1000000000, 1999999999))
        staff.append((key, given, family, npi))
        resource("Practitioner", id=key, meta=meta(), identifier=[{"system": "http://hl7.org/fhir/sid/us-npi", "value": npi}],
                 name=[{"family": family, "given": [given], "suffix": ["MD"]}], telecom=[{"system": "phone", "value": f"360-555-{r.randint(0, 9999):04}"}])
    put("csv", "claims.csv", "CLAIM_ID,MEMBER_ID,SUBSCR_LAST,SUBSCR_FIRST,PT_DOB,SEX,AGE,DX1,DX2,CPT,UNITS,BILLED_AMT,SVC_FROM,SVC_TO,RENDERING_NPI,ST,ZIP,MSG\n")
    for number in range(a.patients):
        key, given, middle, family = uuid(r), r.choice(first).title(), r.choice(first)[0].upper(), r.choice(last).title()
        mrn, ssn, member = f"{number + 400000:08}", f"9{r.randint(0, 99):02}-{r.randint(10, 99)}-{r.randint(1000, 9999)}", f"CHA{r.randint(10**7, 10**8)}"
        born, town, zip5 = day(r, 1931, 2015), r.choice(towns), f"98{r.randint(100, 599)}"
        street, phone = f"{r.randint(1, 9999)} {r.choice(last).title()} {r.choice(['Street', 'Avenue', 'Road', 'Lane'])}", f"(360) 555-{r.randint(0, 9999):04}"
        resource("Patient", id=key, meta=meta(),
                 text={"status": "generated", "div": f"<div xmlns=\"http://www.w3.org/1999/xhtml\"><p><b>{given} {family}</b> DOB: {born} (MRN {mrn})</p></div>"},
                 identifier=[{"use": "usual", "type": {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/v2-0203", "code": "MR"}]},
                              "system": "urn:oid:2.16.840.1.113883.3.7741.20", "value": mrn}, {"system": "http://hl7.org/fhir/sid/us-ssn", "value": ssn}],
                 active=True, name=[{"use": "official", "family": family, "given": [given, middle + "."]}],
                 telecom=[{"system": "phone", "value": phone, "use": "home"}, {"system": "email", "value": f"{given}.{family}@mail.example".lower()}],
                 gender=r.choice(["male", "female"]), birthDate=born,
                 address=[{"use": "home", "line": [street], "city": town, "state": "WA", "postalCode": zip5, "country": "US"}])
        who = {"reference": f"Patient/{key}", "display": f"{family}, {given}"}
        resource("Coverage", id=uuid(r), meta=meta(), status="active", subscriberId=member, beneficiary=who, payor=[{"display": "Cascadia Health Alliance"}],
                 period={"start": "2024-01-01", "end": "2024-12-31"})
        doctor = r.choice(staff)
        by = {"reference": f"Practitioner/{doctor[0]}", "display": f"{doctor[1]} {doctor[2]}, MD"}
        visits = []
        for _ in range(2):
            visit = uuid(r)
            visits.append(visit)
            resource("Encounter", id=visit, meta=meta(), identifier=[{"system": "urn:oid:2.16.840.1.113883.3.7741.20.9", "value": f"HP{r.randint(10**9, 10**10)}"}],
                     status="finished", **{"class": {"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "AMB"}}, subject=who,
                     participant=[{"individual": by}], period={"start": moment(r), "end": moment(r)}, reasonCode=[{"text": "follow-up"}])
        for code, name in r.sample(CONDITIONS, 2):
            resource("Condition", id=uuid(r), meta=meta(), clinicalStatus={"coding": [{"system": "http://terminology.hl7.org/CodeSystem/condition-clinical", "code": "active"}]},
                     code={"coding": [{"system": "http://hl7.org/fhir/sid/icd-10-cm", "code": code, "display": name}], "text": name}, subject=who,
                     encounter={"reference": f"Encounter/{visits[0]}"}, onsetDateTime=day(r), recordedDate=moment(r))
        resource("MedicationRequest", id=uuid(r), meta=meta(), status="active", intent="order",
                 medicationCodeableConcept={"coding": [{"system": "http://www.nlm.nih.gov/research/umls/rxnorm", "code": str(r.randint(10**5, 10**6))}], "text": r.choice(DRUGS)},
                 subject=who, authoredOn=day(r), requester=by, dosageInstruction=[{"text": "1 tab PO daily", "doseAndRate": [{"doseQuantity": {"value": 1.0, "unit": "TAB"}}]}])
        results = []
        for _ in range(a.observations):
            code, name, unit, low, high = r.choice(TESTS)
            value = f"{r.uniform(low, high):.2f}"
            results.append((code, name, unit, value))
            body = {"resourceType": "Observation", "id": uuid(r), "meta": meta(), "status": "final",
                    "category": [{"coding": [{"system": "http://terminology.hl7.org/CodeSystem/observation-category", "code": "laboratory"}]}],
                    "code": {"coding": [{"system": "http://loinc.org", "code": code, "display": name}], "text": name}, "subject": {"reference": f"Patient/{key}"},
                    "encounter": {"reference": f"Encounter/{r.choice(visits)}"}, "effectiveDateTime": moment(r), "issued": moment(r),
                    "performer": [{"reference": f"Practitioner/{doctor[0]}"}],
                    "valueQuantity": {"value": "@", "unit": unit, "system": "http://unitsofmeasure.org", "code": unit},
                    "referenceRange": [{"low": {"value": low}, "high": {"value": high}}]}
            put("fhir", "Observation.ndjson", json.dumps(body, separators=(",", ":")).replace('"@"', value) + "\n")
        lines = [line.format(k=r.uniform(3, 5), c=r.uniform(.6, 2), b=r.randint(95, 170), h=r.randint(35, 99), a=r.uniform(8, 11), d=r.uniform(5, 7.9))
                 for line in r.sample(LINES, 8)]
        note = f"PROGRESS NOTE\n{given} {family}, MRN {mrn}, seen {day(r)} by Dr. {doctor[2]}.\n" + "\n".join(lines) + f"\n{given} will call {phone} with questions.\n"
        if number % 4 == 0:
            resource("DocumentReference", id=uuid(r), meta=meta(), status="current", type={"coding": [{"system": "http://loinc.org", "code": "11506-3", "display": "Progress note"}]},
                     subject=who, date=moment(r), author=[by], content=[{"attachment": {"contentType": "text/plain", "data": base64.b64encode(note.encode()).decode()}}])
        stamp = f"2024{r.randint(1, 12):02}{r.randint(1, 28):02}{r.randint(0, 23):02}{r.randint(0, 59):02}{r.randint(0, 59):02}"
        message = [f"MSH|^~\\&|HPLAB|HPMC|RHAPSODY|DEST|{stamp}||ORU^R01|{r.randint(10**8, 10**9)}|P|2.5.1",
                   f"PID|1||{mrn}^^^HPMC^MR~{ssn}^^^USA^SS||{family}^{given}^{middle}||{born.replace('-', '')}|M|||{street}^^{town}^WA^{zip5}^USA^H||{phone}^PRN^PH",
                   f"PV1|1|O|5W^{r.randint(100, 999)}^^HPMC||||{doctor[3]}^{doctor[2]}^{doctor[1]}^^^^MD^^NPI|||MED||||||||IN|V{r.randint(10**9, 10**10)}",
                   f"OBR|1|ORD{r.randint(10**6, 10**7)}|HP{r.randint(10**9, 10**10)}|24323-8^Comprehensive metabolic panel^LN|||{stamp}||||||||||||||||||F"]
        for place, (code, name, unit, value) in enumerate(results, 1):
            message.append(f"OBX|{place}|NM|{code}^{name}^LN||{value}|{unit}|1.0-9.9|N|||F|||{stamp}")
        if number % 4 == 0:
            message.extend(f"NTE|{place}|L|{line}" for place, line in enumerate(note.splitlines(), 1))
        put("hl7", "feed.hl7", "\r".join(message) + "\r")
        for _ in range(4):
            (one, _), (two, _) = r.sample(CONDITIONS, 2)
            date = f"{r.randint(1, 12):02}{r.randint(1, 28):02}2024"
            put("csv", "claims.csv", f"CLM{r.randint(10**9, 10**10)},{member},{family.upper()},{given.upper()},{born.replace('-', '')},M,{2024 - int(born[:4])},"
                f"{one},{two},{r.randint(10000, 99999)},{r.randint(1, 4)},{r.uniform(20, 900):.2f},{date},{date},{doctor[3]},WA,{zip5},\n")
    for file in files.values():
        file.close()


main()
