"""The map of the course: families of generative models as a tree, every system at its place, every chapter linked.

`book/taxonomy.toml` holds the tree as two flat lists, families in the order of the map, parents before children:

    [[family]]
    id = "explicit"
    name = "Explicit density"
    says = "p(x) is written down"
    parent = ""         # optional: the id of the family above

    [[system]]
    family = "explicit"
    name = "VAE"
    says = "a bound on log p(x) that gradients can raise"
    chapter = "vae"     # optional: the slug of the chapter whose subject it is, each slug once
    within = "vae"      # optional, instead: the chapter that treats it besides its own subject
    year = 2014         # optional
    cite = "kingma2014" # optional: its key in references.bib, whose year must agree

The directive `course-map` of the book reads the tree and draws it; what it links is decided when the book is built.
"""

import html
import re
import tomllib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from course_lib.errors import CourseError, unknown

FAMILY = {"id": str, "name": str, "says": str, "parent": str}
SYSTEM = {"family": str, "name": str, "says": str, "chapter": str, "within": str, "year": int, "cite": str}
OPTIONAL = {"parent", "chapter", "within", "year", "cite"}

Address = Callable[[str], str | None]
"""The address of a chapter's page by its slug, relative to the page where the map stands; None where there is none."""


@dataclass(frozen=True)
class System:
    """A leaf of the tree. chapter: its own; within: another's that treats it; both empty where the course does not."""

    name: str
    says: str
    chapter: str = ""
    within: str = ""
    year: int = 0
    cite: str = ""


@dataclass(frozen=True)
class Family:
    """A branch: further branches, and systems."""

    name: str
    says: str
    families: list["Family"] = field(default_factory=list)
    systems: list[System] = field(default_factory=list)


def read(path: Path) -> list[Family]:
    """The tree in a file, as its top branches. Raises CourseError, which names the entry, for what is no such tree."""
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise CourseError(f"{path} is missing: it holds the map of the course") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise CourseError(f"{path.name} is no TOML: {error}") from None
    return tree(table, path.name)


def tree(table: dict[str, Any], name: str = "taxonomy.toml") -> list[Family]:
    """The top branches of a parsed file. Raises what `read` raises."""
    if set(table) != {"family", "system"} or not all(isinstance(part, list) for part in table.values()):
        raise CourseError(f"{name} must hold [[family]] and [[system]] entries, nothing else")
    top, by_id, seen = [], {}, set()
    for entry in table["family"]:
        _check(name, "family", entry, FAMILY)
        if entry["id"] in by_id:
            raise CourseError(f"{name}: family '{entry['id']}' stands there twice")
        parent = entry.get("parent", "")
        if parent and parent not in by_id:
            raise CourseError(f"{name}: no family '{parent}' stands before its child '{entry['id']}'")
        family = by_id[entry["id"]] = Family(entry["name"], entry["says"])
        (by_id[parent].families if parent else top).append(family)
    for entry in table["system"]:
        _check(name, "system", entry, SYSTEM)
        system = System(**{key: value for key, value in entry.items() if key != "family"})
        if system.chapter and system.within:
            raise CourseError(f"{name}: '{system.name}' has a chapter of its own; leave out within")
        if system.chapter in seen:
            raise CourseError(f"{name}: chapter '{system.chapter}' stands there twice; use within for the second")
        seen |= {system.chapter} - {""}
        if system.cite and not system.year:
            raise CourseError(f"{name}: '{system.name}' cites {system.cite} but gives no year")
        if entry["family"] not in by_id:
            raise unknown(f"family for '{system.name}',", entry["family"], by_id)
        by_id[entry["family"]].systems.append(system)
    for system in systems(top):
        if system.within and system.within not in seen:
            raise CourseError(f"{name}: '{system.name}' is within '{system.within}', which is no system's chapter")
    empty = [family.name for family in by_id.values() if not family.families and not family.systems]
    if empty:
        raise CourseError(f"{name}: nothing stands under {', '.join(empty)}")
    return top


