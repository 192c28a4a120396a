//! When somebody served: spans in which the clock ran on, and what had arrived at the end of each.

/// From the start of the sources, or a jump of the clock, to the next of them.
#[derive(Debug, Clone)]
pub struct Span {
    pub from: i64,
    pub until: i64,
    /// The last row of arrivals at its end.
    pub last_arrival: i64,
    /// The clock jumped at its end: what was being looked at then arrives in the next one.
    pub is_cut_by_jump: bool,
}

#[derive(Debug, Default)]
pub struct Served {
    pub spans: Vec<Span>,
    begun: Option<i64>,
    ended: Option<i64>,
}

impl Served {
    /// Sources look from now on.
    pub fn begin(&mut self, now: i64) {
        (self.begun, self.ended) = (Some(now), None);
    }

    /// They look no more, and what they had begun may still arrive.
    pub fn end(&mut self, now: i64) {
        self.ended.get_or_insert(now);
    }

    /// Nothing more arrives in this span.
    pub fn close(&mut self, now: i64, last_arrival: i64) {
        let Some(from) = self.begun.take() else { return };
        let until = self.ended.take().unwrap_or(now);
        self.spans.push(Span { from, until, last_arrival, is_cut_by_jump: false });
    }

    /// The clock shows something else.
    pub fn jump(&mut self, (before, after): (i64, i64), last_arrival: i64) {
        if self.begun.is_some() && self.ended.is_none() {
            self.close(before, last_arrival);
            self.spans.last_mut().expect("it was just closed").is_cut_by_jump = true;
            self.begin(after);
        }
    }
}
