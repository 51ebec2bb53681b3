"""Whether what looks at our dependencies sees anything, and whether the list of them is whole."""

import copy
import json
import pathlib
import subprocess
import sys
import tomllib
import unittest

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

import check  # noqa: E402
import sbom  # noqa: E402

DENY = tomllib.loads((check.ROOT / "deny.toml").read_text())
LOCK = tomllib.loads((check.ROOT / "Cargo.lock").read_text())
META = check.metadata()
USED = check.used(META, check.built())


class Checked(unittest.TestCase):
    def changed(self, edit):
        """What is found where one package is another."""
        meta, lock = copy.deepcopy(META), copy.deepcopy(LOCK)
        packages = {p["id"]: p for p in meta["packages"] if p["id"] in USED}
        package = next(p for p in packages.values() if p["name"] == "serde_json")
        edit(package, next(p for p in lock["package"] if p["name"] == "serde_json"), meta)
        return check.wrong(meta, packages, lock, DENY)

    def test_the_build_is_as_deny_toml_has_it(self):
        self.assertEqual(check.wrong(META, USED, LOCK, DENY), [])
        self.assertGreater(len(USED), 200)

    def test_every_sort_of_wrong_is_found(self):
        def one(**fields):
            def edit(package, locked, meta):
                package.update(fields)

            found = self.changed(edit)
            self.assertEqual(len(found), 1, found)
            return found[0]

        self.assertIn("must not be used", one(name="ring"))
        self.assertIn("must not be used", one(name="openssl-sys"))
        self.assertIn("must not be used", one(name="hyper", version="0.14.32"))
        self.assertIn("must not be used", one(name="rustls", version="0.22.4"))
        self.assertIn("license GPL-3.0-only", one(license="GPL-3.0-only"))
        self.assertIn("license MIT AND GPL-2.0", one(license="MIT AND GPL-2.0"))
        self.assertIn("license None", one(license=None))
        self.assertIn("cannot be read", one(license="MIT Apache-2.0"))
        self.assertIn("comes from git+", one(source="git+https://example.com/x"))
        self.assertIn("comes from a folder", one(source=None))
        self.assertIn("comes from registry+https://example.com", one(source="registry+https://example.com/index"))

        def bare(package, locked, meta):
            del locked["checksum"]

        self.assertEqual(len(self.changed(bare)), 1)

        def any_version(package, locked, meta):
            ours = next(p for p in meta["packages"] if p["name"] == "cruddur-infra")
            ours["dependencies"][0]["req"] = "*"

        self.assertIn("any version", self.changed(any_version)[0])

    def test_what_is_allowed_is(self):
        for name, version in [("hyper", "1.0.0"), ("rustls", "0.23.0"), ("openssl-probe", "0.2.2"), ("h2", "0.4.1")]:
            package = {"name": name, "version": version}
            self.assertFalse(any(check.banned(package, e) for e in DENY["bans"]["deny"]), package)
        may = set(DENY["licenses"]["allow"])
        for expression in ["MIT", "MIT OR GPL-3.0-only", "MIT/Apache-2.0", "Apache-2.0 / MIT", "(GPL-2.0 OR MIT) AND ISC",
                           "Apache-2.0 WITH LLVM-exception OR GPL-2.0", "GPL-2.0 OR (MIT AND (ISC OR GPL-3.0-only))"]:
            self.assertTrue(check.allowed(expression, may), expression)
        for expression in ["GPL-2.0", "MIT AND GPL-2.0", "(MIT OR ISC) AND GPL-2.0", "GPL-2.0 WITH LLVM-exception", "MIT-0"]:
            self.assertFalse(check.allowed(expression, may), expression)
        for expression in ["", "MIT OR", "(MIT", "MIT)", "AND"]:
            with self.assertRaises(ValueError, msg=expression):
                if not check.allowed(expression, may):
                    raise ValueError("not allowed")

    def test_no_package_is_excused(self):
        self.assertEqual(DENY["advisories"]["ignore"], [], "an excuse is given here too, with its reason")


class Listed(unittest.TestCase):
    def test_the_list_is_whole_and_always_the_same(self):
        made = [subprocess.run([sys.executable, HERE / "sbom.py"], check=True, stdout=subprocess.PIPE).stdout for _ in range(2)]
        self.assertEqual(made[0], made[1])
        found = json.loads(made[0])
        self.assertEqual((found["bomFormat"], found["specVersion"]), ("CycloneDX", "1.5"))
        self.assertEqual(found["metadata"]["component"]["name"], "cruddur-infra")
        refs = [c["bom-ref"] for c in found["components"]]
        self.assertEqual(len(refs), len(set(refs)))
        self.assertEqual(len(refs) + 1, len(check.built(dev=False)))
        self.assertTrue(all(c["hashes"] and c["licenses"] and c["purl"] for c in found["components"]))
        known = set(refs) | {found["metadata"]["component"]["bom-ref"]}
        self.assertEqual({d["ref"] for d in found["dependencies"]}, known)
        self.assertTrue(all(set(d["dependsOn"]) <= known for d in found["dependencies"]))
        names = {c["name"] for c in found["components"]}
        self.assertTrue({"aws-sdk-rds", "rustls", "aws-lc-sys", "tokio-postgres"} <= names)
        self.assertNotIn("proptest", names, "what only the tests need is not in the program")

    def test_another_lock_file_is_another_document(self):
        other = copy.deepcopy(LOCK)
        next(p for p in other["package"] if p["name"] == "serde_json")["checksum"] = "0" * 64
        one, two = sbom.document(META, USED, LOCK), sbom.document(META, USED, other)
        self.assertNotEqual(one["serialNumber"], two["serialNumber"])


if __name__ == "__main__":
    unittest.main()
