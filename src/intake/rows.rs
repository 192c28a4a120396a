//! A file of rows, taken in part by part: a kill in between costs no row and takes none in twice.

use crate::{
    domain::{ArrivalDraft, Escaped, Moment, Ref, Sha256, Sighting},
    faults,
    intake::{Later, Ledger, door::Inner, files},
    rules::{self, Begun, Context, Fetched, Part, Rule, Supply},
    simulation::aside,
    store::ArrivePart,
    streams::whole,
};
use std::sync::Arc;

impl Inner {
    /// Takes a file in whose mails are made of files. Where it is no longer what was seen, nothing is done: it will be seen anew.
    pub(super) async fn take_whole(&self, ledger: &Ledger, sighting: &Sighting, now: Moment) -> Result<(), Later> {
        let (rule, seen) = (ledger.rule.clone(), sighting.clone());
        let fetched = aside(move || files::fetch(&rule, &seen)).await.map_err(Later::broken)?;
        let content = match fetched {
            Ok(content) => Arc::new(content),
            Err(why @ files::NotNow::Changed) => {
                tracing::debug!(rule = ledger.rule.name, %why, "a file is taken later");
                return Ok(());
            }
            Err(why @ files::NotNow::Unreadable(_)) => {
                tracing::warn!(rule = ledger.rule.name, file = %Escaped(&sighting.path), %why, "a file is taken later");
                return Ok(());
            }
        };
        if ledger.rule.has_rows() {
            return self.take_rows(ledger, sighting, (content, now)).await;
        }
        let sha256 = self.hashes(&ledger.rule, std::slice::from_ref(sighting)).await?.pop().flatten();
        let planned = self.plan(ledger, sighting, (content, now), rules::plan).await?;
        let arrival = ArrivalDraft { sha256, ..planned.arrival };
        self.commit(ledger, std::slice::from_ref(sighting), vec![arrival]).await
    }

    async fn take_rows(
        &self,
        ledger: &Ledger,
        sighting: &Sighting,
        (content, now): (Arc<Fetched>, Moment),
    ) -> Result<(), Later> {
        let place = ledger.place.id;
        let sha256 = match &*content {
            Fetched::Whole(content) => Sha256::of(&content.0),
            Fetched::Nothing | Fetched::Unreadable(_) => Sha256([0; 32]),
        };
        let earlier = self.store.expansion(place, &sighting.path).await?;
        if let (Some(_), Fetched::Unreadable(why)) = (&earlier, &*content) {
            let why = format!("the file cannot be read: {why}");
            self.store.give_up_expansion(place, sighting.path.clone(), (why, now)).await?;
        }
        let same = earlier.as_ref().filter(|earlier| earlier.sha256 == sha256);
        let (mut begun, arrived_at) = match same {
            Some(earlier) => (Begun { arrival: earlier.arrival, rows: earlier.rows }, earlier.arrived_at),
            None => (Begun { arrival: Ref::new(), rows: 0 }, now),
        };
        loop {
            self.check_room()?;
            let plan =
                move |rule: &Rule, seen: &Sighting, context: &Context<'_>| rules::plan_part(rule, seen, context, begun);
            let part = self.plan(ledger, sighting, (content.clone(), arrived_at), plan).await?;
            if let Some(why) = part.over {
                if earlier.is_some() {
                    self.store.give_up_expansion(place, sighting.path.clone(), (why.to_string(), now)).await?;
                }
                let arrival = ArrivalDraft { letters: Vec::new(), jobs: Vec::new(), ..part.arrival };
                return self.commit(ledger, std::slice::from_ref(sighting), vec![arrival]).await;
            }
            let Part { arrival, rows, is_last, rest, .. } = part;
            let Some(rest) = rest else { return Ok(()) };
            faults::kill_point("intake.before_part");
            let (node, rows) = (self.node.clone(), (begun.rows, rows));
            self.store.arrive_part(ArrivePart { node, draft: arrival, rest, sha256, rows, is_last }).await?;
            faults::kill_point("intake.after_part");
            if is_last {
                ledger.learn(std::slice::from_ref(sighting));
                return Ok(());
            }
            begun.rows = rows.1;
        }
    }

    /// Planning reads attachments: it has a thread to itself.
    async fn plan<T: Send + 'static>(
        &self,
        ledger: &Ledger,
        sighting: &Sighting,
        (content, now): (Arc<Fetched>, Moment),
        plan: impl FnOnce(&Rule, &Sighting, &Context<'_>) -> T + Send + 'static,
    ) -> Result<T, Later> {
        let (rule, sighting, node) = (ledger.rule.clone(), sighting.clone(), self.node.clone());
        let of = (ledger.rule_version, ledger.place.id);
        let plan = move || {
            let supply = Supply { content: &content, attachment: whole::attachment };
            plan(&rule, &sighting, &Context::kept(&node, of, now, supply))
        };
        aside(plan).await.map_err(Later::broken)
    }
}
