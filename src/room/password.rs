//! Which clients have shown that they know the password of a room.

use crate::room::Room;
use crate::wire::jid::BareJid;
use crate::wire::muc::Affiliation;

impl Room {
    /// What a client shows by entering with the password that the room has now: nothing can be told of the password by it. 0
    /// while there is no password.
    pub(crate) fn password_proof(&self) -> u64 {
        if !self.config().password_protected {
            return 0;
        }
        let mac = self.state.record.mac(&[b"password:", self.config().password.as_bytes()]);
        mac.iter().take(8).fold(0, |proof, byte| proof << 8 | u64::from(*byte)).max(1)
    }

    /// The password, if there is one and an account is known to know it: an owner, who reads it in the form, or an account
    /// that is in the room and entered with this very password. Who was let in by a token, or before the password was what
    /// it is, is not told.
    pub(crate) fn password_known_to(&self, account: &BareJid) -> Option<&str> {
        let config = self.config();
        let proof = self.password_proof();
        let shown =
            |o: &std::sync::Arc<crate::room::roster::Occupant>| o.sessions.iter().any(|s| s.proof == proof);
        let knows = || {
            self.affiliation(account) == Affiliation::Owner
                || self.roster.by_account(account).iter().any(shown)
        };
        (config.password_protected && knows()).then_some(config.password.as_str())
    }
}
