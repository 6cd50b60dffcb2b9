"""The house rules that a text search can hold: each takes {path: text} of the sources and returns what breaks it."""

import collections
import os
import re

LAYERS = ["proto", "storage", "tokensvc", "flyd", "tools", "tests"]
MOST_LINES = 400
MOST_HEADER_LINES = 300
CLOCK = "tokensvc/clock.cc"

_INCLUDE = re.compile(r'^\s*#\s*include\s+"([^"]+)"', re.MULTILINE)
_IMPORT = re.compile(r'^import "([^"]+)"', re.MULTILINE)
_COMMENT = re.compile(r"//[^\n]*")
_SLEEP = re.compile(r"\b(sleep_for|sleep_until|usleep|nanosleep|SleepFor|(?<![\w.>:])sleep)\s*\(")


def read_tree(root):
    """Each file of the project that is text, by path from `root`."""
    files = {}
    for folder, folders, names in os.walk(root):
        folders[:] = [name for name in folders
                      if name == ".ci" or not name.startswith((".", "__pycache__", "bazel-"))]
        for name in names:
            path = os.path.join(folder, name)
            try:
                with open(path, encoding="utf-8") as file:
                    files[os.path.relpath(path, root)] = file.read()
            except UnicodeDecodeError:
                pass  # a picture or a program has no lines
    return files


def _cpp(files):
    return {path: text for path, text in files.items() if path.endswith((".cc", ".h"))}


def _layer(path):
    first = path.split("/", 1)[0]
    return LAYERS.index(first) if first in LAYERS else None


def _is_test(path):
    return path.startswith("tests/") or re.search(r"_test\.(cc|h)$", path) is not None


def long_files(files):
    """Files above 400 lines, and headers above 300: sources, builds, scripts, pages alike."""
    found = []
    for path, text in files.items():
        lines, most = len(text.splitlines()), MOST_HEADER_LINES if path.endswith(".h") else MOST_LINES
        if lines > most:
            found.append(f"{path}: {lines} lines, want at most {most}")
    return found


def upward_includes(files):
    """Includes of a higher layer. A unit test beside the code may include what stands under tests/."""
    found = []
    for path, text in _cpp(files).items():
        for included in _INCLUDE.findall(text):
            layer = _layer(included)
            if layer is None or layer <= _layer(path):
                continue
            if included.startswith("tests/") and _is_test(path):
                continue
            found.append(f"{path}: includes {included}, want nothing above {path.split('/', 1)[0]}")
    return found


def _includes(files):
    """(file, the file that it includes) for each include of a source, and import of a .proto, that is in `files`."""
    for path, text in files.items():
        pattern = {".cc": _INCLUDE, ".h": _INCLUDE, ".proto": _IMPORT}.get(os.path.splitext(path)[1])
        for included in pattern.findall(text) if pattern else ():
            if included in files:
                yield path, included


def _circle(edges):
    """A way round in the graph {from: {to}}, its first stop again at the end; None if there is none."""
    finished = set()

    def walk(node, way):
        if node in way:
            return way[way.index(node):] + [node]
        for after in sorted(edges.get(node, ())) if node not in finished else ():
            circle = walk(after, way + [node])
            if circle:
                return circle
        finished.add(node)
        return None

    return next((circle for circle in (walk(node, []) for node in sorted(edges)) if circle), None)


def circles_of_files(files):
    """Files that include each other in a circle; a header and its source are one."""
    edges = collections.defaultdict(set)
    for path, included in _includes(files):
        here, there = os.path.splitext(path)[0], os.path.splitext(included)[0]
        if here != there:
            edges[here].add(there)
    circle = _circle(edges)
    return [" -> ".join(circle)] if circle else []


def circles_of_folders(files):
    """Folders side by side that include each other in a circle, with all that is below them. The files that stand in the
    folder around them count as one more (FOLDER/*). A unit test beside the code may include what stands under tests/."""
    edges = collections.defaultdict(lambda: collections.defaultdict(set))
    for path, included in _includes(files):
        if included.startswith("tests/") and not path.startswith("tests/"):
            continue
        around = os.path.commonpath([os.path.dirname(path), os.path.dirname(included)])
        here, there = (os.path.join(around, rest.split("/", 1)[0] if "/" in rest else "*")
                       for rest in (os.path.relpath(path, around or "."), os.path.relpath(included, around or ".")))
        if here != there:
            edges[around][here].add(there)
    return [" -> ".join(circle) for circle in map(_circle, edges.values()) if circle]


def readings_of_the_clock(files):
    """Calls of absl::Now() outside the one file that may."""
    return [f"{path}: calls absl::Now(), want a Clock or an absl::Time passed in"
            for path, text in _cpp(files).items()
            if path != CLOCK and "absl::Now()" in _COMMENT.sub("", text)]


def sleeps_in_tests(files):
    """Tests that wait for time to pass instead of for the thing that they want."""
    return [f"{path}: {match.group(1)}, want a condition with a deadline"
            for path, text in _cpp(files).items() if _is_test(path)
            for match in _SLEEP.finditer(_COMMENT.sub("", text))]


def wrong_guards(files):
    """Headers whose include guard is not their path."""
    found = []
    for path, text in _cpp(files).items():
        guard = re.sub(r"[^A-Z0-9]", "_", path.upper()) + "_"
        if path.endswith(".h") and f"#ifndef {guard}\n#define {guard}\n" not in text:
            found.append(f"{path}: no guard {guard}")
    return found


def public_targets(files):
    """Libraries open to every layer: only tests/ and the rules of tools/bazel may be."""
    return [f"{path}: visible to all, want a package group of //:BUILD.bazel"
            for path, text in files.items()
            if path.endswith(".bazel") and "//visibility:public" in text
            and not path.startswith(("tests/", "tools/bazel/"))]


def ways_to_pkcs11(files):
    """Files of flyd/ that reach tokensvc/pkcs11/ through includes; a header stands for its .cc too."""
    cpp = _cpp(files)
    edges = collections.defaultdict(set)
    for path, text in cpp.items():
        edges[path].update(_INCLUDE.findall(text))
        source = path[:-2] + ".cc"
        if path.endswith(".h") and source in cpp:
            edges[path].add(source)
    found = []
    for start in sorted(path for path in cpp if path.startswith("flyd/") and not _is_test(path)):
        came_from, waiting = {start: None}, [start]
        while waiting:
            path = waiting.pop()
            for after in edges[path] - came_from.keys():
                came_from[after] = path
                waiting.append(after)
        for path in sorted(came_from):
            if path.startswith("tokensvc/pkcs11/") or path == "p11-kit/pkcs11.h":
                way = [path]
                while came_from[way[-1]]:
                    way.append(came_from[way[-1]])
                found.append(" <- ".join(way))
                break
    return found


def readmes(files, most_lines=80):
    """Layers without a README of at most 80 lines."""
    found = []
    for layer in LAYERS:
        text = files.get(f"{layer}/README.md")
        if text is None:
            found.append(f"{layer}/README.md: missing")
        elif len(text.splitlines()) > most_lines:
            found.append(f"{layer}/README.md: {len(text.splitlines())} lines, want at most {most_lines}")
    return found
