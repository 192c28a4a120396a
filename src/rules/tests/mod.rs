//! What holds across the files of this module: faulty configurations and the shipped ones.

mod faulty;
mod faulty_cases;
mod shipped;
