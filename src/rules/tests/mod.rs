//! What holds across the files of this module: faulty configurations and the shipped ones.

mod ends;
mod faulty;
mod hostile;
mod mails;
mod plan;
mod shipped;
mod site;
mod ticks;
