//! Folders are made once and remembered, until the server says that one is gone.

use crate::{
    delivery::ftp::{
        attempt::{At, Stop},
        failure::Step,
    },
    domain::RemotePath,
    ftp::client::{Reply, Session},
};

/// How sure we are that the folder is there.
#[derive(Debug)]
pub(super) enum Folder {
    /// Remembered, or there is none: it is taken for granted.
    Assumed,
    /// Every level was asked for just now.
    Asked {
        /// At least one was not there.
        is_made: bool,
        /// The last level that was refused, with the server's words: it may have been there before.
        refused: Option<(RemotePath, Reply)>,
    },
}

/// Makes every level of the folder of `path` that is not known yet.
pub(super) async fn make_folders(session: &mut Session, path: &RemotePath) -> Result<Folder, Stop> {
    let Some(folder) = path.folder().filter(|folder| !session.profile().has_folder(folder)) else {
        return Ok(Folder::Assumed);
    };
    let (mut is_made, mut refused) = (false, None);
    for level in levels(&folder) {
        if session.profile().has_folder(&level) {
            continue;
        }
        match session.make_folder(&level).await.at(Step::Before)? {
            Ok(()) => {
                is_made = true;
                session.profile().remember_folder(level);
            }
            Err(reply) => refused = Some((level, reply)),
        }
    }
    Ok(Folder::Asked { is_made, refused })
}

/// A file was opened in it: it is there.
pub(super) fn remember_folders(session: &Session, path: &RemotePath) {
    let Some(folder) = path.folder() else { return };
    if !session.profile().has_folder(&folder) {
        for level in levels(&folder) {
            session.profile().remember_folder(level);
        }
    }
}

/// `a`, `a/b`, `a/b/c` of `a/b/c`.
fn levels(folder: &RemotePath) -> Vec<RemotePath> {
    let mut levels = vec![folder.clone()];
    while let Some(above) = levels.last().and_then(RemotePath::folder) {
        levels.push(above);
    }
    levels.reverse();
    levels
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn levels_come_from_the_top() {
        let levels = levels(&RemotePath::new("a/b/c").unwrap());
        let shown: Vec<String> = levels.iter().map(ToString::to_string).collect();
        assert_eq!(shown, ["a", "a/b", "a/b/c"]);
    }
}
