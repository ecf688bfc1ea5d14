//! The scansion language: a cast of clients, and what each of them does, line by line.
//!
//! ```text
//! # A title, and any further comments
//!
//! [Client] Juliet
//!     jid: user@localhost/balcony
//!     password: secret
//!
//! -----
//!
//! Juliet connects
//!
//! Juliet sends:
//!     <presence/>
//!
//! Juliet receives:
//!     <presence from="${Juliet's full JID}"/>
//!
//! Juliet receives: nothing
//!
//! Juliet disconnects
//! ```
//!
//! A line whose first visible character is `#` is a comment wherever it stands. The colon after `sends` and
//! `receives` may be left out. Where one name begins another, the longest one that fits is meant.

use std::fmt;

use minidom::Element;

/// The namespace in which the wire's stanzas are read, and in which those of a script without one are.
pub(crate) const CLIENT: &str = "jabber:client";
/// The namespace of `scansion:strict`. Scripts use the prefix without declaring it.
pub(crate) const SCANSION: &str = "https://matthewwild.co.uk/projects/scansion";

/// A whole script.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Script {
    /// The first comment, or nothing.
    pub(crate) title: String,
    /// The clients, in the order of their blocks.
    pub(crate) cast: Vec<Member>,
    /// What happens, in order.
    pub(crate) steps: Vec<Step>,
}

/// A `[Client]` block.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Member {
    /// What the actions call the client.
    pub(crate) name: String,
    /// Its address as the script has it, without the resource.
    pub(crate) jid: String,
    /// The resource that it asks for, from `resource:` or else from the address.
    pub(crate) resource: Option<String>,
    /// Its password.
    pub(crate) password: String,
    /// Where to connect, in place of the server that the runner was given.
    pub(crate) connect_host: Option<String>,
    /// At which port.
    pub(crate) connect_port: Option<u16>,
}

/// One action.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Step {
    /// The line in which the action stands, from 1.
    pub(crate) line: usize,
    /// Who acts: an index into the cast.
    pub(crate) who: usize,
    /// What is done.
    pub(crate) action: Action,
}

/// What a client can do.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Action {
    /// Opens its stream and logs in.
    Connects,
    /// Closes its stream.
    Disconnects,
    /// Writes these stanzas.
    Sends(String),
    /// Waits for stanzas that match these, one after the other.
    Receives(String),
    /// Makes sure that there is nothing which no `receives` has asked for.
    ReceivesNothing,
}

/// What is wrong with a script, and where.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Error {
    /// The line, from 1.
    pub(crate) line: usize,
    /// What is wrong.
    pub(crate) message: String,
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: {}", self.line, self.message)
    }
}

fn error<T>(line: usize, message: impl Into<String>) -> Result<T, Error> {
    Err(Error { line, message: message.into() })
}

/// Reads a script.
///
/// # Errors
/// The first line that is not of the language, or whose stanzas are not well-formed.
pub(crate) fn parse(text: &str) -> Result<Script, Error> {
    let lines: Vec<(usize, &str)> = text.lines().enumerate().map(|(i, line)| (i + 1, line)).collect();
    let title = lines
        .iter()
        .map(|(_, line)| line.trim())
        .find(|line| !line.is_empty())
        .and_then(|line| line.strip_prefix('#'))
        .map(|title| title.trim().to_owned())
        .unwrap_or_default();
    let Some(separator) = lines.iter().position(|(_, line)| is_separator(line)) else {
        return error(lines.len().max(1), "no line of dashes between the cast and the actions");
    };
    let cast = parse_cast(&lines[..separator])?;
    if cast.is_empty() {
        return error(lines[separator].0, "no [Client] before the line of dashes");
    }
    let steps = parse_steps(&lines[separator + 1..], &cast)?;
    Ok(Script { title, cast, steps })
}

fn is_separator(line: &str) -> bool {
    let line = line.trim_end();
    line.len() >= 3 && line.bytes().all(|b| b == b'-')
}

/// Blank, or a comment.
fn is_silent(line: &str) -> bool {
    let line = line.trim_start();
    line.is_empty() || line.starts_with('#')
}

fn parse_cast(lines: &[(usize, &str)]) -> Result<Vec<Member>, Error> {
    let mut cast: Vec<Member> = Vec::new();
    let mut opened = 0;
    for &(number, line) in lines.iter().filter(|(_, line)| !is_silent(line)) {
        if let Some(header) = line.strip_prefix('[') {
            complete(cast.last(), opened)?;
            let Some((class, name)) = header.split_once(']') else {
                return error(number, "`[` without `]`");
            };
            let name = name.trim();
            if class.trim() != "Client" {
                return error(number, format!("`[{class}]` is not a kind of actor; `[Client]` is"));
            }
            if name.is_empty() {
                return error(number, "`[Client]` without a name");
            }
            if cast.iter().any(|member| member.name == name) {
                return error(number, format!("a second client called `{name}`"));
            }
            cast.push(Member { name: name.to_owned(), ..Member::default() });
            opened = number;
        } else if let Some(member) = cast.last_mut().filter(|_| line.starts_with([' ', '\t'])) {
            setting(member, number, line.trim())?;
        } else {
            return error(number, format!("expected `[Client] NAME` or an indented setting, not `{line}`"));
        }
    }
    complete(cast.last(), opened)?;
    Ok(cast)
}

