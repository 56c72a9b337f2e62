//! Where the database is, how to get in, and what protects the way there.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use postgres::config::{Host, SslMode};
use postgres::{Client, Config, NoTls};
use tokio_postgres_rustls::MakeRustlsConnect;
use zeroize::Zeroizing;

use crate::trust::{self, TrustError};
use crate::vault::VaultError;

/// Read from a URL. Holds the password: it has no `Debug`.
pub(super) struct Address {
    config: Config,
    way: Way,
    schema: String,
}

/// What protects the way to the server.
enum Way {
    /// Nothing: a Unix socket, this machine, or `sslmode=disable`.
    Plain,
    /// TLS, with a certificate of a trusted issuer that names the host.
    Tls(MakeRustlsConnect),
}

impl Address {
    /// Reads `postgres://USER:PASSWORD@HOST:PORT/DATABASE?NAME=VALUE&...`.
    ///
    /// Beside the parameters of the `postgres` crate it takes `schema` (`deidre` if not given) and `sslrootcert`, a file of
    /// PEM certificates that replaces those the system trusts. A password that is not in the URL is taken from `PGPASSWORD`,
    /// then from the file `PGPASSFILE` or `~/.pgpass`. Whatever `sslmode` asks for TLS gets all of it, as `verify-full`
    /// does; without `sslmode` only a Unix socket and this machine are spoken to in plain text.
    ///
    /// # Errors
    ///
    /// When it is not understood, or asks for less or more protection than there is. No error holds any of the URL.
    pub(super) fn parse(url: &str) -> Result<Address, VaultError> {
        let rest = SCHEMES.iter().find_map(|scheme| url.strip_prefix(scheme)).ok_or_else(|| refuse(FORM))?;
        // A password may hold a question mark.
        let host = rest.find('@').map_or(0, |at| at + 1);
        let query = rest.get(host..).and_then(|rest| rest.find('?')).map_or(rest.len(), |at| host + at);
        let (front, query) = rest.split_at_checked(query).ok_or_else(|| refuse(FORM))?;

        let (mut schema, mut mode, mut roots) = ("deidre".to_owned(), None, None);
        let mut left = String::from(DEFAULTS);
        for pair in query.trim_start_matches('?').split('&').filter(|pair| !pair.is_empty()) {
            let (name, value) = pair.split_once('=').ok_or_else(|| refuse(FORM))?;
            match name {
                "schema" => schema = schema_name(value)?,
                "sslmode" => mode = Some(Mode::parse(value)?),
                "sslrootcert" => roots = Some(PathBuf::from(decoded(value)?)),
                _ => {
                    left.push('&');
                    left.push_str(pair);
                }
            }
        }
        let whole = Zeroizing::new(format!("postgres://{front}?{left}"));
        let mut config: Config = whole.parse().map_err(|_| refuse(FORM))?;
        if config.get_hosts().is_empty() && config.get_hostaddrs().is_empty() {
            config.host("/var/run/postgresql");
        }
        let way = way(&mut config, mode, roots.as_deref())?;
        if config.get_password().is_none() {
            give_password(&mut config)?;
        }
        Ok(Address { config, way, schema })
    }

    /// A new connection.
    ///
    /// # Errors
    ///
    /// When the server cannot be reached, or lets nobody in.
    pub(super) fn connect(&self) -> Result<Client, postgres::Error> {
        match &self.way {
            Way::Plain => self.config.connect(NoTls),
            Way::Tls(tls) => self.config.connect(tls.clone()),
        }
    }

    /// The schema that the tables are in: a name that needs no quotes.
    pub(super) fn schema(&self) -> &str {
        &self.schema
    }
}

/// What a URL says of TLS.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Mode {
    Disable,
    /// TLS if the server likes: it could be talked out of it.
    Prefer,
    Require,
}

impl Mode {
    fn parse(value: &str) -> Result<Mode, VaultError> {
        match value {
            "disable" => Ok(Mode::Disable),
            "allow" | "prefer" => Ok(Mode::Prefer),
            "require" | "verify-ca" | "verify-full" => Ok(Mode::Require),
            _ => Err(refuse("sslmode is one of disable, prefer, require, verify-ca, verify-full")),
        }
    }
}

