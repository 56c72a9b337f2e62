//! The kinds of resources of FHIR R4, and what an identifier of each is when nothing else says so.

use crate::identifier::Label;

/// A kind of resource, or none.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) struct Resource(u8);

impl Resource {
    /// No resource: JSON of another kind.
    pub(crate) const NONE: Resource = Resource(0);

    /// The kind of that name.
    pub(crate) fn named(name: &str) -> Option<Resource> {
        if !name.starts_with(|c: char| c.is_ascii_uppercase()) {
            return None;
        }
        NAMES.binary_search(&name).ok().map(|at| Resource(at as u8 + 1))
    }

    /// The name; empty for none.
    pub(crate) fn name(self) -> &'static str {
        usize::from(self.0).checked_sub(1).and_then(|at| NAMES.get(at)).copied().unwrap_or_default()
    }

    /// Whether what has an id of this kind is a person.
    pub(crate) fn is_person(self) -> bool {
        matches!(self.name(), "Patient" | "Person" | "Practitioner" | "RelatedPerson")
    }

    /// Whether it is a place or an organisation.
    pub(crate) fn is_facility(self) -> bool {
        matches!(self.name(), "HealthcareService" | "Location" | "Organization" | "OrganizationAffiliation")
    }

    /// Whether it defines how others are written, so that its id names no person's data.
    pub(crate) fn is_definition(self) -> bool {
        let name = self.name();
        name.ends_with("Definition") && name != "DeviceDefinition"
            || matches!(
                name,
                "CapabilityStatement"
                    | "CodeSystem"
                    | "ConceptMap"
                    | "ImplementationGuide"
                    | "Library"
                    | "Measure"
                    | "NamingSystem"
                    | "Questionnaire"
                    | "SearchParameter"
                    | "StructureMap"
                    | "TerminologyCapabilities"
                    | "ValueSet"
            )
    }

    /// What an identifier of it is when neither its type nor its system says so.
    pub(crate) fn identifier(self) -> Label {
        match self.name() {
            "Patient" | "Person" => Label::Mrn,
            "Coverage" | "CoverageEligibilityRequest" | "CoverageEligibilityResponse" | "EnrollmentRequest" => {
                Label::HealthPlan
            }
            "Account"
            | "ChargeItem"
            | "Claim"
            | "ClaimResponse"
            | "Encounter"
            | "EpisodeOfCare"
            | "ExplanationOfBenefit"
            | "Invoice"
            | "PaymentNotice"
            | "PaymentReconciliation" => Label::Account,
            "Practitioner" | "PractitionerRole" => Label::License,
            "Device" => Label::Device,
            _ => Label::OtherId,
        }
    }
}

/// Sorted. <https://hl7.org/fhir/R4/resourcelist.html>
const NAMES: &[&str] = &[
    "Account",
    "ActivityDefinition",
    "AdverseEvent",
    "AllergyIntolerance",
    "Appointment",
    "AppointmentResponse",
    "AuditEvent",
    "Basic",
    "Binary",
    "BiologicallyDerivedProduct",
    "BodyStructure",
    "Bundle",
    "CapabilityStatement",
    "CarePlan",
    "CareTeam",
    "CatalogEntry",
    "ChargeItem",
    "ChargeItemDefinition",
    "Claim",
    "ClaimResponse",
    "ClinicalImpression",
    "CodeSystem",
    "Communication",
    "CommunicationRequest",
    "CompartmentDefinition",
    "Composition",
    "ConceptMap",
    "Condition",
    "Consent",
    "Contract",
    "Coverage",
    "CoverageEligibilityRequest",
    "CoverageEligibilityResponse",
    "DetectedIssue",
    "Device",
    "DeviceDefinition",
    "DeviceMetric",
    "DeviceRequest",
    "DeviceUseStatement",
    "DiagnosticReport",
    "DocumentManifest",
    "DocumentReference",
    "EffectEvidenceSynthesis",
    "Encounter",
    "Endpoint",
    "EnrollmentRequest",
    "EnrollmentResponse",
    "EpisodeOfCare",
    "EventDefinition",
    "Evidence",
    "EvidenceVariable",
    "ExampleScenario",
    "ExplanationOfBenefit",
    "FamilyMemberHistory",
    "Flag",
    "Goal",
    "GraphDefinition",
    "Group",
    "GuidanceResponse",
    "HealthcareService",
    "ImagingStudy",
    "Immunization",
    "ImmunizationEvaluation",
    "ImmunizationRecommendation",
    "ImplementationGuide",
    "InsurancePlan",
    "Invoice",
    "Library",
    "Linkage",
    "List",
    "Location",
    "Measure",
    "MeasureReport",
    "Media",
    "Medication",
    "MedicationAdministration",
    "MedicationDispense",
    "MedicationKnowledge",
    "MedicationRequest",
    "MedicationStatement",
    "MedicinalProduct",
    "MedicinalProductAuthorization",
    "MedicinalProductContraindication",
    "MedicinalProductIndication",
    "MedicinalProductIngredient",
    "MedicinalProductInteraction",
    "MedicinalProductManufactured",
    "MedicinalProductPackaged",
    "MedicinalProductPharmaceutical",
    "MedicinalProductUndesirableEffect",
    "MessageDefinition",
    "MessageHeader",
    "MolecularSequence",
    "NamingSystem",
    "NutritionOrder",
    "Observation",
    "ObservationDefinition",
    "OperationDefinition",
    "OperationOutcome",
    "Organization",
    "OrganizationAffiliation",
    "Parameters",
    "Patient",
    "PaymentNotice",
    "PaymentReconciliation",
    "Person",
    "PlanDefinition",
    "Practitioner",
    "PractitionerRole",
    "Procedure",
    "Provenance",
    "Questionnaire",
    "QuestionnaireResponse",
    "RelatedPerson",
    "RequestGroup",
    "ResearchDefinition",
    "ResearchElementDefinition",
    "ResearchStudy",
    "ResearchSubject",
    "RiskAssessment",
    "RiskEvidenceSynthesis",
    "Schedule",
    "SearchParameter",
    "ServiceRequest",
    "Slot",
    "Specimen",
    "SpecimenDefinition",
    "StructureDefinition",
    "StructureMap",
    "Subscription",
    "Substance",
    "SubstanceNucleicAcid",
    "SubstancePolymer",
    "SubstanceProtein",
    "SubstanceReferenceInformation",
    "SubstanceSourceMaterial",
    "SubstanceSpecification",
    "SupplyDelivery",
    "SupplyRequest",
    "Task",
    "TerminologyCapabilities",
    "TestReport",
    "TestScript",
    "ValueSet",
    "VerificationResult",
    "VisionPrescription",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_sorted_and_found() {
        assert!(NAMES.is_sorted() && NAMES.len() < 255);
        for name in NAMES {
            assert_eq!(Resource::named(name).map(Resource::name), Some(*name));
        }
        assert_eq!(Resource::named("patient"), None);
        assert_eq!(Resource::named(""), None);
        assert_eq!(Resource::NONE.name(), "");
    }
}
