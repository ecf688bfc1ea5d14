"""Sessions about what clients of today expect beyond XEP-0045: archive, ids, moderation."""

import asyncio
import hashlib
from datetime import datetime, timedelta, timezone

from slixmpp import JID
from slixmpp.exceptions import IqError
from slixmpp.plugins import xep_0082

from person import PATIENCE, codes

LINES = [f"line {number}" for number in range(23)]


async def archive(person, room, **options):
    """The archive of a room as slixmpp reads it, page after page: id, sender, text, and the stanza."""
    found = []
    async for message in person.plugin["xep_0313"].iterate(jid=JID(room), **options):
        result = message["mam_result"]
        stanza = result["forwarded"]["stanza"]
        found.append((result["id"], stanza["from"].resource, stanza["body"], result["forwarded"]))
    return found


async def refused(condition, asking):
    """Waits for an answer, which must be this error."""
    try:
        await asking
    except IqError as error:
        assert error.condition == condition, error
    else:
        raise AssertionError(f"not refused with {condition}")


async def syncs_the_archive(cast):
    await cast.meet()
    features, _ = await cast.cleo.asks_info(cast.room)
    assert {"urn:xmpp:mam:2", "urn:xmpp:mam:2#extended", "urn:xmpp:sid:0"} <= set(features), features
    for line in LINES:
        cast.bert.says(cast.room, line)
    ids = [(await cast.anne.hears_words(line))["stanza_id"]["id"] for line in LINES]
    assert len(set(ids)) == len(LINES) and all(ids), ids

    _, _, _, history = await cast.cleo.enters(cast.room, maxstanzas=3)
    assert [m["stanza_id"]["id"] for m in history] == ids[-3:], history
    found = await archive(cast.cleo, cast.room, rsm={"max": 10})
    assert [(i, nick, text) for i, nick, text, _ in found] == [(i, "bert", t) for i, t in zip(ids, LINES)], found
    newest = await archive(cast.cleo, cast.room, rsm={"max": 5}, reverse=True, total=12)
    assert [text for _, _, text, _ in newest] == LINES[::-1][:12], newest
    # slixmpp's own reading of the delay depends on the order in which its plugins happened to be loaded.
    at = xep_0082.parse(found[11][3].xml.find("{urn:xmpp:delay}delay").get("stamp"))
    later = await archive(cast.cleo, cast.room, start=at)
    assert set(ids[12:]) <= {i for i, *_ in later} <= set(ids), later
    assert await archive(cast.cleo, cast.room, start=at + timedelta(days=1)) == []

    fields = (await cast.cleo.plugin["xep_0313"].get_fields(JID(cast.room), timeout=PATIENCE)).get_fields()
    assert {"start", "end", "with", "before-id", "after-id", "ids"} <= set(fields), fields
    ends = (await cast.cleo.plugin["xep_0313"].get_archive_metadata(JID(cast.room), timeout=PATIENCE))["mam_metadata"]
    assert (ends["start"]["id"], ends["end"]["id"]) == (ids[0], ids[-1]), ends


async def is_known_by_an_occupant_id(cast):
    await cast.meet()
    features, _ = await cast.bert.asks_info(cast.room)
    assert "urn:xmpp:occupant-id:0" in features, features
    cast.bert.says(cast.room, "before")
    before = (await cast.anne.hears_words("before"))["occupant-id"]["id"]
    await cast.bert.rooms.set_self_nick(JID(cast.room), "bertram", timeout=PATIENCE)
    seen = await cast.anne.sees("bertram", lambda p: p["type"] == "available")
    cast.bert.says(cast.room, "after")
    after = await cast.anne.hears_words("after")
    cast.anne.says(cast.room, "I am another")
    other = (await cast.anne.hears_words("I am another"))["occupant-id"]["id"]
    assert before and {before} == {after["occupant-id"]["id"], seen["occupant-id"]["id"]} and other != before
    stored = [stanza["stanza"]["occupant-id"]["id"] for *_, stanza in await archive(cast.bert, cast.room)]
    assert stored == [before, before, other], stored


