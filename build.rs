//! Compiles `proto/` for the service, without protoc.

fn main() -> Result<(), Box<dyn std::error::Error>> {
    println!("cargo::rerun-if-changed=build.rs");
    #[cfg(feature = "service")]
    service::compile()?;
    Ok(())
}

#[cfg(feature = "service")]
mod service {
    use std::error::Error;
    use std::path::PathBuf;

    /// Messages that JSON over HTTP takes and gives.
    const JSON: [&str; 21] = [
        "Segment",
        "ContextField",
        "Options",
        "DeidentifyRequest",
        "DeidentifyResponse",
        "ScrubbedSegment",
        "Span",
        "Timings",
        "Versions",
        "RevealOptions",
        "RevealRequest",
        "RevealResponse",
        "Revealed",
        "DetectRequest",
        "DetectResponse",
        "DetectedSegment",
        "ListPoliciesRequest",
        "ListPoliciesResponse",
        "PolicyInfo",
        "GetVersionRequest",
        "GetVersionResponse",
    ];

    pub(super) fn compile() -> Result<(), Box<dyn Error>> {
        println!("cargo::rerun-if-changed=proto");
        let mut compiler = protox::Compiler::new(["proto"])?;
        compiler.include_source_info(true).open_file("deidre/v1/deidre.proto")?;
        let out = PathBuf::from(std::env::var("OUT_DIR")?);
        std::fs::write(out.join("deidre.bin"), compiler.encode_file_descriptor_set())?;
        let mut builder = tonic_prost_build::configure()
            // What prost would derive shows all text: messages have a Debug of their own.
            .skip_debug(["."])
            .btree_map(".")
            .field_attribute("deidre.v1.Options.scope", "#[serde(with = \"super::names::scope\")]")
            .field_attribute("deidre.v1.RevealOptions.format", "#[serde(with = \"super::names::format\")]");
        for name in JSON {
            builder = builder.type_attribute(
                format!("deidre.v1.{name}"),
                "#[derive(serde::Serialize, serde::Deserialize)] #[serde(default, deny_unknown_fields)]",
            );
        }
        builder.compile_fds(compiler.file_descriptor_set())?;
        Ok(())
    }
}
