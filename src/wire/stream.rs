//! Bytes in, stanzas out: the reading half of an XML stream (RFC 6120, XEP-0114), without any IO.
//!
//! Whoever owns the socket feeds chunks of any size; the outputs do not depend on where the chunks were cut.
//! No stanza can end the stream by being odd or big: what exceeds the limits is skipped and reported with its
//! head, so that it can be refused, and reading goes on behind it. Only bytes that are no XML, and a header
//! that is no stream's, are faults. How big a stanza is follows the measure of [`super::size`], taken while it is built.
//!
//! Elements in `jabber:component:accept`, and in the namespaces of the other streams that have stanzas, are handed out in
//! `jabber:client`, on every level, so that the rest of the program knows one namespace for stanzas. Prefixes are resolved and not kept. Elements and attributes
//! in the namespaces that XML keeps for itself are left out, but for `xml:lang` and its like (see `reserved`).

mod names;
mod record;
mod reserved;
mod resume;
#[cfg(test)]
mod tests;

use std::fmt;

use minidom::{Element, Node};
use rxml::error::EndOrError;
use rxml::{Options, Parse, RawEvent, RawParser, WithOptions};

use self::names::{Scopes, Tag};
pub use self::record::{Unreadable, read};
use self::reserved::Reserved;
pub use self::resume::Resumption;
use super::ns;
use super::size::{Size, stream_ns};

/// Longest single name or attribute value that can be skipped, unless the largest stanza is more than half of it; a longer
/// one ends the stream.
const TOKEN_BYTES_MIN: usize = 8 * 1024 * 1024;
/// Longest one whatever the largest stanza is.
const TOKEN_BYTES_BOUND: usize = 16 * 1024 * 1024;
/// Deepest nesting that can be skipped; a deeper one ends the stream.
const SKIPPED_DEPTH_BOUND: usize = 1_000_000;
/// Deepest nesting that can be allowed at all: elements are dropped and written recursively.
const DEPTH_BOUND: usize = 512;
/// Longest attribute that is kept in a [`Head`]; an address has at most 3071 bytes (RFC 7622).
const HEAD_VALUE_BYTES_MAX: usize = 4096;
/// What a text may hold on to beside its characters.
const SPARE_BYTES_MAX: usize = 64;

/// Bounds on one stanza.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Largest stanza, in bytes: as it comes, and by the measure of [`super::size`].
    pub stanza_bytes_max: usize,
    /// Deepest nesting; the stanza itself is level 1. At most 512 whatever is asked for.
    pub depth_max: usize,
    /// Most attributes of one element, namespace declarations included.
    pub attributes_max: usize,
    /// Most elements, all levels together.
    pub elements_max: usize,
}

/// The opening tag of the peer's stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Header {
    /// The stream id; part of the handshake (XEP-0114).
    pub id: Option<String>,
    /// Who the peer says it is.
    pub from: Option<String>,
    /// The default namespace that the stream declares; that of the stream element when it declares none.
    pub ns: String,
}

/// What is known of a stanza that was skipped: enough to refuse it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Head {
    /// Local name: `message`, `presence`, `iq`.
    pub name: String,
    /// The sender.
    pub from: Option<String>,
    /// The recipient.
    pub to: Option<String>,
    /// The stanza's id.
    pub id: Option<String>,
    /// The `type` attribute.
    pub type_: Option<String>,
}

/// Which limit a skipped stanza exceeded first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Excess {
    /// `stanza_bytes_max`
    Bytes,
    /// `depth_max`
    Depth,
    /// `attributes_max`
    Attributes,
    /// `elements_max`
    Elements,
}

/// What the stream says, in the order in which it says it.
#[derive(Clone, Debug, PartialEq)]
pub enum Output {
    /// The peer opened its stream.
    Opened(Header),
    /// A whole top-level element, known or not, and its size by the measure of [`super::size`].
    Stanza(Element, usize),
    /// A top-level element that exceeded a limit.
    Skipped {
        /// Its head.
        head: Head,
        /// The limit.
        excess: Excess,
    },
    /// A stream error (RFC 6120, 4.9); the peer closes the stream after it.
    Error {
        /// The name of the condition, such as `not-authorized`.
        condition: String,
        /// The peer's own words, or what the condition carries, such as another host.
        text: Option<String>,
    },
    /// The peer closed its stream. Nothing after it is read.
    Closed,
}

