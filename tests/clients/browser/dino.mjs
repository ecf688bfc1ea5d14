// An account at Dino, a client for desktops: what it is told to do, and what it shows and keeps. `dino.py` has the verbs.

import { spawn } from 'node:child_process';
import { copyFileSync, existsSync, openSync, readFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { gone, sleep } from './servers.mjs';

/** Where Dino looks for a server that no DNS knows. */
const PORT = 5222;
/** What an answer may take: its start comes before the first, and it is patient itself. */
const ANSWERS_WITHIN = 300_000;

const VERBS = ['reads', 'misses', 'presses', 'keeps', 'types', 'strikes', 'clicks', 'opens', 'texts'];

export class Dino {
    /** Those that have to be closed yet. */
    static running = new Set();

    /** Starts Dino for dot@dino.example, whose server listens on this port of loopback. */
    static async open({ folder, pictures, port, address, certificate }) {
        const dino = new Dino();
        const home = path.join(folder, 'dot');
        Object.assign(dino, { home, stanzas: path.join(home, 'dino.log'), picturesTo: pictures });
        const way = createServer((client) => {
            const server = connect(port, '127.0.0.1');
            for (const [from, to] of [[client, server], [server, client]]) from.pipe(to), from.on('error', () => to.destroy());
        });
        await new Promise((resolve, reject) => way.once('error', reject).listen(PORT, address, resolve));
        const script = path.join(path.dirname(fileURLToPath(import.meta.url)), 'dino');
        const log = openSync(path.join(pictures, 'log-dino.txt'), 'a');
        // It ends with its input, and takes its screen along.
        dino.child = spawn(script, [dino.home, address, certificate], { stdio: ['pipe', 'pipe', log] });
        dino.end = new Promise((resolve) => dino.child.once('exit', resolve));
        // That it has ended is seen when its answer is waited for.
        dino.child.stdin.on('error', () => {});
        Dino.running.add(dino);
        dino.answers = createInterface({ input: dino.child.stdout })[Symbol.asyncIterator]();
        dino.way = way;
        // Its stanzas are kept beside the pictures.
        process.once('exit', () => existsSync(dino.stanzas) && copyFileSync(dino.stanzas, path.join(pictures, 'stanzas-dino.txt')));
        return dino;
    }

    async does(verb, ...what) {
        this.child.stdin.write(`${JSON.stringify([verb, ...what])}\n`);
        const late = sleep(ANSWERS_WITHIN, { late: true }, { ref: false });
        for (;;) {
            const answer = await Promise.race([this.answers.next(), late]);
            if (answer.late) throw new Error(`Dino does not answer: ${verb}`);
            const { value, done } = answer;
            if (done) throw new Error('Dino has ended');
            // Services that start with it write there, too.
            if (!value.startsWith('{')) continue;
            const { ok, fault } = JSON.parse(value);
            if (fault) throw new Error(fault);
            return ok;
        }
    }

    /** Says something in the chat that is open. */
    async says(text) {
        await this.types(text);
        await this.strikes('Return');
    }

    /** Waits until its database has a message with this text, and gives the rows. */
    hears(text) {
        return this.keeps('SELECT id, stanza_id, server_id FROM message WHERE body = ?', text);
    }

    /** How often it has asked to enter a room. */
    joins() {
        return readFileSync(this.stanzas, 'utf8').split('{http://jabber.org/protocol/muc}:history').length - 1;
    }

    /** Keeps what is seen now. */
    picture(name) {
        return this.does('pictures', path.join(this.picturesTo, `${name}-dino.png`));
    }

    /** Ends those that are left when a play fails. */
    static async closeAll() {
        for (const dino of Dino.running) await dino.close();
    }

    /** Ends it, with its screen. */
    async close() {
        Dino.running.delete(this);
        this.child.stdin.end();
        this.way.close();
        await gone(this, 'Dino');
    }
}

for (const verb of VERBS) {
    Dino.prototype[verb] = function (...what) {
        return this.does(verb, ...what);
    };
}
