"""Pictures of graphs: a layered drawing as SVG, and a page on which name scopes open with a click (links only, no script)."""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from headrace.compiler.plan import runs_on_host
from headrace.core.graph import CONST, Graph, Operation

if TYPE_CHECKING:
    from .report import Report

LINE, GAP_X, GAP_Y, PAD = 15, 22, 38, 10  # pixels
CHARACTER = 6.7  # the width of one, about
SWEEPS = 6  # over the layers, to order their boxes so that few arrows cross
WIDEST = 30  # characters of a box's text


class Box:
    """An op, or a name scope that is closed, with a place in the drawing."""

    def __init__(self, key: str, order: int) -> None:
        self.key, self.order = key, order
        self.nodes: list[Operation] = []
        self.is_scope = False
        self.outside = False
        self.layer = 0
        self.x = self.y = 0.0
        self._size: tuple[float, float] | None = None

    @property
    def kind(self) -> str:
        if self.outside:
            return "outside"
        if self.is_scope:
            return "scope"
        node = self.nodes[0]
        if node.type == "Placeholder":
            return "input"
        if node.type in ("VarHandleOp", "ReadVariableOp", "VariableV2"):
            return "variable"
        return "host" if runs_on_host(node) else "op"

    def lines(self, scope: str) -> list[str]:
        name = self.key if self.outside else self.key[len(scope) :]
        if self.outside:
            return [_short(name)]
        if self.is_scope:
            n = len([x for x in self.nodes if x.op_def is not CONST])
            return [_short(name), f"{n} ops"]
        node = self.nodes[0]
        shapes = " ".join([_shape(t) for t in node.outputs[:2]])
        return [_short(name), *([node.type] if node.type not in name else []), *([shapes] if shapes else [])]

    def size(self, scope: str) -> tuple[float, float]:
        if self._size is None:
            lines = self.lines(scope)
            self._size = max(map(len, lines)) * CHARACTER + 2 * PAD, len(lines) * LINE + 12
        return self._size


class Places:
    """Where the operations of a graph are, looked up once for all of its drawings."""

    def __init__(self, graph: Graph) -> None:
        self.nodes = list(graph.operations)
        self.order = {id(n): i for i, n in enumerate(self.nodes)}
        self.scopes: dict[str, dict[int, Operation]] = {"": dict(enumerate(self.nodes))}
        self.takers: dict[int, list[int]] = {}
        for i, node in enumerate(self.nodes):
            parts = node.name.split("/")
            for k in range(1, len(parts)):
                self.scopes.setdefault("/".join(parts[:k]) + "/", {})[i] = node
            for t in node.inputs:
                if not t._is_eager and id(t.op) in self.order:
                    self.takers.setdefault(self.order[id(t.op)], []).append(i)


