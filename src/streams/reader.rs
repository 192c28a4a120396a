//! A local file in chunks for an async task, hashed on the way.
//!
//! A small file is read in one go: where it lies in the page cache without leaving the thread (`RWF_NOWAIT`), else on a
//! blocking thread. A larger one is read and hashed by a thread of its own, some chunks ahead, so that neither the disk nor the
//! hash holds up the wire.

use crate::streams::{Digests, Hasher, Second};
use rustix::io::{Errno, ReadWriteFlags, preadv2};
use std::{
    fs::File,
    io::{self, IoSliceMut},
    os::unix::fs::FileExt,
    sync::Arc,
};
use tokio::{sync::mpsc, task::spawn_blocking};

/// Bytes in a chunk: larger ones are no faster, smaller ones are slower.
pub const CHUNK: usize = 256 * 1024;

/// Chunks read ahead of the wire.
const AHEAD: usize = 2;

/// The first `size` bytes of a file, once, in order.
#[derive(Debug)]
pub struct Reader {
    source: Arc<File>,
    size_bytes: u64,
    /// Bytes before this are hashed and not handed out.
    from: u64,
    hasher: Option<Hasher>,
    stage: Stage,
    chunk: Vec<u8>,
    digests: Option<Digests>,
}

#[derive(Debug)]
enum Stage {
    Begin,
    Streaming { chunks: mpsc::Receiver<io::Result<Read>>, spent: mpsc::Sender<Vec<u8>> },
    End,
}

#[derive(Debug)]
enum Read {
    Chunk(Vec<u8>),
    End(Digests),
}

impl Reader {
    /// Nothing is read before the first [`Reader::next`].
    #[must_use]
    pub fn new(source: &Arc<File>, size_bytes: u64, second: Option<Second>) -> Self {
        Self {
            source: Arc::clone(source),
            size_bytes,
            from: 0,
            hasher: Some(Hasher::new(second)),
            stage: Stage::Begin,
            chunk: Vec::new(),
            digests: None,
        }
    }

    /// The bytes before `offset` are hashed and not handed out.
    #[must_use]
    pub fn from(self, offset: u64) -> Self {
        Self { from: offset, ..self }
    }

    /// The next bytes, up to [`CHUNK`]; empty at the end.
    ///
    /// # Errors
    /// Those of reading; `UnexpectedEof` when the file has become shorter than it was said to be.
    pub async fn next(&mut self) -> io::Result<&[u8]> {
        if matches!(self.stage, Stage::Begin) {
            if self.size_bytes <= CHUNK as u64 {
                self.stage = Stage::End;
                return self.read_small().await;
            }
            self.begin_large();
        }
        let Stage::Streaming { chunks, spent } = &mut self.stage else { return Ok(&[]) };
        // It finds no room only when the reading thread has ended.
        let _ = spent.try_send(std::mem::take(&mut self.chunk));
        match chunks.recv().await {
            Some(Ok(Read::Chunk(chunk))) => {
                self.chunk = chunk;
                Ok(&self.chunk)
            }
            Some(Ok(Read::End(digests))) => {
                self.digests = Some(digests);
                self.stage = Stage::End;
                Ok(&[])
            }
            Some(Err(error)) => Err(error),
            None => Err(io::Error::other("the reading thread is gone")),
        }
    }

    /// The digests of the whole, once [`Reader::next`] has come to the end.
    #[must_use]
    pub fn digests(self) -> Option<Digests> {
        self.digests
    }

    async fn read_small(&mut self) -> io::Result<&[u8]> {
        let size = usize::try_from(self.size_bytes).unwrap_or(CHUNK);
        let mut bytes = vec![0; size];
        if !is_read_at_once(&self.source, &mut bytes) {
            let source = Arc::clone(&self.source);
            let read = spawn_blocking(move || source.read_exact_at(&mut bytes, 0).map(|()| bytes)).await;
            bytes = read.map_err(io::Error::other)??;
        }
        if let Some(mut hasher) = self.hasher.take() {
            hasher.update(&bytes);
            self.digests = Some(hasher.finish());
        }
        self.chunk = bytes;
        let from = usize::try_from(self.from).unwrap_or(size).min(size);
        Ok(&self.chunk[from..])
    }