def systems(families: list[Family]) -> Iterator[System]:
    """All systems under these branches, in the order of the map."""
    for family in families:
        yield from family.systems
        yield from systems(family.families)


def chapters(families: list[Family]) -> list[str]:
    """The slugs of all chapters on the map, in its order."""
    return [system.chapter for system in systems(families) if system.chapter]


def check_citations(families: list[Family], bibliography: str) -> None:
    """Raises CourseError where a system cites a key that the text of references.bib lacks, or gives another year."""
    entries = re.findall(r"^@\w+\{(\S+),\n(.*?)^\}", bibliography, re.MULTILINE | re.DOTALL)
    years = {key: int(found[1]) for key, fields in entries if (found := re.search(r"\byear\s*=\s*\W*(\d{4})", fields))}
    for system in systems(families):
        if system.cite and system.cite not in years:
            raise CourseError(f"'{system.name}' cites {system.cite}, which references.bib does not hold")
        if system.cite and years[system.cite] != system.year:
            raise CourseError(f"'{system.name}': {system.year}, but {system.cite} is of {years[system.cite]}")


def render(families: list[Family], address: Address, here: str = "") -> str:
    """The map as HTML: nested lists that the book's stylesheet draws as a tree. here: slug of the page it stands on.

    A system whose chapter has an address is a link; one whose chapter has none is marked as to come; one without a
    chapter as beyond the course.
    """
    branches = "".join(_family(family, address, here) for family in families)
    return f'<nav class="course-tree" aria-label="Map of the course"><ul>{branches}</ul></nav>'


def _family(family: Family, address: Address, here: str) -> str:
    parts = [
        f'<p class="course-tree-family"><strong>{html.escape(family.name)}</strong> '
        f"<span>{html.escape(family.says)}</span></p>"
    ]
    if family.systems:
        leaves = "".join(f"<li>{_system(one, address, here)}</li>" for one in family.systems)
        parts.append(f'<ul class="course-tree-systems">{leaves}</ul>')
    if family.families:
        parts.append(f"<ul>{''.join(_family(one, address, here) for one in family.families)}</ul>")
    return f"<li>{''.join(parts)}</li>"


def _system(system: System, address: Address, here: str) -> str:
    slug = system.chapter or system.within
    target = address(slug) if slug else None
    year = f' <span class="course-tree-year">{system.year}</span>' if system.year else ""
    text = (
        f'<span class="course-tree-name">{html.escape(system.name)}</span>{year} '
        f'<span class="course-tree-says">{html.escape(system.says)}</span>'
    )
    if target is None:
        words = "to come" if slug else "not in this course"
        return f'<span class="course-tree-system">{text} <span class="course-tree-state">{words}</span></span>'
    if slug == here:
        text += ' <span class="course-tree-state">you are here</span>'
    current = ' aria-current="page"' if slug == here else ""
    return f'<a class="course-tree-system" href="{html.escape(target)}"{current}>{text}</a>'


def _check(name: str, kind: str, entry: Any, known: dict[str, type]) -> None:
    """Raises CourseError for an entry that lacks a key, has an unknown one, or one of the wrong type."""
    what = f"{name}: {kind} '{entry.get('id', entry.get('name', '?'))}'" if isinstance(entry, dict) else name
    if not isinstance(entry, dict):
        raise CourseError(f"{what}: each {kind} is a table, [[{kind}]]")
    for key, value in entry.items():
        if key not in known:
            raise CourseError(f"{what} has a key '{key}'; there are {', '.join(known)}")
        if type(value) is not known[key]:
            raise CourseError(f"{what}: {key} must be of type {known[key].__name__}")
    missing = [key for key in known if key not in OPTIONAL and not str(entry.get(key, "")).strip()]
    if missing:
        raise CourseError(f"{what} lacks {', '.join(missing)}")
    for key in ("chapter", "within"):
        if entry.get(key) and not re.fullmatch(r"[a-z][a-z0-9_]*", entry[key]):
            raise CourseError(f"{what}: '{entry[key]}' is no slug of a chapter")
