//! How the gateway shows an upstream who it is, as the perimeter's file has it.

use std::path::PathBuf;
use std::time::Duration;

use serde::Deserialize;

use super::file::{Wrong, is_token};
use super::{Auth, AwsKeys, Kind, Secret};
use crate::secret::foreign::Origin;

#[derive(Clone, Copy, PartialEq, Eq, Deserialize)]
pub(super) enum WrittenAuth {
    #[serde(rename = "api-key")]
    ApiKey,
    #[serde(rename = "entra")]
    Entra,
    #[serde(rename = "bearer")]
    Bearer,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct WrittenSecret {
    file: Option<PathBuf>,
    env: Option<String>,
    command: Option<String>,
    /// Seconds.
    lifetime: Option<u64>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct WrittenAws {
    key_id: Option<WrittenSecret>,
    secret: Option<WrittenSecret>,
    session: Option<WrittenSecret>,
    process: Option<String>,
    /// Seconds, of what the process prints.
    lifetime: Option<u64>,
}

/// How the gateway shows an upstream who it is.
pub(super) fn auth(
    kind: Kind,
    key: Option<WrittenSecret>,
    how: Option<WrittenAuth>,
    region: Option<String>,
    aws: Option<WrittenAws>,
) -> Result<Auth, Wrong> {
    match (kind, how) {
        (_, None) | (Kind::Azure, Some(WrittenAuth::ApiKey | WrittenAuth::Entra)) => {}
        (Kind::Anthropic, Some(WrittenAuth::ApiKey | WrittenAuth::Bearer)) => {}
        _ => {
            return Err(
                "auth: \"api-key\" or \"entra\" for kind azure, \"api-key\" or \"bearer\" for kind anthropic".into()
            );
        }
    }
    if kind == Kind::Bedrock {
        let region = region.filter(|region| is_token(region)).ok_or("region: needed for kind bedrock")?;
        let aws = aws.filter(|_| key.is_none()).ok_or("aws, and no key: needed for kind bedrock")?;
        let keys = match (aws.process, aws.key_id, aws.secret) {
            (Some(command), None, None) => AwsKeys::Process(Secret {
                origin: Origin::Command(command),
                lifetime: Some(Duration::from_secs(aws.lifetime.unwrap_or(AWS_LIFETIME))),
            }),
            (None, Some(key_id), Some(secret)) => AwsKeys::Parts {
                key_id: key_id.read()?,
                secret: secret.read()?,
                session: aws.session.map(WrittenSecret::read).transpose()?,
            },
            _ => return Err("aws: either process, or key_id and secret".into()),
        };
        return Ok(Auth::Aws { region, keys });
    }
    if region.is_some() || aws.is_some() {
        return Err("region and aws: for kind bedrock only".into());
    }
    let Some(key) = key.map(WrittenSecret::read).transpose()? else {
        return match kind {
            Kind::Compatible => Ok(Auth::None),
            _ => Err("key: needed, from file, env or command".into()),
        };
    };
    Ok(match (kind, how) {
        (Kind::Azure, None | Some(WrittenAuth::ApiKey)) => Auth::Header("api-key", key),
        (Kind::Anthropic, None | Some(WrittenAuth::ApiKey)) => Auth::Header("x-api-key", key),
        _ => Auth::Bearer(key),
    })
}

impl WrittenSecret {
    fn read(self) -> Result<Secret, Wrong> {
        let origin = match (self.file, self.env, self.command) {
            (Some(path), None, None) => Origin::File(path),
            (None, Some(name), None) => Origin::Env(name),
            (None, None, Some(command)) => Origin::Command(command),
            _ => return Err("a secret comes from one of file, env and command".into()),
        };
        if self.lifetime.is_some_and(|seconds| !(1..=MOST_LIFETIME).contains(&seconds)) {
            return Err("lifetime: seconds, from 1 to 604800".into());
        }
        Ok(Secret { origin, lifetime: self.lifetime.map(Duration::from_secs) })
    }
}

/// A week, in seconds.
const MOST_LIFETIME: u64 = 604_800;
/// Seconds for which credentials of AWS are taken to be good that do not say it.
const AWS_LIFETIME: u64 = 900;
