//! The elements of R4 by resource and place, by name, and by the type in a name.
//!
//! Names whose members tell their type (`category`, `component`) and texts need no entry but [`ANY`], which says that the
//! specification knows them: what stands under an unknown name is looked at with the names of other formats too.

use super::{Kind, Moment, Named, To};
use crate::identifier::Label;

/// What the specification says of an element in one place only. `top`: a member of the resource itself; `above`: the name
/// of what it is a member of.
pub(super) fn in_resource(resource: &str, top: bool, above: &str, name: &str) -> Option<Kind> {
    Some(match (resource, top, above, name) {
        ("AuditEvent", _, "agent", "name") => Kind::Name(Named::Person),
        ("AuditEvent", _, "network", "address") => Kind::Network,
        ("AuditEvent", _, "source", "site") => Kind::Whole(Label::Facility),
        ("AuditEvent", _, "detail", "type") => Kind::Any,
        ("AuditEvent", _, "entity", "query") => Kind::Data,
        ("AuditEvent" | "Provenance", true, _, "recorded") => Kind::Date(Moment::Instant),
        ("Appointment" | "AppointmentResponse" | "Slot", true, _, "start" | "end") => Kind::Date(Moment::Instant),
        ("Subscription", true, _, "end") => Kind::Date(Moment::Instant),
        ("Subscription", _, _, "criteria") => Kind::Search,
        ("Subscription", _, "channel", "header") => Kind::Whole(Label::OtherId),
        ("DiagnosticReport" | "Media" | "Observation", true, _, "issued") => Kind::Date(Moment::Instant),
        ("DocumentReference", true, _, "date") => Kind::Date(Moment::Instant),
        ("DeviceMetric", _, "calibration", "time") => Kind::Date(Moment::Instant),
        ("DeviceMetric", _, "calibration", "state") | ("DeviceMetric", true, _, "color") => Kind::Enum,
        ("Basic", true, _, "created") | ("Immunization", true, _, "expirationDate") => Kind::Date(Moment::Date),
        ("Goal", true, _, "statusDate") | ("PaymentNotice", true, _, "paymentDate") => Kind::Date(Moment::Date),
        ("PaymentReconciliation", _, _, "date" | "paymentDate") => Kind::Date(Moment::Date),
        ("Claim" | "ClaimResponse" | "ExplanationOfBenefit", _, "accident" | "payment", "date") => {
            Kind::Date(Moment::Date)
        }
        ("Claim" | "CoverageEligibilityRequest" | "ExplanationOfBenefit", _, _, "businessArrangement") => {
            Kind::Whole(Label::HealthPlan)
        }
        ("Binary", true, _, "securityContext") => Kind::Reference(To::Patient),
        ("Bundle", _, "link" | "request", "url") | ("Bundle", _, "response", "location") => Kind::Link,
        ("Bundle", _, "link", "relation") => Kind::Enum,
        ("Bundle", _, "response", "etag") | ("Bundle", _, "request", "ifMatch" | "ifNoneMatch") => Kind::Skip,
        ("Bundle", _, "response", "lastModified") | ("Bundle", true, _, "timestamp") => Kind::Date(Moment::Instant),
        ("Consent", _, "policy", "uri") => Kind::Uri,
        ("Coverage", _, "class", "value") => Kind::Whole(Label::HealthPlan),
        ("Coverage", _, "class", "name") => Kind::Name(Named::Class),
        ("Coverage", _, "class", "type") | ("Organization", true, _, "type") => Kind::Type,
        ("Device", _, _, "deviceIdentifier") => Kind::Skip,
        ("Device", true, _, "url") => Kind::Link,
        ("Device" | "DeviceDefinition", _, "version", "value") => Kind::Any,
        ("Endpoint", true, _, "address") => Kind::Link,
        ("FamilyMemberHistory", true, _, "name") => Kind::Name(Named::Person),
        ("HealthcareService" | "Location", true, _, "name" | "alias") => Kind::Name(Named::Facility),
        ("Organization", true, _, "name" | "alias") => Kind::Name(Named::Organisation),
        ("Patient" | "Person" | "Practitioner" | "RelatedPerson", _, _, "name") => Kind::Name(Named::Person),
        ("MessageHeader", _, "response", "identifier") => Kind::Uid,
        (
            "MolecularSequence",
            _,
            _,
            "observedSeq" | "observedAllele" | "referenceAllele" | "referenceSeqString" | "cigar",
        ) => Kind::Data,
        ("Parameters", _, "parameter" | "part", "name") => Kind::ExtensionName,
        ("Parameters", _, _, "parameter" | "part") => Kind::Extension,
        ("Person", _, "link", "target") => Kind::Reference(To::Person),
        ("ResearchSubject", true, _, "individual") | ("Task", true, _, "for") => Kind::Reference(To::Patient),
        ("Timing", _, _, "when") => Kind::Enum,
        _ => return None,
    })
}

