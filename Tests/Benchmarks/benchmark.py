#!/usr/bin/env python3
"""Times Credence and other systems in the same run, and prints one table: goal, ours, theirs, met or missed.

    swift build -c release
    python3 Tests/Benchmarks/benchmark.py --peers PEERS --venv VENVS                       # all parts, some ten minutes
    python3 Tests/Benchmarks/benchmark.py --peers PEERS --venv VENVS --only nuts,vi        # some of: gradient nuts vi vae matrix file
    python3 Tests/Benchmarks/benchmark.py --peers PEERS --results results.jsonl            # ours beside figures taken earlier

PEERS is the directory with the peers' scripts and data (bench_*.py, data/*.json), VENVS that of their virtual environments venv-stan, venv-numpyro,
venv-pymc and venv-pyro (also the variable PEERS_VENV); a system without one is left out. --output names the file for the peers' fresh rows.
--all adds what takes long: NUTS of logistic regression and Gaussian process, and the compilation of a Stan model.

Everything runs on one thread. Compilation is outside of all figures but that of the model file: Stan's programs are built first and kept in
VENVS/stan-build. Ours are the best of --repeat runs, theirs the best that their scripts report, in seconds of the processor. Ours are by the processor's
clock for products and epochs, and by the wall's for gradients, NUTS and VI (without recording and summary): on a busy machine that counts against us.
Not part of the tests: no figure here is asserted.
"""
import argparse, json, os, re, subprocess, sys, tempfile, time
sys.dont_write_bytecode = True
from peers import ONE_THREAD, Peers

here = os.path.dirname(os.path.abspath(__file__))
root = os.path.dirname(os.path.dirname(here))
PARTS = ["gradient", "nuts", "vi", "vae", "matrix", "file"]
# Our name and the peers' name, µs on one lane and a lane of eight, and the keys of the data that our model reads.
MODELS = {
    "eight_schools": ("eight_schools-eight_schools_noncentered", 0.15, 0.03, ["y", "sigma"]),
    "logreg": ("logistic-regression", 150, None, ["X", "y"]),
    "radon": ("radon", 5, None, ["J", "y", "county", "floor"]),
    "gp": ("gaussian-process", 500, None, ["x", "y"]),
    "gmm": ("mixture", 100, None, ["K", "y"]),
}
# m, n, k and orientations of the products: two squares, and the five large ones of a step of the variational autoencoder.
PRODUCTS = [
    (1024, 1024, 1024, "plain", "plain"), (256, 256, 256, "plain", "plain"), (128, 200, 784, "plain", "plain"), (128, 784, 200, "plain", "plain"),
    (784, 200, 128, "transposed", "plain"), (200, 784, 128, "transposed", "plain"), (128, 200, 784, "plain", "transposed"),
]
BATCHES = 10_000 // 128

parser = argparse.ArgumentParser(description="Times Credence and other systems in the same run.")
parser.add_argument("--peers", required=True)
parser.add_argument("--venv", default=os.environ.get("PEERS_VENV"))
parser.add_argument("--results", help="figures of the peers taken earlier; nothing of theirs is run")
parser.add_argument("--output", help="file for the peers' fresh figures; a temporary one by default")
parser.add_argument("--build", default=os.path.join(root, ".build/release"), help="where swift build put the program")
parser.add_argument("--only", default=",".join(PARTS))
parser.add_argument("--all", action="store_true", help="also what takes long")
parser.add_argument("--repeat", type=int, default=5)
parser.add_argument("--seed", default="1")
args = parser.parse_args()
credence = os.path.join(args.build, "credence")
parts = args.only.split(",")
if unknown := [p for p in parts if p not in PARTS]:
    sys.exit(f"--only knows {', '.join(PARTS)}, not {unknown[0]}")
if not args.results and not args.venv:
    sys.exit("either --venv DIR (or PEERS_VENV), to run the peers, or --results FILE, to read what they wrote earlier")
