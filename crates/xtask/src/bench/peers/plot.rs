//! The ratios as a bar chart in SVG.
//!
//! All bars point one way: to the right ours is better, whether the figure is a rate or a cost. The scale is
//! logarithmic, because the ratios are.

use std::fmt::Write as _;

use super::contender::{Contender, Entrant};
use super::samples::Samples;
use super::step::FIGURES;
use super::table::number;

/// All in pixels.
const LABEL_WIDTH: f64 = 190.0;
const PLOT_WIDTH: f64 = 560.0;
const VALUE_WIDTH: f64 = 110.0;
const BAR_HEIGHT: f64 = 12.0;
const GROUP_GAP: f64 = 9.0;
const HEAD_HEIGHT: f64 = 52.0;
const FOOT_HEIGHT: f64 = 22.0;

/// Told apart on white and on black, and by those who see few colours.
const COLOURS: [&str; 3] = ["#0072b2", "#e69f00", "#009e73"];

/// One figure's bars.
#[derive(Debug)]
struct Group {
    title: &'static str,
    /// How many times better ours is, for each peer that did it.
    bars: Vec<(usize, f64)>,
}

/// From where to where the scale goes, in powers of ten.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Scale {
    from: i32,
    to: i32,
}

/// The chart; with no peer it has no bars.
pub(super) fn plot(entrants: &[Entrant], samples: &Samples) -> String {
    let peers: Vec<Contender> =
        entrants.iter().map(|entrant| entrant.contender).filter(|peer| *peer != Contender::Chappe).collect();
    let groups: Vec<Group> = FIGURES
        .iter()
        .filter(|figure| samples.has(figure))
        .map(|figure| {
            let bar = |(place, peer): (usize, &Contender)| {
                Some((place, samples.cell(*peer, figure).times_better(figure.better)?))
            };
            Group { title: figure.title, bars: peers.iter().enumerate().filter_map(bar).collect() }
        })
        .collect();
    draw(&peers, &groups)
}

fn draw(peers: &[Contender], groups: &[Group]) -> String {
    let scale = Scale::over(groups.iter().flat_map(|group| group.bars.iter().map(|(_, times)| *times)));
    let group_height = BAR_HEIGHT * peers.len().max(1) as f64 + GROUP_GAP;
    let foot = HEAD_HEIGHT + group_height * groups.len() as f64;
    let (width, height) = (LABEL_WIDTH + PLOT_WIDTH + VALUE_WIDTH, foot + FOOT_HEIGHT);
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" width=\"{width}\" \
         height=\"{height}\" font-family=\"sans-serif\" font-size=\"11\">\n\
         <rect width=\"100%\" height=\"100%\" fill=\"#ffffff\"/>\n\
         <text x=\"{LABEL_WIDTH}\" y=\"16\" font-size=\"13\">How many times better than the peer</text>\n"
    );
    legend(&mut svg, peers);
    axis(&mut svg, scale, foot);
    for (place, group) in groups.iter().enumerate() {
        let top = HEAD_HEIGHT + group_height * place as f64 + GROUP_GAP / 2.0;
        let middle = top + (group_height - GROUP_GAP) / 2.0 + 4.0;
        let x = LABEL_WIDTH - 8.0;
        let _ = writeln!(
            svg,
            "<text x=\"{x}\" y=\"{middle:.1}\" text-anchor=\"end\">{}</text>",
            escaped(group.title)
        );
        for &(peer, times) in &group.bars {
            bar(&mut svg, scale, top + BAR_HEIGHT * peer as f64, peer, times);
        }
    }
    svg.push_str("</svg>\n");
    svg
}

/// From the line of equals to its value.
fn bar(svg: &mut String, scale: Scale, y: f64, peer: usize, times: f64) {
    let (equal, end) = (scale.x(1.0), scale.x(times));
    let (x, width) = (equal.min(end), (end - equal).abs().max(1.0));
    let colour = COLOURS.get(peer % COLOURS.len()).copied().unwrap_or_default();
    let height = BAR_HEIGHT - 2.0;
    let _ = writeln!(
        svg,
        "<rect x=\"{x:.1}\" y=\"{y:.1}\" width=\"{width:.1}\" height=\"{height}\" fill=\"{colour}\"/>"
    );
    let (x, y) = (equal.max(end) + 4.0, y + BAR_HEIGHT - 3.0);
    let _ = writeln!(svg, "<text x=\"{x:.1}\" y=\"{y:.1}\">{} x</text>", number(times));
}

fn legend(svg: &mut String, peers: &[Contender]) {
    for (place, peer) in peers.iter().enumerate() {
        let x = LABEL_WIDTH + 130.0 * place as f64;
        let colour = COLOURS.get(place % COLOURS.len()).copied().unwrap_or_default();
        let _ = writeln!(svg, "<rect x=\"{x}\" y=\"24\" width=\"10\" height=\"10\" fill=\"{colour}\"/>");
        let x = x + 15.0;
        let _ = writeln!(svg, "<text x=\"{x}\" y=\"33\">{}</text>", escaped(peer.name()));
    }
}

fn axis(svg: &mut String, scale: Scale, foot: f64) {
    for power in scale.from..=scale.to {
        let times = 10_f64.powi(power);
        let x = scale.x(times);
        let colour = if power == 0 { "#000000" } else { "#cccccc" };
        let (top, y) = (HEAD_HEIGHT - 8.0, foot + 15.0);
        let _ = writeln!(
            svg,
            "<line x1=\"{x:.1}\" y1=\"{top}\" x2=\"{x:.1}\" y2=\"{foot}\" stroke=\"{colour}\"/>\n\
             <text x=\"{x:.1}\" y=\"{y}\" text-anchor=\"middle\">{times} x</text>"
        );
    }
}

impl Scale {
    /// Wide enough for all of these and for 1.
    fn over(times: impl Iterator<Item = f64>) -> Self {
        let powers = times.filter(|times| *times > 0.0 && times.is_finite()).map(f64::log10);
        // No relay is a billion times faster than another: the bounds only keep nonsense from drawing forever.
        let (from, to) =
            powers.fold((0.0_f64, 1.0_f64), |(from, to), power| (from.min(power), to.max(power)));
        let whole = |power: f64| (-9..=9).rev().find(|&whole| f64::from(whole) <= power).unwrap_or(-9);
        Self { from: whole(from.floor()), to: whole(to.ceil()) }
    }

    fn x(self, times: f64) -> f64 {
        let (from, to) = (f64::from(self.from), f64::from(self.to));
        let share = (times.log10() - from) / (to - from);
        LABEL_WIDTH + PLOT_WIDTH * share.clamp(0.0, 1.0)
    }
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

#[cfg(test)]
mod tests;
