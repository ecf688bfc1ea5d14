//! What clients put into messages: talk, what refers to it, and what is wrapped around it.

use crate::samples::Sample;

const fn sample(spec: &'static str, payload: &'static str) -> Sample {
    Sample { spec, payload }
}

/// Text, and what belongs to it.
pub(crate) const TALK: &[Sample] = &[
    sample("RFC 6121 a body", "<body>A plain word</body>"),
    sample(
        "RFC 6121 bodies in languages",
        "<body>Good evening</body><body xml:lang='de'>Guten Abend</body><body xml:lang='zh-Hant'>晚安</body>",
    ),
    sample("RFC 6121 subject with a body", "<subject>Weather</subject><body>It rains</body>"),
    sample("RFC 6121 an empty body", "<body/>"),
    sample(
        "references and sections of XML",
        "<body>&lt;b&gt; &amp;amp; &quot;quoted&quot; &#x41;<![CDATA[<raw>&amp;]]></body>",
    ),
    sample("white space", "<body>  two\n\n\tlines  \n</body><x xmlns='urn:example:space'> <y> </y>\n</x>"),
    sample(
        "characters beyond the first plane, joined, combined and right to left",
        "<body>👩\u{200d}👩\u{200d}👧\u{200d}👦 🏴\u{e0067}\u{e0062}\u{e0073}\u{e0063}\u{e0074}\u{e007f} e\u{301} \u{a0} שלום 𝔘 \u{fffd} \u{85}\u{2028}</body>",
    ),
    sample(
        "XEP-0071 XHTML-IM",
        "<body>hi there, look</body><html xmlns='http://jabber.org/protocol/xhtml-im'>\
         <body xmlns='http://www.w3.org/1999/xhtml' xml:lang='en'><p style='font-weight:bold'>hi <em>there</em>, \
         <a href='https://example.org/?a=1&amp;b=2'>look</a><br/> &amp; see</p></body>\
         <body xmlns='http://www.w3.org/1999/xhtml' xml:lang='sv'><p>hej <strong>du</strong></p></body></html>",
    ),
    sample("XEP-0245 /me", "<body>/me shrugs in disgust</body>"),
    sample(
        "XEP-0393 Message Styling",
        "<body>*bold* _it_ ~gone~ `code`\n&gt; quoted\n```\nblock\n```</body>",
    ),
    sample("XEP-0393 unstyled", "<body>2 * 3 * 4</body><unstyled xmlns='urn:xmpp:styling:0'/>"),
    sample(
        "XEP-0394 Message Markup",
        "<body>There is no way\n1. one</body><markup xmlns='urn:xmpp:markup:0'><span start='9' end='11'><emphasis/></span>\
         <list start='16' end='22'><li start='16'/></list></markup>",
    ),
    sample(
        "XEP-0201 threads",
        "<body>first of all</body><thread parent='e0ffe42b28561960c6b12b944a092794b9683a38'>0e3141cd80894871a68e6fe6b1ec56fa</thread>",
    ),
    sample(
        "XEP-0382 Spoiler messages",
        "<body>And then everybody marries</body><spoiler xmlns='urn:xmpp:spoiler:0' xml:lang='en'>How it ends</spoiler>\
         <spoiler xmlns='urn:xmpp:spoiler:0' xml:lang='fr'>La fin</spoiler>",
    ),
    sample("XEP-0224 Attention", "<attention xmlns='urn:xmpp:attention:0'/>"),
    sample(
        "XEP-0172 User Nickname",
        "<body>It is me</body><nick xmlns='http://jabber.org/protocol/nick'>Ishmael</nick>",
    ),
    sample(
        "XEP-0131 headers",
        "<body>Burn after reading</body><headers xmlns='http://jabber.org/protocol/shim'>\
         <header name='Urgency'>high</header><header name='Keywords'>fire, paper</header></headers>",
    ),
    sample(
        "XEP-0301 Real-Time Text",
        "<rtt xmlns='urn:xmpp:rtt:0' seq='92410' event='reset'><t>Hello, wolrd</t><w n='241'/><e p='12' n='4'/><t p='8'>orld</t></rtt>",
    ),
    sample(
        "XEP-0372 mention",
        "<body>has bill seen it?</body><reference xmlns='urn:xmpp:reference:0' begin='4' end='8' type='mention' uri='xmpp:bill@example.org'/>",
    ),
    sample(
        "XEP-0513 Explicit Mentions",
        "<body>hello moderators, and dora</body><mention xmlns='urn:xmpp:mentions:0' begin='6' end='16' mentions='urn:xmpp:mentions:0#moderators'/>\
         <mention xmlns='urn:xmpp:mentions:0' begin='22' end='26' occupantid='dora@occupant-id'/>",
    ),
    sample(
        "XEP-0449 Stickers",
        "<body>😘</body><sticker xmlns='urn:xmpp:stickers:0' pack='EpRv28DHHzFrE4zd+xaNpVb4'/>\
         <file-sharing xmlns='urn:xmpp:sfs:0'><file xmlns='urn:xmpp:file:metadata:0'><media-type>image/png</media-type><desc>😘</desc>\
         <size>67016</size><dimensions>512x512</dimensions><hash xmlns='urn:xmpp:hashes:2' algo='sha-256'>gw+6xdCgOcvCYSKuQNrXH33lV9NMzuDf/s0huByCDsY=</hash>\
         </file><sources><url-data xmlns='http://jabber.org/protocol/url-data' target='https://files.example.org/s.png'/></sources></file-sharing>",
    ),
    sample(
        "XEP-0466 Ephemeral Messages",
        "<body>gone in an hour</body><ephemeral xmlns='urn:xmpp:ephemeral:0' timer='3600'/>",
    ),
    sample(
        "XEP-0481 Content Types",
        "<body>*hi*</body><content xmlns='urn:xmpp:content' type='text/markdown'>**hi** &lt;3</content>",
    ),
    sample(
        "XEP-0511 Link Metadata",
        "<body>see https://example.org/ship</body><rdf:Description xmlns:rdf='http://www.w3.org/1999/02/22-rdf-syntax-ns#' \
         xmlns:og='https://ogp.me/ns#' rdf:about='https://example.org/ship'><og:title>A ship</og:title>\
         <og:image rdf:resource='https://example.org/ship.jpg'>cid:1</og:image></rdf:Description>",
    ),
    sample(
        "XEP-0231 Bits of Binary",
        "<body>ok</body><data xmlns='urn:xmpp:bob' cid='sha1+5a4c38d4@bob.xmpp.org' max-age='0' type='text/plain'>b2s=</data>",
    ),
    sample(
        "XEP-0004 Data Forms",
        "<body>Pizza?</body><x xmlns='jabber:x:data' type='form'><title>Dinner</title><field var='pizza' type='boolean' label='Pizza?'>\
         <value>1</value></field><field var='which' type='list-multi'><option label='A'><value>a</value></option><value/></field></x>",
    ),
    sample(
        "XEP-0439 Quick Response",
        "<body>Yes or no?</body><response xmlns='urn:xmpp:tmp:quick-response' value='yes'/><response xmlns='urn:xmpp:tmp:quick-response' value='no' label='No way'/>",
    ),
    sample(
        "XEP-0249 Direct invitation to elsewhere",
        "<body>Come over</body><x xmlns='jabber:x:conference' jid='deck@rooms.example.org' password='a b' reason='better view'/>",
    ),
    sample(
        "XEP-0080 Geolocation",
        "<body>Here</body><geoloc xmlns='http://jabber.org/protocol/geoloc' xml:lang='en'><accuracy>20</accuracy><lat>45.44</lat><lon>12.33</lon></geoloc>",
    ),
    sample(
        "XEP-0258 Security Labels",
        "<body>secret</body><securitylabel xmlns='urn:xmpp:sec-label:0'><displaymarking fgcolor='black' bgcolor='red'>SECRET</displaymarking>\
         <label><esssecuritylabel xmlns='urn:xmpp:sec-label:ess:0'>MQYCAQQGASk=</esssecuritylabel></label></securitylabel>",
    ),
    sample(
        "XEP-0483 Online Meetings",
        "<body>https://meet.example.org/x</body><x xmlns='urn:xmpp:http:online-meetings:invite:0' type='jitsi' url='https://meet.example.org/x'/>",
    ),
    sample(
        "XEP-0491 WebXDC",
        "<body>chess</body><x xmlns='urn:xmpp:webxdc:0' id='chess-1'><document>Board</document><summary>e4</summary></x><json xmlns='urn:xmpp:json:0'>{\"e\":[4,\"\\u00e4\"]}</json>",
    ),
];