if not os.path.exists(credence):
    sys.exit(f"there is no {credence}: swift build -c release")
goals = []


def text(x):
    return x if isinstance(x, str) else "–" if x is None else f"{x:.3g}" if abs(x) < 1e4 else f"{x:.0f}"


def table(title, heads, rows):
    print(f"\n{title}\n")
    rows = [[text(c) for c in r] for r in rows]
    widths = [max(len(r[i]) for r in [heads] + rows) for i in range(len(heads))]
    for r in [heads] + rows:
        print("  ".join(c.ljust(w) if i == 0 else c.rjust(w) for i, (c, w) in enumerate(zip(r, widths))).rstrip())
    sys.stdout.flush()


def goal(name, bound, ours, theirs, *, at_least=False):
    """A line of the last table; `theirs` by system."""
    is_met = ours is not None and (ours >= bound if at_least else ours <= bound)
    known = [f"{system} {text(x)}" for system, x in theirs.items() if x is not None]
    goals.append([name, ("≥ " if at_least else "≤ ") + text(bound), ours, "met" if is_met else "missed", ", ".join(known) or "–"])


def run(*words):
    """Credence, with (what it printed, its seconds of the processor)."""
    before = os.times()
    done = subprocess.run([credence, *words], capture_output=True, text=True, env=dict(os.environ, **ONE_THREAD))
    after = os.times()
    # 3: finished, but the verdict is a failure.
    if done.returncode not in (0, 3):
        sys.exit(f"credence {' '.join(words)}: {done.stderr}")
    return done.stdout, after.children_user + after.children_system - before.children_user - before.children_system


def data(name):
    """The peers' data with the keys that our model reads."""
    d = json.load(open(os.path.join(args.peers, "data", name + ".json")))
    path = os.path.join(scratch, name + ".json")
    json.dump({k: d[k] for k in MODELS[name][3]}, open(path, "w"))
    return path


def infer(model, path, *options):
    """One run, and its result with the seconds of the processor under "cpu"."""
    out = os.path.join(scratch, "result.json")
    _, cpu = run("infer", model, "--data", path, "--threads", "1", "--seed", args.seed, "--quiet", "--output", out, *options)
    return dict(json.load(open(out)), cpu=cpu)


def quickest(results):
    """The least time of inference. On one thread the whole process's seconds of the processor are a bound, too, which is better on a busy machine."""
    return min(min(r["timing"]["sampling_seconds"], r["cpu"]) for r in results)


def flat(x):
    return [z for y in x for z in flat(y)] if isinstance(x, list) else [x]


def gradient():
    rows = []
    for name, (ours, bound, lane_bound, _) in MODELS.items():
        for system, words in [("stan", []), ("numpyro", []), ("pymc", ["--modes", "NUMBA"])]:
            peers.run(system, name, "--task", "grad", *words)
        path = data(name)
        found = [json.loads(run("bench", ours, "--data", path)[0])["value_and_gradient"] for _ in range(args.repeat)]
        one = min(e["minimum"] for f in found for e in f if e["lanes"] == 1)
        eight = min(e["minimum"] for f in found for e in f if e["lanes"] == 8) / 8
        theirs = {
            "Stan": peers.figure("stan", name, "grad", "us_loop_cpu"), "NumPyro": peers.figure("numpyro", name, "grad", "us_loop_cpu"),
            "PyMC": peers.figure("pymc-numba", name, "grad", "us_caller_cpu"),
        }
        rows.append([name, one, eight, *theirs.values(), peers.figure("numpyro", name, "grad", "us_per_grad_vmap4_cpu")])
        goal(f"gradient {name}, µs", bound, one, theirs)
        if lane_bound:
            goal(f"gradient {name}, a lane of eight, µs", lane_bound, eight, {"NumPyro, of four": rows[-1][-1]})
    table("Value and gradient, microseconds", ["model", "ours", "of 8 lanes, each", "Stan", "NumPyro", "PyMC", "NumPyro, of 4, each"], rows)


