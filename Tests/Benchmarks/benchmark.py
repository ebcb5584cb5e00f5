#!/usr/bin/env python3
"""Times Credence beside other systems and prints one table.

    swift build -c release
    python3 Tests/Benchmarks/benchmark.py --peers PEERS [--results results.jsonl] [--only gradient,nuts,…] [--threads 1]

PEERS is the directory with the peers' data and scripts (data/*.json); --results is the file that their scripts wrote on this machine. Everything
runs on one thread unless --threads says otherwise. The peers' gradients are process CPU time in a compiled loop, ours wall time of the best of 100
batches; NUTS is 4 chains × (1000 + 1000). Not part of the tests: no figure here is asserted.
"""
import argparse, json, os, subprocess, sys, tempfile, time

here = os.path.dirname(os.path.abspath(__file__))
root = os.path.dirname(os.path.dirname(here))
parser = argparse.ArgumentParser()
parser.add_argument("--peers", required=True)
parser.add_argument("--results")
parser.add_argument("--build", default=os.path.join(root, ".build/release"), help="where swift build put the program")
parser.add_argument("--only", default="gradient,nuts,vi,vae,matrix,file")
parser.add_argument("--threads", default="1")
parser.add_argument("--seed", default="1")
args = parser.parse_args()
credence = os.path.join(args.build, "credence")
parts = args.only.split(",")

# Our name, the peers' name, and the goals: µs on one lane, µs a lane on eight.
MODELS = [
    ("eight_schools-eight_schools_noncentered", "eight_schools", 0.15, 0.03),
    ("logistic-regression", "logreg", 150, None),
    ("radon", "radon", 5, None),
    ("gaussian-process", "gp", 500, None),
    ("mixture", "gmm", 100, None),
]


def peer_rows():
    rows = {}
    path = args.results or os.path.join(args.peers, "results.jsonl")
    for line in open(path):
        row = json.loads(line)
        if not row.get("failed"):
            rows.setdefault((row["system"], row["model"], row["task"]), []).append(row)
    return path, rows


peers_path, peers = peer_rows()


def peer(system, model, task, key):
    found = [r[key] for r in peers.get((system, model, task), []) if r.get(key) is not None]
    return found[-1] if found else None


def text(x, digits=3):
    return "–" if x is None else f"{x:.{digits}g}" if abs(x) < 1e4 else f"{x:.0f}"


def table(title, heads, rows):
    print(f"\n{title}\n")
    rows = [[c if isinstance(c, str) else text(c) for c in r] for r in rows]
    widths = [max(len(r[i]) for r in [heads] + rows) for i in range(len(heads))]
    for r in [heads] + rows:
        print("  ".join(c.ljust(w) if i == 0 else c.rjust(w) for i, (c, w) in enumerate(zip(r, widths))).rstrip())
    sys.stdout.flush()


def run(*words, check=True):
    done = subprocess.run([credence, *words], capture_output=True, text=True)
    if check and done.returncode not in (0, 3):
        sys.exit(f"credence {' '.join(words)}: {done.stderr}")
    return done


def data(name):
    """The peers' data with the keys that our model reads."""
    d = json.load(open(os.path.join(args.peers, "data", name + ".json")))
    keys = {"eight_schools": ["y", "sigma"], "logreg": ["X", "y"], "radon": ["J", "y", "county", "floor"], "gp": ["x", "y"], "gmm": ["K", "y"]}[name]
    path = os.path.join(scratch, name + ".json")
    json.dump({k: d[k] for k in keys}, open(path, "w"))
    return path


def infer(model, name, *options):
    out = os.path.join(scratch, "result.json")
    cpu = os.times()
    run("infer", model, "--data", data(name), "--threads", args.threads, "--seed", args.seed, "--quiet", "--output", out, *options)
    end = os.times()
    result = json.load(open(out))
    result["cpu"] = end.children_user + end.children_system - cpu.children_user - cpu.children_system
    return result


def flat(x):
    return [z for y in x for z in flat(y)] if isinstance(x, list) else [x]


def gradients():
    rows = []
    for ours, name, goal, lane_goal in MODELS:
        lanes = {e["lanes"]: e for e in json.loads(run("bench", ours, "--data", data(name)).stdout)["value_and_gradient"]}
        rows.append([
            name, lanes[1]["minimum"], lanes[8]["minimum"] / 8, goal, lane_goal, peer("stan", name, "grad", "us_loop_cpu"),
            peer("numpyro", name, "grad", "us_loop_cpu"), peer("pymc-numba", name, "grad", "us_caller_cpu"),
        ])
    table("Value and gradient, microseconds", ["model", "1 lane", "8 lanes, each", "goal", "goal, 8", "Stan", "NumPyro", "PyMC"], rows)


