#!/usr/bin/env python3
"""Writes what the program is made of, as a CycloneDX 1.5 document (JSON), to stdout:

    python3 tests/supply/sbom.py > sbom.cdx.json

It is made from Cargo.lock whenever it is needed, and not kept, so that it is never older than the program. The same
lock file gives the same bytes. What only the tests need is not in it.
"""

import json
import sys
import tomllib
import uuid

from check import ROOT, built, metadata, numbers, used

# a name space of this document's own, for a serial number that follows from the content
SPACE = uuid.UUID("6f1c1f0e-6d0a-5a52-9a43-0f6a3a9d1b57")


def purl(package):
    """The name by which the world knows a package."""
    return f"pkg:cargo/{package['name']}@{package['version']}"


def component(package, checksums):
    found = {
        "type": "library",
        "bom-ref": purl(package),
        "name": package["name"],
        "version": package["version"],
        "purl": purl(package),
        "scope": "required",
    }
    if package["description"]:
        found["description"] = " ".join(package["description"].split())
    if package["license"]:
        found["licenses"] = [{"expression": package["license"].replace(" / ", " OR ").replace("/", " OR ")}]
    checksum = checksums.get((package["name"], package["version"]))
    if checksum:
        found["hashes"] = [{"alg": "SHA-256", "content": checksum}]
    if package["repository"]:
        found["externalReferences"] = [{"type": "vcs", "url": package["repository"]}]
    return found


def document(meta, packages, lock):
    """Returns the document of these packages."""
    checksums = {(p["name"], p["version"]): p.get("checksum") for p in lock["package"]}
    root = packages[meta["resolve"]["root"]]
    others = sorted((p for p in packages.values() if p is not root), key=lambda p: (p["name"], numbers(p["version"])))
    depends = []
    for node in meta["resolve"]["nodes"]:
        if node["id"] in packages:
            on = {purl(packages[d["pkg"]]) for d in node["deps"] if d["pkg"] in packages and {k["kind"] for k in d["dep_kinds"]} - {"dev"}}
            depends.append({"ref": purl(packages[node["id"]]), "dependsOn": sorted(on)})
    content = {
        "metadata": {"component": {**component(root, checksums), "type": "application"}},
        "components": [component(p, checksums) for p in others],
        "dependencies": sorted(depends, key=lambda d: d["ref"]),
    }
    serial = uuid.uuid5(SPACE, json.dumps(content, sort_keys=True))
    return {"bomFormat": "CycloneDX", "specVersion": "1.5", "serialNumber": f"urn:uuid:{serial}", "version": 1, **content}


def main():
    lock = tomllib.loads((ROOT / "Cargo.lock").read_text())
    meta = metadata()
    json.dump(document(meta, used(meta, built(dev=False)), lock), sys.stdout, indent=1, ensure_ascii=False)
    print()


if __name__ == "__main__":
    main()
