//! What lies in a folder, looked at from outside: shares no code with the product.

use sha2::{Digest, Sha256};
use std::{
    collections::BTreeMap,
    fs,
    os::unix::ffi::{OsStrExt, OsStringExt},
    path::Path,
};

/// Every file beneath `root`: its path relative to it, as bytes, and the SHA-256 of what it holds. A symbolic link
/// appears with the hash of its target's text.
pub fn walk(root: &Path) -> BTreeMap<Vec<u8>, [u8; 32]> {
    let mut found = BTreeMap::new();
    let mut folders = vec![root.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            let kind = fs::symlink_metadata(&path).unwrap().file_type();
            if kind.is_dir() {
                folders.push(path);
                continue;
            }
            let bytes = if kind.is_symlink() {
                fs::read_link(&path).unwrap().into_os_string().into_vec()
            } else {
                fs::read(&path).unwrap()
            };
            let name = path.strip_prefix(root).unwrap().as_os_str().as_bytes().to_vec();
            found.insert(name, sha256(&bytes));
        }
    }
    found
}

/// The SHA-256 of some bytes, to compare with what `walk` found.
pub fn sha256(bytes: &[u8]) -> [u8; 32] {
    Sha256::digest(bytes).into()
}
