"""Dino with a hand on its keyboard and an eye on its window. Each line of input is a list of a verb and what it takes, in
JSON; each is answered by one line: `{"ok": value}` or `{"fault": text}`. Ends with its input."""

import json
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

HOME = Path(sys.argv[1])
LOG = HOME / "dino.log"
# It waits for some seconds before it connects again.
PATIENCE = 60
WINDOW = Path(__file__).with_name("window.py")
BASE = HOME / ".local/share/dino/dino.db"


def within(seconds, look):
    """Waits until `look` gives something."""
    end = time.monotonic() + seconds
    while not (found := look()):
        if time.monotonic() > end:
            return None
        time.sleep(0.2)
    return found


def run_dino():
    log = open(LOG, "a")
    return subprocess.Popen(["/usr/bin/dino-im", "--print-xmpp=all"], stdout=log, stderr=log)


def ends(dino):
    dino.terminate()
    try:
        dino.wait(10)
    except subprocess.TimeoutExpired:
        dino.kill()


def asks(sql, *values):
    """What the database of Dino has."""
    base = sqlite3.connect(f"file:{BASE}?mode=ro", uri=True)
    try:
        return base.execute(sql, values).fetchall()
    except sqlite3.OperationalError:
        return []
    finally:
        base.close()


def set_up_account():
    """Has Dino make its database, and puts the account into it."""
    dino = run_dino()
    is_made = within(30, lambda: BASE.exists() and asks("SELECT 1 FROM sqlite_master WHERE name = 'account'"))
    time.sleep(1)
    ends(dino)
    if not is_made:
        raise RuntimeError("Dino makes no database")
    base = sqlite3.connect(BASE)
    columns = "bare_jid, resourcepart, password, alias, enabled"
    base.execute(f"INSERT INTO account ({columns}) VALUES ('dot@dino.example', 'dino', 'dot', 'dot', 1)")
    base.commit()
    base.close()


def window(*words):
    """What its window shows, or whether something in it was pressed. Nothing, if it changes just then."""
    look = [sys.executable, "-W", "ignore", str(WINDOW), *words]
    seen = subprocess.run(look, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, timeout=30)
    return json.loads(seen.stdout) if seen.returncode == 0 else None


def texts():
    return window() or []


def reads(words, seconds=PATIENCE):
    if not within(seconds, lambda: any(words in text for text in texts())):
        raise RuntimeError(f"Dino does not show {words!r}; there is: {texts()}")


def misses(words, seconds=PATIENCE):
    if not within(seconds, lambda: (all_of_it := texts()) and not any(words in text for text in all_of_it)):
        raise RuntimeError(f"Dino still shows {words!r}")


def presses(name, seconds=PATIENCE):
    if not within(seconds, lambda: window(name)):
        raise RuntimeError(f"Dino has no {name!r} to press; there is: {texts()}")


def keeps(sql, *values):
    """Waits until its database has this."""
    if not (rows := within(PATIENCE, lambda: asks(sql, *values))):
        raise RuntimeError(f"Dino's database has nothing for {sql!r} {values}")
    return rows


def run(*command):
    subprocess.run(command, check=True, timeout=30, stdout=subprocess.DEVNULL)


def types(text):
    run("xdotool", "type", "--delay", "20", text)


def strikes(*keys):
    run("xdotool", "key", "--delay", "50", *keys)


def clicks(x, y):
    """Clicks on what has no name."""
    run("xdotool", "mousemove", str(x), str(y), "click", "1")


def opens(uri):
    """Follows a link, as a browser would have Dino do."""
    run("/usr/bin/dino-im", uri)


def pictures(path):
    time.sleep(0.5)
    run("import", "-window", "root", path)


VERBS = {verb.__name__: verb for verb in (reads, misses, presses, keeps, types, strikes, clicks, opens, pictures, texts)}


def main():
    set_up_account()
    dino = run_dino()
    if not within(60, lambda: "{jabber:client}:presence" in LOG.read_text() and texts()):
        raise RuntimeError("Dino does not log in")
    for line in sys.stdin:
        verb, *what = json.loads(line)
        try:
            answer = {"ok": VERBS[verb](*what)}
        except Exception as fault:
            answer = {"fault": f"{verb}: {fault}"}
        print(json.dumps(answer), flush=True)
    ends(dino)


main()
