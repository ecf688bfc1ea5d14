//! Real packets that are dropped, between a network namespace with the service in it and the rest.

use std::net::{IpAddr, Ipv4Addr};
use std::process::Command;
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::Duration;

use crate::judge::Cost;
use crate::proxy::Proxy;
use crate::scenario::Scenario;
use crate::servers::ports;
use crate::stage::Stage;

const PAUSE: Duration = Duration::from_millis(50);

pub(crate) const ALL: &[Scenario] = &[
    Scenario::new(
        "packets_dropped_for_10_s",
        "the network between service and server drops every packet for 10 seconds",
        "a pause; nothing is lost: TCP sends it again",
        |stage| dropped(stage, Duration::from_secs(10)),
    )
    .needs(missing)
    .takes(30),
    Scenario::new(
        "machine_gone",
        "the service's network goes away, the service is killed, and starts again where the server reaches it; the \
         server was told nothing",
        "what is said until it is back is lost; then everybody is in",
        machine_gone,
    )
    .needs(missing)
    .takes(30),
];

fn missing() -> Option<&'static str> {
    let may = Command::new("ip").args(["netns", "list"]).output().is_ok_and(|output| output.status.success())
        && Network::new().is_ok();
    (!may).then_some("network namespaces are not permitted here")
}

/// A namespace that is joined to ours by a pair of interfaces.
struct Network {
    name: String,
    /// Our end.
    ours: Ipv4Addr,
}

fn ip(words: &str) -> Result<(), String> {
    let output = Command::new("ip").args(words.split(' ')).output().map_err(|e| format!("ip: {e}"))?;
    match output.status.success() {
        true => Ok(()),
        false => Err(format!("ip {words}: {}", String::from_utf8_lossy(&output.stderr))),
    }
}

impl Network {
    fn new() -> Result<Self, String> {
        static COUNT: AtomicU8 = AtomicU8::new(0);
        // Each test program has a network of its own, and each namespace in it four addresses.
        let (process, number) = (std::process::id() % 10_000, COUNT.fetch_add(1, Ordering::Relaxed) % 60);
        let [high, low] = ((process % 16_000) as u16).to_be_bytes();
        let network = Self {
            name: format!("cc{process}x{number}"),
            ours: Ipv4Addr::new(10, 192 | high, low, number * 4 + 1),
        };
        let (name, theirs) = (&network.name, Ipv4Addr::from(u32::from(network.ours) + 1));
        ip(&format!("netns add {name}"))?;
        ip(&format!("link add {name} type veth peer name inside netns {name}"))?;
        ip(&format!("addr add {}/30 dev {name}", network.ours))?;
        ip(&format!("-n {name} addr add {theirs}/30 dev inside"))?;
        ip(&format!("-n {name} link set inside up"))?;
        ip(&format!("link set {name} up"))?;
        Ok(network)
    }

    /// Lets no packet through, or all.
    fn pass(&self, pass: bool) {
        let state = if pass { "up" } else { "down" };
        ip(&format!("link set {} {state}", self.name)).unwrap_or_else(|e| panic!("{e}"));
    }

    /// The service runs in it from now on, and reaches the server through a proxy at its edge.
    fn take(&self, stage: &mut Stage) {
        let port = ports::free().unwrap_or_else(|e| panic!("{e}"));
        let proxy = Proxy::open(IpAddr::V4(self.ours), port, stage.host().component_port());
        stage.through(proxy.unwrap_or_else(|e| panic!("{e}")));
        stage.wrapper = ["ip", "netns", "exec", &self.name].map(str::to_owned).into();
    }
}

impl Drop for Network {
    fn drop(&mut self) {
        // With the namespace both ends of the pair go.
        let _ = ip(&format!("link del {}", self.name));
        let _ = ip(&format!("netns del {}", self.name));
    }
}

fn dropped(stage: &mut Stage, time: Duration) {
    let network = Network::new().unwrap_or_else(|e| panic!("{e}"));
    network.take(stage);
    let mut party = stage.party();
    party.talk(Duration::from_secs(1), PAUSE);
    network.pass(false);
    party.talk(time, PAUSE.max(time / 60));
    network.pass(true);
    let account = party.judge(Cost::default());
    assert_eq!(stage.logged("no link to the server"), 0, "the link was not given up");
    stage.note(&account);
}

fn machine_gone(stage: &mut Stage) {
    let network = Network::new().unwrap_or_else(|e| panic!("{e}"));
    network.take(stage);
    let mut party = stage.party();
    party.talk(crate::kills::WRITTEN, PAUSE);
    network.pass(false);
    party.talk(Duration::from_secs(1), PAUSE);
    stage.kill();
    let elsewhere = Network::new().unwrap_or_else(|e| panic!("{e}"));
    elsewhere.take(stage);
    stage.start();
    let account = party.judge(Cost { losses: true, ..Cost::default() });
    stage.note(&account);
}
