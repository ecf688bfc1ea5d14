//! Start tags and the namespaces in force: from prefixed names to elements.

use minidom::Element;
use rxml::{Error, Namespace, NcName, RawQName};

use super::super::ns;
use super::Head;
use super::reserved::DISARMED;

/// A namespace declaration and the depth of the element that made it.
struct Scope {
    depth: usize,
    prefix: Option<NcName>,
    namespace: Namespace<'static>,
}

/// The declarations in force, outermost first.
#[derive(Default)]
pub(super) struct Scopes(Vec<Scope>);

/// A start tag as it is being read.
pub(super) struct Tag {
    prefix: Option<NcName>,
    name: NcName,
    attributes: Vec<(RawQName, String)>,
}

impl Scopes {
    /// The element at `depth` ends, and its declarations with it.
    pub(super) fn close(&mut self, depth: usize) {
        while self.0.last().is_some_and(|scope| scope.depth >= depth) {
            self.0.pop();
        }
    }

    fn declare(&mut self, depth: usize, prefix: Option<NcName>, uri: String) -> Result<(), Error> {
        let again = self.0.iter().rev().take_while(|s| s.depth == depth).any(|s| s.prefix == prefix);
        if again {
            return Err(Error::DuplicateAttribute);
        }
        self.0.push(Scope { depth, prefix, namespace: Namespace::from(uri) });
        Ok(())
    }

    fn resolve(&self, prefix: Option<&NcName>) -> Result<Namespace<'static>, Error> {
        if prefix.is_some_and(|prefix| *prefix == "xml") {
            return Ok(Namespace::XML);
        }
        let scope = self.0.iter().rev().find(|scope| scope.prefix.as_ref() == prefix);
        match scope {
            Some(scope) => Ok(scope.namespace.clone()),
            None if prefix.is_none() => Ok(Namespace::NONE),
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

    /// The element at `depth` that this tag opens; what it declares is in force until it closes.
    pub(super) fn element(self, depth: usize, scopes: &mut Scopes) -> Result<Element, Error> {
        let mut plain = Vec::with_capacity(self.attributes.len());
        for ((prefix, name), value) in self.attributes {
            match &prefix {
                None if name == "xmlns" => scopes.declare(depth, None, value)?,
                Some(xmlns) if *xmlns == "xmlns" => scopes.declare(depth, Some(name), value)?,
                _ => plain.push((prefix, name, value)),
            }
        }
        let namespace = scopes.resolve(self.prefix.as_ref())?;
        let mut element = Element::bare(self.name, in_program(&namespace));
        let attributes = element.attrs_mut();
        for (prefix, name, value) in plain {
            // An attribute without a prefix is in no namespace, whatever the default one is.
            let namespace = match &prefix {
                None => Namespace::NONE,
                prefix => scopes.resolve(prefix.as_ref())?,
            };
            if matches!(namespace.as_str(), ns::XMLNS | DISARMED) {
                continue;
            }
            if attributes.insert(namespace, name, value).is_some() {
                return Err(Error::DuplicateAttribute);
            }
        }
        Ok(element)
    }
}

/// Whether no element may be in this namespace.
pub(super) fn is_reserved(namespace: &str) -> bool {
    matches!(namespace, ns::XML | ns::XMLNS | DISARMED)
}

/// The namespace as the program knows it: stanzas are in `jabber:client` on every kind of stream.
fn in_program(namespace: &str) -> &str {
    if namespace == ns::COMPONENT_ACCEPT { ns::CLIENT } else { namespace }
}
