//! Start tags and the namespaces in force: from prefixed names to elements.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use minidom::Element;
use rxml::{Error, Namespace, NcName, RawQName};

use super::super::ns;
use super::Head;
use super::reserved::DISARMED;

/// The declarations in force. An element may make many, and many elements may use them: each is found without looking
/// at the others.
#[derive(Default)]
pub(super) struct Scopes {
    /// Which prefix was declared at which depth, in the order of the declarations.
    order: Vec<(usize, Option<NcName>)>,
    /// What no prefix stands for, and at which depth it was declared; outermost first.
    default: Meanings,
    /// The same for each prefix.
    prefixed: BTreeMap<NcName, Meanings>,
}

type Meanings = Vec<(usize, Namespace<'static>)>;

/// A start tag as it is being read.
pub(super) struct Tag {
    prefix: Option<NcName>,
    name: NcName,
    attributes: Vec<(RawQName, String)>,
}

impl Scopes {
    /// The element at `depth` ends, and its declarations with it.
    pub(super) fn close(&mut self, depth: usize) {
        while let Some((_, prefix)) = self.order.pop_if(|(at, _)| *at >= depth) {
            let Some(prefix) = prefix else {
                self.default.pop();
                continue;
            };
            if let Entry::Occupied(mut meanings) = self.prefixed.entry(prefix) {
                meanings.get_mut().pop();
                if meanings.get().is_empty() {
                    meanings.remove();
                }
            }
        }
    }

    fn declare(&mut self, depth: usize, prefix: Option<NcName>, uri: String) -> Result<(), Error> {
        let meanings = match &prefix {
            None => &mut self.default,
            Some(prefix) => self.prefixed.entry(prefix.clone()).or_default(),
        };
        if meanings.last().is_some_and(|(at, _)| *at == depth) {
            return Err(Error::DuplicateAttribute);
        }
        meanings.push((depth, Namespace::from(uri)));
        self.order.push((depth, prefix));
        Ok(())
    }

    fn resolve(&self, prefix: Option<&NcName>) -> Result<Namespace<'static>, Error> {
        let Some(prefix) = prefix else {
            return Ok(self.default.last().map_or(Namespace::NONE, |(_, namespace)| namespace.clone()));
        };
        if *prefix == "xml" {
            return Ok(Namespace::XML);
        }
        match self.prefixed.get(prefix).and_then(|meanings| meanings.last()) {
            Some((_, namespace)) => Ok(namespace.clone()),
            None => Err(Error::UndeclaredNamespacePrefix(None)),
        }
    }
}

impl Tag {
    pub(super) fn new(prefix: Option<NcName>, name: NcName) -> Self {
        Self { prefix, name, attributes: Vec::new() }
    }

    pub(super) fn push(&mut self, name: RawQName, value: String) {
        self.attributes.push((name, value));
    }

    /// Attributes so far, namespace declarations included.
    pub(super) fn len(&self) -> usize {
        self.attributes.len()
    }

    /// The default namespace that this very tag declares.
    pub(super) fn default_ns(&self) -> Option<String> {
        let declared =
            self.attributes.iter().find(|((prefix, name), _)| prefix.is_none() && *name == "xmlns");
        declared.map(|(_, uri)| uri.clone())
    }

    /// The head of the stanza that starts with this tag.
    pub(super) fn head(&self) -> Head {
        let mut head = Head { name: self.name.as_str().to_owned(), ..Head::default() };
        for ((prefix, name), value) in &self.attributes {
            if prefix.is_none() {
                head.set(name, value);
            }
        }
        head
    }

    /// The element at `depth` that this tag opens, with its namespace; what it declares is in force until it closes.
    pub(super) fn element(
        self,
        depth: usize,
        scopes: &mut Scopes,
    ) -> Result<(Element, Namespace<'static>), Error> {
        // A declaration holds for all of the tag, wherever it stands there.
        let (mut attributes, mut declares) = (self.attributes, false);
        for ((prefix, name), value) in &mut attributes {
            if is_declaration(prefix.as_ref(), name) {
                let declared = prefix.as_ref().map(|_| name.clone());
                scopes.declare(depth, declared, std::mem::take(value))?;
                declares = true;
            }
        }
        let namespace = in_program(scopes.resolve(self.prefix.as_ref())?);
        let mut element = Element::bare(self.name, namespace.as_str());
        let into = element.attrs_mut();
        for ((prefix, name), value) in attributes {
            // An attribute without a prefix is in no namespace, whatever the default one is.
            if declares && is_declaration(prefix.as_ref(), &name) {
                continue;
            }
            let namespace = match &prefix {
                None => Namespace::NONE,
                prefix => scopes.resolve(prefix.as_ref())?,
            };
            if matches!(namespace.as_str(), ns::XMLNS | DISARMED) {
                continue;
            }
            if into.insert(namespace, name, value).is_some() {
                return Err(Error::DuplicateAttribute);
            }
        }
        Ok((element, namespace))
    }
}

/// Whether an attribute declares a namespace.
fn is_declaration(prefix: Option<&NcName>, name: &NcName) -> bool {
    *prefix.unwrap_or(name) == "xmlns"
}

/// Whether an element is in a namespace that no element may be in.
pub(super) fn is_reserved(element: &Element) -> bool {
    [ns::XML, ns::XMLNS, DISARMED].iter().any(|reserved| element.has_ns(*reserved))
}

/// The namespace as the program knows it: stanzas are in `jabber:client` on every kind of stream. What a client writes in
/// the namespace of another kind passes here as an extension, and is the word itself for everybody behind such a stream.
fn in_program(namespace: Namespace<'static>) -> Namespace<'static> {
    match namespace.as_str() {
        ns::COMPONENT_ACCEPT | ns::COMPONENT_CONNECT | ns::SERVER => Namespace::from(ns::CLIENT),
        _ => namespace,
    }
}