def nuts():
    rows = []
    for name in ["eight_schools", "radon"] + (["logreg", "gp"] if args.all else []):
        ours = MODELS[name][0]
        peers.run("stan", name, "--task", "nuts")
        peers.run("numpyro", name, "--task", "nuts", "--chain-method", "sequential,vectorized" if name == "eight_schools" else "sequential")
        peers.run("pymc", name, "--task", "nutpie")
        path = data(name)
        found = [infer(ours, path, "--method", "nuts") for _ in range(args.repeat)]
        latent = [v for v in found[0]["variables"].values() if v["kind"] == "latent"]
        ess = min(flat([v["ess_bulk"] for v in latent]))
        seconds = quickest(found)
        rows.append(["Credence", name, seconds, ess, ess / seconds, max(flat([v["r_hat"] for v in latent])), found[0]["diagnostics"]["divergences"]])
        samples = {label: peers.sampling(system, name) for label, system in [("Stan", "stan"), ("nutpie", "nutpie"), ("NumPyro", "numpyro")]}
        for label, row in samples.items():
            if row:
                rows.append([label, name, row["cpu_s"], row["min_ess_bulk"], row["ess_per_cpu_s"], row["max_rhat"], row.get("divergent")])
        if name == "eight_schools":
            goal("NUTS eight_schools, s", 0.05, seconds, {k: r.get("cpu_s") for k, r in samples.items()})
        if name == "radon":
            goal("NUTS radon, bulk ESS / s", 1500, ess / seconds, {k: r.get("ess_per_cpu_s") for k, r in samples.items()}, at_least=True)
    table("NUTS, 4 × (1000 + 1000)", ["system", "model", "s", "least bulk ESS", "ESS/s", "R-hat", "divergences"], [[*r[:5], f"{r[5]:.4f}", text(r[6])] for r in rows])


def shift(name, result):
    """The largest distance of our means from those of the family's optimum, in its standard deviations; None without numpy and scipy."""
    python = peers.python("numpyro")
    if python is None or name == "radon":
        return None
    done = subprocess.run([python, os.path.join(here, "optimum.py"), name, data(name)], capture_output=True, text=True)
    if done.returncode:
        print(f"optimum.py {name}: {done.stderr.strip().splitlines()[-1]}", file=sys.stderr)
        return None
    pairs = []
    for variable, best in json.loads(done.stdout).items():
        means = flat([result["variables"][variable]["mean"]])
        pairs += zip(means, flat([best["mean"]]), flat([best["sd"]]), strict=True)
    return max(abs(mean - best) / sd for mean, best, sd in pairs)


def vi():
    rows = []
    for name in ["eight_schools", "logreg", "radon"]:
        ours = MODELS[name][0]
        peers.run("stan", name, "--task", "advi")
        peers.run("numpyro", name, "--task", "svi")
        path = data(name)
        options = ["--method", "vi", "--guide", "mean-field", "--steps", "10000"]
        found = [infer(ours, path, *options) for _ in range(args.repeat)]
        # The same fit; more draws, so that the distance is not that of the draws' means from the guide's.
        far = shift(name, infer(ours, path, *options, "--draws", "200000" if name == "eight_schools" else "20000"))
        seconds = quickest(found)
        rows.append(["Credence", name, seconds, found[0]["diagnostics"]["elbo"]["value"], far, found[0]["diagnostics"]["verdict"]])
        for label, system in [("Stan", "stan"), ("NumPyro", "numpyro")]:
            if row := next(reversed(peers.rows(system, name, "advi")), None):
                rows.append([label, name, row["cpu_s"], row["elbo"], None, "–"])
        if name == "eight_schools":
            goal("10,000 mean-field steps eight_schools, s", 0.03, seconds, {r[0]: r[2] for r in rows if r[1] == name and r[0] != "Credence"})
        if far is not None:
            goal(f"… means of {name} from the optimum, sd", 0.05, far, {})
    table("10,000 mean-field steps of one sample", ["system", "model", "s", "ELBO", "largest shift, sd", "verdict"], rows)


