//! What holds across the files of this module.

mod shipped;
