//! Plays a script with real clients.
//!
//! Each client has one queue, in the order in which the stanzas came. `receives` takes the first stanza from there
//! that matches and passes over those before it; a later `receives` does not come back to them. That is needed: if it
//! did, no script could show that one stanza comes before another. What was passed over is not forgotten, though:
//! `receives: nothing` fails on it as well as on what is still waiting, so that a script can also show that nothing
//! came but what it names.

use std::time::{Duration, Instant};

use conclave::wire::encode;
use minidom::Element;

use crate::pattern::{self, Captures};
use crate::script::{self, Action, Address, Script, Step};
use crate::servers::client::{Account, Client, Door};
use crate::stage::Stage;

/// How long a stanza may take.
const PATIENCE: Duration = Duration::from_secs(10);
/// How long nothing must come until `receives: nothing` believes it.
const QUIET: Duration = Duration::from_millis(300);

/// Plays the script to its end.
///
/// # Errors
/// The line that failed, with what was expected and what came.
pub(crate) fn play(script: &Script, door: &Door, stage: Stage) -> Result<(), String> {
    let players = script.cast.iter().map(|member| Player::new(member, door, &stage)).collect();
    let mut performance = Performance { script, stage, players, captures: Captures::new() };
    performance.register()?;
    for step in &script.steps {
        performance.step(step).map_err(|message| format!("line {}: {message}", step.line))?;
    }
    performance.players.into_iter().filter_map(|player| player.client).for_each(Client::close);
    Ok(())
}

struct Performance<'a> {
    script: &'a Script,
    stage: Stage,
    players: Vec<Player>,
    captures: Captures,
}

/// A client of the script.
struct Player {
    name: String,
    door: Door,
    account: Account,
    /// Whether the address is one of the script's world: then the account is new.
    fresh: bool,
    resource: String,
    client: Option<Client>,
    left: bool,
    skipped: Vec<Element>,
}

impl Player {
    fn new(member: &script::Member, door: &Door, stage: &Stage) -> Self {
        let jid = stage.translate(&member.jid);
        let (user, domain) = jid.split_once('@').expect("the parser wants an @ in every jid");
        let (host, port) = door.address.rsplit_once(':').unwrap_or((door.address.as_str(), "5222"));
        let host = member.connect_host.as_deref().unwrap_or(host);
        let port = member.connect_port.map_or(port.to_owned(), |port| port.to_string());
        Self {
            name: member.name.clone(),
            door: Door { address: format!("{host}:{port}"), domain: domain.to_owned() },
            account: Account { user: user.to_owned(), password: member.password.clone() },
            fresh: jid != member.jid,
            resource: member.resource.clone().unwrap_or_else(|| "stage".to_owned()),
            client: None,
            left: false,
            skipped: Vec::new(),
        }
    }

    fn bare(&self) -> String {
        format!("{}@{}", self.account.user, self.door.domain)
    }

    fn address(&self, which: Address) -> String {
        match (which, &self.client) {
            (Address::Bare, _) => self.bare(),
            (Address::Full, Some(client)) => client.jid().to_owned(),
            (Address::Full, None) => format!("{}/{}", self.bare(), self.resource),
        }
    }

    fn connect(&mut self) -> Result<(), String> {
        if self.client.is_some() {
            return Err(format!("{} is connected already", self.name));
        }
        let client = Client::login(&self.door, &self.account, &self.resource)
            .map_err(|e| format!("{} cannot connect: {e}", self.name))?;
        self.client = Some(client);
        self.skipped.clear();
        Ok(())
    }

    fn disconnect(&mut self) {
        if let Some(client) = self.client.take() {
            client.close();
            self.left = true;
        }
    }

    fn send(&mut self, stanza: &Element) -> Result<(), String> {
        match &mut self.client {
            Some(client) => client.send(stanza).map_err(|e| format!("{} cannot send: {e}", self.name)),
            // Some scripts tidy up after everybody has gone.
            None if self.left => Ok(()),
            None => Err(format!("{} has not connected", self.name)),
        }
    }

    fn receive(&mut self, expected: &Element, block: &str, captures: &mut Captures) -> Result<(), String> {
        let client = self.client.as_mut().ok_or_else(|| format!("{} is not connected", self.name))?;
        let deadline = Instant::now() + PATIENCE;
        let before = self.skipped.len();
        let fault = loop {
            match client.next(deadline) {
                Ok(Some(stanza)) if pattern::matches(expected, &stanza, captures) => return Ok(()),
                Ok(Some(stanza)) => self.skipped.push(stanza),
                Ok(None) => break format!("nothing else within {} s", PATIENCE.as_secs()),
                Err(e) => break e.to_string(),
            }
        };
        Err(format!(
            "{} receives:\n{}\nbut since the last match there came{}\nand {fault}",
            self.name,
            block.trim_end(),
            list(&self.skipped[before..])
        ))
    }

    fn receive_nothing(&mut self) -> Result<(), String> {
        let client = self.client.as_mut().ok_or_else(|| format!("{} is not connected", self.name))?;
        let fault = |e| format!("{} receives: nothing, but {e}", self.name);
        client.ping().map_err(fault)?;
        let deadline = Instant::now() + QUIET;
        while let Some(stanza) = client.next(deadline).map_err(fault)? {
            self.skipped.push(stanza);
        }
        if self.skipped.is_empty() {
            return Ok(());
        }
        Err(format!("{} receives: nothing, but there came{}", self.name, list(&self.skipped)))
    }
}

fn list(stanzas: &[Element]) -> String {
    if stanzas.is_empty() {
        return " nothing".to_owned();
    }
    stanzas.iter().map(|stanza| format!("\n  {}", encode::element(stanza))).collect()
}

impl Performance<'_> {
    /// Every account exists before the first action: scripts speak of people who come later, or never.
    fn register(&self) -> Result<(), String> {
        let mut known: Vec<String> = Vec::new();
        for player in self.players.iter().filter(|player| player.fresh) {
            let jid = player.bare();
            if known.contains(&jid) {
                continue;
            }
            Client::register(&player.door, &player.account)
                .map_err(|e| format!("{} cannot register {jid}: {e}", player.name))?;
            known.push(jid);
        }
        Ok(())
    }

    fn step(&mut self, step: &Step) -> Result<(), String> {
        match &step.action {
            Action::Connects => self.players[step.who].connect(),
            Action::Disconnects => {
                self.players[step.who].disconnect();
                Ok(())
            }
            Action::Sends(block) => {
                for mut stanza in script::stanzas(&self.translate(block)?)? {
                    pattern::fill(&mut stanza, &self.captures)?;
                    self.players[step.who].send(&stanza)?;
                }
                Ok(())
            }
            Action::Receives(block) => {
                let block = self.translate(block)?;
                for expected in script::stanzas(&block)? {
                    self.players[step.who].receive(&expected, &block, &mut self.captures)?;
                }
                Ok(())
            }
            Action::ReceivesNothing => self.players[step.who].receive_nothing(),
        }
    }

    /// A block with the addresses of this performance.
    fn translate(&self, block: &str) -> Result<String, String> {
        script::interpolate(&self.stage.translate(block), &self.script.cast, |who, which| {
            escape(&self.players[who].address(which))
        })
    }
}

/// A resource may hold what ends an attribute.
fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('\'', "&apos;").replace('"', "&quot;")
}
