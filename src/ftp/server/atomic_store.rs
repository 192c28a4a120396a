//! The files beneath the server: libunftp's storage, with uploads that are whole or not there.

use super::{
    entry::Entry,
    jail::{Jail, Place},
    upload::Upload,
};
use async_trait::async_trait;
use rustix::fs::{AtFlags, Dir, Mode, OFlags, mkdirat, openat, renameat, unlinkat};
use std::{
    ffi::{OsStr, OsString},
    fmt::Debug,
    io::{self, Seek, SeekFrom},
    os::{fd::OwnedFd, unix::ffi::OsStrExt},
    path::{Path, PathBuf},
    sync::Arc,
};
use tokio::io::{AsyncRead, AsyncReadExt};
use unftp_core::{
    auth::DefaultUser,
    storage::{Error, ErrorKind, FEATURE_RESTART, Fileinfo, Result, StorageBackend},
};

/// Bytes taken from the network before they are written: few system calls, little memory.
const BUFFER: usize = 256 << 10;

/// A folder that clients see, and a hidden one beside it where uploads grow.
#[derive(Debug, Clone)]
pub(super) struct AtomicStore {
    jail: Jail,
    staging: Arc<OwnedFd>,
}

impl AtomicStore {
    /// Opens `root` and the staging folder beside it, and sweeps what an earlier life left there.
    pub fn open(root: &Path) -> io::Result<Self> {
        let root = root.canonicalize()?;
        let staging = staging_beside(&root)?;
        std::fs::create_dir_all(&staging)?;
        for leftover in std::fs::read_dir(&staging)? {
            std::fs::remove_file(leftover?.path())?;
        }
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let staging = Arc::new(rustix::fs::open(staging, flags, Mode::empty())?);
        Ok(Self { jail: Jail::open(&root)?, staging })
    }

    /// Runs `work` on the name that `path` means, off the event loop.
    async fn at<T: Send + 'static>(
        &self,
        path: &Path,
        work: impl FnOnce(Place) -> io::Result<T> + Send + 'static,
    ) -> Result<T> {
        let (jail, path) = (self.jail.clone(), path.to_owned());
        blocking(move || work(jail.place(&path)?)).await
    }
}

/// `.NAME.staging` beside the root: the same filesystem, so that a rename is one step, and out of every client's sight.
fn staging_beside(root: &Path) -> io::Result<PathBuf> {
    let name = root.file_name().ok_or(io::ErrorKind::InvalidInput)?;
    let mut staging = OsString::from(".");
    staging.push(name);
    staging.push(".staging");
    Ok(root.with_file_name(staging))
}

async fn blocking<T: Send + 'static>(work: impl FnOnce() -> io::Result<T> + Send + 'static) -> Result<T> {
    let done = tokio::task::spawn_blocking(work).await.map_err(|error| Error::new(ErrorKind::LocalError, error))?;
    Ok(done?)
}