class Drawing:
    """The boxes of one scope (`""`: the whole graph), `depth` levels of scopes below it open."""

    def __init__(self, graph: Graph, scope: str = "", depth: int = 1, places: Places | None = None) -> None:
        self.scope = scope
        self.boxes: dict[str, Box] = {}
        self.edges: dict[tuple[str, str], str] = {}
        places = places or Places(graph)
        keys: dict[int, str] = {}
        inside = places.scopes.get(scope, {})
        for i, node in inside.items():
            key, is_scope = _visible(node.name, scope, depth, places.scopes)
            keys[i] = key
            if node.op_def is not CONST or is_scope:
                box = self.boxes.setdefault(key, Box(key, i))
                box.nodes.append(node)
                box.is_scope = is_scope
        around = {j: places.nodes[j] for i in inside for j in places.takers.get(i, ()) if j not in inside}
        for order, node in sorted({**inside, **around}.items()):
            to = keys.get(order) or _outside(node, scope)
            for t in node.inputs:
                if t._is_eager or t.op.op_def is CONST or id(t.op) not in places.order:
                    continue
                source = places.order[id(t.op)]
                start = keys.get(source) or _outside(t.op, scope)
                if start == to or (order not in inside and source not in inside):
                    continue
                for key in (start, to):
                    if key not in self.boxes:
                        self.boxes[key] = Box(key, order if key == to else -1)
                        self.boxes[key].outside = True
                self.edges.setdefault((start, to), f"{t.op.name} {_shape(t)}")
        self._place()

    def _place(self) -> None:
        boxes = sorted(self.boxes.values(), key=lambda b: b.order)
        before: dict[str, list[Box]] = {b.key: [] for b in boxes}
        after: dict[str, list[Box]] = {b.key: [] for b in boxes}
        for (
            a,
            b,
        ) in self.edges:  # scopes may use each other: arrows against the program's order do not decide places
            if self.boxes[a].order < self.boxes[b].order:
                before[b].append(self.boxes[a])
                after[a].append(self.boxes[b])
        for box in boxes:
            box.layer = max([b.layer + 1 for b in before[box.key]], default=0)
        for box in reversed(boxes):  # what needs nothing stands right above its first user
            if not before[box.key] and after[box.key]:
                box.layer = min([b.layer for b in after[box.key]]) - 1
        lowest = min([b.layer for b in boxes], default=0)
        layers: dict[int, list[Box]] = {}
        for box in boxes:
            layers.setdefault(box.layer - lowest, []).append(box)
        rows = [layers[i] for i in sorted(layers)]
        for sweep in range(SWEEPS):
            for row in rows if sweep % 2 == 0 else reversed(rows):
                self._spread(row)
                near = before if sweep % 2 == 0 else after
                row.sort(key=lambda b: _middle([o.x for o in near[b.key]], b.x))
        y = GAP_Y / 2
        self.width = (
            max([sum([b.size(self.scope)[0] + GAP_X for b in row]) for row in rows], default=0) + GAP_X
        )
        for row in rows:
            self._spread(row)
            for box in row:
                box.y = y
            y += max([b.size(self.scope)[1] for b in row]) + GAP_Y
        self.height = y

    def _spread(self, row: Sequence[Box]) -> None:
        """Side by side, around 0; `x` is a box's middle."""
        total = sum([b.size(self.scope)[0] for b in row]) + GAP_X * (len(row) - 1)
        x = -total / 2
        for box in row:
            width = box.size(self.scope)[0]
            box.x = x + width / 2
            x += width + GAP_X

    def svg(self, linked: bool = False) -> str:
        """The drawing; with `linked`, scopes are links to their own drawings."""
        w, h, half = self.width, self.height, self.width / 2
        out = [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {w:.0f} {h:.0f}" width="{w:.0f}" height="{h:.0f}" class="graph">'
        ]
        if not linked:
            out.append(f"<style>{STYLE}</style>")
        for (a, b), title in self.edges.items():
            start, end = self.boxes[a], self.boxes[b]
            x1, y1 = start.x + half, start.y + start.size(self.scope)[1]
            x2, y2 = end.x + half, end.y
            bend = max(18.0, abs(y2 - y1) / 2)
            back = " back" if start.order >= end.order else ""
            out.append(
                f'<path class="edge{back}" d="M{x1:.1f},{y1:.1f} C{x1:.1f},{y1 + bend:.1f} {x2:.1f},{y2 - bend:.1f} {x2:.1f},{y2 - 4:.1f}">'
                f"<title>{html.escape(title)}</title></path>"
                f'<path class="tip" d="M{x2 - 3.5:.1f},{y2 - 6:.1f} L{x2 + 3.5:.1f},{y2 - 6:.1f} L{x2:.1f},{y2:.1f} Z"/>'
            )
        for box in self.boxes.values():
            out.append(self._box(box, half, linked))
        return "\n".join([*out, "</svg>"])

    def _box(self, box: Box, half: float, linked: bool) -> str:
        width, height = box.size(self.scope)
        x, y = box.x + half - width / 2, box.y
        site = f" made at {box.nodes[0].site}" if box.nodes and not box.is_scope else ""
        parts = [
            f'<g class="{box.kind}"><title>{html.escape(box.key + site)}</title>',
            f'<rect x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height:.1f}" rx="{9 if box.is_scope else 5}"/>',
        ]
        for i, line in enumerate(box.lines(self.scope)):
            parts.append(
                f'<text class="line{i}" x="{x + width / 2:.1f}" y="{y + 17 + i * LINE:.1f}">{html.escape(line)}</text>'
            )
        text = "".join([*parts, "</g>"])
        return (
            f'<a href="#{html.escape(_anchor(box.key + "/"))}">{text}</a>'
            if linked and box.is_scope
            else text
        )


def picture(graph: Graph, depth: int = 1) -> str:
    """The graph as one SVG, with name scopes opened down to `depth`."""
    return Drawing(graph, "", depth).svg()


def page(report: Report) -> str:
    """A page with a report's numbers and the drawings of all scopes, each opened from the one around it."""
    body = [f"<h1>{html.escape(report.name)}</h1>", f"<pre>{html.escape(str(report))}</pre>"]
    if report.graph is not None:
        places = Places(report.graph)
        for scope in sorted(places.scopes.keys() - {""}):
            drawing = Drawing(report.graph, scope, places=places)
            body.append(
                f'<section id="{html.escape(_anchor(scope))}">{_path(scope)}{drawing.svg(True)}</section>'
            )
        # The whole graph comes last: it is shown when no other section is the page's target.
        body.append(
            f'<section id="top">{_path("")}{Drawing(report.graph, places=places).svg(True)}</section>'
        )
    legend = "".join([f'<span class="{k}">{k}</span>' for k in ("input", "variable", "op", "host", "scope")])
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{html.escape(report.name)}</title>'
        f"<style>{STYLE}{PAGE}</style></head><body>{''.join(body[:1])}<p class=legend>{legend}</p>{''.join(body[2:])}"
        f"<details><summary>Numbers and plan</summary>{body[1]}</details></body></html>\n"
    )


