#!/usr/bin/env python3
"""Fuzzing: damaged files and command lines must end in a documented exit code, with sentences, never in a trap and never not at all.

    python3 Tests/Scripts/fuzz.py --files 100000 --lines 10000 [--seed 1] [--jobs 2]

Files (data, results, draws in JSON and CSV) go through the commands inside one test process (Tests/CommandLineTests/FuzzTests.swift, which has the
damage and its seeds): a process for each would take an hour. Command lines go to the built program itself, a process each, in a directory of their own.
Needs `swift build -c release --build-tests` before. Exit code 1 where anything was wrong; the case is printed, and is the same for the same seed.
"""
import argparse, os, random, re, subprocess, sys, tempfile, time
from concurrent.futures import ThreadPoolExecutor

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
PROGRAM = os.path.join(ROOT, ".build/release/credence")
PROPER = {0, 2, 3}


def files(count, seed):
    """All cases in one process; one that stands still for a minute is a hang."""
    mark = tempfile.mktemp(prefix="credence-fuzz-")
    environment = dict(os.environ, CREDENCE_FUZZ=f"{count}:{seed}", CREDENCE_FUZZ_MARK=mark, SWIFT_BACKTRACE="enable=no")
    with tempfile.TemporaryFile("w+", errors="replace") as said:
        process = subprocess.Popen(
            ["swift", "test", "-c", "release", "--skip-build", "--filter", "FuzzTests"], cwd=ROOT, env=environment, stdout=said,
            stderr=subprocess.STDOUT)
        last, since = None, time.time()
        while process.poll() is None:
            time.sleep(1)
            now = open(mark).read() if os.path.exists(mark) else None
            if now != last:
                last, since = now, time.time()
            elif time.time() - since > 60:
                process.kill()
                print(f"HANG in file case {last} of seed {seed}")
                return 1
        said.seek(0)
        text = said.read()
    if os.path.exists(mark):
        os.unlink(mark)
    bad = re.findall(r"case \d+ of seed .*", text)
    for line in bad[:20]:
        print(line)
    if process.returncode != 0 and not bad:
        print(f"TRAP or failure after file case {last} of seed {seed}:\n" + text[-3000:])
    return len(bad) or (process.returncode != 0)


def vocabulary():
    """Commands and their options, from the program's own help."""
    overview = subprocess.run([PROGRAM, "--help"], capture_output=True, text=True).stdout
    commands = re.findall(r"^  credence ([a-z]+)", overview, re.M)
    options = {}
    for command in commands:
        text = subprocess.run([PROGRAM, "help", command], capture_output=True, text=True).stdout
        options[command] = re.findall(r"^  (--[\w-]+)(?: (\S+))?", text, re.M)
    return commands, options


VALUES = [
    "0", "1", "2", "3", "7", "50", "-1", "1.5", "nan", "inf", "1e3", "99999999999999999999", "0x10", "", "-", "--", "=", "x", "mu", "tau=1", "mu=2", "tau=-1",
    "theta=0", "xi=[1,2,3,4,5,6,7,8]", "xi=[1,2", "mu=none.json", "y=[1,2]", "sigma=1", "q=1", "eight-schools", "mean-field", "full-rank", "low-rank:2",
    "low-rank:", "flow:affine", "flow:", "mixture:2", "nuts", "map", "laplace", "pathfinder", "vi", "adam:0.1", "elbo", "iwae:2", "json", "none", "plain",
    "regression", "out.json", "out.csv", "out", "no/such/out.json", ".", "/", "é", "a b", "schools=2", "random", "psis", "dense", "diagonal", "as-written",
    "\u0001", "'", '"', "$(x)", "%s%n", "a" * 3000,
]


