//! A path on a server that cannot leave the folder it starts from and cannot become a command.

use crate::domain::Escaped;
use serde::{Deserialize, Serialize};
use std::fmt;

/// Bytes, relative, parts separated by `/`: no empty part, no `.` or `..`, no control character, no part over 255 bytes.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct RemotePath(Vec<u8>);

/// Why bytes are not a [`RemotePath`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RemotePathError {
    #[error("the path is empty")]
    Empty,
    #[error("the path starts at the server's root; it must stay below the server's folder")]
    Absolute,
    #[error("the path has an empty part (`//`)")]
    EmptyPart,
    #[error("the path has the part `{0}`, which could leave its root")]
    Dots(&'static str),
    #[error("the path has a control character in `{0}`")]
    Control(String),
    #[error("a part of the path has {0} bytes; file systems take 255")]
    LongPart(usize),
}

impl RemotePath {
    /// Takes bytes that hold to the rules above.
    ///
    /// # Errors
    /// The first rule they break.
    pub fn new(bytes: impl Into<Vec<u8>>) -> Result<Self, RemotePathError> {
        let bytes = bytes.into();
        match bytes.first() {
            None => return Err(RemotePathError::Empty),
            Some(b'/') => return Err(RemotePathError::Absolute),
            Some(_) => {}
        }
        for part in bytes.split(|byte| *byte == b'/') {
            match part {
                b"" => return Err(RemotePathError::EmptyPart),
                b"." => return Err(RemotePathError::Dots(".")),
                b".." => return Err(RemotePathError::Dots("..")),
                _ if part.len() > 255 => return Err(RemotePathError::LongPart(part.len())),
                _ if has_control(part) => return Err(RemotePathError::Control(Escaped(part).to_string())),
                _ => {}
            }
        }
        Ok(Self(bytes))
    }

    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// The folder it is in: `None` for a name at the root.
    #[must_use]
    pub fn folder(&self) -> Option<Self> {
        let slash = self.0.iter().rposition(|byte| *byte == b'/')?;
        Some(Self(self.0[..slash].to_vec()))
    }

    /// The last part.
    #[must_use]
    pub fn name(&self) -> &[u8] {
        self.0.rsplit(|byte| *byte == b'/').next().unwrap_or(&self.0)
    }

    /// `name` in the same folder as this.
    ///
    /// # Errors
    /// As [`RemotePath::new`]; also when `name` holds a `/`, which a name cannot.
    pub fn beside(&self, name: &[u8]) -> Result<Self, RemotePathError> {
        if name.contains(&b'/') {
            return Err(RemotePathError::EmptyPart);
        }
        let mut bytes = self.folder().map_or_else(Vec::new, |folder| [&folder.0[..], b"/"].concat());
        bytes.extend_from_slice(name);
        Self::new(bytes)
    }
}

fn has_control(part: &[u8]) -> bool {
    part.iter().any(|byte| *byte < 0x20 || *byte == 0x7f)
        || part.utf8_chunks().any(|chunk| chunk.valid().chars().any(char::is_control))
}

impl fmt::Display for RemotePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Escaped(&self.0).fmt(f)
    }
}

impl fmt::Debug for RemotePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RemotePath({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_leaves_its_root_or_becomes_a_command() {
        for bytes in [
            &b""[..],
            b"/etc/passwd",
            b"a//b",
            b"a/",
            b".",
            b"..",
            b"a/../b",
            b"a/./b",
            b"x\r\nDELE y",
            b"a\0b",
            b"tab\tname",
            b"del\x7f",
            "nel\u{85}".as_bytes(),
            &[b'x'; 256],
        ] {
            assert!(RemotePath::new(bytes).is_err(), "{}", Escaped(bytes));
        }
    }

    #[test]
    fn odd_but_honest_names_pass() {
        for bytes in
            [&b"a"[..], b"a/b/c.txt", b"...", b"-rf", b"~", b" x ", b"caf\xe9", "Grüße".as_bytes(), &[b'x'; 255]]
        {
            assert!(RemotePath::new(bytes).is_ok(), "{}", Escaped(bytes));
        }
    }

    #[test]
    fn a_neighbour_shares_the_folder() {
        let path = RemotePath::new("a/b/c.txt").unwrap();
        assert_eq!(path.beside(b".pb-1.part").unwrap().as_bytes(), b"a/b/.pb-1.part");
        assert_eq!(path.folder().unwrap().as_bytes(), b"a/b");
        assert_eq!(path.name(), b"c.txt");
        assert_eq!(RemotePath::new("c.txt").unwrap().folder(), None);
        assert!(path.beside(b"../d").is_err());
    }
}
