//! What a lane in trouble does, and that the limit holds whatever happens.

use super::*;
use proptest::prelude::*;

const NOW: Moment = Moment(1_000_000);

fn seconds(span: u64) -> Moment {
    NOW.plus(Duration::from_secs(span))
}

fn down() -> Trouble {
    Trouble::of_server(TroubleKind::Connect, "connection refused")
}

fn busy() -> Trouble {
    Trouble::of_server(TroubleKind::Busy, "421 too many connections")
}

#[test]
fn a_server_in_trouble_is_tried_by_one_at_a_time_ever_less_often() {
    let mut circuit = Circuit::new(4, NOW);
    let mut now = NOW;
    let mut waits = vec![];
    for failure in 1..=8 {
        assert_eq!(circuit.admission(now), Admission::Yes);
        let conversation = circuit.begin();
        if failure > 1 {
            assert_eq!(circuit.admission(now), Admission::Full);
        }
        assert_eq!(circuit.trouble(&down(), now, 1.0), failure == 1);
        circuit.end(conversation);
        let Admission::At(retry_at) = circuit.admission(now) else { panic!("admitted at once") };
        waits.push(retry_at.since(now).as_secs());
        now = retry_at;
    }
    assert_eq!(waits, [1, 2, 4, 8, 16, 30, 30, 30]);
    assert!(circuit.success(now));
    assert_eq!(circuit.admission(now), Admission::Yes);
}

#[test]
fn a_long_transfer_holds_no_try_up_and_its_end_is_not_the_trys() {
    let mut circuit = Circuit::new(4, NOW);
    let long = circuit.begin();
    let cut = circuit.begin();
    circuit.trouble(&down(), NOW, 1.0);
    circuit.end(cut);
    assert_eq!(circuit.admission(NOW), Admission::At(seconds(1)));
    assert_eq!(circuit.admission(seconds(1)), Admission::Yes);
    let prober = circuit.begin();
    circuit.end(long);
    assert_eq!(circuit.admission(seconds(9)), Admission::Full, "one is trying still");
    circuit.end(prober);
    assert_eq!(circuit.admission(seconds(9)), Admission::Yes, "it ended without a word; another may try");
}

#[test]
fn many_cut_at_once_are_one_trouble() {
    let mut circuit = Circuit::new(4, NOW);
    let cut = [(); 4].map(|()| circuit.begin());
    assert_eq!(cut.map(|_| circuit.trouble(&down(), NOW, 1.0)), [true, false, false, false]);
    cut.into_iter().for_each(|conversation| circuit.end(conversation));
    assert_eq!(circuit.admission(NOW), Admission::At(seconds(1)));
}

#[test]
fn a_server_that_lets_in_and_serves_nothing_is_tried_ever_less_often() {
    let mut circuit = Circuit::new(4, NOW);
    let mut now = NOW;
    let mut waits = vec![];
    for _ in 0..7 {
        let conversation = circuit.begin();
        circuit.success(now);
        circuit.trouble(&down(), now, 1.0);
        circuit.end(conversation);
        let Admission::At(retry_at) = circuit.admission(now) else { panic!("admitted at once") };
        waits.push(retry_at.since(now).as_secs());
        now = retry_at;
    }
    assert_eq!(waits, [1, 2, 4, 8, 16, 30, 30]);
    assert!(matches!(circuit.state(), CircuitState::Closed { since: NOW, .. }));
    circuit.success(now);
    now = now.plus(RELAPSE_WITHIN);
    assert!(circuit.trouble(&down(), now, 1.0));
    assert!(matches!(circuit.state(), CircuitState::Closed { failures: 1, since, .. } if *since == now));
}

#[test]
fn too_many_connections_costs_one_connection_and_it_comes_back() {
    let mut circuit = Circuit::new(4, NOW);
    let conversations = [(); 4].map(|()| circuit.begin());
    assert!(!circuit.trouble(&busy(), seconds(300), 1.0));
    circuit.end(conversations[3]);
    assert_eq!(circuit.admission(seconds(300)), Admission::Full);
    assert_eq!(circuit.learned_limit(), Some(3));
    assert_eq!(circuit.admission(seconds(359)), Admission::Full);
    assert_eq!(circuit.admission(seconds(360)), Admission::Yes, "though no conversation has ended or begun");
    assert_eq!(circuit.learned_limit(), None);
}

