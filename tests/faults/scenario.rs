//! What a scenario is.

use crate::servers::host::Kind;
use crate::stage::Stage;

/// A fault, and what users see of it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Scenario {
    pub(crate) name: &'static str,
    /// What happens.
    pub(crate) fault: &'static str,
    /// What users see of it; the scenario's code holds them to it.
    pub(crate) seen: &'static str,
    pub(crate) run: fn(&mut Stage),
    /// Whether something happens to the server itself.
    pub(crate) own_server: bool,
    /// Where it applies; both if none is named.
    pub(crate) only: Option<Kind>,
    /// Whether it takes minutes.
    pub(crate) long: bool,
    /// Longest first.
    pub(crate) seconds: u32,
    /// What is missing here, if something is.
    pub(crate) missing: fn() -> Option<&'static str>,
}

impl Scenario {
    pub(crate) const fn new(
        name: &'static str,
        fault: &'static str,
        seen: &'static str,
        run: fn(&mut Stage),
    ) -> Self {
        Self {
            name,
            fault,
            seen,
            run,
            own_server: false,
            only: None,
            long: false,
            seconds: 10,
            missing: || None,
        }
    }

    /// It does something to the server.
    pub(crate) const fn with_own_server(self) -> Self {
        Self { own_server: true, ..self }
    }

    /// It applies to one server.
    pub(crate) const fn only(self, kind: Kind) -> Self {
        Self { only: Some(kind), ..self }
    }

    /// It takes about so long.
    pub(crate) const fn takes(self, seconds: u32) -> Self {
        Self { seconds, long: seconds > 80, ..self }
    }

    /// It needs something that may be missing.
    pub(crate) const fn needs(self, missing: fn() -> Option<&'static str>) -> Self {
        Self { missing, ..self }
    }
}
