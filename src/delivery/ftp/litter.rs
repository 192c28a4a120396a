//! Names of ours that should not stay: removed, or named in the outcome.

use crate::{
    config::UploadAs,
    delivery::ftp::{
        attempt::{Attempt, Keep},
        failure::{self, Step},
    },
    domain::{RemotePath, RemotePathError, Trouble, TroubleKind},
    ftp::client::{Error, Found, Session},
};

impl Attempt<'_> {
    /// Removes what we wrote unless it is to be resumed. Returns the temporary name if it is, or may be, still there, or if the older
    /// file is still aside: who recovers that name puts it back.
    pub(super) async fn tidy(&mut self, session: &mut Session, keep: Keep) -> Option<RemotePath> {
        let litter = self.litter()?;
        let is_kept = keep == Keep::IfResumable && self.is_resumable(session);
        if is_kept || !session.is_usable() {
            return Some(litter);
        }
        match remove(session, &litter).await {
            Ok(()) if self.stored.as_ref().is_some_and(|stored| stored.is_aside) => Some(litter),
            Ok(()) => {
                self.is_touched = false;
                None
            }
            Err(error) => {
                tracing::debug!(%error, path = %litter, "a temporary name stays for now");
                Some(litter)
            }
        }
    }

    /// The temporary name, if something may be there. What lies under a final name is never litter.
    pub(super) fn litter(&self) -> Option<RemotePath> {
        (self.is_touched && self.written == self.upload.temporary).then(|| self.written.clone())
    }

    /// Whether a part may be continued: the rule's wish, the size, and what the server says.
    pub(super) fn is_resumable(&self, session: &Session) -> bool {
        let is_wished = self.upload.wishes.resume.is_for(self.upload.expected.size_bytes);
        let features = session.features();
        is_wished
            && self.may_resume
            && session.server().upload_as == UploadAs::TemporaryName
            && (features.rest_stream || !features.is_told)
    }
}

/// Finishes or undoes what a death between two renames left of an upload of `target` under `temporary`, and removes its
/// temporary name. May be called twice, and when there is nothing.
///
/// # Errors
/// The server's or the job's trouble; call it again later.
pub async fn recover(session: &mut Session, target: &RemotePath, temporary: &RemotePath) -> Result<(), Trouble> {
    let aside = aside_of(temporary).map_err(|error| Trouble::of_job(TroubleKind::Local, error.to_string()))?;
    put_back(session, target, &aside).await.map_err(|error| failure::trouble(&error, Step::After))?;
    remove_litter(session, temporary).await
}

/// Removes a temporary name that an earlier attempt had to leave. Refuses (`Local`) any name that we do not make. Gone already is removed.
///
/// # Errors
/// Why it is still there.
pub async fn remove_litter(session: &mut Session, litter: &RemotePath) -> Result<(), Trouble> {
    if !is_ours(litter.name()) {
        return Err(Trouble::of_job(TroubleKind::Local, format!("{litter} is no temporary name of ours")));
    }
    remove(session, litter).await.map_err(|error| failure::trouble(&error, Step::Before))
}

/// Deletes, and takes "not there" for done.
pub(super) async fn remove(session: &mut Session, path: &RemotePath) -> Result<(), Error> {
    match session.delete(path).await {
        Err(refused @ Error::Refused { .. }) if session.is_usable() => match session.find(path).await? {
            Found::Nothing => Ok(()),
            Found::Something(_) => Err(refused),
        },
        deleted => deleted,
    }
}

/// The older file, if one was renamed aside, gets its name back, or goes if the newer one has it.
pub(super) async fn put_back(session: &mut Session, target: &RemotePath, aside: &RemotePath) -> Result<(), Error> {
    if session.find(aside).await? == Found::Nothing {
        return Ok(());
    }
    match session.find(target).await? {
        Found::Nothing => session.rename(aside, target).await.map(drop),
        Found::Something(_) => session.delete(aside).await,
    }
}

/// Where the older file goes while the newer one takes its name: `.pb-TOKEN.old`.
pub(super) fn aside_of(temporary: &RemotePath) -> Result<RemotePath, RemotePathError> {
    let name = temporary.name();
    let stem = name.strip_suffix(b".part").unwrap_or(name);
    temporary.beside(&[stem, b".old"].concat())
}

/// `.pb-` + 16 hex digits + `.part`, `.old` or `.probe`.
fn is_ours(name: &[u8]) -> bool {
    let Some((token, ending)) = name.strip_prefix(b".pb-").and_then(|rest| rest.split_at_checked(16)) else {
        return false;
    };
    token.iter().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
        && matches!(ending, b".part" | b".old" | b".probe")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_names_that_we_make_are_litter() {
        for (name, ours) in [
            (&b".pb-0123456789abcdef.part"[..], true),
            (b".pb-0123456789abcdef.old", true),
            (b".pb-0123456789abcdef", false),
            (b".pb-0123456789ABCDEF.part", false),
            (b".pb-0123456789abcde.part", false),
            (b".pb-0123456789abcdef.part.gz", false),
            (b"orders.dump", false),
            (b"", false),
        ] {
            assert_eq!(is_ours(name), ours, "{}", name.escape_ascii());
        }
    }

    #[test]
    fn the_older_file_goes_beside_its_place() {
        let temporary = RemotePath::new("a/.pb-0123456789abcdef.part").unwrap();
        assert_eq!(aside_of(&temporary).unwrap().as_bytes(), b"a/.pb-0123456789abcdef.old");
    }
}