    fn begin_large(&mut self) {
        let (fill, chunks) = mpsc::channel(AHEAD);
        let (spent, empty) = mpsc::channel(AHEAD + 2);
        let reading = Reading { source: Arc::clone(&self.source), size_bytes: self.size_bytes, from: self.from, empty };
        if let Some(hasher) = self.hasher.take() {
            spawn_blocking(move || reading.run(hasher, &fill));
        }
        self.stage = Stage::Streaming { chunks, spent };
    }
}

fn is_read_at_once(source: &File, bytes: &mut [u8]) -> bool {
    let size = bytes.len();
    loop {
        match preadv2(source, &mut [IoSliceMut::new(bytes)], 0, ReadWriteFlags::NOWAIT) {
            Ok(read) => return read == size,
            Err(Errno::INTR) => {}
            // Not cached, or a file system that cannot tell.
            Err(_) => return false,
        }
    }
}

/// What the thread of a large file needs. It ends when it is done or nobody takes its chunks any more.
struct Reading {
    source: Arc<File>,
    size_bytes: u64,
    from: u64,
    /// Chunks to fill anew.
    empty: mpsc::Receiver<Vec<u8>>,
}

impl Reading {
    fn run(mut self, mut hasher: Hasher, fill: &mpsc::Sender<io::Result<Read>>) {
        // A hint; without it reading is only slower.
        let _ = rustix::fs::fadvise(&self.source, 0, None, rustix::fs::Advice::Sequential);
        let mut place = 0;
        while place < self.size_bytes {
            if fill.is_closed() {
                return;
            }
            let mut chunk = self.empty.try_recv().unwrap_or_default();
            // Up to where the sending starts, then chunk by chunk.
            let until = if place < self.from { self.from } else { self.size_bytes };
            let size = usize::try_from(until - place).unwrap_or(CHUNK).min(CHUNK);
            chunk.resize(size, 0);
            if let Err(error) = self.source.read_exact_at(&mut chunk, place) {
                let _ = fill.blocking_send(Err(error));
                return;
            }
            hasher.update(&chunk);
            let is_wanted = place >= self.from;
            place += size as u64;
            if is_wanted && fill.blocking_send(Ok(Read::Chunk(chunk))).is_err() {
                return;
            }
        }
        let _ = fill.blocking_send(Ok(Read::End(hasher.finish())));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn read(file: &Arc<File>, size: usize, from: u64) -> (Vec<u8>, Option<Digests>) {
        let mut reader = Reader::new(file, size as u64, Some(Second::Md5)).from(from);
        let mut all = Vec::new();
        loop {
            let chunk = reader.next().await.unwrap();
            if chunk.is_empty() {
                return (all, reader.digests());
            }
            all.extend_from_slice(chunk);
        }
    }

    #[tokio::test]
    async fn every_size_comes_whole_and_hashed() {
        for size in [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 5 * CHUNK + 7] {
            let bytes: Vec<u8> = (0..size).map(|place| ((place * 31) >> 3) as u8).collect();
            let mut hasher = Hasher::new(Some(Second::Md5));
            hasher.update(&bytes);
            let digests = Some(hasher.finish());
            let file = Arc::new(tempfile::tempfile().unwrap());
            file.write_all_at(&bytes, 0).unwrap();
            for from in [0, size / 2, size.saturating_sub(1)] {
                let (read, hashed) = read(&file, size, from as u64).await;
                assert!(read == bytes[from..] && hashed == digests, "{size} from {from}");
            }
        }
    }

    #[tokio::test]
    async fn a_file_that_has_shrunk_says_so() {
        for size in [10, 3 * CHUNK] {
            let file = Arc::new(tempfile::tempfile().unwrap());
            file.set_len(size as u64 - 1).unwrap();
            let mut reader = Reader::new(&file, size as u64, None);
            let error = loop {
                match reader.next().await {
                    Ok(_) => {}
                    Err(error) => break error,
                }
            };
            assert_eq!(error.kind(), io::ErrorKind::UnexpectedEof);
        }
    }

    #[tokio::test]
    async fn a_reader_that_is_dropped_stops_its_thread() {
        let file = Arc::new(tempfile::tempfile().unwrap());
        file.set_len(100 * CHUNK as u64).unwrap();
        let mut reader = Reader::new(&file, 100 * CHUNK as u64, None);
        reader.next().await.unwrap();
        drop(reader);
        // The thread holds the other reference, and only while it runs.
        while Arc::strong_count(&file) > 1 {
            tokio::task::yield_now().await;
        }
    }
}