def images():
    """The peers' 10,000 pictures as data of `variational-autoencoder`."""
    d = json.load(open(os.path.join(args.peers, "data", "vae.json")))
    raw = open(os.path.join(args.peers, "data", d["file"]), "rb").read()
    width = len(raw) // d["N"]
    bits = [format(byte, "08b") for byte in range(256)]
    rows = ["[" + ",".join("".join(bits[b] for b in raw[i * width:(i + 1) * width])[:784]) + "]" for i in range(d["N"])]
    path = os.path.join(scratch, "vae.json")
    with open(path, "w") as f:
        f.write('{"images": [' + ",".join(rows) + "]}")
    return path


def vae():
    peers.run("numpyro", "vae")
    peers.run("pyro", "vae")
    path = images()
    options = ["--method", "vi", "--minibatch", "images=128", "--optimizer", "adam:0.001", "--draws", "2"]

    def fit(epochs):
        return infer("variational-autoencoder", path, *options, "--steps", str(epochs * BATCHES))

    # Reading, recording and judging the guide are the same in a short and a long run: the difference is that of the epochs.
    short, long = 1, 11
    differences, elbo = [], None
    for _ in range(args.repeat):
        begin = fit(short)["cpu"]
        end = fit(long)
        differences.append((end["cpu"] - begin) / (long - short))
        elbo = end["diagnostics"]["elbo"]["value"] / 10_000
    ours = min(differences)
    rows = [["Credence", ours, elbo]]
    theirs = {}
    for label, system in [("NumPyro", "numpyro"), ("Pyro", "pyro")]:
        theirs[label] = peers.figure(system, "vae", "vae", "epoch_cpu_s_min", precision="f64")
        rows.append([label, theirs[label], peers.figure(system, "vae", "vae", "elbo_per_image_epoch10", precision="f64")])
    table(
        "Variational autoencoder 784–200–20–200–784: an epoch of 10,000 pictures in minibatches of 128, double precision",
        ["system", "s", f"ELBO a picture (ours: {long} epochs, rate falling, iterates averaged; theirs: 10 at a constant rate)"], rows)
    goal("VAE, an epoch, s", 0.6, ours, theirs)


NUMPY_PRODUCTS = """import sys, time, numpy as np
for word in sys.argv[1:]:
    m, n, k, first, second = word.split(",")
    m, n, k = int(m), int(n), int(k)
    a = np.random.randn(m, k) if first == "plain" else np.random.randn(k, m).T
    b = np.random.randn(k, n) if second == "plain" else np.random.randn(n, k).T
    c, best, repetitions = np.empty((m, n)), 9e9, max(1, 30_000_000 // (m * n * k))
    for _ in range(40):
        begin = time.process_time()
        for _ in range(repetitions):
            np.matmul(a, b, out=c)
        best = min(best, (time.process_time() - begin) / repetitions)
    print(2 * m * n * k / best * 1e-9)
"""


def processor_flags():
    """The flags of Package.swift that decide how wide code for vectors is."""
    return ["-Xcc", "-march=native"] if os.uname().machine == "x86_64" else []


