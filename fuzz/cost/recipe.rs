//! How a stanza is made: a sample, and what is done to it, step by step. A recipe fits into a line, so a corpus is a list.

use std::fmt;

use conclave::wire::build::{remove_attr, set_attr, set_lang};
use conclave::wire::encode;
use minidom::{Element, Node};

use super::hunt::Random;
use super::samples::Sample;

/// Largest stanza that is worth a try.
pub(crate) const BYTES_MAX: usize = 1_100_000;
/// Most elements of it.
const ELEMENTS_MAX: usize = 12_000;
/// Most steps of a recipe.
const STEPS_MAX: usize = 6;

/// What a text may be made of: plain, what NFKC makes longer, what has to be escaped, what is not seen, words, marks.
const LETTERS: [&str; 12] = [
    "x",
    "\u{fdfa}",
    "\u{1e9e}",
    "&",
    "\u{200b}",
    "a ",
    "\u{202e}",
    "e\u{301}\u{323}",
    "@",
    "/",
    "0,",
    "\u{1f469}\u{200d}",
];
/// How much of it, or how often.
const AMOUNTS: [usize; 20] = [
    1, 2, 5, 20, 50, 100, 128, 250, 500, 1_000, 1_300, 2_000, 4_000, 8_000, 8_300, 9_900, 16_000, 64_000,
    200_000, 900_000,
];
/// What can be done. Each has a place in the stanza, a kind, and an amount.
const WHAT: [&str; 10] =
    ["repeat", "number", "text", "attribute", "namespace", "nest", "fill", "graft", "drop", "language"];

/// Which letters: often those that become the most.
fn letter(random: &mut Random) -> usize {
    if random.below(3) == 0 { 1 } else { random.below(LETTERS.len()) }
}

/// One step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Step {
    what: usize,
    /// Which element, counted from the stanza on; above 64, also which of its attributes.
    at: usize,
    kind: usize,
    amount: usize,
}

/// How a stanza is made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Recipe {
    /// Where it is played.
    pub(crate) scene: usize,
    /// What it begins with.
    pub(crate) sample: usize,
    /// How often it is sent; each time `#N#` in it is another number.
    pub(crate) times: usize,
    pub(crate) steps: Vec<Step>,
}

impl fmt::Display for Recipe {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} {}", self.scene, self.sample, self.times)?;
        self.steps.iter().try_for_each(|s| write!(f, " {}@{}:{}*{}", WHAT[s.what], s.at, s.kind, s.amount))
    }
}

impl Recipe {
    /// The sample as it is.
    pub(crate) fn plain(scene: usize, sample: usize, times: usize) -> Self {
        Self { scene, sample, times, steps: Vec::new() }
    }

    /// Reads what was written; `None` if it is no recipe.
    pub(crate) fn parse(line: &str) -> Option<Self> {
        let mut words = line.split_whitespace();
        let mut number = || words.next()?.parse().ok();
        let mut recipe = Self::plain(number()?, number()?, number()?);
        for word in words {
            let (what, rest) = word.split_once('@')?;
            let (at, rest) = rest.split_once(':')?;
            let (kind, amount) = rest.split_once('*')?;
            let what = WHAT.iter().position(|known| *known == what)?;
            let step =
                Step { what, at: at.parse().ok()?, kind: kind.parse().ok()?, amount: amount.parse().ok()? };
            recipe.steps.push(step);
        }
        Some(recipe)
    }

