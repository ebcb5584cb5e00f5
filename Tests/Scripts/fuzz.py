#!/usr/bin/env python3
"""Fuzzing: damaged files and command lines must end in a documented exit code, with sentences, never in a trap and never not at all.

    python3 Tests/Scripts/fuzz.py --files 100000 --lines 10000 [--seed 1] [--jobs 2] [--program .build/release/credence]

Files (data, results, draws in JSON and CSV) go through the commands inside one test process (Tests/CommandLineTests/FuzzTests.swift, which has the
damage and its seeds): a process for each would take an hour. Command lines go to the built program itself, a process each, in a directory of their own.
Needs `swift build -c release --build-tests` before. Exit code 1 where anything was wrong; the case is printed, and is the same for the same seed.
"""
import argparse, os, random, re, shutil, subprocess, sys, tempfile, time
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
    """Commands, what they take, and their options with the words that the help names for each, from the program's own help."""
    overview = subprocess.run([PROGRAM, "--help"], capture_output=True, text=True).stdout
    operands = dict(re.findall(r"^  credence ([a-z]+) ?((?:[A-Z][\w|.…]*(?: (?=[A-Z]))?)*)", overview, re.M))
    options = {}
    for command in operands:
        text = subprocess.run([PROGRAM, "help", command], capture_output=True, text=True).stdout
        # An option's help may go on below.
        entries = re.findall(r"^  (--[\w-]+)(?: (\S+))?  +((?:.*\n)(?:^ {12,}.*\n)*)", text, re.M)
        options[command] = [(name, value, re.findall(r"[a-z][a-z]+(?:-[a-z]+)*", told)) for name, value, told in entries]
        assert options[command], command
    return operands, options


VALUES = [
    "0", "1", "2", "3", "7", "50", "-1", "1.5", "nan", "inf", "1e3", "1e-300", "99999999999999999999", "0x10", "", "-", "--", "=", "x", "mu", "tau=1", "mu=2",
    "tau=-1", "theta=0", "xi=[1,2,3,4,5,6,7,8]", "xi=[1,2", "mu=none.json", "y=[1,2]", "sigma=1", "q=1", "eight-schools", "mean-field", "full-rank",
    "low-rank:2", "low-rank:", "flow:affine", "flow:", "mixture:2", "student", "structured", "nuts", "map", "laplace", "pathfinder", "vi", "svgd", "smc",
    "importance", "batch-and-match", "adam:0.1", "adam:1e-300", "elbo", "iwae:2", "renyi:0.5", "json", "none", "plain", "regression", "out.json", "out.csv",
    "out.svg", "out", "no/such/out.json", ".", "/", "é", "a b", "schools=2", "random", "psis", "dense", "diagonal", "as-written", "mcse.mean=0.5sd", "ess=5",
    "run", "result.json", "draws.json", "good.json", "tau", "theta[2]", "theta[9]", "log-likelihood,predictive", "tau=score-function", "tau=auto", "loo", "waic",
    "/dev/null", "/dev/full", "\u0001", "'", '"', "$(x)", "%s%n", "a" * 3000,
]
FILES = ["result.json", "draws.json", "draws.csv", "chains.csv", "chains_1.csv", "prediction.json", "good.json", "run", "none.json", "-"]
MODELS = ["eight-schools"] * 12 + ["cantilever-beam", "branching", "branching", "none", "none.swift", "broken.swift"]


def subjects(dice, command, takes):
    """What a command is about: mostly of the right kind."""
    if dice.random() < 0.1:
        return dice.sample(FILES + MODELS, dice.randrange(3))
    if takes == "KIND FILE…":
        kinds = ["trace", "rank", "density", "forest", "pairs", "energy", "autocorrelation", "ess", "elbo", "parallel", "ppc", "loo-pit", "trase"]
        return [dice.choice(kinds)] + dice.sample(FILES, dice.choice([1, 1, 1, 2]))
    if takes in ("FILE…", "FILE|MODEL", "FILE|MODEL…"):
        return dice.sample(FILES + (["eight-schools"] if "MODEL" in takes else []), dice.choice([1, 1, 2, 2, 3]))
    if takes == "MODEL":
        return [dice.choice(MODELS)]
    return {"NAME": [dice.choice(["coffee", "a-b", "normal", "x/y", "é"])], "SHELL": [dice.choice(["bash", "zsh", "fish", "tcsh"])],
            "FILE.swift": [dice.choice(["none.swift", "broken.swift"])], "SCRIPT": [dice.choice(["none.swift", "broken.swift"])]}.get(takes, [])


