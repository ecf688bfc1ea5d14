// What an account at Dino does in the room, and in one of its own, beside accounts at Converse.js: each sees what the other did.

import { Dino } from './dino.mjs';
import { sleep, until } from './servers.mjs';

/** The plays, by their names. `people` has ann, who owns `room`; `enters` brings others, and `place` is where Dino is. */
export function dinoStory({ people, enters, service, prosody, room, rooms, place }) {
    const own = `dots@${rooms}`;
    let dino;
    return {
        async 'Dino enters by a link and reads what was said before'() {
            const { ann } = people;
            await ann.says('said before Dino came');
            dino = await Dino.open(place);
            await dino.opens(`xmpp:${room}?join`);
            await dino.presses('Join');
            await ann.reads('dot has entered', '.chat-content');
            await dino.hears('said before Dino came');
            await dino.reads('said before Dino came');
            await dino.reads('Garden party');
        },
        async 'Dino talks, corrects and is reacted to'() {
            const { ann } = people;
            await ann.says('welcome, Dino');
            await dino.hears('welcome, Dino');
            await dino.says('hello from Dino');
            await ann.reads('hello from Dino', '.chat-content');
            await dino.says('I like teh cake');
            await ann.reads('I like teh cake', '.chat-content');
            await dino.strikes('Up', 'ctrl+a');
            await dino.says('I like the cake');
            await ann.reads('I like the cake', '.chat-content');
            await ann.misses('teh cake', '.chat-content');
            await ann.says('there is teaa');
            await dino.reads('there is teaa');
            await ann.acts('there is teaa', 'edit');
            await sleep(500);
            await ann.fills('.chatroom textarea.chat-textarea', 'there is tea');
            await ann.page.keyboard.press('Enter');
            await dino.keeps(
                `SELECT 1 FROM message_correction c JOIN message m ON m.id = c.message_id WHERE m.body = 'there is tea'`,
            );
            await dino.misses('teaa');
            await ann.acts('hello from Dino', 'reaction');
            await ann.clicks('.reaction-picker .reaction-item');
            await dino.keeps(`SELECT emojis FROM reaction WHERE emojis != ''`);
            await dino.picture('talk');
        },
        async 'Dino reads what was taken back'() {
            const { ann } = people;
            await ann.says('my secret');
            await dino.hears('my secret');
            await ann.acts('my secret', 'retract');
            await ann.confirms();
            await dino.says('rude words');
            await ann.reads('rude words', '.chat-content');
            await ann.acts('rude words', 'retract');
            await ann.confirms('Be kind.');
            await ann.misses('rude words', '.chat-content');
            // Dino 0.4.2 shows what is said to clients that know nothing of it.
            await dino.reads('retracted a message');
            await dino.picture('retracted');
        },
        async 'Dino notices nothing of a restart of the service'() {
            const { ann } = people;
            const times = service.says('connected to the server');
            const joins = dino.joins();
            await service.stop();
            service.start();
            await until('the service is back', () => service.says('connected to the server') > times);
            await dino.says('is Dino still here?');
            await ann.reads('is Dino still here?', '.chat-content');
            await ann.says('Dino is here');
            await dino.hears('Dino is here');
            if (!joins || dino.joins() !== joins) throw new Error('Dino has entered anew');
            await dino.picture('restarted');
        },
        async 'Dino comes back after the server was restarted'() {
            const { ann } = people;
            await prosody.stop();
            await sleep(2000);
            prosody.start();
            await until('ann is in the room', async () => {
                const connected = await ann.page.evaluate(() => window.seen.api.connection.connected());
                return connected && !(await ann.page.$('converse-spinner'));
            }, 60);
            await ann.says('is Dino back?');
            await dino.hears('is Dino back?');
            await dino.says('Dino is back');
            await ann.reads('Dino is back', '.chat-content', 60);
            await dino.picture('server-restarted');
        },
        async 'a guest comes into the room of Dino, which sends no form'() {
            await dino.opens(`xmpp:${own}?join`);
            await dino.presses('Join');
            await dino.reads(own);
            const eve = await enters('eve');
            // Those who are inside, and below them those to invite. They have no names to be pressed by.
            await dino.clicks(978, 28);
            await dino.reads('Invite');
            await dino.clicks(932, 199);
            await dino.reads('Invite to Conference');
            await sleep(1000);
            await dino.types('eve@localhost');
            await sleep(1000);
            await dino.strikes('Tab', 'Down');
            await dino.picture('invites');
            await dino.presses('Invite');
            await eve.confirms();
            await eve.says('hello from the guest');
            await dino.hears('hello from the guest');
        },
        async 'Dino configures its room, sets the topic and kicks the guest'() {
            const { eve } = people;
            await dino.clicks(1058, 28);
            await dino.reads('Persistent');
            // The name, and the switch that keeps the room.
            await dino.clicks(455, 342);
            await sleep(500);
            await dino.strikes('Tab', 'Return');
            await sleep(500);
            await dino.types('Bone yard');
            await dino.clicks(763, 504);
            await dino.picture('form');
            await dino.strikes('Escape');
            await eve.reads('Bone yard', '.chatbox-title__text');
            await dino.reads('Bone yard');
            await dino.says('/topic Bones only');
            await eve.reads('Bones only', '.chat-head__desc');
            await dino.picture('own-room');
            await dino.says('/kick eve');
            await eve.reads('You have been kicked from this groupchat');
            await eve.picture('kicked');
        },
        async 'Dino is banned'() {
            const { ann } = people;
            await ann.says('/ban dot Again and again');
            await ann.reads('dot has been banned', '.chat-content');
            await dino.picture('banned');
            await dino.opens(`xmpp:${room}?join`);
            await dino.presses('Join');
            await dino.reads('Banned from joining');
            await dino.picture('banned-again');
            await dino.close();
        },
    };
}
