// What runs beside the browser: Prosody, the service and the pages of Converse.js, all on loopback.

import { spawn } from 'node:child_process';
import { createReadStream, existsSync, openSync, readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { connect } from 'node:net';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

export { sleep };

/** Waits until `isSo` gives something, at most so many seconds. */
export async function until(what, isSo, seconds = 20) {
    for (const end = Date.now() + seconds * 1000; Date.now() < end; await sleep(100)) {
        const outcome = await isSo();
        if (outcome) return outcome;
    }
    throw new Error(`${what}: not within ${seconds} seconds`);
}

/** Waits for the end of a program, at most a minute, and gives its code. */
export async function gone({ child, end }, name) {
    const code = await Promise.race([end, sleep(60_000, 'late', { ref: false })]);
    if (code !== 'late') return code;
    child.kill('SIGKILL');
    throw new Error(`${name} does not end`);
}

/** A program that can be started again, and that ends with this one. */
export class Server {
    constructor(log, command, args) {
        Object.assign(this, { log, command, args });
    }

    start() {
        const out = openSync(this.log, 'a');
        const words = ['--pdeathsig', 'KILL', '--', this.command, ...this.args];
        this.child = spawn('setpriv', words, { stdio: ['ignore', out, out] });
        this.end = new Promise((resolve) => this.child.once('exit', resolve));
    }

    /** Waits until it has ended well. */
    async ends() {
        const code = await gone(this, this.command);
        if (code !== 0) throw new Error(`${this.command} ended with ${code}: ${readFileSync(this.log, 'utf8').slice(-2000)}`);
    }

    /** Ends it in order. */
    async stop() {
        this.child.kill('SIGTERM');
        await gone(this, this.command);
    }

    /** How often its log says this. */
    says(words) {
        return existsSync(this.log) ? readFileSync(this.log, 'utf8').split(words).length - 1 : 0;
    }
}

/** Whether a port of loopback is listened on. */
export const listens = (port) =>
    new Promise((resolve) => {
        const socket = connect(port, '127.0.0.1');
        socket.once('connect', () => (socket.destroy(), resolve(true)));
        socket.once('error', () => resolve(false));
    });

const TYPES = { '.html': 'text/html', '.js': 'text/javascript', '.css': 'text/css', '.json': 'application/json', '.wasm': 'application/wasm', '.svg': 'image/svg+xml' };

/** Serves the page of this folder, and what Converse.js brings, on this port of loopback. */
export function servePages(port, page, converse) {
    const server = createServer((request, response) => {
        const wanted = path.normalize(new URL(request.url, 'http://localhost').pathname);
        const file = wanted === '/' ? page : path.join(converse, wanted);
        if (!existsSync(file)) return response.writeHead(404).end();
        response.writeHead(200, { 'content-type': TYPES[path.extname(file)] ?? 'application/octet-stream' });
        createReadStream(file).pipe(response);
    });
    return new Promise((resolve, reject) => server.once('error', reject).listen(port, '127.0.0.1', resolve));
}
