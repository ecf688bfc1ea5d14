// Accounts at Converse.js, from the first room to its end. Started by scripts/clients.

import { writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { Dino } from './dino.mjs';
import { dinoStory } from './dino_story.mjs';
import { Person } from './person.mjs';
import { Server, listens, servePages, sleep, until } from './servers.mjs';

const [folder, pictures, rooms, port, clients, pagePort, dinoAddress] = process.argv.slice(2);
const room = `party@${rooms}`;
const libraries = process.env.CONCLAVE_BROWSER_LIBRARIES;
const puppeteer = createRequire(path.join(libraries, 'package.json'))('puppeteer-core');

/** A small red picture. */
const RED = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8BQDwAEhQGAhKmMIQAAAABJRU5ErkJggg==';
const field = (name) => `.modal.show [name="muc#roomconfig_${name}"]`;

const prosody = new Server(path.join(folder, 'prosody.out'), 'prosody', ['--config', path.join(folder, 'prosody.cfg.lua'), '-F']);
const service = new Server(path.join(folder, 'conclave.log'), process.env.CONCLAVE_BIN, ['run', '--config', path.join(folder, 'component.toml')]);
let browser, place;
const people = {};

async function enters(name) {
    people[name] = await Person.open(browser, name, place);
    return people[name];
}

const story = {
    async 'a room is made and configured by the form'() {
        const ann = await enters('ann');
        await ann.enters(room);
        await ann.fills(field('roomname'), 'Garden party');
        await ann.picture('form');
        await ann.fills(field('roomdesc'), 'Cakes and talk');
        const picture = path.join(folder, 'red.png');
        writeFileSync(picture, Buffer.from(RED, 'base64'));
        await (await ann.page.$('.modal.show input[name=avatar_image]')).uploadFile(picture);
        await ann.ticks(field('persistentroom'));
        await ann.clicks('.modal.show .chatroom-form input[type=submit]');
        await ann.reads('Garden party', '.chatbox-title__text');
        await until('the dialog closes', async () => !(await ann.page.$('.modal.show')));
    },
    async 'an invitation is read and followed'() {
        const { ann } = people;
        const bo = await enters('bo');
        await ann.chooses('converse-muc-occupants', '.open-invite-modal');
        await ann.fills('.modal.show input[name=invitee_jids]', 'bo@localhost');
        await ann.fills('.modal.show textarea[name=reason]', 'There is cake.');
        await ann.clicks('.modal.show input[type=submit]');
        await bo.reads('There is cake.', '.modal.show');
        await bo.picture('invited');
        await bo.confirms();
        await bo.reads('Garden party', '.chatbox-title__text');
        await ann.reads('bo has entered', '.chatroom');
        const cy = await enters('cy');
        await cy.enters(room);
        await ann.reads('cy has entered', '.chatroom');
        await until('bo sees the picture', () => bo.page.$('.chatbox-title converse-avatar image, .chatbox-title converse-avatar img'));
    },
    async 'all talk, correct and react'() {
        const { ann, bo, cy } = people;
        for (const person of [ann, bo, cy]) {
            await person.says(`hello from ${person.name}`);
            for (const other of [ann, bo, cy]) await other.reads(`hello from ${person.name}`, '.chatroom .chat-content');
        }
        await bo.says('there are bunns');
        await ann.reads('there are bunns', '.chat-content');
        await bo.acts('there are bunns', 'edit');
        await sleep(500);
        await bo.fills('.chatroom textarea.chat-textarea', 'there are buns');
        await bo.page.keyboard.press('Enter');
        await ann.reads('there are buns', '.chat-content');
        await ann.misses('bunns', '.chat-content');
        await cy.acts('hello from bo', 'reaction');
        await cy.clicks('.reaction-picker .reaction-item');
        for (const person of [ann, bo, cy]) await person.finds('.chat-msg__reaction .count');
        await cy.acts('there are buns', 'reaction');
        await cy.clicks('.reaction-picker .reaction-item');
        await until('ann sees both reactions', async () => (await ann.page.$$('.chat-msg__reaction .count')).length === 2);
        await ann.says('/topic Cakes only');
        await bo.reads('Cakes only', '.chat-head__desc');
        await ann.picture('talk');
    },
    async 'messages are taken back'() {
        const { ann, bo, cy } = people;
        await bo.says('my secret');
        await ann.reads('my secret', '.chat-content');
        await bo.acts('my secret', 'retract');
        await bo.confirms();
        for (const person of [ann, bo, cy]) await person.misses('my secret', '.chat-content');
        await cy.says('rude words');
        await ann.reads('rude words', '.chat-content');
        await ann.acts('rude words', 'retract');
        await ann.confirms('Be kind.');
        for (const person of [ann, bo, cy]) await person.misses('rude words', '.chat-content');
        await bo.reads('Be kind.', '.chat-content');
        await bo.picture('retracted');
    },
    async 'a hat is made and worn'() {
        const { ann, bo } = people;
        await ann.page.evaluate(() => window.seen.api.modal.show('converse-user-settings-modal'));
        await ann.clicks('.modal.show #commands-tab');
        await ann.fills('.modal.show converse-adhoc-commands input[name=jid]', room);
        await ann.runs('urn:xmpp:hats:commands:create', { 'hats#title': 'Baker', 'hats#uri': 'urn:example:baker' });
        await ann.runs('urn:xmpp:hats:commands:assign', { 'hats#jid': 'bo@localhost' });
        await ann.picture('hat-given');
        await ann.page.keyboard.press('Escape');
        await until('the dialog closes', async () => !(await ann.page.$('.modal.show')));
        await ann.reads('Baker', '.chat-content');
        await bo.reads('Baker', '.chat-content');
        await ann.picture('hat');
    },
    async 'an occupant is kicked, comes back and is banned'() {
        const { ann, bo, cy } = people;
        await ann.says('/kick cy Mind your words');
        await cy.reads('Mind your words');
        await cy.picture('kicked');
        await cy.page.reload();
        await cy.finds('converse-rooms-list');
        await ann.reads('cy has entered', '.chat-content');
        await ann.says('/ban cy Again and again');
        await cy.reads('Again and again');
        await cy.picture('banned');
        await bo.misses('cy', 'converse-muc-sidebar .occupant-list');
    },
    async 'the history of 300 messages is read'() {
        const { bo } = people;
        await bo.page.evaluate(async (jid) => {
            const room = await window.seen.api.rooms.get(jid);
            for (let number = 1; number <= 300; number++) await room.sendMessage({ body: `line ${number}.` });
        }, room);
        await bo.reads('line 300.', '.chat-content', 180);
        const dee = await enters('dee');
        await dee.enters(room);
        await dee.reads('line 300.', '.chat-content');
        await until('the first line is scrolled to', async () => {
            await (await dee.finds('.chat-content')).hover();
            await dee.page.mouse.wheel({ deltaY: -20_000 });
            await sleep(500);
            return (await dee.text('.chat-content')).includes('line 1.');
        }, 180);
        await dee.picture('history');
    },
    async 'no page notices that the service is restarted'() {
        const { ann, bo } = people;
        const times = service.says('connected to the server');
        await service.stop();
        service.start();
        await until('the service is back', () => service.says('connected to the server') > times);
        await bo.says('still here?');
        await ann.reads('still here?', '.chat-content');
        await ann.picture('restarted');
    },
    async 'pages come back after the server was restarted'() {
        const { ann, bo, dee } = people;
        await prosody.stop();
        await sleep(2000);
        prosody.start();
        for (const [person, words] of [[bo, 'bo is back'], [ann, 'ann is back'], [dee, 'dee is back']]) {
            await until(`${person.name} is connected`, () => person.page.evaluate(() => window.seen.api.connection.connected()), 60);
            await until(`${person.name} is in the room`, async () => !(await person.page.$('converse-spinner')), 60);
            await person.says(words);
            await person.reads(words, '.chat-content', 60);
        }
        for (const person of [ann, bo, dee]) await person.reads('dee is back', '.chat-content');
        await dee.picture('server-restarted');
    },
    async 'Gajim enters and talks'() {
        const { ann } = people;
        const home = path.join(folder, 'gil');
        const here = path.dirname(fileURLToPath(import.meta.url));
        const gajim = new Server(path.join(folder, 'gajim.out'), path.join(here, 'gajim'), [home, clients, room, pictures]);
        gajim.start();
        try {
            await ann.reads('gil has entered', '.chat-content', 60);
            await ann.says('welcome, Gajim');
            await ann.reads('hello from Gajim', '.chat-content');
            await sleep(3000);
        } finally {
            writeFileSync(path.join(home, 'end'), '');
            await gajim.ends();
        }
    },
    ...dinoStory({
        people,
        enters,
        service,
        prosody,
        room,
        rooms,
        place: { folder, pictures, port: clients, address: dinoAddress, certificate: path.join(folder, 'dino.example.crt') },
    }),
    async 'the room ends'() {
        const { ann, bo } = people;
        await ann.says('/destroy');
        await ann.finds('.modal.show form.confirm');
        await sleep(400);
        await ann.fills('.modal.show [name=challenge]', room);
        await ann.fills('.modal.show [name=reason]', 'The cake is eaten.');
        await ann.clicks('.modal.show form.confirm [type=submit]');
        // Converse.js 14.0.0 passes over the end of a room; an occupant who speaks then is told.
        await ann.misses('Garden party', 'converse-rooms-list');
        await bo.says('is there cake left?');
        await bo.reads('There is no such room.', '.chat-content');
        await bo.picture('destroyed');
    },
};

/** What went wrong in the pages themselves. */
function complain() {
    const faults = Object.values(people).flatMap((person) => person.faults.map((fault) => `${person.name}: ${fault}`));
    if (faults.length) console.log(`the pages complained:\n${[...new Set(faults)].join('\n')}`);
}

async function main() {
    prosody.start();
    await until('Prosody listens', () => listens(port));
    service.start();
    await until('the service is attached', () => service.says('connected to the server'));
    const here = path.dirname(fileURLToPath(import.meta.url));
    await servePages(pagePort, path.join(here, 'index.html'), path.join(libraries, 'node_modules/converse.js/dist'));
    // By a pipe: Chromium opens no port.
    browser = await puppeteer.launch({ executablePath: '/usr/bin/chromium', pipe: true, args: ['--no-sandbox', '--disable-gpu'] });
    place = { pictures, rooms, pages: `http://127.0.0.1:${pagePort}`, socket: `ws://127.0.0.1:${port}/xmpp-websocket` };
    const only = new RegExp(process.env.CONCLAVE_PLAY ?? '');
    const plays = Object.entries(story).filter(([name]) => only.test(name));
    if (!plays.length) throw new Error(`nothing is played that has ${only} in its name`);
    for (const [name, play] of plays) {
        const start = Date.now();
        try {
            await play();
        } catch (error) {
            for (const person of Object.values(people)) await person.picture('failed');
            complain();
            throw new Error(`${name}: ${error.message}`);
        }
        console.log(`ok ${name} (${((Date.now() - start) / 1000).toFixed(1)} s)`);
    }
    complain();
}

main().finally(Dino.closeAll).then(
    async () => (await browser.close(), process.exit(0)),
    (error) => (console.error(error.message.slice(0, 2000)), process.exit(1)),
);
