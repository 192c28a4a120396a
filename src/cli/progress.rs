//! What `once` shows on a terminal while it works: a bar for each running transfer, and a line for each that has ended.
//!
//! `offsite  orders.dump.zst   ████████████████░░░░  1.9/2.4 GB  61.0 MB/s  0:08`

use crate::{
    cli::text::{cut, outside, pad, size, width},
    control::JobDetail,
    domain::{JobState, Ref},
};
use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::{
    collections::{BTreeMap, VecDeque},
    time::{Duration, Instant},
};

/// How often the bars are looked at.
pub const TICK: Duration = Duration::from_millis(200);

/// One running transfer, as it is at this moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Running {
    pub job: Ref,
    pub server: String,
    /// Below its folder; bytes as the file system has them.
    pub name: Vec<u8>,
    pub size_bytes: u64,
    pub sent_bytes: u64,
}

/// The bars, and above them a line for what ended.
pub struct Board {
    bars: MultiProgress,
    shown: BTreeMap<Ref, Shown>,
    columns: Columns,
}

struct Shown {
    bar: ProgressBar,
    pace: Pace,
}

/// More bars than a screen has lines help nobody.
const MOST_BARS: usize = 16;
const BAR: usize = 20;

impl Board {
    /// On stderr, where a pipe behind us does not see it.
    #[must_use]
    pub fn new() -> Self {
        let bars = MultiProgress::with_draw_target(ProgressDrawTarget::stderr_with_hz(10));
        Self { bars, shown: BTreeMap::new(), columns: Columns::default() }
    }

    /// Shows what runs now and no longer what does not. Called once every [`TICK`].
    pub fn show(&mut self, running: &[Running], now: Instant) {
        self.shown.retain(|job, shown| {
            let still = running.iter().any(|transfer| transfer.job == *job);
            if !still {
                shown.bar.finish_and_clear();
            }
            still
        });
        for transfer in running.iter().take(MOST_BARS) {
            self.columns.widen(transfer);
            let shown = self.shown.entry(transfer.job).or_insert_with(|| {
                let bar = self.bars.add(ProgressBar::new(0));
                bar.set_style(ProgressStyle::with_template("{msg}").unwrap_or_else(|_| ProgressStyle::default_bar()));
                Shown { bar, pace: Pace::default() }
            });
            let rate = shown.pace.rate(transfer.sent_bytes, now);
            shown.bar.set_message(self.columns.line(transfer, rate));
        }
    }

    /// Prints a line above the bars.
    pub fn say(&self, line: &str) {
        let _ = self.bars.println(line); // a terminal that is gone
    }

    /// Takes the bars away.
    pub fn end(&mut self) {
        self.show(&[], Instant::now());
        let _ = self.bars.clear();
    }
}

impl Default for Board {
    fn default() -> Self {
        Self::new()
    }
}

impl Drop for Board {
    fn drop(&mut self) {
        self.end();
    }
}

/// Widths that only grow, so that nothing jumps.
#[derive(Debug, Default)]
struct Columns {
    server: usize,
    name: usize,
}

const WIDEST_NAME: usize = 32;

impl Columns {
    fn widen(&mut self, transfer: &Running) {
        self.server = self.server.max(width(&outside(Some(transfer.server.as_bytes()))));
        self.name = self.name.max(width(&outside(Some(&transfer.name))).min(WIDEST_NAME));
    }

    /// `rate`: bytes a second, once it is known.
    fn line(&self, transfer: &Running, rate: Option<u64>) -> String {
        let server = pad(&outside(Some(transfer.server.as_bytes())), self.server);
        let name = pad(&cut(&outside(Some(&transfer.name)), self.name), self.name);
        let left = transfer.size_bytes.saturating_sub(transfer.sent_bytes);
        let pace = match rate {
            Some(rate) if rate > 0 => format!("  {}/s  {}", size(rate), clock(left / rate)),
            _ => String::new(),
        };
        let share = share(transfer.sent_bytes, transfer.size_bytes);
        format!("{server}  {name}   {}  {}{pace}", bar(share), of(transfer.sent_bytes, transfer.size_bytes))
    }
}

/// Twentieths that are done; all of an empty file's.
fn share(sent: u64, whole: u64) -> usize {
    let twentieths = (u128::from(sent.min(whole)) * BAR as u128).checked_div(u128::from(whole));
    twentieths.and_then(|share| usize::try_from(share).ok()).unwrap_or(BAR)
}

fn bar(share: usize) -> String {
    "█".repeat(share) + &"░".repeat(BAR - share)
}

