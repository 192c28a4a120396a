//! Words of the language that stand for something this version does not do, each with what to do instead: said alike wherever one is
//! written, in a rule, in a step or in an action.

use crate::config::keys::{Key, not_yet};

pub const SET: Key = not_yet("set", "leave it out: every file counts by itself");
pub const VERIFY: Key =
    not_yet("verify", "leave it out: `proof` of an upload says how a copy is proved when it is made");
pub const KEEP: Key = not_yet("keep", "leave it out: every copy is kept");
pub const COMPRESS: Key = not_yet("compress", "leave it out: files go as they are");
pub const ENCRYPT: Key = not_yet("encrypt", "leave it out: files go as they are");
pub const ATTACHMENTS: Key = not_yet("attachments", "leave it out: the parts of a message are not taken out of it yet");
pub const REPORT_TO_SENDER: Key = not_yet("report_to_sender", "leave it out: `packetboat jobs` tells");
pub const POLL: Key = not_yet("poll", SOURCES_THERE_ARE);
pub const DROP: Key = not_yet("drop", SOURCES_THERE_ARE);

const SOURCES_THERE_ARE: &str = "this version waits for files in a local folder, `watch: { folder: … }`, for moments, \
     `schedule: { at: … }`, and for messages, `mail: { }`";
