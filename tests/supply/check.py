#!/usr/bin/env python3
"""What the program is built from, compared with deny.toml: packages that must not be there, licenses, sources.

It reads Cargo.lock and `cargo metadata`, and needs no network and nothing installed. What it cannot know is whether
somebody has found a hole in one of the packages: that is asked of the advisory database, by cargo-deny (`.ci/advisories`).
"""

import json
import pathlib
import re
import subprocess
import sys
import tomllib

ROOT = pathlib.Path(__file__).resolve().parents[2]


def metadata(root=ROOT):
    """Returns what cargo resolves for every platform."""
    asked = ["cargo", "metadata", "--locked", "--format-version", "1"]
    return json.loads(subprocess.run(asked, cwd=root, check=True, stdout=subprocess.PIPE).stdout)


def built(dev=True, root=ROOT):
    """Returns name and version of everything that the program is built from, on whatever platform.

    Cargo.lock and the metadata also have what only a feature that is off asks for.
    """
    edges = "normal,build" + (",dev" if dev else "")
    asked = ["cargo", "tree", "--locked", "--target", "all", "--edges", edges, "--prefix", "none", "--format", "{p}"]
    lines = subprocess.run(asked, cwd=root, check=True, stdout=subprocess.PIPE).stdout.decode().splitlines()
    words = [line.split() for line in lines if line.strip()]
    return {(w[0], w[1].removeprefix("v")) for w in words}


def used(meta, tree):
    """Returns the packages that a tree names, by id."""
    found = {p["id"]: p for p in meta["packages"] if (p["name"], p["version"]) in tree}
    if len(found) != len(tree):
        raise ValueError(f"cargo tree has {len(tree)} packages, cargo metadata knows {len(found)} of them")
    return found


def numbers(version):
    """`1.2.3-beta` → (1, 2, 3); a version that is cut short ends in zeros."""
    parts = re.split(r"[-+]", version, maxsplit=1)[0].split(".")
    return tuple(int(p) for p in parts + ["0"] * (3 - len(parts)))


def banned(package, entry):
    """Tells whether a package is what an entry of `bans.deny` names: `name`, `name:<1` or `name@1.2.3`."""
    name, sign, version = re.fullmatch(r"([A-Za-z0-9_-]+)(?:(:<|@)([0-9.]+))?", entry["crate"]).groups()
    if package["name"] != name:
        return False
    if sign is None:
        return True
    have, named = numbers(package["version"]), numbers(version)
    return have < named if sign == ":<" else have == named


def allowed(expression, may):
    """Tells whether a license expression can be met with licenses of a list."""
    # some still write a slash for `or`
    words = re.findall(r"[()]|[^\s()/]+|/", expression)
    at = 0

    def one():
        nonlocal at
        if at >= len(words):
            raise ValueError(f"{expression!r} ends too early")
        word = words[at]
        at += 1
        if word == "(":
            inside = either()
            if at >= len(words) or words[at] != ")":
                raise ValueError(f"{expression!r} lacks a bracket")
            at += 1
            return inside
        if at + 1 < len(words) and words[at] == "WITH":
            word = f"{word} WITH {words[at + 1]}"
            at += 2
        return word in may

    def both():
        nonlocal at
        met = one()
        while at < len(words) and words[at] == "AND":
            at += 1
            met = one() and met
        return met

    def either():
        nonlocal at
        met = both()
        while at < len(words) and words[at] in ("OR", "/"):
            at += 1
            met = both() or met
        return met

    met = either()
    if at != len(words):
        raise ValueError(f"{expression!r} cannot be read at {words[at]!r}")
    return met


def wrong(meta, packages, lock, deny):
    """Returns what is not as deny.toml has it, a sentence each."""
    found = []
    ours = meta["resolve"]["root"]
    registries = {f"registry+{url}" for url in deny["sources"]["allow-registry"]}
    for id, package in sorted(packages.items()):
        what = f"{package['name']} {package['version']}"
        for entry in deny["bans"]["deny"]:
            if banned(package, entry):
                found.append(f"{what} must not be used: {entry['reason']}")
        if id == ours:
            continue
        if package["source"] not in registries:
            found.append(f"{what} comes from {package['source'] or 'a folder'}")
        try:
            if not allowed(package["license"] or "none", set(deny["licenses"]["allow"])):
                found.append(f"{what} has the license {package['license']}")
        except ValueError as error:
            found.append(f"{what}: {error}")
    for dependency in next(p for p in meta["packages"] if p["id"] == ours)["dependencies"]:
        if dependency["req"] == "*":
            found.append(f"{dependency['name']} may be of any version")
    for package in lock["package"]:
        if package.get("source") and not package.get("checksum"):
            found.append(f"{package['name']} {package['version']} has no checksum in Cargo.lock")
    return found


def main():
    deny = tomllib.loads((ROOT / "deny.toml").read_text())
    lock = tomllib.loads((ROOT / "Cargo.lock").read_text())
    meta = metadata()
    packages = used(meta, built())
    found = wrong(meta, packages, lock, deny)
    for sentence in found:
        print(sentence)
    print(f"{len(packages)} packages: {len(found)} things are not as deny.toml has them")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