fn way(config: &mut Config, mode: Option<Mode>, roots: Option<&Path>) -> Result<Way, VaultError> {
    let sockets = config.get_hosts().iter().filter(|host| !matches!(host, Host::Tcp(_))).count();
    if mode == Some(Mode::Require) && sockets > 0 {
        return Err(refuse("a Unix socket carries no TLS; leave sslmode out for one"));
    }
    let here = here(config);
    match mode {
        Some(Mode::Prefer) if !here => {
            return Err(refuse(
                "sslmode=prefer could be plain text without a word; say sslmode=verify-full, or sslmode=disable",
            ));
        }
        None if !here && sockets > 0 => {
            return Err(refuse("hosts are Unix sockets or on the network, not both"));
        }
        Some(Mode::Disable | Mode::Prefer) => {}
        None if here => {}
        Some(Mode::Require) | None => {
            config.ssl_mode(SslMode::Require);
            return Ok(Way::Tls(MakeRustlsConnect::new(trust::client(roots).map_err(untrusted)?)));
        }
    }
    if roots.is_some() {
        return Err(refuse("sslrootcert is given, but nothing asks for TLS; say sslmode=verify-full"));
    }
    config.ssl_mode(SslMode::Disable);
    Ok(Way::Plain)
}

/// Whether all of it stays on this machine.
fn here(config: &Config) -> bool {
    let hosts = config.get_hosts().iter().all(|host| match host {
        Host::Tcp(name) => {
            name.eq_ignore_ascii_case("localhost")
                || name.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
        }
        #[cfg(unix)]
        Host::Unix(_) => true,
    });
    hosts && config.get_hostaddrs().iter().all(std::net::IpAddr::is_loopback)
}

/// Where `sslrootcert` belongs in the message.
fn untrusted(error: TrustError) -> VaultError {
    refuse(&format!("sslrootcert: {error}"))
}

/// A name that means the same quoted and not.
fn schema_name(value: &str) -> Result<String, VaultError> {
    let mut bytes = value.bytes();
    let first = bytes.next().is_some_and(|b| b.is_ascii_lowercase() || b == b'_');
    let rest = bytes.all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_');
    // 63 bytes is what Postgres keeps of a name (NAMEDATALEN).
    if first && rest && value.len() <= 63 && !value.starts_with("pg_") {
        Ok(value.to_owned())
    } else {
        Err(refuse("schema is a name of at most 63 lower case letters, digits and _, and no pg_ in front"))
    }
}

/// With its %-escapes undone.
fn decoded(value: &str) -> Result<String, VaultError> {
    let mut bytes = value.bytes();
    let mut out = Vec::with_capacity(value.len());
    while let Some(byte) = bytes.next() {
        if byte != b'%' {
            out.push(byte);
            continue;
        }
        let mut digit = || bytes.next().and_then(|b| char::from(b).to_digit(16)).ok_or_else(|| refuse(FORM));
        let number = digit()? << 4 | digit()?;
        out.push(u8::try_from(number).map_err(|_| refuse(FORM))?);
    }
    String::from_utf8(out).map_err(|_| refuse(FORM))
}

fn give_password(config: &mut Config) -> Result<(), VaultError> {
    if let Some(password) = std::env::var_os("PGPASSWORD").filter(|password| !password.is_empty()) {
        config.password(Zeroizing::new(password.into_encoded_bytes()).as_slice());
        return Ok(());
    }
    let file = std::env::var_os("PGPASSFILE").map(PathBuf::from);
    let file = file.or_else(|| Some(PathBuf::from(std::env::var_os("HOME")?).join(".pgpass")));
    let Some(text) = file.and_then(|file| File::open(file).ok()) else { return Ok(()) };
    let mut lines = Zeroizing::new(String::new());
    (&text).take(1 << 20).read_to_string(&mut lines).map_err(VaultError::Io)?;
    if let Some(password) = listed(&lines, config) {
        only_ours(&text)?;
        config.password(password.as_bytes());
    }
    Ok(())
}

/// libpq passes over such a file; here it is refused, so that it is not taken for a wrong password.
#[cfg(unix)]
fn only_ours(file: &File) -> Result<(), VaultError> {
    use std::os::unix::fs::PermissionsExt;
    let about = file.metadata().map_err(VaultError::Io)?;
    if about.is_file() && about.permissions().mode() & 0o077 != 0 {
        return Err(refuse("the file of passwords may be read by others; run chmod 600 on ~/.pgpass"));
    }
    Ok(())
}

#[cfg(not(unix))]
fn only_ours(_: &File) -> Result<(), VaultError> {
    Ok(())
}

/// The password of the first line `host:port:database:user:password` that fits; `*` fits all, a backslash escapes.
/// <https://www.postgresql.org/docs/current/libpq-pgpass.html>
fn listed(lines: &str, config: &Config) -> Option<Zeroizing<String>> {
    let user = config.get_user().map_or_else(|| std::env::var("USER").unwrap_or_default(), str::to_owned);
    let database = config.get_dbname().unwrap_or(&user);
    let port = config.get_ports().first().copied().unwrap_or(5432).to_string();
    let host = match config.get_hosts().first() {
        Some(Host::Tcp(name)) => name.clone(),
        #[cfg(unix)]
        Some(Host::Unix(path)) if path != Path::new("/var/run/postgresql") => path.to_string_lossy().into_owned(),
        _ => "localhost".to_owned(),
    };
    let wanted = [host.as_str(), port.as_str(), database, user.as_str()];
    lines.lines().filter(|line| !line.starts_with('#')).find_map(|line| {
        let mut fields = fields(line).into_iter();
        let fits = wanted.iter().all(|want| {
            fields.next().is_some_and(|(field, plain)| (plain && field.as_str() == "*") || field.as_str() == *want)
        });
        fields.next().filter(|_| fits).map(|(password, _)| password)
    })
}

