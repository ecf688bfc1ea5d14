//! Messages to everybody (XEP-0045 §7.4).

use crate::room::surface::Feature;
use crate::wire::ns;

pub(super) const FEATURE: Feature =
    Feature { disco: |_, vars| vars.push(ns::MUC_STABLE_ID), ..Feature::new("groupchat") };
