//! The word about what was delivered, for whoever asks for it.

use crate::{
    config::{Notice, Way},
    domain::{Event, Moment, SETTLED},
    janitor::{
        digests::{Covered, LONGEST},
        teller::{Teller, in_order},
    },
    notices::{self, Deliveries, is_worth_a_mail},
    store::{About, LaneRow, NoticeJob, StoreError},
};
use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

/// What `digests` has in place of a crontab. It is none.
pub(super) const DELIVERED: &str = "delivered";
const HOUR: Duration = Duration::from_secs(3600);
/// Deliveries that a mail names.
const EXAMPLES: usize = 10;

/// Of which rules a reader hears what they delivered, and how.
#[derive(Debug, Clone)]
pub(super) struct Hears {
    pub rules: BTreeSet<String>,
    pub way: Way,
}

/// Who hears of deliveries at all.
pub(super) fn who_hears<'a>(notices: impl Iterator<Item = (&'a String, &'a [Notice])>) -> BTreeMap<String, Hears> {
    let mut who: BTreeMap<String, Hears> = BTreeMap::new();
    for (rule, notices) in notices {
        for notice in notices.iter().filter(|notice| notice.on.contains(&Event::Delivered)) {
            for name in notice.readers.names() {
                let hears = || Hears { rules: BTreeSet::new(), way: notice.readers.way() };
                who.entry(name.to_owned()).or_insert_with(hears).rules.insert(rule.clone());
            }
        }
    }
    who
}

impl Teller {
    /// Writes the mails about deliveries that are due.
    pub(super) async fn deliveries_due(
        &self,
        lanes: &[LaneRow],
        now: Moment,
        covered: &mut Covered,
        mails: &mut Vec<NoticeJob>,
    ) -> Result<(), StoreError> {
        let until = now.minus(SETTLED);
        for (address, hears) in &self.hear_of_deliveries {
            let key = (address.clone(), DELIVERED.to_owned());
            let told_until = match covered.before.get(&key) {
                Some(told) if *told <= now => *told,
                // it begins now, or the clock was set back
                _ => {
                    covered.now.push((key, now.minus(HOUR)));
                    continue;
                }
            };
            let since = told_until.max(now.minus(LONGEST));
            let span = self.delivery_span(&hears.rules, (since, until)).await?;
            if !span.is_some_and(|span| is_worth_a_mail(told_until, span, now)) {
                continue;
            }
            let deliveries = self.deliveries(&hears.rules, (since, until)).await?;
            let told = || notices::delivered_body(&deliveries, (since, until), (&self.node, now));
            mails.extend(match hears.way.clone() {
                Way::Mail { via, template } => {
                    let words = notices::delivered(&deliveries, (since, until), (&self.node, self.time_zone));
                    let words = self.words(template.as_ref(), words, told);
                    self.mail(About::Digest, address, in_order(via, lanes), words, now)
                }
                Way::Webhook => Some(self.post(About::Digest, address, told(), now)),
            });
            covered.now.push((key, until));
        }
        Ok(())
    }

    /// When the first and the last of these rules' deliveries were.
    async fn delivery_span(
        &self,
        rules: &BTreeSet<String>,
        within: (Moment, Moment),
    ) -> Result<Option<(Moment, Moment)>, StoreError> {
        let mut span: Option<(Moment, Moment)> = None;
        for rule in rules {
            let Some((first, last)) = self.store.delivery_span(rule, within).await? else { continue };
            let (begin, end) = span.unwrap_or((first, last));
            span = Some((begin.min(first), end.max(last)));
        }
        Ok(span)
    }

    async fn deliveries(&self, rules: &BTreeSet<String>, within: (Moment, Moment)) -> Result<Deliveries, StoreError> {
        let mut deliveries = Deliveries::default();
        for rule in rules {
            let delivery = self.store.deliveries(rule, within).await?;
            if delivery.jobs > 0 {
                deliveries.rules.push((rule.clone(), delivery.jobs, delivery.bytes));
                deliveries.examples.extend(delivery.examples);
            }
        }
        deliveries.examples.truncate(EXAMPLES);
        Ok(deliveries)
    }
}
