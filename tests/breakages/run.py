#!/usr/bin/env python3
"""Breaks the program in every way of breakages.py, one after the other, and sees whether the tests notice.

    tests/breakages/run.sh                 all of them; about a minute each
    tests/breakages/run.sh lock password   those whose name holds one of the words
    tests/breakages/run.sh --check         only whether every breakage still has its place in the sources

What is built here never comes near the real target directory's program: sources and artifacts are copies of their own
in target/breakages, which begins with hard links to the dependencies that are compiled already.
"""

import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import time

sys.dont_write_bytecode = True
from breakages import BREAKAGES  # noqa: E402

ROOT = pathlib.Path(__file__).resolve().parents[2]
TARGET = pathlib.Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target")).resolve()
HOME = TARGET / "breakages"
SOURCE, BUILT = HOME / "source", HOME / "target"
ARGUMENTS = {"lib": ["--lib"], "it": ["--test", "it"]}
OURS = re.compile(r"cruddur[-_]infra|^(lib)?it-")


def key(breakage):
    """Returns which tests are run, and with what environment."""
    return (*breakage.tests, tuple(sorted(breakage.env.items())))


def stale(breakage):
    """Says which edit does not find its place."""
    for path, old, _ in breakage.edits:
        count = (ROOT / path).read_text().count(old)
        if count != 1:
            return f"{path} holds {old!r} {count} times"
    return None


def copy_sources():
    """Makes SOURCE what the working tree is; files that are the same keep their time."""
    names = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"], cwd=ROOT, check=True, stdout=subprocess.PIPE
    ).stdout
    wanted = {n for n in names.decode().split("\0") if n and (ROOT / n).is_file()}
    for name in wanted:
        there, here = SOURCE / name, ROOT / name
        if not there.is_file() or there.read_bytes() != here.read_bytes():
            there.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(here, there)
    for there in [p for p in SOURCE.rglob("*") if p.is_file()]:
        if str(there.relative_to(SOURCE)) not in wanted:
            there.unlink()


def link_dependencies():
    """Begins BUILT with what is compiled already, our own crate aside."""
    built = TARGET / "debug"
    if (BUILT / "debug").exists() or not built.exists():
        return
    for part in ["deps", "build", ".fingerprint"]:
        for path in (built / part).rglob("*") if (built / part).exists() else []:
            relative = path.relative_to(built)
            if path.is_dir() or OURS.search(relative.parts[1]):
                continue
            to = BUILT / "debug" / relative
            to.parent.mkdir(parents=True, exist_ok=True)
            os.link(path, to)


def cargo(*args, minutes, env=()):
    """Returns exit code (None after a timeout) and output."""
    command = ["cargo", "test", "--locked", "--quiet", *args]
    env = {**os.environ, **dict(env), "CARGO_TARGET_DIR": str(BUILT)}
    process = subprocess.Popen(
        command, cwd=SOURCE, env=env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        text=True, errors="replace", start_new_session=True,
    )
    try:
        out, _ = process.communicate(timeout=60 * minutes)
        return process.returncode, out
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)  # the tests are children of cargo's
        out, _ = process.communicate()
        return None, out
    except BaseException:
        os.killpg(process.pid, signal.SIGKILL)
        raise


def ran(output):
    """Returns how many tests passed and how many failed."""
    found = re.findall(r"^test result: .*? (\d+) passed; (\d+) failed", output, re.M)
    return sum(int(p) for p, _ in found), sum(int(f) for _, f in found)


def attempt(breakage):
    """Returns what became of it: (caught, in words)."""
    target, test = breakage.tests
    originals = {path: (SOURCE / path).read_text() for path, _, _ in breakage.edits}
    try:
        for path, old, new in breakage.edits:
            text = (SOURCE / path).read_text()
            (SOURCE / path).write_text(text.replace(old, new))
        code, out = cargo(*ARGUMENTS[target], "--no-run", minutes=45)
        if code != 0:
            return False, "it does not compile:\n" + "\n".join(x for x in out.splitlines() if "error" in x)[:600]
        code, out = cargo(*ARGUMENTS[target], *test.split(), minutes=10, env=breakage.env)
        passed, failed = ran(out)
        if code is None:
            return True, "caught: the tests never end"
        if failed:
            names = re.findall(r"^    ([a-z_0-9:]+)$", out, re.M)
            return True, f"caught by {', '.join(sorted(set(n.split('::')[-1] for n in names)))}"
        if code != 0:
            return True, f"caught: the tests broke off ({code})"
        return False, f"SURVIVED {passed} tests"
    finally:
        for path, text in originals.items():
            (SOURCE / path).write_text(text)


def main():
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    words = [a for a in sys.argv[1:] if not a.startswith("--")]
    chosen = [b for b in BREAKAGES if not words or any(w in b.name for w in words)]
    if not chosen:
        sys.exit("no breakage has such a name")
    gone = [(b, why) for b in chosen if (why := stale(b))]
    for breakage, why in gone:
        print(f"stale: {breakage.name}: {why}")
    if gone or "--check" in sys.argv:
        print(f"breakages: {len(chosen) - len(gone)} passed, {len(gone)} failed")
        return 1 if gone else 0

    HOME.mkdir(parents=True, exist_ok=True)
    copy_sources()
    link_dependencies()
    # a filter that matches nothing, or that fails anyway, would catch nothing
    for target in sorted({b.tests[0] for b in chosen}):
        code, out = cargo(*ARGUMENTS[target], "--no-run", minutes=60)
        if code != 0:
            sys.exit(f"the unbroken program does not compile ({code}):\n{out[-3000:]}")
    useless = set()
    for target, test, env in sorted({key(b) for b in chosen}):
        code, out = cargo(*ARGUMENTS[target], *test.split(), minutes=20, env=env)
        passed, failed = ran(out)
        if code != 0 or failed or not passed:
            useless.add((target, test, env))
            print(f"unbroken, {target} {test}: {passed} passed, {failed} failed\n{out[-3000:]}", flush=True)
        else:
            print(f"unbroken: {passed} tests of {target} {test} pass", flush=True)

    survived = 0
    for breakage in chosen:
        if key(breakage) in useless:
            survived += 1
            print(f"FAIL  {breakage.name:<64} its tests fail, or are not there, unbroken", flush=True)
            continue
        start = time.monotonic()
        caught, word = attempt(breakage)
        survived += not caught
        line = f"{'ok  ' if caught else 'FAIL'}  {breakage.name:<64} {word}  ({time.monotonic() - start:.0f} s)"
        print(line, flush=True)
    print(f"breakages: {len(chosen) - survived} passed, {survived} failed")
    return 1 if survived else 0


if __name__ == "__main__":
    sys.exit(main())
