"""Sessions of clients made with slixmpp, in rooms of a service.

Each session is a function of this file or of today.py; one that goes through prints "ok" and its name, one that does not
ends the program. Accounts anne, bert and cleo must exist.
"""

import argparse
import asyncio
import inspect
import logging
import sys

from slixmpp import JID
from slixmpp.exceptions import IqError, PresenceError
from slixmpp.plugins.xep_0410.self_ping import PingStatus

import today
from person import PATIENCE, Person, codes


class Cast:
    """Three people who are logged in, and a room of their own for each session."""

    def __init__(self, place, people):
        self.place = place
        self.anne, self.bert, self.cleo = people
        self.room = None

    async def meet(self, **fields):
        """Anne makes the room, with these fields in its configuration, and Bert enters."""
        await self.anne.enters(self.room)
        form = await self.anne.rooms.get_room_config(self.room, timeout=PATIENCE)
        form.reply()
        values = {f"muc#roomconfig_{name}": value for name, value in fields.items()}
        form.set_values(values)
        await self.anne.rooms.set_room_config(self.room, form, timeout=PATIENCE)
        await self.bert.enters(self.room)
        await self.anne.sees("bert", lambda p: p["type"] == "available", "entering")


async def enters_a_new_room(cast):
    own, subject, occupants, history = await cast.anne.enters(cast.room)
    assert codes(own) >= {110, 201}, own
    assert own["muc"]["affiliation"] == "owner" and own["muc"]["role"] == "moderator", own
    assert not subject["subject"] and not history, (repr(subject["subject"]), history)
    form = await cast.anne.rooms.get_room_config(cast.room, timeout=PATIENCE)
    fields = form.get_fields()
    assert fields["muc#roomconfig_whois"]["type"] == "list-single", form
    form.reply()
    form.set_values({"muc#roomconfig_roomname": "Anne's place", "muc#roomconfig_publicroom": True})
    await cast.anne.rooms.set_room_config(cast.room, form, timeout=PATIENCE)
    own, subject, occupants, history = await cast.bert.enters(cast.room)
    assert 110 in codes(own) and 201 not in codes(own), own
    assert [p["from"].resource for p in occupants] == ["anne", "bert"], occupants
    features, information = await cast.bert.asks_info(cast.room)
    assert {"http://jabber.org/protocol/muc", "muc_public", "muc_open", "muc_semianonymous"} <= set(features), features
    assert information["muc#roominfo_occupants"] == "2", information
    listed = await cast.bert.plugin["xep_0030"].get_items(jid=cast.place.muc, timeout=PATIENCE)
    assert (cast.room, None, "Anne's place") in {(str(j), n, t) for j, n, t in listed["disco_items"]["items"]}, listed


async def talks(cast):
    await cast.meet()
    first = cast.bert.says(cast.room, "a typo")
    for person in (cast.anne, cast.bert):
        message = await person.hears_words("a typo")
        assert (message["id"], message["from"]) == (first, f"{cast.room}/bert"), message
    correction = cast.bert.plugin["xep_0308"].build_correction(first, JID(cast.room), mtype="groupchat", mbody="no typo")
    correction.send()
    heard = await cast.anne.hears("message_correction")
    assert (heard["replace"]["id"], heard["body"]) == (first, "no typo"), heard
    reply = cast.bert.plugin["xep_0461"].make_reply(
        f"{cast.room}/anne", "an-id", fallback="hello", mto=JID(cast.room), mbody="answer", mtype="groupchat")
    reply.send()
    heard = await cast.anne.hears("message_reply")
    assert heard["reply"]["id"] == "an-id" and heard["reply"].strip_fallback_content() == "answer", heard
    reaction = cast.anne.make_message(mto=JID(cast.room), mtype="groupchat")
    cast.anne.plugin["xep_0444"].set_reactions(reaction, first, ["👍", "🐢"])
    reaction.send()
    heard = await cast.bert.hears("reactions")
    assert heard["reactions"]["values"] == {"👍", "🐢"} and heard["from"].resource == "anne", heard
    cast.anne.plugin["xep_0333"].send_marker(JID(cast.room), first, "displayed", mtype="groupchat")
    assert (await cast.bert.hears("marker_displayed"))["displayed"]["id"] == first
    cast.anne.make_message(mto=JID(cast.room), mtype="groupchat")
    state = cast.anne.make_message(mto=JID(cast.room), mtype="groupchat")
    state["chat_state"] = "composing"
    state.send()
    await cast.bert.hears("chatstate_composing")


