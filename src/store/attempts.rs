//! How often a job was tried: every attempt on record but those that were handed back, which say nothing of the job.

macro_rules! tries {
    ($job:literal) => {
        concat!("(SELECT count(*) FROM attempts WHERE job_id = ", $job, " AND outcome <> 'returned')")
    };
}
pub(super) use tries;
