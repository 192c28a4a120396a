//! What a configuration is read in: its folder, the environment, the machine's zone.

use std::{
    ffi::OsString,
    path::{Path, PathBuf},
};

/// Everything outside the files that decides what they mean.
pub struct Surroundings<'a> {
    /// The folder of packetboat.yaml, absolute: relative paths start here.
    pub folder: PathBuf,
    /// Permission bits of packetboat.yaml.
    pub mode: u32,
    /// One environment variable.
    pub variable: &'a dyn Fn(&str) -> Option<OsString>,
}

impl Surroundings<'_> {
    /// A path of the configuration, absolute.
    #[must_use]
    pub fn path(&self, written: &str) -> PathBuf {
        // Parts once over: no slash at the end, no `.` within.
        self.folder.join(written).components().collect()
    }

    /// Where the secret `name` may lie, first choice first.
    #[must_use]
    pub fn secret_paths(&self, name: &str) -> Vec<PathBuf> {
        if Path::new(name).is_absolute() {
            return vec![PathBuf::from(name)];
        }
        let credentials = (self.variable)("CREDENTIALS_DIRECTORY").map(|folder| PathBuf::from(folder).join(name));
        credentials.into_iter().chain([self.folder.join(name)]).collect()
    }
}

/// The machine's time zone; UTC where it has none that is known.
#[must_use]
pub fn machine_time_zone() -> chrono_tz::Tz {
    let name = iana_time_zone::get_timezone().ok();
    name.and_then(|name| name.parse().ok()).unwrap_or(chrono_tz::UTC)
}