async def speaks_in_private(cast):
    await cast.meet()
    cast.anne.send_message(mto=JID(f"{cast.room}/bert"), mbody="psst", mtype="chat")
    heard = await cast.bert.hears("message", lambda m: m["body"] == "psst")
    assert heard["from"] == f"{cast.room}/anne" and heard["type"] == "chat", heard
    version = await cast.bert.plugin["xep_0030"].get_info(jid=JID(f"{cast.room}/anne"), timeout=PATIENCE)
    assert ("client", "bot", None, None) in version["disco_info"]["identities"], version


async def reads_history(cast):
    await cast.meet()
    for number in range(5):
        cast.anne.says(cast.room, f"line {number}")
    await cast.bert.hears_words("line 4")
    _, _, occupants, history = await cast.cleo.enters(cast.room, maxstanzas=2)
    assert [m["body"] for m in history] == ["line 3", "line 4"], history
    assert all(m["delay"]["stamp"] for m in history), history
    cast.cleo.leaves(cast.room)
    await cast.cleo.sees("cleo", lambda p: p["type"] == "unavailable")
    assert (await cast.cleo.enters(cast.room, maxchars=0))[3] == []


async def changes_the_subject(cast):
    await cast.meet()
    cast.anne.rooms.set_subject(cast.room, "Cakes")
    for person in (cast.anne, cast.bert):
        heard = await person.hears("groupchat_subject", lambda m: m["subject"] == "Cakes")
        assert heard["from"] == f"{cast.room}/anne", heard
    cast.bert.rooms.set_subject(cast.room, "Buns")
    refused = await cast.bert.hears("groupchat_message_error")
    assert refused["error"]["condition"] == "forbidden", refused
    _, subject, _, _ = await cast.cleo.enters(cast.room)
    assert subject["subject"] == "Cakes", subject


async def changes_the_nick(cast):
    await cast.meet()
    assert await cast.bert.rooms.set_self_nick(JID(cast.room), "bertram", timeout=PATIENCE) == "bertram"
    await cast.anne.sees("bertram", lambda p: p["type"] == "available")
    assert set(cast.anne.rooms.get_roster(JID(cast.room))) == {"anne", "bertram"}
    try:
        await cast.cleo.enters(cast.room, "bertram")
    except PresenceError as refused:
        assert refused.condition == "conflict", refused
    else:
        raise AssertionError("a nick was given twice")


async def loses_his_voice(cast):
    await cast.meet(moderatedroom=True)
    await cast.anne.rooms.set_role(cast.room, "bert", "visitor", reason="hush", timeout=PATIENCE)
    own = await cast.bert.sees("bert", lambda p: p["muc"]["role"] == "visitor")
    assert 110 in codes(own), own
    cast.bert.says(cast.room, "may I?")
    refused = await cast.bert.hears("groupchat_message_error")
    assert refused["error"]["condition"] == "forbidden" and refused["body"] == "may I?", refused
    cast.bert.rooms.request_voice(cast.room, "participant")
    asked = await cast.anne.hears("message_xform")
    values = asked["form"].get_values()
    assert (values["muc#roomnick"], values["muc#role"]) == ("bert", "participant"), asked
    form = asked["form"]
    form.reply()
    form.set_values({"muc#request_allow": True})
    answer = cast.anne.make_message(mto=JID(cast.room))
    answer.append(form)
    answer.send()
    await cast.bert.sees("bert", lambda p: p["muc"]["role"] == "participant")
    cast.bert.says(cast.room, "thank you")
    await cast.anne.hears_words("thank you")


async def is_kicked_and_banned(cast):
    await cast.meet()
    anne, bert = cast.anne.rooms, cast.bert
    await anne.set_role(cast.room, "bert", "none", reason="out", timeout=PATIENCE)
    own = await bert.sees("bert", lambda p: p["type"] == "unavailable")
    assert codes(own) == {110, 307} and own["muc"]["item"]["reason"] == "out", own
    await bert.enters(cast.room)
    await anne.set_affiliation(cast.room, "outcast", jid=bert.boundjid.bare, reason="for good", timeout=PATIENCE)
    own = await bert.sees("bert", lambda p: p["type"] == "unavailable")
    assert codes(own) == {110, 301} and own["muc"]["affiliation"] == "outcast", own
    assert await anne.get_affiliation_list(cast.room, "outcast", timeout=PATIENCE) == [bert.boundjid.bare]
    try:
        await bert.enters(cast.room)
    except PresenceError as refused:
        assert refused.condition == "forbidden", refused
    else:
        raise AssertionError("an outcast came in")
    await anne.set_affiliation(cast.room, "none", jid=bert.boundjid.bare, timeout=PATIENCE)
    await bert.enters(cast.room)