fn entries(folder: &OwnedFd, path: &Path) -> io::Result<Vec<Fileinfo<PathBuf, Entry>>> {
    let mut found = Vec::new();
    for entry in Dir::read_from(folder)? {
        let entry = entry?;
        let name = OsStr::from_bytes(entry.file_name().to_bytes());
        if name == "." || name == ".." {
            continue;
        }
        match Entry::read(folder, name) {
            Ok(metadata) => found.push(Fileinfo { path: path.join(name), metadata }),
            // Gone between the listing and the look: then it is not there.
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
    }
    found.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(found)
}

#[async_trait]
impl StorageBackend<DefaultUser> for AtomicStore {
    type Metadata = Entry;

    fn supported_features(&self) -> u32 {
        FEATURE_RESTART
    }

    async fn metadata<P: AsRef<Path> + Send + Debug>(&self, _user: &DefaultUser, path: P) -> Result<Entry> {
        let (jail, path) = (self.jail.clone(), path.as_ref().to_owned());
        blocking(move || match jail.place(&path) {
            Ok(place) => Entry::read(&place.folder, &place.name),
            // The root has no name of its own.
            Err(error) if error.kind() == io::ErrorKind::PermissionDenied => Entry::of_folder(jail.folder(&path)?),
            Err(error) => Err(error),
        })
        .await
    }

    async fn list<P: AsRef<Path> + Send + Debug>(
        &self,
        _user: &DefaultUser,
        path: P,
    ) -> Result<Vec<Fileinfo<PathBuf, Entry>>> {
        let (jail, path) = (self.jail.clone(), path.as_ref().to_owned());
        blocking(move || match jail.folder(&path) {
            Ok(folder) => entries(&folder, &path),
            // LIST of one file lists that file.
            Err(error) if error.kind() == io::ErrorKind::NotADirectory => {
                let place = jail.place(&path)?;
                Ok(vec![Fileinfo { metadata: Entry::read(&place.folder, &place.name)?, path }])
            }
            Err(error) => Err(error),
        })
        .await
    }

    async fn get<P: AsRef<Path> + Send + Debug>(
        &self,
        _user: &DefaultUser,
        path: P,
        start_pos: u64,
    ) -> Result<Box<dyn AsyncRead + Send + Sync + Unpin>> {
        let file = self
            .at(path.as_ref(), move |place| {
                let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
                let mut file = std::fs::File::from(openat(&place.folder, &place.name, flags, Mode::empty())?);
                if !file.metadata()?.is_file() {
                    return Err(io::ErrorKind::NotFound.into());
                }
                file.seek(SeekFrom::Start(start_pos))?;
                Ok(file)
            })
            .await?;
        let mut file = tokio::fs::File::from_std(file);
        file.set_max_buf_size(BUFFER);
        Ok(Box::new(file))
    }

    async fn put<P: AsRef<Path> + Send + Debug, R: AsyncRead + Send + Sync + Unpin + 'static>(
        &self,
        _user: &DefaultUser,
        mut input: R,
        path: P,
        start_pos: u64,
    ) -> Result<u64> {
        let staging = self.staging.clone();
        let mut upload = self.at(path.as_ref(), move |place| Upload::begin(staging, place, start_pos)).await?;
        let mut buffer = Vec::with_capacity(BUFFER);
        let mut received = 0;
        loop {
            while buffer.len() < BUFFER && input.read_buf(&mut buffer).await? > 0 {}
            let last = buffer.len() < BUFFER;
            received += buffer.len() as u64;
            (upload, buffer) = blocking(move || {
                upload.write(&buffer)?;
                buffer.clear();
                Ok((upload, buffer))
            })
            .await?;
            if last {
                break;
            }
        }
        blocking(move || upload.publish()).await?;
        Ok(received)
    }

    async fn del<P: AsRef<Path> + Send + Debug>(&self, _user: &DefaultUser, path: P) -> Result<()> {
        self.at(path.as_ref(), |place| Ok(unlinkat(&place.folder, &place.name, AtFlags::empty())?)).await
    }

    async fn mkd<P: AsRef<Path> + Send + Debug>(&self, _user: &DefaultUser, path: P) -> Result<()> {
        self.at(path.as_ref(), |place| Ok(mkdirat(&place.folder, &place.name, Mode::from_raw_mode(0o755))?)).await
    }

    async fn rename<P: AsRef<Path> + Send + Debug>(&self, _user: &DefaultUser, from: P, to: P) -> Result<()> {
        let (jail, to) = (self.jail.clone(), to.as_ref().to_owned());
        self.at(from.as_ref(), move |from| {
            let to = jail.place(&to)?;
            renameat(&from.folder, &from.name, &to.folder, &to.name)?;
            Ok(())
        })
        .await
    }

    async fn rmd<P: AsRef<Path> + Send + Debug>(&self, _user: &DefaultUser, path: P) -> Result<()> {
        self.at(path.as_ref(), |place| Ok(unlinkat(&place.folder, &place.name, AtFlags::REMOVEDIR)?)).await
    }

    async fn cwd<P: AsRef<Path> + Send + Debug>(&self, _user: &DefaultUser, path: P) -> Result<()> {
        let (jail, path) = (self.jail.clone(), path.as_ref().to_owned());
        blocking(move || jail.folder(&path).map(drop)).await
    }
}