async def moderates(cast):
    await cast.meet()
    features, _ = await cast.anne.asks_info(cast.room)
    assert "urn:xmpp:message-moderate:1" in features, features
    for line in ("fine", "not fine", "fine again"):
        cast.bert.says(cast.room, line)
    ids = [(await cast.anne.hears_words(line))["stanza_id"]["id"] for line in ("fine", "not fine", "fine again")]

    moderation = cast.bert.plugin["xep_0425"]
    await refused("forbidden", moderation.moderate(JID(cast.room), ids[1], timeout=PATIENCE))
    moderation = cast.anne.plugin["xep_0425"]
    await refused("item-not-found", moderation.moderate(JID(cast.room), "never-said", timeout=PATIENCE))
    await moderation.moderate(JID(cast.room), ids[1], "be nice", timeout=PATIENCE)
    for person in (cast.anne, cast.bert):
        told = await person.hears("moderated_message", lambda m: m["retract"]["id"] == ids[1])
        assert told["from"] == cast.room and told["retract"]["reason"] == "be nice", told
        assert told["retract"]["moderated"]["by"] == f"{cast.room}/anne", told

    _, _, _, history = await cast.cleo.enters(cast.room)
    assert "not fine" not in [m["body"] for m in history], history
    found = {i: stanza["stanza"] for i, _, _, stanza in await archive(cast.cleo, cast.room)}
    assert not found[ids[1]]["body"] and found[ids[1]]["retracted"]["moderated"]["by"] == f"{cast.room}/anne", found
    assert (found[ids[0]]["body"], found[ids[2]]["body"]) == ("fine", "fine again"), found


async def moderates_a_flood(cast):
    await cast.meet()
    for number in range(200):
        cast.bert.says(cast.room, f"spam {number}")
    ids = [(await cast.anne.hears_words(f"spam {number}"))["stanza_id"]["id"] for number in range(200)]
    moderation = cast.anne.plugin["xep_0425"]
    await asyncio.gather(*(moderation.moderate(JID(cast.room), i, "spam", timeout=PATIENCE) for i in ids))
    found = await archive(cast.anne, cast.room, rsm={"max": 100})
    assert not any(text for _, _, text, _ in found), [text for _, _, text, _ in found if text]
    assert set(ids) <= {i for i, *_ in found}, "each is there, without its words"


async def retracts_its_own(cast):
    await cast.meet()
    cast.bert.says(cast.room, "oops")
    heard = await cast.anne.hears_words("oops")
    cast.bert.plugin["xep_0424"].send_retraction(JID(cast.room), heard["stanza_id"]["id"], mtype="groupchat")
    told = await cast.anne.hears("message_retract")
    assert told["retract"]["id"] == heard["stanza_id"]["id"] and told["from"] == f"{cast.room}/bert", told
    found = {i: stanza["stanza"] for i, _, _, stanza in await archive(cast.anne, cast.room)}
    assert not found[heard["stanza_id"]["id"]]["body"], found


async def is_kept_out_of_the_archive(cast):
    await cast.meet()
    cast.anne.says(cast.room, "among us")
    await cast.bert.hears_words("among us")
    assert [text for _, _, text, _ in await archive(cast.bert, cast.room)] == ["among us"]
    await cast.anne.rooms.set_affiliation(cast.room, "outcast", jid=cast.bert.boundjid.bare, timeout=PATIENCE)
    # The iterator takes an error for the end.
    await refused("forbidden", cast.bert.plugin["xep_0313"].retrieve(jid=JID(cast.room), timeout=PATIENCE))


async def asks_the_service(cast):
    service, plugins = JID(cast.place.muc), cast.bert.plugin
    assert await plugins["xep_0199"].ping(service, timeout=PATIENCE) < PATIENCE
    version = (await plugins["xep_0092"].get_version(service, timeout=PATIENCE))["software_version"]
    assert version["name"] == "Conclave" and version["version"], version
    up = (await plugins["xep_0012"].get_last_activity(service, timeout=PATIENCE))["last_activity"]
    assert 0 <= up["seconds"] < 3600, up
    time = (await plugins["xep_0202"].get_entity_time(service, timeout=PATIENCE))["entity_time"]
    # slixmpp's own reading puts a second Z behind the time.
    utc = xep_0082.parse(time.xml.findtext("{urn:xmpp:time}utc"))
    assert abs(utc - datetime.now(timezone.utc)) < timedelta(minutes=5), time


async def finds_rooms_page_by_page(cast):
    rooms = {f"listed-{number}@{cast.place.muc}" for number in range(7)}
    for room in sorted(rooms):
        await cast.anne.enters(room)
        form = await cast.anne.rooms.get_room_config(room, timeout=PATIENCE)
        form.reply()
        form.set_values({"muc#roomconfig_publicroom": True})
        await cast.anne.rooms.set_room_config(room, form, timeout=PATIENCE)
    found, pages = [], 0
    iterator = await cast.bert.plugin["xep_0030"].get_items(jid=cast.place.muc, iterator=True)
    iterator.amount = 3
    async for page in iterator:
        pages += 1
        found += [str(jid) for jid, _, _ in page["disco_items"]["items"]]
    assert pages >= 3 and len(found) == len(set(found)), (pages, found)
    assert rooms <= set(found), found


