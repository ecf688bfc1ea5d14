"""Somebody at a client made with slixmpp, who remembers what slixmpp told about."""

import asyncio

from slixmpp import JID, ClientXMPP
from slixmpp.xmlstream.handler import Callback
from slixmpp.xmlstream.matcher import StanzaPath

PATIENCE = 10
PLUGINS = [
    "xep_0004", "xep_0012", "xep_0030", "xep_0045", "xep_0050", "xep_0054", "xep_0059", "xep_0077", "xep_0085",
    "xep_0092", "xep_0128", "xep_0153", "xep_0184", "xep_0199", "xep_0202", "xep_0203", "xep_0249", "xep_0308",
    "xep_0313", "xep_0317", "xep_0333", "xep_0359", "xep_0410", "xep_0421", "xep_0424", "xep_0425", "xep_0428",
    "xep_0444", "xep_0461", "xep_0463", "xep_0502",
]
EVENTS = [
    "groupchat_message", "groupchat_subject", "groupchat_message_error", "groupchat_invite", "groupchat_presence",
    "groupchat_config_status", "groupchat_affiliation_change", "message", "message_correction", "message_xform",
    "message_reply", "marker_displayed", "reactions", "chatstate_composing", "moderated_message", "message_retract",
]


class Person(ClientXMPP):
    """An account that logs in and notes every event in which it may be interested."""

    def __init__(self, name, place):
        super().__init__(f"{name}@{place.domain}/slixmpp", place.password)
        self.name = name
        self.place = place
        self.room = None
        self.heard = []
        self.news = asyncio.Event()
        self.enable_direct_tls = False
        self.enable_starttls = False
        self.enable_plaintext = True
        for plugin in PLUGINS:
            self.register_plugin(plugin)
        self.plugin["feature_mechanisms"].unencrypted_scram = True
        self.plugin["feature_mechanisms"].unencrypted_plain = True
        for event in EVENTS:
            self.add_event_handler(event, lambda stanza, event=event: self._note(event, stanza))
        # Of rooms it passes over all presences but those of occupants.
        avatar = StanzaPath("presence/vcard_temp_update")
        self.register_handler(Callback("avatar", avatar, lambda presence: self._note("avatar", presence)))
        self.rooms = self.plugin["xep_0045"]

    def _note(self, event, stanza):
        # What still comes from the room of an earlier session is none of this one's business.
        if stanza["from"].bare == self.room:
            self.heard.append((event, stanza))
            self.news.set()

    async def logs_in(self):
        """Connects without encryption, which only a test on loopback may do."""
        ready = asyncio.get_running_loop().create_future()
        self.add_event_handler("session_start", lambda _: ready.done() or ready.set_result(True), disposable=True)
        self.add_event_handler("failed_all_auth", lambda _: ready.done() or ready.set_exception(AssertionError("no way to log in")))
        self.connect(self.place.host, self.place.port)
        await asyncio.wait_for(ready, PATIENCE)
        self.send_presence()

    async def enters(self, room, nick=None, **options):
        """Enters and waits until slixmpp takes the entry for finished: own presence and subject have come."""
        options.setdefault("timeout", PATIENCE)
        return await self.rooms.join_muc_wait(JID(room), nick or self.name, **options)

    def leaves(self, room):
        self.rooms.leave_muc(JID(room), self.rooms.our_nicks[None][JID(room)])

    def says(self, room, text, **more):
        message = self.make_message(mto=JID(room), mbody=text, mtype="groupchat")
        for name, value in more.items():
            message[name] = value
        message.send()
        return message["id"]

    async def hears(self, event, is_it=lambda stanza: True, what=""):
        """Waits for an event that is the one, and forgets it and what came before it of the same kind."""

        async def search():
            while True:
                for place, (name, stanza) in enumerate(self.heard):
                    if name == event and is_it(stanza):
                        before = self.heard[:place]
                        self.heard = [pair for pair in before if pair[0] != event] + self.heard[place + 1:]
                        return stanza
                self.news.clear()
                await self.news.wait()

        try:
            return await asyncio.wait_for(search(), PATIENCE)
        except asyncio.TimeoutError:
            events = "\n".join(f"  {name}: {str(stanza)[:300]}" for name, stanza in self.heard)
            raise AssertionError(f"{self.name} waits for {event} {what} and heard only:\n{events}") from None

    async def hears_words(self, text):
        """Waits for a message to all with this text."""
        return await self.hears("groupchat_message", lambda m: m["body"] == text, text)

    async def sees(self, nick, is_it, what=""):
        """Waits for a presence of an occupant in a room."""
        return await self.hears("groupchat_presence", lambda p: p["from"].resource == nick and is_it(p), f"{nick} {what}")

    async def asks_info(self, jid):
        """The features of an address, and the fields of what it says of itself as a room."""
        answer = await self.plugin["xep_0030"].get_info(jid=jid, timeout=PATIENCE)
        info = answer["disco_info"]
        forms = [form.get_values() for form in info["forms"]]
        of_rooms = [form for form in forms if form["FORM_TYPE"] == ["http://jabber.org/protocol/muc#roominfo"]]
        return info["features"], of_rooms[0] if of_rooms else {}


def codes(presence):
    """The status codes of a presence or message of a room."""
    return set(presence["muc"]["status_codes"])
