//! minijinja, pure: paths that cannot leave their root, conditions that are true or false, texts for people.
//!
//! No type of minijinja leaves this module. Names of files are bytes; [`carrier`] says how they pass through text.

mod beside;
mod carrier;
mod charset;
mod compiled;
mod condition;
mod done_file;
mod engine;
mod error;
mod facts;
mod filters;
mod given;
mod known;
mod message;
mod moment;
mod names;
mod notice;
mod path;
mod size;
mod strict;
mod words;

pub use beside::{Beside, Content, LONGEST_TEXT, Row};
pub use charset::{Charset, NotACharset, Undecodable};
pub use condition::Condition;
pub use done_file::DoneFile;
pub use error::TemplateError;
pub use facts::{Destination, Facts};
pub use given::GivenData;
pub use known::{Known, Rows};
pub use names::is_taken;
pub use notice::{Notified, samples};
pub use path::PathTemplate;
pub use words::{MailWords, TextKind, TextTemplate};