/// What an element of that name is wherever it stands.
pub(super) fn by_name(name: &str) -> Option<Kind> {
    Some(match name {
        // HumanName, Address, ContactPoint.
        "name" => Kind::Name(Named::Thing),
        "family" => Kind::Family,
        "given" => Kind::Given,
        "prefix" | "suffix" => Kind::Title,
        "use" => Kind::Use,
        "address" | "locationAddress" => Kind::Address,
        "line" => Kind::Whole(Label::Street),
        "city" | "district" => Kind::Whole(Label::City),
        "postalCode" => Kind::Whole(Label::Zip),
        "state" | "country" => Kind::Region,
        "telecom" => Kind::Contact,
        // Identifier.
        "identifier" | "accessionIdentifier" | "additionalIdentifier" | "groupIdentifier" | "masterIdentifier" => {
            Kind::Identifier
        }
        "paymentIdentifier" | "preAdmissionIdentifier" | "requestIdentifier" | "requisition" | "predecessor" => {
            Kind::Identifier
        }
        "relatedIdentifier" | "targetIdentifier" => Kind::Identifier,
        // Coding, Quantity, Reference.
        "system" => Kind::System,
        "code" => Kind::Code,
        "display" => Kind::Display,
        "value" => Kind::Value,
        "unit" => Kind::Unit,
        "reference" => Kind::Target,
        "type" => Kind::TargetType,
        // Attachment, Binary, Signature, Narrative.
        "contentType" | "sigFormat" | "targetFormat" | "payloadMimeType" | "patchFormat" => Kind::MediaType,
        "data" => Kind::Data,
        "size" => Kind::Size,
        "hash" => Kind::Hash,
        "photo" | "image" => Kind::Photo,
        "div" => Kind::Markup,
        // Extensions and addresses.
        "extension" | "modifierExtension" => Kind::Extension,
        "url" | "endpoint" | "fullUrl" | "relativePath" | "authorizationUrl" | "onlineInformation" => Kind::Link,
        "source" => Kind::Reference(To::Party),
        "ifNoneExist" => Kind::Search,
        // Identifiers that are no Identifier.
        "authorString" => Kind::Name(Named::Person),
        "initials" => Kind::Whole(Label::Name),
        "lotNumber" | "serialNumber" | "distinctIdentifier" | "carrierHRF" | "carrierAIDC" => {
            Kind::Whole(Label::Device)
        }
        "subscriberId" => Kind::Whole(Label::HealthPlan),
        "preAuthRef" => Kind::Whole(Label::Account),
        "altId" | "identityCertificate" | "proxyIdentityCertificate" | "sourceIdentityCertificate" => {
            Kind::Whole(Label::OtherId)
        }
        "uid" => Kind::Uid,
        "latitude" | "longitude" | "altitude" => Kind::Degrees,
        // Nothing of a person.
        "versionId" | "linkId" | "anchor" | "performerLinkId" | "reasonLinkId" | "requesterLinkId"
        | "contextLinkId" => Kind::Skip,
        "lastUpdated" => Kind::Date(Moment::Instant),
        "birthDate" => Kind::Date(Moment::Date),
        _ if listed(DATES, name) => Kind::Date(Moment::Date),
        _ if listed(DATE_TIMES, name) => Kind::Date(Moment::DateTime),
        _ if listed(TO_PATIENT, name) => Kind::Reference(To::Patient),
        _ if listed(TO_PERSON, name) => Kind::Reference(To::Person),
        _ if listed(TO_FACILITY, name) => Kind::Reference(To::Facility),
        _ if listed(TO_PAYER, name) => Kind::Reference(To::Payer),
        _ if listed(TO_PARTY, name) => Kind::Reference(To::Party),
        _ if listed(URIS, name) => Kind::Uri,
        _ if listed(ENUMS, name) => Kind::Enum,
        _ if listed(ANY, name) => Kind::Any,
        _ => return None,
    })
}