async def is_invited_among_members(cast):
    await cast.meet()
    await cast.anne.rooms.set_affiliation(cast.room, "member", jid=cast.bert.boundjid.bare, timeout=PATIENCE)
    form = await cast.anne.rooms.get_room_config(cast.room, timeout=PATIENCE)
    form.reply()
    form.set_values({"muc#roomconfig_membersonly": True, "muc#roomconfig_whois": "anyone"})
    await cast.anne.rooms.set_room_config(cast.room, form, timeout=PATIENCE)
    changed = await cast.bert.hears("groupchat_config_status")
    assert codes(changed) >= {104, 172}, changed
    try:
        await cast.cleo.enters(cast.room)
    except PresenceError as refused:
        assert refused.condition == "registration-required", refused
    else:
        raise AssertionError("a stranger came in")
    # slixmpp does not forget that it tried, and takes no invitation to where it believes to be.
    cast.cleo.leaves(cast.room)
    cast.anne.rooms.invite(cast.room, cast.cleo.boundjid.bare, reason="do come")
    invitation = await cast.cleo.hears("groupchat_invite")
    assert invitation["from"] == cast.room and invitation["muc"]["invite"]["reason"] == "do come", invitation
    await cast.cleo.enters(cast.room)
    seen = await cast.bert.sees("cleo", lambda p: p["type"] == "available")
    assert seen["muc"]["jid"].bare == cast.cleo.boundjid.bare and seen["muc"]["affiliation"] == "member", seen


async def pings_itself(cast):
    await cast.meet()
    plugin, own = cast.bert.plugin["xep_0410"], JID(f"{cast.room}/bert")
    assert await plugin.send_self_ping(own, timeout=PATIENCE) == PingStatus.JOINED
    cast.bert.leaves(cast.room)
    await cast.bert.sees("bert", lambda p: p["type"] == "unavailable")
    assert await plugin.send_self_ping(own, timeout=PATIENCE) == PingStatus.DISCONNECTED


async def sees_the_end(cast):
    await cast.meet()
    await cast.anne.rooms.destroy(cast.room, reason="moved", altroom=f"new@{cast.place.muc}", timeout=PATIENCE)
    gone = await cast.bert.sees("bert", lambda p: p["type"] == "unavailable")
    destroy = gone["muc"]["destroy"]
    assert (str(destroy["jid"]), destroy["reason"]) == (f"new@{cast.place.muc}", "moved"), gone
    try:
        await cast.bert.asks_info(cast.room)
    except IqError as refused:
        assert refused.condition in ("item-not-found", "gone"), refused
    else:
        raise AssertionError("a room that is gone was found")


def sessions():
    """All sessions, in the order in which they are written: those that take the cast."""
    functions = [f for module in (sys.modules[__name__], today) for f in vars(module).values()]
    return [f for f in functions if inspect.iscoroutinefunction(f) and list(inspect.signature(f).parameters) == ["cast"]]


async def main(place):
    people = [Person(name, place) for name in ("anne", "bert", "cleo")]
    await asyncio.gather(*(person.logs_in() for person in people))
    cast = Cast(place, people)
    for session in sessions():
        if place.only and session.__name__ not in place.only:
            continue
        cast.room = f"{session.__name__}@{place.muc}"
        for person in people:
            person.room = cast.room
        await session(cast)
        print("ok", session.__name__, flush=True)
        for person in people:
            for room in list(person.rooms.rooms[None]):
                person.leaves(room)
            person.heard.clear()
    await asyncio.gather(*(person.disconnect() for person in people))


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    for name in ("host", "port", "domain", "muc", "password"):
        parser.add_argument(name)
    parser.add_argument("only", nargs="*", help="names of sessions; without them, all are played")
    logging.basicConfig(level=logging.ERROR)
    asyncio.run(main(parser.parse_args()))