#[test]
fn a_server_too_busy_for_even_one_is_in_trouble() {
    let mut circuit = Circuit::new(4, NOW);
    circuit.begin();
    assert!(circuit.trouble(&busy(), NOW, 1.0));
    assert_eq!(circuit.learned_limit(), None);
}

#[test]
fn a_try_that_is_one_too_many_waits_like_any_other() {
    let mut circuit = Circuit::new(4, NOW);
    let long = circuit.begin();
    circuit.trouble(&down(), NOW, 1.0);
    let prober = circuit.begin();
    circuit.trouble(&busy(), seconds(1), 1.0);
    circuit.end(prober);
    assert_eq!(circuit.learned_limit(), Some(1));
    assert_eq!(circuit.admission(seconds(1)), Admission::At(seconds(3)));
    circuit.end(long);
    assert_eq!(circuit.admission(seconds(3)), Admission::Yes);
}

#[test]
fn trouble_outlives_a_restart_and_is_tried_at_once() {
    let mut circuit =
        Circuit::new(4, NOW).with_learned_limit(Some(2)).closed_since(Moment(5), TroubleKind::Login, "530".into(), NOW);
    assert_eq!(circuit.admission(NOW), Admission::Yes);
    assert!(matches!(circuit.state(), CircuitState::Closed { since: Moment(5), .. }));
    assert_eq!(circuit.learned_limit(), Some(2));
}

#[test]
fn a_clock_that_is_set_back_closes_nothing_for_a_day() {
    let mut circuit = Circuit::new(4, NOW);
    let conversations = [(); 2].map(|()| circuit.begin());
    circuit.trouble(&busy(), NOW, 1.0);
    circuit.trouble(&down(), NOW, 1.0);
    conversations.into_iter().for_each(|conversation| circuit.end(conversation));
    let yesterday = NOW.minus(Duration::from_secs(86_400));
    assert_eq!(circuit.admission(yesterday), Admission::Yes);
    circuit.success(yesterday);
    circuit.admission(yesterday.plus(Duration::from_secs(60)));
    assert_eq!(circuit.learned_limit(), Some(2));
}

proptest! {
    #[test]
    fn whatever_happens_the_limit_holds_and_a_closed_lane_has_one_prober(
        steps in prop::collection::vec((0..4u8, -50_000..90_000i64, any::<prop::sample::Index>()), 1..200),
    ) {
        let mut circuit = Circuit::new(3, NOW);
        let (mut now, mut alive, mut probers) = (NOW, vec![], vec![]);
        for (step, millis, index) in steps {
            now = Moment(now.0 + millis);
            let admission = circuit.admission(now);
            match step {
                0 if admission == Admission::Yes => {
                    let is_closed = *circuit.state() != CircuitState::Open;
                    let conversation = circuit.begin();
                    if is_closed {
                        prop_assert_eq!(&probers, &vec![], "a second prober");
                        probers.push(conversation);
                    }
                    alive.push(conversation);
                }
                1 if !alive.is_empty() => {
                    let conversation = alive.swap_remove(index.index(alive.len()));
                    probers.retain(|prober| *prober != conversation);
                    circuit.end(conversation);
                }
                2 if !alive.is_empty() => {
                    circuit.success(now);
                    probers.clear(); // an ordinary conversation from here on
                }
                3 if !alive.is_empty() => _ = circuit.trouble(&if millis % 2 == 0 { busy() } else { down() }, now, 0.7),
                _ => {}
            }
            prop_assert_eq!(circuit.conversations() as usize, alive.len());
            prop_assert!(alive.len() <= 3);
            prop_assert!((1..=3).contains(&circuit.learned_limit().unwrap_or(3)));
            if let Admission::At(moment) = circuit.admission(now) {
                prop_assert!(now < moment && moment.0 <= now.0 + 30_000);
            }
        }
        // Whatever went before: when all have ended, a try follows within 30 s of whatever the clock shows.
        alive.into_iter().for_each(|conversation| circuit.end(conversation));
        match circuit.admission(now) {
            Admission::At(moment) => prop_assert_eq!(circuit.admission(moment), Admission::Yes),
            admission => prop_assert_eq!(admission, Admission::Yes),
        }
    }
}
