//! HASH, XCRC, XMD5, XSHA1, XSHA256: digests as servers write them.

use sha2::Digest;

/// In hexadecimal; `None` for an algorithm that is not known.
pub fn hex(algorithm: &str, bytes: &[u8]) -> Option<String> {
    Some(match algorithm {
        "CRC32" => format!("{:08X}", crc32fast::hash(bytes)),
        "MD5" => text(&md5::Md5::digest(bytes)),
        "SHA-1" => text(&sha1::Sha1::digest(bytes)),
        "SHA-256" => text(&sha2::Sha256::digest(bytes)),
        _ => return None,
    })
}

/// The algorithm of an X command.
pub fn of_command(verb: &str) -> Option<&'static str> {
    Some(match verb {
        "XCRC" => "CRC32",
        "XMD5" => "MD5",
        "XSHA1" => "SHA-1",
        "XSHA256" => "SHA-256",
        _ => return None,
    })
}

fn text(digest: &[u8]) -> String {
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}