/// What refers to messages, or is told about them and about those who write them.
pub(crate) const ABOUT: &[Sample] = &[
    sample(
        "XEP-0308 Last Message Correction",
        "<body>A corrected word</body><replace xmlns='urn:xmpp:message-correct:0' id='a-typo'/>",
    ),
    sample(
        "XEP-0444 Message Reactions",
        "<reactions xmlns='urn:xmpp:reactions:0' id='744f6e18'><reaction>👋</reaction><reaction>🐢</reaction></reactions><store xmlns='urn:xmpp:hints'/>",
    ),
    sample("XEP-0444 reactions withdrawn", "<reactions xmlns='urn:xmpp:reactions:0' id='744f6e18'/>"),
    sample(
        "XEP-0444 reactions with a fallback",
        "<body>&gt; A plain word\n👋</body><reactions xmlns='urn:xmpp:reactions:0' id='744f6e18'><reaction>👋</reaction></reactions>\
         <fallback xmlns='urn:xmpp:fallback:0' for='urn:xmpp:reactions:0'><body/></fallback>",
    ),
    sample(
        "XEP-0461 Message Replies",
        "<body>We should bake a cake</body><reply xmlns='urn:xmpp:reply:0' to='deck@rooms.example.org/cook' id='message-id1'/>",
    ),
    sample(
        "XEP-0461 with XEP-0428 Fallback Indication",
        "<body>&gt; Cook\n&gt; What now?\nWe should bake a cake</body><reply xmlns='urn:xmpp:reply:0' to='deck@rooms.example.org/cook' id='message-id1'/>\
         <fallback xmlns='urn:xmpp:fallback:0' for='urn:xmpp:reply:0'><body start='0' end='19'/><subject/></fallback>",
    ),
    sample("XEP-0333 markable", "<body>Read this</body><markable xmlns='urn:xmpp:chat-markers:0'/>"),
    sample("XEP-0333 received", "<received xmlns='urn:xmpp:chat-markers:0' id='message-1'/>"),
    sample(
        "XEP-0333 displayed",
        "<displayed xmlns='urn:xmpp:chat-markers:0' id='message-1' sender='a@example.org/x'/><store xmlns='urn:xmpp:hints'/>",
    ),
    sample(
        "XEP-0333 acknowledged",
        "<thread>sleeping</thread><acknowledged xmlns='urn:xmpp:chat-markers:0' id='message-1'/>",
    ),
    sample("XEP-0184 request", "<body>Did you get it?</body><request xmlns='urn:xmpp:receipts'/>"),
    sample("XEP-0184 received", "<received xmlns='urn:xmpp:receipts' id='richard2-4.1.247'/>"),
    sample("XEP-0085 active", "<body>Hm</body><active xmlns='http://jabber.org/protocol/chatstates'/>"),
    sample(
        "XEP-0085 composing",
        "<composing xmlns='http://jabber.org/protocol/chatstates'/><no-store xmlns='urn:xmpp:hints'/>",
    ),
    sample("XEP-0085 paused", "<paused xmlns='http://jabber.org/protocol/chatstates'/>"),
    sample(
        "XEP-0085 inactive",
        "<thread>act2</thread><inactive xmlns='http://jabber.org/protocol/chatstates'/>",
    ),
    sample("XEP-0085 gone", "<gone xmlns='http://jabber.org/protocol/chatstates'/>"),
    sample(
        "XEP-0359 origin-id",
        "<body>Numbered</body><origin-id xmlns='urn:xmpp:sid:0' id='de305d54-75b4-431b-adb2-eb6b9e546013'/>",
    ),
    sample(
        "XEP-0359 stanza-id of somebody else",
        "<body>Numbered</body><stanza-id xmlns='urn:xmpp:sid:0' id='5f3dbc5e' by='other@rooms.example.org'/>",
    ),
    sample(
        "XEP-0367 Message Attaching",
        "<body>A map</body><attach-to xmlns='urn:xmpp:message-attaching:1' id='message-1'/>",
    ),
    sample(
        "XEP-0422 Message Fastening",
        "<apply-to xmlns='urn:xmpp:fasten:0' id='origin-1' shell='true'><i-like-this xmlns='urn:example:liking'/><external name='body' element-namespace='urn:example:liking'/></apply-to>",
    ),
    sample(
        "XEP-0334 hints",
        "<body>Do not copy</body><no-copy xmlns='urn:xmpp:hints'/><store xmlns='urn:xmpp:hints'/>",
    ),
    sample("XEP-0334 no-store", "<body>Do not keep</body><no-store xmlns='urn:xmpp:hints'/>"),
    sample(
        "XEP-0203 delay of somebody else",
        "<body>Late</body><delay xmlns='urn:xmpp:delay' from='gateway.example.org' stamp='2002-09-10T23:08:25Z'>Offline</delay>",
    ),
    sample(
        "XEP-0297 Stanza Forwarding",
        "<body>See what came</body><forwarded xmlns='urn:xmpp:forward:0'><delay xmlns='urn:xmpp:delay' stamp='2010-07-10T23:08:25Z'/>\
         <message xmlns='jabber:client' from='a@example.org' to='b@example.org' type='chat' id='x'><body>words</body><mood xmlns='http://jabber.org/protocol/mood'><amorous/></mood></message></forwarded>",
    ),
];