    /// A neighbour: one thing about it is another.
    pub(crate) fn mutated(&self, scenes: usize, samples: usize, random: &mut Random) -> Self {
        let mut next = self.clone();
        match random.below(12) {
            0 => next.scene = random.below(scenes),
            1 => next.times = if next.times == 1 { 40 } else { 1 },
            2 if !next.steps.is_empty() => drop(next.steps.remove(random.below(next.steps.len()))),
            3 => next.sample = random.below(samples),
            4..=7 if !next.steps.is_empty() => {
                let place = random.below(next.steps.len());
                let step = &mut next.steps[place];
                match random.below(3) {
                    0 => step.amount = AMOUNTS[random.below(AMOUNTS.len())],
                    1 => step.kind = letter(random),
                    _ => step.at = random.below(12) + 64 * random.below(6),
                }
            }
            _ if next.steps.len() < STEPS_MAX => next.steps.push(Step {
                what: random.below(WHAT.len()),
                at: random.below(12) + 64 * random.below(6),
                kind: letter(random),
                amount: AMOUNTS[random.below(AMOUNTS.len())],
            }),
            _ => drop(next.steps.pop()),
        }
        next
    }

    /// The stanza, as text in which `#N#` stands for a number; `None` if it would be larger than `bytes_max`.
    pub(crate) fn cook(&self, samples: &[Sample], bytes_max: usize) -> Option<String> {
        let mut stanza: Element = samples[self.sample % samples.len()].xml.parse().ok()?;
        for step in &self.steps {
            let path = path_of(&stanza, step.at % 64);
            let room = bytes_max / step.amount.max(1);
            let element = at(&stanza, &path);
            let copies = matches!(WHAT[step.what], "repeat" | "graft" | "number" | "nest");
            let many = step.amount.min(ELEMENTS_MAX) * count(element) > 2 * ELEMENTS_MAX;
            if step.amount > bytes_max
                || copies && (many || encode::standalone(element).len() > room.max(1) * 4)
            {
                return None;
            }
            step.apply(&mut stanza, &path, samples);
            if count(&stanza) > ELEMENTS_MAX {
                return None;
            }
        }
        let text = encode::standalone(&stanza);
        (text.len() <= bytes_max).then_some(text)
    }
}

impl Step {
    fn apply(&self, stanza: &mut Element, path: &[usize], samples: &[Sample]) {
        let letters = || {
            let letter = LETTERS[self.kind % LETTERS.len()];
            letter.repeat(self.amount.div_ceil(letter.len()))
        };
        let element = at_mut(stanza, path);
        match WHAT[self.what] {
            "repeat" | "number" => self.repeat(stanza, path),
            "text" => element.append_text_node(letters()),
            "attribute" => {
                let names: Vec<String> =
                    element.attrs().iter().map(|((_, name), _)| name.to_string()).collect();
                let name = names.get(self.at / 64 % (names.len() + 1)).map_or("a", String::as_str);
                // A server has looked at these.
                if !(path.is_empty() && matches!(name, "from" | "to" | "type")) {
                    set_attr(element, name, &letters());
                }
            }
            "namespace" => {
                let namespace = format!("urn:{}", "n".repeat(self.amount));
                let nodes: Vec<Node> = element.nodes().cloned().collect();
                if !path.is_empty() {
                    *element = rebuilt(element, &namespace, &nodes);
                }
            }
            "nest" if !path.is_empty() => {
                for _ in 0..self.amount.min(60) {
                    *element = rebuilt(element, &element.ns(), &[Node::Element(element.clone())]);
                }
            }
            "fill" => (0..self.amount.min(ELEMENTS_MAX))
                .for_each(|n| element.append_node(self.filling(n, &element.ns()))),
            "graft" => {
                let other = samples[self.kind * 20 % samples.len()].xml.parse::<Element>();
                let inside = other.ok().and_then(|other| other.children().next().cloned());
                for _ in 0..self.amount.min(50) {
                    inside.iter().for_each(|inside| element.append_node(Node::Element(inside.clone())));
                }
            }
            "language" => set_lang(element, &letters()),
            _ => {
                if let Some((last, above)) = path.split_last() {
                    let parent = at_mut(stanza, above);
                    let mut place = 0;
                    let left: Vec<Node> = parent
                        .nodes()
                        .filter(|node| {
                            place += usize::from(matches!(node, Node::Element(_)));
                            !matches!(node, Node::Element(_)) || place != last + 1
                        })
                        .cloned()
                        .collect();
                    *parent = rebuilt(parent, &parent.ns(), &left);
                }
            }
        }
    }

