//! Every namespace that the service speaks, with the specification it comes from.

/// Stanzas inside the program; on the component stream they travel as [`COMPONENT_ACCEPT`] (XEP-0114).
pub const CLIENT: &str = "jabber:client";
/// The default namespace of a component stream (XEP-0114).
pub const COMPONENT_ACCEPT: &str = "jabber:component:accept";
/// Stanzas on the stream of a component that the server connects to (XEP-0114).
pub const COMPONENT_CONNECT: &str = "jabber:component:connect";
/// Stanzas between servers (RFC 6120 §4.8.3).
pub const SERVER: &str = "jabber:server";
/// The stream element itself (RFC 6120).
pub const STREAM: &str = "http://etherx.jabber.org/streams";
/// Conditions of stream errors (RFC 6120).
pub const STREAM_ERRORS: &str = "urn:ietf:params:xml:ns:xmpp-streams";
/// Conditions of stanza errors (RFC 6120).
pub const STANZA_ERRORS: &str = "urn:ietf:params:xml:ns:xmpp-stanzas";
/// `xml:lang` and friends.
pub const XML: &str = "http://www.w3.org/XML/1998/namespace";
/// Namespace declarations themselves; nothing else may be in it.
pub const XMLNS: &str = "http://www.w3.org/2000/xmlns/";