def command_line(dice, operands, options):
    """A command with options and values, many of them out of place."""
    # Never the comparison of all references, which takes minutes.
    command = dice.choice([c for c in operands if c != "agree"])
    words = subjects(dice, command, operands[command])
    for _ in range(dice.choice([0, 1, 1, 2, 2, 3, 5])):
        own = command if dice.random() < 0.85 else dice.choice(list(options))
        name, value, told = dice.choice(options[own])
        argument = dice.choice(told) if told and value and dice.random() < 0.4 else dice.choice(VALUES)
        if dice.random() < 0.08:
            place = dice.randrange(len(name))
            name = name[:place] + dice.choice(["", "x", "-", name[place] * 2]) + name[place + 1:]
        form = dice.random()
        if form < 0.05:
            words.append(name)
        elif form < 0.25:
            words.append(f"{name}={argument}")
        elif value or form < 0.3:
            words += [name, argument]
        else:
            words.append(name)
    # What is legal must not take minutes.
    joined = " ".join(words)
    if command == "infer" and not any(other in joined for other in ["vi", "smc", "map", "--draws"]):
        words += ["--draws", "20"]
    if command == "infer" and "vi" in joined and "--steps" not in words:
        words += ["--steps", "50"]
    if command == "calibrate":
        words += ["--simulations", "2"]
    if command == "estimators" and "--curves" in joined and "--steps" not in words:
        words += ["--steps", "20"]
    words.insert(0, command)
    if dice.random() < 0.08:
        dice.shuffle(words)
    if dice.random() < 0.08:
        words[dice.randrange(len(words))] = dice.choice(VALUES)
    return [w for w in words if w != "agree" and "\0" not in w]


def prepare(directory):
    def run(*arguments):
        return subprocess.run([PROGRAM, *arguments], cwd=directory, capture_output=True, timeout=300)

    def write(name, text):
        with open(os.path.join(directory, name), "w") as file:
            file.write(text)
    write("good.json", '{"y": [28, 8, -3], "sigma": [15, 10, 16]}')
    write("broken.swift", "import Credence\n\n// %%\nlet x: Int = \n")
    short = ["infer", "eight-schools", "--draws", "20", "--quiet"]
    run(*short, "--include", "log-likelihood,log-prior", "--output", "result.json", "--draws-output", "draws.json", "--checkpoint", "run")
    run(*short, "--chains", "1", "--draws-output", "draws.csv")
    run(*short, "--chains", "2", "--include", "log-likelihood", "--draws-output", "chains.csv")
    run("predict", "cantilever-beam", "--draws", "100", "--quiet", "--output", "prediction.json")


def lines(count, seed, jobs):
    operands, options = vocabulary()
    codes, bad = {}, 0

    def one(number):
        words = command_line(random.Random(f"{seed}:{number}"), operands, options)
        with tempfile.TemporaryDirectory(prefix="credence-fuzz-") as directory:
            for name in os.listdir(shared):
                shutil.copy(os.path.join(shared, name), directory)
            try:
                done = subprocess.run(
                    [PROGRAM, *words], cwd=directory, capture_output=True, stdin=subprocess.DEVNULL, timeout=300,
                    env=dict(os.environ, SWIFT_BACKTRACE="enable=no", HOME=directory, XDG_CACHE_HOME=directory, TMPDIR=directory))
            except subprocess.TimeoutExpired:
                return words, "HANG", ""
            left = [name for name in os.listdir(directory) if name.startswith(".") and name.endswith((".part", ".lock", ".build"))]
        said = done.stderr.decode("utf-8", "replace")
        if done.returncode not in PROPER:
            return words, done.returncode, said
        if left:
            return words, "left behind", ", ".join(left)
        # Without a command there is the overview in place of a sentence.
        if done.returncode == 2 and not ("credence: " in said or not words):
            return words, "no sentence", said
        return None, done.returncode, said

    with tempfile.TemporaryDirectory(prefix="credence-fuzz-") as shared, ThreadPoolExecutor(jobs) as pool:
        prepare(shared)
        for words, code, said in pool.map(one, range(count)):
            codes[code] = codes.get(code, 0) + 1
            if words is not None:
                bad += 1
                if bad <= 20:
                    print(f"{code}: credence {' '.join(map(repr, words))[:600]}\n    {said[-300:]}", flush=True)
    print(f"{count} command lines, seed {seed}: " + ", ".join(f"{n} ended with {c}" for c, n in sorted(codes.items(), key=str)))
    return bad


def main():
    global PROGRAM
    parser = argparse.ArgumentParser()
    parser.add_argument("--files", type=int, default=2000)
    parser.add_argument("--lines", type=int, default=500)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--program", default=PROGRAM)
    asked = parser.parse_args()
    PROGRAM = os.path.abspath(asked.program)
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
