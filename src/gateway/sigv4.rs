//! Signatures of AWS, version 4, for requests whose body is there as a whole.
//!
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html>

use hmac::{Hmac, KeyInit, Mac};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use crate::service::shelf::hex;

/// Who signs.
pub(crate) struct Signer<'k> {
    pub(crate) key_id: &'k str,
    pub(crate) secret: &'k str,
    pub(crate) region: &'k str,
    pub(crate) service: &'k str,
}

/// What is signed.
pub(crate) struct Signed<'r> {
    pub(crate) method: &'r str,
    /// As it is sent: percent-encoded once.
    pub(crate) path: &'r str,
    /// Percent-encoded and sorted, or empty.
    pub(crate) query: &'r str,
    /// Names in lower case, values without space around them.
    pub(crate) headers: &'r [(&'r str, &'r str)],
    pub(crate) body: &'r [u8],
}

/// When a request is signed, as the header `x-amz-date` has it: `20150830T123600Z`.
pub(crate) fn date(at: Timestamp) -> String {
    let at = at.to_zoned(TimeZone::UTC);
    let (day, time) = (at.date(), at.time());
    format!(
        "{:04}{:02}{:02}T{:02}{:02}{:02}Z",
        day.year(),
        day.month(),
        day.day(),
        time.hour(),
        time.minute(),
        time.second()
    )
}

impl Signer<'_> {
    /// The value of the header `authorization`; `date` is that of [`date`], and among the headers.
    pub(crate) fn authorization(&self, request: &Signed<'_>, date: &str) -> String {
        let mut headers = request.headers.to_vec();
        headers.sort_unstable();
        let names = headers.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(";");
        let mut canonical = format!("{}\n{}\n{}\n", request.method, encoded_path(request.path), request.query);
        for (name, value) in &headers {
            canonical.push_str(&format!("{name}:{value}\n"));
        }
        canonical.push_str(&format!("\n{names}\n{}", hex(&Sha256::digest(request.body))));
        let day = date.get(..8).unwrap_or_default();
        let scope = format!("{day}/{}/{}/aws4_request", self.region, self.service);
        let text = format!("AWS4-HMAC-SHA256\n{date}\n{scope}\n{}", hex(&Sha256::digest(canonical.as_bytes())));
        let first = Zeroizing::new(format!("AWS4{}", self.secret));
        let mut key = Zeroizing::new(mac(first.as_bytes(), day.as_bytes()));
        for part in [self.region, self.service, "aws4_request"] {
            *key = mac(key.as_slice(), part.as_bytes());
        }
        let signature = hex(&mac(key.as_slice(), text.as_bytes()));
        format!("AWS4-HMAC-SHA256 Credential={}/{scope}, SignedHeaders={names}, Signature={signature}", self.key_id)
    }
}

/// Services other than S3 sign the path encoded once more.
fn encoded_path(path: &str) -> String {
    path.split('/').map(super::route::encoded).collect::<Vec<_>>().join("/")
}

fn mac(key: &[u8], text: &[u8]) -> [u8; 32] {
    #[allow(clippy::expect_used)] // RFC 2104
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes keys of every length");
    mac.update(text);
    mac.finalize().into_bytes().into()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    /// AWS's own test suite: key, date, region and service of all its cases.
    const SIGNER: Signer<'static> = Signer {
        key_id: "AKIDEXAMPLE",
        secret: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY",
        region: "us-east-1",
        service: "service",
    };
    const DATE: &str = "20150830T123600Z";

    #[test]
    fn signatures_are_those_of_the_published_suite() {
        for (name, method, query, headers, want) in [
            ("get-vanilla", "GET", "", &[][..], "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"),
            ("post-vanilla", "POST", "", &[], "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b"),
            (
                "get-vanilla-query-order-key-case",
                "GET",
                "Param1=value1&Param2=value2",
                &[],
                "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500",
            ),
            (
                "post-header-key-sort",
                "POST",
                "",
                &[("my-header1", "value1")],
                "c5410059b04c1ee005303aed430f6e6645f61f4dc9e1461ec8f8916fdf18852c",
            ),
        ] {
            let mut headers = headers.to_vec();
            headers.extend([("host", "example.amazonaws.com"), ("x-amz-date", DATE)]);
            let request = Signed { method, path: "/", query, headers: &headers, body: b"" };
            let value = SIGNER.authorization(&request, DATE);
            assert!(value.ends_with(&format!("Signature={want}")), "{name}: {value}");
        }
    }

    #[test]
    fn the_example_of_the_user_guide() {
        let signer = Signer { service: "iam", ..SIGNER };
        let headers = [
            ("content-type", "application/x-www-form-urlencoded; charset=utf-8"),
            ("host", "iam.amazonaws.com"),
            ("x-amz-date", DATE),
        ];
        let query = "Action=ListUsers&Version=2010-05-08";
        let request = Signed { method: "GET", path: "/", query, headers: &headers, body: b"" };
        assert_eq!(
            signer.authorization(&request, DATE),
            "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/iam/aws4_request, \
             SignedHeaders=content-type;host;x-amz-date, \
             Signature=5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7"
        );
    }

    #[test]
    fn paths_are_encoded_once_more_and_dates_are_in_utc() {
        assert_eq!(encoded_path("/model/a%3A0/converse"), "/model/a%253A0/converse");
        assert_eq!(date(Timestamp::from_second(1_440_938_160).unwrap()), DATE);
    }
}
