#!/usr/bin/env python3
"""Files that cannot be written, read or shared: a sentence with the file and the reason, exit code 2, and nothing lost or left behind.

    swift build -c release && Tests/Scripts/hostile_files.py [--program .build/release/credence] [--only NAME]

For every option of every command that writes a file: a directory that is missing, a directory in the file's place, a read-only directory, a full disk, an
output that is also an input, and a first run that is still at work. Besides: standard output that is full or closed, and SIGINT, SIGTERM and SIGKILL
during every long command. Full and read-only disks are file systems of their own, for which it must be root on Linux; others go without them.
"""
import argparse, json, os, shutil, signal, subprocess, sys, tempfile, time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
NOTEBOOK = "import Credence\n\n// %%\nprint(1 + 1)\n"
SHORT = ["--draws", "50", "--quiet"]

# Name, arguments with OUT for the file, its ending; inputs are in IN.
WRITERS = [
    ("infer --output", ["infer", "eight-schools", *SHORT, "--output", "OUT"], ".json"),
    ("infer --draws-output json", ["infer", "eight-schools", *SHORT, "--draws-output", "OUT"], ".json"),
    ("infer --draws-output csv", ["infer", "eight-schools", *SHORT, "--chains", "1", "--draws-output", "OUT"], ".csv"),
    ("infer --checkpoint", ["infer", "eight-schools", *SHORT, "--checkpoint", "OUT"], ".run"),
    ("simulate --output", ["simulate", "eight-schools", "--quiet", "--output", "OUT"], ".json"),
    ("simulate --truth", ["simulate", "eight-schools", "--quiet", "--truth", "OUT"], ".json"),
    ("simulate --draws-output", ["simulate", "eight-schools", "--quiet", "--draws-output", "OUT"], ".json"),
    ("predict --output", ["predict", "cantilever-beam", "--draws", "200", "--quiet", "--output", "OUT"], ".json"),
    ("predict --draws-output", ["predict", "cantilever-beam", "--draws", "200", "--quiet", "--draws-output", "OUT"], ".csv"),
    ("check --output", ["check", "eight-schools", "--draws", "50", "--output", "OUT"], ".json"),
    ("calibrate --output", ["calibrate", "eight-schools", "--simulations", "2", "--quiet", "--output", "OUT"], ".json"),
    ("calibrate --plot", ["calibrate", "eight-schools", "--simulations", "2", "--quiet", "--plot", "OUT"], ".svg"),
    ("compare --output", ["compare", "IN/draws.json", "--quiet", "--output", "OUT"], ".json"),
    ("sensitivity --output", ["sensitivity", "IN/draws.json", "--quiet", "--output", "OUT"], ".json"),
    ("summarize --output", ["summarize", "IN/draws.json", "--output", "OUT"], ".json"),
    ("plot --output", ["plot", "trace", "IN/draws.json", "--output", "OUT"], ".svg"),
    ("report --output", ["report", "IN/draws.json", "--output", "OUT"], ".html"),
    ("convert json", ["convert", "IN/draws.json", "--output", "OUT"], ".json"),
    ("convert csv", ["convert", "IN/one.csv", "--output", "OUT"], ".csv"),
    ("merge --output", ["merge", "IN/one.csv", "IN/two.csv", "--output", "OUT"], ".json"),
    ("merge --draws-output", ["merge", "IN/one.csv", "IN/two.csv", "--draws-output", "OUT"], ".json"),
    ("graph --output", ["graph", "eight-schools", "--output", "OUT"], ".svg"),
    ("notebook --output", ["notebook", "IN/page.swift", "--quiet", "--output", "OUT"], ".html"),
    ("new", ["new", "OUT"], ""),
    ("build --output", ["build", "IN/mine/Mine.swift", "--linking", "dynamic", "--output", "OUT"], ""),
]
# Commands that take so long that a signal comes before their end.
LONG = [
    ("infer", ["infer", "eight-schools", "--draws", "20000000", "--no-draws"]),
    ("infer vi", ["infer", "eight-schools", "--method", "vi", "--guide", "flow:spline", "--steps", "1000000"]),
    ("infer smc", ["infer", "eight-schools", "--method", "smc", "--particles", "1000000"]),
    ("infer importance", ["infer", "garch-garch11", "--method", "importance", "--guide", "full-rank", "--particles", "1000000"]),
    ("calibrate", ["calibrate", "eight-schools", "--simulations", "100000", "--output", "DIR/out.json", "--plot", "DIR/out.svg"]),
    ("predict", ["predict", "eight-schools", "--draws", "10000000", "--output", "DIR/out.json"]),
    ("compare", ["compare", "eight-schools", "eight_schools-eight_schools_centered", "--draws", "400000", "--output", "DIR/out.json"]),
    ("report", ["report", "IN/large_1.csv", "IN/large_2.csv", "--output", "DIR/out.html"]),
    ("summarize", ["summarize", "IN/large_1.csv", "IN/large_2.csv", "--output", "DIR/out.json"]),
    ("notebook", ["notebook", "IN/endless.swift", "--output", "DIR/out.html"]),
    ("build", ["build", "IN/mine/Mine.swift", "--output", "DIR/out"]),
]