/// What is encrypted, shared or begun by a message.
pub(crate) const WRAPPED: &[Sample] = &[
    sample(
        "XEP-0384 OMEMO 0.3 with XEP-0380",
        "<encrypted xmlns='eu.siacs.conversations.axolotl'><header sid='27183'><key rid='31415'>MwohBdLsYhSbGPEU2y9uXpRY</key>\
         <key prekey='true' rid='12321'>MwiK4oOMdxIhBfqRe2OCm0JE</key><iv>YXNkZmFzZGZhc2Rm</iv></header><payload>pd8PzEv4OTs=</payload></encrypted>\
         <encryption xmlns='urn:xmpp:eme:0' name='OMEMO' namespace='eu.siacs.conversations.axolotl'/>\
         <body>I sent you an OMEMO encrypted message but your client does not seem to support that.</body><store xmlns='urn:xmpp:hints'/>",
    ),
    sample(
        "XEP-0384 OMEMO 0.3, keys only",
        "<encrypted xmlns='eu.siacs.conversations.axolotl'><header sid='27183'><key rid='31415'>MwohBdLs</key><iv>YXNk</iv></header></encrypted><store xmlns='urn:xmpp:hints'/>",
    ),
    sample(
        "XEP-0384 OMEMO 2",
        "<encrypted xmlns='urn:xmpp:omemo:2'><header sid='27183'><keys jid='a@example.org'><key rid='31415'>b64/encoded+data</key></keys>\
         <keys jid='b@example.org'><key kex='true' rid='12321'>b64/encoded+data</key><key rid='66'>eA==</key></keys></header><payload>bGFyZ2U=</payload></encrypted>\
         <encryption xmlns='urn:xmpp:eme:0' namespace='urn:xmpp:omemo:2'/><store xmlns='urn:xmpp:hints'/>",
    ),
    sample(
        "XEP-0373 OpenPGP",
        "<openpgp xmlns='urn:xmpp:openpgp:0'>hQEMA9aV0PTUYC5RAQf/Yx4P\nQ0hBSU4=</openpgp>",
    ),
    sample(
        "XEP-0374 OpenPGP for instant messaging",
        "<openpgp xmlns='urn:xmpp:openpgp:0'>hQEMA9aV0PTUYC5RAQf/Yx4P</openpgp><encryption xmlns='urn:xmpp:eme:0' namespace='urn:xmpp:openpgp:0'/>\
         <body>This message is encrypted with OpenPGP.</body>",
    ),
    sample(
        "XEP-0027 OpenPGP of old",
        "<body>This message is encrypted.</body><x xmlns='jabber:x:encrypted'>qANQR1DBwU4DX7jmYZnncmUQB/9KuKBddzQH\n+tZ1ZywKK0yHKnq5=\n=Ab3d</x>",
    ),
    sample(
        "XEP-0364 Off-the-Record",
        "<body>?OTRv23?\nThis is a request</body><encryption xmlns='urn:xmpp:eme:0' namespace='urn:xmpp:otr:0'/><no-copy xmlns='urn:xmpp:hints'/>",
    ),
    sample(
        "XEP-0420 Stanza Content Encryption",
        "<envelope xmlns='urn:xmpp:sce:1'><content><body xmlns='jabber:client'>Have a cake</body><x xmlns='jabber:x:oob'><url>https://example.org/c.gif</url></x></content>\
         <time stamp='2004-01-25T06:05:00+01:00'/><to jid='deck@rooms.example.org'/><from jid='a@example.org'/><rpad>A98D7KJF1ASDVG232sdff341</rpad></envelope>",
    ),
    sample(
        "XEP-0066 Out of Band Data",
        "<body>https://example.org/up/x.jpg</body><x xmlns='jabber:x:oob'><url>https://example.org/up/x.jpg?a=1&amp;b=%20</url><desc>A license</desc></x>",
    ),
    sample(
        "XEP-0363 an encrypted upload",
        "<body>aesgcm://up.example.org/6d3/tr.jpg#8c3d050e9386ec173861778c68ccdd84</body>",
    ),
    sample(
        "XEP-0385 Stateless Inline Media Sharing",
        "<body>Look: https://up.example.org/summit.jpg</body><reference xmlns='urn:xmpp:reference:0' begin='6' end='39' type='data'>\
         <media-sharing xmlns='urn:xmpp:sims:1'><file xmlns='urn:xmpp:jingle:apps:file-transfer:5'><media-type>image/jpeg</media-type>\
         <name>summit.jpg</name><size>3032449</size><hash xmlns='urn:xmpp:hashes:2' algo='sha3-256'>2XarmwTlNxDAMkvymloX3S5+VbylNrJt/l5QyPa+YoU=</hash>\
         <desc>From the top</desc><thumbnail xmlns='urn:xmpp:thumbs:1' uri='cid:sha1+ffd7c8d2@bob.xmpp.org' media-type='image/png' width='128' height='96'/></file>\
         <sources><reference xmlns='urn:xmpp:reference:0' type='data' uri='https://up.example.org/summit.jpg'/>\
         <reference xmlns='urn:xmpp:reference:0' type='data' uri='xmpp:a@example.org/x?jingle-ft'/></sources></media-sharing></reference>",
    ),
    sample(
        "XEP-0446 File metadata element",
        "<file xmlns='urn:xmpp:file:metadata:0'><media-type>video/webm</media-type><name>a b.webm</name><date>2026-07-26T21:46:00+01:00</date><length>63000</length><width>1920</width><height>1080</height></file>",
    ),
    sample(
        "XEP-0447 Stateless file sharing",
        "<file-sharing xmlns='urn:xmpp:sfs:0' disposition='inline' id='photo1.jpg'><file xmlns='urn:xmpp:file:metadata:0'><media-type>image/jpeg</media-type>\
         <name>photo1.jpg</name><size>3032449</size><hash xmlns='urn:xmpp:hashes:2' algo='blake2b-256'>2AfMGH8O7UNPTvUVAM9aK13mpCY=</hash><desc xml:lang='en'>Photo</desc></file>\
         <sources><url-data xmlns='http://jabber.org/protocol/url-data' target='https://up.example.org/photo1.jpg'>\
         <http:headers xmlns:http='http://jabber.org/protocol/url-data/http'><http:header name='X-A' value='1'/></http:headers></url-data></sources></file-sharing>\
         <body>https://up.example.org/photo1.jpg</body><fallback xmlns='urn:xmpp:fallback:0' for='urn:xmpp:sfs:0'><body/></fallback>",
    ),
    sample(
        "XEP-0447 sources that follow",
        "<sources xmlns='urn:xmpp:sfs:0' id='photo1.jpg'><jinglepub xmlns='urn:xmpp:jinglepub:1' from='a@example.org/x' id='9559976B'><uri>xmpp:a@example.org/x?jingle-ft</uri></jinglepub></sources><attach-to xmlns='urn:xmpp:message-attaching:1' id='sfs-1'/>",
    ),
    sample(
        "XEP-0448 Encryption for file sharing",
        "<file-sharing xmlns='urn:xmpp:sfs:0'><file xmlns='urn:xmpp:file:metadata:0'><size>5</size></file><sources><encrypted xmlns='urn:xmpp:esfs:0' cipher='urn:xmpp:ciphers:aes-256-gcm-nopadding:0'>\
         <key>SuRJ2agVm/pQbJQlPq/B23Xt1YOOJCcEGJA5HrcYOGQ=</key><iv>T8RDMBaiqn6Ci4Nw</iv><hash xmlns='urn:xmpp:hashes:2' algo='sha3-256'>BgKI2gp2kNCRARARNqFmw5kFf5YBo2pTbV2D+XHTMWI=</hash>\
         <sources xmlns='urn:xmpp:sfs:0'><url-data xmlns='http://jabber.org/protocol/url-data' target='https://up.example.org/e'/></sources></encrypted></sources></file-sharing>",
    ),
    sample(
        "XEP-0482 Call Invites",
        "<invite xmlns='urn:xmpp:call-invites:0' video='true'><jingle sid='sid1' jid='a@example.org/x'/><external uri='tel:+1-555'/></invite>",
    ),
    sample(
        "XEP-0482 to a conference by Muji",
        "<body>Call in</body><invite xmlns='urn:xmpp:call-invites:0' multi='true'><muji xmlns='urn:xmpp:jingle:muji:0' room='call@rooms.example.org'/></invite>",
    ),
    sample(
        "XEP-0482 accepted",
        "<accept xmlns='urn:xmpp:call-invites:0' id='id1'><jingle sid='sid1' jid='a@example.org/x'/></accept>",
    ),
    sample("XEP-0482 left", "<left xmlns='urn:xmpp:call-invites:0' id='id1'/>"),
    sample(
        "XEP-0353 Jingle Message propose",
        "<propose xmlns='urn:xmpp:jingle-message:0' id='ca3cf894'><description xmlns='urn:xmpp:jingle:apps:rtp:1' media='audio'/></propose><store xmlns='urn:xmpp:hints'/>",
    ),
    sample("XEP-0353 ringing", "<ringing xmlns='urn:xmpp:jingle-message:0' id='ca3cf894'/>"),
    sample(
        "XEP-0353 finish",
        "<finish xmlns='urn:xmpp:jingle-message:0' id='ca3cf894'><reason xmlns='urn:xmpp:jingle:1'><success/><text>Done</text></reason><migrated to='ca3cf895'/></finish>",
    ),
    sample("XEP-0272 Muji in a message", "<muji xmlns='urn:xmpp:jingle:muji:0'><preparing/></muji>"),
    sample(
        "nothing that anybody knows",
        "<body>x</body><a xmlns='urn:example:unknown' b='2' a='1'>one<b c=''/>two<b xml:lang='en'>three<b xml:lang='de'/></b> </a><a xmlns='urn:example:unknown'/>",
    ),
    sample(
        "the same child twice, a body between",
        "<a xmlns='urn:example:twice' n='1'/><body>between</body><a xmlns='urn:example:twice' n='1'/><b xmlns='urn:example:twice'/>",
    ),
    sample(
        "attributes with namespaces",
        "<body>x</body><a xmlns='urn:example:plain' xmlns:p='urn:example:p' xmlns:q='urn:example:q' n='0' p:n='1' q:n='2'><p:n p:n='3' n='4'/></a>",
    ),
    sample(
        "elements without a namespace",
        "<body>x</body><a xmlns='urn:example:outer'><b xmlns=''><c/></b><d/></a>",
    ),
    sample(
        "line ends in attributes",
        "<body>x</body><a xmlns='urn:example:lines' n='one&#10;two&#9;three  four'/>",
    ),
];
