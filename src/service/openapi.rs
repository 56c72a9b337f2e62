//! The description of JSON over HTTP, made from the proto: one place for each fact.

use std::collections::BTreeMap;

use prost::Message;
use prost_types::field_descriptor_proto::{Label, Type};
use prost_types::{DescriptorProto, EnumDescriptorProto, FileDescriptorProto, FileDescriptorSet};
use serde_json::{Map, Value, json};

use super::proto::DESCRIPTORS;

/// The document in OpenAPI 3.1; `None` if the proto that was compiled in cannot be read.
pub(crate) fn description() -> Option<String> {
    let set = FileDescriptorSet::decode(DESCRIPTORS).ok()?;
    let file = set.file.into_iter().find(|file| file.package() == PACKAGE)?;
    let comments = Comments::of(&file);
    let mut schemas = Map::new();
    for (number, message) in file.message_type.iter().enumerate().filter(|(_, m)| !m.name().contains("Stream")) {
        schemas.insert(message.name().to_owned(), schema(message, number as i32, &comments));
    }
    for (number, named) in file.enum_type.iter().enumerate() {
        schemas.insert(named.name().to_owned(), names(named, number as i32, &comments));
    }
    schemas.insert("Problem".to_owned(), problem());
    let mut paths = Map::new();
    for (path, method, request, response) in PATHS {
        let refers = |name: &str| json!({ "$ref": format!("#/components/schemas/{name}") });
        let content = |name: &str| json!({ "application/json": { "schema": refers(name) } });
        let mut operation = json!({
            "operationId": method,
            "summary": comments.of_method(&file, method),
            "responses": {
                "200": { "description": "OK", "content": content(response) },
                "default": {
                    "description": "not answered",
                    "content": { "application/problem+json": { "schema": refers("Problem") } },
                },
            },
        });
        let verb = if request.is_empty() { "get" } else { "post" };
        if let (false, Some(operation)) = (request.is_empty(), operation.as_object_mut()) {
            operation.insert("requestBody".to_owned(), json!({ "required": true, "content": content(request) }));
        }
        paths.insert(path.to_owned(), json!({ verb: operation }));
    }
    let document = json!({
        "openapi": "3.1.0",
        "info": { "title": "Deidre", "version": env!("CARGO_PKG_VERSION") },
        "paths": paths,
        "components": {
            "schemas": schemas,
            "securitySchemes": { "bearer": { "type": "http", "scheme": "bearer" } },
        },
        "security": [{ "bearer": [] }, {}],
    });
    Some(document.to_string())
}

/// What stands above things in the proto, by where they stand.
struct Comments(BTreeMap<Vec<i32>, String>);

impl Comments {
    fn of(file: &FileDescriptorProto) -> Self {
        let all = file.source_code_info.iter().flat_map(|info| &info.location);
        let said = all.filter_map(|place| Some((place.path.clone(), join(place.leading_comments.as_deref()?))));
        Self(said.collect())
    }

    fn at(&self, path: &[i32]) -> &str {
        self.0.get(path).map_or("", String::as_str)
    }

    fn of_method(&self, file: &FileDescriptorProto, name: &str) -> &str {
        let methods = file.service.first().map_or(&[][..], |service| &service.method);
        let at = methods.iter().position(|method| method.name() == name);
        at.map_or("", |at| self.at(&[SERVICE, 0, METHOD, at as i32]))
    }
}

fn schema(message: &DescriptorProto, number: i32, comments: &Comments) -> Value {
    let mut properties = Map::new();
    for (at, field) in message.field.iter().enumerate() {
        let kind = field.type_name().rsplit('.').next().unwrap_or_default();
        let is_map = kind == "CountsEntry";
        let one = match field.r#type() {
            _ if is_map => json!({ "type": "object", "additionalProperties": { "type": "integer" } }),
            Type::String => json!({ "type": "string" }),
            Type::Bool => json!({ "type": "boolean" }),
            Type::Float | Type::Double => json!({ "type": "number" }),
            Type::Message | Type::Enum => json!({ "$ref": format!("#/components/schemas/{kind}") }),
            _ => json!({ "type": "integer" }),
        };
        let is_list = field.label() == Label::Repeated && !is_map;
        let mut value = if is_list { json!({ "type": "array", "items": one }) } else { one };
        let said = comments.at(&[MESSAGE, number, FIELD, at as i32]);
        if let (false, Some(value)) = (said.is_empty(), value.as_object_mut()) {
            value.insert("description".to_owned(), json!(said));
        }
        properties.insert(field.name().to_owned(), value);
    }
    json!({
        "type": "object",
        "description": comments.at(&[MESSAGE, number]),
        "properties": properties,
        "additionalProperties": false,
    })
}

fn names(named: &EnumDescriptorProto, number: i32, comments: &Comments) -> Value {
    let names: Vec<&str> = named.value.iter().map(|value| value.name()).collect();
    json!({ "type": "string", "enum": names, "description": comments.at(&[ENUM, number]) })
}

/// A problem of RFC 9457, as [`Fault`](super::fault::Fault) writes it.
fn problem() -> Value {
    json!({
        "type": "object",
        "properties": {
            "type": { "type": "string" },
            "title": { "type": "string" },
            "status": { "type": "integer" },
            "detail": { "type": "string" },
            "reason": { "type": "string" },
            "code": { "type": "integer", "description": "The code of gRPC." },
            "violations": { "type": "array", "items": { "type": "object", "properties": {
                "field": { "type": "string" },
                "description": { "type": "string" },
            } } },
        },
    })
}

fn join(comment: &str) -> String {
    comment.lines().map(str::trim).filter(|line| !line.is_empty()).collect::<Vec<_>>().join(" ")
}

/// Path, method of the service, its message and its answer; no message where it is read by GET.
const PATHS: [(&str, &str, &str, &str); 5] = [
    ("/v1/deidentify", "Deidentify", "DeidentifyRequest", "DeidentifyResponse"),
    ("/v1/detect", "Detect", "DetectRequest", "DetectResponse"),
    ("/v1/reveal", "Reveal", "RevealRequest", "RevealResponse"),
    ("/v1/policies", "ListPolicies", "", "ListPoliciesResponse"),
    ("/v1/version", "GetVersion", "", "GetVersionResponse"),
];
const PACKAGE: &str = "deidre.v1";
// Numbers of fields in google.protobuf's descriptors.
const MESSAGE: i32 = 4;
const ENUM: i32 = 5;
const SERVICE: i32 = 6;
const METHOD: i32 = 2;
const FIELD: i32 = 2;

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn the_description_refers_to_what_it_has_and_says_what_the_proto_says() {
        let text = description().unwrap();
        let document: Value = serde_json::from_str(&text).unwrap();
        let schemas = document["components"]["schemas"].as_object().unwrap();
        let parts: Vec<&str> = text.split("#/components/schemas/").skip(1).collect();
        assert!(parts.len() > 20);
        for part in parts {
            let name = part.split('"').next().unwrap();
            assert!(schemas.contains_key(name), "{name}");
        }
        assert!(document["paths"]["/v1/deidentify"]["post"]["summary"].as_str().unwrap().starts_with("Scrubs"));
        let options = &schemas["Options"]["properties"];
        assert_eq!(options["scope"]["$ref"], "#/components/schemas/Scope");
        assert!(options["document"]["description"].as_str().unwrap().contains("document"));
        assert_eq!(schemas["Scope"]["enum"][1], "SCOPE_CORPUS");
        assert_eq!(schemas["DeidentifyResponse"]["properties"]["counts"]["type"], "object");
    }
}
