//! What is uploaded.

use std::{fs, path::PathBuf};

/// One task for every client.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Work {
    pub files: usize,
    pub size_bytes: usize,
    pub connections: u32,
}

const SMALL: usize = 4096;

impl Work {
    pub fn all(is_quick: bool) -> Vec<Self> {
        let small = |files, connections| Self { files, size_bytes: SMALL, connections };
        let large = |size_bytes| Self { files: 1, size_bytes, connections: 1 };
        if is_quick {
            return vec![small(1000, 1), small(2000, 4), large(256 << 20)];
        }
        vec![small(2000, 1), small(10_000, 4), small(10_000, 8), large(2 << 30)]
    }

    pub fn is_large(self) -> bool {
        self.files == 1
    }

    /// The files, a hundred a folder, made once and kept under target/.
    pub fn build(self) -> PathBuf {
        let name = format!("bench-files/{}-{}", self.files, self.size_bytes);
        let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
        let done = folder.with_extension("done");
        if done.exists() {
            return folder;
        }
        let _ = fs::remove_dir_all(&folder);
        for number in 0..self.files {
            let parent = folder.join(format!("d{:03}", number / 100));
            fs::create_dir_all(&parent).unwrap();
            let mut bytes = vec![0; self.size_bytes];
            fastrand::fill(&mut bytes);
            fs::write(parent.join(format!("f{number:05}")), bytes).unwrap();
        }
        fs::write(done, "").unwrap();
        folder
    }
}