/// What the type at the end of a name says: `onsetDateTime`, `valueHumanName`.
/// <https://hl7.org/fhir/R4/formats.html#choice>
pub(super) fn by_type(name: &str) -> Option<Kind> {
    let ends =
        |end: &str| name.strip_suffix(end).and_then(|rest| rest.bytes().last()).is_some_and(|b| b.is_ascii_lowercase());
    TYPES.iter().find(|(end, _)| ends(end)).map(|(_, kind)| *kind)
}

fn listed(names: &str, name: &str) -> bool {
    names.split_ascii_whitespace().any(|known| known == name)
}

/// Types that elements of several types are called after, those first that end like others.
const TYPES: &[(&str, Kind)] = &[
    ("DateTime", Kind::Date(Moment::DateTime)),
    ("Date", Kind::Date(Moment::Date)),
    ("Instant", Kind::Date(Moment::Instant)),
    ("Time", Kind::Time),
    ("HumanName", Kind::Name(Named::Person)),
    ("Address", Kind::Address),
    ("ContactPoint", Kind::Contact),
    ("Identifier", Kind::Identifier),
    ("Reference", Kind::Reference(To::Party)),
    ("Base64Binary", Kind::Data),
    ("Canonical", Kind::Uri),
    ("Uri", Kind::Uri),
    ("Url", Kind::Link),
    ("Uuid", Kind::Uid),
    ("Oid", Kind::Uri),
    ("CodeableConcept", Kind::Any),
    ("Code", Kind::Enum),
    ("Boolean", Kind::Any),
    ("Markdown", Kind::Any),
    ("String", Kind::Any),
    ("Coding", Kind::Any),
    ("Quantity", Kind::Any),
    ("Age", Kind::Any),
    ("Range", Kind::Any),
    ("Ratio", Kind::Any),
    ("Period", Kind::Any),
    ("Timing", Kind::Any),
    ("Duration", Kind::Any),
    ("Money", Kind::Any),
    ("Attachment", Kind::Any),
    ("Annotation", Kind::Any),
    ("Signature", Kind::Any),
    ("SampledData", Kind::Any),
    ("Dosage", Kind::Any),
    ("Meta", Kind::Any),
    ("Expression", Kind::Any),
];

/// Elements of type `date`.
const DATES: &str = "approvalDate lastReviewDate nextScheduled";

/// Elements of type `dateTime`, and dates that are one in some resources.
const DATE_TIMES: &str = "articleDate authored authoredOn created creation date dateAccessed dateAsserted dateTime \
    dateWritten detected effectiveTime end enteredDate event expirationDate expiry ifModifiedSince issued lastModified lastOccurrence \
    lastPerformed lastRevisionDate manufactureDate onset paymentDate presentationDate publicationDate received \
    receivedTime recorded recordedDate recordedOn releaseDate restoreDate sent start started statusDate time timestamp \
    useBy validTo validationDate verificationDate whenHandedOver whenPrepared when effectiveDate";

/// References to the patient whose record it is.
const TO_PATIENT: &str = "beneficiary candidate patient sourcePatientInfo subject";

/// References to persons.
const TO_PERSON: &str = "assessor asserter careManager collector enterer expressedBy individual interpreter orderer \
    person practitioner prescriber principalInvestigator recorder referrer responsibleParty resultsInterpreter \
    subscriber verifiedWith";

/// References to places and organisations.
const TO_FACILITY: &str = "administeredBy assigner costCenter coverageArea custodian deliverFrom destination domain \
    facility healthcareService holder issuer location locationReference managingOrganization manufacturerReference origin \
    organization ownedBy participatingOrganization performingOrganization providedBy regulator requestingOrganization \
    serviceProvider site sponsor";

/// References to who pays.
const TO_PAYER: &str = "insurer payor paymentIssuer";

/// References to persons or organisations, or to who knows what.
const TO_PARTY: &str = "actor agent attester author authenticator authorReference contributor deliverTo \
    generalPractitioner informant informationSource legalAuthenticator managingEntity member observer onBehalfOf operator \
    other owner party payee performer policyHolder provider receiver recipient reportedReference reporter requester \
    requestor responsible sender signer submitter supplier target what who";

