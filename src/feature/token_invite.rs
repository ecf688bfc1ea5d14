//! Tokens that invite people whose address is not known (XEP-0488).
//!
//! Whoever may invite gets one; whoever enters with it instead of a password, and has no affiliation, becomes a member.

use jiff::{SignedDuration, Timestamp};
use minidom::Element;
use sha2::{Digest, Sha256};

use crate::room::change::affiliation;
use crate::room::context::Context;
use crate::room::effect::Effects;
use crate::room::entry::{self, Barred};
use crate::room::state::Token;
use crate::room::surface::Feature;
use crate::room::{Room, life};
use crate::wire::build::{Build, el, iq_result, set_attr};
use crate::wire::hex::hex;
use crate::wire::inbound::Inbound;
use crate::wire::jid::BareJid;
use crate::wire::muc::Affiliation;
use crate::wire::muc::Role;
use crate::wire::ns;
use crate::wire::refusal::Refusal;
use crate::words;

/// The longest life of a token, also of one that was asked for without an end (§7): a year.
const DELAY_SECONDS_MAX: u32 = 365 * 24 * 60 * 60;

/// Most tokens of a room.
const TOKENS_MAX: usize = 500;

/// Most tokens that one account has in a room.
const TOKENS_OF_ONE_MAX: usize = 50;

pub(super) const FEATURE: Feature =
    Feature { disco: |_, vars| vars.push(ns::TOKEN_INVITE), ..Feature::new("token_invite") };

/// Somebody asks for a token (§3.2, §3.3).
pub(crate) fn issue(
    room: &mut Room,
    request: &Element,
    inbound: &Inbound,
    cx: &mut Context<'_>,
    fx: &mut Effects,
) -> Result<(), Refusal> {
    let issuer = inbound.from.to_bare();
    if !may_issue(room, &issuer) {
        return Err(Refusal::forbidden(&words::MAY_NOT_INVITE));
    }
    let uses_left = limit(request, "counter")?;
    let seconds = limit(request, "delay")?.unwrap_or(DELAY_SECONDS_MAX).min(DELAY_SECONDS_MAX);
    let expires = cx.now.checked_add(SignedDuration::from_secs(seconds.into()));
    let expires = expires.map_err(|_| Refusal::internal_server_error(&words::CLOCK_ENDS))?;
    let mut tokens: Vec<Token> = live(room, cx.now).cloned().collect();
    let own = tokens.iter().filter(|t| t.issuer == issuer).count();
    if tokens.len() >= TOKENS_MAX || own >= TOKENS_OF_ONE_MAX {
        return Err(Refusal::resource_constraint(&words::TOKENS_MOST));
    }
    let token = Token { secret: cx.ids.secret(), issuer, expires, uses_left };
    let answer = element(&token, &token.secret, cx.now);
    let at = tokens.partition_point(|other| other.order() < token.order());
    tokens.insert(at, token);
    room.state_mut().record.tokens = tokens;
    life::invited(room, cx);
    fx.send(&iq_result(&inbound.to, inbound.id(), Some(answer)), &inbound.from);
    Ok(())
}

/// A limit that a request sets. A token that nobody could use is not made.
fn limit(request: &Element, name: &'static str) -> Result<Option<u32>, Refusal> {
    let Some(word) = request.attr(name) else { return Ok(None) };
    let number = word.trim().parse().ok().filter(|number| *number > 0);
    number.map(Some).ok_or_else(|| Refusal::bad_request(words::TOKEN_NUMBER.with([name])))
}

/// An account asks for the tokens that it may revoke: the own ones, or as a moderator all (§3.6). Of those of others only admins
/// see the secret.
pub(crate) fn list(
    room: &Room,
    inbound: &Inbound,
    cx: &Context<'_>,
    fx: &mut Effects,
) -> Result<(), Refusal> {
    let asker = inbound.from.to_bare();
    check_may_revoke_any(room, &asker)?;
    let mut tokens = el("tokens", ns::TOKEN_INVITE);
    for token in live(room, cx.now).filter(|token| may_revoke(room, &asker, token)) {
        let word = match token.issuer == asker || room.affiliation(&asker) >= Affiliation::Admin {
            true => token.secret.clone(),
            false => name_of(token),
        };
        let element = element(token, &word, cx.now);
        tokens.append_child(element.with("creator", token.issuer.as_str()));
    }
    fx.send(&iq_result(&inbound.to, inbound.id(), Some(tokens)), &inbound.from);
    Ok(())
}