class Failed(Exception):
    pass


def expect(condition, what, ran=None):
    if not condition:
        raise Failed(what + (f"\n    code {ran.returncode}, said {ran.stderr[-600:]!r}" if ran is not None else ""))


class Bench:
    def __init__(self, program, work):
        self.program, self.work = program, work
        self.inputs = os.path.join(work, "in")
        self.temporary = os.path.join(work, "tmp")
        self.mounts = []
        for name in ["in", "tmp", "cache"]:
            os.mkdir(os.path.join(work, name))
        self.environment = dict(os.environ, XDG_CACHE_HOME=os.path.join(work, "cache"), TMPDIR=self.temporary, SWIFT_BACKTRACE="enable=no")
        for arguments in [
                ["infer", "eight-schools", *SHORT, "--include", "log-likelihood,log-prior", "--draws-output", "IN/draws.json", "--output", "IN/result.json"],
                ["infer", "eight-schools", *SHORT, "--chains", "2", "--chain-id", "1", "--draws-output", "IN/one.csv", "--output", "IN/one.json"],
                ["infer", "eight-schools", *SHORT, "--chains", "2", "--chain-id", "2", "--draws-output", "IN/two.csv", "--output", "IN/two.json"],
                ["infer", "eight-schools", "--quiet", "--chains", "2", "--draws", "200000", "--draws-output", "IN/large.csv", "--output", "IN/large.json"],
                ["new", "IN/mine"]]:
            done = self.run(arguments)
            expect(done.returncode in (0, 3), "the inputs cannot be made: " + " ".join(arguments), done)
        self.write("in/page.swift", NOTEBOOK)
        self.write("in/endless.swift", "import Credence\nimport Foundation\n\n// %%\nprint(1)\n\n// %%\nsleep(600)\n")

    def write(self, name, text):
        with open(os.path.join(self.work, name), "w") as file:
            file.write(text)

    def words(self, arguments, out="", directory=""):
        return [self.program] + [
            word.replace("OUT", out) if word == "OUT" else word.replace("IN/", self.inputs + "/").replace("DIR/", directory + "/") for word in arguments]

    def run(self, arguments, out="", directory="", **streams):
        streams = streams or {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
        return subprocess.run(
            self.words(arguments, out, directory), env=self.environment, cwd=self.work, stdin=subprocess.DEVNULL, text=True, timeout=600, **streams)

    def start(self, arguments, out="", directory=""):
        return subprocess.Popen(
            self.words(arguments, out, directory), env=self.environment, cwd=self.work, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            text=True, start_new_session=True)

    def directory(self):
        return tempfile.mkdtemp(dir=self.work)

    def mount(self, size, *, isReadOnly=False):
        """A file system of its own, or None where there can be none."""
        if os.geteuid() != 0 or not sys.platform.startswith("linux"):
            return None
        place = self.directory()
        if subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", place], capture_output=True).returncode != 0:
            return None
        self.mounts.append(place)
        if isReadOnly:
            subprocess.run(["mount", "-o", "remount,ro", place], check=True)
        return place

    def clear(self):
        for place in self.mounts:
            subprocess.run(["umount", place], capture_output=True)


def sentence(ran, *parts):
    """One sentence, exit code 2, no trap."""
    expect(ran.returncode == 2, "the exit code is not 2", ran)
    lines = [line for line in ran.stderr.splitlines() if line]
    told = [line for line in lines if line.startswith("credence: ") and not line.startswith("credence: warning")]
    expect(len(told) == 1, "not one sentence", ran)
    for part in parts:
        expect(part in told[0], f"the sentence does not say {part!r}", ran)
    return told[0]


def hidden(directory):
    return [name for name in os.listdir(directory) if name.startswith(".")]


def missing_directory(bench, name, arguments, ending):
    out = os.path.join(bench.directory(), "no", "out" + ending)
    sentence(bench.run(arguments, out), os.path.dirname(out), "directory")
    expect(not os.path.exists(os.path.dirname(out)), "the directory was made")


def directory_in_place(bench, name, arguments, ending):
    directory = bench.directory()
    out = os.path.join(directory, "out" + ending)
    os.mkdir(out)
    sentence(bench.run(arguments, out), out, "exists already" if name == "new" else "it is a directory")
    expect(os.listdir(directory) == ["out" + ending] and os.listdir(out) == [], "something was made beside it")


def read_only(bench, name, arguments, ending):
    if bench.read_only:
        sentence(bench.run(arguments, os.path.join(bench.read_only, "out" + ending)), bench.read_only + "/out" + ending, "read-only file system")


def full_disk(bench, name, arguments, ending):
    if not bench.full:
        return
    out = os.path.join(bench.full, "out" + ending)
    if os.path.isdir(out):
        shutil.rmtree(out)
    elif os.path.exists(out):
        os.unlink(out)
    filler = os.path.join(bench.full, "filler")
    if os.path.exists(filler):
        os.unlink(filler)
    kept = "what stood there before"
    if name not in ("new", "infer --checkpoint"):
        with open(out, "w") as file:
            file.write(kept)
    with open(filler, "wb", buffering=0) as file:
        try:
            while True:
                file.write(b"x" * 4096)
        except OSError:
            pass
    ran = bench.run(arguments, out)
    told = sentence(ran, out, "no space left on device")
    if name not in ("new", "infer --checkpoint"):
        expect(open(out).read() == kept, "what stood there before is gone", ran)
    expect(hidden(bench.full) == [], f"left behind: {hidden(bench.full)}", ran)
    # What was computed is elsewhere, whole.
    if name not in ("new", "build --output", "infer --checkpoint"):
        expect(" is in " in told, "nothing was rescued", ran)
        place = told.split(" is in ")[1].rsplit(" instead", 1)[0]
        content = open(place).read()
        expect(len(content) > 100 and content[-1] in "\n}>", "what was rescued is not whole")
        if ending == ".json":
            json.loads(content)
        shutil.rmtree(os.path.dirname(place))
    expect(os.listdir(bench.temporary) == [], f"left among the temporary files: {os.listdir(bench.temporary)}", ran)


def after_a_kill(bench, name, arguments, ending):
    """What a killed process would leave is gone after the next run."""
    directory = bench.directory()
    out = os.path.join(directory, "out" + ending)
    for kind in ["part", "lock"]:
        with open(os.path.join(directory, f".out{ending}.{kind}"), "w") as file:
            file.write("4194305\n")
    ran = bench.run(arguments, out)
    expect(ran.returncode in (0, 3), "a run after a killed one fails", ran)
    expect(os.path.exists(out) and hidden(directory) == [], f"left behind: {hidden(directory)}", ran)


def two_runs(bench, name, arguments, ending):
    """While one run holds the file, another is refused; here the first is this script."""
    if not sys.platform.startswith("linux"):
        return
    import fcntl
    directory = bench.directory()
    out = os.path.join(directory, "out" + ending)
    with open(os.path.join(directory, f".out{ending}.lock"), "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        lock.write(f"{os.getpid()}\n")
        lock.flush()
        ran = bench.run(arguments, out)
        sentence(ran, out, f"is being written by another run (process {os.getpid()})")
        expect(not os.path.exists(out), "it was written all the same")


def output_is_input(bench):
    for arguments in [
            ["infer", "eight-schools", "--data", "F", "--output", "F"], ["infer", "eight-schools", "--data", "F", "--draws-output", "F"],
            ["infer", "eight-schools", "--init", "F", "--checkpoint", "F"], ["infer", "eight-schools", "--observe", "tau=F", "--output", "F"],
            ["infer", "eight-schools", "--output", "F", "--draws-output", "F"], ["infer", "eight-schools", "--output", "L", "--checkpoint", "F"],
            ["summarize", "F", "--output", "F"], ["plot", "trace", "F", "-o", "F"], ["report", "F", "-o", "F"], ["convert", "F", "-o", "L"],
            ["merge", "F", "F", "--draws-output", "F"], ["predict", "eight-schools", "--posterior", "F", "--output", "L"],
            ["simulate", "eight-schools", "--data", "F", "--output", "F"], ["simulate", "eight-schools", "--output", "F", "--truth", "F"],
            ["compare", "F", "--output", "F"], ["sensitivity", "F", "--output", "F"], ["check", "eight-schools", "--data", "F", "--output", "F"],
            ["calibrate", "eight-schools", "--data", "F", "--output", "F"], ["notebook", "F", "-o", "F"], ["build", "F", "-o", "F"]]:
        directory = bench.directory()
        place = os.path.join(directory, "f.json")
        shutil.copy(os.path.join(bench.inputs, "draws.json"), place)
        os.symlink("f.json", os.path.join(directory, "l.json"))
        before = open(place).read()
        names = {"F": place, "L": os.path.join(directory, "l.json"), "tau=F": "tau=" + place}
        ran = bench.run([names.get(word, word) for word in arguments])
        expect(ran.returncode == 2 and ("would overwrite" in ran.stderr or "name the same file" in ran.stderr), " ".join(arguments), ran)
        expect(open(place).read() == before, "the input is changed", ran)


def standard_output(bench):
    for arguments in [["infer", "eight-schools", *SHORT], ["infer", "eight-schools", *SHORT, "--output", "-"], ["summarize", "IN/result.json"], ["models"],
                      ["describe", "eight-schools"], ["plot", "trace", "IN/draws.json"], ["report", "IN/draws.json"], ["man"], ["completions", "bash"],
                      ["simulate", "eight-schools"], ["graph", "eight-schools"], ["convert", "IN/draws.json", "-o", "-"], ["--help"], ["--version"]]:
        proper = (0, 3) if arguments[0] == "infer" else (0,)
        if os.path.exists("/dev/full"):
            with open("/dev/full", "w") as full:
                sentence(bench.run(arguments, stdout=full, stderr=subprocess.PIPE), "standard output cannot be written")
        # A reader that is gone before the first byte, and one that takes a line.
        (ours, theirs) = os.pipe()
        os.close(ours)
        ran = bench.run(arguments, stdout=theirs, stderr=subprocess.PIPE)
        os.close(theirs)
        expect(ran.returncode in proper and "credence: " not in ran.stderr, "closed pipe: " + " ".join(arguments), ran)
        line = subprocess.run(
            ["bash", "-c", '"$@" | head -1 > /dev/null; exit ${PIPESTATUS[0]}', "-", *bench.words(arguments)], env=bench.environment, cwd=bench.work,
            capture_output=True, text=True)
        expect(line.returncode in proper, "head -1: " + " ".join(arguments), line)
    # The result is whole though nobody reads the table, nor what is said of the progress.
    directory = bench.directory()
    (ours, theirs) = os.pipe()
    os.close(ours)
    ran = bench.run(["infer", "eight-schools", "--draws", "50", "--output", "DIR/r.json"], directory=directory, stdout=theirs, stderr=theirs)
    os.close(theirs)
    expect(ran.returncode in (0, 3), "both streams closed")
    json.load(open(directory + "/r.json"))


def at_once(bench):
    """Two real runs: the second is refused at once, and the first is whole."""
    for option, name in [("--output", "r.json"), ("--draws-output", "d.json"), ("--draws-output", "d.csv"), ("--checkpoint", "run")]:
        directory = bench.directory()
        first = bench.start(["infer", "eight-schools", "--quiet", "--draws", "200000", "--chains", "2", option, "DIR/" + name], directory=directory)
        while not hidden(directory):
            expect(first.poll() is None, "the first run was too short")
            time.sleep(0.01)
        second = bench.run(["infer", "eight-schools", *SHORT, "--chains", "2", option, "DIR/" + name], directory=directory)
        sentence(second, directory + "/" + name, f"is being written by another run (process {first.pid})")
        first.communicate()
        expect(first.returncode in (0, 3), f"the first run ends with {first.returncode}")
        expect(hidden(directory) == [] and os.listdir(directory), f"left behind: {hidden(directory)}")


def signals(bench, name, arguments):
    for number, is_group in [(signal.SIGINT, True), (signal.SIGTERM, False), (signal.SIGINT, False)]:
        directory = bench.directory()
        for entry in os.listdir(bench.temporary):
            shutil.rmtree(os.path.join(bench.temporary, entry), ignore_errors=True)
        process = bench.start(arguments, directory=directory)
        # A small model is compiled within a second.
        time.sleep(0.6 if name == "build" else 1.2)
        expect(process.poll() is None, "it was too short for a signal: " + (process.stderr.read() if process.poll() is not None else ""))
        begin = time.time()
        (os.killpg if is_group else os.kill)(process.pid, number)
        try:
            output, notes = process.communicate(timeout=60)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.communicate()
            raise Failed(f"signal {number}: it goes on")
        expect(process.returncode == 130, f"signal {number}: ended with {process.returncode}: {notes[-400:]}")
        expect(time.time() - begin < 20, f"signal {number}: {time.time() - begin:.0f} s to end")
        expect(hidden(directory) == [], f"signal {number}: left behind {hidden(directory)}")
        cache = os.path.join(bench.work, "cache", "credence")
        left = [entry for entry in (os.listdir(cache) if os.path.exists(cache) else []) if entry.endswith(".part")]
        expect(left == [], f"signal {number}: left in the cache {left}")
        # Nobody of the session goes on; what a compiler's driver has started needs a moment to end.
        alive = ["?"]
        while alive and time.time() - begin < 20:
            time.sleep(0.5)
            alive = subprocess.run(["pgrep", "-s", str(process.pid)], capture_output=True, text=True).stdout.split()
        expect(alive == [], f"signal {number}: processes go on: {alive}")


def twice(bench):
    """The second signal ends at once, without leftovers."""
    directory = bench.directory()
    process = bench.start(["infer", "eight-schools", "--draws", "20000000", "--no-draws", "--output", "DIR/r.json"], directory=directory)
    time.sleep(1)
    process.send_signal(signal.SIGINT)
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=60)
    expect(process.returncode == 130 and hidden(directory) == [], f"ended with {process.returncode}, left {hidden(directory)}")


def checkpoint_of_another(bench):
    directory = bench.directory()
    bench.run(["infer", "eight-schools", *SHORT, "--checkpoint", "DIR/run"], directory=directory)
    before = open(directory + "/run", "rb").read()
    sentence(bench.run(["infer", "eight-schools", *SHORT, "--checkpoint", "DIR/run"], directory=directory), directory + "/run exists already", "--resume")
    sentence(bench.run(["infer", "radon", *SHORT, "--checkpoint", "DIR/run"], directory=directory), directory + "/run exists already")
    expect(open(directory + "/run", "rb").read() == before, "the checkpoint is changed")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--program", default=os.path.join(ROOT, ".build/release/credence"))
    parser.add_argument("--only", default="")
    asked = parser.parse_args()
    work = tempfile.mkdtemp(prefix="credence-hostile-")
    count, failures = 0, []
    bench = Bench(os.path.abspath(asked.program), work)

    def attempt(name, body, *arguments):
        nonlocal count
        if asked.only not in name:
            return
        count += 1
        try:
            body(bench, *arguments)
        except Failed as failure:
            failures.append(name)
            print(f"FAILED {name}: {failure}", flush=True)

    try:
        bench.read_only, bench.full = bench.mount("256k", isReadOnly=True), bench.mount("256k")
        print("full and read-only file systems: " + ("yes" if bench.full else "none, since this is not root on Linux"))
        for name, arguments, ending in WRITERS:
            for body in [missing_directory, directory_in_place, read_only, full_disk, after_a_kill, two_runs]:
                attempt(f"{body.__name__}: {name}", body, name, arguments, ending)
        for name, arguments in LONG:
            attempt(f"signals: {name}", signals, name, arguments)
        for body in [output_is_input, standard_output, at_once, twice, checkpoint_of_another]:
            attempt(body.__name__, body)
    finally:
        bench.clear()
        shutil.rmtree(work)
    print(f"{count} cases, {len(failures)} failed")
    sys.exit(1 if failures else 0)


main()
