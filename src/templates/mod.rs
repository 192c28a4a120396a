//! minijinja, pure: paths that cannot leave their root, conditions that are true or false, texts for people.
//!
//! No type of minijinja leaves this module. Names of files are bytes; [`carrier`] says how they pass through text.

mod carrier;
mod condition;
mod done_file;
mod engine;
mod error;
mod facts;
mod filters;
mod moment;
mod names;
mod path;
mod size;
mod strict;
mod words;

pub use condition::Condition;
pub use done_file::DoneFile;
pub use error::TemplateError;
pub use facts::{Destination, Facts};
pub use path::PathTemplate;
pub use words::TextTemplate;
