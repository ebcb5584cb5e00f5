#!/usr/bin/env python3
"""Presses the tab key in bash, zsh and fish, and looks at what is offered. Not part of `swift test`; shells that are not installed are left out
(Debian: apt-get install zsh fish).

    swift build -c release && Tests/Scripts/completions.py [--program .build/release/credence]
"""
import argparse, os, pty, re, select, shutil, subprocess, sys, tempfile, time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

# What is typed before the key; what must be offered; what must not.
CASES = [
    ("credence inf", ["infer"], ["simulate"]),
    ("credence infer eight-s", ["eight-schools"], ["radon"]),
    ("credence infer Mod", ["Model.swift"], ["radon"]),
    ("credence infer eight-schools --me", ["--method", "--metric"], ["--guide"]),
    ("credence infer eight-schools --method ", ["nuts", "vi", "smc", "importance"], ["--method", "Model.swift"]),
    ("credence infer eight-schools --optimizer ", ["adam", "dowg"], ["Model.swift"]),
    ("credence infer eight-schools --init p", ["prior", "pathfinder"], ["zero"]),
    ("credence infer eight-schools --include p", ["predictive"], ["log-prior"]),
    ("credence infer eight-schools --guide f", ["full-rank", "flow"], ["mean-field"]),
    ("credence infer eight-schools --progress ", ["auto", "plain", "json", "none"], ["nuts"]),
    ("credence infer eight-schools --data da", ["data.json"], ["Model.swift"]),
    ("credence infer eight-schools --dr", ["--draws", "--draws-output", "--drop-likelihood"], ["--do"]),
    ("credence calibrate eight-schools --method ", ["nuts", "laplace"], ["map"]),
    ("credence plot loo", ["loo-pit"], ["rank"]),
    ("credence plot trace da", ["data.json"], ["rank"]),
    ("credence summarize da", ["data.json"], ["eight-schools"]),
    ("credence compare eight-s", ["eight-schools"], ["--data"]),
    ("credence compare da", ["data.json"], ["radon"]),
    ("credence report data.json --model eight-s", ["eight-schools"], ["radon"]),
    ("credence convert data.json --to ", ["arviz", "cmdstan", "posteriordb"], ["data.json"]),
    ("credence new x --template ", ["regression", "hierarchical", "mixture", "timeseries"], ["nuts"]),
    ("credence build Mod", ["Model.swift"], ["data.json"]),
    ("credence completions ", ["bash", "zsh", "fish"], ["data.json"]),
    ("credence help inf", ["infer"], ["plot"]),
    ("credence infer compare --crit", [], ["--criterion"]),
]


def bash(script, directory, typed):
    words = typed.split(" ")
    lines = f'source {script}\nCOMP_WORDS=({" ".join(repr(w) for w in words)}); COMP_CWORD={len(words) - 1}; _credence; printf "%s\\n" "${{COMPREPLY[@]}}"\n'
    return subprocess.run(["bash", "--norc", "-s"], input=lines, cwd=directory, capture_output=True, text=True, timeout=60).stdout.split("\n")


def fish(script, directory, typed):
    done = subprocess.run(
        ["fish", "--no-config", "-c", f"source {script}; complete -C '{typed}'"], cwd=directory, capture_output=True, text=True, timeout=60,
        env=dict(os.environ, HOME=directory))
    return [line.split("\t")[0] for line in done.stdout.split("\n")]


class Zsh:
    """A zsh behind a terminal."""

    def __init__(self, script, directory):
        place = os.path.join(directory, ".functions")
        os.mkdir(place)
        shutil.copy(script, os.path.join(place, "_credence"))
        self.process, self.terminal = pty.fork()
        if self.process == 0:
            os.chdir(directory)
            os.environ.update(TERM="dumb", COLUMNS="150", LINES="1000", HOME=directory)
            os.execvp("zsh", ["zsh", "-f", "-i"])
        self.say(f"PS1='@@'; fpath=({place} $fpath); autoload -Uz compinit; compinit -u -D; LISTMAX=10000; unsetopt beep auto_menu list_ambiguous\n", 1)
        while "READY" not in self.say("print RE''ADY\n", 1):
            pass

    def say(self, text, patience):
        os.write(self.terminal, text.encode())
        said = b""
        while select.select([self.terminal], [], [], patience)[0]:
            said += os.read(self.terminal, 65536)
            patience = 0.3
        return said.decode("utf-8", "replace")

    def offered(self, typed):
        said = self.say(typed + "\t", 3)
        self.say("\x15\n", 1)
        text = re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]|\x08|\r", " ", said)
        # What stood there counts for nothing: the rest of an only word follows it at once.
        rest = text[text.index(typed) + len(typed):].replace(typed, " ") if typed in text else text
        stem = typed.split(" ")[-1]
        words = re.findall(r"[\w./:-]+", rest)
        return words + ([stem + words[0]] if words else [])

    def end(self):
        os.kill(self.process, 9)
        os.waitpid(self.process, 0)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--program", default=os.path.join(ROOT, ".build/release/credence"))
    asked = parser.parse_args()
    failures = 0
    with tempfile.TemporaryDirectory() as directory:
        scripts = os.path.join(directory, ".scripts")
        os.mkdir(scripts)
        for name in ["data.json", "Model.swift"]:
            open(os.path.join(directory, name), "w").close()
        for shell in ["bash", "zsh", "fish"]:
            if not shutil.which(shell):
                print(f"{shell}: not installed")
                continue
            script = os.path.join(scripts, shell)
            with open(script, "w") as file:
                subprocess.run([os.path.abspath(asked.program), "completions", shell], stdout=file, check=True)
            terminal = Zsh(script, directory) if shell == "zsh" else None
            wrong = 0
            for typed, wanted, unwanted in CASES:
                offered = terminal.offered(typed) if terminal else {"bash": bash, "fish": fish}[shell](script, directory, typed)
                missing, extra = [w for w in wanted if w not in offered], [w for w in unwanted if w in offered]
                if missing or extra:
                    wrong += 1
                    print(f"{shell}: {typed!r} offers {' '.join(offered)[:300]!r}; missing {missing}, too much {extra}")
            if terminal:
                terminal.end()
            print(f"{shell}: {len(CASES)} cases, {wrong} wrong")
            failures += wrong
    sys.exit(1 if failures else 0)


main()
