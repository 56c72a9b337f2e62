//! Secrets of others, such as the key of a provider: one line of text from a file, the environment or a command.

use std::path::PathBuf;

use zeroize::Zeroizing;

use super::{KeyError, source};

/// Where a secret comes from. Never the secret itself.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Origin {
    File(PathBuf),
    /// A variable of the environment.
    Env(String),
    /// A command of the shell, see [`Keyring::from_command`](super::Keyring::from_command).
    Command(String),
}

impl Origin {
    /// The text, without the space around it.
    ///
    /// # Errors
    ///
    /// When it is not there, is empty, too long, or may be read by others. Nothing of it is in an error.
    pub(crate) fn read(&self) -> Result<Zeroizing<String>, KeyError> {
        let bytes = match self {
            Origin::File(path) => {
                let file = std::fs::File::open(path)?;
                source::check_mode(&file.metadata()?)?;
                source::read(file)?
            }
            Origin::Env(name) => Zeroizing::new(std::env::var_os(name).unwrap_or_default().into_encoded_bytes()),
            Origin::Command(command) => source::run(command, source::PATIENCE)?,
        };
        let text = source::utf8(&bytes)?.trim();
        if text.is_empty() {
            return Err(KeyError::Empty);
        }
        Ok(Zeroizing::new(text.to_owned()))
    }
}

#[cfg(all(test, unix))]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn a_secret_is_read_from_where_it_is_and_nowhere_else() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key");
        std::fs::write(&path, "zeppelina\n").unwrap();
        std::fs::set_permissions(&path, PermissionsExt::from_mode(0o600)).unwrap();
        assert_eq!(*Origin::File(path.clone()).read().unwrap(), "zeppelina");
        assert_eq!(*Origin::Command("echo zeppelina".into()).read().unwrap(), "zeppelina");
        std::fs::set_permissions(&path, PermissionsExt::from_mode(0o644)).unwrap();
        for origin in [
            Origin::File(path),
            Origin::File(folder.path().join("none")),
            Origin::Env("DEIDRE_TEST_NO_SUCH_VARIABLE".into()),
            Origin::Command("true".into()),
            Origin::Command("echo zeppelina; exit 1".into()),
        ] {
            let error = origin.read().unwrap_err();
            assert!(!format!("{error} {error:?}").contains("zeppelina"));
        }
    }
}
