//! What the server says it can (FEAT, RFC 2389 section 3).

use crate::{domain::Proof, ftp::client::Reply};

/// The features we use. A server without FEAT offers none of them, which does not mean that it lacks them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Features {
    /// It answered FEAT at all.
    pub is_told: bool,
    pub mdtm: bool,
    pub mfmt: bool,
    pub mlst: bool,
    pub rest_stream: bool,
    pub utf8: bool,
    /// Best first.
    pub checksums: Vec<Checksum>,
    /// HASH computes SHA-256 unless told otherwise: the `*` in its feature line.
    pub(super) is_sha256_chosen: bool,
}

/// A checksum that the server computes itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Checksum {
    /// HASH with SHA-256 (draft-bryan-ftpext-hash).
    Hash,
    Xsha256,
    Xsha1,
    Xmd5,
    Xcrc,
}

impl Checksum {
    const LADDER: [Self; 5] = [Self::Hash, Self::Xsha256, Self::Xsha1, Self::Xmd5, Self::Xcrc];

    pub(super) fn verb(self) -> &'static str {
        match self {
            Self::Hash => "HASH",
            Self::Xsha256 => "XSHA256",
            Self::Xsha1 => "XSHA1",
            Self::Xmd5 => "XMD5",
            Self::Xcrc => "XCRC",
        }
    }

    /// The proof it makes when it agrees.
    #[must_use]
    pub fn proof(self) -> Proof {
        match self {
            Self::Hash => Proof::Hash,
            Self::Xsha256 => Proof::Xsha256,
            Self::Xsha1 => Proof::Xsha1,
            Self::Xmd5 => Proof::Xmd5,
            Self::Xcrc => Proof::Xcrc,
        }
    }

    pub(super) fn length_bytes(self) -> usize {
        match self {
            Self::Hash | Self::Xsha256 => 32,
            Self::Xsha1 => 20,
            Self::Xmd5 => 16,
            Self::Xcrc => 4,
        }
    }
}

impl Features {
    /// Lenient: lines may lack their leading space, and come in any case and order.
    pub(super) fn of(reply: &Reply) -> Self {
        let mut features = Self { is_told: reply.code == 211, ..Self::default() };
        if !features.is_told {
            return features;
        }
        for line in reply.lines() {
            features.note(&line.trim().to_ascii_uppercase());
        }
        features.checksums.sort_by_key(|found| Checksum::LADDER.iter().position(|step| step == found));
        features.checksums.dedup();
        features
    }

    fn note(&mut self, line: &str) {
        let (name, rest) = line.split_once(' ').unwrap_or((line, ""));
        match name {
            "MDTM" => self.mdtm = true,
            "MFMT" => self.mfmt = true,
            "MLST" | "MLSD" => self.mlst = true,
            "REST" => self.rest_stream |= rest.contains("STREAM"),
            "UTF8" => self.utf8 = true,
            "HASH" => self.note_hash(rest),
            _ => self.checksums.extend(Checksum::LADDER.into_iter().skip(1).filter(|step| step.verb() == name)),
        }
    }

    fn note_hash(&mut self, algorithms: &str) {
        for algorithm in algorithms.split([';', ' ', ',']) {
            if algorithm.trim_end_matches('*') == "SHA-256" {
                self.checksums.push(Checksum::Hash);
                self.is_sha256_chosen = algorithm.ends_with('*');
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(lines: &str) -> Features {
        Features::of(&Reply::new(format!("211-Features:\r\n{lines}211 End\r\n").as_bytes()))
    }

    #[test]
    fn vsftpd_proftpd_and_filezilla_are_understood() {
        let vsftpd =
            of(" AUTH TLS\r\n EPRT\r\n EPSV\r\n MDTM\r\n PASV\r\n PBSZ\r\n PROT\r\n REST STREAM\r\n SIZE\r\n TVFS\r\n");
        assert!(vsftpd.mdtm && vsftpd.rest_stream);
        assert!(!vsftpd.mfmt && !vsftpd.mlst && !vsftpd.utf8 && vsftpd.checksums.is_empty());

        let proftpd = of(
            " HASH CRC32;MD5;SHA-1*;SHA-256;SHA-512;\r\n XCRC\r\n XMD5\r\n XSHA\r\n XSHA1\r\n XSHA256\r\n MFMT\r\n MLST modify*;perm*;size*;\r\n UTF8\r\n",
        );
        use Checksum::{Hash, Xcrc, Xmd5, Xsha1, Xsha256};
        assert_eq!(proftpd.checksums, [Hash, Xsha256, Xsha1, Xmd5, Xcrc]);
        assert!(proftpd.mfmt && proftpd.mlst && proftpd.utf8 && !proftpd.is_sha256_chosen);

        let other = of("HASH SHA-1;SHA-256*\r\nxcrc filename;start;end\r\nmdtm\r\n");
        assert_eq!(other.checksums, [Hash, Xcrc]);
        assert!(other.is_sha256_chosen && other.mdtm);
    }

    #[test]
    fn a_server_without_feat_offers_nothing() {
        for reply in ["500 What?\r\n", "502 no\r\n", "211 no features\r\n"] {
            let features = Features::of(&Reply::new(reply.as_bytes()));
            assert_eq!(Features { is_told: false, ..features }, Features::default());
        }
    }

    #[test]
    fn hash_without_sha256_is_no_help() {
        assert!(of(" HASH MD5*;SHA-512\r\n").checksums.is_empty());
    }
}
