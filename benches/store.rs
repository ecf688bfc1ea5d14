//! How many changes a second become durable with 1, 16 and 64 callers at a time, and what an open store holds in
//! memory. The figures that count are the ratios: the rate of one caller is the disk's.

use std::sync::Arc;
use std::time::{Duration, Instant};

use conclave::host::commit::Committer;
use conclave::room::state::Affiliated;
use conclave::room::write::Write;
use conclave::store::SledStore;
use conclave::wire::jid::BareJid;
use conclave::wire::muc::Affiliation;

const RUN: Duration = Duration::from_secs(3);

fn main() {
    // `cargo test --all-targets` starts it too, without this argument.
    if !std::env::args().any(|a| a == "--bench") {
        return;
    }
    let folder = tempfile::tempdir().expect("a folder");
    let before = resident_kib();
    let store = SledStore::open(folder.path()).expect("opened");
    println!("an open, empty store: {} KiB resident ({} before)", resident_kib() - before, before);

    let committer = Committer::of_store(Arc::new(store));
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let mut one = 0.0;
    for callers in [1, 16, 64] {
        let rate = runtime.block_on(rate(&committer, callers));
        if callers == 1 {
            one = rate;
        }
        println!("{callers:>3} callers: {rate:>7.0} changes/s, {:>5.1} times one caller", rate / one);
    }
    runtime.block_on(committer.stop());
    println!("after that: {} KiB resident", resident_kib());
}

/// Changes a second that `callers` make, each waiting for its own.
async fn rate(committer: &Committer<Write>, callers: u32) -> f64 {
    let start = Instant::now();
    let mut tasks = Vec::new();
    for caller in 0..callers {
        let committer = committer.clone();
        tasks.push(tokio::spawn(async move {
            let room = BareJid::parse(&format!("room{caller}@muc.example")).expect("an address");
            let mut changes = 0_u32;
            while start.elapsed() < RUN {
                let jid = BareJid::parse(&format!("a{}@example", changes % 1000)).expect("an address");
                let nick = Some(changes.to_string());
                let value = Some(Affiliated { nick, ..Affiliated::new(Affiliation::Member) });
                let write = Write::Affiliation { room: room.clone(), jid, value };
                committer.commit("example", vec![write]).await.expect("stored");
                changes += 1;
            }
            changes
        }));
    }
    let mut total = 0.0;
    for task in tasks {
        total += f64::from(task.await.expect("done"));
    }
    total / start.elapsed().as_secs_f64()
}

/// What the system holds in memory for this process, in KiB.
fn resident_kib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").expect("the system tells");
    let line = status.lines().find_map(|l| l.strip_prefix("VmRSS:")).expect("among other things");
    line.trim().trim_end_matches(" kB").parse().expect("a number")
}