    /// The element again and again; with numbers in its attributes and texts if it is `number`.
    fn repeat(&self, stanza: &mut Element, path: &[usize]) {
        let Some((_, above)) = path.split_last() else { return };
        let element = at(stanza, path).clone();
        let parent = at_mut(stanza, above);
        for n in 0..self.amount.min(ELEMENTS_MAX) {
            let mut copy = element.clone();
            if WHAT[self.what] == "number" {
                numbered(&mut copy, n);
            }
            parent.append_child(copy);
        }
    }

    fn filling(&self, n: usize, namespace: &str) -> Node {
        let bare = Element::bare("a", namespace);
        Node::Element(match self.kind % 5 {
            0 => bare,
            1 => with_attribute(bare, "v", "1"),
            2 => with_attribute(bare, &format!("v{n}"), ""),
            3 => Element::bare("a", format!("urn:{n}")),
            _ => {
                let mut field = with_attribute(Element::bare("field", namespace), "var", &format!("v{n}"));
                field.append_child(Element::bare("value", namespace));
                field
            }
        })
    }
}

fn with_attribute(mut element: Element, name: &str, value: &str) -> Element {
    set_attr(&mut element, name, value);
    element
}

/// Makes a copy another one: a number in front of each address, behind anything else.
fn numbered(element: &mut Element, n: usize) {
    let own: Vec<(String, String)> =
        element.attrs().iter().map(|((_, name), value)| (name.to_string(), value.clone())).collect();
    for (name, value) in own {
        match name.as_str() {
            "jid" | "to" | "from" => set_attr(element, &name, &format!("n{n}{value}")),
            "nick" | "id" | "var" | "node" | "uri" => set_attr(element, &name, &format!("{value}{n}")),
            _ => {}
        }
    }
    if element.children().next().is_none() && !element.text().is_empty() {
        element.append_text_node(n.to_string());
    }
    element.children_mut().for_each(|child| numbered(child, n));
}

/// The way to the element of this number, counted from the stanza on.
fn path_of(stanza: &Element, number: usize) -> Vec<usize> {
    fn walk(element: &Element, path: &mut Vec<usize>, into: &mut Vec<Vec<usize>>) {
        // Those behind the first are likely copies of them.
        if into.len() >= 64 {
            return;
        }
        into.push(path.clone());
        for (place, child) in element.children().enumerate().take(8) {
            path.push(place);
            walk(child, path, into);
            path.pop();
        }
    }
    let mut paths = Vec::new();
    walk(stanza, &mut Vec::new(), &mut paths);
    paths.swap_remove(number % paths.len())
}

fn at<'e>(element: &'e Element, path: &[usize]) -> &'e Element {
    path.iter().fold(element, |element, place| element.children().nth(*place).expect("it was there"))
}

fn at_mut<'e>(element: &'e mut Element, path: &[usize]) -> &'e mut Element {
    path.iter().fold(element, |element, place| element.children_mut().nth(*place).expect("it was there"))
}

fn count(element: &Element) -> usize {
    1 + element.children().map(count).sum::<usize>()
}

/// The element with another namespace, which all within it that had the same have too, and with these nodes.
fn rebuilt(like: &Element, namespace: &str, nodes: &[Node]) -> Element {
    let mut made = Element::builder(like.name(), namespace).build();
    for ((_, name), value) in like.attrs() {
        set_attr(&mut made, name, value);
    }
    remove_attr(&mut made, "xmlns");
    for node in nodes {
        match node {
            Node::Element(child) if child.ns() == like.ns() && namespace != like.ns() => {
                let inner: Vec<Node> = child.nodes().cloned().collect();
                made.append_child(rebuilt(child, namespace, &inner));
            }
            other => made.append_node(other.clone()),
        }
    }
    made
}
