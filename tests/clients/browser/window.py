"""What a window shows, by its accessibility, as a list of texts in JSON; with a name as argument, presses what carries this
name in the window that was opened last, and says whether there was any. A program of its own for each look: what the library
keeps of widgets that have gone ends it otherwise."""

import json
import sys

import gi

gi.require_version("Atspi", "2.0")
from gi.repository import Atspi


def walk(widget):
    yield widget
    for place in range(widget.get_child_count()):
        if child := widget.get_child_at_index(place):
            yield from walk(child)


widgets = [(widget, name) for widget in walk(Atspi.get_desktop(0)) if (name := widget.get_name())]
if len(sys.argv) > 1:
    # A button has the name of its text twice, once as a tooltip.
    named = [widget for widget, name in widgets if sys.argv[1] in (name, *name.split(" ", 1))]
    acting = [widget for widget in named if Atspi.Action.get_n_actions(widget) == 1]
    print(json.dumps(bool(acting and Atspi.Action.do_action(acting[-1], 0))))
else:
    print(json.dumps([name for _, name in widgets]))
