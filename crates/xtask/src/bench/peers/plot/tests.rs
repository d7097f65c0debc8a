use super::super::samples::{Outcome, Report};
use super::super::step::Step;
use super::*;

fn groups(times: &[f64]) -> Vec<Group> {
    vec![Group { title: "a < b", bars: times.iter().copied().enumerate().collect() }]
}

#[test]
fn the_scale_holds_all_and_one() {
    let cases = [
        (vec![], Scale { from: 0, to: 1 }),
        (vec![3.0], Scale { from: 0, to: 1 }),
        (vec![0.5, 12.0], Scale { from: -1, to: 2 }),
        (vec![100.0], Scale { from: 0, to: 2 }),
        (vec![0.0, f64::INFINITY, f64::NAN, 2.0], Scale { from: 0, to: 1 }),
    ];
    for (times, scale) in cases {
        assert_eq!(Scale::over(times.iter().copied()), scale, "{times:?}");
    }
    let scale = Scale { from: -1, to: 1 };
    assert_eq!(scale.x(0.1), LABEL_WIDTH);
    assert_eq!(scale.x(1.0), LABEL_WIDTH + PLOT_WIDTH / 2.0);
    assert_eq!(scale.x(10.0), LABEL_WIDTH + PLOT_WIDTH);
}

#[test]
fn a_bar_goes_from_one_to_its_value_on_either_side() {
    let svg = draw(&[Contender::Rnostr, Contender::NostrRsRelay], &groups(&[10.0, 0.1]));
    let middle = LABEL_WIDTH + PLOT_WIDTH / 2.0;
    assert!(svg.contains(&format!("<rect x=\"{middle:.1}\" ")), "{svg}");
    assert!(svg.contains(&format!("<rect x=\"{LABEL_WIDTH:.1}\" ")), "{svg}");
    assert!(svg.contains(">10.0 x</text>") && svg.contains(">0.100 x</text>"), "{svg}");
    assert!(svg.contains("a &lt; b") && !svg.contains("a < b"), "{svg}");
    assert!(svg.contains(">rnostr</text>") && svg.contains(">nostr-rs-relay</text>"));
}

/// Each tag that opens also closes, in turn.
#[test]
fn it_is_well_formed() {
    let svg = draw(&Contender::PEERS, &groups(&[1.0, 40.0, 0.5]));
    let mut open = Vec::new();
    for tag in svg.split('<').skip(1) {
        let (tag, _) = tag.split_once('>').expect("a tag ends");
        let name = tag.split([' ', '/']).find(|word| !word.is_empty()).unwrap();
        match (tag.strip_prefix('/'), tag.ends_with('/')) {
            (Some(_), _) => assert_eq!(open.pop(), Some(name)),
            (None, true) => {}
            (None, false) => open.push(name),
        }
        assert_eq!(tag.matches('"').count() % 2, 0, "{tag}");
    }
    assert!(open.is_empty(), "{open:?}");
}

#[test]
fn costs_and_rates_point_the_same_way() {
    let entrants =
        [Contender::Chappe, Contender::Rnostr].map(|contender| Entrant::of_version(contender, "1"));
    let mut samples = Samples::default();
    let outcome = |rate: f64, cpu: f64| {
        let figures = [("rate", rate), ("relay CPU", cpu)];
        let figures = figures.map(|(name, value)| (name.to_owned(), value)).into();
        Outcome::Done(Report { figures, faults: Vec::new() })
    };
    samples.add(Contender::Chappe, 0, Step::Mix, outcome(40.0, 25.0));
    samples.add(Contender::Rnostr, 0, Step::Mix, outcome(10.0, 100.0));
    let svg = plot(&entrants, &samples);
    assert_eq!(svg.matches(">4.00 x</text>").count(), 2, "{svg}");
}
