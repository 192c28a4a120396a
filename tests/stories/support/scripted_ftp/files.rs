//! A small tree of files in memory; names are bytes.

use std::collections::{BTreeMap, BTreeSet};

/// Paths are absolute without the first slash; the root is the empty path.
#[derive(Debug, Default)]
pub struct Files {
    folders: BTreeSet<Vec<u8>>,
    files: BTreeMap<Vec<u8>, File>,
}

#[derive(Debug, Clone)]
pub struct File {
    pub bytes: Vec<u8>,
    /// `YYYYMMDDHHMMSS`, as MDTM says it.
    pub time: String,
}

impl Files {
    pub fn all(&self) -> BTreeMap<Vec<u8>, Vec<u8>> {
        self.files.iter().map(|(path, file)| (path.clone(), file.bytes.clone())).collect()
    }

    pub fn is_folder(&self, path: &[u8]) -> bool {
        path.is_empty() || self.folders.contains(path)
    }

    pub fn file(&self, path: &[u8]) -> Option<&File> {
        self.files.get(path)
    }

    pub fn file_mut(&mut self, path: &[u8]) -> Option<&mut File> {
        self.files.get_mut(path)
    }

    /// Whether a file may be put there.
    pub fn can_hold(&self, path: &[u8]) -> bool {
        !self.is_folder(path) && self.is_folder(parent(path))
    }

    pub fn put(&mut self, path: &[u8], bytes: Vec<u8>) {
        self.files.insert(path.to_vec(), File { bytes, time: "20260102030405".into() });
    }

    pub fn put_with_folders(&mut self, path: &[u8], bytes: &[u8]) {
        let mut folder = parent(path);
        while !folder.is_empty() {
            self.folders.insert(folder.to_vec());
            folder = parent(folder);
        }
        self.put(path, bytes.to_vec());
    }

    pub fn make_folder(&mut self, path: &[u8]) -> bool {
        self.can_hold(path) && !self.files.contains_key(path) && self.folders.insert(path.to_vec())
    }

    pub fn remove(&mut self, path: &[u8]) -> bool {
        self.files.remove(path).is_some()
    }

    /// Moves a file over whatever file is there.
    pub fn rename(&mut self, from: &[u8], to: &[u8]) -> bool {
        if !self.can_hold(to) {
            return false;
        }
        let Some(file) = self.files.remove(from) else { return false };
        self.files.insert(to.to_vec(), file);
        true
    }

    /// The names in a folder, with the file or, for a folder, `None`.
    pub fn list(&self, folder: &[u8]) -> Vec<(Vec<u8>, Option<&File>)> {
        let folders = self.folders.iter().map(|path| (path, None));
        let files = self.files.iter().map(|(path, file)| (path, Some(file)));
        let inside = folders.chain(files).filter(|(path, _)| parent(path) == folder);
        inside.map(|(path, file)| (name(path).to_vec(), file)).collect()
    }
}

/// `argument` seen from `folder`.
pub fn resolve(folder: &[u8], argument: &[u8]) -> Vec<u8> {
    let mut names: Vec<&[u8]> = Vec::new();
    let start: &[u8] = if argument.starts_with(b"/") { b"" } else { folder };
    for name in start.split(|byte| *byte == b'/').chain(argument.split(|byte| *byte == b'/')) {
        match name {
            b"" | b"." => {}
            b".." => drop(names.pop()),
            name => names.push(name),
        }
    }
    names.join(&b'/')
}

pub fn name(path: &[u8]) -> &[u8] {
    path.rsplit(|byte| *byte == b'/').next().unwrap_or_default()
}

fn parent(path: &[u8]) -> &[u8] {
    let slash = path.iter().rposition(|byte| *byte == b'/');
    &path[..slash.unwrap_or_default()]
}