def matrix():
    program = os.path.join(scratch, "matrix")
    folder = os.path.join(args.build, "Kernels.build")
    # The folder also keeps what was compiled from files that are gone; the list of sources does not.
    sources = open(os.path.join(folder, "sources")).read().replace("'", "").splitlines()
    objects = [os.path.join(folder, os.path.basename(source) + ".o") for source in sources]
    modules = os.path.join(args.build, "Modules")
    words = ["-O", *processor_flags(), "-swift-version", "6", "-I", modules, os.path.join(here, "matrix.swift"), *objects, "-o", program]
    done = subprocess.run(["swiftc", *words], capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"matrix.swift does not compile: {done.stderr}")
    words = [",".join(map(str, p)) for p in PRODUCTS]

    def best(command):
        # One after the other and then again, so that both see quiet moments.
        return [float(x) for x in subprocess.run([*command, *words], capture_output=True, text=True, check=True, env=dict(os.environ, **ONE_THREAD)).stdout.split()]

    python = peers.python("numpyro") or sys.executable
    both = [(best([program]), best([python, "-c", NUMPY_PRODUCTS])) for _ in range(args.repeat)]
    ours, theirs = ([max(column) for column in zip(*runs)] for runs in zip(*both))
    rows = [[f"{m} × {k} · {k} × {n}{', first transposed' * (a != 'plain')}{', second transposed' * (b != 'plain')}", x, y, f"{x / y:.0%}"]
            for (m, n, k, a, b), x, y in zip(PRODUCTS, ours, theirs)]
    table("Matrix products on one core, GFLOP/s", ["", "ours", "numpy (OpenBLAS)", "share"], rows)
    goal("product 1024³, share of OpenBLAS", 0.9, ours[0] / theirs[0], {"OpenBLAS, GFLOP/s": theirs[0]}, at_least=True)
    goal("least share of OpenBLAS, all sizes", 0.9, min(x / y for x, y in zip(ours, theirs)), {}, at_least=True)


MODEL_FILE = """import Credence

@main struct Schools: Model {
  let y, sigma: Tensor
  func body(_ p: Program) throws -> (mu: Tensor, tau: Tensor) {
    let mu = p.sample("mu", Normal(0, sd: 5))
    let tau = p.sample("tau", HalfCauchy(scale: 5))
    p.plate("schools", y.count) { j in
      let theta = mu + tau * p.sample("xi", Normal(0, sd: 1))
      p.observe("y", Normal(theta, sd: sigma[j]), y[j])
    }
    return (mu, tau)
  }
}
// %s
"""


def file():
    if args.all:
        peers.run("stan", "eight_schools", "--task", "build", "--rebuild")
    path = os.path.join(scratch, "Schools.swift")
    seconds = []
    for _ in range(args.repeat):
        # New content and an empty cache each time: nothing compiled answers.
        open(path, "w").write(MODEL_FILE % time.time_ns())
        with tempfile.TemporaryDirectory() as cache:
            begin = time.perf_counter()
            done = subprocess.run(
                [credence, "infer", path, "--data", data("eight_schools"), "--quiet", "--output", os.path.join(scratch, "file.json")],
                capture_output=True, text=True, env=dict(os.environ, XDG_CACHE_HOME=cache))
            seconds.append(time.perf_counter() - begin)
        if done.returncode:
            sys.exit(f"credence infer {path}: {done.stderr}")
    stan = peers.figure("stan", "eight_schools", "build", "compile_s")
    table("A model file to its posterior, compilation included, seconds", ["", "first", "best", "Stan, compilation alone"], [["eight schools", seconds[0], min(seconds), stan]])
    goal("model file to posterior, first time, s", 3, seconds[0], {"Stan, compilation alone": stan})


with tempfile.TemporaryDirectory() as scratch:
    peers = Peers(os.path.abspath(args.peers), args.venv and os.path.abspath(args.venv), args.results, os.path.abspath(args.output or os.path.join(scratch, "results.jsonl")))
    processor = re.search(r"model name\s*: (.*)", open("/proc/cpuinfo").read()) if os.path.exists("/proc/cpuinfo") else None
    print(f"{processor[1] if processor else os.uname().machine}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.2f} at the start. Peers: {'this run' if peers.is_live else peers.path}.")
    for part in parts:
        {"gradient": gradient, "nuts": nuts, "vi": vi, "vae": vae, "matrix": matrix, "file": file}[part]()
    table("Goals", ["", "goal", "ours", "", "theirs"], goals)
    print(f"\nLoad {os.getloadavg()[0]:.2f} at the end.")
