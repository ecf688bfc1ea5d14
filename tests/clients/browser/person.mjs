// An account at Converse.js in a browser profile of its own, driven by what is on its page.

import { appendFileSync } from 'node:fs';
import path from 'node:path';
import { sleep, until } from './servers.mjs';

export class Person {
    constructor(name, page, pictures) {
        Object.assign(this, { name, page, pictures, faults: [] });
        page.on('pageerror', (error) => this.faults.push(String(error)));
    }

    /** Opens Converse.js in a profile of its own and logs in. */
    static async open(browser, name, place) {
        const context = await browser.createBrowserContext();
        const page = await context.newPage();
        await page.setViewport({ width: 1100, height: 800 });
        const person = new Person(name, page, place.pictures);
        await person.keepsStanzas();
        const asked = { jid: `${name}@localhost`, password: name, rooms: place.rooms, socket: place.socket };
        await page.goto(`${place.pages}/?${new URLSearchParams(asked)}`);
        await person.finds('converse-rooms-list');
        return person;
    }

    /** Writes what comes and goes beside the pictures, with the time. */
    async keepsStanzas() {
        const file = path.join(this.pictures, `stanzas-${this.name}.txt`);
        const session = await this.page.createCDPSession();
        await session.send('Network.enable');
        for (const [event, sign] of [['Network.webSocketFrameSent', '>'], ['Network.webSocketFrameReceived', '<']]) {
            const keep = ({ response }) => appendFileSync(file, `${new Date().toISOString()} ${sign} ${response.payloadData}\n`);
            session.on(event, keep);
        }
    }

    /** Waits for an element that is shown. */
    async finds(selector, seconds = 20) {
        try {
            return await this.page.waitForSelector(selector, { visible: true, timeout: seconds * 1000 });
        } catch {
            throw new Error(`${this.name} does not find ${selector}; there is:\n${await this.text()}`);
        }
    }

    async clicks(selector) {
        const element = await this.finds(selector);
        await element.evaluate((e) => e.scrollIntoView({ block: 'center' }));
        // What slides in is where it will be.
        await sleep(300);
        await element.click();
    }

    async fills(selector, text) {
        const element = await this.finds(selector);
        await element.evaluate((e) => (e.scrollIntoView({ block: 'center' }), e.select?.()));
        await element.type(text);
    }

    /** Ticks a box, unless it is ticked already. */
    async ticks(selector) {
        if (!(await this.page.$eval(selector, (e) => e.checked))) await this.clicks(selector);
    }

    /** Chooses from a menu that has to be opened first. */
    async chooses(menu, choice) {
        await this.clicks(`${menu} converse-dropdown button`);
        await this.clicks(`${menu} ${choice}`);
    }

    /** The text that the page shows, or what matches a selector in it. */
    text(selector = 'body') {
        return this.page.$$eval(selector, (elements) => elements.map((e) => e.innerText).join('\n'));
    }

    /** Waits until the page shows a text. */
    async reads(words, selector = 'body', seconds = 20) {
        try {
            await until('', async () => (await this.text(selector)).includes(words), seconds);
        } catch {
            throw new Error(`${this.name} does not read "${words}"; there is:\n${await this.text(selector)}`);
        }
    }

    /** Waits until the page does not show a text any more. */
    misses(words, selector = 'body') {
        return until(`${this.name} reads no "${words}" any more`, async () => !(await this.text(selector)).includes(words));
    }

    /** Enters a room by the dialog of Converse.js. */
    async enters(room, nick) {
        await this.chooses('converse-rooms-list', '.show-add-muc-modal');
        await this.fills('.modal.show input[name=chatroom]', room);
        if (nick) await this.fills('.modal.show input[name=nickname]', nick);
        await this.clicks('.modal.show input[type=submit]');
    }

    /** Types into the room and sends it. */
    async says(text) {
        const area = await this.finds('.chatroom textarea.chat-textarea');
        await area.click();
        await area.type(text);
        await this.page.keyboard.press('Enter');
    }

    /** The last message with this text. */
    async message(text) {
        for (const message of (await this.page.$$('.chatroom .chat-msg')).reverse()) {
            if ((await message.evaluate((e) => e.innerText)).includes(text)) return message;
        }
        throw new Error(`${this.name} has no message "${text}"`);
    }

    /** Uses an action in the menu of a message. */
    async acts(text, action) {
        const message = await this.message(text);
        await message.evaluate((e) => e.scrollIntoView({ block: 'center' }));
        await message.hover();
        await (await message.waitForSelector('converse-dropdown button')).click();
        await (await message.waitForSelector(`.chat-msg__action-${action}`, { visible: true })).click();
    }

    /** Confirms the dialog that is open, with what it asks for. */
    async confirms(reason) {
        await this.finds('.modal.show form.confirm');
        await sleep(400);
        if (reason) await this.fills('.modal.show form.confirm input[type=text]', reason);
        await this.clicks('.modal.show form.confirm [type=submit]');
        await until('the dialog closes', async () => !(await this.page.$('.modal.show')));
    }

    /** Has the commands of an address listed, runs one with these fields, and waits for its end. */
    async runs(node, fields) {
        // What is offered depends on what is there.
        await this.clicks('.modal.show converse-adhoc-commands input[type=submit]');
        await this.clicks(`.modal.show [data-command-node="${node}"]`);
        for (const [name, value] of Object.entries(fields)) await this.fills(`.modal.show [name="${name}"]`, value);
        await this.clicks('.modal.show [data-action=complete]');
        await until(`${node} is done`, async () => !(await this.page.$('.modal.show [data-action=complete]')));
    }

    /** Keeps what is seen now. */
    async picture(name) {
        await sleep(400);
        await this.page.screenshot({ path: path.join(this.pictures, `${name}-${this.name}.png`) });
    }
}
