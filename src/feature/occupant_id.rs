//! Ids that tell occupants apart without telling who they are (XEP-0421).

use crate::room::surface::Feature;
use crate::wire::ns;

pub(super) const FEATURE: Feature =
    Feature { disco: |_, vars| vars.push(ns::OCCUPANT_ID), ..Feature::new("occupant_id") };