def nuts():
    rows = []
    for ours, name, *_ in MODELS:
        # The mixture is left out: from random starting points chains stay in minor modes in every system.
        if name == "gmm":
            continue
        r = infer(ours, name, "--method", "nuts")
        sites = [v for v in r["variables"].values() if v["kind"] == "latent"]
        ess = min(flat([v["ess_bulk"] for v in sites]))
        seconds = r["timing"]["total_seconds"]
        row = [name, seconds, ess, ess / seconds, max(flat([v["r_hat"] for v in sites])), str(r["diagnostics"].get("divergences", ""))]
        for system in ["stan", "nutpie", "numpyro"]:
            found = peers.get((system, name, "nuts"), [])
            best = max(found, key=lambda p: p["ess_per_cpu_s"]) if found else {}
            row += [best.get("cpu_s"), best.get("ess_per_cpu_s")]
        rows.append(row)
    heads = ["model", "s", "ESS", "ESS/s", "R-hat", "div.", "Stan s", "ESS/s", "nutpie s", "ESS/s", "NumPyro s", "ESS/s"]
    table("NUTS, 4 × (1000 + 1000): ours in wall seconds with compilation and summary, theirs in CPU seconds of sampling", heads, rows)


def vi():
    rows = []
    for ours, name, *_ in MODELS[:3]:
        r = infer(ours, name, "--method", "vi", "--guide", "mean-field", "--steps", "10000")
        rows.append([
            name, r["timing"]["sampling_seconds"], r["cpu"], r["diagnostics"].get("elbo", {}).get("value"),
            peer("stan", name, "advi", "cpu_s"), peer("numpyro", name, "advi", "cpu_s"), peer("numpyro", name, "advi", "elbo"),
        ])
    table("10,000 mean-field steps of one sample", ["model", "s", "CPU s, all", "ELBO", "Stan s", "NumPyro s", "NumPyro ELBO"], rows)


def vae():
    steps = 160
    out = os.path.join(scratch, "vae.json")
    run("infer", "variational-autoencoder", "--method", "vi", "--minibatch", "images=128", "--steps", str(steps), "--draws", "50", "--threads",
        args.threads, "--quiet", "--output", out)
    r = json.load(open(out))
    table("Variational autoencoder: an epoch of 10,000 pictures in minibatches of 128, double precision, seconds", ["", "s", "NumPyro", "Pyro"],
          [["784–200–20–200–784", r["timing"]["sampling_seconds"] / steps * 10_000 / 128,
            next((p["epoch_cpu_s"] for p in reversed(peers.get(("numpyro", "vae", "vae"), [])) if p.get("precision") == "f64"), None),
            next((p["epoch_cpu_s"] for p in reversed(peers.get(("pyro", "vae", "vae"), [])) if p.get("precision") == "f64"), None)]])


def matrix():
    program = os.path.join(scratch, "matrix")
    objects = [os.path.join(d, f) for d, _, fs in os.walk(os.path.join(args.build, "Kernels.build")) for f in fs if f.endswith(".o")]
    subprocess.run(["swiftc", "-O", "-Xcc", "-march=native", "-swift-version", "6", "-I", os.path.join(args.build, "Modules"),
                    os.path.join(here, "matrix.swift"), *objects, "-o", program], check=True)
    ours = float(subprocess.run([program], capture_output=True, text=True, check=True).stdout)
    code = ("import numpy as np, time\na = np.random.randn(1024, 1024); b = np.random.randn(1024, 1024); best = 9.0\n"
            "for _ in range(12):\n t = time.perf_counter(); a @ b; best = min(best, time.perf_counter() - t)\nprint(2 * 1024**3 / best * 1e-9)")
    env = dict(os.environ, OPENBLAS_NUM_THREADS="1", MKL_NUM_THREADS="1", OMP_NUM_THREADS="1")
    theirs = float(subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=env).stdout)
    table("Matrix product 1024 × 1024 × 1024 on one core, GFLOP/s", ["", "ours", "OpenBLAS (numpy)", "share"], [["", ours, theirs, f"{ours / theirs:.0%}"]])


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


def model_file():
    path = os.path.join(scratch, "Schools.swift")
    # Its content is new each time, so that the cache of compiled files does not answer.
    open(path, "w").write(MODEL_FILE % time.time_ns())
    begin = time.perf_counter()
    run("infer", path, "--data", data("eight_schools"), "--quiet", "--output", os.path.join(scratch, "file.json"))
    seconds = time.perf_counter() - begin
    table("A model file to its posterior, compilation included, seconds", ["", "ours", "goal", "Stan, compilation alone"],
          [["eight schools", seconds, 3, peer("stan", "eight_schools", "build", "compile_s")]])


with tempfile.TemporaryDirectory() as scratch:
    print(f"Peers: {peers_path}. Load {os.getloadavg()[0]:.2f} at the start.")
    for name, task in [("gradient", gradients), ("nuts", nuts), ("vi", vi), ("vae", vae), ("matrix", matrix), ("file", model_file)]:
        if name in parts:
            task()
    print(f"\nLoad {os.getloadavg()[0]:.2f} at the end.")