/// Elements of types `uri` and `canonical`.
const URIS: &str = "answerValueSet authority baseDefinition compartment contentReference definition definitionCanonical \
    definitionUri derivedFrom derivedFromUri eventUri filterDefinition implementationGuide implicitRules import imports inputProfile \
    instantiates instantiatesCanonical instantiatesUri jurisdiction library measure moduleCanonical moduleUri \
    outputProfile partOf policy profile protocol questionnaire replaces supportedProfile supplements targetProfile topic uri valueSet workflow";

/// Elements of type `code`, and those that are a code, boolean or number wherever they are no object.
const ENUMS: &str = "action actuality aggregation assurance cardinalityBehavior class comparator conditionalDelete \
    conditionalRead confidentiality criticality currency dayOfWeek daysOfWeek derivation direction docStatus durationUnit \
    enableBehavior entryType equivalence eye fhirVersion format gender generation groupingBehavior handling \
    hierarchyMeaning intent kind language license lifecycleStatus listMode method mode op operationalStatus operator \
    orientation outcome participantStatus patchFormat payload periodUnit permittedDataType precheckBehavior preference \
    priority productCategory publicationStatus referencePolicy relationship relationtype requiredBehavior \
    responseRequired result resultForCreate resultForDelete rule rules searchType selectionBehavior severity status \
    strand subjectType supportedInteraction typeMode variableType versioning xpathUsage category base role";