/// Join requests (XEP-0045).
pub const MUC: &str = "http://jabber.org/protocol/muc";
/// What the room says of its occupants, invitations, status codes (XEP-0045).
pub const MUC_USER: &str = "http://jabber.org/protocol/muc#user";
/// Roles, affiliations and lists (XEP-0045).
pub const MUC_ADMIN: &str = "http://jabber.org/protocol/muc#admin";
/// Configuration and destruction (XEP-0045).
pub const MUC_OWNER: &str = "http://jabber.org/protocol/muc#owner";
/// FORM_TYPE of the configuration form (XEP-0045).
pub const MUC_ROOMCONFIG: &str = "http://jabber.org/protocol/muc#roomconfig";
/// FORM_TYPE of the extended room information (XEP-0045).
pub const MUC_ROOMINFO: &str = "http://jabber.org/protocol/muc#roominfo";
/// FORM_TYPE of a voice request (XEP-0045).
pub const MUC_REQUEST: &str = "http://jabber.org/protocol/muc#request";
/// The room keeps the message ids of clients (XEP-0045).
pub const MUC_STABLE_ID: &str = "http://jabber.org/protocol/muc#stable_id";
/// The room answers pings of its own occupants itself (XEP-0410).
pub const MUC_SELF_PING: &str = "http://jabber.org/protocol/muc#self-ping-optimization";
/// FORM_TYPE of the registration form, and the feature (XEP-0045).
pub const MUC_REGISTER: &str = "http://jabber.org/protocol/muc#register";
/// Registration (XEP-0077).
pub const REGISTER: &str = "jabber:iq:register";
/// Unique room names (XEP-0307).
pub const MUC_UNIQUE: &str = "http://jabber.org/protocol/muc#unique";
/// Direct invitations (XEP-0249).
pub const CONFERENCE: &str = "jabber:x:conference";
/// What an entity is and can do (XEP-0030).
pub const DISCO_INFO: &str = "http://jabber.org/protocol/disco#info";
/// What an entity contains (XEP-0030).
pub const DISCO_ITEMS: &str = "http://jabber.org/protocol/disco#items";
/// Data forms (XEP-0004).
pub const DATA: &str = "jabber:x:data";
/// Result set management: paging (XEP-0059).
pub const RSM: &str = "http://jabber.org/protocol/rsm";
/// When a stanza was first sent (XEP-0203).
pub const DELAY: &str = "urn:xmpp:delay";
/// XEP-0091, the form of XEP-0203 before there was one.
pub const DELAY_0: &str = "jabber:x:delay";
/// Ping (XEP-0199).
pub const PING: &str = "urn:xmpp:ping";
/// Software version (XEP-0092).
pub const VERSION: &str = "jabber:iq:version";
/// Last activity; of a service, how long it has been up (XEP-0012).
pub const LAST: &str = "jabber:iq:last";
/// The time (XEP-0202).
pub const TIME: &str = "urn:xmpp:time";
/// FORM_TYPE of whom to write to about a service (XEP-0157).
pub const SERVER_INFO: &str = "http://jabber.org/network/serverinfo";
/// FORM_TYPE of what becomes of data (XEP-0504).
pub const DATA_POLICY: &str = "urn:xmpp:data-policy:0";
/// Addresses of a message beside those of its stanza (XEP-0033).
pub const ADDRESS: &str = "http://jabber.org/protocol/address";
/// Nobody reads messages to this address (XEP-0506).
pub const NO_REPLY: &str = "urn:xmpp:noreply:0";
/// Search for rooms (XEP-0433).
pub const SEARCH: &str = "urn:xmpp:channel-search:0:search";
/// FORM_TYPE of what is searched (XEP-0433).
pub const SEARCH_PARAMS: &str = "urn:xmpp:channel-search:0:search-params";
/// What is wrong with a search (XEP-0433).
pub const SEARCH_ERROR: &str = "urn:xmpp:channel-search:0:error";
/// Search for rooms as clients have asked for it since before XEP-0433.
pub const MUCLUMBUS: &str = "https://xmlns.zombofant.net/muclumbus/search/1.0";
/// FORM_TYPE of what is searched under [`MUCLUMBUS`].
pub const MUCLUMBUS_PARAMS: &str = "https://xmlns.zombofant.net/muclumbus/search/1.0#params";
/// Unique and stable stanza ids (XEP-0359).
pub const SID: &str = "urn:xmpp:sid:0";
/// Message archives (XEP-0313).
pub const MAM: &str = "urn:xmpp:mam:2";
/// The later parts of message archives: ids, flipped pages, metadata (XEP-0313).
pub const MAM_EXTENDED: &str = "urn:xmpp:mam:2#extended";
/// How the namespaces of message archives begin, old and new (XEP-0313).
pub const MAM_ANY: &str = "urn:xmpp:mam:";
/// How the namespaces of copies for one's other clients begin, old and new (XEP-0280).
pub const CARBONS_ANY: &str = "urn:xmpp:carbons:";
/// Streams of bytes in stanzas, between two clients (XEP-0047).
pub const IBB: &str = "http://jabber.org/protocol/ibb";
/// CAPTCHA forms (XEP-0158).
pub const CAPTCHA: &str = "urn:xmpp:captcha";
/// A stanza inside another (XEP-0297).
pub const FORWARD: &str = "urn:xmpp:forward:0";
/// Retractions and tombstones (XEP-0424).
pub const RETRACT: &str = "urn:xmpp:message-retract:1";
/// The archive replaces what was retracted by tombstones (XEP-0424).
pub const RETRACT_TOMBSTONE: &str = "urn:xmpp:message-retract:1#tombstone";
/// Moderation (XEP-0425).
pub const MODERATE: &str = "urn:xmpp:message-moderate:1";
/// Moderation as older clients ask for it (XEP-0425 before 0.3).
pub const MODERATE_0: &str = "urn:xmpp:message-moderate:0";
/// Retractions inside [`MODERATE_0`].
pub const RETRACT_0: &str = "urn:xmpp:message-retract:0";
/// Attaching something to a message (XEP-0422).
pub const FASTEN: &str = "urn:xmpp:fasten:0";
/// Corrections of messages (XEP-0308).
pub const CORRECT: &str = "urn:xmpp:message-correct:0";
/// Spaces that rooms are part of (XEP-0503).
pub const SPACES: &str = "urn:xmpp:spaces:0";
/// FORM_TYPE of content ratings (XEP-0456).
pub const CONTENT_RATING: &str = "urn:xmpp:crl:0";
/// FORM_TYPE of the reactions that are let pass (XEP-0444).
pub const REACTION_RESTRICTIONS: &str = "urn:xmpp:reactions:0:restrictions";
/// Reactions (XEP-0444).
pub const REACTIONS: &str = "urn:xmpp:reactions:0";
/// Versions of the lists of affiliations (XEP-0463).
pub const MAV: &str = "urn:xmpp:muc:affiliations:1";
/// What a part of a message refers to, such as an account that is mentioned (XEP-0372).
pub const REFERENCE: &str = "urn:xmpp:reference:0";
/// Mentions passed on to those who are away (XEP-0452).
pub const MENTIONS: &str = "urn:xmpp:mmn:0";
/// Tokens that invite (XEP-0488).
pub const TOKEN_INVITE: &str = "urn:xmpp:muc-token-invite:0";
/// Validation of form fields (XEP-0122).
pub const VALIDATE: &str = "http://jabber.org/protocol/xdata-validate";
/// FORM_TYPE of administration, and how its commands begin (XEP-0133).
pub const ADMIN: &str = "http://jabber.org/protocol/admin";
/// Ad-hoc commands (XEP-0050).
pub const COMMANDS: &str = "http://jabber.org/protocol/commands";
/// The hash of an avatar in a presence (XEP-0153).
pub const VCARD_UPDATE: &str = "vcard-temp:x:update";
/// Announcement of privileges from the server; to be ignored (XEP-0356).
pub const PRIVILEGE: &str = "urn:xmpp:privilege:2";
/// Announcement of delegation from the server; to be ignored (XEP-0355).
pub const DELEGATION: &str = "urn:xmpp:delegation:2";
/// Ids of occupants; only the room may set them (XEP-0421).
pub const OCCUPANT_ID: &str = "urn:xmpp:occupant-id:0";
/// Hats; only the room may set them (XEP-0317).
pub const HATS: &str = "urn:xmpp:hats:0";
/// FORM_TYPE of the commands for hats (XEP-0317).
pub const HATS_COMMANDS: &str = "urn:xmpp:hats:commands";
/// That somebody types, or has stopped (XEP-0085).
pub const CHAT_STATES: &str = "http://jabber.org/protocol/chatstates";
/// Chat markers (XEP-0333).
pub const MARKERS: &str = "urn:xmpp:chat-markers:0";
/// Delivery receipts (XEP-0184).
pub const RECEIPTS: &str = "urn:xmpp:receipts";
/// Text with its looks (XEP-0071).
pub const XHTML: &str = "http://jabber.org/protocol/xhtml-im";
/// Files and links beside a message (XEP-0066).
pub const OOB: &str = "jabber:x:oob";
/// Files that are shared (XEP-0447).
pub const FILES: &str = "urn:xmpp:sfs:0";
/// What part of a text is there for clients without a feature (XEP-0428).
pub const FALLBACK: &str = "urn:xmpp:fallback:0";
/// Hints on what to store (XEP-0334).
pub const HINTS: &str = "urn:xmpp:hints";
/// The node that tells a reserved nick (XEP-0045 §7.12).
pub const NODE_RESERVED_NICK: &str = "x-roomuser-item";
/// The node that tells which extensions a room lets pass (XEP-0045 §18.1.1).
pub const NODE_TRAFFIC: &str = "http://jabber.org/protocol/muc#traffic";
/// Old vCards (XEP-0054).
pub const VCARD: &str = "vcard-temp";
/// New vCards (XEP-0292).
pub const VCARD4: &str = "urn:ietf:params:xml:ns:vcard-4.0";
/// What a node of publish-subscribe tells its subscribers (XEP-0060, XEP-0163).
pub const PUBSUB_EVENT: &str = "http://jabber.org/protocol/pubsub#event";
/// How the namespaces of channels begin (XEP-0369).
pub const MIX_ANY: &str = "urn:xmpp:mix:core:";
/// Publish-subscribe (XEP-0060).
pub const PUBSUB: &str = "http://jabber.org/protocol/pubsub";
