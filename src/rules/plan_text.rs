//! Texts of ours that are sent or saved like files: what a rule says, and manifests.

use crate::{
    domain::{Copied, Errand, JobDraft, Letter, OnExists, ProofWish, RemotePath, Resume, Times, Wishes, show_size},
    rules::{
        Manifest, Own,
        plan::{Planning, Refusal, in_words},
    },
    templates::{Beside, Content, Destination, LONGEST_TEXT, TextTemplate},
};

/// The number of the letter that this becomes.
pub(super) fn own(planning: &Planning<'_>, own: &Own, letters: &mut Vec<Letter>) -> Result<usize, Refusal> {
    match own {
        Own::Text(text) => self::text(planning, text, letters),
        Own::File { root, below, most } => {
            let path = below.render(&planning.facts(None)).map_err(|error| in_words("file", below.text(), &error))?;
            let bytes = (planning.context.supply.attachment)(root, path.as_bytes(), *most)
                .map_err(|why| format!("{}{path} cannot be taken: {why}", root.display()))?;
            Ok(letter(bytes, letters))
        }
    }
}

fn text(planning: &Planning<'_>, text: &TextTemplate, letters: &mut Vec<Letter>) -> Result<usize, Refusal> {
    let content = content(planning, text.reads_file())?;
    let planning = Planning { beside: Beside { content, ..planning.beside }, ..*planning };
    let rendered = text.render(&planning.facts(None)).map_err(|error| in_words("text", text.text(), &error))?;
    Ok(letter(rendered.into_bytes(), letters))
}

/// The file's bytes, where a text asks for them.
pub(super) fn content<'a>(planning: &Planning<'a>, is_asked: bool) -> Result<Option<&'a Content>, Refusal> {
    if !is_asked {
        return Ok(None);
    }
    let size = planning.sighting.identity.size_bytes;
    if size > LONGEST_TEXT {
        return Err(format!("`file.text` reads files of up to 1 MB, and this one has {}", show_size(size)));
    }
    planning.context.supply.content.whole().map(Some)
}

/// A job for each server that has a copy.
pub(super) fn manifest(
    planning: &Planning<'_>,
    manifest: &Manifest,
    refusal: Option<&Refusal>,
    letters: &mut Vec<Letter>,
) -> Vec<JobDraft> {
    let has_copy = |server: &&String| planning.copies.iter().any(|copy| copy.server == **server);
    let job = |server: &String| {
        let id = (planning.context.new_id)();
        let target = manifest.path.render(&planning.facts(Some(Destination { server, job: id })));
        let target = target.map_err(|error| in_words("path", manifest.path.text(), &error));
        let (target, refusal) = match target {
            Ok(target) => (Some(target), refusal.cloned()),
            Err(why) => (None, Some(why)),
        };
        let list = target.as_ref().map(|target| list(planning.copies, server, target));
        let text = list.map(|list| letter(list, letters));
        planning.job(id, server, Errand::Upload { target, text, wishes: wishes(planning) }, refusal)
    };
    manifest.to.iter().filter(has_copy).map(job).collect()
}

fn wishes(planning: &Planning<'_>) -> Wishes {
    Wishes {
        on_exists: OnExists::Replace,
        proof: ProofWish::Size,
        times: Times::None,
        resume: Resume::Never,
        bandwidth: None,
        retry: planning.rule.retry,
        deadline: Some(planning.rule.deadline),
        is_text: true,
    }
}

/// What `sha256sum -c` reads in the folder of the manifest: a line for each copy on the server; what was replaced by a later one has none.
fn list(copies: &[Copied], server: &str, manifest: &RemotePath) -> Vec<u8> {
    let copies: Vec<&Copied> = copies.iter().filter(|copy| copy.server == server && copy.path != *manifest).collect();
    let mut lines = Vec::new();
    for (at, copy) in copies.iter().enumerate() {
        if copies[at + 1..].iter().any(|later| later.path == copy.path) {
            continue;
        }
        let name = relative(copy.path.as_bytes(), manifest);
        let escaped = name.split(|byte| *byte == b'\\').collect::<Vec<_>>().join(&br"\\"[..]);
        let mark: &[u8] = if escaped.len() > name.len() { br"\" } else { b"" };
        lines.extend_from_slice(&[mark, copy.sha256.to_string().as_bytes(), b"  ", &escaped, b"\n"].concat());
    }
    lines
}

/// `path` as it is called in the folder of `manifest`.
fn relative(path: &[u8], manifest: &RemotePath) -> Vec<u8> {
    let folder = manifest.folder();
    let from: Vec<&[u8]> = folder.iter().flat_map(|folder| folder.as_bytes().split(|byte| *byte == b'/')).collect();
    let to: Vec<&[u8]> = path.split(|byte| *byte == b'/').collect();
    let common = from.iter().zip(&to[..to.len() - 1]).take_while(|(from, to)| from == to).count();
    let up = std::iter::repeat_n(&b".."[..], from.len() - common);
    up.chain(to[common..].iter().copied()).collect::<Vec<_>>().join(&b'/')
}

fn letter(bytes: Vec<u8>, letters: &mut Vec<Letter>) -> usize {
    letters.push(Letter::of(bytes));
    letters.len() - 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_manifest_names_files_as_they_are_called_in_its_folder() {
        for (path, manifest, name) in [
            ("db/2026/a.dump", "db/2026/SHA256SUMS", "a.dump"),
            ("db/2026/a.dump", "SHA256SUMS", "db/2026/a.dump"),
            ("db/2026/a.dump", "db/sums/SHA256SUMS", "../2026/a.dump"),
            ("a.dump", "sums/x/SHA256SUMS", "../../a.dump"),
            ("db/a", "db/a/SHA256SUMS", "../a"),
        ] {
            let manifest = RemotePath::new(manifest).unwrap();
            assert_eq!(relative(path.as_bytes(), &manifest), name.as_bytes(), "{path} in {manifest}");
        }
    }

    #[test]
    fn a_line_is_what_sha256sum_reads() {
        let copy = |server: &str, path: &str, byte| Copied {
            server: server.into(),
            path: RemotePath::new(path).unwrap(),
            sha256: crate::domain::Sha256([byte; 32]),
        };
        let copies = [
            copy("offsite", "a", 0x11),
            copy("vault", "b", 0x22),
            copy("offsite", r"with\back", 0x33),
            copy("offsite", "a", 0x44),
            copy("offsite", "SHA256SUMS", 0x55),
        ];
        let lines = String::from_utf8(list(&copies, "offsite", &RemotePath::new("SHA256SUMS").unwrap())).unwrap();
        let expected = format!("\\{}  with\\\\back\n{}  a\n", "33".repeat(32), "44".repeat(32));
        assert_eq!(lines, expected);
    }
}