async def learns_affiliations_by_entering(cast):
    await cast.meet(whois="anyone")
    await cast.anne.rooms.set_affiliation(cast.room, "admin", jid=cast.cleo.boundjid.bare, timeout=PATIENCE)
    room, rooms = JID(cast.room), cast.cleo.rooms

    async def enters(since=""):
        """Enters from a version on; gives the version that it led to."""
        stanza = rooms.make_join_stanza(room, "cleo")
        stanza["muc_join"].enable("mav")
        if since:
            stanza["muc_join"]["mav"]["since"] = since
        rooms.rooms[None][room], rooms.our_nicks[None][room] = {}, "cleo"
        own, *_ = await rooms._await_join(room, stanza, PATIENCE)
        return own["muc"]["mav"]["until"]

    async def learns(since, until):
        """What came before the first presence: account and affiliation."""
        told = await cast.cleo.hears("groupchat_affiliation_change")
        assert (told["muc"]["mav"]["since"], told["muc"]["mav"]["until"]) == (since, until), told
        items = told["muc"].xml.findall("{http://jabber.org/protocol/muc#user}item")
        return {i.get("jid"): i.get("affiliation") for i in items}

    async def leaves():
        cast.cleo.leaves(cast.room)
        await cast.cleo.sees("cleo", lambda p: p["type"] == "unavailable")

    owner, admin, member = (person.boundjid.bare for person in (cast.anne, cast.cleo, cast.bert))
    version = await enters()
    assert await learns("", version) == {owner: "owner", admin: "admin"}
    await leaves()
    assert await enters(version) == version, "nothing has changed"
    await leaves()
    await cast.anne.rooms.set_affiliation(cast.room, "member", jid=member, timeout=PATIENCE)
    newer = await enters(version)
    assert newer != version and await learns(version, newer) == {member: "member"}


async def commands(person, jid, node, **values):
    """Runs an ad-hoc command with one form to fill in; gives the last answer."""
    plugin = person.plugin["xep_0050"]
    first = (await plugin.send_command(jid, node, timeout=PATIENCE))["command"]
    assert first["status"] == "executing", first
    form = first["form"]
    form.reply()
    form.set_values({name.replace("_", "#"): value for name, value in values.items()})
    last = await plugin.send_command(
        jid, node, action="complete", payload=form, sessionid=first["sessionid"], timeout=PATIENCE)
    assert last["command"]["status"] == "completed", last
    return last["command"]


async def wears_a_hat(cast):
    await cast.meet()
    hat = "urn:example:hats:cook"
    await commands(cast.anne, cast.room, "urn:xmpp:hats:commands:create", hats_uri=hat, hats_title="Cook")
    bert = cast.bert.boundjid.bare
    await commands(cast.anne, cast.room, "urn:xmpp:hats:commands:assign", hats_jid=bert, hats_uri=hat)
    seen = await cast.bert.sees("bert", lambda p: len(p["hats"]) > 0)
    assert [(h["uri"], h["title"]) for h in seen["hats"]] == [(hat, "Cook")], seen
    _, _, occupants, _ = await cast.cleo.enters(cast.room)
    hats = {p["from"].resource: [h["title"] for h in p["hats"]] for p in occupants}
    assert hats == {"anne": [], "bert": ["Cook"], "cleo": []}, hats


async def shows_its_face(cast):
    await cast.meet()
    picture = b"\x89PNG\r\n\x1a\n and so on"
    vcard = cast.anne.plugin["xep_0054"].make_vcard()
    vcard["PHOTO"]["TYPE"], vcard["PHOTO"]["BINVAL"] = "image/png", picture
    request = cast.anne.make_iq_set(vcard, ito=JID(cast.room))
    await request.send(timeout=PATIENCE)
    await cast.bert.hears("groupchat_config_status", lambda m: 104 in codes(m))
    answer = await cast.bert.plugin["xep_0054"].get_vcard(jid=JID(cast.room), cached=False, timeout=PATIENCE)
    assert answer["vcard_temp"]["PHOTO"]["BINVAL"] == picture, answer
    _, information = await cast.bert.asks_info(cast.room)
    hashed = hashlib.sha1(picture).hexdigest()
    assert information["muc#roominfo_avatarhash"] in (hashed, [hashed]), information
    await cast.cleo.enters(cast.room)
    told = await cast.cleo.hears("avatar", lambda p: p["from"] == cast.room)
    assert told["vcard_temp_update"]["photo"] == hashed, told