/// `1.9/2.4 GB` where both have the same unit, else `410 MB/2.4 GB`.
fn of(sent: u64, whole: u64) -> String {
    let (sent, whole) = (size(sent.min(whole)), size(whole));
    match (sent.split_once(' '), whole.split_once(' ')) {
        (Some((number, unit)), Some((_, same))) if unit == same => format!("{number}/{whole}"),
        _ => format!("{sent}/{whole}"),
    }
}

/// `0:08`, `1:02:03`
fn clock(seconds: u64) -> String {
    let (hours, minutes, seconds) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    if hours > 0 { format!("{hours}:{minutes:02}:{seconds:02}") } else { format!("{minutes}:{seconds:02}") }
}

/// Bytes a second over the last few seconds.
#[derive(Debug, Default)]
struct Pace {
    seen: VecDeque<(Instant, u64)>,
}

const WINDOW: Duration = Duration::from_secs(5);

impl Pace {
    /// `None` until there is something to compare with.
    fn rate(&mut self, sent: u64, now: Instant) -> Option<u64> {
        self.seen.push_back((now, sent));
        while self.seen.len() > 2 && self.seen.get(1).is_some_and(|(then, _)| now - *then >= WINDOW) {
            self.seen.pop_front();
        }
        let (then, before) = self.seen.front()?;
        let millis = u64::try_from((now - *then).as_millis()).ok().filter(|millis| *millis > 0)?;
        Some(sent.saturating_sub(*before).saturating_mul(1000) / millis)
    }
}

/// `offsite  stock.dump.zst    delivered  410 MB  proof xsha256`, for [`Board::say`]; `None` while it is not recorded yet.
pub fn ended(job: &JobDetail) -> Option<String> {
    let line = &job.job;
    let what = format!("{}  {}", outside(Some(line.server.as_bytes())), outside(line.name.as_deref()));
    let said = outside(line.said.as_deref().map(str::as_bytes));
    Some(match (line.state, &job.receipt) {
        (JobState::Running, _) => return None,
        (JobState::Delivered, Some(receipt)) => {
            format!("{what}   delivered  {}  proof {}", size(receipt.size_bytes), receipt.proof)
        }
        (JobState::Queued, _) => format!("{what}   deferred  {said}"),
        (state, _) => format!("{what}   {}  {said}", state.word()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn transfer(name: &str, sent_bytes: u64, size_bytes: u64) -> Running {
        Running { job: Ref([0; 16]), server: "offsite".into(), name: name.into(), size_bytes, sent_bytes }
    }

    #[test]
    fn a_line_is_laid_out_as_the_manual_shows_it() {
        for (transfer, rate, line) in [
            (
                transfer("orders.dump.zst", 1_920_000_000, 2_400_000_000),
                Some(61_000_000),
                "offsite  orders.dump.zst   ████████████████░░░░  1.9/2.4 GB  61.0 MB/s  0:07",
            ),
            (transfer("a\u{1b}[2J", 0, 0), None, "offsite  a\\u{1b}[2J   ████████████████████  0/0 B"),
            (
                transfer("b", 999, 2_400_000),
                Some(1),
                "offsite  b   ░░░░░░░░░░░░░░░░░░░░  999 B/2.4 MB  1 B/s  666:23:21",
            ),
            (transfer("grew", 9, 5), Some(0), "offsite  grew   ████████████████████  5/5 B"),
        ] {
            let mut columns = Columns::default();
            columns.widen(&transfer);
            assert_eq!(columns.line(&transfer, rate), line);
        }
    }

    #[test]
    fn the_pace_is_that_of_the_last_seconds() {
        let start = Instant::now();
        let mut pace = Pace::default();
        assert_eq!(pace.rate(0, start), None);
        assert_eq!(pace.rate(1000, start + Duration::from_secs(1)), Some(1000));
        for second in 2..20 {
            pace.rate(1000, start + Duration::from_secs(second));
        }
        assert_eq!(pace.rate(1000, start + Duration::from_secs(20)), Some(0), "it has stalled");
        assert_eq!(pace.rate(0, start + Duration::from_secs(21)), Some(0), "it began anew");
    }

    #[test]
    fn the_board_forgets_what_has_ended() {
        let mut board = Board::new();
        board.bars.set_draw_target(ProgressDrawTarget::hidden());
        let now = Instant::now();
        board.show(&[transfer("a", 1, 2)], now);
        assert_eq!(board.shown.len(), 1);
        board.show(&[], now);
        assert!(board.shown.is_empty());
        board.end();
    }
}