/// Why reading cannot go on. The peer is at fault, or it is no XMPP server.
#[derive(Clone, Debug, PartialEq)]
pub enum StreamFault {
    /// The bytes are not well-formed XML, or XML of a kind that XMPP forbids.
    Xml(rxml::Error),
    /// The first element is not a stream header.
    NotAStream {
        /// Its local name.
        name: String,
        /// Its namespace.
        ns: String,
    },
    /// The stream header exceeds the limits of a stanza.
    HeaderTooBig,
    /// Characters other than white space between stanzas.
    TextBetweenStanzas,
    /// A skipped stanza nests so deep that even skipping it has to end.
    TooDeep,
}

impl fmt::Display for StreamFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Xml(error) => write!(f, "not well-formed XML: {error}"),
            Self::NotAStream { name, ns } => {
                write!(f, "not an XMPP stream: it opens with <{name}/> in namespace '{ns}'")
            }
            Self::HeaderTooBig => f.write_str("the stream header is too big"),
            Self::TextBetweenStanzas => f.write_str("text between stanzas"),
            Self::TooDeep => write!(f, "an element nested more than {SKIPPED_DEPTH_BOUND} levels deep"),
        }
    }
}

impl std::error::Error for StreamFault {}

/// A stanza on its way out of the window.
struct Skip {
    head: Head,
    excess: Excess,
}

/// Reads one stream from its first byte to its last. A restarted stream (after SASL) takes a new reader.
pub struct StreamReader {
    reserved: Reserved,
    parser: RawParser,
    limits: Limits,
    /// Open elements, the stream and the start tag that is being read included.
    depth: usize,
    /// The start tag that is being read.
    tag: Option<Tag>,
    /// Whether the start tag that is being read belongs to a stanza that is being skipped.
    skipped_tag: bool,
    /// Namespace declarations in force.
    scopes: Scopes,
    /// Open elements of the stanza, outermost first; children move into their parents as they close.
    stack: Vec<Element>,
    skip: Option<Skip>,
    /// Bytes and elements of the stanza so far, and how big it is.
    bytes: usize,
    elements: usize,
    size: Size,
    /// Part of a stanza's first token was consumed.
    partial: bool,
    closed: bool,
    /// What is read is no stream, but one element that was stored: nothing in it is for the reader itself.
    is_record: bool,
    fault: Option<StreamFault>,
    /// How many of the bytes that are being read come behind the last stanza that is complete.
    behind: Option<usize>,
    keeper: resume::ResumptionBuffer,
}

impl StreamReader {
    /// A reader for a new stream.
    pub fn new(limits: Limits) -> Self {
        let token_bytes_max =
            limits.stanza_bytes_max.saturating_mul(2).clamp(TOKEN_BYTES_MIN, TOKEN_BYTES_BOUND);
        Self::with_tokens(limits, token_bytes_max)
    }

    fn with_tokens(limits: Limits, token_bytes_max: usize) -> Self {
        let limits = Limits { depth_max: limits.depth_max.min(DEPTH_BOUND), ..limits };
        let mut parser =
            RawParser::with_options(Options { max_token_length: token_bytes_max, ..Options::default() });
        // Text comes in pieces as it arrives and is joined here: one big text never waits in the lexer.
        parser.set_text_buffering(false);
        Self {
            reserved: Reserved::default(),
            parser,
            limits,
            depth: 0,
            tag: None,
            skipped_tag: false,
            scopes: Scopes::default(),
            stack: Vec::new(),
            skip: None,
            bytes: 0,
            elements: 0,
            size: Size::default(),
            partial: false,
            closed: false,
            is_record: false,
            fault: None,
            behind: None,
            keeper: resume::ResumptionBuffer::default(),
        }
    }

    /// Reads `bytes` and appends what they say to `out`.
    ///
    /// # Errors
    ///
    /// When reading cannot go on. What was read before the fault is in `out`; later calls fail in the same way.
    pub fn feed(&mut self, bytes: &[u8], out: &mut Vec<Output>) -> Result<(), StreamFault> {
        if let Some(fault) = &self.fault {
            return Err(fault.clone());
        }
        let harmless = self.reserved.disarm(bytes);
        self.behind = None;
        let result = self.read(&harmless, out);
        let bytes_max = self.limits.stanza_bytes_max.saturating_mul(2);
        self.keeper.note(bytes, self.behind, bytes_max);
        if let Err(fault) = &result {
            self.fault = Some(fault.clone());
        }
        result
    }

    /// A reader that goes on where another one stood; what that had read of a stanza is to be fed to it.
    ///
    /// # Errors
    ///
    /// When `resumption` is not from an open stream.
    pub fn resume(limits: Limits, resumption: &Resumption) -> Result<Self, StreamFault> {
        let mut reader = Self::new(limits);
        // What it says was heard by the other one.
        reader.feed(&resumption.header, &mut Vec::new())?;
        Ok(reader)
    }

