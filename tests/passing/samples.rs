//! What clients put into messages, presences and requests, a sample for each specification.

/// Children of a stanza as a client writes them, and the specification that they are of.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sample {
    pub(crate) spec: &'static str,
    pub(crate) payload: &'static str,
}

const fn sample(spec: &'static str, payload: &'static str) -> Sample {
    Sample { spec, payload }
}

/// In presences of occupants.
pub(crate) const PRESENCES: &[Sample] = &[
    sample(
        "RFC 6121 show, status, priority",
        "<show>away</show><status>at sea</status><priority>-3</priority>",
    ),
    sample(
        "RFC 6121 status in languages",
        "<status>back at noon</status><status xml:lang='nb'>tilbake klokka tolv</status>",
    ),
    sample(
        "XEP-0115 Entity Capabilities",
        "<c xmlns='http://jabber.org/protocol/caps' hash='sha-1' node='https://client.example' ver='k3sJc7nUyz8vQGZLq0b1Nf2nZ0w='/>",
    ),
    sample(
        "XEP-0390 Entity Capabilities 2.0",
        "<c xmlns='urn:xmpp:caps'><hash xmlns='urn:xmpp:hashes:2' algo='sha-256'>kzBZbkqJ3ADrj7v08reD1qcWUwNGHaidNUgD7nHpiw8=</hash>\
         <hash xmlns='urn:xmpp:hashes:2' algo='sha3-256'>79mdYAfU9rEdTOcWDO7UEAt6E56SUzk/g6TnqUeuD9Q=</hash></c>",
    ),
    sample(
        "XEP-0319 Last User Interaction",
        "<idle xmlns='urn:xmpp:idle:1' since='2026-03-01T08:15:00+01:00'/>",
    ),
    sample(
        "XEP-0256 Last Activity in Presence",
        "<show>xa</show><query xmlns='jabber:iq:last' seconds='86511'/>",
    ),
    sample(
        "XEP-0153 avatar hash",
        "<x xmlns='vcard-temp:x:update'><photo>0beec7b5ea3f0fdbc95d0dd47f3c5bc275da8a33</photo></x>",
    ),
    sample("XEP-0153 no avatar", "<x xmlns='vcard-temp:x:update'><photo/></x>"),
    sample("XEP-0153 not ready", "<x xmlns='vcard-temp:x:update'/>"),
    sample(
        "XEP-0292 vCard4 in presence",
        "<vcard xmlns='urn:ietf:params:xml:ns:vcard-4.0'><fn><text>Somebody at sea</text></fn></vcard>",
    ),
    sample("XEP-0172 nick in presence", "<nick xmlns='http://jabber.org/protocol/nick'>Old Salt</nick>"),
    sample(
        "XEP-0027 signed presence",
        "<status>signed</status><x xmlns='jabber:x:signed'>iQEzBAABCAAdFiEE\nexampleexample=\n=abcd</x>",
    ),
    sample("XEP-0272 Muji, preparing", "<muji xmlns='urn:xmpp:jingle:muji:0'><preparing/></muji>"),
    sample(
        "XEP-0272 Muji, contents",
        "<muji xmlns='urn:xmpp:jingle:muji:0'>\
         <content creator='initiator' name='camera'><description xmlns='urn:xmpp:jingle:apps:rtp:1' media='video'>\
         <payload-type id='97' name='VP9' clockrate='90000'><parameter name='height' value='720'/></payload-type>\
         </description></content>\
         <content creator='initiator' name='voice'><description xmlns='urn:xmpp:jingle:apps:rtp:1' media='audio'>\
         <payload-type id='111' name='opus' clockrate='48000' channels='2'/></description></content></muji>",
    ),
    sample(
        "XEP-0272 Muji between others, in order",
        "<a xmlns='urn:example:first'/><muji xmlns='urn:xmpp:jingle:muji:0'/><status>calling</status><a xmlns='urn:example:last'/>",
    ),
    sample(
        "XEP-0131 headers in presence",
        "<headers xmlns='http://jabber.org/protocol/shim'><header name='Classification'>open</header></headers>",
    ),
    sample(
        "presence that nobody knows",
        "<x xmlns='urn:example:presence' a='1'>mixed <y/> text<z xml:lang='fr'>deux</z></x><x xmlns='urn:example:presence' a='1'/>",
    ),
];