fn setting(member: &mut Member, number: usize, line: &str) -> Result<(), Error> {
    let Some((key, value)) = line.split_once(':') else {
        return error(number, format!("expected `key: value`, not `{line}`"));
    };
    let value = value.trim();
    match key.trim() {
        "jid" => match value.split_once('/') {
            None => member.jid = value.to_owned(),
            Some((bare, resource)) => {
                member.jid = bare.to_owned();
                member.resource.get_or_insert_with(|| resource.to_owned());
            }
        },
        "password" => member.password = value.to_owned(),
        "resource" => member.resource = Some(value.to_owned()),
        "connect_host" => member.connect_host = Some(value.to_owned()),
        "connect_port" => match value.parse() {
            Ok(port) => member.connect_port = Some(port),
            Err(_) => return error(number, format!("`{value}` is not a port number")),
        },
        key => return error(number, format!("a client has no setting `{key}`")),
    }
    Ok(())
}

/// A client is of use only with an address and a password.
fn complete(member: Option<&Member>, opened: usize) -> Result<(), Error> {
    match member {
        Some(member) if !member.jid.contains('@') => {
            error(opened, format!("`{}` has no `jid: user@host`", member.name))
        }
        Some(member) if member.password.is_empty() => {
            error(opened, format!("`{}` has no `password`", member.name))
        }
        _ => Ok(()),
    }
}

fn parse_steps(lines: &[(usize, &str)], cast: &[Member]) -> Result<Vec<Step>, Error> {
    let mut steps = Vec::new();
    let mut rest = lines.iter().filter(|(_, line)| !is_silent(line)).peekable();
    while let Some(&(number, line)) = rest.next() {
        let line = line.trim_end();
        if line.starts_with([' ', '\t', '<']) {
            return error(number, "a stanza without `NAME sends:` or `NAME receives:` before it");
        }
        let Some((who, verb)) = actor(line, cast) else {
            return error(number, format!("`{line}` does not begin with the name of a client"));
        };
        let mut block = String::new();
        while let Some((_, text)) = rest.next_if(|(_, text)| text.starts_with([' ', '\t', '<'])) {
            block.push_str(text);
            block.push('\n');
        }
        let silent = block.is_empty();
        let action = match verb {
            "connects" if silent => Action::Connects,
            "disconnects" if silent => Action::Disconnects,
            "receives: nothing" | "receives nothing" if silent => Action::ReceivesNothing,
            "connects" | "disconnects" | "receives: nothing" | "receives nothing" => {
                return error(number, format!("`{verb}` takes no stanza"));
            }
            "sends:" | "sends" => Action::Sends(checked(block, number, cast)?),
            "receives:" | "receives" => Action::Receives(checked(block, number, cast)?),
            _ => return error(number, format!("`{verb}` is not an action")),
        };
        steps.push(Step { line: number, who, action });
    }
    Ok(steps)
}

/// The client whose name begins the line, and the rest of the line.
fn actor<'a>(line: &'a str, cast: &[Member]) -> Option<(usize, &'a str)> {
    by_longest_name(cast)
        .into_iter()
        .find_map(|who| Some((who, line.strip_prefix(cast[who].name.as_str())?.strip_prefix(' ')?.trim())))
}

fn by_longest_name(cast: &[Member]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..cast.len()).collect();
    order.sort_by_key(|&who| std::cmp::Reverse(cast[who].name.len()));
    order
}

/// A block of stanzas in which every reference has an owner and every tag its end.
fn checked(block: String, number: usize, cast: &[Member]) -> Result<String, Error> {
    let plain = interpolate(&block, cast, |_, _| "somebody".to_owned());
    match plain.and_then(|plain| stanzas(&plain)) {
        Err(message) => error(number, message),
        Ok(stanzas) if stanzas.is_empty() => error(number, "no stanza follows"),
        Ok(_) => Ok(block),
    }
}

/// Which address of a client is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Address {
    /// `${NAME's JID}`
    Bare,
    /// `${NAME's full JID}`
    Full,
}

/// Replaces every `${NAME's JID}` and `${NAME's full JID}` by what `address` says of that member of the cast.
///
/// # Errors
/// A reference to nobody in the cast, or without its closing brace.
pub(crate) fn interpolate(
    text: &str,
    cast: &[Member],
    address: impl Fn(usize, Address) -> String,
) -> Result<String, String> {
    let order = by_longest_name(cast);
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find("${") {
        out.push_str(&rest[..start]);
        let reference = &rest[start + 2..];
        let Some(end) = reference.find('}') else {
            return Err("`${` without `}`".to_owned());
        };
        let meant = order.iter().find_map(|&who| {
            match reference[..end].strip_prefix(cast[who].name.as_str())?.strip_prefix("'s ")? {
                "JID" => Some((who, Address::Bare)),
                "full JID" => Some((who, Address::Full)),
                _ => None,
            }
        });
        let Some((who, which)) = meant else {
            return Err(format!("`${{{}}}` names no address of the cast", &reference[..end]));
        };
        out.push_str(&address(who, which));
        rest = &reference[end + 1..];
    }
    out.push_str(rest);
    Ok(out)
}

/// The stanzas of a block. White space that only sets elements apart is left out.
///
/// # Errors
/// What makes the block no well-formed XML.
pub(crate) fn stanzas(block: &str) -> Result<Vec<Element>, String> {
    let document = format!("<stream xmlns='{CLIENT}' xmlns:scansion='{SCANSION}'>{block}</stream>");
    let mut stream: Element = document.parse().map_err(|e| format!("not well-formed XML: {e}"))?;
    strip(&mut stream);
    if stream.nodes().any(|node| node.as_text().is_some()) {
        return Err("text outside of a stanza".to_owned());
    }
    Ok(stream.children().cloned().collect())
}

/// Takes the layout's white space out of elements that hold elements.
fn strip(element: &mut Element) {
    let laid_out = element.children().next().is_some();
    for mut node in element.take_nodes() {
        match &mut node {
            minidom::Node::Text(text) if laid_out && text.trim().is_empty() => continue,
            minidom::Node::Text(_) => {}
            minidom::Node::Element(child) => strip(child),
        }
        element.append_node(node);
    }
}