/// Somebody takes a token back (§3.7).
pub(crate) fn revoke(
    room: &mut Room,
    word: &Element,
    inbound: &Inbound,
    cx: &Context<'_>,
    fx: &mut Effects,
) -> Result<(), Refusal> {
    let asker = inbound.from.to_bare();
    check_may_revoke_any(room, &asker)?;
    let word = word.text();
    let named = || live(room, cx.now).find(|token| name_of(token) == word.trim());
    let known = named().map_or_else(|| word.trim().to_owned(), |token| token.secret.clone());
    let found = find(room, &known, cx.now).filter(|at| {
        let token = &room.state.record.tokens[*at];
        may_revoke(room, &asker, token)
    });
    let at = found.ok_or_else(|| Refusal::item_not_found(&words::TOKEN_UNKNOWN))?;
    room.state_mut().record.tokens.remove(at);
    fx.send(&iq_result(&inbound.to, inbound.id(), None), &inbound.from);
    Ok(())
}

/// Somebody of this affiliation asks to enter with `x`: true if a token in it has made him a member. Whoever has an
/// affiliation needs none, and none is used up (§4).
pub(crate) fn redeem(
    room: &mut Room,
    affiliation: Affiliation,
    x: &Element,
    account: &BareJid,
    cx: &mut Context<'_>,
    fx: &mut Effects,
) -> Result<bool, Refusal> {
    let given = x.get_child("password", ns::MUC).map(Element::text).unwrap_or_default();
    let found = if affiliation == Affiliation::None { find(room, &given, cx.now) } else { None };
    let Some(at) = found else { return Ok(false) };
    let tokens = &mut room.state_mut().record.tokens;
    if let Some(uses_left) = &mut tokens[at].uses_left {
        *uses_left -= 1;
        if *uses_left == 0 {
            tokens.remove(at);
        }
    }
    let change = affiliation::Change::unvetted(account)?;
    affiliation::check_end(room, std::slice::from_ref(&change), cx)?;
    affiliation::apply(room, &change, None, cx, fx);
    Ok(true)
}

/// Refuses somebody with what once was a token and is none any more, where that is why he may not enter (§3.5). Tokens
/// that are over are not kept, so it goes by how they look.
pub(crate) fn check_expired(room: &Room, affiliation: Affiliation, x: &Element) -> Result<(), Refusal> {
    let config = room.config();
    let given = x.get_child("password", ns::MUC).map(Element::text).unwrap_or_default();
    let looks_so = given.len() == 64 && given.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
    let is_barred = entry::barred(config, affiliation) == Some(Barred::NoMember);
    if is_barred && !config.password_protected && looks_so {
        return Err(
            Refusal::not_authorized(&words::TOKEN_NOT_GOOD).because("expired-token", ns::TOKEN_INVITE)
        );
    }
    Ok(())
}

/// Whether an account may let people in for good: admins and owners, and members where the room lets them invite.
/// Guests of an open room may invite, but make no members.
fn may_issue(room: &Room, account: &BareJid) -> bool {
    entry::may_admit(room.config(), room.affiliation(account))
}

fn may_revoke(room: &Room, account: &BareJid, token: &Token) -> bool {
    &token.issuer == account || room.standing(account).role == Role::Moderator
}

fn check_may_revoke_any(room: &Room, account: &BareJid) -> Result<(), Refusal> {
    if may_issue(room, account) || room.standing(account).role == Role::Moderator {
        return Ok(());
    }
    Err(Refusal::forbidden(&words::MAY_NOT_INVITE))
}

/// Whether a token is still good: its time is not over, and who asked for it may still invite.
fn is_live(room: &Room, token: &Token, now: Timestamp) -> bool {
    token.expires > now && may_issue(room, &token.issuer)
}

fn live(room: &Room, now: Timestamp) -> impl Iterator<Item = &Token> {
    room.state.record.tokens.iter().filter(move |token| is_live(room, token, now))
}

/// Where a token that is still good lies in the record.
fn find(room: &Room, given: &str, now: Timestamp) -> Option<usize> {
    room.state.record.tokens.iter().position(|t| is_same(&t.secret, given) && is_live(room, t, now))
}

/// Compares in a time that does not tell how much of a guess is right.
fn is_same(secret: &str, given: &str) -> bool {
    let differs = secret.bytes().zip(given.bytes()).fold(0, |all, (a, b)| all | (a ^ b));
    secret.len() == given.len() && differs == 0
}

/// What names a token for moderators who make no members: it revokes the token, and lets no account in.
fn name_of(token: &Token) -> String {
    hex(&Sha256::digest(token.secret.as_bytes()))
}

/// A token as the room tells of it, by its secret or its name.
fn element(token: &Token, word: &str, now: Timestamp) -> Element {
    let seconds = token.expires.duration_since(now).as_secs().max(0);
    let mut element = el("token", ns::TOKEN_INVITE).with("delay", &seconds.to_string()).text_node(word);
    if let Some(uses_left) = token.uses_left {
        set_attr(&mut element, "counter", &uses_left.to_string());
    }
    element
}