def _path(scope: str) -> str:
    """Links to the scopes around one."""
    parts, out = scope.split("/")[:-1], ['<a href="#top">graph</a>']
    for i, part in enumerate(parts):
        out.append(
            f'<a href="#{html.escape(_anchor("/".join(parts[: i + 1]) + "/"))}">{html.escape(part)}</a>'
        )
    return f"<nav>{' / '.join(out)}</nav>"


def _visible(name: str, scope: str, depth: int, scopes: Mapping[str, Any]) -> tuple[str, bool]:
    """The box an op is in: its own, or that of a closed scope. (An op and a scope of the same name are one box.)"""
    parts = name[len(scope) :].split("/")
    if len(parts) > depth:
        return scope + "/".join(parts[:depth]), True
    return name, name + "/" in scopes


def _outside(node: Operation, scope: str) -> str:
    """The box for what is not in the scope: the part of its name that differs."""
    mine, other = scope.split("/")[:-1], node.name.split("/")
    i = 0
    while i < min(len(mine), len(other) - 1) and mine[i] == other[i]:
        i += 1
    return "/".join(other[: i + 1])


def _anchor(scope: str) -> str:
    return "scope-" + scope.rstrip("/")


def _middle(values: Sequence[float], default: float) -> float:
    return sum(values) / len(values) if values else default


def _shape(t: Any) -> str:
    if t._raw_shape is None:
        return "?"
    return "×".join(["?" if d is None else str(d) for d in t._raw_shape]) or "scalar"


def _short(text: str) -> str:
    return text if len(text) <= WIDEST else text[: WIDEST // 2] + "…" + text[-WIDEST // 2 + 1 :]


STYLE = """
svg.graph{--ink:#243240;--paper:#fff;font:11px ui-monospace,Menlo,Consolas,monospace;background:var(--paper)}
.graph text{text-anchor:middle;fill:var(--ink)} .graph .line1,.graph .line2{fill-opacity:.62}
.graph .line0{font-weight:600}
.graph rect{fill:#eaf2fb;stroke:#7da7d9} .graph .input rect{fill:#e6f5ea;stroke:#74b98a}
.graph .variable rect{fill:#fdf1de;stroke:#dcae63} .graph .host rect{fill:#fbe6ea;stroke:#d98296}
.graph .scope rect{fill:#eef0f3;stroke:#9aa5b1;stroke-width:1.5} .graph .outside rect{fill:none;stroke:#9aa5b1;stroke-dasharray:3 3}
.graph .edge{fill:none;stroke:#9aa5b1;stroke-width:1.1} .graph .edge:hover{stroke:#d9534f;stroke-width:2.2}
.graph .back{stroke-dasharray:4 3} .graph .tip{fill:#9aa5b1}
@media (prefers-color-scheme:dark){svg.graph{--ink:#e4e9ee;--paper:#171b20}
.graph rect{fill:#1e2c3d;stroke:#4a729e} .graph .input rect{fill:#1c3225;stroke:#4d8a62} .graph .variable rect{fill:#3a2f1b;stroke:#9a7a42}
.graph .host rect{fill:#3b2128;stroke:#a05b6c} .graph .scope rect{fill:#262c33;stroke:#66717d}}
"""
PAGE = """
body{font:14px system-ui,sans-serif;margin:24px;color:#243240;background:#fff} h1{font-size:18px;margin:0 0 6px}
nav{margin:10px 0} nav a{color:inherit} section{display:none;overflow:auto} section:target,#top{display:block}
section:target~#top{display:none} a rect{cursor:pointer} a:hover rect{stroke:#d9534f}
.legend span{display:inline-block;margin-right:14px;padding-left:14px;position:relative;opacity:.8}
.legend span::before{content:"";position:absolute;left:0;top:4px;width:9px;height:9px;border-radius:2px;background:#7da7d9}
.legend .input::before{background:#74b98a}.legend .variable::before{background:#dcae63}.legend .host::before{background:#d98296}
.legend .scope::before{background:#9aa5b1} pre{font:12px ui-monospace,Menlo,monospace;overflow:auto}
@media (prefers-color-scheme:dark){body{color:#e4e9ee;background:#171b20}}
"""

__all__ = ["Drawing", "page", "picture"]