    /// What another reader needs to go on here; `None` before the stream is open, and in the middle of a stanza that
    /// is too long to be kept.
    pub fn resumption(&self) -> Option<Resumption> {
        self.keeper.kept()
    }

    /// Whether the stream is open and everything that was fed has been handed out: a connection that ends
    /// here cuts no stanza in two.
    pub fn at_boundary(&self) -> bool {
        self.depth == 1 && self.tag.is_none() && !self.partial
    }

    fn read(&mut self, mut rest: &[u8], out: &mut Vec<Output>) -> Result<(), StreamFault> {
        while !self.closed {
            let before = rest;
            let event = self.parser.parse(&mut rest, false);
            let consumed = &before[..before.len() - rest.len()];
            self.bytes += consumed.len();
            let event = match event {
                Ok(Some(event)) => Some(event),
                // The parser ends only after the stream was closed, which ends this loop first.
                Ok(None) | Err(EndOrError::NeedMoreData) => None,
                Err(EndOrError::Error(error)) => return Err(StreamFault::Xml(error)),
            };
            // The start of a stanza sets the count anew; for everything else this check comes before any other,
            // so that the first excess is the same however the bytes were cut.
            let starts = self.depth <= 1 && matches!(event, Some(RawEvent::ElementHeadOpen(..)));
            if self.depth > 0 && !starts && self.bytes > self.limits.stanza_bytes_max {
                self.exceed(Excess::Bytes)?;
            }
            let Some(event) = event else {
                self.partial |= consumed.iter().any(|b| !b.is_ascii_whitespace());
                return Ok(());
            };
            self.partial = false;
            let before = out.len();
            self.take(event, out)?;
            if self.depth == 1 && out.len() > before {
                self.behind = Some(rest.len());
            }
        }
        Ok(())
    }

    fn take(&mut self, event: RawEvent, out: &mut Vec<Output>) -> Result<(), StreamFault> {
        match event {
            RawEvent::XmlDeclaration(..) => Ok(()),
            RawEvent::ElementHeadOpen(metrics, (prefix, name)) => {
                if self.depth <= 1 {
                    // The byte behind the name was read to see that the name ends.
                    self.bytes = metrics.len() + 1;
                    self.elements = 0;
                    self.size = Size::start();
                }
                self.open(Tag::new(prefix, name))
            }
            RawEvent::Attribute(_, name, value) => self.attribute(name, value),
            RawEvent::ElementHeadClose(_) => self.tag_ends(out),
            RawEvent::ElementFoot(_) => {
                self.close(out);
                Ok(())
            }
            RawEvent::Text(_, text) => self.text(text),
        }
    }

    fn open(&mut self, tag: Tag) -> Result<(), StreamFault> {
        self.depth += 1;
        self.elements += 1;
        if self.skip.is_some() {
            return if self.depth > SKIPPED_DEPTH_BOUND { Err(StreamFault::TooDeep) } else { Ok(()) };
        }
        // The stream itself is one level.
        if self.depth > self.limits.depth_max + 1 && self.depth > 2 {
            return self.exceed(Excess::Depth);
        }
        if self.elements > self.limits.elements_max && self.depth > 2 {
            return self.exceed(Excess::Elements);
        }
        self.tag = Some(tag);
        Ok(())
    }

    fn attribute(&mut self, name: rxml::RawQName, value: String) -> Result<(), StreamFault> {
        if let Some(tag) = &mut self.tag {
            tag.push(name, value);
            return if tag.len() > self.limits.attributes_max {
                self.exceed(Excess::Attributes)
            } else {
                Ok(())
            };
        }
        if let (Some(skip), true, (None, name)) = (&mut self.skip, self.skipped_tag, name) {
            skip.head.set(&name, &value);
        }
        Ok(())
    }

    fn tag_ends(&mut self, out: &mut Vec<Output>) -> Result<(), StreamFault> {
        self.skipped_tag = false;
        let Some(tag) = self.tag.take() else { return Ok(()) };
        if self.depth == 1 {
            out.push(Output::Opened(self.header(tag)?));
            return Ok(());
        }
        let (element, namespace) = tag.element(self.depth, &mut self.scopes).map_err(StreamFault::Xml)?;
        let namespace = namespace.as_str();
        let declared = match self.stack.last_mut() {
            Some(parent) => {
                settle(parent);
                self.size += Size::place(parent.nodes().len() + 1);
                !parent.has_ns(namespace)
            }
            None => namespace != stream_ns(namespace),
        };
        self.size += Size::tag(element.name(), namespace, declared, element.attrs());
        self.stack.push(element);
        self.check_size()
    }

    /// The measure counts what the stanza becomes, however few bytes say so.
    fn check_size(&mut self) -> Result<(), StreamFault> {
        if self.size.bytes() > self.limits.stanza_bytes_max { self.exceed(Excess::Bytes) } else { Ok(()) }
    }