def command_line(dice, commands, options):
    """A command with options and values, most of them out of place."""
    command = dice.choice([c for c in commands if c != "agree"])
    words = [command]
    if dice.random() < 0.85:
        words.append(dice.choice(["eight-schools"] * 6 + ["cantilever-beam", "branching", "good.json", "draws.json", "draws.csv", "result.json", "none.swift", "zsh"]))
    for _ in range(dice.choice([0, 1, 1, 2, 2, 3, 5])):
        own = command if dice.random() < 0.8 else dice.choice(commands)
        name, value = dice.choice(options[own])
        if name == "--curves":
            continue
        if dice.random() < 0.1:
            place = dice.randrange(len(name))
            name = name[:place] + dice.choice(["", "x", "-", name[place] * 2]) + name[place + 1:]
        argument = dice.choice(VALUES)
        form = dice.random()
        if form < 0.1:
            words.append(name)
        elif form < 0.3:
            words.append(f"{name}={argument}")
        elif value or form < 0.4:
            words += [name, argument]
        else:
            words.append(name)
    if dice.random() < 0.15:
        dice.shuffle(words)
    if dice.random() < 0.1:
        words[dice.randrange(len(words))] = dice.choice(VALUES)
    # What is legal must not take minutes: short runs, and never the comparison of all references.
    if words and words[0] == "infer" and "--draws" not in words:
        words += ["--draws", "20"]
    if words and words[0] == "calibrate":
        words += ["--simulations", "2"]
    return [w for w in words if w != "agree" and "\0" not in w]


def prepare(directory):
    def run(*arguments):
        return subprocess.run([PROGRAM, *arguments], cwd=directory, capture_output=True, timeout=120)
    open(os.path.join(directory, "good.json"), "w").write('{"y": [28, 8, -3], "sigma": [15, 10, 16]}')
    run("infer", "eight-schools", "--draws", "20", "--quiet", "--output", "result.json", "--draws-output", "draws.json")
    run("infer", "eight-schools", "--draws", "20", "--chains", "1", "--quiet", "--draws-output", "draws.csv")


def lines(count, seed, jobs):
    commands, options = vocabulary()
    codes, bad = {}, 0

    def one(number):
        words = command_line(random.Random(f"{seed}:{number}"), commands, options)
        with tempfile.TemporaryDirectory(prefix="credence-fuzz-") as directory:
            for name in ["good.json", "result.json", "draws.json", "draws.csv"]:
                os.symlink(os.path.join(shared, name), os.path.join(directory, name))
            try:
                done = subprocess.run(
                    [PROGRAM, *words], cwd=directory, capture_output=True, stdin=subprocess.DEVNULL, timeout=60,
                    env=dict(os.environ, SWIFT_BACKTRACE="enable=no", HOME=directory, XDG_CACHE_HOME=directory))
            except subprocess.TimeoutExpired:
                return words, "HANG", b""
        said = done.stderr.decode("utf-8", "replace")
        if done.returncode not in PROPER:
            return words, done.returncode, said
        if done.returncode == 2 and not (said.startswith("credence: ") or not words or said.startswith("Credence:") or "credence: " in said):
            return words, "no sentence", said
        return None, done.returncode, said

    with tempfile.TemporaryDirectory(prefix="credence-fuzz-") as shared, ThreadPoolExecutor(jobs) as pool:
        prepare(shared)
        for words, code, said in pool.map(one, range(count)):
            codes[code] = codes.get(code, 0) + 1
            if words is not None:
                bad += 1
                if bad <= 20:
                    print(f"{code}: credence {' '.join(map(repr, words))}\n    {said[-300:]}")
    print(f"{count} command lines, seed {seed}: " + ", ".join(f"{n} ended with {c}" for c, n in sorted(codes.items(), key=str)))
    return bad


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--files", type=int, default=2000)
    parser.add_argument("--lines", type=int, default=500)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--jobs", type=int, default=2)
    asked = parser.parse_args()
    bad = 0
    if asked.files:
        begin = time.time()
        wrong = files(asked.files, asked.seed)
        bad += wrong
        print(f"{asked.files} files, seed {asked.seed}: {wrong} wrong, {time.time() - begin:.0f} s")
    if asked.lines:
        begin = time.time()
        wrong = lines(asked.lines, asked.seed, asked.jobs)
        bad += wrong
        print(f"{asked.lines} command lines: {wrong} wrong, {time.time() - begin:.0f} s")
    sys.exit(1 if bad else 0)


main()
