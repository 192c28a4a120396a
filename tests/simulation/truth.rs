//! What was in the watched folders, version by version: written down by whoever wrote them.

use crate::{
    configuration::folder,
    plan::{Plan, Writing},
};
use std::{
    fs::{self, File},
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
    time::{Duration, UNIX_EPOCH},
};

/// One version of one file.
#[derive(Debug, Clone)]
pub struct Version {
    pub rule: usize,
    pub name: String,
    pub bytes: Vec<u8>,
    /// No two versions have one.
    pub mtime_ns: i64,
    /// Its place among the arrivals, once intake has answered for it.
    pub taken: Option<usize>,
    /// Whoever writes into the folder put another in its place, or removed it.
    pub is_replaced: bool,
}

/// What the engine laid into a folder, or left there.
#[derive(Debug)]
pub struct Laid {
    pub rule: usize,
    /// Below the watched folder.
    pub folder: &'static str,
    pub name: String,
    pub mtime_ns: i64,
    pub bytes: Vec<u8>,
}

#[derive(Debug)]
pub struct Truth {
    home: PathBuf,
    pub versions: Vec<Version>,
    arrivals: usize,
    dice: fastrand::Rng,
}

impl Truth {
    pub fn new(home: &Path, seed: u64) -> Self {
        Self { home: home.to_owned(), versions: vec![], arrivals: 0, dice: fastrand::Rng::with_seed(seed ^ 0xf11e) }
    }

    pub fn write(&mut self, plan: &Plan, rule: usize, name: &str, (size, how): (usize, Writing)) {
        let path = folder(&self.home, &plan.rules[rule]).join(name);
        self.replace(rule, &path);
        let mut bytes = vec![0; size];
        self.dice.fill(&mut bytes);
        let mtime_ns = 1_700_000_000_000_000_000 + self.versions.len() as i64 * 1_000_000_007;
        let at = UNIX_EPOCH + Duration::from_nanos(mtime_ns.unsigned_abs());
        let written = match how {
            Writing::InPlace => path.clone(),
            Writing::Renamed => self.home.join("being-written"),
        };
        fs::write(&written, &bytes).unwrap();
        File::options().write(true).open(&written).unwrap().set_modified(at).unwrap();
        if written != path {
            fs::rename(&written, &path).unwrap();
        }
        self.versions.push(Version { rule, name: name.to_owned(), bytes, mtime_ns, taken: None, is_replaced: false });
    }

    pub fn remove(&mut self, plan: &Plan, rule: usize, name: &str) {
        let path = folder(&self.home, &plan.rules[rule]).join(name);
        self.replace(rule, &path);
        let _ = fs::remove_file(path); // it may not be there
    }

    fn replace(&mut self, rule: usize, path: &Path) {
        let Some(mtime_ns) = mtime_ns(path) else { return };
        let there = self.versions.iter_mut().find(|version| (version.rule, version.mtime_ns) == (rule, mtime_ns));
        there.expect("what lies in a folder was written").is_replaced = true;
    }

    /// What lies where moved sources go, and what is left of a name of ours.
    pub fn laid(&self, plan: &Plan) -> Vec<Laid> {
        let mut laid = vec![];
        for (rule, folder_name) in
            (0..plan.rules.len()).flat_map(|rule| ["", "sent", "failed"].map(|name| (rule, name)))
        {
            let folder = folder(&self.home, &plan.rules[rule]).join(folder_name);
            for entry in fs::read_dir(folder).into_iter().flatten() {
                let path = entry.unwrap().path();
                let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
                let Some(mtime_ns) = mtime_ns(&path) else { continue };
                if !folder_name.is_empty() || name.starts_with(".pb-") {
                    let bytes = fs::read(&path).unwrap();
                    laid.push(Laid { rule, folder: folder_name, name, mtime_ns, bytes });
                }
            }
        }
        laid
    }

    /// Intake has answered for this version.
    pub fn take(&mut self, rule: usize, name: &str, mtime_ns: i64) {
        self.arrivals += 1;
        let arrivals = self.arrivals;
        let version = self.find_mut(rule, name, mtime_ns).expect("only what was written is taken");
        version.taken.get_or_insert(arrivals);
    }

    fn find_mut(&mut self, rule: usize, name: &str, mtime_ns: i64) -> Option<&mut Version> {
        let is_it =
            |version: &&mut Version| version.rule == rule && version.name == name && version.mtime_ns == mtime_ns;
        self.versions.iter_mut().find(is_it)
    }

    /// Whether the file is this version still.
    pub fn is_there(&self, plan: &Plan, version: &Version) -> bool {
        let path = folder(&self.home, &plan.rules[version.rule]).join(&version.name);
        let of_path = self.versions.iter().filter(|other| (other.rule, &other.name) == (version.rule, &version.name));
        path.exists() && of_path.map(|other| other.mtime_ns).max() == Some(version.mtime_ns)
    }
}

/// Of a file; `None` where there is none.
fn mtime_ns(path: &Path) -> Option<i64> {
    let found = fs::metadata(path).ok().filter(fs::Metadata::is_file)?;
    Some(found.mtime() * 1_000_000_000 + found.mtime_nsec())
}
