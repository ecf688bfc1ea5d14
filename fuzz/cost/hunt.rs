//! The search: what makes a stanza dearer is kept and changed again.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::time::{Duration, Instant};

use super::cost::{Cost, Measure};
use super::recipe::{BYTES_MAX, Recipe};
use super::targets::Target;

/// Numbers from a seed: the same search each time.
pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed | 1)
    }

    /// A number below `bound`, which is not 0.
    pub(crate) fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) as usize % bound
    }
}

/// What one recipe cost.
#[derive(Clone, Debug)]
pub(crate) struct Catch {
    pub(crate) recipe: Recipe,
    pub(crate) cost: Cost,
    pub(crate) share: f64,
}

/// The dearest of each kind by each measure.
#[derive(Default)]
pub(crate) struct Best(BTreeMap<(String, Measure), Catch>);

/// Recipes that are kept of each target.
const KEPT: usize = 16;

/// Tries to measure again before something counts as too slow.
const AGAIN: usize = 4;

/// A search in one target.
pub(crate) struct Hunt<'t> {
    target: &'t mut dyn Target,
    random: Random,
    pub(crate) best: Best,
    pub(crate) tries: u64,
    /// Larger stanzas are passed over.
    pub(crate) bytes_max: usize,
    /// The same for all that a recipe sends.
    pub(crate) all_bytes_max: usize,
}

impl<'t> Hunt<'t> {
    pub(crate) fn new(target: &'t mut dyn Target, seed: u64) -> Self {
        Self {
            target,
            random: Random::new(seed),
            best: Best::default(),
            tries: 0,
            bytes_max: BYTES_MAX,
            all_bytes_max: usize::MAX,
        }
    }

    /// Tries one recipe, and keeps it for what it is the dearest in.
    pub(crate) fn attempt(&mut self, recipe: &Recipe) -> Option<Cost> {
        self.tries += 1;
        let samples = self.target.samples();
        let sample = samples[recipe.sample % samples.len()].clone();
        let stanza = recipe.cook(samples, self.bytes_max)?;
        if stanza.len() * recipe.times > self.all_bytes_max {
            return None;
        }
        let mut cost = self.target.cost(recipe.scene, &sample.who, &stanza, recipe.times)?;
        // What took long is measured again: the least is what it takes, the rest is the machine.
        for _ in 0..AGAIN {
            let dear = |measure| cost.share(measure) > self.best.share(&sample.kind, measure).max(0.3);
            if ![Measure::Time, Measure::Wait, Measure::Aside].into_iter().any(dear) {
                break;
            }
            let again = self.target.cost(recipe.scene, &sample.who, &stanza, recipe.times)?;
            cost.time = cost.time.min(again.time);
            cost.longest = cost.longest.min(again.longest);
            cost.aside = cost.aside.min(again.aside);
        }
        for measure in Measure::ALL {
            let (share, before) = (cost.share(measure), self.best.share(&sample.kind, measure));
            if share > before {
                let catch = Catch { recipe: recipe.clone(), cost, share };
                // A long search is of use before it is over.
                if share > 1.0 && before <= 1.0 {
                    println!("found: {}", line(&sample.kind, measure, &catch));
                }
                self.best.0.insert((sample.kind.clone(), measure), catch);
            }
        }
        Some(cost)
    }

    /// Tries every sample as it is, in every scene.
    pub(crate) fn begin(&mut self) {
        for scene in 0..self.target.scenes() {
            for sample in 0..self.target.samples().len() {
                self.attempt(&Recipe::plain(scene, sample, 1));
            }
        }
    }

    /// Changes what is dearest, until the time is over, or so many tries were made.
    pub(crate) fn search(&mut self, time: Duration, tries: u64) {
        let (deadline, last) = (Instant::now() + time, self.tries.saturating_add(tries));
        let (scenes, samples) = (self.target.scenes(), self.target.samples().len());
        while Instant::now() < deadline && self.tries < last {
            let from = match self.random.below(4) {
                0 => Recipe::plain(self.random.below(scenes), self.random.below(samples), 1),
                _ => self.best.pick(&mut self.random),
            };
            let mut next = from.mutated(scenes, samples, &mut self.random);
            for _ in 0..self.random.below(3) {
                next = next.mutated(scenes, samples, &mut self.random);
            }
            self.attempt(&next);
        }
    }
}

impl Best {
    fn share(&self, kind: &str, measure: Measure) -> f64 {
        self.0.get(&(kind.to_owned(), measure)).map_or(0.0, |catch| catch.share)
    }

    /// One of them; half of the time, of several that are drawn, the dearest.
    fn pick(&self, random: &mut Random) -> Recipe {
        let draws = [1, 3][random.below(2)];
        let drawn = (0..draws).filter_map(|_| self.0.values().nth(random.below(self.0.len().max(1))));
        let dearest = drawn.max_by(|one, other| one.share.total_cmp(&other.share));
        dearest.map_or_else(|| Recipe::plain(0, 0, 1), |catch| catch.recipe.clone())
    }

    /// What is above its bound, a line each.
    pub(crate) fn broken(&self) -> Vec<String> {
        let broken = self.0.iter().filter(|(_, catch)| catch.share > 1.0);
        broken.map(|((kind, measure), catch)| line(kind, *measure, catch)).collect()
    }

    /// The recipes that are worth keeping: those that come nearest to a bound.
    pub(crate) fn recipes(&self) -> Vec<String> {
        let mut catches: Vec<&Catch> = self.0.values().collect();
        catches.sort_by(|one, other| other.share.total_cmp(&one.share));
        let mut lines = Vec::new();
        for line in catches.into_iter().map(|catch| catch.recipe.to_string()) {
            if lines.len() < KEPT && !lines.contains(&line) {
                lines.push(line);
            }
        }
        lines
    }

    /// A table: of each kind, what is nearest to its bound, the `rows` nearest of all.
    pub(crate) fn table(&self, target: &str, rows: usize) -> String {
        let mut nearest: BTreeMap<&str, (Measure, &Catch)> = BTreeMap::new();
        for ((kind, measure), catch) in &self.0 {
            let known = nearest.get(kind.as_str()).map_or(0.0, |(_, known)| known.share);
            if catch.share > known {
                nearest.insert(kind, (*measure, catch));
            }
        }
        let mut sorted: Vec<_> = nearest.into_iter().collect();
        sorted.sort_by(|one, other| other.1.1.share.total_cmp(&one.1.1.share));
        let mut text = String::new();
        for (kind, (measure, catch)) in sorted.into_iter().take(rows) {
            let Catch { recipe, cost, share } = catch;
            let unit = if matches!(measure, Measure::Time | Measure::Wait | Measure::Aside) {
                "ns"
            } else {
                "bytes"
            };
            let (value, percent) = (cost.value(measure), share * 100.0);
            // Writing to a String cannot fail.
            let _ = writeln!(
                text,
                "| {target} | {kind} | {} | {} | {value} {unit} | {:.1} | {percent:.0} % | `{recipe}` |",
                measure.name(),
                cost.bytes_in,
                cost.factor(measure),
            );
        }
        text
    }
}

fn line(kind: &str, measure: Measure, catch: &Catch) -> String {
    let Catch { recipe, cost, share } = catch;
    format!(
        "{}: {kind}: {} for {} bytes in, {share:.2} times its bound ({}): {recipe}",
        measure.name(),
        cost.value(measure),
        cost.bytes_in,
        measure.bound()
    )
}