/// Other names of the specification: objects whose members tell what they are, and texts.
const ANY: &str = "about accident account achievementStatus actionId active activity actual actualArm add addItem additionalContext \
    additionalInstruction additive additiveProductName additiveType addresses adjudication adjustment \
    adjustmentReason administration administrationGuidelines administrationInstruction admitSource age alias allDay \
    allergenicIndicator allergyIntolerance allowed allowedUnsignedInt alternate amount answer answerDecimal \
    answerInteger answerOption applicability applies appliesTo appliesToAll appointment appointmentRequired \
    appointmentType areaUnderCurve arm assessment asset assignedArm associatedMedication attachment attestation \
    authorizationRequired authorizationSupporting authorizingPrescription availabilityExceptions axis backCurve \
    basedOn baseFormulaProductName baseFormulaType basis batch benefit benefitBalance bodySite bodysite brand \
    businessArrangement businessStatus calibration caloricDensity cancelationReason cancelledReason canFilterBy \
    canPushUpdates capability capacity careTeam careTeamSequence causality channel characteristic chromosome cigar \
    citation claim claimResponse classHistory classification clinicalStatus codeFilter coding collection color \
    comment communication communicationMethod communicationRequest complication complicationDetail component \
    conclusion condition connectionType consent contact contained container content contentDefinition \
    contentDerivative context contract contraindication contributedToDeath control coordinateSystem copyright cost \
    costToBeneficiary count countMax courseOfTherapyType coverage criteria current cylinder dailyAmount \
    dataAbsentReason dataRequirement datasetId dateCriterion dateFilter daysSupply decision decisionMode deleted \
    denominator dependent description detail detailInteger details detailSequence detectedIssue device deviceName \
    diagnosis diagnosisSequence diagnostics diameter dietPreference dimensions dischargeDisposition dispenseInterval \
    dispenseRequest disposition document documentation documentType doNotPerform dosage dosageInstruction dose \
    doseAndRate doseForm doseNumberPositiveInt doseStatus doseStatusReason drugCharacteristic duration durationMax \
    during education eligibility emptyReason enableWhen encounter enrollment enteralFormula entity entry \
    episodeOfCare error etag evaluatedResource evaluationMessage eventHistory eventNumber \
    eventsSinceSubscriptionStart eventTrigger evidence exact exception exclude excluded excludeFoodModifier \
    experimental expirationType exposureRoute expression extraDetails facilityType factor factorOverride \
    failureAction fhirPathCriteria filterParameter financial finding flag fluidConsistencyType fMeasure focal \
    focalDevice focus followUp foodPreferenceModifier foodType for forecastReason forecastStatus form frames \
    frequency frequencyMax friendly fScore function fundingSource fundsReserve fundsReserveRequested generalCost \
    genomeBuild goal group groupSize gtFP guarantor hasMember header height high highNumerator hospitalization \
    hoursOfOperation id ifMatch ifNoneMatch imagingStudy immunizationEvent implicated improvementNotation inactive \
    include inforce information informationSequence ingredient initial initialFill initialSelected inner input \
    inResponseTo instance instruction insurance intendedRoute interpretation investigation isActive isSubpotent \
    issue item itemSequence keyword kinetics label laterality legal legalState length lensSpecification lethalDose50 \
    lifecycle limit lineItem link locationQualifier low lowerLimit lowNumerator manifestation manipulated \
    manipulation manufacturer maritalStatus material max maxDispense maxDosePerAdministration maxDosePerLifetime \
    maxLength maxVolumeToDeliver meaning measureScore media medicineClassification medium meta min mitigation \
    modality modelNumber modifier monitoringProgram monograph morphology multipleBirthInteger mustSupport need net \
    network notAvailable note noteNumber notificationEvent notificationShape number numberOfInstances \
    numberOfRepeatsAllowed numberOfSeries numerator numFN numFP numTP nutrient objective observedAllele observedSeq \
    offer offset onAdmission onHold oralDiet order orderDetail orderedBy originalPrescription outcomeDesc outer \
    output outputParameters overbooked overrideReason packaging parameter parent parentDevice part participant \
    participantType partNumber path patientCharacteristics patientInstruction payeeType payloadType payment \
    paymentAmount paymentStatus paymentTerms performerRole performerType period periodMax periodType phase \
    physicalCharacteristics physicalType plan planningHorizon pointer points policyRule population position power \
    practiceSetting precedence precision prediction preferred preparationInstruction prescription presentedForm \
    previous priceComponent priceOverride primaryPurposeType primarySource priorPrescription priorRequest prism \
    probabilityDecimal problem procedure procedureSequence processing processNote product productName \
    productOrService productRelatedness productType program programEligibility progress property protocolApplied \
    provision publisher purpose purposeOfEvent purposeOfUse pushTypeAvailable qualification qualifiers \
    qualitativeRisk quality quantity query queryCriteria queryFP queryTP question rank rationale reaction \
    readCoverage reAdmission readOnly readsetId reason reasonStopped recall recommendation ref referenceAllele \
    referenceDocument referenceSeq referenceSeqId referenceSeqPointer referral referralMethod referralRequest \
    regulatory regulatoryAuthority related relatedAction relatedArtifact relatedMedicationKnowledge relatesTo \
    relation relativeRisk relevantHistory repeat repeats repetitions report reported reportOrigin repository request \
    requestProvider requireBoth required requirement resource resourceTrigger response restriction \
    resultingCondition revenue revInclude roc route routeofAdministration safety scale schedule scope score search \
    searchParam section security securityContext securityLabel securityLabelNumber sensitivity sequence series \
    seriesDosesPositiveInt seriousness service serviceCategory serviceType sex shelfLifeStorage signature slot \
    software sopClass sort specialArrangement specialCourtesy specialization specialty specificCost specimen sphere \
    stage standardSequence statusHistory statusReason storage stratifier stratum strength structureVariant study \
    subDetail subDetailSequence subdetailSequence subjectMedicalHistory subjectResults subpotentReason subrogation \
    subscription subSite substance substitution subtitle subtype subType summary supplement suppliedItem \
    supportingImmunization supportingInfo supportingInformation supportingInfoSequence supportingPatientInformation \
    suspectEntity synonym systemType tag targetDisease targetLocation team temperature term text textEquivalent \
    texture timeOfDay timing title total totalGross totalNet totalPriceComponent truthFN truthTP udi udiCarrier \
    unitPrice upperLimit useContext usedUnsignedInt userSelected validationProcess validationStatus validationType \
    validator valueContactDetail valueContributor valueCount valueDataRequirement valueDecimal valueDistance \
    valuedItem valueId valueInteger valueParameterDefinition valuePositiveInt valueRelatedArtifact \
    valueTriggerDefinition valueUnsignedInt valueUsageContext variant variantPointer variantsetId variantType \
    verification verificationStatus verified version view wasSubstituted width windowEnd windowStart";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_end_in_types() {
        for (name, want) in [
            ("onsetDateTime", Some(Kind::Date(Moment::DateTime))),
            ("valueHumanName", Some(Kind::Name(Named::Person))),
            ("subjectReference", Some(Kind::Reference(To::Party))),
            ("medicationCodeableConcept", Some(Kind::Any)),
            ("reference", None),
            ("deviceAGE", None),
        ] {
            assert_eq!(by_type(name), want, "{name}");
        }
    }
}
