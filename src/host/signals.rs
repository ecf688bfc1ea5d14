//! What the operator tells a running process.

use std::thread::Builder;

use nix::sys::signal::{SIGINT, SIGTERM, SIGUSR2, SigSet};
use tokio::sync::oneshot;
use tracing::error;

/// What the operator tells a running process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Signal {
    /// SIGTERM or SIGINT.
    Stop,
    /// SIGUSR2.
    Replace,
}

/// The signals that a running process listens to.
fn signals() -> SigSet {
    [SIGTERM, SIGINT, SIGUSR2].into_iter().collect()
}

/// Holds signals back until they are listened to, in this thread and in those that it starts from now on, and over the
/// start of another program. Else they would end the process.
pub fn hold_signals() -> std::io::Result<()> {
    Ok(signals().thread_block()?)
}

/// Ends with the first signal that counts. Those that come later are held back for a program that this process becomes.
pub(super) fn signal(
    can_be_replaced: impl Fn() -> bool + Send + 'static,
) -> std::io::Result<impl Future<Output = Signal>> {
    let (tell, told) = oneshot::channel();
    let listen = move || {
        let told = loop {
            match signals().wait() {
                Ok(SIGUSR2) if can_be_replaced() => break Signal::Replace,
                Ok(SIGUSR2) => error!(
                    "told to make place, but the program that should follow cannot be started with the settings as they are now; going on"
                ),
                Ok(_) => break Signal::Stop,
                Err(e) => return error!("no signal can be heard any more: {e}"),
            }
        };
        // What listened may have ended by itself.
        let _ = tell.send(told);
    };
    Builder::new().name("signals".to_owned()).spawn(listen)?;
    // Who can hear nothing any more had better be started anew.
    Ok(async move { told.await.unwrap_or(Signal::Stop) })
}
