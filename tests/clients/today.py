"""Sessions about what clients of today expect beyond XEP-0045: archive, ids, moderation."""

from datetime import timedelta

from slixmpp import JID
from slixmpp.exceptions import IqError

from person import PATIENCE

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
    at = found[11][3]["delay"]["stamp"]
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
