//! Enums of the proto in JSON: by name, as protobuf's own JSON has them.

/// Reads and writes one enum by its name.
macro_rules! by_name {
    ($module:ident, $kind:ty) => {
        pub(crate) mod $module {
            use serde::de::Error;
            use serde::{Deserialize, Deserializer, Serializer};

            pub(crate) fn serialize<S: Serializer>(value: &i32, to: S) -> Result<S::Ok, S::Error> {
                let known = <$kind>::try_from(*value).unwrap_or_default();
                to.serialize_str(known.as_str_name())
            }

            pub(crate) fn deserialize<'d, D: Deserializer<'d>>(from: D) -> Result<i32, D::Error> {
                let name = std::borrow::Cow::<'d, str>::deserialize(from)?;
                // The name is not repeated: it may be a text in the wrong place.
                <$kind>::from_str_name(&name).map(i32::from).ok_or_else(|| D::Error::custom("no such name"))
            }
        }
    };
}

by_name!(scope, crate::service::proto::Scope);
by_name!(format, crate::service::proto::RevealFormat);