/// The five fields of a line, and whether each was without escapes.
fn fields(line: &str) -> Vec<(Zeroizing<String>, bool)> {
    let mut fields = vec![(Zeroizing::new(String::with_capacity(line.len())), true)];
    let mut chars = line.chars();
    while let Some(c) = chars.next() {
        if c == ':' && fields.len() < 5 {
            fields.push((Zeroizing::new(String::with_capacity(line.len())), true));
            continue;
        }
        let Some((field, plain)) = fields.last_mut() else { break };
        match c {
            '\\' => {
                *plain = false;
                field.extend(chars.next());
            }
            c => field.push(c),
        }
    }
    fields
}

fn refuse(why: &str) -> VaultError {
    VaultError::Database(why.to_owned())
}

const SCHEMES: [&str; 2] = ["postgres://", "postgresql://"];

const FORM: &str = "the URL is not understood; it is postgres://USER:PASSWORD@HOST:PORT/DATABASE?sslmode=verify-full, \
                    with @ : / ? & # % in names and the password written as %40 %3A %2F %3F %26 %23 %25";

/// What a URL may say otherwise: seconds until a server is given up that does not answer or has gone away.
const DEFAULTS: &str = "application_name=deidre&connect_timeout=10&tcp_user_timeout=60&keepalives_idle=60\
                        &keepalives_interval=10&keepalives_retries=6";

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic)]
    use super::*;

    fn config(url: &str) -> Config {
        Address::parse(url).unwrap_or_else(|error| panic!("{url}: {error}")).config
    }

    #[test]
    fn what_goes_over_a_network_is_never_silently_plain() {
        // P plain, T TLS, R refused.
        let rows = [
            ("postgres://u:p@localhost/d", 'P'),
            ("postgres://u:p@127.0.0.1:5433/d", 'P'),
            ("postgresql://u:p@[::1]/d", 'P'),
            ("postgres://u:p@%2Ftmp%2Fx:5433/d", 'P'),
            ("postgres:///d", 'P'),
            ("postgres://u:p@localhost/d?sslmode=prefer", 'P'),
            ("postgres://u:p@localhost/d?sslmode=disable", 'P'),
            ("postgres://u:p@db.example.org/d?sslmode=disable", 'P'),
            ("postgres://u:p@db.example.org/d", 'T'),
            ("postgres://u:p@db.example.org/d?sslmode=require", 'T'),
            ("postgres://u:p@db.example.org,localhost/d", 'T'),
            ("postgres://u:p@localhost/d?hostaddr=192.0.2.1", 'T'),
            ("postgres://u:p@localhost/d?sslmode=verify-ca", 'T'),
            ("postgres://u:p@localhost/d?sslmode=verify-full", 'T'),
            ("postgres://u:p@db.example.org/d?sslmode=prefer", 'R'),
            ("postgres://u:p@db.example.org/d?sslmode=allow", 'R'),
            ("postgres://u:p@db.example.org/d?sslmode=verify_full", 'R'),
            ("postgres://u:p@db.example.org/d?sslmode=", 'R'),
            ("postgres://u:p@db.example.org/d?sslmode=verify-full&sslrootcert=/no/such/file", 'R'),
            ("postgres://u:p@db.example.org/d?sslcert=/no/such/file", 'R'),
            ("postgres://u:p@localhost/d?sslrootcert=/no/such/file", 'R'),
            ("postgres://u:p@%2Ftmp%2Fx/d?sslmode=require", 'R'),
            ("postgres://u:p@%2Ftmp%2Fx,db.example.org/d", 'R'),
        ];
        for (url, want) in rows {
            // Certificates of their own, so that it does not matter what the system trusts.
            let file = tempfile::NamedTempFile::new().unwrap();
            std::fs::write(file.path(), CERTIFICATE).unwrap();
            let more = if url.contains('?') { '&' } else { '?' };
            let url = match want {
                'T' => format!("{url}{more}sslrootcert={}", file.path().display()),
                _ => url.to_owned(),
            };
            let is = match Address::parse(&url) {
                Ok(Address { way: Way::Plain, config, .. }) if config.get_ssl_mode() == SslMode::Disable => 'P',
                Ok(Address { way: Way::Tls(_), config, .. }) if config.get_ssl_mode() == SslMode::Require => 'T',
                Ok(_) => 'X',
                Err(_) => 'R',
            };
            assert_eq!(is, want, "{url}");
        }
    }

    #[test]
    fn no_error_holds_any_of_the_url() {
        let rows = [
            "zeppelina",
            "mysql://u:zeppelina@h/d",
            "host=h password=zeppelina",
            "postgres://u:zeppelina@h:port/d",
            "postgres://u:zeppelina@h/d?zeppelina",
            "postgres://u:zeppelina@h/d?zeppelina=1",
            "postgres://u:zep@h?zeppelina=1@x/d",
            "postgres://u:zeppelina@h/d?schema=Zeppelina",
            "postgres://u:zeppelina@h/d?schema=zeppelina-",
            "postgres://u:zeppelina@h/d?sslmode=zeppelina",
            "postgres://u:zeppelina@h/d?sslrootcert=zeppelina%",
            "postgres://u:zeppelina@h/d?sslmode=require&sslrootcert=zeppelina",
            "postgres://u:zeppelina@h/d?connect_timeout=zeppelina",
        ];
        for url in rows {
            let error = Address::parse(url).err().unwrap_or_else(|| panic!("{url}"));
            let shown = format!("{error} {error:?}").to_lowercase();
            assert!(!shown.contains("zeppelina"), "{shown}");
        }
    }

    #[test]
    fn parameters_are_read_and_may_replace_what_is_set() {
        let address = Address::parse("postgres://u:a?b@localhost/d?schema=ward_7&connect_timeout=3").unwrap();
        assert_eq!((address.schema(), address.config.get_password()), ("ward_7", Some(b"a?b".as_slice())));
        assert_eq!(address.config.get_connect_timeout().map(std::time::Duration::as_secs), Some(3));
        assert_eq!(config("postgres://u:p@localhost/d").get_application_name(), Some("deidre"));
        assert_eq!(config("postgres://u:p@localhost/d?application_name=x").get_application_name(), Some("x"));
        assert_eq!(Address::parse("postgres:///d").unwrap().schema(), "deidre");
        assert_eq!(decoded("%2Ftmp%2fa+b").unwrap(), "/tmp/a+b");
    }

    #[test]
    fn passwords_are_found_as_libpq_finds_them() {
        let lines =
            "# zeppelina\nh:5432:d:v:one\nh:5433:*:u:two\nh:5432:d:u:th\\:r:ee\\\\\n*:*:*:w:four\nlocalhost:*:*:x:five";
        let rows = [
            ("postgres://v@h/d", Some("one")),
            ("postgres://u@h:5433/e", Some("two")),
            ("postgres://u@h/d", Some("th:r:ee\\")),
            ("postgres://w@other:1/x", Some("four")),
            ("postgres://x@localhost/x", Some("five")),
            ("postgres://x@%2Fvar%2Frun%2Fpostgresql/x", Some("five")),
            ("postgres://x@%2Ftmp/x", None),
            ("postgres://u@h/e", None),
            ("postgres://u@g/d", None),
            ("postgres://h@h/h", None),
        ];
        for (url, want) in rows {
            let config: Config = url.parse().unwrap();
            assert_eq!(listed(lines, &config).as_deref().map(String::as_str), want, "{url}");
        }
    }

    /// Of no use: its key was thrown away.
    const CERTIFICATE: &str = "\
-----BEGIN CERTIFICATE-----
MIIBfjCCASOgAwIBAgIUahf7UpBRBM0deIE9/QlYoOiKxXIwCgYIKoZIzj0EAwIw
FDESMBAGA1UEAwwJbG9jYWxob3N0MB4XDTI2MTEyMjA3MTM1NloXDTM2MTExOTA3
MTM1NlowFDESMBAGA1UEAwwJbG9jYWxob3N0MFkwEwYHKoZIzj0CAQYIKoZIzj0D
AQcDQgAE2qI00ief8bEvKQqmQBBcit+xSmkgAT1/8D4DlCHaQEdjQfUiDWGNXx7z
GbE6hBT+Raz228Izjuy7HkUUfF/9M6NTMFEwHQYDVR0OBBYEFF8WhnUv2ReA0k5I
R4S/zTiX3SJ4MB8GA1UdIwQYMBaAFF8WhnUv2ReA0k5IR4S/zTiX3SJ4MA8GA1Ud
EwEB/wQFMAMBAf8wCgYIKoZIzj0EAwIDSQAwRgIhAMjdiW4g/R1FAMGh4zHx6Ju/
0/Fx54yTNrm/4KbhQvrFAiEAwrJVad0qRdPba5cnhZCC/ImRyBLEp+2cNobRoqKP
0Xw=
-----END CERTIFICATE-----
";
}