    fn header(&mut self, tag: Tag) -> Result<Header, StreamFault> {
        let declared = tag.default_ns();
        let (stream, _) = tag.element(1, &mut self.scopes).map_err(StreamFault::Xml)?;
        if stream.name() != "stream" || !stream.has_ns(ns::STREAM) {
            return Err(StreamFault::NotAStream { name: stream.name().to_owned(), ns: stream.ns() });
        }
        let attribute = |name| stream.attr(name).map(str::to_owned);
        Ok(Header {
            id: attribute("id"),
            from: attribute("from"),
            ns: declared.unwrap_or_else(|| stream.ns()),
        })
    }

    fn close(&mut self, out: &mut Vec<Output>) {
        self.scopes.close(self.depth);
        self.depth -= 1;
        if self.depth == 0 {
            self.closed = true;
            out.push(Output::Closed);
        } else if self.depth == 1
            && let Some(Skip { head, excess }) = self.skip.take()
        {
            out.push(Output::Skipped { head, excess });
        } else if self.skip.is_none()
            && let Some(mut element) = self.stack.pop()
            && !names::is_reserved(&element)
        {
            settle(&mut element);
            match self.stack.last_mut() {
                Some(parent) => {
                    parent.append_child(element);
                }
                None if self.is_record => out.push(Output::Stanza(element, self.size.bytes())),
                None => out.push(top_level(element, self.size)),
            }
        }
    }

    fn text(&mut self, text: String) -> Result<(), StreamFault> {
        if text.is_empty() {
            return Ok(());
        }
        if let Some(element) = self.stack.last_mut() {
            let follows = matches!(element.nodes().next_back(), Some(Node::Text(_)));
            if !follows {
                self.size += Size::place(element.nodes().len() + 1);
            }
            self.size += Size::text(&text, follows);
            element.append_text(text);
            return self.check_size();
        }
        if self.skip.is_none() && !text.bytes().all(|b| b.is_ascii_whitespace()) {
            return Err(StreamFault::TextBetweenStanzas);
        }
        Ok(())
    }

    /// From here to its end the stanza is skipped.
    fn exceed(&mut self, excess: Excess) -> Result<(), StreamFault> {
        if self.skip.is_some() {
            return Ok(());
        }
        let head = match (self.stack.first(), &self.tag) {
            (Some(stanza), _) => Head::of(stanza),
            (None, Some(tag)) if self.depth > 1 => {
                self.skipped_tag = true;
                tag.head()
            }
            (None, Some(_)) => return Err(StreamFault::HeaderTooBig),
            // Between stanzas there is nothing to skip.
            (None, None) => return Ok(()),
        };
        self.tag = None;
        // Elements on the stack are not yet nested in each other: dropping them recurses no deeper than the limit.
        self.stack.clear();
        self.skip = Some(Skip { head, excess });
        Ok(())
    }
}

impl Head {
    fn of(stanza: &Element) -> Self {
        let mut head = Self { name: stanza.name().to_owned(), ..Self::default() };
        for ((namespace, name), value) in stanza.attrs() {
            if namespace.is_none() {
                head.set(name, value);
            }
        }
        head
    }

    fn set(&mut self, name: &str, value: &str) {
        let place = match name {
            "from" => &mut self.from,
            "to" => &mut self.to,
            "id" => &mut self.id,
            "type" => &mut self.type_,
            _ => return,
        };
        if value.len() <= HEAD_VALUE_BYTES_MAX {
            *place = Some(value.to_owned());
        }
    }
}

/// A text that is complete gives back what was set aside for more of it.
fn settle(element: &mut Element) {
    if let Some(Node::Text(text)) = element.nodes_mut().next_back()
        && text.capacity() > text.len() + SPARE_BYTES_MAX
    {
        text.shrink_to_fit();
    }
}

/// A whole top-level element: a stream error, or anything else.
fn top_level(element: Element, size: Size) -> Output {
    if !element.is("error", ns::STREAM) {
        return Output::Stanza(element, size.bytes());
    }
    let defined = || element.children().filter(|child| child.has_ns(ns::STREAM_ERRORS));
    let text = defined().find(|child| child.name() == "text").map(Element::text);
    let condition = defined().find(|child| child.name() != "text");
    let carried = condition.map(Element::text).filter(|text| !text.is_empty());
    Output::Error {
        // RFC 6120, 4.9.3.21: what is not said is undefined.
        condition: condition.map_or_else(|| "undefined-condition".to_owned(), |c| c.name().to_owned()),
        text: text.filter(|text| !text.is_empty()).or(carried),
    }
}