/// A request to an occupant, and the payload of his result.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Exchange {
    pub(crate) spec: &'static str,
    pub(crate) kind: &'static str,
    pub(crate) request: &'static str,
    pub(crate) result: &'static str,
}

/// Requests from one occupant to another, and their results.
pub(crate) const EXCHANGES: &[Exchange] = &[
    Exchange {
        spec: "XEP-0231 Bits of Binary by request",
        kind: "get",
        request: "<data xmlns='urn:xmpp:bob' cid='sha1+8f35fef110ffc5df08d579a50083ff9308fb6242@bob.xmpp.org'/>",
        result: "<data xmlns='urn:xmpp:bob' cid='sha1+8f35fef110ffc5df08d579a50083ff9308fb6242@bob.xmpp.org' \
                 max-age='86400' type='image/png'>iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg==</data>",
    },
    Exchange {
        spec: "XEP-0030 Service Discovery of a client",
        kind: "get",
        request: "<query xmlns='http://jabber.org/protocol/disco#info' node='https://client.example#k3sJc7nUyz8vQGZLq0b1Nf2nZ0w='/>",
        result: "<query xmlns='http://jabber.org/protocol/disco#info' node='https://client.example#k3sJc7nUyz8vQGZLq0b1Nf2nZ0w='>\
                 <identity category='client' type='phone' name='Example' xml:lang='en'/>\
                 <identity category='client' type='phone' name='Beispiel' xml:lang='de'/>\
                 <feature var='urn:xmpp:jingle:1'/><feature var='urn:xmpp:bob'/></query>",
    },
    Exchange {
        spec: "XEP-0166 Jingle",
        kind: "set",
        request: "<jingle xmlns='urn:xmpp:jingle:1' action='session-initiate' sid='a73sjjvkla37jfea'>\
                  <content creator='initiator' name='a-file' senders='initiator'>\
                  <description xmlns='urn:xmpp:jingle:apps:file-transfer:5'><file><name>chart.pdf</name><size>1022</size></file></description>\
                  <transport xmlns='urn:xmpp:jingle:transports:ibb:1' block-size='4096' sid='ch3d9s71'/></content></jingle>",
        result: "",
    },
    Exchange {
        spec: "XEP-0047 In-Band Bytestreams",
        kind: "set",
        request: "<data xmlns='http://jabber.org/protocol/ibb' seq='0' sid='i781hf64'>qANQR1DBwU4DX7jmYZnncmUQB/9KuKBddzQH+tZ1ZywKK0yHKnq57kWq</data>",
        result: "",
    },
    Exchange {
        spec: "XEP-0092 Software Version",
        kind: "get",
        request: "<query xmlns='jabber:iq:version'/>",
        result: "<query xmlns='jabber:iq:version'><name>Example &amp; Sons</name><version>1.2 &lt;beta&gt;</version></query>",
    },
    Exchange {
        spec: "XEP-0202 Entity Time",
        kind: "get",
        request: "<time xmlns='urn:xmpp:time'/>",
        result: "<time xmlns='urn:xmpp:time'><tzo>-06:00</tzo><utc>2026-12-19T17:58:35Z</utc></time>",
    },
    Exchange {
        spec: "a namespace that nobody knows",
        kind: "set",
        request: "<do xmlns='urn:example:iq' xmlns:e='urn:example:attribute' e:how='well'>it <now/> please</do>",
        result: "<done xmlns='urn:example:iq'><a xml:lang='en'>1</a><a xml:lang='de'>1</a></done>",
    },
];
