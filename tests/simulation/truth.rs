//! What was in the watched folders, version by version: written down by whoever wrote them.

use crate::{
    configuration::folder,
    plan::{Plan, Writing},
};
use std::{
    fs::{self, File},
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
        self.versions.push(Version { rule, name: name.to_owned(), bytes, mtime_ns, taken: None });
    }

    pub fn remove(&mut self, plan: &Plan, rule: usize, name: &str) {
        let _ = fs::remove_file(folder(&self.home, &plan.rules[rule]).join(name)); // it may not be there yet
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
