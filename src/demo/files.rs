//! The files that the demo drops in: real bytes, of every kind that the shipped rules want.

use crate::demo::{DemoError, stage::Stage};
use std::{
    fs,
    path::{Path, PathBuf},
    time::{Duration, SystemTime},
};

/// Names below the demo's folder, with their sizes.
const FILES: [(&str, usize); 11] = [
    ("/var/backups/db/orders.dump.zst", 8_000_000),
    ("/var/backups/db/stock.dump.zst", 3_100_000),
    ("/var/backups/db/globals.dump.zst", 4_096),
    ("/srv/www/build/assets/site.css", 18_230),
    ("/srv/www/build/assets/logo.svg", 2_911),
    ("/srv/www/build/about/index.html", 6_120),
    ("/srv/www/build/index.html", 9_744),
    ("/srv/www/build/robots.txt", 0),
    ("/var/log/app/app.log.1", 120_000),
    ("/var/log/nginx/access.log-20261101", 640_000),
    ("/srv/media/ready/harbour at dawn.mov", 24_000_000),
];

/// Drops them all in, each as a careful producer would: under another name, then renamed.
pub(super) fn drop_in(stage: &Stage) -> Result<Vec<PathBuf>, DemoError> {
    FILES.iter().map(|(name, size)| drop_one(&stage.source(name), *size)).collect()
}

fn drop_one(path: &Path, size: usize) -> Result<PathBuf, DemoError> {
    let failed = |why| DemoError::file(path, why);
    let folder = path.parent().unwrap_or(path);
    fs::create_dir_all(folder).map_err(failed)?;
    let making = folder.join(".making");
    let mut bytes = vec![0; size];
    fastrand::fill(&mut bytes);
    fs::write(&making, bytes).map_err(failed)?;
    if path.to_string_lossy().contains("/log/") {
        let two_days_ago = SystemTime::now() - Duration::from_secs(2 * 24 * 3600);
        let file = fs::File::options().write(true).open(&making).map_err(failed)?;
        file.set_modified(two_days_ago).map_err(failed)?;
    }
    fs::rename(&making, path).map_err(failed)?;
    Ok(path.to_path_buf())
}
