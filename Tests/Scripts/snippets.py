#!/usr/bin/env python3
"""Runs what the documentation shows: every Swift block of the catalogue is compiled, every shell block is run, page by page, and what a page shows as output is compared.

    swift build -c release && python3 Tests/Scripts/snippets.py [page…]

A Swift block whose first line is `// Name.swift` is written to that file, which the shell blocks after it use; every other one must compile
by itself. A block without a language is what the shell block before it prints: lines that follow one another, or some such pieces with a line `…` between them.
Times, which differ from run to run, are not compared; nor are numbers on a processor without vectors of 512 bits, on which sums are rounded in another order.
Needs the toolchain and a release build of this checkout; exits with 1 where something fails. Pages whose Swift is compiled by the tests are left to them.
"""
import os
import pathlib
import re
import subprocess
import sys
import tempfile

root = pathlib.Path(__file__).resolve().parents[2]
catalogue = root / "Sources/Credence/Credence.docc"
build = pathlib.Path(os.environ.get("CREDENCE_BUILD_DIRECTORY", root / ".build/release"))
compiler = os.environ.get("SWIFTC", "swiftc").split()
environment = dict(os.environ, PATH=f"{build}:{os.environ['PATH']}")
left_to_tests = {"CoreInTwoHundredLines.md"}


def blocks(page):
    """The code blocks of a page: language and text."""
    language, lines = None, []
    for line in page.read_text().splitlines():
        if language is None and line.startswith("```"):
            language, lines = line[3:].strip() or "output", []
        elif line == "```":
            yield language, "\n".join(lines) + "\n"
            language = None
        elif language is not None:
            lines.append(line)


def run(text, directory):
    return subprocess.run(["bash", "-euo", "pipefail", "-c", text], cwd=directory, env=environment, capture_output=True, text=True)


def timeless(text, exact):
    text = re.sub(r"[\d.]+ (µs|ms|s)\b", r"… \1", text)
    return text if exact else re.sub(r" +", " ", re.sub(r"-?\d[\d.]*", "0", text))


def shows(shown, printed):
    """Whether the pieces of an output that a page shows stand in what was printed, in this order."""
    rest = "\n" + printed
    for piece in re.split(r"(?m)^…\n", shown):
        if piece.strip() and "\n" + piece not in rest:
            return False
        rest = rest[rest.find("\n" + piece):]
    return True


def main():
    failures, alone, commands, outputs = [], [], 0, 0
    exact = "512 bits" in run("credence --version", ".").stdout
    names = sys.argv[1:]
    for page in sorted(catalogue.glob("*.md")):
        if page.name in left_to_tests or (names and page.stem not in names):
            continue
        printed = ""
        with tempfile.TemporaryDirectory() as directory:
            for language, text in blocks(page):
                first = text.splitlines()[0] if text.strip() else ""
                if language == "swift" and first.startswith("// ") and first.endswith(".swift"):
                    (pathlib.Path(directory) / first[3:]).write_text(text)
                elif language == "swift":
                    alone.append((page.name, text))
                elif language == "sh":
                    commands += 1
                    done = run(text, directory)
                    printed = done.stdout
                    print(f"{'ok  ' if done.returncode == 0 else 'FAIL'} {page.stem}: {text.strip().splitlines()[-1]}", flush=True)
                    if done.returncode != 0:
                        failures.append(f"{page.name}: exit {done.returncode}\n{text}{done.stdout[-2000:]}{done.stderr[-2000:]}")
                elif language == "output":
                    outputs += 1
                    if not shows(timeless(text, exact), timeless(printed, exact)):
                        print(f"FAIL {page.stem}: an output that is another", flush=True)
                        failures.append(f"{page.name} shows\n{text}and the commands print\n{printed}")
    if alone:
        with tempfile.TemporaryDirectory() as directory:
            files = []
            for number, (name, text) in enumerate(alone):
                file = pathlib.Path(directory) / f"{name.removesuffix('.md')}-{number}.swift"
                file.write_text(text)
                files.append(str(file))
            flags = ["-typecheck", "-parse-as-library", "-swift-version", "6", "-module-name", "Snippets", "-I", str(build / "Modules")]
            done = subprocess.run(compiler + flags + files, capture_output=True, text=True)
            print(f"{'ok  ' if done.returncode == 0 else 'FAIL'} {len(files)} blocks of Swift compile", flush=True)
            if done.returncode != 0 or "warning:" in done.stderr:
                failures.append(done.stderr)
    print(f"{commands} blocks of commands, {outputs} outputs, {len(alone)} blocks of Swift alone, {len(failures)} failures")
    for failure in failures:
        print("----\n" + failure)
    sys.exit(1 if failures or not commands and not names else 0)


main()
